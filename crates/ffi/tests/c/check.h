/* What all suites use. Every check that fails is told, and the program ends with 1. */
#ifndef CHECK_H
#define CHECK_H

#include <eventsieve.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A string constant as a pointer and a length. */
#define TEXT(literal) (const uint8_t *)(literal), sizeof(literal) - 1

#define CHECK(condition) check_that((condition) != 0, #condition, __FILE__, __LINE__)
#define CHECK_SIZE(found, expected) check_size((size_t)(found), (size_t)(expected), #found, __FILE__, __LINE__)
#define CHECK_STATUS(call, expected) check_status((call), (expected), #call, __FILE__, __LINE__)
#define OK(call) CHECK_STATUS(call, EVENTSIEVE_STATUS_OK)
#define CHECK_TEXT(slice, expected) check_text((slice), (expected), #slice, __FILE__, __LINE__)

void check_that(int holds, const char *what, const char *file, int line);
void check_size(size_t found, size_t expected, const char *what, const char *file, int line);
void check_status(uint32_t found, uint32_t expected, const char *what, const char *file, int line);
void check_text(eventsieve_slice found, const char *expected, const char *what, const char *file, int line);

/* A sieve for a source with defaults, from criteria that compile. */
eventsieve_sieve *sieve_of(uint32_t source, const char *criteria);
eventsieve_scratch *scratch_of(const eventsieve_sieve *sieve);
eventsieve_slice slice_of(const char *text);
/* Answers with a buffer for verdicts. */
eventsieve_answers into(uint8_t *verdicts, size_t verdicts_len);
/* The answer for one delivered record. */
uint8_t verdict_of(const eventsieve_sieve *sieve, const char *record);

void about_suite(void);
void criteria_suite(void);
void program_suite(void);
void evaluate_suite(void);
void pieces_suite(void);
void envelope_suite(void);
void live_suite(void);
void misuse_suite(void);
void threads_suite(void);
void corpus_suite(const char *path);

#endif
