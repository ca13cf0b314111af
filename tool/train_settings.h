/* What the flags of taper train say. */
#ifndef TAPER_TOOL_TRAIN_SETTINGS_H
#define TAPER_TOOL_TRAIN_SETTINGS_H

#include "train_texts.h"

typedef struct model_settings {
    const char *name; /* logreg, mlp or embedding-bag */
    const char *hidden_text, *activation, *mode;
    int64_t hidden[TP_TEXT_MAX_HIDDEN];
    int hidden_count;
    int64_t width;
    double dropout;
} model_settings;

typedef struct optimizer_settings {
    const char *name;     /* sgd, adam, adamw, adagrad or rmsprop */
    const char *schedule; /* constant, linear, cosine, step, one-cycle or plateau */
    double lr, l2, weight_decay, momentum, clip_norm, ema;
    double final_lr, gamma, warmup;
    int64_t step_epochs, plateau_patience;
} optimizer_settings;

typedef struct settings {
    text_settings texts;
    model_settings model;
    optimizer_settings optimizer;
    const char *metric, *class_weights;
    int64_t seed, epochs, batch_size, eval_every, patience;
    double min_delta;
    const char *out, *log, *checkpoint, *resume;
    int64_t checkpoint_every, threads, workers;
    bool quiet, patience_given;
} settings;

/* Reads the command line, checks that it makes sense, and that the outputs can be made. STATUS_GO_ON, or an
 * exit status. */
int train_settings_read(settings *settings, int argc, char **argv);

/* The index of a name that is in the list. */
int index_of(const char *const *names, const char *name);

/* The names that the flags take, each list ended by NULL, in the order of the library's numbers. */
extern const char *const model_names[], *const activation_names[], *const bag_mode_names[];

#endif
