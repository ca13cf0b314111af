/* Operations on tensors. Elementwise ones stand in elementwise.h, which is made from their rows.
 *
 * Every operation checks its operands, allocates its result in the current region, is recorded when an
 * operand requires a gradient, passes NULL through, and returns NULL after an error. Dimensions may be
 * negative: counted from the end. Names and meanings are PyTorch's. */
#ifndef TAPER_OPS_H
#define TAPER_OPS_H

#include "taper/autograd.h"
#include "taper/elementwise.h"
#include "taper/indexing.h"
#include "taper/linalg.h"
#include "taper/reduce.h"
#include "taper/shape.h"
#include "taper/sparse.h"

TP_BEGIN

/* ---- Views: no element is copied ---- */

/* The same elements in another shape; one size may be -1, which stands for what is left. A view where strides
 * allow it, a copy otherwise. TP_ERROR_SHAPE if the counts differ. */
TP_API tp_tensor *tp_reshape_n(tp_tensor *x, int ndim, const int64_t *shape);
#define tp_reshape(x, ...) tp_reshape_n(x, TP_SHAPE(__VA_ARGS__))
/* The same, but an error where a copy would be needed. */
TP_API tp_tensor *tp_view_n(tp_tensor *x, int ndim, const int64_t *shape);
#define tp_view(x, ...) tp_view_n(x, TP_SHAPE(__VA_ARGS__))
/* Dimensions `start` to `end` (included) become one. */
TP_API tp_tensor *tp_flatten(tp_tensor *x, int start, int end);
/* Two dimensions change places. tp_t: those of a matrix; vectors and scalars stay as they are. */
TP_API tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1);
TP_API tp_tensor *tp_t(tp_tensor *x);
/* Dimension i of the result is dimension dims[i] of x. */
TP_API tp_tensor *tp_permute_n(tp_tensor *x, int n, const int64_t *dims);
#define tp_permute(x, ...) tp_permute_n(x, TP_SHAPE(__VA_ARGS__))
/* Without dimension `dim` if its size is 1 (unchanged otherwise); without all dimensions of size 1. */
TP_API tp_tensor *tp_squeeze(tp_tensor *x, int dim);
TP_API tp_tensor *tp_squeeze_all(tp_tensor *x);
/* With a dimension of size 1 put in front of dimension `dim`. */
TP_API tp_tensor *tp_unsqueeze(tp_tensor *x, int dim);
/* Dimensions of size 1 repeated without a copy; -1 leaves a size as it is; new dimensions come in front. */
TP_API tp_tensor *tp_expand_n(tp_tensor *x, int ndim, const int64_t *shape);
#define tp_expand(x, ...) tp_expand_n(x, TP_SHAPE(__VA_ARGS__))
/* `length` places of dimension `dim` from `start` on. */
TP_API tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length);
/* Place `index` of dimension `dim`, which disappears. */
TP_API tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index);
/* x[start:end:step] along `dim`, with Python's rules for bounds; step is at least 1. */
TP_API tp_tensor *tp_slice(tp_tensor *x, int dim, int64_t start, int64_t end, int64_t step);

/* ---- Copies ---- */

/* A copy with row-major strides; tp_contiguous returns x itself where it has them already. */
TP_API tp_tensor *tp_clone(tp_tensor *x);
TP_API tp_tensor *tp_contiguous(tp_tensor *x);
/* Converted to `dtype`; x itself where it has it already. Floats go to integers by truncation. CSR too. */
TP_API tp_tensor *tp_to(tp_tensor *x, tp_dtype dtype);
/* Tensors joined along an existing dimension, or along a new one. */
TP_API tp_tensor *tp_cat(tp_tensor *const *tensors, int n, int dim);
TP_API tp_tensor *tp_stack(tp_tensor *const *tensors, int n, int dim);

/* ---- Choosing ---- */

/* a where the bool `condition` holds, else b; all three broadcast. */
TP_API tp_tensor *tp_where(tp_tensor *condition, tp_tensor *a, tp_tensor *b);
/* `value` where the bool `mask` holds, else x. */
TP_API tp_tensor *tp_masked_fill(tp_tensor *x, tp_tensor *mask, double value);
/* x limited to [low, high]; use -INFINITY or INFINITY for no limit. */
TP_API tp_tensor *tp_clamp(tp_tensor *x, double low, double high);
TP_API tp_status tp_clamp_(tp_tensor *x, double low, double high);
/* Places `index` (int64 vector) of dimension `dim`. For CSR: rows. TP_ERROR_INDEX names the first bad one. */
TP_API tp_tensor *tp_index_select(tp_tensor *x, int dim, tp_tensor *index);
/* out[i][j] = x[index[i][j]][j] for dim 0, and so on; `index` is int64 with x's number of dimensions, where a
 * scalar counts as a vector of one element. */
TP_API tp_tensor *tp_gather(tp_tensor *x, int dim, tp_tensor *index);

/* ---- Reductions ---- */

/* Over all elements. Integers and bool sum to int64; mean takes floating types; max and min take any. */
TP_API tp_tensor *tp_sum(tp_tensor *x);
TP_API tp_tensor *tp_mean(tp_tensor *x);
TP_API tp_tensor *tp_prod(tp_tensor *x);
TP_API tp_tensor *tp_max(tp_tensor *x);
TP_API tp_tensor *tp_min(tp_tensor *x);
TP_API tp_tensor *tp_any(tp_tensor *x);
TP_API tp_tensor *tp_all(tp_tensor *x);
/* Over the dimensions dims[0 .. n-1]; with `keepdim` they stay with size 1. n = 0 means all. */
TP_API tp_tensor *tp_sum_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_mean_n(tp_tensor *x, int n, const int *dims, bool keepdim);
/* With `correction` (1: Bessel's) subtracted from the count. */
TP_API tp_tensor *tp_var_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim);
TP_API tp_tensor *tp_std_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim);
TP_API tp_tensor *tp_logsumexp_n(tp_tensor *x, int n, const int *dims, bool keepdim);
/* Over one dimension. */
TP_API tp_tensor *tp_sum_dim(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_mean_dim(tp_tensor *x, int dim, bool keepdim);
/* The largest or smallest along `dim`, and where it stands (int64; `indices` may be NULL). The first of
 * equals. NaN counts as larger (smaller) than all. */
TP_API tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_min_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_argmax(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_argmin(tp_tensor *x, int dim, bool keepdim);
/* The 2-norm of all elements. */
TP_API tp_tensor *tp_norm(tp_tensor *x);

/* ---- The softmax family ---- */

/* Along `dim`, shifted by the largest element. Floating types. */
TP_API tp_tensor *tp_softmax(tp_tensor *x, int dim);
TP_API tp_tensor *tp_log_softmax(tp_tensor *x, int dim);

/* The first half of x along `dim`, an even size, times the sigmoid of the second: torch.nn.functional.glu. */
TP_API tp_tensor *tp_glu(tp_tensor *x, int dim);

/* ---- Products ---- */

/* torch.matmul in all ranks: [k] [k] gives a scalar; [n,k] [k,m]; [n,k] [k]; [k] [k,m]; batched with
 * broadcasting from 3 dimensions on. Floating types of one dtype. One operand may be a CSR matrix in the
 * two-dimensional cases. */
TP_API tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b);
/* x W^T + b for x [..., in] or CSR [n, in], weight [out, in], bias [out] or NULL: torch.nn.functional.linear.
 */
TP_API tp_tensor *tp_f_linear(tp_tensor *x, tp_tensor *weight, tp_tensor *bias);

/* ---- Normalisation ----
 *
 * Weights and biases of NULL are left out. All operands have one floating dtype. */

/* (x - mean) / sqrt(variance + eps) * weight + bias over the last dimensions, whose sizes are shape[0 ..
 * ndim-1]; weight and bias have that shape. torch.nn.functional.layer_norm. tp_f_layer_norm(x, TP_SHAPE(768),
 * weight, bias, 1e-5) */
TP_API tp_tensor *tp_f_layer_norm(tp_tensor *x, int ndim, const int64_t *shape, tp_tensor *weight,
                                  tp_tensor *bias, double eps);
/* x / sqrt(mean(x^2) + eps) * weight over the last dimensions. An `eps` below 0 stands for the dtype's
 * epsilon, PyTorch's default. torch.nn.functional.rms_norm. */
TP_API tp_tensor *tp_f_rms_norm(tp_tensor *x, int ndim, const int64_t *shape, tp_tensor *weight, double eps);
/* x [n, channels, ...] in `groups` of as many channels, each normalised like a layer; weight and bias
 * [channels]. torch.nn.functional.group_norm. */
TP_API tp_tensor *tp_f_group_norm(tp_tensor *x, int64_t groups, tp_tensor *weight, tp_tensor *bias,
                                  double eps);

/* input [n, channels, ...]: each channel normalised by the batch's mean and variance in training, which also
 * moves the running ones, if given, by `momentum` towards them (the variance over n - 1); by the running ones
 * otherwise, which then must be given. All but the input are [channels]. Training takes more than one value
 * for a channel. torch.nn.functional.batch_norm. */
typedef struct tp_batch_norm_options {
#ifdef __cplusplus
    tp_tensor *input = nullptr;
    tp_tensor *running_mean = nullptr;
    tp_tensor *running_var = nullptr;
    tp_tensor *weight = nullptr;
    tp_tensor *bias = nullptr;
    bool training = false;
    double momentum = 0.1;
    double eps = 1e-5;
#else
    tp_tensor *input, *running_mean, *running_var, *weight, *bias;
    bool training;   /* false */
    double momentum; /* 0.1 */
    double eps;      /* 1e-5 */
#endif
} tp_batch_norm_options;
TP_API tp_tensor *tp_f_batch_norm_with(const tp_batch_norm_options *options);

#ifndef __cplusplus
/* tp_f_batch_norm(x, mean, variance, .weight = w, .bias = b, .training = true) */
#define tp_f_batch_norm(...)                                                                                \
    TP_WITH_OPTIONS(tp_tensor *, tp_f_batch_norm_with, tp_batch_norm_options, .momentum = 0.1, .eps = 1e-5, \
                    .input = __VA_ARGS__)
#endif

/* ---- Losses ---- */

typedef enum tp_reduction { TP_MEAN = 0, TP_SUM = 1, TP_NONE = 2 } tp_reduction;

typedef struct tp_loss_options {
#ifdef __cplusplus
    tp_tensor *input = nullptr;
    tp_tensor *target = nullptr;
    tp_tensor *weight = nullptr;
    tp_tensor *pos_weight = nullptr;
    tp_reduction reduction = TP_MEAN;
    int64_t ignore_index = -100;
    double label_smoothing = 0;
#else
    tp_tensor *input, *target;
    tp_tensor
        *weight; /* BCE: broadcast to the input; cross_entropy and nll: one for each class; not for MSE */
    tp_tensor *pos_weight; /* BCE with logits only: weight of the positive term */
    tp_reduction reduction;
    int64_t ignore_index;   /* cross_entropy and nll: targets that do not count */
    double label_smoothing; /* cross_entropy */
#endif
} tp_loss_options;

/* Mean of -(y log x + (1-y) log(1-x)), logarithms no lower than -100. x and y have one shape; both must lie
 * in [0, 1], or TP_ERROR_VALUE. torch.nn.functional.binary_cross_entropy. */
TP_API tp_tensor *tp_binary_cross_entropy_with(const tp_loss_options *options);
/* The same of sigmoid(x), computed from x: (1-y) x - w logsigmoid(x), with w = (pos_weight - 1) y + 1. */
TP_API tp_tensor *tp_binary_cross_entropy_with_logits_with(const tp_loss_options *options);
/* Mean of (x - y)^2. Other shapes than equal ones are an error, where PyTorch broadcasts with a warning. */
TP_API tp_tensor *tp_mse_loss_with(const tp_loss_options *options);
/* x [n, classes] or [classes] or [n, classes, ...]; target int64 [n] (or [], or [n, ...]), or probabilities
 * of x's shape. */
TP_API tp_tensor *tp_cross_entropy_with(const tp_loss_options *options);
/* The same from log-probabilities; class indices only. */
TP_API tp_tensor *tp_nll_loss_with(const tp_loss_options *options);

#ifndef __cplusplus
#define TP_LOSS(function, ...) \
    TP_WITH_OPTIONS(tp_tensor *, function, tp_loss_options, .ignore_index = -100, .input = __VA_ARGS__)
/* tp_binary_cross_entropy(input, target, .reduction = TP_SUM), and so on. */
#define tp_binary_cross_entropy(...) TP_LOSS(tp_binary_cross_entropy_with, __VA_ARGS__)
#define tp_binary_cross_entropy_with_logits(...) \
    TP_LOSS(tp_binary_cross_entropy_with_logits_with, __VA_ARGS__)
#define tp_mse_loss(...) TP_LOSS(tp_mse_loss_with, __VA_ARGS__)
#define tp_cross_entropy(...) TP_LOSS(tp_cross_entropy_with, __VA_ARGS__)
#define tp_nll_loss(...) TP_LOSS(tp_nll_loss_with, __VA_ARGS__)
#endif

/* ---- Regularisation ---- */

/* Training: zeroes each element with probability p and divides the others by 1 - p (mask drawn as PyTorch's
 * default CPU kernel does); otherwise x itself. torch.nn.functional.dropout. `generator` NULL: the default
 * one. */
TP_API tp_tensor *tp_f_dropout(tp_tensor *x, double p, bool training, tp_generator *generator);
/* The same for whole channels, each kept or zeroed together. dropout1d: x [n, channels, length] or [channels,
 * length]. dropout2d: x [n, channels, height, width] or, as PyTorch reads it, [n, channels, length]. */
TP_API tp_tensor *tp_f_dropout1d(tp_tensor *x, double p, bool training, tp_generator *generator);
TP_API tp_tensor *tp_f_dropout2d(tp_tensor *x, double p, bool training, tp_generator *generator);
/* What is dropped becomes selu's lower limit -1.758, and all is scaled and shifted so that mean 0 and
 * variance 1 stay (Klambauer et al. 2017); of elements, or of the channels of x [n, channels, ...]. */
TP_API tp_tensor *tp_f_alpha_dropout(tp_tensor *x, double p, bool training, tp_generator *generator);
TP_API tp_tensor *tp_f_feature_alpha_dropout(tp_tensor *x, double p, bool training, tp_generator *generator);

/* ---- Activations with slopes ---- */

/* x where it is positive, else weight * x; weight [1] or [], or [channels] for x [n, channels, ...]. Both
 * have one floating dtype. torch.nn.functional.prelu. */
TP_API tp_tensor *tp_prelu(tp_tensor *x, tp_tensor *weight);
/* x where it is positive, else x times a slope: in training drawn for each element, uniform in [lower,
 * upper), otherwise (lower + upper) / 2. PyTorch's defaults are 1/8 and 1/3. `generator` NULL: the default
 * one. torch.nn.functional.rrelu. */
TP_API tp_tensor *tp_rrelu(tp_tensor *x, double lower, double upper, bool training, tp_generator *generator);

TP_CLOSE

#ifdef __cplusplus
#define TP_LOSS_OVERLOAD(name)                                                                       \
    static inline tp_tensor *name(tp_tensor *input, tp_tensor *target, tp_loss_options options = {}) \
    {                                                                                                \
        options.input = input;                                                                       \
        options.target = target;                                                                     \
        return name##_with(&options);                                                                \
    }
TP_LOSS_OVERLOAD(tp_binary_cross_entropy)
TP_LOSS_OVERLOAD(tp_binary_cross_entropy_with_logits)
TP_LOSS_OVERLOAD(tp_mse_loss)
TP_LOSS_OVERLOAD(tp_cross_entropy)
TP_LOSS_OVERLOAD(tp_nll_loss)
#undef TP_LOSS_OVERLOAD
static inline tp_tensor *tp_f_batch_norm(tp_tensor *input, tp_tensor *running_mean, tp_tensor *running_var,
                                         tp_batch_norm_options options = {})
{
    options.input = input;
    options.running_mean = running_mean;
    options.running_var = running_var;
    return tp_f_batch_norm_with(&options);
}
#endif

#endif
