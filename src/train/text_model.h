/* The inside of a text model. */
#ifndef TAPER_TRAIN_TEXT_MODEL_H
#define TAPER_TRAIN_TEXT_MODEL_H

#include "base/region.h"
#include "taper/text_model.h"
#include "tensor/tensor.h"

struct tp_text_model {
    tp_count_vectorizer *vectorizer;
    tp_module *module;
    tp_tensor *weight, *bias; /* of the module */
    char *labels[2];
};

/* tp_text_model_new with a generator to draw the parameters from. */
tp_text_model *tp__text_model_make(tp_count_vectorizer *vectorizer, const char *const label_names[2],
                                   tp_generator *generator);

/* Whether the parameters are finite; an error that names the first one that is not. */
tp_status tp__text_model_check_weights(const tp_tensor *weight, const tp_tensor *bias);

#endif
