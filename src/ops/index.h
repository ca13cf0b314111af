/* Adding elements up where an index says: the gradients of choosing. */
#ifndef TAPER_OPS_INDEX_H
#define TAPER_OPS_INDEX_H

#include "heart/heart.h"

/* Zeros of the shape `shape` (as many dimensions as g), to which each element of g is added in the place that
 * `index` (int64, of g's shape) names along `dim`: the gradient of tp_gather. */
tp_tensor *tp__scatter_add(tp_tensor *g, int dim, tp_tensor *index, const int64_t *shape);

#endif
