/* Filters a batch of records in C.
 *
 *     cc -std=c11 filter.c $(pkg-config --cflags --libs eventsieve) -o filter && ./filter ../batch
 *
 * The criteria are compiled and the program is stored, as a build step might; then it is mapped, as a poller might that
 * is started often or in many processes, and runs from there: the bytes are verified and not copied. */
#define _POSIX_C_SOURCE 200809L
#include <eventsieve.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_ok(eventsieve_status status, const char *what) {
    if (status != EVENTSIEVE_STATUS_OK) {
        eventsieve_slice text = { NULL, 0 };
        eventsieve_status_text(status, &text);
        fprintf(stderr, "%s: %.*s\n", what, (int)text.len, (const char *)text.data);
        exit(1);
    }
}

/* A file in memory, for as long as the process lives. An empty one is NULL with length 0, which the library takes. */
static eventsieve_slice map(int file) {
    eventsieve_slice bytes = { NULL, 0 };
    struct stat stat;
    if (file < 0 || fstat(file, &stat) != 0) {
        perror("file");
        exit(1);
    }
    if (stat.st_size > 0) {
        void *data = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (data == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
        bytes.data = data;
        bytes.len = (size_t)stat.st_size;
    }
    close(file);
    return bytes;
}

static eventsieve_slice map_in(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return map(open(path, O_RDONLY));
}

/* Everything that is wrong with the criteria, drawn. */
static void complain(const eventsieve_errors *errors) {
    size_t needed = 0;
    uint8_t *text;
    eventsieve_errors_draw(errors, EVENTSIEVE_ALL, NULL, 0, NULL, 0, &needed);
    text = malloc(needed + 1);
    if (text != NULL && eventsieve_errors_draw(errors, EVENTSIEVE_ALL, NULL, 0, text, needed, &needed) == 0) {
        fprintf(stderr, "%.*s", (int)needed, (const char *)text);
    }
    free(text);
}

/* Compiles criteria and stores the program, in a file that has no name and goes with its descriptor. */
static int compile(eventsieve_slice criteria) {
    FILE *file = tmpfile();
    eventsieve_compile_options options = EVENTSIEVE_COMPILE_OPTIONS_INIT;
    eventsieve_sieve *sieve = NULL;
    eventsieve_program *program = NULL;
    eventsieve_errors *errors = NULL;
    eventsieve_slice bytes;
    int descriptor;
    options.source = EVENTSIEVE_SOURCE_RAW;
    if (eventsieve_sieve_compile(criteria.data, criteria.len, &options, &sieve, &errors) ==
        EVENTSIEVE_STATUS_INVALID_CRITERIA) {
        complain(errors);
        eventsieve_errors_free(errors);
        exit(1);
    }
    expect_ok(eventsieve_sieve_program(sieve, &program), "program");
    expect_ok(eventsieve_program_bytes(program, &bytes), "bytes");
    if (file == NULL || fwrite(bytes.data, 1, bytes.len, file) != bytes.len || fflush(file) != 0 ||
        (descriptor = dup(fileno(file))) < 0) {
        perror("program");
        exit(1);
    }
    fclose(file);
    eventsieve_program_free(program);
    eventsieve_sieve_free(sieve);
    return descriptor;
}

int main(int argc, char **argv) {
    const char *folder = argc > 1 ? argv[1] : "../batch";
    eventsieve_slice image = map(compile(map_in(folder, "criteria.json")));
    eventsieve_slice records = map_in(folder, "records.ndjson"), expected = map_in(folder, "verdicts.txt");
    eventsieve_run_options options = EVENTSIEVE_RUN_OPTIONS_INIT;
    eventsieve_answers answers = EVENTSIEVE_ANSWERS_INIT;
    eventsieve_program *program = NULL;
    eventsieve_sieve *sieve = NULL;
    eventsieve_scratch *scratch = NULL;
    size_t *bounds, record_len = 0, record;
    int agrees;

    expect_ok(eventsieve_program_from_borrowed_bytes(image.data, image.len, &program, NULL), "mapped program");
    options.checks = EVENTSIEVE_CHECKS_EVERY;
    expect_ok(eventsieve_sieve_from_program(program, &options, &sieve), "sieve");
    expect_ok(eventsieve_scratch_new(sieve, &scratch), "scratch");

    /* How many lines, then where they are. */
    eventsieve_find_lines(records.data, records.len, NULL, 0, &record_len);
    bounds = malloc((2 * record_len + 1) * sizeof *bounds);
    answers.verdicts = malloc(record_len + 1);
    answers.verdicts_len = record_len + 1;
    if (bounds == NULL || answers.verdicts == NULL) {
        return 1;
    }
    expect_ok(eventsieve_find_lines(records.data, records.len, bounds, 2 * record_len, &record_len), "lines");
    expect_ok(eventsieve_sieve_evaluate_ranges(sieve, scratch, records.data, records.len, bounds, 2 * record_len,
                                               &answers),
              "evaluate");

    /* The expected verdicts are digits, one a line. */
    agrees = expected.len == 2 * record_len;
    for (record = 0; agrees && record < record_len; record++) {
        agrees = expected.data[2 * record] == '0' + answers.verdicts[record];
    }
    printf("c: %zu of %zu records match%s\n", answers.matched_len, record_len, agrees ? "" : "; that is not expected");

    free(bounds);
    free(answers.verdicts);
    eventsieve_scratch_free(scratch);
    eventsieve_sieve_free(sieve);
    eventsieve_program_free(program);
    return agrees ? 0 : 1;
}
