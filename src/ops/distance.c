/* Norms along a dimension and what is made of them: cdist, pairwise_distance, cosine_similarity, normalize.
 */
#include "base/threads.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/reduce.h"
#include "taper/linalg.h"

#include <math.h>
#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* ---- The p-norm along a dimension, with gradient 0 where it is 0 ---- */

/* function(x) where x is not 0, else 0: with neither a value nor a gradient taken at 0. */
static tp_tensor *power_or_zero(tp_tensor *x, double exponent)
{
    tp_tensor *zero = tp_eq(x, 0);
    tp_tensor *safe = tp_where(zero, x ? tp_ones_n((tp_dtype)x->dtype, 0, NULL) : NULL, x);
    /* The exponent is a tensor, since two numbers of the program are computed with in float32. */
    safe = exponent == 0.5 ? tp_sqrt(safe)
                           : tp_pow(safe, safe ? tp_scalar((tp_dtype)safe->dtype, exponent) : NULL);
    return tp_where(zero, x ? tp_zeros_n((tp_dtype)x->dtype, 0, NULL) : NULL, safe);
}

static tp_tensor *norm_along(tp_tensor *x, double p, int dim, bool keepdim)
{
    if (p == 1)
        return tp_sum_dim(tp_abs(x), dim, keepdim);
    if (p == 2 || isinf(p))
        return tp_norm_dim(x, p, dim, keepdim);
    if (p == 0)
        return x ? tp_to(tp_sum_dim(tp_ne(x, 0), dim, keepdim), (tp_dtype)x->dtype) : NULL;
    return power_or_zero(tp_sum_dim(power_or_zero(tp_abs(x), p), dim, keepdim), 1 / p);
}

static tp_status check_p(double p)
{
    return p >= 0 ? TP_OK : tp_fail(TP_ERROR_ARGUMENT, "only supports non-negative p values, not %g", p);
}

/* ---- cdist ---- */

/* The norms that have a kernel. */
typedef enum norm_kind { COUNT, ABSOLUTE, EUCLID, MAXIMUM } norm_kind;

static tp_status infer_cdist(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    TP__TRY(tp__require_float(a, "the operand"));
    TP__TRY(tp__require_choice((int)*(const norm_kind *)call->attributes, "norm", MAXIMUM));
    const int last = a->ndim - 1;
    if (last < 1 || a->ndim != b->ndim || a->dtype != b->dtype || a->shape[last] != b->shape[last] ||
        memcmp(a->shape, b->shape, (size_t)(last - 1) * sizeof(int64_t)) != 0)
        return tp_fail(TP_ERROR_SHAPE, "the operands do not fit together");
    tp__result_like(call->results, (tp_dtype)a->dtype, a);
    call->results->shape[last] = b->shape[last - 1];
    return TP_OK;
}

typedef struct distances {
    norm_kind kind;
    bool wide;
    int64_t n, m, k, rows; /* rows of one chunk */
    int64_t chunks;        /* of one matrix */
    const char *a, *b;
    char *out;
} distances;

/* Eight sums, or maxima, side by side, joined as a tree: the compiler's vectors do not change the result. */
#define DISTANCE(T, suffix)                                                                              \
    static inline T joined_##suffix(norm_kind kind, T lane, T size)                                      \
    {                                                                                                    \
        if (kind == MAXIMUM)                                                                             \
            return ((lane > size) | (lane != lane)) ? lane : size;                                       \
        return lane + size;                                                                              \
    }                                                                                                    \
    static inline T part_##suffix(norm_kind kind, T a, T b)                                              \
    {                                                                                                    \
        const T d = a - b;                                                                               \
        return kind == COUNT ? (T)(d != 0) : d < 0 ? -d : d;                                             \
    }                                                                                                    \
    static inline void row_##suffix(norm_kind kind, const distances *d, const T *a, const T *b, T *out)  \
    {                                                                                                    \
        const int64_t k = d->k;                                                                          \
        for (int64_t j = 0; j < d->m; j++, b += k) {                                                     \
            T lanes[8] = {0};                                                                            \
            int64_t i = 0;                                                                               \
            for (; i + 8 <= k; i += 8)                                                                   \
                for (int l = 0; l < 8; l++)                                                              \
                    lanes[l] = joined_##suffix(kind, lanes[l], part_##suffix(kind, a[i + l], b[i + l])); \
            for (int64_t l = 0; i + l < k; l++)                                                          \
                lanes[l] = joined_##suffix(kind, lanes[l], part_##suffix(kind, a[i + l], b[i + l]));     \
            for (int width = 4; width; width /= 2)                                                       \
                for (int l = 0; l < width; l++)                                                          \
                    lanes[l] = joined_##suffix(kind, lanes[l], lanes[l + width]);                        \
            out[j] = lanes[0];                                                                           \
        }                                                                                                \
    }                                                                                                    \
    static void rows_##suffix(const distances *d, int64_t rows, const void *of_a, const void *of_b,      \
                              void *to)                                                                  \
    {                                                                                                    \
        const T *a = of_a, *b = of_b;                                                                    \
        T *out = to;                                                                                     \
        for (int64_t r = 0; r < rows; r++, a += d->k, out += d->m) {                                     \
            if (d->kind == ABSOLUTE)                                                                     \
                row_##suffix(ABSOLUTE, d, a, b, out);                                                    \
            else if (d->kind == COUNT)                                                                   \
                row_##suffix(COUNT, d, a, b, out);                                                       \
            else                                                                                         \
                row_##suffix(MAXIMUM, d, a, b, out);                                                     \
        }                                                                                                \
    }
DISTANCE(float, f32)
DISTANCE(double, f64)

static void some_distances(void *context, int64_t chunk)
{
    const distances *d = context;
    const int64_t matrix = chunk / d->chunks, first = chunk % d->chunks * d->rows;
    const int64_t rows = d->n - first < d->rows ? d->n - first : d->rows, size = d->wide ? 8 : 4;
    const char *a = d->a + (matrix * d->n + first) * d->k * size, *b = d->b + matrix * d->m * d->k * size;
    char *out = d->out + (matrix * d->n + first) * d->m * size;
    if (d->kind == EUCLID)
        tp__reduce()->distances[d->wide](rows, d->m, d->k, a, b, out);
    else
        (d->wide ? rows_f64 : rows_f32)(d, rows, a, b, out);
}

static tp_status forward_cdist(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    tp_tensor *out = call->outputs[0];
    const int last = a->ndim - 1;
    tp__array of_a, of_b;
    if (!out->numel)
        return TP_OK;
    TP__TRY(tp__spread(a, a, &of_a));
    TP__TRY(tp__spread(b, b, &of_b));
    distances d = {.kind = *(const norm_kind *)call->attributes,
                   .wide = out->dtype == TP_F64,
                   .n = a->shape[last - 1],
                   .m = b->shape[last - 1],
                   .k = a->shape[last],
                   .a = of_a.data,
                   .b = of_b.data,
                   .out = out->data};
    d.rows = (1 << 19) / (d.m * (d.k + 1)) + 1;
    d.chunks = (d.n + d.rows - 1) / d.rows;
    tp__parallel_for(out->numel / d.m / d.n * d.chunks, some_distances, &d);
    tp_release(of_a.scratch);
    tp_release(of_b.scratch);
    return TP_OK;
}

/* The derivative of each distance with respect to a's elements, times its gradient: [..., n, m, k]. */
static tp_tensor *spread_gradient(tp_backward_call *call)
{
    const norm_kind kind = *(const norm_kind *)call->attributes;
    tp_tensor *a = call->inputs[0], *b = call->inputs[1], *y = call->outputs[0], *g = call->grad_outputs[0];
    tp_tensor *d = tp_sub(tp_unsqueeze(a, -2), tp_unsqueeze(b, -3));
    if (kind == EUCLID) {
        tp_tensor *zero = tp_eq(y, 0);
        tp_tensor *ratio = tp_div(g, tp_where(zero, tp_ones_n((tp_dtype)y->dtype, 0, NULL), y));
        ratio = tp_where(zero, tp_zeros_n((tp_dtype)y->dtype, 0, NULL), ratio);
        return tp_mul(d, tp_unsqueeze(ratio, -1));
    }
    tp_tensor *sign = tp_sign(d);
    if (kind == MAXIMUM)
        sign = tp_mul(sign, tp_eq(tp_abs(d), tp_unsqueeze(y, -1)));
    return tp_mul(sign, tp_unsqueeze(g, -1));
}

/* tp__reduce()->distances_gradient for the other norms. */
#define GRADIENT(T, suffix)                                                                              \
    static void gradient_##suffix(norm_kind kind, int64_t n, int64_t m, int64_t k, const void *own_rows, \
                                  const void *other_rows, const void *lengths, const void *gradients,    \
                                  int64_t row, int64_t column, void *out)                                \
    {                                                                                                    \
        const T *own = own_rows, *other = other_rows, *y = lengths, *g = gradients;                      \
        for (int64_t i = 0; i < n; i++)                                                                  \
            for (int64_t j = 0; j < m; j++) {                                                            \
                const T dist = y[i * row + j * column], w = g[i * row + j * column];                     \
                T *to = (T *)out + i * k;                                                                \
                for (int64_t c = 0; c < k; c++) {                                                        \
                    const T d = own[i * k + c] - other[j * k + c];                                       \
                    const T sign = (T)((d > 0) - (d < 0));                                               \
                    to[c] += kind == ABSOLUTE ? w * sign : d == dist || -d == dist ? w * sign : 0;       \
                }                                                                                        \
            }                                                                                            \
    }
GRADIENT(float, f32)
GRADIENT(double, f64)

static tp_status backward_cdist(tp_backward_call *call)
{
    const norm_kind kind = *(const norm_kind *)call->attributes;
    if (call->recording && kind != COUNT) {
        tp_tensor *spread = spread_gradient(call);
        if (call->needed[0])
            call->grad_inputs[0] = tp_sum_dim(spread, -2, false);
        if (call->needed[1])
            call->grad_inputs[1] = tp_neg(tp_sum_dim(spread, -3, false));
        return tp__ctx.error;
    }
    tp_tensor *const a = tp_contiguous(call->inputs[0]), *const b = tp_contiguous(call->inputs[1]),
                     *const g = tp_contiguous(call->grad_outputs[0]), *const y = call->outputs[0];
    if (!a || !b || !g)
        return tp__ctx.error;
    const int64_t n = a->shape[a->ndim - 2], k = a->shape[a->ndim - 1], m = b->shape[b->ndim - 2],
                  size = (int64_t)tp_dtype_size((tp_dtype)a->dtype),
                  batches = y->numel ? y->numel / (n * m) : 0;
    for (int which = 0; which < 2; which++) {
        if (!call->needed[which])
            continue;
        tp_tensor *own = which ? b : a, *other = which ? a : b;
        tp_tensor *out = call->grad_inputs[which] = tp_zeros_like(own);
        if (!out)
            return TP_ERROR_MEMORY;
        const int64_t rows = which ? m : n, others = which ? n : m, row = which ? 1 : m,
                      column = which ? m : 1;
        for (int64_t i = 0; i < batches && kind != COUNT; i++) {
            const void *of_own = own->data + i * rows * k * size,
                       *of_other = other->data + i * others * k * size;
            const void *lengths = y->data + i * n * m * size, *gradients = g->data + i * n * m * size;
            void *to = out->data + i * rows * k * size;
            const bool wide = a->dtype == TP_F64;
            if (kind == EUCLID)
                tp__reduce()->distances_gradient[wide](rows, others, k, of_own, of_other, lengths, gradients,
                                                       row, column, to);
            else
                (wide ? gradient_f64 : gradient_f32)(kind, rows, others, k, of_own, of_other, lengths,
                                                     gradients, row, column, to);
        }
    }
    return TP_OK;
}

#define NORM(which)    \
    &(const norm_kind) \
    {                  \
        which          \
    }

const tp_op tp__op_cdist = {
    .name = "cdist",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(norm_kind),
    .infer = infer_cdist,
    .forward = forward_cdist,
    .backward = backward_cdist,
    .documentation = "The distances of all rows of two matrices.",
    .samples = SAMPLES(
        {"f64[3,4] f64[2,4]", NORM(EUCLID), NULL}, {"f64[2,3,11] f64[2,1,11]", NORM(EUCLID), NULL},
        {"f64[3,4] f64[2,4]", NORM(ABSOLUTE), NULL}, {"f64[3,4] f64[2,4]", NORM(MAXIMUM), NULL},
        {"f64[3,0] f64[2,0]", NORM(EUCLID), NULL}, {"f64[0,2] f64[3,2]", NORM(EUCLID), NULL},
        {"f64[3,4] f64[2,3]", NORM(EUCLID), "do not fit"}, {"f64[4] f64[4]", NORM(EUCLID), "do not fit"},
        {"f64[3,4] f64[2,4]", NORM((norm_kind)7), "7 is no norm"}),
};

tp_tensor *tp_cdist(tp_tensor *a, tp_tensor *b, double p)
{
    if (!a || !b)
        return tp__null_argument("cdist: an operand"), NULL;
    TP_FRAME("cdist");
    if (check_p(p) != TP_OK)
        return NULL;
    if (a->ndim < 2 || b->ndim < 2 || a->shape[a->ndim - 1] != b->shape[b->ndim - 1] ||
        a->dtype != b->dtype) {
        char of_a[TP__SHAPE_TEXT_SIZE], of_b[TP__SHAPE_TEXT_SIZE];
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "X1 and X2 must have at least two dimensions, the same number of columns and one dtype, "
            "but are %s %s and %s %s",
            tp_dtype_name((tp_dtype)a->dtype), tp__shape_text(of_a, sizeof of_a, a->ndim, a->shape),
            tp_dtype_name((tp_dtype)b->dtype), tp__shape_text(of_b, sizeof of_b, b->ndim, b->shape));
    }
    if (p != 0 && p != 1 && p != 2 && !isinf(p))
        return norm_along(tp_sub(tp_unsqueeze(a, -2), tp_unsqueeze(b, -3)), p, -1, false);
    tp_tensor batch_a = *a, batch_b = *b;
    tp_result common;
    batch_a.ndim = (int8_t)(a->ndim - 2);
    batch_b.ndim = (int8_t)(b->ndim - 2);
    if (tp__broadcast(2, (tp_tensor *const[]){&batch_a, &batch_b}, &common) != TP_OK)
        return NULL;
    tp_tensor *inputs[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        tp_tensor *t = inputs[i];
        common.shape[common.ndim] = t->shape[t->ndim - 2];
        common.shape[common.ndim + 1] = t->shape[t->ndim - 1];
        if (t->ndim != common.ndim + 2 ||
            memcmp(t->shape, common.shape, (size_t)t->ndim * sizeof(int64_t)) != 0)
            inputs[i] = tp_expand_n(t, common.ndim + 2, common.shape);
    }
    const norm_kind which = p == 0 ? COUNT : p == 1 ? ABSOLUTE : p == 2 ? EUCLID : MAXIMUM;
    return inputs[0] && inputs[1] ? tp_apply(&tp__op_cdist, inputs, 2, &which) : NULL;
}

/* ---- Composites ---- */

tp_tensor *tp_normalize_with(const tp_similarity_options *options)
{
    if (!options)
        return tp__null_argument("normalize: options"), NULL;
    if (!options->a)
        return tp__null_argument("normalize: the input"), NULL;
    TP_FRAME("normalize");
    if (check_p(options->p) != TP_OK || tp__require_float(options->a, "the input") != TP_OK)
        return NULL;
    tp_tensor *norm = norm_along(options->a, options->p, options->dim, true);
    return tp_div(options->a, tp_clamp(norm, options->eps, INFINITY));
}

/* max(|x|, eps), whose gradient is that of |x|, as PyTorch has it. */
static tp_tensor *length_of(tp_tensor *x, int dim, double eps)
{
    tp_tensor *length = norm_along(x, 2, dim, true);
    return tp_add(length, tp_detach(tp_sub(tp_clamp(length, eps, INFINITY), length)));
}

tp_tensor *tp_cosine_similarity_with(const tp_similarity_options *options)
{
    if (!options)
        return tp__null_argument("cosine_similarity: options"), NULL;
    tp_tensor *a = options->a, *b = options->b;
    if (!a || !b)
        return tp__null_argument("cosine_similarity: an operand"), NULL;
    TP_FRAME("cosine_similarity");
    tp_result common;
    if (tp__require_float(a, "x1") != TP_OK || tp__require_float(b, "x2") != TP_OK ||
        tp__broadcast(2, (tp_tensor *const[]){a, b}, &common) != TP_OK)
        return NULL;
    const tp_dtype dtype = tp__result_type(2, (tp_tensor *const[]){a, b});
    a = tp_expand_n(tp_to(a, dtype), common.ndim, common.shape);
    b = tp_expand_n(tp_to(b, dtype), common.ndim, common.shape);
    a = tp_div(a, length_of(a, options->dim, options->eps));
    b = tp_div(b, length_of(b, options->dim, options->eps));
    return tp_sum_dim(tp_mul(a, b), options->dim, false);
}

tp_tensor *tp_pairwise_distance_with(const tp_similarity_options *options)
{
    if (!options)
        return tp__null_argument("pairwise_distance: options"), NULL;
    if (!options->a || !options->b)
        return tp__null_argument("pairwise_distance: an operand"), NULL;
    TP_FRAME("pairwise_distance");
    if (check_p(options->p) != TP_OK)
        return NULL;
    tp_tensor *d = tp_add(tp_sub(options->a, options->b), options->eps);
    return tp__named(norm_along(d, options->p, -1, options->keepdim), "NormBackward1");
}
