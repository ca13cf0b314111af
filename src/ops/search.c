/* Binary search: where values would be put into what is sorted. */
#include "ops/ops.h"
#include "ops/reduce.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

static tp_status infer_search(tp_call *call)
{
    const tp_tensor *sorted = call->inputs[0], *values = call->inputs[1];
    if (!sorted->ndim)
        return tp_fail(TP_ERROR_SHAPE,
                       "boundaries tensor should have positive dimension, but got 0 dimension");
    if (sorted->dtype != values->dtype)
        return tp_fail(
            TP_ERROR_DTYPE,
            "boundaries tensor and input value tensor should have the same dtype, but got %s and %s",
            tp_dtype_name((tp_dtype)sorted->dtype), tp_dtype_name((tp_dtype)values->dtype));
    char of[TP__SHAPE_TEXT_SIZE], is[TP__SHAPE_TEXT_SIZE];
    if (sorted->ndim > 1 &&
        (sorted->ndim != values->ndim ||
         memcmp(sorted->shape, values->shape, (size_t)(sorted->ndim - 1) * sizeof(int64_t))))
        return tp_fail(
            TP_ERROR_SHAPE,
            "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor "
            "and input value tensor must match, but we got boundaries tensor %s and input value "
            "tensor %s",
            tp__shape_text(of, sizeof of, sorted->ndim, sorted->shape),
            tp__shape_text(is, sizeof is, values->ndim, values->shape));
    tp__result_like(call->results, TP_I64, values);
    return TP_OK;
}

/* The comparisons are negated so that a NaN is put behind all numbers. */
#define SEARCH(T)                                                                      \
    for (int64_t i = 0; i < values->numel; i++) {                                      \
        const T v = ((const T *)wanted.data)[i];                                       \
        const T *row = (const T *)from.data + (sorted->ndim > 1 ? i / across * n : 0); \
        int64_t low = 0, high = n;                                                     \
        while (low < high) {                                                           \
            const int64_t middle = low + (high - low) / 2;                             \
            if (right ? !(row[middle] > v) : !(row[middle] >= v))                      \
                low = middle + 1;                                                      \
            else                                                                       \
                high = middle;                                                         \
        }                                                                              \
        out[i] = low;                                                                  \
    }

static tp_status forward_search(tp_call *call)
{
    const tp_tensor *sorted = call->inputs[0], *values = call->inputs[1];
    const bool right = *(const bool *)call->attributes;
    const int64_t n = sorted->shape[sorted->ndim - 1],
                  across = values->ndim ? values->shape[values->ndim - 1] : 1;
    int64_t *out = (int64_t *)(void *)call->outputs[0]->data;
    tp__array from, wanted;
    TP__TRY(tp__spread(sorted, sorted, &from));
    TP__TRY(tp__spread(values, values, &wanted));
    switch (sorted->dtype) {
    case TP_F32:
        SEARCH(float)
        break;
    case TP_F64:
        SEARCH(double)
        break;
    case TP_I64:
        SEARCH(int64_t)
        break;
    case TP_I32:
        SEARCH(int32_t)
        break;
    default:
        SEARCH(uint8_t)
        break;
    }
    tp_release(from.scratch);
    tp_release(wanted.scratch);
    return TP_OK;
}

const tp_op tp__op_searchsorted = {
    .name = "searchsorted",
    .n_inputs = 2,
    .n_outputs = 1,
    .attributes_size = sizeof(bool),
    .infer = infer_search,
    .forward = forward_search,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Where values would be put into an ascending vector, or into rows.",
    .samples = SAMPLES(
        {"f64[5] f64[2,3]", &(const bool){false}, NULL}, {"i64[2,4] i64[2,3]", &(const bool){true}, NULL},
        {"f64[0] f64[3]", &(const bool){0}, NULL}, {"f64[4] f64[]", &(const bool){false}, NULL},
        {"f64[] f64[3]", &(const bool){false}, "boundaries tensor should have positive dimension"},
        {"f64[3] i64[3]", &(const bool){false}, "should have the same dtype"},
        {"f64[2,3] f64[3,2]", &(const bool){false}, "the first N-1 dimensions of boundaries"}),
};

tp_tensor *tp_searchsorted(tp_tensor *sorted, tp_tensor *values, bool right)
{
    tp_tensor *const inputs[2] = {sorted, values};
    return tp_apply(&tp__op_searchsorted, inputs, 2, &right);
}

tp_tensor *tp_bucketize(tp_tensor *values, tp_tensor *boundaries, bool right)
{
    TP_FRAME("bucketize");
    if (boundaries && boundaries->ndim != 1)
        return tp__fail_null(TP_ERROR_SHAPE, "boundaries tensor must be 1 dimension, but got dim(%d)",
                             boundaries->ndim);
    return tp_searchsorted(boundaries, values, right);
}
