/* Matrix products in all ranks, with dense and CSR operands. */
#include "backend/cpu/gemm.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "taper/sparse.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Dense operands are transposed by their strides; a CSR one by this. */
typedef struct mm_attributes {
    bool transpose_csr;
} mm_attributes;

static tp_status check_types(const tp_tensor *a, const tp_tensor *b)
{
    if (a->dtype != b->dtype)
        return tp_fail(TP_ERROR_DTYPE, "expected m1 and m2 to have the same dtype, but got: %s != %s",
                       tp_dtype_name((tp_dtype)a->dtype), tp_dtype_name((tp_dtype)b->dtype));
    return tp__require_float(a, "a matrix product");
}

static tp_status refuse_shapes(int64_t n, int64_t k, int64_t other_k, int64_t m)
{
    return tp_fail(TP_ERROR_SHAPE, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)",
                   (long long)n, (long long)k, (long long)other_k, (long long)m);
}

/* One product of matrices given by address and strides. */
static tp_status gemm(tp_dtype dtype, int64_t m, int64_t n, int64_t k, const void *a, int64_t a_row,
                      int64_t a_col, const void *b, int64_t b_row, int64_t b_col, void *c, int64_t c_row,
                      bool accumulate)
{
    if (dtype == TP_F32)
        return tp__gemm_f32(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, accumulate);
    return tp__gemm_f64(m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, accumulate);
}

/* ---- mm: [n, k] [k, m], one of them CSR or none ---- */

static void mm_sizes(const tp_call *call, int which, int64_t *rows, int64_t *columns)
{
    const tp_tensor *t = call->inputs[which];
    const mm_attributes *attributes = call->attributes;
    const bool swapped = t->layout == TP__CSR && attributes && attributes->transpose_csr;
    *rows = t->shape[swapped];
    *columns = t->shape[!swapped];
}

static tp_status infer_mm(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    TP__TRY(tp__require_dims(a, "mat1", 2));
    TP__TRY(tp__require_dims(b, "mat2", 2));
    TP__TRY(check_types(a, b));
    if (a->layout == TP__CSR && b->layout == TP__CSR)
        return tp_fail(TP_ERROR_UNSUPPORTED, "one of the operands must be dense");
    int64_t n, k, other_k, m;
    mm_sizes(call, 0, &n, &k);
    mm_sizes(call, 1, &other_k, &m);
    if (k != other_k)
        return refuse_shapes(n, k, other_k, m);
    *call->results = (tp_result){.dtype = (tp_dtype)a->dtype, .ndim = 2, .shape = {n, m}};
    return TP_OK;
}

/* The four products of a CSR matrix S with a dense one, each element a sum in the order of S's entries. */
#define SPARSE_PRODUCTS(T, suffix)                                                                          \
    static void csr_dense_##suffix(const tp_tensor *s, const tp_tensor *d, bool transposed, tp_tensor *out) \
    {                                                                                                       \
        const int64_t *starts = s->csr->row_starts, width = out->shape[1];                                  \
        const int32_t *columns = s->csr->columns;                                                           \
        const T *values = (const T *)(void *)s->data, *dense = (const T *)(void *)d->data;                  \
        T *result = (T *)(void *)out->data;                                                                 \
        for (int64_t r = 0; r < s->shape[0]; r++) {                                                         \
            for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) {                   \
                const int64_t to = transposed ? columns[i] : r, from = transposed ? r : columns[i];         \
                for (int64_t j = 0; j < width; j++)                                                         \
                    result[to * width + j] += values[i] * dense[from * d->strides[0] + j * d->strides[1]];  \
            }                                                                                               \
        }                                                                                                   \
    }                                                                                                       \
    static void dense_csr_##suffix(const tp_tensor *d, const tp_tensor *s, bool transposed, tp_tensor *out) \
    {                                                                                                       \
        const int64_t *starts = s->csr->row_starts, width = out->shape[1];                                  \
        const int32_t *columns = s->csr->columns;                                                           \
        const T *values = (const T *)(void *)s->data;                                                       \
        for (int64_t n = 0; n < out->shape[0]; n++) {                                                       \
            const T *row = (const T *)(void *)d->data + n * d->strides[0];                                  \
            T *result = (T *)(void *)out->data + n * width;                                                 \
            for (int64_t r = 0; r < s->shape[0]; r++)                                                       \
                for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) {               \
                    if (transposed)                                                                         \
                        result[r] += row[columns[i] * d->strides[1]] * values[i];                           \
                    else                                                                                    \
                        result[columns[i]] += row[r * d->strides[1]] * values[i];                           \
                }                                                                                           \
        }                                                                                                   \
    }
SPARSE_PRODUCTS(float, f32)
SPARSE_PRODUCTS(double, f64)

static tp_status forward_mm(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    const mm_attributes *attributes = call->attributes;
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    if (a->layout != TP__CSR && b->layout != TP__CSR)
        return gemm(dtype, out->shape[0], out->shape[1], a->shape[1], a->data, a->strides[0], a->strides[1],
                    b->data, b->strides[0], b->strides[1], out->data, out->shape[1], false);
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size(dtype));
    const bool transposed = attributes && attributes->transpose_csr;
    if (a->layout == TP__CSR)
        (dtype == TP_F32 ? csr_dense_f32 : csr_dense_f64)(a, b, transposed, out);
    else
        (dtype == TP_F32 ? dense_csr_f32 : dense_csr_f64)(a, b, transposed, out);
    return TP_OK;
}

static tp_tensor *mm(tp_tensor *a, tp_tensor *b, bool transpose_csr)
{
    tp_tensor *const inputs[2] = {a, b};
    const mm_attributes attributes = {transpose_csr};
    return tp_apply(&tp__op_mm, inputs, 2, &attributes);
}

static tp_status backward_mm(tp_backward_call *call)
{
    const mm_attributes *attributes = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *a = call->inputs[0], *b = call->inputs[1];
    const bool transposed = attributes && attributes->transpose_csr;
    if (call->needed[0])
        call->grad_inputs[0] = b->layout == TP__CSR                 ? mm(g, b, !transposed)
                               : a->layout == TP__CSR && transposed ? mm(b, tp_t(g), false)
                                                                    : mm(g, tp_t(b), false);
    if (call->needed[1] && a->layout == TP__CSR && !transposed && !call->recording && a->dtype == g->dtype)
        call->grad_inputs[1] = tp__product_gradient(a, g); /* what it touches alone */
    else if (call->needed[1])
        call->grad_inputs[1] = a->layout == TP__CSR                 ? mm(a, g, !transposed)
                               : b->layout == TP__CSR && transposed ? mm(tp_t(g), a, false)
                                                                    : mm(tp_t(a), g, false);
    return tp__ctx.error;
}

const tp_op tp__op_mm = {
    .name = "mm",
    .n_inputs = 2,
    .n_outputs = 1,
    .accepts_csr = 3,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1),
    .attributes_size = sizeof(mm_attributes),
    .optional_attributes = true,
    .infer = infer_mm,
    .forward = forward_mm,
    .backward = backward_mm,
    .documentation = "The product of two matrices.",
    .samples =
        SAMPLES({"f64[2,3] f64[3,4]", NULL, NULL}, {"f64[2,0] f64[0,4]", NULL, NULL},
                {"csr[3,5] f64[5,2]", NULL, NULL}, {"f64[2,3] csr[3,5]", NULL, NULL},
                {"csr[3,5] f64[3,2]", &(const mm_attributes){true}, NULL},
                {"f64[2,5] csr[3,5]", &(const mm_attributes){true}, NULL},
                {"f64[4,5] f64[3,2]", NULL, "mat1 and mat2 shapes cannot be multiplied (4x5 and 3x2)"}),
};

/* ---- mv and dot ---- */

static tp_status infer_mv(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *x = call->inputs[1];
    TP__TRY(tp__require_dims(a, "input", 2));
    TP__TRY(tp__require_dims(x, "vec", 1));
    TP__TRY(check_types(a, x));
    if (a->shape[1] != x->shape[0])
        return tp_fail(TP_ERROR_SHAPE, "size mismatch, got input (%lldx%lld), vec (%lld)",
                       (long long)a->shape[0], (long long)a->shape[1], (long long)x->shape[0]);
    *call->results = (tp_result){.dtype = (tp_dtype)a->dtype, .ndim = 1, .shape = {a->shape[0]}};
    return TP_OK;
}

static tp_status forward_mv(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *x = call->inputs[1];
    tp_tensor *out = call->outputs[0];
    return gemm((tp_dtype)out->dtype, a->shape[0], 1, a->shape[1], a->data, a->strides[0], a->strides[1],
                x->data, x->strides[0], 1, out->data, 1, false);
}

static tp_status backward_mv(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *a = call->inputs[0], *x = call->inputs[1];
    if (call->needed[0])
        call->grad_inputs[0] = mm(tp_unsqueeze(g, 1), tp_unsqueeze(x, 0), false);
    if (call->needed[1])
        call->grad_inputs[1] = tp_matmul(tp_t(a), g);
    return tp__ctx.error;
}

const tp_op tp__op_mv = {
    .name = "mv",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1),
    .infer = infer_mv,
    .forward = forward_mv,
    .backward = backward_mv,
    .documentation = "A matrix times a vector.",
    .samples = SAMPLES({"f64[2,3] f64[3]", NULL, NULL},
                       {"f64[2,3] f64[4]", NULL, "size mismatch, got input (2x3), vec (4)"}),
};

static tp_status infer_dot(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    TP__TRY(tp__require_dims(a, "tensor", 1));
    TP__TRY(tp__require_dims(b, "src", 1));
    TP__TRY(check_types(a, b));
    if (a->shape[0] != b->shape[0])
        return tp_fail(
            TP_ERROR_SHAPE,
            "inconsistent tensor size, expected tensor [%lld] and src [%lld] to have the same number of "
            "elements, but got %lld and %lld elements respectively",
            (long long)a->shape[0], (long long)b->shape[0], (long long)a->shape[0], (long long)b->shape[0]);
    *call->results = (tp_result){.dtype = (tp_dtype)a->dtype};
    return TP_OK;
}

static tp_status forward_dot(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    return gemm((tp_dtype)a->dtype, 1, 1, a->shape[0], a->data, 0, a->strides[0], b->data, b->strides[0], 1,
                call->outputs[0]->data, 1, false);
}

static tp_status backward_dot(tp_backward_call *call)
{
    for (int i = 0; i < 2; i++)
        if (call->needed[i])
            call->grad_inputs[i] = tp_mul(call->inputs[!i], call->grad_outputs[0]);
    return tp__ctx.error;
}

const tp_op tp__op_dot = {
    .name = "dot",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1),
    .infer = infer_dot,
    .forward = forward_dot,
    .backward = backward_dot,
    .documentation = "The inner product of two vectors.",
    .samples = SAMPLES({"f64[5] f64[5]", NULL, NULL}, {"f64[2] f64[3]", NULL, "inconsistent tensor size"}),
};

/* ---- bmm: the last two dimensions are matrices, those before broadcast ---- */

static tp_status infer_bmm(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    if (a->ndim < 2 || b->ndim < 2)
        return tp_fail(TP_ERROR_SHAPE, "both operands must have at least 2 dimensions, not %d and %d",
                       a->ndim, b->ndim);
    TP__TRY(check_types(a, b));
    const int64_t n = a->shape[a->ndim - 2], k = a->shape[a->ndim - 1], other_k = b->shape[b->ndim - 2],
                  m = b->shape[b->ndim - 1];
    if (k != other_k)
        return refuse_shapes(n, k, other_k, m);
    tp_tensor batch_a = {.ndim = (int8_t)(a->ndim - 2)}, batch_b = {.ndim = (int8_t)(b->ndim - 2)};
    memcpy(batch_a.shape, a->shape, sizeof a->shape);
    memcpy(batch_b.shape, b->shape, sizeof b->shape);
    tp_tensor *const batches[2] = {&batch_a, &batch_b};
    tp_result *r = call->results;
    TP__TRY(tp__broadcast(2, batches, r));
    r->dtype = (tp_dtype)a->dtype;
    r->shape[r->ndim++] = n;
    r->shape[r->ndim++] = m;
    return TP_OK;
}

/* Where matrix number `index` of `out`'s batch lies in the operand. */
static int64_t batch_offset(const tp_tensor *operand, const tp_tensor *out, int64_t index)
{
    int64_t offset = 0;
    for (int d = out->ndim - 3; d >= 0; d--) {
        const int own = d - (out->ndim - operand->ndim);
        if (own >= 0 && operand->shape[own] != 1)
            offset += index % out->shape[d] * operand->strides[own];
        index /= out->shape[d];
    }
    return offset;
}

static tp_status forward_bmm(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    tp_tensor *out = call->outputs[0];
    const int64_t n = out->shape[out->ndim - 2], m = out->shape[out->ndim - 1], k = a->shape[a->ndim - 1];
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)out->dtype);
    const int64_t batches = n && m ? out->numel / (n * m) : 0;
    for (int64_t i = 0; i < batches; i++)
        TP__TRY(gemm((tp_dtype)out->dtype, n, m, k, a->data + batch_offset(a, out, i) * size,
                     a->strides[a->ndim - 2], a->strides[a->ndim - 1],
                     b->data + batch_offset(b, out, i) * size, b->strides[b->ndim - 2],
                     b->strides[b->ndim - 1], out->data + i * n * m * size, m, false));
    return TP_OK;
}

static tp_status backward_bmm(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *a = call->inputs[0], *b = call->inputs[1];
    if (call->needed[0])
        call->grad_inputs[0] = tp__reduce_to(tp_matmul(g, tp_transpose(b, -2, -1)), a);
    if (call->needed[1])
        call->grad_inputs[1] = tp__reduce_to(tp_matmul(tp_transpose(a, -2, -1), g), b);
    return tp__ctx.error;
}

const tp_op tp__op_bmm = {
    .name = "bmm",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1),
    .infer = infer_bmm,
    .forward = forward_bmm,
    .backward = backward_bmm,
    .documentation = "Products of matrices in the last two dimensions.",
    .samples =
        SAMPLES({"f64[2,3,4] f64[2,4,2]", NULL, NULL}, {"f64[2,1,3,4] f64[5,4,2]", NULL, NULL},
                {"f64[2,3,4] f64[2,3,4]", NULL, "mat1 and mat2 shapes cannot be multiplied (3x4 and 3x4)"},
                {"f64[2,3,4] f64[3,4,2]", NULL, "do not broadcast"}),
};

static bool has_values_with_history(const tp_tensor *t)
{
    return t && t->layout == TP__CSR && t->history && tp_is_grad_enabled();
}

/* The product of two matrices. A CSR one made of values with history takes the operation that gives each
 * value its own gradient, instead of a dense one for the matrix. */
static tp_tensor *product(tp_tensor *a, tp_tensor *b)
{
    if (has_values_with_history(a))
        return tp_csr_matmul(a, b);
    if (has_values_with_history(b))
        return tp_t(tp_csr_transposed_matmul(b, tp_t(a)));
    return mm(a, b, false);
}

tp_tensor *tp_matmul(tp_tensor *a, tp_tensor *b)
{
    if (!a || !b)
        return tp__null_argument("matmul: an operand"), NULL;
    TP_FRAME("matmul");
    if (!a->ndim || !b->ndim)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "both arguments to matmul need to be at least 1D, but they are %dD and %dD",
                             a->ndim, b->ndim);
    tp_tensor *const inputs[2] = {a, b};
    if (a->ndim == 1 && b->ndim == 1)
        return tp_apply(&tp__op_dot, inputs, 2, NULL);
    if (a->ndim == 2 && b->ndim == 2)
        return product(a, b);
    if (b->ndim == 1 && a->layout == TP__CSR)
        return tp_squeeze(product(a, tp_unsqueeze(b, 1)), 1);
    if (a->ndim == 2 && b->ndim == 1)
        return tp_apply(&tp__op_mv, inputs, 2, NULL);
    if (a->ndim == 1)
        return tp__named(tp_squeeze(tp_matmul(tp_unsqueeze(a, 0), b), -2),
                         b->ndim == 2 ? "SqueezeBackward4" : "UnsafeViewBackward0");
    if (b->ndim == 1)
        return tp__named(tp_squeeze(tp_matmul(a, tp_unsqueeze(b, 1)), -1), "UnsafeViewBackward0");
    if (b->ndim == 2 && a->numel) { /* one large product instead of many small ones */
        int64_t shape[TP_MAX_DIMS];
        memcpy(shape, a->shape, sizeof shape);
        shape[a->ndim - 1] = b->shape[1];
        tp_tensor *y = tp_reshape_n(product(tp_flatten(a, 0, a->ndim - 2), b), a->ndim, shape);
        return tp__named(y, "UnsafeViewBackward0");
    }
    return tp__named(tp_apply(&tp__op_bmm, inputs, 2, NULL), "UnsafeViewBackward0");
}

/* ---- linear: x W^T + b ---- */

static tp_status infer_linear(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *w = call->inputs[1], *b = call->inputs[2];
    TP__TRY(check_types(x, w));
    if (w->ndim != 2)
        return tp_fail(TP_ERROR_SHAPE, "the weight must have 2 dimensions, not %d", w->ndim);
    if (!x->ndim)
        return tp_fail(TP_ERROR_SHAPE, "the input must have at least 1 dimension");
    const int64_t in = x->shape[x->ndim - 1];
    if (in != w->shape[1])
        return refuse_shapes(in ? x->numel / in : x->shape[0], in, w->shape[1], w->shape[0]);
    if (b) {
        TP__TRY(check_types(w, b));
        if (b->ndim != 1 || b->shape[0] != w->shape[0]) {
            char shape[TP__SHAPE_TEXT_SIZE];
            return tp_fail(TP_ERROR_SHAPE, "the bias has shape %s, and the weight gives %lld outputs",
                           tp__shape_text(shape, sizeof shape, b->ndim, b->shape), (long long)w->shape[0]);
        }
    }
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    call->results->shape[x->ndim - 1] = w->shape[0];
    return TP_OK;
}

#define LINEAR_CSR(T, suffix)                                                                        \
    static void linear_csr_##suffix(const tp_tensor *x, const tp_tensor *w, const tp_tensor *b,      \
                                    tp_tensor *out)                                                  \
    {                                                                                                \
        const int64_t *starts = x->csr->row_starts, outputs = w->shape[0];                           \
        const int32_t *columns = x->csr->columns;                                                    \
        const T *values = (const T *)(void *)x->data, *bias = b ? (const T *)(void *)b->data : NULL; \
        T *result = (T *)(void *)out->data;                                                          \
        for (int64_t r = 0; r < x->shape[0]; r++)                                                    \
            for (int64_t o = 0; o < outputs; o++) {                                                  \
                const T *row = (const T *)(void *)w->data + o * w->strides[0];                       \
                T sum = 0;                                                                           \
                for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++)          \
                    sum += values[i] * row[columns[i] * w->strides[1]];                              \
                result[r * outputs + o] = bias ? sum + bias[o * b->strides[0]] : sum;                \
            }                                                                                        \
    }
LINEAR_CSR(float, f32)
LINEAR_CSR(double, f64)

/* How many vectors of size x.shape[last] stand in x. */
static int64_t rows_of(const tp_tensor *x)
{
    return tp__numel(x->ndim - 1, x->shape);
}

/* A dense input as a matrix [n, in], by strides where they allow it. */
static const tp_tensor *as_matrix(const tp_tensor *x, int64_t *n, int64_t *row, int64_t *column)
{
    const int last = x->ndim - 1;
    if (x->ndim > 2 && !x->contiguous) {
        tp_tensor *even = tp__tensor_new(tp__region_current(), (tp_dtype)x->dtype, x->ndim, x->shape);
        if (!even)
            return NULL;
        tp__copy_elements(x, even);
        x = even;
    }
    *n = rows_of(x);
    *row = x->ndim == 2 ? x->strides[0] : x->shape[last];
    *column = x->strides[last];
    return x;
}

static tp_status forward_linear(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *w = call->inputs[1], *b = call->inputs[2];
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    if (x->layout == TP__CSR) {
        (dtype == TP_F32 ? linear_csr_f32 : linear_csr_f64)(x, w, b, out);
        return TP_OK;
    }
    int64_t n, row, column;
    if (!(x = as_matrix(x, &n, &row, &column)))
        return TP_ERROR_MEMORY;
    if (b) {
        /* The product is added to the bias. */
        const int64_t outputs = w->shape[0];
        const tp_tensor rows = {.dtype = b->dtype,
                                .ndim = 2,
                                .numel = n * outputs,
                                .data = b->data,
                                .shape = {n, outputs},
                                .strides = {0, b->strides[0]}};
        tp_tensor flat = *out;
        flat.ndim = 2;
        flat.shape[0] = n;
        flat.shape[1] = outputs;
        tp__contiguous_strides(2, flat.shape, flat.strides);
        tp__copy_elements(&rows, &flat);
    }
    return gemm(dtype, n, w->shape[0], w->shape[1], x->data, row, column, w->data, w->strides[1],
                w->strides[0], out->data, w->shape[0], b != NULL);
}

/* The gradients by recorded operations. */
static tp_status backward_linear_recorded(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *w = call->inputs[1];
    tp_tensor *rows = g->ndim == 2 ? g : tp_reshape(g, rows_of(x), w->shape[0]);
    if (call->needed[0])
        call->grad_inputs[0] = tp_matmul(g, w);
    if (call->needed[1])
        call->grad_inputs[1] =
            tp_matmul(tp_t(rows), x->ndim == 2 ? x : tp_reshape(x, rows_of(x), w->shape[1]));
    if (call->needed[2])
        call->grad_inputs[2] = tp_sum_dim(rows, 0, false);
    return tp__ctx.error;
}

static tp_status backward_linear(tp_backward_call *call)
{
    if (call->recording)
        return backward_linear_recorded(call);
    tp_tensor *g = tp_contiguous(call->grad_outputs[0]), *w = call->inputs[1];
    const tp_tensor *x = call->inputs[0];
    tp_region *region = tp__region_current();
    if (!g)
        return tp__ctx.error;
    const tp_dtype dtype = (tp_dtype)g->dtype;
    const int64_t out = w->shape[0], in = w->shape[1], n = rows_of(x);
    if (call->needed[0]) {
        tp_tensor *gx = call->grad_inputs[0] = tp__tensor_new(region, dtype, x->ndim, x->shape);
        if (!gx)
            return TP_ERROR_MEMORY;
        gx->temporary = tp__ctx.modes.walking;
        TP__TRY(gemm(dtype, n, in, out, g->data, out, 1, w->data, w->strides[0], w->strides[1], gx->data, in,
                     false));
    }
    if (call->needed[1] && x->layout == TP__CSR) {
        call->grad_inputs[1] = tp__product_gradient(g, call->inputs[0]);
        if (!call->grad_inputs[1])
            return TP_ERROR_MEMORY;
    } else if (call->needed[1]) {
        int64_t rows, row, column;
        tp_tensor *gw = call->grad_inputs[1] = tp__tensor_new(region, dtype, 2, w->shape);
        if (!gw || !(x = as_matrix(x, &rows, &row, &column)))
            return TP_ERROR_MEMORY;
        gw->temporary = tp__ctx.modes.walking;
        TP__TRY(gemm(dtype, out, in, n, g->data, 1, out, x->data, row, column, gw->data, in, false));
    }
    if (call->needed[2])
        call->grad_inputs[2] = tp_sum_dim(tp_reshape(g, n, out), 0, false);
    return tp__ctx.error;
}

/* PyTorch's linear is one of several operations, some of which end with a view. */
static const char *name_linear(const tp_call *call)
{
    const int ndim = call->inputs[0]->ndim;
    if (call->inputs[2])
        return ndim == 2 ? "AddmmBackward0" : "ViewBackward0";
    return ndim == 2 ? "MmBackward0" : ndim == 1 ? "SqueezeBackward4" : "UnsafeViewBackward0";
}

const tp_op tp__op_linear = {
    .name = "linear",
    .name_node = name_linear,
    .n_inputs = 3,
    .n_outputs = 1,
    .optional = 4,
    .accepts_csr = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1),
    .infer = infer_linear,
    .forward = forward_linear,
    .backward = backward_linear,
    .documentation = "x W^T + b.",
    .samples =
        SAMPLES({"f64[4,3] f64[2,3] f64[2]", NULL, NULL}, {"f64[3] f64[2,3] f64[2]", NULL, NULL},
                {"f64[2,4,3] f64[5,3] f64[5]", NULL, NULL}, {"f64[0,3] f64[2,3] f64[2]", NULL, NULL},
                {"csr[4,7] f64[2,7] f64[2]", NULL, NULL}, {"csr[4,7] f64[1,7] f64[1]", NULL, NULL},
                {"f64[4,5] f64[2,3] f64[2]", NULL, "mat1 and mat2 shapes cannot be multiplied (4x5 and 3x2)"},
                {"f64[4,3] f64[2,3] f64[3]", NULL, "the bias has shape [3]"}),
};

tp_tensor *tp_f_linear(tp_tensor *x, tp_tensor *weight, tp_tensor *bias)
{
    tp_tensor *const inputs[3] = {x, weight, bias};
    return tp_apply(&tp__op_linear, inputs, 3, NULL);
}
