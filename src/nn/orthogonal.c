/* Initialisers with structure: orthogonal, sparse, and Dirac's. */
#include "heart/heart.h"
#include "taper/nn.h"

#include <math.h>
#include <string.h>

static bool can_be_filled(const tp_tensor *t)
{
    if (t->layout != TP__DENSE || t->released)
        tp_fail(TP_ERROR_STATE, "only dense tensors can be initialised");
    else if (t->history)
        tp_fail(TP_ERROR_STATE, "only tensors without history can be initialised");
    else if (!tp_dtype_is_float((tp_dtype)t->dtype))
        tp_fail(TP_ERROR_DTYPE, "a floating type is needed, not %s", tp_dtype_name((tp_dtype)t->dtype));
    else
        return true;
    return false;
}

/* ---- Orthogonal ---- */

/* Eight partial sums, joined as a tree. */
static double inner(int64_t n, const double *a, const double *b)
{
    double lanes[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int l = 0; l < 8; l++)
            lanes[l] = fma(a[i + l], b[i + l], lanes[l]);
    for (int l = 0; i < n; i++, l++)
        lanes[l] = fma(a[i], b[i], lanes[l]);
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* y -= factor (v . y) v */
static void reflect(int64_t n, double factor, const double *v, double *y)
{
    const double along = -factor * inner(n, v, y);
    for (int64_t i = 0; i < n; i++)
        y[i] = fma(along, v[i], y[i]);
}

/* Replaces `columns` columns of length `n` at least as long, each contiguous, by Q of their QR decomposition
 * in which R's diagonal is positive (a column is 0 where that is 0). `factors` and `signs` have room for a
 * number for each column (Golub and Van Loan, Matrix Computations, 5.2). */
static void orthonormalise(int64_t n, int64_t columns, double *a, double *factors, double *signs)
{
    for (int64_t k = 0; k < columns; k++) {
        double *v = a + k * n + k; /* the reflection I - factor v v^T takes column k to a multiple of e_k */
        const double norm = sqrt(inner(n - k, v, v)), diagonal = v[0] > 0 ? -norm : norm;
        v[0] -= diagonal;
        const double square = inner(n - k, v, v);
        factors[k] = square > 0 ? 2 / square : 0;
        signs[k] = diagonal > 0 ? 1 : diagonal < 0 ? -1 : 0;
        for (int64_t j = k + 1; j < columns; j++)
            reflect(n - k, factors[k], v, a + j * n + k);
    }
    /* Q's column j is all reflections, the last one first, of the unit vector e_j. Reflections after j leave
     * that alone, and columns are made from the last one, so that reflection j is at hand until it is used.
     */
    for (int64_t j = columns - 1; j >= 0; j--) {
        double *v = a + j * n + j;
        for (int64_t i = j + 1; i < columns; i++) {
            a[i * n + j] = 0; /* where R stood */
            reflect(n - j, factors[j], v, a + i * n + j);
        }
        const double scale = -factors[j] * v[0];
        for (int64_t i = 0; i < n - j; i++)
            v[i] *= scale;
        v[0] += 1;
    }
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < n; i++)
            a[j * n + i] *= signs[j];
}

/* Fills `to`, row-major and of t's elements as [rows, columns]. */
static tp_status fill_orthogonal(tp_tensor *to, tp_generator *generator)
{
    const int64_t rows = to->shape[0], columns = to->numel / rows;
    const int64_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
    const tp_dtype dtype = (tp_dtype)to->dtype;
    const size_t size = tp_dtype_size(dtype);
    TP__TRY(tp_normal_(to, 0, 1, generator));
    tp_tensor *work = tp_zeros(TP_F64, few, many), *numbers = tp_zeros(TP_F64, 2, few);
    if (!work || !numbers)
        return TP_ERROR_MEMORY;
    double *a = tp_data_f64(work), *factors = tp_data_f64(numbers);
    /* The longer side is the length of the columns, each of which becomes a row of `work`. */
    const int64_t column_step = rows < columns ? columns : 1, step = rows < columns ? 1 : columns;
    for (int64_t j = 0; j < few; j++) {
        for (int64_t i = 0; i < many; i++)
            a[j * many + i] = tp__load_f64(dtype, to->data + (size_t)(j * column_step + i * step) * size);
    }
    orthonormalise(many, few, a, factors, factors + few);
    for (int64_t j = 0; j < few; j++)
        for (int64_t i = 0; i < many; i++)
            tp__store_f64(dtype, to->data + (size_t)(j * column_step + i * step) * size, a[j * many + i]);
    return TP_OK;
}

tp_tensor *tp_init_orthogonal_(tp_tensor *t, double gain, tp_generator *generator)
{
    if (!t)
        return tp__null_operand(__func__);
    TP_FRAME("init_orthogonal_");
    if (!can_be_filled(t))
        return NULL;
    if (t->ndim < 2)
        return tp__fail_null(TP_ERROR_SHAPE, "Only tensors with 2 or more dimensions are supported");
    if (!t->numel)
        return t;
    TP_SCOPE(init);
    TP_SCOPE_NO_GRAD(init);
    tp_tensor *made = tp_zeros_n((tp_dtype)t->dtype, t->ndim, t->shape);
    if (!made || fill_orthogonal(made, generator) != TP_OK)
        return NULL;
    made = tp_mul(made, gain);
    return made && tp_assign(t, made) == TP_OK ? t : NULL;
}

/* ---- Sparse ---- */

tp_tensor *tp_init_sparse_(tp_tensor *t, double sparsity, double std, tp_generator *generator)
{
    if (!t)
        return tp__null_operand(__func__);
    TP_FRAME("init_sparse_");
    if (!can_be_filled(t))
        return NULL;
    if (t->ndim != 2)
        return tp__fail_null(TP_ERROR_SHAPE, "Only tensors with 2 dimensions are supported");
    if (!(sparsity >= 0 && sparsity <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "the sparsity is a share from 0 to 1, not %g", sparsity);
    TP_SCOPE(init);
    TP_SCOPE_NO_GRAD(init);
    const int64_t rows = t->shape[0], columns = t->shape[1];
    const int64_t zeros = (int64_t)ceil(sparsity * (double)rows);
    tp_tensor *made = tp_zeros_n((tp_dtype)t->dtype, 2, t->shape);
    if (!made || tp_normal_(made, 0, std, generator) != TP_OK)
        return NULL;
    const size_t size = tp_dtype_size((tp_dtype)t->dtype);
    for (int64_t c = 0; c < columns; c++) {
        TP_SCOPE(column);
        tp_tensor *order = tp_randperm(rows, generator);
        if (!order)
            return NULL;
        for (int64_t i = 0; i < zeros; i++)
            tp__store_f64((tp_dtype)t->dtype,
                          made->data + (size_t)(tp_data_i64(order)[i] * columns + c) * size, 0);
    }
    return tp_assign(t, made) == TP_OK ? t : NULL;
}

/* ---- Dirac ---- */

tp_tensor *tp_init_dirac_(tp_tensor *t, int64_t groups)
{
    if (!t)
        return tp__null_operand(__func__);
    TP_FRAME("init_dirac_");
    if (!can_be_filled(t))
        return NULL;
    if (t->ndim < 3 || t->ndim > 5)
        return tp__fail_null(TP_ERROR_SHAPE, "Only tensors with 3, 4, or 5 dimensions are supported");
    if (groups < 1 || t->shape[0] % groups)
        return tp__fail_null(TP_ERROR_ARGUMENT, "dim 0 (%lld) must be divisible by groups (%lld)",
                             (long long)t->shape[0], (long long)groups);
    TP_SCOPE(init);
    TP_SCOPE_NO_GRAD(init);
    tp_tensor *made = tp_zeros_n((tp_dtype)t->dtype, t->ndim, t->shape);
    if (!made)
        return NULL;
    const int64_t of_group = t->shape[0] / groups, in = t->shape[1];
    int64_t middle = 0;
    for (int d = 2; d < t->ndim; d++)
        middle += t->shape[d] / 2 * made->strides[d];
    for (int64_t o = 0; o < t->shape[0] && made->numel; o++)
        if (o % of_group < in)
            tp__store_f64((tp_dtype)t->dtype,
                          made->data +
                              (size_t)(o * made->strides[0] + o % of_group * made->strides[1] + middle) *
                                  tp_dtype_size((tp_dtype)t->dtype),
                          1);
    return tp_assign(t, made) == TP_OK ? t : NULL;
}
