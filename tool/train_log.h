/* The log of a training: one JSON object a line, written as things happen; docs/command.md. */
#ifndef TAPER_TOOL_TRAIN_LOG_H
#define TAPER_TOOL_TRAIN_LOG_H

#include "common.h"

#include <taper/train.h>

typedef struct train_log {
    const char *path;
    FILE *file; /* NULL: there is no log */
    bool failed;
    bool by_loss; /* the best model is the one of the lowest loss */
} train_log;

/* What the whole run took, in seconds. */
typedef struct train_seconds {
    double read, vectorize, data, train, evaluate, save, total;
} train_seconds;

/* Opens the log, behind what is there with `append`, and writes the line of the start. False after an error,
 * which is explained. `options` are further members for that line, each with a comma in front. */
bool train_log_open(train_log *log, const char *path, bool append, const char *options);

/* The lines of a training. A line that cannot be written is explained once, and is the end of the log, not of
 * the training; `failed` says so. */
void train_log_step(train_log *log, const tp_fit_state *state);
void train_log_evaluation(train_log *log, const tp_fit_state *state);
void train_log_epoch(train_log *log, const tp_fit_state *state);
void train_log_end(train_log *log, const tp_fit_result *result, const train_seconds *seconds);

void train_log_close(train_log *log);

#endif
