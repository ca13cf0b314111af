/* Writing single elements along one dimension: scatter in its forms, and take_along_dim. */
#include "base/memory.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/places.h"
#include "ops/reduce.h"
#include "taper/indexing.h"

#include <math.h>
#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

typedef struct scattering {
    int dim;
    double value; /* scatter_value */
    tp_scatter_mode mode;
    bool include_self;
} scattering;
#define SCATTERING(...)    \
    &(const scattering)    \
    {                      \
        .dim = __VA_ARGS__ \
    }

/* x, index and, but for scatter_value, the source. A scalar counts as a vector. */
static tp_status infer_scatter(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *index = call->inputs[1],
                    *source = call->n_inputs > 2 ? call->inputs[2] : NULL;
    const int dim = ((const scattering *)call->attributes)->dim, ndim = x->ndim ? x->ndim : 1;
    if (index->dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE, "Expected dtype int64 for index, not %s",
                       tp_dtype_name((tp_dtype)index->dtype));
    if (source && source->dtype != x->dtype)
        return tp_fail(TP_ERROR_DTYPE, "Expected self.dtype to be equal to src.dtype, but got %s and %s",
                       tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)source->dtype));
    TP__TRY(tp__require_dim(x, dim, true));
    TP__TRY(tp__require_choice((int)((const scattering *)call->attributes)->mode, "mode", TP_SCATTER_AMIN));
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    if (!index->numel)
        return TP_OK;
    const tp_tensor *const others[2] = {index, source};
    for (int k = 0; k < 2; k++)
        if (others[k] && (others[k]->ndim ? others[k]->ndim : 1) != ndim)
            return tp_fail(
                TP_ERROR_SHAPE,
                "%s tensor must have the same number of dimensions as self tensor, and has %d, not %d",
                k ? "Source" : "Index", others[k]->ndim, x->ndim);
    for (int d = 0; d < ndim; d++) {
        const int64_t n = index->ndim ? index->shape[d] : 1, of = x->ndim ? x->shape[d] : 1,
                      from = !source        ? n
                             : source->ndim ? source->shape[d]
                                            : 1;
        char is[TP__SHAPE_TEXT_SIZE], to[TP__SHAPE_TEXT_SIZE], by[TP__SHAPE_TEXT_SIZE];
        if (n > from || (d != dim && n > of))
            return tp_fail(
                TP_ERROR_SHAPE,
                "Expected index %s to be no larger than self %s apart from dimension %d and to be no "
                "larger than src %s (dimension %d)",
                tp__shape_text(is, sizeof is, index->ndim, index->shape),
                tp__shape_text(to, sizeof to, x->ndim, x->shape), dim,
                source ? tp__shape_text(by, sizeof by, source->ndim, source->shape) : "[]", d);
    }
    return TP_OK;
}

/* The part of the source that the index covers, contiguous. */
static tp_status covered(const tp_tensor *source, const tp_tensor *index, tp__array *array)
{
    tp_tensor part = *source;
    if (!index->ndim || !source->ndim)
        return tp__spread(source, source, array);
    memcpy(part.shape, index->shape, sizeof part.shape);
    part.numel = index->numel;
    part.contiguous = tp__is_contiguous(part.ndim, part.shape, part.strides);
    return tp__spread(&part, &part, array);
}

/* out becomes x with what the index names, which `how` meets. `begin`, unless NULL, comes there first. */
static tp_status scatter(tp_call *call, tp__meeting how, const char *begin)
{
    const tp_tensor *index = call->inputs[1];
    const int dim = ((const scattering *)call->attributes)->dim;
    tp_tensor *out = call->outputs[0];
    tp__array from = {0};
    tp__copy_elements(call->inputs[0], out);
    if (!index->numel)
        return TP_OK;
    if (begin)
        TP__TRY(tp__meet_elements(TP__SET, index, dim, begin, 0, out));
    if (call->n_inputs > 2) {
        TP__TRY(covered(call->inputs[2], index, &from));
        TP__TRY(tp__meet_elements(how, index, dim, from.data, 1, out));
        tp_release(from.scratch);
    }
    return TP_OK;
}

static tp_status forward_scatter(tp_call *call)
{
    return scatter(call, TP__SET, NULL);
}

static tp_status forward_scatter_value(tp_call *call)
{
    char value[8];
    tp__store_f64((tp_dtype)call->outputs[0]->dtype, value, ((const scattering *)call->attributes)->value);
    return scatter(call, TP__SET, value);
}

static tp_status forward_scatter_add(tp_call *call)
{
    return scatter(call, TP__ADD, NULL);
}

/* The gradient of x: g with zeros where something was written. */
static tp_tensor *cleared(tp_tensor *g, int dim, tp_tensor *index)
{
    return tp_scatter_value(g, dim, index, 0);
}

/* The gradient of a source of which the index covers a part; one of them may be a scalar, and the other a
 * vector. */
static tp_tensor *to_source(tp_tensor *part, const tp_tensor *source)
{
    if (part && part->ndim != source->ndim)
        part = source->ndim ? tp_reshape(part, -1) : tp_reshape_n(part, 0, NULL);
    for (int d = 0; part && d < source->ndim; d++)
        if (part->shape[d] != source->shape[d])
            part = tp__slice_back(part, d, source->shape[d], 0, 1);
    return part;
}

static tp_status backward_scatter(tp_backward_call *call)
{
    const int dim = ((const scattering *)call->attributes)->dim;
    tp_tensor *g = call->grad_outputs[0], *index = call->inputs[1];
    if (call->needed[0])
        call->grad_inputs[0] = cleared(g, dim, index);
    if (call->n_inputs > 2 && call->needed[2])
        call->grad_inputs[2] = index->numel ? to_source(tp_gather(g, dim, index), call->inputs[2])
                                            : tp_zeros_like(call->inputs[2]);
    return tp__ctx.error;
}

static tp_status backward_scatter_add(tp_backward_call *call)
{
    const int dim = ((const scattering *)call->attributes)->dim;
    tp_tensor *g = call->grad_outputs[0], *index = call->inputs[1];
    if (call->needed[0])
        call->grad_inputs[0] = g;
    if (call->needed[2])
        call->grad_inputs[2] = index->numel ? to_source(tp_gather(g, dim, index), call->inputs[2])
                                            : tp_zeros_like(call->inputs[2]);
    return tp__ctx.error;
}

const tp_op tp__op_scatter = {
    .name = "scatter",
    .moves = true,
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(scattering),
    .infer = infer_scatter,
    .forward = forward_scatter,
    .backward = backward_scatter,
    .documentation = "Elements written along one dimension where an index says.",
    .samples = SAMPLES(
        {"f64[3,2] i64[1,2]<0,3> f64[1,2]", SCATTERING(0), NULL},
        {"f64[2,5] i64[2,1]<0,5> f64[3,2]", SCATTERING(1), NULL},
        {"f64[] i64[]<0,1> f64[]", SCATTERING(0), NULL}, {"f64[3] i64[0]<0,1> f64[2]", SCATTERING(0), NULL},
        {"f64[3] i64[]<0,3> f64[]", SCATTERING(0), NULL}, {"f64[] i64[1]<0,1> f64[2]", SCATTERING(0), NULL},
        {"f64[3] i64[]<0,3> f64[2]", SCATTERING(0), NULL},
        {"f64[3,2] i64[1,2]<3,4> f64[1,2]", SCATTERING(0),
         "index 3 is out of bounds for dimension 0 with size 3; it stands at [0, 0]"},
        {"f64[3,2] i64[2,2]<0,3> f64[1,2]", SCATTERING(0), "Expected index [2, 2] to be no larger"},
        {"f64[3,2] i64[2]<0,3> f64[1,2]", SCATTERING(0), "Index tensor must have the same number"},
        {"f64[3,2] i64[1,2]<0,3> f64[2]", SCATTERING(0), "Source tensor must have the same number"},
        {"f64[3] f64[2] f64[2]", SCATTERING(0), "Expected dtype int64 for index"},
        {"f64[3] i64[2] i64[2]", SCATTERING(0), "Expected self.dtype to be equal to src.dtype"}),
};

const tp_op tp__op_scatter_value = {
    .name = "scatter",
    .moves = true,
    .node_name = "ScatterBackward1",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(scattering),
    .infer = infer_scatter,
    .forward = forward_scatter_value,
    .backward = backward_scatter,
    .documentation = "A number written along one dimension where an index says.",
    .samples = SAMPLES({"f64[3,2] i64[2,2]<0,3>", SCATTERING(0, .value = 1.5), NULL},
                       {"f64[3,2] i64[2,2]<-1,0>", SCATTERING(1, .value = 1.5), "index -1 is out of bounds"},
                       {"f64[3,2] i64[2,2]<0,3>", SCATTERING(2), "there is no dimension 2 of 2"}),
};

const tp_op tp__op_scatter_add = {
    .name = "scatter_add",
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(scattering),
    .infer = infer_scatter,
    .forward = forward_scatter_add,
    .backward = backward_scatter_add,
    .documentation = "Elements added along one dimension where an index says.",
    .samples = SAMPLES({"f64[3,2] i64[4,2]<0,3> f64[4,2]", SCATTERING(0), NULL},
                       {"f64[2,3] i64[1,4]<0,3> f64[2,5]", SCATTERING(1), NULL},
                       {"f64[3] i64[]<0,3> f64[2]", SCATTERING(0), NULL},
                       {"f64[2,3] i64[4]<0,3> f64[4]", SCATTERING(1), "the same number of dimensions"},
                       {"f64[2,3] i64[1,4]<0,3> f32[2,5]", SCATTERING(1), "self.dtype to be equal to src"}),
};

/* ---- scatter_reduce ---- */

static double neutral(tp_scatter_mode mode, tp_dtype dtype)
{
    const bool is_float = tp_dtype_is_float(dtype);
    switch (mode) {
    case TP_SCATTER_PROD:
        return 1;
    case TP_SCATTER_AMAX:
        return is_float          ? -HUGE_VAL
               : dtype == TP_I64 ? (double)INT64_MIN
               : dtype == TP_I32 ? (double)INT32_MIN
                                 : 0;
    case TP_SCATTER_AMIN:
        return is_float ? HUGE_VAL : dtype == TP_I32 ? (double)INT32_MAX : dtype == TP_U8 ? 255 : 1;
    default:
        return 0;
    }
}

#define DIVIDE_FLOATS(T)                     \
    for (int64_t i = 0; i < out->numel; i++) \
        if (counts[i])                       \
            ((T *)(void *)out->data)[i] /= (T)counts[i];

static void count(void *context, int64_t begin, int64_t n, const int64_t *offsets)
{
    int64_t *counts = context;
    (void)begin;
    for (int64_t i = 0; i < n; i++)
        counts[offsets[i]]++;
}

/* Sums become means; integers are rounded down. */
static tp_status divide(tp_tensor *out, const tp_tensor *index, int dim, bool include_self)
{
    int64_t *counts = tp__malloc((size_t)out->numel * sizeof *counts);
    const size_t size = tp_dtype_size((tp_dtype)out->dtype);
    if (!counts)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < out->numel; i++)
        counts[i] = include_self;
    tp__each_element(index, dim, out, count, counts);
    if (out->dtype == TP_F32) {
        DIVIDE_FLOATS(float)
    } else if (out->dtype == TP_F64) {
        DIVIDE_FLOATS(double)
    } else {
        for (int64_t i = 0; i < out->numel; i++) {
            char *p = out->data + (size_t)i * size;
            const int64_t sum = tp__load_i64((tp_dtype)out->dtype, p), by = counts[i] ? counts[i] : 1;
            tp__store_i64((tp_dtype)out->dtype, p, sum / by - (sum % by < 0));
        }
    }
    tp__free(counts);
    return TP_OK;
}

static tp_status forward_scatter_reduce(tp_call *call)
{
    static const tp__meeting meetings[] = {TP__ADD, TP__ADD, TP__MULTIPLY, TP__LARGER, TP__SMALLER};
    const scattering *s = call->attributes;
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    char begin[8];
    if (s->mode == TP_SCATTER_AMIN && dtype == TP_I64)
        tp__store_i64(dtype, begin, INT64_MAX);
    else
        tp__store_f64(dtype, begin, neutral(s->mode, dtype));
    TP__TRY(scatter(call, meetings[s->mode], s->include_self ? NULL : begin));
    return s->mode == TP_SCATTER_MEAN ? divide(out, call->inputs[1], s->dim, s->include_self) : TP_OK;
}

/* The gradient of a product with respect to its factors: g times the product over the factor, but where one
 * factor alone is 0, g times the product of the others. */
static void product_gradients(tp_backward_call *call, tp_tensor *covered_source, tp_tensor **gx,
                              tp_tensor **gs)
{
    const scattering *s = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *index = call->inputs[1],
              *y = call->outputs[0];
    tp_tensor *one_x = tp_masked_fill(x, tp_eq(x, 0), 1);
    *gx = tp_div(
        tp_mul(g, tp_scatter_reduce(one_x, s->dim, index, covered_source, TP_SCATTER_PROD, s->include_self)),
        one_x);
    tp_tensor *is_zero = tp_eq(covered_source, 0);
    tp_tensor *zeros = tp_gather(
        tp_scatter_add(tp_zeros_like(x), s->dim, index, tp_to(is_zero, (tp_dtype)x->dtype)), s->dim, index);
    tp_tensor *alone = tp_logical_and(is_zero, tp_eq(zeros, 1));
    tp_tensor *others = tp_scatter_reduce(x, s->dim, index, tp_masked_fill(covered_source, alone, 1),
                                          TP_SCATTER_PROD, s->include_self);
    *gs =
        tp_where(alone, tp_gather(tp_mul(g, others), s->dim, index),
                 tp_div(tp_gather(tp_mul(g, y), s->dim, index), tp_masked_fill(covered_source, is_zero, 1)));
}

/* PyTorch's formulas, of scatter_reduce_backward. */
static tp_status backward_scatter_reduce(tp_backward_call *call)
{
    const scattering *s = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *index = call->inputs[1],
              *source = call->inputs[2], *y = call->outputs[0], *gx = g, *gs = NULL;
    if (!index->numel) {
        call->grad_inputs[0] = call->needed[0] ? g : NULL;
        call->grad_inputs[2] = call->needed[2] ? tp_zeros_like(source) : NULL;
        return tp__ctx.error;
    }
    tp_tensor *part = source;
    for (int d = 0; part && d < source->ndim; d++)
        if ((index->ndim ? index->shape[d] : 1) != source->shape[d])
            part = tp_narrow(part, d, 0, index->ndim ? index->shape[d] : 1);
    if (part && part->ndim != index->ndim)
        part = tp_reshape_n(part, index->ndim, index->shape);
    if (s->mode == TP_SCATTER_SUM) {
        gs = tp_gather(g, s->dim, index);
    } else if (s->mode == TP_SCATTER_MEAN) {
        tp_tensor *counts = s->include_self ? tp_ones_like(x) : tp_zeros_like(x);
        counts = tp_scatter_add(counts, s->dim, index, part ? tp_ones_like(part) : NULL);
        counts = counts ? tp_masked_fill(counts, tp_eq(counts, 0), 1) : NULL;
        gx = tp_div(g, counts);
        gs = tp_div(tp_gather(g, s->dim, index), tp_gather(counts, s->dim, index));
    } else if (s->mode == TP_SCATTER_PROD) {
        product_gradients(call, part, &gx, &gs);
    } else {
        const tp_dtype dtype = (tp_dtype)x->dtype;
        tp_tensor *x_is = tp_to(tp_eq(x, y), dtype),
                  *part_is = tp_to(tp_eq(part, tp_gather(y, s->dim, index)), dtype);
        tp_tensor *shared = tp_div(g, tp_scatter_add(x_is, s->dim, index, part_is));
        gx = tp_mul(x_is, shared);
        gs = tp_mul(part_is, tp_gather(shared, s->dim, index));
    }
    if (call->needed[0])
        call->grad_inputs[0] = s->include_self ? gx : cleared(gx, s->dim, index);
    if (call->needed[2])
        call->grad_inputs[2] = to_source(gs, source);
    return tp__ctx.error;
}

const tp_op tp__op_scatter_reduce = {
    .name = "scatter_reduce",
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(scattering),
    .infer = infer_scatter,
    .forward = forward_scatter_reduce,
    .backward = backward_scatter_reduce,
    .documentation = "The sum, mean, product or extreme of the elements that an index takes to a place.",
    .samples = SAMPLES(
        {"f64[3,2] i64[4,2]<0,3> f64[4,2]", SCATTERING(0, .mode = TP_SCATTER_MEAN, .include_self = true),
         NULL},
        {"f64[2,3] i64[1,4]<0,3> f64[2,5]", SCATTERING(1, .mode = TP_SCATTER_MEAN, .include_self = false),
         NULL},
        {"f64[2,3] i64[2,4]<0,3> f64[2,4]", SCATTERING(1, .mode = TP_SCATTER_SUM, .include_self = false),
         NULL},
        {"f64[2,3] i64[2,4]<0,3> f64[2,4]", SCATTERING(1, .mode = TP_SCATTER_PROD, .include_self = true),
         NULL},
        {"f64[2,3] i64[2,4]<0,3> f64[2,4]", SCATTERING(1, .mode = TP_SCATTER_AMAX, .include_self = true),
         NULL},
        {"f64[2,3] i64[2,4]<0,3> f64[2,4]", SCATTERING(1, .mode = TP_SCATTER_AMIN, .include_self = false),
         NULL},
        {"f64[3] i64[]<0,3> f64[2]", SCATTERING(0, .mode = TP_SCATTER_PROD, .include_self = false), NULL},
        {"f64[] i64[2]<0,1> f64[3]", SCATTERING(0, .mode = TP_SCATTER_AMAX, .include_self = true), NULL},
        {"f64[] i64[1]<0,1> f64[]", SCATTERING(0, .mode = TP_SCATTER_MEAN, .include_self = true), NULL},
        {"f64[3] i64[2]<3,4> f64[2]", SCATTERING(0), "index 3 is out of bounds"},
        {"f64[3] i64[2]<0,3> f64[2]", SCATTERING(0, .mode = (tp_scatter_mode)9), "9 is no mode"}),
};

/* ---- Functions ---- */

static tp_tensor *apply(const tp_op *op, tp_tensor *x, tp_tensor *index, tp_tensor *source, scattering s)
{
    if (!x || !index || (op->n_inputs > 2 && !source))
        return tp__null_argument("an operand"), NULL;
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    s.dim = tp__one_dimension(s.dim, x);
    tp_tensor *const inputs[3] = {x, s.dim < 0 ? NULL : tp__as_index(index), source};
    tp_frame_leave(&frame);
    return inputs[1] ? tp_apply(op, inputs, op->n_inputs, &s) : NULL;
}

tp_tensor *tp_scatter(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
{
    return apply(&tp__op_scatter, x, index, source, (scattering){.dim = dim});
}

tp_tensor *tp_scatter_value(tp_tensor *x, int dim, tp_tensor *index, double value)
{
    return apply(&tp__op_scatter_value, x, index, NULL, (scattering){.dim = dim, .value = value});
}

tp_tensor *tp_scatter_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
{
    return apply(&tp__op_scatter_add, x, index, source, (scattering){.dim = dim});
}

tp_tensor *tp_scatter_reduce(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, tp_scatter_mode mode,
                             bool include_self)
{
    if ((unsigned)mode > TP_SCATTER_AMIN)
        return tp__fail_null(TP_ERROR_ARGUMENT, "scatter_reduce: %d is no mode", (int)mode);
    return apply(&tp__op_scatter_reduce, x, index, source,
                 (scattering){.dim = dim, .mode = mode, .include_self = include_self});
}

tp_tensor *tp_take_along_dim(tp_tensor *x, tp_tensor *indices, int dim)
{
    if (!x || !indices)
        return tp__null_argument("take_along_dim: an operand"), NULL;
    TP_FRAME("take_along_dim");
    if (x->ndim != indices->ndim)
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "input and indices should have the same number of dimensions, but got %d dimensions for "
            "input, and %d dimensions for indices",
            x->ndim, indices->ndim);
    dim = tp__dimension(dim, x->ndim);
    indices = dim < 0 ? NULL : tp__as_index(indices);
    if (!indices)
        return NULL;
    tp_tensor without[2] = {*x, *indices};
    without[0].shape[dim] = without[1].shape[dim] = 1;
    tp_result common;
    if (tp__broadcast(2, (tp_tensor *const[]){&without[0], &without[1]}, &common) != TP_OK)
        return NULL;
    const int64_t size = x->shape[dim], chosen = indices->shape[dim];
    common.shape[dim] = size;
    x = tp_expand_n(x, common.ndim, common.shape);
    common.shape[dim] = chosen;
    indices = tp_expand_n(indices, common.ndim, common.shape);
    if (indices)
        indices = tp_where(tp_lt(indices, 0), tp_add(indices, size), indices);
    return tp_gather(x, dim, indices);
}
