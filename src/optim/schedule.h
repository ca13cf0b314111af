/* The inside of a schedule. */
#ifndef TAPER_OPTIM_SCHEDULE_H
#define TAPER_OPTIM_SCHEDULE_H

#include "optim/optimizer.h"
#include "taper/schedule.h"

#define TP__SCHEDULE_NUMBERS 4

/* A schedule is one record: what its rates are, and what changes in it. */
typedef struct tp__schedule_kind {
    const char *type;
    const char *numbers[TP__SCHEDULE_NUMBERS]; /* the names of schedule->numbers, for its state */
    bool combines, needs_metric;
    /* The rate of a group in epoch schedule->last_epoch, from the one that it has; `initial` in the first. */
    double (*rate)(tp_schedule *schedule, int group, bool initial);
    /* The same from the base rate alone; NULL where `rate` is so. */
    double (*closed)(const tp_schedule *schedule, int group);
    /* A step, where there is more to it than rates; NULL: there is not. */
    tp_status (*step)(tp_schedule *schedule, double metric);
} tp__schedule_kind;

struct tp_schedule {
    const tp__schedule_kind *kind;
    tp__home *home;
    tp_optimizer *optimizer;
    int n_groups; /* when it was made */
    int64_t last_epoch, step_count;
    double *base_lrs, *last_lrs; /* of the groups */
    double numbers[TP__SCHEDULE_NUMBERS];
    union {
        tp_step_lr_options step;
        tp_multi_step_lr_options multi_step;
        tp_constant_lr_options constant;
        tp_linear_lr_options linear;
        double gamma;
        tp_polynomial_lr_options polynomial;
        tp_cosine_annealing_lr_options cosine;
        tp_cosine_annealing_warm_restarts_options restarts;
        tp_one_cycle_lr_options one_cycle;
        tp_cyclic_lr_options cyclic;
        tp_reduce_lr_on_plateau_options plateau;
        struct {
            tp_lr_function call;
            void *context;
        } function;
    } options;
    int n_children;
    tp_schedule **children;
    int64_t *milestones;
};

/* A new schedule of the groups that the optimizer has; last_epoch is -1. */
tp_schedule *tp__schedule_new(const tp__schedule_kind *kind, tp_optimizer *optimizer);
/* Sets the first epoch's rates; NULL if there was an error. */
tp_schedule *tp__schedule_begin(tp_schedule *schedule);

/* The place of a group's rate, or of another option. */
static inline double *tp__group_option(const tp_schedule *schedule, int group, tp__option option)
{
    return &schedule->optimizer->groups[group].options.of[option];
}

/* The kind's step, or the common one: epoch + 1, and the rates of that. */
tp_status tp__schedule_advance(tp_schedule *schedule, double metric, bool initial);
/* Sets the rates of last_epoch by the closed form if `closed` and there is one. */
tp_status tp__schedule_set(tp_schedule *schedule, bool initial, bool closed);
/* last_lrs from the groups. */
void tp__schedule_note(tp_schedule *schedule);

/* Copies of n numbers in the schedule's region; NULL after an error. */
void *tp__schedule_copy(const tp_schedule *schedule, const void *numbers, int64_t n, size_t size);

#endif
