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
    TP__N_OPTIONS
} tp__option;

typedef struct tp__options {
    double of[TP__N_OPTIONS];
} tp__options;

#define TP__MAX_STATES 3

/* A parameter and its state, row-major and of its dtype. */
typedef struct tp__slot {
    tp_tensor *parameter;
    const char *name;
    bool begun; /* its states hold something */
    int64_t steps;
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
    bool first;                   /* the states hold nothing yet */
} tp__piece;

/* What tells SGD, Adam and AdamW apart. */
typedef struct tp__kind {
    const char *type;
    bool counts;      /* steps are part of the state */
    unsigned options; /* bit i: has option i */
    const char *states[TP__MAX_STATES];
    tp_status (*check)(const tp__options *options);
    /* Whether a parameter needs state i. */
    bool (*needs)(const tp__options *options, int i);
    /* Whether elements with a gradient of 0 stay as they are, and so do their states; NULL: no. */
    bool (*skips_zeros)(const tp__options *options);
    void (*update)(const tp__options *options, const tp__piece *piece);
} tp__kind;

extern const tp__kind tp__sgd_kind, tp__adam_kind, tp__adamw_kind;

typedef struct tp__group {
    tp__options options;
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
