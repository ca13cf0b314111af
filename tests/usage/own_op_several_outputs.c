/* An operation of the program's own with two outputs, an operand that may be missing, and an intermediate
 * that forward computes and backward reads: y = w x r with r = 1 / sqrt(mean(x^2) + eps). The intermediate is
 * simply the second output, so that it has a gradient like the first, and gradients of gradients come for
 * free. */
#include "taper/taper.h"
#include "test.h"

enum { X, W }; /* inputs; w may be NULL, which stands for ones */
enum { Y, R }; /* outputs */

static tp_status infer(tp_call *call)
{
    const tp_tensor *x = call->inputs[X], *w = call->inputs[W];
    if (tp_dtype_of(x) != TP_F64 || (w && tp_dtype_of(w) != TP_F64))
        return tp_fail(TP_ERROR_DTYPE, "takes float64");
    if (tp_ndim(x) != 1 || (w && (tp_ndim(w) != 1 || tp_size(w, 0) != tp_size(x, 0))))
        return tp_fail(TP_ERROR_SHAPE, "takes vectors of one length");
    call->results[Y].dtype = call->results[R].dtype = TP_F64;
    call->results[Y].like = x;
    call->results[R].ndim = 0;
    return TP_OK;
}

static tp_status forward(tp_call *call)
{
    const double eps = *(const double *)call->attributes;
    const tp_tensor *x = call->inputs[X], *w = call->inputs[W];
    const int64_t n = tp_numel(x);
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += tp_at(x, i) * tp_at(x, i);
    const double r = 1 / sqrt(sum / (double)n + eps);
    for (int64_t i = 0; i < n; i++)
        tp_data_f64(call->outputs[Y])[i] = (w ? tp_at(w, i) : 1) * tp_at(x, i) * r;
    tp_data_f64(call->outputs[R])[0] = r;
    return TP_OK;
}

/* Either gradient may be missing, which stands for zeros; dr/dx = -x r^3 / n. An operation passes a NULL
 * operand on, so that one check at the end is enough. */
static tp_status backward(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[X], *w = call->inputs[W], *r = call->outputs[R];
    tp_tensor *gy = call->grad_outputs[Y], *gr = call->grad_outputs[R];
    tp_tensor *of_product = gy && w ? tp_mul(gy, w) : gy; /* the gradient of x r */
    if (call->needed[X]) {
        tp_tensor *of_r = gr;
        if (gy) {
            tp_tensor *through_y = tp_sum(tp_mul(of_product, x));
            of_r = gr ? tp_add(gr, through_y) : through_y;
        }
        tp_tensor *slope = tp_mul(tp_mul(x, tp_pow(r, 3)), -1 / (double)tp_numel(x));
        tp_tensor *by_r = tp_mul(slope, of_r);
        call->grad_inputs[X] = gy ? tp_add(by_r, tp_mul(of_product, r)) : by_r;
        if (!call->grad_inputs[X])
            return tp_error();
    }
    if (call->needed[W] && gy && !(call->grad_inputs[W] = tp_mul(tp_mul(gy, x), r)))
        return tp_error();
    return TP_OK;
}

static const tp_op rms_scale = {
    .name = "rms_scale",
    .n_inputs = 2,
    .n_outputs = 2,
    .optional = 1u << W,
    .saves = TP_SAVES_INPUT(X) | TP_SAVES_INPUT(W) | TP_SAVES_OUTPUT(R),
    .attributes_size = sizeof(double),
    .infer = infer,
    .forward = forward,
    .backward = backward,
    .documentation = "w x / sqrt(mean(x^2) + eps), and the factor.",
};

static tp_status apply(tp_tensor *x, tp_tensor *w, double eps, tp_tensor *outputs[2])
{
    return tp_apply_n(&rms_scale, (tp_tensor *[]){x, w}, 2, &eps, outputs);
}

/* Which outputs take part: 1 for y, 2 for r, 3 for both. */
static tp_tensor *checked(tp_tensor *const *inputs, int n, void *argument)
{
    const int which = *(int *)argument;
    tp_tensor *outputs[2];
    if (apply(inputs[0], n > 1 ? inputs[1] : NULL, 1e-3, outputs) != TP_OK)
        return NULL;
    tp_tensor *y = tp_mul(outputs[Y], outputs[Y]), *r = tp_exp(outputs[R]);
    return which == 1 ? y : which == 2 ? r : tp_mul(y, r);
}

/* The same of the library's operations. */
static tp_tensor *composed(tp_tensor *x, tp_tensor *w)
{
    return tp_mul(tp_mul(x, w), tp_rsqrt(tp_add(tp_mean(tp_mul(x, x)), 1e-3)));
}

int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_linspace(TP_F64, -2, 1, 5), true), *outputs[2];
    tp_tensor *w = tp_requires_grad_(tp_linspace(TP_F64, 0.5, 2, 5), true), *both[2] = {x, w};
    for (int which = 1; which <= 3; which++)
        for (int n = 1; n <= 2; n++)
            CHECK(tp_gradcheck(checked, both, n, &which, .second_order = true) == TP_OK);
    CHECK_OK();
    CHECK(apply(x, w, 1e-3, outputs) == TP_OK);
    CHECK(tp_allclose(outputs[Y], composed(x, w), 1e-14, 0));
    CHECK_TEXT(tp_grad_fn(outputs[R]), "RmsScaleBackward0");

    /* What is saved is guarded: a factor that was written to is noticed. */
    tp_mark_changed(outputs[R]);
    CHECK(tp_backward(tp_sum(outputs[Y])) == TP_ERROR_STATE);
    CHECK_ERROR(TP_ERROR_STATE, "result 1, float64 [], is at version 1; expected version 0");
    CHECK(apply(x, tp_ones(TP_F64, 2), 1e-3, outputs) == TP_ERROR_SHAPE && !outputs[Y] && !outputs[R]);
    CHECK_ERROR(TP_ERROR_SHAPE, "rms_scale: takes vectors of one length");
    CHECK(apply(NULL, w, 1e-3, outputs) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "rms_scale: operand 0 is NULL");
    tp_finish();
    return test_end();
}
