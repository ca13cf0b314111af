/* The speed of matrix products, in GFLOP/s, beside a CBLAS where the build found one (TP_BENCH_CBLAS):
 * medians and best of interleaved runs. Usage: bench_gemm [repetitions [threads]]
 * With two threads set OPENBLAS_THREAD_TIMEOUT=4: OpenBLAS's threads otherwise keep spinning after a call, on
 * the processor that the other contender's second thread needs. */
#include "backend/cpu/gemm.h"
#include "base/threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef TP_BENCH_CBLAS
#include <cblas.h>
/* There when the CBLAS is OpenBLAS. Another is measured with the threads that it takes by itself. */
__attribute__((weak)) void openblas_set_num_threads(int n);
#endif

enum { MOST = 101, CONTENDERS = 2 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct shape {
    int m, n, k;
    bool a_turned, b_turned; /* stored transposed */
} shape;

static void ours(shape s, int size, const void *a, const void *b, void *c)
{
    const int64_t a_row = s.a_turned ? 1 : s.k, a_col = s.a_turned ? s.m : 1;
    const int64_t b_row = s.b_turned ? 1 : s.n, b_col = s.b_turned ? s.k : 1;
    tp__gemm_on(tp__isa(), size, s.m, s.n, s.k, a, a_row, a_col, b, b_row, b_col, c, s.n, false);
}

static void blas(shape s, int size, const void *a, const void *b, void *c)
{
#ifdef TP_BENCH_CBLAS
    const enum CBLAS_TRANSPOSE ta = s.a_turned ? CblasTrans : CblasNoTrans,
                               tb = s.b_turned ? CblasTrans : CblasNoTrans;
    if (size == 4)
        cblas_sgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, 1, a, s.a_turned ? s.m : s.k, b,
                    s.b_turned ? s.k : s.n, 0, c, s.n);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, s.m, s.n, s.k, 1, a, s.a_turned ? s.m : s.k, b,
                    s.b_turned ? s.k : s.n, 0, c, s.n);
#else
    (void)s, (void)size, (void)a, (void)b, (void)c;
#endif
}

static void measure(shape s, int size, int repetitions, const void *a, const void *b, void *c)
{
    void (*const contender[CONTENDERS])(shape, int, const void *, const void *, void *) = {ours, blas};
    static double time[CONTENDERS][MOST];
    const double flops = 2.0 * s.m * s.n * s.k;
    const int inner = flops > 2e7 ? 1 : (int)(2e7 / flops);
    for (int r = -1; r < repetitions; r++)
        for (int w = 0; w < CONTENDERS; w++) {
            const double start = now();
            for (int i = 0; i < inner; i++)
                contender[w](s, size, a, b, c);
            if (r >= 0)
                time[w][r] = (now() - start) / inner;
        }
    for (int w = 0; w < CONTENDERS; w++)
        qsort(time[w], (size_t)repetitions, sizeof time[w][0], by_value);
    const double mine = time[0][repetitions / 2], other = time[1][repetitions / 2];
    printf("%5d x %5d x %5d %c%c f%d %9.1f %9.1f", s.m, s.k, s.n, s.a_turned ? 'T' : 'N',
           s.b_turned ? 'T' : 'N', size * 8, flops / mine * 1e-9, flops / time[0][0] * 1e-9);
#ifdef TP_BENCH_CBLAS
    printf(" %9.1f %9.1f   %.2f %.2f", flops / other * 1e-9, flops / time[1][0] * 1e-9, other / mine,
           time[1][0] / time[0][0]);
#else
    (void)other;
#endif
    printf("\n");
    fflush(stdout);
}

int main(int count, char **arguments)
{
    static const shape shapes[] = {
        {64, 64, 64, 0, 0},       {128, 128, 128, 0, 0},    {256, 256, 256, 0, 0}, {512, 512, 512, 0, 0},
        {1024, 1024, 1024, 0, 0}, {2048, 2048, 2048, 0, 0}, {16, 128, 784, 0, 1},  {256, 512, 784, 0, 1},
        {512, 256, 512, 0, 1},    {256, 784, 512, 0, 0},    {512, 784, 256, 1, 0}, {256, 10, 784, 0, 1},
        {1, 128, 784, 0, 1},      {1, 128, 784, 0, 0},      {256, 1, 784, 0, 0},   {784, 1, 256, 1, 0},
    };
    const int wanted = count > 1 ? atoi(arguments[1]) : 15;
    const int only = count > 2 ? atoi(arguments[2]) : 0; /* a number of threads */
    const int repetitions = wanted < 1 ? 1 : wanted > MOST ? MOST : wanted;
    const size_t most = (size_t)2048 * 2048 * sizeof(double);
    void *const a = aligned_alloc(64, most), *const b = aligned_alloc(64, most),
                *const c = aligned_alloc(64, most);
    if (!a || !b || !c)
        return 1;
    printf("%s; m x k x n, GFLOP/s: median, best; then the CBLAS's; then the ratios\n",
           tp__isa_name(tp__isa()));
    for (int threads = 1; threads <= 2; threads++)
        for (int size = 4; size <= 8; size += 4) {
            if (only && threads != only)
                continue;
            printf("%d thread%s\n", threads, threads > 1 ? "s" : "");
            tp_set_num_threads(threads);
#ifdef TP_BENCH_CBLAS
            if (openblas_set_num_threads)
                openblas_set_num_threads(threads);
#endif
            for (size_t i = 0; i < most / (size_t)size; i++) {
                const double x = (double)(i * 2654435761u % 1000) / 1000 - 0.5;
                if (size == 4) {
                    ((float *)a)[i] = (float)x;
                    ((float *)b)[i] = (float)-x;
                } else {
                    ((double *)a)[i] = x;
                    ((double *)b)[i] = -x;
                }
            }
            for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
                measure(shapes[i], size, repetitions, a, b, c);
        }
    free(a);
    free(b);
    free(c);
    return 0;
}
