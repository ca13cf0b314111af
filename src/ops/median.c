/* One element of each row by its place in the order: k-th value, median, and the most frequent one. */
#include "backend/cpu/sort.h"
#include "ops/along.h"
#include "ops/ops.h"

#include <math.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Attributes. For the records over all elements `dim` is -1. */
typedef struct choice {
    int dim;
    bool keepdim, skip_nan;
    int64_t k; /* kthvalue alone */
} choice;
#define CHOICE(...)        \
    &(const choice)        \
    {                      \
        .dim = __VA_ARGS__ \
    }

/* ---- Finding ---- */

static bool is_nan_at(const tp__finder *f, const void *row, int64_t i)
{
    return f->dtype == TP_F32 ? isnan(((const float *)row)[i])
                              : f->dtype == TP_F64 && isnan(((const double *)row)[i]);
}

static void find_kth(const tp__finder *f, const void *row, int64_t *places, void *scratch)
{
    *places = tp__sort_select(f->dtype, f->n, row, f->k, scratch);
}

static void find_median(const tp__finder *f, const void *row, int64_t *places, void *scratch)
{
    int64_t numbers = 0;
    for (int64_t i = 0; i < f->n; i++) {
        numbers += !is_nan_at(f, row, i);
        if (!f->option && numbers <= i) { /* the first NaN */
            *places = i;
            return;
        }
    }
    *places = numbers ? tp__sort_select(f->dtype, f->n, row, (numbers - 1) / 2, scratch) : 0;
}

static bool differs(const tp__finder *f, const void *row, int64_t i, int64_t j)
{
    switch (f->dtype) {
    case TP_F32:
        return !(((const float *)row)[i] == ((const float *)row)[j]);
    case TP_F64:
        return !(((const double *)row)[i] == ((const double *)row)[j]);
    case TP_I64:
        return ((const int64_t *)row)[i] != ((const int64_t *)row)[j];
    case TP_I32:
        return ((const int32_t *)row)[i] != ((const int32_t *)row)[j];
    default:
        return ((const uint8_t *)row)[i] != ((const uint8_t *)row)[j];
    }
}

/* The end of the longest run in the sorted row; of the first one where there are several. */
static void find_mode(const tp__finder *f, const void *row, int64_t *places, void *scratch)
{
    int64_t *order = scratch, longest = 0, begin = 0;
    tp__sort_row(f->dtype, f->n, row, false, order, order + f->n);
    for (int64_t i = 0; i < f->n; i++) {
        if (i + 1 < f->n && !differs(f, row, order[i], order[i + 1]))
            continue;
        if (i + 1 - begin > longest) {
            longest = i + 1 - begin;
            *places = order[i];
        }
        begin = i + 1;
    }
}

/* ---- Along one dimension ---- */

static tp_status refuse_bool(const tp_tensor *x)
{
    return x->dtype == TP_BOOL ? tp_fail(TP_ERROR_DTYPE, "is not implemented for bool") : TP_OK;
}

static tp_status infer_choice(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const choice *c = call->attributes;
    TP__TRY(tp__require_dim(x, c->dim, true));
    const int64_t n = x->ndim ? x->shape[c->dim] : 1;
    const tp__reduction r = {.dims = 1u << c->dim, .keepdim = c->keepdim};
    if (call->op != &tp__op_mode)
        TP__TRY(refuse_bool(x));
    if (n > TP__SORT_MOST)
        return tp_fail(TP_ERROR_UNSUPPORTED, "dimension %d has %lld elements, which is too many to sort",
                       c->dim, (long long)n);
    if (!n)
        return tp_fail(TP_ERROR_INDEX, "Expected reduction dim %d to have non-zero size.", c->dim);
    if (call->op == &tp__op_kthvalue && (c->k < 1 || c->k > n))
        return tp_fail(TP_ERROR_VALUE, "selected number k out of range for dimension %d: %lld of %lld",
                       c->dim, (long long)c->k, (long long)n);
    tp__reduced(&call->results[0], (tp_dtype)x->dtype, x, &r);
    tp__reduced(&call->results[1], TP_I64, x, &r);
    return TP_OK;
}

static tp_status forward_choice(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const choice *c = call->attributes;
    const int64_t n = x->ndim ? x->shape[c->dim] : 1;
    const bool is_mode = call->op == &tp__op_mode, is_kth = call->op == &tp__op_kthvalue;
    tp__finder f = {.find = is_mode  ? find_mode
                            : is_kth ? find_kth
                                     : find_median,
                    .scratch =
                        tp__sort_scratch((tp_dtype)x->dtype, n) + (is_mode ? (size_t)n * sizeof(int64_t) : 0),
                    .m = 1,
                    .k = is_kth ? c->k - 1 : 0,
                    .option = c->skip_nan};
    return tp__find_along(x, c->dim, &f, call->outputs[0], call->outputs[1]);
}

static tp_status backward_choice(tp_backward_call *call)
{
    const choice *c = call->attributes;
    if (!call->grad_outputs[0])
        return TP_OK;
    call->grad_inputs[0] = tp__give_back(call->grad_outputs[0], c->dim, call->outputs[1], call->inputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define ALONG(record, its_name, its_node, its_documentation, with_k, without_nan, ...)                  \
    const tp_op record = {                                                                              \
        .name = its_name,                                                                               \
        .node_name = its_node,                                                                          \
        .n_inputs = 1,                                                                                  \
        .n_outputs = 2,                                                                                 \
        .saves = TP_SAVES_OUTPUT(1),                                                                    \
        .attributes_size = sizeof(choice),                                                              \
        .infer = infer_choice,                                                                          \
        .forward = forward_choice,                                                                      \
        .backward = backward_choice,                                                                    \
        .documentation = its_documentation,                                                             \
        .samples = SAMPLES(                                                                             \
            {"f64[2,5]", CHOICE(1, .k = with_k, .skip_nan = without_nan), NULL},                        \
            {"f64[3,2,2]", CHOICE(1, .k = with_k, .keepdim = true), NULL},                              \
            {"i64[2,7]", CHOICE(1, .k = with_k), NULL}, {"f64[]", CHOICE(0, .k = (with_k) != 0), NULL}, \
            {"f64[0,3]", CHOICE(1, .k = with_k), NULL},                                                 \
            {"f64[0,3]", CHOICE(0, .k = with_k), "Expected reduction dim 0 to have non-zero size."},    \
            {"f64[2,3]", CHOICE(2, .k = with_k), "there is no dimension 2 of 2"}, __VA_ARGS__)}
ALONG(tp__op_kthvalue, "kthvalue", NULL, "The k-th smallest along a dimension, and its first place.", 2,
      false, {"f64[3]", CHOICE(0, .k = 4), "selected number k out of range for dimension 0: 4 of 3"},
      {"bool[3]", CHOICE(0, .k = 1), "is not implemented for bool"});
ALONG(tp__op_median_dim, "median", "MedianBackward1", "The middle element along a dimension, and its place.",
      0, false, {"bool[3]", CHOICE(0), "is not implemented for bool"});
ALONG(tp__op_nanmedian_dim, "nanmedian", "NanmedianBackward1",
      "The middle element along a dimension of those that are not NaN, and its place.", 0, true,
      {"bool[3]", CHOICE(0), "is not implemented for bool"});
ALONG(tp__op_mode, "mode", NULL, "The most frequent element along a dimension, and its last place.", 0, false,
      {"bool[3]", CHOICE(0), NULL});

static tp_tensor *choose(const tp_op *op, tp_tensor *x, choice c, tp_tensor **indices)
{
    tp_tensor *outputs[2] = {NULL, NULL};
    c.dim = tp__checked_dimension(op->name, x, c.dim);
    if (c.dim >= 0)
        tp_apply_n(op, &x, 1, &c, outputs);
    if (indices)
        *indices = outputs[1];
    return outputs[0];
}

tp_tensor *tp_kthvalue(tp_tensor *x, int64_t k, int dim, bool keepdim, tp_tensor **indices)
{
    return choose(&tp__op_kthvalue, x, (choice){dim, keepdim, false, k}, indices);
}

tp_tensor *tp_median_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices)
{
    return choose(&tp__op_median_dim, x, (choice){dim, keepdim, false, 0}, indices);
}

tp_tensor *tp_nanmedian_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices)
{
    return choose(&tp__op_nanmedian_dim, x, (choice){dim, keepdim, true, 0}, indices);
}

tp_tensor *tp_mode(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices)
{
    return choose(&tp__op_mode, x, (choice){dim, keepdim, false, 0}, indices);
}

/* ---- Over all elements ---- */

static tp_status infer_median(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    TP__TRY(refuse_bool(x));
    if (x->numel > TP__SORT_MOST)
        return tp_fail(TP_ERROR_UNSUPPORTED, "%lld elements are too many to sort", (long long)x->numel);
    *call->results = (tp_result){.dtype = (tp_dtype)x->dtype};
    return TP_OK;
}

static tp_status forward_median(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *y = call->outputs[0];
    if (!x->numel) { /* an integer's is its smallest, as what NaN is converted to */
        tp__store_f64((tp_dtype)y->dtype, y->data, NAN);
        return TP_OK;
    }
    tp__array from;
    tp_tensor row = {.dtype = x->dtype, .ndim = 1, .contiguous = true, .numel = x->numel};
    row.shape[0] = x->numel;
    row.strides[0] = 1;
    TP__TRY(tp__spread(x, x, &from));
    row.data = (char *)(uintptr_t)from.data;
    tp_tensor *place = tp__tensor_new(tp__region_current(), TP_I64, 0, row.shape);
    tp__finder f = {.find = find_median,
                    .scratch = tp__sort_scratch((tp_dtype)x->dtype, x->numel),
                    .m = 1,
                    .option = call->op == &tp__op_nanmedian};
    if (!place)
        return TP_ERROR_MEMORY;
    TP__TRY(tp__find_along(&row, 0, &f, y, place));
    tp_release(place);
    tp_release(from.scratch);
    return TP_OK;
}

static tp_status backward_median(tp_backward_call *call)
{
    const tp__reduction all = {.dims = TP__ALL_DIMS};
    call->grad_inputs[0] =
        tp__shared_among_equals(call->grad_outputs[0], call->outputs[0], call->inputs[0], &all);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define OVER_ALL(record, its_name, its_documentation)                                            \
    const tp_op record = {.name = its_name,                                                      \
                          .n_inputs = 1,                                                         \
                          .n_outputs = 1,                                                        \
                          .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),                       \
                          .infer = infer_median,                                                 \
                          .forward = forward_median,                                             \
                          .backward = backward_median,                                           \
                          .documentation = its_documentation,                                    \
                          .samples = SAMPLES({"f64[2,3]", NULL, NULL}, {"f64[]", NULL, NULL},    \
                                             {"u8[7]<0,9>", NULL, NULL}, {"f64[0]", NULL, NULL}, \
                                             {"bool[3]", NULL, "is not implemented for bool"})}
OVER_ALL(tp__op_median, "median", "The element in the middle of all.");
OVER_ALL(tp__op_nanmedian, "nanmedian", "The element in the middle of all that are not NaN.");

tp_tensor *tp_median(tp_tensor *x)
{
    return tp_apply(&tp__op_median, &x, 1, NULL);
}

tp_tensor *tp_nanmedian(tp_tensor *x)
{
    return tp_apply(&tp__op_nanmedian, &x, 1, NULL);
}
