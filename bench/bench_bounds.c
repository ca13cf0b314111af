/* What the machine can do, one JSON line for each: fused multiply-adds in float32 (widest vectors that it
 * has), and y = a x + y over memory and over 288 KB, which lie in the second-level cache. With one and two
 * threads. Usage: bench_bounds [--serve]; --serve answers lines "flops 2" as they come. */
#include "measure.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUNDS = 7, MOST_THREADS = 2, CHAINS = 10 };

typedef struct task {
    pthread_barrier_t *start;
    double seconds, amount; /* of the fastest round */
    float *x, *y;
    int64_t count, passes; /* 0 passes: multiply-adds */
    float sink;
} task;

/* CHAINS independent chains: enough for two units with a latency of four or five. */
#define CHAINS_OF(name, vector, isa, fused, set)                                                      \
    __attribute__((target(isa), noinline)) static float name(int64_t n)                               \
    {                                                                                                 \
        vector sums[CHAINS];                                                                          \
        const vector a = set(0.999f), b = set(0.001f);                                                \
        for (int c = 0; c < CHAINS; c++)                                                              \
            sums[c] = set((float)c);                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                             \
            _Pragma("GCC unroll 10") for (int c = 0; c < CHAINS; c++) sums[c] = fused(sums[c], a, b); \
        }                                                                                             \
        float total = 0;                                                                              \
        for (int c = 0; c < CHAINS; c++)                                                              \
            total += sums[c][0];                                                                      \
        return total;                                                                                 \
    }

#if defined(__x86_64__)
CHAINS_OF(chains_avx512, __m512, "avx512f", _mm512_fmadd_ps, _mm512_set1_ps)
CHAINS_OF(chains_avx2, __m256, "avx2,fma", _mm256_fmadd_ps, _mm256_set1_ps)
#endif

static float chains(int64_t n, double *operations)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        *operations = (double)n * CHAINS * 16 * 2;
        return chains_avx512(n);
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        *operations = (double)n * CHAINS * 8 * 2;
        return chains_avx2(n);
    }
#endif
    *operations = 0;
    return (float)n;
}

#if defined(__x86_64__)
__attribute__((target_clones("default", "avx2", "avx512f")))
#endif
static void
axpy(int64_t n, float a, const float *restrict x, float *restrict y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = a * x[i] + y[i];
}

static void *run(void *argument)
{
    task *t = argument;
    double rates[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        pthread_barrier_wait(t->start);
        const double begin = seconds_now();
        double amount;
        if (t->passes == 0)
            t->sink += chains(2000000, &amount);
        else {
            for (int64_t p = 0; p < t->passes; p++)
                axpy(t->count, 0.5f, t->x, t->y);
            amount = 12.0 * (double)t->count * (double)t->passes;
        }
        rates[r] = amount / (seconds_now() - begin);
    }
    t->amount = spread_of(rates, ROUNDS).median;
    return NULL;
}

typedef struct limit {
    const char *name, *unit;
    int64_t count, passes; /* 0 passes: multiply-adds */
} limit;

static const limit limits[] = {
    {"flops", "GFLOP/s", 0, 0}, {"memory", "GB/s", 16 << 20, 1}, {"L2", "GB/s", 36 << 10, 2000}};
enum { N_LIMITS = sizeof limits / sizeof *limits };

static bool measure(const limit *l, int threads)
{
    pthread_barrier_t start;
    pthread_t ids[MOST_THREADS];
    task tasks[MOST_THREADS] = {{0}};
    bool fine = true;
    double total = 0;
    for (int i = 0; i < threads; i++) {
        tasks[i] = (task){.start = &start, .count = l->count, .passes = l->passes};
        if (l->count) {
            tasks[i].x = calloc((size_t)l->count, sizeof(float));
            tasks[i].y = calloc((size_t)l->count, sizeof(float));
            fine &= tasks[i].x && tasks[i].y;
        }
    }
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    int started = 0;
    while (fine && started < threads && pthread_create(&ids[started], NULL, run, &tasks[started]) == 0)
        started++;
    if (started && started < threads)
        exit(1); /* the others wait for ever */
    for (int i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
        total += tasks[i].amount;
    }
    pthread_barrier_destroy(&start);
    for (int i = 0; i < threads; i++) {
        free(tasks[i].x);
        free(tasks[i].y);
    }
    if (started)
        printf("{\"bound\": \"%s\", \"threads\": %d, \"value\": %.4g, \"unit\": \"%s\"}\n", l->name, threads,
               total * 1e-9, l->unit);
    return fine && started;
}

static bool answer(const char *name, int threads)
{
    bool fine = false;
    for (int i = 0; i < N_LIMITS; i++)
        if (strcmp(name, limits[i].name) == 0 && threads >= 1 && threads <= MOST_THREADS)
            fine = measure(&limits[i], threads);
    if (!fine)
        printf("{\"bound\": \"%s\", \"threads\": %d, \"error\": \"cannot be measured\"}\n", name, threads);
    fflush(stdout);
    return fine;
}

int main(int count, char **arguments)
{
    bool fine = true;
    if (count > 1 && strcmp(arguments[1], "--serve") == 0) {
        char name[16];
        for (int threads; scanf("%15s %d", name, &threads) == 2;)
            answer(name, threads);
        return 0;
    }
    for (int threads = 1; threads <= MOST_THREADS; threads++)
        for (int i = 0; i < N_LIMITS; i++)
            fine &= answer(limits[i].name, threads);
    return !fine;
}
