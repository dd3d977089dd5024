/*
 * eventsieve: evaluates AWS Lambda event filters. For C99 and later, and C++; `eventsieve.hpp` is for C++17.
 *
 * Generated from the library's source; do not edit.
 *
 * THE WAY OF A PROGRAM
 *
 *     compile criteria once       eventsieve_sieve_compile         -> a sieve, shared by all threads
 *     for each thread             eventsieve_scratch_new           -> its memory
 *     for each batch              eventsieve_sieve_evaluate_...    -> a verdict a record, in your buffer
 *
 * CALLING CONVENTIONS, which hold for every function
 *
 * Names. `eventsieve_<type>_<verb>` is a method of <type>. Itself comes first, then inputs, then outputs.
 *
 * Status. Functions return an `eventsieve_status`, but for `_free` and the few that say so; 0 is success. Each
 * lists what it may return; PANIC is possible everywhere and means a defect of the library, which stays usable. The
 * panic's message goes to stderr, as Rust has it. After any other status than OK, outputs hold what the function
 * says, or else nothing to rely on, but never a handle to free. A struct may be written to before a later argument
 * is found wrong.
 *
 * Handles are opaque. Who gets one through a `..._out` frees it, once, with the `_free` of its type, in any order:
 * what was made from it lives on. `_free(NULL)` does nothing. A handle that has been freed cannot be told from one
 * that was not, and using it is undefined, as in all of C.
 *
 * Threads. A `const` handle may be used by any number of threads at once, without locks. A scratch serves one
 * thread at a time; if two meet in one, the second gets SCRATCH_IN_USE. No other thread may use what is being
 * freed.
 *
 * Memory. You own every buffer that you pass, and nothing of it is kept after the call, with one exception that is
 * spelt out: `eventsieve_program_from_borrowed_bytes`. Inputs must not change during a call; outputs must not
 * overlap anything else that is passed. Pointers have the alignment of their type. Slices that you are given are
 * views: each function says how long they are valid.
 *
 * NULL. A NULL array with length 0 is empty, a NULL buffer with length 0 is none. Outputs that are documented as
 * such may be NULL. Any other NULL is NULL_POINTER. Handles and outputs are not otherwise checked: they must be
 * what their type says.
 *
 * Sizes. A result of a size that is not known goes into a buffer of yours: ask with NULL and 0, get
 * BUFFER_TOO_SMALL and the size, and ask again; or bring a buffer that is large enough and call once.
 *
 * Structs with a member `size` may get more members at their end. Initialise them with their `_INIT` macro, which
 * sets `size`; so programs that were compiled before go on working. A later struct is taken by an earlier library
 * if what that does not know is zero.
 *
 * Text is UTF-8, with a length and without a terminating NUL, unless a function says otherwise. Numbers of enums
 * never change their meaning and are not used again; new ones may come.
 *
 * Running out of memory or of stack ends the process. Nothing is read from the environment, no thread is started,
 * nothing is global.
 */


#ifndef EVENTSIEVE_H
#define EVENTSIEVE_H

#include <stddef.h>
#include <stdint.h>

#define EVENTSIEVE_VERSION "0.1.0"
#define EVENTSIEVE_VERSION_NUMBER (0 << 16 | 1 << 8 | 0)
/* For `filter` and the places in `eventsieve_error`: it has none. */
#define EVENTSIEVE_NONE SIZE_MAX
/* For `eventsieve_errors_draw`: all errors. */
#define EVENTSIEVE_ALL SIZE_MAX
/* For `complexity_limit`: no limit. */
#define EVENTSIEVE_UNLIMITED UINT32_MAX

#define EVENTSIEVE_COMPILE_OPTIONS_INIT { sizeof(eventsieve_compile_options), 0, 0, 0, 0, 0, 0 }
#define EVENTSIEVE_RUN_OPTIONS_INIT { sizeof(eventsieve_run_options), 0, 0 }
#define EVENTSIEVE_PIECES_INIT { sizeof(eventsieve_pieces), 0, NULL, NULL, NULL, NULL, 0, 0 }
#define EVENTSIEVE_ANSWERS_INIT { sizeof(eventsieve_answers), NULL, 0, NULL, 0, NULL, 0, 0, 0 }
#define EVENTSIEVE_ERROR_INIT                                                                      \
    { sizeof(eventsieve_error), { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 },   \
      0, 0, 0, 0, 0, 0, 0, 0, 0 }


// What a call came to. A number never changes its meaning, and is not used again if a status goes; new ones may come.
//
// Below 100: an answer about what was handed in. From 100: misuse. From 200: a fault of the library.
enum eventsieve_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It worked.
    EVENTSIEVE_STATUS_OK = 0,
    // The criteria do not compile; `errors_out` says why.
    EVENTSIEVE_STATUS_INVALID_CRITERIA = 1,
    // The bytes are no program that this library can run; `errors_out` says why.
    EVENTSIEVE_STATUS_INVALID_PROGRAM = 2,
    // The event is no envelope of the sieve's source; `errors_out` says why.
    EVENTSIEVE_STATUS_INVALID_ENVELOPE = 3,
    // The record is no valid JSON object, or exceeds a limit.
    EVENTSIEVE_STATUS_MALFORMED = 4,
    // A buffer is too small; the size that would do has been set. Nothing was written to the buffer.
    EVENTSIEVE_STATUS_BUFFER_TOO_SMALL = 5,
    // Nothing in the document tells its source.
    EVENTSIEVE_STATUS_UNKNOWN_SOURCE = 6,
    // A pointer that must not be NULL is.
    EVENTSIEVE_STATUS_NULL_POINTER = 100,
    // The `size` of a struct is not that of a struct of this version, or of a later one whose new members are zero.
    EVENTSIEVE_STATUS_WRONG_SIZE = 101,
    // A number that stands for none of the values there are, or a reserved member that is not zero.
    EVENTSIEVE_STATUS_INVALID_VALUE = 102,
    // A length that no object in memory can have.
    EVENTSIEVE_STATUS_INVALID_LENGTH = 103,
    // Offsets that descend, are negative or leave the buffer.
    EVENTSIEVE_STATUS_INVALID_OFFSETS = 104,
    // There is no element of that number.
    EVENTSIEVE_STATUS_OUT_OF_RANGE = 105,
    // The scratch was made for another program.
    EVENTSIEVE_STATUS_FOREIGN_SCRATCH = 106,
    // Another thread is using the scratch.
    EVENTSIEVE_STATUS_SCRATCH_IN_USE = 107,
    // The scratch met a panic earlier and may only be freed.
    EVENTSIEVE_STATUS_SCRATCH_RETIRED = 108,
    // A defect of the library, which is otherwise unharmed; please report it.
    EVENTSIEVE_STATUS_PANIC = 200,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_status eventsieve_status;
#else
typedef uint32_t eventsieve_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Where records come from, and so what a filter sees of one.
enum eventsieve_source
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // The record is what the pattern sees.
    EVENTSIEVE_SOURCE_RAW = 0,
    // Amazon SQS.
    EVENTSIEVE_SOURCE_SQS = 1,
    // Amazon Kinesis Data Streams.
    EVENTSIEVE_SOURCE_KINESIS = 2,
    // Amazon DynamoDB Streams.
    EVENTSIEVE_SOURCE_DYNAMODB = 3,
    // Amazon MSK.
    EVENTSIEVE_SOURCE_MSK = 4,
    // Self-managed Apache Kafka.
    EVENTSIEVE_SOURCE_KAFKA = 5,
    // Amazon MQ for ActiveMQ.
    EVENTSIEVE_SOURCE_ACTIVEMQ = 6,
    // Amazon MQ for RabbitMQ.
    EVENTSIEVE_SOURCE_RABBITMQ = 7,
    // Amazon DocumentDB.
    EVENTSIEVE_SOURCE_DOCUMENTDB = 8,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_source eventsieve_source;
#else
typedef uint32_t eventsieve_source;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which operators and limits are legal.
enum eventsieve_dialect
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // That of the source: `eventbridge` for raw records, `lambda` for all others.
    EVENTSIEVE_DIALECT_DEFAULT = 0,
    // Filter criteria of a Lambda event source mapping.
    EVENTSIEVE_DIALECT_LAMBDA = 1,
    // Filter criteria of an EventBridge pipe.
    EVENTSIEVE_DIALECT_PIPES = 2,
    // Event pattern of an EventBridge rule: every operator.
    EVENTSIEVE_DIALECT_EVENTBRIDGE = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_dialect eventsieve_dialect;
#else
typedef uint32_t eventsieve_dialect;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Which records are proved to be valid JSON. A match always is, unless records are trusted.
enum eventsieve_checks
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // Those that would match: a malformed record that no filter lets through may come out as NO_MATCH.
    EVENTSIEVE_CHECKS_MATCHES = 0,
    // All: every malformed record comes out as MALFORMED. Slower.
    EVENTSIEVE_CHECKS_EVERY = 1,
    // None: records are trusted to be JSON and to repeat no key, so that a record is not read on once every field that a
    // filter asks about was met. On other records the verdict may be wrong; nothing worse comes of it.
    EVENTSIEVE_CHECKS_TRUSTED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_checks eventsieve_checks;
#else
typedef uint32_t eventsieve_checks;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// The answer for a record. In buffers it takes one byte.
enum eventsieve_verdict
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No filter matched: the record is dropped.
    EVENTSIEVE_VERDICT_NO_MATCH = 0,
    // At least one filter matched: the record is delivered.
    EVENTSIEVE_VERDICT_MATCH = 1,
    // The record is no valid JSON object, or exceeds a limit: it is dropped.
    EVENTSIEVE_VERDICT_MALFORMED = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_verdict eventsieve_verdict;
#else
typedef uint32_t eventsieve_verdict;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Why a record is dropped. In buffers it takes one byte.
enum eventsieve_reason
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // It is not dropped.
    EVENTSIEVE_REASON_DELIVERED = 0,
    // No filter matched it.
    EVENTSIEVE_REASON_FILTERED_OUT = 1,
    // No filter matched it, and its payload is no JSON although a filter asks for JSON: more likely broken than
    // unwanted.
    EVENTSIEVE_REASON_PAYLOAD_NOT_JSON = 2,
    // The record itself is malformed.
    EVENTSIEVE_REASON_MALFORMED = 3,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_reason eventsieve_reason;
#else
typedef uint32_t eventsieve_reason;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What stands in the way of a program: see `eventsieve_error`.
enum eventsieve_severity
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No program comes of it.
    EVENTSIEVE_SEVERITY_ERROR = 0,
    // Legal, but probably not what was meant, or not sure to work everywhere.
    EVENTSIEVE_SEVERITY_WARNING = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_severity eventsieve_severity;
#else
typedef uint32_t eventsieve_severity;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// How payloads are written.
enum eventsieve_encoding
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // As they are.
    EVENTSIEVE_ENCODING_PLAIN = 0,
    // In base64 (RFC 4648, padded).
    EVENTSIEVE_ENCODING_BASE64 = 1,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_encoding eventsieve_encoding;
#else
typedef uint32_t eventsieve_encoding;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// What is left of an envelope.
enum eventsieve_kept
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
    // No record: the function would not be invoked.
    EVENTSIEVE_KEPT_NOTHING = 0,
    // Some records: what stays was written to the buffer.
    EVENTSIEVE_KEPT_SOME = 1,
    // Every record: the event stays as it is, and nothing was written.
    EVENTSIEVE_KEPT_EVERYTHING = 2,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum eventsieve_kept eventsieve_kept;
#else
typedef uint32_t eventsieve_kept;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// Everything that was found wrong, or the warnings of a sieve that compiled. Immutable: threads may share it.
typedef struct eventsieve_errors eventsieve_errors;

// A sieve that can be replaced while threads evaluate with it. Threads may share it: all functions but `_free` may run
// at once.
typedef struct eventsieve_live eventsieve_live;

// A compiled program: flat bytes that were verified. Immutable: threads may share it.
typedef struct eventsieve_program eventsieve_program;

// The memory one thread evaluates with: make one per thread and use it again. Two threads at once are refused
// (SCRATCH_IN_USE). Grows to the largest batch and record it meets, then allocates no more.
typedef struct eventsieve_scratch eventsieve_scratch;

// Criteria compiled for a source, ready to run. Immutable: threads may share it, each with a scratch of its own.
typedef struct eventsieve_sieve eventsieve_sieve;

// Bytes: an input that the caller keeps, or a view into a handle. Text is UTF-8 and has no terminating NUL.
typedef struct {
    // The first byte; may be NULL if `len` is 0.
    const uint8_t *data;
    // Number of bytes.
    size_t len;
} eventsieve_slice;

// One thing that is wrong, or doubtful. Begin with `EVENTSIEVE_ERROR_INIT`. All slices are views into the errors they
// come from; one without `data` is absent. Numbers that do not apply are `EVENTSIEVE_NONE`.
typedef struct {
    // `sizeof(eventsieve_error)`.
    size_t size;
    // What is wrong and what would be legal; one lower-case clause.
    eventsieve_slice message;
    // A stable name for scripts, such as `unknown-operator`.
    eventsieve_slice code;
    // What to write instead, where that is clear.
    eventsieve_slice help;
    // The full text that EventBridge answers with; absent unless criteria are at fault.
    eventsieve_slice aws_message;
    // The text that the Lambda API answers with, where it is known.
    eventsieve_slice lambda_message;
    // The filter it is in, counted from 0.
    size_t filter;
    // Where it begins: a byte of the filter's pattern, if it is in one; of programs and events, a byte of these.
    size_t span_start;
    // The byte where it ends, which is no more part of it.
    size_t span_end;
    // Where it begins in the text of the criteria.
    size_t criteria_start;
    // The byte where it ends there.
    size_t criteria_end;
    // Line of `criteria_start`, counted from 1.
    size_t line;
    // Column of `criteria_start` in characters, counted from 1.
    size_t column;
    // An `eventsieve_severity`.
    uint32_t severity;
    // 0.
    uint32_t reserved;
} eventsieve_error;

// How criteria are compiled. Begin with `EVENTSIEVE_COMPILE_OPTIONS_INIT`: raw records, all defaults.
typedef struct {
    // `sizeof(eventsieve_compile_options)`.
    size_t size;
    // An `eventsieve_source`.
    uint32_t source;
    // An `eventsieve_dialect`.
    uint32_t dialect;
    // 1: warnings are errors. 0: they are not.
    uint32_t strict;
    // An `eventsieve_checks`.
    uint32_t checks;
    // Highest accepted complexity of the wildcards on one path; 0 for the service's, which is 10;
    // `EVENTSIEVE_UNLIMITED` for no limit.
    uint32_t complexity_limit;
    // 0.
    uint32_t reserved;
} eventsieve_compile_options;

// How a program is run. Begin with `EVENTSIEVE_RUN_OPTIONS_INIT`.
typedef struct {
    // `sizeof(eventsieve_run_options)`.
    size_t size;
    // An `eventsieve_checks`.
    uint32_t checks;
    // 0.
    uint32_t reserved;
} eventsieve_run_options;

// Where the answers of a batch go. Begin with `EVENTSIEVE_ANSWERS_INIT` and set the buffers of the answers you want;
// the others stay NULL with length 0. A buffer that is not NULL is wanted, so one without a length is too small for any
// record. A struct can be used for any number of batches.
typedef struct {
    // `sizeof(eventsieve_answers)`.
    size_t size;
    // For every record an `eventsieve_verdict`.
    uint8_t *verdicts;
    // Bytes there is room for; at least one a record.
    size_t verdicts_len;
    // For every record the filters that matched it, as a row of ceil(filters / 64) words: filter number `f` is bit `f
    // % 64` of word `f / 64`. Zero for records that did not match, and for those that passed because there are no
    // filters.
    uint64_t *filters;
    // Words there is room for; at least a row a record.
    size_t filters_len;
    // For every record an `eventsieve_reason`.
    uint8_t *reasons;
    // Bytes there is room for; at least one a record.
    size_t reasons_len;
    // Set: records in the batch, also where a buffer was too small.
    size_t record_len;
    // Set: records that matched.
    size_t matched_len;
} eventsieve_answers;

// Records in the pieces that a poller holds, column by column. Begin with `EVENTSIEVE_PIECES_INIT`.
//
// Each column is NULL or an array of `record_len` slices, and not all are NULL if there are records; a slice whose
// `data` is NULL is a piece that the record does not have (an empty piece has some other pointer and length 0). A
// record is either delivered, or made of the other pieces.
typedef struct {
    // `sizeof(eventsieve_pieces)`.
    size_t size;
    // Number of records.
    size_t record_len;
    // Records as a function receives them: one JSON object each, payload and all.
    const eventsieve_slice *delivered;
    // JSON objects whose members are metadata.
    const eventsieve_slice *metadata;
    // Payloads: what filters see under `body` (SQS), `data` (Kinesis, MQ) or `value` (Kafka).
    const eventsieve_slice *payload;
    // Keys of Kafka records: what filters see under `key`.
    const eventsieve_slice *key;
    // An `eventsieve_encoding`, of all payloads.
    uint32_t payload_encoding;
    // An `eventsieve_encoding`, of all keys.
    uint32_t key_encoding;
} eventsieve_pieces;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The name of a status, such as `EVENTSIEVE_STATUS_OK`.
//
// `name_out`: valid for ever. INVALID_VALUE if there is no such status, NULL_POINTER.
eventsieve_status eventsieve_status_name(uint32_t status, eventsieve_slice *name_out);

// What a status means, in words, and what to do.
//
// `text_out`: valid for ever. INVALID_VALUE if there is no such status, NULL_POINTER.
eventsieve_status eventsieve_status_text(uint32_t status, eventsieve_slice *text_out);

// Frees errors, and with them all texts they gave out. NULL is fine.
void eventsieve_errors_free(eventsieve_errors *errors);

// How many errors there are.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_errors_len(const eventsieve_errors *errors, size_t *len_out);

// Error number `index`: those of the first filter come first, and of one filter those that the service would meet
// first.
//
// `error`: its `size` is read, everything that this library knows is set. The slices in it are valid until `errors` is
// freed.
//
// Returns OK, OUT_OF_RANGE, WRONG_SIZE, NULL_POINTER.
eventsieve_status eventsieve_errors_get(const eventsieve_errors *errors,
                                        size_t index,
                                        eventsieve_error *error);

// Draws errors: what, where (with the text and carets under the place), help. Lines end with a line feed.
//
// `index`: which one, or `EVENTSIEVE_ALL`, with an empty line between two.
// `name`: the file that the text came from, in UTF-8; NULL with length 0 if it has none.
// `buffer`: gets the text, which has no terminating NUL. `needed_out`: is set to its size.
//
// Returns OK, BUFFER_TOO_SMALL, OUT_OF_RANGE, INVALID_VALUE (the name is not UTF-8), INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_errors_draw(const eventsieve_errors *errors,
                                         size_t index,
                                         const uint8_t *name,
                                         size_t name_len,
                                         uint8_t *buffer,
                                         size_t buffer_len,
                                         size_t *needed_out);

// Loads a program from its bytes, which are verified and copied.
//
// Hostile bytes are refused or harmless: no program that loads can make an evaluation crash or run for ever. `data`
// may lie at any address, without alignment.
//
// `program_out`: the program, for the caller to free; NULL if the call fails.
// `errors_out`: NULL if not wanted; the errors, for the caller to free, if the bytes are no program; set to NULL after
// any other status.
//
// Returns OK, INVALID_PROGRAM, INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_program_from_bytes(const uint8_t *data,
                                                size_t len,
                                                eventsieve_program **program_out,
                                                eventsieve_errors **errors_out);

// Loads a program from bytes that are verified and not copied: those of a mapped file, say.
//
// **The bytes must stay where they are, unchanged, until the program and everything that was made from it is freed:**
// sieves, scratches, live handles, programs taken out of sieves, and whatever was made from these. A file that others
// may write to while it is mapped does not give that promise. For such, use `eventsieve_program_from_bytes`.
//
// Outputs and statuses as for `eventsieve_program_from_bytes`.
eventsieve_status eventsieve_program_from_borrowed_bytes(const uint8_t *data,
                                                         size_t len,
                                                         eventsieve_program **program_out,
                                                         eventsieve_errors **errors_out);

// Frees a program; sieves made from it live on. NULL is fine.
void eventsieve_program_free(eventsieve_program *program);

// The bytes, to store or ship. The same criteria and options give the same bytes on every platform.
//
// `bytes_out`: a view into the program, valid until it is freed.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_program_bytes(const eventsieve_program *program,
                                           eventsieve_slice *bytes_out);

// Number of filters.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_program_filter_len(const eventsieve_program *program,
                                                size_t *filter_len_out);

// Where its records come from: an `eventsieve_source`.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_program_source(const eventsieve_program *program,
                                            uint32_t *source_out);

// The dialect its criteria were written in: an `eventsieve_dialect`, never DEFAULT.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_program_dialect(const eventsieve_program *program,
                                             uint32_t *dialect_out);

// The program as a listing for people. Its form may change.
//
// `buffer`: gets the text, which has no terminating NUL. `needed_out`: is set to its size.
//
// Returns OK, BUFFER_TOO_SMALL, INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_program_disasm(const eventsieve_program *program,
                                            uint8_t *buffer,
                                            size_t buffer_len,
                                            size_t *needed_out);

// Compiles criteria.
//
// `criteria`: UTF-8; the object that the Lambda API takes (`{"Filters": [{"Pattern": "…"}]}`), a list of patterns, or
// one pattern. Not kept.
// `options`: for which source and how. Not kept.
// `sieve_out`: the sieve, for the caller to free; NULL if the call fails.
// `errors_out`: NULL if not wanted; everything wrong with the criteria, for the caller to free, if they are invalid;
// set to NULL after any other status. Warnings are in `eventsieve_sieve_warnings`.
//
// A pattern that is nested to the limit of 1,000 takes half a megabyte of the thread's stack; threads of some systems
// have less unless told otherwise. Evaluation does not recurse.
//
// Returns OK, INVALID_CRITERIA, WRONG_SIZE, INVALID_VALUE, INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_sieve_compile(const uint8_t *criteria,
                                           size_t criteria_len,
                                           const eventsieve_compile_options *options,
                                           eventsieve_sieve **sieve_out,
                                           eventsieve_errors **errors_out);

// Makes a sieve of a program that was compiled before.
//
// `options`: how it is run. Not kept.
// `sieve_out`: the sieve, for the caller to free; NULL if the call fails. `program` may be freed first.
//
// Returns OK, WRONG_SIZE, INVALID_VALUE, NULL_POINTER.
eventsieve_status eventsieve_sieve_from_program(const eventsieve_program *program,
                                                const eventsieve_run_options *options,
                                                eventsieve_sieve **sieve_out);

// Frees a sieve. Scratches and live handles made from it live on. NULL is fine.
void eventsieve_sieve_free(eventsieve_sieve *sieve);

// The program inside, to store or ship.
//
// `program_out`: a program of its own, for the caller to free; NULL if the call fails. It borrows the same bytes if the
// sieve was made of borrowed ones.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_sieve_program(const eventsieve_sieve *sieve,
                                           eventsieve_program **program_out);

// What the dialect had to say about criteria that it nevertheless took.
//
// `warnings_out`: the warnings, for the caller to free; without any if there was nothing to say, or the sieve came
// from a program. NULL if the call fails.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_sieve_warnings(const eventsieve_sieve *sieve,
                                            eventsieve_errors **warnings_out);

// Number of filters.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_sieve_filter_len(const eventsieve_sieve *sieve,
                                              size_t *filter_len_out);

// Where its records come from: an `eventsieve_source`.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_sieve_source(const eventsieve_sieve *sieve, uint32_t *source_out);

// Why a record is malformed, and where. The payload inside is not looked at.
//
// `offset_out`: is set to the first byte that no acceptable record could have there, or to `record_len` where the
// record ends too early.
// `buffer`: gets the reason, which has no terminating NUL; NULL with length 0 if it is not wanted. What does not fit
// is left out; 128 bytes hold every reason. `needed_out`: is set to the size of the reason.
//
// Returns OK if the record is valid (then nothing but zeros is set), MALFORMED, INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_sieve_check(const eventsieve_sieve *sieve,
                                         const uint8_t *record,
                                         size_t record_len,
                                         size_t *offset_out,
                                         uint8_t *buffer,
                                         size_t buffer_len,
                                         size_t *needed_out);

// Makes a scratch for a sieve, and for any other sieve of the same program.
//
// `scratch_out`: the scratch, for the caller to free; NULL if the call fails.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_scratch_new(const eventsieve_sieve *sieve,
                                         eventsieve_scratch **scratch_out);

// Makes a scratch for a live handle. `eventsieve_live_load` fits it to the sieve of the moment.
//
// `scratch_out`: the scratch, for the caller to free; NULL if the call fails.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_scratch_new_live(const eventsieve_live *live,
                                              eventsieve_scratch **scratch_out);

// Frees a scratch. NULL is fine. No thread may be using it.
void eventsieve_scratch_free(eventsieve_scratch *scratch);

// Evaluates records that lie anywhere, one a slice.
//
// A record of a source that has payloads is what a function receives, one JSON object with the payload inside; for
// payloads alone, as a poller gets them, there is `eventsieve_sieve_evaluate_pieces`.
//
// `records`: `record_len` slices; neither they nor the bytes are kept. A slice without `data` is an empty record.
// `answers`: where the answers go.
//
// Allocates nothing once the scratch has met a batch and a record as large.
//
// Returns OK (also for malformed records, which are a verdict), BUFFER_TOO_SMALL (`record_len` of the answers is set,
// nothing is evaluated), WRONG_SIZE, INVALID_LENGTH, FOREIGN_SCRATCH, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
eventsieve_status eventsieve_sieve_evaluate_slices(const eventsieve_sieve *sieve,
                                                   eventsieve_scratch *scratch,
                                                   const eventsieve_slice *records,
                                                   size_t record_len,
                                                   eventsieve_answers *answers);

// Evaluates records that lie one behind the other in one buffer: record `i` is the bytes from `offsets[i]` up to
// `offsets[i + 1]`.
//
// `offsets`: one more than there are records, ascending; neither they nor the bytes are kept. None at all is an empty
// batch. The first need not be 0.
// `answers`: where the answers go.
//
// This is the fastest form: the buffer is searched as a whole, and nothing is converted. Allocates nothing once the
// scratch is warm.
//
// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_OFFSETS.
eventsieve_status eventsieve_sieve_evaluate_offsets(const eventsieve_sieve *sieve,
                                                    eventsieve_scratch *scratch,
                                                    const uint8_t *data,
                                                    size_t data_len,
                                                    const size_t *offsets,
                                                    size_t offsets_len,
                                                    eventsieve_answers *answers);

// As `eventsieve_sieve_evaluate_offsets`, with offsets as Apache Arrow's `Utf8` and `Binary` arrays have them. The
// offsets are converted into memory of the scratch, the bytes stay where they are.
//
// An array that is a slice of another passes its offsets from its own first element on, and the whole buffer.
eventsieve_status eventsieve_sieve_evaluate_offsets32(const eventsieve_sieve *sieve,
                                                      eventsieve_scratch *scratch,
                                                      const uint8_t *data,
                                                      size_t data_len,
                                                      const int32_t *offsets,
                                                      size_t offsets_len,
                                                      eventsieve_answers *answers);

// As `eventsieve_sieve_evaluate_offsets`, with offsets as Apache Arrow's `LargeUtf8` and `LargeBinary` arrays have
// them.
eventsieve_status eventsieve_sieve_evaluate_offsets64(const eventsieve_sieve *sieve,
                                                      eventsieve_scratch *scratch,
                                                      const uint8_t *data,
                                                      size_t data_len,
                                                      const int64_t *offsets,
                                                      size_t offsets_len,
                                                      eventsieve_answers *answers);

// Evaluates records that lie in one buffer with other bytes between them: those that `eventsieve_find_lines` has
// found, say.
//
// `bounds`: two numbers a record, where it begins and where it ends; they ascend and records do not overlap. Not kept.
// `bounds_len`: twice the number of records.
// `answers`: where the answers go.
//
// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_OFFSETS (also for an odd number of bounds).
eventsieve_status eventsieve_sieve_evaluate_ranges(const eventsieve_sieve *sieve,
                                                   eventsieve_scratch *scratch,
                                                   const uint8_t *data,
                                                   size_t data_len,
                                                   const size_t *bounds,
                                                   size_t bounds_len,
                                                   eventsieve_answers *answers);

// Evaluates records as a poller holds them: delivered, or in pieces that are not put together for this.
//
// `pieces`: columns of slices; neither they nor the bytes are kept. If there are records, one column at least.
// `answers`: where the answers go.
//
// Allocates nothing once the scratch is warm.
//
// Returns what `eventsieve_sieve_evaluate_slices` returns, and INVALID_VALUE (an encoding that is none, or a delivered
// record with other pieces).
eventsieve_status eventsieve_sieve_evaluate_pieces(const eventsieve_sieve *sieve,
                                                   eventsieve_scratch *scratch,
                                                   const eventsieve_pieces *pieces,
                                                   eventsieve_answers *answers);

// Finds the records of a text that has one a line (NDJSON). Lines that hold nothing but white space are none.
//
// `bounds`: gets two numbers a record, where it begins and where it ends, for `eventsieve_sieve_evaluate_ranges`. The
// line feed is not part of a record, a carriage return before it is (and is white space to JSON).
// `bounds_len`: how many numbers there is room for. `record_len_out`: is set to the number of records.
//
// Returns OK, BUFFER_TOO_SMALL (twice `record_len_out` numbers are needed), INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_find_lines(const uint8_t *data,
                                        size_t data_len,
                                        size_t *bounds,
                                        size_t bounds_len,
                                        size_t *record_len_out);

// Filters an event: what stays is the event with the records that match, every other byte as it was. Topics and queues
// that lose all their records are left out.
//
// `event`: an envelope of the sieve's source. Not kept.
// `buffer`: gets what stays, if some records do and others do not. One of `event_len` bytes is always large enough.
// `needed_out`: is set to the size of what stays; 0 if nothing does, `event_len` if everything does.
// `kept_out`: is set to an `eventsieve_kept`. EVERYTHING: nothing was written, go on with `event`. NOTHING: the
// function would not be invoked.
// `errors_out`: NULL if not wanted; why the event is no envelope, for the caller to free; set to NULL after any other
// status.
//
// Returns OK, INVALID_ENVELOPE, BUFFER_TOO_SMALL (`needed_out` and `kept_out` are set), INVALID_LENGTH,
// FOREIGN_SCRATCH, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
eventsieve_status eventsieve_sieve_filter_envelope(const eventsieve_sieve *sieve,
                                                   eventsieve_scratch *scratch,
                                                   const uint8_t *event,
                                                   size_t event_len,
                                                   uint8_t *buffer,
                                                   size_t buffer_len,
                                                   size_t *needed_out,
                                                   uint32_t *kept_out,
                                                   eventsieve_errors **errors_out);

// The source that a document names, be it an envelope or a delivered record.
//
// `source_out`: is set to an `eventsieve_source`. MSK and self-managed Kafka are seen alike by filters, and are not
// told apart where the document does not say.
//
// Returns OK, UNKNOWN_SOURCE (nothing tells, or it is no valid JSON object), INVALID_LENGTH, NULL_POINTER.
eventsieve_status eventsieve_find_source(const uint8_t *document,
                                         size_t document_len,
                                         uint32_t *source_out);

// Begins with a sieve.
//
// `live_out`: for the caller to free; NULL if the call fails. `sieve` may be freed at once.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_live_new(const eventsieve_sieve *sieve, eventsieve_live **live_out);

// Puts another sieve in the place of the one before. Nobody waits: threads work on with the one that they loaded,
// until they load again.
//
// `sieve` may be freed at once.
//
// Returns OK, NULL_POINTER.
eventsieve_status eventsieve_live_replace(const eventsieve_live *live,
                                          const eventsieve_sieve *sieve);

// The sieve of the moment, and memory for it in the scratch: call it before every batch. It allocates only if the
// sieve was replaced.
//
// `sieve_out`: the sieve, for the caller to free with `eventsieve_sieve_free` after the batch, which costs no more than
// counting down; NULL if the call fails. Use it with that scratch, until that is fitted to another.
//
// Returns OK, SCRATCH_IN_USE, SCRATCH_RETIRED, NULL_POINTER.
eventsieve_status eventsieve_live_load(const eventsieve_live *live,
                                       eventsieve_scratch *scratch,
                                       eventsieve_sieve **sieve_out);

// Frees a live handle. Sieves that were loaded from it live on. NULL is fine.
void eventsieve_live_free(eventsieve_live *live);

// The version of the library that runs, as text with a terminating NUL; `EVENTSIEVE_VERSION` is that of the header.
// Valid for ever.
const char *eventsieve_version(void);

// The version of the library that runs, as a number that can be compared: major << 16 | minor << 8 | patch.
uint32_t eventsieve_version_number(void);

// Whether this build has an optional part: 1 or 0. `name` ends with a NUL. Known names: `envelopes`, `live`, `pieces`,
// which are there, and `explain` (telling why a record got its verdict), which is not yet. Any other name, and NULL,
// give 0.
int eventsieve_has_feature(const char *name);

// The name of an `eventsieve_source`, such as `sqs`.
//
// `name_out`: valid for ever.
//
// Returns OK, INVALID_VALUE, NULL_POINTER.
eventsieve_status eventsieve_source_name(uint32_t source, eventsieve_slice *name_out);

// The name of an `eventsieve_dialect`, such as `lambda`. DEFAULT has none.
//
// `name_out`: valid for ever.
//
// Returns OK, INVALID_VALUE, NULL_POINTER.
eventsieve_status eventsieve_dialect_name(uint32_t dialect, eventsieve_slice *name_out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EVENTSIEVE_H */
