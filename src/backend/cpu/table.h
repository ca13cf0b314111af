/* The kernels: plain loops over contiguous arrays of one type, in a table for each instruction set. */
#ifndef TAPER_BACKEND_CPU_TABLE_H
#define TAPER_BACKEND_CPU_TABLE_H

#include "taper/dtype.h"

#include <stdatomic.h>

/* The elementwise operations' numbers, inside one program only: files hold names. */
enum {
#define ROW(name) TP__EW_##name,
#include "backend/cpu/elementwise_rows.h"
    TP__N_ELEMENTWISE
};

/* Where a kernel finds what: an operation's operands from 0 on, and for a gradient kernel its result and the
 * gradient that comes in; the row's numbers, three of the type that is computed in. */
enum { TP__OPERAND_Y = 3, TP__OPERAND_G = 4, TP__OPERAND_NUMBERS = 5, TP__MAX_OPERANDS = 6 };

/* out[0 .. n-1] from TP__MAX_OPERANDS pointers. Operands that a formula does not name may be NULL. `out` may
 * be an operand. */
typedef void (*tp__elementwise_kernel)(int64_t n, const void *const *operands, void *out);

/* out[i] = x[i * stride], converted. Floats go to integers by truncation; what does not fit gives the most
 * negative int64 before narrowing. */
typedef void (*tp__convert_kernel)(int64_t n, const void *x, int64_t stride, void *out);

typedef struct tp__elementwise_table {
    tp__elementwise_kernel forward[TP__N_ELEMENTWISE][TP_DTYPES]; /* by the operands' type */
    tp__elementwise_kernel gradient[TP__N_ELEMENTWISE][3][2];     /* by operand, and float32 or float64 */
    tp__elementwise_kernel scale[2];                  /* float32, float64: an operand times one element */
    tp__elementwise_kernel where[TP_DTYPES];          /* operands: bool condition, a, b */
    tp__convert_kernel convert[TP_DTYPES][TP_DTYPES]; /* from, to */
} tp__elementwise_table;

/* Reductions and losses over contiguous arrays of float32 ([0]) or float64 ([1]). */
typedef struct tp__reduce_table {
    /* out[j * out_stride] += the sum over i < n of x[i * stride + j * step], for j < m: in the order of
     * PyTorch's sums on AVX2 (see kernels/reduce_sum.h). Columns may be cut into several calls at multiples
     * of 32, the last of which takes the rest. */
    void (*sum[2])(int64_t n, int64_t m, const void *x, int64_t stride, int64_t step, void *out,
                   int64_t out_stride);
    /* One number of n: the product; the 2-norm; sum of squared distances from the mean over n - correction,
     * or the root of that; log(sum(exp(x))). */
    void (*prod[2])(int64_t n, const void *x, void *out);
    void (*norm[2])(int64_t n, const void *x, void *out);
    void (*variance[2])(int64_t n, const void *x, double correction, bool root, void *out);
    void (*logsumexp[2])(int64_t n, const void *x, void *out);
    /* One row each. The gradients take the result y and the gradient g. `out` may be an operand. */
    void (*softmax[2])(int64_t n, const void *x, void *out);
    void (*log_softmax[2])(int64_t n, const void *x, void *out);
    void (*softmax_gradient[2])(int64_t n, const void *y, const void *g, void *out);
    void (*log_softmax_gradient[2])(int64_t n, const void *y, const void *g, void *out);
    /* The Euclidean distances of each of `rows` rows of k elements from each of m rows b, into rows of m:
     * squares are added in 8 lanes, which are then joined as a tree. */
    void (*distances[2])(int64_t rows, int64_t m, int64_t k, const void *a, const void *b, void *out);
    /* Adds to n rows `out` their gradient, if `own` are the rows and `other` the m rows that they are distant
     * from. The distance of row i from row j is y[i * row + j * column], its gradient is g of the same place.
     */
    void (*distances_gradient[2])(int64_t n, int64_t m, int64_t k, const void *own, const void *other,
                                  const void *y, const void *g, int64_t row, int64_t column, void *out);
    /* Losses of each element, with targets y and optional weights. The gradients are with respect to x; g has
     * one element if `one_g`, else n; the last step divides by `divisor`. */
    void (*bce[2])(int64_t n, const void *x, const void *y, const void *weight, void *out);
    void (*bce_gradient[2])(int64_t n, const void *g, bool one_g, const void *x, const void *y,
                            const void *weight, double divisor, void *out);
    void (*bce_logits[2])(int64_t n, const void *x, const void *y, const void *weight, const void *pos_weight,
                          void *out);
    void (*bce_logits_gradient[2])(int64_t n, const void *g, bool one_g, const void *x, const void *y,
                                   const void *weight, const void *pos_weight, double divisor, void *out);
    void (*mse[2])(int64_t n, const void *x, const void *y, void *out);
    void (*mse_gradient[2])(int64_t n, const void *g, bool one_g, const void *x, const void *y,
                            double divisor, void *out);
    /* d^2 / 2 / curve where d = |x - y| is below `width`, else slope (d - width / 2). */
    void (*huber[2])(int64_t n, const void *x, const void *y, double width, double curve, double slope,
                     void *out);
    void (*huber_gradient[2])(int64_t n, const void *g, bool one_g, const void *x, const void *y,
                              double width, double curve, double slope, double divisor, void *out);
    /* The first index at which x is outside [0, 1] or NaN; -1 if there is none. */
    int64_t (*outside_unit[2])(int64_t n, const void *x);
} tp__reduce_table;

/* Running sums and their like over float32 ([0]) or float64 ([1]), in double: n rows of `columns` elements,
 * rows `row` elements apart (the first row is the last one if `row` is negative: x and out then point there).
 * Each column is a scan of its own, so that columns may be cut in any way. */
typedef struct tp__scan_table {
    void (*cumsum[2])(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
    void (*cumprod[2])(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
    void (*logcumsumexp[2])(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
    /* The same along `rows` rows, `row` elements apart, of n elements `step` apart (1 or -1). */
    void (*logcumsumexp_rows[2])(int64_t n, int64_t rows, int64_t row, int64_t step, const void *x,
                                 void *out);
    /* out[0] = a[0], out[i] = a[i] + b[i] * out[i - 1]. */
    void (*recurrence[2])(int64_t n, int64_t columns, int64_t row, const void *a, const void *b, void *out);
    /* (sum of |x|^p)^(1/p) of one row of n, and its limits; see tp_norm_n. */
    void (*power_norm[2])(int64_t n, const void *x, double p, void *out);
    /* out[c] = the largest (smallest) of n elements `row` apart, for `columns` of them; n >= 1; NaN if there
     * is one. By dtype. */
    void (*extreme[2][TP_DTYPES])(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
} tp__scan_table;
/* Softmax cross-entropy, a row of n logits at a time, of float32 ([0]) or float64 ([1]). */
typedef struct tp__cross_entropy_table {
    /* The largest element and the logarithm of the sum of exp(x - largest), into statistics[0] and [1]; if
     * `smooth`, the sum of (x - [0]) - [1], each times its class's weight if there are weights, into [2].
     * The numbers `after` the row are asked for ahead of time. */
    void (*statistics[2])(int64_t n, const void *x, int64_t after, const void *weight, bool smooth,
                          void *statistics);
    /* out = each * weight - exp((x - statistics[0]) - statistics[1]) * softmax, without weights each - ...;
     * past the caches if asked, and then followed by tp__end_of_stores. */
    void (*gradient[2])(int64_t n, const void *x, const void *statistics, const void *weight, double each,
                        double softmax, bool past_caches, void *out);
} tp__cross_entropy_table;

/* Normalisation of rows of float32 ([0]) or float64 ([1]); h stands for (x - mean) * scale. */
typedef struct tp__normalize_table {
    /* The mean (0 unless `centred`) and the mean squared distance from it. */
    void (*moments[2])(int64_t n, const void *x, bool centred, double *mean, double *variance);
    /* h * weight + bias, of which each may be NULL; and with one weight and bias for the row. Of these and of
     * gradients, what is written past the caches is followed by tp__end_of_stores. */
    void (*apply[2])(int64_t n, const void *x, double mean, double scale, const void *weight,
                     const void *bias, bool past_caches, void *out);
    void (*apply_one[2])(int64_t n, const void *x, double mean, double scale, double weight, double bias,
                         void *out);
    /* The gradient of apply where mean (if `centred`) and scale are the row's own, from the gradient g; g h
     * and g are added to weight_sums and bias_sums. Any of weight, out and the sums may be NULL. */
    void (*gradient[2])(int64_t n, const void *x, const void *g, double mean, double scale, bool centred,
                        const void *weight, bool past_caches, void *out, void *weight_sums, void *bias_sums);
    /* The sums of g and of g h. */
    void (*sums_one[2])(int64_t n, const void *x, const void *g, double mean, double scale, double sums[2]);
    /* scale * weight * (g - first - h * second). */
    void (*gradient_one[2])(int64_t n, const void *x, const void *g, double mean, double scale, double weight,
                            double first, double second, void *out);
} tp__normalize_table;

/* Up to TP__CHANNELS channels of float32 ([0]) or float64 ([1]) side by side: element i of channel c is
 * x[i * stride + c], and those of gradients and results likewise. Of each channel, h = (x - mean) * scale. */
#define TP__CHANNELS 64
typedef struct tp__channels {
    double mean[TP__CHANNELS], scale[TP__CHANNELS], weight[TP__CHANNELS], bias[TP__CHANNELS];
} tp__channels;

typedef struct tp__batch_norm_table {
    /* The mean, and the mean squared distance from it. */
    void (*moments[2])(int64_t n, int channels, const void *x, int64_t stride, double *mean,
                       double *variance);
    /* h * weight + bias. */
    void (*apply[2])(int64_t n, int channels, const void *x, int64_t stride, const tp__channels *k,
                     void *out);
    /* The sums of g and of g h. */
    void (*sums[2])(int64_t n, int channels, const void *x, const void *g, int64_t stride,
                    const tp__channels *k, double *plain, double *with);
    /* scale * weight * (g - first - h * second). */
    void (*gradient[2])(int64_t n, int channels, const void *x, const void *g, int64_t stride,
                        const tp__channels *k, const double *first, const double *second, void *out);
} tp__batch_norm_table;

/* The optimizers' element formulas; numbers are rounded to the type where they meet the arrays, as PyTorch
 * does. */
typedef struct tp__adam_numbers {
    double beta1, beta2, eps;
    double step_size;       /* lr / (1 - beta1^t) */
    double root_correction; /* sqrt(1 - beta2^t) */
    double weight_decay;    /* added to the gradient; 0 for AdamW */
    double decay;           /* AdamW: parameters are first multiplied by 1 - lr * weight_decay; 1 otherwise */
    bool maximize;
    bool settles;         /* in this step, moments that can move nothing are taken for 0 */
    bool slow_subnormals; /* arithmetic on subnormal numbers is to be avoided (tp__slow_subnormals) */
} tp__adam_numbers;

typedef struct tp__sgd_numbers {
    double lr, momentum, dampening, weight_decay;
    bool nesterov, first, maximize;
} tp__sgd_numbers;

typedef struct tp__optim_table {
    void (*adam_f32)(int64_t n, float *p, const float *g, float *m, float *v, float *v_max,
                     const tp__adam_numbers *numbers);
    void (*adam_f64)(int64_t n, double *p, const double *g, double *m, double *v, double *v_max,
                     const tp__adam_numbers *numbers);
    void (*sgd_f32)(int64_t n, float *p, const float *g, float *buffer, const tp__sgd_numbers *numbers);
    void (*sgd_f64)(int64_t n, double *p, const double *g, double *buffer, const tp__sgd_numbers *numbers);
} tp__optim_table;

/* The numbers of the other optimizers; each kernel says what it uses. */
typedef struct tp__step_numbers {
    double lr, lr2, beta1, beta2, eps, momentum, correction;
    double weight_decay; /* added to the gradient */
    double decay;        /* what parameters are multiplied by before all else; 1: nothing */
    bool maximize, skips;
} tp__step_numbers;

typedef void (*tp__step_kernel)(int64_t n, void *parameter, const void *gradient, void *const *states,
                                const tp__step_numbers *numbers);

typedef struct tp__step_table {
    tp__step_kernel adagrad[2], rmsprop[2], adadelta[2], adamax[2], nadam[2], radam[2], rprop[2],
        sparse_adam[2], /* float32, float64 */
        /* no optimizers: the parameter goes to the "gradient", by lr of the way or by one in `correction` */
        lerp[2], mean[2];
} tp__step_table;

/* The tables of the instruction set that this machine has (see isa.h), picked when first asked for. */
extern const tp__elementwise_table *_Atomic tp__elementwise_picked;
const tp__elementwise_table *tp__elementwise_pick(void);
const tp__reduce_table *tp__reduce(void);
const tp__optim_table *tp__optim(void);
const tp__scan_table *tp__scan(void);
const tp__step_table *tp__steps(void);
const tp__cross_entropy_table *tp__cross_entropy(void);
const tp__normalize_table *tp__normalize(void);
const tp__batch_norm_table *tp__batch_norm(void);

static inline const tp__elementwise_table *tp__elementwise(void)
{
    const tp__elementwise_table *table = atomic_load_explicit(&tp__elementwise_picked, memory_order_relaxed);
    return table ? table : tp__elementwise_pick();
}

#endif
