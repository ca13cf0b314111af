/* A text classifier as one thing: a vectorizer, a linear layer over its counts, and the names of the two
 * labels. On disk it is one .safetensors file that holds all that predicting needs; docs/model-format.md.
 *
 * P(label 1 | text) = sigmoid(w . x + b), where x is the vectorizer's row for the text: counts of terms,
 * these weighed by tf-idf, or counts of hashes. */
#ifndef TAPER_TEXT_MODEL_H
#define TAPER_TEXT_MODEL_H

#include "taper/hashing.h"
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
    tp_tensor *labels;     /* float32 [count], 0 or 1: what binary cross-entropy takes without conversion */
    const tp_table *table; /* for line numbers and further columns */
} tp_labelled_texts;

typedef struct tp_labelled_texts_options {
    const char *path TP_TEXT_MODEL_DEFAULT(nullptr); /* "-" is standard input */
    const char *text_column TP_TEXT_MODEL_DEFAULT("sentence");
    const char *label_column TP_TEXT_MODEL_DEFAULT("label"); /* NULL: no labels; `labels` is NULL then */
    char delimiter TP_TEXT_MODEL_DEFAULT('\t');
    char quote TP_TEXT_MODEL_DEFAULT('"');
} tp_labelled_texts_options;

/* Reads a table with a header into the current region. A label other than 0 and 1 is TP_ERROR_FORMAT or
 * TP_ERROR_VALUE, with its line. NULL after an error.
 * tp_read_labelled_texts("train.tsv", .label_column = "y") */
TP_API tp_labelled_texts *tp_read_labelled_texts_with(const tp_labelled_texts_options *options);
#ifndef __cplusplus
#define tp_read_labelled_texts(...)                                                                      \
    TP_WITH_OPTIONS(tp_labelled_texts *, tp_read_labelled_texts_with, tp_labelled_texts_options,         \
                    .text_column = "sentence", .label_column = "label", .delimiter = '\t', .quote = '"', \
                    .path = __VA_ARGS__)
#endif

/* ---- The model ---- */

typedef struct tp_text_model tp_text_model;

/* A new model over a fitted vectorizer, in the current region; the vectorizer must outlive it. Its layer is
 * tp_linear(terms, 1), whose parameters are drawn from the default generator. `label_names` (copied) are the
 * names of labels 0 and 1; NULL: "0" and "1". */
TP_API tp_text_model *tp_text_model_new(tp_count_vectorizer *vectorizer, const char *const label_names[2]);

typedef struct tp_text_model_options {
    /* One of the two; it must outlive the model. */
    const tp_count_vectorizer *vectorizer TP_TEXT_MODEL_DEFAULT(nullptr); /* fitted; of dtype float32 */
    const tp_hashing_vectorizer *hashing TP_TEXT_MODEL_DEFAULT(nullptr);  /* of dtype float32 */
    /* Weighs the counts of `vectorizer`; fitted on them; it must outlive the model. NULL: counts. */
    const tp_tfidf *tfidf TP_TEXT_MODEL_DEFAULT(nullptr);
    const char *const *label_names TP_TEXT_MODEL_DEFAULT(nullptr); /* two; copied. NULL: "0" and "1" */
} tp_text_model_options;

/* The same over any of the vectorizers: tp_text_model_make(.hashing = hashing) */
TP_API tp_text_model *tp_text_model_make_with(const tp_text_model_options *options);
#ifndef __cplusplus
#define tp_text_model_make(...) \
    TP_WITH_OPTIONS(tp_text_model *, tp_text_model_make_with, tp_text_model_options, __VA_ARGS__)
#endif

/* What to train: the parameters Wb.weight [1, terms] and Wb.bias [1]; forward gives logits [n, 1], which
 * TP_FIT_SIGMOID_BCE takes. */
TP_API tp_module *tp_text_model_module(const tp_text_model *model);
/* What the model was made over; NULL where it has none of the kind. */
TP_API const tp_count_vectorizer *tp_text_model_vectorizer(const tp_text_model *model);
TP_API const tp_hashing_vectorizer *tp_text_model_hashing(const tp_text_model *model);
TP_API const tp_tfidf *tp_text_model_tfidf(const tp_text_model *model);
/* The number of weights: terms, or columns of hashes. -1 for NULL. */
TP_API int64_t tp_text_model_features(const tp_text_model *model);
/* The name of label 0 or 1. NULL for another, and for NULL. */
TP_API const char *tp_text_model_label(const tp_text_model *model, int label);

/* Writes the model; the file is replaced as a whole or not at all. TP_ERROR_VALUE for weights that are not
 * finite, and for terms or stop words with a line end in them. */
TP_API tp_status tp_text_model_save(const tp_text_model *model, const char *path);

/* Reads a model into the current region. Everything is checked, and a file that is broken, foreign or of a
 * later version is refused in a sentence that says what is wrong: TP_ERROR_FORMAT, TP_ERROR_UNSUPPORTED or
 * TP_ERROR_IO. NULL after an error. */
TP_API tp_text_model *tp_text_model_load(const char *path);

/* ---- Using it: nothing here changes the model, and threads may share it ---- */

/* P(label 1) of one text, and the label: 1 if above 0.5. Either pointer may be NULL. */
TP_API tp_status tp_text_model_predict(const tp_text_model *model, const char *text, size_t length,
                                       double *probability, int *label);

/* P(label 1) of many texts: float32 [count], in the current region. NULL after an error. */
TP_API tp_tensor *tp_text_model_probabilities(const tp_text_model *model, const tp_strings *texts);

/* A term and what it weighs. */
typedef struct tp_word_weight {
    const char *term; /* not ended by a zero; owned by the vectorizer. A column of hashes has the term "" */
    size_t length;
    int64_t column;
    double weight; /* above 0 speaks for label 1 */
    double count;  /* in the text, or what tf-idf or a norm make of it; 1 for tp_text_model_top_words */
} tp_word_weight;

/* The `count` terms that speak most for `label` (1: the largest weights first; 0: the smallest first; equal
 * ones in the order of columns) into `words`. Returns how many there are, min(count, terms); -1 after an
 * error. */
TP_API int64_t tp_text_model_top_words(const tp_text_model *model, int label, int64_t count,
                                       tp_word_weight *words);

/* The terms of one text, those with the largest |count * weight| first, up to `capacity` of them into
 * `words`. Returns how many different known terms the text has, be that more than `capacity`; -1 after an
 * error. logit = bias + the sum of count * weight. */
TP_API int64_t tp_text_model_explain(const tp_text_model *model, const char *text, size_t length,
                                     int64_t capacity, tp_word_weight *words);

/* The bias b. NaN for NULL. */
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
