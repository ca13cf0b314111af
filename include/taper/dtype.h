/* The types of a tensor's elements. */
#ifndef TAPER_DTYPE_H
#define TAPER_DTYPE_H

#include "taper/status.h"

TP_BEGIN

/* Of two of the first six, the result type of an operation is the later one.
 *
 * float16 and bfloat16 keep numbers in two bytes and compute nothing: they are made, moved, viewed, joined,
 * chosen from, printed, saved and loaded, and converted both ways with tp_to, whose gradient is converted
 * back; an operation that computes refuses them (TP_ERROR_DTYPE) and says so. What is converted is rounded to
 * the nearest, to even in the middle, by way of float32; too large becomes infinite. Bits are PyTorch's; of a
 * NaN, bfloat16 keeps no more than that it is one. In arrays of C they are uint16_t. */
typedef enum tp_dtype {
    TP_BOOL = 0, /* one byte, 0 or 1 */
    TP_U8 = 1,
    TP_I32 = 2,
    TP_I64 = 3,
    TP_F32 = 4,
    TP_F64 = 5,
    TP_F16 = 6, /* IEEE 754's half precision: 1 bit of sign, 5 of exponent, 10 of fraction */
    TP_BF16 = 7 /* the upper half of a float32: 1, 8, 7 */
} tp_dtype;

/* How many dtypes there are. */
#define TP_DTYPES 8

/* Bytes of one element: 1, 1, 4, 8, 4, 8, 2, 2. 0 for a value that is no dtype. */
TP_API size_t tp_dtype_size(tp_dtype dtype);

/* PyTorch's name: "bool", "uint8", "int32", "int64", "float32", "float64", "float16", "bfloat16". "?" for a
 * value that is no dtype. */
TP_API const char *tp_dtype_name(tp_dtype dtype);

/* PyTorch's promote_types for two tensors of the same priority. */
TP_API tp_dtype tp_promote_types(tp_dtype a, tp_dtype b);

/* Whether it is a floating type. */
static inline bool tp_dtype_is_float(tp_dtype dtype)
{
    return dtype >= TP_F32;
}

/* float16 and bfloat16, which are not computed with. */
static inline bool tp_dtype_is_half(tp_dtype dtype)
{
    return dtype == TP_F16 || dtype == TP_BF16;
}

TP_CLOSE

#endif
