/* Softmax cross-entropy of one row of logits: what the loss needs of it, and its gradient. Sums are taken in
 * an order that depends on the row's length alone. */
#include "backend/cpu/caches.h"
#include "backend/cpu/isa.h"
#include "backend/cpu/kernels/exp_below.h"
#include "backend/cpu/table.h"

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#define T float
#define SUFFIX _f32
#define FMA fmaf
#define MATH(name) tp__##name##_f32
#include "backend/cpu/kernels/cross_entropy_float.h"

#define T double
#define SUFFIX _f64
#define FMA fma
#define MATH(name) tp__##name##_f64
#include "backend/cpu/kernels/cross_entropy_float.h"

const tp__cross_entropy_table TP__NAME(cross_entropy_table) = {
    .statistics = {statistics_f32, statistics_f64},
    .gradient = {gradient_f32, gradient_f64},
};
