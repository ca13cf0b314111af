/* Writing whole places of one dimension by a vector of indices: index_add, index_copy, index_fill. */
#include "ops/ops.h"
#include "ops/places.h"
#include "ops/reduce.h"
#include "taper/indexing.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

typedef struct writing {
    int dim;
    double value; /* index_fill */
} writing;
#define WRITING(...)       \
    &(const writing)       \
    {                      \
        .dim = __VA_ARGS__ \
    }

static tp_status check_vector(const tp_tensor *index)
{
    if (index->dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE, "Expected dtype int64 for index, not %s",
                       tp_dtype_name((tp_dtype)index->dtype));
    char shape[TP__SHAPE_TEXT_SIZE];
    return index->ndim <= 1 ? TP_OK
                            : tp_fail(TP_ERROR_SHAPE, "Index is supposed to be a vector, and its shape is %s",
                                      tp__shape_text(shape, sizeof shape, index->ndim, index->shape));
}

/* x, index and, but for index_fill, the source. */
static tp_status infer_writing(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *index = call->inputs[1],
                    *source = call->n_inputs > 2 ? call->inputs[2] : NULL;
    const int dim = ((const writing *)call->attributes)->dim;
    TP__TRY(check_vector(index));
    TP__TRY(tp__require_dim(x, dim, true));
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    if (!source)
        return TP_OK;
    if (source->dtype != x->dtype)
        return tp_fail(TP_ERROR_DTYPE, "self and source expected to have the same dtype, but got %s and %s",
                       tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)source->dtype));
    const int64_t places = dim < source->ndim ? source->shape[dim] : 1;
    if (places != index->numel)
        return tp_fail(TP_ERROR_SHAPE,
                       "Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: %d",
                       (long long)index->numel, (long long)places, dim);
    bool fits = source->ndim == x->ndim || (source->ndim + x->ndim == 1);
    for (int d = 0; fits && d < x->ndim && source->ndim == x->ndim; d++)
        fits = d == dim || x->shape[d] == source->shape[d];
    char to[TP__SHAPE_TEXT_SIZE], from[TP__SHAPE_TEXT_SIZE];
    return fits ? TP_OK
                : tp_fail(TP_ERROR_SHAPE,
                          "source tensor shape must match self tensor shape, excluding the specified "
                          "dimension. Got "
                          "self.shape = %s source.shape = %s",
                          tp__shape_text(to, sizeof to, x->ndim, x->shape),
                          tp__shape_text(from, sizeof from, source->ndim, source->shape));
}

static tp_status write_places(tp_call *call, tp__meeting how)
{
    const writing *w = call->attributes;
    const tp__choice choice = {1u << w->dim, call->n_inputs == 2};
    tp_tensor *out = call->outputs[0];
    tp__places places;
    tp__array from = {0};
    tp__copy_elements(call->inputs[0], out);
    TP__TRY(tp__places_find(out, &choice, 1, call->inputs + 1, &places));
    tp_status status = TP_OK;
    if (call->n_inputs > 2) {
        status = tp__spread(call->inputs[2], call->inputs[2], &from);
        if (status == TP_OK)
            tp__meet_places(how, &places, from.data, out);
        tp_release(from.scratch);
    } else {
        char value[8];
        const int64_t size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
        tp__store_f64((tp_dtype)out->dtype, value, w->value);
        for (int64_t b = 0; b < places.n_before; b++)
            for (int64_t i = 0; i < places.n_at; i++)
                tp__meet(TP__SET, (tp_dtype)out->dtype, places.n_after, places.after, value, 0,
                         out->data + (places.before[b] + places.at[i]) * size);
    }
    tp__places_free(&places);
    return status;
}

static tp_status forward_index_add(tp_call *call)
{
    return write_places(call, TP__ADD);
}

static tp_status forward_index_set(tp_call *call)
{
    return write_places(call, TP__SET);
}

/* The source's gradient is chosen where it went; it has the source's shape. */
static tp_status give_to_source(tp_backward_call *call)
{
    const writing *w = call->attributes;
    const tp_tensor *source = call->inputs[2];
    if (!call->needed[2])
        return tp__ctx.error;
    tp_tensor *g = call->grad_outputs[0];
    if (!g->ndim)
        g = tp_reshape(g, 1);
    g = tp_index_select(g, w->dim, call->inputs[1]);
    call->grad_inputs[2] = g ? tp_reshape_n(g, source->ndim, source->shape) : NULL;
    return tp__ctx.error;
}

static tp_status backward_index_add(tp_backward_call *call)
{
    if (call->needed[0])
        call->grad_inputs[0] = call->grad_outputs[0];
    return give_to_source(call);
}

/* What was written over has no gradient. */
static tp_status backward_index_fill(tp_backward_call *call)
{
    tp_tensor *const inputs[2] = {call->grad_outputs[0], call->inputs[1]};
    const writing w = {.dim = ((const writing *)call->attributes)->dim};
    if (call->needed[0])
        call->grad_inputs[0] = tp_apply(&tp__op_index_fill, inputs, 2, &w);
    return tp__ctx.error;
}

static tp_status backward_index_copy(tp_backward_call *call)
{
    TP__TRY(backward_index_fill(call));
    return give_to_source(call);
}

const tp_op tp__op_index_add = {
    .name = "index_add",
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(writing),
    .infer = infer_writing,
    .forward = forward_index_add,
    .backward = backward_index_add,
    .documentation = "Places of one dimension added where a vector of indices says.",
    .samples = SAMPLES(
        {"f64[3,2] i64[4]<0,3> f64[4,2]", WRITING(0), NULL},
        {"f64[2,3] i64[4]<0,3> f64[2,4]", WRITING(1), NULL}, {"f64[] i64[1]<0,1> f64[1]", WRITING(0), NULL},
        {"f64[3,2] i64[0]<0,3> f64[0,2]", WRITING(0), NULL},
        {"f64[3] i64[2]<3,4> f64[2]", WRITING(0), "index 3 is out of bounds for dimension 0 with size 3"},
        {"f64[3,2] i64[3]<0,3> f64[4,2]", WRITING(0), "Number of indices (3) should be equal"},
        {"f64[3,2] i64[4]<0,3> f64[4,3]", WRITING(0), "source tensor shape must match self tensor shape"},
        {"f64[3] i64[2]<0,3> i64[2]", WRITING(0), "expected to have the same dtype"},
        {"f64[3] i64[2,1]<0,3> f64[2]", WRITING(0), "Index is supposed to be a vector"}),
};

const tp_op tp__op_index_copy = {
    .name = "index_copy",
    .moves = true,
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(writing),
    .infer = infer_writing,
    .forward = forward_index_set,
    .backward = backward_index_copy,
    .documentation = "Places of one dimension written where a vector of indices says.",
    .samples = SAMPLES({"f64[3,2] i64[1]<0,3> f64[1,2]", WRITING(0), NULL},
                       {"f64[2,5] i64[1]<0,3> f64[2,1]", WRITING(1), NULL},
                       {"f64[3] i64[2]<-1,0> f64[2]", WRITING(0), "index -1 is out of bounds"},
                       {"f64[3,2] i64[2]<0,3> f64[2]", WRITING(0), "source tensor shape must match"}),
};

const tp_op tp__op_index_fill = {
    .name = "index_fill",
    .moves = true,
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(writing),
    .infer = infer_writing,
    .forward = forward_index_set,
    .backward = backward_index_fill,
    .documentation = "A number written into places of one dimension.",
    .samples = SAMPLES(
        {"f64[3,2] i64[2]<-3,3>", WRITING(0, .value = 1.5), NULL}, {"f64[2,3] i64[]<0,3>", WRITING(1), NULL},
        {"f64[3] i64[2]<3,4>", WRITING(0), "index 3 is out of bounds for dimension 0 with size 3"},
        {"f64[3] i64[2]<0,3>", WRITING(1), "there is no dimension 1 of 1"}),
};

static tp_tensor *write(const tp_op *op, tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, int n,
                        double value)
{
    if (!x || !index || (n > 2 && !source))
        return tp__null_argument("an operand"), NULL;
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    const writing w = {.dim = tp__one_dimension(dim, x), .value = value};
    tp_tensor *const inputs[3] = {x, w.dim < 0 ? NULL : tp__as_index(index), source};
    tp_frame_leave(&frame);
    return inputs[1] ? tp_apply(op, inputs, n, &w) : NULL;
}

tp_tensor *tp_index_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, double alpha)
{
    if (source && alpha != 1)
        source = tp_dtype_is_float((tp_dtype)source->dtype)
                     ? tp_mul(source, alpha)
                     : tp_to(tp_mul(source, (int64_t)alpha), (tp_dtype)source->dtype);
    return write(&tp__op_index_add, x, dim, index, source, 3, 0);
}

tp_tensor *tp_index_copy(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
{
    return write(&tp__op_index_copy, x, dim, index, source, 3, 0);
}

tp_tensor *tp_index_fill(tp_tensor *x, int dim, tp_tensor *index, double value)
{
    return write(&tp__op_index_fill, x, dim, index, NULL, 2, value);
}
