/* Softmax cross-entropy of one row of logits: what the loss needs of it, and its gradient. The arithmetic and
 * the order of additions are those of log_softmax in reduce_float.h, and depend on the row's length alone. */
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

static int level_power(int64_t n)
{
    int bits = 0;
    for (uint64_t rest = n > 1 ? (uint64_t)n - 1 : 0; rest; rest >>= 1)
        bits++;
    return bits / 4 > 4 ? bits / 4 : 4;
}

#define T float
#define SUFFIX _f32
#define WIDTH 8
#define MATH(name) tp__##name##_f32
#include "backend/cpu/kernels/cross_entropy_float.h"

#define T double
#define SUFFIX _f64
#define WIDTH 4
#define MATH(name) tp__##name##_f64
#include "backend/cpu/kernels/cross_entropy_float.h"

const tp__cross_entropy_table TP__NAME(cross_entropy_table) = {
    .statistics = {statistics_f32, statistics_f64},
    .gradient = {gradient_f32, gradient_f64},
};
