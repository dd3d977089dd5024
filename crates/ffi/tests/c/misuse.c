/* Everything that a program can do wrong and that is defined. */
#include "check.h"

#define IS_NULL_POINTER(call) CHECK_STATUS(call, EVENTSIEVE_STATUS_NULL_POINTER)
#define IS_INVALID_LENGTH(call) CHECK_STATUS(call, EVENTSIEVE_STATUS_INVALID_LENGTH)

static eventsieve_sieve *sieve;
static eventsieve_scratch *scratch;
static eventsieve_program *program;
static eventsieve_errors *errors;
static eventsieve_live *live;

static void null_is_told(void) {
    eventsieve_compile_options compile = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_run_options run = EVENTSIEVE_RUN_OPTIONS_INIT;
    eventsieve_pieces pieces = EVENTSIEVE_PIECES_INIT;
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    eventsieve_slice slice = { NULL, 0 };
    eventsieve_sieve *made = NULL;
    eventsieve_sieve *lent = NULL;
    eventsieve_program *loaded = NULL;
    size_t size = 0;
    uint32_t number = 0;
    uint8_t byte = 0;

    IS_NULL_POINTER(eventsieve_status_name(0, NULL));
    IS_NULL_POINTER(eventsieve_status_text(0, NULL));
    IS_NULL_POINTER(eventsieve_source_name(0, NULL));
    IS_NULL_POINTER(eventsieve_dialect_name(1, NULL));

    IS_NULL_POINTER(eventsieve_errors_len(NULL, &size));
    IS_NULL_POINTER(eventsieve_errors_len(errors, NULL));
    IS_NULL_POINTER(eventsieve_errors_get(NULL, 0, &error));
    IS_NULL_POINTER(eventsieve_errors_get(errors, 0, NULL));
    IS_NULL_POINTER(eventsieve_errors_draw(NULL, 0, NULL, 0, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_errors_draw(errors, 0, NULL, 1, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_errors_draw(errors, 0, NULL, 0, NULL, 1, &size));
    IS_NULL_POINTER(eventsieve_errors_draw(errors, 0, NULL, 0, NULL, 0, NULL));
    eventsieve_errors_free(NULL);

    IS_NULL_POINTER(eventsieve_sieve_compile(NULL, 1, &compile, &made, NULL));
    IS_NULL_POINTER(eventsieve_sieve_compile(TEXT("{}"), NULL, &made, NULL));
    IS_NULL_POINTER(eventsieve_sieve_compile(TEXT("{}"), &compile, NULL, NULL));
    IS_NULL_POINTER(eventsieve_sieve_from_program(NULL, &run, &made));
    IS_NULL_POINTER(eventsieve_sieve_from_program(program, NULL, &made));
    IS_NULL_POINTER(eventsieve_sieve_from_program(program, &run, NULL));
    CHECK(made == NULL);
    IS_NULL_POINTER(eventsieve_sieve_program(NULL, &loaded));
    IS_NULL_POINTER(eventsieve_sieve_program(sieve, NULL));
    IS_NULL_POINTER(eventsieve_sieve_warnings(NULL, &errors));
    errors = NULL;
    OK(eventsieve_sieve_warnings(sieve, &errors));
    IS_NULL_POINTER(eventsieve_sieve_warnings(sieve, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_len(NULL, &size));
    IS_NULL_POINTER(eventsieve_sieve_filter_len(sieve, NULL));
    IS_NULL_POINTER(eventsieve_sieve_source(NULL, &number));
    IS_NULL_POINTER(eventsieve_sieve_source(sieve, NULL));
    IS_NULL_POINTER(eventsieve_sieve_check(NULL, TEXT("{}"), &size, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_sieve_check(sieve, NULL, 1, &size, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_sieve_check(sieve, TEXT("{}"), NULL, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_sieve_check(sieve, TEXT("{}"), &size, NULL, 1, &size));
    IS_NULL_POINTER(eventsieve_sieve_check(sieve, TEXT("{}"), &size, NULL, 0, NULL));
    eventsieve_sieve_free(NULL);

    IS_NULL_POINTER(eventsieve_program_from_bytes(NULL, 1, &loaded, NULL));
    IS_NULL_POINTER(eventsieve_program_from_bytes(&byte, 1, NULL, NULL));
    IS_NULL_POINTER(eventsieve_program_from_borrowed_bytes(NULL, 1, &loaded, NULL));
    IS_NULL_POINTER(eventsieve_program_from_borrowed_bytes(&byte, 1, NULL, NULL));
    CHECK(loaded == NULL);
    IS_NULL_POINTER(eventsieve_program_bytes(NULL, &slice));
    IS_NULL_POINTER(eventsieve_program_bytes(program, NULL));
    IS_NULL_POINTER(eventsieve_program_filter_len(NULL, &size));
    IS_NULL_POINTER(eventsieve_program_filter_len(program, NULL));
    IS_NULL_POINTER(eventsieve_program_source(NULL, &number));
    IS_NULL_POINTER(eventsieve_program_source(program, NULL));
    IS_NULL_POINTER(eventsieve_program_dialect(NULL, &number));
    IS_NULL_POINTER(eventsieve_program_dialect(program, NULL));
    IS_NULL_POINTER(eventsieve_program_disasm(NULL, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_program_disasm(program, NULL, 1, &size));
    IS_NULL_POINTER(eventsieve_program_disasm(program, NULL, 0, NULL));
    eventsieve_program_free(NULL);

    IS_NULL_POINTER(eventsieve_scratch_new(NULL, &scratch));
    CHECK(scratch == NULL);
    scratch = scratch_of(sieve);
    IS_NULL_POINTER(eventsieve_scratch_new(sieve, NULL));
    IS_NULL_POINTER(eventsieve_scratch_new_live(live, NULL));
    {
        eventsieve_scratch *none = scratch;
        IS_NULL_POINTER(eventsieve_scratch_new_live(NULL, &none));
        CHECK(none == NULL);
    }
    eventsieve_scratch_free(NULL);

    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(NULL, scratch, NULL, 0, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, NULL, NULL, 0, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 1, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, NULL));
    slice.len = 1;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, &slice, 1, &answers));
    answers.verdicts_len = 1;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers));
    answers.verdicts_len = 0;
    answers.filters_len = 1;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers));
    answers.filters_len = 0;
    answers.reasons_len = 1;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers));
    answers.reasons_len = 0;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_offsets(sieve, scratch, NULL, 1, NULL, 0, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_offsets(sieve, scratch, NULL, 0, NULL, 1, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_offsets32(sieve, scratch, NULL, 0, NULL, 1, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_offsets64(sieve, scratch, NULL, 0, NULL, 1, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_ranges(sieve, scratch, NULL, 0, NULL, 2, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, NULL, &answers));
    pieces.record_len = 1;
    pieces.payload = &slice;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, NULL));
    pieces.payload = NULL; /* Records of which there is no column, and no memory is taken for them. */
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    pieces.record_len = SIZE_MAX;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    pieces.record_len = SIZE_MAX / 4096;
    IS_NULL_POINTER(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    pieces.record_len = 0;
    OK(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    IS_NULL_POINTER(eventsieve_find_lines(NULL, 1, NULL, 0, &size));
    IS_NULL_POINTER(eventsieve_find_lines(NULL, 0, NULL, 1, &size));
    IS_NULL_POINTER(eventsieve_find_lines(NULL, 0, NULL, 0, NULL));

    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(NULL, scratch, NULL, 0, NULL, 0, &size, &number, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(sieve, NULL, NULL, 0, NULL, 0, &size, &number, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(sieve, scratch, NULL, 1, NULL, 0, &size, &number, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(sieve, scratch, NULL, 0, NULL, 1, &size, &number, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(sieve, scratch, NULL, 0, NULL, 0, NULL, &number, NULL));
    IS_NULL_POINTER(eventsieve_sieve_filter_envelope(sieve, scratch, NULL, 0, NULL, 0, &size, NULL, NULL));
    IS_NULL_POINTER(eventsieve_find_source(NULL, 1, &number));
    IS_NULL_POINTER(eventsieve_find_source(NULL, 0, NULL));

    IS_NULL_POINTER(eventsieve_live_new(sieve, NULL));
    {
        eventsieve_live *none = live;
        IS_NULL_POINTER(eventsieve_live_new(NULL, &none));
        CHECK(none == NULL);
    }
    IS_NULL_POINTER(eventsieve_live_replace(NULL, sieve));
    IS_NULL_POINTER(eventsieve_live_replace(live, NULL));
    IS_NULL_POINTER(eventsieve_live_load(NULL, scratch, &lent));
    IS_NULL_POINTER(eventsieve_live_load(live, NULL, &lent));
    CHECK(lent == NULL);
    IS_NULL_POINTER(eventsieve_live_load(live, scratch, NULL));
    eventsieve_live_free(NULL);
}

/* Whatever went wrong, `errors_out` may be freed. */
static void errors_are_always_set(void) {
    eventsieve_compile_options compile = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_sieve *made = NULL;
    eventsieve_program *loaded = NULL;
    eventsieve_errors *found;
    size_t size = 0;
    uint32_t number = 0;
#define SETS_NO_ERRORS(call) (found = (eventsieve_errors *)&number, IS_NULL_POINTER(call), CHECK(found == NULL))
    SETS_NO_ERRORS(eventsieve_sieve_compile(TEXT("{"), &compile, NULL, &found));
    SETS_NO_ERRORS(eventsieve_sieve_compile(TEXT("{"), NULL, &made, &found));
    SETS_NO_ERRORS(eventsieve_sieve_compile(NULL, 1, &compile, &made, &found));
    SETS_NO_ERRORS(eventsieve_program_from_bytes(TEXT("{"), NULL, &found));
    SETS_NO_ERRORS(eventsieve_program_from_bytes(NULL, 1, &loaded, &found));
    SETS_NO_ERRORS(eventsieve_program_from_borrowed_bytes(TEXT("{"), NULL, &found));
    SETS_NO_ERRORS(eventsieve_program_from_borrowed_bytes(NULL, 1, &loaded, &found));
    SETS_NO_ERRORS(eventsieve_sieve_filter_envelope(NULL, scratch, TEXT("{"), NULL, 0, &size, &number, &found));
    SETS_NO_ERRORS(eventsieve_sieve_filter_envelope(sieve, scratch, TEXT("{"), NULL, 0, NULL, &number, &found));
}

/* No object is longer than PTRDIFF_MAX bytes; whoever claims one has lost count. */
static void impossible_lengths_are_told(void) {
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_slice slice = { (const uint8_t *)"{}", (size_t)PTRDIFF_MAX + 1 };
    eventsieve_sieve *made = NULL;
    eventsieve_compile_options compile = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_program *loaded = NULL;
    uint8_t byte = 0;
    size_t size = 0;
    IS_INVALID_LENGTH(eventsieve_sieve_compile(&byte, SIZE_MAX, &compile, &made, NULL));
    IS_INVALID_LENGTH(eventsieve_program_from_bytes(&byte, SIZE_MAX, &loaded, NULL));
    IS_INVALID_LENGTH(eventsieve_program_from_borrowed_bytes(&byte, SIZE_MAX, &loaded, NULL));
    IS_INVALID_LENGTH(eventsieve_sieve_evaluate_slices(sieve, scratch, &slice, 1, &answers));
    IS_INVALID_LENGTH(eventsieve_sieve_evaluate_slices(sieve, scratch, &slice, SIZE_MAX / 16, &answers));
    IS_INVALID_LENGTH(eventsieve_sieve_evaluate_offsets(sieve, scratch, &byte, 1, &size, SIZE_MAX / 8 + 2, &answers));
    answers.verdicts = &byte;
    answers.verdicts_len = SIZE_MAX;
    IS_INVALID_LENGTH(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers));
    IS_INVALID_LENGTH(eventsieve_find_lines(&byte, SIZE_MAX, NULL, 0, &size));
}

static void wrong_structs_are_told(void) {
    /* Structs of a later header: one more member. */
    struct { eventsieve_compile_options known; size_t more; } later_compile = { EVENTSIEVE_COMPILE_OPTIONS_INIT, 0 };
    struct { eventsieve_answers known; size_t more; } later_answers = { EVENTSIEVE_ANSWERS_INIT, 0 };
    struct { eventsieve_error known; size_t more; } later_error = { EVENTSIEVE_ERROR_INIT, 0 };
    eventsieve_run_options run = EVENTSIEVE_RUN_OPTIONS_INIT;
    eventsieve_pieces pieces = EVENTSIEVE_PIECES_INIT;
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_error error = EVENTSIEVE_ERROR_INIT;
    eventsieve_sieve *made = NULL;
    eventsieve_errors *found = NULL;

    later_compile.known.size = sizeof later_compile;
    OK(eventsieve_sieve_compile(TEXT("{}"), &later_compile.known, &made, NULL));
    eventsieve_sieve_free(made);
    later_compile.more = 1;
    CHECK_STATUS(eventsieve_sieve_compile(TEXT("{}"), &later_compile.known, &made, NULL),
                 EVENTSIEVE_STATUS_WRONG_SIZE);
    later_compile.known.size = sizeof later_compile.known - 1;
    CHECK_STATUS(eventsieve_sieve_compile(TEXT("{}"), &later_compile.known, &made, NULL),
                 EVENTSIEVE_STATUS_WRONG_SIZE);
    CHECK(made == NULL);

    later_answers.known.size = sizeof later_answers;
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &later_answers.known));
    CHECK_SIZE(later_answers.known.size, sizeof later_answers);
    answers.size = 0;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers), EVENTSIEVE_STATUS_WRONG_SIZE);
    answers.size = SIZE_MAX;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, scratch, NULL, 0, &answers), EVENTSIEVE_STATUS_WRONG_SIZE);
    answers.size = sizeof answers;
    pieces.size = 8;
    CHECK_STATUS(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers), EVENTSIEVE_STATUS_WRONG_SIZE);
    run.size = 3;
    CHECK_STATUS(eventsieve_sieve_from_program(program, &run, &made), EVENTSIEVE_STATUS_WRONG_SIZE);

    {
        eventsieve_compile_options compile = EVENTSIEVE_COMPILE_OPTIONS_INIT;
        CHECK_STATUS(eventsieve_sieve_compile(TEXT("{"), &compile, &made, &found), EVENTSIEVE_STATUS_INVALID_CRITERIA);
    }
    later_error.known.size = sizeof later_error;
    OK(eventsieve_errors_get(found, 0, &later_error.known));
    CHECK_SIZE(later_error.known.size, sizeof later_error);
    OK(eventsieve_errors_get(found, 0, &later_error.known)); /* What was set is no hindrance the next time. */
    error.size = 1;
    CHECK_STATUS(eventsieve_errors_get(found, 0, &error), EVENTSIEVE_STATUS_WRONG_SIZE);
    eventsieve_errors_free(found);
}

static void wrong_values_are_told(void) {
    eventsieve_sieve *made = NULL;
    eventsieve_pieces pieces = EVENTSIEVE_PIECES_INIT;
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_run_options run = EVENTSIEVE_RUN_OPTIONS_INIT;
    size_t member;
    for (member = 0; member < 6; member++) {
        eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
        uint32_t *members[6];
        members[0] = &options.source;
        members[1] = &options.dialect;
        members[2] = &options.strict;
        members[3] = &options.checks;
        members[4] = &options.reserved;
        members[5] = &options.source;
        *members[member] = member == 5 ? UINT32_MAX : 77;
        CHECK_STATUS(eventsieve_sieve_compile(TEXT("{}"), &options, &made, NULL), EVENTSIEVE_STATUS_INVALID_VALUE);
    }
    run.checks = 3;
    CHECK_STATUS(eventsieve_sieve_from_program(program, &run, &made), EVENTSIEVE_STATUS_INVALID_VALUE);
    run.checks = 0;
    run.reserved = 1;
    CHECK_STATUS(eventsieve_sieve_from_program(program, &run, &made), EVENTSIEVE_STATUS_INVALID_VALUE);
    CHECK(made == NULL);
    pieces.payload_encoding = 2;
    CHECK_STATUS(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers), EVENTSIEVE_STATUS_INVALID_VALUE);
}

static void a_foreign_scratch_is_told(void) {
    eventsieve_sieve *other = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"id\": [\"other\"]}");
    eventsieve_sieve *same = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"id\": [\"a\"]}");
    eventsieve_scratch *foreign = scratch_of(other);
    eventsieve_slice record = slice_of("{\"id\": \"a\"}");
    uint8_t verdict = 99;
    uint64_t filters = 0;
    eventsieve_answers answers = into(&verdict, 1);
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, foreign, &record, 1, &answers),
                 EVENTSIEVE_STATUS_FOREIGN_SCRATCH);
    answers.filters = &filters;
    answers.filters_len = 1;
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(sieve, foreign, &record, 1, &answers),
                 EVENTSIEVE_STATUS_FOREIGN_SCRATCH);
    /* Another sieve of the same program is none. */
    OK(eventsieve_sieve_evaluate_slices(same, scratch, &record, 1, &answers));
    CHECK(verdict == EVENTSIEVE_VERDICT_MATCH && filters == 1);
    eventsieve_scratch_free(foreign);
    eventsieve_sieve_free(other);
    eventsieve_sieve_free(same);
}

void misuse_suite(void) {
    sieve = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"id\": [\"a\"]}");
    OK(eventsieve_sieve_program(sieve, &program));
    OK(eventsieve_live_new(sieve, &live));
    OK(eventsieve_sieve_warnings(sieve, &errors));
    scratch = scratch_of(sieve);
    {
        /* These two are replaced by NULL on the way. */
        eventsieve_errors *kept_errors = errors;
        eventsieve_scratch *kept_scratch = scratch;
        null_is_told();
        eventsieve_errors_free(kept_errors);
        eventsieve_scratch_free(kept_scratch);
    }
    errors_are_always_set();
    impossible_lengths_are_told();
    wrong_structs_are_told();
    wrong_values_are_told();
    a_foreign_scratch_is_told();
    eventsieve_errors_free(errors);
    eventsieve_scratch_free(scratch);
    eventsieve_live_free(live);
    eventsieve_program_free(program);
    eventsieve_sieve_free(sieve);
}
