#include <taper/taper.h>

/* Two interleaved half moons of points, told apart by a small network. */
int main(void)
{
    tp_manual_seed(0);
    tp_tensor *t = tp_mul(tp_rand(TP_F32, 200), 3.14159);
    tp_tensor *y = tp_to(tp_gt(tp_rand(TP_F32, 200), 0.5), TP_F32);
    tp_tensor *sign = tp_sub(tp_mul(y, 2), 1);
    tp_tensor *columns[] = {tp_add(tp_mul(tp_cos(t), sign), y),
                            tp_sub(tp_mul(tp_sin(t), sign), tp_mul(y, 0.5))};
    tp_dataset *moons = tp_tensor_dataset(tp_stack(columns, 2, 1), y);
    tp_loader *train = tp_loader_new(moons, .batch_size = 20, .shuffle = true);

    tp_module *model = tp_sequential(tp_linear(2, 16), tp_tanh_layer(), tp_linear(16, 1));
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.02);
    for (int epoch = 0; epoch < 40; epoch++) {
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(train, &batch)) == TP_OK) {
            TP_SCOPE(step); /* what a step makes is recycled at its end */
            tp_tensor *logits = tp_squeeze(tp_forward(model, batch->X), 1);
            tp_tensor *loss = tp_binary_cross_entropy_with_logits(logits, batch->y);
            tp_zero_grad(adam);
            if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
                return tp_report(stderr);
        }
        if (status != TP_END)
            return tp_report(stderr);
    }
    tp_evaluation evaluation;
    tp_evaluate(model, train, .loss = TP_FIT_BCE_WITH_LOGITS, .result = &evaluation);
    printf("%.1f %% are told apart\n", 100 * evaluation.accuracy);
    tp_finish();
    return 0;
}

/* Output:
100.0 % are told apart
*/
