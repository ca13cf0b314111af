/* Tables of rows as layers. */
#include "nn/module.h"
#include "taper/layers.h"

#include <stdio.h>
#include <string.h>

/* Both layers' data. */
typedef struct table {
    int64_t rows, width;
    int64_t padding; /* a row, or TP_NO_PADDING */
    tp_bag_mode mode;
    bool include_last_offset;
    tp_tensor *weight;
} table;

/* Draws the weight, and clears the padding's row. */
static tp_status make_table(tp_module *module, int64_t rows, int64_t width, int64_t padding, tp_dtype dtype,
                            tp_generator *generator)
{
    table *t = module->data;
    *t = (table){.rows = rows, .width = width, .padding = padding};
    tp_tensor *weight = tp_init_normal_(tp_zeros(dtype, rows, width), 0, 1, generator);
    if (padding != TP_NO_PADDING && weight) {
        t->padding = padding < 0 ? padding + rows : padding;
        if (!tp_init_zeros_(tp_select(weight, 0, t->padding)))
            return tp__ctx.error;
    }
    t->weight = tp_register_parameter(module, "weight", weight);
    return t->weight ? TP_OK : tp__ctx.error;
}

static tp_status check_table(int64_t rows, int64_t width, int64_t padding, tp_dtype dtype)
{
    if (rows < 0 || width < 0)
        return tp_fail(TP_ERROR_SHAPE, "a table of %lld rows of %lld numbers", (long long)rows,
                       (long long)width);
    if (!tp_dtype_is_float(dtype))
        return tp_fail(TP_ERROR_DTYPE, "needs a floating type, not %s", tp_dtype_name(dtype));
    if (padding != TP_NO_PADDING && (padding < -rows || padding >= rows))
        return tp_fail(TP_ERROR_INDEX, "padding_idx %lld must be within the %lld rows", (long long)padding,
                       (long long)rows);
    return TP_OK;
}

/* ", padding_idx=3" or nothing. */
static const char *padding_text(const table *t, char text[48])
{
    text[0] = 0;
    if (t->padding != TP_NO_PADDING)
        snprintf(text, 48, ", padding_idx=%lld", (long long)t->padding);
    return text;
}

/* ---- Embedding ---- */

static tp_tensor *forward_embedding(tp_module *module, tp_tensor *x)
{
    const table *t = module->data;
    return tp_f_embedding(x, t->weight, t->padding);
}

static int describe_embedding(const tp_module *module, char *text, size_t size)
{
    const table *t = module->data;
    char padding[48];
    return snprintf(text, size, "%lld, %lld%s", (long long)t->rows, (long long)t->width,
                    padding_text(t, padding));
}

tp_module *tp_embedding_with(const tp_embedding_options *options)
{
    TP_FRAME("embedding");
    if (!options)
        return tp__null_argument("the options"), NULL;
    const tp_embedding_options o = *options;
    if (check_table(o.num_embeddings, o.embedding_dim, o.padding_idx, o.dtype) != TP_OK)
        return NULL;
    tp_module *module = tp_module_new("Embedding", forward_embedding, sizeof(table));
    if (!module ||
        make_table(module, o.num_embeddings, o.embedding_dim, o.padding_idx, o.dtype, o.generator) != TP_OK)
        return NULL;
    tp_module_set_describe(module, describe_embedding);
    return module;
}

/* ---- EmbeddingBag ---- */

static tp_tensor *sum_bags(const tp_module *module, tp_tensor *input, tp_tensor *offsets, tp_tensor *weights)
{
    const table *t = module->data;
    return tp_f_embedding_bag_with(&(tp_embedding_bag_options){.input = input,
                                                               .weight = t->weight,
                                                               .offsets = offsets,
                                                               .mode = t->mode,
                                                               .per_sample_weights = weights,
                                                               .include_last_offset = t->include_last_offset,
                                                               .padding_idx = t->padding});
}

static tp_tensor *forward_embedding_bag(tp_module *module, tp_tensor *x)
{
    return sum_bags(module, x, NULL, NULL);
}

/* One for each element of each row that is added: those of CSR, or those of the indices. */
static int64_t count_embedding_bag(const tp_module *module, const tp_tensor *x, const tp_tensor *y)
{
    (void)y;
    return x->stored * ((const table *)module->data)->width;
}

static int describe_embedding_bag(const tp_module *module, char *text, size_t size)
{
    static const char *const modes[] = {"sum", "mean", "max"};
    const table *t = module->data;
    char padding[48];
    return snprintf(text, size, "%lld, %lld, mode='%s'%s", (long long)t->rows, (long long)t->width,
                    modes[t->mode], padding_text(t, padding));
}

tp_module *tp_embedding_bag_with(const tp_embedding_bag_layer_options *options)
{
    TP_FRAME("embedding_bag");
    if (!options)
        return tp__null_argument("the options"), NULL;
    const tp_embedding_bag_layer_options o = *options;
    if (check_table(o.num_embeddings, o.embedding_dim, o.padding_idx, o.dtype) != TP_OK)
        return NULL;
    if (o.mode != TP_BAG_SUM && o.mode != TP_BAG_MEAN && o.mode != TP_BAG_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "there is no mode of number %d", (int)o.mode);
    tp_module *module = tp_module_new("EmbeddingBag", forward_embedding_bag, sizeof(table));
    if (!module ||
        make_table(module, o.num_embeddings, o.embedding_dim, o.padding_idx, o.dtype, o.generator) != TP_OK)
        return NULL;
    table *t = module->data;
    t->mode = o.mode;
    t->include_last_offset = o.include_last_offset;
    tp_module_set_count(module, count_embedding_bag);
    tp_module_set_describe(module, describe_embedding_bag);
    return module;
}

tp_tensor *tp_embedding_bag_forward(tp_module *module, tp_tensor *input, tp_tensor *offsets,
                                    tp_tensor *per_sample_weights)
{
    if (!module)
        return tp__null_operand(__func__);
    TP_MODULE_FRAME(module);
    if (module->forward != forward_embedding_bag)
        return tp__fail_null(TP_ERROR_ARGUMENT, "a %s is no EmbeddingBag", module->type);
    if (tp__module_whole(module) != TP_OK)
        return NULL;
    return tp__module_ran(module, input, sum_bags(module, input, offsets, per_sample_weights));
}
