/* Operations written over their first operand. */
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "taper/indexing.h"
#include "taper/ops.h"

#include <string.h>

/* An operand that is not the target: readable, and not one whose gradient would be lost. */
static tp_status check_operand(const tp_tensor *t, int i)
{
    if (!t) {
        if (tp__ctx.error == TP_OK)
            tp_fail(TP_ERROR_ARGUMENT, "operand %d is NULL", i);
        return tp__ctx.error;
    }
    if (t->released || t->layout != TP__DENSE)
        return tp_fail(t->released ? TP_ERROR_STATE : TP_ERROR_UNSUPPORTED, "operand %d %s", i,
                       t->released ? "was given back with tp_release"
                                   : "is a CSR matrix, which this operation does not take");
    TP__TRY(tp__refuse_half((tp_dtype)t->dtype, "an operand"));
    if (t->requires_grad && !tp__ctx.modes.no_grad)
        return tp_fail(TP_ERROR_STATE,
                       "operand %d requires a gradient, and operations in place are not recorded; use the "
                       "operation that gives a new tensor, tp_detach, or TP_SCOPE_NO_GRAD",
                       i);
    return TP_OK;
}

static int category(tp_dtype dtype)
{
    return dtype == TP_BOOL ? 0 : tp_dtype_is_float(dtype) ? 2 : 1;
}

static tp_status check_result(const tp_tensor *target, const tp_result *result)
{
    if (result->ndim != target->ndim ||
        memcmp(result->shape, target->shape, (size_t)target->ndim * sizeof(int64_t))) {
        char own[TP__SHAPE_TEXT_SIZE], wanted[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE, "output with shape %s doesn't match the broadcast shape %s",
                       tp__shape_text(own, sizeof own, target->ndim, target->shape),
                       tp__shape_text(wanted, sizeof wanted, result->ndim, result->shape));
    }
    if (category(result->dtype) > category((tp_dtype)target->dtype))
        return tp_fail(TP_ERROR_DTYPE, "result type %s can't be cast to the desired output type %s",
                       tp_dtype_name(result->dtype), tp_dtype_name((tp_dtype)target->dtype));
    return TP_OK;
}

/* Whether writing an element of the target may change one of `t` that has yet to be read. */
static bool disturbs(const tp_tensor *target, const tp_tensor *t)
{
    const bool same = t->data == target->data && t->contiguous && t->numel == target->numel;
    return t->storage && t->storage == target->storage && !same;
}

tp_status tp__in_place(const tp_op *op, const char *name, tp_tensor *const *inputs, int n_inputs,
                       const void *attributes)
{
    TP_FRAME(name);
    tp_tensor *target = inputs[0];
    TP__TRY(tp__check_target(target));
    TP__TRY(tp__refuse_half((tp_dtype)target->dtype, "the target"));
    bool straight = target->contiguous;
    for (int i = 1; i < n_inputs; i++) {
        TP__TRY(check_operand(inputs[i], i));
        straight &= !disturbs(target, inputs[i]);
    }
    tp_result result = {.like = NULL};
    tp_tensor *out = target;
    tp_call call = {op, attributes, n_inputs, inputs, &out, &result};
    TP__TRY(op->infer(&call));
    if (result.like)
        tp__result_like(&result, result.dtype, result.like);
    TP__TRY(check_result(target, &result));
    if (!straight || result.dtype != (tp_dtype)target->dtype) {
        out = tp__tensor_new(tp__region_current(), result.dtype, result.ndim, result.shape);
        if (!out)
            return TP_ERROR_MEMORY;
    }
    const tp_status status = op->forward(&call);
    if (status == TP_OK && out != target)
        tp__copy_elements(out, target);
    if (status == TP_OK)
        tp__changed(target);
    if (out != target)
        tp_release(out);
    return status;
}

/* ---- Choosing and writing: the operation gives a new tensor, which is copied ---- */

static tp_status check_write(const char *name, tp_tensor *target, const tp_tensor *source)
{
    TP_FRAME(name);
    TP__TRY(tp__check_target(target));
    return source ? check_operand(source, 1) : TP_OK;
}

static tp_status write(const char *name, tp_tensor *target, tp_tensor *result)
{
    if (!result)
        return tp__ctx.error;
    TP_FRAME(name);
    tp_result is = {.dtype = (tp_dtype)result->dtype, .ndim = result->ndim};
    memcpy(is.shape, result->shape, sizeof is.shape);
    tp_status status = check_result(target, &is);
    if (status == TP_OK)
        status = tp_assign(target, result);
    tp_release(result);
    return status;
}

/* The result is not recorded: the checks before it refuse what would lose a gradient. */
#define IN_PLACE(function, source, expression)         \
    {                                                  \
        TP__TRY(check_write(function "_", x, source)); \
        TP_SCOPE_NO_GRAD(write);                       \
        return write(function "_", x, expression);     \
    }

tp_status tp_masked_fill_(tp_tensor *x, tp_tensor *mask, double value)
    IN_PLACE("masked_fill", NULL, tp_masked_fill(x, mask, value))

        tp_status tp_masked_scatter_(tp_tensor *x, tp_tensor *mask, tp_tensor *source)
            IN_PLACE("masked_scatter", source, tp_masked_scatter(x, mask, source))

                tp_status
    tp_index_put_(tp_tensor *x, int n, tp_tensor *const *indices, tp_tensor *values, bool accumulate)
        IN_PLACE("index_put", values, tp_index_put(x, n, indices, values, accumulate))

            tp_status tp_index_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, double alpha)
                IN_PLACE("index_add", source, tp_index_add(x, dim, index, source, alpha))

                    tp_status tp_index_copy_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
                        IN_PLACE("index_copy", source, tp_index_copy(x, dim, index, source))

                            tp_status tp_index_fill_(tp_tensor *x, int dim, tp_tensor *index, double value)
                                IN_PLACE("index_fill", NULL, tp_index_fill(x, dim, index, value))

                                    tp_status
    tp_scatter_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
        IN_PLACE("scatter", source, tp_scatter(x, dim, index, source))

            tp_status tp_scatter_value_(tp_tensor *x, int dim, tp_tensor *index, double value)
                IN_PLACE("scatter_value", NULL, tp_scatter_value(x, dim, index, value))

                    tp_status tp_scatter_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source)
                        IN_PLACE("scatter_add", source, tp_scatter_add(x, dim, index, source))
