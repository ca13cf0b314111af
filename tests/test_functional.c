/* Jacobians, Hessians, their products, and functions that are computed twice. */
#include "test.h"

#include "base/memory.h"
#include "taper/taper.h"

static tp_tensor *leaf(const char *text)
{
    return tp_requires_grad_(tp_from_text(TP_F64, text), true);
}

static tp_tensor *f64(const char *text)
{
    return tp_from_text(TP_F64, text);
}

/* y = (x0 x1, x0^2, sin x1): derivatives by hand. */
static void test_jacobian(void)
{
    TP_SCOPE(jacobian);
    tp_tensor *x = leaf("[2, 0.5]"), *x0 = tp_select(x, 0, 0), *x1 = tp_select(x, 0, 1);
    tp_tensor *parts[3] = {tp_mul(x0, x1), tp_mul(x0, x0), tp_sin(x1)};
    tp_tensor *y = tp_stack(parts, 3, 0);
    tp_tensor *J = tp_jacobian(y, x, false);
    CHECK_OK();
    CHECK(tp_ndim(J) == 2 && tp_size(J, 0) == 3 && tp_size(J, 1) == 2);
    const double want[3][2] = {{0.5, 2}, {4, 0}, {0, cos(0.5)}};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 2; j++)
            CHECK_NEAR(tp_at(J, i, j), want[i][j], 1e-15);
    tp_tensor *v = f64("[3, -1]");
    tp_tensor *product = tp_jvp(y, &x, 1, &v, false);
    CHECK(tp_allclose(product, tp_matmul(tp_detach(J), v), 1e-14, 1e-15));
    /* Nothing has been left in the leaf, and the graph is whole. */
    CHECK(!tp_grad(x) && tp_backward(tp_sum(y)) == TP_OK);
    CHECK(tp_allclose(tp_grad(x), tp_sum_dim(J, 0, false), 1e-14, 1e-15));
    CHECK_OK();
}

static tp_tensor *rosenbrock(tp_tensor *x)
{
    tp_tensor *a = tp_select(x, 0, 0), *b = tp_select(x, 0, 1);
    tp_tensor *d = tp_sub(b, tp_mul(a, a)), *one = tp_rsub(a, 1);
    return tp_add(tp_mul(one, one), tp_mul(tp_mul(d, d), 100));
}

static void test_hessian(void)
{
    TP_SCOPE(hessian);
    tp_tensor *x = leaf("[-1.2, 1]");
    tp_tensor *H = tp_hessian(rosenbrock(x), x, false);
    CHECK_OK();
    const double a = -1.2, b = 1;
    CHECK_NEAR(tp_at(H, 0, 0), 2 - 400 * (b - 3 * a * a), 1e-11);
    CHECK_NEAR(tp_at(H, 0, 1), -400 * a, 1e-11);
    CHECK_NEAR(tp_at(H, 1, 0), -400 * a, 1e-11);
    CHECK_NEAR(tp_at(H, 1, 1), 200, 1e-11);
    tp_tensor *v = f64("[0.3, -2]"), *product = NULL;
    CHECK(tp_hvp(rosenbrock(x), &x, 1, &v, false, &product) == TP_OK);
    CHECK(tp_allclose(product, tp_matmul(H, v), 1e-13, 1e-13));
    /* Several inputs, one of which is not reached, one without a vector. */
    tp_tensor *y = leaf("[1, 2, 3]"), *z = leaf("[[1]]"), *inputs[3] = {x, y, z}, *products[3];
    tp_tensor *vectors[3] = {v, NULL, f64("[[4]]")};
    tp_tensor *loss = tp_add(tp_mul(rosenbrock(x), tp_sum(y)), tp_sum(tp_exp(y)));
    CHECK(tp_hvp(loss, inputs, 3, vectors, false, products) == TP_OK);
    CHECK(tp_allclose(products[0], tp_mul(tp_matmul(H, v), 6), 1e-12, 1e-12));
    tp_tensor *g;
    tp_tensor *plain = rosenbrock(x);
    CHECK(tp_gradients(&plain, 1, &x, 1, NULL, &(tp_gradients_options){0}, &g) == TP_OK);
    CHECK_NEAR(tp_at(products[1], 2), tp_item(tp_matmul(g, v)), 1e-10);
    CHECK(tp_item(products[2]) == 0);
    CHECK_OK();
}

/* A third derivative: the Hessian is itself recorded. */
static void test_third_order(void)
{
    TP_SCOPE(third);
    tp_tensor *x = leaf("[0.7]");
    tp_tensor *H = tp_hessian(tp_sum(tp_pow(x, 5)), x, true);
    tp_tensor *third;
    tp_tensor *h = tp_sum(H);
    CHECK(tp_gradients(&h, 1, &x, 1, NULL, &(tp_gradients_options){0}, &third) == TP_OK);
    CHECK_NEAR(tp_item(third), 60 * 0.7 * 0.7, 1e-13);
    CHECK_OK();
}

static void test_refused(void)
{
    TP_SCOPE(refused);
    tp_tensor *x = leaf("[1, 2]"), *y = tp_mul(x, x), *v = f64("[1, 2, 3]"), *product;
    CHECK(!tp_jvp(y, &x, 1, &v, false));
    CHECK_ERROR(TP_ERROR_SHAPE, "jvp: vector 0 is float64 [3], and its input is float64 [2]");
    CHECK(tp_hvp(y, &x, 1, &x, false, &product) != TP_OK && !product);
    CHECK_ERROR(TP_ERROR_SHAPE, "hvp");
    CHECK(!tp_hessian(y, x, false));
    CHECK_ERROR(TP_ERROR_SHAPE, "hessian: the output must be a scalar");
    CHECK(!tp_jacobian(NULL, x, false));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "jacobian: an operand is NULL");
    CHECK(!tp_jacobian(tp_zeros(TP_F64, 1, 1, 1, 1, 1), tp_zeros(TP_F64, 1, 1, 1, 1), false));
    CHECK_ERROR(TP_ERROR_SHAPE, "more than 8");
}

/* ---- Checkpoints ---- */

static int runs;

typedef struct network {
    tp_tensor *W;
    double dropout;
} network;

static tp_tensor *block(tp_tensor *const *inputs, int n, void *argument)
{
    const network *net = argument;
    runs++;
    tp_tensor *h = tp_tanh(tp_matmul(inputs[0], net->W));
    h = tp_f_dropout(h, net->dropout, true, NULL);
    return n > 1 ? tp_mul(tp_exp(h), inputs[1]) : tp_exp(h);
}

/* The loss, and the gradients of x, s and W, with and without a checkpoint. */
static void run_block(bool checkpointed, double dropout, tp_tensor *results[4])
{
    tp_manual_seed(3);
    tp_tensor *x = tp_requires_grad_(tp_randn(TP_F64, 4, 3), true);
    tp_tensor *s = tp_requires_grad_(tp_randn(TP_F64, 4, 5), true);
    tp_tensor *W = tp_requires_grad_(tp_randn(TP_F64, 3, 5), true);
    network *net = tp_region_alloc(tp_region_current(), sizeof *net);
    *net = (network){W, dropout};
    tp_tensor *inputs[2] = {tp_mul(x, 2), s};
    tp_tensor *y = checkpointed ? tp_checkpoint(block, inputs, 2, net, .captured = &W, .n_captured = 1)
                                : block(inputs, 2, net);
    tp_tensor *loss = tp_sum(tp_mul(y, y));
    CHECK(tp_backward(loss) == TP_OK);
    results[0] = loss;
    results[1] = tp_grad(x);
    results[2] = tp_grad(s);
    results[3] = tp_grad(W);
}

static void test_checkpoint(void)
{
    for (int i = 0; i < 2; i++) {
        TP_SCOPE(checkpoint);
        tp_tensor *plain[4], *again[4];
        run_block(false, i ? 0.4 : 0, plain);
        runs = 0;
        run_block(true, i ? 0.4 : 0, again);
        CHECK(runs == 2);
        for (int k = 0; k < 4; k++)
            CHECK(tp_equal(plain[k], again[k]));
        CHECK_OK();
    }
}

/* Gradients of gradients go through, too. */
static void test_second_order(void)
{
    TP_SCOPE(second);
    tp_manual_seed(5);
    tp_tensor *x = tp_requires_grad_(tp_randn(TP_F64, 2, 3), true),
              *W = tp_requires_grad_(tp_randn(TP_F64, 3, 2), true);
    network net = {W, 0};
    tp_tensor *products[2][2], *inputs[2] = {x, W},
                               *vectors[2] = {tp_ones(TP_F64, 2, 3), tp_randn(TP_F64, 3, 2)};
    for (int i = 0; i < 2; i++) {
        tp_tensor *y =
            i ? tp_checkpoint(block, &x, 1, &net, .captured = &W, .n_captured = 1) : block(&x, 1, &net);
        CHECK(tp_hvp(tp_sum(y), inputs, 2, vectors, false, products[i]) == TP_OK);
    }
    for (int k = 0; k < 2; k++)
        CHECK(tp_allclose(products[0][k], products[1][k], 1e-13, 1e-13));
    CHECK_OK();
}

/* What lies between is not kept: a chain of blocks holds one result for each. */
static tp_tensor *wide(tp_tensor *const *inputs, int n, void *argument)
{
    (void)n, (void)argument;
    tp_tensor *h = inputs[0];
    for (int i = 0; i < 10; i++)
        h = tp_tanh(tp_mul(h, 0.9));
    return h;
}

static size_t bytes_of_chain(bool checkpointed)
{
    TP_SCOPE(chain);
    tp_tensor *x = tp_requires_grad_(tp_ones(TP_F32, 100000), true), *h = x;
    for (int i = 0; i < 5; i++)
        h = checkpointed ? tp_checkpoint(wide, &h, 1, NULL) : wide(&h, 1, NULL);
    const size_t bytes = tp_region_size(tp_region_current());
    CHECK(tp_backward(tp_sum(h)) == TP_OK);
    return bytes;
}

static tp_tensor *nothing(tp_tensor *const *inputs, int n, void *argument)
{
    (void)inputs, (void)n, (void)argument;
    return NULL;
}

static tp_tensor *same(tp_tensor *const *inputs, int n, void *argument)
{
    (void)n, (void)argument;
    return inputs[0];
}

static void test_corners(void)
{
    TP_SCOPE(corners);
    tp_tensor *x = leaf("[1, 2]");
    CHECK(!tp_checkpoint(nothing, &x, 1, NULL));
    CHECK_ERROR(TP_ERROR_STATE, "checkpoint: the function gave nothing");
    CHECK(!tp_checkpoint(NULL, &x, 1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the function");
    tp_tensor *y = tp_checkpoint(same, &x, 1, NULL);
    CHECK(y != x && tp_equal(y, x) && !strcmp(tp_grad_fn(y), "CheckpointFunctionBackward"));
    CHECK(tp_backward(tp_sum(tp_mul(y, y))) == TP_OK);
    CHECK(tp_equal(tp_grad(x), f64("[2, 4]")));
    TP_SCOPE_NO_GRAD(off);
    CHECK(!tp_requires_grad(tp_checkpoint(same, &x, 1, NULL)));
    CHECK_OK();
}

int main(void)
{
    test_jacobian();
    test_hessian();
    test_third_order();
    test_refused();
    test_checkpoint();
    test_second_order();
    const size_t all = bytes_of_chain(false), few = bytes_of_chain(true);
    CHECK(few * 5 < all);
    test_corners();
    tp_finish();
    return test_end();
}
