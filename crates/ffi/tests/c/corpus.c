/* The cases of the corpus. A case in the file is
 *
 *     case NAME SOURCE DIALECT CRITERIA_LEN AWS_LEN RECORD_LEN EXPECTED ENVELOPE_LEN LEFT_LEN
 *     criteria, then AWS's message, then each record after its length on a line; then envelope and what is left of it
 *
 * EXPECTED has a digit a record, an eventsieve_verdict, or is `invalid`; `-` where there are no records. */
#include "check.h"

static uint8_t *read_bytes(FILE *file, size_t len) {
    uint8_t *bytes = malloc(len + 1);
    CHECK_SIZE(fread(bytes, 1, len, file), len);
    bytes[len] = 0;
    CHECK(fgetc(file) == '\n');
    return bytes;
}

static void told(const char *name, const char *what) {
    fprintf(stderr, "case %s: %s\n", name, what);
    CHECK(0);
}

/* Whether the criteria are refused in the words expected. */
static void check_refused(const char *name, eventsieve_status status, const eventsieve_errors *errors,
                          const uint8_t *aws, size_t aws_len) {
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    if (status != EVENTSIEVE_STATUS_INVALID_CRITERIA) {
        told(name, "the criteria should not compile");
        return;
    }
    OK(eventsieve_errors_get(errors, 0, &error));
    if (aws_len > 0 && (error.aws_message.len != aws_len || memcmp(error.aws_message.data, aws, aws_len) != 0)) {
        told(name, "AWS has other words for it");
    }
}

/* Records against digits, by themselves, together, and as offsets of one buffer. */
static void check_records(const char *name, const eventsieve_sieve *sieve, eventsieve_scratch *scratch,
                          const eventsieve_slice *records, size_t record_len, const char *expected) {
    uint8_t *verdicts = malloc(record_len + 1), *data, *at;
    size_t *offsets = calloc(record_len + 1, sizeof *offsets), record;
    eventsieve_answers answers = into(verdicts, record_len);
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, records, record_len, &answers));
    for (record = 0; record < record_len; record++) {
        uint8_t single = 99;
        eventsieve_answers one = into(&single, 1);
        OK(eventsieve_sieve_evaluate_slices(sieve, scratch, &records[record], 1, &one));
        if (verdicts[record] != expected[record] - '0' || single != verdicts[record]) {
            told(name, "another verdict");
        }
        offsets[record + 1] = offsets[record] + records[record].len;
    }
    at = data = malloc(offsets[record_len] + 1);
    for (record = 0; record < record_len; record++) {
        memcpy(at, records[record].data, records[record].len);
        at += records[record].len;
    }
    OK(eventsieve_sieve_evaluate_offsets(sieve, scratch, data, offsets[record_len], offsets, record_len + 1, &answers));
    for (record = 0; record < record_len; record++) {
        if (verdicts[record] != expected[record] - '0') {
            told(name, "another verdict by offsets");
        }
    }
    free(data);
    free(offsets);
    free(verdicts);
}

static void check_envelope(const char *name, const eventsieve_sieve *sieve, eventsieve_scratch *scratch,
                           const uint8_t *event, size_t event_len, const uint8_t *left, size_t left_len) {
    uint8_t *buffer = malloc(event_len);
    size_t needed = 0;
    uint32_t kept = 99;
    OK(eventsieve_sieve_filter_envelope(sieve, scratch, event, event_len, buffer, event_len, &needed, &kept, NULL));
    if (needed != left_len || (kept == EVENTSIEVE_KEPT_SOME && memcmp(buffer, left, needed) != 0)) {
        told(name, "another envelope is left");
    }
    free(buffer);
}

void corpus_suite(const char *path) {
    FILE *file = fopen(path, "rb");
    char name[200], expected[1000];
    size_t criteria_len, aws_len, record_len, event_len, left_len, cases = 0, record;
    unsigned source, dialect;
    if (file == NULL) {
        told(path, "the file cannot be read");
        return;
    }
    while (fscanf(file, "case %199s %u %u %zu %zu %zu %999s %zu %zu", name, &source, &dialect, &criteria_len, &aws_len,
                  &record_len, expected, &event_len, &left_len) == 9 &&
           fgetc(file) == '\n') {
        uint8_t *criteria = read_bytes(file, criteria_len), *aws = read_bytes(file, aws_len), *event, *left;
        eventsieve_slice *records = malloc((record_len + 1) * sizeof *records);
        eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
        eventsieve_sieve *sieve = NULL;
        eventsieve_errors *errors = NULL;
        eventsieve_status status;
        for (record = 0; record < record_len; record++) {
            size_t len = 0;
            CHECK(fscanf(file, "%zu", &len) == 1 && fgetc(file) == '\n');
            records[record].data = read_bytes(file, len);
            records[record].len = len;
        }
        event = read_bytes(file, event_len);
        left = read_bytes(file, left_len);

        options.source = source;
        options.dialect = dialect;
        options.checks = EVENTSIEVE_CHECKS_EVERY;
        status = eventsieve_sieve_compile(criteria, criteria_len, &options, &sieve, &errors);
        if (strcmp(expected, "invalid") == 0) {
            check_refused(name, status, errors, aws, aws_len);
        } else if (status != EVENTSIEVE_STATUS_OK) {
            told(name, "the criteria should compile");
        } else {
            eventsieve_scratch *scratch = scratch_of(sieve);
            check_records(name, sieve, scratch, records, record_len, expected);
            if (event_len > 0) {
                check_envelope(name, sieve, scratch, event, event_len, left, left_len);
            }
            eventsieve_scratch_free(scratch);
        }
        cases++;
        eventsieve_errors_free(errors);
        eventsieve_sieve_free(sieve);
        for (record = 0; record < record_len; record++) {
            free((void *)records[record].data);
        }
        free(records);
        free(criteria);
        free(aws);
        free(event);
        free(left);
    }
    CHECK(feof(file));
    CHECK(cases > 300);
    printf("%zu cases of the corpus\n", cases);
    fclose(file);
}
