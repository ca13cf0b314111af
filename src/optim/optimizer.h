/* The inside of an optimizer. */
#ifndef TAPER_OPTIM_OPTIMIZER_H
#define TAPER_OPTIM_OPTIMIZER_H

#include "heart/heart.h"
#include "taper/optim.h"

/* Options of all kinds, as numbers. */
typedef enum tp__option {
    TP__LR,
    TP__BETA1,
    TP__BETA2,
    TP__EPS,
    TP__WEIGHT_DECAY,
    TP__AMSGRAD,
    TP__MOMENTUM,
    TP__DAMPENING,
    TP__NESTEROV,
    TP__MAXIMIZE,
    TP__LR_DECAY,
    TP__INITIAL_ACCUMULATOR,
    TP__ALPHA,
    TP__CENTERED,
    TP__RHO,
    TP__MOMENTUM_DECAY,
    TP__DECOUPLED,
    TP__ETA_MINUS,
    TP__ETA_PLUS,
    TP__STEP_MIN,
    TP__STEP_MAX,
    TP__MAX_ITER,
    TP__MAX_EVAL,
    TP__TOLERANCE_GRAD,
    TP__TOLERANCE_CHANGE,
    TP__HISTORY,
    TP__STRONG_WOLFE,
    TP__N_OPTIONS
} tp__option;

typedef struct tp__options {
    double of[TP__N_OPTIONS];
} tp__options;

#define TP__MAX_STATES 3
#define TP__MAX_REMEMBERED 9

/* A parameter and its state, row-major and of its dtype. */
typedef struct tp__slot {
    tp_tensor *parameter;
    const char *name;
    bool begun; /* its states hold something */
    int64_t steps;
    double number; /* see kind->number */
    tp_tensor *states[TP__MAX_STATES];
    tp_tensor *even[2];  /* row-major copies of a parameter and a gradient with other strides */
    char *gathered;      /* the touched columns of a parameter, its gradient and its states */
    int64_t gather_size; /* bytes of it */
} tp__slot;

/* What one call of an update works on: values that lie side by side. */
typedef struct tp__piece {
    int64_t n;
    tp_dtype dtype;
    void *p;
    const void *g;
    void *states[TP__MAX_STATES]; /* NULL where the options need none */
    int64_t steps;                /* 1 in the first step */
    double number;                /* see kind->number */
    bool first;                   /* the states hold nothing yet */
    bool listed;                  /* these are the touched elements alone */
} tp__piece;

/* An optimizer is one record: its name, options, states and update. */
typedef struct tp__kind {
    const char *type;
    bool counts;      /* steps are part of the state */
    unsigned options; /* bit i: has option i */
    const char *states[TP__MAX_STATES];
    const char *number; /* a float32 that each parameter's state has too, 1 to begin with; or NULL */
    tp_status (*check)(const tp__options *options);
    /* Whether a parameter needs state i; NULL: all of them. */
    bool (*needs)(const tp__options *options, int i);
    /* What state i is filled with at first; NULL: 0. */
    double (*initial)(const tp__options *options, int i);
    /* The number in step `steps`; NULL without one. */
    double (*advance)(const tp__options *options, int64_t steps, double number);
    /* Whether elements with a gradient of 0 stay as they are, and so do their states; NULL: no. */
    bool (*skips_zeros)(const tp__options *options);
    void (*update)(const tp__options *options, const tp__piece *piece);
    /* What the optimizer remembers as a whole, in its state under "state.0.NAME": the names up to a NULL,
     * tensor `i` in the current region (NULL: nothing is remembered, or memory is out, which is an error),
     * and `extra` made of all such tensors for these options, in the optimizer's region. */
    const char *const *remembered;
    tp_tensor *(*remember)(const tp_optimizer *optimizer, int i);
    tp_status (*recall)(const tp_optimizer *optimizer, const tp__options *options,
                        const tp_tensor *const *tensors, void **extra);
    /* Instead of an update: steps that ask for losses themselves. The first loss goes to *loss. */
    tp_status (*minimise)(tp_optimizer *optimizer, tp_closure closure, void *context, double *loss);
} tp__kind;

/* Whether a slot with these options has state i. */
bool tp__needs(const tp__kind *kind, const tp__options *options, int i);

#define TP__OPTION(option) (1u << (option))

/* Checks that kinds share. */
tp_status tp__check_not_negative(double value, const char *what);
tp_status tp__check_betas(const tp__options *options);

typedef struct tp__group {
    tp__options options;
    double initial_lr;    /* what schedules begin with, once there was one; else NaN */
    int64_t first, count; /* of the slots */
} tp__group;

struct tp_optimizer {
    const tp__kind *kind;
    tp__home *home;
    tp__options defaults;
    int n_groups;
    tp__group *groups;
    int64_t n_slots;
    tp__slot *slots;
    void *extra; /* what `minimise` remembers */
};

/* A new optimizer with one group. */
tp_optimizer *tp__optimizer_new(const tp__kind *kind, const tp_parameter_list *parameters,
                                const tp__options *options);

/* The option's name, such as "lr". */
const char *tp__option_name(int option);
/* Whether it is a yes or no. */
bool tp__option_is_flag(int option);

/* Memory for the states that a slot needs, zeroed. */
tp_status tp__slot_states(const tp_optimizer *optimizer, const tp__options *options, tp__slot *slot);

#endif
