/* Schedules of learning rates: torch.optim.lr_scheduler.
 *
 *     tp_schedule *warm_up = tp_linear_lr(adam, .start_factor = 0.1, .total_iters = 5);
 *     tp_schedule *rest = tp_cosine_annealing_lr(adam, 95);
 *     tp_schedule *schedule = tp_sequential_lr(adam, 2, (tp_schedule *[]){warm_up, rest}, (int64_t[]){5});
 *     for (int epoch = 0; epoch < 100; epoch++) {
 *         tp_step(adam); // and the rest of the epoch
 *         if (tp_schedule_step(schedule) != TP_OK)
 *             return tp_report(stderr);
 *     }
 *
 * Making one sets the rates of its first epoch; each step sets those of the next. A schedule lives in the
 * region where it was made, and its optimizer must live at least as long. Rates are PyTorch's, in float64 and
 * by its recursive forms: a step multiplies the rate that the group has, so that schedules can be combined.
 * Below, t is the number of steps so far. The rate that a group had when its first schedule was made is its
 * base rate. TP_ERROR_ARGUMENT for a NULL optimizer and for options out of range, as they are named. */
#ifndef TAPER_SCHEDULE_H
#define TAPER_SCHEDULE_H

#include "taper/optim.h"

TP_BEGIN

typedef struct tp_schedule tp_schedule;

/* The next rates. TP_ERROR_STATE for a schedule that needs a metric, for one that is at its end, and if
 * groups were added to the optimizer since; TP_ERROR_VALUE, and no change, if a rate is NaN. */
TP_API tp_status tp_schedule_step(tp_schedule *schedule);

/* The same for tp_reduce_lr_on_plateau, with a loss or another figure; for others the metric is ignored. */
TP_API tp_status tp_schedule_step_metric(tp_schedule *schedule, double metric);

/* The rate that the last step set for a group; NaN after an error. */
TP_API double tp_schedule_last_lr(const tp_schedule *schedule, int group);
/* The number of steps so far; -1 for NULL. */
TP_API int64_t tp_schedule_last_epoch(const tp_schedule *schedule);

/* lr times gamma every step_size epochs. */
typedef struct tp_step_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    int64_t step_size TP_OPTIM_DEFAULT(0); /* at least 1 */
    double gamma TP_OPTIM_DEFAULT(0.1);
} tp_step_lr_options;
TP_API tp_schedule *tp_step_lr_with(const tp_step_lr_options *options);

/* lr times gamma at each of the milestones; twice where one is listed twice. */
typedef struct tp_multi_step_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    int count TP_OPTIM_DEFAULT(0);
    const int64_t *milestones TP_OPTIM_DEFAULT(nullptr); /* copied */
    double gamma TP_OPTIM_DEFAULT(0.1);
} tp_multi_step_lr_options;
TP_API tp_schedule *tp_multi_step_lr_with(const tp_multi_step_lr_options *options);

/* lr times factor (0 to 1) until t is total_iters. */
typedef struct tp_constant_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    double factor TP_OPTIM_DEFAULT(1.0 / 3);
    int64_t total_iters TP_OPTIM_DEFAULT(5);
} tp_constant_lr_options;
TP_API tp_schedule *tp_constant_lr_with(const tp_constant_lr_options *options);

/* lr times a factor that goes from start_factor (above 0, at most 1) to end_factor (0 to 1) in total_iters
 * steps. This is what warms up. */
typedef struct tp_linear_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    double start_factor TP_OPTIM_DEFAULT(1.0 / 3);
    double end_factor TP_OPTIM_DEFAULT(1.0);
    int64_t total_iters TP_OPTIM_DEFAULT(5);
} tp_linear_lr_options;
TP_API tp_schedule *tp_linear_lr_with(const tp_linear_lr_options *options);

/* lr times gamma in every step. */
TP_API tp_schedule *tp_exponential_lr(tp_optimizer *optimizer, double gamma);

/* lr (1 - t / total_iters)^power, and 0 from then on. */
typedef struct tp_polynomial_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    int64_t total_iters TP_OPTIM_DEFAULT(5); /* at least 1 */
    double power TP_OPTIM_DEFAULT(1.0);
} tp_polynomial_lr_options;
TP_API tp_schedule *tp_polynomial_lr_with(const tp_polynomial_lr_options *options);

/* eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / 2 (Loshchilov and Hutter 2017, without restarts); behind
 * T_max the rate rises again. */
typedef struct tp_cosine_annealing_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    int64_t T_max TP_OPTIM_DEFAULT(0); /* at least 1 */
    double eta_min TP_OPTIM_DEFAULT(0);
} tp_cosine_annealing_lr_options;
TP_API tp_schedule *tp_cosine_annealing_lr_with(const tp_cosine_annealing_lr_options *options);

/* The same with restarts: the first after T_0 steps, each one after T_mult times as many as the one before.
 */
typedef struct tp_cosine_annealing_warm_restarts_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    int64_t T_0 TP_OPTIM_DEFAULT(0);    /* at least 1 */
    int64_t T_mult TP_OPTIM_DEFAULT(1); /* at least 1 */
    double eta_min TP_OPTIM_DEFAULT(0);
} tp_cosine_annealing_warm_restarts_options;
TP_API tp_schedule *
tp_cosine_annealing_warm_restarts_with(const tp_cosine_annealing_warm_restarts_options *options);

typedef enum tp_anneal { TP_ANNEAL_COS, TP_ANNEAL_LINEAR } tp_anneal;

/* One cycle (Smith and Topin 2018): from max_lr / div_factor up to max_lr in pct_start of total_steps, down
 * to max_lr / div_factor / final_div_factor in the others; with `three_phase` back to the first rate in as
 * many steps as up, then down. A step each batch. cycle_momentum moves momentum (or beta1) the other way,
 * between max_momentum and base_momentum; the optimizer must have one. Behind total_steps, a step is a
 * TP_ERROR_STATE. */
typedef struct tp_one_cycle_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    double max_lr TP_OPTIM_DEFAULT(0);
    int64_t total_steps TP_OPTIM_DEFAULT(0);         /* at least 1 */
    const double *max_lrs TP_OPTIM_DEFAULT(nullptr); /* NULL, or one for each group instead of max_lr */
    double pct_start TP_OPTIM_DEFAULT(0.3);          /* 0 to 1 */
    tp_anneal anneal_strategy TP_OPTIM_DEFAULT(TP_ANNEAL_COS);
    bool cycle_momentum TP_OPTIM_DEFAULT(true);
    double base_momentum TP_OPTIM_DEFAULT(0.85);
    double max_momentum TP_OPTIM_DEFAULT(0.95);
    double div_factor TP_OPTIM_DEFAULT(25.0);
    double final_div_factor TP_OPTIM_DEFAULT(1e4);
    bool three_phase TP_OPTIM_DEFAULT(false);
} tp_one_cycle_lr_options;
TP_API tp_schedule *tp_one_cycle_lr_with(const tp_one_cycle_lr_options *options);

/* How the cycles' height changes: not; halved each cycle; times gamma^t. */
typedef enum tp_cycle { TP_TRIANGULAR, TP_TRIANGULAR2, TP_EXP_RANGE } tp_cycle;

/* Triangles between base_lr and max_lr (Smith 2017), step_size_up steps up and step_size_down down (0: as
 * many as up). cycle_momentum as above, the other way. */
typedef struct tp_cyclic_lr_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    double base_lr TP_OPTIM_DEFAULT(0);
    double max_lr TP_OPTIM_DEFAULT(0);
    int64_t step_size_up TP_OPTIM_DEFAULT(2000); /* at least 1 */
    int64_t step_size_down TP_OPTIM_DEFAULT(0);
    tp_cycle mode TP_OPTIM_DEFAULT(TP_TRIANGULAR);
    double gamma TP_OPTIM_DEFAULT(1.0);
    bool cycle_momentum TP_OPTIM_DEFAULT(true);
    double base_momentum TP_OPTIM_DEFAULT(0.8);
    double max_momentum TP_OPTIM_DEFAULT(0.9);
} tp_cyclic_lr_options;
TP_API tp_schedule *tp_cyclic_lr_with(const tp_cyclic_lr_options *options);

/* A factor for a group in epoch t. */
typedef double (*tp_lr_function)(int64_t t, int group, void *context);

/* The base rate times the function's result. The context must live as long as the schedule. */
TP_API tp_schedule *tp_lambda_lr(tp_optimizer *optimizer, tp_lr_function function, void *context);
/* lr times the function's result, from the first step on. */
TP_API tp_schedule *tp_multiplicative_lr(tp_optimizer *optimizer, tp_lr_function function, void *context);

/* lr times factor (below 1) after more than `patience` epochs in which the metric was no better than the best
 * so far: below it by the threshold, which counts relative to it, or as it stands if `absolute`; above it if
 * `maximize`. After that `cooldown` epochs do not count. Rates stay at min_lr or above, and change by more
 * than eps or not at all. NaN is never better. */
typedef struct tp_reduce_lr_on_plateau_options {
    tp_optimizer *optimizer TP_OPTIM_DEFAULT(nullptr);
    bool maximize TP_OPTIM_DEFAULT(false);
    double factor TP_OPTIM_DEFAULT(0.1);
    int64_t patience TP_OPTIM_DEFAULT(10);
    double threshold TP_OPTIM_DEFAULT(1e-4);
    bool absolute TP_OPTIM_DEFAULT(false);
    int64_t cooldown TP_OPTIM_DEFAULT(0);
    double min_lr TP_OPTIM_DEFAULT(0);
    const double *min_lrs TP_OPTIM_DEFAULT(nullptr); /* NULL, or one for each group instead of min_lr */
    double eps TP_OPTIM_DEFAULT(1e-8);
} tp_reduce_lr_on_plateau_options;
TP_API tp_schedule *tp_reduce_lr_on_plateau_with(const tp_reduce_lr_on_plateau_options *options);

/* One schedule after the other: schedule i + 1 begins at milestones[i] (count - 1 of them, ascending). All
 * are of this optimizer, and none needs a metric; only the first may be combined itself. They are stepped
 * through this one from then on. */
TP_API tp_schedule *tp_sequential_lr(tp_optimizer *optimizer, int count, tp_schedule *const *schedules,
                                     const int64_t *milestones);

/* All schedules at once: each step steps each of them. All are of one optimizer, and none needs a metric. */
TP_API tp_schedule *tp_chained_scheduler(int count, tp_schedule *const *schedules);

/* ---- State ---- */

/* The state as named tensors in the current region, for tp_safetensors_save: "last_epoch" and what else
 * PyTorch's state_dict has that changes; "_schedulers.0." before those of combined ones. Options are not in
 * it. */
TP_API tp_named_tensors *tp_schedule_state(const tp_schedule *schedule);

/* Takes over such a state of a schedule that was made in the same way; all or nothing. The rates that the
 * groups have are in the optimizer's state. TP_ERROR_ARGUMENT and TP_ERROR_VALUE name the key. */
TP_API tp_status tp_load_schedule_state(tp_schedule *schedule, const tp_named_tensor *tensors, int64_t n);

TP_CLOSE

#ifdef __cplusplus
static inline tp_schedule *tp_step_lr(tp_optimizer *optimizer, int64_t step_size,
                                      tp_step_lr_options options = {})
{
    options.optimizer = optimizer;
    options.step_size = step_size;
    return tp_step_lr_with(&options);
}
static inline tp_schedule *tp_multi_step_lr(tp_optimizer *optimizer, int count, const int64_t *milestones,
                                            tp_multi_step_lr_options options = {})
{
    options.optimizer = optimizer;
    options.count = count;
    options.milestones = milestones;
    return tp_multi_step_lr_with(&options);
}
static inline tp_schedule *tp_constant_lr(tp_optimizer *optimizer, tp_constant_lr_options options = {})
{
    options.optimizer = optimizer;
    return tp_constant_lr_with(&options);
}
static inline tp_schedule *tp_linear_lr(tp_optimizer *optimizer, tp_linear_lr_options options = {})
{
    options.optimizer = optimizer;
    return tp_linear_lr_with(&options);
}
static inline tp_schedule *tp_polynomial_lr(tp_optimizer *optimizer, tp_polynomial_lr_options options = {})
{
    options.optimizer = optimizer;
    return tp_polynomial_lr_with(&options);
}
static inline tp_schedule *tp_cosine_annealing_lr(tp_optimizer *optimizer, int64_t T_max,
                                                  tp_cosine_annealing_lr_options options = {})
{
    options.optimizer = optimizer;
    options.T_max = T_max;
    return tp_cosine_annealing_lr_with(&options);
}
static inline tp_schedule *
tp_cosine_annealing_warm_restarts(tp_optimizer *optimizer, int64_t T_0,
                                  tp_cosine_annealing_warm_restarts_options options = {})
{
    options.optimizer = optimizer;
    options.T_0 = T_0;
    return tp_cosine_annealing_warm_restarts_with(&options);
}
static inline tp_schedule *tp_one_cycle_lr(tp_optimizer *optimizer, double max_lr, int64_t total_steps,
                                           tp_one_cycle_lr_options options = {})
{
    options.optimizer = optimizer;
    options.max_lr = max_lr;
    options.total_steps = total_steps;
    return tp_one_cycle_lr_with(&options);
}
static inline tp_schedule *tp_cyclic_lr(tp_optimizer *optimizer, double base_lr, double max_lr,
                                        tp_cyclic_lr_options options = {})
{
    options.optimizer = optimizer;
    options.base_lr = base_lr;
    options.max_lr = max_lr;
    return tp_cyclic_lr_with(&options);
}
static inline tp_schedule *tp_reduce_lr_on_plateau(tp_optimizer *optimizer,
                                                   tp_reduce_lr_on_plateau_options options = {})
{
    options.optimizer = optimizer;
    return tp_reduce_lr_on_plateau_with(&options);
}
#else
#define tp_step_lr(...)                                                               \
    TP_WITH_OPTIONS(tp_schedule *, tp_step_lr_with, tp_step_lr_options, .gamma = 0.1, \
                    .optimizer = __VA_ARGS__)
#define tp_multi_step_lr(...)                                                                     \
    TP_WITH_OPTIONS(tp_schedule *, tp_multi_step_lr_with, tp_multi_step_lr_options, .gamma = 0.1, \
                    .optimizer = __VA_ARGS__)
#define tp_constant_lr(...)                                                                        \
    TP_WITH_OPTIONS(tp_schedule *, tp_constant_lr_with, tp_constant_lr_options, .factor = 1.0 / 3, \
                    .total_iters = 5, .optimizer = __VA_ARGS__)
#define tp_linear_lr(...)                                                                            \
    TP_WITH_OPTIONS(tp_schedule *, tp_linear_lr_with, tp_linear_lr_options, .start_factor = 1.0 / 3, \
                    .end_factor = 1.0, .total_iters = 5, .optimizer = __VA_ARGS__)
#define tp_polynomial_lr(...)                                                                         \
    TP_WITH_OPTIONS(tp_schedule *, tp_polynomial_lr_with, tp_polynomial_lr_options, .total_iters = 5, \
                    .power = 1.0, .optimizer = __VA_ARGS__)
#define tp_cosine_annealing_lr(...)                                                             \
    TP_WITH_OPTIONS(tp_schedule *, tp_cosine_annealing_lr_with, tp_cosine_annealing_lr_options, \
                    .optimizer = __VA_ARGS__)
#define tp_cosine_annealing_warm_restarts(...)                             \
    TP_WITH_OPTIONS(tp_schedule *, tp_cosine_annealing_warm_restarts_with, \
                    tp_cosine_annealing_warm_restarts_options, .T_mult = 1, .optimizer = __VA_ARGS__)
#define tp_one_cycle_lr(...)                                                                                 \
    TP_WITH_OPTIONS(tp_schedule *, tp_one_cycle_lr_with, tp_one_cycle_lr_options, .pct_start = 0.3,          \
                    .cycle_momentum = true, .base_momentum = 0.85, .max_momentum = 0.95, .div_factor = 25.0, \
                    .final_div_factor = 1e4, .optimizer = __VA_ARGS__)
#define tp_cyclic_lr(...)                                                                            \
    TP_WITH_OPTIONS(tp_schedule *, tp_cyclic_lr_with, tp_cyclic_lr_options, .step_size_up = 2000,    \
                    .gamma = 1.0, .cycle_momentum = true, .base_momentum = 0.8, .max_momentum = 0.9, \
                    .optimizer = __VA_ARGS__)
#define tp_reduce_lr_on_plateau(...)                                                              \
    TP_WITH_OPTIONS(tp_schedule *, tp_reduce_lr_on_plateau_with, tp_reduce_lr_on_plateau_options, \
                    .factor = 0.1, .patience = 10, .threshold = 1e-4, .eps = 1e-8, .optimizer = __VA_ARGS__)
#endif

#endif
