/* Compiling, and what is said about criteria that do not compile. */
#include "check.h"

static eventsieve_status compile(const eventsieve_compile_options *options, const char *criteria,
                                 eventsieve_errors **errors_out) {
    eventsieve_sieve *sieve = NULL;
    eventsieve_status status =
        eventsieve_sieve_compile((const uint8_t *)criteria, strlen(criteria), options, &sieve, errors_out);
    CHECK((sieve == NULL) == (status != EVENTSIEVE_STATUS_OK));
    eventsieve_sieve_free(sieve);
    return status;
}

static void errors_are_told_one_by_one(void) {
    static const char criteria[] =
        "{\"Filters\": [{\"Pattern\": \"{\\\"city\\\": [{\\\"begins-with\\\": \\\"Gh\\\"}]}\"},\n"
        " {\"Pattern\": \"{\\\"n\\\": [{\\\"numeric\\\": [\\\">\\\", \\\"x\\\"]}], \\\"m\\\": []}\"}]}";
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_errors *errors = NULL;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    uint8_t buffer[4096];
    size_t len = 0, needed = 0, first_needed = 0;

    CHECK_STATUS(compile(&options, criteria, &errors), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    CHECK(errors != NULL);
    OK(eventsieve_errors_len(errors, &len));
    CHECK_SIZE(len, 3);

    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "unknown-operator");
    CHECK_TEXT(error.aws_message, "Event pattern is not valid. Reason: Unrecognized match type begins-with");
    CHECK_TEXT(error.lambda_message, "Invalid filter pattern definition.");
    CHECK(error.message.len > 0 && error.help.len > 0);
    CHECK_SIZE(error.filter, 0);
    CHECK_SIZE(error.span_start, 11);
    CHECK_SIZE(error.span_end, 24);
    /* In the text of the criteria the quotes are escaped. */
    CHECK(memcmp(criteria + error.criteria_start, "\\\"begins-with\\\"", 15) == 0);
    CHECK_SIZE(error.criteria_end - error.criteria_start, 15);
    CHECK_SIZE(error.line, 1);
    CHECK_SIZE(error.column, error.criteria_start + 1);
    CHECK_SIZE(error.severity, EVENTSIEVE_SEVERITY_ERROR);
    CHECK_SIZE(error.size, sizeof error);

    OK(eventsieve_errors_get(errors, 1, &error));
    CHECK_SIZE(error.filter, 1);
    CHECK_SIZE(error.line, 2);
    OK(eventsieve_errors_get(errors, 2, &error));
    CHECK_TEXT(error.code, "empty-list");
    CHECK_STATUS(eventsieve_errors_get(errors, 3, &error), EVENTSIEVE_STATUS_OUT_OF_RANGE);
    CHECK_STATUS(eventsieve_errors_get(errors, EVENTSIEVE_ALL, &error), EVENTSIEVE_STATUS_OUT_OF_RANGE);

    /* Size first, then the text; a byte too few is refused and nothing is written. */
    CHECK_STATUS(eventsieve_errors_draw(errors, 0, NULL, 0, NULL, 0, &first_needed),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK(first_needed > 50 && first_needed < sizeof buffer);
    memset(buffer, 7, sizeof buffer);
    CHECK_STATUS(eventsieve_errors_draw(errors, 0, NULL, 0, buffer, first_needed - 1, &needed),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK(buffer[0] == 7);
    OK(eventsieve_errors_draw(errors, 0, NULL, 0, buffer, first_needed, &needed));
    CHECK_SIZE(needed, first_needed);
    CHECK(buffer[needed - 1] == '\n' && buffer[needed] == 7);
    buffer[needed] = '\0';
    CHECK(strstr((char *)buffer, "^^^^^^^^^^^^^ byte 11") != NULL);
    CHECK(strstr((char *)buffer, "at criteria:1:") != NULL);

    OK(eventsieve_errors_draw(errors, EVENTSIEVE_ALL, TEXT("shop.json"), buffer, sizeof buffer, &needed));
    CHECK(needed > first_needed);
    buffer[needed] = '\0';
    CHECK(strstr((char *)buffer, "at shop.json:2:") != NULL);
    CHECK_STATUS(eventsieve_errors_draw(errors, 3, NULL, 0, buffer, sizeof buffer, &needed),
                 EVENTSIEVE_STATUS_OUT_OF_RANGE);
    CHECK_STATUS(eventsieve_errors_draw(errors, 0, TEXT("\xff"), buffer, sizeof buffer, &needed),
                 EVENTSIEVE_STATUS_INVALID_VALUE);
    eventsieve_errors_free(errors);
}

static void criteria_that_are_no_text_or_no_json(void) {
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_errors *errors = NULL;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    uint8_t buffer[200];
    size_t needed;

    CHECK_STATUS(compile(&options, "{\"a\xff\":[1]}", &errors), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "criteria-encoding");
    CHECK_TEXT(error.aws_message, NULL);
    CHECK_TEXT(error.help, NULL);
    CHECK_SIZE(error.span_start, EVENTSIEVE_NONE);
    CHECK_SIZE(error.filter, EVENTSIEVE_NONE);
    CHECK(error.criteria_start == 3 && error.criteria_end == 4 && error.line == 1 && error.column == 4);
    OK(eventsieve_errors_draw(errors, 0, TEXT("f"), buffer, sizeof buffer, &needed));
    CHECK(needed > 10 && memcmp(buffer, "f: byte 3: ", 11) == 0);
    eventsieve_errors_free(errors);

    /* A character that the text ends within. */
    CHECK_STATUS(compile(&options, "{\n\"\xc3\xa9\xe2\x82", &errors), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK(error.criteria_start == 5 && error.criteria_end == 7 && error.line == 2 && error.column == 3);
    eventsieve_errors_free(errors);

    CHECK_STATUS(compile(&options, "", &errors), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "criteria-shape");
    eventsieve_errors_free(errors);
    /* NULL with length 0 is the empty text; and nobody has to want the errors. */
    {
        eventsieve_sieve *sieve = NULL;
        CHECK_STATUS(eventsieve_sieve_compile(NULL, 0, &options, &sieve, NULL), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    }
}

static void options_decide(void) {
    static const char warned[] = "{\"messageId\": [\"a\"], \"body\": {\"n\": [1]}}";
    static const char wild[] = "{\"a\": [{\"wildcard\": \"*:*:*:*:*:event-bus/*\"}]}";
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_errors *errors = NULL;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    eventsieve_sieve *sieve = NULL;
    size_t len = 0;
    uint32_t source = 99;

    options.source = EVENTSIEVE_SOURCE_SQS;
    OK(eventsieve_sieve_compile(TEXT(warned), &options, &sieve, &errors));
    CHECK(errors == NULL);
    OK(eventsieve_sieve_source(sieve, &source));
    CHECK_SIZE(source, EVENTSIEVE_SOURCE_SQS);
    OK(eventsieve_sieve_filter_len(sieve, &len));
    CHECK_SIZE(len, 1);
    OK(eventsieve_sieve_warnings(sieve, &errors));
    OK(eventsieve_errors_len(errors, &len));
    CHECK(len > 0);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "metadata-filter");
    CHECK_SIZE(error.severity, EVENTSIEVE_SEVERITY_WARNING);
    eventsieve_sieve_free(sieve);
    /* Warnings live on without the sieve. */
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "metadata-filter");
    eventsieve_errors_free(errors);

    options.strict = 1;
    CHECK_STATUS(compile(&options, warned, NULL), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    options.strict = 0;

    /* Complexity 11, where the service takes 10. */
    options.source = EVENTSIEVE_SOURCE_RAW;
    CHECK_STATUS(compile(&options, wild, NULL), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    options.complexity_limit = EVENTSIEVE_UNLIMITED;
    OK(compile(&options, wild, NULL));
    options.complexity_limit = 1;
    CHECK_STATUS(compile(&options, "{\"a\": [{\"wildcard\": \"*a*b*\"}]}", &errors),
                 EVENTSIEVE_STATUS_INVALID_CRITERIA);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "wildcard-complexity");
    eventsieve_errors_free(errors);
    options.complexity_limit = 0;

    /* Six filters: too many for lambda and pipes, not for eventbridge. */
    {
        static const char six[] = "[{\"a\":[1]},{\"a\":[2]},{\"a\":[3]},{\"a\":[4]},{\"a\":[5]},{\"a\":[6]}]";
        options.dialect = EVENTSIEVE_DIALECT_LAMBDA;
        CHECK_STATUS(compile(&options, six, NULL), EVENTSIEVE_STATUS_INVALID_CRITERIA);
        options.dialect = EVENTSIEVE_DIALECT_PIPES;
        CHECK_STATUS(compile(&options, six, NULL), EVENTSIEVE_STATUS_INVALID_CRITERIA);
        options.dialect = EVENTSIEVE_DIALECT_EVENTBRIDGE;
        OK(compile(&options, six, NULL));
        options.dialect = EVENTSIEVE_DIALECT_DEFAULT;
        OK(compile(&options, six, NULL));
    }

    /* Checks: a malformed record that no filter lets through. */
    {
        static const char broken[] = "{\"a\": [\"z\"], \"b\": 01}";
        eventsieve_sieve *lax = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"a\": [\"x\"]}");
        CHECK_SIZE(verdict_of(lax, broken), EVENTSIEVE_VERDICT_NO_MATCH);
        eventsieve_sieve_free(lax);
        options.checks = EVENTSIEVE_CHECKS_EVERY;
        OK(eventsieve_sieve_compile(TEXT("{\"a\": [\"x\"]}"), &options, &sieve, NULL));
        CHECK_SIZE(verdict_of(sieve, broken), EVENTSIEVE_VERDICT_MALFORMED);
        eventsieve_sieve_free(sieve);
    }
}

static void a_check_points_at_the_record(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"a\": [1]}");
    uint8_t buffer[128];
    size_t offset = 99, needed = 99;
    eventsieve_slice reason = { buffer, 0 };
    OK(eventsieve_sieve_check(sieve, TEXT("{\"a\": 1}"), &offset, buffer, sizeof buffer, &needed));
    CHECK(offset == 0 && needed == 0);
    CHECK_STATUS(eventsieve_sieve_check(sieve, TEXT("{\"a\": 01}"), &offset, buffer, sizeof buffer, &needed),
                 EVENTSIEVE_STATUS_MALFORMED);
    CHECK_SIZE(offset, 7);
    CHECK(needed > 10 && needed < sizeof buffer);
    reason.len = needed;
    CHECK(memchr(reason.data, 'z', reason.len) != NULL); /* "… zero" */
    /* Only where: */
    CHECK_STATUS(eventsieve_sieve_check(sieve, TEXT("{\"a\": "), &offset, NULL, 0, &needed),
                 EVENTSIEVE_STATUS_MALFORMED);
    CHECK_SIZE(offset, 6);
    /* What does not fit is left out. */
    memset(buffer, 7, sizeof buffer);
    CHECK_STATUS(eventsieve_sieve_check(sieve, NULL, 0, &offset, buffer, 3, &needed), EVENTSIEVE_STATUS_MALFORMED);
    CHECK(memcmp(buffer, "the\7", 4) == 0);
    eventsieve_sieve_free(sieve);
}

void criteria_suite(void) {
    errors_are_told_one_by_one();
    criteria_that_are_no_text_or_no_json();
    options_decide();
    a_check_points_at_the_record();
}
