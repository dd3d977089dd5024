/* Sixteen threads with one sieve; filters that change under them; one scratch in two hands. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

#define THREADS 16
#define RECORDS 64
#define BATCHES 200

static const eventsieve_sieve *sieve;
static const eventsieve_live *live;
static eventsieve_scratch *contested;
static char texts[RECORDS][40];

static void *evaluate(void *matched) {
    eventsieve_scratch *scratch = NULL;
    eventsieve_slice records[RECORDS];
    uint8_t verdicts[RECORDS];
    eventsieve_answers answers = into(verdicts, RECORDS);
    size_t batch, record;
    *(size_t *)matched = 0;
    if (eventsieve_scratch_new(sieve, &scratch) != EVENTSIEVE_STATUS_OK) {
        return NULL;
    }
    for (record = 0; record < RECORDS; record++) {
        records[record] = slice_of(texts[record]);
    }
    for (batch = 0; batch < BATCHES; batch++) {
        if (eventsieve_sieve_evaluate_slices(sieve, scratch, records, RECORDS, &answers) != EVENTSIEVE_STATUS_OK) {
            break;
        }
        for (record = 0; record < RECORDS; record++) {
            *(size_t *)matched += verdicts[record] == EVENTSIEVE_VERDICT_MATCH;
        }
    }
    eventsieve_scratch_free(scratch);
    return NULL;
}

/* Every sieve that is put in matches exactly one of the first eight records, later ones later records. */
static void *follow(void *last) {
    eventsieve_scratch *scratch = NULL;
    eventsieve_slice records[8];
    uint8_t verdicts[8];
    eventsieve_answers answers = into(verdicts, 8);
    size_t record, at = 0;
    *(size_t *)last = 99;
    if (eventsieve_scratch_new_live(live, &scratch) != EVENTSIEVE_STATUS_OK) {
        return NULL;
    }
    for (record = 0; record < 8; record++) {
        records[record] = slice_of(texts[record]);
    }
    while (at < 7) {
        eventsieve_sieve *current = NULL;
        size_t found = 99;
        if (eventsieve_live_load(live, scratch, &current) != EVENTSIEVE_STATUS_OK ||
            eventsieve_sieve_evaluate_slices(current, scratch, records, 8, &answers) != EVENTSIEVE_STATUS_OK ||
            answers.matched_len != 1) {
            return NULL;
        }
        eventsieve_sieve_free(current);
        for (record = 0; record < 8; record++) {
            if (verdicts[record] == EVENTSIEVE_VERDICT_MATCH) {
                found = record;
            }
        }
        if (found < at) {
            return NULL;
        }
        at = found;
    }
    eventsieve_scratch_free(scratch);
    *(size_t *)last = at;
    return NULL;
}

/* Hammers the contested scratch until somebody has been refused. */
static void *contend(void *refused) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static int seen;
    eventsieve_slice records[RECORDS];
    eventsieve_answers answers = into(NULL, 0);
    size_t round, record;
    for (record = 0; record < RECORDS; record++) {
        records[record] = slice_of(texts[record]);
    }
    *(size_t *)refused = 0;
    for (round = 0; round < 1000000; round++) {
        int done;
        eventsieve_status status =
            eventsieve_sieve_evaluate_slices(sieve, contested, records, RECORDS, &answers);
        pthread_mutex_lock(&lock);
        if (status == EVENTSIEVE_STATUS_SCRATCH_IN_USE) {
            *(size_t *)refused += 1;
            seen = 1;
        } else if (status != EVENTSIEVE_STATUS_OK) {
            *(size_t *)refused = SIZE_MAX / 2;
        }
        done = seen;
        pthread_mutex_unlock(&lock);
        if (done) {
            break;
        }
    }
    return NULL;
}

void threads_suite(void) {
    eventsieve_sieve *first = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"n\": [{\"numeric\": [\"<\", 10]}]}");
    eventsieve_sieve *zero = sieve_of(EVENTSIEVE_SOURCE_RAW, "{\"n\": [0]}");
    eventsieve_live *changing = NULL;
    pthread_t threads[THREADS];
    size_t results[THREADS], thread, number, refused = 0;

    for (number = 0; number < RECORDS; number++) {
        sprintf(texts[number], "{\"pad\": [{}, 1.5e3], \"n\": %zu}", number);
    }

    sieve = first;
    for (thread = 0; thread < THREADS; thread++) {
        CHECK(pthread_create(&threads[thread], NULL, evaluate, &results[thread]) == 0);
    }
    for (thread = 0; thread < THREADS; thread++) {
        pthread_join(threads[thread], NULL);
        CHECK_SIZE(results[thread], 10 * BATCHES);
    }

    OK(eventsieve_live_new(zero, &changing));
    live = changing;
    for (thread = 0; thread < 4; thread++) {
        CHECK(pthread_create(&threads[thread], NULL, follow, &results[thread]) == 0);
    }
    for (number = 1; number < 8; number++) {
        char criteria[20];
        eventsieve_sieve *next;
        sprintf(criteria, "{\"n\": [%zu]}", number);
        next = sieve_of(EVENTSIEVE_SOURCE_RAW, criteria);
        OK(eventsieve_live_replace(live, next));
        eventsieve_sieve_free(next);
    }
    for (thread = 0; thread < 4; thread++) {
        pthread_join(threads[thread], NULL);
        CHECK_SIZE(results[thread], 7);
    }
    eventsieve_live_free(changing);

    contested = scratch_of(sieve);
    for (thread = 0; thread < 4; thread++) {
        CHECK(pthread_create(&threads[thread], NULL, contend, &results[thread]) == 0);
    }
    for (thread = 0; thread < 4; thread++) {
        pthread_join(threads[thread], NULL);
        refused += results[thread];
    }
    CHECK(refused > 0 && refused < 1000);
    /* Nobody uses it any more, and it serves again. */
    {
        eventsieve_answers answers = into(NULL, 0);
        OK(eventsieve_sieve_evaluate_slices(sieve, contested, NULL, 0, &answers));
    }
    eventsieve_scratch_free(contested);
    eventsieve_sieve_free(first);
    eventsieve_sieve_free(zero);
}
