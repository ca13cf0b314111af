/* The lecture's slides on gradient descent: one linear regression, fitted with steps over the whole training
 * set, over mini-batches, and over single items (stochastic gradient descent).
 *
 *     linear_regression [SEED]
 *
 * The data are drawn from y = 2 x0 - 3 x1 + 0.5 with some noise; each descent must find these numbers again.
 */
#include <taper/taper.h>

#include <math.h>
#include <stdlib.h>

enum { ITEMS = 256, FEATURES = 2, EPOCHS = 20 };

/* X [ITEMS, 2] and y [ITEMS, 1]. */
static tp_dataset *make_data(void)
{
    tp_tensor *X = tp_randn(TP_F32, ITEMS, FEATURES);
    tp_tensor *truth = tp_from_text(TP_F32, "[[2], [-3]]");
    tp_tensor *noise = tp_mul(tp_randn(TP_F32, ITEMS, 1), 0.1);
    return tp_tensor_dataset(X, tp_add(tp_add(tp_matmul(X, truth), 0.5), noise));
}

/* Mean squared error over all items, without a record. */
static double loss_on_all(tp_module *Wb, tp_dataset *data)
{
    TP_SCOPE(evaluation);
    TP_SCOPE_NO_GRAD(evaluation);
    tp_loader *all = tp_loader_new(data, .batch_size = ITEMS);
    tp_batch *batch;
    return tp_loader_next(all, &batch) == TP_OK ? tp_item(tp_mse_loss(tp_forward(Wb, batch->X), batch->y))
                                                : NAN;
}

static tp_status descend(const char *name, tp_dataset *data, int64_t batch_size, double lr)
{
    TP_SCOPE(descent);
    tp_module *Wb = tp_linear(FEATURES, 1);
    tp_optimizer *sgd = tp_sgd(tp_parameters(Wb), .lr = lr);
    tp_loader *loader = tp_loader_new(data, .batch_size = batch_size, .shuffle = true);
    printf("\n%s: batches of %lld, %lld steps an epoch, lr %g\n", name, (long long)batch_size,
           (long long)tp_loader_length(loader), lr);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *loss = tp_mse_loss(tp_forward(Wb, batch->X), batch->y);
            tp_zero_grad(sgd);
            if (tp_backward(loss) != TP_OK || tp_step(sgd) != TP_OK)
                return tp_error();
        }
        if (status != TP_END)
            return status;
        if (epoch == 0 || (epoch + 1) % 5 == 0)
            printf("  epoch %2d  mean squared error %.6f\n", epoch + 1, loss_on_all(Wb, data));
    }
    const tp_tensor *weight = tp_get_parameter(Wb, "weight"), *bias = tp_get_parameter(Wb, "bias");
    printf("  found y = %.3f x0 %+.3f x1 %+.3f\n", tp_at(weight, 0, 0), tp_at(weight, 0, 1), tp_at(bias, 0));
    return tp_error();
}

int main(int count, char **arguments)
{
    char *end = "";
    const unsigned long long seed = count > 1 ? strtoull(arguments[1], &end, 10) : 0;
    if (count > 2 || *end) {
        fprintf(stderr, "usage: linear_regression [SEED]\n");
        return 2;
    }
    tp_manual_seed(seed);
    tp_dataset *data = make_data();
    printf("truth  y = 2.000 x0 -3.000 x1 +0.500, noise of deviation 0.1\n");
    if (descend("Batch gradient descent", data, ITEMS, 0.1) != TP_OK ||
        descend("Mini-batch gradient descent", data, 16, 0.05) != TP_OK ||
        descend("Stochastic gradient descent", data, 1, 0.01) != TP_OK) {
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}
