/* Modules, layers, initialisers and state dictionaries, against PyTorch's numbers and texts. */
#include "base/memory.h"
#include "base/region.h"
#include "taper/activations.h"
#include "taper/nn.h"
#include "taper/optim.h"
#include "test.h"

#include "golden/nn.h"

static uint64_t hash(uint64_t h, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return h;
}

static uint64_t hash_tensor(uint64_t h, tp_tensor *t)
{
    tp_tensor *even = tp_contiguous(tp_detach(t));
    return hash(h, tp_data(even), (size_t)tp_numel(even) * tp_dtype_size(tp_dtype_of(even)));
}

static uint64_t hash_module(uint64_t h, const tp_module *m)
{
    const tp_parameter_list *list = tp_parameters(m);
    for (int64_t i = 0; list && i < list->count; i++)
        h = hash_tensor(h, list->tensors[i]);
    return h;
}

/* ---- Draws ---- */

/* An empty tensor as torch.empty's, or, with `strided`, one whose last dimension is not the fastest. */
static tp_tensor *blank(tp_dtype dtype, bool strided, int ndim, const int64_t *shape)
{
    if (!strided || ndim < 2)
        return tp_zeros_n(dtype, ndim, shape);
    int64_t turned[TP_MAX_DIMS];
    for (int d = 0; d < ndim; d++)
        turned[d] = shape[ndim - 1 - d];
    tp_tensor *t = tp_zeros_n(dtype, ndim, turned);
    int64_t order[TP_MAX_DIMS];
    for (int d = 0; d < ndim; d++)
        order[d] = ndim - 1 - d;
    return tp_permute_n(t, ndim, order);
}
#define BLANK(dtype, ...) blank(dtype, strided, TP_SHAPE(__VA_ARGS__))

static tp_tensor *draw_tensor(int which, bool strided)
{
    switch (which) {
    case DRAW_uniform:
        return tp_init_uniform_(BLANK(TP_F32, 5, 7), -0.3, 2, NULL);
    case DRAW_normal_small:
        return tp_init_normal_(BLANK(TP_F32, 3, 5), 1, 0.02, NULL);
    case DRAW_normal:
        return tp_init_normal_(BLANK(TP_F32, 5, 7), 1, 0.02, NULL);
    case DRAW_trunc_normal:
        return tp_init_trunc_normal_(BLANK(TP_F32, 50, 7), 0, 1, -1, 0.5, NULL);
    case DRAW_trunc_normal_f64:
        return tp_init_trunc_normal_(BLANK(TP_F64, 50, 7), 0.1, 0.02, 0.08, 0.2, NULL);
    case DRAW_constant:
        return tp_init_constant_(BLANK(TP_F32, 5), 0.3);
    case DRAW_eye:
        return tp_init_eye_(BLANK(TP_F32, 3, 5));
    case DRAW_xavier_uniform:
        return tp_init_xavier_uniform_(BLANK(TP_F32, 6, 5, 3), tp_calculate_gain(TP_NONLINEARITY_TANH, 0),
                                       NULL);
    case DRAW_xavier_normal:
        return tp_init_xavier_normal_(BLANK(TP_F32, 6, 5), 1, NULL);
    case DRAW_kaiming_uniform:
        return tp_init_kaiming_uniform_(BLANK(TP_F32, 6, 5), .mode = TP_FAN_OUT,
                                        .nonlinearity = TP_NONLINEARITY_RELU);
    case DRAW_kaiming_normal:
        return tp_init_kaiming_normal_(BLANK(TP_F32, 6, 5, 2, 2), .slope = 0.2);
    case DRAW_kaiming_selu:
        return tp_init_kaiming_normal_(BLANK(TP_F32, 6, 50), .nonlinearity = TP_NONLINEARITY_SELU);
    case DRAW_no_elements:
        return tp_init_kaiming_normal_(BLANK(TP_F32, 0, 5));
    default:
        return NULL;
    }
}

static tp_module *draw_module(int which)
{
    switch (which) {
    case DRAW_linear_1:
        return tp_linear(3, 2);
    case DRAW_linear_2:
        return tp_linear(10106, 1);
    case DRAW_linear_no_bias:
        return tp_linear(7, 5, .bias = false);
    case DRAW_linear_f64:
        return tp_linear(7, 5, .dtype = TP_F64);
    case DRAW_linear_empty:
        return tp_linear(0, 2);
    case DRAW_sequential:
        return tp_sequential(tp_linear(4, 9), tp_relu_layer(),
                             tp_sequential(tp_linear(9, 3), tp_dropout(0.5)), tp_linear(3, 1));
    default:
        return NULL;
    }
}

static void test_draws(void)
{
    for (int i = 0; i < N_DRAWS; i++)
        for (int strided = 0; strided < 2; strided++) {
            TP_SCOPE(test);
            const uint64_t start = 0xcbf29ce484222325u;
            tp_manual_seed(1234);
            tp_module *m = draw_module(i);
            const uint64_t h = m ? hash_module(start, m) : hash_tensor(start, draw_tensor(i, strided));
            if (h != golden_draws[i].hash)
                printf("%s is not what PyTorch draws\n", golden_draws[i].name);
            CHECK(h == golden_draws[i].hash);
            CHECK(tp_item_i64(tp_randint_n(0, 2147483647, NULL, 0, NULL)) == (int64_t)golden_draws[i].after);
            CHECK_OK();
            /* Another seed is noticed, where anything is drawn. */
            if (i == DRAW_linear_empty || i == DRAW_constant || i == DRAW_eye || i == DRAW_no_elements)
                continue;
            tp_manual_seed(1235);
            m = draw_module(i);
            CHECK((m ? hash_module(start, m) : hash_tensor(start, draw_tensor(i, strided))) !=
                  golden_draws[i].hash);
        }
    static const tp_nonlinearity all[] = {TP_NONLINEARITY_LINEAR, TP_NONLINEARITY_TANH, TP_NONLINEARITY_RELU,
                                          TP_NONLINEARITY_LEAKY_RELU, TP_NONLINEARITY_SELU};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        CHECK(tp_calculate_gain(all[i], 0.01) == golden_gains[i]);
    TP_SCOPE(generator);
    tp_generator *g = tp_generator_new();
    tp_generator_seed(g, 1234);
    CHECK(hash_module(0xcbf29ce484222325u, tp_linear(3, 2, .generator = g)) ==
          golden_draws[DRAW_linear_1].hash);
}

static void test_init_errors(void)
{
    TP_SCOPE(test);
    tp_tensor *vector = tp_zeros(TP_F32, 3), *matrix = tp_zeros(TP_F32, 3, 3);
    CHECK(!tp_init_xavier_uniform_(vector, 1, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE,
                "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
    CHECK(!tp_init_eye_(vector));
    CHECK_ERROR(TP_ERROR_SHAPE, "Only tensors with 2 dimensions are supported");
    CHECK(!tp_init_kaiming_uniform_(matrix, .mode = (tp_fan_mode)7));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Mode 7 not supported");
    CHECK(!tp_init_kaiming_uniform_(matrix, .nonlinearity = (tp_nonlinearity)9));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Unsupported nonlinearity 9");
    CHECK(!tp_init_trunc_normal_(matrix, 0, NAN, -1, 1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "trunc_normal_: mean 0, deviation nan");
    CHECK(!tp_init_trunc_normal_(matrix, 0, 1, 2, 1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "limits [2, 1] are no distribution");
    CHECK(!tp_init_trunc_normal_(matrix, 0, 1, 3, INFINITY, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "uniform_: the range [3, inf) is not one");
    CHECK(!tp_init_trunc_normal_(matrix, 0, 1e-9, 1, 2, NULL));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "numbers of mean 0 and deviation 1e-09 outside [1, 2]");
    CHECK(!tp_init_normal_(tp_zeros(TP_I64, 3), 0, 1, NULL));
    CHECK_ERROR(TP_ERROR_DTYPE, "a floating type is needed");
    CHECK(!tp_init_normal_(NULL, 0, 1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "init: an operand is NULL");
    CHECK(!tp_linear(-1, 2));
    CHECK_ERROR(TP_ERROR_SHAPE, "linear: Trying to create tensor with negative dimension -1: [2, -1]");
    CHECK(!tp_linear(1, 2, .dtype = TP_I64));
    CHECK_ERROR(TP_ERROR_DTYPE, "needs a floating type, not int64");
    CHECK(!tp_dropout(1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dropout: probability has to be between 0 and 1, but got 1.5");
}

/* ---- A program's own module ---- */

typedef struct encoder {
    tp_module *fc1;
    tp_tensor *scale, *mean;
} encoder;

static tp_tensor *encode(tp_module *m, tp_tensor *x)
{
    const encoder *e = tp_module_data(m);
    return tp_mul(tp_sub(tp_forward(e->fc1, x), e->mean), e->scale);
}

static tp_module *make_encoder(void)
{
    tp_module *m = tp_module_new("Encoder", encode, sizeof(encoder));
    encoder *e = tp_module_data(m);
    if (!e)
        return NULL;
    e->fc1 = tp_register_module(m, "fc1", tp_linear(3, 2));
    e->scale = tp_register_parameter(m, "scale", tp_ones(TP_F32, 2));
    e->mean = tp_register_buffer(m, "mean", tp_zeros(TP_F32, 2));
    return m;
}

static int describe(const tp_module *m, char *text, size_t size)
{
    (void)m;
    return snprintf(text, size, "a=1\nb=2");
}

static tp_module *make_described(void)
{
    tp_module *m = tp_module_new("Described", NULL, 0);
    tp_module_set_describe(m, describe);
    return m;
}

static void test_texts(void)
{
    TP_SCOPE(test);
    tp_module *lecture = tp_module_new("BinaryLogisticRegression", NULL, 0);
    tp_register_module(lecture, "Wb", tp_linear(10106, 1));
    tp_register_module(lecture, "activation_function", tp_sigmoid_layer());
    CHECK_TEXT(tp_module_repr(lecture), GOLDEN_LECTURE);
    tp_module *layers =
        tp_sequential(tp_linear(3, 2), tp_sigmoid_layer(), tp_sequential_n(0, NULL), tp_dropout(0.25),
                      tp_flatten_layer(1, -1), tp_identity(), tp_softmax_layer(1), tp_log_softmax_layer(-1),
                      tp_tanh_layer(), tp_relu_layer(),
                      tp_sequential(tp_linear(2, 1, .bias = false), tp_dropout(1)), make_described());
    CHECK_TEXT(tp_module_repr(layers), GOLDEN_LAYERS);
    tp_module *described = make_described();
    tp_register_module(described, "inner", tp_dropout(1e-5));
    CHECK_TEXT(tp_module_repr(described), GOLDEN_DESCRIBED);
    CHECK_TEXT(tp_module_repr(make_encoder()), GOLDEN_ENCODER);
    FILE *file = tmpfile();
    CHECK(tp_module_print(file, layers) == TP_OK);
    CHECK(ftell(file) == (long)strlen(GOLDEN_LAYERS) + 1);
    fclose(file);
    CHECK(tp_module_print(NULL, layers) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "stream is NULL");
    CHECK(!tp_module_repr(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "module_repr: module is NULL");
}

static void test_tree(void)
{
    TP_SCOPE(test);
    tp_module *m = make_encoder();
    const tp_parameter_list *list = tp_parameters(m);
    char names[256] = "";
    for (int64_t i = 0; i < list->count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), i ? " %s" : "%s", list->names[i]);
    CHECK_TEXT(names, GOLDEN_NAMES);
    CHECK(tp_parameter_count(m) == 10);
    CHECK(tp_get_parameter(m, "fc1.weight") == list->tensors[1]);
    CHECK(tp_get_buffer(m, "mean") != NULL);
    CHECK(tp_get_submodule(m, "") == m);
    CHECK_TEXT(tp_module_type(tp_get_submodule(m, "fc1")), "Linear");
    CHECK_TEXT(tp_module_name(tp_get_submodule(m, "fc1")), "fc1");
    CHECK_OK();
    CHECK(!tp_get_submodule(m, "fc1.x"));
    CHECK_ERROR(TP_ERROR_INDEX, "Linear has no attribute `x`");
    CHECK(!tp_get_parameter(m, "fc1.mean"));
    CHECK_ERROR(TP_ERROR_INDEX, "Linear has no parameter `mean`");

    /* What is shared counts once as a parameter, and has all its names in a state. */
    tp_module *twice = tp_sequential(m, m, tp_linear(2, 3));
    tp_register_parameter(twice, "own", tp_get_parameter(m, "scale"));
    CHECK(tp_parameters(twice)->count == 5);
    CHECK_TEXT(tp_parameters(twice)->names[0], "own");
    CHECK(tp_state_dict(twice)->count == 1 + 2 * 4 + 2);
    const tp_module_list *modules = tp_named_modules(twice);
    CHECK(modules->count == 4);
    CHECK_TEXT(modules->names[0], "");
    CHECK_TEXT(modules->names[2], "0.fc1");
    CHECK_TEXT(modules->names[3], "2");
    /* Registering again replaces. */
    tp_register_module(twice, "2", tp_identity());
    CHECK(tp_named_modules(twice)->count == 4);
    CHECK(tp_parameters(twice)->count == 3);

    tp_eval(twice);
    CHECK(!tp_is_training(twice) && !tp_is_training(tp_get_submodule(twice, "0.fc1")));
    tp_train(twice);
    CHECK(tp_is_training(tp_get_submodule(twice, "1.fc1")));
    tp_requires_grad_all(twice, false);
    CHECK(!tp_requires_grad(tp_get_parameter(m, "fc1.bias")));
    CHECK(tp_requires_grad(tp_forward(m, tp_ones(TP_F32, 1, 3))) == false);
    /* A frozen parameter that is registered elsewhere stays frozen. */
    tp_module *other = tp_module_new("Other", NULL, 0);
    tp_register_parameter(other, "w", tp_get_parameter(m, "scale"));
    CHECK(!tp_requires_grad(tp_get_parameter(m, "scale")));
    tp_requires_grad_all(twice, true);
    CHECK(tp_requires_grad(tp_get_parameter(m, "fc1.bias")));
    CHECK_OK();
}

static void test_registration_errors(void)
{
    TP_SCOPE(outer);
    tp_module *m = tp_module_new("M", NULL, 0);
    CHECK(!tp_register_parameter(m, "a.b", tp_zeros(TP_F32, 1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "parameter name can't contain \".\", as 'a.b' does");
    /* From now on a part is missing, whatever became of the error. */
    CHECK(!tp_parameters(m));
    CHECK_ERROR(TP_ERROR_STATE, "a part of this M could not be registered");
    CHECK(!tp_forward(m, tp_zeros(TP_F32, 1)));
    CHECK_ERROR(TP_ERROR_STATE, "a part of this M could not be registered (in a M)");
    CHECK(!tp_forward(tp_sequential(m), tp_zeros(TP_F32, 1)));
    CHECK_ERROR(TP_ERROR_STATE, "could not be registered (in 0, a M)");

    m = tp_module_new("M", NULL, 0);
    CHECK(!tp_register_parameter(m, "", tp_zeros(TP_F32, 1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "name can't be empty string");
    CHECK(tp_register_buffer(m, "x", tp_zeros(TP_I64, 1)) != NULL);
    CHECK(!tp_register_parameter(m, "x", tp_zeros(TP_F32, 1)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "attribute 'x' already exists");
    CHECK(!tp_register_parameter(m, "y", tp_zeros(TP_I64, 1)));
    CHECK_ERROR(TP_ERROR_DTYPE, "only Tensors of floating point dtype can require gradients; 'y' is int64");
    CHECK(!tp_register_parameter(m, "y", tp_exp(tp_requires_grad_(tp_zeros(TP_F32, 1), true))));
    CHECK_ERROR(TP_ERROR_STATE, "'y' is computed by an operation");
    CHECK(!tp_register_parameter(m, "y", NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "register_parameter: y is NULL");
    tp_module *child = tp_sequential(m);
    CHECK(!tp_register_module(m, "z", child));
    CHECK_ERROR(TP_ERROR_STATE, "'z' contains the module that it would be a part of");
    CHECK(!tp_register_module(m, "m", m));
    CHECK_ERROR(TP_ERROR_STATE, "contains the module");
    {
        TP_SCOPE(inner);
        CHECK(!tp_register_module(m, "late", tp_linear(1, 1)));
        CHECK_ERROR(TP_ERROR_STATE, "'late' lives in region 'inner', which ends before region 'outer'");
        CHECK(!tp_register_parameter(m, "late", tp_zeros(TP_F32, 1)));
        CHECK_ERROR(TP_ERROR_STATE, "'late' lives in region 'inner'");
    }
    CHECK(!tp_module_new("", NULL, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the type needs a name");
    CHECK(!tp_parameters(NULL) && !tp_state_dict(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "parameters: module is NULL");
    CHECK(!tp_forward(NULL, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "forward: module is NULL");
}

/* ---- Forward ---- */

static void test_forward(void)
{
    TP_SCOPE(test);
    tp_module *m = tp_sequential(make_encoder(), tp_linear(2, 1), tp_sigmoid_layer());
    tp_tensor *x = tp_randn(TP_F32, 4, 3);
    tp_tensor *y = tp_forward(m, x);
    CHECK(tp_ndim(y) == 2 && tp_size(y, 0) == 4 && tp_size(y, 1) == 1);
    CHECK_TEXT(tp_grad_fn(y), "SigmoidBackward0");
    CHECK(tp_backward(tp_sum(y)) == TP_OK);
    CHECK(tp_grad(tp_get_parameter(m, "0.fc1.weight")) && !tp_grad(tp_get_buffer(m, "0.mean")));
    /* CSR in, the same out. */
    tp_module *linear = tp_linear(3, 2);
    CHECK(tp_allclose(tp_forward(linear, tp_to_csr(x)), tp_forward(linear, x), 1e-6, 1e-6));
    /* Without dropout in evaluation, with it in training. */
    tp_module *dropout = tp_sequential(tp_dropout(0.5));
    tp_eval(dropout);
    CHECK(tp_equal(tp_forward(dropout, x), x));
    tp_train(dropout);
    CHECK(!tp_equal(tp_forward(dropout, tp_ones(TP_F32, 100)), tp_ones(TP_F32, 100)));
    CHECK(tp_ndim(tp_forward(tp_flatten_layer(1, -1), tp_ones(TP_F32, 2, 3, 4))) == 2);
    CHECK_NEAR(tp_item(tp_sum(tp_forward(tp_softmax_layer(1), x))), 4, 1e-6);
    CHECK(tp_allclose(tp_exp(tp_forward(tp_log_softmax_layer(-1), x)), tp_softmax(x, -1), 1e-6, 1e-6));
    CHECK(tp_equal(tp_forward(tp_tanh_layer(), x), tp_tanh(x)));
    CHECK(tp_equal(tp_forward(tp_relu_layer(), x), tp_relu(x)));
    CHECK(tp_forward(tp_identity(), x) == x);
    CHECK_OK();

    /* Errors name the layer's place. */
    tp_module *model = tp_module_new("Model", NULL, 0);
    tp_register_module(model, "encoder", make_encoder());
    CHECK(!tp_forward(model, x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED,
                "Module [Model] is missing the required \"forward\" function (in a Model)");
    {
        TP_MODULE_FRAME(model);
        CHECK(!tp_forward(tp_get_submodule(model, "encoder"), tp_ones(TP_F32, 4, 5)));
    }
    CHECK_ERROR(TP_ERROR_SHAPE,
                "mat1 and mat2 shapes cannot be multiplied (4x5 and 3x2) (in encoder.fc1, a Linear)");
    CHECK(!tp_forward(model, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "forward: x is NULL");
}

/* Two features that say the same: the lecture's loop finds the boundary. */
static void test_learning(void)
{
    TP_SCOPE(test);
    tp_manual_seed(1);
    tp_module *Wb = tp_linear(3, 1);
    tp_optimizer *adam = tp_adam(tp_parameters(Wb), .lr = 0.05);
    tp_tensor *X = tp_randn(TP_F32, 64, 3);
    tp_tensor *y = tp_to(tp_gt(tp_select(X, 1, 0), 0), TP_F32);
    double first = 0, last = 0;
    for (int i = 0; i < 200; i++) {
        TP_SCOPE(step);
        tp_tensor *probs = tp_sigmoid(tp_squeeze(tp_forward(Wb, X), 1));
        tp_tensor *loss = tp_binary_cross_entropy(probs, y);
        tp_zero_grad(adam);
        CHECK(tp_backward(loss) == TP_OK && tp_step(adam) == TP_OK);
        last = tp_item(loss);
        if (!i)
            first = last;
    }
    CHECK(last < 0.3 * first);
    CHECK_OK();
}

/* ---- States ---- */

static void test_state(void)
{
    TP_SCOPE(test);
    tp_module *m = make_encoder();
    tp_named_tensors *state = tp_state_dict(m);
    char names[256] = "";
    for (int64_t i = 0; i < state->count; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), i ? " %s" : "%s", state->items[i].name);
    CHECK_TEXT(names, GOLDEN_STATE_NAMES);

    tp_module *other = make_encoder();
    tp_named_tensors *kept = tp_copy_named_tensors(tp_state_dict(other));
    CHECK(!tp_equal(tp_get_parameter(m, "fc1.weight"), tp_get_parameter(other, "fc1.weight")));
    CHECK(tp_load_state_dict(other, state->items, state->count, true) == TP_OK);
    CHECK(tp_equal(tp_get_parameter(m, "fc1.weight"), tp_get_parameter(other, "fc1.weight")));
    CHECK(tp_load_state_dict(other, kept->items, kept->count, true) == TP_OK);
    CHECK(tp_equal(tp_get_parameter(other, "fc1.weight"), kept->items[2].tensor));
    /* Another dtype is converted. */
    tp_named_tensor scale = {"scale", tp_full(TP_F64, 0.1, 2)};
    CHECK(tp_load_state_dict(other, &scale, 1, false) == TP_OK);
    CHECK(tp_at(tp_detach(tp_get_parameter(other, "scale")), 1) == (double)0.1f);
    CHECK_OK();

    tp_named_tensors *before = tp_copy_named_tensors(tp_state_dict(m));
    tp_named_tensor wrong[] = {
        {"fc1.weight", tp_zeros(TP_F32, 3, 3)}, {"zz", tp_zeros(TP_F32, 1)}, {"yy", tp_zeros(TP_F32, 1)}};
    CHECK(tp_load_state_dict(m, wrong, 3, true) == TP_ERROR_ARGUMENT);
    CHECK_TEXT(tp_error_message(), GOLDEN_ALL_WRONG);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "Missing");
    tp_named_tensor sizes[] = {
        {"scale", tp_scalar(TP_F32, 0)}, {"fc1.weight", tp_zeros(TP_F32, 2)}, {"zz", tp_zeros(TP_F32, 1)}};
    CHECK(tp_load_state_dict(m, sizes, 3, false) == TP_ERROR_SHAPE);
    CHECK_TEXT(tp_error_message(), GOLDEN_SIZES_WRONG);
    CHECK_ERROR(TP_ERROR_SHAPE, "size mismatch");
    tp_named_tensor few[] = {{"scale", tp_zeros(TP_F32, 2)}, {"scale", tp_zeros(TP_F32, 2)}};
    CHECK(tp_load_state_dict(m, few, 1, true) == TP_ERROR_ARGUMENT);
    CHECK_TEXT(tp_error_message(), GOLDEN_MISSING);
    tp_clear_error();
    CHECK(tp_load_state_dict(m, few, 2, false) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "load_state_dict: \"scale\" stands there twice");
    CHECK(tp_load_state_dict(m, NULL, 1, false) == TP_ERROR_ARGUMENT);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "load_state_dict: tensors is NULL");
    const tp_named_tensors *after = tp_state_dict(m);
    for (int64_t i = 0; i < after->count; i++)
        CHECK(tp_equal(before->items[i].tensor, after->items[i].tensor));
}

/* ---- With each allocation failing in turn ---- */

static bool build_and_use(void)
{
    TP_SCOPE(test);
    tp_module *m = tp_sequential(make_encoder(), tp_linear(2, 3000), tp_dropout(0.1));
    const tp_named_tensors *state = tp_copy_named_tensors(tp_state_dict(m));
    const char *text = tp_module_repr(m);
    const tp_parameter_list *list = tp_parameters(m);
    tp_tensor *y = tp_forward(m, tp_ones(TP_F32, 2, 3));
    if (!m || !state || !text || !list || !y || !tp_named_modules(m))
        return false;
    return tp_load_state_dict(m, state->items, state->count, true) == TP_OK;
}

static void test_memory(void)
{
    bool finished = false;
    for (int64_t countdown = 0; !finished && countdown < 1000; countdown++) {
        tp_memory_trim();
        tp__memory_fail_after(countdown);
        const bool done = build_and_use();
        tp__memory_fail_after(-1);
        finished = done && tp_error() == TP_OK;
        if (finished)
            CHECK(countdown > 5);
        else
            CHECK_ERROR(TP_ERROR_MEMORY, "");
    }
    CHECK(finished);
}

int main(void)
{
    test_draws();
    test_init_errors();
    test_texts();
    test_tree();
    test_registration_errors();
    test_forward();
    test_learning();
    test_state();
    test_memory();
    tp_finish();
    return test_end();
}
