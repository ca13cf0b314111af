/* Averages of weights, and clipping by norms of every order, against PyTorch. */
#include "base/memory.h"
#include "taper/average.h"
#include "taper/ops.h"
#include "test.h"

#include "golden/average.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint32_t lcg;

static double draw(void)
{
    lcg = lcg * 1664525u + 1013904223u;
    return ((double)(lcg >> 8) - 8388608) / 8388608;
}

/* ---- Averages ---- */

enum { W, B, MEAN, WHOLE, TENSORS };

typedef struct model {
    tp_module *module;
    tp_tensor *tensors[TENSORS];
} model;

/* A vector that does not lie side by side. */
static tp_tensor *apart(tp_dtype dtype, int64_t n)
{
    return tp_detach(tp_select(tp_zeros(dtype, n, 2), 1, 1));
}

static model new_model(bool strided)
{
    model m = {.module = tp_module_new("Model", NULL, 0)};
    m.tensors[W] = tp_register_parameter(m.module, "w", strided ? apart(TP_F32, 37) : tp_zeros(TP_F32, 37));
    m.tensors[B] = tp_register_parameter(m.module, "b", strided ? apart(TP_F64, 5) : tp_zeros(TP_F64, 5));
    m.tensors[MEAN] = tp_register_buffer(m.module, "mean", tp_zeros(TP_F32, 7));
    m.tensors[WHOLE] = tp_register_buffer(m.module, "count", tp_zeros(TP_I64, 2));
    return m;
}

static void draw_values(const model *m)
{
    TP_SCOPE_NO_GRAD(values);
    for (int k = 0; k < TENSORS; k++) {
        tp_tensor *to = m->tensors[k];
        double values[37];
        for (int64_t i = 0; i < tp_numel(to); i++)
            values[i] = k == WHOLE ? trunc(draw() * 1000) : draw();
        CHECK(tp_assign(to, tp_to(tp_from_array(TP_F64, values, tp_numel(to)), tp_dtype_of(to))) == TP_OK);
    }
}

/* How many elements differ from what stands at *words, which moves on. */
static int differences(const model *m, const uint64_t **words)
{
    int different = 0;
    for (int k = 0; k < TENSORS; k++) {
        TP_SCOPE(compare);
        tp_tensor *t = tp_contiguous(tp_detach(m->tensors[k]));
        const size_t size = tp_dtype_size(tp_dtype_of(t));
        for (int64_t i = 0; i < tp_numel(t); i++, ++*words) {
            const uint32_t half = (uint32_t) * *words;
            const char *at = (const char *)tp_data(t) + (size_t)i * size;
            different += memcmp(at, size == 4 ? (const void *)&half : (const void *)*words, size) != 0;
        }
    }
    return different;
}

static int run(const struct golden *g, double nudge, bool strided)
{
    TP_SCOPE(test);
    lcg = 5;
    const model m = new_model(strided);
    tp_average *average = tp_average_of(m.module, .decay = g->decay * nudge, .equal = g->equal != 0,
                                        .use_buffers = g->use_buffers != 0);
    const uint64_t *words = g->words;
    int different = 0;
    for (int step = 1; step <= 20; step++) {
        draw_values(&m);
        CHECK(tp_average_update(average) == TP_OK);
        CHECK(tp_average_count(average) == step);
        if (step == 1 || step == 2 || step == 7 || step == 20) {
            const tp_named_tensors *own = tp_copy_named_tensors(tp_state_dict(m.module));
            CHECK(tp_average_swap(average) == TP_OK && tp_average_swapped(average));
            different += differences(&m, &words);
            CHECK(tp_average_update(average) == TP_ERROR_STATE);
            CHECK_ERROR(TP_ERROR_STATE, "the module has the averaged values");
            CHECK(!tp_average_state(average));
            CHECK_ERROR(TP_ERROR_STATE, "the module has the averaged values");
            CHECK(tp_average_swap(average) == TP_OK && !tp_average_swapped(average));
            const tp_named_tensors *back = tp_state_dict(m.module);
            for (int64_t i = 0; i < own->count; i++)
                CHECK(tp_equal(own->items[i].tensor, tp_detach(back->items[i].tensor)));
        }
    }
    CHECK_OK();
    return different;
}

static void test_golden(void)
{
    for (size_t i = 0; i < COUNT(golden); i++) {
        CHECK(run(&golden[i], 1, false) == 0);
        CHECK(run(&golden[i], 1, true) == 0);
        CHECK(golden[i].equal || run(&golden[i], 1 - 0x1p-12, false) > 20);
    }
}

/* An average that was saved and loaded goes on with the same bits. */
static void test_state(void)
{
    TP_SCOPE(test);
    const model a = new_model(false), b = new_model(true);
    tp_average *one = tp_average_of(a.module, .decay = 0.5, .use_buffers = true);
    tp_average *two = tp_average_of(b.module, .decay = 0.5, .use_buffers = true);
    lcg = 1;
    for (int i = 0; i < 5; i++) {
        draw_values(&a);
        CHECK(tp_average_update(one) == TP_OK);
    }
    tp_named_tensors *state = tp_average_state(one);
    CHECK(state && state->count == 5);
    CHECK_TEXT(state->items[1].name, "module.w");
    for (int64_t k = 0; k < state->count; k++) {
        const tp_named_tensor left_out = state->items[k];
        state->items[k] = state->items[state->count - 1];
        CHECK(tp_load_average_state(two, state->items, state->count - 1) == TP_ERROR_ARGUMENT);
        CHECK_ERROR(TP_ERROR_ARGUMENT, left_out.name);
        state->items[k] = (tp_named_tensor){left_out.name, tp_zeros(TP_F32, 3)};
        CHECK(tp_load_average_state(two, state->items, state->count) != TP_OK);
        CHECK_ERROR(k ? TP_ERROR_SHAPE : TP_ERROR_VALUE, left_out.name);
        state->items[k] = left_out;
    }
    CHECK(tp_average_count(two) == 0);
    CHECK(tp_load_average_state(two, state->items, state->count) == TP_OK);
    for (int i = 0; i < 5; i++) {
        lcg = (uint32_t)i;
        draw_values(&a);
        lcg = (uint32_t)i;
        draw_values(&b);
        CHECK(tp_average_update(one) == TP_OK && tp_average_update(two) == TP_OK);
    }
    const tp_named_tensors *x = tp_average_state(one), *y = tp_average_state(two);
    for (int64_t i = 0; i < x->count; i++)
        CHECK(tp_equal(x->items[i].tensor, y->items[i].tensor));
    CHECK_OK();
}

static void test_errors(void)
{
    TP_SCOPE(test);
    CHECK(!tp_average_of(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "average: module is NULL");
    const model m = new_model(false);
    CHECK(!tp_average_of(m.module, .decay = 1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Invalid decay value 1.5");
    CHECK(tp_average_update(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "average_update: average is NULL");
    CHECK(tp_average_swap(NULL) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "average is NULL");
    CHECK(tp_average_count(NULL) == -1 && !tp_average_swapped(NULL) && !tp_average_state(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "average_state: average is NULL");
    /* Every allocation failing in turn. */
    for (int64_t countdown = 0;; countdown++) {
        TP_SCOPE(memory);
        const model n = new_model(true);
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        tp_average *average = tp_average_of(n.module);
        const bool done = average && tp_average_update(average) == TP_OK &&
                          tp_average_swap(average) == TP_OK && tp_average_swap(average) == TP_OK &&
                          tp_average_state(average) && tp_error() == TP_OK;
        tp__memory_fail_after(-1);
        if (done)
            break;
        CHECK_ERROR(TP_ERROR_MEMORY, "");
        CHECK(countdown < 200);
        if (countdown >= 200)
            break;
    }
    CHECK_OK();
}

/* ---- Clipping ---- */

static void gradients(tp_tensor *p[2])
{
    lcg = 11;
    for (int k = 0; k < 2; k++) {
        p[k] = tp_requires_grad_(tp_zeros(TP_F32, k ? 3 : 101), true);
        tp_tensor *g = tp_zeros(TP_F32, k ? 3 : 101);
        for (int64_t i = 0; i < tp_numel(g); i++)
            tp_data_f32(g)[i] = (float)draw();
        CHECK(tp_backward(p[k], .gradient = g) == TP_OK);
    }
}

static void test_clip(void)
{
    double worst = 0;
    for (size_t i = 0; i < COUNT(golden_clips); i++) {
        TP_SCOPE(test);
        const struct golden_clip *g = &golden_clips[i];
        tp_tensor *p[2];
        gradients(p);
        const double norm = tp_clip_grad_norm(tp_parameters_of_n(2, p), g->limit, .norm_type = g->order);
        worst = fmax(worst, fabs(norm / g->norm - 1));
        worst = fmax(worst, fabs(tp_at(tp_grad(p[0]), 50) / g->first - 1));
        worst = fmax(worst, fabs(tp_at(tp_grad(p[1]), 2) / g->second - 1));
        CHECK_NEAR(norm, g->norm, 5e-7 * g->norm);
        CHECK(fabs(norm - g->norm * (1 + 1e-6)) > 5e-7 * g->norm);
        CHECK_OK();
    }
    printf("norms and clipped gradients are at most %.2g from PyTorch's, relative\n", worst);
    CHECK(worst < 5e-7);

    TP_SCOPE(test);
    tp_tensor *p[2];
    gradients(p);
    tp_data_f32(tp_grad(p[1]))[1] = INFINITY;
    const double before = tp_at(tp_grad(p[0]), 0);
    CHECK(isnan(tp_clip_grad_norm(tp_parameters_of_n(2, p), 1, .error_if_nonfinite = true)));
    CHECK_ERROR(TP_ERROR_VALUE, "The total norm of order 2 for gradients from `parameters` is non-finite");
    CHECK(tp_at(tp_grad(p[0]), 0) == before);
    CHECK(isinf(tp_clip_grad_norm(tp_parameters_of_n(2, p), 1)));
    CHECK(tp_at(tp_grad(p[0]), 0) == 0 && isnan(tp_at(tp_grad(p[1]), 1)));
    CHECK_OK();
    CHECK(isnan(tp_clip_grad_norm(tp_parameters_of_n(2, p), 1, .norm_type = NAN)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "clip_grad_norm: norm_type is ");
}

int main(void)
{
    test_golden();
    test_state();
    test_errors();
    test_clip();
    tp_finish();
    return test_end();
}
