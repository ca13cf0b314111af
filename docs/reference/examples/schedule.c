#include <taper/taper.h>

int main(void)
{
    tp_module *model = tp_linear(4, 1);
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.1);
    tp_schedule *warm_up = tp_linear_lr(adam, .start_factor = 0.25, .total_iters = 3);
    tp_schedule *decay = tp_cosine_annealing_lr(adam, 5);
    tp_schedule *schedule = tp_sequential_lr(adam, 2, (tp_schedule *[]){warm_up, decay}, (int64_t[]){3});
    for (int epoch = 0; epoch < 8; epoch++) {
        printf("epoch %d: lr = %.4f\n", epoch, tp_get_lr(adam, 0));
        if (tp_schedule_step(schedule) != TP_OK)
            return tp_report(stderr);
    }
    tp_finish();
    return 0;
}

/* Output:
epoch 0: lr = 0.0250
epoch 1: lr = 0.0500
epoch 2: lr = 0.0750
epoch 3: lr = 0.1000
epoch 4: lr = 0.0905
epoch 5: lr = 0.0655
epoch 6: lr = 0.0345
epoch 7: lr = 0.0095
*/
