/* Choosing by index tensors: index_select and gather, and their gradients, which add up where they chose. */
#include "ops/index.h"
#include "ops/ops.h"
#include "ops/places.h"
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

/* Attributes: the dimension, and, for the gradients, the shape that comes out. */
typedef struct choice {
    int dim;
    int64_t shape[TP_MAX_DIMS];
} choice;
#define CHOICE(...)        \
    &(const choice)        \
    {                      \
        .dim = __VA_ARGS__ \
    }

static tp_status check_type(const tp_tensor *index)
{
    if (index->dtype == TP_I64)
        return TP_OK;
    return tp_fail(TP_ERROR_DTYPE, "Expected dtype int64 for index, not %s",
                   tp_dtype_name((tp_dtype)index->dtype));
}

/* ---- index_select: whole slices ---- */

/* x as [before][size][after] around dimension `dim`. */
typedef struct slices {
    int64_t before, size;
    size_t after; /* bytes */
} slices;

static slices slices_of(const tp_tensor *x, int dim)
{
    slices s = {1, x->shape[dim], tp_dtype_size((tp_dtype)x->dtype)};
    for (int d = 0; d < x->ndim; d++) {
        if (d < dim)
            s.before *= x->shape[d];
        else if (d > dim)
            s.after *= (size_t)x->shape[d];
    }
    return s;
}

static tp_status check_vector(const tp_tensor *index)
{
    TP__TRY(check_type(index));
    char shape[TP__SHAPE_TEXT_SIZE];
    return index->ndim <= 1 ? TP_OK
                            : tp_fail(TP_ERROR_SHAPE, "Index is supposed to be a vector, and its shape is %s",
                                      tp__shape_text(shape, sizeof shape, index->ndim, index->shape));
}

static tp_status check_places(const int64_t *places, int64_t n, int dim, int64_t size)
{
    for (int64_t i = 0; i < n; i++)
        if (places[i] < 0 || places[i] >= size) {
            char place[TP__SHAPE_TEXT_SIZE];
            return tp__refuse_index(places[i], tp__shape_text(place, sizeof place, 1, &i), dim, size);
        }
    return TP_OK;
}

static tp_status infer_index_select(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *index = call->inputs[1];
    const int dim = ((const choice *)call->attributes)->dim;
    TP__TRY(check_vector(index));
    TP__TRY(tp__require_dim(x, dim, false));
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    call->results->shape[dim] = index->numel;
    return TP_OK;
}

static tp_status forward_index_select(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *index = call->inputs[1];
    const int dim = ((const choice *)call->attributes)->dim;
    const slices s = slices_of(x, dim);
    tp__array from, at;
    TP__TRY(tp__spread(index, index, &at));
    TP__TRY(tp__spread(x, x, &from));
    const int64_t *places = at.data;
    TP__TRY(check_places(places, index->numel, dim, s.size));
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    char *out = call->outputs[0]->data;
    for (int64_t b = 0; s.after && b < s.before; b++) {
        const char *slice = (const char *)from.data + (size_t)(b * s.size) * s.after;
        if (s.after == size) {
            tp__take(size, index->numel, slice, places, out);
            out += (size_t)index->numel * size;
            continue;
        }
        for (int64_t i = 0; i < index->numel; i++, out += s.after)
            memcpy(out, slice + (size_t)places[i] * s.after, s.after);
    }
    tp_release(from.scratch);
    tp_release(at.scratch);
    return TP_OK;
}

static tp_status backward_index_select(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *const inputs[2] = {call->grad_outputs[0], call->inputs[1]};
    choice c = *(const choice *)call->attributes;
    memcpy(c.shape, x->shape, sizeof c.shape);
    if (call->needed[0])
        call->grad_inputs[0] = tp_apply(&tp__op_index_select_backward, inputs, 2, &c);
    return tp__ctx.error;
}

const tp_op tp__op_index_select = {
    .name = "index_select",
    .moves = true,
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(choice),
    .infer = infer_index_select,
    .forward = forward_index_select,
    .backward = backward_index_select,
    .documentation = "Places of one dimension by a vector of indices.",
    .samples =
        SAMPLES({"f64[3,2] i64[4]<0,3>", CHOICE(0), NULL}, {"f64[2,3,2] i64[2]<0,3>", CHOICE(1), NULL},
                {"f64[3] i64[]<0,3>", CHOICE(0), NULL}, {"f64[3] i64[0]<0,3>", CHOICE(0), NULL},
                {"f64[3] i64[2]<3,4>", CHOICE(0), "index 3 is out of bounds for dimension 0 with size 3"},
                {"f64[3] f64[2]", CHOICE(0), "Expected dtype int64 for index"},
                {"f64[3] i64[1,2]<0,3>", CHOICE(0), "Index is supposed to be a vector"}),
};

/* A scalar is the one place of a vector. */
static tp_tensor *select_of_scalar(tp_tensor *x, int dim, tp_tensor *index)
{
    TP_FRAME("index_select");
    if (tp__one_dimension(dim, x) < 0)
        return NULL;
    if (index->numel != 1)
        return tp__fail_null(TP_ERROR_SHAPE, "Index to scalar can have only 1 value, got %lld value(s)",
                             (long long)index->numel);
    x = tp_index_select(tp_reshape(x, 1), 0, index);
    return x ? tp_reshape_n(x, 0, NULL) : NULL;
}

tp_tensor *tp_index_select(tp_tensor *x, int dim, tp_tensor *index)
{
    if (!x || !index)
        return tp__null_argument("index_select: an operand"), NULL;
    if (index->dtype == TP_I32 && !(index = tp_to(index, TP_I64)))
        return NULL;
    if (!x->ndim)
        return select_of_scalar(x, dim, index);
    tp_tensor *const inputs[2] = {x, index};
    choice c = {.dim = 0};
    tp_frame frame = {"index_select", NULL, NULL};
    tp_frame_enter(&frame);
    c.dim = tp__dimension(dim, x->ndim);
    tp_tensor *rows = NULL;
    const bool is_csr = x->layout == TP__CSR;
    if (is_csr && c.dim >= 0) {
        tp__array at;
        if (c.dim > 0)
            tp_fail(TP_ERROR_UNSUPPORTED, "only rows of a CSR matrix can be selected, not dimension %d",
                    c.dim);
        else if (x->requires_grad && tp_is_grad_enabled())
            tp_fail(TP_ERROR_UNSUPPORTED, "a CSR matrix that requires a gradient cannot be selected from");
        else if (check_vector(index) == TP_OK && tp__spread(index, index, &at) == TP_OK &&
                 check_places(at.data, index->numel, 0, x->shape[0]) == TP_OK)
            rows = tp_csr_rows(x, at.data, index->numel);
    }
    tp_frame_leave(&frame);
    return is_csr || c.dim < 0 ? rows : tp_apply(&tp__op_index_select, inputs, 2, &c);
}

/* The gradient: slices of g are added to zeros where they came from. */
static tp_status infer_index_select_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0];
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(check_vector(call->inputs[1]));
    const choice *c = call->attributes;
    TP__TRY(tp__require_dim(g, c->dim, false));
    if (g->shape[c->dim] != call->inputs[1]->numel)
        return tp_fail(TP_ERROR_SHAPE, "the gradient has not as many slices as there are indices");
    for (int d = 0; d < g->ndim; d++)
        if (d != c->dim && g->shape[d] != c->shape[d])
            return tp_fail(TP_ERROR_SHAPE, "the gradient's size in dimension %d is not that of the result",
                           d);
    tp__result_like(call->results, (tp_dtype)g->dtype, g);
    memcpy(call->results->shape, ((const choice *)call->attributes)->shape,
           sizeof(int64_t) * (size_t)g->ndim);
    return TP_OK;
}

#define ADD_SLICES(T)                                                          \
    for (int64_t b = 0; b < s.before; b++)                                     \
        for (int64_t i = 0; i < n; i++) {                                      \
            const T *slice = (const T *)from.data + (b * n + i) * after;       \
            T *to = (T *)(void *)out->data + (b * s.size + places[i]) * after; \
            for (int64_t k = 0; k < after; k++)                                \
                to[k] += slice[k];                                             \
        }

static tp_status forward_index_select_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0], *index = call->inputs[1];
    tp_tensor *out = call->outputs[0];
    const int dim = ((const choice *)call->attributes)->dim;
    const slices s = slices_of(out, dim);
    const size_t size = tp_dtype_size((tp_dtype)g->dtype);
    const int64_t n = index->numel, after = (int64_t)(s.after / size);
    tp__array from, at;
    TP__TRY(tp__spread(index, index, &at));
    TP__TRY(tp__spread(g, g, &from));
    const int64_t *places = at.data;
    TP__TRY(check_places(places, n, dim, s.size));
    memset(out->data, 0, (size_t)out->numel * size);
    if (g->dtype == TP_F32)
        ADD_SLICES(float)
    else
        ADD_SLICES(double)
    tp_release(from.scratch);
    tp_release(at.scratch);
    return TP_OK;
}

static tp_status backward_index_select_backward(tp_backward_call *call)
{
    tp_tensor *const inputs[2] = {call->grad_outputs[0], call->inputs[1]};
    call->grad_inputs[0] = tp_apply(&tp__op_index_select, inputs, 2, call->attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_index_select_backward = {
    .name = "index_select_backward",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(choice),
    .infer = infer_index_select_backward,
    .forward = forward_index_select_backward,
    .backward = backward_index_select_backward,
    .documentation = "Zeros, to which slices are added at indices.",
    .samples = SAMPLES({"f64[4,2] i64[4]<0,3>", CHOICE(0, .shape = {3, 2}), NULL},
                       {"f64[2,2,2] i64[2]<0,3>", CHOICE(1, .shape = {2, 3, 2}), NULL}),
};

/* ---- gather: single elements ---- */

/* A scalar counts as a vector of one element. */
static int dimensions(const tp_tensor *t)
{
    return t->ndim ? t->ndim : 1;
}

static tp_status infer_gather(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *index = call->inputs[1];
    const int dim = ((const choice *)call->attributes)->dim;
    TP__TRY(check_type(index));
    TP__TRY(tp__require_dim(x, dim, true));
    tp__result_like(call->results, (tp_dtype)x->dtype, index);
    if (!index->numel)
        return TP_OK;
    if (dimensions(index) != dimensions(x))
        return tp_fail(
            TP_ERROR_SHAPE,
            "Index tensor must have the same number of dimensions as input tensor, and has %d, not %d",
            index->ndim, x->ndim);
    for (int d = 0; d < x->ndim; d++) {
        char is[TP__SHAPE_TEXT_SIZE], of[TP__SHAPE_TEXT_SIZE];
        if (d != dim && index->shape[d] > x->shape[d])
            return tp_fail(
                TP_ERROR_SHAPE,
                "Size does not match at dimension %d expected index %s to be no larger than self %s "
                "apart from dimension %d",
                d, tp__shape_text(is, sizeof is, index->ndim, index->shape),
                tp__shape_text(of, sizeof of, x->ndim, x->shape), dim);
    }
    return TP_OK;
}

typedef struct taking {
    size_t size;
    const char *from;
    char *to;
} taking;

static void take(void *context, int64_t begin, int64_t n, const int64_t *offsets)
{
    const taking *t = context;
    tp__take(t->size, n, t->from, offsets, t->to + (size_t)begin * t->size);
}

static tp_status forward_gather(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    taking t = {tp_dtype_size((tp_dtype)x->dtype), x->data, call->outputs[0]->data};
    return tp__each_element(call->inputs[1], ((const choice *)call->attributes)->dim, x, take, &t);
}

/* The gradient of x, where one of x and index may be a scalar, and an empty index of any shape. */
static tp_tensor *gathered_from(tp_tensor *g, int dim, tp_tensor *index, const tp_tensor *x)
{
    static const int64_t one = 1;
    if (g->ndim == x->ndim)
        return tp__scatter_add(g, dim, index, x->shape);
    if (!index->numel)
        return tp_zeros_n((tp_dtype)g->dtype, x->ndim, x->shape);
    g = tp__scatter_add(tp_reshape(g, -1), 0, tp_reshape(index, -1), x->ndim ? x->shape : &one);
    return g ? tp_reshape_n(g, x->ndim, x->shape) : NULL;
}

static tp_status backward_gather(tp_backward_call *call)
{
    if (call->needed[0])
        call->grad_inputs[0] = gathered_from(call->grad_outputs[0], ((const choice *)call->attributes)->dim,
                                             call->inputs[1], call->inputs[0]);
    return tp__ctx.error;
}

const tp_op tp__op_gather = {
    .name = "gather",
    .moves = true,
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(choice),
    .infer = infer_gather,
    .forward = forward_gather,
    .backward = backward_gather,
    .documentation = "Elements along one dimension by a tensor of indices.",
    .samples =
        SAMPLES({"f64[3,2] i64[4,2]<0,3>", CHOICE(0), NULL}, {"f64[2,3] i64[2,2]<0,3>", CHOICE(1), NULL},
                {"f64[2,3] i64[1,2]<0,3>", CHOICE(1), NULL}, {"f64[] i64[]<0,1>", CHOICE(0), NULL},
                {"f64[3] i64[]<0,3>", CHOICE(0), NULL}, {"f64[] i64[3]<0,1>", CHOICE(0), NULL},
                {"f64[3,2] i64[0]<0,3>", CHOICE(1), NULL},
                {"f64[] i64[]<1,2>", CHOICE(0),
                 "index 1 is out of bounds for dimension 0 with size 1; it stands at []"},
                {"f64[3] i64[2,1]<0,3>", CHOICE(0), "Index tensor must have the same number of dimensions"},
                {"f64[3,2] i64[1,2]<3,4>", CHOICE(0), "index 3 is out of bounds for dimension 0 with size 3"},
                {"f64[3,2] i64[2]<0,1>", CHOICE(0), "Index tensor must have the same number of dimensions"},
                {"f64[3,2] i64[4,2]<0,1>", CHOICE(1), "Size does not match at dimension 0"}),
};

tp_tensor *tp_gather(tp_tensor *x, int dim, tp_tensor *index)
{
    tp_tensor *const inputs[2] = {x, index};
    if (!x || !index)
        return tp__null_argument("gather: an operand"), NULL;
    tp_frame frame = {"gather", NULL, NULL};
    tp_frame_enter(&frame);
    const choice c = {.dim = tp__one_dimension(dim, x)};
    tp_frame_leave(&frame);
    return c.dim < 0 ? NULL : tp_apply(&tp__op_gather, inputs, 2, &c);
}

static tp_status infer_gather_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0], *index = call->inputs[1];
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(check_type(index));
    if (g->ndim != index->ndim || memcmp(g->shape, index->shape, (size_t)g->ndim * sizeof(int64_t)))
        return tp_fail(TP_ERROR_SHAPE, "the gradient and the index have different shapes");
    const choice *c = call->attributes;
    TP__TRY(tp__require_dim(g, c->dim, true));
    for (int d = 0; d < g->ndim; d++)
        if (d != c->dim && g->shape[d] > c->shape[d])
            return tp_fail(TP_ERROR_SHAPE, "the gradient's size in dimension %d is above the result's", d);
    tp__result_like(call->results, (tp_dtype)g->dtype, g);
    memcpy(call->results->shape, ((const choice *)call->attributes)->shape,
           sizeof(int64_t) * (size_t)g->ndim);
    return TP_OK;
}

static tp_status forward_gather_backward(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    const size_t size = tp_dtype_size((tp_dtype)out->dtype);
    tp__array from;
    TP__TRY(tp__spread(call->inputs[0], call->inputs[0], &from));
    memset(out->data, 0, (size_t)out->numel * size);
    TP__TRY(tp__meet_elements(TP__ADD, call->inputs[1], ((const choice *)call->attributes)->dim, from.data, 1,
                              out));
    tp_release(from.scratch);
    return TP_OK;
}

static tp_status backward_gather_backward(tp_backward_call *call)
{
    tp_tensor *const inputs[2] = {call->grad_outputs[0], call->inputs[1]};
    call->grad_inputs[0] = tp_apply(&tp__op_gather, inputs, 2, call->attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_gather_backward = {
    .name = "gather_backward",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(choice),
    .infer = infer_gather_backward,
    .forward = forward_gather_backward,
    .backward = backward_gather_backward,
    .documentation = "Zeros, to which elements are added at indices.",
    .samples = SAMPLES({"f64[4,2] i64[4,2]<0,3>", CHOICE(0, .shape = {3, 2}), NULL},
                       {"f64[1,2] i64[1,2]<0,3>", CHOICE(1, .shape = {2, 3}), NULL}),
};

tp_tensor *tp__scatter_add(tp_tensor *g, int dim, tp_tensor *index, const int64_t *shape)
{
    tp_tensor *const inputs[2] = {g, index};
    if (!g || !index)
        return NULL;
    choice c = {.dim = dim};
    memcpy(c.shape, shape, (size_t)g->ndim * sizeof(int64_t));
    return tp_apply(&tp__op_gather_backward, inputs, 2, &c);
}
