/* CSR matrices with differentiable values: each operation arranges a pattern, and says in dense operations on
 * the vector of values where they go. */
#include "ops/sparse.h"
#include "base/memory.h"
#include "ops/elementwise.h"
#include "ops/places.h"
#include "taper/indexing.h"
#include "tensor/csr.h"

#include <stdlib.h>
#include <string.h>

bool tp__csr_checked(const tp_tensor *csr)
{
    if (!csr)
        tp__null_argument("a matrix");
    else if (csr->layout != TP__CSR)
        tp_fail(TP_ERROR_UNSUPPORTED, "the matrix is not CSR");
    else if (csr->released)
        tp_fail(TP_ERROR_STATE, "the matrix was given back with tp_release");
    else
        return true;
    return false;
}

tp_tensor *tp__csr_places(const tp_tensor *csr, bool columns)
{
    const int64_t *starts = csr->csr->row_starts;
    tp_tensor *t = tp__tensor_new(tp__region_current(), TP_I64, 1, &csr->stored);
    if (!t)
        return NULL;
    int64_t *place = tp_data_i64(t);
    for (int64_t r = 0; r < csr->shape[0]; r++)
        for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++)
            place[i] = columns ? csr->csr->columns[i] : r;
    return t;
}

/* ---- Values into a pattern ---- */

/* The result is a view of the values, and becomes a matrix by its header alone. */
static tp_status infer_from_values(tp_call *call)
{
    const tp_tensor *values = call->inputs[0];
    *call->results = (tp_result){
        .dtype = (tp_dtype)values->dtype, .ndim = 1, .view = true, .shape = {values->numel}, .strides = {1}};
    return TP_OK;
}

static tp_status forward_from_values(tp_call *call)
{
    const tp_tensor *pattern = call->inputs[1];
    tp_tensor *out = call->outputs[0];
    out->layout = TP__CSR;
    out->ndim = 2;
    out->contiguous = false;
    out->stored = pattern->stored;
    out->numel = pattern->numel;
    out->csr = pattern->csr;
    for (int d = 0; d < 2; d++) {
        out->shape[d] = pattern->shape[d];
        out->strides[d] = 0;
    }
    return TP_OK;
}

/* A gradient with respect to the matrix comes as a dense one. */
static tp_status backward_from_values(tp_backward_call *call)
{
    const tp_tensor *pattern = call->inputs[1];
    tp_tensor *const places[2] = {tp__csr_places(pattern, false), tp__csr_places(pattern, true)};
    call->grad_inputs[0] = places[0] && places[1] ? tp_index(call->grad_outputs[0], 2, places) : NULL;
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

/* Not in the list of records: its result is no dense tensor. */
static const tp_op from_values = {
    .name = "csr_from_values",
    .n_inputs = 2,
    .n_outputs = 1,
    .accepts_csr = 2,
    .saves = TP_SAVES_INPUT(1),
    .infer = infer_from_values,
    .forward = forward_from_values,
    .backward = backward_from_values,
    .documentation = "A CSR matrix of a pattern and a vector of values.",
};

tp_tensor *tp_csr_from_values(tp_tensor *pattern, tp_tensor *values)
{
    if (!pattern || !values)
        return tp__null_argument("csr_from_values: an operand"), NULL;
    TP_FRAME("csr_from_values");
    tp_region *region = tp__region_current();
    if (!tp__csr_checked(pattern) || !region)
        return NULL;
    if (values->layout != TP__DENSE || values->ndim != 1 || values->shape[0] != pattern->stored)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "the pattern has %lld places, and there are %lld values in %d dimensions",
                             (long long)pattern->stored, (long long)values->numel, values->ndim);
    if (!pattern->home || tp__ends_before(pattern->home, region->depth))
        pattern = tp__tensor_copy(region, pattern);
    values = tp_contiguous(values);
    tp_tensor *const inputs[2] = {values, pattern};
    tp_tensor *csr = values && pattern ? tp_apply(&from_values, inputs, 2, NULL) : NULL;
    if (csr) /* the arrays of the pattern are the result's, too, and are not recycled before their region ends
              */
        __atomic_fetch_add(&pattern->storage->views, 1, __ATOMIC_RELAXED);
    return csr;
}

tp_tensor *tp_csr_entries(tp_tensor *csr)
{
    if (!csr)
        return tp__null_operand(__func__);
    if (!tp__csr_checked(csr))
        return NULL;
    if (csr->history && ((tp__node *)csr->history)->op == &from_values)
        return ((tp__node *)csr->history)->tensors[0];
    if (csr->requires_grad)
        return tp__fail_null(
            TP_ERROR_UNSUPPORTED,
            "csr_entries: a CSR matrix has no gradient of its own; ask for that of a vector, and put "
            "it into the pattern with tp_csr_from_values");
    return tp_csr_values(csr);
}

/* ---- From triplets ---- */

typedef struct entry {
    int32_t column;
    int64_t from; /* which triplet */
} entry;

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->column != y->column ? (x->column > y->column) - (x->column < y->column)
                                  : (x->from > y->from) - (x->from < y->from);
}

/* Entries by row, and in each row by column and then in the order in which they came. */
static entry *sort_entries(int64_t rows, int64_t n, const int64_t *row, const int64_t *column,
                           int64_t *starts)
{
    entry *entries = tp__malloc(((size_t)n + 1) * sizeof *entries);
    if (!entries)
        return NULL;
    memset(starts, 0, ((size_t)rows + 1) * sizeof *starts);
    for (int64_t i = 0; i < n; i++)
        starts[row[i] + 1]++;
    for (int64_t r = 0; r < rows; r++)
        starts[r + 1] += starts[r];
    for (int64_t i = 0; i < n; i++)
        entries[starts[row[i]]++] = (entry){(int32_t)column[i], i};
    for (int64_t r = rows; r > 0; r--)
        starts[r] = starts[r - 1];
    starts[0] = 0;
    for (int64_t r = 0; r < rows; r++) {
        bool sorted = true;
        for (int64_t i = starts[r] + 1; i < starts[r + 1] && sorted; i++)
            sorted = entries[i - 1].column <= entries[i].column;
        if (!sorted)
            qsort(entries + starts[r], (size_t)(starts[r + 1] - starts[r]), sizeof *entries, compare_entries);
    }
    return entries;
}

/* The pattern of those places, and for each triplet which of its values it belongs to. */
static tp_tensor *pattern_of(int64_t rows, int64_t columns, int64_t n, const int64_t *row,
                             const int64_t *column, tp_tensor **to)
{
    tp_region *region = tp__region_current();
    tp_tensor *slots = *to = tp__tensor_new(region, TP_I64, 1, &n), *pattern = NULL;
    int64_t *starts = slots ? tp__malloc(((size_t)rows + 1) * sizeof *starts) : NULL;
    entry *entries = starts ? sort_entries(rows, n, row, column, starts) : NULL;
    if (entries) {
        int64_t stored = 0;
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = starts[r]; i < starts[r + 1]; i++)
                stored += i == starts[r] || entries[i].column != entries[i - 1].column;
        pattern = tp__csr_new(region, TP_BOOL, rows, columns, stored);
    }
    if (pattern) {
        int64_t *row_starts = (int64_t *)pattern->csr->row_starts, slot = -1;
        memset(pattern->data, 1, (size_t)pattern->stored);
        for (int64_t r = 0; r < rows; r++) {
            row_starts[r] = slot + 1;
            for (int64_t i = starts[r]; i < starts[r + 1]; i++) {
                if (i == starts[r] || entries[i].column != entries[i - 1].column)
                    ((int32_t *)pattern->csr->columns)[++slot] = entries[i].column;
                tp_data_i64(slots)[entries[i].from] = slot;
            }
        }
        row_starts[rows] = slot + 1;
    }
    tp__free(entries);
    tp__free(starts);
    return pattern;
}

static tp_status check_coordinates(const char *which, int64_t n, const int64_t *place, int64_t size)
{
    for (int64_t i = 0; i < n; i++)
        if (place[i] < 0 || place[i] >= size)
            return tp_fail(TP_ERROR_INDEX, "%s %lld is out of bounds for %lld %ss; it stands at [%lld]",
                           which, (long long)place[i], (long long)size, which, (long long)i);
    return TP_OK;
}

tp_tensor *tp_csr_from_coo(int64_t rows, int64_t columns, tp_tensor *row, tp_tensor *column,
                           tp_tensor *values)
{
    if (!row || !column || !values)
        return tp__null_argument("csr_from_coo: an operand"), NULL;
    TP_FRAME("csr_from_coo");
    if (row->ndim != 1 || column->ndim != 1 || values->ndim != 1 || row->numel != values->numel ||
        column->numel != values->numel)
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "rows, columns and values must be vectors of one length, but have %lld, %lld and %lld "
            "elements",
            (long long)row->numel, (long long)column->numel, (long long)values->numel);
    if (rows < 0 || columns < 0 || columns > INT32_MAX || rows > (int64_t)1 << 57)
        return tp__fail_null(TP_ERROR_SHAPE, "a CSR matrix cannot have the shape [%lld, %lld]",
                             (long long)rows, (long long)columns);
    row = tp_contiguous(tp__as_index(row));
    column = tp_contiguous(tp__as_index(column));
    if (!row || !column || check_coordinates("row", row->numel, tp_data_i64(row), rows) != TP_OK ||
        check_coordinates("column", column->numel, tp_data_i64(column), columns) != TP_OK)
        return NULL;
    tp_tensor *to,
        *pattern = pattern_of(rows, columns, values->numel, tp_data_i64(row), tp_data_i64(column), &to);
    if (!pattern)
        return NULL;
    tp_tensor *zeros = tp_zeros_n((tp_dtype)values->dtype, 1, &pattern->stored);
    return zeros ? tp_csr_from_values(pattern, tp_index_add(zeros, 0, to, values, 1)) : NULL;
}

/* ---- Dense ---- */

tp_tensor *tp_csr_from_dense(tp_tensor *dense)
{
    if (!dense)
        return tp__null_operand(__func__);
    TP_FRAME("csr_from_dense");
    tp_tensor *pattern = tp_to_csr(dense);
    if (!pattern || !dense->requires_grad)
        return pattern;
    tp_tensor *const places[2] = {tp__csr_places(pattern, false), tp__csr_places(pattern, true)};
    return places[0] && places[1] ? tp_csr_from_values(pattern, tp_index(dense, 2, places)) : NULL;
}

tp_tensor *tp_csr_to_dense(tp_tensor *csr)
{
    TP_FRAME("csr_to_dense");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    if (!values)
        return NULL;
    if (!values->requires_grad)
        return tp_to_dense(csr);
    tp_tensor *const places[2] = {tp__csr_places(csr, false), tp__csr_places(csr, true)};
    tp_tensor *zeros = tp_zeros_n((tp_dtype)csr->dtype, 2, csr->shape);
    return places[0] && places[1] ? tp_index_put(zeros, 2, places, values, false) : NULL;
}

/* ---- Elementwise ---- */

tp_tensor *tp_csr_scale(tp_tensor *csr, double factor)
{
    TP_FRAME("csr_scale");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    return values ? tp_csr_from_values(csr, tp_mul(values, factor)) : NULL;
}

tp_tensor *tp_csr_map(tp_tensor *csr, tp_tensor *(*function)(tp_tensor *))
{
    TP_FRAME("csr_map");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    return values ? tp_csr_from_values(csr, function(values)) : NULL;
}

static bool same_pattern(const tp_tensor *a, const tp_tensor *b)
{
    if (memcmp(a->shape, b->shape, 2 * sizeof(int64_t)) != 0 || a->stored != b->stored)
        return false;
    for (int64_t r = 0; r <= a->shape[0]; r++)
        if (a->csr->row_starts[r] - a->csr->row_starts[0] != b->csr->row_starts[r] - b->csr->row_starts[0])
            return false;
    return !a->stored || !memcmp(a->csr->columns, b->csr->columns, (size_t)a->stored * sizeof(int32_t));
}

tp_tensor *tp_csr_mul(tp_tensor *csr, tp_tensor *other)
{
    TP_FRAME("csr_mul");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    if (!values || !other)
        return other ? NULL : (tp__null_argument("the other operand"), NULL);
    if (other->layout == TP__CSR) {
        if (!same_pattern(csr, other))
            return tp__fail_null(TP_ERROR_SHAPE, "the two CSR matrices have different places");
        return tp_csr_from_values(csr, tp_mul(values, tp_csr_entries(other)));
    }
    tp_tensor *const places[2] = {tp__csr_places(csr, false), tp__csr_places(csr, true)};
    other = tp_expand_n(other, 2, csr->shape);
    other = other && places[0] && places[1] ? tp_index(other, 2, places) : NULL;
    return other ? tp_csr_from_values(csr, tp_mul(values, other)) : NULL;
}

/* ---- Joining ---- */

/* All entries of several matrices, each moved by so many rows and columns. */
static tp_tensor *joined(tp_tensor *const *matrices, int n, int64_t rows, int64_t columns,
                         const int64_t *down, const int64_t *right)
{
    tp_region *region = tp__region_current();
    tp_tensor **list = region ? tp_region_alloc(region, 3 * (size_t)n * sizeof *list) : NULL;
    if (!list)
        return NULL;
    for (int i = 0; i < n; i++) {
        list[i] = tp__csr_places(matrices[i], false);
        list[n + i] = tp__csr_places(matrices[i], true);
        list[2 * n + i] = tp_csr_entries(matrices[i]);
        if (!list[i] || !list[n + i] || !list[2 * n + i])
            return NULL;
        for (int64_t k = 0; k < matrices[i]->stored; k++) {
            tp_data_i64(list[i])[k] += down[i];
            tp_data_i64(list[n + i])[k] += right[i];
        }
    }
    return tp_csr_from_coo(rows, columns, tp_cat(list, n, 0), tp_cat(list + n, n, 0),
                           tp_cat(list + 2 * n, n, 0));
}

tp_tensor *tp_csr_add(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("csr_add");
    if (!tp__csr_checked(a) || !tp__csr_checked(b))
        return NULL;
    if (memcmp(a->shape, b->shape, 2 * sizeof(int64_t)) != 0)
        return tp__fail_null(TP_ERROR_SHAPE, "the shapes [%lld, %lld] and [%lld, %lld] differ",
                             (long long)a->shape[0], (long long)a->shape[1], (long long)b->shape[0],
                             (long long)b->shape[1]);
    static const int64_t nowhere[2] = {0, 0};
    return joined((tp_tensor *const[]){a, b}, 2, a->shape[0], a->shape[1], nowhere, nowhere);
}

/* Along dimension `dim`; the other one has the same size for all. */
static tp_tensor *stack(tp_tensor *const *matrices, int n, int dim)
{
    tp_region *region = tp__region_current();
    if (!matrices || n < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "expects a non-empty list of matrices");
    int64_t *moved = region ? tp_region_alloc(region, 2 * (size_t)n * sizeof *moved) : NULL, total = 0;
    if (!moved)
        return NULL;
    for (int i = 0; i < n; i++) {
        if (!tp__csr_checked(matrices[i]))
            return NULL;
        if (matrices[i]->shape[!dim] != matrices[0]->shape[!dim])
            return tp__fail_null(TP_ERROR_SHAPE, "matrix 0 has %lld %s, and matrix %d has %lld",
                                 (long long)matrices[0]->shape[!dim], dim ? "rows" : "columns", i,
                                 (long long)matrices[i]->shape[!dim]);
        moved[i] = total;
        moved[n + i] = 0;
        if (__builtin_add_overflow(total, matrices[i]->shape[dim], &total))
            return tp__fail_null(TP_ERROR_SHAPE, "the result is too large");
    }
    return dim ? joined(matrices, n, matrices[0]->shape[0], total, moved + n, moved)
               : joined(matrices, n, total, matrices[0]->shape[1], moved, moved + n);
}

tp_tensor *tp_csr_vstack(tp_tensor *const *matrices, int n)
{
    TP_FRAME("csr_vstack");
    return stack(matrices, n, 0);
}

tp_tensor *tp_csr_hstack(tp_tensor *const *matrices, int n)
{
    TP_FRAME("csr_hstack");
    return stack(matrices, n, 1);
}

tp_tensor *tp_csr_transpose(tp_tensor *csr)
{
    TP_FRAME("csr_transpose");
    if (!tp__csr_checked(csr))
        return NULL;
    return tp_csr_from_coo(csr->shape[1], csr->shape[0], tp__csr_places(csr, true),
                           tp__csr_places(csr, false), tp_csr_entries(csr));
}

/* ---- Rows ---- */

tp_tensor *tp_csr_row_select(tp_tensor *csr, tp_tensor *index)
{
    TP_FRAME("csr_row_select");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    index = tp_contiguous(tp__as_index(index));
    if (!values || !index)
        return values ? (tp__null_argument("the index"), NULL) : NULL;
    if (index->ndim > 1)
        return tp__fail_null(TP_ERROR_SHAPE, "Index is supposed to be a vector, and has %d dimensions",
                             index->ndim);
    const int64_t *starts = csr->csr->row_starts, *row = tp_data_i64(index);
    if (check_coordinates("row", index->numel, row, csr->shape[0]) != TP_OK)
        return NULL;
    tp_tensor *pattern = tp_csr_rows(csr, row, index->numel);
    if (!pattern || !values->requires_grad)
        return pattern;
    tp_tensor *from = tp__tensor_new(tp__region_current(), TP_I64, 1, &pattern->stored);
    if (!from)
        return NULL;
    int64_t *place = tp_data_i64(from);
    for (int64_t i = 0; i < index->numel; i++)
        for (int64_t k = starts[row[i]]; k < starts[row[i] + 1]; k++)
            *place++ = k - starts[0];
    return tp_csr_from_values(pattern, tp_index_select(values, 0, from));
}

tp_tensor *tp_csr_row_slice(tp_tensor *csr, int64_t start, int64_t end)
{
    TP_FRAME("csr_row_slice");
    if (!tp__csr_checked(csr))
        return NULL;
    const int64_t rows = csr->shape[0];
    start = start < 0 ? start + rows : start;
    end = end < 0 ? end + rows : end;
    start = start < 0 ? 0 : start > rows ? rows : start;
    end = end < start ? start : end > rows ? rows : end;
    return tp_csr_row_select(csr, tp_arange(TP_I64, (double)start, (double)end, 1));
}

tp_tensor *tp_csr_sum(tp_tensor *csr, int dim)
{
    TP_FRAME("csr_sum");
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    dim = values ? tp__dimension(dim, 2) : -1;
    if (dim < 0)
        return NULL;
    tp_tensor *zeros = tp_zeros_n((tp_dtype)values->dtype, 1, &csr->shape[!dim]),
              *to = tp__csr_places(csr, dim == 0);
    return tp_index_add(zeros, 0, to, values, 1);
}
