/* The networks of text models. */
#include "taper/layers.h"
#include "tensor/csr.h"
#include "train/text_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

int64_t tp__text_model_outputs(const tp_text_model_options *o)
{
    const bool one = o->kind == TP_TEXT_LOGISTIC_REGRESSION && o->classes == 2 && !o->softmax;
    return one ? 1 : o->classes;
}

/* ---- Shapes ---- */

static int add_linear(tp__text_parameter *p, int n, const char *name, int64_t in, int64_t out)
{
    p[n] = (tp__text_parameter){.ndim = 2, .shape = {out, in}};
    snprintf(p[n].name, sizeof p[n].name, "%s.weight", name);
    p[n + 1] = (tp__text_parameter){.ndim = 1, .shape = {out}};
    snprintf(p[n + 1].name, sizeof p[n + 1].name, "%s.bias", name);
    return n + 2;
}

int tp__text_parameters(const tp_text_model_options *o, int64_t features,
                        tp__text_parameter p[TP__TEXT_PARAMETERS])
{
    const int64_t outputs = tp__text_model_outputs(o);
    if (o->kind == TP_TEXT_LOGISTIC_REGRESSION)
        return add_linear(p, 0, "Wb", features, outputs);
    int n = 0;
    int64_t in = features;
    if (o->kind == TP_TEXT_EMBEDDING_BAG) {
        p[n++] = (tp__text_parameter){"embedding.weight", 2, {features, o->width}};
        in = o->width;
    }
    for (int i = 0; i <= o->hidden_count; i++) {
        char name[16];
        const int64_t out = i < o->hidden_count ? o->hidden[i] : outputs;
        snprintf(name, sizeof name, "fc%d", i + 1);
        n = add_linear(p, n, name, in, out);
        in = out;
    }
    return n;
}

/* ---- Logistic regression ---- */

typedef struct regression {
    tp_module *Wb;
} regression;

static tp_tensor *forward_regression(tp_module *module, tp_tensor *x)
{
    return tp_forward(((regression *)tp_module_data(module))->Wb, x);
}

static tp_module *make_linear(int64_t in, int64_t out, tp_generator *generator)
{
    return tp_linear_with(&(tp_linear_options){
        .in_features = in, .out_features = out, .bias = true, .dtype = TP_F32, .generator = generator});
}

static tp_module *make_regression(int64_t features, int64_t outputs, tp_generator *generator)
{
    const char *type = outputs == 1 ? "BinaryLogisticRegression" : "LogisticRegression";
    tp_module *module = tp_module_new(type, forward_regression, sizeof(regression));
    tp_module *Wb = module ? make_linear(features, outputs, generator) : NULL;
    if (!Wb || !tp_register_module(module, "Wb", Wb))
        return NULL;
    ((regression *)tp_module_data(module))->Wb = Wb;
    return module;
}

/* ---- The other two ---- */

typedef struct network {
    tp_module *embedding; /* NULL: the first layer takes the row */
    bool mean;
    tp_text_activation activation;
    int count;
    tp_module *layers[TP_TEXT_MAX_HIDDEN + 1];
    tp_module *dropout; /* NULL: none */
} network;

/* The sums of the rows' sizes, [n, 1]; 1 for a row without any. */
static tp_tensor *row_sums(const tp_tensor *x)
{
    const int64_t shape[2] = {x->shape[0], 1};
    tp_tensor *sums = tp__tensor_new(tp__region_current(), TP_F32, 2, shape);
    if (!sums)
        return NULL;
    const int64_t *starts = x->csr->row_starts;
    const float *values = (const float *)(const void *)x->data;
    float *into = (float *)(void *)sums->data;
    for (int64_t r = 0; r < shape[0]; r++) {
        double sum = 0;
        for (int64_t i = starts[r] - starts[0]; i < starts[r + 1] - starts[0]; i++)
            sum += fabs((double)values[i]);
        into[r] = sum > 0 ? (float)sum : 1.0f;
    }
    return sums;
}

static tp_tensor *activate(tp_text_activation activation, tp_tensor *x)
{
    return activation == TP_TEXT_TANH ? tp_tanh(x) : activation == TP_TEXT_GELU ? tp_gelu(x) : tp_relu(x);
}

static tp_tensor *drop(const network *n, tp_tensor *x)
{
    return n->dropout ? tp_forward(n->dropout, x) : x;
}

static tp_tensor *forward_network(tp_module *module, tp_tensor *x)
{
    const network *n = tp_module_data(module);
    if (n->embedding) {
        if (x->layout != TP__CSR)
            return tp__fail_null(TP_ERROR_UNSUPPORTED, "an embedding bag takes rows in CSR");
        tp_tensor *sum = tp_forward(n->embedding, x);
        x = drop(n, n->mean ? tp_div(sum, row_sums(x)) : sum);
    }
    for (int i = 0; i < n->count; i++) {
        x = tp_forward(n->layers[i], x);
        if (i + 1 < n->count)
            x = drop(n, activate(n->activation, x));
    }
    return x;
}

static tp_status add_embedding(tp_module *module, const tp_text_model_options *o, int64_t features,
                               tp_generator *generator)
{
    network *n = tp_module_data(module);
    n->mean = o->mode == TP_BAG_MEAN;
    n->embedding = tp_embedding_bag_with(&(tp_embedding_bag_layer_options){.num_embeddings = features,
                                                                           .embedding_dim = o->width,
                                                                           .mode = TP_BAG_SUM,
                                                                           .padding_idx = TP_NO_PADDING,
                                                                           .dtype = TP_F32,
                                                                           .generator = generator});
    const double bound = 1 / (double)o->width;
    return tp_register_module(module, "embedding", n->embedding) &&
                   tp_init_uniform_(tp_get_parameter(n->embedding, "weight"), -bound, bound, generator)
               ? TP_OK
               : tp_error();
}

static tp_module *make_network(const tp_text_model_options *o, int64_t features, tp_generator *generator)
{
    const bool bag = o->kind == TP_TEXT_EMBEDDING_BAG;
    tp_module *module = tp_module_new(bag ? "TextEmbeddingBag" : "TextMLP", forward_network, sizeof(network));
    if (!module || (bag && add_embedding(module, o, features, generator) != TP_OK))
        return NULL;
    network *n = tp_module_data(module);
    n->activation = o->activation;
    n->count = o->hidden_count + 1;
    int64_t in = bag ? o->width : features;
    for (int i = 0; i < n->count; i++) {
        char name[16];
        const int64_t out = i < o->hidden_count ? o->hidden[i] : tp__text_model_outputs(o);
        snprintf(name, sizeof name, "fc%d", i + 1);
        n->layers[i] = make_linear(in, out, generator);
        if (!tp_register_module(module, name, n->layers[i]))
            return NULL;
        in = out;
    }
    if (o->dropout > 0) {
        n->dropout = tp_dropout_with(&(tp_dropout_options){.p = o->dropout});
        if (!tp_register_module(module, "dropout", n->dropout))
            return NULL;
    }
    return module;
}

tp_module *tp__text_module(const tp_text_model_options *o, int64_t features, tp_generator *generator)
{
    return o->kind == TP_TEXT_LOGISTIC_REGRESSION
               ? make_regression(features, tp__text_model_outputs(o), generator)
               : make_network(o, features, generator);
}
