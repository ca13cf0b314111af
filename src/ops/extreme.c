/* The largest and the smallest element, and where it stands; any and all. */
#include "backend/cpu/table.h"
#include "ops/index.h"
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

/* ---- Searching rows ---- */

/* The first place of the extreme element in each of `rows` rows of n; a NaN, which alone differs from itself,
 * is more extreme than any number. */
#define SEARCH(T, name, COMPARE)                                                              \
    static void name(int64_t rows, int64_t n, const void *from, void *values, int64_t *found) \
    {                                                                                         \
        const T *row = from;                                                                  \
        T *out = values;                                                                      \
        for (int64_t r = 0; r < rows; r++, row += n) {                                        \
            T best = row[0];                                                                  \
            int64_t at = 0;                                                                   \
            for (int64_t i = 1; i < n && best == best; i++)                                   \
                if (row[i] COMPARE best || row[i] != row[i]) {                                \
                    best = row[i];                                                            \
                    at = i;                                                                   \
                }                                                                             \
            if (out)                                                                          \
                out[r] = best;                                                                \
            if (found)                                                                        \
                found[r] = at;                                                                \
        }                                                                                     \
    }
#define SEARCH_BOTH(T, suffix) \
    SEARCH(T, max_##suffix, >) \
    SEARCH(T, min_##suffix, <)
SEARCH_BOTH(bool, b8)
SEARCH_BOTH(uint8_t, u8)
SEARCH_BOTH(int32_t, i32)
SEARCH_BOTH(int64_t, i64)
SEARCH_BOTH(float, f32)
SEARCH_BOTH(double, f64)

typedef void (*search)(int64_t rows, int64_t n, const void *x, void *values, int64_t *found);
static const search searches[2][TP_DTYPES] = {{max_b8, max_u8, max_i32, max_i64, max_f32, max_f64},
                                              {min_b8, min_u8, min_i32, min_i64, min_f32, min_f64}};

/* Attributes. For the records over all elements `dim` is -1. */
typedef struct extreme {
    bool smallest;
    int dim;
    bool keepdim;
} extreme;
#define EXTREME(...)            \
    &(const extreme)            \
    {                           \
        .smallest = __VA_ARGS__ \
    }

static tp__reduction reduction_of(const extreme *e)
{
    return (tp__reduction){.dims = e->dim < 0 ? TP__ALL_DIMS : 1u << e->dim, .keepdim = e->keepdim};
}

static tp_status search_rows(const tp_tensor *x, const extreme *e, int64_t rows, void *values, int64_t *found)
{
    const tp__reduction r = reduction_of(e);
    tp__array from;
    TP__TRY(tp__as_rows(x, r.dims, &from));
    if (rows)
        searches[e->smallest][x->dtype](rows, tp__reduced_count(x, r.dims), from.data, values, found);
    tp_release(from.scratch);
    return TP_OK;
}

/* ---- Over all elements ---- */

static tp_status infer_extreme_all(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (((const extreme *)call->attributes)->dim >= 0)
        return tp_fail(TP_ERROR_ARGUMENT, "is over all elements, and takes no dimension");
    if (!x->numel)
        return tp_fail(TP_ERROR_SHAPE,
                       "Expected reduction dim to be specified for input.numel() == 0. Specify "
                       "the reduction dim with tp_max_dim or tp_min_dim");
    *call->results = (tp_result){.dtype = (tp_dtype)x->dtype};
    return TP_OK;
}

/* Whether the extreme's bits tell which of several equal elements it is. */
static bool is_ambiguous(const tp_tensor *value)
{
    const double v = tp__load_f64((tp_dtype)value->dtype, value->data);
    return tp_dtype_is_float((tp_dtype)value->dtype) && (v == 0 || v != v);
}

/* Found in lanes; the first of several zeros or NaNs needs a search. */
static tp_status forward_extreme_all(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const extreme *e = call->attributes;
    tp_tensor *out = call->outputs[0];
    tp__array from;
    TP__TRY(tp__as_rows(x, TP__ALL_DIMS, &from));
    tp__scan()->extreme[e->smallest][x->dtype](x->numel, 1, 1, from.data, out->data);
    if (is_ambiguous(out))
        searches[e->smallest][x->dtype](1, x->numel, from.data, out->data, NULL);
    tp_release(from.scratch);
    return TP_OK;
}

/* Elements equal to the result share the gradient; if it is NaN, those that are NaN. */
static tp_status backward_extreme_all(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    tp_tensor *mask = tp_logical_or(tp_logical_and(tp_isnan(y), tp_isnan(x)), tp_eq(x, y));
    call->grad_inputs[0] = tp_mul(tp_div(g, tp_sum(mask)), mask);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define EXTREME_ALL(record, its_name, its_node, is_smallest)                                      \
    const tp_op record = {.name = its_name,                                                       \
                          .node_name = its_node,                                                  \
                          .n_inputs = 1,                                                          \
                          .n_outputs = 1,                                                         \
                          .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),                        \
                          .attributes_size = sizeof(extreme),                                     \
                          .infer = infer_extreme_all,                                             \
                          .forward = forward_extreme_all,                                         \
                          .backward = backward_extreme_all,                                       \
                          .documentation = "The extreme of all elements; NaN if there is one.",   \
                          .samples = SAMPLES({"f64[2,3]", EXTREME(is_smallest, .dim = -1), NULL}, \
                                             {"f64[]", EXTREME(is_smallest, .dim = -1), NULL},    \
                                             {"f64[0,3]", EXTREME(is_smallest, .dim = -1),        \
                                              "Expected reduction dim to be specified for input.numel"})}
EXTREME_ALL(tp__op_max, "max", "MaxBackward1", false);
EXTREME_ALL(tp__op_min, "min", "MinBackward1", true);

tp_tensor *tp_max(tp_tensor *x)
{
    return tp_apply(&tp__op_max, &x, 1, &(extreme){.dim = -1});
}

tp_tensor *tp_min(tp_tensor *x)
{
    return tp_apply(&tp__op_min, &x, 1, &(extreme){.smallest = true, .dim = -1});
}

/* ---- Along one dimension: values and places ---- */

static tp_status infer_extreme_dim(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const extreme *e = call->attributes;
    if (e->dim >= 0)
        TP__TRY(tp__require_dim(x, e->dim, true));
    const tp__reduction r = reduction_of(e);
    if (x->ndim && e->dim >= 0 && !x->shape[e->dim])
        return tp_fail(TP_ERROR_INDEX, "Expected reduction dim %d to have non-zero size.", e->dim);
    if (e->dim < 0 && !x->numel)
        return tp_fail(TP_ERROR_INDEX, "Expected reduction dim to be specified for input.numel() == 0.");
    if (call->op->n_outputs == 2)
        tp__reduced(call->results, (tp_dtype)x->dtype, x, &r);
    tp__reduced(&call->results[call->op->n_outputs - 1], TP_I64, x, &r);
    return TP_OK;
}

static tp_status forward_extreme_dim(tp_call *call)
{
    tp_tensor *found = call->outputs[call->op->n_outputs - 1];
    return search_rows(call->inputs[0], call->attributes, found->numel,
                       call->op->n_outputs == 2 ? call->outputs[0]->data : NULL,
                       (int64_t *)(void *)found->data);
}

static tp_status backward_extreme_dim(tp_backward_call *call)
{
    const extreme *e = call->attributes;
    const tp_tensor *x = call->inputs[0];
    const tp__reduction r = reduction_of(e);
    if (!call->grad_outputs[0])
        return TP_OK;
    if (!x->ndim) {
        call->grad_inputs[0] = call->grad_outputs[0];
        return TP_OK;
    }
    tp_tensor *g = tp__restored(call->grad_outputs[0], x, &r), *found = tp__restored(call->outputs[1], x, &r);
    call->grad_inputs[0] = tp__scatter_add(g, e->dim, found, x->shape);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define EXTREME_DIM(record, its_name, its_node, is_smallest)                                            \
    const tp_op record = {                                                                              \
        .name = its_name,                                                                               \
        .node_name = its_node,                                                                          \
        .n_inputs = 1,                                                                                  \
        .n_outputs = 2,                                                                                 \
        .saves = TP_SAVES_OUTPUT(1),                                                                    \
        .attributes_size = sizeof(extreme),                                                             \
        .infer = infer_extreme_dim,                                                                     \
        .forward = forward_extreme_dim,                                                                 \
        .backward = backward_extreme_dim,                                                               \
        .documentation = "The extreme along a dimension and its first place; a NaN counts as extreme.", \
        .samples = SAMPLES({"f64[2,3]", EXTREME(is_smallest, .dim = 1), NULL},                          \
                           {"f64[2,3,2]", EXTREME(is_smallest, .dim = 1, .keepdim = true), NULL},       \
                           {"f64[]", EXTREME(is_smallest, .dim = 0), NULL},                             \
                           {"f64[0,3]", EXTREME(is_smallest, .dim = 0),                                 \
                            "Expected reduction dim 0 to have non-zero size."})}
EXTREME_DIM(tp__op_max_dim, "max", "MaxBackward0", false);
EXTREME_DIM(tp__op_min_dim, "min", "MinBackward0", true);

#define EXTREME_PLACE(record, its_name, is_smallest)                                               \
    const tp_op record = {                                                                         \
        .name = its_name,                                                                          \
        .n_inputs = 1,                                                                             \
        .n_outputs = 1,                                                                            \
        .attributes_size = sizeof(extreme),                                                        \
        .infer = infer_extreme_dim,                                                                \
        .forward = forward_extreme_dim,                                                            \
        .no_gradient = TP_NO_GRAD,                                                                 \
        .documentation = "The first place of the extreme along a dimension.",                      \
        .samples = SAMPLES({"f64[2,3]", EXTREME(is_smallest, .dim = 1), NULL},                     \
                           {"i64[3]<0,9>", EXTREME(is_smallest, .dim = 0, .keepdim = true), NULL}, \
                           {"f64[0,3]", EXTREME(is_smallest, .dim = 0),                            \
                            "Expected reduction dim 0 to have non-zero size."})}
EXTREME_PLACE(tp__op_argmax, "argmax", false);
EXTREME_PLACE(tp__op_argmin, "argmin", true);

/* Checks `dim` under the operation's name. */
static tp_status along(const tp_op *op, const tp_tensor *x, int dim, bool smallest, bool keepdim, extreme *e)
{
    if (!x)
        return tp__null_operand(op->name), tp__ctx.error;
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    *e = (extreme){smallest, tp__one_dimension(dim, x), keepdim};
    tp_frame_leave(&frame);
    return e->dim < 0 ? TP_ERROR_INDEX : TP_OK;
}

static tp_tensor *values_and_places(const tp_op *op, tp_tensor *x, int dim, bool smallest, bool keepdim,
                                    tp_tensor **indices)
{
    extreme e;
    tp_tensor *outputs[2] = {NULL, NULL};
    if (along(op, x, dim, smallest, keepdim, &e) == TP_OK)
        tp_apply_n(op, &x, 1, &e, outputs);
    if (indices)
        *indices = outputs[1];
    return outputs[0];
}

tp_tensor *tp_max_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices)
{
    return values_and_places(&tp__op_max_dim, x, dim, false, keepdim, indices);
}

tp_tensor *tp_min_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices)
{
    return values_and_places(&tp__op_min_dim, x, dim, true, keepdim, indices);
}

tp_tensor *tp_argmax(tp_tensor *x, int dim, bool keepdim)
{
    extreme e;
    return along(&tp__op_argmax, x, dim, false, keepdim, &e) == TP_OK ? tp_apply(&tp__op_argmax, &x, 1, &e)
                                                                      : NULL;
}

tp_tensor *tp_argmin(tp_tensor *x, int dim, bool keepdim)
{
    extreme e;
    return along(&tp__op_argmin, x, dim, true, keepdim, &e) == TP_OK ? tp_apply(&tp__op_argmin, &x, 1, &e)
                                                                     : NULL;
}

/* ---- any and all ---- */

static tp_status infer_any(tp_call *call)
{
    *call->results = (tp_result){.dtype = call->inputs[0]->dtype == TP_U8 ? TP_U8 : TP_BOOL};
    return TP_OK;
}

/* Whether an element of x is 0 (or other than 0, for `wanted` true). */
static tp_status contains(const tp_tensor *x, bool wanted, bool *found)
{
    tp_tensor *truth = tp__tensor_new(tp__region_current(), TP_BOOL, x->ndim, x->shape);
    if (!truth)
        return TP_ERROR_MEMORY;
    tp__copy_elements(x, truth);
    *found = x->numel && memchr(truth->data, wanted, (size_t)x->numel);
    tp_release(truth);
    return TP_OK;
}

static tp_status forward_any(tp_call *call)
{
    bool found;
    TP__TRY(contains(call->inputs[0], true, &found));
    *call->outputs[0]->data = found;
    return TP_OK;
}

static tp_status forward_all(tp_call *call)
{
    bool found;
    TP__TRY(contains(call->inputs[0], false, &found));
    *call->outputs[0]->data = !found;
    return TP_OK;
}

const tp_op tp__op_any = {
    .name = "any",
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer_any,
    .forward = forward_any,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Whether an element is other than 0. Gives bool; uint8 for uint8.",
    .samples = SAMPLES({"bool[2,3]", NULL, NULL}, {"f64[0]", NULL, NULL}),
};

const tp_op tp__op_all = {
    .name = "all",
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer_any,
    .forward = forward_all,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Whether all elements are other than 0. Gives bool; uint8 for uint8.",
    .samples = SAMPLES({"bool[2,3]", NULL, NULL}, {"f64[0]", NULL, NULL}),
};

tp_tensor *tp_any(tp_tensor *x)
{
    return tp_apply(&tp__op_any, &x, 1, NULL);
}

tp_tensor *tp_all(tp_tensor *x)
{
    return tp_apply(&tp__op_all, &x, 1, NULL);
}
