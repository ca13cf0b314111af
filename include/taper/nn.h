/* Modules, layers and initialisers: torch.nn.
 *
 * A module is a type's name, parameters, buffers and children by name, and, if it maps one tensor to one
 * tensor, a forward function. It lives in the region where it was made; what is registered with it must live
 * at least as long. Names of constructors: a layer with a name of its own is that name (tp_linear,
 * tp_dropout, tp_sequential); where an operation has the name, the layer ends in _layer (tp_sigmoid_layer).
 *
 * A constructor may register without looking at results: a module of which a part is missing is refused
 * wherever it is used, with the first error. */
#ifndef TAPER_NN_H
#define TAPER_NN_H

#include "taper/ops.h"
#include "taper/safetensors.h"

TP_BEGIN

/* ---- Modules ---- */

typedef struct tp_module tp_module;

/* What tp_forward calls. It must not write to the module unless tp_is_training, so that threads can share it.
 */
typedef tp_tensor *(*tp_forward_function)(tp_module *module, tp_tensor *x);

/* Describes a module for tp_module_repr, such as "in_features=3, out_features=2": writes to `text` like
 * snprintf, and returns what snprintf returns. */
typedef int (*tp_describe_function)(const tp_module *module, char *text, size_t size);

/* A new module in the current region, in training mode. `type` is copied. `forward` may be NULL: a module
 * with other inputs or outputs is used through functions of its own. `data_size` bytes of zeroed memory are
 * made beside it, for tp_module_data. NULL after an error.
 *
 *     typedef struct encoder { tp_module *fc1, *fc2; } encoder;
 *
 *     static tp_tensor *encode(tp_module *m, tp_tensor *x)
 *     {
 *         encoder *e = tp_module_data(m);
 *         return tp_forward(e->fc2, tp_relu(tp_forward(e->fc1, x)));
 *     }
 *
 *     tp_module *m = tp_module_new("Encoder", encode, sizeof(encoder));
 *     encoder *e = tp_module_data(m);
 *     e->fc1 = tp_register_module(m, "fc1", tp_linear(4, 3));
 *     e->fc2 = tp_register_module(m, "fc2", tp_linear(3, 1));
 */
TP_API tp_module *tp_module_new(const char *type, tp_forward_function forward, size_t data_size);

/* The memory beside it; NULL for NULL, and if its size is 0. */
TP_API void *tp_module_data(const tp_module *module);

/* Sets the function that describes the module. NULL is ignored. */
TP_API void tp_module_set_describe(tp_module *module, tp_describe_function describe);

/* How many multiply-adds one application took, from what went in and came out: for tp_module_summary. NULL,
 * as at first, stands for none of its own. */
typedef int64_t (*tp_count_function)(const tp_module *module, const tp_tensor *x, const tp_tensor *y);
TP_API void tp_module_set_count(tp_module *module, tp_count_function count);

/* The type's name; the name under which it was first registered with a parent, "" for none. "" for NULL. */
TP_API const char *tp_module_type(const tp_module *module);
TP_API const char *tp_module_name(const tp_module *module);

/* Gives the module a parameter, a buffer (state without a gradient, such as a running mean) or a child, and
 * returns it; NULL after an error. Names are copied, are not empty, have no dot, and one name stands for one
 * thing; registering the same kind again replaces it and keeps its place. A parameter must be a leaf of
 * floating type, and from now on requires a gradient. A layer that goes without an optional parameter does
 * not register it. TP_ERROR_STATE for what lives in a region that ends before the module's, and for a child
 * that contains the module. */
TP_API tp_tensor *tp_register_parameter(tp_module *module, const char *name, tp_tensor *parameter);
TP_API tp_tensor *tp_register_buffer(tp_module *module, const char *name, tp_tensor *buffer);
TP_API tp_module *tp_register_module(tp_module *module, const char *name, tp_module *child);

/* Applies the module: its forward function, inside a frame that names its place in errors, as in
 * "linear: mat1 and mat2 shapes cannot be multiplied (4x5 and 3x2) (in encoder.fc1, a Linear)". NULL passes
 * through. TP_ERROR_UNSUPPORTED if it has no forward function. */
TP_API tp_tensor *tp_forward(tp_module *module, tp_tensor *x);

/* The same frame for a module's own functions: TP_MODULE_FRAME(module); at the start of the block. */
TP_API tp_frame tp_module_frame(const tp_module *module);
#define TP_MODULE_FRAME(module)                                                       \
    tp_frame tp_module_frame_ TP_CLEANUP(tp_frame_leave) = (tp_module_frame(module)); \
    tp_frame_enter(&tp_module_frame_)

/* Switches the module and all inside it to training (the state after construction) or to evaluation. NULL is
 * ignored. Not while another thread uses it. */
TP_API void tp_train(tp_module *module);
TP_API void tp_eval(tp_module *module);
TP_API bool tp_is_training(const tp_module *module);

/* Parameters with their paths, such as "encoder.fc1.weight": a module's own before its children's, each
 * tensor once. In the current region; the tensors are the module's. */
typedef struct tp_parameter_list {
    int64_t count;
    tp_tensor **tensors;
    const char **names;
} tp_parameter_list;
TP_API tp_parameter_list *tp_parameters(const tp_module *module);

/* A list of tensors that belong to no module; they are named "0", "1", ... Every one must be a leaf that
 * requires a gradient. tp_parameters_of(w, b) */
TP_API tp_parameter_list *tp_parameters_of_n(int64_t count, tp_tensor *const *tensors);

/* The module itself, whose path is "", and all modules inside it, each once, parents before children. */
typedef struct tp_module_list {
    int64_t count;
    tp_module **modules;
    const char **names;
} tp_module_list;
TP_API tp_module_list *tp_named_modules(tp_module *module);

/* What stands at a path: "encoder.fc1", "encoder.fc1.weight". TP_ERROR_INDEX names the part that is missing.
 */
TP_API tp_module *tp_get_submodule(tp_module *module, const char *path);
TP_API tp_tensor *tp_get_parameter(tp_module *module, const char *path);
TP_API tp_tensor *tp_get_buffer(tp_module *module, const char *path);

/* Freezes (false) or thaws all parameters inside. Frozen ones get no gradient. NULL is ignored. */
TP_API void tp_requires_grad_all(tp_module *module, bool requires_grad);

/* The same for what stands at a path, a module with all inside it or a parameter: "encoder", "head.bias".
 * TP_ERROR_INDEX if nothing does. */
TP_API tp_status tp_requires_grad_at(tp_module *module, const char *path, bool requires_grad);

/* Makes the gradients of all parameters inside absent. NULL is ignored. */
TP_API void tp_module_zero_grad(tp_module *module);

/* Calls `function` for every module inside, children before their parent, each once, and for the module
 * itself: torch's module.apply. The first status other than TP_OK ends it and is returned. */
typedef tp_status (*tp_module_function)(tp_module *module, void *argument);
TP_API tp_status tp_apply_to_modules(tp_module *module, tp_module_function function, void *argument);

/* Converts all parameters and buffers of floating types to `dtype`, a floating type; the tensors stay the
 * same ones. As TP_F16 or TP_BF16 a model can be saved, in half the bytes, and not run. The gradients become
 * absent. What was recorded with the old values can no longer be walked back, and an optimizer that has
 * states of the old type refuses its next step: make it afterwards. */
TP_API tp_status tp_module_to(tp_module *module, tp_dtype dtype);

/* A copy with parameters, buffers and children of its own, in the current region; what stood at two places
 * stands at two places. Gradients are absent; flags (training, frozen) are the same. The data beside each
 * module is copied byte by byte, with pointers to what is registered within `module` exchanged for their
 * copies; what other pointers point to is shared, such as a generator. NULL after an error. */
TP_API tp_module *tp_module_copy(const tp_module *module);

/* The number of elements of all parameters, each counted once; -1 after an error. */
TP_API int64_t tp_parameter_count(const tp_module *module);

/* Writes what PyTorch prints for the module, and a line end. tp_module_repr: the text without the line end,
 * in the current region. */
TP_API tp_status tp_module_print(FILE *stream, const tp_module *module);
TP_API char *tp_module_repr(const tp_module *module);

/* ---- States ---- */

/* All parameters and buffers, a module's own before its children's; a shared one stands under each of its
 * names. In the current region; the tensors are the module's own. */
TP_API tp_named_tensors *tp_state_dict(const tp_module *module);

/* Copies of the tensors, in the current region: a state to come back to. */
TP_API tp_named_tensors *tp_copy_named_tensors(const tp_named_tensors *tensors);

/* Copies `n` tensors into the parameters and buffers of those names, converted to their dtypes. If `strict`,
 * both sides have the same names; if not, names on one side only are left alone. One sentence lists all that
 * does not fit, in PyTorch's words, and then nothing is copied. BatchNorm's num_batches_tracked may be
 * absent. */
TP_API tp_status tp_load_state_dict(tp_module *module, const tp_named_tensor *tensors, int64_t n,
                                    bool strict);

/* The same for states that fit in part: what both sides have is copied, and the names on one side only are
 * returned, in the current region. NULL after an error, such as a wrong size. */
typedef struct tp_incompatible_keys {
    int64_t n_missing, n_unexpected;
    const char **missing;    /* of the module, not among `tensors` */
    const char **unexpected; /* among `tensors`, not of the module */
} tp_incompatible_keys;
TP_API tp_incompatible_keys *tp_load_state_dict_partly(tp_module *module, const tp_named_tensor *tensors,
                                                       int64_t n);

/* ---- Layers ---- */

#ifdef __cplusplus
#define TP_NN_DEFAULT(value) = value
#else
#define TP_NN_DEFAULT(value)
#endif

/* x W^T + b: weight [out_features, in_features] and bias [out_features], drawn in this order, both uniform
 * within 1 / sqrt(in_features). x is [..., in_features], or CSR [n, in_features].
 * tp_linear(3, 2, .bias = false) */
typedef struct tp_linear_options {
    int64_t in_features TP_NN_DEFAULT(0);
    int64_t out_features TP_NN_DEFAULT(0);
    bool bias TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    tp_generator *generator TP_NN_DEFAULT(nullptr); /* NULL: the default one */
} tp_linear_options;
TP_API tp_module *tp_linear_with(const tp_linear_options *options);

/* tp_f_dropout with probability p in training, x itself in evaluation. tp_dropout(0.5, .generator = g) */
typedef struct tp_dropout_options {
    double p TP_NN_DEFAULT(0.5);
    tp_generator *generator TP_NN_DEFAULT(nullptr);
} tp_dropout_options;
TP_API tp_module *tp_dropout_with(const tp_dropout_options *options);

/* tp_f_layer_norm and tp_f_rms_norm over the last dimension, of `size`, or over `ndim` of them with the sizes
 * `shape` (then `size` does not count): weight, ones, and bias, zeros, of that shape; `bias` only beside a
 * weight. RMSNorm's `eps` below 0 is PyTorch's None. tp_layer_norm(768, .eps = 1e-6),
 * tp_layer_norm(0, .ndim = 2, .shape = (const int64_t[]){3, 4}) */
typedef struct tp_layer_norm_options {
    int64_t size TP_NN_DEFAULT(0);
    double eps TP_NN_DEFAULT(1e-5);
    bool elementwise_affine TP_NN_DEFAULT(true);
    bool bias TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    int ndim TP_NN_DEFAULT(0);
    const int64_t *shape TP_NN_DEFAULT(nullptr);
} tp_layer_norm_options;
TP_API tp_module *tp_layer_norm_with(const tp_layer_norm_options *options);

/* Without a bias; `eps` below 0 stands for the dtype's epsilon. tp_rms_norm(768) */
typedef struct tp_rms_norm_options {
    int64_t size TP_NN_DEFAULT(0);
    double eps TP_NN_DEFAULT(-1);
    bool elementwise_affine TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    int ndim TP_NN_DEFAULT(0);
    const int64_t *shape TP_NN_DEFAULT(nullptr);
} tp_rms_norm_options;
TP_API tp_module *tp_rms_norm_with(const tp_rms_norm_options *options);

/* tp_f_group_norm with weight, ones, and bias, zeros, of [num_channels]. tp_group_norm(2, 6) */
typedef struct tp_group_norm_options {
    int64_t num_groups TP_NN_DEFAULT(0);
    int64_t num_channels TP_NN_DEFAULT(0);
    double eps TP_NN_DEFAULT(1e-5);
    bool affine TP_NN_DEFAULT(true);
    bool bias TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
} tp_group_norm_options;
TP_API tp_module *tp_group_norm_with(const tp_group_norm_options *options);

/* tp_f_batch_norm of [n, num_features] or [n, num_features, length]: by the batch in training, by the buffers
 * running_mean and running_var in evaluation, or always by the batch if they are not tracked. Each batch of
 * training moves them by `momentum`, below 0 (PyTorch's None) to the average of all batches, and adds 1 to
 * the buffer num_batches_tracked. tp_batch_norm1d(100, .momentum = 0.01) */
typedef struct tp_batch_norm1d_options {
    int64_t num_features TP_NN_DEFAULT(0);
    double eps TP_NN_DEFAULT(1e-5);
    double momentum TP_NN_DEFAULT(0.1);
    bool affine TP_NN_DEFAULT(true);
    bool track_running_stats TP_NN_DEFAULT(true);
    bool bias TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
} tp_batch_norm1d_options;
TP_API tp_module *tp_batch_norm1d_with(const tp_batch_norm1d_options *options);

/* Modules one after the other, named "0", "1", ...: tp_sequential(tp_linear(4, 3), tp_relu_layer(),
 * tp_linear(3, 1)) */
TP_API tp_module *tp_sequential_n(int64_t count, tp_module *const *modules);

/* Operations as layers. */
TP_API tp_module *tp_identity(void);
/* PyTorch's defaults are 1 and -1: all dimensions but the first. */
TP_API tp_module *tp_flatten_layer(int start_dim, int end_dim);

/* ---- Initialisers: torch.nn.init ----
 *
 * They write to `t`, recorded or not, and return it; NULL after an error. Elements are drawn in row-major
 * order of the shape, whatever the strides are. `generator` NULL is the default one. The fans of a tensor of
 * two or more dimensions are fan_in = size(1) * r and fan_out = size(0) * r, with r the product of the sizes
 * behind. */

/* Uniform in [from, to), and normal. */
TP_API tp_tensor *tp_init_uniform_(tp_tensor *t, double from, double to, tp_generator *generator);
TP_API tp_tensor *tp_init_normal_(tp_tensor *t, double mean, double std, tp_generator *generator);
/* Normal, limited to [low, high]: drawn again where outside or, where at most 0.3 of the distribution lies
 * inside, drawn uniformly within and kept with the density's probability. TP_ERROR_ARGUMENT if no number is
 * left, TP_ERROR_UNSUPPORTED if next to nothing is ever kept. */
TP_API tp_tensor *tp_init_trunc_normal_(tp_tensor *t, double mean, double std, double low, double high,
                                        tp_generator *generator);
/* All elements `value`, 1, or 0. */
TP_API tp_tensor *tp_init_constant_(tp_tensor *t, double value);
TP_API tp_tensor *tp_init_ones_(tp_tensor *t);
TP_API tp_tensor *tp_init_zeros_(tp_tensor *t);
/* The identity, for a matrix. */
TP_API tp_tensor *tp_init_eye_(tp_tensor *t);

/* Zeros, with ones where a convolution of that weight, [out, in, width] and up to two more dimensions, passes
 * its channels on, in each of `groups` groups. */
TP_API tp_tensor *tp_init_dirac_(tp_tensor *t, int64_t groups);
/* `gain` times a matrix with orthonormal rows, or columns where those are fewer (Saxe et al. 2013): Q of a
 * normal matrix's QR decomposition with a positive diagonal of R. Dimensions behind the second count as
 * columns. Computed in double precision by Householder reflections. */
TP_API tp_tensor *tp_init_orthogonal_(tp_tensor *t, double gain, tp_generator *generator);
/* A matrix of normal numbers with mean 0, of which ceil(sparsity * rows) in each column are set to 0 (Martens
 * 2010). PyTorch's default deviation is 0.01. The places come from `generator` too, where PyTorch takes the
 * default one whatever is given. */
TP_API tp_tensor *tp_init_sparse_(tp_tensor *t, double sparsity, double std, tp_generator *generator);

/* Glorot and Bengio 2010: uniform within gain * sqrt(6 / (fan_in + fan_out)), or normal with deviation
 * gain * sqrt(2 / (fan_in + fan_out)). */
TP_API tp_tensor *tp_init_xavier_uniform_(tp_tensor *t, double gain, tp_generator *generator);
TP_API tp_tensor *tp_init_xavier_normal_(tp_tensor *t, double gain, tp_generator *generator);

typedef enum tp_nonlinearity {
    TP_NONLINEARITY_LINEAR,     /* convolutions as well: 1 */
    TP_NONLINEARITY_TANH,       /* 5/3 */
    TP_NONLINEARITY_RELU,       /* sqrt(2) */
    TP_NONLINEARITY_LEAKY_RELU, /* sqrt(2 / (1 + slope^2)) */
    TP_NONLINEARITY_SELU,       /* 3/4 */
    TP_NONLINEARITY_SIGMOID = TP_NONLINEARITY_LINEAR
} tp_nonlinearity;

typedef enum tp_fan_mode { TP_FAN_IN, TP_FAN_OUT } tp_fan_mode;

/* The factor of a nonlinearity; NaN after an error. `slope` counts for LEAKY_RELU alone; PyTorch's default
 * for it is 0.01. */
TP_API double tp_calculate_gain(tp_nonlinearity nonlinearity, double slope);

/* He et al. 2015: normal with deviation gain / sqrt(fan), or uniform within sqrt(3) times that.
 * tp_init_kaiming_uniform_(t, .mode = TP_FAN_OUT, .nonlinearity = TP_NONLINEARITY_RELU) */
typedef struct tp_kaiming_options {
    tp_tensor *tensor TP_NN_DEFAULT(nullptr);
    double slope TP_NN_DEFAULT(0); /* PyTorch's `a` */
    tp_fan_mode mode TP_NN_DEFAULT(TP_FAN_IN);
    tp_nonlinearity nonlinearity TP_NN_DEFAULT(TP_NONLINEARITY_LEAKY_RELU);
    tp_generator *generator TP_NN_DEFAULT(nullptr);
} tp_kaiming_options;
TP_API tp_tensor *tp_init_kaiming_uniform_with(const tp_kaiming_options *options);
TP_API tp_tensor *tp_init_kaiming_normal_with(const tp_kaiming_options *options);

TP_CLOSE

#ifdef __cplusplus
static inline tp_module *tp_linear(int64_t in_features, int64_t out_features, tp_linear_options options = {})
{
    options.in_features = in_features;
    options.out_features = out_features;
    return tp_linear_with(&options);
}
static inline tp_module *tp_dropout(double p = 0.5, tp_dropout_options options = {})
{
    options.p = p;
    return tp_dropout_with(&options);
}
static inline tp_module *tp_layer_norm(int64_t size, tp_layer_norm_options options = {})
{
    options.size = size;
    return tp_layer_norm_with(&options);
}
static inline tp_module *tp_rms_norm(int64_t size, tp_rms_norm_options options = {})
{
    options.size = size;
    return tp_rms_norm_with(&options);
}
static inline tp_module *tp_group_norm(int64_t num_groups, int64_t num_channels,
                                       tp_group_norm_options options = {})
{
    options.num_groups = num_groups;
    options.num_channels = num_channels;
    return tp_group_norm_with(&options);
}
static inline tp_module *tp_batch_norm1d(int64_t num_features, tp_batch_norm1d_options options = {})
{
    options.num_features = num_features;
    return tp_batch_norm1d_with(&options);
}
static inline tp_tensor *tp_init_kaiming_uniform_(tp_tensor *t, tp_kaiming_options options = {})
{
    options.tensor = t;
    return tp_init_kaiming_uniform_with(&options);
}
static inline tp_tensor *tp_init_kaiming_normal_(tp_tensor *t, tp_kaiming_options options = {})
{
    options.tensor = t;
    return tp_init_kaiming_normal_with(&options);
}
/* Braces, so that arguments are evaluated from left to right. */
namespace taper
{
struct sequence {
    tp_module *made;
    template <class... M> explicit sequence(M... modules)
    {
        tp_module *const list[sizeof...(M) ? sizeof...(M) : 1] = {modules...};
        made = tp_sequential_n(static_cast<int64_t>(sizeof...(M)), list);
    }
};
template <class... T> tp_parameter_list *parameters_of(T... tensors)
{
    tp_tensor *const list[sizeof...(T) ? sizeof...(T) : 1] = {tensors...};
    return tp_parameters_of_n(static_cast<int64_t>(sizeof...(T)), list);
}
} // namespace taper
#define tp_sequential(...) (taper::sequence{__VA_ARGS__}.made)
#define tp_parameters_of(...) taper::parameters_of(__VA_ARGS__)
#else
#define tp_linear(...)                                                                             \
    TP_WITH_OPTIONS(tp_module *, tp_linear_with, tp_linear_options, .bias = true, .dtype = TP_F32, \
                    .in_features = __VA_ARGS__)
#define tp_dropout(...) TP_WITH_OPTIONS(tp_module *, tp_dropout_with, tp_dropout_options, .p = __VA_ARGS__)
#define tp_layer_norm(...)                                                               \
    TP_WITH_OPTIONS(tp_module *, tp_layer_norm_with, tp_layer_norm_options, .eps = 1e-5, \
                    .elementwise_affine = true, .bias = true, .dtype = TP_F32, .size = __VA_ARGS__)
#define tp_rms_norm(...)                                                             \
    TP_WITH_OPTIONS(tp_module *, tp_rms_norm_with, tp_rms_norm_options, .eps = -1.0, \
                    .elementwise_affine = true, .dtype = TP_F32, .size = __VA_ARGS__)
#define tp_group_norm(...)                                                                               \
    TP_WITH_OPTIONS(tp_module *, tp_group_norm_with, tp_group_norm_options, .eps = 1e-5, .affine = true, \
                    .bias = true, .dtype = TP_F32, .num_groups = __VA_ARGS__)
#define tp_batch_norm1d(...)                                                                    \
    TP_WITH_OPTIONS(tp_module *, tp_batch_norm1d_with, tp_batch_norm1d_options, .eps = 1e-5,    \
                    .momentum = 0.1, .affine = true, .track_running_stats = true, .bias = true, \
                    .dtype = TP_F32, .num_features = __VA_ARGS__)
#define tp_init_kaiming_uniform_(...)                                              \
    TP_WITH_OPTIONS(tp_tensor *, tp_init_kaiming_uniform_with, tp_kaiming_options, \
                    .nonlinearity = TP_NONLINEARITY_LEAKY_RELU, .tensor = __VA_ARGS__)
#define tp_init_kaiming_normal_(...)                                              \
    TP_WITH_OPTIONS(tp_tensor *, tp_init_kaiming_normal_with, tp_kaiming_options, \
                    .nonlinearity = TP_NONLINEARITY_LEAKY_RELU, .tensor = __VA_ARGS__)
/* function(count, array) of an argument list of pointers. Nested lists hide each other's name, on purpose. */
#define TP_WITH_LIST(function, type, ...)                                                                \
    __extension__({                                                                                      \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"")                    \
            type *const tp_list_[] = {__VA_ARGS__};                                                      \
        _Pragma("GCC diagnostic pop") function((int64_t)(sizeof tp_list_ / sizeof *tp_list_), tp_list_); \
    })
#define tp_sequential(...) TP_WITH_LIST(tp_sequential_n, tp_module, __VA_ARGS__)
#define tp_parameters_of(...) TP_WITH_LIST(tp_parameters_of_n, tp_tensor, __VA_ARGS__)
#endif

#endif
