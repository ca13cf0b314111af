/* The inside of a training run. */
#ifndef TAPER_TRAIN_FIT_H
#define TAPER_TRAIN_FIT_H

#include "taper/train.h"
#include "tensor/tensor.h"

/* ---- One batch ---- */

/* The arguments of the built-in step. */
typedef struct tp__builtin_step {
    tp_module *model;
    tp_fit_loss loss;
    tp_tensor *class_weights; /* NULL: all 1 */
} tp__builtin_step;

/* A tp_step_function; `argument` is a tp__builtin_step. */
tp_status tp__builtin_step_run(void *argument, tp_batch *batch, tp_step_output *output);

tp_status tp__check_loss(tp_fit_loss loss);

/* What has been counted of an epoch or an evaluation. */
typedef struct tp__counts {
    int64_t items;
    int64_t predicted; /* items with a prediction */
    int64_t correct;
} tp__counts;

tp_status tp__count(tp__counts *counts, const tp_batch *batch, const tp_step_output *output);
double tp__accuracy_of(const tp__counts *counts); /* NaN without predictions */

/* ---- Modes ---- */

/* A module's training modes, each part's own. */
typedef struct tp__modes {
    const tp_module_list *list;
    bool *training;
} tp__modes;

tp_status tp__modes_remember(tp__modes *modes, tp_module *model); /* in the current region; NULL is allowed */
void tp__modes_restore(const tp__modes *modes);

/* One epoch over `loader`; the modes are those to return to. */
tp_status tp__evaluate(tp_module *model, const tp__modes *modes, tp_loader *loader, tp_step_function step,
                       void *argument, tp_evaluation *result);

/* ---- A run ---- */

/* All that a checkpoint holds besides tensors and the generator's state. */
typedef struct tp__progress {
    int64_t epoch, step, total_steps;
    int64_t steps, items_of_epoch, batch_size; /* of the train loader: a resumed run must have the same */
    int64_t in_epoch;                          /* whether the epoch has begun */
    int64_t loader_seed;
    tp__counts counts;
    int64_t interval_steps;
    int64_t wait, evaluations;
    int64_t has_best, best_epoch, best_step, best_total_steps;
    int64_t at_epoch_end, improved;
    double loss, interval_sum, epoch_sum;
    double dev_loss, dev_accuracy;
    double best_metric; /* of the kept model */
    double stop_metric; /* the best that patience has seen; NaN before */
} tp__progress;

/* The line that shows how far a training is. */
typedef struct tp__bar {
    FILE *stream; /* NULL: nothing is drawn */
    double next;  /* seconds of the run when it may be drawn again */
    bool drawn;
    int64_t first_step; /* total steps when the run began, for the rate */
} tp__bar;

typedef struct tp__fit {
    const tp_fit_options *options;
    tp_step_function step;
    void *step_argument;
    tp__builtin_step builtin;
    tp_parameter_list *parameters; /* for clipping; else NULL */
    tp_tensor *l2_parameter;
    tp__modes modes;
    tp_named_tensors *state; /* the model's own tensors */
    tp_named_tensors *best;  /* copies of them */
    tp__progress progress;
    double interval_loss;
    bool interrupted, stopped_early;
    tp__bar bar;
    double began, data_seconds, step_seconds, evaluation_seconds;
    int64_t resumed_at;
} tp__fit;

double tp__seconds(void); /* of a steady clock */

tp_fit_state tp__fit_state(const tp__fit *fit);

/* Copies the values of one list into the other of the same shapes. */
void tp__copy_values(const tp_named_tensors *from, const tp_named_tensors *to);

tp_status tp__checkpoint_save(tp__fit *fit, const char *path);
/* Puts all in place, or fails and leaves model and default generator as they were. */
tp_status tp__checkpoint_load(tp__fit *fit, const char *path);

void tp__bar_open(tp__bar *bar, FILE *stream, int64_t first_step);
void tp__bar_draw(tp__bar *bar, const tp_fit_state *state);
void tp__bar_erase(tp__bar *bar);

/* The log's lines. A stream that fails is the caller's to notice: ferror. */
void tp__log_epoch_begin(const tp_fit_options *options, int64_t epoch);
void tp__log_interval(const tp_fit_options *options, const tp_fit_state *state);
void tp__log_evaluation(const tp_fit_options *options, const tp_fit_state *state);
void tp__log_epoch(const tp_fit_options *options, const tp_fit_state *state);
void tp__log_stop(const tp_fit_options *options);

#endif
