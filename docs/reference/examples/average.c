#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_tensor *x = tp_rand(TP_F32, 16, 3), *y = tp_rand(TP_F32, 16, 1);
    tp_module *model = tp_linear(3, 1);
    tp_optimizer *sgd = tp_sgd(tp_parameters(model), .lr = 0.1);
    tp_average *average = tp_average_of(model, .decay = 0.9);
    for (int i = 0; i < 50; i++) {
        TP_SCOPE(step);
        tp_tensor *loss = tp_mse_loss(tp_forward(model, x), y);
        tp_zero_grad(sgd);
        if (tp_backward(loss) != TP_OK || tp_step(sgd) != TP_OK || tp_average_update(average) != TP_OK)
            return tp_report(stderr);
    }
    tp_print(stdout, tp_get_parameter(model, "bias"));
    tp_average_swap(average); /* evaluate and save with the averaged weights */
    tp_print(stdout, tp_get_parameter(model, "bias"));
    tp_average_swap(average); /* and train on */
    printf("%lld updates\n", (long long)tp_average_count(average));
    tp_finish();
    return 0;
}

/* Output:
Parameter containing:
tensor([0.3020], requires_grad=True)
Parameter containing:
tensor([0.3010], requires_grad=True)
50 updates
*/
