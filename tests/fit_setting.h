/* What the tests of the training loop share: a small problem, and comparisons of what came of it. */
#ifndef TAPER_TESTS_FIT_SETTING_H
#define TAPER_TESTS_FIT_SETTING_H

#include "test.h"

#include "taper/taper.h"

#define ITEMS 44
#define FEATURES 5
#define BATCH 8 /* 6 steps an epoch, the last one short */
#define STEPS 6

typedef struct setting {
    tp_loader *train, *dev;
    tp_module *model;
    tp_optimizer *adam;
} setting;

/* A small problem that a line solves but for some noise, always the same. */
static setting make_setting(uint64_t seed)
{
    tp_generator *g = tp_generator_new();
    tp_generator_seed(g, 7);
    const int64_t shape[] = {ITEMS, FEATURES};
    tp_tensor *X = tp_randn_n(TP_F32, g, 2, shape), *noise = tp_randn_n(TP_F32, g, 1, shape);
    tp_tensor *y = tp_zeros(TP_F32, ITEMS);
    for (int64_t i = 0; i < ITEMS; i++) {
        const float *x = tp_data_f32(X) + i * FEATURES;
        tp_data_f32(y)[i] = x[0] - x[1] + x[2] + tp_data_f32(noise)[i] > 0 ? 1.0f : 0.0f;
    }
    tp_dataset *data = tp_tensor_dataset(X, y);
    tp_manual_seed(seed);
    setting s;
    s.model = tp_sequential(tp_linear(FEATURES, 8), tp_relu_layer(), tp_dropout(0.3), tp_linear(8, 1));
    s.adam = tp_adam(tp_parameters(s.model), .lr = 0.02);
    s.train = tp_loader_new(data, .batch_size = BATCH, .shuffle = true);
    s.dev = tp_loader_new(data, .batch_size = 16);
    return s;
}

static bool same_state(const tp_named_tensors *a, const tp_named_tensors *b)
{
    if (!a || !b || a->count != b->count)
        return false;
    for (int64_t i = 0; i < a->count; i++)
        if (!tp_equal(a->items[i].tensor, b->items[i].tensor))
            return false;
    return true;
}

#endif
