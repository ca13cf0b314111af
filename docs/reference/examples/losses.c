#include <taper/taper.h>

int main(void)
{
    tp_tensor *x = tp_from_text(TP_F32, "[0.5, -2, 4]"), *y = tp_from_text(TP_F32, "[1, -1, 1]");
    tp_print(stdout, tp_l1_loss(x, y));
    tp_print(stdout, tp_huber_loss(x, y, .delta = 0.5, .reduction = TP_NONE));
    tp_print(stdout, tp_hinge_loss(x, y, .reduction = TP_SUM));

    tp_tensor *logits = tp_from_text(TP_F32, "[[1, 2, 3]]"),
              *target = tp_from_text(TP_F32, "[[0.2, 0.3, 0.5]]");
    tp_print(stdout, tp_kl_div(tp_log_softmax(logits, 1), target, .batch_mean = true));
    tp_finish();
    return 0;
}

/* Output:
tensor(1.5000)
tensor([0.1250, 0.3750, 1.3750])
tensor(0.5000)
tensor(0.0780)
*/
