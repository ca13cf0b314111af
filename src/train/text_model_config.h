/* A text model's configuration, read. */
#ifndef TAPER_TRAIN_TEXT_MODEL_CONFIG_H
#define TAPER_TRAIN_TEXT_MODEL_CONFIG_H

#include "train/text_model.h"

typedef struct tp__text_config {
    tp_count_vectorizer_options vectorizer;
    tp_text_model_options model; /* but for the vectorizers */
    int64_t hidden[TP_TEXT_MAX_HIDDEN];
    int64_t terms, stop_words;
    bool hashing, alternate_sign;
    bool tfidf, use_idf, sublinear_tf;
    tp_row_norm norm;
} tp__text_config;

/* What stands there goes into `config`, and points into the current region. The keys stand there once (those
 * that came later at most once), and no other does: one that is not known may change what the others mean. */
tp_status tp__text_config_read(const char *text, tp__text_config *config);

#endif
