/* Operations said with others: no record, and gradients of every order. */
#include "heart/heart.h"
#include "taper/ops.h"
#include "tensor/tensor.h"

#include "base/error.h"

tp_tensor *tp_glu(tp_tensor *x, int dim)
{
    TP_FRAME("glu");
    const int64_t size = tp_size(x, dim);
    if (!x || size < 0)
        return NULL;
    if (size % 2) {
        tp_fail(TP_ERROR_SHAPE, "Halving dimension must be even, but dimension %d is size %lld", dim,
                (long long)size);
        return NULL;
    }
    tp_tensor *gate = tp_sigmoid(tp_narrow(x, dim, size / 2, size / 2));
    return tp__named(tp_mul(tp_narrow(x, dim, 0, size / 2), gate), "GluBackward0");
}
