/* Diagonals and triangles of matrices. */
#include "ops/ops.h"
#include "taper/shape.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* ---- diagonal and diag_embed, each the other's gradient ---- */

/* Where a diagonal lies; for diag_embed also the shape that comes out. */
typedef struct line {
    int64_t offset;
    int dim1, dim2;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
} line;
#define LINE(...)             \
    &(const line)             \
    {                         \
        .offset = __VA_ARGS__ \
    }

/* Shape, strides and offset of the diagonal in a tensor of these. */
static void diagonal_of(const line *l, int ndim, const int64_t *shape, const int64_t *strides, tp_result *r)
{
    const int64_t rows = shape[l->dim1], columns = shape[l->dim2], up = l->offset > 0 ? l->offset : 0,
                  down = l->offset < 0 ? (l->offset == INT64_MIN ? INT64_MAX : -l->offset) : 0;
    const int64_t height = rows > down ? rows - down : 0, width = columns > up ? columns - up : 0;
    const int64_t length = height < width ? height : width;
    r->view = true;
    r->ndim = 0;
    for (int d = 0; d < ndim; d++) {
        if (d == l->dim1 || d == l->dim2)
            continue;
        r->shape[r->ndim] = shape[d];
        r->strides[r->ndim++] = strides[d];
    }
    r->shape[r->ndim] = length;
    r->strides[r->ndim++] = strides[l->dim1] + strides[l->dim2];
    r->offset = length ? up * strides[l->dim2] + down * strides[l->dim1] : 0;
}

static tp_status check_dims(const line *l, int ndim)
{
    if (l->dim1 >= 0 && l->dim1 < ndim && l->dim2 >= 0 && l->dim2 < ndim && l->dim1 != l->dim2)
        return TP_OK;
    return tp_fail(TP_ERROR_INDEX, "%d and %d are not two of %d dimensions", l->dim1, l->dim2, ndim);
}

static tp_status infer_diagonal(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const line *l = call->attributes;
    TP__TRY(check_dims(l, x->ndim));
    call->results->dtype = (tp_dtype)x->dtype;
    diagonal_of(l, x->ndim, x->shape, x->strides, call->results);
    return TP_OK;
}

static tp_status backward_diagonal(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[0];
    line l = *(const line *)call->attributes;
    l.ndim = x->ndim;
    memcpy(l.shape, x->shape, (size_t)x->ndim * sizeof(int64_t));
    call->grad_inputs[0] = tp_apply(&tp__op_diag_embed, call->grad_outputs, 1, &l);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_diagonal = {
    .name = "diagonal",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(line),
    .infer = infer_diagonal,
    .backward = backward_diagonal,
    .documentation = "A view of the places where one dimension's index is another's plus an offset.",
    .samples = SAMPLES({"f64[3,4]", LINE(1, .dim1 = 0, .dim2 = 1), NULL},
                       {"f64[3,2,4]", LINE(-1, .dim1 = 0, .dim2 = 2), NULL},
                       {"f64[3,3]", LINE(5, .dim1 = 0, .dim2 = 1), NULL},
                       {"f64[3]", LINE(0, .dim1 = 0, .dim2 = 1), "0 and 1 are not two of 1 dimensions"}),
};

static tp_status infer_diag_embed(tp_call *call)
{
    static const int64_t strides[TP_MAX_DIMS] = {0};
    const line *l = call->attributes;
    TP__TRY(tp__require_rank(l->ndim));
    TP__TRY(check_dims(l, l->ndim));
    diagonal_of(l, l->ndim, l->shape, strides, call->results);
    TP__TRY(tp__require_shape(call->inputs[0], "the diagonal", call->results->ndim, call->results->shape));
    *call->results = (tp_result){.dtype = (tp_dtype)call->inputs[0]->dtype, .ndim = l->ndim};
    memcpy(call->results->shape, l->shape, (size_t)l->ndim * sizeof(int64_t));
    return TP_OK;
}

static tp_status forward_diag_embed(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    tp_result r = {0};
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    if (!x->numel)
        return TP_OK;
    diagonal_of(call->attributes, out->ndim, out->shape, out->strides, &r);
    tp_tensor *target = tp__tensor_view(out, r.ndim, r.shape, r.strides, r.offset);
    if (!target)
        return TP_ERROR_MEMORY;
    tp__copy_elements(x, target);
    tp_release(target);
    return TP_OK;
}

static tp_status backward_diag_embed(tp_backward_call *call)
{
    call->grad_inputs[0] = tp_apply(&tp__op_diagonal, call->grad_outputs, 1, call->attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_diag_embed = {
    .name = "diag_embed",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(line),
    .infer = infer_diag_embed,
    .forward = forward_diag_embed,
    .backward = backward_diag_embed,
    .documentation = "Zeros with a tensor on the diagonal of two dimensions.",
    .samples = SAMPLES({"f64[3]", LINE(1, .dim1 = 0, .dim2 = 1, .ndim = 2, .shape = {3, 4}), NULL},
                       {"f64[2,3]", LINE(-1, .dim1 = 2, .dim2 = 0, .ndim = 3, .shape = {3, 2, 4}), NULL},
                       {"f64[4]", LINE(1, .dim1 = 0, .dim2 = 1, .ndim = 2, .shape = {3, 4}),
                        "the diagonal must have the shape [3], not [4]"}),
};

static tp_status check_line(line *l, int ndim, int dim1, int dim2)
{
    l->dim1 = tp__dimension(dim1, ndim);
    l->dim2 = l->dim1 < 0 ? -1 : tp__dimension(dim2, ndim);
    if (l->dim2 < 0)
        return TP_ERROR_INDEX;
    return l->dim1 == l->dim2
               ? tp_fail(TP_ERROR_ARGUMENT, "diagonal dimensions cannot be identical %d, %d", dim1, dim2)
               : TP_OK;
}

tp_tensor *tp_diagonal(tp_tensor *x, int64_t offset, int dim1, int dim2)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("diagonal");
    line l = {.offset = offset};
    return check_line(&l, x->ndim, dim1, dim2) == TP_OK ? tp_apply(&tp__op_diagonal, &x, 1, &l) : NULL;
}

tp_tensor *tp_diag_embed(tp_tensor *x, int64_t offset, int dim1, int dim2)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("diag_embed");
    line l = {.offset = offset, .ndim = x->ndim + 1};
    if (!x->ndim || l.ndim > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "takes a tensor of 1 to %d dimensions, not of %d",
                             TP_MAX_DIMS - 1, x->ndim);
    if (check_line(&l, l.ndim, dim1, dim2) != TP_OK)
        return NULL;
    if (offset > INT32_MAX || offset < -INT32_MAX)
        return tp__fail_null(TP_ERROR_SHAPE, "an offset of %lld is too large", (long long)offset);
    for (int d = 0, from = 0; d < l.ndim; d++)
        l.shape[d] = d == l.dim1 || d == l.dim2 ? x->shape[x->ndim - 1] + (offset < 0 ? -offset : offset)
                                                : x->shape[from++];
    return tp_apply(&tp__op_diag_embed, &x, 1, &l);
}

tp_tensor *tp_diag(tp_tensor *x, int64_t offset)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("diag");
    if (x->ndim < 1 || x->ndim > 2)
        return tp__fail_null(TP_ERROR_SHAPE, "Supports 1D or 2D tensors. Got %dD", x->ndim);
    if (x->ndim == 1)
        return tp_diag_embed(x, offset, 0, 1);
    return tp__named(tp_clone(tp_diagonal(x, offset, 0, 1)), "DiagonalBackward0_copy");
}

tp_tensor *tp_trace(tp_tensor *x)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("trace");
    if (x->ndim != 2)
        return tp__fail_null(TP_ERROR_SHAPE, "expected a matrix, but got tensor with dim %d", x->ndim);
    return tp__named(tp_sum(tp_diagonal(x, 0, 0, 1)), "TraceBackward0");
}

/* ---- tril and triu ---- */

typedef struct triangle {
    bool upper;
    int64_t diagonal;
} triangle;
#define TRIANGLE(...) \
    &(const triangle) \
    {                 \
        __VA_ARGS__   \
    }

static tp_status infer_triangle(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (x->ndim < 2)
        return tp_fail(TP_ERROR_SHAPE, "input tensor must have at least 2 dimensions, and has %d", x->ndim);
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    return TP_OK;
}

static tp_status forward_triangle(tp_call *call)
{
    const triangle *t = call->attributes;
    tp_tensor *out = call->outputs[0];
    const int64_t rows = out->shape[out->ndim - 2], columns = out->shape[out->ndim - 1];
    const size_t size = tp_dtype_size((tp_dtype)out->dtype);
    /* The first column to the right of the diagonal, in row 0. */
    const int64_t reach = t->diagonal > columns ? columns : t->diagonal < -rows ? -rows : t->diagonal;
    tp__copy_elements(call->inputs[0], out);
    char *row = out->data;
    for (int64_t i = 0; out->numel && i < out->numel / columns; i++, row += (size_t)columns * size) {
        int64_t cut = i % rows + reach + !t->upper;
        cut = cut < 0 ? 0 : cut > columns ? columns : cut;
        if (t->upper)
            memset(row, 0, (size_t)cut * size);
        else
            memset(row + (size_t)cut * size, 0, (size_t)(columns - cut) * size);
    }
    return TP_OK;
}

static tp_status backward_triangle(tp_backward_call *call)
{
    const triangle *t = call->attributes;
    call->grad_inputs[0] = tp_apply(t->upper ? &tp__op_triu : &tp__op_tril, call->grad_outputs, 1, t);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define TRIANGULAR(record, its_name, its_documentation, ...)   \
    const tp_op record = {.name = its_name,                    \
                          .moves = true,                       \
                          .n_inputs = 1,                       \
                          .n_outputs = 1,                      \
                          .attributes_size = sizeof(triangle), \
                          .infer = infer_triangle,             \
                          .forward = forward_triangle,         \
                          .backward = backward_triangle,       \
                          .documentation = its_documentation,  \
                          .samples = SAMPLES(__VA_ARGS__)}

TRIANGULAR(tp__op_tril, "tril", "Matrices with zeros above a diagonal.",
           {"f64[3,4]", TRIANGLE(false, 0), NULL}, {"f64[2,3,3]", TRIANGLE(false, -1), NULL},
           {"f64[0,3]", TRIANGLE(false, 1), NULL},
           {"f64[3]", TRIANGLE(false, 0), "input tensor must have at least 2 dimensions"});
TRIANGULAR(tp__op_triu, "triu", "Matrices with zeros below a diagonal.",
           {"f64[3,4]", TRIANGLE(true, 0), NULL}, {"f64[2,3,3]", TRIANGLE(true, 1), NULL},
           {"f64[4,3]", TRIANGLE(true, -2), NULL},
           {"f64[3]", TRIANGLE(true, 0), "input tensor must have at least 2 dimensions"});

tp_tensor *tp_tril(tp_tensor *x, int64_t diagonal)
{
    return tp_apply(&tp__op_tril, &x, 1, &(const triangle){false, diagonal});
}

tp_tensor *tp_triu(tp_tensor *x, int64_t diagonal)
{
    return tp_apply(&tp__op_triu, &x, 1, &(const triangle){true, diagonal});
}
