/* Events that a function received, filtered whole. */
#include "check.h"

static const char EVENT[] = "{\"Records\": [ {\"body\":\"{\\\"n\\\":1}\",\"eventSource\":\"aws:sqs\"},\n"
                            "  {\"body\":\"{\\\"n\\\":2}\",\"eventSource\":\"aws:sqs\"} ]}";
static const char LEFT[] = "{\"Records\": [ {\"body\":\"{\\\"n\\\":2}\",\"eventSource\":\"aws:sqs\"} ]}";

static void some_all_and_none(void) {
    eventsieve_sieve *two = sieve_of(EVENTSIEVE_SOURCE_SQS, "{\"body\": {\"n\": [2]}}");
    eventsieve_sieve *both = sieve_of(EVENTSIEVE_SOURCE_SQS, "{\"body\": {\"n\": [1, 2]}}");
    eventsieve_sieve *none = sieve_of(EVENTSIEVE_SOURCE_SQS, "{\"body\": {\"n\": [3]}}");
    eventsieve_scratch *scratch = scratch_of(two);
    eventsieve_errors *errors = (eventsieve_errors *)&two;
    uint8_t buffer[sizeof EVENT];
    size_t needed = 0;
    uint32_t kept = 99;

    CHECK_STATUS(eventsieve_sieve_filter_envelope(two, scratch, TEXT(EVENT), NULL, 0, &needed, &kept, &errors),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK_SIZE(needed, sizeof LEFT - 1);
    CHECK_SIZE(kept, EVENTSIEVE_KEPT_SOME);
    CHECK(errors == NULL);
    memset(buffer, 7, sizeof buffer);
    CHECK_STATUS(
        eventsieve_sieve_filter_envelope(two, scratch, TEXT(EVENT), buffer, needed - 1, &needed, &kept, NULL),
        EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK(buffer[0] == 7);
    OK(eventsieve_sieve_filter_envelope(two, scratch, TEXT(EVENT), buffer, needed, &needed, &kept, NULL));
    CHECK(memcmp(buffer, LEFT, needed) == 0 && buffer[needed] == 7);

    CHECK_STATUS(eventsieve_sieve_filter_envelope(both, scratch, TEXT(EVENT), NULL, 0, &needed, &kept, NULL),
                 EVENTSIEVE_STATUS_FOREIGN_SCRATCH);
    eventsieve_scratch_free(scratch);
    scratch = scratch_of(both);
    OK(eventsieve_sieve_filter_envelope(both, scratch, TEXT(EVENT), NULL, 0, &needed, &kept, NULL));
    CHECK_SIZE(needed, sizeof EVENT - 1);
    CHECK_SIZE(kept, EVENTSIEVE_KEPT_EVERYTHING);
    eventsieve_scratch_free(scratch);
    scratch = scratch_of(none);
    OK(eventsieve_sieve_filter_envelope(none, scratch, TEXT(EVENT), NULL, 0, &needed, &kept, NULL));
    CHECK_SIZE(needed, 0);
    CHECK_SIZE(kept, EVENTSIEVE_KEPT_NOTHING);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(two);
    eventsieve_sieve_free(both);
    eventsieve_sieve_free(none);
}

static void no_envelope(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_SQS, "{\"body\": {\"n\": [2]}}");
    eventsieve_sieve *raw = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"n\": [2]}");
    eventsieve_scratch *scratch = scratch_of(sieve);
    eventsieve_errors *errors = NULL;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    size_t needed = 0, drawn = 0;
    uint32_t kept = 99;
    uint8_t buffer[200];

    CHECK_STATUS(eventsieve_sieve_filter_envelope(sieve, scratch, TEXT("{\"Records\": [1]}"), NULL, 0, &needed, &kept,
                                                  &errors),
                 EVENTSIEVE_STATUS_INVALID_ENVELOPE);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "invalid-envelope");
    CHECK_TEXT(error.message, "a record must be an object");
    CHECK_SIZE(error.span_start, 13);
    OK(eventsieve_errors_draw(errors, 0, NULL, 0, buffer, sizeof buffer, &drawn));
    CHECK(drawn == 36 && memcmp(buffer, "byte 13: a record must be an object\n", drawn) == 0);
    eventsieve_errors_free(errors);
    CHECK_STATUS(eventsieve_sieve_filter_envelope(sieve, scratch, TEXT("{"), NULL, 0, &needed, &kept, NULL),
                 EVENTSIEVE_STATUS_INVALID_ENVELOPE);
    eventsieve_scratch_free(scratch);
    scratch = scratch_of(raw);
    CHECK_STATUS(eventsieve_sieve_filter_envelope(raw, scratch, TEXT(EVENT), NULL, 0, &needed, &kept, NULL),
                 EVENTSIEVE_STATUS_INVALID_ENVELOPE);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
    eventsieve_sieve_free(raw);
}

static void sources_are_found(void) {
    uint32_t source = 99;
    OK(eventsieve_find_source(TEXT(EVENT), &source));
    CHECK_SIZE(source, EVENTSIEVE_SOURCE_SQS);
    OK(eventsieve_find_source(TEXT("{\"topic\": \"t\", \"partition\": 0, \"offset\": 1}"), &source));
    CHECK_SIZE(source, EVENTSIEVE_SOURCE_KAFKA);
    CHECK_STATUS(eventsieve_find_source(TEXT("{\"a\": 1}"), &source), EVENTSIEVE_STATUS_UNKNOWN_SOURCE);
    CHECK_STATUS(eventsieve_find_source(NULL, 0, &source), EVENTSIEVE_STATUS_UNKNOWN_SOURCE);
}

void envelope_suite(void) {
    some_all_and_none();
    no_envelope();
    sources_are_found();
}
