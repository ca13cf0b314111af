/* The layers. */
#include "nn/module.h"

#include <math.h>
#include <string.h>

/* ---- Linear ---- */

typedef struct linear {
    int64_t in_features, out_features;
    tp_tensor *weight, *bias;
} linear;

static tp_tensor *forward_linear(tp_module *module, tp_tensor *x)
{
    const linear *l = module->data;
    return tp_f_linear(x, l->weight, l->bias);
}

/* One for each stored element of x (all of a dense one) and each output. */
static int64_t count_linear(const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    (void)y;
    return x->stored * ((const linear *)module->data)->out_features;
}

static int describe_linear(const tp_module *module, char *text, size_t size)
{
    const linear *l = module->data;
    return snprintf(text, size, "in_features=%lld, out_features=%lld, bias=%s", (long long)l->in_features,
                    (long long)l->out_features, l->bias ? "True" : "False");
}

tp_module *tp_linear_with(const tp_linear_options *options)
{
    if (!options)
        return tp__null_argument("linear: options"), NULL;
    TP_FRAME("linear");
    const int64_t in = options->in_features, out = options->out_features;
    if (in < 0 || out < 0)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "Trying to create tensor with negative dimension %lld: [%lld, %lld]",
                             (long long)(out < 0 ? out : in), (long long)out, (long long)in);
    if (!tp_dtype_is_float(options->dtype))
        return tp__fail_null(TP_ERROR_DTYPE, "needs a floating type, not %s", tp_dtype_name(options->dtype));
    tp_module *module = tp_module_new("Linear", forward_linear, sizeof(linear));
    if (!module)
        return NULL;
    linear *l = module->data;
    l->in_features = in;
    l->out_features = out;
    tp_module_set_describe(module, describe_linear);
    tp_module_set_count(module, count_linear);
    tp_tensor *weight = tp_zeros(options->dtype, out, in);
    weight = tp_init_kaiming_uniform_with(&(tp_kaiming_options){.tensor = weight,
                                                                .slope = sqrt(5),
                                                                .nonlinearity = TP_NONLINEARITY_LEAKY_RELU,
                                                                .generator = options->generator});
    if (!(l->weight = tp_register_parameter(module, "weight", weight)))
        return NULL;
    if (!options->bias)
        return module;
    const double bound = in ? 1 / sqrt((double)in) : 0;
    tp_tensor *bias = tp_init_uniform_(tp_zeros(options->dtype, out), -bound, bound, options->generator);
    l->bias = tp_register_parameter(module, "bias", bias);
    return l->bias ? module : NULL;
}

/* ---- Sequential ---- */

static tp_tensor *forward_sequential(tp_module *module, tp_tensor *x)
{
    for (size_t i = 0; i < module->children.count && x; i++)
        x = tp_forward(module->children.items[i].is.module, x);
    return x;
}

tp_module *tp_sequential_n(int64_t count, tp_module *const *modules)
{
    TP_FRAME("sequential");
    if (count < 0 || (count && !modules))
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld modules cannot be put in order", (long long)count);
    tp_module *module = tp_module_new("Sequential", forward_sequential, 0);
    for (int64_t i = 0; i < count && module; i++) {
        char name[24];
        snprintf(name, sizeof name, "%lld", (long long)i);
        if (!tp_register_module(module, name, modules[i]))
            return NULL;
    }
    return module;
}

/* ---- Operations ---- */

static tp_tensor *forward_identity(tp_module *module, tp_tensor *x)
{
    (void)module;
    return x;
}

tp_module *tp_identity(void)
{
    return tp_module_new("Identity", forward_identity, 0);
}

typedef struct dim_range {
    int start, end;
} dim_range;

static tp_tensor *forward_flatten(tp_module *module, tp_tensor *x)
{
    const dim_range *range = module->data;
    return tp_flatten(x, range->start, range->end);
}

static int describe_flatten(const tp_module *module, char *text, size_t size)
{
    const dim_range *range = module->data;
    return snprintf(text, size, "start_dim=%d, end_dim=%d", range->start, range->end);
}

tp_module *tp_flatten_layer(int start_dim, int end_dim)
{
    tp_module *module = tp_module_new("Flatten", forward_flatten, sizeof(dim_range));
    if (!module)
        return NULL;
    *(dim_range *)module->data = (dim_range){start_dim, end_dim};
    tp_module_set_describe(module, describe_flatten);
    return module;
}
