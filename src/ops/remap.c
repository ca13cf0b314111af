/* Results whose every element comes from one place of the input, found dimension by dimension: flip, roll,
 * repeat and the ways of padding. One forward, one gradient, and a rule for each. */
#include "base/memory.h"
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

typedef enum rule { FLIP, ROLL, REPEAT, CONSTANT, REFLECT, REPLICATE, CIRCULAR } rule;

typedef struct remap {
    rule rule;
    double value;            /* CONSTANT: what stands where nothing comes from */
    int ndim;                /* the lists below are as long */
    int64_t by[TP_MAX_DIMS]; /* FLIP: whether; ROLL: how far; REPEAT: how often; else the padding in front */
    int64_t back[TP_MAX_DIMS];  /* the padding behind */
    int64_t sizes[TP_MAX_DIMS]; /* for the gradient: the input's shape */
} remap;
#define REMAP(...)          \
    &(const remap)          \
    {                       \
        .rule = __VA_ARGS__ \
    }

/* How many places of a dimension negative padding leaves. */
static int64_t kept(const remap *r, int d, int64_t size)
{
    return size + (r->by[d] < 0 ? r->by[d] : 0) + (r->back[d] < 0 ? r->back[d] : 0);
}

/* The place along a dimension of `size` from which place i of the result comes; -1: none. */
static int64_t source(const remap *r, int d, int64_t size, int64_t i)
{
    int64_t from = i - r->by[d];
    switch (r->rule) {
    case FLIP:
        return r->by[d] ? size - 1 - i : i;
    case ROLL:
        return from < 0 ? from + size : from;
    case REPEAT:
        return i % size;
    case CONSTANT:
        return from < 0 || from >= size ? -1 : from;
    case REFLECT:
        from = from < 0 ? -from : from;
        return from < size ? from : 2 * (size - 1) - from;
    case REPLICATE:
        return from < 0 ? 0 : from < size ? from : size - 1;
    case CIRCULAR: /* a circle of what negative padding has left */
        return from < 0 ? from + kept(r, d, size) : from < size ? from : from - kept(r, d, size);
    }
    return -1;
}

static bool result_shape(const remap *r, const int64_t *sizes, int64_t *shape)
{
    for (int d = 0; d < r->ndim; d++) {
        shape[d] = sizes[d];
        if (r->rule == REPEAT ? __builtin_mul_overflow(sizes[d], r->by[d], &shape[d])
                              : r->rule > REPEAT && (__builtin_add_overflow(shape[d], r->by[d], &shape[d]) ||
                                                     __builtin_add_overflow(shape[d], r->back[d], &shape[d])))
            return false;
    }
    return true;
}

/* For each dimension of `wide`, which has the result's shape, the offsets in a tensor of these sizes and
 * strides; -1 where nothing comes from there. To be freed. */
static tp_status offsets_of(const remap *r, const tp_tensor *wide, const int64_t *sizes,
                            const int64_t *strides, int64_t *offsets[TP_MAX_DIMS])
{
    int64_t n = 0;
    for (int d = 0; d < r->ndim; d++)
        n += wide->shape[d];
    int64_t *memory = tp__malloc((size_t)n * sizeof *memory);
    if (!memory)
        return TP_ERROR_MEMORY;
    offsets[0] = memory;
    for (int d = 0; d < r->ndim; d++) {
        offsets[d] = memory;
        for (int64_t i = 0; i < wide->shape[d]; i++) {
            const int64_t from = source(r, d, sizes[d], i);
            *memory++ = from < 0 ? -1 : from * strides[d];
        }
    }
    return TP_OK;
}

/* Goes over the rows of the result: `base` is what the dimensions but the last add up to, -1 for rows that
 * come from nowhere. */
typedef struct rows {
    const tp_tensor *wide;
    int64_t *const *offsets;
    int64_t index[TP_MAX_DIMS], base;
} rows;

static void find_base(rows *at)
{
    at->base = 0;
    for (int d = 0; d < at->wide->ndim - 1; d++) {
        if (at->offsets[d][at->index[d]] < 0) {
            at->base = -1;
            return;
        }
        at->base += at->offsets[d][at->index[d]];
    }
}

static bool next_row(rows *at)
{
    int d = at->wide->ndim - 2;
    for (; d >= 0; d--) {
        if (++at->index[d] < at->wide->shape[d])
            break;
        at->index[d] = 0;
    }
    if (d >= 0)
        find_base(at);
    return d >= 0;
}

/* Neighbours in a row of the result that come from places evenly apart, or from nowhere: from -1 then. */
typedef struct run {
    int64_t from, step, n;
} run;

/* A row's runs, of which there are at most n. */
static int64_t runs_of(int64_t n, const int64_t *offsets, run *runs)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += runs[count++].n) {
        const bool nowhere = offsets[i] < 0;
        const int64_t step = nowhere || i + 1 == n || offsets[i + 1] < 0 ? 0 : offsets[i + 1] - offsets[i];
        run *r = &runs[count];
        *r = (run){offsets[i], step, 1};
        while (i + r->n < n && (offsets[i + r->n] < 0) == nowhere &&
               offsets[i + r->n] == offsets[i + r->n - 1] + step)
            r->n++;
    }
    return count;
}

#define COPY_RUN(T)                         \
    {                                       \
        const T *in = from;                 \
        T *out = to;                        \
        if (step == -1)                     \
            for (int64_t i = 0; i < n; i++) \
                out[i] = in[-i];            \
        else                                \
            for (int64_t i = 0; i < n; i++) \
                out[i] = in[i * step];      \
    }

static void copy_run(size_t size, int64_t n, const void *from, int64_t step, void *to)
{
    if (step == 1)
        memcpy(to, from, (size_t)n * size);
    else if (size == 1)
        COPY_RUN(uint8_t)
    else if (size == 2)
        COPY_RUN(uint16_t)
    else if (size == 4)
        COPY_RUN(uint32_t)
    else
        COPY_RUN(uint64_t)
}

static tp_status forward_remap(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    const remap *r = call->attributes;
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    if (!out->numel)
        return TP_OK;
    if (!r->ndim) {
        memcpy(out->data, x->data, size);
        return TP_OK;
    }
    int64_t *offsets[TP_MAX_DIMS];
    const int64_t n = out->shape[r->ndim - 1];
    run *runs = tp__malloc((size_t)n * sizeof *runs);
    const tp_status status = runs ? offsets_of(r, out, x->shape, x->strides, offsets) : TP_ERROR_MEMORY;
    if (status != TP_OK) {
        tp__free(runs);
        return status;
    }
    const int64_t n_runs = runs_of(n, offsets[r->ndim - 1], runs);
    char nothing[8], *to = out->data;
    tp__store_f64((tp_dtype)x->dtype, nothing, r->value);
    rows at = {out, offsets, {0}, 0};
    find_base(&at);
    do {
        for (int64_t k = 0; k < n_runs; to += (size_t)runs[k++].n * size) {
            if (at.base < 0 || runs[k].from < 0)
                copy_run(size, runs[k].n, nothing, 0, to);
            else
                copy_run(size, runs[k].n, x->data + (at.base + runs[k].from) * (int64_t)size, runs[k].step,
                         to);
        }
    } while (next_row(&at));
    tp__free(offsets[0]);
    tp__free(runs);
    return TP_OK;
}

/* What reflection and the circle cannot do. */
static tp_status check_padding(const remap *r, const int64_t *sizes)
{
    const int64_t most = INT64_MAX / 4;
    char shape[TP__SHAPE_TEXT_SIZE];
    for (int d = 0; d < r->ndim; d++) {
        const int64_t size = sizes[d], front = r->by[d], behind = r->back[d];
        if (size > most || front > most || behind > most || front < -most || behind < -most ||
            size + front + behind < 0)
            return tp_fail(
                TP_ERROR_SHAPE,
                "The input size %lld, plus padding %lld and %lld, resulted in a negative output size, "
                "or in one that does not fit. Check dimension %d of your input",
                (long long)size, (long long)front, (long long)behind, d);
        if (!front && !behind)
            continue;
        if (r->rule == REFLECT && (front >= size || behind >= size))
            return tp_fail(
                TP_ERROR_SHAPE,
                "Padding size should be less than the corresponding input dimension, but got: padding "
                "(%lld, %lld) at dimension %d of input %s",
                (long long)front, (long long)behind, d, tp__shape_text(shape, sizeof shape, r->ndim, sizes));
        if (r->rule == CIRCULAR && (front > kept(r, d, size) || behind > kept(r, d, size)))
            return tp_fail(
                TP_ERROR_SHAPE,
                "Padding value causes wrapping around more than once: (%lld, %lld) at dimension %d of "
                "input %s",
                (long long)front, (long long)behind, d, tp__shape_text(shape, sizeof shape, r->ndim, sizes));
        if (r->rule != CONSTANT && !size)
            return tp_fail(TP_ERROR_SHAPE, "dimension %d of input %s is empty: there is nothing to pad with",
                           d, tp__shape_text(shape, sizeof shape, r->ndim, sizes));
    }
    return TP_OK;
}

/* Whether the lists suit an input of these sizes. */
static tp_status check_rule(const remap *r, const int64_t *sizes)
{
    TP__TRY(tp__require_choice((int)r->rule, "rule", CIRCULAR));
    if (r->rule > REPEAT)
        return check_padding(r, sizes);
    for (int d = 0; d < r->ndim; d++)
        if (r->by[d] < 0 || (r->rule == ROLL && r->by[d] > sizes[d]))
            return tp_fail(TP_ERROR_ARGUMENT, "%lld does not suit a size of %lld in dimension %d",
                           (long long)r->by[d], (long long)sizes[d], d);
    return TP_OK;
}

static tp_status infer_remap(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    TP__TRY(tp__require_dims(x, "the input", ((const remap *)call->attributes)->ndim));
    TP__TRY(check_rule(call->attributes, x->shape));
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    if (result_shape(call->attributes, x->shape, call->results->shape))
        return TP_OK;
    return tp_fail(TP_ERROR_SHAPE, "the result has more elements than fit");
}

static tp_status backward_remap(tp_backward_call *call)
{
    remap r = *(const remap *)call->attributes;
    r.value = 0;
    memcpy(r.sizes, call->inputs[0]->shape, (size_t)r.ndim * sizeof(int64_t));
    call->grad_inputs[0] = tp_apply(&tp__op_remap_backward, call->grad_outputs, 1, &r);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define REMAPPING(record, its_name, its_node, its_documentation, ...) \
    const tp_op record = {.name = its_name,                           \
                          .moves = true,                              \
                          .node_name = its_node,                      \
                          .n_inputs = 1,                              \
                          .n_outputs = 1,                             \
                          .attributes_size = sizeof(remap),           \
                          .infer = infer_remap,                       \
                          .forward = forward_remap,                   \
                          .backward = backward_remap,                 \
                          .documentation = its_documentation,         \
                          .samples = SAMPLES(__VA_ARGS__)}

REMAPPING(tp__op_flip, "flip", NULL, "Some dimensions in reverse order.",
          {"f64[2,3,2]", REMAP(FLIP, .ndim = 3, .by = {1, 0, 1}), NULL},
          {"f64[0,3]", REMAP(FLIP, .ndim = 2, .by = {1, 1}), NULL}, {"f64[]", REMAP(FLIP), NULL});
REMAPPING(tp__op_roll, "roll", NULL, "Elements moved along dimensions; those that leave come in again.",
          {"f64[4,3]", REMAP(ROLL, .ndim = 2, .by = {1, 2}), NULL},
          {"f64[4,3]", REMAP(ROLL, .ndim = 2, .by = {1, 4}), "4 does not suit a size of 3 in dimension 1"},
          {"f64[4]", REMAP(ROLL, .ndim = 2, .by = {1, 2}), "the input must have 2 dimensions, not 1"});
REMAPPING(tp__op_repeat, "repeat", NULL, "A tensor put side by side with itself.",
          {"f64[2,3]", REMAP(REPEAT, .ndim = 2, .by = {2, 3}), NULL},
          {"f64[2,3]", REMAP(REPEAT, .ndim = 2, .by = {0, 3}), NULL},
          {"f64[4,3]", REMAP(REPEAT, .ndim = 2, .by = {INT64_MAX, 1}), "more elements than fit"});
REMAPPING(tp__op_constant_pad, "pad", "ConstantPadNdBackward0", "A number put around.",
          {"f64[2,3]", REMAP(CONSTANT, .value = 1.5, .ndim = 2, .by = {1, 0}, .back = {0, 2}), NULL},
          {"f64[4,5]", REMAP(CONSTANT, .ndim = 2, .by = {-1, 2}, .back = {1, -3}), NULL},
          {"f64[4]", REMAP(CONSTANT, .ndim = 1, .by = {-5}), "resulted in a negative output size"});
REMAPPING(tp__op_pad, "pad", NULL,
          "Elements of the tensor put around: by reflection, repetition or in a circle.",
          {"f64[4,3]", REMAP(REFLECT, .ndim = 2, .by = {2, 1}, .back = {3, 0}), NULL},
          {"f64[4,3]", REMAP(REPLICATE, .ndim = 2, .by = {2, 1}, .back = {3, -1}), NULL},
          {"f64[4,3]", REMAP(CIRCULAR, .ndim = 2, .by = {2, 2}, .back = {4, -1}), NULL},
          {"f64[4,3]", REMAP(REFLECT, .ndim = 2, .by = {4, 0}), "Padding size should be less than"},
          {"f64[4]", REMAP(CIRCULAR, .ndim = 1, .by = {5}), "wrapping around more than once"},
          {"f64[0]", REMAP(REPLICATE, .ndim = 1, .by = {1}), "there is nothing to pad with"},
          {"f64[4]", REMAP((rule)9, .ndim = 1), "9 is no rule"});

/* ---- The gradient: each element of g is added to where it came from ---- */

static tp_status infer_remap_backward(tp_call *call)
{
    const remap *r = call->attributes;
    const tp_tensor *g = call->inputs[0];
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(tp__require_dims(g, "the gradient", r->ndim));
    int64_t shape[TP_MAX_DIMS] = {0};
    for (int d = 0; d < r->ndim; d++)
        if (r->sizes[d] < 0)
            return tp_fail(TP_ERROR_SHAPE, "the size %lld of dimension %d is negative",
                           (long long)r->sizes[d], d);
    TP__TRY(check_rule(r, r->sizes));
    if (!result_shape(r, r->sizes, shape))
        return tp_fail(TP_ERROR_SHAPE, "the result has more elements than fit");
    TP__TRY(tp__require_shape(g, "the gradient", r->ndim, shape));
    *call->results = (tp_result){.dtype = (tp_dtype)g->dtype, .ndim = r->ndim};
    memcpy(call->results->shape, r->sizes, (size_t)r->ndim * sizeof(int64_t));
    return TP_OK;
}

#define ADD_ROW(T)                                                \
    {                                                             \
        const T *from = (const T *)(const void *)g->data + place; \
        T *to = (T *)(void *)out->data + at.base;                 \
        for (int64_t i = 0; i < n; i++)                           \
            if (last[i] >= 0)                                     \
                to[last[i]] += from[i * g->strides[r->ndim - 1]]; \
    }

static tp_status forward_remap_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    const remap *r = call->attributes;
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    if (!g->numel)
        return TP_OK;
    if (!r->ndim) {
        tp__copy_elements(g, out);
        return TP_OK;
    }
    int64_t *offsets[TP_MAX_DIMS];
    TP__TRY(offsets_of(r, g, out->shape, out->strides, offsets));
    const int64_t *last = offsets[r->ndim - 1], n = g->shape[r->ndim - 1];
    rows at = {g, offsets, {0}, 0};
    find_base(&at);
    do {
        int64_t place = 0;
        for (int d = 0; d < r->ndim - 1; d++)
            place += at.index[d] * g->strides[d];
        if (at.base < 0)
            continue;
        if (g->dtype == TP_F32)
            ADD_ROW(float)
        else
            ADD_ROW(double)
    } while (next_row(&at));
    tp__free(offsets[0]);
    return TP_OK;
}

static const tp_op *op_of(rule which)
{
    return which == FLIP       ? &tp__op_flip
           : which == ROLL     ? &tp__op_roll
           : which == REPEAT   ? &tp__op_repeat
           : which == CONSTANT ? &tp__op_constant_pad
                               : &tp__op_pad;
}

static tp_status backward_remap_backward(tp_backward_call *call)
{
    const remap *r = call->attributes;
    call->grad_inputs[0] = tp_apply(op_of(r->rule), call->grad_outputs, 1, r);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_remap_backward = {
    .name = "remap_backward",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(remap),
    .infer = infer_remap_backward,
    .forward = forward_remap_backward,
    .backward = backward_remap_backward,
    .documentation = "The gradient of flip, roll, repeat and pad.",
    .samples = SAMPLES(
        {"f64[4,6]", REMAP(REPEAT, .ndim = 2, .by = {2, 3}, .sizes = {2, 2}), NULL},
        {"f64[6,3]", REMAP(CONSTANT, .ndim = 2, .by = {2, 1}, .back = {-1, 0}, .sizes = {5, 2}), NULL},
        {"f64[9]", REMAP(REFLECT, .ndim = 1, .by = {2}, .back = {3}, .sizes = {4}), NULL},
        {"f64[8]", REMAP(REFLECT, .ndim = 1, .by = {2}, .back = {3}, .sizes = {4}),
         "the gradient must have the shape [9], not [8]"},
        {"f64[9]", REMAP(REFLECT, .ndim = 1, .by = {4}, .back = {1}, .sizes = {4}),
         "Padding size should be less than the corresponding input dimension"},
        {"f64[9]", REMAP(FLIP, .ndim = 2, .sizes = {9}), "the gradient must have 2 dimensions, not 1"}),
};

/* ---- Functions ---- */

tp_tensor *tp_flip_n(tp_tensor *x, int n, const int *dims)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("flip");
    remap r = {.rule = FLIP, .ndim = x->ndim};
    if (n < 0 || (n && !dims))
        return tp__fail_null(TP_ERROR_ARGUMENT, "the list of dimensions has %d entries, or is NULL", n);
    for (int i = 0; i < n; i++) {
        const int d = tp__dimension(dims[i], x->ndim ? x->ndim : 1);
        if (d < 0)
            return NULL;
        if (r.by[d]++)
            return tp__fail_null(TP_ERROR_ARGUMENT, "dim %d appears multiple times in the list of dims", d);
    }
    return tp_apply(&tp__op_flip, &x, 1, &r);
}

tp_tensor *tp_roll_n(tp_tensor *x, int n, const int64_t *shifts, const int *dims)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("roll");
    if (n < 1 || !shifts || !dims)
        return tp__fail_null(TP_ERROR_ARGUMENT, "shifts and dims must align: one shift for each dimension");
    remap r = {.rule = ROLL, .ndim = x->ndim};
    for (int i = 0; i < n; i++) {
        const int d = tp__dimension(dims[i], x->ndim);
        if (d < 0)
            return NULL;
        const int64_t size = x->shape[d] ? x->shape[d] : 1, shift = shifts[i] % size;
        r.by[d] = (r.by[d] + (shift < 0 ? shift + size : shift)) % size;
    }
    return tp_apply(&tp__op_roll, &x, 1, &r);
}

tp_tensor *tp_roll(tp_tensor *x, int64_t shift, int dim)
{
    return tp_roll_n(x, 1, &shift, &dim);
}

/* x with dimensions of size 1 in front until there are `ndim`. */
static tp_tensor *with_dimensions(tp_tensor *x, int ndim)
{
    int64_t shape[TP_MAX_DIMS];
    if (x->ndim >= ndim)
        return x;
    for (int d = 0; d < ndim; d++)
        shape[d] = d < ndim - x->ndim ? 1 : x->shape[d - (ndim - x->ndim)];
    return tp_reshape_n(x, ndim, shape);
}

static tp_tensor *repeated(tp_tensor *x, int n, const int64_t *repeats)
{
    remap r = {.rule = REPEAT, .ndim = n};
    for (int d = 0; d < n; d++) {
        if (repeats[d] < 0)
            return tp__fail_null(TP_ERROR_ARGUMENT,
                                 "Trying to create tensor with negative dimension: repeats[%d] is %lld", d,
                                 (long long)repeats[d]);
        r.by[d] = repeats[d];
    }
    x = with_dimensions(x, n);
    return x ? tp_apply(&tp__op_repeat, &x, 1, &r) : NULL;
}

tp_tensor *tp_repeat_n(tp_tensor *x, int n, const int64_t *repeats)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("repeat");
    if (n < x->ndim || n > TP_MAX_DIMS || (n && !repeats))
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "Number of dimensions of repeat dims can not be smaller than number of dimensions "
            "of tensor: %d against %d, and at most %d",
            n, x->ndim, TP_MAX_DIMS);
    return repeated(x, n, repeats);
}

tp_tensor *tp_tile_n(tp_tensor *x, int n, const int64_t *repeats)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("tile");
    if (n < 0 || n > TP_MAX_DIMS || (n && !repeats))
        return tp__fail_null(TP_ERROR_SHAPE, "a list of 0 to %d numbers of repeats is needed, not of %d",
                             TP_MAX_DIMS, n);
    int64_t all[TP_MAX_DIMS];
    const int ndim = n > x->ndim ? n : x->ndim;
    for (int d = 0; d < ndim; d++)
        all[d] = d < ndim - n ? 1 : repeats[d - (ndim - n)];
    return repeated(x, ndim, all);
}

tp_tensor *tp_rot90(tp_tensor *x, int64_t k, int dim0, int dim1)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("rot90");
    const int a = tp__dimension(dim0, x->ndim), b = a < 0 ? -1 : tp__dimension(dim1, x->ndim);
    if (a < 0 || b < 0)
        return NULL;
    if (a == b)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "expected rotation dims to be different, but got dim0 = %d and dim1 = %d", dim0,
                             dim1);
    const int turns = (int)((k % 4 + 4) % 4), flipped = turns == 1 ? b : a;
    tp_tensor *y = turns == 0   ? tp_clone(x)
                   : turns == 2 ? tp_flip_n(x, 2, (const int[]){a, b})
                                : tp_transpose(tp_flip_n(x, 1, &flipped), a, b);
    return tp__named(y, "Rot90Backward0");
}

tp_tensor *tp_pad_with(const tp_pad_options *options)
{
    if (!options)
        return tp__null_argument("pad: options"), NULL;
    TP_FRAME("pad");
    tp_tensor *x = options->input;
    const int n = options->n_padding;
    if (!x)
        return tp__null_argument("the input"), NULL;
    if (n < 0 || n % 2 || (n && !options->padding))
        return tp__fail_null(TP_ERROR_ARGUMENT, "Padding length must be divisible by 2, and is %d", n);
    if (n / 2 > x->ndim)
        return tp__fail_null(
            TP_ERROR_ARGUMENT,
            "Padding length should be less than or equal to two times the input dimension but "
            "got padding length %d and input of dimension %d",
            n, x->ndim);
    static const rule rules[] = {CONSTANT, REFLECT, REPLICATE, CIRCULAR};
    if ((unsigned)options->mode >= sizeof rules / sizeof rules[0])
        return tp__fail_null(TP_ERROR_ARGUMENT, "%d is no padding mode", (int)options->mode);
    remap r = {.rule = rules[options->mode], .ndim = x->ndim};
    r.value = options->value;
    if (r.rule != CONSTANT && options->value != 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "Padding mode \"%s\" doesn't take in value argument",
                             r.rule == REFLECT     ? "reflect"
                             : r.rule == REPLICATE ? "replicate"
                                                   : "circular");
    for (int i = 0; i < n / 2; i++) { /* the last dimension comes first */
        r.by[x->ndim - 1 - i] = options->padding[2 * i];
        r.back[x->ndim - 1 - i] = options->padding[2 * i + 1];
    }
    static const char *const nodes[2][3] = {
        {"ReflectionPad1DBackward0", "ReflectionPad2DBackward0", "ReflectionPad3DBackward0"},
        {"ReplicationPad1DBackward0", "ReplicationPad2DBackward0", "ReplicationPad3DBackward0"}};
    tp_tensor *y = tp_apply(op_of(r.rule), &x, 1, &r);
    const bool named = (r.rule == REFLECT || r.rule == REPLICATE) && n >= 2 && n <= 6;
    return named ? tp__named(y, nodes[r.rule == REPLICATE][n / 2 - 1]) : y;
}
