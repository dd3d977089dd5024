/* Records in the pieces that a poller holds. */
#include "check.h"

#define N EVENTSIEVE_VERDICT_NO_MATCH
#define M EVENTSIEVE_VERDICT_MATCH

static const eventsieve_slice ABSENT = { NULL, 0 };

static void a_kafka_poller(void) {
    eventsieve_sieve *sieve =
        sieve_of(EVENTSIEVE_SOURCE_KAFKA, "{\"topic\": [\"rides\"], \"key\": [\"k1\"], \"value\": {\"km\": [7]}}");
    eventsieve_scratch *scratch = scratch_of(sieve);
    eventsieve_slice metadata[5], payload[5], key[5], delivered[5];
    uint8_t verdicts[5];
    eventsieve_pieces pieces = EVENTSIEVE_PIECES_INIT;
    eventsieve_answers answers = into(verdicts, 5);
    size_t record;
    for (record = 0; record < 5; record++) {
        metadata[record] = slice_of("{\"topic\": \"rides\"}");
        payload[record] = slice_of("{\"km\": 7}");
        key[record] = slice_of("k1");
        delivered[record] = ABSENT;
    }
    payload[1] = slice_of("{\"km\": 8}");
    key[2] = ABSENT;
    payload[3] = ABSENT; /* A tombstone: topic and key decide. */
    metadata[4] = payload[4] = key[4] = ABSENT;
    delivered[4] = slice_of("{\"topic\": \"rides\", \"key\": \"azE=\", \"value\": \"eyJrbSI6N30=\"}");
    pieces.record_len = 5;
    pieces.delivered = delivered;
    pieces.metadata = metadata;
    pieces.payload = payload;
    pieces.key = key;
    OK(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    CHECK(verdicts[0] == M && verdicts[1] == N && verdicts[2] == N && verdicts[3] == M && verdicts[4] == M);
    CHECK(answers.record_len == 5 && answers.matched_len == 3);

    /* The same in base64. */
    payload[0] = slice_of("eyJrbSI6N30=");
    key[0] = slice_of("azE=");
    pieces.record_len = 1;
    pieces.payload_encoding = EVENTSIEVE_ENCODING_BASE64;
    pieces.key_encoding = EVENTSIEVE_ENCODING_BASE64;
    OK(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    CHECK(verdicts[0] == M);

    /* Either delivered or in pieces. */
    delivered[0] = delivered[4];
    CHECK_STATUS(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers), EVENTSIEVE_STATUS_INVALID_VALUE);
    pieces.key_encoding = 2;
    CHECK_STATUS(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers), EVENTSIEVE_STATUS_INVALID_VALUE);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
}

static void an_sqs_poller_hears_of_broken_bodies(void) {
    eventsieve_sieve *sieve = sieve_of(EVENTSIEVE_SOURCE_SQS, "{\"body\": {\"n\": [1]}}");
    eventsieve_scratch *scratch = scratch_of(sieve);
    eventsieve_slice body[4];
    uint8_t verdicts[4], reasons[4];
    eventsieve_pieces pieces = EVENTSIEVE_PIECES_INIT;
    eventsieve_answers answers = into(verdicts, 4);
    body[0] = slice_of("{\"n\": 1}");
    body[1] = slice_of("{\"n\": 2}");
    body[2] = slice_of("n is one");
    body[3] = slice_of("");
    pieces.record_len = 4;
    pieces.payload = body;
    answers.reasons = reasons;
    answers.reasons_len = 4;
    OK(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    CHECK(reasons[0] == EVENTSIEVE_REASON_DELIVERED && reasons[1] == EVENTSIEVE_REASON_FILTERED_OUT);
    CHECK(reasons[2] == EVENTSIEVE_REASON_PAYLOAD_NOT_JSON && reasons[3] == EVENTSIEVE_REASON_PAYLOAD_NOT_JSON);

    pieces.record_len = 0;
    pieces.payload = NULL;
    OK(eventsieve_sieve_evaluate_pieces(sieve, scratch, &pieces, &answers));
    CHECK_SIZE(answers.record_len, 0);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
}

void pieces_suite(void) {
    a_kafka_poller();
    an_sqs_poller_hears_of_broken_bodies();
}
