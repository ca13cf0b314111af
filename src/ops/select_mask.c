/* Places by what stands there: nonzero, masks, classes, and membership. */
#include "base/memory.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/reduce.h"
#include "taper/indexing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* ---- nonzero ---- */

/* x as bytes that say whether an element is other than 0. */
static tp_status truth_of(const tp_tensor *x, tp__array *truth)
{
    tp_tensor like = {.dtype = TP_BOOL, .ndim = x->ndim, .numel = x->numel};
    memcpy(like.shape, x->shape, sizeof like.shape);
    return tp__spread(x, &like, truth);
}

static tp_status infer_nonzero(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp__array truth;
    TP__TRY(truth_of(x, &truth));
    int64_t count = 0;
    for (int64_t i = 0; i < x->numel; i++)
        count += ((const bool *)truth.data)[i];
    tp_release(truth.scratch);
    *call->results = (tp_result){.dtype = TP_I64, .ndim = 2, .shape = {count, x->ndim}};
    return TP_OK;
}

static tp_status forward_nonzero(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    int64_t *out = (int64_t *)(void *)call->outputs[0]->data;
    const int last = x->ndim - 1;
    const int64_t row = x->ndim ? x->shape[last] : 1;
    int64_t place[TP_MAX_DIMS] = {0};
    tp__array truth;
    TP__TRY(truth_of(x, &truth));
    /* A few elements of a row at a time: which of them count is found without a branch. */
    enum { PART = 256 };
    for (int64_t i = 0; i < x->numel; i += row) {
        for (int64_t begin = 0; begin < row; begin += PART) {
            const bool *const truths = (const bool *)truth.data + i + begin;
            const int part = row - begin < PART ? (int)(row - begin) : PART;
            uint8_t found[PART + 1];
            int count = 0;
            for (int j = 0; j < part; j++) {
                found[count] = (uint8_t)j;
                count += truths[j];
            }
            for (int k = 0; k < count; k++) {
                for (int d = 0; d < last; d++)
                    *out++ = place[d];
                if (x->ndim)
                    *out++ = begin + found[k];
            }
        }
        for (int d = last - 1; d >= 0 && ++place[d] == x->shape[d]; d--)
            place[d] = 0;
    }
    tp_release(truth.scratch);
    return TP_OK;
}

const tp_op tp__op_nonzero = {
    .name = "nonzero",
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer_nonzero,
    .forward = forward_nonzero,
    .no_gradient = TP_NO_GRAD,
    .documentation = "The places of the elements other than 0.",
    .samples = SAMPLES({"bool[3,4]", NULL, NULL}, {"i64[2,3,2]<-1,2>", NULL, NULL}, {"f64[0,3]", NULL, NULL},
                       {"bool[]", NULL, NULL}),
};

tp_tensor *tp_nonzero(tp_tensor *x)
{
    return tp_apply(&tp__op_nonzero, &x, 1, NULL);
}

tp_tensor **tp_nonzero_tuple(tp_tensor *x, int *n)
{
    if (x && !x->ndim)
        x = tp_reshape(x, 1);
    const int count = x ? x->ndim : 0;
    tp_tensor *places = tp_nonzero(x);
    tp_region *region = tp__region_current();
    tp_tensor **columns = places && region ? tp_region_alloc(region, (size_t)count * sizeof *columns) : NULL;
    for (int d = 0; columns && d < count; d++)
        if (!(columns[d] = tp_select(places, 1, d)))
            columns = NULL;
    if (n)
        *n = columns ? count : 0;
    return columns;
}

/* ---- Masks ---- */

static bool is_mask(const tp_tensor *mask)
{
    if (mask->dtype == TP_BOOL)
        return true;
    tp_fail(TP_ERROR_DTYPE, "expected BoolTensor for mask, not %s", tp_dtype_name((tp_dtype)mask->dtype));
    return false;
}

tp_tensor *tp_masked_select(tp_tensor *x, tp_tensor *mask)
{
    if (!x || !mask)
        return tp__null_argument("masked_select: an operand"), NULL;
    TP_FRAME("masked_select");
    tp_result common;
    if (!is_mask(mask) || tp__broadcast(2, (tp_tensor *const[]){x, mask}, &common) != TP_OK)
        return NULL;
    x = tp_reshape(tp_expand_n(x, common.ndim, common.shape), -1);
    mask = tp_reshape(tp_expand_n(mask, common.ndim, common.shape), -1);
    tp_tensor *places = tp_reshape(tp_nonzero(mask), -1);
    return places ? tp__named(tp_index_select(x, 0, places), "MaskedSelectBackward0") : NULL;
}

tp_tensor *tp_masked_scatter(tp_tensor *x, tp_tensor *mask, tp_tensor *source)
{
    if (!x || !mask || !source)
        return tp__null_argument("masked_scatter: an operand"), NULL;
    TP_FRAME("masked_scatter");
    static const char node[] = "MaskedScatterBackward0";
    if (!is_mask(mask))
        return NULL;
    if (x->dtype != source->dtype)
        return tp__fail_null(TP_ERROR_DTYPE, "expected self and source to have same dtypes but got %s and %s",
                             tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)source->dtype));
    mask = tp_expand_n(mask, x->ndim, x->shape);
    tp_tensor *where = tp_contiguous(mask);
    tp_tensor *rank = where ? tp__tensor_new(tp__region_current(), TP_I64, 1, &where->numel) : NULL;
    if (!rank)
        return NULL;
    int64_t taken = 0;
    for (int64_t i = 0; i < where->numel; i++) {
        tp_data_i64(rank)[i] = taken;
        taken += tp_data_bool(where)[i];
    }
    if (taken > source->numel)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "Number of elements of source < number of ones in mask: %lld against %lld",
                             (long long)source->numel, (long long)taken);
    if (!taken)
        return tp__named(tp_where(where, x, x), node); /* in x's shape, without anything of the source */
    for (int64_t i = 0; i < where->numel; i++)         /* what is not taken must be some place, too */
        if (tp_data_i64(rank)[i] >= taken)
            tp_data_i64(rank)[i] = taken - 1;
    tp_tensor *values = tp_index_select(tp_reshape(source, -1), 0, rank);
    return values ? tp__named(tp_where(where, tp_reshape_n(values, x->ndim, x->shape), x), node) : NULL;
}

/* ---- one_hot ---- */

static tp_status infer_one_hot(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const int64_t asked = *(const int64_t *)call->attributes;
    if (x->dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE, "is only applicable to index tensor of type int64, not %s",
                       tp_dtype_name((tp_dtype)x->dtype));
    if (x->ndim == TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "a tensor has at most %d dimensions", TP_MAX_DIMS);
    if (asked < -1 || !asked || (asked < 0 && !x->numel))
        return tp_fail(TP_ERROR_ARGUMENT,
                       "num_classes should be positive, and is %lld; for an empty tensor it must be "
                       "given",
                       (long long)asked);
    tp__array classes;
    int64_t largest = -1;
    TP__TRY(tp__spread(x, x, &classes));
    const int64_t *class_of = classes.data;
    tp_status status = TP_OK;
    for (int64_t i = 0; i < x->numel && status == TP_OK; i++) {
        if (class_of[i] < 0 || (asked > 0 && class_of[i] >= asked))
            status = tp_fail(TP_ERROR_INDEX, "Class values must be %s: element %lld is %lld",
                             class_of[i] < 0 ? "non-negative" : "smaller than num_classes", (long long)i,
                             (long long)class_of[i]);
        largest = class_of[i] > largest ? class_of[i] : largest;
    }
    tp_release(classes.scratch);
    tp__result_like(call->results, TP_I64, x);
    call->results->shape[call->results->ndim++] = asked > 0              ? asked
                                                  : largest == INT64_MAX ? largest
                                                                         : largest + 1;
    return status;
}

static tp_status forward_one_hot(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    tp__array classes;
    TP__TRY(tp__spread(x, x, &classes));
    memset(out->data, 0, (size_t)out->numel * sizeof(int64_t));
    for (int64_t i = 0; i < x->numel; i++)
        tp_data_i64(out)[i * out->shape[x->ndim] + ((const int64_t *)classes.data)[i]] = 1;
    tp_release(classes.scratch);
    return TP_OK;
}

const tp_op tp__op_one_hot = {
    .name = "one_hot",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(int64_t),
    .infer = infer_one_hot,
    .forward = forward_one_hot,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Zeros with a 1 at each class's place.",
    .samples = SAMPLES({"i64[4]<0,3>", &(const int64_t){3}, NULL},
                       {"i64[2,3]<0,3>", &(const int64_t){-1}, NULL}, {"i64[0]", &(const int64_t){2}, NULL},
                       {"i64[2]<3,4>", &(const int64_t){3}, "smaller than num_classes: element 0 is 3"},
                       {"i64[2]<-1,0>", &(const int64_t){-1}, "Class values must be non-negative"},
                       {"i64[0]", &(const int64_t){-1}, "num_classes should be positive"},
                       {"f64[2]", &(const int64_t){2}, "only applicable to index tensor"}),
};

tp_tensor *tp_one_hot(tp_tensor *x, int64_t classes)
{
    return tp_apply(&tp__op_one_hot, &x, 1, &classes);
}

/* ---- isin ---- */

static tp_status infer_isin(tp_call *call)
{
    tp__result_like(call->results, TP_BOOL, call->inputs[0]);
    return TP_OK;
}

static int compare_f64(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int compare_i64(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* x as a contiguous copy in a dtype that holds both operands' values. */
static tp_tensor *as_keys(const tp_tensor *x, bool floating)
{
    tp_tensor *keys = tp__tensor_new(tp__region_current(), floating ? TP_F64 : TP_I64, x->ndim, x->shape);
    if (keys)
        tp__copy_elements(x, keys);
    return keys;
}

static tp_status forward_isin(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *among = call->inputs[1];
    const bool floating = tp_dtype_is_float((tp_dtype)x->dtype) || tp_dtype_is_float((tp_dtype)among->dtype),
               invert = *(const bool *)call->attributes;
    int (*const compare)(const void *, const void *) = floating ? compare_f64 : compare_i64;
    tp_tensor *elements = as_keys(x, floating), *set = as_keys(among, floating);
    if (!elements || !set)
        return TP_ERROR_MEMORY;
    size_t n = (size_t)set->numel;
    if (floating) { /* NaN has no order */
        double *values = tp_data_f64(set);
        n = 0;
        for (int64_t i = 0; i < set->numel; i++)
            if (!isnan(values[i]))
                values[n++] = values[i];
    }
    if (n)
        qsort(set->data, n, 8, compare);
    for (int64_t i = 0; i < x->numel; i++) {
        const char *key = elements->data + i * 8;
        const bool found =
            n && !(floating && isnan(tp__load_f64(TP_F64, key))) && bsearch(key, set->data, n, 8, compare);
        call->outputs[0]->data[i] = found != invert;
    }
    tp_release(elements);
    tp_release(set);
    return TP_OK;
}

const tp_op tp__op_isin = {
    .name = "isin",
    .n_inputs = 2,
    .n_outputs = 1,
    .attributes_size = sizeof(bool),
    .infer = infer_isin,
    .forward = forward_isin,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Whether each element stands in another tensor.",
    .samples =
        SAMPLES({"i64[3,4]<0,9> i64[5]<0,9>", &(const bool){false}, NULL},
                {"f64[4] i64[2]", &(const bool){true}, NULL}, {"i32[4] u8[0]", &(const bool){true}, NULL}),
};

tp_tensor *tp_isin(tp_tensor *x, tp_tensor *among, bool invert)
{
    tp_tensor *const inputs[2] = {x, among};
    return tp_apply(&tp__op_isin, inputs, 2, &invert);
}
