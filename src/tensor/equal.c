/* Comparing whole tensors, dense or CSR. */
#include "tensor/tensor.h"

#include <math.h>

typedef struct tolerance {
    bool exact;
    double rtol, atol;
} tolerance;

typedef union number {
    double f64;
    int64_t i64;
} number;

static number load(tp_dtype dtype, const void *p)
{
    return tp_dtype_is_float(dtype) ? (number){.f64 = tp__load_f64(dtype, p)}
                                    : (number){.i64 = tp__load_i64(dtype, p)};
}

static double as_f64(tp_dtype dtype, number x)
{
    return tp_dtype_is_float(dtype) ? x.f64 : (double)x.i64;
}

/* torch.isclose: the arithmetic is that of the operands' type. */
static bool match(tp_dtype a_dtype, number a, tp_dtype b_dtype, number b, const tolerance *t)
{
    const bool floats = tp_dtype_is_float(a_dtype) || tp_dtype_is_float(b_dtype);
    if (!floats && a.i64 == b.i64)
        return true;
    if (!floats && t->exact)
        return false;
    const double x = as_f64(a_dtype, a), y = as_f64(b_dtype, b);
    if (floats && x == y)
        return true;
    if (t->exact)
        return false;
    if (a_dtype == TP_F32 && b_dtype == TP_F32) {
        const float error = fabsf((float)x - (float)y);
        return isfinite(error) && error <= (float)t->atol + fabsf((float)t->rtol * (float)y);
    }
    const double error = fabs(x - y);
    return isfinite(error) && error <= t->atol + fabs(t->rtol * y);
}

static bool dense_match(const tp_tensor *a, const tp_tensor *b, const tolerance *t)
{
    const tp_dtype a_dtype = (tp_dtype)a->dtype, b_dtype = (tp_dtype)b->dtype;
    const int64_t a_size = (int64_t)tp_dtype_size(a_dtype), b_size = (int64_t)tp_dtype_size(b_dtype);
    int64_t index[TP_MAX_DIMS] = {0};
    const char *p = a->data, *q = b->data;
    for (int64_t i = 0; i < a->numel; i++) {
        if (!match(a_dtype, load(a_dtype, p), b_dtype, load(b_dtype, q), t))
            return false;
        for (int d = a->ndim - 1; d >= 0; d--) {
            p += a->strides[d] * a_size;
            q += b->strides[d] * b_size;
            if (++index[d] < a->shape[d])
                break;
            p -= a->strides[d] * a->shape[d] * a_size;
            q -= b->strides[d] * b->shape[d] * b_size;
            index[d] = 0;
        }
    }
    return true;
}

/* One row of `a` is spread out in `row`, compared with what `b` stores, and what `b` does not store with 0.
 */
static bool csr_match(const tp_tensor *a, const tp_tensor *b, const tolerance *t)
{
    const tp_dtype a_dtype = (tp_dtype)a->dtype, b_dtype = (tp_dtype)b->dtype;
    const int64_t a_size = (int64_t)tp_dtype_size(a_dtype), b_size = (int64_t)tp_dtype_size(b_dtype);
    const int64_t *a_starts = a->csr->row_starts, *b_starts = b->csr->row_starts;
    number *row = tp__calloc((size_t)a->shape[1], sizeof *row);
    const number zero = {.i64 = 0};
    bool same = row != NULL;
    for (int64_t r = 0; r < a->shape[0] && same; r++) {
        const int64_t a_from = a_starts[r] - a_starts[0], a_to = a_starts[r + 1] - a_starts[0];
        const int64_t b_from = b_starts[r] - b_starts[0], b_to = b_starts[r + 1] - b_starts[0];
        for (int64_t i = a_from; i < a_to; i++)
            row[a->csr->columns[i]] = load(a_dtype, a->data + i * a_size);
        for (int64_t i = b_from; i < b_to && same; i++) {
            number *x = &row[b->csr->columns[i]];
            same = match(a_dtype, *x, b_dtype, load(b_dtype, b->data + i * b_size), t);
            *x = zero;
        }
        for (int64_t i = a_from; i < a_to && same; i++) {
            same = match(a_dtype, row[a->csr->columns[i]], b_dtype, zero, t);
            row[a->csr->columns[i]] = zero;
        }
    }
    tp__free(row);
    return same;
}

static bool all_match(const tp_tensor *a, const tp_tensor *b, const tolerance *t)
{
    if (!a || !b || a->released || b->released || a->ndim != b->ndim || a->layout != b->layout)
        return false;
    for (int d = 0; d < a->ndim; d++)
        if (a->shape[d] != b->shape[d])
            return false;
    return a->layout == TP__DENSE ? dense_match(a, b, t) : a->layout == TP__CSR && csr_match(a, b, t);
}

bool tp_equal(const tp_tensor *a, const tp_tensor *b)
{
    return a && b && a->dtype == b->dtype && all_match(a, b, &(tolerance){.exact = true});
}

bool tp_allclose(const tp_tensor *a, const tp_tensor *b, double rtol, double atol)
{
    return all_match(a, b, &(tolerance){.rtol = rtol, .atol = atol});
}
