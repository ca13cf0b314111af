/* Models and labelled tables, as the subcommands take them from files. */
#ifndef TAPER_TOOL_MODEL_FILE_H
#define TAPER_TOOL_MODEL_FILE_H

#include "common.h"

#include <taper/text_model.h>

/* Reads a model; NULL after saying what is wrong, with *status set. */
tp_text_model *open_model(const char *path, int *status);

/* What to read a file with: "tsv", "csv" or "fasttext", and for tables the columns. */
tp_labelled_texts_options texts_options(const char *path, const char *format, const char *text,
                                        const char *label);

/* Reads labelled texts into the current region; a file without any is refused. NULL after saying what is
 * wrong, with *status set. */
tp_labelled_texts *read_texts(const tp_labelled_texts_options *options, int *status);

/* A label's name as a terminal may be shown it. */
const char *label_of(const tp_text_model *model, int label);

/* How many of the labels are 1. */
int64_t count_ones(const tp_tensor *labels);

#endif
