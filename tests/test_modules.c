/* Every module against PyTorch's: values, gradients of inputs and of parameters, and their gradients. */
#include "operation_cases.h"

/* The module's parameters take the values of the inputs from `first` on, and their places, so that what is
 * compared is the parameters' own gradients. */
static bool load(golden_case *c, int first, const tp_module *module)
{
    const tp_parameter_list *list = tp_parameters(module);
    if (!list || list->count != c->n_inputs - first)
        return false;
    const bool was = tp_set_grad_enabled(false);
    bool good = true;
    for (int64_t i = 0; i < list->count; i++) {
        good = good && tp_assign(list->tensors[i], c->inputs[first + i]) == TP_OK;
        c->inputs[first + i] = list->tensors[i];
    }
    tp_set_grad_enabled(was);
    return good;
}

/* In training if the case's number says so, with the draws of one seed. */
static tp_module *prepare(golden_case *c, int first, tp_module *module)
{
    if (!module || !load(c, first, module))
        return NULL;
    if (c->numbers[0] == 0)
        tp_eval(module);
    tp_manual_seed(99);
    return module;
}

static tp_tensor *forward(golden_case *c, tp_module *module, tp_tensor *x)
{
    tp_tensor *y = prepare(c, 1, module) ? tp_forward(module, x) : NULL;
    return y == x ? tp_mul(y, 1.0) : y; /* an input has one gradient */
}

/* `module` is an expression of the input x, the number of inputs n, and the type of the parameters. */
#define MODULE(name, module)                                            \
    static tp_tensor *run_##name(golden_case *c)                        \
    {                                                                   \
        tp_tensor *x = c->inputs[0];                                    \
        const tp_dtype dtype = tp_dtype_of(c->inputs[c->n_inputs - 1]); \
        const int n = c->n_inputs;                                      \
        (void)dtype, (void)n;                                           \
        return forward(c, (module), x);                                 \
    }
MODULE(identity, tp_identity())
MODULE(sigmoid, tp_sigmoid_layer())
MODULE(tanh, tp_tanh_layer())
MODULE(relu, tp_relu_layer())
MODULE(relu6, tp_relu6_layer())
MODULE(selu, tp_selu_layer())
MODULE(silu, tp_silu_layer())
MODULE(mish, tp_mish_layer())
MODULE(hardsigmoid, tp_hardsigmoid_layer())
MODULE(hardswish, tp_hardswish_layer())
MODULE(logsigmoid, tp_logsigmoid_layer())
MODULE(softsign, tp_softsign_layer())
MODULE(tanhshrink, tp_tanhshrink_layer())
MODULE(softmax, tp_softmax_layer(1))
MODULE(log_softmax, tp_log_softmax_layer(-1))
MODULE(softmin, tp_softmin_layer(1))
MODULE(glu, tp_glu_layer(1))
MODULE(elu, tp_elu_layer())
MODULE(elu_2, tp_elu_layer(.alpha = 2))
MODULE(celu, tp_celu_layer(.alpha = 0.5))
MODULE(leaky_relu, tp_leaky_relu_layer())
MODULE(leaky_relu_2, tp_leaky_relu_layer(.negative_slope = 0.2))
MODULE(hardtanh, tp_hardtanh_layer())
MODULE(hardtanh_2, tp_hardtanh_layer(.min_val = -2, .max_val = 2.5))
MODULE(softplus, tp_softplus_layer())
MODULE(softplus_2, tp_softplus_layer(.beta = 2, .threshold = 3))
MODULE(hardshrink, tp_hardshrink_layer())
MODULE(softshrink, tp_softshrink_layer(.lambd = 0.25))
MODULE(threshold, tp_threshold_layer(0.1, 20))
MODULE(gelu, tp_gelu_layer())
MODULE(gelu_tanh, tp_gelu_layer(.approximate = TP_GELU_TANH))
MODULE(flatten, tp_flatten_layer(0, -1))
MODULE(unflatten, tp_unflatten_layer(1, 2, 3))
MODULE(linear, tp_linear(4, 3, .bias = n > 2, .dtype = dtype))
MODULE(sequential,
       tp_sequential(tp_linear(4, 3, .dtype = dtype), tp_tanh_layer(), tp_linear(3, 2, .dtype = dtype)))
MODULE(embedding, tp_embedding(5, 3, .dtype = dtype))
MODULE(embedding_padded, tp_embedding(5, 3, .padding_idx = 1, .dtype = dtype))
MODULE(embedding_bag_sum, tp_embedding_bag(5, 3, .mode = TP_BAG_SUM, .dtype = dtype))
MODULE(embedding_bag_mean, tp_embedding_bag(5, 3, .dtype = dtype))
MODULE(embedding_bag_max, tp_embedding_bag(5, 3, .mode = TP_BAG_MAX, .dtype = dtype))
MODULE(layer_norm, tp_layer_norm(4, .dtype = dtype))
MODULE(layer_norm_unbiased, tp_layer_norm(4, .eps = 0.1, .bias = false, .dtype = dtype))
MODULE(layer_norm_plain,
       tp_layer_norm(0, .ndim = x->ndim, .shape = x->shape, .elementwise_affine = false, .dtype = dtype))
MODULE(rms_norm, tp_rms_norm(4, .dtype = dtype))
MODULE(group_norm, tp_group_norm(3, x->shape[1], .dtype = dtype))
MODULE(dropout, tp_dropout(0.25))
MODULE(dropout1d, tp_dropout1d(0.25))
MODULE(dropout2d, tp_dropout2d(0.25))
MODULE(alpha_dropout, tp_alpha_dropout(0.25))
MODULE(feature_alpha_dropout, tp_feature_alpha_dropout(0.25))
MODULE(rrelu, tp_rrelu_layer(.lower = 0.1, .upper = 0.9))
MODULE(prelu, tp_prelu_layer(.num_parameters = tp_numel(c->inputs[1]), .dtype = dtype))

#define MODULE_OF_CSR(name, module)                           \
    static tp_tensor *run_##name(golden_case *c)              \
    {                                                         \
        const tp_dtype dtype = tp_dtype_of(c->inputs[0]);     \
        return forward(c, (module), tp_to_csr(c->inputs[0])); \
    }
MODULE_OF_CSR(linear_csr, tp_linear(6, 3, .dtype = dtype))
MODULE_OF_CSR(embedding_bag_csr, tp_embedding_bag(6, 3, .mode = TP_BAG_SUM, .dtype = dtype))

static tp_tensor *normalize(golden_case *c, tp_module *module)
{
    tp_tensor *y = forward(c, module, c->inputs[0]);
    c->outputs[1] = tp_get_buffer(module, "running_mean");
    c->outputs[2] = tp_get_buffer(module, "running_var");
    return y;
}
static tp_tensor *run_batch_norm1d(golden_case *c)
{
    return normalize(c, tp_batch_norm1d(3, .dtype = tp_dtype_of(c->inputs[0])));
}
static tp_tensor *run_batch_norm1d_plain(golden_case *c)
{
    return normalize(c,
                     tp_batch_norm1d(3, .affine = false, .momentum = -1, .dtype = tp_dtype_of(c->inputs[0])));
}

static tp_tensor *run_bilinear(golden_case *c)
{
    tp_module *m =
        prepare(c, 2, tp_bilinear(4, 3, 2, .bias = c->n_inputs > 3, .dtype = tp_dtype_of(c->inputs[0])));
    return m ? tp_bilinear_forward(m, c->inputs[0], c->inputs[1]) : NULL;
}
static tp_tensor *run_cosine_similarity(golden_case *c)
{
    return tp_cosine_similarity_forward(tp_cosine_similarity_layer(2, 1e-6), c->inputs[0], c->inputs[1]);
}
static tp_tensor *run_pairwise_distance(golden_case *c)
{
    return tp_pairwise_distance_forward(tp_pairwise_distance_layer(2, 1e-5, false), c->inputs[0],
                                        c->inputs[1]);
}
static tp_tensor *run_pairwise_distance_3(golden_case *c)
{
    return tp_pairwise_distance_forward(tp_pairwise_distance_layer(3, 1e-5, true), c->inputs[0],
                                        c->inputs[1]);
}

#define OPERATION(name)             \
    {                               \
#name, run_##name, false, 1 \
    }
static const golden_operation operations[] = {
    OPERATION(identity),
    OPERATION(sigmoid),
    OPERATION(tanh),
    OPERATION(relu),
    OPERATION(relu6),
    OPERATION(selu),
    OPERATION(silu),
    OPERATION(mish),
    OPERATION(hardsigmoid),
    OPERATION(hardswish),
    OPERATION(logsigmoid),
    OPERATION(softsign),
    OPERATION(tanhshrink),
    OPERATION(softmax),
    OPERATION(log_softmax),
    OPERATION(softmin),
    OPERATION(glu),
    OPERATION(elu),
    OPERATION(elu_2),
    OPERATION(celu),
    OPERATION(leaky_relu),
    OPERATION(leaky_relu_2),
    OPERATION(hardtanh),
    OPERATION(hardtanh_2),
    OPERATION(softplus),
    OPERATION(softplus_2),
    OPERATION(hardshrink),
    OPERATION(softshrink),
    OPERATION(threshold),
    {"gelu", run_gelu, false, 2}, /* in float32 PyTorch loses digits of small values */
    OPERATION(gelu_tanh),
    OPERATION(flatten),
    OPERATION(unflatten),
    OPERATION(linear),
    OPERATION(sequential),
    OPERATION(embedding),
    OPERATION(embedding_padded),
    OPERATION(embedding_bag_sum),
    OPERATION(embedding_bag_mean),
    OPERATION(embedding_bag_max),
    OPERATION(layer_norm),
    OPERATION(layer_norm_unbiased),
    OPERATION(layer_norm_plain),
    OPERATION(rms_norm),
    OPERATION(group_norm),
    OPERATION(dropout),
    OPERATION(dropout1d),
    OPERATION(dropout2d),
    OPERATION(alpha_dropout),
    OPERATION(feature_alpha_dropout),
    OPERATION(rrelu),
    OPERATION(prelu),
    OPERATION(linear_csr),
    OPERATION(embedding_bag_csr),
    OPERATION(batch_norm1d),
    OPERATION(batch_norm1d_plain),
    OPERATION(bilinear),
    OPERATION(cosine_similarity),
    OPERATION(pairwise_distance),
    OPERATION(pairwise_distance_3),
    {NULL, NULL, false, 0},
};

int main(void)
{
    golden_check(TP_SOURCE_DIR "/tests/golden/modules.pack", operations);
    tp_finish();
    return test_end();
}
