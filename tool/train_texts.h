/* The texts that a training learns from and is evaluated on: in memory, or as streams. */
#ifndef TAPER_TOOL_TRAIN_TEXTS_H
#define TAPER_TOOL_TRAIN_TEXTS_H

#include "common.h"

#include <taper/text_model.h>
#include <taper/text_stream.h>

#include <string.h>

/* What the flags say of texts. */
typedef struct text_settings {
    const char *train, *dev, *text, *label;
    const char *format;     /* tsv, csv or fasttext */
    const char *vectorizer; /* count, tfidf or hashing */
    const char *analyzer, *stem, *stop_words, *norm;
    int64_t ngrams, min_df, max_features, features, window;
    double max_df;
    bool lowercase, binary, alternate_sign, sublinear_tf;
    int64_t seed;
} text_settings;

/* The names that the flags take, each list ended by NULL. */
extern const char *const format_names[],
    *const vectorizer_names[], *const analyzer_names[], *const stem_names[], *const stop_word_names[],
                                                                                 *const norm_names[];

typedef struct train_texts {
    tp_count_vectorizer *vectorizer; /* or */
    tp_hashing_vectorizer *hashing;
    tp_tfidf *tfidf;
    tp_dataset *train, *dev;         /* dev: NULL without one */
    const tp_label_encoder *classes; /* NULL: labels are 0 and 1 */
    int64_t *class_counts;           /* of the training texts */
    tp_text_stream *stream;          /* of `train`; NULL: in memory */
    int64_t train_count, train_ones, dev_count, dev_ones;
    int64_t columns;
    int64_t stored; /* entries of the training matrix; -1: not known */
    double read_seconds, vectorize_seconds;
} train_texts;

/* How many classes there are. */
static inline int64_t class_count(const train_texts *t)
{
    return t->classes ? tp_label_count(t->classes) : 2;
}

static inline bool is_hashing(const text_settings *s)
{
    return !strcmp(s->vectorizer, "hashing");
}

/* Whether files are read window by window. */
static inline bool is_streamed(const text_settings *s)
{
    return is_hashing(s) && strcmp(s->format, "fasttext") != 0;
}

/* Reads the files, learns the vocabulary; with hashing, opens the streams. STATUS_GO_ON, or an exit status
 * after saying why. */
int train_texts_read(train_texts *t, const text_settings *s);

/* Before an epoch. */
tp_status train_texts_begin_epoch(train_texts *t, int64_t epoch);
/* Before a training that goes on in the middle of an epoch. */
void train_texts_resume(train_texts *t, const char *checkpoint);

#endif
