/* 50 training steps of a small perceptron from the same seeds: how near the losses are to PyTorch's, against
 * how near PyTorch is to itself across instruction sets. */
#include "golden/mlp.h"
#include "taper/activations.h"
#include "taper/data.h"
#include "taper/optim.h"
#include "test.h"

/* The losses of all steps, and the final weights in one vector. */
static tp_status train(uint64_t seed, double lr, float *losses, tp_tensor **weights)
{
    tp_manual_seed(seed);
    tp_tensor *X = tp_randn(TP_F32, 300, 30);
    tp_tensor *y = tp_to(tp_gt(tp_add(tp_select(X, 1, 0), tp_mul(tp_select(X, 1, 1), 0.5)), 0), TP_F32);
    tp_module *net = tp_sequential(tp_linear(30, 32), tp_relu_layer(), tp_linear(32, 16), tp_tanh_layer(),
                                   tp_linear(16, 1), tp_sigmoid_layer());
    tp_parameter_list *parameters = tp_parameters(net);
    tp_optimizer *adam = tp_adam(parameters, .lr = lr, .weight_decay = 1e-4);
    tp_loader *loader = tp_loader_new(tp_tensor_dataset(X, y), .batch_size = 32, .shuffle = true);
    for (int done = 0; done < MLP_STEPS;) {
        tp_batch *batch;
        tp_status status = tp_loader_next(loader, &batch);
        if (status == TP_END)
            continue;
        if (status != TP_OK)
            return status;
        TP_SCOPE(step);
        tp_tensor *loss = tp_binary_cross_entropy(tp_squeeze(tp_forward(net, batch->X), 1), batch->y);
        tp_zero_grad(adam);
        if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
            return tp_error();
        losses[done++] = (float)tp_item(loss);
    }
    tp_tensor *parts[8];
    for (int i = 0; i < parameters->count; i++)
        parts[i] = tp_flatten(tp_detach(parameters->tensors[i]), 0, -1);
    *weights = tp_cat(parts, (int)parameters->count, 0);
    return tp_error();
}

typedef struct distances {
    double largest, mean, weight;
    int equal;
} distances;

static distances measure(double lr)
{
    distances d = {0};
    for (int s = 0; s < MLP_SEEDS; s++) {
        TP_SCOPE(run);
        float losses[MLP_STEPS];
        tp_tensor *weights = NULL;
        CHECK(train((uint64_t)s, lr, losses, &weights) == TP_OK);
        CHECK_OK();
        for (int i = 0; i < MLP_STEPS; i++) {
            const double distance = fabs((double)losses[i] - (double)mlp_losses[s][i]);
            d.largest = fmax(d.largest, distance);
            d.mean += distance / (MLP_SEEDS * MLP_STEPS);
            d.equal += losses[i] == mlp_losses[s][i];
        }
        const float *w = tp_data_f32(weights);
        CHECK(tp_numel(weights) == (int64_t)(sizeof mlp_weights / sizeof *mlp_weights));
        for (int64_t i = 0; w && s == 0 && i < tp_numel(weights); i++)
            d.weight = fmax(d.weight, fabs((double)w[i] - (double)mlp_weights[i]));
    }
    return d;
}

int main(void)
{
    const distances ours = measure(1e-2);
    printf("losses of %d runs of %d steps, distance from PyTorch on AVX2:\n", MLP_SEEDS, MLP_STEPS);
    printf("  Taper             largest %.3g  mean %.3g  %d of %d equal in all bits, final weights %.3g\n",
           ours.largest, ours.mean, ours.equal, MLP_SEEDS * MLP_STEPS, ours.weight);
    printf("PyTorch's own distances:\n");
    printf("  " MLP_OTHER ", AVX2 to AVX-512  largest %.3g  mean %.3g  final weights %.3g\n", MLP_OTHER_LOSS,
           MLP_OTHER_MEAN, MLP_OTHER_WEIGHT);
    printf("  2.13, AVX2 to AVX-512     largest %.3g  mean %.3g (its products and roots come from one "
           "library)\n",
           (double)MLP_AVX512_LOSS, (double)MLP_AVX512_MEAN);
    printf("  2.13, AVX2 to default     largest %.3g  mean %.3g\n", (double)MLP_DEFAULT_LOSS,
           (double)MLP_DEFAULT_MEAN);
    CHECK(ours.largest <= MLP_OTHER_LOSS);
    CHECK(ours.mean <= MLP_OTHER_MEAN);
    CHECK(ours.weight <= MLP_OTHER_WEIGHT);
    /* A learning rate that is off by one part in a thousand does not pass. */
    CHECK(measure(1.001e-2).mean > MLP_OTHER_MEAN);
    tp_finish();
    return test_end();
}
