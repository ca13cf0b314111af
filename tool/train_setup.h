/* What the settings of a training make: the model, the optimizer and what goes with it. */
#ifndef TAPER_TOOL_TRAIN_SETUP_H
#define TAPER_TOOL_TRAIN_SETUP_H

#include "train_settings.h"

#include <taper/train.h>

typedef struct train_setup {
    tp_text_model *model;
    tp_optimizer *optimizer;
    tp_schedule *schedule, *metric_schedule; /* NULL: none */
    tp_average *average;                     /* NULL: none */
    tp_tensor *class_weights;                /* NULL: none */
} train_setup;

/* Makes all of it, the parameters drawn from the default generator. `steps` are those of an epoch. TP_OK, or
 * the error that the library has. */
tp_status train_setup_make(train_setup *setup, const settings *settings, const train_texts *texts);

/* When the number of steps of an epoch is known. */
tp_status train_setup_schedule(train_setup *setup, const settings *settings, int64_t steps);

/* The settings and the data's sizes as the members of a JSON object, each with a comma in front; to be freed.
 * NULL without memory. */
char *train_describe(const settings *settings, const train_texts *texts);

#endif
