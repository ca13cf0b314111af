/* The training loop: steps, evaluations, early stopping, the best model, checkpoints. */
#ifndef TAPER_TRAIN_H
#define TAPER_TRAIN_H

#include "taper/average.h"
#include "taper/data.h"
#include "taper/nn.h"
#include "taper/ops.h"
#include "taper/optim.h"
#include "taper/schedule.h"

#include <signal.h>

#ifdef __cplusplus
#define TP_FIT_DEFAULT(value) = value
#else
#define TP_FIT_DEFAULT(value)
#endif

TP_BEGIN

/* ---- What a step computes ---- */

/* The loss of a model's output, and what it predicts. y may have any dtype; float32 labels (int64 class
 * indices for cross-entropy) are not converted and so the fastest. An output [n, 1] is squeezed to fit y [n].
 */
typedef enum tp_fit_loss {
    TP_FIT_SIGMOID_BCE = 0, /* the model gives logits; binary cross-entropy of their sigmoid: the lecture's */
    TP_FIT_BCE = 1,         /* the model gives probabilities */
    TP_FIT_BCE_WITH_LOGITS = 2, /* the model gives logits; binary cross-entropy straight from them */
    TP_FIT_CROSS_ENTROPY = 3,   /* the model gives a score for each class, [n, classes] */
    TP_FIT_MSE = 4              /* the model gives numbers; there is no accuracy */
} tp_fit_loss;

typedef struct tp_step_output {
    tp_tensor *loss; /* one element */
    /* NULL: no accuracy. Floating [n, classes], with labels of one dimension: scores, the largest one is
     * predicted. Another floating tensor, of the labels' shape: probabilities, above 0.5 predicts 1 (0.5
     * predicts 0, as round(p) does). Integers and bools, of the labels' shape: labels. */
    tp_tensor *predictions;
    tp_tensor *labels; /* NULL: the batch's y */
} tp_step_output;

/* Computes a batch's loss and predictions, in the current region. Used for training and, with recording off
 * and the model in evaluation mode, for evaluation. */
typedef tp_status (*tp_step_function)(void *argument, tp_batch *batch, tp_step_output *output);

/* ---- Evaluation ---- */

typedef struct tp_evaluation {
    double loss;     /* mean over items, without penalties; NaN without items */
    double accuracy; /* NaN without predictions or items */
    int64_t count;   /* items */
} tp_evaluation;

typedef struct tp_evaluate_options {
    tp_module *model TP_FIT_DEFAULT(nullptr); /* may be NULL with `step` */
    tp_loader *loader TP_FIT_DEFAULT(nullptr);
    tp_fit_loss loss TP_FIT_DEFAULT(TP_FIT_SIGMOID_BCE);
    tp_step_function step TP_FIT_DEFAULT(nullptr); /* instead of `loss` */
    void *argument TP_FIT_DEFAULT(nullptr);
    tp_evaluation *result TP_FIT_DEFAULT(nullptr);
} tp_evaluate_options;

/* One epoch of `loader` (which is reset first) without recording, the model in evaluation mode; its mode is
 * as before afterwards. tp_evaluate(model, loader, .result = &evaluation) */
TP_API tp_status tp_evaluate_with(const tp_evaluate_options *options);
#ifndef __cplusplus
#define tp_evaluate(...) \
    TP_WITH_OPTIONS(tp_status, tp_evaluate_with, tp_evaluate_options, .model = __VA_ARGS__)
#endif

/* ---- Watching ---- */

/* Where the training stands. Epochs and steps count from 0; what is not known yet is NaN. */
typedef struct tp_fit_state {
    int64_t epoch, epochs;
    int64_t step;          /* steps of this epoch that are done: while it equals 500, 0 to 499 are */
    int64_t steps;         /* of an epoch */
    int64_t total_steps;   /* done since the start, those before a resume included */
    double loss;           /* of the last step, penalty included */
    double interval_loss;  /* mean over the last `log_every` steps; set for `interval` */
    double epoch_loss;     /* mean over the epoch's steps so far */
    double train_accuracy; /* over the epoch's items so far, as predicted during training */
    double dev_loss;       /* of the last evaluation */
    double dev_accuracy;   /* of the last evaluation */
    bool at_epoch_end;     /* whether the last evaluation was the one at an epoch's end */
    bool improved;         /* whether the last evaluation gave the best model so far */
    double best_metric;    /* NaN before the first evaluation */
    int64_t best_epoch;    /* where it was: epoch, steps of it, and steps since the start; -1 before */
    int64_t best_step;
    int64_t best_total_steps;
    int64_t wait;        /* evaluations in a row without improvement, as patience counts them */
    int64_t evaluations; /* since the start */
    double seconds;      /* since the start of this call */
} tp_fit_state;

/* Any may be NULL. A status other than TP_OK ends the training: TP_INTERRUPTED as the stop flag does, an
 * error as an error. */
typedef struct tp_fit_callbacks {
    tp_status (*epoch_begin)(void *argument, const tp_fit_state *state); /* not when resumed in its middle */
    tp_status (*interval)(void *argument, const tp_fit_state *state);    /* every `log_every` steps */
    tp_status (*evaluation)(void *argument, const tp_fit_state *state);  /* after each evaluation */
    tp_status (*step)(void *argument, const tp_fit_state *state);        /* after each step */
    tp_status (*epoch)(void *argument, const tp_fit_state *state);       /* after an epoch's evaluation */
    void (*end)(void *argument, const tp_fit_state *state); /* on every way out, the best model reloaded */
    void *argument;
} tp_fit_callbacks;

typedef struct tp_fit_result {
    bool stopped_early, interrupted;
    tp_fit_state state;                                    /* the last one */
    double data_seconds, step_seconds, evaluation_seconds; /* loading; steps; evaluating; of this call */
    double seconds;                                        /* all of this call */
    int64_t resumed_at; /* total_steps of the checkpoint it began with; 0 without */
} tp_fit_result;

/* ---- Training ---- */

typedef enum tp_fit_metric {
    TP_FIT_DEV_ACCURACY = 0, /* higher is better */
    TP_FIT_DEV_LOSS = 1      /* lower is better */
} tp_fit_metric;

/* A tensor of one element to add to each step's loss, in the current region. */
typedef tp_tensor *(*tp_penalty_function)(void *argument);

typedef struct tp_fit_options {
    tp_module *model TP_FIT_DEFAULT(nullptr);
    tp_loader *train TP_FIT_DEFAULT(nullptr);
    tp_optimizer *optimizer TP_FIT_DEFAULT(nullptr);
    /* Another loader than `train`. Without one there are no evaluations, no early stopping, and the last
     * model is the best. */
    tp_loader *dev TP_FIT_DEFAULT(nullptr);
    tp_fit_loss loss TP_FIT_DEFAULT(TP_FIT_SIGMOID_BCE);
    tp_step_function step TP_FIT_DEFAULT(nullptr); /* instead of `loss` */
    void *step_argument TP_FIT_DEFAULT(nullptr);
    int64_t epochs TP_FIT_DEFAULT(1); /* 0 trains nothing */

    /* Added to the loss: l2_penalty * mean(w^2) of `l2_parameter` (NULL: the model's first parameter), and
     * whatever `penalty` gives. 0 and NULL: nothing. */
    double l2_penalty TP_FIT_DEFAULT(0);
    tp_tensor *l2_parameter TP_FIT_DEFAULT(nullptr);
    tp_penalty_function penalty TP_FIT_DEFAULT(nullptr);
    void *penalty_argument TP_FIT_DEFAULT(nullptr);

    /* float32 [classes]: how much an item of each class counts in the built-in losses of labels, in training
     * only: cross-entropy's `weight` (the mean is divided by the sum of the weights), or that of binary
     * cross-entropy for each label (it is not). */
    tp_tensor *class_weights TP_FIT_DEFAULT(nullptr);

    /* Gradients are multiplied so that their norm together is at most this. 0: never. */
    double clip_norm TP_FIT_DEFAULT(0);
    /* Stepped after each step of the optimizer; and one that is given the metric after each evaluation. */
    tp_schedule *schedule TP_FIT_DEFAULT(nullptr);
    tp_schedule *metric_schedule TP_FIT_DEFAULT(nullptr);
    /* Updated after each step. Evaluations are of the averaged model, and so is the one in the end. */
    tp_average *average TP_FIT_DEFAULT(nullptr);

    /* Every so many steps of an epoch, never at its step 0: the mean loss of the steps since the last time.
     * It is taken, and evaluations are made, when the step's own loss is known but not yet counted and its
     * update not yet made. 0: never. */
    int64_t log_every TP_FIT_DEFAULT(500);
    /* Evaluation on `dev` every so many steps, in the same place. 0: at each epoch's end only. At the
     * epoch's end there is one in any case. */
    int64_t eval_every TP_FIT_DEFAULT(0);

    /* Early stopping: training ends at an evaluation without improvement if that is at least the
     * `patience`th in a row (0 counts as 1; negative: never). An improvement is a metric better by more than
     * `min_delta` than the best before; NaN and infinities are none. Evaluations at an epoch's end count only
     * if there are none within epochs, because eval_every is 0 or at least the epoch's number of steps.
     * A rule that stops when more than N evaluations in a row brought nothing is patience N + 1. */
    tp_fit_metric metric TP_FIT_DEFAULT(TP_FIT_DEV_ACCURACY);
    int64_t patience TP_FIT_DEFAULT(-1);
    double min_delta TP_FIT_DEFAULT(0);

    /* The model with the best metric of all evaluations, those at epochs' ends included (the first of
     * equals), is kept in memory, and is what the model holds on every way out. Named, it is also written to
     * this file whenever it improves: the parameters and buffers under their names. */
    const char *best_path TP_FIT_DEFAULT(nullptr);
    bool keep_last TP_FIT_DEFAULT(false); /* leave the model as it is instead */

    /* A .safetensors file from which training can be resumed; replaced as a whole. It has the schedules and
     * the average as well. Written when training is interrupted, and every `checkpoint_every` steps (0: only
     * then). */
    const char *checkpoint_path TP_FIT_DEFAULT(nullptr);
    int64_t checkpoint_every TP_FIT_DEFAULT(0);
    /* Goes on from a checkpoint, with the same model, data and options, to bit-identical results. The default
     * generator continues where it was. The train loader must not have a generator or sampler of its own. */
    const char *resume_path TP_FIT_DEFAULT(nullptr);

    /* Checked after each step; not 0 ends the training as TP_INTERRUPTED. For signal handlers. */
    volatile sig_atomic_t *stop TP_FIT_DEFAULT(nullptr);
    const tp_fit_callbacks *callbacks TP_FIT_DEFAULT(nullptr);
    /* Text of what happens, as on the lecture's slides, with `digits` decimals. */
    FILE *log TP_FIT_DEFAULT(nullptr);
    int digits TP_FIT_DEFAULT(3);
    /* A progress line with rate and remaining time, drawn while this is a terminal. */
    FILE *progress TP_FIT_DEFAULT(nullptr);
    tp_fit_result *result TP_FIT_DEFAULT(nullptr); /* filled on every way out */
} tp_fit_options;

/* Trains `model`. TP_OK after the last epoch or an early stop, TP_INTERRUPTED after a stop that was asked
 * for, or an error. On every way out the model holds the best parameters (those it has, if there was no
 * evaluation), and the loaders are reset. The model is in training mode during steps, and afterwards in the
 * mode it was in before.
 * tp_fit(model, train, optimizer, .dev = dev, .epochs = 2, .log = stdout) */
TP_API tp_status tp_fit_with(const tp_fit_options *options);
#ifndef __cplusplus
#define tp_fit(...)                                                                                        \
    TP_WITH_OPTIONS(tp_status, tp_fit_with, tp_fit_options, .epochs = 1, .log_every = 500, .patience = -1, \
                    .digits = 3, .model = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_status tp_evaluate(tp_module *model, tp_loader *loader,
                                    tp_evaluate_options options = tp_evaluate_options())
{
    options.model = model;
    options.loader = loader;
    return tp_evaluate_with(&options);
}
static inline tp_status tp_fit(tp_module *model, tp_loader *train, tp_optimizer *optimizer,
                               tp_fit_options options = tp_fit_options())
{
    options.model = model;
    options.train = train;
    options.optimizer = optimizer;
    return tp_fit_with(&options);
}
#endif

#endif
