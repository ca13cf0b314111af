#include <taper/taper.h>

/* y = x^2, as a program's own operation. */
static tp_status infer(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (tp_dtype_of(x) != TP_F32)
        return tp_fail(TP_ERROR_DTYPE, "takes float32, not %s", tp_dtype_name(tp_dtype_of(x)));
    call->results[0] = (tp_result){.dtype = TP_F32, .like = x};
    return TP_OK;
}
static tp_status forward(tp_call *call)
{
    /* Inputs may be views of any strides; outputs are row-major. */
    const float *x = tp_data_f32(tp_contiguous(call->inputs[0]));
    float *y = tp_data_f32(call->outputs[0]);
    if (!x)
        return tp_error();
    for (int64_t i = 0; i < tp_numel(call->inputs[0]); i++)
        y[i] = x[i] * x[i];
    return TP_OK;
}
static tp_status backward(tp_backward_call *call)
{
    call->grad_inputs[0] = tp_mul(call->grad_outputs[0], tp_mul(call->inputs[0], 2.0));
    return call->grad_inputs[0] ? TP_OK : tp_error();
}
static const tp_op my_square = {
    .name = "my_square",
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .saves = TP_SAVES_INPUT(0),
};

int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_from_text(TP_F32, "[1, 2, 3]"), true);
    tp_tensor *y = tp_apply(&my_square, &x, 1, NULL);
    tp_print(stdout, y);
    tp_backward(tp_sum(y));
    tp_print(stdout, tp_grad(x));
    tp_finish();
    return 0;
}

/* Output:
tensor([1., 4., 9.], grad_fn=<MySquareBackward0>)
tensor([2., 4., 6.])
*/
