/* Rows along a dimension, and places found in them. */
#include "ops/along.h"
#include "base/threads.h"
#include "ops/index.h"
#include "ops/ops.h"
#include "ops/places.h"

#include <string.h>

tp__around tp__around_of(const tp_tensor *x, int dim)
{
    tp__around a = {1, 1, 1};
    for (int d = 0; d < x->ndim; d++)
        *(d < dim ? &a.before : d == dim ? &a.n : &a.after) *= x->shape[d];
    return a;
}

tp_tensor tp__moved_last(const tp_tensor *x, int dim)
{
    tp_tensor moved = *x;
    for (int d = dim; d + 1 < x->ndim; d++) {
        moved.shape[d] = x->shape[d + 1];
        moved.strides[d] = x->strides[d + 1];
    }
    if (x->ndim) {
        moved.shape[x->ndim - 1] = x->shape[dim];
        moved.strides[x->ndim - 1] = x->strides[dim];
    }
    moved.contiguous = tp__is_contiguous(moved.ndim, moved.shape, moved.strides);
    return moved;
}

int tp__dims_of(const tp_tensor *x, unsigned mask, int dims[TP_MAX_DIMS])
{
    int n = 0;
    for (int d = 0; d < x->ndim; d++)
        if (mask >> d & 1)
            dims[n++] = d;
    return n;
}

int tp__checked_dimension(const char *name, const tp_tensor *x, int dim)
{
    if (!x)
        return tp__null_operand(name), -1;
    tp_frame frame = {name, NULL, NULL};
    tp_frame_enter(&frame);
    dim = tp__one_dimension(dim, x);
    tp_frame_leave(&frame);
    return dim;
}

tp_status tp__checked_reduction(const char *name, const tp_tensor *x, int n, const int *dims, bool keepdim,
                                tp__reduction *r)
{
    if (!x)
        return tp__null_operand(name), tp__ctx.error;
    tp_frame frame = {name, NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = tp__reduction_of(x, n, dims, keepdim, r);
    tp_frame_leave(&frame);
    return status;
}

/* ---- Finding ---- */

typedef struct find_job {
    const tp__finder *finder;
    const char *from;
    char *values, *scratch;
    int64_t *places;
    int64_t rows, rows_of_chunk;
    size_t size;
} find_job;

static void find_in_chunk(void *context, int64_t chunk)
{
    const find_job *job = context;
    const tp__finder *f = job->finder;
    const int64_t begin = chunk * job->rows_of_chunk;
    const int64_t end = begin + job->rows_of_chunk < job->rows ? begin + job->rows_of_chunk : job->rows;
    for (int64_t r = begin; r < end; r++) {
        const char *row = job->from + (size_t)(r * f->n) * job->size;
        int64_t *places = job->places + r * f->m;
        f->find(f, row, places, job->scratch + (size_t)chunk * f->scratch);
        if (job->values)
            tp__take(job->size, f->m, row, places, job->values + (size_t)(r * f->m) * job->size);
    }
}

/* Where the results of all rows go: `to` itself, or room for them to be copied from. */
static tp_status prepare(const tp_tensor *to, int dim, bool in_place, tp_tensor **room)
{
    *room = NULL;
    if (!to || in_place)
        return TP_OK;
    const tp_tensor moved = tp__moved_last(to, dim);
    *room = tp__tensor_new(tp__region_current(), (tp_dtype)to->dtype, moved.ndim, moved.shape);
    return *room ? TP_OK : TP_ERROR_MEMORY;
}

static void deliver(tp_tensor *to, int dim, tp_tensor *room)
{
    if (!room)
        return;
    tp_tensor moved = tp__moved_last(to, dim);
    tp__copy_elements(room, &moved);
    tp_release(room);
}

tp_status tp__find_along(const tp_tensor *x, int dim, tp__finder *f, tp_tensor *values, tp_tensor *indices)
{
    enum { PIECE = 16384 };
    if (!indices->numel)
        return TP_OK;
    f->dtype = (tp_dtype)x->dtype;
    f->n = x->ndim ? x->shape[dim] : 1;
    find_job job = {.finder = f, .rows = indices->numel / f->m, .size = tp_dtype_size((tp_dtype)x->dtype)};
    /* Rows do not depend on each other, so that chunks, each with scratch memory, may follow the threads. */
    const int width = tp__parallel_width(), most = width > 1 ? 2 * width : 1;
    int64_t chunks = job.rows * f->n / PIECE;
    chunks = chunks < 1 ? 1 : chunks > most ? most : chunks;
    job.rows_of_chunk = (job.rows + chunks - 1) / chunks;
    chunks = (job.rows + job.rows_of_chunk - 1) / job.rows_of_chunk;
    /* One place of each row has the rows' order, whichever dimension it came from. */
    const bool in_place = f->m == 1 || tp__around_of(indices, dim).after == 1;
    const int64_t words = chunks * (int64_t)(f->scratch / sizeof(int64_t));
    tp__array from;
    tp_tensor *some_values, *some_places, *scratch;
    TP__TRY(tp__as_rows(x, 1u << dim, &from));
    TP__TRY(prepare(values, dim, in_place, &some_values));
    TP__TRY(prepare(indices, dim, in_place, &some_places));
    if (!(scratch = tp__tensor_new(tp__region_current(), TP_I64, 1, &words)))
        return TP_ERROR_MEMORY;
    job.from = from.data;
    job.scratch = scratch->data;
    job.values = some_values ? some_values->data : values ? values->data : NULL;
    job.places = (int64_t *)(void *)(some_places ? some_places->data : indices->data);
    tp__parallel_for(chunks, find_in_chunk, &job);
    deliver(values, dim, some_values);
    deliver(indices, dim, some_places);
    tp_release(scratch);
    tp_release(from.scratch);
    return TP_OK;
}

/* ---- Gradients ---- */

tp_tensor *tp__give_back(tp_tensor *g, int dim, tp_tensor *indices, const tp_tensor *x)
{
    if (!g)
        return NULL;
    if (!x->ndim)
        return tp_reshape_n(g, 0, x->shape);
    const tp__reduction r = {.dims = 1u << dim};
    return tp__scatter_add(tp__restored(g, x, &r), dim, tp__restored(indices, x, &r), x->shape);
}

tp_tensor *tp__shared_among_equals(tp_tensor *g, tp_tensor *y, tp_tensor *x, const tp__reduction *r)
{
    int dims[TP_MAX_DIMS];
    const int n = tp__dims_of(x, r->dims, dims);
    y = tp__restored(y, x, r);
    tp_tensor *mask = tp_logical_or(tp_logical_and(tp_isnan(y), tp_isnan(x)), tp_eq(x, y));
    tp_tensor *count = n ? tp_sum_n(mask, n, dims, true) : mask;
    return tp_div(tp_mul(tp__restored(g, x, r), mask), count);
}
