/* Eight threads predict with one model at the same time, each in regions of its own. */
#include "taper/taper.h"
#include "test.h"

#include <pthread.h>

static tp_module *model;
static float expected[40];

static tp_tensor *inputs(int i)
{
    return tp_full(TP_F32, 0.1 * i, 4, 12);
}

static void *predict(void *argument)
{
    for (int i = 0; i < 400; i++) {
        TP_SCOPE(request);
        TP_SCOPE_NO_GRAD(request);
        tp_tensor *p = tp_squeeze(tp_forward(model, inputs(i % 40)), 1);
        if (!p || (float)tp_at(p, 3) != expected[i % 40])
            return NULL;
        if (i % 50 == 7) { /* errors belong to their thread */
            if (tp_forward(model, tp_ones(TP_F32, 4, 11)) || tp_report(NULL) != TP_ERROR_SHAPE)
                return NULL;
        }
    }
    return tp_error() == TP_OK ? argument : NULL;
}

int main(void)
{
    tp_manual_seed(6);
    model = tp_sequential(tp_linear(12, 32), tp_relu_layer(), tp_dropout(0.5), tp_linear(32, 1),
                          tp_sigmoid_layer());
    tp_eval(model);
    for (int i = 0; i < 40; i++) {
        TP_SCOPE(request);
        expected[i] = (float)tp_at(tp_forward(model, inputs(i)), 3, 0);
    }
    pthread_t threads[8];
    int marks[8];
    for (int i = 0; i < 8; i++)
        CHECK(!pthread_create(&threads[i], NULL, predict, &marks[i]));
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        CHECK(result == &marks[i]);
    }
    CHECK_OK();
    tp_finish();
    return test_end();
}
