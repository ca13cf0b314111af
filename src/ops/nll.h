/* What the losses against class numbers share. */
#ifndef TAPER_OPS_NLL_H
#define TAPER_OPS_NLL_H

#include "heart/heart.h"
#include "taper/ops.h"

/* Attributes of nll_loss, of its gradient, and of cross_entropy. */
typedef struct tp__nll {
    tp_reduction reduction;
    int64_t ignore_index;
    int64_t classes;  /* of the gradient's result */
    double smoothing; /* cross_entropy's label_smoothing */
} tp__nll;

/* Where the classes stand in x: [classes] or [n, classes, ...]. */
static inline int tp__class_dim(const tp_tensor *x)
{
    return x->ndim == 1 ? 0 : 1;
}

/* Checks operands (x, target and perhaps a weight) and sets the first result. */
tp_status tp__infer_nll(tp_call *call);

/* Refuses a class that is neither ignored nor from 0 to classes - 1; `class_of` are the target's elements. */
tp_status tp__check_class_target(const tp_tensor *target, const int64_t *class_of, int64_t classes,
                                 int64_t ignore_index);

/* Refuses what is no weight of the classes of an x of `dtype`. */
tp_status tp__check_weight(const tp_tensor *weight, tp_dtype dtype, int64_t classes);

/* Refuses options that neither nll_loss nor cross_entropy takes. */
tp_status tp__check_nll_options(const tp_loss_options *options);

/* A class's weight; 1 without weights. */
double tp__weight_at(const tp_tensor *weight, int64_t class);

/* What a mean divides by: the weights of the targets that count. */
double tp__total_weight(const tp_tensor *weight, const int64_t *class_of, int64_t n, int64_t ignore_index,
                        tp_dtype dtype);

/* Sums in a cascade, as PyTorch adds up these losses: each level takes 2^power sums of the one below. */
#define TP__LEVELS 8
typedef struct tp__cascade {
    int power;
    double f64[TP__LEVELS];
    float f32[TP__LEVELS];
} tp__cascade;

/* An empty one for n values. */
tp__cascade tp__cascade_of(int64_t n);
/* Adds value number i; in the order of i, some of which may be left out. */
void tp__cascade_add(tp__cascade *c, int64_t i, double value);
double tp__cascade_total(const tp__cascade *c, tp_dtype dtype);

/* `value` as a number of the dtype. */
static inline double tp__rounded(tp_dtype dtype, double value)
{
    return dtype == TP_F32 ? (double)(float)value : value;
}

#endif
