/* Single elements of any dtype, and copies between any strides and dtypes. */
#include "tensor/tensor.h"
#include "backend/cpu/table.h"
#include "base/half.h"

#include <string.h>

/* What x86 hardware gives for numbers out of range, where C leaves the result undefined. */
static inline int64_t to_i64(double value)
{
    return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}

static inline int32_t to_i32(double value)
{
    return value > -2147483649.0 && value < 2147483648.0 ? (int32_t)value : INT32_MIN;
}

#define FROM_FLOAT_TO_boolean(v) ((v) != 0)
#define FROM_FLOAT_TO_uint8_t(v) ((uint8_t)to_i64((double)(v)))
#define FROM_FLOAT_TO_int32_t(v) to_i32((double)(v))
#define FROM_FLOAT_TO_int64_t(v) to_i64((double)(v))
#define FROM_FLOAT_TO_float(v) ((float)(v))
#define FROM_FLOAT_TO_double(v) ((double)(v))
#define FROM_FLOAT_TO_f16(v) ((f16){tp__f16_of_float((float)(v))})
#define FROM_FLOAT_TO_bf16(v) ((bf16){tp__bf16_of_float((float)(v))})
#define FROM_WHOLE_TO_f16(v) ((f16){tp__f16_of_float((float)(v))})
#define FROM_WHOLE_TO_bf16(v) ((bf16){tp__bf16_of_float((float)(v))})
#define FROM_WHOLE_TO_boolean(v) ((v) != 0)
#define FROM_WHOLE_TO_uint8_t(v) ((uint8_t)(v))
#define FROM_WHOLE_TO_int32_t(v) ((int32_t)(v))
#define FROM_WHOLE_TO_int64_t(v) ((int64_t)(v))
#define FROM_WHOLE_TO_float(v) ((float)(v))
#define FROM_WHOLE_TO_double(v) ((double)(v))

double tp__load_f64(tp_dtype dtype, const void *p)
{
    switch (dtype) {
    case TP_BOOL:
    case TP_U8:
        return *(const uint8_t *)p;
    case TP_I32:
        return *(const int32_t *)p;
    case TP_I64:
        return (double)*(const int64_t *)p;
    case TP_F32:
        return (double)*(const float *)p;
    case TP_F64:
        return *(const double *)p;
    case TP_F16:
        return (double)tp__float_of_f16(*(const uint16_t *)p);
    case TP_BF16:
        return (double)tp__float_of_bf16(*(const uint16_t *)p);
    }
    return 0;
}

int64_t tp__load_i64(tp_dtype dtype, const void *p)
{
    switch (dtype) {
    case TP_BOOL:
    case TP_U8:
        return *(const uint8_t *)p;
    case TP_I32:
        return *(const int32_t *)p;
    case TP_I64:
        return *(const int64_t *)p;
    case TP_F32:
        return to_i64((double)*(const float *)p);
    case TP_F64:
        return to_i64(*(const double *)p);
    case TP_F16:
    case TP_BF16:
        return to_i64(tp__load_f64(dtype, p));
    }
    return 0;
}

void tp__store_f64(tp_dtype dtype, void *p, double value)
{
    switch (dtype) {
    case TP_BOOL:
        *(bool *)p = value != 0;
        break;
    case TP_U8:
        *(uint8_t *)p = FROM_FLOAT_TO_uint8_t(value);
        break;
    case TP_I32:
        *(int32_t *)p = to_i32(value);
        break;
    case TP_I64:
        *(int64_t *)p = to_i64(value);
        break;
    case TP_F32:
        *(float *)p = (float)value;
        break;
    case TP_F64:
        *(double *)p = value;
        break;
    case TP_F16:
        *(uint16_t *)p = tp__f16_of_float((float)value);
        break;
    case TP_BF16:
        *(uint16_t *)p = tp__bf16_of_float((float)value);
        break;
    }
}

void tp__store_i64(tp_dtype dtype, void *p, int64_t value)
{
    switch (dtype) {
    case TP_BOOL:
        *(bool *)p = value != 0;
        break;
    case TP_U8:
        *(uint8_t *)p = (uint8_t)value;
        break;
    case TP_I32:
        *(int32_t *)p = (int32_t)value;
        break;
    case TP_I64:
        *(int64_t *)p = value;
        break;
    case TP_F32:
        *(float *)p = (float)value;
        break;
    case TP_F64:
        *(double *)p = (double)value;
        break;
    case TP_F16:
        *(uint16_t *)p = tp__f16_of_float((float)value);
        break;
    case TP_BF16:
        *(uint16_t *)p = tp__bf16_of_float((float)value);
        break;
    }
}

typedef bool boolean; /* bool itself is a macro, which cannot be part of a name */
typedef struct f16 {
    uint16_t bits;
} f16;
typedef struct bf16 {
    uint16_t bits;
} bf16;

/* One row of `n` elements; the distances are in elements. */
typedef void row_copy(const void *from, int64_t from_stride, void *to, int64_t to_stride, int64_t n);

#define COPY(KIND, FROM, TO)                                                                           \
    static void copy_##FROM##_##TO(const void *from, int64_t from_stride, void *to, int64_t to_stride, \
                                   int64_t n)                                                          \
    {                                                                                                  \
        const FROM *in = from;                                                                         \
        TO *out = to;                                                                                  \
        for (int64_t i = 0; i < n; i++)                                                                \
            out[i * to_stride] = FROM_##KIND##_TO_##TO(in[i * from_stride]);                           \
    }
#define COPIES(KIND, FROM)    \
    COPY(KIND, FROM, boolean) \
    COPY(KIND, FROM, uint8_t) \
    COPY(KIND, FROM, int32_t) \
    COPY(KIND, FROM, int64_t) \
    COPY(KIND, FROM, float)   \
    COPY(KIND, FROM, double)  \
    COPY(KIND, FROM, f16)     \
    COPY(KIND, FROM, bf16)
COPIES(WHOLE, boolean)
COPIES(WHOLE, uint8_t)
COPIES(WHOLE, int32_t)
COPIES(WHOLE, int64_t)
COPIES(FLOAT, float)
COPIES(FLOAT, double)

/* From halves by way of float; between equal ones, bits. */
#define HALF_COPY(FROM, TO, expression)                                                                \
    static void copy_##FROM##_##TO(const void *from, int64_t from_stride, void *to, int64_t to_stride, \
                                   int64_t n)                                                          \
    {                                                                                                  \
        const FROM *in = from;                                                                         \
        TO *out = to;                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                              \
            const FROM v = in[i * from_stride];                                                        \
            out[i * to_stride] = expression;                                                           \
        }                                                                                              \
    }
#define HALF_COPIES(FROM)                                                        \
    HALF_COPY(FROM, boolean, FROM_FLOAT_TO_boolean(tp__float_of_##FROM(v.bits))) \
    HALF_COPY(FROM, uint8_t, FROM_FLOAT_TO_uint8_t(tp__float_of_##FROM(v.bits))) \
    HALF_COPY(FROM, int32_t, FROM_FLOAT_TO_int32_t(tp__float_of_##FROM(v.bits))) \
    HALF_COPY(FROM, int64_t, FROM_FLOAT_TO_int64_t(tp__float_of_##FROM(v.bits))) \
    HALF_COPY(FROM, float, tp__float_of_##FROM(v.bits))                          \
    HALF_COPY(FROM, double, (double)tp__float_of_##FROM(v.bits))
HALF_COPIES(f16)
HALF_COPIES(bf16)
HALF_COPY(f16, f16, v)
HALF_COPY(bf16, bf16, v)
HALF_COPY(f16, bf16, ((bf16){tp__bf16_of_f16(v.bits)}))
HALF_COPY(bf16, f16, FROM_FLOAT_TO_f16(tp__float_of_bf16(v.bits)))

#define ROW(FROM)                                                                                   \
    {                                                                                               \
        copy_##FROM##_boolean, copy_##FROM##_uint8_t, copy_##FROM##_int32_t, copy_##FROM##_int64_t, \
            copy_##FROM##_float, copy_##FROM##_double, copy_##FROM##_f16, copy_##FROM##_bf16        \
    }
static row_copy *const row_copies[TP_DTYPES][TP_DTYPES] = {
    ROW(boolean), ROW(uint8_t), ROW(int32_t), ROW(int64_t), ROW(float), ROW(double), ROW(f16), ROW(bf16)};

static TP__APART void copy_rows(const tp_tensor *from, tp_tensor *to)
{
    const size_t from_size = tp__item_size((tp_dtype)from->dtype),
                 to_size = tp__item_size((tp_dtype)to->dtype);
    row_copy *const copy = row_copies[from->dtype][to->dtype];
    if (from->contiguous && to->contiguous &&
        (tp_dtype_is_half((tp_dtype)from->dtype) || tp_dtype_is_half((tp_dtype)to->dtype))) {
        tp__elementwise()->convert[from->dtype][to->dtype](from->numel, from->data, 1, to->data);
        return;
    }
    if (from->contiguous && to->contiguous) {
        copy(from->data, 1, to->data, 1, from->numel);
        return;
    }
    const int last = from->ndim - 1; /* not 0-dimensional: that is contiguous */
    int64_t index[TP_MAX_DIMS] = {0}, in = 0, out = 0;
    for (;;) {
        copy(from->data + in * (int64_t)from_size, from->strides[last], to->data + out * (int64_t)to_size,
             to->strides[last], from->shape[last]);
        int d = last - 1;
        for (; d >= 0; d--) {
            in += from->strides[d];
            out += to->strides[d];
            if (++index[d] < from->shape[d])
                break;
            in -= from->strides[d] * from->shape[d];
            out -= to->strides[d] * from->shape[d];
            index[d] = 0;
        }
        if (d < 0)
            return;
    }
}

void tp__copy_elements(const tp_tensor *from, tp_tensor *to)
{
    if (!from->numel)
        return;
    if (from->contiguous && to->contiguous && from->dtype == to->dtype)
        memcpy(to->data, from->data, (size_t)from->numel * tp__item_size((tp_dtype)from->dtype));
    else
        copy_rows(from, to);
}
