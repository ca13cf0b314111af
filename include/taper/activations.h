/* The activations of torch.nn as layers.
 *
 * Options and defaults are PyTorch's, but for `inplace`, which would change no number. What a layer computes
 * stands with the operation of its name. tp_sequential(tp_linear(4, 3), tp_leaky_relu_layer(),
 * tp_linear(3, 2), tp_elu_layer(.alpha = 0.5)); in C++ the options are arguments: tp_elu_layer(0.5). */
#ifndef TAPER_ACTIVATIONS_H
#define TAPER_ACTIVATIONS_H

#include "taper/nn.h"

TP_BEGIN

/* ---- Without options ---- */

TP_API tp_module *tp_sigmoid_layer(void);
TP_API tp_module *tp_tanh_layer(void);
TP_API tp_module *tp_relu_layer(void);
TP_API tp_module *tp_relu6_layer(void);
TP_API tp_module *tp_selu_layer(void);
TP_API tp_module *tp_silu_layer(void);
TP_API tp_module *tp_mish_layer(void);
TP_API tp_module *tp_hardsigmoid_layer(void);
TP_API tp_module *tp_hardswish_layer(void);
TP_API tp_module *tp_logsigmoid_layer(void);
TP_API tp_module *tp_softsign_layer(void);
TP_API tp_module *tp_tanhshrink_layer(void);

/* ---- Along a dimension; glu halves it, and PyTorch's default for that is -1 ---- */

TP_API tp_module *tp_softmax_layer(int dim);
TP_API tp_module *tp_log_softmax_layer(int dim);
TP_API tp_module *tp_softmin_layer(int dim);
TP_API tp_module *tp_glu_layer(int dim);

/* ---- With numbers ---- */

/* x where it is above the threshold, else `value`. */
TP_API tp_module *tp_threshold_layer(double threshold, double value);

/* ELU and CELU; alpha is not 0 for CELU. */
typedef struct tp_elu_layer_options {
    double alpha TP_NN_DEFAULT(1);
} tp_elu_layer_options;
TP_API tp_module *tp_elu_layer_with(const tp_elu_layer_options *options);
TP_API tp_module *tp_celu_layer_with(const tp_elu_layer_options *options);

/* x where it is positive, else negative_slope x: tp_leaky_relu. */
typedef struct tp_leaky_relu_layer_options {
    double negative_slope TP_NN_DEFAULT(0.01);
} tp_leaky_relu_layer_options;
TP_API tp_module *tp_leaky_relu_layer_with(const tp_leaky_relu_layer_options *options);

/* x limited to [min_val, max_val]: tp_hardtanh. */
typedef struct tp_hardtanh_layer_options {
    double min_val TP_NN_DEFAULT(-1);
    double max_val TP_NN_DEFAULT(1); /* above min_val */
} tp_hardtanh_layer_options;
TP_API tp_module *tp_hardtanh_layer_with(const tp_hardtanh_layer_options *options);

/* log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold: tp_softplus. */
typedef struct tp_softplus_layer_options {
    double beta TP_NN_DEFAULT(1);
    double threshold TP_NN_DEFAULT(20);
} tp_softplus_layer_options;
TP_API tp_module *tp_softplus_layer_with(const tp_softplus_layer_options *options);

/* Hardshrink and Softshrink; lambd is not negative for Softshrink. */
typedef struct tp_shrink_layer_options {
    double lambd TP_NN_DEFAULT(0.5);
} tp_shrink_layer_options;
TP_API tp_module *tp_hardshrink_layer_with(const tp_shrink_layer_options *options);
TP_API tp_module *tp_softshrink_layer_with(const tp_shrink_layer_options *options);

/* tp_gelu, or its approximation tp_gelu_tanh. */
typedef enum tp_gelu_approximation { TP_GELU_NONE, TP_GELU_TANH } tp_gelu_approximation;
typedef struct tp_gelu_layer_options {
    tp_gelu_approximation approximate TP_NN_DEFAULT(TP_GELU_NONE);
} tp_gelu_layer_options;
TP_API tp_module *tp_gelu_layer_with(const tp_gelu_layer_options *options);

/* ---- With slopes ---- */

/* tp_prelu with the parameter weight [num_parameters], all `init`: one slope, or one for each channel. */
typedef struct tp_prelu_layer_options {
    int64_t num_parameters TP_NN_DEFAULT(1);
    double init TP_NN_DEFAULT(0.25);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
} tp_prelu_layer_options;
TP_API tp_module *tp_prelu_layer_with(const tp_prelu_layer_options *options);

/* tp_rrelu: slopes are drawn in training. lower is at most upper. */
typedef struct tp_rrelu_layer_options {
    double lower TP_NN_DEFAULT(1.0 / 8);
    double upper TP_NN_DEFAULT(1.0 / 3);
    tp_generator *generator TP_NN_DEFAULT(nullptr); /* NULL: the default one */
} tp_rrelu_layer_options;
TP_API tp_module *tp_rrelu_layer_with(const tp_rrelu_layer_options *options);

#ifndef __cplusplus
#define TP_ACTIVATION(name, options, ...) TP_WITH_OPTIONS(tp_module *, name##_with, options, __VA_ARGS__)
#define tp_elu_layer(...) TP_ACTIVATION(tp_elu_layer, tp_elu_layer_options, .alpha = 1, __VA_ARGS__)
#define tp_celu_layer(...) TP_ACTIVATION(tp_celu_layer, tp_elu_layer_options, .alpha = 1, __VA_ARGS__)
#define tp_leaky_relu_layer(...) \
    TP_ACTIVATION(tp_leaky_relu_layer, tp_leaky_relu_layer_options, .negative_slope = 0.01, __VA_ARGS__)
#define tp_hardtanh_layer(...) \
    TP_ACTIVATION(tp_hardtanh_layer, tp_hardtanh_layer_options, .min_val = -1, .max_val = 1, __VA_ARGS__)
#define tp_softplus_layer(...) \
    TP_ACTIVATION(tp_softplus_layer, tp_softplus_layer_options, .beta = 1, .threshold = 20, __VA_ARGS__)
#define tp_hardshrink_layer(...) \
    TP_ACTIVATION(tp_hardshrink_layer, tp_shrink_layer_options, .lambd = 0.5, __VA_ARGS__)
#define tp_softshrink_layer(...) \
    TP_ACTIVATION(tp_softshrink_layer, tp_shrink_layer_options, .lambd = 0.5, __VA_ARGS__)
#define tp_gelu_layer(...) \
    TP_ACTIVATION(tp_gelu_layer, tp_gelu_layer_options, .approximate = TP_GELU_NONE, __VA_ARGS__)
#define tp_prelu_layer(...)                                                                  \
    TP_ACTIVATION(tp_prelu_layer, tp_prelu_layer_options, .num_parameters = 1, .init = 0.25, \
                  .dtype = TP_F32, __VA_ARGS__)
#define tp_rrelu_layer(...) \
    TP_ACTIVATION(tp_rrelu_layer, tp_rrelu_layer_options, .lower = 1.0 / 8, .upper = 1.0 / 3, __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
#define TP_ACTIVATION(name, type, T, field, value) \
    static inline tp_module *name(T field = value) \
    {                                              \
        type options;                              \
        options.field = field;                     \
        return name##_with(&options);              \
    }
TP_ACTIVATION(tp_elu_layer, tp_elu_layer_options, double, alpha, 1)
TP_ACTIVATION(tp_celu_layer, tp_elu_layer_options, double, alpha, 1)
TP_ACTIVATION(tp_leaky_relu_layer, tp_leaky_relu_layer_options, double, negative_slope, 0.01)
TP_ACTIVATION(tp_hardshrink_layer, tp_shrink_layer_options, double, lambd, 0.5)
TP_ACTIVATION(tp_softshrink_layer, tp_shrink_layer_options, double, lambd, 0.5)
TP_ACTIVATION(tp_gelu_layer, tp_gelu_layer_options, tp_gelu_approximation, approximate, TP_GELU_NONE)
#undef TP_ACTIVATION
static inline tp_module *tp_hardtanh_layer(double min_val = -1, double max_val = 1)
{
    tp_hardtanh_layer_options options;
    options.min_val = min_val;
    options.max_val = max_val;
    return tp_hardtanh_layer_with(&options);
}
static inline tp_module *tp_softplus_layer(double beta = 1, double threshold = 20)
{
    tp_softplus_layer_options options;
    options.beta = beta;
    options.threshold = threshold;
    return tp_softplus_layer_with(&options);
}
static inline tp_module *tp_prelu_layer(int64_t num_parameters = 1, double init = 0.25,
                                        tp_dtype dtype = TP_F32)
{
    tp_prelu_layer_options options;
    options.num_parameters = num_parameters;
    options.init = init;
    options.dtype = dtype;
    return tp_prelu_layer_with(&options);
}
static inline tp_module *tp_rrelu_layer(double lower = 1.0 / 8, double upper = 1.0 / 3,
                                        tp_generator *generator = nullptr)
{
    tp_rrelu_layer_options options;
    options.lower = lower;
    options.upper = upper;
    options.generator = generator;
    return tp_rrelu_layer_with(&options);
}
#endif

#endif
