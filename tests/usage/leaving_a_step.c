/* A step's scope ends on every way out of it: the end of the block, break, continue and return. */
#include "taper/taper.h"
#include "test.h"

/* Trains until the loss is below `enough`: leaves the loop, and the function, from inside a step. */
static double train(tp_module *model, tp_optimizer *sgd, tp_tensor *X, tp_tensor *y, double enough,
                    bool by_return)
{
    double last = NAN;
    for (int i = 0; i < 400; i++) {
        TP_SCOPE(step);
        tp_tensor *loss = tp_mse_loss(tp_squeeze(tp_forward(model, X), 1), y);
        last = tp_item(loss);
        if (last < enough) {
            if (by_return)
                return last;
            break;
        }
        tp_zero_grad(sgd);
        if (tp_backward(loss) != TP_OK || tp_step(sgd) != TP_OK)
            return NAN;
        if (i % 2)
            continue;
    }
    return last;
}

int main(void)
{
    tp_manual_seed(1);
    tp_tensor *X = tp_randn(TP_F32, 64, 3);
    tp_tensor *y = tp_squeeze(tp_matmul(X, tp_from_text(TP_F32, "[[1], [-2], [0.5]]")), 1);
    tp_module *model = tp_linear(3, 1);
    tp_optimizer *sgd = tp_sgd(tp_parameters(model), .lr = 0.1);
    CHECK(train(model, sgd, X, y, 0.5, false) < 0.5);
    const size_t used = tp_memory_used();
    CHECK(train(model, sgd, X, y, 1e-3, true) < 1e-3);
    CHECK(train(model, sgd, X, y, 1e-6, false) < 1e-6);
    CHECK(tp_memory_used() == used);
    CHECK_TEXT(tp_region_name(tp_region_current()), "root");
    CHECK_NEAR(tp_at(tp_get_parameter(model, "weight"), 0, 1), -2, 1e-2);
    CHECK_OK();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
