/* Choosing and writing by index tensors and masks in any positions: index, index_put, take, put. */
#include "base/memory.h"
#include "ops/elementwise.h"
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

/* Attributes of all three records; the shape is that of index_backward's result. */
typedef struct chosen {
    tp__choice choice;
    bool accumulate;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
} chosen;
#define CHOSEN(...)                     \
    &(const chosen)                     \
    {                                   \
        .choice = { __VA_ARGS__, true } \
    }

static tp_status check_indices(int n, tp_tensor *const *indices)
{
    for (int i = 0; i < n; i++)
        if (indices[i]->dtype != TP_I64)
            return tp_fail(TP_ERROR_DTYPE, "Expected dtype int64 for index, not %s",
                           tp_dtype_name((tp_dtype)indices[i]->dtype));
    return TP_OK;
}

/* ---- index ---- */

static tp_status infer_index(tp_call *call)
{
    const chosen *c = call->attributes;
    TP__TRY(check_indices(call->n_inputs - 1, call->inputs + 1));
    return tp__places_shape(call->inputs[0], &c->choice, call->n_inputs - 1, call->inputs + 1, call->results);
}

/* Copies the elements, of that size, of one `before`; returns where the next ones go. */
static char *take_places(const tp__places *p, const char *start, size_t size, char *out)
{
    if (p->even && p->n_after > 1) {
        const size_t run = (size_t)p->n_after * size;
        for (int64_t i = 0; i < p->n_at; i++, out += run)
            memcpy(out, start + p->at[i] * (int64_t)size, run);
        return out;
    }
    if (p->n_after == 1) {
        tp__take(size, p->n_at, start, p->at, out);
        return out + (size_t)p->n_at * size;
    }
    for (int64_t i = 0; i < p->n_at; i++) {
        const char *from = start + p->at[i] * (int64_t)size;
        for (int64_t a = 0; a < p->n_after; a++, out += size) {
            const char *element = from + p->after[a] * (int64_t)size;
            if (size == 8)
                memcpy(out, element, 8);
            else if (size == 4)
                memcpy(out, element, 4);
            else if (size == 2)
                memcpy(out, element, 2);
            else
                *out = *element;
        }
    }
    return out;
}

static tp_status forward_index(tp_call *call)
{
    const chosen *c = call->attributes;
    const tp_tensor *x = call->inputs[0];
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    tp__places places;
    TP__TRY(tp__places_find(x, &c->choice, call->n_inputs - 1, call->inputs + 1, &places));
    char *out = call->outputs[0]->data;
    for (int64_t b = 0; b < places.n_before; b++)
        out = take_places(&places, x->data + places.before[b] * (int64_t)size, size, out);
    tp__places_free(&places);
    return TP_OK;
}

static tp_status backward_index(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *inputs[TP_MAX_DIMS + 1];
    chosen c = *(const chosen *)call->attributes;
    memcpy(inputs, call->inputs, (size_t)call->n_inputs * sizeof *inputs);
    inputs[0] = call->grad_outputs[0];
    c.ndim = x->ndim;
    memcpy(c.shape, x->shape, (size_t)x->ndim * sizeof(int64_t));
    if (call->needed[0])
        call->grad_inputs[0] = tp_apply(&tp__op_index_backward, inputs, call->n_inputs, &c);
    return tp__ctx.error;
}

#define SAVES_INDICES (0x1feu)

const tp_op tp__op_index = {
    .name = "index",
    .moves = true,
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = SAVES_INDICES,
    .attributes_size = sizeof(chosen),
    .infer = infer_index,
    .forward = forward_index,
    .backward = backward_index,
    .documentation = "The places that index tensors name, in any dimensions.",
    .samples =
        SAMPLES({"f64[3,4,2] i64[5]<0,3> i64[5]<0,4>", CHOSEN(3), NULL},
                {"f64[3,2,4] i64[2,1]<-3,3> i64[3]<-4,4>", CHOSEN(5), NULL},
                {"f64[2,3,2] i64[4]<0,3>", CHOSEN(2), NULL}, {"f64[4] i64[0]<0,3>", CHOSEN(1), NULL},
                {"f64[3,2] i64[2]<3,4>", CHOSEN(1),
                 "index 3 is out of bounds for dimension 0 with size 3; it stands at [0]"},
                {"f64[3,2] i64[2]<0,1> i64[2]<-3,-2>", CHOSEN(3),
                 "index -3 is out of bounds for dimension 1 with size 2; it stands at [0] of index tensor 1"},
                {"f64[3,2] i64[2]<0,1> i64[3]<0,1>", CHOSEN(3), "do not broadcast"},
                {"f64[3,2] f64[2]", CHOSEN(1), "Expected dtype int64 for index"},
                {"f64[3,2]", CHOSEN(1), "0 index tensors do not stand for dimensions 0x1 of 2"},
                {"f64[3,2] i64[2]<0,1>", CHOSEN(3), "1 index tensors do not stand for dimensions 0x3 of 2"},
                {"f64[3,2] i64[2]<0,1>", CHOSEN(4), "1 index tensors do not stand for dimensions 0x4 of 2"}),
};

/* ---- index_put: x, the values, and the index tensors ---- */

static tp_status infer_index_put(tp_call *call)
{
    const chosen *c = call->attributes;
    const tp_tensor *x = call->inputs[0], *values = call->inputs[1];
    tp_result room, common;
    if (call->n_inputs < 3)
        return tp_fail(TP_ERROR_ARGUMENT, "takes at least 3 operands, not %d", call->n_inputs);
    TP__TRY(check_indices(call->n_inputs - 2, call->inputs + 2));
    if (values->dtype != x->dtype)
        return tp_fail(
            TP_ERROR_DTYPE,
            "Index put requires the source and destination dtypes match, got %s for the destination and "
            "%s for the source",
            tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)values->dtype));
    if (c->accumulate)
        TP__TRY(tp__refuse_half((tp_dtype)x->dtype, "what is added to"));
    TP__TRY(tp__places_shape(x, &c->choice, call->n_inputs - 2, call->inputs + 2, &room));
    tp_tensor place = {.ndim = (int8_t)room.ndim};
    memcpy(place.shape, room.shape, sizeof place.shape);
    TP__TRY(tp__broadcast(2, (tp_tensor *const[]){&place, call->inputs[1]}, &common));
    if (common.ndim != room.ndim || memcmp(common.shape, room.shape, (size_t)room.ndim * sizeof(int64_t))) {
        char from[TP__SHAPE_TEXT_SIZE], to[TP__SHAPE_TEXT_SIZE];
        return tp_fail(
            TP_ERROR_SHAPE,
            "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
            tp__shape_text(from, sizeof from, values->ndim, values->shape),
            tp__shape_text(to, sizeof to, room.ndim, room.shape));
    }
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    return TP_OK;
}

/* Lets the values meet the places of `out` that the index tensors name. */
static tp_status put(const chosen *c, int n, tp_tensor *const *indices, const tp_tensor *values, bool add,
                     tp_tensor *out)
{
    tp_result room;
    tp__places places;
    tp__array from;
    TP__TRY(tp__places_shape(out, &c->choice, n, indices, &room));
    tp_tensor like = {
        .dtype = out->dtype, .ndim = (int8_t)room.ndim, .numel = tp__numel(room.ndim, room.shape)};
    memcpy(like.shape, room.shape, sizeof like.shape);
    TP__TRY(tp__spread(values, &like, &from));
    TP__TRY(tp__places_find(out, &c->choice, n, indices, &places));
    tp__meet_places(add ? TP__ADD : TP__SET, &places, from.data, out);
    tp__places_free(&places);
    tp_release(from.scratch);
    return TP_OK;
}

static tp_status forward_index_put(tp_call *call)
{
    const chosen *c = call->attributes;
    tp__copy_elements(call->inputs[0], call->outputs[0]);
    return put(c, call->n_inputs - 2, call->inputs + 2, call->inputs[1], c->accumulate, call->outputs[0]);
}

static tp_status backward_index_put(tp_backward_call *call)
{
    const chosen *c = call->attributes;
    tp_tensor *inputs[TP_MAX_DIMS + 2], *g = call->grad_outputs[0];
    memcpy(inputs, call->inputs, (size_t)call->n_inputs * sizeof *inputs);
    if (call->needed[0]) {
        inputs[0] = g;
        inputs[1] = tp_scalar((tp_dtype)g->dtype, 0);
        call->grad_inputs[0] = c->accumulate ? g
                               : inputs[1]   ? tp_apply(&tp__op_index_put, inputs, call->n_inputs, c)
                                             : NULL;
    }
    if (call->needed[1]) {
        inputs[1] = g;
        tp_tensor *values = tp_apply(&tp__op_index, inputs + 1, call->n_inputs - 1, c);
        call->grad_inputs[1] = values ? tp__reduce_to(values, call->inputs[1]) : NULL;
    }
    return tp__ctx.error;
}

#define PUTTING(add, ...)                                  \
    &(const chosen)                                        \
    {                                                      \
        .choice = {__VA_ARGS__, true}, .accumulate = (add) \
    }

const tp_op tp__op_index_put = {
    .name = "index_put",
    .moves = true,
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = SAVES_INDICES << 1,
    .attributes_size = sizeof(chosen),
    .infer = infer_index_put,
    .forward = forward_index_put,
    .backward = backward_index_put,
    .documentation = "Values written or added where index tensors say.",
    .samples =
        SAMPLES({"f64[3,4,2] f64[5,2] i64[5]<0,3> i64[5]<0,4>", PUTTING(true, 3), NULL},
                {"f64[3,2,4] f64[2] i64[1]<0,3> i64[1]<-4,4>", PUTTING(false, 5), NULL},
                {"f64[4] f64[] i64[2]<0,4>", PUTTING(true, 1), NULL},
                {"f64[4] f64[3] i64[2]<0,4>", PUTTING(false, 1), "do not broadcast"},
                {"f64[4] f64[2,2] i64[2]<0,4>", PUTTING(false, 1),
                 "value tensor of shape [2, 2] cannot be broadcast to indexing result of shape [2]"},
                {"f64[4] i64[2] i64[2]<0,4>", PUTTING(false, 1),
                 "requires the source and destination dtypes match, got float64"},
                {"f64[4] f64[2]", PUTTING(false, 1), "takes at least 3 operands, not 2"},
                {"f64[4] f64[2] i64[2]<0,4>", PUTTING(false, 3), "do not stand for dimensions 0x3 of 1"}),
};

/* ---- The gradient: zeros, to which each element of g is added where it came from ---- */

static tp_status infer_index_backward(tp_call *call)
{
    const chosen *c = call->attributes;
    const tp_tensor *g = call->inputs[0];
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(check_indices(call->n_inputs - 1, call->inputs + 1));
    TP__TRY(tp__require_rank(c->ndim));
    tp_tensor whole = {.dtype = g->dtype, .ndim = (int8_t)c->ndim};
    memcpy(whole.shape, c->shape, sizeof whole.shape);
    TP__TRY(tp__places_shape(&whole, &c->choice, call->n_inputs - 1, call->inputs + 1, call->results));
    TP__TRY(tp__require_shape(g, "the gradient", call->results->ndim, call->results->shape));
    *call->results = (tp_result){.dtype = (tp_dtype)g->dtype, .ndim = c->ndim};
    memcpy(call->results->shape, c->shape, (size_t)c->ndim * sizeof(int64_t));
    return TP_OK;
}

static tp_status forward_index_backward(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    return put(call->attributes, call->n_inputs - 1, call->inputs + 1, call->inputs[0], true, out);
}

static tp_status backward_index_backward(tp_backward_call *call)
{
    tp_tensor *inputs[TP_MAX_DIMS + 1];
    memcpy(inputs, call->inputs, (size_t)call->n_inputs * sizeof *inputs);
    inputs[0] = call->grad_outputs[0];
    call->grad_inputs[0] = tp_apply(&tp__op_index, inputs, call->n_inputs, call->attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_index_backward = {
    .name = "index_backward",
    .node_name = "IndexPutBackward0",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = SAVES_INDICES,
    .attributes_size = sizeof(chosen),
    .infer = infer_index_backward,
    .forward = forward_index_backward,
    .backward = backward_index_backward,
    .documentation = "Zeros, to which elements are added where index tensors say.",
    .samples = SAMPLES({"f64[5,2] i64[5]<0,3> i64[5]<0,4>",
                        (&(const chosen){.choice = {3, true}, .ndim = 3, .shape = {3, 4, 2}}), NULL},
                       {"f64[5,3] i64[5]<0,3> i64[5]<0,4>",
                        (&(const chosen){.choice = {3, true}, .ndim = 3, .shape = {3, 4, 2}}),
                        "the gradient must have the shape [5, 2], not [5, 3]"},
                       {"f64[5,2] i64[5]<0,3>", (&(const chosen){.choice = {1, true}, .ndim = 9}),
                        "a tensor has 0 to 8 dimensions, not 9"},
                       {"f64[2] f64[2]", (&(const chosen){.choice = {1, true}, .ndim = 1, .shape = {3}}),
                        "Expected dtype int64 for index"}),
};

/* ---- What the entries of a call stand for ---- */

/* The places where a mask holds, as one index tensor for each of its dimensions. */
static tp_status expand_mask(const tp_tensor *x, int dim, tp_tensor *mask, int position, tp_tensor **indices,
                             int *n)
{
    char is[TP__SHAPE_TEXT_SIZE], of[TP__SHAPE_TEXT_SIZE];
    if (!mask->ndim)
        return tp_fail(TP_ERROR_UNSUPPORTED, "a mask without dimensions stands at index %d", position);
    for (int d = 0; d < mask->ndim; d++)
        if (dim + d >= x->ndim || mask->shape[d] != x->shape[dim + d])
            return tp_fail(
                TP_ERROR_INDEX,
                "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s "
                "at index %d",
                tp__shape_text(is, sizeof is, mask->ndim, mask->shape), position,
                tp__shape_text(of, sizeof of, x->ndim, x->shape), dim + d);
    tp_tensor **places = tp_nonzero_tuple(mask, n);
    if (!places)
        return tp__ctx.error;
    memcpy(indices, places, (size_t)*n * sizeof *indices);
    return TP_OK;
}

/* Index tensors and the dimensions that they stand for. */
static tp_status resolve(const tp_tensor *x, int n, tp_tensor *const *entries, tp_tensor **indices,
                         int *n_indices, chosen *c)
{
    int dim = 0;
    *c = (chosen){.choice = {0, true}};
    *n_indices = 0;
    if (n < 0 || (n && !entries))
        return tp_fail(TP_ERROR_ARGUMENT, "the list of indices has %d entries, or is NULL", n);
    for (int i = 0; i < n; i++) {
        tp_tensor *entry = entries[i];
        int count = 1;
        if (!entry && tp__ctx.error != TP_OK)
            return tp__ctx.error;
        if (dim >= x->ndim)
            return tp_fail(TP_ERROR_INDEX, "too many indices for tensor of dimension %d", x->ndim);
        if (entry && entry->dtype == TP_BOOL) {
            TP__TRY(expand_mask(x, dim, entry, i, indices + *n_indices, &count));
        } else if (entry) {
            indices[*n_indices] = tp__as_index(entry);
            if (!indices[*n_indices])
                return tp__ctx.error;
        }
        for (int k = 0; entry && k < count; k++)
            c->choice.dims |= 1u << (dim + k);
        *n_indices += entry ? count : 0;
        dim += count;
    }
    return TP_OK;
}

tp_tensor *tp_index(tp_tensor *x, int n, tp_tensor *const *indices)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("index");
    tp_tensor *inputs[TP_MAX_DIMS + 1] = {x};
    int count;
    chosen c;
    if (resolve(x, n, indices, inputs + 1, &count, &c) != TP_OK)
        return NULL;
    return count ? tp_apply(&tp__op_index, inputs, count + 1, &c) : tp_slice(x, 0, 0, INT64_MAX, 1);
}

tp_tensor *tp_index_put(tp_tensor *x, int n, tp_tensor *const *indices, tp_tensor *values, bool accumulate)
{
    if (!x || !values)
        return tp__null_argument("index_put: an operand"), NULL;
    TP_FRAME("index_put");
    tp_tensor *inputs[TP_MAX_DIMS + 2] = {x, values};
    int count;
    chosen c;
    if (resolve(x, n, indices, inputs + 2, &count, &c) != TP_OK)
        return NULL;
    c.accumulate = accumulate;
    if (!count)
        return tp__fail_null(TP_ERROR_ARGUMENT, "no index tensor is given");
    return tp_apply(&tp__op_index_put, inputs, count + 2, &c);
}

tp_tensor *tp_take(tp_tensor *x, tp_tensor *index)
{
    if (!x || !index)
        return tp__null_argument("take: an operand"), NULL;
    TP_FRAME("take");
    if (index->dtype == TP_BOOL)
        return tp__fail_null(TP_ERROR_DTYPE, "Expected dtype int64 or int32 for index, not bool");
    return tp__named(tp_index(tp_reshape(x, -1), 1, &index), "TakeBackward0");
}

tp_tensor *tp_put(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate)
{
    if (!x || !index || !source)
        return tp__null_argument("put: an operand"), NULL;
    TP_FRAME("put");
    if (index->dtype == TP_BOOL)
        return tp__fail_null(TP_ERROR_DTYPE, "Expected dtype int64 or int32 for index, not bool");
    if (source->numel != index->numel)
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "Expected source and index to have the same number of elements, but got source.numel() "
            "= %lld, index.numel() = %lld",
            (long long)source->numel, (long long)index->numel);
    tp_tensor *flat = tp_reshape(x, -1), *at = tp_reshape(index, -1);
    flat = at ? tp_index_put(flat, 1, &at, tp_reshape(source, -1), accumulate) : NULL;
    return flat ? tp__named(tp_reshape_n(flat, x->ndim, x->shape), "PutBackward0") : NULL;
}
