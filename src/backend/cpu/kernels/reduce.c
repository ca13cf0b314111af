/* Reductions, softmax and losses over contiguous arrays. Every order of addition is fixed by the number of
 * elements alone: the same bits for any instruction set and any number of threads. */
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

/* How many rows, as a power of 2, are added before a carry: at least 16, so that four levels do for n. */
static int level_power(int64_t n)
{
    int bits = 0;
    for (uint64_t rest = n > 1 ? (uint64_t)n - 1 : 0; rest; rest >>= 1)
        bits++;
    return bits / 4 > 4 ? bits / 4 : 4;
}

#define LOOP(expression)                                                           \
    {                                                                              \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = (expression); \
    }

#define T float
#define SUFFIX _f32
#define WIDTH 8
#define LIBM(name) name##f
#define MATH(name) tp__##name##_f32
#include "backend/cpu/kernels/reduce_float.h"

#define T double
#define SUFFIX _f64
#define WIDTH 4
#define LIBM(name) name
#define MATH(name) tp__##name##_f64
#include "backend/cpu/kernels/reduce_float.h"

#define PAIR(name)             \
    {                          \
        name##_f32, name##_f64 \
    }

const tp__reduce_table TP__NAME(reduce_table) = {
    .sum = PAIR(sum),
    .prod = PAIR(prod),
    .norm = PAIR(norm),
    .variance = PAIR(variance),
    .logsumexp = PAIR(logsumexp),
    .softmax = PAIR(softmax),
    .log_softmax = PAIR(log_softmax),
    .softmax_gradient = PAIR(softmax_gradient),
    .log_softmax_gradient = PAIR(log_softmax_gradient),
    .distances = PAIR(distances),
    .distances_gradient = PAIR(distances_gradient),
    .bce = PAIR(bce),
    .bce_gradient = PAIR(bce_gradient),
    .bce_logits = PAIR(bce_logits),
    .bce_logits_gradient = PAIR(bce_logits_gradient),
    .mse = PAIR(mse),
    .mse_gradient = PAIR(mse_gradient),
    .huber = PAIR(huber),
    .huber_gradient = PAIR(huber_gradient),
    .outside_unit = PAIR(outside_unit),
};
