/* The types of a tensor's elements. */
#ifndef TAPER_DTYPE_H
#define TAPER_DTYPE_H

#include "taper/status.h"

TP_BEGIN

/* In promotion order: of two types, the result type of an operation is the later one. */
typedef enum tp_dtype {
    TP_BOOL = 0, /* one byte, 0 or 1 */
    TP_U8 = 1,
    TP_I32 = 2,
    TP_I64 = 3,
    TP_F32 = 4,
    TP_F64 = 5
} tp_dtype;

/* How many dtypes there are. */
#define TP_DTYPES 6

/* Bytes of one element: 1, 1, 4, 8, 4, 8. 0 for a value that is no dtype. */
TP_API size_t tp_dtype_size(tp_dtype dtype);

/* PyTorch's name: "bool", "uint8", "int32", "int64", "float32", "float64". "?" for a value that is no dtype.
 */
TP_API const char *tp_dtype_name(tp_dtype dtype);

/* PyTorch's promote_types for two tensors of the same priority. */
TP_API tp_dtype tp_promote_types(tp_dtype a, tp_dtype b);

/* Whether it is a floating type. */
static inline bool tp_dtype_is_float(tp_dtype dtype)
{
    return dtype >= TP_F32;
}

TP_CLOSE

#endif
