/* Activations as layers. */
#include "taper/activations.h"
#include "nn/module.h"
#include "nn/writer.h"

#include <math.h>
#include <string.h>

/* ---- Without options ---- */

#define LAYER(name, type)                                             \
    static tp_tensor *forward_##name(tp_module *module, tp_tensor *x) \
    {                                                                 \
        (void)module;                                                 \
        return tp_##name(x);                                          \
    }                                                                 \
    tp_module *tp_##name##_layer(void)                                \
    {                                                                 \
        return tp_module_new(type, forward_##name, 0);                \
    }
LAYER(sigmoid, "Sigmoid")
LAYER(tanh, "Tanh")
LAYER(relu, "ReLU")
LAYER(relu6, "ReLU6")
LAYER(selu, "SELU")
LAYER(silu, "SiLU")
LAYER(mish, "Mish")
LAYER(hardsigmoid, "Hardsigmoid")
LAYER(hardswish, "Hardswish")
LAYER(logsigmoid, "LogSigmoid")
LAYER(softsign, "Softsign")
LAYER(tanhshrink, "Tanhshrink")

/* ---- With up to two numbers ---- */

/* What a layer is called, what its numbers are called ("" prints the number alone), and what it computes. */
typedef struct kind {
    const char *type, *first, *second;
    tp_tensor *(*apply)(tp_tensor *x, double a, double b);
} kind;

typedef struct activation {
    const kind *kind;
    double a, b;
} activation;

static tp_tensor *forward_activation(tp_module *module, tp_tensor *x)
{
    const activation *l = module->data;
    return l->kind->apply(x, l->a, l->b);
}

/* "alpha=1.0", "beta=1.0, threshold=20.0", "0.5" */
static int describe_activation(const tp_module *module, char *text, size_t size)
{
    const activation *l = module->data;
    char a[TP__NUMBER_SIZE], b[TP__NUMBER_SIZE];
    tp__number_text(a, l->a, false);
    tp__number_text(b, l->b, false);
    if (l->kind->second)
        return snprintf(text, size, "%s=%s, %s=%s", l->kind->first, a, l->kind->second, b);
    return snprintf(text, size, "%s%s%s", l->kind->first, *l->kind->first ? "=" : "", a);
}

static tp_module *new_activation(const kind *k, double a, double b)
{
    tp_module *module = tp_module_new(k->type, forward_activation, sizeof(activation));
    if (!module)
        return NULL;
    *(activation *)module->data = (activation){k, a, b};
    tp_module_set_describe(module, describe_activation);
    return module;
}

/* apply_elu and so on: the operation with its options. */
#define WITH_ONE(name, option)                                                    \
    static tp_tensor *apply_##name(tp_tensor *x, double a, double b)              \
    {                                                                             \
        (void)b;                                                                  \
        return tp_##name##_with(&(tp_##name##_options){.input = x, .option = a}); \
    }
#define WITH_TWO(name, option, other)                                                         \
    static tp_tensor *apply_##name(tp_tensor *x, double a, double b)                          \
    {                                                                                         \
        return tp_##name##_with(&(tp_##name##_options){.input = x, .option = a, .other = b}); \
    }
WITH_ONE(elu, alpha)
WITH_ONE(celu, alpha)
WITH_ONE(leaky_relu, negative_slope)
WITH_ONE(hardshrink, lambd)
WITH_ONE(softshrink, lambd)
WITH_TWO(hardtanh, min_val, max_val)
WITH_TWO(softplus, beta, threshold)
WITH_TWO(threshold, threshold, value)

tp_module *tp_elu_layer_with(const tp_elu_layer_options *o)
{
    if (!o)
        return tp_elu_layer();
    static const kind elu = {"ELU", "alpha", NULL, apply_elu};
    return new_activation(&elu, o->alpha, 0);
}

tp_module *tp_celu_layer_with(const tp_elu_layer_options *o)
{
    if (!o)
        return tp_celu_layer();
    static const kind celu = {"CELU", "alpha", NULL, apply_celu};
    if (o->alpha == 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "celu_layer: alpha cannot be 0");
    return new_activation(&celu, o->alpha, 0);
}

tp_module *tp_leaky_relu_layer_with(const tp_leaky_relu_layer_options *o)
{
    if (!o)
        return tp_leaky_relu_layer();
    static const kind leaky_relu = {"LeakyReLU", "negative_slope", NULL, apply_leaky_relu};
    return new_activation(&leaky_relu, o->negative_slope, 0);
}

tp_module *tp_hardtanh_layer_with(const tp_hardtanh_layer_options *o)
{
    if (!o)
        return tp_hardtanh_layer();
    static const kind hardtanh = {"Hardtanh", "min_val", "max_val", apply_hardtanh};
    if (!(o->min_val < o->max_val))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "hardtanh_layer: max_val (%g) must be greater than min_val (%g)", o->max_val,
                             o->min_val);
    return new_activation(&hardtanh, o->min_val, o->max_val);
}

tp_module *tp_softplus_layer_with(const tp_softplus_layer_options *o)
{
    if (!o)
        return tp_softplus_layer();
    static const kind softplus = {"Softplus", "beta", "threshold", apply_softplus};
    return new_activation(&softplus, o->beta, o->threshold);
}

tp_module *tp_threshold_layer(double threshold, double value)
{
    static const kind kind_of_threshold = {"Threshold", "threshold", "value", apply_threshold};
    return new_activation(&kind_of_threshold, threshold, value);
}

tp_module *tp_hardshrink_layer_with(const tp_shrink_layer_options *o)
{
    if (!o)
        return tp_hardshrink_layer();
    static const kind hardshrink = {"Hardshrink", "", NULL, apply_hardshrink};
    return new_activation(&hardshrink, o->lambd, 0);
}

tp_module *tp_softshrink_layer_with(const tp_shrink_layer_options *o)
{
    if (!o)
        return tp_softshrink_layer();
    static const kind softshrink = {"Softshrink", "", NULL, apply_softshrink};
    if (!(o->lambd >= 0))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "softshrink_layer: lambda must be greater or equal to 0, but found to be %g.",
                             o->lambd);
    return new_activation(&softshrink, o->lambd, 0);
}

/* ---- GELU ---- */

static tp_tensor *forward_gelu(tp_module *module, tp_tensor *x)
{
    const tp_gelu_layer_options *o = module->data;
    return o->approximate == TP_GELU_TANH ? tp_gelu_tanh(x) : tp_gelu(x);
}

static int describe_gelu(const tp_module *module, char *text, size_t size)
{
    const tp_gelu_layer_options *o = module->data;
    return snprintf(text, size, "approximate='%s'", o->approximate == TP_GELU_TANH ? "tanh" : "none");
}

tp_module *tp_gelu_layer_with(const tp_gelu_layer_options *o)
{
    if (!o)
        return tp_gelu_layer();
    if (o->approximate != TP_GELU_NONE && o->approximate != TP_GELU_TANH)
        return tp__fail_null(TP_ERROR_ARGUMENT, "gelu_layer: there is no approximation of number %d",
                             (int)o->approximate);
    tp_module *module = tp_module_new("GELU", forward_gelu, sizeof *o);
    if (!module)
        return NULL;
    memcpy(module->data, o, sizeof *o);
    tp_module_set_describe(module, describe_gelu);
    return module;
}

/* ---- Along a dimension ---- */

static int describe_dim(const tp_module *module, char *text, size_t size)
{
    return snprintf(text, size, "dim=%d", *(const int *)module->data);
}

#define LAYER_WITH_DIM(name, type)                                           \
    static tp_tensor *forward_##name(tp_module *module, tp_tensor *x)        \
    {                                                                        \
        return tp_##name(x, *(const int *)module->data);                     \
    }                                                                        \
    tp_module *tp_##name##_layer(int dim)                                    \
    {                                                                        \
        tp_module *module = tp_module_new(type, forward_##name, sizeof dim); \
        if (!module)                                                         \
            return NULL;                                                     \
        *(int *)module->data = dim;                                          \
        tp_module_set_describe(module, describe_dim);                        \
        return module;                                                       \
    }
LAYER_WITH_DIM(softmax, "Softmax")
LAYER_WITH_DIM(log_softmax, "LogSoftmax")
LAYER_WITH_DIM(softmin, "Softmin")
LAYER_WITH_DIM(glu, "GLU")

/* ---- With slopes ---- */

static tp_tensor *forward_prelu(tp_module *module, tp_tensor *x)
{
    return tp_prelu(x, *(tp_tensor *const *)module->data);
}

static int describe_prelu(const tp_module *module, char *text, size_t size)
{
    return snprintf(text, size, "num_parameters=%lld", (long long)(*(tp_tensor *const *)module->data)->numel);
}

tp_module *tp_prelu_layer_with(const tp_prelu_layer_options *o)
{
    if (!o)
        return tp_prelu_layer();
    TP_FRAME("prelu_layer");
    tp_module *module = tp_module_new("PReLU", forward_prelu, sizeof(tp_tensor *));
    tp_tensor *weight = module ? tp_full(o->dtype, o->init, o->num_parameters) : NULL;
    if (!weight || !tp_register_parameter(module, "weight", weight))
        return NULL;
    *(tp_tensor **)module->data = weight;
    tp_module_set_describe(module, describe_prelu);
    return module;
}

static tp_tensor *forward_rrelu(tp_module *module, tp_tensor *x)
{
    const tp_rrelu_layer_options *o = module->data;
    return tp_rrelu(x, o->lower, o->upper, module->training, o->generator);
}

static int describe_rrelu(const tp_module *module, char *text, size_t size)
{
    const tp_rrelu_layer_options *o = module->data;
    char lower[TP__NUMBER_SIZE], upper[TP__NUMBER_SIZE];
    return snprintf(text, size, "lower=%s, upper=%s", tp__number_text(lower, o->lower, false),
                    tp__number_text(upper, o->upper, false));
}

tp_module *tp_rrelu_layer_with(const tp_rrelu_layer_options *o)
{
    if (!o)
        return tp_rrelu_layer();
    if (!(o->lower <= o->upper && isfinite(o->lower) && isfinite(o->upper)))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "rrelu_layer: lower (%g) must be at most upper (%g), and both finite", o->lower,
                             o->upper);
    tp_module *module = tp_module_new("RReLU", forward_rrelu, sizeof *o);
    if (!module)
        return NULL;
    memcpy(module->data, o, sizeof *o);
    tp_module_set_describe(module, describe_rrelu);
    return module;
}
