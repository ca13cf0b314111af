/* Products by their names, made of matmul: they check ranks, arrange dimensions, and add. */
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "base/memory.h"
#include "taper/linalg.h"
#include "taper/shape.h"

#include <string.h>

/* ---- Products of two ---- */

static bool have_ranks(const tp_tensor *a, int rank_a, const tp_tensor *b, int rank_b)
{
    if (!a || !b)
        return tp__null_argument("an operand"), false;
    if (a->ndim == rank_a && b->ndim == rank_b)
        return true;
    tp_fail(TP_ERROR_SHAPE, "takes tensors of %d and %d dimensions, but they have %d and %d", rank_a, rank_b,
            a->ndim, b->ndim);
    return false;
}

tp_tensor *tp_mm(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("mm");
    return have_ranks(a, 2, b, 2) ? tp_matmul(a, b) : NULL;
}

tp_tensor *tp_bmm(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("bmm");
    if (!have_ranks(a, 3, b, 3))
        return NULL;
    if (a->shape[0] != b->shape[0])
        return tp__fail_null(TP_ERROR_SHAPE, "batch1 has %lld matrices, and batch2 has %lld",
                             (long long)a->shape[0], (long long)b->shape[0]);
    return tp__named(tp_matmul(a, b), "BmmBackward0");
}

tp_tensor *tp_mv(tp_tensor *a, tp_tensor *x)
{
    TP_FRAME("mv");
    return have_ranks(a, 2, x, 1) ? tp_matmul(a, x) : NULL;
}

tp_tensor *tp_dot(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("dot");
    return have_ranks(a, 1, b, 1) ? tp_matmul(a, b) : NULL;
}

tp_tensor *tp_vdot(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("vdot");
    return have_ranks(a, 1, b, 1) ? tp_matmul(a, b) : NULL;
}

tp_tensor *tp_outer(tp_tensor *a, tp_tensor *b)
{
    TP_FRAME("outer");
    return have_ranks(a, 1, b, 1) ? tp_mul(tp_unsqueeze(a, 1), b) : NULL;
}

/* Whether the paired dimensions agree, or one of them has size 1; bits of those of each operand. */
static bool pair_up(const tp_tensor *a, const tp_tensor *b, int n, const int *dims_a, const int *dims_b,
                    int64_t *order_a, int64_t *order_b)
{
    unsigned seen_a = 0, seen_b = 0;
    if (n < 0 || n > TP_MAX_DIMS || (n && (!dims_a || !dims_b)))
        return tp_fail(TP_ERROR_ARGUMENT, "the lists of dimensions have %d entries, or are NULL", n), false;
    for (int i = 0; i < n; i++) {
        const int da = tp__dimension(dims_a[i], a->ndim),
                  db = da < 0 ? -1 : tp__dimension(dims_b[i], b->ndim);
        if (db < 0)
            return false;
        if (seen_a >> da & 1 || seen_b >> db & 1)
            return tp_fail(TP_ERROR_ARGUMENT,
                           "dim %d of a or dim %d of b appears multiple times in the list of dims", da, db),
                   false;
        if (a->shape[da] != b->shape[db] && a->shape[da] != 1 && b->shape[db] != 1)
            return tp_fail(TP_ERROR_SHAPE,
                           "contracted dimensions need to match, but first has size %lld in dim %d and "
                           "second has size "
                           "%lld in dim %d",
                           (long long)a->shape[da], da, (long long)b->shape[db], db),
                   false;
        seen_a |= 1u << da;
        seen_b |= 1u << db;
        order_a[a->ndim - n + i] = da;
        order_b[i] = db;
    }
    for (int d = 0, k = 0; d < a->ndim; d++)
        if (!(seen_a >> d & 1))
            order_a[k++] = d;
    for (int d = 0, k = n; d < b->ndim; d++)
        if (!(seen_b >> d & 1))
            order_b[k++] = d;
    return true;
}

tp_tensor *tp_tensordot_n(tp_tensor *a, tp_tensor *b, int n, const int *dims_a, const int *dims_b)
{
    if (!a || !b)
        return tp__null_argument("tensordot: an operand"), NULL;
    TP_FRAME("tensordot");
    int64_t order_a[TP_MAX_DIMS], order_b[TP_MAX_DIMS], shape[TP_MAX_DIMS], k = 1, rows = 1, columns = 1;
    if (!pair_up(a, b, n, dims_a, dims_b, order_a, order_b))
        return NULL;
    /* Against one element, which counts for all, the others are summed first. */
    for (int i = 0; i < n; i++) {
        const int da = (int)order_a[a->ndim - n + i], db = (int)order_b[i];
        if (a->shape[da] == b->shape[db])
            continue;
        if (b->shape[db] == 1)
            a = tp_sum_dim(a, da, true);
        else
            b = tp_sum_dim(b, db, true);
        if (!a || !b)
            return NULL;
    }
    const int ndim = a->ndim + b->ndim - 2 * n;
    if (ndim > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "the result has %d dimensions, and a tensor has at most %d",
                             ndim, TP_MAX_DIMS);
    for (int d = 0; d < a->ndim; d++) {
        const int64_t size = a->shape[order_a[d]];
        *(d < a->ndim - n ? &rows : &k) *= size;
        if (d < a->ndim - n)
            shape[d] = size;
    }
    for (int d = n; d < b->ndim; d++)
        columns *= shape[a->ndim - n + d - n] = b->shape[order_b[d]];
    a = tp_reshape(tp_permute_n(a, a->ndim, order_a), rows, k);
    b = tp_reshape(tp_permute_n(b, b->ndim, order_b), k, columns);
    a = a && b ? tp_matmul(a, b) : NULL;
    return a ? tp_reshape_n(a, ndim, shape) : NULL;
}

tp_tensor *tp_tensordot(tp_tensor *a, tp_tensor *b, int dims)
{
    if (!a || !b)
        return tp__null_argument("tensordot: an operand"), NULL;
    int of_a[TP_MAX_DIMS], of_b[TP_MAX_DIMS];
    if (dims < 0 || dims > a->ndim || dims > b->ndim)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "tensordot: %d dimensions are to go, and the operands have %d and %d", dims,
                             a->ndim, b->ndim);
    for (int i = 0; i < dims; i++) {
        of_a[i] = a->ndim - dims + i;
        of_b[i] = i;
    }
    return tp_tensordot_n(a, b, dims, of_a, of_b);
}

tp_tensor *tp_inner(tp_tensor *a, tp_tensor *b)
{
    if (!a || !b)
        return tp__null_argument("inner: an operand"), NULL;
    TP_FRAME("inner");
    if (!a->ndim || !b->ndim)
        return tp_mul(a, b);
    const int64_t of_a = a->shape[a->ndim - 1], of_b = b->shape[b->ndim - 1];
    if (of_a != of_b)
        return tp__fail_null(TP_ERROR_SHAPE, "the last dimensions must match, and have sizes %lld and %lld",
                             (long long)of_a, (long long)of_b);
    return tp_tensordot_n(a, b, 1, (const int[]){-1}, (const int[]){-1});
}

tp_tensor *tp_kron(tp_tensor *a, tp_tensor *b)
{
    if (!a || !b)
        return tp__null_argument("kron: an operand"), NULL;
    TP_FRAME("kron");
    const int ndim = a->ndim > b->ndim ? a->ndim : b->ndim;
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < ndim; d++) {
        const int da = d - (ndim - a->ndim), db = d - (ndim - b->ndim);
        if (__builtin_mul_overflow(da < 0 ? 1 : a->shape[da], db < 0 ? 1 : b->shape[db], &shape[d]))
            return tp__fail_null(TP_ERROR_SHAPE, "the result has more elements than fit");
    }
    /* All of b beside each element of a: dimensions of both in turn, without those of size 1. */
    int64_t a_shape[2 * TP_MAX_DIMS], b_shape[2 * TP_MAX_DIMS], times[TP_MAX_DIMS];
    int n = 0;
    for (int d = 0; d < ndim; d++) {
        const int da = d - (ndim - a->ndim), db = d - (ndim - b->ndim);
        const int64_t of_a = da < 0 ? 1 : a->shape[da], of_b = db < 0 ? 1 : b->shape[db];
        times[d] = of_a;
        if (of_a != 1) {
            a_shape[n] = of_a;
            b_shape[n++] = 1;
        }
        if (of_b != 1) {
            a_shape[n] = 1;
            b_shape[n++] = of_b;
        }
    }
    if (n <= TP_MAX_DIMS) {
        tp_tensor *product = tp_mul(tp_reshape_n(a, n, a_shape), tp_reshape_n(b, n, b_shape));
        return product ? tp__named(tp_reshape_n(product, ndim, shape), "UnsafeViewBackward0") : NULL;
    }
    /* There are too many: a's elements repeated, times b tiled. */
    for (int d = 0; a && d < a->ndim; d++) {
        const int db = d + ndim - a->ndim - (ndim - b->ndim);
        if (db >= 0 && b->shape[db] != 1)
            a = tp_repeat_interleave(a, b->shape[db], d);
    }
    return a ? tp_mul(a, tp_tile_n(b, ndim, times)) : NULL;
}

tp_tensor *tp_cross(tp_tensor *a, tp_tensor *b, int dim)
{
    if (!a || !b)
        return tp__null_argument("cross: an operand"), NULL;
    TP_FRAME("cross");
    if (a->ndim != b->ndim)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "inputs must have the same number of dimensions, but they have %d and %d",
                             a->ndim, b->ndim);
    dim = tp__dimension(dim, a->ndim);
    if (dim < 0)
        return NULL;
    if (a->shape[dim] != 3 || b->shape[dim] != 3)
        return tp__fail_null(TP_ERROR_SHAPE, "inputs dimension %d must have length 3. Got %lld and %lld", dim,
                             (long long)a->shape[dim], (long long)b->shape[dim]);
    /* (a1 b2 - a2 b1, ...): each operand's next element times the other's one after that. */
    return tp_sub(tp_mul(tp_roll(a, -1, dim), tp_roll(b, -2, dim)),
                  tp_mul(tp_roll(a, -2, dim), tp_roll(b, -1, dim)));
}

/* ---- A product added to a tensor ---- */

static tp_tensor *add_product(const tp_add_product_options *o, tp_tensor *product)
{
    tp_tensor *input = o->input;
    if (!input || !product)
        return input ? NULL : (tp__null_argument("the input"), NULL);
    if (input->dtype != product->dtype)
        return tp__fail_null(TP_ERROR_DTYPE, "the input is %s, and the product is %s",
                             tp_dtype_name((tp_dtype)input->dtype), tp_dtype_name((tp_dtype)product->dtype));
    input = tp_expand_n(input, product->ndim, product->shape);
    if (o->alpha != 1)
        product = tp_mul(product, o->alpha);
    if (o->beta == 0) /* nothing of the input comes through but its gradient of zeros */
        return tp_where(tp_zeros_n(TP_BOOL, 0, NULL), input, product);
    return tp_add(o->beta == 1 ? input : tp_mul(input, o->beta), product);
}

tp_tensor *tp_addmm_with(const tp_add_product_options *options)
{
    if (!options)
        return tp__null_argument("addmm: options"), NULL;
    TP_FRAME("addmm");
    return tp__named(add_product(options, tp_mm(options->a, options->b)), "AddmmBackward0");
}

tp_tensor *tp_addmv_with(const tp_add_product_options *options)
{
    if (!options)
        return tp__null_argument("addmv: options"), NULL;
    TP_FRAME("addmv");
    return tp__named(add_product(options, tp_mv(options->a, options->b)), "AddmvBackward0");
}

tp_tensor *tp_baddbmm_with(const tp_add_product_options *options)
{
    if (!options)
        return tp__null_argument("baddbmm: options"), NULL;
    TP_FRAME("baddbmm");
    return tp__named(add_product(options, tp_bmm(options->a, options->b)), "BaddbmmBackward0");
}

tp_tensor *tp_addbmm_with(const tp_add_product_options *options)
{
    if (!options)
        return tp__null_argument("addbmm: options"), NULL;
    TP_FRAME("addbmm");
    return tp__named(add_product(options, tp_sum_dim(tp_bmm(options->a, options->b), 0, false)),
                     "AddbmmBackward0");
}

/* ---- Products of several ---- */

/* The cheapest place to cut matrices i to j; cuts and costs are n x n. */
static tp_tensor *chain(tp_tensor *const *matrices, int n, const int *cuts, int first, int last)
{
    /* At most n deep, and n is the caller's own list. */
    if (first == last)
        return matrices[first];
    const int cut = cuts[first * n + last];
    tp_tensor *left = chain(matrices, n, cuts, first, cut), *right = chain(matrices, n, cuts, cut + 1, last);
    return left && right ? tp_mm(left, right) : NULL;
}

static void find_cuts(tp_tensor *const *matrices, int n, double *costs, int *cuts)
{
    for (int i = 0; i < n; i++)
        costs[i * n + i] = 0;
    for (int length = 1; length < n; length++)
        for (int i = 0; i + length < n; i++) {
            const int j = i + length;
            double *best = &costs[i * n + j];
            *best = -1;
            for (int cut = i; cut < j; cut++) {
                const double cost = costs[i * n + cut] + costs[(cut + 1) * n + j] +
                                    (double)matrices[i]->shape[0] * (double)matrices[cut]->shape[1] *
                                        (double)matrices[j]->shape[1];
                if (*best < 0 || cost < *best) {
                    *best = cost;
                    cuts[i * n + j] = cut;
                }
            }
        }
}

tp_tensor *tp_multi_dot(tp_tensor *const *tensors, int n)
{
    TP_FRAME("multi_dot");
    enum { MOST = 256 };
    if (!tensors || n < 2 || n > MOST)
        return tp__fail_null(TP_ERROR_ARGUMENT, "expected 2 to %d tensors but got %d", MOST, n);
    tp_tensor *matrices[MOST];
    for (int i = 0; i < n; i++) {
        const bool end = i == 0 || i == n - 1;
        if (!tensors[i])
            return tp__null_argument("a tensor"), NULL;
        if (tensors[i]->ndim != 2 && !(end && tensors[i]->ndim == 1))
            return tp__fail_null(TP_ERROR_SHAPE, "tensor %d must be %s but got %dD", i,
                                 end ? "1D or 2D" : "2D", tensors[i]->ndim);
        matrices[i] = tensors[i]->ndim == 2 ? tensors[i] : tp_unsqueeze(tensors[i], i ? 1 : 0);
        if (!matrices[i])
            return NULL;
    }
    double *costs = tp__malloc((size_t)(n * n) * (sizeof *costs + sizeof(int)));
    if (!costs)
        return NULL;
    int *cuts = (int *)(costs + n * n);
    find_cuts(matrices, n, costs, cuts);
    tp_tensor *product = chain(matrices, n, cuts, 0, n - 1);
    tp__free(costs);
    if (product && tensors[n - 1]->ndim == 1)
        product = tp_select(product, 1, 0);
    if (product && tensors[0]->ndim == 1)
        product = tp_select(product, 0, 0);
    return product;
}

tp_tensor *tp_matrix_power(tp_tensor *x, int64_t n)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("matrix_power");
    if (x->ndim < 2 || x->shape[x->ndim - 1] != x->shape[x->ndim - 2])
        return tp__fail_null(TP_ERROR_SHAPE, "A must be batches of square matrices");
    if (n < 0)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "the power %lld needs an inverse", (long long)n);
    if (n == 0) {
        tp_tensor *eye = tp_eye((tp_dtype)x->dtype, x->shape[x->ndim - 1], x->shape[x->ndim - 1]);
        return tp_where(tp_zeros_n(TP_BOOL, 0, NULL), x,
                        eye); /* in x's shape, and with a gradient of zeros */
    }
    if (n == 1)
        return tp_clone(x);
    if (n == 3)
        return tp_matmul(tp_matmul(x, x), x);
    tp_tensor *power = x, *result = NULL;
    for (;; n >>= 1) {
        if (n & 1)
            result = result ? tp_matmul(result, power) : power;
        if (n <= 1 || !power)
            return power ? result : NULL;
        power = tp_matmul(power, power);
    }
}

tp_tensor *tp_f_bilinear(tp_tensor *x1, tp_tensor *x2, tp_tensor *weight, tp_tensor *bias)
{
    if (!x1 || !x2 || !weight)
        return tp__null_argument("bilinear: an operand"), NULL;
    TP_FRAME("bilinear");
    char a[TP__SHAPE_TEXT_SIZE], b[TP__SHAPE_TEXT_SIZE], w[TP__SHAPE_TEXT_SIZE];
    const int last = x1->ndim - 1;
    if (last < 0 || x1->ndim != x2->ndim || memcmp(x1->shape, x2->shape, (size_t)last * sizeof(int64_t)) ||
        weight->ndim != 3 || x1->shape[last] != weight->shape[1] || x2->shape[last] != weight->shape[2] ||
        (bias && (bias->ndim != 1 || bias->shape[0] != weight->shape[0])))
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "x1 of shape %s, x2 of shape %s and a weight of shape %s (out, in1, in2) do not fit "
            "together, or the bias is not [out]",
            tp__shape_text(a, sizeof a, x1->ndim, x1->shape),
            tp__shape_text(b, sizeof b, x2->ndim, x2->shape),
            tp__shape_text(w, sizeof w, weight->ndim, weight->shape));
    int64_t shape[TP_MAX_DIMS], n = 1;
    for (int d = 0; d < last; d++)
        n *= shape[d] = x1->shape[d];
    const int64_t outputs = shape[last] = weight->shape[0], in1 = weight->shape[1], in2 = weight->shape[2];
    tp_tensor *rows = tp_reshape(tp_permute(weight, 1, 0, 2), in1, outputs * in2);
    rows = tp_reshape(tp_matmul(tp_reshape(x1, n, in1), rows), n, outputs, in2);
    tp_tensor *y = tp_matmul(rows, tp_reshape(x2, n, in2, 1));
    y = y ? tp_reshape_n(y, x1->ndim, shape) : NULL;
    return y && bias ? tp_add(y, bias) : y;
}
