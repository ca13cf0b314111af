/* What the benchmark programs share: a clock, medians, and the process's memory. */
#ifndef TAPER_BENCH_MEASURE_H
#define TAPER_BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The smallest and the median of samples, which are sorted. */
typedef struct spread {
    double best, median;
} spread;

static inline spread spread_of(double *samples, int count)
{
    qsort(samples, (size_t)count, sizeof *samples, compare_doubles);
    return (spread){samples[0], samples[count / 2]};
}

/* A line of /proc/self/status in bytes, such as "VmRSS:" or "VmHWM:"; 0 where there is none. */
static inline double process_bytes(const char *key)
{
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            kilobytes = strtod(line + strlen(key), NULL);
    if (file)
        fclose(file);
    return 1024 * kilobytes;
}

/* The peak counts from now on. */
static inline void reset_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

#endif
