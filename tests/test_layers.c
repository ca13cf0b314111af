/* Dropouts, slopes and other layers against PyTorch: values, gradients, draws, texts;
 * initialisers with structure. */
#include "operation_cases.h"

#include "golden/layers.h"

/* ---- Values and gradients ---- */

static tp_tensor *run_prelu(golden_case *c)
{
    return tp_prelu(c->inputs[0], c->inputs[1]);
}

/* In a layer with a generator of its own. */
static tp_tensor *run_dropped(golden_case *c, tp_module *(*make)(const tp_dropout_options *options))
{
    tp_generator *g = tp_generator_new();
    tp_generator_seed(g, 99);
    tp_module *m = make(&(tp_dropout_options){.p = c->numbers[0], .generator = g});
    if (c->numbers[1] == 0)
        tp_eval(m);
    return tp_mul(tp_forward(m, c->inputs[0]), 1.0);
}

#define DROPOUT(name)                            \
    static tp_tensor *run_##name(golden_case *c) \
    {                                            \
        return run_dropped(c, tp_##name##_with); \
    }
DROPOUT(alpha_dropout)
DROPOUT(feature_alpha_dropout)
DROPOUT(dropout1d)
DROPOUT(dropout2d)

static tp_tensor *run_rrelu(golden_case *c)
{
    tp_manual_seed(99);
    tp_module *m = tp_rrelu_layer(.lower = c->numbers[0], .upper = c->numbers[1]);
    if (c->numbers[2] == 0)
        tp_eval(m);
    return tp_forward(m, c->inputs[0]);
}

static tp_tensor *run_bilinear(golden_case *c)
{
    return tp_f_bilinear(c->inputs[0], c->inputs[1], c->inputs[2], c->inputs[3]);
}

static tp_tensor *run_multilabel(golden_case *c)
{
    return tp_multilabel_soft_margin_loss(c->inputs[0], c->inputs[1], .weight = c->inputs[2],
                                          .reduction = (tp_reduction)c->numbers[0]);
}

#define OPERATION(name)             \
    {                               \
#name, run_##name, false, 0 \
    }
static const golden_operation operations[] = {
    {"prelu", run_prelu, true, 0},
    {"alpha_dropout", run_alpha_dropout, true, 0},
    {"feature_alpha_dropout", run_feature_alpha_dropout, true, 0},
    {"dropout1d", run_dropout1d, true, 0},
    {"dropout2d", run_dropout2d, true, 0},
    {"rrelu", run_rrelu, true, 0},
    OPERATION(bilinear),
    OPERATION(multilabel),
    {NULL, NULL, false, 0},
};

/* ---- Draws ---- */

static uint64_t hash_tensor(uint64_t h, tp_tensor *t)
{
    const tp_tensor *even = tp_contiguous(tp_detach(t));
    const size_t size = (size_t)even->numel * tp_dtype_size((tp_dtype)even->dtype);
    for (size_t i = 0; i < size; i++)
        h = (h ^ ((const uint8_t *)even->data)[i]) * 0x100000001b3u;
    return h;
}

static tp_module *draw_module(int which)
{
    switch (which) {
    case DRAW_bilinear:
        return tp_bilinear(3, 4, 5);
    case DRAW_bilinear_f64:
        return tp_bilinear(3, 4, 5, .bias = false, .dtype = TP_F64);
    case DRAW_prelu:
        return tp_prelu_layer(.num_parameters = 3, .init = 0.1);
    default:
        return NULL;
    }
}

static tp_tensor *draw_tensor(int which)
{
    switch (which) {
    case DRAW_trunc_tail:
        return tp_init_trunc_normal_(tp_zeros(TP_F32, 40, 7), 0, 1, 1, 2.5, NULL);
    case DRAW_trunc_narrow:
        return tp_init_trunc_normal_(tp_zeros(TP_F32, 40, 7), 0.3, 2, -0.25, 0.5, NULL);
    case DRAW_trunc_far_f64:
        return tp_init_trunc_normal_(tp_zeros(TP_F64, 30, 7), -1, 0.5, 0.5, 2, NULL);
    case DRAW_sparse:
        return tp_init_sparse_(tp_zeros(TP_F32, 10, 7), 0.35, 0.01, NULL);
    case DRAW_sparse_f64:
        return tp_init_sparse_(tp_zeros(TP_F64, 3, 5), 0.1, 2, NULL);
    case DRAW_dirac:
        return tp_init_dirac_(tp_zeros(TP_F32, 4, 3, 5), 1);
    case DRAW_dirac_groups:
        return tp_init_dirac_(tp_zeros(TP_F32, 6, 2, 3, 4), 2);
    default:
        return NULL;
    }
}

static uint64_t draw(int which, uint64_t seed)
{
    uint64_t h = 0xcbf29ce484222325u;
    tp_manual_seed(seed);
    const tp_module *m = draw_module(which);
    const tp_parameter_list *list = m ? tp_parameters(m) : NULL;
    if (!m)
        return hash_tensor(h, draw_tensor(which));
    for (int64_t i = 0; list && i < list->count; i++)
        h = hash_tensor(h, list->tensors[i]);
    return h;
}

static void test_draws(void)
{
    for (int i = 0; i < N_DRAWS; i++) {
        TP_SCOPE(test);
        const bool same = draw(i, 1234) == golden_draws[i].hash;
        if (!same)
            printf("%s is not what PyTorch draws\n", golden_draws[i].name);
        CHECK(same);
        CHECK(tp_item_i64(tp_randint_n(0, 2147483647, NULL, 0, NULL)) == (int64_t)golden_draws[i].after);
        CHECK_OK();
        /* Another seed is noticed, where anything is drawn. */
        if (i != DRAW_prelu && i != DRAW_dirac && i != DRAW_dirac_groups)
            CHECK(draw(i, 1235) != golden_draws[i].hash);
    }
    /* A generator of the caller's draws the same. */
    TP_SCOPE(generator);
    tp_generator *g = tp_generator_new();
    tp_generator_seed(g, 1234);
    CHECK(hash_tensor(0xcbf29ce484222325u, tp_init_sparse_(tp_zeros(TP_F32, 10, 7), 0.35, 0.01, g)) ==
          golden_draws[DRAW_sparse].hash);
}

/* The largest distance in units of the dtype's precision at 1. */
static double distance_from(const tp_tensor *t, const struct golden_orthogonal *o)
{
    double worst = 0;
    const size_t size = tp_dtype_size(o->dtype);
    for (int64_t i = 0; i < t->numel; i++)
        worst = fmax(worst, fabs(tp__load_f64(o->dtype, t->data + (size_t)i * size) - o->values[i]));
    return worst / o->gain / (o->dtype == TP_F32 ? 0x1p-24 : 0x1p-53);
}

static void test_orthogonal(void)
{
    double worst = 0;
    for (size_t i = 0; i < sizeof golden_orthogonals / sizeof *golden_orthogonals; i++) {
        TP_SCOPE(test);
        const struct golden_orthogonal *o = &golden_orthogonals[i];
        tp_manual_seed(77);
        tp_tensor *t = tp_zeros_n(o->dtype, o->ndim, o->shape);
        CHECK(tp_init_orthogonal_(t, o->gain, NULL) == t);
        CHECK(tp_item_i64(tp_randint_n(0, 2147483647, NULL, 0, NULL)) == (int64_t)o->after);
        const double distance = distance_from(t, o);
        worst = fmax(worst, distance);
        CHECK(distance <= 16);
        /* Rows, or columns, are orthonormal times the gain. */
        const int64_t rows = o->shape[0], columns = t->numel / rows;
        tp_tensor *q = tp_div(tp_to(tp_reshape(t, rows, columns), TP_F64), o->gain);
        tp_tensor *product = rows < columns ? tp_matmul(q, tp_t(q)) : tp_matmul(tp_t(q), q);
        const int64_t few = rows < columns ? rows : columns;
        CHECK(tp_allclose(product, tp_eye(TP_F64, few, few), 0, o->dtype == TP_F32 ? 3e-7 : 3e-15));
        /* The other sign is noticed. */
        if (t->numel > 1) {
            tp_tensor *other = tp_neg(t);
            CHECK(distance_from(other, o) > 16);
        }
        CHECK_OK();
    }
    printf("orthogonal: at most %.3g units of rounding at 1 from PyTorch\n", worst);
    /* In a transposed tensor, and with a column of zeros as R's diagonal would have it: no division by 0. */
    TP_SCOPE(more);
    tp_manual_seed(77);
    tp_tensor *strided = tp_t(tp_zeros(TP_F32, 3, 7));
    CHECK(tp_init_orthogonal_(strided, 2, NULL) == strided);
    CHECK(distance_from(tp_contiguous(strided), &golden_orthogonals[1]) <= 16);
    tp_tensor *large = tp_init_orthogonal_(tp_zeros(TP_F32, 130, 70), 1, NULL);
    CHECK(tp_allclose(tp_matmul(tp_t(large), large), tp_eye(TP_F32, 70, 70), 0, 1e-6));
    CHECK(tp_init_orthogonal_(tp_zeros(TP_F32, 0, 3), 1, NULL) != NULL);
    tp_tensor *parameter = tp_requires_grad_(tp_zeros(TP_F32, 2, 2), true);
    CHECK(tp_init_orthogonal_(parameter, 1, NULL) == parameter && tp_is_leaf(parameter));
    CHECK_OK();
}

/* ---- Texts and layers ---- */

static void test_texts(void)
{
    TP_SCOPE(test);
    tp_module *first = tp_sequential(
        tp_elu_layer(), tp_elu_layer(.alpha = 0.5), tp_hardshrink_layer(), tp_hardsigmoid_layer(),
        tp_hardswish_layer(), tp_hardtanh_layer(), tp_hardtanh_layer(.min_val = -2, .max_val = 2.5),
        tp_leaky_relu_layer(), tp_logsigmoid_layer(), tp_prelu_layer(), tp_prelu_layer(.num_parameters = 3),
        tp_relu6_layer(), tp_rrelu_layer(), tp_selu_layer(), tp_celu_layer(), tp_gelu_layer(),
        tp_gelu_layer(.approximate = TP_GELU_TANH), tp_silu_layer(), tp_mish_layer(), tp_softplus_layer(),
        tp_softplus_layer(.beta = 2, .threshold = 10), tp_softshrink_layer(), tp_softsign_layer(),
        tp_tanhshrink_layer(), tp_threshold_layer(0.1, 20), tp_glu_layer(-1), tp_softmin_layer(1),
        tp_bilinear(2, 3, 4), tp_bilinear(2, 3, 4, .bias = false), tp_unflatten_layer(1, 2, 5),
        tp_unflatten_layer(-1, 5), tp_cosine_similarity_layer(1, 1e-8),
        tp_pairwise_distance_layer(2, 1e-6, false), tp_alpha_dropout(0.5), tp_feature_alpha_dropout(0.2),
        tp_dropout1d(0.1), tp_dropout2d(0.5));
    CHECK_TEXT(tp_module_repr(first), GOLDEN_LAYERS);
    CHECK_OK();
}

static void test_layers(void)
{
    TP_SCOPE(test);
    /* Parameters of layers get gradients. */
    tp_module *prelu = tp_prelu_layer(.num_parameters = 2), *bilinear = tp_bilinear(2, 3, 4);
    tp_tensor *x = tp_randn(TP_F32, 5, 2), *z = tp_randn(TP_F32, 5, 3);
    tp_tensor *y = tp_bilinear_forward(bilinear, tp_forward(prelu, x), z);
    CHECK(tp_size(y, 0) == 5 && tp_size(y, 1) == 4);
    CHECK(tp_backward(tp_sum(y)) == TP_OK);
    CHECK(tp_grad(tp_get_parameter(prelu, "weight")) && tp_grad(tp_get_parameter(bilinear, "weight")));
    CHECK(tp_equal(tp_grad(tp_get_parameter(bilinear, "bias")), tp_full(TP_F32, 5, 4)));
    CHECK(tp_equal(tp_forward(prelu, tp_ones(TP_F32, 2, 2)), tp_ones(TP_F32, 2, 2)));
    CHECK_OK();

    CHECK(!tp_bilinear_forward(prelu, x, z));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a PReLU is no Bilinear");
    CHECK(!tp_bilinear_forward(bilinear, z, z));
    CHECK_ERROR(TP_ERROR_SHAPE, "do not fit together");
    CHECK(!tp_bilinear_forward(bilinear, x, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "forward: x2 is NULL");
    CHECK(!tp_forward(bilinear, x));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "Module [Bilinear] is missing the required \"forward\" function");
    CHECK(!tp_bilinear(0, 2, 3));
    CHECK_ERROR(TP_ERROR_SHAPE, "in1_features must be > 0, but got (in1_features=0)");
    CHECK(!tp_bilinear(1, -2, 3));
    CHECK_ERROR(TP_ERROR_SHAPE, "negative size");
    CHECK(!tp_bilinear(1, 2, 3, .dtype = TP_I64));
    CHECK_ERROR(TP_ERROR_DTYPE, "bilinear: needs a floating type, not int64");
    CHECK(!tp_prelu_layer(.num_parameters = -1));
    CHECK_ERROR(TP_ERROR_SHAPE, "negative size");
    CHECK(!tp_prelu(x, tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "a weight of 1 or of 2 elements");
    CHECK(!tp_prelu(x, tp_zeros(TP_F64, 2)));
    CHECK_ERROR(TP_ERROR_DTYPE, "Type promoting not supported");
    CHECK(!tp_prelu(x, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "prelu: weight is NULL");
    CHECK(!tp_celu_layer(.alpha = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "alpha cannot be 0");
    CHECK(!tp_hardtanh_layer(.min_val = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "max_val (1) must be greater than min_val (1)");
    CHECK(!tp_softshrink_layer(.lambd = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "lambda must be greater or equal to 0, but found to be -1.");
    CHECK(!tp_gelu_layer(.approximate = (tp_gelu_approximation)3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no approximation of number 3");
    CHECK(!tp_rrelu_layer(.lower = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "lower (1) must be at most upper");
    CHECK(!tp_rrelu(x, 1, 0, true, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "rrelu: Lower bound should be less than or equal to the upper bound");
    CHECK(!tp_rrelu(tp_to_csr(x), 0, 1, true, NULL));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "CSR matrix, which this operation does not take");
    tp_tensor *gone = tp_zeros(TP_F32, 3);
    tp_release(gone);
    CHECK(!tp_rrelu(gone, 0, 1, true, NULL));
    CHECK_ERROR(TP_ERROR_STATE, "given back with tp_release");
    CHECK(!tp_alpha_dropout(NAN));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "alpha_dropout: probability has to be between 0 and 1, but got nan");
    CHECK(!tp_f_dropout1d(tp_zeros(TP_F32, 3), 0.5, true, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "dropout1d: Expected 2D or 3D input, but received a 1D input");
    CHECK(!tp_f_dropout2d(x, 0.5, true, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "dropout2d: Expected 3D or 4D input, but received a 2D input");
    CHECK(!tp_f_feature_alpha_dropout(tp_zeros(TP_F32, 3), 0.5, true, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "Feature dropout requires at least 2 dimensions");
    CHECK(!tp_f_alpha_dropout(tp_zeros(TP_I64, 3), 0.5, true, NULL));
    CHECK_ERROR(TP_ERROR_DTYPE, "alpha_dropout");
    CHECK(!tp_unflatten_layer_n(1, 0, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "1 to 8 sizes are needed, not 0");
    CHECK(!tp_multilabel_soft_margin_loss(x, x, .weight = tp_zeros(TP_F32, 3)));
    CHECK_ERROR(TP_ERROR_SHAPE, "one element for each of the 2 classes");
    CHECK(!tp_init_orthogonal_(tp_zeros(TP_F32, 3), 1, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "Only tensors with 2 or more dimensions are supported");
    CHECK(!tp_init_orthogonal_(tp_zeros(TP_I64, 3, 3), 1, NULL));
    CHECK_ERROR(TP_ERROR_DTYPE, "init_orthogonal_: a floating type is needed, not int64");
    CHECK(!tp_init_sparse_(tp_zeros(TP_F32, 3), 0.5, 1, NULL));
    CHECK_ERROR(TP_ERROR_SHAPE, "Only tensors with 2 dimensions are supported");
    CHECK(!tp_init_sparse_(x, 2, 1, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a share from 0 to 1, not 2");
    CHECK(!tp_init_dirac_(x, 1));
    CHECK_ERROR(TP_ERROR_SHAPE, "Only tensors with 3, 4, or 5 dimensions are supported");
    CHECK(!tp_init_dirac_(tp_zeros(TP_F32, 3, 3, 3), 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dim 0 (3) must be divisible by groups (2)");
}

/* NULL for options makes what the macro makes with nothing given. */
static void test_no_options(void)
{
    TP_SCOPE(no_options);
    tp_module *const pairs[][2] = {{tp_elu_layer(), tp_elu_layer_with(NULL)},
                                   {tp_celu_layer(), tp_celu_layer_with(NULL)},
                                   {tp_leaky_relu_layer(), tp_leaky_relu_layer_with(NULL)},
                                   {tp_hardtanh_layer(), tp_hardtanh_layer_with(NULL)},
                                   {tp_softplus_layer(), tp_softplus_layer_with(NULL)},
                                   {tp_hardshrink_layer(), tp_hardshrink_layer_with(NULL)},
                                   {tp_softshrink_layer(), tp_softshrink_layer_with(NULL)},
                                   {tp_gelu_layer(), tp_gelu_layer_with(NULL)},
                                   {tp_prelu_layer(), tp_prelu_layer_with(NULL)},
                                   {tp_rrelu_layer(), tp_rrelu_layer_with(NULL)}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        CHECK_TEXT(tp_module_repr(pairs[i][1]), tp_module_repr(pairs[i][0]));
    CHECK_OK();
    CHECK(!tp_adam_with(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "adam: options is NULL");
    CHECK(!tp_linear_with(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "linear: options is NULL");
    CHECK(!tp_mse_loss_with(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "mse_loss: options is NULL");
    CHECK(!tp_dropout_with(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dropout: options is NULL");
    CHECK(!tp_elu_with(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "elu: operand 0 is NULL");
    CHECK(isnan(tp_clip_grad_norm_with(NULL)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "clip_grad_norm: options is NULL");
}

int main(void)
{
    test_no_options();
    golden_check("tests/golden/layers.pack", operations);
    test_draws();
    test_orthogonal();
    test_texts();
    test_layers();
    tp_finish();
    return test_end();
}
