/* Headers over storage: the part of every operation's cost that does not depend on the elements, so it is one
 * bump of memory and writes only what is used. */
#include "tensor/tensor.h"

#include <string.h>

#define ROUND_UP(size) (((size) + 15) & ~(size_t)15)

/* The most elements of one tensor: their bytes, and a header beside them, are within PTRDIFF_MAX. */
#define MOST_ELEMENTS ((int64_t)1 << 58)

int64_t tp__numel(int ndim, const int64_t *shape)
{
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < ndim; i++) {
        int64_t size = shape[i];
        if (size <= 0) {
            if (size < 0)
                return -1;
            empty = true;
            size = 1; /* so that the strides of an empty tensor stay in range too */
        }
        if (__builtin_mul_overflow(product, size, &product))
            return -1;
    }
    return empty ? 0 : product;
}

void tp__contiguous_strides(int ndim, const int64_t *shape, int64_t *strides)
{
    int64_t stride = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= shape[i] > 1 ? shape[i] : 1;
    }
}

tp_status tp__refuse_half(tp_dtype dtype, const char *what)
{
    if (!tp_dtype_is_half(dtype))
        return TP_OK;
    return tp_fail(TP_ERROR_DTYPE,
                   "%s is %s, which is kept and not computed with; convert it with tp_to(x, TP_F32)", what,
                   tp_dtype_name(dtype));
}

bool tp__is_contiguous(int ndim, const int64_t *shape, const int64_t *strides)
{
    int64_t expected = 1;
    bool contiguous = true;
    for (int i = ndim - 1; i >= 0; i--) {
        if (shape[i] == 1)
            continue;
        if (shape[i] == 0)
            return true;
        if (strides[i] != expected)
            contiguous = false;
        expected *= shape[i];
    }
    return contiguous;
}

int tp__dimension(int dimension, int ndim)
{
    if (dimension >= -ndim && dimension < ndim)
        return dimension < 0 ? dimension + ndim : dimension;
    if (ndim == 0)
        tp_fail(TP_ERROR_INDEX, "Dimension specified as %d but tensor has no dimensions", dimension);
    else
        tp_fail(TP_ERROR_INDEX, "Dimension out of range (expected to be in range of [%d, %d], but got %d)",
                -ndim, ndim - 1, dimension);
    return -1;
}

/* Records what is wrong with a dtype or shape that was found to be so. */
static tp_tensor *refuse(tp_dtype dtype, int ndim, const int64_t *shape)
{
    char text[TP__SHAPE_TEXT_SIZE];
    if ((unsigned)dtype >= TP_DTYPES)
        return tp__fail_null(TP_ERROR_DTYPE, "%d is not a dtype", (int)dtype);
    if (ndim < 0 || ndim > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "a tensor has 0 to %d dimensions, not %d", TP_MAX_DIMS, ndim);
    if (!shape)
        return tp__fail_null(TP_ERROR_ARGUMENT, "the shape is NULL");
    tp__shape_text(text, sizeof text, ndim, shape);
    for (int i = 0; i < ndim; i++)
        if (shape[i] < 0)
            return tp__fail_null(TP_ERROR_SHAPE, "the shape %s has a negative size", text);
    return tp__fail_null(TP_ERROR_SHAPE, "the shape %s has too many elements", text);
}

/* Writes the whole header apart from data, storage, shape and strides. */
static inline void initialise(tp_tensor *t, tp__home *home, tp_dtype dtype, int ndim, int64_t numel,
                              tp__layout layout, bool contiguous)
{
    t->head = TP__HEAD(.dtype = 1) * dtype | TP__HEAD(.layout = 1) * layout |
              TP__HEAD(.ndim = 1) * (unsigned)ndim | TP__HEAD(.contiguous = true) * contiguous;
    t->numel = t->stored = numel;
    t->home = home;
    t->history = NULL;
    t->leaf = NULL;
    t->csr = NULL;
}

/* The shape, and the strides of a row-major array. Entries behind ndim stay undefined. */
static inline void set_shape(tp_tensor *t, int ndim, const int64_t *shape)
{
    int64_t stride = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        const int64_t size = shape[i];
        t->shape[i] = size;
        t->strides[i] = stride;
        stride *= size > 1 ? size : 1;
    }
}

tp_tensor *tp__tensor_header(tp_region *region, tp_dtype dtype, int ndim, const int64_t *shape)
{
    int64_t numel;
    if ((unsigned)dtype >= TP_DTYPES || (unsigned)ndim > TP_MAX_DIMS || (ndim && !shape) ||
        (numel = tp__numel(ndim, shape)) < 0)
        return refuse(dtype, ndim, shape);
    if (!region)
        return NULL;
    tp_tensor *t = tp__region_bump(region, sizeof *t);
    if (!t)
        return NULL;
    initialise(t, region->home, dtype, ndim, numel, TP__DENSE, true);
    set_shape(t, ndim, shape);
    t->data = NULL;
    t->storage = NULL;
    return t;
}

#define HEADERS (ROUND_UP(sizeof(tp_tensor)) + ROUND_UP(sizeof(tp__storage)))

/* Header and storage record at `t`, apart from the place of the data, shape and strides. */
static inline tp__storage *initialise_new(tp_tensor *t, tp__home *home, tp_dtype dtype, int ndim,
                                          int64_t numel, size_t size)
{
    tp__storage *storage = (tp__storage *)((char *)t + ROUND_UP(sizeof *t));
    storage->size = size;
    storage->version = 0;
    storage->views = 1;
    initialise(t, home, dtype, ndim, numel, TP__DENSE, true);
    t->storage = storage;
    return storage;
}

tp_tensor *tp__tensor_new(tp_region *region, tp_dtype dtype, int ndim, const int64_t *shape)
{
    int64_t numel;
    if ((unsigned)dtype >= TP_DTYPES || (unsigned)ndim > TP_MAX_DIMS || (ndim && !shape) ||
        (numel = tp__numel(ndim, shape)) < 0 || numel > MOST_ELEMENTS)
        return refuse(dtype, ndim, shape);
    if (!region)
        return NULL;
    const size_t size = (size_t)numel * tp__item_size(dtype);
    const bool small = size <= TP__SMALL;
    tp_tensor *t = tp__region_bump(region, HEADERS + (small ? size : 0));
    tp__block *block = t && !small ? tp__block_new(region, size) : NULL;
    if (!t || (!small && !block))
        return NULL;
    tp__storage *storage = initialise_new(t, region->home, dtype, ndim, numel, size);
    storage->block = block;
    t->data = storage->data = block ? tp__block_data(block) : (char *)t + HEADERS;
    set_shape(t, ndim, shape);
    return t;
}

tp_tensor *tp__tensor_like(tp_region *region, tp_dtype dtype, const tp_tensor *like)
{
    const int64_t numel = like->numel;
    const int ndim = like->ndim;
    if (TP__UNLIKELY((unsigned)dtype >= TP_DTYPES || numel > TP__SMALL))
        return tp__tensor_new(region, dtype, ndim, like->shape);
    const size_t size = (size_t)numel * tp__item_size(dtype), whole = ROUND_UP(HEADERS + size);
    if (TP__UNLIKELY(size > TP__SMALL || whole > (size_t)(region->limit - region->cursor)))
        return tp__tensor_new(region, dtype, ndim, like->shape);
    tp_tensor *t = (tp_tensor *)(void *)region->cursor;
    region->cursor += whole;
    tp__storage *storage = initialise_new(t, region->home, dtype, ndim, numel, size);
    storage->block = NULL;
    t->data = storage->data = (char *)t + HEADERS;
    set_shape(t, ndim, like->shape);
    return t;
}

/* Views of a shared parameter may be made by several threads at a time, each in its own region. */
static inline void add_view(tp__storage *storage)
{
    __atomic_fetch_add(&storage->views, 1, __ATOMIC_RELAXED);
}

static inline void initialise_view(tp_tensor *t, tp_region *region, const tp_tensor *of, int64_t numel,
                                   int ndim, const int64_t *shape, const int64_t *strides, int64_t offset)
{
    initialise(t, region->home, (tp_dtype)of->dtype, ndim, numel, TP__DENSE,
               tp__is_contiguous(ndim, shape, strides));
    for (int i = 0; i < ndim; i++) {
        t->shape[i] = shape[i];
        t->strides[i] = strides[i];
    }
    t->data = of->data ? of->data + offset * (int64_t)tp__item_size((tp_dtype)of->dtype) : NULL;
    t->storage = of->storage;
}

static tp_tensor *copy_of_view(tp_region *region, const tp_tensor *of, int ndim, const int64_t *shape,
                               const int64_t *strides, int64_t offset)
{
    tp_tensor view;
    tp_tensor *copy = tp__tensor_new(region, (tp_dtype)of->dtype, ndim, shape);
    if (!copy)
        return NULL;
    initialise_view(&view, region, of, copy->numel, ndim, shape, strides, offset);
    tp__copy_elements(&view, copy);
    return copy;
}

tp_tensor *tp__tensor_view(const tp_tensor *of, int ndim, const int64_t *shape, const int64_t *strides,
                           int64_t offset)
{
    tp_region *region = tp__region_current();
    if (!of || !region)
        return NULL;
    const int64_t numel = tp__numel(ndim, shape);
    if ((unsigned)ndim > TP_MAX_DIMS || numel < 0)
        return refuse((tp_dtype)of->dtype, ndim, shape);
    if (of->released)
        return tp__fail_null(TP_ERROR_STATE, "the tensor was released");
    if (!of->storage || !of->home || tp__ends_before(of->home, region->depth))
        return copy_of_view(region, of, ndim, shape, strides, offset);
    tp_tensor *t = tp__region_bump(region, sizeof *t);
    if (!t)
        return NULL;
    initialise_view(t, region, of, numel, ndim, shape, strides, offset);
    add_view(of->storage);
    return t;
}

tp_tensor *tp__tensor_csr(tp_region *region, tp_dtype dtype, int64_t rows, int64_t columns, int64_t stored,
                          const int64_t *row_starts, const int32_t *column_of, void *values)
{
    const int64_t shape[2] = {rows, columns};
    int64_t numel;
    if ((unsigned)dtype >= TP_DTYPES || (numel = tp__numel(2, shape)) < 0 || columns > INT32_MAX ||
        stored < 0 || stored > MOST_ELEMENTS)
        return refuse(dtype, 2, shape);
    if (!region)
        return NULL;
    tp_tensor *t =
        tp__region_bump(region, ROUND_UP(sizeof *t) + ROUND_UP(sizeof(tp__storage)) + sizeof(tp__csr));
    if (!t)
        return NULL;
    tp__storage *storage = (tp__storage *)((char *)t + ROUND_UP(sizeof *t));
    tp__csr *csr = (tp__csr *)((char *)storage + ROUND_UP(sizeof *storage));
    *storage = (tp__storage){.data = values, .size = (size_t)stored * tp__item_size(dtype), .views = 1};
    *csr = (tp__csr){row_starts, column_of};
    initialise(t, region->home, dtype, 2, numel, TP__CSR, false);
    t->shape[0] = rows;
    t->shape[1] = columns;
    t->strides[0] = t->strides[1] = 0;
    t->stored = stored;
    t->storage = storage;
    t->data = values;
    t->csr = csr;
    return t;
}

void tp_mark_changed(tp_tensor *t)
{
    if (t)
        tp__changed(t);
}
