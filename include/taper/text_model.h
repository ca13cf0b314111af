/* A text classifier as one thing: a vectorizer, a network over its rows, and the names of the classes. On
 * disk it is one .safetensors file that holds all that predicting needs; docs/model-format.md.
 *
 * With x the vectorizer's row for a text (counts of terms, these weighed by tf-idf, or counts of hashes), the
 * networks are
 *
 *     logistic regression      z = W x + b
 *     multilayer perceptron    z = W2 f(W1 x + b1) + b2, with any number of hidden layers, and dropout
 *     embedding bag            z = W (sum_t x_t e_t) + b, or the mean of e_t; hidden layers, too
 *
 * Logistic regression of two classes has one score, and P(label 1 | text) = sigmoid(z). All others have one
 * for each class, and the classes' probabilities are softmax(z). */
#ifndef TAPER_TEXT_MODEL_H
#define TAPER_TEXT_MODEL_H

#include "taper/embedding.h"
#include "taper/fasttext.h"
#include "taper/hashing.h"
#include "taper/labels.h"
#include "taper/nn.h"
#include "taper/table.h"
#include "taper/text.h"
#include "taper/tfidf.h"

#ifdef __cplusplus
#define TP_TEXT_MODEL_DEFAULT(value) = value
#else
#define TP_TEXT_MODEL_DEFAULT(value)
#endif

TP_BEGIN

/* ---- Reading labelled texts ---- */

typedef struct tp_labelled_texts {
    int64_t count;
    const tp_strings *texts;
    /* Float32 [count], 0 or 1: what binary cross-entropy takes without conversion. With `classes`: their
     * numbers, int64 [count], as cross-entropy takes them. */
    tp_tensor *labels;
    const tp_label_encoder *classes; /* NULL: the labels are 0 and 1 */
    const tp_table *table;           /* for line numbers and further columns; NULL for fastText's lines */
} tp_labelled_texts;

typedef enum tp_text_format {
    TP_TEXT_TABLE = 0,   /* with a header */
    TP_TEXT_FASTTEXT = 1 /* lines of words, one of which is the label */
} tp_text_format;

typedef struct tp_labelled_texts_options {
    const char *path TP_TEXT_MODEL_DEFAULT(nullptr); /* "-" is standard input */
    const char *text_column TP_TEXT_MODEL_DEFAULT("sentence");
    const char *label_column TP_TEXT_MODEL_DEFAULT("label"); /* NULL: no labels; `labels` is NULL then */
    char delimiter TP_TEXT_MODEL_DEFAULT('\t');
    char quote TP_TEXT_MODEL_DEFAULT('"');
    tp_text_format format TP_TEXT_MODEL_DEFAULT(TP_TEXT_TABLE);
    const char *prefix TP_TEXT_MODEL_DEFAULT("__label__"); /* of fastText's labels */
    /* Whether labels may be anything but the empty text. Where all are 0 or 1 they are read as ever;
     * otherwise they are the names of classes, in the order of their numbers if all are whole numbers, else
     * of their bytes. */
    bool any_labels TP_TEXT_MODEL_DEFAULT(false);
    /* Labels must be among these; it must outlive the result. NULL: 0 and 1, or, with any_labels, all. */
    const tp_label_encoder *classes TP_TEXT_MODEL_DEFAULT(nullptr);
} tp_labelled_texts_options;

/* Reads a file into the current region. A label that may not be there is TP_ERROR_FORMAT, with line and
 * column (of standard input and of a pipe, with its number among the texts). NULL after an error.
 * tp_read_labelled_texts("train.tsv", .label_column = "y") */
TP_API tp_labelled_texts *tp_read_labelled_texts_with(const tp_labelled_texts_options *options);
#ifndef __cplusplus
#define tp_read_labelled_texts(...)                                                                      \
    TP_WITH_OPTIONS(tp_labelled_texts *, tp_read_labelled_texts_with, tp_labelled_texts_options,         \
                    .text_column = "sentence", .label_column = "label", .delimiter = '\t', .quote = '"', \
                    .prefix = "__label__", .path = __VA_ARGS__)
#endif

/* ---- The model ---- */

typedef struct tp_text_model tp_text_model;

/* A new model over a fitted vectorizer, in the current region; the vectorizer must outlive it. Its layer is
 * tp_linear(terms, 1), whose parameters are drawn from the default generator. `label_names` (copied) are the
 * names of labels 0 and 1; NULL: "0" and "1". */
TP_API tp_text_model *tp_text_model_new(tp_count_vectorizer *vectorizer, const char *const label_names[2]);

/* The network: see above. */
typedef enum tp_text_model_kind {
    TP_TEXT_LOGISTIC_REGRESSION = 0,
    TP_TEXT_MLP = 1,
    TP_TEXT_EMBEDDING_BAG = 2
} tp_text_model_kind;

/* What stands behind each hidden layer. */
typedef enum tp_text_activation {
    TP_TEXT_RELU = 0,
    TP_TEXT_TANH = 1,
    TP_TEXT_GELU = 2 /* x P(X <= x) for a normal X */
} tp_text_activation;

/* The most hidden layers. */
#define TP_TEXT_MAX_HIDDEN 16

typedef struct tp_text_model_options {
    /* One of the two; it must outlive the model. */
    const tp_count_vectorizer *vectorizer TP_TEXT_MODEL_DEFAULT(nullptr); /* fitted; of dtype float32 */
    const tp_hashing_vectorizer *hashing TP_TEXT_MODEL_DEFAULT(nullptr);  /* of dtype float32 */
    /* Weighs the counts of `vectorizer`; fitted on them; it must outlive the model. NULL: counts. */
    const tp_tfidf *tfidf TP_TEXT_MODEL_DEFAULT(nullptr);
    /* The names of `classes` classes; copied. NULL: "0", "1" and so on. */
    const char *const *label_names TP_TEXT_MODEL_DEFAULT(nullptr);
    int64_t classes TP_TEXT_MODEL_DEFAULT(2); /* at least 2 */
    tp_text_model_kind kind TP_TEXT_MODEL_DEFAULT(TP_TEXT_LOGISTIC_REGRESSION);
    /* Of a logistic regression of two classes: two scores all the same. Others have them anyway. */
    bool softmax TP_TEXT_MODEL_DEFAULT(false);
    /* The widths of hidden layers, at most TP_TEXT_MAX_HIDDEN; a perceptron has one at least. */
    const int64_t *hidden TP_TEXT_MODEL_DEFAULT(nullptr);
    int hidden_count TP_TEXT_MODEL_DEFAULT(0);
    tp_text_activation activation TP_TEXT_MODEL_DEFAULT(TP_TEXT_RELU); /* behind each hidden layer */
    /* Behind each activation, and behind an embedding bag: the share of numbers set to 0 in training. */
    double dropout TP_TEXT_MODEL_DEFAULT(0);
    int64_t width TP_TEXT_MODEL_DEFAULT(50); /* of an embedding bag's vectors */
    /* TP_BAG_SUM: sum_t x_t e_t. TP_BAG_MEAN: that, divided by sum_t |x_t| (an empty text's vector is 0). */
    tp_bag_mode mode TP_TEXT_MODEL_DEFAULT(TP_BAG_MEAN);
} tp_text_model_options;

/* The same over any of the vectorizers, and of any kind: tp_text_model_make(.hashing = hashing). Weights and
 * biases of linear layers are drawn as by tp_linear, word vectors uniformly within 1 / width. */
TP_API tp_text_model *tp_text_model_make_with(const tp_text_model_options *options);
#ifndef __cplusplus
#define tp_text_model_make(...)                                                                    \
    TP_WITH_OPTIONS(tp_text_model *, tp_text_model_make_with, tp_text_model_options, .classes = 2, \
                    .width = 50, .mode = TP_BAG_MEAN, __VA_ARGS__)
#endif

/* What to train; forward takes the vectorizer's rows and gives scores. Of a logistic regression the
 * parameters are Wb.weight [scores, terms] and Wb.bias [scores]; of a perceptron those of the linear layers
 * fc1, fc2 and so on; an embedding bag has embedding.weight [terms, width] before them. Scores are [n, 1],
 * which TP_FIT_SIGMOID_BCE takes, or [n, classes] for TP_FIT_CROSS_ENTROPY. */
TP_API tp_module *tp_text_model_module(const tp_text_model *model);
/* What the model was made over; NULL where it has none of the kind. */
TP_API const tp_count_vectorizer *tp_text_model_vectorizer(const tp_text_model *model);
TP_API const tp_hashing_vectorizer *tp_text_model_hashing(const tp_text_model *model);
TP_API const tp_tfidf *tp_text_model_tfidf(const tp_text_model *model);
/* The number of columns: terms, or hashes. -1 for NULL. */
TP_API int64_t tp_text_model_features(const tp_text_model *model);
/* What it is; a logistic regression for NULL. */
TP_API tp_text_model_kind tp_text_model_kind_of(const tp_text_model *model);
/* Whether it has a score for each class. False for NULL. */
TP_API bool tp_text_model_softmax(const tp_text_model *model);
/* The number of classes; -1 for NULL. The name of one; NULL for another number, and for NULL. */
TP_API int64_t tp_text_model_classes(const tp_text_model *model);
TP_API const char *tp_text_model_label(const tp_text_model *model, int label);
/* The options it was made with, owned by it; NULL for NULL. */
TP_API const tp_text_model_options *tp_text_model_get_options(const tp_text_model *model);

/* Writes the model; the file is replaced as a whole or not at all. TP_ERROR_VALUE for weights that are not
 * finite, and for terms or stop words with a line end in them. */
TP_API tp_status tp_text_model_save(const tp_text_model *model, const char *path);

/* Reads a model into the current region. Everything is checked, and a file that is broken, foreign or of a
 * later version is refused in a sentence that says what is wrong: TP_ERROR_FORMAT, TP_ERROR_UNSUPPORTED or
 * TP_ERROR_IO. NULL after an error. */
TP_API tp_text_model *tp_text_model_load(const char *path);

/* ---- Using it: nothing here changes the model, and threads may share it ---- */

/* P(label 1) of one text, and the label: 1 if above 0.5. With a score for each class: the most probable
 * class, the first of equals, and its probability. Either pointer may be NULL. */
TP_API tp_status tp_text_model_predict(const tp_text_model *model, const char *text, size_t length,
                                       double *probability, int *label);

/* P(label 1) of many texts: float32 [count], in the current region; with a score for each class the
 * probabilities of all, [count, classes]; of networks, products of one row may differ in the last bits from
 * those of many. NULL after an error. */
TP_API tp_tensor *tp_text_model_probabilities(const tp_text_model *model, const tp_strings *texts);

/* A term and what it weighs. */
typedef struct tp_word_weight {
    const char *term; /* not ended by a zero; owned by the vectorizer. A column of hashes has the term "" */
    size_t length;
    int64_t column;
    double weight; /* above 0 speaks for label 1 */
    double count;  /* in the text, or what tf-idf or a norm make of it; 1 for tp_text_model_top_words */
} tp_word_weight;

/* The `count` terms that speak most for `label` (the largest weights first; for label 0 of a model with one
 * score the smallest; equal ones in the order of columns) into `words`. Returns how many there are,
 * min(count, terms); -1 after an error. TP_ERROR_UNSUPPORTED but for logistic regressions. */
TP_API int64_t tp_text_model_top_words(const tp_text_model *model, int label, int64_t count,
                                       tp_word_weight *words);

/* The terms of one text, those with the largest |count * weight| first, up to `capacity` of them into
 * `words`. Returns how many different known terms the text has, be that more than `capacity`; -1 after an
 * error. logit = bias + the sum of count * weight. TP_ERROR_UNSUPPORTED but for logistic regressions with one
 * score, as in tp_text_model_bias. */
TP_API int64_t tp_text_model_explain(const tp_text_model *model, const char *text, size_t length,
                                     int64_t capacity, tp_word_weight *words);

/* The bias b. NaN for NULL, and after an error. */
TP_API double tp_text_model_bias(const tp_text_model *model);

TP_CLOSE

#ifdef __cplusplus
static inline tp_text_model *tp_text_model_make(const tp_text_model_options &options)
{
    return tp_text_model_make_with(&options);
}
static inline tp_labelled_texts *
tp_read_labelled_texts(const char *path, tp_labelled_texts_options options = tp_labelled_texts_options())
{
    options.path = path;
    return tp_read_labelled_texts_with(&options);
}
#endif

#endif
