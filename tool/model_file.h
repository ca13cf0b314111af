/* Models and labelled tables, as the subcommands take them from files. */
#ifndef TAPER_TOOL_MODEL_FILE_H
#define TAPER_TOOL_MODEL_FILE_H

#include "common.h"

#include <taper/text_model.h>

/* Reads a model; NULL after saying what is wrong, with *status set. */
tp_text_model *open_model(const char *path, int *status);

/* Reads a table of texts and labels 0 and 1 into the current region; a table without rows is refused. NULL
 * after saying what is wrong, with *status set. */
tp_labelled_texts *read_texts(const char *path, const char *text_column, const char *label_column,
                              int *status);

/* How many of the labels are 1. */
int64_t count_ones(const tp_tensor *labels);

#endif
