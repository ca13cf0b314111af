/* Element types and their promotion. */
#include "taper/dtype.h"

static const struct {
    const char *name;
    size_t size;
} dtypes[TP_DTYPES] = {
    [TP_BOOL] = {"bool", 1},   [TP_U8] = {"uint8", 1},      [TP_I32] = {"int32", 4},
    [TP_I64] = {"int64", 8},   [TP_F32] = {"float32", 4},   [TP_F64] = {"float64", 8},
    [TP_F16] = {"float16", 2}, [TP_BF16] = {"bfloat16", 2},
};

size_t tp_dtype_size(tp_dtype dtype)
{
    return (unsigned)dtype < TP_DTYPES ? dtypes[dtype].size : 0;
}

const char *tp_dtype_name(tp_dtype dtype)
{
    return (unsigned)dtype < TP_DTYPES ? dtypes[dtype].name : "?";
}

/* The enumeration is in promotion order up to float64 (u8 with i32 is i32). The halves come after the
 * integers, before float32, and the two give float32. */
tp_dtype tp_promote_types(tp_dtype a, tp_dtype b)
{
    if (a == b)
        return a;
    if (tp_dtype_is_half(a) && tp_dtype_is_half(b))
        return TP_F32;
    if (tp_dtype_is_half(a))
        return b < TP_F32 ? a : b;
    if (tp_dtype_is_half(b))
        return a < TP_F32 ? b : a;
    return a > b ? a : b;
}
