/* How metrics read their arguments. All memory is the current region's. */
#ifndef TAPER_TRAIN_METRICS_H
#define TAPER_TRAIN_METRICS_H

#include "tensor/tensor.h"
#include "taper/metrics.h"

/* The elements of `t`, row-major, or NULL after an error that calls it `name`. At least one is needed.
 * Numbers are finite; labels are whole; classes are labels from 0 to classes - 1. */
const double *tp__metric_numbers(const char *name, const tp_tensor *t);
const int64_t *tp__metric_labels(const char *name, const tp_tensor *t);
const int64_t *tp__metric_classes(const char *name, const tp_tensor *t, int64_t classes);

/* TP_OK if both are there and have one shape. */
tp_status tp__metric_shapes(const tp_tensor *truth, const tp_tensor *predicted);

#endif
