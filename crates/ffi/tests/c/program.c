/* Programs: out of a sieve, as bytes, in again. */
#include "check.h"

static void bytes_make_the_same_sieve(void) {
    eventsieve_sieve *sieve =
        sieve_of(EVENTSIEVE_SOURCE_KINESIS, "[{\"data\": {\"n\": [1]}}, {\"data\": {\"n\": [2]}}]");
    eventsieve_program *program = NULL, *copied = NULL, *borrowed = NULL;
    eventsieve_errors *errors = (eventsieve_errors *)&sieve;
    eventsieve_run_options run = EVENTSIEVE_RUN_OPTIONS_INIT;
    eventsieve_slice bytes, again;
    eventsieve_sieve *there = NULL;
    uint32_t number = 99;
    size_t len = 0, needed = 0;
    uint8_t *image;
    char *listing;

    OK(eventsieve_sieve_program(sieve, &program));
    eventsieve_sieve_free(sieve);
    OK(eventsieve_program_bytes(program, &bytes));
    CHECK(bytes.len > 64);
    OK(eventsieve_program_filter_len(program, &len));
    CHECK_SIZE(len, 2);
    OK(eventsieve_program_source(program, &number));
    CHECK_SIZE(number, EVENTSIEVE_SOURCE_KINESIS);
    OK(eventsieve_program_dialect(program, &number));
    CHECK_SIZE(number, EVENTSIEVE_DIALECT_LAMBDA);

    CHECK_STATUS(eventsieve_program_disasm(program, NULL, 0, &needed), EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    listing = malloc(needed + 1);
    OK(eventsieve_program_disasm(program, (uint8_t *)listing, needed, &needed));
    listing[needed] = '\0';
    CHECK(strstr(listing, "kinesis") != NULL);
    free(listing);

    /* An image at an odd address. */
    image = malloc(bytes.len + 1);
    memcpy(image + 1, bytes.data, bytes.len);
    OK(eventsieve_program_from_bytes(image + 1, bytes.len, &copied, &errors));
    CHECK(errors == NULL);
    OK(eventsieve_program_from_borrowed_bytes(image + 1, bytes.len, &borrowed, NULL));
    OK(eventsieve_program_bytes(borrowed, &again));
    CHECK(again.data == image + 1);
    OK(eventsieve_program_bytes(copied, &again));
    CHECK(again.data != image + 1 && again.len == bytes.len && memcmp(again.data, bytes.data, bytes.len) == 0);
    eventsieve_program_free(program);
    eventsieve_program_free(copied);

    /* A record that is trusted is not read on. */
    run.checks = EVENTSIEVE_CHECKS_TRUSTED;
    OK(eventsieve_sieve_from_program(borrowed, &run, &there));
    CHECK_SIZE(verdict_of(there, "{\"kinesis\": {\"data\": \"eyJuIjoyfQ==\", \"more\": ["), EVENTSIEVE_VERDICT_MATCH);
    eventsieve_sieve_free(there);
    run.checks = EVENTSIEVE_CHECKS_EVERY;
    OK(eventsieve_sieve_from_program(borrowed, &run, &there));
    eventsieve_program_free(borrowed);
    CHECK_SIZE(verdict_of(there, "{\"kinesis\": {\"data\": \"eyJuIjoyfQ==\"}}"), EVENTSIEVE_VERDICT_MATCH);
    CHECK_SIZE(verdict_of(there, "{\"kinesis\": {\"data\": \"eyJuIjozfQ==\"}}"), EVENTSIEVE_VERDICT_NO_MATCH);
    CHECK_SIZE(verdict_of(there, "{\"kinesis\": {\"data\": \"eyJuIjozfQ==\"}"), EVENTSIEVE_VERDICT_MALFORMED);
    OK(eventsieve_sieve_warnings(there, &errors));
    OK(eventsieve_errors_len(errors, &len));
    CHECK_SIZE(len, 0);
    CHECK_STATUS(eventsieve_errors_draw(errors, 0, NULL, 0, NULL, 0, &needed), EVENTSIEVE_STATUS_OUT_OF_RANGE);
    OK(eventsieve_errors_draw(errors, EVENTSIEVE_ALL, NULL, 0, NULL, 0, &needed));
    CHECK_SIZE(needed, 0);
    eventsieve_errors_free(errors);
    eventsieve_sieve_free(there);
    free(image);
}

static void damaged_bytes_are_refused(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"a\": [\"x\", {\"prefix\": \"yy\"}]}");
    eventsieve_program *program = NULL, *damaged = NULL;
    eventsieve_errors *errors = NULL;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    eventsieve_slice bytes;
    uint8_t *image;
    size_t at;

    OK(eventsieve_sieve_program(sieve, &program));
    OK(eventsieve_program_bytes(program, &bytes));
    image = malloc(bytes.len);
    for (at = 0; at < bytes.len; at++) {
        memcpy(image, bytes.data, bytes.len);
        image[at] ^= 0x41;
        CHECK_STATUS(eventsieve_program_from_bytes(image, bytes.len, &damaged, NULL),
                     EVENTSIEVE_STATUS_INVALID_PROGRAM);
        CHECK(damaged == NULL);
    }
    memcpy(image, bytes.data, bytes.len);
    for (at = 0; at < bytes.len; at++) {
        CHECK_STATUS(eventsieve_program_from_borrowed_bytes(image, at, &damaged, NULL),
                     EVENTSIEVE_STATUS_INVALID_PROGRAM);
    }
    CHECK_STATUS(eventsieve_program_from_bytes(NULL, 0, &damaged, NULL), EVENTSIEVE_STATUS_INVALID_PROGRAM);
    CHECK_STATUS(eventsieve_program_from_bytes(image, bytes.len - 1, &damaged, &errors),
                 EVENTSIEVE_STATUS_INVALID_PROGRAM);
    OK(eventsieve_errors_get(errors, 0, &error));
    CHECK_TEXT(error.code, "invalid-program");
    CHECK(error.message.len > 10);
    CHECK_SIZE(error.span_start, EVENTSIEVE_NONE);
    eventsieve_errors_free(errors);
    free(image);
    eventsieve_program_free(program);
    eventsieve_sieve_free(sieve);
}

void program_suite(void) {
    bytes_make_the_same_sieve();
    damaged_bytes_are_refused();
}
