/* An operation of the program's own: a record, and it is checked, recorded, differentiated and named like the
 * library's. softplus with a sharpness: log(1 + exp(k x)) / k. */
#include "taper/taper.h"
#include "test.h"

static tp_status infer(tp_call *call)
{
    tp_tensor *x = call->inputs[0];
    if (!tp_dtype_is_float(tp_dtype_of(x)))
        return tp_fail(TP_ERROR_DTYPE, "takes floating types, not %s", tp_dtype_name(tp_dtype_of(x)));
    *call->results = (tp_result){.dtype = tp_dtype_of(x), .ndim = tp_ndim(x)};
    for (int d = 0; d < tp_ndim(x); d++)
        call->results->shape[d] = tp_size(x, d);
    return TP_OK;
}

static tp_status forward(tp_call *call)
{
    const double k = *(const double *)call->attributes;
    tp_tensor *x = tp_contiguous(call->inputs[0]), *y = call->outputs[0];
    if (!x)
        return tp_error();
    for (int64_t i = 0; i < tp_numel(y); i++) {
        if (tp_dtype_of(y) == TP_F32)
            tp_data_f32(y)[i] = (float)(log1p(exp(k * (double)tp_data_f32(x)[i])) / k);
        else
            tp_data_f64(y)[i] = log1p(exp(k * tp_data_f64(x)[i])) / k;
    }
    return TP_OK;
}

/* By the library's operations, so that gradients of gradients come for free. */
static tp_status backward(tp_backward_call *call)
{
    const double k = *(const double *)call->attributes;
    call->grad_inputs[0] = tp_mul(tp_sigmoid(tp_mul(call->inputs[0], k)), call->grad_outputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp_error();
}

static const tp_op softplus_op = {
    .name = "softplus",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0),
    .attributes_size = sizeof(double),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .documentation = "log(1 + exp(k x)) / k.",
};

static tp_tensor *softplus(tp_tensor *x, double k)
{
    return tp_apply(&softplus_op, &x, 1, &k);
}

static tp_tensor *checked(tp_tensor *const *inputs, int n, void *argument)
{
    (void)n;
    return softplus(tp_mul(inputs[0], inputs[0]), *(const double *)argument);
}

int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_linspace(TP_F64, -2, 2, 7), true);
    CHECK(tp_gradcheck(checked, &x, 1, &(double){1.7}, .second_order = true) == TP_OK);
    tp_tensor *y = softplus(tp_linspace(TP_F32, -1, 1, 3), 2);
    CHECK_NEAR(tp_at(y, 2), log1p(exp(2)) / 2, 1e-6);
    CHECK(!softplus(tp_ones(TP_I64, 2), 1));
    CHECK_ERROR(TP_ERROR_DTYPE, "softplus: takes floating types, not int64");
    CHECK(!softplus(NULL, 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "softplus: operand 0 is NULL");
    CHECK(softplus(tp_t(tp_ones(TP_F32, 2, 3)), 1) != NULL);
    CHECK_OK();
    tp_finish();
    return test_end();
}
