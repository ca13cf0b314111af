/* A program's own operations, and the check of their gradients. */
#include "test.h"

#include "heart/heart.h"
#include "taper/ops.h"

static tp_tensor *vector(int64_t n, double first)
{
    return tp_requires_grad_(tp_arange(TP_F64, first, first + (double)n, 1), true);
}

static double grad_at(tp_tensor *t, int64_t i)
{
    return tp_at(tp_grad(t), i);
}

static tp_status infer_cube(tp_call *call)
{
    tp_tensor *x = call->inputs[0];
    tp_result *r = call->results;
    if (tp_dtype_of(x) != TP_F64)
        return tp_fail(TP_ERROR_DTYPE, "takes float64");
    *r = (tp_result){.dtype = TP_F64, .ndim = tp_ndim(x)};
    for (int d = 0; d < tp_ndim(x); d++)
        r->shape[d] = tp_size(x, d);
    return TP_OK;
}

static tp_status forward_cube(tp_call *call)
{
    const double *x = tp_data_f64(tp_contiguous(tp_detach(call->inputs[0])));
    double *y = tp_data_f64(call->outputs[0]);
    if (!x || !y)
        return tp_error();
    for (int64_t i = 0; i < tp_numel(call->outputs[0]); i++)
        y[i] = x[i] * x[i] * x[i];
    return TP_OK;
}

static tp_status backward_cube(tp_backward_call *call)
{
    const double factor = call->attributes ? *(const double *)call->attributes : 3;
    call->grad_inputs[0] = tp_mul(tp_mul(tp_square(call->inputs[0]), factor), call->grad_outputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp_error();
}

static tp_status backward_wrong_shape(tp_backward_call *call)
{
    call->grad_inputs[0] = tp_sum(call->grad_outputs[0]);
    return TP_OK;
}

static tp_status backward_refuses(tp_backward_call *call)
{
    (void)call;
    return tp_fail(TP_ERROR_UNSUPPORTED, "not today");
}

/* d/dx of sum(x^3) computed by a backward inside the backward. */
static tp_status backward_reentrant(tp_backward_call *call)
{
    const bool was = tp_set_grad_enabled(true);
    tp_tensor *x = tp_requires_grad_(tp_clone(tp_detach(call->inputs[0])), true);
    tp_status status = tp_backward(tp_sum(tp_mul(x, tp_mul(x, x))));
    tp_set_grad_enabled(was);
    if (status != TP_OK)
        return status;
    call->grad_inputs[0] = tp_mul(tp_grad(x), call->grad_outputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp_error();
}

#define CUBE(its_node_name, its_backward, its_size)                                   \
    {                                                                                 \
        .name = "cube", .node_name = its_node_name, .n_inputs = 1, .n_outputs = 1,    \
        .saves = TP_SAVES_INPUT(0), .attributes_size = its_size, .infer = infer_cube, \
        .forward = forward_cube, .backward = its_backward                             \
    }

static tp_tensor *cube_function(tp_tensor *const *inputs, int n, void *argument)
{
    return tp_apply(argument, inputs, n, &(const double){2.5});
}

static void custom_ops(void)
{
    TP_SCOPE(custom);
    static tp_op cube = CUBE("CubeBackward7", backward_cube, 0);
    static tp_op wrong = CUBE(NULL, backward_cube, sizeof(double));
    static tp_op misshapen = CUBE(NULL, backward_wrong_shape, 0);
    static tp_op refusing = CUBE(NULL, backward_refuses, 0);
    static tp_op reentrant = CUBE(NULL, backward_reentrant, 0);
    tp_tensor *x = vector(3, 1), *y = tp_apply(&cube, &x, 1, NULL);
    CHECK_TEXT(tp_grad_fn(y), "CubeBackward7");
    CHECK(tp_backward(tp_sum(y)) == TP_OK);
    CHECK(grad_at(x, 2) == 27);
    CHECK(tp_gradcheck(cube_function, &x, 1, &cube, .second_order = true) == TP_OK);
    /* A wrong factor is found. */
    CHECK(tp_gradcheck(cube_function, &x, 1, &wrong) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "gradient of input 0 at element 0 is");
    tp_tensor *f = tp_ones(TP_F32, 2);
    CHECK(!tp_apply(&cube, &f, 1, NULL));
    CHECK_ERROR(TP_ERROR_DTYPE, "cube: takes float64");
    tp_tensor *both[] = {x, x};
    CHECK(!tp_apply(&cube, both, 2, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "cube: takes 1 operands, not 2");
    static const int odd_counts[] = {0, -1, TP_MAX_OUTPUTS + 1};
    for (int i = 0; i < 3; i++) {
        tp_op odd = cube;
        odd.n_outputs = odd_counts[i];
        CHECK(!tp_apply(&odd, &x, 1, NULL));
        CHECK_ERROR(TP_ERROR_ARGUMENT, "outputs, and can have 1 to 4");
    }
    tp_zero_grad_of(x);
    CHECK(tp_backward(tp_sum(tp_apply(&misshapen, &x, 1, NULL))) == TP_ERROR_SHAPE);
    CHECK_ERROR(TP_ERROR_SHAPE,
                "backward returned a gradient of float64 [] for operand 0, which is float64 [3]");
    CHECK(tp_backward(tp_sum(tp_apply(&refusing, &x, 1, NULL))) == TP_ERROR_UNSUPPORTED);
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "backward: cube: not today");
    CHECK(!tp_grad(x));
    CHECK(tp_is_grad_enabled());
    CHECK(tp_backward(tp_sum(tp_apply(&reentrant, &x, 1, NULL))) == TP_OK);
    CHECK(grad_at(x, 2) == 27);
    CHECK(tp_is_grad_enabled());
    CHECK_OK();
}

static tp_tensor *sum_of_products(tp_tensor *const *inputs, int n, void *argument)
{
    (void)n;
    return tp_mul(tp_mul(inputs[0], inputs[1]), argument ? -1 : 1);
}

static void gradcheck(void)
{
    TP_SCOPE(gradcheck);
    tp_tensor *x = vector(3, 1), *y = vector(3, 5), *inputs[] = {x, y};
    CHECK(tp_gradcheck(sum_of_products, inputs, 2, NULL, .second_order = true) == TP_OK);
    CHECK(!tp_grad(x)); /* leaves nothing behind */
    CHECK(tp_at(x, 0) == 1);
    tp_tensor *narrow[] = {tp_requires_grad_(tp_ones(TP_F32, 3), true), y};
    CHECK(tp_gradcheck(sum_of_products, narrow, 2, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "input 0 must be a contiguous float64 leaf");
    CHECK(tp_gradcheck(NULL, inputs, 2, NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "needs a function");
    CHECK_OK();
}

int main(void)
{
    custom_ops();
    gradcheck();
    tp_finish();
    return test_end();
}
