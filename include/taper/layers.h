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
 * .padding_idx = 0) */
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
