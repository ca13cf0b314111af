/* Random tensors, in place and new. */
#include "base/random.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What is drawn; the numbers are those of the distribution. */
typedef struct draw {
    enum { UNIFORM, NORMAL, BERNOULLI } kind;
    double a, b;
} draw;

/* Fills `n` elements in a row. */
static void fill(tp_generator *g, tp_dtype dtype, void *out, int64_t n, const draw *d, bool contiguous)
{
    switch (d->kind) {
    case UNIFORM:
        if (dtype == TP_F32)
            tp__fill_uniform_f32(g, out, n, d->a, d->b);
        else
            tp__fill_uniform_f64(g, out, n, d->a, d->b);
        break;
    case NORMAL:
        if (dtype == TP_F32)
            tp__fill_normal_f32(g, out, n, d->a, d->b, contiguous);
        else
            tp__fill_normal_f64(g, out, n, d->a, d->b, contiguous);
        break;
    case BERNOULLI:
        tp__fill_bernoulli(g, out, n, d->a);
        /* The flags lie at the start of the elements: they are spread from the end, so that none is
         * overwritten before it is read. */
        for (int64_t i = n - 1; i >= 0; i--) {
            const bool one = ((const bool *)out)[i];
            tp__store_i64(dtype, (char *)out + i * (int64_t)tp_dtype_size(dtype), one);
        }
        break;
    }
}

/* Fills a tensor of any strides in the order of its memory, as PyTorch does. */
static tp_status fill_strided(const char *who, tp_generator *g, tp_tensor *t, const draw *d)
{
    const size_t item = tp_dtype_size((tp_dtype)t->dtype);
    int order[TP_MAX_DIMS], n = 0; /* dimensions by falling stride */
    for (int i = 0; i < t->ndim; i++) {
        if (t->shape[i] == 1)
            continue;
        int at = n++;
        for (; at > 0 && t->strides[order[at - 1]] < t->strides[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (int i = 0; i < n; i++)
        if (t->strides[order[i]] <= 0)
            return tp_fail(
                TP_ERROR_STATE,
                "%s: more than one element of the written-to tensor refers to a single memory location", who);
    char *values = tp__malloc((size_t)t->numel * item);
    if (!values)
        return TP_ERROR_MEMORY;
    fill(g, (tp_dtype)t->dtype, values, t->numel, d, false);
    tp_tensor from = {.dtype = t->dtype, .ndim = (int8_t)n, .numel = t->numel, .data = values}, to = from;
    for (int i = 0; i < n; i++) {
        from.shape[i] = to.shape[i] = t->shape[order[i]];
        to.strides[i] = t->strides[order[i]];
    }
    tp__contiguous_strides(n, from.shape, from.strides);
    to.data = t->data;
    if (n)
        tp__copy_elements(&from, &to);
    else
        memcpy(t->data, values, item);
    tp__free(values);
    return TP_OK;
}

static tp_status fill_in_place(const char *who, tp_tensor *t, tp_generator *g, const draw *d)
{
    if (!t)
        return tp__null_operand(who), tp__ctx.error;
    if (!tp_dtype_is_float((tp_dtype)t->dtype))
        return tp_fail(TP_ERROR_DTYPE, "%s: a floating type is needed, not %s", who,
                       tp_dtype_name((tp_dtype)t->dtype));
    if (tp_dtype_is_half((tp_dtype)t->dtype)) {
        TP_FRAME(who);
        return tp__refuse_half((tp_dtype)t->dtype, "the tensor");
    }
    if (t->layout != TP__DENSE)
        return tp_fail(TP_ERROR_UNSUPPORTED, "%s: the tensor is sparse", who);
    if (t->released)
        return tp_fail(TP_ERROR_STATE, "%s: the tensor was released", who);
    if (t->requires_grad && !tp__ctx.modes.no_grad)
        return tp_fail(TP_ERROR_STATE,
                       t->history
                           ? "%s: a tensor that requires grad is being used in an in-place operation."
                           : "%s: a leaf Variable that requires grad is being used in an in-place operation.",
                       who);
    if (!t->numel)
        return TP_OK;
    if (t->contiguous)
        fill(g, (tp_dtype)t->dtype, t->data, t->numel, d, true);
    else
        TP__TRY(fill_strided(who, g, t, d));
    tp__changed(t);
    return TP_OK;
}

tp_status tp_uniform_(tp_tensor *t, double from, double to, tp_generator *generator)
{
    const double most = t && t->dtype == TP_F64 ? DBL_MAX : (double)FLT_MAX;
    if (!(from <= to) || !(from >= -most) || !(to <= most) || !(to - from <= most))
        return tp_fail(TP_ERROR_ARGUMENT, "uniform_: the range [%g, %g) is not one", from, to);
    return fill_in_place("uniform_", t, generator, &(draw){UNIFORM, from, to});
}

tp_status tp_normal_(tp_tensor *t, double mean, double std, tp_generator *generator)
{
    if (!(std >= 0))
        return tp_fail(TP_ERROR_ARGUMENT, "normal_: the deviation is %g, below 0", std);
    return fill_in_place("normal_", t, generator, &(draw){NORMAL, mean, std});
}

tp_status tp_bernoulli_(tp_tensor *t, double p, tp_generator *generator)
{
    if (!(p >= 0 && p <= 1))
        return tp_fail(TP_ERROR_ARGUMENT, "bernoulli_: the probability is %g, not within 0 to 1", p);
    return fill_in_place("bernoulli_", t, generator, &(draw){BERNOULLI, p, 0});
}

static tp_tensor *random_tensor(const char *who, tp_dtype dtype, tp_generator *g, int ndim,
                                const int64_t *shape, const draw *d)
{
    if (!tp_dtype_is_float(dtype))
        return tp__fail_null(TP_ERROR_DTYPE, "%s: a floating type is needed, not %s", who,
                             tp_dtype_name(dtype));
    TP_FRAME(who);
    if (tp__refuse_half(dtype, "the result") != TP_OK)
        return NULL;
    tp_tensor *t = tp__tensor_new(tp__region_current(), dtype, ndim, shape);
    if (t && t->numel)
        fill(g, dtype, t->data, t->numel, d, true);
    return t;
}

tp_tensor *tp_rand_n(tp_dtype dtype, tp_generator *generator, int ndim, const int64_t *shape)
{
    return random_tensor("rand", dtype, generator, ndim, shape, &(draw){UNIFORM, 0, 1});
}

tp_tensor *tp_randn_n(tp_dtype dtype, tp_generator *generator, int ndim, const int64_t *shape)
{
    return random_tensor("randn", dtype, generator, ndim, shape, &(draw){NORMAL, 0, 1});
}

tp_tensor *tp_randint_n(int64_t low, int64_t high, tp_generator *generator, int ndim, const int64_t *shape)
{
    if (low >= high)
        return tp__fail_null(TP_ERROR_ARGUMENT, "randint: 'from' is %lld, which is not below 'to', %lld",
                             (long long)low, (long long)high);
    TP_FRAME("randint");
    tp_tensor *t = tp__tensor_new(tp__region_current(), TP_I64, ndim, shape);
    if (t && t->numel)
        tp__fill_randint(generator, (int64_t *)t->data, t->numel, low, high);
    return t;
}

tp_tensor *tp_randperm(int64_t n, tp_generator *generator)
{
    if (n < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "randperm: n is %lld, below 0", (long long)n);
    TP_FRAME("randperm");
    tp_tensor *t = tp__tensor_new(tp__region_current(), TP_I64, 1, &n);
    if (t && n)
        tp__fill_randperm(generator, (int64_t *)t->data, n);
    return t;
}
