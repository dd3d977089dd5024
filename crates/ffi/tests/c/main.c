/* Runs all suites, the corpus last: `suite CORPUS`. */
#include "check.h"

static int failures;

void check_that(int holds, const char *what, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: %s does not hold\n", file, line, what);
        failures++;
    }
}

void check_size(size_t found, size_t expected, const char *what, const char *file, int line) {
    if (found != expected) {
        fprintf(stderr, "%s:%d: %s is %zu, expected %zu\n", file, line, what, found, expected);
        failures++;
    }
}

void check_status(uint32_t found, uint32_t expected, const char *what, const char *file, int line) {
    if (found != expected) {
        eventsieve_slice text = { NULL, 0 };
        eventsieve_status_text(found, &text);
        fprintf(stderr, "%s:%d: %s\n    returned %u (%.*s), expected %u\n", file, line, what, (unsigned)found,
                (int)text.len, (const char *)text.data, (unsigned)expected);
        failures++;
    }
}

void check_text(eventsieve_slice found, const char *expected, const char *what, const char *file, int line) {
    if (expected == NULL ? found.data != NULL
                         : found.data == NULL || found.len != strlen(expected) ||
                               memcmp(found.data, expected, found.len) != 0) {
        fprintf(stderr, "%s:%d: %s is\n    %.*s\nexpected\n    %s\n", file, line, what, (int)found.len,
                found.data == NULL ? "(absent)" : (const char *)found.data, expected == NULL ? "(absent)" : expected);
        failures++;
    }
}

eventsieve_sieve *sieve_of(uint32_t source, const char *criteria) {
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_sieve *sieve = NULL;
    options.source = source;
    OK(eventsieve_sieve_compile((const uint8_t *)criteria, strlen(criteria), &options, &sieve, NULL));
    if (sieve == NULL) {
        fprintf(stderr, "criteria of a test do not compile: %s\n", criteria);
        exit(1);
    }
    return sieve;
}

eventsieve_scratch *scratch_of(const eventsieve_sieve *sieve) {
    eventsieve_scratch *scratch = NULL;
    OK(eventsieve_scratch_new(sieve, &scratch));
    return scratch;
}

eventsieve_slice slice_of(const char *text) {
    eventsieve_slice slice = { (const uint8_t *)text, strlen(text) };
    return slice;
}

eventsieve_answers into(uint8_t *verdicts, size_t verdicts_len) {
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    answers.verdicts = verdicts;
    answers.verdicts_len = verdicts_len;
    return answers;
}

uint8_t verdict_of(const eventsieve_sieve *sieve, const char *record) {
    uint8_t verdict = 255;
    eventsieve_answers answers = into(&verdict, 1);
    eventsieve_scratch *scratch = scratch_of(sieve);
    eventsieve_slice slice = slice_of(record);
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, &slice, 1, &answers));
    eventsieve_scratch_free(scratch);
    return verdict;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return 2;
    }
    about_suite();
    criteria_suite();
    program_suite();
    evaluate_suite();
    pieces_suite();
    envelope_suite();
    live_suite();
    misuse_suite();
    threads_suite();
    corpus_suite(argv[1]);
    if (failures > 0) {
        fprintf(stderr, "%d checks failed\n", failures);
        return 1;
    }
    return 0;
}
