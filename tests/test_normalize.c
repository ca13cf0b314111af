/* Normalisation against PyTorch: values, gradients, second gradients, running moments; the layers. */
#include "operation_cases.h"

#include "base/memory.h"

static tp_tensor *input(const golden_case *c, int i)
{
    return i < c->n_inputs ? c->inputs[i] : NULL;
}

static const int64_t *last_dims(const golden_case *c)
{
    return c->inputs[0]->shape + c->inputs[0]->ndim - (int)c->numbers[0];
}

static tp_tensor *run_layer(golden_case *c)
{
    return tp_f_layer_norm(input(c, 0), (int)c->numbers[0], last_dims(c), input(c, 1), input(c, 2),
                           c->numbers[1]);
}

static tp_tensor *run_rms(golden_case *c)
{
    return tp_f_rms_norm(input(c, 0), (int)c->numbers[0], last_dims(c), input(c, 1), c->numbers[1]);
}

static tp_tensor *run_group(golden_case *c)
{
    return tp_f_group_norm(input(c, 0), (int64_t)c->numbers[0], input(c, 1), input(c, 2), c->numbers[1]);
}

static tp_tensor *run_batch(golden_case *c)
{
    return tp_f_batch_norm(input(c, 0), input(c, 3), input(c, 4), .weight = input(c, 1), .bias = input(c, 2),
                           .training = c->numbers[0] == 1, .momentum = c->numbers[1], .eps = c->numbers[2]);
}

static tp_tensor *run_empty(golden_case *c)
{
    return tp_mul(run_batch(c), 2.0);
}

static tp_tensor *run_tracked(golden_case *c)
{
    tp_tensor *y = run_batch(c), *const moments[2] = {input(c, 3), input(c, 4)};
    c->outputs[1] = tp_cat(moments, 2, 0);
    return y;
}

/* Twice the gradient of sum(exp(y)) by the first input, recorded. */
static tp_tensor *second(golden_case *c, tp_tensor *y)
{
    tp_tensor *sum = tp_sum(tp_exp(y)), *gradient = NULL;
    const tp_gradients_options options = {.create_graph = true};
    if (!sum || tp_gradients(&sum, 1, &c->inputs[0], 1, NULL, &options, &gradient) != TP_OK)
        return NULL;
    return tp_mul(gradient, 2.0);
}

static tp_tensor *run_layer_second(golden_case *c)
{
    return second(c, run_layer(c));
}
static tp_tensor *run_rms_second(golden_case *c)
{
    return second(c, run_rms(c));
}
static tp_tensor *run_group_second(golden_case *c)
{
    return second(c, run_group(c));
}
static tp_tensor *run_batch_second(golden_case *c)
{
    return second(c, run_batch(c));
}

static tp_tensor *run_steps(golden_case *c)
{
    tp_tensor *x = c->inputs[0];
    tp_module *layer = tp_batch_norm1d(3, .momentum = c->numbers[0], .dtype = (tp_dtype)x->dtype);
    for (int i = 0; i < 3; i++)
        tp_forward(layer, tp_add(tp_mul(x, (double)(i + 1)), (double)i));
    tp_eval(layer);
    tp_tensor *const buffers[3] = {
        tp_get_buffer(layer, "running_mean"), tp_get_buffer(layer, "running_var"),
        tp_reshape(tp_to(tp_get_buffer(layer, "num_batches_tracked"), (tp_dtype)x->dtype), 1)};
    c->outputs[1] = tp_cat(buffers, 3, 0);
    return tp_forward(layer, x);
}

static const golden_operation operations[] = {
    {"layer_norm", run_layer, false, 10},
    {"layer_norm_second", run_layer_second, false, 10},
    {"rms_norm", run_rms, false, 10},
    {"rms_norm_second", run_rms_second, false, 10},
    {"group_norm", run_group, false, 10},
    {"group_norm_second", run_group_second, false, 10},
    {"batch_norm", run_batch, false, 10},
    {"batch_norm_empty", run_empty, false, 10},
    {"batch_norm_plain", run_batch, false, 10},
    {"batch_norm_tracked", run_tracked, false, 10},
    {"batch_norm_second", run_batch_second, false, 10},
    {"batch_norm_steps", run_steps, false, 1},
    {NULL, NULL, false, 0},
};

static bool prints(tp_module *module, const char *text)
{
    const char *printed = tp_module_repr(module);
    if (printed && !strcmp(printed, text))
        return true;
    printf("%s is not %s\n", printed ? printed : "NULL", text);
    return false;
}

static void check_prints(void)
{
    TP_SCOPE(prints);
    const int64_t shape[2] = {3, 4};
    CHECK(prints(tp_layer_norm(3), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"));
    CHECK(prints(tp_layer_norm(0, .ndim = 2, .shape = shape, .eps = 1e-6, .elementwise_affine = false),
                 "LayerNorm((3, 4), eps=1e-06, elementwise_affine=False, bias=False)"));
    CHECK(prints(tp_layer_norm(3, .bias = false),
                 "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=False)"));
    CHECK(prints(tp_rms_norm(3), "RMSNorm((3,), eps=None, elementwise_affine=True)"));
    CHECK(prints(tp_rms_norm(0, .ndim = 2, .shape = shape, .eps = 1e-6, .elementwise_affine = false),
                 "RMSNorm((3, 4), eps=1e-06, elementwise_affine=False)"));
    CHECK(prints(tp_group_norm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"));
    CHECK(
        prints(tp_group_norm(2, 4, .affine = false), "GroupNorm(2, 4, eps=1e-05, affine=False, bias=False)"));
    CHECK(prints(tp_batch_norm1d(3), "BatchNorm1d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, "
                                     "track_running_stats=True)"));
    CHECK(
        prints(tp_batch_norm1d(3, .momentum = -1, .affine = false, .track_running_stats = false, .eps = 1e-3),
               "BatchNorm1d(3, eps=0.001, momentum=None, affine=False, bias=False, "
               "track_running_stats=False)"));
    CHECK_OK();
}

/* Buffers are in the state and not among the parameters; a state read back gives the same layer. */
static void check_state(void)
{
    TP_SCOPE(state);
    tp_module *layer = tp_batch_norm1d(3), *other = tp_batch_norm1d(3);
    tp_tensor *x = tp_randn(TP_F32, 5, 3);
    const char *const names[5] = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"};
    CHECK(tp_forward(layer, x) && tp_forward(layer, tp_mul(x, 2.0)));
    const tp_named_tensors *state = tp_state_dict(layer);
    CHECK(state && state->count == 5 && tp_parameters(layer)->count == 2);
    for (int i = 0; state && i < 5; i++)
        CHECK(!strcmp(state->items[i].name, names[i]));
    CHECK(tp_item_i64(tp_get_buffer(layer, "num_batches_tracked")) == 2);
    CHECK(tp_load_state_dict(other, state->items, state->count, true) == TP_OK);
    tp_eval(layer);
    tp_eval(other);
    tp_tensor *y = tp_forward(layer, x);
    CHECK(y && tp_equal(y, tp_forward(other, x)));
    CHECK(tp_item_i64(tp_get_buffer(layer, "num_batches_tracked")) == 2);
    CHECK(tp_state_dict(tp_batch_norm1d(3, .affine = false, .track_running_stats = false))->count == 0);
    /* Without running moments, evaluation goes by the batch as well. */
    tp_module *plain = tp_batch_norm1d(3, .track_running_stats = false);
    y = tp_forward(plain, x);
    tp_eval(plain);
    CHECK(y && tp_equal(y, tp_forward(plain, x)));
    CHECK_OK();
}

static void check_errors(void)
{
    TP_SCOPE(errors);
    CHECK(!tp_forward(tp_batch_norm1d(3), tp_zeros(TP_F32, 2)));
    CHECK_ERROR(TP_ERROR_SHAPE, "expected 2D or 3D input (got 1D input)");
    CHECK(!tp_forward(tp_batch_norm1d(3), tp_zeros(TP_F32, 2, 3, 4, 5)));
    CHECK_ERROR(TP_ERROR_SHAPE, "expected 2D or 3D input (got 4D input)");
    CHECK(!tp_forward(tp_batch_norm1d(3), tp_zeros(TP_F32, 2, 4)));
    CHECK_ERROR(TP_ERROR_SHAPE, "running_mean should contain 4 elements not 3");
    tp_module *layer = tp_batch_norm1d(3);
    CHECK(!tp_forward(layer, tp_zeros(TP_F32, 1, 3)));
    CHECK_ERROR(TP_ERROR_VALUE,
                "batch_norm: Expected more than 1 value per channel when training, got input size [1, 3]");
    CHECK(tp_item_i64(tp_get_buffer(layer, "num_batches_tracked")) == 0);
    tp_eval(layer);
    CHECK(tp_forward(layer, tp_zeros(TP_F32, 1, 3)));
    CHECK(!tp_batch_norm1d(3, .dtype = TP_F16));
    CHECK_ERROR(TP_ERROR_DTYPE, "batch_norm1d: dtype is float16, which is kept and not computed with");
    CHECK(!tp_group_norm(4, 6));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "num_channels (6) must be divisible by num_groups (4)");
    CHECK(!tp_f_group_norm(tp_zeros(TP_F32, 2, 4), 0, NULL, NULL, 1e-5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Expected num groups to be greater than 0");
    CHECK(!tp_layer_norm(-1));
    CHECK_ERROR(TP_ERROR_SHAPE, "negative size -1");
    CHECK(!tp_layer_norm(3, .dtype = TP_I64));
    CHECK_ERROR(TP_ERROR_DTYPE, "layer_norm: needs a floating type, not int64");
    CHECK(!tp_f_layer_norm(tp_zeros(TP_F32, 2), 9, NULL, NULL, NULL, 1e-5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a normalized_shape of 9 dimensions");
    CHECK(!tp_forward(tp_layer_norm(3), tp_zeros(TP_F64, 2, 3)));
    CHECK_ERROR(TP_ERROR_DTYPE, "all inputs must share same datatype");
    tp_tensor *running = tp_requires_grad_(tp_zeros(TP_F32, 3), true);
    CHECK(!tp_f_batch_norm(tp_zeros(TP_F32, 2, 3), running, NULL, .training = true));
    CHECK_ERROR(TP_ERROR_STATE, "running_mean requires a gradient, and training writes to it");
    CHECK(!tp_f_layer_norm(NULL, TP_SHAPE(3), NULL, NULL, 1e-5));
    tp_clear_error();
}

/* A row of one value is the bias, whatever it is; so is a row of equal values. */
static void check_constant(void)
{
    TP_SCOPE(constant);
    tp_tensor *bias = tp_from_text(TP_F32, "[0.3, -7]");
    tp_tensor *x = tp_from_text(TP_F32, "[[1e6, 3], [-2.5, 1e-20]]");
    tp_tensor *y = tp_f_group_norm(x, 2, NULL, bias, 1e-5);
    CHECK(y && tp_equal(y, tp_contiguous(tp_expand(bias, 2, 2))));
    y = tp_f_layer_norm(tp_full(TP_F32, 0.1, 3, 2), TP_SHAPE(2), NULL, bias, 1e-5);
    CHECK(y && tp_equal(y, tp_contiguous(tp_expand(bias, 3, 2))));
    CHECK_OK();
}

/* The bits are the same for any number of threads. */
static void check_threads(void)
{
    tp_tensor *first[4] = {NULL};
    TP_SCOPE(threads);
    const int before = tp_get_num_threads();
    for (int n = 1; n <= 3; n++) {
        tp_set_num_threads(n);
        tp_generator *generator = tp_generator_new();
        tp_generator_seed(generator, 5);
        tp_tensor *x = tp_requires_grad_(tp_randn_n(TP_F32, generator, TP_SHAPE(700, 96)), true);
        tp_tensor *w = tp_requires_grad_(tp_randn_n(TP_F32, generator, TP_SHAPE(96)), true);
        tp_tensor *b = tp_requires_grad_(tp_randn_n(TP_F32, generator, TP_SHAPE(96)), true);
        tp_tensor *y = tp_f_layer_norm(x, TP_SHAPE(96), w, b, 1e-5);
        CHECK(tp_backward(tp_sum(tp_mul(y, y))) == TP_OK);
        tp_tensor *const now[4] = {tp_detach(y), tp_grad(x), tp_grad(w), tp_grad(b)};
        for (int i = 0; i < 4; i++) {
            if (n == 1)
                first[i] = now[i];
            CHECK(now[i] && tp_equal(first[i], now[i]));
        }
    }
    tp_set_num_threads(before);
}

/* Channels side by side give what channels of two equal numbers give, which are computed as rows. */
static void check_side_by_side(tp_dtype dtype, double bar)
{
    TP_SCOPE(side);
    enum { N = 45, CHANNELS = 150 };
    tp_tensor *x = tp_requires_grad_(tp_randn(dtype, N, CHANNELS), true),
              *w = tp_requires_grad_(tp_randn(dtype, CHANNELS), true), *b = tp_randn(dtype, CHANNELS),
              *g = tp_randn(dtype, N, CHANNELS), *inputs[2] = {x, w};
    tp_tensor *twice = tp_repeat(tp_unsqueeze(x, 2), 1, 1, 2);
    tp_tensor *y = tp_f_batch_norm(x, NULL, NULL, .weight = w, .bias = b, .training = true);
    tp_tensor *rows =
        tp_select(tp_f_batch_norm(twice, NULL, NULL, .weight = w, .bias = b, .training = true), 2, 1);
    tp_tensor *gradients[2], *others[2];
    CHECK(tp_gradients(&y, 1, inputs, 2, &g, NULL, gradients) == TP_OK);
    CHECK(tp_gradients(&rows, 1, inputs, 2, &g, NULL, others) == TP_OK);
    CHECK(tp_allclose(y, rows, bar, bar));
    CHECK(!tp_allclose(y, tp_mul(rows, 1.001), bar, bar));
    /* The second number of each channel has no gradient of its own: its share comes through the moments. */
    CHECK(tp_allclose(gradients[0], others[0], bar, bar));
    CHECK(tp_allclose(gradients[1], others[1], 10 * bar, 10 * bar));
    CHECK(tp_equal(y, tp_f_batch_norm(tp_transpose(tp_contiguous(tp_transpose(x, 0, 1)), 0, 1), NULL, NULL,
                                      .weight = w, .bias = b, .training = true)));
    CHECK_OK();
}

int main(void)
{
    golden_check("tests/golden/normalize.pack", operations);
    check_prints();
    check_state();
    check_errors();
    check_constant();
    check_threads();
    check_side_by_side(TP_F64, 1e-12);
    check_side_by_side(TP_F32, 1e-5);
    tp_finish();
    CHECK(tp_memory_used() == 0);
    return test_end();
}
