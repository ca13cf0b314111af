#include <taper/taper.h>

int main(void)
{
    tp_manual_seed(0);
    tp_tensor *x = tp_linspace(TP_F32, -1, 1, 20);
    tp_tensor *y = tp_add(tp_mul(x, 3), 0.5); /* to be found: 3 and 0.5 */
    tp_tensor *w = tp_requires_grad_(tp_zeros(TP_F32, 1), true);
    tp_tensor *b = tp_requires_grad_(tp_zeros(TP_F32, 1), true);
    tp_optimizer *sgd = tp_sgd(tp_parameters_of(w, b), .lr = 0.1, .momentum = 0.9);

    for (int i = 0; i < 200; i++) {
        TP_SCOPE(step);
        tp_tensor *loss = tp_mse_loss(tp_add(tp_mul(x, w), b), y);
        tp_zero_grad(sgd);
        if (tp_backward(loss) != TP_OK || tp_step(sgd) != TP_OK)
            return tp_report(stderr);
    }
    printf("w = %.3f, b = %.3f\n", tp_item(w), tp_item(b));
    tp_finish();
    return 0;
}

/* Output:
w = 3.000, b = 0.500
*/
