/* A text classifier: counts of words, a linear layer, a sigmoid. */
#include "train/text_model.h"
#include "taper/ops.h"

#include <math.h>
#include <stdlib.h>

/* ---- Making ---- */

typedef struct regression {
    tp_module *Wb;
} regression;

static tp_tensor *forward(tp_module *module, tp_tensor *x)
{
    return tp_forward(((regression *)tp_module_data(module))->Wb, x);
}

/* The number of columns; -1 after an error. */
static int64_t check_options(const tp_text_model_options *o)
{
    int64_t columns = -1;
    tp_dtype dtype = TP_F32;
    if (!o || (!o->vectorizer && !o->hashing)) {
        tp__null_argument(o ? "the vectorizer" : "options");
        return -1;
    }
    if (o->vectorizer && o->hashing) {
        tp_fail(TP_ERROR_ARGUMENT, "both a vectorizer with a vocabulary and a hashing one");
        return -1;
    }
    if (o->hashing) {
        columns = tp_hashing_vectorizer_get_options(o->hashing)->n_features;
        dtype = tp_hashing_vectorizer_get_options(o->hashing)->dtype;
    } else {
        columns = tp_count_vectorizer_size(o->vectorizer);
        dtype = tp_count_vectorizer_get_options(o->vectorizer)->dtype;
    }
    if (columns < 1) {
        tp_fail(TP_ERROR_STATE, "the vectorizer has no vocabulary; fit it first");
        return -1;
    }
    if (dtype != TP_F32) {
        tp_fail(TP_ERROR_DTYPE, "the vectorizer counts in %s; a model takes float32", tp_dtype_name(dtype));
        return -1;
    }
    if (o->tfidf &&
        (o->hashing || (tp_tfidf_get_options(o->tfidf)->use_idf &&
                        (!tp_tfidf_idf(o->tfidf) || tp_numel(tp_tfidf_idf(o->tfidf)) != columns)))) {
        tp_fail(TP_ERROR_STATE, "tf-idf is not fitted on the counts of the vectorizer");
        return -1;
    }
    return columns;
}

tp_text_model *tp__text_model_make(const tp_text_model_options *options, tp_generator *generator)
{
    const int64_t terms = check_options(options);
    if (terms < 0)
        return NULL;
    const char *const *label_names = options->label_names;
    tp_region *home = tp__region_current();
    tp_text_model *model = home ? tp_region_alloc(home, sizeof *model) : NULL;
    if (!model)
        return NULL;
    model->vectorizer = options->vectorizer;
    model->hashing = options->hashing;
    model->tfidf = options->tfidf;
    static const char *const digits[2] = {"0", "1"};
    for (int i = 0; i < 2; i++) {
        const char *name = label_names ? label_names[i] : digits[i];
        if (!name) {
            tp__null_argument("the name of a label");
            return NULL;
        }
        model->labels[i] = tp__region_strdup(home, name);
        if (!model->labels[i])
            return NULL;
    }
    tp_module *module = tp_module_new("BinaryLogisticRegression", forward, sizeof(regression));
    tp_module *Wb = module ? tp_linear_with(&(tp_linear_options){.in_features = terms,
                                                                 .out_features = 1,
                                                                 .bias = true,
                                                                 .dtype = TP_F32,
                                                                 .generator = generator})
                           : NULL;
    if (!Wb || !tp_register_module(module, "Wb", Wb))
        return NULL;
    ((regression *)tp_module_data(module))->Wb = Wb;
    model->module = module;
    model->weight = tp_get_parameter(Wb, "weight");
    model->bias = tp_get_parameter(Wb, "bias");
    return model->weight && model->bias ? model : NULL;
}

tp_text_model *tp_text_model_new(tp_count_vectorizer *vectorizer, const char *const label_names[2])
{
    TP_FRAME("text_model");
    return tp__text_model_make(&(tp_text_model_options){.vectorizer = vectorizer, .label_names = label_names},
                               NULL);
}

tp_text_model *tp_text_model_make_with(const tp_text_model_options *options)
{
    TP_FRAME("text_model");
    return tp__text_model_make(options, NULL);
}

tp_module *tp_text_model_module(const tp_text_model *model)
{
    return model ? model->module : NULL;
}

const tp_count_vectorizer *tp_text_model_vectorizer(const tp_text_model *model)
{
    return model ? model->vectorizer : NULL;
}

const tp_hashing_vectorizer *tp_text_model_hashing(const tp_text_model *model)
{
    return model ? model->hashing : NULL;
}

const tp_tfidf *tp_text_model_tfidf(const tp_text_model *model)
{
    return model ? model->tfidf : NULL;
}

int64_t tp_text_model_features(const tp_text_model *model)
{
    return model ? model->weight->numel : -1;
}

const char *tp_text_model_label(const tp_text_model *model, int label)
{
    return model && (label == 0 || label == 1) ? model->labels[label] : NULL;
}

static const float *weights_of(const tp_text_model *model)
{
    return (const float *)(const void *)model->weight->data;
}

double tp_text_model_bias(const tp_text_model *model)
{
    return model ? tp_item(model->bias) : (double)NAN;
}

/* ---- Predicting ---- */

/* The rows of the texts, in the current region. */
static tp_tensor *rows_of(const tp_text_model *model, const tp_strings *texts)
{
    if (model->hashing)
        return tp_hashing_vectorizer_transform(model->hashing, texts);
    tp_tensor *counts = tp_count_vectorizer_transform(model->vectorizer, texts);
    return counts && model->tfidf ? tp_tfidf_transform(model->tfidf, counts) : counts;
}

static tp_tensor *row_of(const tp_text_model *model, const char *text, size_t length)
{
    if (model->hashing)
        return tp_hashing_vectorizer_transform_text(model->hashing, text, length);
    tp_tensor *counts = tp_count_vectorizer_transform_text(model->vectorizer, text, length);
    return counts && model->tfidf ? tp_tfidf_transform(model->tfidf, counts) : counts;
}

static tp_tensor *probabilities(const tp_text_model *model, tp_tensor *counts)
{
    TP_SCOPE_NO_GRAD(prediction);
    return tp_sigmoid(tp_squeeze(tp_forward(model->module, counts), -1));
}

tp_status tp_text_model_predict(const tp_text_model *model, const char *text, size_t length,
                                double *probability, int *label)
{
    if (!model)
        return tp__null_argument("predict: model");
    TP_SCOPE(prediction);
    tp_tensor *p = probabilities(model, row_of(model, text, length));
    if (!p)
        return tp_error();
    const double value = (double)*(const float *)(const void *)p->data;
    if (probability)
        *probability = value;
    if (label)
        *label = value > 0.5;
    return TP_OK;
}

tp_tensor *tp_text_model_probabilities(const tp_text_model *model, const tp_strings *texts)
{
    if (!model)
        return NULL;
    tp_tensor *result;
    {
        TP_SCOPE(prediction);
        if (!tp_scope_prediction_.region) /* memory was out: the current region is still the one outside */
            return NULL;
        result = tp_keep(probabilities(model, rows_of(model, texts)));
    }
    return result;
}

/* ---- Explaining ---- */

static void word_at(const tp_text_model *model, int64_t column, double count, tp_word_weight *word)
{
    word->term = "";
    word->length = 0;
    if (model->vectorizer)
        word->term = tp_string_at(tp_count_vectorizer_terms(model->vectorizer), column, &word->length);
    word->column = column;
    word->weight = (double)weights_of(model)[column];
    word->count = count;
}

typedef struct ranked {
    double rank;
    int64_t column;
    double count;
} ranked;

/* The highest rank first; equal ones, and those that are no number, in the order of columns. */
static int by_rank(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->rank != y->rank && !isnan(x->rank) && !isnan(y->rank))
        return x->rank < y->rank ? 1 : -1;
    if (isnan(x->rank) != isnan(y->rank))
        return isnan(x->rank) ? 1 : -1;
    return (x->column > y->column) - (x->column < y->column);
}

int64_t tp_text_model_top_words(const tp_text_model *model, int label, int64_t count, tp_word_weight *words)
{
    TP_FRAME("top_words");
    if (!model || (!words && count > 0)) {
        tp__null_argument(model ? "words" : "model");
        return -1;
    }
    if (label < 0 || label > 1 || count < 0) {
        tp_fail(TP_ERROR_ARGUMENT, count < 0 ? "a negative count" : "a label is 0 or 1");
        return -1;
    }
    TP_SCOPE(words);
    const int64_t terms = tp_text_model_features(model);
    ranked *all = tp_region_alloc(tp__region_current(), (size_t)terms * sizeof *all);
    if (!all)
        return -1;
    for (int64_t i = 0; i < terms; i++) {
        const double weight = (double)weights_of(model)[i];
        all[i] = (ranked){label ? weight : -weight, i, 1};
    }
    qsort(all, (size_t)terms, sizeof *all, by_rank);
    const int64_t most = count < terms ? count : terms;
    for (int64_t i = 0; i < most; i++)
        word_at(model, all[i].column, 1, &words[i]);
    return most;
}

int64_t tp_text_model_explain(const tp_text_model *model, const char *text, size_t length, int64_t capacity,
                              tp_word_weight *words)
{
    TP_FRAME("explain");
    if (!model || (!words && capacity > 0)) {
        tp__null_argument(model ? "words" : "model");
        return -1;
    }
    TP_SCOPE(words);
    const tp_tensor *counts = row_of(model, text, length);
    ranked *all =
        counts ? tp_region_alloc(tp__region_current(), (size_t)(counts->stored + 1) * sizeof *all) : NULL;
    if (!all)
        return -1;
    const float *values = (const float *)(const void *)counts->data;
    for (int64_t i = 0; i < counts->stored; i++) {
        const int32_t column = counts->csr->columns[i];
        const double count = (double)values[i];
        all[i] = (ranked){fabs(count * (double)weights_of(model)[column]), column, count};
    }
    qsort(all, (size_t)counts->stored, sizeof *all, by_rank);
    for (int64_t i = 0; i < counts->stored && i < capacity; i++)
        word_at(model, all[i].column, all[i].count, &words[i]);
    return counts->stored;
}
