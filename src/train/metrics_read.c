/* What metrics take: labels and numbers of any dtype and strides. */
#include "train/metrics.h"

#include <math.h>
#include <string.h>

/* A dense copy with `dtype`'s elements, row-major, in the current region. */
static tp_tensor *copy_as(const char *name, const tp_tensor *t, tp_dtype dtype)
{
    if (!t) {
        tp__null_argument(name);
        return NULL;
    }
    if (t->layout != TP__DENSE || t->released)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%s is %s", name, t->released ? "released" : "sparse");
    if (!t->numel)
        return tp__fail_null(TP_ERROR_VALUE, "%s has no elements; at least one is needed", name);
    tp_region *region = tp__region_current();
    tp_tensor *copy = region ? tp__tensor_new(region, dtype, t->ndim, t->shape) : NULL;
    if (copy)
        tp__copy_elements(t, copy);
    return copy;
}

const double *tp__metric_numbers(const char *name, const tp_tensor *t)
{
    tp_tensor *copy = copy_as(name, t, TP_F64);
    if (!copy)
        return NULL;
    const double *values = (const double *)(const void *)copy->data;
    for (int64_t i = 0; i < copy->numel; i++)
        if (!isfinite(values[i]))
            return tp__fail_null(TP_ERROR_VALUE, "%s has %s at element %lld", name,
                                 isnan(values[i]) ? "a NaN" : "an infinity", (long long)i);
    return values;
}

#define LARGEST_WHOLE 9007199254740992.0

const int64_t *tp__metric_labels(const char *name, const tp_tensor *t)
{
    if (t && !tp_dtype_is_float((tp_dtype)t->dtype)) {
        tp_tensor *copy = copy_as(name, t, TP_I64);
        return copy ? (const int64_t *)(const void *)copy->data : NULL;
    }
    const double *values = tp__metric_numbers(name, t);
    int64_t *labels =
        values ? tp_region_alloc(tp__region_current(), (size_t)t->numel * sizeof *labels) : NULL;
    if (!labels)
        return NULL;
    for (int64_t i = 0; i < t->numel; i++) {
        if (values[i] != floor(values[i]) || fabs(values[i]) > LARGEST_WHOLE)
            return tp__fail_null(TP_ERROR_VALUE, "%s has %g at element %lld, which is no label", name,
                                 values[i], (long long)i);
        labels[i] = (int64_t)values[i];
    }
    return labels;
}

const int64_t *tp__metric_classes(const char *name, const tp_tensor *t, int64_t classes)
{
    const int64_t *labels = tp__metric_labels(name, t);
    for (int64_t i = 0; labels && i < t->numel; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return tp__fail_null(TP_ERROR_VALUE, "%s has the label %lld at element %lld; 0 to %lld are known",
                                 name, (long long)labels[i], (long long)i, (long long)classes - 1);
    return labels;
}

tp_status tp__metric_shapes(const tp_tensor *truth, const tp_tensor *predicted)
{
    if (!truth || !predicted)
        return tp__null_argument(truth ? "the predictions" : "the true labels");
    if (truth->ndim == predicted->ndim &&
        !memcmp(truth->shape, predicted->shape, (size_t)truth->ndim * sizeof *truth->shape))
        return TP_OK;
    char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "true labels of shape %s and predictions of shape %s",
                   tp__shape_text(one, sizeof one, truth->ndim, truth->shape),
                   tp__shape_text(two, sizeof two, predicted->ndim, predicted->shape));
}
