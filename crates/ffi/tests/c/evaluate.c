/* Batches in every form, answers in every form. */
#include "check.h"

#define N EVENTSIEVE_VERDICT_NO_MATCH
#define M EVENTSIEVE_VERDICT_MATCH
#define X EVENTSIEVE_VERDICT_MALFORMED

static const char CRITERIA[] = "[{\"id\": [\"a\"]}, {\"id\": [\"a\", \"b\"]}, {\"n\": [{\"numeric\": [\">\", 5]}]}]";
static const char LINES[] =
    "{\"id\": \"a\", \"n\": 9}\n\n{\"id\": \"b\"}\r\n{\"id\": \"c\"}\n  \n{\"id\": \"a\"]\n{\"id\": \"b\", \"n\": 6}";
static const uint8_t EXPECTED[5] = { M, M, N, X, M };

static void every_form_gives_the_same_verdicts(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_RAW, CRITERIA);
    eventsieve_scratch *scratch = scratch_of(sieve);
    size_t bounds[10], offsets[6] = { 0 }, record_len = 0, record;
    int32_t offsets32[6] = { 0 };
    int64_t offsets64[6] = { 0 };
    eventsieve_slice slices[5];
    uint8_t data[sizeof LINES], verdicts[8];
    eventsieve_answers answers = into(verdicts, 5);

    CHECK_STATUS(eventsieve_find_lines(TEXT(LINES), NULL, 0, &record_len), EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK_SIZE(record_len, 5);
    CHECK_STATUS(eventsieve_find_lines(TEXT(LINES), bounds, 9, &record_len), EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    OK(eventsieve_find_lines(TEXT(LINES), bounds, 10, &record_len));
    CHECK(bounds[0] == 0 && bounds[1] == 19 && bounds[2] == 21 && LINES[bounds[3]] == '\n');
    OK(eventsieve_find_lines(NULL, 0, NULL, 0, &record_len));
    CHECK_SIZE(record_len, 0);

    for (record = 0; record < 5; record++) {
        size_t len = bounds[2 * record + 1] - bounds[2 * record];
        slices[record].data = (const uint8_t *)LINES + bounds[2 * record];
        slices[record].len = len;
        memcpy(data + offsets[record], slices[record].data, len);
        offsets[record + 1] = offsets[record] + len;
        offsets32[record + 1] = (int32_t)offsets[record + 1];
        offsets64[record + 1] = (int64_t)offsets[record + 1];
    }

#define SAME(call)                                                                                                     \
    do {                                                                                                               \
        memset(verdicts, 7, sizeof verdicts);                                                                          \
        OK(call);                                                                                                      \
        CHECK(memcmp(verdicts, EXPECTED, 5) == 0 && verdicts[5] == 7);                                                 \
        CHECK(answers.record_len == 5 && answers.matched_len == 3);                                                    \
    } while (0)
    SAME(eventsieve_sieve_evaluate_ranges(sieve, scratch, TEXT(LINES), bounds, 10, &answers));
    SAME(eventsieve_sieve_evaluate_slices(sieve, scratch, slices, 5, &answers));
    SAME(eventsieve_sieve_evaluate_offsets(sieve, scratch, data, offsets[5], offsets, 6, &answers));
    SAME(eventsieve_sieve_evaluate_offsets32(sieve, scratch, data, offsets[5], offsets32, 6, &answers));
    SAME(eventsieve_sieve_evaluate_offsets64(sieve, scratch, data, offsets[5], offsets64, 6, &answers));

    /* An Arrow array that is a slice of another: three records from the second on. */
    OK(eventsieve_sieve_evaluate_offsets32(sieve, scratch, data, offsets[5], offsets32 + 1, 4, &answers));
    CHECK(answers.record_len == 3 && memcmp(verdicts, EXPECTED + 1, 3) == 0);

    /* Empty batches, in every spelling. */
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers));
    CHECK_SIZE(answers.record_len, 0);
    OK(eventsieve_sieve_evaluate_offsets(sieve, scratch, NULL, 0, NULL, 0, &answers));
    CHECK_SIZE(answers.record_len, 0);
    OK(eventsieve_sieve_evaluate_offsets(sieve, scratch, data, 9, offsets, 1, &answers));
    CHECK_SIZE(answers.record_len, 0);
    OK(eventsieve_sieve_evaluate_ranges(sieve, scratch, NULL, 0, NULL, 0, &answers));
    CHECK_SIZE(answers.record_len, 0);

    /* An empty record is malformed, however it is spelt. */
    slices[0].data = NULL;
    slices[0].len = 0;
    slices[1].data = data;
    slices[1].len = 0;
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, slices, 3, &answers));
    CHECK(answers.matched_len == 0 && verdicts[2] == N);

    /* Offsets that are none. */
    offsets[5]++;
    CHECK_STATUS(eventsieve_sieve_evaluate_offsets(sieve, scratch, data, offsets[5] - 1, offsets, 6, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    offsets32[0] = -1;
    CHECK_STATUS(eventsieve_sieve_evaluate_offsets32(sieve, scratch, data, offsets[5], offsets32, 6, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    offsets64[2] = INT64_MAX;
    CHECK_STATUS(eventsieve_sieve_evaluate_offsets64(sieve, scratch, data, offsets[5], offsets64, 6, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    offsets64[2] = INT64_MIN;
    CHECK_STATUS(eventsieve_sieve_evaluate_offsets64(sieve, scratch, data, offsets[5], offsets64, 6, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    CHECK_STATUS(eventsieve_sieve_evaluate_ranges(sieve, scratch, TEXT(LINES), bounds, 9, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    bounds[2] = 3;
    CHECK_STATUS(eventsieve_sieve_evaluate_ranges(sieve, scratch, TEXT(LINES), bounds, 10, &answers),
                 EVENTSIEVE_STATUS_INVALID_OFFSETS);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
}

static void filters_come_as_bits(void) {
    /* 130 filters: three words a record. */
    char *criteria = malloc(130 * 40), *end = criteria;
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_sieve *sieve = NULL;
    eventsieve_scratch *scratch;
    eventsieve_slice records[3];
    uint64_t filters[10];
    uint8_t verdicts[3], reasons[3];
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    size_t filter, filter_len = 0;

    for (filter = 0; filter < 130; filter++) {
        end += sprintf(end, "%c{\"n\": [%d, %d]}", filter == 0 ? '[' : ',', (int)filter, (int)(filter / 100 + 1000));
    }
    strcpy(end, "]");
    OK(eventsieve_sieve_compile((const uint8_t *)criteria, strlen(criteria), &options, &sieve, NULL));
    free(criteria);
    OK(eventsieve_sieve_filter_len(sieve, &filter_len));
    CHECK_SIZE(filter_len, 130);
    scratch = scratch_of(sieve);
    records[0] = slice_of("{\"n\": 129}");
    records[1] = slice_of("{\"n\": 130}");
    records[2] = slice_of("{\"n\": 1001}");

    memset(filters, 0xff, sizeof filters);
    answers.filters = filters;
    answers.filters_len = 9;
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers));
    CHECK(filters[0] == 0 && filters[1] == 0 && filters[2] == UINT64_C(1) << 1);
    CHECK(filters[3] == 0 && filters[4] == 0 && filters[5] == 0);
    CHECK(filters[6] == 0 && filters[7] == ~UINT64_C(0) << 36 && filters[8] == 3);
    CHECK(filters[9] == UINT64_MAX);
    CHECK(answers.record_len == 3 && answers.matched_len == 2);

    /* Each buffer is checked before anything is evaluated. */
    answers.filters_len = 8;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    CHECK(answers.record_len == 3 && answers.matched_len == 0);
    answers.filters_len = 9;
    answers.reasons = reasons;
    answers.reasons_len = 2;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    answers.reasons_len = 3;
    answers.verdicts = verdicts;
    answers.verdicts_len = 2;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    /* A length that was forgotten. */
    answers.verdicts_len = 0;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers),
                 EVENTSIEVE_STATUS_BUFFER_TOO_SMALL);
    answers.verdicts_len = 3;
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers));
    CHECK(verdicts[0] == M && verdicts[1] == N && verdicts[2] == M);
    CHECK(reasons[0] == EVENTSIEVE_REASON_DELIVERED && reasons[1] == EVENTSIEVE_REASON_FILTERED_OUT);

    /* No buffer at all: only the counts. */
    answers = into(NULL, 0);
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 3, &answers));
    CHECK(answers.record_len == 3 && answers.matched_len == 2);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
}

static void no_filters_pass_everything(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_RAW, "{}");
    eventsieve_scratch *scratch = scratch_of(sieve);
    eventsieve_slice records[2];
    uint64_t filters = 5;
    uint8_t verdicts[2], reasons[2];
    eventsieve_answers answers = into(verdicts, 2);
    records[0] = slice_of("{}");
    records[1] = slice_of("[]");
    answers.filters = &filters;
    answers.filters_len = 1;
    answers.reasons = reasons;
    answers.reasons_len = 2;
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, records, 2, &answers));
    CHECK(verdicts[0] == M && verdicts[1] == X && filters == 5);
    CHECK(reasons[0] == EVENTSIEVE_REASON_DELIVERED && reasons[1] == EVENTSIEVE_REASON_MALFORMED);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
}

void evaluate_suite(void) {
    every_form_gives_the_same_verdicts();
    filters_come_as_bits();
    no_filters_pass_everything();
}
