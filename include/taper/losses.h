/* The losses of torch.nn.functional beside those of ops.h: distances, divergences, likelihoods, margins and
 * rankings.
 *
 * Each is made of other operations, so that gradients of every order come with it. Operands have one floating
 * dtype and, unless said otherwise, one shape: other shapes are TP_ERROR_SHAPE, where PyTorch broadcasts with
 * a warning. Reductions are the mean over all elements (the default), their sum, or none. Results live in the
 * current region; NULL passes through and is what comes after an error. */
#ifndef TAPER_LOSSES_H
#define TAPER_LOSSES_H

#include "taper/ops.h"

#ifdef __cplusplus
#define TP_LOSSES_DEFAULT(value) = value
#else
#define TP_LOSSES_DEFAULT(value)
#endif

TP_BEGIN

/* ---- Distances of numbers ---- */

typedef struct tp_distance_loss_options {
    tp_tensor *input TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr);
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
    double beta TP_LOSSES_DEFAULT(1);  /* smooth_l1: where the square ends; at least 0, and 0 makes it l1 */
    double delta TP_LOSSES_DEFAULT(1); /* huber: the same; above 0 */
} tp_distance_loss_options;

/* |x - y|. */
TP_API tp_tensor *tp_l1_loss_with(const tp_distance_loss_options *options);
/* With d = |x - y|: d^2 / (2 beta) below beta, d - beta / 2 from there. */
TP_API tp_tensor *tp_smooth_l1_loss_with(const tp_distance_loss_options *options);
/* d^2 / 2 up to delta, delta (d - delta / 2) beyond. */
TP_API tp_tensor *tp_huber_loss_with(const tp_distance_loss_options *options);

/* ---- Likelihoods ---- */

typedef struct tp_kl_div_options {
    tp_tensor *input TP_LOSSES_DEFAULT(nullptr);  /* logarithms of probabilities */
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr); /* probabilities */
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
    bool log_target TP_LOSSES_DEFAULT(false); /* the target too is of logarithms */
    bool batch_mean
        TP_LOSSES_DEFAULT(false); /* the sum divided by the first size: the divergence as defined */
} tp_kl_div_options;

/* y (log y - x), 0 where y is 0; with log_target exp(y) (y - x). */
TP_API tp_tensor *tp_kl_div_with(const tp_kl_div_options *options);

typedef struct tp_poisson_nll_options {
    tp_tensor *input TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr);
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
    bool log_input TP_LOSSES_DEFAULT(true); /* input is the logarithm of the rate */
    bool full TP_LOSSES_DEFAULT(false); /* Stirling's y log y - y + log(2 pi y) / 2 is added where y > 1 */
    double eps TP_LOSSES_DEFAULT(1e-8); /* keeps the logarithm of a rate from 0 */
} tp_poisson_nll_options;

/* exp(x) - y x, or x - y log(x + eps). */
TP_API tp_tensor *tp_poisson_nll_loss_with(const tp_poisson_nll_options *options);

typedef struct tp_gaussian_nll_options {
    tp_tensor *input TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr);
    /* Variances, not negative: of input's shape, without its last dimension, or with that of size 1. */
    tp_tensor *var TP_LOSSES_DEFAULT(nullptr);
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
    bool full TP_LOSSES_DEFAULT(false); /* log(2 pi) / 2 is added */
    double eps TP_LOSSES_DEFAULT(1e-6); /* the least variance; the gradient does not see the limit */
} tp_gaussian_nll_options;

/* (log v + (x - y)^2 / v) / 2. */
TP_API tp_tensor *tp_gaussian_nll_loss_with(const tp_gaussian_nll_options *options);

/* ---- Margins: targets of 1 and -1, unless said otherwise ---- */

typedef struct tp_margin_loss_options {
    tp_tensor *input TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr);
    double margin TP_LOSSES_DEFAULT(1);
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
    int p TP_LOSSES_DEFAULT(1);                   /* multi_margin: the exponent, 1 or 2 */
    tp_tensor *weight TP_LOSSES_DEFAULT(nullptr); /* the two multi ones: one for each class */
} tp_margin_loss_options;

/* max(0, margin - y x), for y of 1 and -1: the support vector machine's. PyTorch has it as multi_margin_loss
 * alone. */
TP_API tp_tensor *tp_hinge_loss_with(const tp_margin_loss_options *options);
/* x where y is 1, max(0, margin - x) where y is -1. */
TP_API tp_tensor *tp_hinge_embedding_loss_with(const tp_margin_loss_options *options);
/* log(1 + exp(-y x)). */
TP_API tp_tensor *tp_soft_margin_loss_with(const tp_margin_loss_options *options);
/* Input [n, classes], target int64 [n]: the mean over the other classes k of weight[y] max(0, margin - x[y] +
 * x[k])^p. */
TP_API tp_tensor *tp_multi_margin_loss_with(const tp_margin_loss_options *options);
/* Input and target [..., classes], targets 0 and 1, each class a question of its own: the mean over the
 * classes of -weight (y log sigmoid(x) + (1 - y) log sigmoid(-x)); one loss for each sample. */
TP_API tp_tensor *tp_multilabel_soft_margin_loss_with(const tp_margin_loss_options *options);

/* ---- Rankings: two or three inputs ---- */

typedef struct tp_ranking_loss_options {
    tp_tensor *input1 TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *input2 TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *target TP_LOSSES_DEFAULT(nullptr); /* 1 and -1 */
    double margin TP_LOSSES_DEFAULT(0);
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
} tp_ranking_loss_options;

/* max(0, margin - y (x1 - x2)): x1 should be the larger where y is 1. */
TP_API tp_tensor *tp_margin_ranking_loss_with(const tp_ranking_loss_options *options);
/* Inputs [n, width] and target [n], or [width] and []: with c the cosine of the two vectors, 1 - c where y is
 * 1, and max(0, c - margin) where y is -1. */
TP_API tp_tensor *tp_cosine_embedding_loss_with(const tp_ranking_loss_options *options);

typedef struct tp_triplet_margin_options {
    tp_tensor *anchor TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *positive TP_LOSSES_DEFAULT(nullptr);
    tp_tensor *negative TP_LOSSES_DEFAULT(nullptr);
    double margin TP_LOSSES_DEFAULT(1);
    double p TP_LOSSES_DEFAULT(2);      /* of the distance's norm, above 0 */
    double eps TP_LOSSES_DEFAULT(1e-6); /* added to each difference */
    bool swap
        TP_LOSSES_DEFAULT(false); /* the distance from positive to negative counts if it is the smaller one */
    tp_reduction reduction TP_LOSSES_DEFAULT(TP_MEAN);
} tp_triplet_margin_options;

/* max(0, |a - p| - |a - n| + margin) over the last dimension. */
TP_API tp_tensor *tp_triplet_margin_loss_with(const tp_triplet_margin_options *options);

#ifndef __cplusplus
/* tp_l1_loss(input, target), tp_huber_loss(input, target, .delta = 2, .reduction = TP_SUM), and so on. */
#define TP_DISTANCE_LOSS(function, ...)                                                     \
    TP_WITH_OPTIONS(tp_tensor *, function, tp_distance_loss_options, .beta = 1, .delta = 1, \
                    .input = __VA_ARGS__)
#define tp_l1_loss(...) TP_DISTANCE_LOSS(tp_l1_loss_with, __VA_ARGS__)
#define tp_smooth_l1_loss(...) TP_DISTANCE_LOSS(tp_smooth_l1_loss_with, __VA_ARGS__)
#define tp_huber_loss(...) TP_DISTANCE_LOSS(tp_huber_loss_with, __VA_ARGS__)
#define tp_kl_div(...) TP_WITH_OPTIONS(tp_tensor *, tp_kl_div_with, tp_kl_div_options, .input = __VA_ARGS__)
#define tp_poisson_nll_loss(...)                                                                      \
    TP_WITH_OPTIONS(tp_tensor *, tp_poisson_nll_loss_with, tp_poisson_nll_options, .log_input = true, \
                    .eps = 1e-8, .input = __VA_ARGS__)
#define tp_gaussian_nll_loss(...)                                                                 \
    TP_WITH_OPTIONS(tp_tensor *, tp_gaussian_nll_loss_with, tp_gaussian_nll_options, .eps = 1e-6, \
                    .input = __VA_ARGS__)
#define TP_MARGIN_LOSS(function, ...) \
    TP_WITH_OPTIONS(tp_tensor *, function, tp_margin_loss_options, .margin = 1, .p = 1, .input = __VA_ARGS__)
#define tp_hinge_loss(...) TP_MARGIN_LOSS(tp_hinge_loss_with, __VA_ARGS__)
#define tp_hinge_embedding_loss(...) TP_MARGIN_LOSS(tp_hinge_embedding_loss_with, __VA_ARGS__)
#define tp_soft_margin_loss(...) TP_MARGIN_LOSS(tp_soft_margin_loss_with, __VA_ARGS__)
#define tp_multi_margin_loss(...) TP_MARGIN_LOSS(tp_multi_margin_loss_with, __VA_ARGS__)
#define tp_multilabel_soft_margin_loss(...) TP_MARGIN_LOSS(tp_multilabel_soft_margin_loss_with, __VA_ARGS__)
#define tp_margin_ranking_loss(...) \
    TP_WITH_OPTIONS(tp_tensor *, tp_margin_ranking_loss_with, tp_ranking_loss_options, .input1 = __VA_ARGS__)
#define tp_cosine_embedding_loss(...)                                                    \
    TP_WITH_OPTIONS(tp_tensor *, tp_cosine_embedding_loss_with, tp_ranking_loss_options, \
                    .input1 = __VA_ARGS__)
#define tp_triplet_margin_loss(...)                                                                   \
    TP_WITH_OPTIONS(tp_tensor *, tp_triplet_margin_loss_with, tp_triplet_margin_options, .margin = 1, \
                    .p = 2, .eps = 1e-6, .anchor = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
#define TP_LOSSES_OVERLOAD(name, type)                                                        \
    static inline tp_tensor *name(tp_tensor *input, tp_tensor *target, type options = type()) \
    {                                                                                         \
        options.input = input;                                                                \
        options.target = target;                                                              \
        return name##_with(&options);                                                         \
    }
TP_LOSSES_OVERLOAD(tp_l1_loss, tp_distance_loss_options)
TP_LOSSES_OVERLOAD(tp_smooth_l1_loss, tp_distance_loss_options)
TP_LOSSES_OVERLOAD(tp_huber_loss, tp_distance_loss_options)
TP_LOSSES_OVERLOAD(tp_kl_div, tp_kl_div_options)
TP_LOSSES_OVERLOAD(tp_poisson_nll_loss, tp_poisson_nll_options)
TP_LOSSES_OVERLOAD(tp_hinge_loss, tp_margin_loss_options)
TP_LOSSES_OVERLOAD(tp_hinge_embedding_loss, tp_margin_loss_options)
TP_LOSSES_OVERLOAD(tp_soft_margin_loss, tp_margin_loss_options)
TP_LOSSES_OVERLOAD(tp_multi_margin_loss, tp_margin_loss_options)
TP_LOSSES_OVERLOAD(tp_multilabel_soft_margin_loss, tp_margin_loss_options)
#undef TP_LOSSES_OVERLOAD
static inline tp_tensor *tp_gaussian_nll_loss(tp_tensor *input, tp_tensor *target, tp_tensor *var,
                                              tp_gaussian_nll_options options = tp_gaussian_nll_options())
{
    options.input = input;
    options.target = target;
    options.var = var;
    return tp_gaussian_nll_loss_with(&options);
}
#define TP_LOSSES_OVERLOAD(name)                                                               \
    static inline tp_tensor *name(tp_tensor *input1, tp_tensor *input2, tp_tensor *target,     \
                                  tp_ranking_loss_options options = tp_ranking_loss_options()) \
    {                                                                                          \
        options.input1 = input1;                                                               \
        options.input2 = input2;                                                               \
        options.target = target;                                                               \
        return name##_with(&options);                                                          \
    }
TP_LOSSES_OVERLOAD(tp_margin_ranking_loss)
TP_LOSSES_OVERLOAD(tp_cosine_embedding_loss)
#undef TP_LOSSES_OVERLOAD
static inline tp_tensor *
tp_triplet_margin_loss(tp_tensor *anchor, tp_tensor *positive, tp_tensor *negative,
                       tp_triplet_margin_options options = tp_triplet_margin_options())
{
    options.anchor = anchor;
    options.positive = positive;
    options.negative = negative;
    return tp_triplet_margin_loss_with(&options);
}
#endif

#endif
