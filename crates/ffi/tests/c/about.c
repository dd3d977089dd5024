/* The library about itself. */
#include "check.h"

void about_suite(void) {
    eventsieve_slice text;
    CHECK(strcmp(eventsieve_version(), EVENTSIEVE_VERSION) == 0);
    CHECK_SIZE(eventsieve_version_number(), EVENTSIEVE_VERSION_NUMBER);

    CHECK(eventsieve_has_feature("live") == 1);
    CHECK(eventsieve_has_feature("envelopes") == 1);
    CHECK(eventsieve_has_feature("pieces") == 1);
    CHECK(eventsieve_has_feature("explain") == 0);
    CHECK(eventsieve_has_feature("") == 0);
    CHECK(eventsieve_has_feature(NULL) == 0);

    OK(eventsieve_status_name(EVENTSIEVE_STATUS_OK, &text));
    CHECK_TEXT(text, "EVENTSIEVE_STATUS_OK");
    OK(eventsieve_status_name(EVENTSIEVE_STATUS_PANIC, &text));
    CHECK_TEXT(text, "EVENTSIEVE_STATUS_PANIC");
    OK(eventsieve_status_name(EVENTSIEVE_STATUS_SCRATCH_RETIRED, &text));
    CHECK_TEXT(text, "EVENTSIEVE_STATUS_SCRATCH_RETIRED");
    OK(eventsieve_status_text(EVENTSIEVE_STATUS_FOREIGN_SCRATCH, &text));
    CHECK_TEXT(text, "the scratch was made for another program; make one for this sieve");
    CHECK_STATUS(eventsieve_status_name(7, &text), EVENTSIEVE_STATUS_INVALID_VALUE);
    CHECK_STATUS(eventsieve_status_text(4711, &text), EVENTSIEVE_STATUS_INVALID_VALUE);

    OK(eventsieve_source_name(EVENTSIEVE_SOURCE_RAW, &text));
    CHECK_TEXT(text, "raw");
    OK(eventsieve_source_name(EVENTSIEVE_SOURCE_DOCUMENTDB, &text));
    CHECK_TEXT(text, "documentdb");
    CHECK_STATUS(eventsieve_source_name(9, &text), EVENTSIEVE_STATUS_INVALID_VALUE);
    OK(eventsieve_dialect_name(EVENTSIEVE_DIALECT_LAMBDA, &text));
    CHECK_TEXT(text, "lambda");
    OK(eventsieve_dialect_name(EVENTSIEVE_DIALECT_EVENTBRIDGE, &text));
    CHECK_TEXT(text, "eventbridge");
    CHECK_STATUS(eventsieve_dialect_name(EVENTSIEVE_DIALECT_DEFAULT, &text), EVENTSIEVE_STATUS_INVALID_VALUE);
    CHECK_STATUS(eventsieve_dialect_name(4, &text), EVENTSIEVE_STATUS_INVALID_VALUE);
}
