/* Sorting along a dimension: whole rows, or their first k. */
#include "backend/cpu/sort.h"
#include "ops/along.h"
#include "ops/ops.h"

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Attributes. */
typedef struct ordering {
    int dim;
    bool descending;
    int64_t k; /* topk alone */
} ordering;
#define ORDERING(...)      \
    &(const ordering)      \
    {                      \
        .dim = __VA_ARGS__ \
    }

static int64_t size_of(const tp_tensor *x, int dim)
{
    return x->ndim ? x->shape[dim] : 1;
}

static tp_status check_dim(const tp_tensor *x, int dim)
{
    TP__TRY(tp__require_dim(x, dim, true));
    return size_of(x, dim) <= TP__SORT_MOST
               ? TP_OK
               : tp_fail(TP_ERROR_UNSUPPORTED, "dimension %d has %lld elements, which is too many to sort",
                         dim, (long long)x->shape[dim]);
}

static void find_first(const tp__finder *f, const void *row, int64_t *places, void *scratch)
{
    tp__sort_first(f->dtype, f->n, row, f->option, f->m, places, scratch);
}

tp_status tp__sort_along(const tp_tensor *x, int dim, bool descending, tp_tensor *values, tp_tensor *indices)
{
    tp__finder f = {.find = find_first,
                    .scratch = tp__sort_scratch((tp_dtype)x->dtype, size_of(x, dim)),
                    .m = size_of(indices, dim),
                    .option = descending};
    return tp__find_along(x, dim, &f, values, indices);
}

static tp_status forward_ordering(tp_call *call)
{
    const ordering *o = call->attributes;
    return tp__sort_along(call->inputs[0], o->dim, o->descending, call->outputs[0], call->outputs[1]);
}

static tp_status backward_ordering(tp_backward_call *call)
{
    const ordering *o = call->attributes;
    if (!call->grad_outputs[0])
        return TP_OK;
    call->grad_inputs[0] = tp__give_back(call->grad_outputs[0], o->dim, call->outputs[1], call->inputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

static tp_status infer_sort(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp__result_like(&call->results[0], (tp_dtype)x->dtype, x);
    tp__result_like(&call->results[1], TP_I64, x);
    return check_dim(x, ((const ordering *)call->attributes)->dim);
}

const tp_op tp__op_sort = {
    .name = "sort",
    .n_inputs = 1,
    .n_outputs = 2,
    .saves = TP_SAVES_OUTPUT(1),
    .attributes_size = sizeof(ordering),
    .infer = infer_sort,
    .forward = forward_ordering,
    .backward = backward_ordering,
    .documentation = "Sorted along a dimension, and where each element stood; equals keep their order.",
    .samples = SAMPLES({"f64[2,5]", ORDERING(1), NULL}, {"f64[4,2]", ORDERING(0, .descending = true), NULL},
                       {"f64[2,3,2]", ORDERING(1), NULL}, {"i32[40]", ORDERING(0), NULL},
                       {"f64[]", ORDERING(0), NULL}, {"f64[2,0]", ORDERING(1), NULL},
                       {"f64[2,3]", ORDERING(2), "there is no dimension 2 of 2"}),
};

tp_tensor *tp_sort(tp_tensor *x, int dim, bool descending, tp_tensor **indices)
{
    tp_tensor *outputs[2] = {NULL, NULL};
    const ordering o = {tp__checked_dimension("sort", x, dim), descending, 0};
    if (o.dim >= 0)
        tp_apply_n(&tp__op_sort, &x, 1, &o, outputs);
    if (indices)
        *indices = outputs[1];
    return outputs[0];
}

tp_tensor *tp_argsort(tp_tensor *x, int dim, bool descending)
{
    tp_tensor *indices = NULL;
    const bool was = tp_set_grad_enabled(false);
    tp_release(tp_sort(x, dim, descending, &indices));
    tp_set_grad_enabled(was);
    return indices;
}

/* ---- topk ---- */

static tp_status infer_topk(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const ordering *o = call->attributes;
    TP__TRY(check_dim(x, o->dim));
    if (x->dtype == TP_BOOL)
        return tp_fail(TP_ERROR_DTYPE, "does not support bool dtypes");
    if (o->k < 0 || o->k > size_of(x, o->dim))
        return tp_fail(TP_ERROR_VALUE, "selected index k out of range: %lld of %lld", (long long)o->k,
                       (long long)size_of(x, o->dim));
    for (int i = 0; i < 2; i++) {
        tp__result_like(&call->results[i], i ? TP_I64 : (tp_dtype)x->dtype, x);
        if (x->ndim)
            call->results[i].shape[o->dim] = o->k;
    }
    return TP_OK;
}

const tp_op tp__op_topk = {
    .name = "topk",
    .n_inputs = 1,
    .n_outputs = 2,
    .saves = TP_SAVES_OUTPUT(1),
    .attributes_size = sizeof(ordering),
    .infer = infer_topk,
    .forward = forward_ordering,
    .backward = backward_ordering,
    .documentation = "The k largest or smallest along a dimension, in order, and where they stood.",
    .samples = SAMPLES({"f64[2,5]", ORDERING(1, .k = 3, .descending = true), NULL},
                       {"f64[4,2]", ORDERING(0, .k = 2), NULL}, {"f64[2,5,2]", ORDERING(1, .k = 1), NULL},
                       {"f64[3]", ORDERING(0), NULL}, {"f64[]", ORDERING(0, .k = 1), NULL},
                       {"f64[0,3]", ORDERING(1, .k = 2), NULL},
                       {"bool[3]", ORDERING(0, .k = 1), "does not support bool dtypes"},
                       {"f64[3]", ORDERING(0, .k = 4), "selected index k out of range: 4 of 3"}),
};

tp_tensor *tp_topk(tp_tensor *x, int64_t k, int dim, bool largest, tp_tensor **indices)
{
    tp_tensor *outputs[2] = {NULL, NULL};
    const ordering o = {tp__checked_dimension("topk", x, dim), largest, k};
    if (o.dim >= 0)
        tp_apply_n(&tp__op_topk, &x, 1, &o, outputs);
    if (indices)
        *indices = outputs[1];
    return outputs[0];
}
