/* The inside of a text model. */
#ifndef TAPER_TRAIN_TEXT_MODEL_H
#define TAPER_TRAIN_TEXT_MODEL_H

#include "base/region.h"
#include "taper/text_model.h"
#include "tensor/tensor.h"

struct tp_text_model {
    const tp_count_vectorizer *vectorizer; /* NULL with `hashing` */
    const tp_hashing_vectorizer *hashing;  /* NULL with `vectorizer` */
    const tp_tfidf *tfidf;                 /* NULL: the counts as they are */
    tp_module *module;
    tp_tensor *weight, *bias; /* of the module */
    char *labels[2];
};

/* tp_text_model_make with a generator to draw the parameters from. */
tp_text_model *tp__text_model_make(const tp_text_model_options *options, tp_generator *generator);

/* Whether the parameters are finite; an error that names the first one that is not. */
tp_status tp__text_model_check_weights(const tp_tensor *weight, const tp_tensor *bias);

#endif
