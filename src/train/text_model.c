/* A text classifier: a vectorizer, a network, the names of the classes. */
#include "train/text_model.h"
#include "taper/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Making ---- */

/* The number of the vectorizer's columns; -1 after an error. */
static int64_t check_vectorizer(const tp_text_model_options *o)
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

static tp_status check_network(const tp_text_model_options *o)
{
    if ((unsigned)o->kind > TP_TEXT_EMBEDDING_BAG || (unsigned)o->activation > TP_TEXT_GELU)
        return tp_fail(TP_ERROR_ARGUMENT, "kind %d with activation %d is no text model", (int)o->kind,
                       (int)o->activation);
    if (o->classes < 2)
        return tp_fail(TP_ERROR_ARGUMENT, "%lld classes; two are the fewest", (long long)o->classes);
    if (o->kind == TP_TEXT_LOGISTIC_REGRESSION)
        return o->hidden_count == 0 && o->dropout == 0
                   ? TP_OK
                   : tp_fail(TP_ERROR_ARGUMENT,
                             "a logistic regression has neither hidden layers nor dropout");
    const int fewest = o->kind == TP_TEXT_MLP;
    if (o->hidden_count < fewest || o->hidden_count > TP_TEXT_MAX_HIDDEN || (o->hidden_count && !o->hidden))
        return tp_fail(TP_ERROR_ARGUMENT, "%d hidden layers; %d to %d are possible", o->hidden_count, fewest,
                       TP_TEXT_MAX_HIDDEN);
    for (int i = 0; i < o->hidden_count; i++)
        if (o->hidden[i] < 1)
            return tp_fail(TP_ERROR_ARGUMENT, "a hidden layer of width %lld", (long long)o->hidden[i]);
    if (!(o->dropout >= 0 && o->dropout < 1))
        return tp_fail(TP_ERROR_ARGUMENT, "dropout is %g; from 0 up to below 1 is possible", o->dropout);
    if (o->kind == TP_TEXT_EMBEDDING_BAG && o->width < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "word vectors of width %lld", (long long)o->width);
    if (o->kind == TP_TEXT_EMBEDDING_BAG && o->mode != TP_BAG_SUM && o->mode != TP_BAG_MEAN)
        return tp_fail(TP_ERROR_UNSUPPORTED, "an embedding bag of texts takes sums or means");
    return TP_OK;
}

int64_t tp__text_model_check(const tp_text_model_options *o)
{
    const int64_t columns = check_vectorizer(o);
    return columns > 0 && check_network(o) == TP_OK ? columns : -1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A prediction is a name: no two labels have the same. */
static tp_status check_labels(const tp_text_model *model, int64_t count)
{
    TP_SCOPE(labels);
    char **sorted = tp_region_alloc(tp_region_current(), (size_t)count * sizeof *sorted);
    if (!sorted)
        return TP_ERROR_MEMORY;
    memcpy(sorted, model->labels, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int64_t i = 1; i < count; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            return tp_fail(TP_ERROR_ARGUMENT, "two labels are named '%.80s'", sorted[i]);
    return TP_OK;
}

/* Copies of what the options point to. */
static tp_status copy_options(tp_text_model *model, const tp_text_model_options *o, tp_region *home)
{
    model->options = *o;
    model->labels = tp_region_alloc(home, (size_t)o->classes * sizeof *model->labels);
    int64_t *hidden = tp_region_alloc(home, (size_t)(o->hidden_count + 1) * sizeof *hidden);
    if (!model->labels || !hidden)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < o->classes; i++) {
        char digits[24];
        snprintf(digits, sizeof digits, "%lld", (long long)i);
        const char *name = o->label_names ? o->label_names[i] : digits;
        if (!name)
            return tp__null_argument("the name of a label");
        if (!(model->labels[i] = tp__region_strdup(home, name)))
            return TP_ERROR_MEMORY;
    }
    for (int i = 0; i < o->hidden_count; i++)
        hidden[i] = o->hidden[i];
    model->options.hidden = hidden;
    model->options.label_names = (const char *const *)model->labels;
    return check_labels(model, o->classes);
}

tp_text_model *tp__text_model_make(const tp_text_model_options *options, tp_generator *generator)
{
    const int64_t features = tp__text_model_check(options);
    tp_region *home = features > 0 ? tp__region_current() : NULL;
    tp_text_model *model = home ? tp_region_alloc(home, sizeof *model) : NULL;
    if (!model || copy_options(model, options, home) != TP_OK)
        return NULL;
    model->features = features;
    model->outputs = tp__text_model_outputs(options);
    model->options.softmax = model->outputs > 1;
    model->module = tp__text_module(&model->options, features, generator);
    if (!model->module)
        return NULL;
    if (options->kind == TP_TEXT_LOGISTIC_REGRESSION) {
        model->weight = tp_get_parameter(model->module, "Wb.weight");
        model->bias = tp_get_parameter(model->module, "Wb.bias");
        if (!model->weight || !model->bias)
            return NULL;
    }
    return model;
}

tp_text_model *tp_text_model_new(tp_count_vectorizer *vectorizer, const char *const label_names[2])
{
    TP_FRAME("text_model");
    return tp__text_model_make(
        &(tp_text_model_options){.vectorizer = vectorizer, .label_names = label_names, .classes = 2}, NULL);
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

const tp_text_model_options *tp_text_model_get_options(const tp_text_model *model)
{
    return model ? &model->options : NULL;
}

const tp_count_vectorizer *tp_text_model_vectorizer(const tp_text_model *model)
{
    return model ? model->options.vectorizer : NULL;
}

const tp_hashing_vectorizer *tp_text_model_hashing(const tp_text_model *model)
{
    return model ? model->options.hashing : NULL;
}

const tp_tfidf *tp_text_model_tfidf(const tp_text_model *model)
{
    return model ? model->options.tfidf : NULL;
}

int64_t tp_text_model_features(const tp_text_model *model)
{
    return model ? model->features : -1;
}

tp_text_model_kind tp_text_model_kind_of(const tp_text_model *model)
{
    return model ? model->options.kind : TP_TEXT_LOGISTIC_REGRESSION;
}

bool tp_text_model_softmax(const tp_text_model *model)
{
    return model && model->outputs > 1;
}

int64_t tp_text_model_classes(const tp_text_model *model)
{
    return model ? model->options.classes : -1;
}

const char *tp_text_model_label(const tp_text_model *model, int label)
{
    return model && label >= 0 && label < model->options.classes ? model->labels[label] : NULL;
}

/* The weights of a label; of a model with one score, of label 1. */
static const float *weights_of(const tp_text_model *model, int label)
{
    const float *weights = (const float *)(const void *)model->weight->data;
    return model->outputs > 1 ? weights + (int64_t)label * model->features : weights;
}

/* Explanations by single terms are for these. */
static tp_status check_one_score(const tp_text_model *model)
{
    return model->weight && model->outputs == 1
               ? TP_OK
               : tp_fail(TP_ERROR_UNSUPPORTED, "only a logistic regression with one score has this");
}

double tp_text_model_bias(const tp_text_model *model)
{
    TP_FRAME("bias");
    return model && check_one_score(model) == TP_OK ? tp_item(model->bias) : (double)NAN;
}

/* ---- Predicting ---- */

/* The rows of the texts, in the current region. */
static tp_tensor *rows_of(const tp_text_model *model, const tp_strings *texts)
{
    if (model->options.hashing)
        return tp_hashing_vectorizer_transform(model->options.hashing, texts);
    tp_tensor *counts = tp_count_vectorizer_transform(model->options.vectorizer, texts);
    return counts && model->options.tfidf ? tp_tfidf_transform(model->options.tfidf, counts) : counts;
}

static tp_tensor *row_of(const tp_text_model *model, const char *text, size_t length)
{
    if (model->options.hashing)
        return tp_hashing_vectorizer_transform_text(model->options.hashing, text, length);
    tp_tensor *counts = tp_count_vectorizer_transform_text(model->options.vectorizer, text, length);
    return counts && model->options.tfidf ? tp_tfidf_transform(model->options.tfidf, counts) : counts;
}

static tp_tensor *probabilities(const tp_text_model *model, tp_tensor *counts)
{
    TP_SCOPE_NO_GRAD(prediction);
    tp_tensor *scores = tp_forward(model->module, counts);
    return model->outputs > 1 ? tp_softmax(scores, 1) : tp_sigmoid(tp_squeeze(scores, -1));
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
    const float *values = (const float *)(const void *)p->data;
    int best = 0;
    for (int c = 1; c < model->outputs; c++)
        best = values[c] > values[best] ? c : best;
    if (probability)
        *probability = (double)values[best];
    if (label)
        *label = model->outputs > 1 ? best : (double)values[0] > 0.5;
    return TP_OK;
}

tp_tensor *tp_text_model_probabilities(const tp_text_model *model, const tp_strings *texts)
{
    if (!model || !texts)
        return tp__null_argument(model ? "text_model_probabilities: texts"
                                       : "text_model_probabilities: model"),
               NULL;
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

static void word_at(const tp_text_model *model, int label, int64_t column, double count, tp_word_weight *word)
{
    word->term = "";
    word->length = 0;
    if (model->options.vectorizer)
        word->term =
            tp_string_at(tp_count_vectorizer_terms(model->options.vectorizer), column, &word->length);
    word->column = column;
    word->weight = (double)weights_of(model, label)[column];
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
    if (label < 0 || label >= model->options.classes || count < 0) {
        if (count < 0)
            tp_fail(TP_ERROR_ARGUMENT, "a negative count");
        else
            tp_fail(TP_ERROR_ARGUMENT,
                    model->options.classes == 2 ? "a label is 0 or 1" : "a label is 0 to %lld",
                    (long long)model->options.classes - 1);
        return -1;
    }
    if (!model->weight) {
        tp_fail(TP_ERROR_UNSUPPORTED, "only a logistic regression has a weight for each term");
        return -1;
    }
    TP_SCOPE(words);
    const int64_t terms = tp_text_model_features(model);
    ranked *all = tp_region_alloc(tp__region_current(), (size_t)terms * sizeof *all);
    if (!all)
        return -1;
    for (int64_t i = 0; i < terms; i++) {
        const double weight = (double)weights_of(model, label)[i];
        all[i] = (ranked){label || model->outputs > 1 ? weight : -weight, i, 1};
    }
    qsort(all, (size_t)terms, sizeof *all, by_rank);
    const int64_t most = count < terms ? count : terms;
    for (int64_t i = 0; i < most; i++)
        word_at(model, label, all[i].column, 1, &words[i]);
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
    if (check_one_score(model) != TP_OK)
        return -1;
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
        all[i] = (ranked){fabs(count * (double)weights_of(model, 1)[column]), column, count};
    }
    qsort(all, (size_t)counts->stored, sizeof *all, by_rank);
    for (int64_t i = 0; i < counts->stored && i < capacity; i++)
        word_at(model, 1, all[i].column, all[i].count, &words[i]);
    return counts->stored;
}
