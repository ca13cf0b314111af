/* Products of a CSR pattern, a vector of values for it, and a dense matrix; and the product that their
 * gradients need: of the rows and columns of two dense matrices, at the pattern's places only. Together they
 * are closed under differentiation. */
#include "ops/sparse.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

static tp_status check_pattern(const tp_tensor *pattern)
{
    return pattern->layout == TP__CSR ? TP_OK : tp_fail(TP_ERROR_UNSUPPORTED, "the pattern is not CSR");
}

/* ---- csr_mm: pattern, values [stored], dense [k, m]. Attribute: whether the matrix is transposed. ---- */

static tp_status infer_csr_mm(tp_call *call)
{
    const tp_tensor *pattern = call->inputs[0], *values = call->inputs[1], *x = call->inputs[2];
    const bool transposed = *(const bool *)call->attributes;
    TP__TRY(check_pattern(pattern));
    TP__TRY(tp__require_float(values, "a matrix product"));
    if (values->ndim != 1 || values->shape[0] != pattern->stored)
        return tp_fail(TP_ERROR_SHAPE, "the pattern has %lld places, and there are %lld values",
                       (long long)pattern->stored, (long long)values->numel);
    if (values->dtype != x->dtype)
        return tp_fail(TP_ERROR_DTYPE, "expected m1 and m2 to have the same dtype, but got: %s != %s",
                       tp_dtype_name((tp_dtype)values->dtype), tp_dtype_name((tp_dtype)x->dtype));
    TP__TRY(tp__require_dims(x, "mat2", 2));
    const int64_t rows = pattern->shape[transposed], columns = pattern->shape[!transposed];
    if (x->shape[0] != columns)
        return tp_fail(TP_ERROR_SHAPE, "mat1 and mat2 shapes cannot be multiplied (%lldx%lld and %lldx%lld)",
                       (long long)rows, (long long)columns, (long long)x->shape[0], (long long)x->shape[1]);
    *call->results = (tp_result){.dtype = (tp_dtype)x->dtype, .ndim = 2, .shape = {rows, x->shape[1]}};
    return TP_OK;
}

#define CSR_MM(T)                                                                                 \
    for (int64_t r = 0; r < pattern->shape[0]; r++)                                               \
        for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) {             \
            const T value = ((const T *)(const void *)values->data)[i * values->strides[0]];      \
            T *to = (T *)(void *)out->data + (transposed ? columns[i] : r) * m;                   \
            const T *from =                                                                       \
                (const T *)(const void *)x->data + (transposed ? r : columns[i]) * x->strides[0]; \
            for (int64_t j = 0; j < m; j++)                                                       \
                to[j] += value * from[j * x->strides[1]];                                         \
        }

static tp_status forward_csr_mm(tp_call *call)
{
    const tp_tensor *pattern = call->inputs[0], *values = call->inputs[1], *x = call->inputs[2];
    const bool transposed = *(const bool *)call->attributes;
    const int64_t *starts = pattern->csr->row_starts, m = x->shape[1];
    const int32_t *columns = pattern->csr->columns;
    tp_tensor *out = call->outputs[0];
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    if (out->dtype == TP_F32)
        CSR_MM(float)
    else
        CSR_MM(double)
    return TP_OK;
}

static tp_tensor *csr_mm(tp_tensor *pattern, tp_tensor *values, tp_tensor *x, bool transposed)
{
    tp_tensor *const inputs[3] = {pattern, values, x};
    return tp_apply(&tp__op_csr_mm, inputs, 3, &transposed);
}

static tp_tensor *sampled(tp_tensor *pattern, tp_tensor *rows, tp_tensor *columns)
{
    tp_tensor *const inputs[3] = {pattern, rows, columns};
    return tp_apply(&tp__op_csr_sampled, inputs, 3, NULL);
}

/* transpose(CSR) g, which the walk multiplies out where it has to. */
static tp_tensor *touched_rows(const tp_tensor *pattern, tp_tensor *values, tp_tensor *g)
{
    values = tp_contiguous(values);
    if (!values)
        return NULL;
    return tp__product_gradient(tp__tensor_csr(tp__region_current(), (tp_dtype)values->dtype,
                                               pattern->shape[0], pattern->shape[1], pattern->stored,
                                               pattern->csr->row_starts, pattern->csr->columns, values->data),
                                g);
}

static tp_status backward_csr_mm(tp_backward_call *call)
{
    tp_tensor *pattern = call->inputs[0], *values = call->inputs[1], *x = call->inputs[2],
              *g = call->grad_outputs[0];
    const bool transposed = *(const bool *)call->attributes;
    if (call->needed[1])
        call->grad_inputs[1] = transposed ? sampled(pattern, x, g) : sampled(pattern, g, x);
    if (call->needed[2])
        call->grad_inputs[2] = call->recording || transposed ? csr_mm(pattern, values, g, !transposed)
                                                             : touched_rows(pattern, values, g);
    return tp__ctx.error;
}

const tp_op tp__op_csr_mm = {
    .name = "csr_mm",
    .n_inputs = 3,
    .n_outputs = 1,
    .accepts_csr = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2),
    .attributes_size = sizeof(bool),
    .infer = infer_csr_mm,
    .forward = forward_csr_mm,
    .backward = backward_csr_mm,
    .documentation = "A CSR matrix, given as its pattern and its values, times a dense one.",
    .samples =
        SAMPLES({"csr[3,4] f64[4] f64[4,2]", &(const bool){false}, NULL},
                {"csr[3,4] f64[4] f64[3,2]", &(const bool){true}, NULL},
                {"csr[3,4] f64[9] f64[4,2]", &(const bool){false}, "the pattern has 4 places"},
                {"csr[3,4] f64[4] f64[3,2]", &(const bool){false}, "cannot be multiplied (3x4 and 3x2)"},
                {"f64[3,4] f64[6] f64[4,2]", &(const bool){false}, "the pattern is not CSR"}),
};

/* ---- csr_sampled: pattern [n, k], a [n, m], b [k, m] ---- */

static tp_status infer_csr_sampled(tp_call *call)
{
    const tp_tensor *pattern = call->inputs[0], *a = call->inputs[1], *b = call->inputs[2];
    TP__TRY(check_pattern(pattern));
    TP__TRY(tp__require_float(a, "a matrix product"));
    if (a->ndim != 2 || b->ndim != 2 || a->dtype != b->dtype || a->shape[1] != b->shape[1] ||
        a->shape[0] != pattern->shape[0] || b->shape[0] != pattern->shape[1])
        return tp_fail(TP_ERROR_SHAPE, "the operands do not fit the pattern");
    *call->results = (tp_result){.dtype = (tp_dtype)a->dtype, .ndim = 1, .shape = {pattern->stored}};
    return TP_OK;
}

#define SAMPLE(T)                                                                                        \
    for (int64_t r = 0; r < pattern->shape[0]; r++)                                                      \
        for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++) {                    \
            const T *of_a = (const T *)(const void *)a->data + r * a->strides[0],                        \
                    *of_b = (const T *)(const void *)b->data + pattern->csr->columns[i] * b->strides[0]; \
            T sum = 0;                                                                                   \
            for (int64_t j = 0; j < a->shape[1]; j++)                                                    \
                sum += of_a[j * a->strides[1]] * of_b[j * b->strides[1]];                                \
            ((T *)(void *)out->data)[i] = sum;                                                           \
        }

static tp_status forward_csr_sampled(tp_call *call)
{
    const tp_tensor *pattern = call->inputs[0], *a = call->inputs[1], *b = call->inputs[2];
    const int64_t *starts = pattern->csr->row_starts;
    tp_tensor *out = call->outputs[0];
    if (out->dtype == TP_F32)
        SAMPLE(float)
    else
        SAMPLE(double)
    return TP_OK;
}

static tp_status backward_csr_sampled(tp_backward_call *call)
{
    tp_tensor *pattern = call->inputs[0], *g = call->grad_outputs[0];
    if (call->needed[1])
        call->grad_inputs[1] = csr_mm(pattern, g, call->inputs[2], false);
    if (call->needed[2])
        call->grad_inputs[2] = csr_mm(pattern, g, call->inputs[1], true);
    return tp__ctx.error;
}

const tp_op tp__op_csr_sampled = {
    .name = "csr_sampled",
    .n_inputs = 3,
    .n_outputs = 1,
    .accepts_csr = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2),
    .infer = infer_csr_sampled,
    .forward = forward_csr_sampled,
    .backward = backward_csr_sampled,
    .documentation = "The elements of a times the transpose of b at a pattern's places.",
    .samples = SAMPLES({"csr[3,4] f64[3,2] f64[4,2]", NULL, NULL},
                       {"csr[3,4] f64[3,2] f64[3,2]", NULL, "do not fit the pattern"},
                       {"f64[3,4] f64[3,2] f64[4,2]", NULL, "the pattern is not CSR"}),
};

static tp_tensor *product(tp_tensor *csr, tp_tensor *x, bool transposed)
{
    tp_tensor *values = tp__csr_checked(csr) ? tp_csr_entries(csr) : NULL;
    if (!values || !x)
        return x ? NULL : (tp__null_argument("x"), NULL);
    if (x->ndim == 1) {
        tp_tensor *column = csr_mm(csr, values, tp_unsqueeze(x, 1), transposed);
        return column ? tp_squeeze(column, 1) : NULL;
    }
    return csr_mm(csr, values, x, transposed);
}

tp_tensor *tp_csr_matmul(tp_tensor *csr, tp_tensor *x)
{
    TP_FRAME("csr_matmul");
    return product(csr, x, false);
}

tp_tensor *tp_csr_transposed_matmul(tp_tensor *csr, tp_tensor *x)
{
    TP_FRAME("csr_transposed_matmul");
    return product(csr, x, true);
}
