/* The inside of a text model. */
#ifndef TAPER_TRAIN_TEXT_MODEL_H
#define TAPER_TRAIN_TEXT_MODEL_H

#include "base/region.h"
#include "taper/text_model.h"
#include "tensor/tensor.h"

struct tp_text_model {
    tp_text_model_options options; /* with copies of all it points to but the vectorizers */
    int64_t features, outputs;     /* columns of a row; scores */
    tp_module *module;
    tp_tensor *weight, *bias; /* of a logistic regression; else NULL */
    char **labels;
};

/* tp_text_model_make with a generator to draw the parameters from. */
tp_text_model *tp__text_model_make(const tp_text_model_options *options, tp_generator *generator);

/* The number of columns of the options' vectorizer; -1 after an error, as for all that cannot be. */
int64_t tp__text_model_check(const tp_text_model_options *options);

/* How many scores there are. */
int64_t tp__text_model_outputs(const tp_text_model_options *options);

/* ---- Networks ---- */

/* A module for rows of `features` columns. */
tp_module *tp__text_module(const tp_text_model_options *options, int64_t features, tp_generator *generator);

/* The shape of a parameter, known before there is a model. */
typedef struct tp__text_parameter {
    char name[32];
    int ndim;
    int64_t shape[2];
} tp__text_parameter;

#define TP__TEXT_PARAMETERS (2 * (TP_TEXT_MAX_HIDDEN + 1) + 1)

/* Writes all parameters of such a module, in its order; returns their number. */
int tp__text_parameters(const tp_text_model_options *options, int64_t features,
                        tp__text_parameter parameters[TP__TEXT_PARAMETERS]);

/* ---- Files ---- */

/* Whether a parameter is finite; an error that names it and the first place where it is not. */
tp_status tp__text_model_check_finite(const char *name, const tp_tensor *parameter);

#define TP__TEXT_MODEL_KIND "text_model"
#define TP__TEXT_MODEL_VERSION "1"

/* What the configuration calls things, by their numbers. */
extern const char *const tp__text_norms[3], *const tp__text_analyzers[3],
                                                *const tp__text_stems[2], *const tp__text_kinds[3],
                                                                              *const tp__text_activations[3],
                                                                                  *const tp__text_modes[2];

/* The CRC-32C of a tensor's elements as eight digits; of a text's bytes. */
void tp__text_model_sum(const void *bytes, size_t size, char digits[9]);

#endif
