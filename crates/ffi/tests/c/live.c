/* Filters that change, in one thread; `threads.c` has the others. */
#include "check.h"

static uint8_t ask(const eventsieve_live *live, eventsieve_scratch *scratch) {
    eventsieve_sieve *sieve = NULL;
    eventsieve_slice record = slice_of("{\"id\": \"b\"}");
    uint8_t verdict = 99;
    eventsieve_answers answers = into(&verdict, 1);
    OK(eventsieve_live_load(live, scratch, &sieve));
    OK(eventsieve_sieve_evaluate_slices(sieve, scratch, &record, 1, &answers));
    eventsieve_sieve_free(sieve);
    return verdict;
}

void live_suite(void) {
    eventsieve_sieve *first = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"id\": [\"a\"]}");
    eventsieve_sieve *second = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"id\": [\"b\"]}");
    eventsieve_live *live = NULL;
    eventsieve_scratch *early = NULL, *late = NULL, *plain = scratch_of(first);
    eventsieve_sieve *before = NULL, *again = NULL, *after = NULL;
    uint8_t verdict = 99;
    eventsieve_answers answers = into(&verdict, 1);
    eventsieve_slice record = slice_of("{\"id\": \"a\"}");

    OK(eventsieve_live_new(first, &live));
    eventsieve_sieve_free(first);
    OK(eventsieve_scratch_new_live(live, &early));
    CHECK_SIZE(ask(live, early), EVENTSIEVE_VERDICT_NO_MATCH);
    OK(eventsieve_live_load(live, early, &before));
    OK(eventsieve_live_load(live, early, &again));
    CHECK(before == again);
    eventsieve_sieve_free(again);

    OK(eventsieve_live_replace(live, second));
    eventsieve_sieve_free(second);
    /* Who has loaded works on with what it has. */
    OK(eventsieve_sieve_evaluate_slices(before, early, &record, 1, &answers));
    CHECK_SIZE(verdict, EVENTSIEVE_VERDICT_MATCH);
    OK(eventsieve_scratch_new_live(live, &late));
    CHECK_SIZE(ask(live, early), EVENTSIEVE_VERDICT_MATCH);
    /* The scratch is fitted to another, and the sieve that was loaded before is still there. */
    CHECK_STATUS(eventsieve_sieve_evaluate_slices(before, early, &record, 1, &answers),
                 EVENTSIEVE_STATUS_FOREIGN_SCRATCH);
    eventsieve_sieve_free(before);
    CHECK_SIZE(ask(live, late), EVENTSIEVE_VERDICT_MATCH);
    CHECK_SIZE(ask(live, plain), EVENTSIEVE_VERDICT_MATCH); /* A scratch of a sieve serves as well. */

    OK(eventsieve_live_load(live, late, &after));
    eventsieve_live_free(live);
    OK(eventsieve_sieve_evaluate_slices(after, late, &record, 1, &answers));
    CHECK_SIZE(verdict, EVENTSIEVE_VERDICT_NO_MATCH);
    eventsieve_sieve_free(after);
    eventsieve_scratch_free(early);
    eventsieve_scratch_free(late);
    eventsieve_scratch_free(plain);
}
