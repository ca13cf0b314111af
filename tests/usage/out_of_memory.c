/* Memory runs out in the middle of steps; the program hears of it, goes on, and gets the result that it would
 * have had without. */
#include "base/memory.h"
#include "taper/taper.h"
#include "test.h"

typedef struct run {
    tp_module *model;
    tp_optimizer *adam;
    tp_tensor *X, *y;
} run;

static run begin(void)
{
    tp_manual_seed(7);
    run r = {.model = tp_sequential(tp_linear(20, 50), tp_tanh_layer(), tp_linear(50, 1))};
    r.adam = tp_adam(tp_parameters(r.model), .lr = 0.01);
    r.X = tp_randn(TP_F32, 128, 20);
    r.y = tp_sum_dim(r.X, 1, true);
    return r;
}

/* A step is repeated until it succeeds; how often it failed. */
static tp_status step(const run *r)
{
    TP_SCOPE(step);
    tp_zero_grad(r->adam);
    tp_tensor *loss = tp_mse_loss(tp_forward(r->model, r->X), r->y);
    const tp_status status = tp_backward(loss);
    return status == TP_OK ? tp_step(r->adam) : status;
}

int main(void)
{
    run plain = begin();
    for (int i = 0; i < 20; i++)
        CHECK(step(&plain) == TP_OK);
    CHECK_OK();
    /* The n-th allocation of the step fails. */
    run failing = begin();
    int failures = 0;
    for (int i = 0; i < 20; i++) {
        tp__memory_fail_after(i);
        tp_status status = step(&failing);
        tp__memory_fail_after(-1);
        if (tp_error() != TP_OK) {
            failures++;
            CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
        }
        if (status != TP_OK) {
            CHECK(status == TP_ERROR_MEMORY);
            CHECK(step(&failing) == TP_OK);
        }
    }
    CHECK_OK();
    /* The limit is reached. */
    run limited = begin();
    CHECK(step(&limited) == TP_OK);
    for (int i = 1; i < 20; i++) {
        if (i % 3 == 0) {
            tp_memory_trim();
            tp_set_memory_limit(tp_memory_used() + 20000 + (size_t)i * 5000);
            if (step(&limited) == TP_OK) {
                tp_set_memory_limit(0);
                continue;
            }
            tp_set_memory_limit(0);
            failures++;
            CHECK_ERROR(TP_ERROR_MEMORY, "limit");
        }
        CHECK(step(&limited) == TP_OK);
    }
    printf("%d steps failed and were repeated\n", failures);
    CHECK(failures > 8);
    for (const char *const *name = (const char *const[]){"0.weight", "0.bias", "2.weight", "2.bias", NULL};
         *name; name++) {
        CHECK(tp_equal(tp_get_parameter(plain.model, *name), tp_get_parameter(failing.model, *name)));
        CHECK(tp_equal(tp_get_parameter(plain.model, *name), tp_get_parameter(limited.model, *name)));
    }
    CHECK_OK();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
