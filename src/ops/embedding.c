/* Rows of a table by number, one by one or in bags, and the gradients, which add up where they came from. */
#include "taper/embedding.h"
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

static tp_status check_table(const tp_tensor *weight)
{
    TP__TRY(tp__require_float(weight, "the weight"));
    if (weight->ndim != 2)
        return tp_fail(TP_ERROR_SHAPE, "'weight' must be 2-D, and has %d dimensions", weight->ndim);
    return TP_OK;
}

static tp_status check_indices(const tp_tensor *indices, const char *what)
{
    if (indices->dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE, "Expected dtype int64 for %s, not %s", what,
                       tp_dtype_name((tp_dtype)indices->dtype));
    return TP_OK;
}

/* All indices are rows. `shape` is theirs, for the place of the first that is not. */
static tp_status check_rows(const int64_t *indices, const tp_tensor *t, int64_t rows)
{
    for (int64_t i = 0; i < t->numel; i++) {
        if (indices[i] >= 0 && indices[i] < rows)
            continue;
        int64_t place[TP_MAX_DIMS], rest = i;
        for (int d = t->ndim - 1; d >= 0; d--) {
            place[d] = rest % t->shape[d];
            rest /= t->shape[d];
        }
        char text[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_INDEX, "index %lld at %s is out of range for %lld rows",
                       (long long)indices[i], tp__shape_text(text, sizeof text, t->ndim, place),
                       (long long)rows);
    }
    return TP_OK;
}

/* The row that `padding_idx` means, -1 for none, or -2 after an error. */
static int64_t padding_row(int64_t padding_idx, int64_t rows)
{
    if (padding_idx == TP_NO_PADDING)
        return -1;
    if (padding_idx >= -rows && padding_idx < rows)
        return padding_idx < 0 ? padding_idx + rows : padding_idx;
    tp_fail(TP_ERROR_INDEX, "padding_idx %lld is out of range for %lld rows", (long long)padding_idx,
            (long long)rows);
    return -2;
}

/* ---- Row by row ---- */

typedef struct lookup {
    int64_t padding; /* row; -1: none */
    int64_t rows;    /* of the table, for the gradient */
} lookup;
#define LOOKUP(...) \
    &(const lookup) \
    {               \
        __VA_ARGS__ \
    }

static tp_status infer_embedding(tp_call *call)
{
    const tp_tensor *weight = call->inputs[0], *indices = call->inputs[1];
    TP__TRY(check_table(weight));
    TP__TRY(check_indices(indices, "indices"));
    if (indices->ndim == TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "indices of %d dimensions would give one dimension too many",
                       indices->ndim);
    tp__result_like(call->results, (tp_dtype)weight->dtype, indices);
    call->results->shape[call->results->ndim++] = weight->shape[1];
    return TP_OK;
}

static tp_status forward_embedding(tp_call *call)
{
    const tp_tensor *weight = call->inputs[0], *indices = call->inputs[1];
    tp__array table, at;
    TP__TRY(tp__spread(indices, indices, &at));
    TP__TRY(tp__spread(weight, weight, &table));
    const int64_t *rows = at.data;
    TP__TRY(check_rows(rows, indices, weight->shape[0]));
    const size_t size = (size_t)weight->shape[1] * tp_dtype_size((tp_dtype)weight->dtype);
    for (int64_t i = 0; size && i < indices->numel; i++)
        memcpy(call->outputs[0]->data + (size_t)i * size, (const char *)table.data + (size_t)rows[i] * size,
               size);
    tp_release(table.scratch);
    tp_release(at.scratch);
    return TP_OK;
}

/* What flows back through all rows but the padding's. */
static tp_tensor *without_padding(tp_tensor *g, tp_tensor *indices, int64_t padding)
{
    if (padding < 0)
        return g;
    tp_tensor *counts = tp_unsqueeze(tp_ne(indices, padding), -1);
    return tp_where(counts, g, counts && g ? tp_scalar((tp_dtype)g->dtype, 0) : NULL);
}

static tp_tensor *add_up(tp_tensor *g, tp_tensor *indices, int64_t rows, int64_t padding)
{
    tp_tensor *const inputs[2] = {g, indices};
    return g && indices ? tp_apply(&tp__op_embedding_backward, inputs, 2, LOOKUP(padding, rows)) : NULL;
}

/* The same as what the walk pours into the touched rows alone, or multiplies out: g's row k is added to the
 * rows indices[starts[k]] up to indices[starts[k + 1] - 1], times the factors, if there are any. Without
 * starts, each index has a row of g. The padding is left out. */
static tp_tensor *touched_rows(tp_tensor *g, const tp_tensor *indices, int64_t n, const int64_t *starts,
                               const tp_tensor *factors, int64_t rows, int64_t padding)
{
    tp_region *region = tp__region_current();
    const int64_t n_starts = n + 1, width = g->shape[g->ndim - 1];
    const size_t size = tp_dtype_size((tp_dtype)g->dtype);
    tp__array at;
    if (tp__spread(indices, indices, &at) != TP_OK)
        return NULL;
    tp_tensor *begins = tp__tensor_new(region, TP_I64, 1, &n_starts),
              *columns = tp__tensor_new(region, TP_I32, 1, &indices->numel),
              *values = factors ? tp__tensor_new(region, (tp_dtype)g->dtype, 1, &indices->numel) : NULL;
    if (!begins || !columns || (factors && !values))
        return NULL;
    int64_t *begin = tp_data_i64(begins), stored = 0;
    int32_t *column = (int32_t *)(void *)columns->data;
    for (int64_t k = 0; k < n; k++) {
        begin[k] = stored;
        for (int64_t i = starts ? starts[k] : k; i < (starts ? starts[k + 1] : k + 1); i++) {
            const int64_t row = ((const int64_t *)at.data)[i];
            if (row == padding)
                continue;
            if (factors)
                memcpy(values->data + (size_t)stored * size, factors->data + (size_t)i * size, size);
            column[stored++] = (int32_t)row;
        }
    }
    begin[n] = stored;
    tp_release(at.scratch);
    g = tp_reshape(g, n, width);
    return tp__product_gradient(tp__tensor_csr(region, (tp_dtype)(g ? g->dtype : TP_F32), n, rows, stored,
                                               begin, column, values ? values->data : NULL),
                                g);
}

static tp_status backward_embedding(tp_backward_call *call)
{
    const tp_tensor *weight = call->inputs[0], *indices = call->inputs[1];
    if (!call->recording && weight->shape[0] <= INT32_MAX) {
        call->grad_inputs[0] = touched_rows(call->grad_outputs[0], indices, indices->numel, NULL, NULL,
                                            weight->shape[0], ((const lookup *)call->attributes)->padding);
        return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
    }
    call->grad_inputs[0] = add_up(call->grad_outputs[0], call->inputs[1], call->inputs[0]->shape[0],
                                  ((const lookup *)call->attributes)->padding);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_embedding = {
    .name = "embedding",
    .moves = true,
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(lookup),
    .infer = infer_embedding,
    .forward = forward_embedding,
    .backward = backward_embedding,
    .documentation = "Rows of a table by number.",
    .samples = SAMPLES(
        {"f64[3,2] i64[4]<0,3>", LOOKUP(-1, 0), NULL}, {"f64[3,2] i64[2,2]<0,3>", LOOKUP(-1, 0), NULL},
        {"f64[3,2] i64[]<0,3>", LOOKUP(-1, 0), NULL}, {"f64[3,2] i64[0]<0,3>", LOOKUP(-1, 0), NULL},
        {"f64[3,2] i64[2]<3,4>", LOOKUP(-1, 0), "index 3 at [0] is out of range for 3 rows"},
        {"f64[3] i64[2]<0,3>", LOOKUP(-1, 0), "'weight' must be 2-D"},
        {"f64[3,2] f64[2]", LOOKUP(-1, 0), "Expected dtype int64 for indices"}),
};

/* The gradient: zeros [rows, width], to which each gradient is added in its row. */
static tp_status infer_embedding_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0], *indices = call->inputs[1];
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(check_indices(indices, "indices"));
    if (g->ndim != indices->ndim + 1 ||
        memcmp(g->shape, indices->shape, (size_t)indices->ndim * sizeof *g->shape))
        return tp_fail(TP_ERROR_SHAPE, "the gradient has not one row for each index");
    *call->results = (tp_result){.dtype = (tp_dtype)g->dtype, .ndim = 2};
    call->results->shape[0] = ((const lookup *)call->attributes)->rows;
    call->results->shape[1] = g->shape[g->ndim - 1];
    return TP_OK;
}

#define ADD_ROWS(T)                                      \
    for (int64_t i = 0; i < indices->numel; i++) {       \
        if (at[i] == l->padding)                         \
            continue;                                    \
        const T *row = (const T *)from.data + i * width; \
        T *to = (T *)(void *)out->data + at[i] * width;  \
        for (int64_t k = 0; k < width; k++)              \
            to[k] += row[k];                             \
    }

static tp_status forward_embedding_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0], *indices = call->inputs[1];
    const lookup *l = call->attributes;
    tp_tensor *out = call->outputs[0];
    const int64_t width = out->shape[1];
    tp__array from, places;
    TP__TRY(tp__spread(indices, indices, &places));
    TP__TRY(tp__spread(g, g, &from));
    const int64_t *at = places.data;
    TP__TRY(check_rows(at, indices, l->rows));
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    if (g->dtype == TP_F32)
        ADD_ROWS(float)
    else
        ADD_ROWS(double)
    tp_release(from.scratch);
    tp_release(places.scratch);
    return TP_OK;
}

static tp_tensor *look_up(tp_tensor *weight, tp_tensor *indices)
{
    tp_tensor *const inputs[2] = {weight, indices};
    return weight && indices ? tp_apply(&tp__op_embedding, inputs, 2, LOOKUP(-1, 0)) : NULL;
}

static tp_status backward_embedding_backward(tp_backward_call *call)
{
    call->grad_inputs[0] = without_padding(look_up(call->grad_outputs[0], call->inputs[1]), call->inputs[1],
                                           ((const lookup *)call->attributes)->padding);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_embedding_backward = {
    .name = "embedding_dense_backward",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1),
    .attributes_size = sizeof(lookup),
    .infer = infer_embedding_backward,
    .forward = forward_embedding_backward,
    .backward = backward_embedding_backward,
    .documentation = "Zeros, to which rows are added by number.",
    .samples = SAMPLES({"f64[4,2] i64[4]<0,3>", LOOKUP(-1, 3), NULL},
                       {"f64[2,2,3] i64[2,2]<0,3>", LOOKUP(0, 3), NULL},
                       {"f64[4,2] i64[3]<0,3>", LOOKUP(-1, 3), "has not one row for each index"}),
};

tp_tensor *tp_f_embedding(tp_tensor *indices, tp_tensor *weight, int64_t padding_idx)
{
    TP_FRAME("embedding");
    if (!indices || !weight)
        return tp__null_argument("indices or weight"), NULL;
    const int64_t padding = padding_row(padding_idx, weight->ndim ? weight->shape[0] : 0);
    tp_tensor *const inputs[2] = {weight, indices};
    return padding == -2 ? NULL : tp_apply(&tp__op_embedding, inputs, 2, LOOKUP(padding, 0));
}

/* ---- Bags ---- */

/* inputs: weight, indices [n], starts [bags + 1], per-sample weights [n] or NULL */
typedef struct bagging {
    int64_t padding;
    bool mean;
} bagging;
#define BAGGING(...) \
    &(const bagging) \
    {                \
        __VA_ARGS__  \
    }

static tp_status infer_bag(tp_call *call)
{
    const tp_tensor *weight = call->inputs[0], *indices = call->inputs[1], *starts = call->inputs[2],
                    *scale = call->n_inputs > 3 ? call->inputs[3] : NULL;
    TP__TRY(check_table(weight));
    TP__TRY(check_indices(indices, "input"));
    TP__TRY(check_indices(starts, "offsets"));
    if (indices->ndim != 1 || starts->ndim != 1 || starts->shape[0] < 1)
        return tp_fail(TP_ERROR_SHAPE, "input and offsets are vectors; they have %d and %d dimensions",
                       indices->ndim, starts->ndim);
    if (scale && (scale->ndim != 1 || scale->shape[0] != indices->shape[0]))
        return tp_fail(TP_ERROR_SHAPE, "expected per_sample_weights to have the input's shape");
    if (scale && scale->dtype != weight->dtype)
        return tp_fail(TP_ERROR_DTYPE, "per_sample_weights are %s, and the weight is %s",
                       tp_dtype_name((tp_dtype)scale->dtype), tp_dtype_name((tp_dtype)weight->dtype));
    *call->results = (tp_result){.dtype = (tp_dtype)weight->dtype, .ndim = 2};
    call->results->shape[0] = starts->shape[0] - 1;
    call->results->shape[1] = weight->shape[1];
    return TP_OK;
}

/* The bags, as contiguous arrays. */
typedef struct bags {
    tp__array table, at, begin, scale;
    const int64_t *indices, *starts;
    int64_t count;
} bags;

static tp_status open_bags(const tp_tensor *weight, const tp_tensor *indices, const tp_tensor *starts,
                           const tp_tensor *scale, bags *b)
{
    TP__TRY(tp__spread(weight, weight, &b->table));
    TP__TRY(tp__spread(indices, indices, &b->at));
    TP__TRY(tp__spread(starts, starts, &b->begin));
    TP__TRY(tp__spread(scale, scale, &b->scale));
    b->indices = b->at.data;
    b->starts = b->begin.data;
    b->count = starts->shape[0] - 1;
    TP__TRY(check_rows(b->indices, indices, weight->shape[0]));
    if (b->starts[0] != 0)
        return tp_fail(TP_ERROR_VALUE,
                       "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to "
                       "start from position 0; it is %lld",
                       (long long)b->starts[0]);
    for (int64_t k = 0; k < b->count; k++)
        if (b->starts[k + 1] < b->starts[k] || b->starts[k + 1] > indices->numel)
            return tp_fail(TP_ERROR_VALUE, "bag %lld reaches from %lld to %lld of %lld indices", (long long)k,
                           (long long)b->starts[k], (long long)b->starts[k + 1], (long long)indices->numel);
    return TP_OK;
}

static void close_bags(bags *b)
{
    tp_release(b->table.scratch);
    tp_release(b->at.scratch);
    tp_release(b->begin.scratch);
    tp_release(b->scale.scratch);
}

/* How many of a bag's indices count. */
static int64_t counted(const bags *b, int64_t k, int64_t padding)
{
    int64_t n = 0;
    for (int64_t i = b->starts[k]; i < b->starts[k + 1]; i++)
        n += b->indices[i] != padding;
    return n;
}

#define SUM_BAGS(T)                                                             \
    for (int64_t k = 0; k < b.count; k++) {                                     \
        T *to = (T *)(void *)out->data + k * width;                             \
        for (int64_t c = 0; c < width; c++)                                     \
            to[c] = 0;                                                          \
        for (int64_t i = b.starts[k]; i < b.starts[k + 1]; i++) {               \
            if (b.indices[i] == o->padding)                                     \
                continue;                                                       \
            const T *row = (const T *)b.table.data + b.indices[i] * width;      \
            const T scale = b.scale.data ? ((const T *)b.scale.data)[i] : (T)1; \
            for (int64_t c = 0; c < width; c++)                                 \
                to[c] += scale * row[c];                                        \
        }                                                                       \
        const int64_t n = o->mean ? counted(&b, k, o->padding) : 0;             \
        for (int64_t c = 0; n && c < width; c++)                                \
            to[c] /= (T)n;                                                      \
    }

static tp_status forward_bag(tp_call *call)
{
    const bagging *o = call->attributes;
    tp_tensor *out = call->outputs[0];
    const int64_t width = out->shape[1];
    bags b;
    TP__TRY(open_bags(call->inputs[0], call->inputs[1], call->inputs[2], call->inputs[3], &b));
    if (out->dtype == TP_F32)
        SUM_BAGS(float)
    else
        SUM_BAGS(double)
    close_bags(&b);
    return TP_OK;
}

/* For each index its bag, and by what its row is multiplied there; 0 for the padding. */
static tp_status spread_bags(tp_backward_call *call, tp_tensor **bag_of, tp_tensor **factor)
{
    const bagging *o = call->attributes;
    const tp_tensor *weight = call->inputs[0], *indices = call->inputs[1];
    bags b;
    TP__TRY(open_bags(weight, indices, call->inputs[2], NULL, &b));
    *bag_of = tp_zeros_n(TP_I64, 1, indices->shape);
    *factor = tp_zeros_n((tp_dtype)weight->dtype, 1, indices->shape);
    if (!*bag_of || !*factor)
        return TP_ERROR_MEMORY;
    for (int64_t k = 0; k < b.count; k++) {
        const int64_t n = o->mean ? counted(&b, k, o->padding) : 1;
        for (int64_t i = b.starts[k]; i < b.starts[k + 1]; i++) {
            tp_data_i64(*bag_of)[i] = k;
            if (b.indices[i] != o->padding)
                tp__store_f64((tp_dtype)weight->dtype,
                              (*factor)->data + (size_t)i * tp_dtype_size((tp_dtype)weight->dtype),
                              1 / (double)n);
        }
    }
    close_bags(&b);
    return TP_OK;
}

static tp_status backward_bag(tp_backward_call *call)
{
    tp_tensor *bag_of = NULL, *factor = NULL, *scale = call->inputs[3];
    const bagging *o = call->attributes;
    const int64_t rows_of_table = call->inputs[0]->shape[0];
    const bool touches = call->needed[0] && !call->recording && rows_of_table <= INT32_MAX;
    if (!touches || call->needed[3] || o->mean)
        TP__TRY(spread_bags(call, &bag_of, &factor));
    if (touches) {
        tp__array starts;
        tp_tensor *factors = o->mean ? factor : scale ? tp_contiguous(scale) : NULL;
        TP__TRY(tp__spread(call->inputs[2], call->inputs[2], &starts));
        if (!scale || factors)
            call->grad_inputs[0] =
                touched_rows(call->grad_outputs[0], call->inputs[1], call->inputs[2]->shape[0] - 1,
                             starts.data, factors, rows_of_table, o->padding);
        tp_release(starts.scratch);
        if (!call->needed[3])
            return tp__ctx.error;
    }
    tp_tensor *rows = tp_mul(look_up(call->grad_outputs[0], bag_of), tp_unsqueeze(factor, 1));
    if (call->needed[0] && !touches)
        call->grad_inputs[0] = add_up(scale ? tp_mul(rows, tp_unsqueeze(scale, 1)) : rows, call->inputs[1],
                                      rows_of_table, o->padding);
    if (call->needed[3])
        call->grad_inputs[3] = tp_sum_dim(tp_mul(rows, look_up(call->inputs[0], call->inputs[1])), 1, false);
    return tp__ctx.error;
}

const tp_op tp__op_embedding_bag = {
    .name = "embedding_bag",
    .n_inputs = 4,
    .n_outputs = 1,
    .optional = 8,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2) | TP_SAVES_INPUT(3),
    .attributes_size = sizeof(bagging),
    .infer = infer_bag,
    .forward = forward_bag,
    .backward = backward_bag,
    .documentation = "Sums or means of rows of a table, bag by bag.",
    .samples = SAMPLES(
        {"f64[3,2] i64[4]<0,3> i64[2]<0,1> f64[4]", BAGGING(-1, false), NULL},
        {"f64[3,2] i64[4]<0,3> i64[3]<0,1> -", BAGGING(1, true), NULL},
        {"f64[3,2] i64[4]<3,4> i64[2]<0,1> -", BAGGING(-1, false), "index 3 at [0] is out of range"},
        {"f64[3,2] i64[4]<0,3> i64[2]<1,2> -", BAGGING(-1, false), "offsets[0] has to be 0"},
        {"f64[3,2] i64[4]<0,3> i64[2]<0,1> f64[3]", BAGGING(-1, false), "the input's shape"},
        {"f64[3,2] i64[2,2]<0,3> i64[2]<0,1> -", BAGGING(-1, false), "input and offsets are vectors"}),
};

/* The place of the largest element of each bag in each column, as a row of the table; -1 in an empty bag. */
static tp_status infer_bag_places(tp_call *call)
{
    TP__TRY(infer_bag(call));
    call->results->dtype = TP_I64;
    return TP_OK;
}

#define LARGEST_OF_BAGS(T)                                                                   \
    for (int64_t k = 0; k < b.count; k++)                                                    \
        for (int64_t i = b.starts[k]; i < b.starts[k + 1]; i++) {                            \
            if (b.indices[i] == o->padding)                                                  \
                continue;                                                                    \
            const T *table = b.table.data;                                                   \
            for (int64_t c = 0; c < width; c++) {                                            \
                int64_t *best = to + k * width + c;                                          \
                if (*best < 0 || table[b.indices[i] * width + c] > table[*best * width + c]) \
                    *best = b.indices[i];                                                    \
            }                                                                                \
        }

static tp_status forward_bag_places(tp_call *call)
{
    const bagging *o = call->attributes;
    tp_tensor *out = call->outputs[0];
    const int64_t width = out->shape[1];
    int64_t *to = (int64_t *)(void *)out->data;
    bags b;
    TP__TRY(open_bags(call->inputs[0], call->inputs[1], call->inputs[2], NULL, &b));
    for (int64_t i = 0; i < out->numel; i++)
        to[i] = -1;
    if (call->inputs[0]->dtype == TP_F32)
        LARGEST_OF_BAGS(float)
    else
        LARGEST_OF_BAGS(double)
    close_bags(&b);
    return TP_OK;
}

const tp_op tp__op_embedding_bag_places = {
    .name = "embedding_bag",
    .n_inputs = 3,
    .n_outputs = 1,
    .attributes_size = sizeof(bagging),
    .infer = infer_bag_places,
    .forward = forward_bag_places,
    .no_gradient = TP_NO_GRAD,
    .documentation = "Rows of the largest elements of each bag.",
    .samples = SAMPLES({"f64[3,2] i64[4]<0,3> i64[3]<0,1>", BAGGING(-1, false), NULL},
                       {"f64[3] i64[4]<0,3> i64[3]<0,1>", BAGGING(-1, false), "'weight' must be 2-D"},
                       {"f64[3,2] i64[4]<0,3> i64[]", BAGGING(-1, false), "input and offsets are vectors"}),
};

static tp_tensor *largest_of_bags(tp_tensor *weight, tp_tensor *indices, tp_tensor *starts, int64_t padding)
{
    tp_tensor *const inputs[3] = {weight, indices, starts};
    tp_tensor *places = tp_apply(&tp__op_embedding_bag_places, inputs, 3, BAGGING(padding, false));
    tp_tensor *chosen = tp_gather(weight, 0, places ? tp_maximum(places, 0) : NULL);
    return chosen ? tp_where(tp_ge(places, 0), chosen, tp_scalar((tp_dtype)chosen->dtype, 0)) : NULL;
}

/* 0, length, 2 length, ...: the bags are the rows of a matrix. */
static tp_tensor *even_starts(int64_t count, int64_t length)
{
    tp_tensor *starts = tp_zeros(TP_I64, count + 1);
    for (int64_t k = 0; starts && k <= count; k++)
        tp_data_i64(starts)[k] = k * length;
    return starts;
}

static tp_tensor *with_end(tp_tensor *offsets, int64_t end)
{
    tp_tensor *const parts[2] = {offsets, tp_full(TP_I64, (double)end, 1)};
    return tp_cat(parts, 2, 0);
}

tp_tensor *tp_f_embedding_bag_with(const tp_embedding_bag_options *options)
{
    TP_FRAME("embedding_bag");
    tp_tensor *input = options ? options->input : NULL, *weight = options ? options->weight : NULL;
    if (!input || !weight)
        return tp__null_argument("input or weight"), NULL;
    tp_tensor *starts = options->offsets, *scale = options->per_sample_weights;
    if ((unsigned)options->mode > TP_BAG_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "there is no mode of number %d", (int)options->mode);
    if (options->mode != TP_BAG_SUM && (scale || input->layout == TP__CSR))
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "weights of samples are for sums only, not for mode '%s'",
                             options->mode == TP_BAG_MEAN ? "mean" : "max");
    if (input->layout == TP__CSR) {
        if (starts || scale || options->padding_idx != TP_NO_PADDING)
            return tp__fail_null(TP_ERROR_ARGUMENT,
                                 "a CSR matrix has its own bags and weights; offsets, per_sample_weights and "
                                 "padding_idx are not for it");
        return tp_matmul(input, weight);
    }
    if (input->ndim == 2 && starts)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "if input is 2D, then offsets has to be None, as input is treated "
                             "as a mini-batch of fixed length sequences");
    if (input->ndim == 1 && !starts)
        return tp__fail_null(TP_ERROR_ARGUMENT, "offsets has to be a 1D Tensor but got None");
    if (input->ndim != 1 && input->ndim != 2)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "input has to be 1D or 2D Tensor, but got Tensor of dimension %d", input->ndim);
    const int64_t padding = padding_row(options->padding_idx, weight->ndim ? weight->shape[0] : 0);
    if (padding == -2)
        return NULL;
    if (input->ndim == 2)
        starts = even_starts(input->shape[0], input->shape[1]);
    else if (!options->include_last_offset)
        starts = with_end(starts, input->numel);
    tp_tensor *indices = tp_reshape(input, -1);
    if (scale && scale->ndim == 2)
        scale = tp_reshape(scale, -1);
    if (!starts || !indices)
        return NULL;
    if (options->mode == TP_BAG_MAX)
        return largest_of_bags(weight, indices, starts, padding);
    tp_tensor *const inputs[4] = {weight, indices, starts, scale};
    return tp_apply(&tp__op_embedding_bag, inputs, 4, BAGGING(padding, options->mode == TP_BAG_MEAN));
}
