/* Batches of one item and of none, dense and sparse. */
#include "taper/taper.h"
#include "test.h"

static void steps(tp_tensor *X, int64_t n)
{
    TP_SCOPE(steps);
    tp_module *model = tp_linear(5, 1);
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.1);
    const float before = (float)tp_at(tp_get_parameter(model, "weight"), 0, 2);
    tp_tensor *probabilities = tp_sigmoid(tp_squeeze(tp_forward(model, X), 1));
    CHECK(tp_ndim(probabilities) == 1 && tp_size(probabilities, 0) == n);
    /* The sum over no items is 0, their mean is NaN, as in PyTorch. */
    tp_tensor *y = tp_zeros(TP_F32, n);
    tp_tensor *loss = tp_binary_cross_entropy(probabilities, y, .reduction = TP_SUM);
    CHECK(n ? tp_item(loss) > 0 : tp_item(loss) == 0);
    CHECK(isnan(tp_item(tp_binary_cross_entropy(probabilities, y))) == !n);
    CHECK(tp_backward(loss) == TP_OK && tp_step(adam) == TP_OK);
    tp_tensor *weight = tp_get_parameter(model, "weight");
    CHECK(tp_grad(weight) && tp_size(tp_grad(weight), 1) == 5);
    CHECK(n || tp_at(tp_grad(weight), 0, 2) == 0);
    CHECK(n || (float)tp_at(weight, 0, 2) == before);
    CHECK_OK();
}

int main(void)
{
    tp_manual_seed(8);
    for (int64_t n = 0; n < 2; n++) {
        tp_tensor *X = tp_ones(TP_F32, n, 5);
        steps(X, n);
        steps(tp_to_csr(X), n);
    }
    /* The last batch of an epoch has one item; a dataset of nothing has no batches. */
    tp_dataset *three = tp_tensor_dataset(tp_to_csr(tp_eye(TP_F32, 3, 5)), tp_ones(TP_F32, 3));
    tp_loader *loader = tp_loader_new(three, .batch_size = 2);
    tp_batch *batch;
    CHECK(tp_loader_next(loader, &batch) == TP_OK && batch->size == 2);
    CHECK(tp_loader_next(loader, &batch) == TP_OK && batch->size == 1);
    steps(batch->X, 1);
    CHECK(tp_loader_next(loader, &batch) == TP_END);
    CHECK(tp_loader_next(tp_loader_new(tp_subset(three, NULL, 0)), &batch) == TP_END);
    CHECK_OK();
    tp_finish();
    return test_end();
}
