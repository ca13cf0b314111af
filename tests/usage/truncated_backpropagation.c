/* A recurrent network over an endless series: the hidden state is carried with tp_assign, which has no
 * history, so that 10,000 steps take the memory of one. */
#include "taper/taper.h"
#include "test.h"

int main(void)
{
    tp_manual_seed(2);
    enum { HIDDEN = 8, CHUNK = 5, STEPS = 10000 };
    tp_module *in = tp_linear(1, HIDDEN), *again = tp_linear(HIDDEN, HIDDEN), *out = tp_linear(HIDDEN, 1);
    tp_module *model = tp_module_new("Recurrent", NULL, 0);
    tp_register_module(model, "in", in);
    tp_register_module(model, "again", again);
    tp_register_module(model, "out", out);
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.003);
    tp_tensor *state = tp_zeros(TP_F32, 1, HIDDEN);
    size_t used = 0;
    int grown = 0;
    double early = 0, late = 0;
    for (int t = 0; t < STEPS; t += CHUNK) {
        TP_SCOPE(chunk);
        tp_tensor *h = state, *loss = tp_scalar(TP_F32, 0);
        for (int k = 0; k < CHUNK; k++) {
            tp_tensor *x = tp_full(TP_F32, sin(0.3 * (t + k)), 1, 1);
            h = tp_tanh(tp_add(tp_forward(in, x), tp_forward(again, h)));
            tp_tensor *target = tp_full(TP_F32, sin(0.3 * (t + k + 3)), 1, 1);
            loss = tp_add(loss, tp_mse_loss(tp_forward(out, h), target));
        }
        tp_zero_grad(adam);
        if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK || tp_assign(state, h) != TP_OK)
            break;
        CHECK(!tp_requires_grad(state));
        if (t < 200)
            early += tp_item(loss) / 40;
        else if (t >= STEPS - 200)
            late += tp_item(loss) / 40;
        if (t == 500)
            used = tp_memory_used();
        else if (t > 500 && tp_memory_used() != used)
            grown++;
    }
    CHECK_OK();
    CHECK(grown == 0);
    printf("loss %.4f at first, %.4f at last\n", early, late);
    CHECK(late < 0.1 * early);
    tp_finish();
    return test_end();
}
