/* Products over some dimensions, and their gradient. */
#include "backend/cpu/table.h"
#include "ops/along.h"
#include "ops/ops.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }
#define OVER(...)           \
    &(const tp__reduction)  \
    {                       \
        .dims = __VA_ARGS__ \
    }

/* The dimensions of `mask` go to the end and become one, in which each place gets the product of those before
 * it and of those behind it. */
tp_tensor *tp__products_of_others(tp_tensor *x, unsigned mask)
{
    int64_t order[TP_MAX_DIMS], back[TP_MAX_DIMS], shape[TP_MAX_DIMS];
    int kept = 0, n = 0;
    for (unsigned pass = 0; pass < 2; pass++)
        for (int d = 0; d < x->ndim; d++)
            if ((mask >> d & 1) == pass) {
                kept += !pass;
                back[d] = n;
                order[n++] = d;
            }
    tp_tensor *moved = tp_permute_n(x, n, order);
    if (!moved)
        return NULL;
    memcpy(shape, moved->shape, sizeof shape);
    shape[kept] = tp__reduced_count(x, mask);
    if (shape[kept] == 1)
        return tp_full_n((tp_dtype)x->dtype, 1, x->ndim, x->shape);
    tp_tensor *rows = tp_reshape_n(moved, kept + 1, shape);
    tp_tensor *before = tp__shifted(tp__cumprod(rows, kept, false), kept, false, 1);
    tp_tensor *behind = tp__shifted(tp__cumprod(rows, kept, true), kept, true, 1);
    tp_tensor *others = tp_reshape_n(tp_mul(before, behind), n, moved->shape);
    return tp_permute_n(others, n, back);
}

static tp_status infer_prod(tp_call *call)
{
    const tp_dtype dtype = (tp_dtype)call->inputs[0]->dtype;
    tp__reduced(call->results, tp_dtype_is_float(dtype) ? dtype : TP_I64, call->inputs[0], call->attributes);
    return TP_OK;
}

static tp_status forward_prod(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const unsigned dims = ((const tp__reduction *)call->attributes)->dims;
    tp_tensor *out = call->outputs[0], *whole = NULL;
    const int64_t n = tp__reduced_count(x, dims);
    tp__array rows;
    if (out->dtype != x->dtype) {
        if (!(whole = tp__tensor_new(tp__region_current(), TP_I64, x->ndim, x->shape)))
            return TP_ERROR_MEMORY;
        tp__copy_elements(x, whole);
        x = whole;
    }
    TP__TRY(tp__as_rows(x, dims, &rows));
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    for (int64_t r = 0; r < out->numel; r++) {
        const char *row = (const char *)rows.data + (size_t)(r * n) * size;
        if (out->dtype != TP_I64) {
            tp__reduce()->prod[out->dtype == TP_F64](n, row, out->data + (size_t)r * size);
            continue;
        }
        uint64_t product = 1;
        for (int64_t i = 0; i < n; i++)
            product *= ((const uint64_t *)(const void *)row)[i];
        ((uint64_t *)(void *)out->data)[r] = product;
    }
    tp_release(rows.scratch);
    tp_release(whole);
    return TP_OK;
}

/* g y / x, as PyTorch has it, unless a zero is in the way. */
static tp_status backward_prod(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    if (!x->ndim) {
        call->grad_inputs[0] = call->grad_outputs[0];
        return TP_OK;
    }
    tp_tensor *g = tp__restored(call->grad_outputs[0], x, r), *y = tp__restored(call->outputs[0], x, r);
    const bool was = tp_set_grad_enabled(false);
    tp_tensor *zeros = tp_any(tp_eq(x, 0.0));
    tp_set_grad_enabled(was);
    if (!zeros)
        return tp__ctx.error;
    call->grad_inputs[0] =
        tp_item(zeros) != 0 ? tp_mul(g, tp__products_of_others(x, r->dims)) : tp_div(tp_mul(g, y), x);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_prod_dims = {
    .name = "prod",
    .node_name = "ProdBackward1",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_prod,
    .forward = forward_prod,
    .backward = backward_prod,
    .documentation = "The product over some dimensions.",
    .samples = SAMPLES({"f64[2,3]<0.5,2>", OVER(2), NULL}, {"f64[2,3]<0,0>", OVER(2, .keepdim = true), NULL},
                       {"f64[2,2,3]<0,0>", OVER(5), NULL}, {"f64[3,2]<0.5,2>", OVER(1), NULL},
                       {"f64[]", OVER(1), NULL}, {"f64[0,3]", OVER(1), NULL}, {"u8[3,2]", OVER(1), NULL}),
};

tp_tensor *tp_prod_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    tp__reduction r;
    return tp__checked_reduction("prod", x, n, dims, keepdim, &r) == TP_OK
               ? tp_apply(&tp__op_prod_dims, &x, 1, &r)
               : NULL;
}

tp_tensor *tp_prod_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_prod_n(x, 1, &dim, keepdim);
}
