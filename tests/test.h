/* A test program is a main that calls CHECKs and returns test_end(). */
#ifndef TAPER_TESTS_TEST_H
#define TAPER_TESTS_TEST_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int test_failures, test_checks;

#define CHECK(condition)                                                   \
    do {                                                                   \
        test_checks++;                                                     \
        if (!(condition)) {                                                \
            test_failures++;                                               \
            printf("%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
        }                                                                  \
    } while (0)

#define CHECK_NEAR(got, want, tolerance)                                                      \
    do {                                                                                      \
        const double got_ = (got), want_ = (want);                                            \
        test_checks++;                                                                        \
        if (!(fabs(got_ - want_) <= (tolerance))) {                                           \
            test_failures++;                                                                  \
            printf("%s:%d: %s is %.17g, not %.17g\n", __FILE__, __LINE__, #got, got_, want_); \
        }                                                                                     \
    } while (0)

#define CHECK_TEXT(got, want)                                                                             \
    do {                                                                                                  \
        const char *got_ = (got), *want_ = (want);                                                        \
        test_checks++;                                                                                    \
        if (!got_ || strcmp(got_, want_)) {                                                               \
            test_failures++;                                                                              \
            printf("%s:%d: %s is\n%s\nnot\n%s\n", __FILE__, __LINE__, #got, got_ ? got_ : "NULL", want_); \
        }                                                                                                 \
    } while (0)

/* After a call that must fail: its code, and a piece of its sentence. Forgets the error. */
#define CHECK_ERROR(code, piece)                                                                             \
    do {                                                                                                     \
        test_checks++;                                                                                       \
        if (tp_error() != (code) || !strstr(tp_error_message(), (piece))) {                                  \
            test_failures++;                                                                                 \
            printf("%s:%d: error is %s '%s', not %s '%s'\n", __FILE__, __LINE__, tp_status_name(tp_error()), \
                   tp_error_message(), #code, piece);                                                        \
        }                                                                                                    \
        tp_clear_error();                                                                                    \
    } while (0)

/* No error is pending. */
#define CHECK_OK()                                                                           \
    do {                                                                                     \
        test_checks++;                                                                       \
        if (tp_error() != TP_OK) {                                                           \
            test_failures++;                                                                 \
            printf("%s:%d: unexpected error: %s\n", __FILE__, __LINE__, tp_error_message()); \
            tp_clear_error();                                                                \
        }                                                                                    \
    } while (0)

static inline int test_end(void)
{
    printf("%d checks, %d failed\n", test_checks, test_failures);
    return test_failures || !test_checks ? 1 : 0;
}

/* The folder of SST-2 (train.tsv, dev.tsv), or NULL: then the test says so and returns TEST_SKIPPED. */
#define TEST_SKIPPED 77
static inline const char *test_sst2(void)
{
    static char path[4096];
    const char *folder = getenv("TAPER_SST2");
    snprintf(path, sizeof path, "%s/train.tsv", folder ? folder : "../shared/sst2");
    FILE *f = fopen(path, "rb");
    if (!f) {
        printf("SKIPPED: SST-2 is neither at $TAPER_SST2 nor at ../shared/sst2\n");
        return NULL;
    }
    fclose(f);
    return folder ? folder : "../shared/sst2";
}

#endif
