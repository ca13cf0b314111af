/* Writing into tensors: in place, without a record, noticed by versions. */
#include "heart/heart.h"

#include <string.h>

/* Where a tensor is computed by recorded operations, writing over it would make its history a lie. */
tp_status tp__check_target(const tp_tensor *target)
{
    if (!target)
        return tp__null_argument("target");
    if (target->layout != TP__DENSE || target->released)
        return tp_fail(TP_ERROR_STATE, "the target is %s", target->released ? "given back" : "a CSR matrix");
    char name[TP__NODE_NAME_SIZE];
    if (target->history)
        return tp_fail(TP_ERROR_STATE,
                       "the target was computed by %s; only tensors without history can be written",
                       tp__history_name(target->history, name));
    if (target->requires_grad && !tp__ctx.modes.no_grad)
        return tp_fail(TP_ERROR_STATE,
                       "a leaf Variable that requires grad is being used in an in-place operation; "
                       "write to it with recording off (TP_SCOPE_NO_GRAD)");
    for (int d = 0; d < target->ndim; d++)
        if (!target->strides[d] && target->shape[d] > 1)
            return tp_fail(TP_ERROR_STATE,
                           "more than one element of the target refers to a single memory location; "
                           "clone it first");
    return TP_OK;
}

tp_status tp_assign(tp_tensor *target, const tp_tensor *source)
{
    TP_FRAME("assign");
    TP__TRY(tp__check_target(target));
    if (!source)
        return tp__null_argument("source");
    if (source->layout != TP__DENSE || source->released)
        return tp_fail(TP_ERROR_STATE, "the source is %s", source->released ? "given back" : "a CSR matrix");
    tp_tensor spread = *source;
    const int extra = target->ndim - source->ndim;
    spread.ndim = target->ndim;
    spread.numel = target->numel;
    spread.contiguous = source->contiguous && source->numel == target->numel;
    bool fits = extra >= 0;
    for (int d = 0; d < target->ndim && fits; d++) {
        const int64_t own = d < extra ? 1 : source->shape[d - extra];
        fits = own == 1 || own == target->shape[d];
        spread.shape[d] = target->shape[d];
        spread.strides[d] = own == 1 ? 0 : source->strides[d - extra];
    }
    if (!fits) {
        char from[TP__SHAPE_TEXT_SIZE], to[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE, "%s does not broadcast to %s",
                       tp__shape_text(from, sizeof from, source->ndim, source->shape),
                       tp__shape_text(to, sizeof to, target->ndim, target->shape));
    }
    /* Overlapping storage is read before it is written. */
    const bool in_place = source->data == target->data &&
                          !memcmp(spread.strides, target->strides, (size_t)target->ndim * sizeof(int64_t));
    if (source->storage && source->storage == target->storage && !in_place) {
        tp_tensor *copy =
            tp__tensor_new(tp__region_current(), (tp_dtype)source->dtype, spread.ndim, spread.shape);
        if (!copy)
            return TP_ERROR_MEMORY;
        tp__copy_elements(&spread, copy);
        spread = *copy;
    }
    tp__copy_elements(&spread, target);
    tp__changed(target);
    return TP_OK;
}

tp_status tp_fill_(tp_tensor *target, double value)
{
    TP_FRAME("fill_");
    TP__TRY(tp__check_target(target));
    TP_SCOPE(value);
    return tp_assign(target, tp_scalar((tp_dtype)target->dtype, value));
}

tp_status tp_zero_(tp_tensor *target)
{
    TP_FRAME("zero_");
    return tp_fill_(target, 0);
}

tp_status tp_copy_(tp_tensor *target, const tp_tensor *source)
{
    TP_FRAME("copy_");
    return tp_assign(target, source);
}
