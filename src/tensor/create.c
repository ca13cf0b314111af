/* Making tensors of given values. */
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

/* Errors of dtype, shape and memory are named after `who`. */
static tp_tensor *make(const char *who, tp_dtype dtype, int ndim, const int64_t *shape)
{
    TP_FRAME(who);
    return tp__tensor_new(tp__region_current(), dtype, ndim, shape);
}

static tp_tensor *make_zeros(const char *who, tp_dtype dtype, int ndim, const int64_t *shape)
{
    tp_tensor *t = make(who, dtype, ndim, shape);
    if (t)
        memset(t->data, 0, t->storage->size);
    return t;
}

tp_tensor *tp_zeros_n(tp_dtype dtype, int ndim, const int64_t *shape)
{
    return make_zeros("zeros", dtype, ndim, shape);
}

/* Repeats the first of `count` elements. */
static void repeat_first(char *data, size_t item, int64_t count)
{
    const size_t size = (size_t)count * item;
    for (size_t done = item; done < size; done *= 2)
        memcpy(data + done, data, done < size - done ? done : size - done);
}

/* Whether an integer type can hold `value`, apart from its fraction. */
static bool holds(tp_dtype dtype, double value)
{
    switch (dtype) {
    case TP_U8:
        return value > -1 && value < 256;
    case TP_I32:
        return value > -2147483649.0 && value < 2147483648.0;
    case TP_I64:
        return value >= -0x1p63 && value < 0x1p63;
    default:
        return true;
    }
}

static tp_tensor *full(const char *who, tp_dtype dtype, double value, int ndim, const int64_t *shape)
{
    if (!holds(dtype, value))
        return tp__fail_null(TP_ERROR_VALUE, "%s: %s cannot hold %g", who, tp_dtype_name(dtype), value);
    tp_tensor *t = make(who, dtype, ndim, shape);
    if (!t || !t->numel)
        return t;
    tp__store_f64(dtype, t->data, value);
    repeat_first(t->data, tp_dtype_size(dtype), t->numel);
    return t;
}

tp_tensor *tp_ones_n(tp_dtype dtype, int ndim, const int64_t *shape)
{
    return full("ones", dtype, 1, ndim, shape);
}

tp_tensor *tp_full_n(tp_dtype dtype, double value, int ndim, const int64_t *shape)
{
    return full("full", dtype, value, ndim, shape);
}

tp_tensor *tp_zeros_like(const tp_tensor *like)
{
    return like ? make_zeros("zeros_like", (tp_dtype)like->dtype, like->ndim, like->shape)
                : tp__null_operand(__func__);
}

tp_tensor *tp_ones_like(const tp_tensor *like)
{
    return like ? full("ones_like", (tp_dtype)like->dtype, 1, like->ndim, like->shape)
                : tp__null_operand(__func__);
}

tp_tensor *tp_full_like(const tp_tensor *like, double value)
{
    if (!like)
        return tp__null_operand("full_like");
    return full("full_like", (tp_dtype)like->dtype, value, like->ndim, like->shape);
}

tp_tensor *tp_scalar(tp_dtype dtype, double value)
{
    return full("scalar", dtype, value, 0, NULL);
}

tp_tensor *tp_scalar_i64(int64_t value)
{
    tp_tensor *t = make("scalar", TP_I64, 0, NULL);
    if (t)
        memcpy(t->data, &value, sizeof value);
    return t;
}

/* PyTorch on AVX2 computes arange in whole pairs of vectors of 32 bytes, each from its first element, and
 * what remains element by element. The difference is in the last bits, and these are followed. */
#define VECTOR_BYTES 32

static void arange_f32(float *out, int64_t n, double start, double step)
{
    const int64_t lanes = VECTOR_BYTES / sizeof(float), whole = n - n % (2 * lanes);
    for (int64_t i = 0; i < whole; i += lanes) {
        const float base = (float)fma(step, (double)i, start);
        for (int64_t k = 0; k < lanes; k++)
            out[i + k] = (float)fma(step, (double)k, (double)base);
    }
    for (int64_t i = whole; i < n; i++)
        out[i] = (float)fma(step, (double)i, start);
}

static void arange_f64(double *out, int64_t n, double start, double step)
{
    const int64_t lanes = VECTOR_BYTES / sizeof(double), whole = n - n % (2 * lanes);
    for (int64_t i = 0; i < whole; i += lanes) {
        const double base = fma(step, (double)i, start);
        for (int64_t k = 0; k < lanes; k++)
            out[i + k] = fma(step, (double)k, base);
    }
    for (int64_t i = whole; i < n; i++)
        out[i] = fma(step, (double)i, start);
}

tp_tensor *tp_arange(tp_dtype dtype, double start, double end, double step)
{
    const double numbers[] = {start, end, step};
    if (dtype == TP_BOOL)
        return tp__fail_null(TP_ERROR_DTYPE, "arange: not for bool");
    if (tp__refuse_half(dtype, "arange: the result") != TP_OK)
        return NULL;
    if (!isfinite(start) || !isfinite(end) || isnan(step))
        return tp__fail_null(TP_ERROR_VALUE, "arange: unsupported range: %g -> %g, step %g", start, end,
                             step);
    if (step == 0)
        return tp__fail_null(TP_ERROR_VALUE, "arange: step must be nonzero");
    if ((step > 0 && end < start) || (step < 0 && end > start))
        return tp__fail_null(
            TP_ERROR_VALUE,
            "arange: upper bound and lower bound inconsistent with step sign (%g to %g, step %g)", start, end,
            step);
    for (int i = 0; i < 3 && !tp_dtype_is_float(dtype); i++)
        if (numbers[i] != trunc(numbers[i]) || !holds(TP_I64, numbers[i]))
            return tp__fail_null(TP_ERROR_VALUE, "arange: %g is not a whole number, which %s needs",
                                 numbers[i], tp_dtype_name(dtype));
    const double size = ceil((end - start) / step);
    if (!(size < 0x1p58))
        return tp__fail_null(TP_ERROR_SHAPE, "arange: %g elements are too many", size);
    const int64_t n = (int64_t)size;
    tp_tensor *t = make("arange", dtype, 1, &n);
    if (!t)
        return NULL;
    if (dtype == TP_F32)
        arange_f32((float *)t->data, n, start, step);
    else if (dtype == TP_F64)
        arange_f64((double *)t->data, n, start, step);
    else
        for (int64_t i = 0; i < n; i++)
            tp__store_i64(dtype, t->data + i * (int64_t)tp_dtype_size(dtype),
                          (int64_t)((uint64_t)(int64_t)start + (uint64_t)i * (uint64_t)(int64_t)step));
    return t;
}

/* The first half is counted from the start, the second from the end. */
#define LINSPACE(NAME, TYPE, FMA)                                                                \
    static void NAME(TYPE *out, int64_t n, TYPE start, TYPE end)                                 \
    {                                                                                            \
        const TYPE step = (end - start) / (TYPE)(n - 1);                                         \
        for (int64_t i = 0; i < n; i++)                                                          \
            out[i] = i < n / 2 ? FMA(step, (TYPE)i, start) : FMA(-step, (TYPE)(n - i - 1), end); \
    }
LINSPACE(linspace_f32, float, fmaf)
LINSPACE(linspace_f64, double, fma)

tp_tensor *tp_linspace(tp_dtype dtype, double start, double end, int64_t steps)
{
    if (!tp_dtype_is_float(dtype))
        return tp__fail_null(TP_ERROR_DTYPE, "linspace: a floating type is needed, not %s",
                             tp_dtype_name(dtype));
    if (tp__refuse_half(dtype, "linspace: the result") != TP_OK)
        return NULL;
    if (steps < 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "linspace: number of steps must be non-negative, not %lld",
                             (long long)steps);
    tp_tensor *t = make("linspace", dtype, 1, &steps);
    if (!t || !steps)
        return t;
    if (steps == 1)
        tp__store_f64(dtype, t->data, start);
    else if (dtype == TP_F32)
        linspace_f32((float *)t->data, steps, (float)start, (float)end);
    else
        linspace_f64((double *)t->data, steps, start, end);
    return t;
}

tp_tensor *tp_eye(tp_dtype dtype, int64_t rows, int64_t columns)
{
    tp_tensor *t = make_zeros("eye", dtype, 2, (const int64_t[]){rows, columns});
    if (!t)
        return NULL;
    const int64_t item = (int64_t)tp_dtype_size(dtype);
    for (int64_t i = 0; i < rows && i < columns; i++)
        tp__store_i64(dtype, t->data + i * (columns + 1) * item, 1);
    return t;
}

tp_tensor *tp_from_array_n(tp_dtype dtype, const void *array, int ndim, const int64_t *shape)
{
    tp_tensor *t = make("from_array", dtype, ndim, shape);
    if (!t || !t->numel)
        return t;
    if (!array)
        return tp__null_argument("from_array: the array"), NULL;
    memcpy(t->data, array, t->storage->size);
    return t;
}

tp_tensor *tp_wrap_array_n(tp_dtype dtype, void *array, int ndim, const int64_t *shape,
                           void (*release)(void *), void *argument)
{
    tp_region *region = tp__region_current();
    tp_tensor *t = tp__tensor_header(region, dtype, ndim, shape);
    if (!t)
        return NULL;
    if (!array && t->numel)
        return tp__null_argument("wrap_array: the array"), NULL;
    tp__storage *storage = tp__region_bump(region, sizeof *storage);
    if (!storage || (release && tp_region_on_end(region, release, argument) != TP_OK))
        return NULL;
    *storage = (tp__storage){.data = array, .size = (size_t)t->numel * tp_dtype_size(dtype), .views = 1};
    t->storage = storage;
    t->data = array;
    return t;
}
