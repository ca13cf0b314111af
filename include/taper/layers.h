/* More layers and containers of torch.nn; nn.h has modules themselves and the first layers. */
#ifndef TAPER_LAYERS_H
#define TAPER_LAYERS_H

#include "taper/embedding.h"
#include "taper/nn.h"

TP_BEGIN

/* ---- Containers ---- */

/* Children in an order, named "0", "1", ...; no forward function of its own: torch.nn.ModuleList. `modules`
 * may be NULL if count is 0. */
TP_API tp_module *tp_module_list_n(int64_t count, tp_module *const *modules);
/* Adds a child at the end, and returns it; NULL after an error. */
TP_API tp_module *tp_module_list_append(tp_module *list, tp_module *child);

/* Children by name, empty at first: torch.nn.ModuleDict. tp_register_module adds one, tp_get_submodule finds
 * one. */
TP_API tp_module *tp_module_dict(void);

/* The number of a module's own children, and child `index` (from the end if negative) in the order of
 * registration; -1, or NULL after an error. */
TP_API int64_t tp_child_count(const tp_module *module);
TP_API tp_module *tp_child(const tp_module *module, int64_t index);

/* ---- Embeddings ---- */

/* A table of rows: weight [num_embeddings, embedding_dim], drawn from the standard normal distribution, row
 * `padding_idx` set to 0 and kept without a gradient. x is int64 of any shape. tp_embedding(1000, 64,
 * .padding_idx = 0)
 *
 * The gradient is a dense tensor of which the rows that a batch touches are known, so that there is no option
 * `sparse`: a step of tp_sgd, tp_adagrad (both without weight_decay, momentum and maximize) or tp_sparse_adam
 * costs what was touched, however many rows there are. Of bags, too, but for TP_BAG_MAX. */
typedef struct tp_embedding_options {
    int64_t num_embeddings TP_NN_DEFAULT(0);
    int64_t embedding_dim TP_NN_DEFAULT(0);
    int64_t padding_idx TP_NN_DEFAULT(TP_NO_PADDING);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    tp_generator *generator TP_NN_DEFAULT(nullptr);
} tp_embedding_options;
TP_API tp_module *tp_embedding_with(const tp_embedding_options *options);

/* Sums, means (the default) or largest elements of bags of rows; see tp_f_embedding_bag. tp_forward takes
 * int64 [bags, length] or CSR [bags, num_embeddings]; tp_embedding_bag_forward takes offsets and weights of
 * samples too, each of which may be NULL. tp_embedding_bag(10000, 50, .mode = TP_BAG_SUM) */
typedef struct tp_embedding_bag_layer_options {
    int64_t num_embeddings TP_NN_DEFAULT(0);
    int64_t embedding_dim TP_NN_DEFAULT(0);
    tp_bag_mode mode TP_NN_DEFAULT(TP_BAG_MEAN);
    bool include_last_offset TP_NN_DEFAULT(false);
    int64_t padding_idx TP_NN_DEFAULT(TP_NO_PADDING);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    tp_generator *generator TP_NN_DEFAULT(nullptr);
} tp_embedding_bag_layer_options;
TP_API tp_module *tp_embedding_bag_with(const tp_embedding_bag_layer_options *options);
TP_API tp_tensor *tp_embedding_bag_forward(tp_module *module, tp_tensor *input, tp_tensor *offsets,
                                           tp_tensor *per_sample_weights);

/* ---- Two inputs ---- */

/* tp_f_bilinear: weight [out_features, in1_features, in2_features] and bias [out_features], drawn in this
 * order, both uniform within 1 / sqrt(in1_features). tp_bilinear(2, 3, 4, .bias = false) */
typedef struct tp_bilinear_options {
    int64_t in1_features TP_NN_DEFAULT(0); /* above 0 */
    int64_t in2_features TP_NN_DEFAULT(0);
    int64_t out_features TP_NN_DEFAULT(0);
    bool bias TP_NN_DEFAULT(true);
    tp_dtype dtype TP_NN_DEFAULT(TP_F32);
    tp_generator *generator TP_NN_DEFAULT(nullptr); /* NULL: the default one */
} tp_bilinear_options;
TP_API tp_module *tp_bilinear_with(const tp_bilinear_options *options);
TP_API tp_tensor *tp_bilinear_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2);

/* tp_cosine_similarity and tp_pairwise_distance as modules. They have no tp_forward. PyTorch's defaults are
 * dim 1 and eps 1e-8, p 2 and eps 1e-6. */
TP_API tp_module *tp_cosine_similarity_layer(int dim, double eps);
TP_API tp_tensor *tp_cosine_similarity_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2);
TP_API tp_module *tp_pairwise_distance_layer(double p, double eps, bool keepdim);
TP_API tp_tensor *tp_pairwise_distance_forward(tp_module *module, tp_tensor *x1, tp_tensor *x2);

/* ---- Dropout of another kind: tp_f_dropout1d and so on in training, x itself in evaluation ---- */

TP_API tp_module *tp_dropout1d_with(const tp_dropout_options *options);
TP_API tp_module *tp_dropout2d_with(const tp_dropout_options *options);
TP_API tp_module *tp_alpha_dropout_with(const tp_dropout_options *options);
TP_API tp_module *tp_feature_alpha_dropout_with(const tp_dropout_options *options);

/* ---- Shapes ---- */

/* Dimension `dim` cut into `n` dimensions of these sizes, one of which may be -1. tp_unflatten_layer(1, 2, 5)
 */
TP_API tp_module *tp_unflatten_layer_n(int dim, int n, const int64_t *sizes);
#define tp_unflatten_layer(dim, ...) tp_unflatten_layer_n(dim, TP_SHAPE(__VA_ARGS__))

#ifndef __cplusplus
/* tp_modules(tp_linear(4, 3), tp_linear(3, 1)): a module list of these. (tp_module_list is what
 * tp_named_modules gives.) */
#define tp_modules(...) TP_WITH_LIST(tp_module_list_n, tp_module, __VA_ARGS__)
#define tp_embedding(...)                                                                               \
    TP_WITH_OPTIONS(tp_module *, tp_embedding_with, tp_embedding_options, .padding_idx = TP_NO_PADDING, \
                    .dtype = TP_F32, .num_embeddings = __VA_ARGS__)
#define tp_embedding_bag(...)                                                                                \
    TP_WITH_OPTIONS(tp_module *, tp_embedding_bag_with, tp_embedding_bag_layer_options, .mode = TP_BAG_MEAN, \
                    .padding_idx = TP_NO_PADDING, .dtype = TP_F32, .num_embeddings = __VA_ARGS__)
#define tp_bilinear(...)                                                                               \
    TP_WITH_OPTIONS(tp_module *, tp_bilinear_with, tp_bilinear_options, .bias = true, .dtype = TP_F32, \
                    .in1_features = __VA_ARGS__)
/* tp_alpha_dropout(0.1, .generator = g), and so on. */
#define TP_DROPOUT(function, ...) TP_WITH_OPTIONS(tp_module *, function, tp_dropout_options, .p = __VA_ARGS__)
#define tp_dropout1d(...) TP_DROPOUT(tp_dropout1d_with, __VA_ARGS__)
#define tp_dropout2d(...) TP_DROPOUT(tp_dropout2d_with, __VA_ARGS__)
#define tp_alpha_dropout(...) TP_DROPOUT(tp_alpha_dropout_with, __VA_ARGS__)
#define tp_feature_alpha_dropout(...) TP_DROPOUT(tp_feature_alpha_dropout_with, __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_module *tp_embedding(int64_t num_embeddings, int64_t embedding_dim,
                                      tp_embedding_options options = {})
{
    options.num_embeddings = num_embeddings;
    options.embedding_dim = embedding_dim;
    return tp_embedding_with(&options);
}
static inline tp_module *tp_embedding_bag(int64_t num_embeddings, int64_t embedding_dim,
                                          tp_embedding_bag_layer_options options = {})
{
    options.num_embeddings = num_embeddings;
    options.embedding_dim = embedding_dim;
    return tp_embedding_bag_with(&options);
}
static inline tp_module *tp_bilinear(int64_t in1_features, int64_t in2_features, int64_t out_features,
                                     tp_bilinear_options options = {})
{
    options.in1_features = in1_features;
    options.in2_features = in2_features;
    options.out_features = out_features;
    return tp_bilinear_with(&options);
}
#define TP_DROPOUT(name)                                                           \
    static inline tp_module *name(double p = 0.5, tp_dropout_options options = {}) \
    {                                                                              \
        options.p = p;                                                             \
        return name##_with(&options);                                              \
    }
TP_DROPOUT(tp_dropout1d)
TP_DROPOUT(tp_dropout2d)
TP_DROPOUT(tp_alpha_dropout)
TP_DROPOUT(tp_feature_alpha_dropout)
#undef TP_DROPOUT
namespace taper
{
struct module_list {
    tp_module *made;
    template <class... M> explicit module_list(M... modules)
    {
        tp_module *const list[sizeof...(M) ? sizeof...(M) : 1] = {modules...};
        made = tp_module_list_n(static_cast<int64_t>(sizeof...(M)), list);
    }
};
} // namespace taper
#define tp_modules(...) (taper::module_list{__VA_ARGS__}.made)
#endif

#endif
