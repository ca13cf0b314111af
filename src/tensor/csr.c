/* Compressed sparse rows: making them, taking rows, and to and from dense. */
#include "tensor/csr.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_UP(size) (((size) + 15) & ~(size_t)15)

/* More entries than this cannot be stored: their bytes pass PTRDIFF_MAX. */
#define MOST_STORED ((int64_t)1 << 57)

tp_tensor *tp__csr_new(tp_region *region, tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored)
{
    char text[TP__SHAPE_TEXT_SIZE];
    const int64_t shape[2] = {rows, columns};
    if ((unsigned)dtype >= TP_DTYPES)
        return tp__fail_null(TP_ERROR_DTYPE, "%d is not a dtype", (int)dtype);
    if (tp__refuse_half(dtype, "a CSR matrix") != TP_OK)
        return NULL;
    if (rows < 0 || columns < 0 || columns > INT32_MAX || rows >= MOST_STORED || tp__numel(2, shape) < 0)
        return tp__fail_null(TP_ERROR_SHAPE, "a CSR matrix cannot have the shape %s",
                             tp__shape_text(text, sizeof text, 2, shape));
    if (stored < 0 || stored > MOST_STORED)
        return tp__fail_null(TP_ERROR_SHAPE, "a CSR matrix cannot have %lld entries", (long long)stored);
    if (!region)
        return NULL;
    /* One piece for everything; the arrays in the order of their alignment, each at a multiple of 16. */
    const size_t starts_size = ROUND_UP((size_t)(rows + 1) * sizeof(int64_t));
    const size_t values_size = ROUND_UP((size_t)stored * tp_dtype_size(dtype));
    const size_t size = starts_size + values_size + (size_t)stored * sizeof(int32_t);
    const size_t records =
        ROUND_UP(sizeof(tp_tensor)) + ROUND_UP(sizeof(tp__storage)) + ROUND_UP(sizeof(tp__csr));
    const bool small = size <= TP__SMALL;
    char *p = tp__region_bump(region, records + (small ? size : 0));
    tp__block *block = p && !small ? tp__block_new(region, size) : NULL;
    if (!p || (!small && !block))
        return NULL;
    tp_tensor *t = (tp_tensor *)p;
    tp__storage *storage = (tp__storage *)(p + ROUND_UP(sizeof *t));
    tp__csr *csr = (tp__csr *)((char *)storage + ROUND_UP(sizeof *storage));
    char *arrays = small ? p + records : tp__block_data(block);
    *csr = (tp__csr){(int64_t *)arrays, (int32_t *)(arrays + starts_size + values_size)};
    *storage = (tp__storage){.data = arrays, .size = size, .views = 1, .block = block};
    *t = (tp_tensor){.dtype = (uint8_t)dtype,
                     .layout = TP__CSR,
                     .ndim = 2,
                     .numel = rows * columns,
                     .data = arrays + starts_size,
                     .storage = storage,
                     .home = region->home,
                     .csr = csr,
                     .stored = stored,
                     .shape = {rows, columns}};
    return t;
}

void tp__csr_densify(const tp_tensor *t, void *array)
{
    const size_t item = tp_dtype_size((tp_dtype)t->dtype);
    const int64_t *row_starts = t->csr->row_starts;
    char *row = array;
    if (!t->numel)
        return;
    memset(array, 0, (size_t)t->numel * item);
    for (int64_t r = 0; r < t->shape[0]; r++, row += (size_t)t->shape[1] * item)
        for (int64_t i = row_starts[r] - row_starts[0]; i < row_starts[r + 1] - row_starts[0]; i++)
            memcpy(row + (size_t)t->csr->columns[i] * item, t->data + (size_t)i * item, item);
}

tp_tensor *tp__tensor_copy(tp_region *region, const tp_tensor *t)
{
    if (t->layout == TP__CSR) {
        tp_tensor *copy = tp__csr_new(region, (tp_dtype)t->dtype, t->shape[0], t->shape[1], t->stored);
        if (!copy)
            return NULL;
        int64_t *row_starts = (int64_t *)copy->csr->row_starts;
        for (int64_t r = 0; r <= t->shape[0]; r++)
            row_starts[r] = t->csr->row_starts[r] - t->csr->row_starts[0];
        if (t->stored) {
            memcpy((int32_t *)copy->csr->columns, t->csr->columns, (size_t)t->stored * sizeof(int32_t));
            memcpy(copy->data, t->data, (size_t)t->stored * tp_dtype_size((tp_dtype)t->dtype));
        }
        return copy;
    }
    tp_tensor *copy = tp__tensor_new(region, (tp_dtype)t->dtype, t->ndim, t->shape);
    if (copy)
        tp__copy_elements(t, copy);
    return copy;
}

static int compare_columns(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Whether a column stands twice among `n`; -1 when memory is out. */
static int has_twice(const int32_t *columns, int64_t n)
{
    bool sorted = true;
    for (int64_t i = 1; i < n && sorted; i++)
        sorted = columns[i - 1] < columns[i];
    if (sorted)
        return 0;
    int32_t *copy = tp__malloc((size_t)n * sizeof *copy);
    if (!copy)
        return -1;
    memcpy(copy, columns, (size_t)n * sizeof *copy);
    qsort(copy, (size_t)n, sizeof *copy, compare_columns);
    int twice = 0;
    for (int64_t i = 1; i < n && !twice; i++)
        twice = copy[i - 1] == copy[i];
    tp__free(copy);
    return twice;
}

static tp_status check_rows(int64_t rows, int64_t columns, int64_t stored, const int64_t *row_starts,
                            const int32_t *column_of)
{
    if (row_starts[0] != 0 || row_starts[rows] != stored)
        return tp_fail(TP_ERROR_VALUE, "csr: the row starts go from %lld to %lld, not from 0 to %lld",
                       (long long)row_starts[0], (long long)row_starts[rows], (long long)stored);
    for (int64_t r = 0; r < rows; r++)
        if (row_starts[r + 1] < row_starts[r] || row_starts[r + 1] > stored)
            return tp_fail(TP_ERROR_VALUE, "csr: row %lld starts at %lld and ends at %lld, of %lld entries",
                           (long long)r, (long long)row_starts[r], (long long)row_starts[r + 1],
                           (long long)stored);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = row_starts[r]; i < row_starts[r + 1]; i++)
            if (column_of[i] < 0 || column_of[i] >= columns)
                return tp_fail(TP_ERROR_INDEX, "csr: column %d in row %lld is out of range for %lld columns",
                               (int)column_of[i], (long long)r, (long long)columns);
        const int64_t entries = row_starts[r + 1] - row_starts[r];
        const int twice = entries ? has_twice(column_of + row_starts[r], entries) : 0;
        if (twice)
            return twice < 0
                       ? TP_ERROR_MEMORY
                       : tp_fail(TP_ERROR_VALUE, "csr: a column stands twice in row %lld", (long long)r);
    }
    return TP_OK;
}

tp_tensor *tp_csr(tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored, const int64_t *row_starts,
                  const int32_t *column_of, const void *values)
{
    if (!row_starts || (stored && (!column_of || !values)))
        return tp__null_argument(!row_starts  ? "csr: row_starts"
                                 : !column_of ? "csr: column_of"
                                              : "csr: values"),
               NULL;
    tp_tensor *t = tp__csr_new(tp__region_current(), dtype, rows, columns, stored);
    if (!t)
        return NULL;
    if (check_rows(rows, columns, stored, row_starts, column_of) != TP_OK) {
        tp_release(t); /* what is refused holds no memory */
        return NULL;
    }
    memcpy((int64_t *)t->csr->row_starts, row_starts, ((size_t)rows + 1) * sizeof *row_starts);
    if (stored) {
        memcpy((int32_t *)t->csr->columns, column_of, (size_t)stored * sizeof *column_of);
        memcpy(t->data, values, (size_t)stored * tp_dtype_size(dtype));
    }
    return t;
}

static bool usable(const char *who, const tp_tensor *t)
{
    if (t->released)
        tp_fail(TP_ERROR_STATE, "%s: the tensor was released", who);
    else if (t->layout == TP__PRODUCT)
        tp_fail(TP_ERROR_UNSUPPORTED, "%s: the gradient is not multiplied out", who);
    else
        return true;
    return false;
}

tp_tensor *tp_to_csr(const tp_tensor *dense)
{
    if (!dense)
        return tp__null_operand(__func__);
    if (!usable("to_csr", dense))
        return NULL;
    if (dense->layout == TP__CSR)
        return tp__tensor_copy(tp__region_current(), dense);
    if (dense->ndim != 2)
        return tp__fail_null(TP_ERROR_SHAPE, "to_csr: a tensor of %d dimensions, not 2", dense->ndim);
    const tp_dtype dtype = (tp_dtype)dense->dtype;
    const int64_t item = (int64_t)tp_dtype_size(dtype), rows = dense->shape[0], columns = dense->shape[1];
    int64_t stored = 0;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            stored += tp__load_f64(dtype,
                                   dense->data + (r * dense->strides[0] + c * dense->strides[1]) * item) != 0;
    tp_tensor *t = tp__csr_new(tp__region_current(), dtype, rows, columns, stored);
    if (!t)
        return NULL;
    int64_t *row_starts = (int64_t *)t->csr->row_starts, n = 0;
    int32_t *column_of = (int32_t *)t->csr->columns;
    for (int64_t r = 0; r < rows; r++) {
        row_starts[r] = n;
        for (int64_t c = 0; c < columns; c++) {
            const char *p = dense->data + (r * dense->strides[0] + c * dense->strides[1]) * item;
            if (tp__load_f64(dtype, p) == 0)
                continue;
            column_of[n] = (int32_t)c;
            memcpy(t->data + n * item, p, (size_t)item);
            n++;
        }
    }
    row_starts[rows] = n;
    return t;
}

tp_tensor *tp_to_dense(const tp_tensor *csr)
{
    if (!csr)
        return tp__null_operand(__func__);
    if (!usable("to_dense", csr))
        return NULL;
    if (csr->layout != TP__CSR)
        return tp__tensor_copy(tp__region_current(), csr);
    TP_FRAME("to_dense");
    tp_tensor *t = tp__tensor_new(tp__region_current(), (tp_dtype)csr->dtype, 2, csr->shape);
    if (t)
        tp__csr_densify(csr, t->data);
    return t;
}

int64_t tp_nnz(const tp_tensor *t)
{
    return t && t->layout == TP__CSR ? t->stored : -1;
}

const int64_t *tp_csr_row_starts(const tp_tensor *t)
{
    return t && t->layout == TP__CSR ? t->csr->row_starts : NULL;
}

const int32_t *tp_csr_columns(const tp_tensor *t)
{
    return t && t->layout == TP__CSR ? t->csr->columns : NULL;
}

tp_tensor *tp_csr_values(tp_tensor *t)
{
    if (!t)
        return tp__null_operand(__func__);
    if (t->layout != TP__CSR)
        return tp__fail_null(TP_ERROR_ARGUMENT, "csr_values: the tensor is not CSR");
    return tp__tensor_view(t, 1, &t->stored, &(const int64_t){1}, 0);
}

tp_tensor *tp_csr_rows(const tp_tensor *t, const int64_t *indices, int64_t count)
{
    if (!t)
        return tp__null_operand(__func__);
    if (!usable("csr_rows", t))
        return NULL;
    if (t->layout != TP__CSR)
        return tp__fail_null(TP_ERROR_ARGUMENT, "csr_rows: the tensor is not CSR");
    if (count < 0 || (count && !indices))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             count < 0 ? "csr_rows: a negative count" : "csr_rows: indices is NULL");
    const int64_t *from = t->csr->row_starts, size = (int64_t)tp_dtype_size((tp_dtype)t->dtype);
    int64_t stored = 0;
    for (int64_t i = 0; i < count; i++) {
        if ((uint64_t)indices[i] >= (uint64_t)t->shape[0])
            return tp__fail_null(TP_ERROR_INDEX, "csr_rows: index %lld is out of bounds for %lld rows",
                                 (long long)indices[i], (long long)t->shape[0]);
        if (__builtin_add_overflow(stored, from[indices[i] + 1] - from[indices[i]], &stored))
            return tp__fail_null(TP_ERROR_SHAPE, "csr_rows: too many entries");
        /* Rows drawn at random are rarely in the cache; all of them begin to arrive while the first is
         * copied. */
        const int64_t first = from[indices[i]] - from[0], end = from[indices[i] + 1] - from[0];
        __builtin_prefetch(t->csr->columns + first);
        __builtin_prefetch(t->csr->columns + end);
        __builtin_prefetch(t->data + first * size);
        __builtin_prefetch(t->data + end * size);
    }
    tp_tensor *rows = tp__csr_new(tp__region_current(), (tp_dtype)t->dtype, count, t->shape[1], stored);
    if (!rows)
        return NULL;
    const size_t item = (size_t)size;
    int64_t *row_starts = (int64_t *)rows->csr->row_starts, n = 0;
    int32_t *columns = (int32_t *)rows->csr->columns;
    for (int64_t i = 0; i < count; i++) {
        const int64_t start = from[indices[i]] - from[0], length = from[indices[i] + 1] - from[indices[i]];
        row_starts[i] = n;
        memcpy(columns + n, t->csr->columns + start, (size_t)length * sizeof *columns);
        memcpy(rows->data + (size_t)n * item, t->data + (size_t)start * item, (size_t)length * item);
        n += length;
    }
    row_starts[count] = n;
    return rows;
}
