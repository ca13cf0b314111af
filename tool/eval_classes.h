/* taper eval for models with a score for each class. */
#ifndef TAPER_TOOL_EVAL_CLASSES_H
#define TAPER_TOOL_EVAL_CLASSES_H

#include "common.h"

#include <taper/text_model.h>

/* Measures the model, prints what comes out, and returns an exit status. */
int eval_classes(const tp_text_model *model, const tp_labelled_texts *data, const char *model_path,
                 const char *path, bool json);

#endif
