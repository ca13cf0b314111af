/* The structural records, for operations that use each other and for the list in registry.c. */
#ifndef TAPER_OPS_OPS_H
#define TAPER_OPS_OPS_H

#include "heart/heart.h"
#include "taper/ops.h"

#define STRUCTURAL(record) extern const tp_op record;
#include "ops/ops.def"
#undef STRUCTURAL

/* What many records begin with: a result of `dtype` in the shape of `like`. */
void tp__result_like(tp_result *result, tp_dtype dtype, const tp_tensor *like);

/* Refuses other than floating types, naming the operand. */
tp_status tp__require_float(const tp_tensor *t, const char *what);

/* Refuse an operand of other than `ndim` dimensions, or without dimension `dim`: a record whose public
 * function has seen to this may be called directly, too. A tensor of no dimensions has dimension 0 if
 * `scalar`. */
tp_status tp__require_dims(const tp_tensor *t, const char *what, int ndim);
tp_status tp__require_dim(const tp_tensor *t, int dim, bool scalar);

/* Refuse an operand of another shape, a number of dimensions that no tensor has, and a value of an
 * enumeration that is none of 0 to `last`. */
tp_status tp__require_shape(const tp_tensor *t, const char *what, int ndim, const int64_t *shape);
tp_status tp__require_rank(int ndim);
tp_status tp__require_choice(int value, const char *what, int last);

/* The inverse of tp_slice: zeros of size `size` along `dim`, with x at start, start + step, ... */
tp_tensor *tp__slice_back(tp_tensor *x, int dim, int64_t size, int64_t start, int64_t step);

#endif
