/* Leaves: what requires a gradient, and the gradient's place. */
#include "heart/heart.h"
#include "base/large_blocks.h"
#include "base/memory.h"

#include <string.h>

bool tp_requires_grad(const tp_tensor *t)
{
    return t && t->requires_grad;
}

bool tp_is_leaf(const tp_tensor *t)
{
    return t && !t->history;
}

const char *tp_grad_fn(const tp_tensor *t)
{
    if (!t || !t->history)
        return NULL;
    char name[TP__NODE_NAME_SIZE];
    tp_region *region = tp__region_current();
    return region ? tp__region_strdup(region, tp__history_name(t->history, name)) : NULL;
}

tp_tensor *tp_requires_grad_(tp_tensor *t, bool requires_grad)
{
    if (!t)
        return tp__null_argument("requires_grad_: tensor"), NULL;
    char name[TP__NODE_NAME_SIZE];
    if (t->history)
        return tp__fail_null(
            TP_ERROR_STATE,
            "requires_grad_: you can only change requires_grad flags of leaf variables; this "
            "one was computed by %s, tp_detach it first",
            tp__history_name(t->history, name));
    if (requires_grad && !tp_dtype_is_float((tp_dtype)t->dtype))
        return tp__fail_null(
            TP_ERROR_DTYPE,
            "requires_grad_: only Tensors of floating point dtype can require gradients, not %s",
            tp_dtype_name((tp_dtype)t->dtype));
    t->requires_grad = requires_grad;
    return t;
}

tp_tensor *tp_detach(const tp_tensor *t)
{
    if (!t)
        return NULL;
    if (t->layout == TP__CSR)
        return tp__tensor_csr(tp__region_current(), (tp_dtype)t->dtype, t->shape[0], t->shape[1], t->stored,
                              t->csr->row_starts, t->csr->columns, t->data);
    return tp__tensor_view(t, t->ndim, t->shape, t->strides, 0);
}

tp_tensor *tp_grad(tp_tensor *leaf)
{
    return leaf ? tp__leaf_grad(leaf) : NULL;
}

tp_status tp_retain_grad(tp_tensor *t)
{
    if (!t)
        return tp__null_argument("retain_grad: tensor");
    if (!t->requires_grad)
        return tp_fail(TP_ERROR_STATE,
                       "retain_grad: can't retain_grad on Tensor that has requires_grad=False");
    t->retains_grad = true;
    return TP_OK;
}

/* A gradient that is made here and held by nobody else can give its memory to the leaf's buffer. */
static bool is_free_to_move(const tp_tensor *t)
{
    return t->storage && t->storage->block && t->storage->views == 1 && t->data == t->storage->data;
}

static bool can_adopt(const tp_tensor *leaf, const tp_tensor *gradient)
{
    return gradient->temporary && !gradient->saved && !gradient->history && gradient->layout == TP__DENSE &&
           gradient->contiguous && gradient->dtype == leaf->dtype && gradient->numel == leaf->numel &&
           is_free_to_move(gradient);
}

/* The buffer and the gradient change places: storages stay where they are, their blocks change hands. */
static TP__APART void adopt(tp_tensor *buffer, tp_tensor *gradient)
{
    tp__storage *to = buffer->storage, *from = gradient->storage;
    tp__block *before = to->block;
    tp__block_move(from->block, tp__home_region(buffer->home));
    to->block = from->block;
    buffer->data = to->data = from->data;
    buffer->released = false;
    from->block = before;
    gradient->data = from->data = before ? tp__block_data(before) : NULL;
    gradient->released = !before;
    if (before)
        tp__block_move(before, tp__home_region(gradient->home));
}

static void give_back(tp_tensor *buffer)
{
    tp__block_free(buffer->storage->block);
    buffer->storage->block = NULL;
    buffer->data = buffer->storage->data = NULL;
    buffer->released = true;
}

static tp_status fetch_back(tp_tensor *buffer)
{
    tp__storage *storage = buffer->storage;
    storage->block = tp__block_new(tp__home_region(buffer->home), storage->size);
    if (!storage->block)
        return TP_ERROR_MEMORY;
    buffer->data = storage->data = tp__block_data(storage->block);
    buffer->released = false;
    memset(buffer->data, 0, storage->size);
    return TP_OK;
}

/* A buffer whose memory is still to come. */
static tp_tensor *empty_buffer(tp_region *home, const tp_tensor *leaf)
{
    tp_tensor *buffer = tp__tensor_header(home, (tp_dtype)leaf->dtype, leaf->ndim, leaf->shape);
    tp__storage *storage = buffer ? tp__region_bump(home, sizeof *storage) : NULL;
    if (!storage)
        return NULL;
    *storage = (tp__storage){.views = 1, .size = (size_t)leaf->numel * tp_dtype_size((tp_dtype)leaf->dtype)};
    buffer->storage = storage;
    buffer->released = true;
    return buffer;
}

/* Whether the buffer still fits the leaf, whose storage may have been replaced. */
static bool has_buffer(const tp__leaf *l, const tp_tensor *leaf)
{
    return l->buffer && l->buffer->numel == leaf->numel && l->buffer->dtype == leaf->dtype;
}

/* Whether `touched` lists all: nobody else has written to the buffer. */
static bool knows_all(const tp__leaf *l)
{
    return l->buffer->storage->version == l->version;
}

#define CLEAR(T, name)                                      \
    static void name(const tp__leaf *l)                     \
    {                                                       \
        T *row = (T *)(void *)l->buffer->data;              \
        const int64_t columns = l->buffer->shape[1];        \
        for (int64_t r = 0; r < l->buffer->shape[0]; r++) { \
            for (int64_t i = 0; i < l->n_touched; i++)      \
                row[l->touched[i]] = 0;                     \
            row += columns;                                 \
        }                                                   \
    }
CLEAR(float, clear_f32)
CLEAR(double, clear_f64)

static void clear_rows(const tp__leaf *l)
{
    const size_t size = (size_t)l->buffer->shape[1] * tp_dtype_size((tp_dtype)l->buffer->dtype);
    for (int64_t i = 0; i < l->n_touched; i++)
        memset(l->buffer->data + (size_t)l->touched[i] * size, 0, size);
}

/* Nothing is touched. */
static void begin_list(tp__leaf *l)
{
    l->n_touched = 0;
    if (l->listed && ++l->list == 0) {
        memset(l->listed, 0, (size_t)l->n_listed * sizeof *l->listed);
        l->list = 1;
    }
}

static TP__APART void clear_touched(tp__leaf *l)
{
    if (l->by_rows)
        clear_rows(l);
    else if (l->buffer->dtype == TP_F32)
        clear_f32(l);
    else
        clear_f64(l);
    begin_list(l);
}

/* What a buffer may need when its gradient becomes absent: touched elements become 0, a large block goes
 * back.
 */
static TP__APART void clear_buffer(tp__leaf *l)
{
    l->sparse &= knows_all(l); /* otherwise it keeps its values until the next gradient comes */
    tp__leaf_changed(l);
    if (l->sparse)
        clear_touched(l);
    else if (l->buffer->storage->size > TP__LARGE && is_free_to_move(l->buffer))
        give_back(l->buffer);
}

void tp_zero_grad_of(tp_tensor *leaf)
{
    tp__leaf *l = leaf ? leaf->leaf : NULL;
    if (!l || !l->present)
        return;
    l->present = false;
    if (l->grad != l->buffer) { /* made with create_graph: its memory belongs to that graph */
        l->grad = l->buffer;
        return;
    }
    if (l->sparse || l->buffer->storage->block)
        clear_buffer(l);
    else
        tp__leaf_changed(l);
}

tp_tensor *tp__product_gradient(tp_tensor *left, tp_tensor *right)
{
    tp_region *region = tp__region_current();
    const int64_t shape[2] = {left ? left->shape[1] : 0, right ? right->shape[1] : 0};
    if (!left || !right || !region)
        return NULL;
    /* A view of its own, since the walk gives back what it has passed on. */
    tp_tensor **dense = left->layout == TP__CSR ? &right : &left;
    *dense = tp_detach(*dense);
    tp_tensor *t = *dense ? tp__tensor_header(region, (tp_dtype)(*dense)->dtype, 2, shape) : NULL;
    tp__product *product = tp__region_bump(region, sizeof *product);
    if (!t || !product)
        return NULL;
    *product = (tp__product){left, right};
    t->layout = TP__PRODUCT;
    t->data = (char *)product;
    return t;
}

static const tp__product *product_of(const tp_tensor *gradient)
{
    return (const void *)gradient->data;
}

/* buffer[out, columns] += transpose(left[n, out]) x right[n, columns], row by row of `right`. */
#define POUR(T, name)                                                                       \
    static void name(const tp__product *p, tp_tensor *buffer)                               \
    {                                                                                       \
        const tp_tensor *left = p->left, *right = p->right;                                 \
        const int64_t out = left->shape[1], columns = right->shape[1];                      \
        const int64_t *starts = right->csr->row_starts;                                     \
        const T *values = (const T *)(void *)right->data;                                   \
        T *into = (T *)(void *)buffer->data;                                                \
        for (int64_t r = 0; r < right->shape[0]; r++) {                                     \
            const T *g = (const T *)(void *)left->data + r * left->strides[0];              \
            for (int64_t o = 0; o < out; o++) {                                             \
                const T weight = g[o * left->strides[1]];                                   \
                T *row = into + o * columns;                                                \
                for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) \
                    row[right->csr->columns[i]] += weight * values[i];                      \
            }                                                                               \
        }                                                                                   \
    }
POUR(float, pour_f32)
POUR(double, pour_f64)

/* buffer[columns, in] += transpose(left[n, columns]) x right[n, in], row by row of `left`; the same in order.
 * Values that are not there are 1. */
#define POUR_ROWS(T, name)                                                                \
    static void name(const tp__product *p, tp_tensor *buffer)                             \
    {                                                                                     \
        const tp_tensor *left = p->left, *right = p->right;                               \
        const int64_t in = right->shape[1], step = right->strides[1];                     \
        const int64_t *starts = left->csr->row_starts;                                    \
        const T *values = (const T *)(void *)left->data;                                  \
        T *into = (T *)(void *)buffer->data;                                              \
        for (int64_t r = 0; r < left->shape[0]; r++) {                                    \
            const T *g = (const T *)(void *)right->data + r * right->strides[0];          \
            for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) { \
                const T weight = values ? values[i] : (T)1;                               \
                T *row = into + left->csr->columns[i] * in;                               \
                if (step == 1)                                                            \
                    for (int64_t k = 0; k < in; k++)                                      \
                        row[k] += weight * g[k];                                          \
                else                                                                      \
                    for (int64_t k = 0; k < in; k++)                                      \
                        row[k] += weight * g[k * step];                                   \
            }                                                                             \
        }                                                                                 \
    }
POUR_ROWS(float, pour_rows_f32)
POUR_ROWS(double, pour_rows_f64)

static bool by_rows(const tp__product *product)
{
    return product->left->layout == TP__CSR;
}

static const tp_tensor *csr_of(const tp__product *product)
{
    return by_rows(product) ? product->left : product->right;
}

static void pour(const tp__product *product, tp_tensor *buffer)
{
    const bool rows = by_rows(product);
    if (buffer->dtype == TP_F32)
        (rows ? pour_rows_f32 : pour_f32)(product, buffer);
    else
        (rows ? pour_rows_f64 : pour_f64)(product, buffer);
}

tp_tensor *tp__multiplied_out(tp_tensor *gradient)
{
    if (!gradient || gradient->layout != TP__PRODUCT)
        return gradient;
    tp_tensor *dense = tp_zeros_n((tp_dtype)gradient->dtype, gradient->ndim, gradient->shape);
    if (dense)
        pour(product_of(gradient), dense);
    return dense;
}

/* Beyond this many listed columns or rows, clearing the whole buffer is cheaper. */
static int64_t touched_limit(const tp_tensor *grad, bool rows)
{
    return grad->shape[rows ? 0 : 1] / 4;
}

/* A gradient with history is the leaf's gradient itself, until the region where it lives ends. The leaf may
 * end before, in a region of its own. Whichever ends first is taken from the other. */
typedef struct tp__visit {
    struct tp__visit *next;
    tp__leaf *leaf; /* NULL when it has ended */
    const tp_tensor *gradient;
} tp__visit;

static void end_visit(void *argument)
{
    tp__visit *visit = argument;
    tp__leaf *l = visit->leaf;
    if (!l)
        return;
    tp__visit **link = &l->visits;
    while (*link != visit)
        link = &(*link)->next;
    *link = visit->next;
    if (l->grad == visit->gradient) {
        l->grad = l->buffer;
        l->present = false;
    }
}

static void end_leaf(void *argument)
{
    const tp__leaf *l = argument;
    for (tp__visit *visit = l->visits; visit; visit = visit->next)
        visit->leaf = NULL;
}

static tp_status begin_visit(tp__leaf *l, tp_region *home, const tp_tensor *gradient)
{
    tp_region *region = tp__home_region(gradient->home);
    tp__visit *visit = tp__region_bump(region, sizeof *visit);
    if (!visit)
        return TP_ERROR_MEMORY;
    if (!l->watched)
        TP__TRY(tp_region_on_end(home, end_leaf, l));
    l->watched = true;
    TP__TRY(tp_region_on_end(region, end_visit, visit));
    *visit = (tp__visit){l->visits, l, gradient};
    l->visits = visit;
    return TP_OK;
}

static tp_status new_buffer(tp__leaf *l, const tp_tensor *leaf, tp_region *home, const tp_tensor *gradient)
{
    const bool sparse = gradient->layout == TP__PRODUCT;
    tp_tensor *grad = can_adopt(leaf, gradient) ? empty_buffer(home, leaf)
                                                : tp__tensor_like(home, (tp_dtype)leaf->dtype, leaf);
    if (!grad)
        return TP_ERROR_MEMORY;
    if (sparse)
        memset(grad->data, 0, grad->storage->size);
    if (l->grad == l->buffer) {
        l->grad = grad;
        l->present = false;
    }
    l->buffer = grad;
    l->version = 0;
    l->sparse = sparse;
    begin_list(l);
    return TP_OK;
}

/* For each row the list that it was in: of none. */
static tp_status listed_room(tp__leaf *l, tp_region *home)
{
    const int64_t rows = l->buffer->shape[0];
    if (l->n_listed >= rows)
        return TP_OK;
    uint32_t *listed = tp_region_alloc(home, (size_t)rows * sizeof *listed);
    if (!listed)
        return TP_ERROR_MEMORY;
    if (l->n_listed) /* a longer parameter has come in the place of the old one */
        memcpy(listed, l->listed, (size_t)l->n_listed * sizeof *listed);
    l->listed = listed;
    l->n_listed = rows;
    l->list += !l->list;
    return TP_OK;
}

/* Room to list the columns or rows of one more gradient, unless they get too many to be listed. */
static tp_status list_room(tp__leaf *l, tp_region *home, const tp__product *product)
{
    const bool rows = by_rows(product);
    const int64_t limit = touched_limit(l->buffer, rows);
    int64_t needed = l->n_touched + csr_of(product)->stored;
    if (rows) { /* each is listed once */
        needed = needed < limit ? needed : limit;
        TP__TRY(listed_room(l, home));
    }
    if (needed <= l->touched_capacity || needed > limit)
        return TP_OK;
    int32_t *grown = tp__region_bump(home, (size_t)(2 * needed) * sizeof *grown);
    if (!grown)
        return TP_ERROR_MEMORY;
    if (l->n_touched)
        memcpy(grown, l->touched, (size_t)l->n_touched * sizeof *grown);
    l->touched = grown;
    l->touched_capacity = 2 * needed;
    return TP_OK;
}

tp__leaf *tp__leaf_of(tp_tensor *t)
{
    if (!t->leaf)
        t->leaf = tp_region_alloc(tp__home_region(t->home), sizeof *t->leaf);
    return t->leaf;
}

tp_status tp__leaf_prepare(tp_tensor *leaf, const tp_tensor *gradient)
{
    tp__leaf *l = tp__leaf_of(leaf);
    const bool sparse = gradient->layout == TP__PRODUCT;
    tp_region *home = tp__home_region(leaf->home);
    if (!l)
        return TP_ERROR_MEMORY;
    if (gradient->history)
        return begin_visit(l, home, gradient);
    if (!has_buffer(l, leaf))
        TP__TRY(new_buffer(l, leaf, home, gradient));
    if (l->buffer->released && !can_adopt(leaf, gradient))
        TP__TRY(fetch_back(l->buffer));
    return sparse ? list_room(l, home, product_of(gradient)) : TP_OK;
}

/* Whether there was room for all. */
static bool list_columns(tp__leaf *l, const tp_tensor *csr)
{
    if (l->n_touched + csr->stored > l->touched_capacity)
        return false;
    if (csr->stored)
        memcpy(l->touched + l->n_touched, csr->csr->columns, (size_t)csr->stored * sizeof(int32_t));
    l->n_touched += csr->stored;
    return true;
}

static bool list_rows(tp__leaf *l, const tp_tensor *csr)
{
    for (int64_t i = 0; i < csr->stored; i++) {
        const int32_t row = csr->csr->columns[i];
        if (l->listed[row] == l->list)
            continue;
        if (l->n_touched == l->touched_capacity)
            return false;
        l->listed[row] = l->list;
        l->touched[l->n_touched++] = row;
    }
    return true;
}

/* Pours into the buffer and lists the columns or rows, if that is worth it. */
static TP__APART void add_product(tp__leaf *l, const tp__product *product)
{
    const bool rows = by_rows(product);
    if (!knows_all(l))
        l->sparse = false;
    if (!l->present && !l->sparse) { /* it holds the values of an earlier step */
        memset(l->buffer->data, 0, l->buffer->storage->size);
        l->sparse = true;
        begin_list(l);
    }
    if (!l->n_touched)
        l->by_rows = rows;
    l->sparse = l->sparse && l->by_rows == rows &&
                (rows ? list_rows(l, product->left) : list_columns(l, product->right));
    pour(product, l->buffer);
}

/* buffer += gradient, both dense and contiguous. */
#define ADD(T, name)                                               \
    static void name(tp_tensor *buffer, const tp_tensor *gradient) \
    {                                                              \
        T *into = (T *)(void *)buffer->data;                       \
        const T *from = (const T *)(const void *)gradient->data;   \
        for (int64_t i = 0; i < buffer->numel; i++)                \
            into[i] += from[i];                                    \
    }
ADD(float, add_f32)
ADD(double, add_f64)

static void add_half(tp_tensor *buffer, const tp_tensor *gradient)
{
    const tp_dtype dtype = (tp_dtype)buffer->dtype;
    for (int64_t i = 0; i < buffer->numel; i++) {
        char *into = buffer->data + 2 * i;
        const float sum =
            (float)tp__load_f64(dtype, into) + (float)tp__load_f64(dtype, gradient->data + 2 * i);
        tp__store_f64(dtype, into, (double)sum);
    }
}

static TP__APART void add_dense(tp_tensor *buffer, const tp_tensor *gradient)
{
    if (buffer->dtype == TP_F32)
        add_f32(buffer, gradient);
    else if (tp_dtype_is_half((tp_dtype)buffer->dtype))
        add_half(buffer, gradient);
    else
        add_f64(buffer, gradient);
}

void tp__leaf_add(tp_tensor *leaf, tp_tensor *gradient)
{
    tp__leaf *l = leaf->leaf;
    if (gradient->history) {
        gradient->temporary = gradient->pending = false;
        l->grad = gradient;
        l->present = true;
        l->sparse = false;
        return;
    }
    if (l->grad != l->buffer) { /* the sum with a gradient that had history takes its place */
        l->grad = l->buffer;
        l->present = false;
    }
    if (gradient->layout == TP__PRODUCT) {
        add_product(l, product_of(gradient));
    } else {
        l->sparse = false;
        if (l->present)
            add_dense(l->buffer, gradient);
        else if ((l->buffer->released || is_free_to_move(l->buffer)) && can_adopt(leaf, gradient))
            adopt(l->buffer, gradient);
        else
            tp__copy_elements(gradient, l->buffer);
    }
    l->present = true;
    tp__leaf_changed(l);
}
