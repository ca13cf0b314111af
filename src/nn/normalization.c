/* The normalising layers: LayerNorm, RMSNorm, GroupNorm, BatchNorm1d. Nothing is drawn. */
#include "nn/module.h"
#include "nn/writer.h"

#include <string.h>

static const char *truth(bool value)
{
    return value ? "True" : "False";
}

/* A parameter of all ones or all zeros, if it is wanted; false after an error. */
static bool add_parameter(tp_module *module, const char *name, bool wanted, tp_dtype dtype, int ndim,
                          const int64_t *shape, tp_tensor **place)
{
    if (!wanted)
        return true;
    const bool ones = !strcmp(name, "weight");
    *place = tp_register_parameter(module, name,
                                   ones ? tp_ones_n(dtype, ndim, shape) : tp_zeros_n(dtype, ndim, shape));
    return *place != NULL;
}

static tp_status check_type(tp_dtype dtype)
{
    if (!tp_dtype_is_float(dtype))
        return tp_fail(TP_ERROR_DTYPE, "needs a floating type, not %s", tp_dtype_name(dtype));
    return tp__refuse_half(dtype, "dtype");
}

/* For each element: one for the variance, or the mean of squares, one to scale, and one for the weight. */
static int64_t count_norm(const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    (void)y;
    return x->numel * (module->parameters.count ? 3 : 2);
}

/* ---- LayerNorm and RMSNorm ---- */

typedef struct over_shape {
    tp_tensor *weight, *bias;
    double eps;
    int ndim;
    int64_t shape[TP_MAX_DIMS];
} over_shape;

/* "(3, 4)", "(3,)" */
static void describe_shape(const over_shape *l, char text[TP__SHAPE_TEXT_SIZE])
{
    tp__shape_text(text, TP__SHAPE_TEXT_SIZE, l->ndim, l->shape);
    text[0] = '(';
    strcpy(text + strlen(text) - 1, l->ndim == 1 ? ",)" : ")");
}

static int describe_layer_norm(const tp_module *module, char *text, size_t size)
{
    const over_shape *l = module->data;
    char number[TP__NUMBER_SIZE], shape[TP__SHAPE_TEXT_SIZE + 1];
    describe_shape(l, shape);
    return snprintf(text, size, "%s, eps=%s, elementwise_affine=%s, bias=%s", shape,
                    tp__number_text(number, l->eps, false), truth(l->weight != NULL), truth(l->bias != NULL));
}

static int describe_rms_norm(const tp_module *module, char *text, size_t size)
{
    const over_shape *l = module->data;
    char number[TP__NUMBER_SIZE], shape[TP__SHAPE_TEXT_SIZE + 1];
    describe_shape(l, shape);
    return snprintf(text, size, "%s, eps=%s, elementwise_affine=%s", shape,
                    l->eps < 0 ? "None" : tp__number_text(number, l->eps, false), truth(l->weight != NULL));
}

static tp_tensor *forward_layer_norm(tp_module *module, tp_tensor *x)
{
    const over_shape *l = module->data;
    return tp_f_layer_norm(x, l->ndim, l->shape, l->weight, l->bias, l->eps);
}

static tp_tensor *forward_rms_norm(tp_module *module, tp_tensor *x)
{
    const over_shape *l = module->data;
    return tp_f_rms_norm(x, l->ndim, l->shape, l->weight, l->eps);
}

static tp_module *new_over_shape(const char *type, tp_forward_function forward, tp_describe_function describe,
                                 int64_t size, int ndim, const int64_t *shape, double eps, bool weight,
                                 bool bias, tp_dtype dtype)
{
    if (check_type(dtype) != TP_OK)
        return NULL;
    if (ndim < 0 || ndim > TP_MAX_DIMS || (ndim && !shape))
        return tp__fail_null(TP_ERROR_ARGUMENT, "a normalized_shape has 1 to %d dimensions", TP_MAX_DIMS);
    tp_module *module = tp_module_new(type, forward, sizeof(over_shape));
    if (!module)
        return NULL;
    over_shape *l = module->data;
    l->eps = eps;
    l->ndim = ndim ? ndim : 1;
    for (int d = 0; d < l->ndim; d++)
        if ((l->shape[d] = ndim ? shape[d] : size) < 0)
            return tp__fail_null(TP_ERROR_SHAPE, "a normalized_shape with the negative size %lld",
                                 (long long)l->shape[d]);
    tp_module_set_describe(module, describe);
    tp_module_set_count(module, count_norm);
    return add_parameter(module, "weight", weight, dtype, l->ndim, l->shape, &l->weight) &&
                   add_parameter(module, "bias", bias, dtype, l->ndim, l->shape, &l->bias)
               ? module
               : NULL;
}

tp_module *tp_layer_norm_with(const tp_layer_norm_options *o)
{
    if (!o)
        return tp__null_argument("layer_norm: options"), NULL;
    TP_FRAME("layer_norm");
    return new_over_shape("LayerNorm", forward_layer_norm, describe_layer_norm, o->size, o->ndim, o->shape,
                          o->eps, o->elementwise_affine, o->elementwise_affine && o->bias, o->dtype);
}

tp_module *tp_rms_norm_with(const tp_rms_norm_options *o)
{
    if (!o)
        return tp__null_argument("rms_norm: options"), NULL;
    TP_FRAME("rms_norm");
    return new_over_shape("RMSNorm", forward_rms_norm, describe_rms_norm, o->size, o->ndim, o->shape, o->eps,
                          o->elementwise_affine, false, o->dtype);
}

/* ---- GroupNorm ---- */

typedef struct group_norm {
    tp_tensor *weight, *bias;
    double eps;
    int64_t groups, channels;
} group_norm;

static int describe_group_norm(const tp_module *module, char *text, size_t size)
{
    const group_norm *l = module->data;
    char number[TP__NUMBER_SIZE];
    return snprintf(text, size, "%lld, %lld, eps=%s, affine=%s, bias=%s", (long long)l->groups,
                    (long long)l->channels, tp__number_text(number, l->eps, false), truth(l->weight != NULL),
                    truth(l->bias != NULL));
}

static tp_tensor *forward_group_norm(tp_module *module, tp_tensor *x)
{
    const group_norm *l = module->data;
    return tp_f_group_norm(x, l->groups, l->weight, l->bias, l->eps);
}

tp_module *tp_group_norm_with(const tp_group_norm_options *o)
{
    if (!o)
        return tp__null_argument("group_norm: options"), NULL;
    TP_FRAME("group_norm");
    const int64_t groups = o->num_groups, channels = o->num_channels;
    if (check_type(o->dtype) != TP_OK)
        return NULL;
    if (groups < 1 || channels < 0 || channels % groups)
        return tp__fail_null(TP_ERROR_ARGUMENT, "num_channels (%lld) must be divisible by num_groups (%lld)",
                             (long long)channels, (long long)groups);
    tp_module *module = tp_module_new("GroupNorm", forward_group_norm, sizeof(group_norm));
    if (!module)
        return NULL;
    group_norm *l = module->data;
    l->eps = o->eps;
    l->groups = groups;
    l->channels = channels;
    tp_module_set_describe(module, describe_group_norm);
    tp_module_set_count(module, count_norm);
    return add_parameter(module, "weight", o->affine, o->dtype, 1, &channels, &l->weight) &&
                   add_parameter(module, "bias", o->affine && o->bias, o->dtype, 1, &channels, &l->bias)
               ? module
               : NULL;
}

/* ---- BatchNorm1d ---- */

typedef struct batch_norm {
    tp_tensor *weight, *bias, *mean, *variance, *batches;
    double eps, momentum;
    int64_t features;
} batch_norm;

static int describe_batch_norm(const tp_module *module, char *text, size_t size)
{
    const batch_norm *l = module->data;
    char eps[TP__NUMBER_SIZE], momentum[TP__NUMBER_SIZE];
    return snprintf(text, size, "%lld, eps=%s, momentum=%s, affine=%s, bias=%s, track_running_stats=%s",
                    (long long)l->features, tp__number_text(eps, l->eps, false),
                    l->momentum < 0 ? "None" : tp__number_text(momentum, l->momentum, false),
                    truth(l->weight != NULL), truth(l->bias != NULL), truth(l->batches != NULL));
}

/* The same, without the variance where the running one is used. */
static int64_t count_batch_norm(const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    const batch_norm *l = module->data;
    const bool measures = module->training || !l->variance;
    return count_norm(module, x, y) - (measures ? 0 : x->numel);
}

static tp_tensor *forward_batch_norm(tp_module *module, tp_tensor *x)
{
    const batch_norm *l = module->data;
    const int ndim = tp_ndim(x);
    if (ndim != 2 && ndim != 3)
        return tp__fail_null(TP_ERROR_SHAPE, "batch_norm1d: expected 2D or 3D input (got %dD input)", ndim);
    const bool counts = module->training && l->batches;
    const int64_t seen = counts ? tp_item_i64(l->batches) + 1 : 0;
    tp_tensor *y = tp_f_batch_norm_with(
        &(tp_batch_norm_options){.input = x,
                                 .running_mean = l->mean,
                                 .running_var = l->variance,
                                 .weight = l->weight,
                                 .bias = l->bias,
                                 .training = module->training || !l->mean,
                                 .momentum = l->momentum < 0 ? 1 / (double)(seen ? seen : 1) : l->momentum,
                                 .eps = l->eps});
    if (y && counts) {
        tp__store_i64(TP_I64, l->batches->data, seen);
        tp__changed(l->batches);
    }
    return y;
}

tp_module *tp_batch_norm1d_with(const tp_batch_norm1d_options *o)
{
    if (!o)
        return tp__null_argument("batch_norm1d: options"), NULL;
    TP_FRAME("batch_norm1d");
    const int64_t n = o->num_features;
    if (check_type(o->dtype) != TP_OK)
        return NULL;
    if (n < 0)
        return tp__fail_null(TP_ERROR_SHAPE, "num_features is %lld", (long long)n);
    tp_module *module = tp_module_new("BatchNorm1d", forward_batch_norm, sizeof(batch_norm));
    if (!module)
        return NULL;
    batch_norm *l = module->data;
    l->eps = o->eps;
    l->momentum = o->momentum;
    l->features = n;
    tp_module_set_describe(module, describe_batch_norm);
    tp_module_set_count(module, count_batch_norm);
    if (!add_parameter(module, "weight", o->affine, o->dtype, 1, &n, &l->weight) ||
        !add_parameter(module, "bias", o->affine && o->bias, o->dtype, 1, &n, &l->bias))
        return NULL;
    if (!o->track_running_stats)
        return module;
    l->mean = tp_register_buffer(module, "running_mean", tp_zeros_n(o->dtype, 1, &n));
    l->variance = tp_register_buffer(module, "running_var", tp_ones_n(o->dtype, 1, &n));
    l->batches = tp_register_buffer(module, "num_batches_tracked", tp_zeros_n(TP_I64, 0, NULL));
    return l->mean && l->variance && l->batches ? module : NULL;
}
