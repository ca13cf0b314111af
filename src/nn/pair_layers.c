/* Layers of two inputs, and Unflatten. */
#include "nn/module.h"
#include "taper/layers.h"

#include <math.h>
#include <string.h>

/* Runs `apply` for a module of that type, in its frame. */
static tp_tensor *forward_pair(tp_module *module, const char *type, tp_tensor *x1, tp_tensor *x2,
                               tp_tensor *(*apply)(const tp_module *module, tp_tensor *x1, tp_tensor *x2))
{
    if (!module || !x1 || !x2)
        return tp__null_argument(!module ? "forward: module" : x1 ? "forward: x2" : "forward: x1"), NULL;
    TP_MODULE_FRAME(module);
    if (strcmp(module->type, type) != 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "a %s is no %s", module->type, type);
    return tp__module_whole(module) == TP_OK ? tp__module_ran(module, x1, apply(module, x1, x2)) : NULL;
}

/* ---- Bilinear ---- */

typedef struct bilinear {
    int64_t in1, in2, out;
    tp_tensor *weight, *bias;
} bilinear;

static int describe_bilinear(const tp_module *module, char *text, size_t size)
{
    const bilinear *l = module->data;
    return snprintf(text, size, "in1_features=%lld, in2_features=%lld, out_features=%lld, bias=%s",
                    (long long)l->in1, (long long)l->in2, (long long)l->out, l->bias ? "True" : "False");
}

/* x1 times all slices of the weight, and what comes out times x2. */
static int64_t count_bilinear(const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    const bilinear *l = module->data;
    (void)x;
    return y->numel * l->in2 * (l->in1 + 1);
}

tp_module *tp_bilinear_with(const tp_bilinear_options *o)
{
    if (!o)
        return tp__null_argument("bilinear: options"), NULL;
    TP_FRAME("bilinear");
    if (o->in1_features <= 0)
        return tp__fail_null(TP_ERROR_SHAPE, "in1_features must be > 0, but got (in1_features=%lld)",
                             (long long)o->in1_features);
    if (!tp_dtype_is_float(o->dtype))
        return tp__fail_null(TP_ERROR_DTYPE, "needs a floating type, not %s", tp_dtype_name(o->dtype));
    tp_module *module = tp_module_new("Bilinear", NULL, sizeof(bilinear));
    if (!module)
        return NULL;
    bilinear *l = module->data;
    *l = (bilinear){o->in1_features, o->in2_features, o->out_features, NULL, NULL};
    tp_module_set_describe(module, describe_bilinear);
    tp_module_set_count(module, count_bilinear);
    const double bound = 1 / sqrt((double)l->in1);
    tp_tensor *weight = tp_zeros(o->dtype, l->out, l->in1, l->in2);
    weight = tp_init_uniform_(weight, -bound, bound, o->generator);
    if (!(l->weight = tp_register_parameter(module, "weight", weight)))
        return NULL;
    if (!o->bias)
        return module;
    tp_tensor *bias = tp_init_uniform_(tp_zeros(o->dtype, l->out), -bound, bound, o->generator);
    l->bias = tp_register_parameter(module, "bias", bias);
    return l->bias ? module : NULL;
}

static tp_tensor *apply_bilinear(const tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    const bilinear *l = module->data;
    return tp_f_bilinear(x1, x2, l->weight, l->bias);
}

tp_tensor *tp_bilinear_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    return forward_pair(module, "Bilinear", x1, x2, apply_bilinear);
}

/* ---- CosineSimilarity and PairwiseDistance: their options without the tensors ---- */

static tp_module *new_similarity(const char *type, const tp_similarity_options *options)
{
    tp_module *module = tp_module_new(type, NULL, sizeof *options);
    if (module)
        memcpy(module->data, options, sizeof *options);
    return module;
}

static tp_similarity_options filled(const tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    tp_similarity_options options = *(const tp_similarity_options *)module->data;
    options.a = x1;
    options.b = x2;
    return options;
}

tp_module *tp_cosine_similarity_layer(int dim, double eps)
{
    return new_similarity("CosineSimilarity", &(tp_similarity_options){.p = 2, .dim = dim, .eps = eps});
}

static tp_tensor *apply_cosine_similarity(const tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    const tp_similarity_options options = filled(module, x1, x2);
    return tp_cosine_similarity_with(&options);
}

tp_tensor *tp_cosine_similarity_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    return forward_pair(module, "CosineSimilarity", x1, x2, apply_cosine_similarity);
}

tp_module *tp_pairwise_distance_layer(double p, double eps, bool keepdim)
{
    return new_similarity("PairwiseDistance",
                          &(tp_similarity_options){.p = p, .dim = 1, .eps = eps, .keepdim = keepdim});
}

static tp_tensor *apply_pairwise_distance(const tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    const tp_similarity_options options = filled(module, x1, x2);
    return tp_pairwise_distance_with(&options);
}

tp_tensor *tp_pairwise_distance_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2)
{
    return forward_pair(module, "PairwiseDistance", x1, x2, apply_pairwise_distance);
}

/* ---- Unflatten ---- */

typedef struct unflatten {
    int dim, n;
    int64_t sizes[TP_MAX_DIMS];
} unflatten;

static tp_tensor *forward_unflatten(tp_module *module, tp_tensor *x)
{
    const unflatten *l = module->data;
    return tp_unflatten_n(x, l->dim, l->n, l->sizes);
}

static int describe_unflatten(const tp_module *module, char *text, size_t size)
{
    const unflatten *l = module->data;
    char sizes[TP__SHAPE_TEXT_SIZE];
    tp__shape_text(sizes, sizeof sizes, l->n, l->sizes);
    sizes[strlen(sizes) - 1] = 0; /* without the brackets */
    return snprintf(text, size, "dim=%d, unflattened_size=(%s%s)", l->dim, sizes + 1, l->n == 1 ? "," : "");
}

tp_module *tp_unflatten_layer_n(int dim, int n, const int64_t *sizes)
{
    if (n < 1 || n > TP_MAX_DIMS || !sizes)
        return tp__fail_null(TP_ERROR_ARGUMENT, "unflatten_layer: 1 to %d sizes are needed, not %d",
                             TP_MAX_DIMS, n);
    tp_module *module = tp_module_new("Unflatten", forward_unflatten, sizeof(unflatten));
    if (!module)
        return NULL;
    unflatten *l = module->data;
    l->dim = dim;
    l->n = n;
    memcpy(l->sizes, sizes, (size_t)n * sizeof *sizes);
    tp_module_set_describe(module, describe_unflatten);
    return module;
}
