/* The dtype and the shape of what several operands make together. */
#include "ops/elementwise.h"

static int category(tp_dtype dtype)
{
    return dtype == TP_BOOL ? 0 : dtype < TP_F32 ? 1 : 2;
}

tp_dtype tp__result_type(int n, tp_tensor *const *inputs)
{
    int types[3] = {-1, -1, -1}; /* with dimensions, without, numbers */
    for (int i = 0; i < n; i++) {
        if (!inputs[i])
            continue;
        int *type = &types[inputs[i]->number ? 2 : inputs[i]->ndim ? 0 : 1];
        *type =
            *type < 0 ? inputs[i]->dtype : (int)tp_promote_types((tp_dtype)*type, (tp_dtype)inputs[i]->dtype);
    }
    int result = types[0];
    if (types[1] >= 0 && (result < 0 || category((tp_dtype)types[1]) > category((tp_dtype)result)))
        result = types[1];
    if (types[2] >= 0 && (result < 0 || category((tp_dtype)types[2]) > category((tp_dtype)result)))
        result = types[2] == TP_F64 ? TP_F32 : types[2];
    return result < 0 ? TP_F32 : (tp_dtype)result;
}

tp_status tp__broadcast(int n, tp_tensor *const *inputs, tp_result *result)
{
    int ndim = 0;
    result->view = false;
    if (n == 2 && inputs[0]->ndim == inputs[1]->ndim) {
        const tp_tensor *a = inputs[0], *b = inputs[1];
        int d = 0;
        while (d < a->ndim && a->shape[d] == b->shape[d]) {
            result->shape[d] = a->shape[d];
            d++;
        }
        result->ndim = d;
        if (d == a->ndim)
            return TP_OK;
    }
    for (int i = 0; i < n; i++)
        if (inputs[i] && inputs[i]->ndim > ndim)
            ndim = inputs[i]->ndim;
    result->ndim = ndim;
    for (int d = 0; d < ndim; d++) {
        int64_t size = 1;
        for (int i = 0; i < n; i++) {
            if (!inputs[i])
                continue;
            const int own = d - (ndim - inputs[i]->ndim);
            const int64_t own_size = own < 0 ? 1 : inputs[i]->shape[own];
            if (own_size == 1 || own_size == size)
                continue;
            if (size != 1) {
                char a[TP__SHAPE_TEXT_SIZE], b[TP__SHAPE_TEXT_SIZE];
                int first = 0;
                for (; first < i; first++) {
                    const int there = d - (ndim - inputs[first]->ndim);
                    if (there >= 0 && inputs[first]->shape[there] == size)
                        break;
                }
                return tp_fail(TP_ERROR_SHAPE,
                               "%s and %s do not broadcast (dimension %d: %lld against %lld; the size of "
                               "tensor a (%lld) "
                               "must match the size of tensor b (%lld) at non-singleton dimension %d)",
                               tp__shape_text(a, sizeof a, inputs[first]->ndim, inputs[first]->shape),
                               tp__shape_text(b, sizeof b, inputs[i]->ndim, inputs[i]->shape), d,
                               (long long)size, (long long)own_size, (long long)size, (long long)own_size, d);
            }
            size = own_size;
        }
        result->shape[d] = size;
    }
    return TP_OK;
}
