/* A generator and a discriminator with an optimizer each: what one step detaches or freezes must not leak a
 * gradient into the other's. */
#include "taper/taper.h"
#include "test.h"

static tp_module *network(int64_t in, int64_t out)
{
    return tp_sequential(tp_linear(in, 16), tp_relu_layer(), tp_linear(16, out));
}

static bool any_gradient(tp_module *model)
{
    const tp_parameter_list *list = tp_parameters(model);
    for (int64_t i = 0; i < list->count; i++)
        if (tp_grad(list->tensors[i]))
            return true;
    return false;
}

int main(void)
{
    tp_manual_seed(3);
    tp_module *G = network(2, 1), *D = network(1, 1);
    tp_optimizer *g = tp_adam(tp_parameters(G), .lr = 0.005), *d = tp_adam(tp_parameters(D), .lr = 0.005);
    tp_tensor *ones = tp_ones(TP_F32, 64, 1), *zeros = tp_zeros(TP_F32, 64, 1);
    for (int i = 0; i < 600; i++) {
        TP_SCOPE(step);
        tp_tensor *real = tp_add(tp_mul(tp_randn(TP_F32, 64, 1), 0.5), 3);
        tp_tensor *fake = tp_forward(G, tp_randn(TP_F32, 64, 2));
        tp_zero_grad(d);
        tp_zero_grad(g);
        tp_tensor *loss = tp_add(tp_binary_cross_entropy_with_logits(tp_forward(D, real), ones),
                                 tp_binary_cross_entropy_with_logits(tp_forward(D, tp_detach(fake)), zeros));
        CHECK(tp_backward(loss) == TP_OK && tp_step(d) == TP_OK);
        if (i == 0)
            CHECK(any_gradient(D) && !any_gradient(G));
        tp_zero_grad(d);
        tp_requires_grad_all(D, false);
        tp_tensor *fooled = tp_binary_cross_entropy_with_logits(tp_forward(D, fake), ones);
        CHECK(tp_backward(fooled) == TP_OK && tp_step(g) == TP_OK);
        tp_requires_grad_all(D, true);
        if (i == 0)
            CHECK(any_gradient(G) && !any_gradient(D));
    }
    CHECK_OK();
    TP_SCOPE_NO_GRAD(look);
    const double mean = tp_item(tp_mean(tp_forward(G, tp_randn(TP_F32, 1000, 2))));
    printf("the generator's mean is %.3f, the data's is 3\n", mean);
    CHECK_NEAR(mean, 3, 1);
    tp_finish();
    return test_end();
}
