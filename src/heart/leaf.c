/* Leaves: what requires a gradient, and the gradient's place. */
#include "heart/heart.h"
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
    return t && t->history ? t->history->name : NULL;
}

tp_tensor *tp_requires_grad_(tp_tensor *t, bool requires_grad)
{
    if (!t)
        return tp__null_argument("requires_grad_: tensor"), NULL;
    if (t->history)
        return tp__fail_null(
            TP_ERROR_STATE,
            "requires_grad_: you can only change requires_grad flags of leaf variables; this "
            "one was computed by %s, tp_detach it first",
            t->history->name);
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
    return leaf && leaf->leaf && leaf->leaf->present ? leaf->leaf->grad : NULL;
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

void tp_zero_grad_of(tp_tensor *leaf)
{
    if (!leaf || !leaf->leaf || !leaf->leaf->present)
        return;
    tp__leaf *l = leaf->leaf;
    l->present = false;
    if (l->grad != l->buffer) { /* made with create_graph: its memory belongs to that graph */
        l->grad = l->buffer;
        return;
    }
    if (l->sparse) {
        const int64_t rows = l->grad->shape[0], columns = l->grad->shape[1];
        const size_t size = tp_dtype_size((tp_dtype)l->grad->dtype);
        for (int64_t r = 0; r < rows; r++) {
            char *row = l->grad->data + (size_t)(r * columns) * size;
            for (int64_t i = 0; i < l->n_touched; i++)
                memset(row + (size_t)l->touched[i] * size, 0, size);
        }
        l->n_touched = 0;
    }
    tp__changed(l->grad);
}

tp_tensor *tp__product_gradient(tp_tensor *left, tp_tensor *right)
{
    tp_region *region = tp__region_current();
    const int64_t shape[2] = {left ? left->shape[1] : 0, right ? right->shape[1] : 0};
    if (!left || !right || !region)
        return NULL;
    /* A view of its own, since the walk gives back what it has passed on. */
    left = tp_detach(left);
    tp_tensor *t = left ? tp__tensor_header(region, (tp_dtype)left->dtype, 2, shape) : NULL;
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

static void pour(const tp__product *product, tp_tensor *buffer)
{
    if (buffer->dtype == TP_F32)
        pour_f32(product, buffer);
    else
        pour_f64(product, buffer);
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

/* Beyond this many listed columns, clearing the whole buffer is cheaper. */
static int64_t touched_limit(const tp_tensor *grad)
{
    return grad->shape[1] / 4;
}

/* A gradient that ends with the region where it lives. */
typedef struct visit {
    tp__leaf *leaf;
    const tp_tensor *gradient;
} visit;

static void forget(void *argument)
{
    const visit *v = argument;
    if (v->leaf->grad == v->gradient) {
        v->leaf->grad = v->leaf->buffer;
        v->leaf->present = false;
    }
}

tp_status tp__leaf_prepare(tp_tensor *leaf, const tp_tensor *gradient)
{
    tp_region *home = tp__home_region(leaf->home);
    tp__leaf *l = leaf->leaf;
    if (!l) {
        l = tp_region_alloc(home, sizeof *l);
        if (!l)
            return TP_ERROR_MEMORY;
        leaf->leaf = l;
    }
    /* A gradient with history becomes the leaf's gradient itself, until the region where it lives ends. */
    if (gradient->history) {
        tp_region *region = tp__home_region(gradient->home);
        visit *v = tp__region_bump(region, sizeof *v);
        if (!v)
            return TP_ERROR_MEMORY;
        *v = (visit){l, gradient};
        return tp_region_on_end(region, forget, v);
    }
    if (!l->buffer || l->buffer->dtype != leaf->dtype || l->buffer->numel != leaf->numel) {
        tp_tensor *grad = tp__tensor_new(home, (tp_dtype)leaf->dtype, leaf->ndim, leaf->shape);
        if (!grad)
            return TP_ERROR_MEMORY;
        memset(grad->data, 0, (size_t)grad->numel * tp_dtype_size((tp_dtype)grad->dtype));
        if (l->grad == l->buffer) {
            l->grad = grad;
            l->present = false;
        }
        l->buffer = grad;
        l->sparse = gradient->layout == TP__PRODUCT;
        l->n_touched = 0;
    }
    if (gradient->layout == TP__PRODUCT) {
        const int64_t more = product_of(gradient)->right->stored;
        if (l->sparse && l->n_touched + more > l->touched_capacity &&
            l->n_touched + more <= touched_limit(l->buffer)) {
            int64_t capacity = 2 * (l->n_touched + more);
            int32_t *grown = tp__region_bump(home, (size_t)capacity * sizeof *grown);
            if (!grown)
                return TP_ERROR_MEMORY;
            if (l->n_touched)
                memcpy(grown, l->touched, (size_t)l->n_touched * sizeof *grown);
            l->touched = grown;
            l->touched_capacity = capacity;
        }
    }
    return TP_OK;
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
    tp_tensor *grad = l->buffer;
    if (l->grad != grad) { /* the sum with a gradient that had history takes its place */
        l->grad = grad;
        l->present = false;
    }
    const size_t size = (size_t)grad->numel * tp_dtype_size((tp_dtype)grad->dtype);
    tp__changed(grad);
    if (gradient->layout == TP__PRODUCT) {
        if (!l->present && !l->sparse) { /* it holds the values of an earlier step */
            memset(grad->data, 0, size);
            l->sparse = true;
            l->n_touched = 0;
        }
        const tp_tensor *right = product_of(gradient)->right;
        if (l->sparse && l->n_touched + right->stored <= l->touched_capacity) {
            if (right->stored)
                memcpy(l->touched + l->n_touched, right->csr->columns,
                       (size_t)right->stored * sizeof(int32_t));
            l->n_touched += right->stored;
        } else {
            l->sparse = false;
        }
        pour(product_of(gradient), grad);
    } else if (!l->present) {
        tp__copy_elements(gradient, grad);
        l->sparse = false;
    } else {
        /* Both dense: an addition element by element, which cannot fail. */
        tp_tensor *dense = gradient;
        if (grad->dtype == TP_F32) {
            float *into = (float *)(void *)grad->data;
            const float *from = (const float *)(void *)dense->data;
            for (int64_t i = 0; i < grad->numel; i++)
                into[i] += from[i];
        } else {
            double *into = (double *)(void *)grad->data;
            const double *from = (const double *)(void *)dense->data;
            for (int64_t i = 0; i < grad->numel; i++)
                into[i] += from[i];
        }
        l->sparse = false;
    }
    l->present = true;
}
