/* The schedules' rates: torch.optim.lr_scheduler, operation by operation. */
#include "optim/schedule.h"

#include <math.h>

#define PI 3.14159265358979323846

static double current(const tp_schedule *s, int group)
{
    return *tp__group_option(s, group, TP__LR);
}

static tp_status at_least(int64_t value, int64_t least, const char *name)
{
    return value >= least ? TP_OK
                          : tp_fail(TP_ERROR_ARGUMENT, "%s is %lld, not at least %lld", name,
                                    (long long)value, (long long)least);
}

/* Makes a schedule with these options. */
#define MADE(kind, field, options)                                       \
    tp_schedule *made = tp__schedule_new(&(kind), (options)->optimizer); \
    if (!made)                                                           \
        return NULL;                                                     \
    made->options.field = *(options)

/* ---- StepLR ---- */

static double step_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    const double lr = current(s, group);
    return s->last_epoch == 0 || s->last_epoch % s->options.step.step_size != 0 ? lr
                                                                                : lr * s->options.step.gamma;
}

static double step_closed(const tp_schedule *s, int group)
{
    return s->base_lrs[group] *
           pow(s->options.step.gamma, (double)(s->last_epoch / s->options.step.step_size));
}

static const tp__schedule_kind step_kind = {.type = "StepLR", .rate = step_rate, .closed = step_closed};

tp_schedule *tp_step_lr_with(const tp_step_lr_options *options)
{
    if (!options)
        return tp__null_argument("step_lr: options"), NULL;
    TP_FRAME("step_lr");
    if (at_least(options->step_size, 1, "step_size") != TP_OK)
        return NULL;
    MADE(step_kind, step, options);
    return tp__schedule_begin(made);
}

/* ---- MultiStepLR ---- */

/* How many milestones lie between two epochs, these included. */
static int milestones_between(const tp_schedule *s, int64_t first, int64_t last)
{
    int count = 0;
    for (int i = 0; i < s->options.multi_step.count; i++)
        count += s->milestones[i] >= first && s->milestones[i] <= last;
    return count;
}

static double multi_step_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    const int here = milestones_between(s, s->last_epoch, s->last_epoch);
    return here ? current(s, group) * pow(s->options.multi_step.gamma, here) : current(s, group);
}

static double multi_step_closed(const tp_schedule *s, int group)
{
    return s->base_lrs[group] *
           pow(s->options.multi_step.gamma, milestones_between(s, INT64_MIN, s->last_epoch));
}

static const tp__schedule_kind multi_step_kind = {
    .type = "MultiStepLR", .rate = multi_step_rate, .closed = multi_step_closed};

tp_schedule *tp_multi_step_lr_with(const tp_multi_step_lr_options *options)
{
    if (!options)
        return tp__null_argument("multi_step_lr: options"), NULL;
    TP_FRAME("multi_step_lr");
    if (at_least(options->count, 0, "the number of milestones") != TP_OK)
        return NULL;
    MADE(multi_step_kind, multi_step, options);
    made->milestones = tp__schedule_copy(made, options->milestones, options->count, sizeof(int64_t));
    return made->milestones ? tp__schedule_begin(made) : NULL;
}

/* ---- ConstantLR ---- */

static double constant_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    const double lr = current(s, group), factor = s->options.constant.factor;
    if (s->last_epoch == 0)
        return lr * factor;
    return s->last_epoch != s->options.constant.total_iters ? lr : lr * (1.0 / factor);
}

static double constant_closed(const tp_schedule *s, int group)
{
    const double factor = s->options.constant.factor;
    return s->base_lrs[group] *
           (factor + (s->last_epoch >= s->options.constant.total_iters ? 1 - factor : 0));
}

static const tp__schedule_kind constant_kind = {
    .type = "ConstantLR", .rate = constant_rate, .closed = constant_closed};

tp_schedule *tp_constant_lr_with(const tp_constant_lr_options *options)
{
    if (!options)
        return tp__null_argument("constant_lr: options"), NULL;
    TP_FRAME("constant_lr");
    if (!(options->factor >= 0 && options->factor <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "factor is %g, not between 0 and 1", options->factor);
    MADE(constant_kind, constant, options);
    return tp__schedule_begin(made);
}

/* ---- LinearLR ---- */

static double linear_rate(tp_schedule *s, int group, bool initial)
{
    const tp_linear_lr_options *o = &s->options.linear;
    const double lr = current(s, group), rise = o->end_factor - o->start_factor;
    if (s->last_epoch == 0)
        return lr * o->start_factor;
    if (initial || s->last_epoch > o->total_iters)
        return lr;
    return lr *
           (1.0 + rise / ((double)o->total_iters * o->start_factor + (double)(s->last_epoch - 1) * rise));
}

static double linear_closed(const tp_schedule *s, int group)
{
    const tp_linear_lr_options *o = &s->options.linear;
    const int64_t t = s->last_epoch < o->total_iters ? s->last_epoch : o->total_iters;
    return s->base_lrs[group] *
           (o->start_factor + (o->end_factor - o->start_factor) * (double)t / (double)o->total_iters);
}

static const tp__schedule_kind linear_kind = {
    .type = "LinearLR", .rate = linear_rate, .closed = linear_closed};

tp_schedule *tp_linear_lr_with(const tp_linear_lr_options *options)
{
    if (!options)
        return tp__null_argument("linear_lr: options"), NULL;
    TP_FRAME("linear_lr");
    if (!(options->start_factor > 0 && options->start_factor <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "start_factor is %g, not above 0 and at most 1",
                             options->start_factor);
    if (!(options->end_factor >= 0 && options->end_factor <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "end_factor is %g, not between 0 and 1", options->end_factor);
    if (at_least(options->total_iters, 1, "total_iters") != TP_OK)
        return NULL;
    MADE(linear_kind, linear, options);
    return tp__schedule_begin(made);
}

/* ---- ExponentialLR ---- */

static double exponential_rate(tp_schedule *s, int group, bool initial)
{
    return initial ? current(s, group) : current(s, group) * s->options.gamma;
}

static double exponential_closed(const tp_schedule *s, int group)
{
    return s->base_lrs[group] * pow(s->options.gamma, (double)s->last_epoch);
}

static const tp__schedule_kind exponential_kind = {
    .type = "ExponentialLR", .rate = exponential_rate, .closed = exponential_closed};

tp_schedule *tp_exponential_lr(tp_optimizer *optimizer, double gamma)
{
    TP_FRAME("exponential_lr");
    tp_schedule *made = tp__schedule_new(&exponential_kind, optimizer);
    if (!made)
        return NULL;
    made->options.gamma = gamma;
    return tp__schedule_begin(made);
}

/* ---- PolynomialLR ---- */

static double polynomial_rate(tp_schedule *s, int group, bool initial)
{
    const tp_polynomial_lr_options *o = &s->options.polynomial;
    const double t = (double)s->last_epoch, n = (double)o->total_iters;
    if (initial || s->last_epoch > o->total_iters)
        return current(s, group);
    return current(s, group) * pow((1.0 - t / n) / (1.0 - (t - 1) / n), o->power);
}

static double polynomial_closed(const tp_schedule *s, int group)
{
    const tp_polynomial_lr_options *o = &s->options.polynomial;
    const int64_t t = s->last_epoch < o->total_iters ? s->last_epoch : o->total_iters;
    return s->base_lrs[group] * pow(1.0 - (double)t / (double)o->total_iters, o->power);
}

static const tp__schedule_kind polynomial_kind = {
    .type = "PolynomialLR", .rate = polynomial_rate, .closed = polynomial_closed};

tp_schedule *tp_polynomial_lr_with(const tp_polynomial_lr_options *options)
{
    if (!options)
        return tp__null_argument("polynomial_lr: options"), NULL;
    TP_FRAME("polynomial_lr");
    if (at_least(options->total_iters, 1, "total_iters") != TP_OK)
        return NULL;
    MADE(polynomial_kind, polynomial, options);
    return tp__schedule_begin(made);
}

/* ---- CosineAnnealingLR ---- */

static double cosine_rate(tp_schedule *s, int group, bool initial)
{
    const tp_cosine_annealing_lr_options *o = &s->options.cosine;
    const double lr = current(s, group), t = (double)s->last_epoch, T_max = (double)o->T_max;
    if (initial)
        return lr;
    if ((s->last_epoch - 1 - o->T_max) % (2 * o->T_max) == 0)
        return lr + (s->base_lrs[group] - o->eta_min) * (1 - cos(PI / T_max)) / 2;
    return (1 + cos(PI * t / T_max)) / (1 + cos(PI * (t - 1) / T_max)) * (lr - o->eta_min) + o->eta_min;
}

static double cosine_closed(const tp_schedule *s, int group)
{
    const tp_cosine_annealing_lr_options *o = &s->options.cosine;
    return o->eta_min +
           (s->base_lrs[group] - o->eta_min) * (1 + cos(PI * (double)s->last_epoch / (double)o->T_max)) / 2;
}

static const tp__schedule_kind cosine_kind = {
    .type = "CosineAnnealingLR", .rate = cosine_rate, .closed = cosine_closed};

tp_schedule *tp_cosine_annealing_lr_with(const tp_cosine_annealing_lr_options *options)
{
    if (!options)
        return tp__null_argument("cosine_annealing_lr: options"), NULL;
    TP_FRAME("cosine_annealing_lr");
    if (at_least(options->T_max, 1, "T_max") != TP_OK)
        return NULL;
    if (options->T_max > INT64_MAX / 4)
        return tp__fail_null(TP_ERROR_ARGUMENT, "T_max is %lld, which is too much",
                             (long long)options->T_max);
    MADE(cosine_kind, cosine, options);
    return tp__schedule_begin(made);
}

/* ---- CosineAnnealingWarmRestarts ---- */

enum { T_CUR, T_I };

static double restarts_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    const double eta_min = s->options.restarts.eta_min;
    return eta_min + (s->base_lrs[group] - eta_min) * (1 + cos(PI * s->numbers[T_CUR] / s->numbers[T_I])) / 2;
}

static tp_status restarts_step(tp_schedule *s, double metric)
{
    (void)metric;
    s->step_count = 0; /* PyTorch does not count these */
    if (s->last_epoch < 0) {
        s->numbers[T_CUR] = 0;
        s->numbers[T_I] = (double)s->options.restarts.T_0;
    } else {
        s->numbers[T_CUR]++;
        if (s->numbers[T_CUR] >= s->numbers[T_I]) {
            s->numbers[T_CUR] = fmod(s->numbers[T_CUR], s->numbers[T_I]);
            s->numbers[T_I] *= (double)s->options.restarts.T_mult;
        }
    }
    s->last_epoch++;
    return tp__schedule_set(s, false, false);
}

static const tp__schedule_kind restarts_kind = {.type = "CosineAnnealingWarmRestarts",
                                                .numbers = {"T_cur", "T_i"},
                                                .rate = restarts_rate,
                                                .step = restarts_step};

tp_schedule *tp_cosine_annealing_warm_restarts_with(const tp_cosine_annealing_warm_restarts_options *options)
{
    if (!options)
        return tp__null_argument("cosine_annealing_warm_restarts: options"), NULL;
    TP_FRAME("cosine_annealing_warm_restarts");
    if (at_least(options->T_0, 1, "T_0") != TP_OK || at_least(options->T_mult, 1, "T_mult") != TP_OK)
        return NULL;
    MADE(restarts_kind, restarts, options);
    return tp__schedule_begin(made);
}

/* ---- OneCycleLR and CyclicLR ---- */

/* The option that is cycled against the rate; -1 after an error. */
static int momentum_option(const tp_optimizer *optimizer)
{
    const unsigned options = optimizer->kind->options;
    if (options & TP__OPTION(TP__BETA1))
        return TP__BETA1;
    if (options & TP__OPTION(TP__MOMENTUM))
        return TP__MOMENTUM;
    tp_fail(TP_ERROR_ARGUMENT, "%s has no momentum or beta1 for cycle_momentum", optimizer->kind->type);
    return -1;
}

static double anneal(const tp_one_cycle_lr_options *o, double start, double end, double part)
{
    if (o->anneal_strategy == TP_ANNEAL_LINEAR)
        return (end - start) * part + start;
    const double height = cos(PI * part) + 1;
    return end + (start - end) / 2.0 * height;
}

/* The first rate is the group's base rate. */
static double one_cycle_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    const tp_one_cycle_lr_options *o = &s->options.one_cycle;
    const double total = (double)o->total_steps, t = (double)s->last_epoch;
    const double first = s->base_lrs[group], top = o->max_lrs ? o->max_lrs[group] : o->max_lr;
    const double least = first / o->final_div_factor;
    const struct phase {
        double end, from, to, momentum_from, momentum_to;
    } up = {o->pct_start * total - 1, first, top, o->max_momentum, o->base_momentum},
      back = {2 * o->pct_start * total - 2, top, first, o->base_momentum, o->max_momentum},
      away = {total - 1, first, least, o->max_momentum, o->max_momentum},
      down = {total - 1, top, least, o->base_momentum, o->max_momentum};
    const struct phase three[] = {up, back, away}, two[] = {up, down};
    const struct phase *phase = o->three_phase ? three : two, *last = phase + (o->three_phase ? 2 : 1);
    double start = 0;
    while (t > phase->end && phase < last)
        start = phase++->end;
    const double part = (t - start) / (phase->end - start);
    if (isnan(part))
        return NAN;
    if (o->cycle_momentum)
        *tp__group_option(s, group, (tp__option)momentum_option(s->optimizer)) =
            anneal(o, phase->momentum_from, phase->momentum_to, part);
    return anneal(o, phase->from, phase->to, part);
}

static tp_status one_cycle_step(tp_schedule *s, double metric)
{
    (void)metric;
    if (s->last_epoch >= s->options.one_cycle.total_steps)
        return tp_fail(TP_ERROR_STATE,
                       "Tried to step %lld times. The specified number of total steps is %lld",
                       (long long)s->last_epoch + 1, (long long)s->options.one_cycle.total_steps);
    s->last_epoch++;
    return tp__schedule_set(s, false, false);
}

static const tp__schedule_kind one_cycle_kind = {
    .type = "OneCycleLR", .rate = one_cycle_rate, .step = one_cycle_step};

tp_schedule *tp_one_cycle_lr_with(const tp_one_cycle_lr_options *options)
{
    if (!options)
        return tp__null_argument("one_cycle_lr: options"), NULL;
    TP_FRAME("one_cycle_lr");
    if (at_least(options->total_steps, 1, "total_steps") != TP_OK)
        return NULL;
    if (!(options->pct_start >= 0 && options->pct_start <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "pct_start is %g, not between 0 and 1", options->pct_start);
    if ((unsigned)options->anneal_strategy > TP_ANNEAL_LINEAR)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%d is no anneal_strategy", (int)options->anneal_strategy);
    MADE(one_cycle_kind, one_cycle, options);
    if (options->cycle_momentum && momentum_option(options->optimizer) < 0)
        return NULL;
    if (options->max_lrs) {
        made->options.one_cycle.max_lrs =
            tp__schedule_copy(made, options->max_lrs, made->n_groups, sizeof(double));
        if (!made->options.one_cycle.max_lrs)
            return NULL;
    }
    for (int g = 0; g < made->n_groups; g++)
        options->optimizer->groups[g].initial_lr =
            (options->max_lrs ? options->max_lrs[g] : options->max_lr) / options->div_factor;
    return tp__schedule_begin(made);
}

static double cyclic_scale(const tp_cyclic_lr_options *o, double cycle, double epoch)
{
    if (o->mode == TP_TRIANGULAR2)
        return 1 / pow(2.0, cycle - 1);
    return o->mode == TP_EXP_RANGE ? pow(o->gamma, epoch) : 1.0;
}

static double cyclic_rate(tp_schedule *s, int group, bool initial)
{
    const tp_cyclic_lr_options *o = &s->options.cyclic;
    const double up = (double)o->step_size_up;
    const double total = up + (o->step_size_down ? (double)o->step_size_down : up), ratio = up / total;
    const double epoch = (double)s->last_epoch, cycle = floor(1 + epoch / total);
    const double x = 1.0 + epoch / total - cycle;
    const double part = x <= ratio ? x / ratio : (x - 1) / (ratio - 1);
    const double scale = cyclic_scale(o, cycle, epoch);
    if (o->cycle_momentum)
        *tp__group_option(s, group, (tp__option)momentum_option(s->optimizer)) =
            o->max_momentum - (o->max_momentum - o->base_momentum) * part * scale;
    /* In the first epoch the base is what earlier schedules say. */
    const double base = initial ? s->base_lrs[group] : o->base_lr;
    return base + (o->max_lr - base) * part * scale;
}

static const tp__schedule_kind cyclic_kind = {.type = "CyclicLR", .rate = cyclic_rate};

tp_schedule *tp_cyclic_lr_with(const tp_cyclic_lr_options *options)
{
    if (!options)
        return tp__null_argument("cyclic_lr: options"), NULL;
    TP_FRAME("cyclic_lr");
    if (at_least(options->step_size_up, 1, "step_size_up") != TP_OK ||
        at_least(options->step_size_down, 0, "step_size_down") != TP_OK)
        return NULL;
    if ((unsigned)options->mode > TP_EXP_RANGE)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%d is no mode", (int)options->mode);
    MADE(cyclic_kind, cyclic, options);
    if (options->cycle_momentum && momentum_option(options->optimizer) < 0)
        return NULL;
    for (int g = 0; g < made->n_groups; g++)
        *tp__group_option(made, g, TP__LR) = options->base_lr;
    return tp__schedule_begin(made);
}

/* ---- LambdaLR and MultiplicativeLR ---- */

static double lambda_rate(tp_schedule *s, int group, bool initial)
{
    (void)initial;
    return s->base_lrs[group] * s->options.function.call(s->last_epoch, group, s->options.function.context);
}

static double multiplicative_rate(tp_schedule *s, int group, bool initial)
{
    if (initial)
        return current(s, group);
    return current(s, group) * s->options.function.call(s->last_epoch, group, s->options.function.context);
}

static const tp__schedule_kind lambda_kind = {.type = "LambdaLR", .rate = lambda_rate};
static const tp__schedule_kind multiplicative_kind = {.type = "MultiplicativeLR",
                                                      .rate = multiplicative_rate};

static tp_schedule *of_function(const tp__schedule_kind *kind, tp_optimizer *optimizer,
                                tp_lr_function function, void *context)
{
    if (!function) {
        tp__null_argument("function");
        return NULL;
    }
    tp_schedule *made = tp__schedule_new(kind, optimizer);
    if (!made)
        return NULL;
    made->options.function.call = function;
    made->options.function.context = context;
    return tp__schedule_begin(made);
}

tp_schedule *tp_lambda_lr(tp_optimizer *optimizer, tp_lr_function function, void *context)
{
    TP_FRAME("lambda_lr");
    return of_function(&lambda_kind, optimizer, function, context);
}

tp_schedule *tp_multiplicative_lr(tp_optimizer *optimizer, tp_lr_function function, void *context)
{
    TP_FRAME("multiplicative_lr");
    return of_function(&multiplicative_kind, optimizer, function, context);
}

/* ---- ReduceLROnPlateau ---- */

enum { BEST, BAD_EPOCHS, COOLDOWN };

static bool better(const tp_reduce_lr_on_plateau_options *o, double metric, double best)
{
    if (!o->maximize)
        return metric < (o->absolute ? best - o->threshold : best * (1.0 - o->threshold));
    return metric > (o->absolute ? best + o->threshold : best * (o->threshold + 1.0));
}

static tp_status plateau_step(tp_schedule *s, double metric)
{
    const tp_reduce_lr_on_plateau_options *o = &s->options.plateau;
    s->last_epoch++;
    if (better(o, metric, s->numbers[BEST])) {
        s->numbers[BEST] = metric;
        s->numbers[BAD_EPOCHS] = 0;
    } else {
        s->numbers[BAD_EPOCHS]++;
    }
    if (s->numbers[COOLDOWN] > 0) {
        s->numbers[COOLDOWN]--;
        s->numbers[BAD_EPOCHS] = 0;
    }
    if (s->numbers[BAD_EPOCHS] > (double)o->patience) {
        for (int g = 0; g < s->n_groups; g++) {
            const double old = current(s, g), least = o->min_lrs ? o->min_lrs[g] : o->min_lr;
            const double lower = least > old * o->factor ? least : old * o->factor;
            if (old - lower > o->eps)
                *tp__group_option(s, g, TP__LR) = lower;
        }
        s->numbers[COOLDOWN] = (double)o->cooldown;
        s->numbers[BAD_EPOCHS] = 0;
    }
    tp__schedule_note(s);
    return TP_OK;
}

static const tp__schedule_kind plateau_kind = {.type = "ReduceLROnPlateau",
                                               .numbers = {"best", "num_bad_epochs", "cooldown_counter"},
                                               .needs_metric = true,
                                               .step = plateau_step};

tp_schedule *tp_reduce_lr_on_plateau_with(const tp_reduce_lr_on_plateau_options *options)
{
    if (!options)
        return tp__null_argument("reduce_lr_on_plateau: options"), NULL;
    TP_FRAME("reduce_lr_on_plateau");
    if (!(options->factor < 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "factor is %g, not below 1", options->factor);
    MADE(plateau_kind, plateau, options);
    if (options->min_lrs) {
        made->options.plateau.min_lrs =
            tp__schedule_copy(made, options->min_lrs, made->n_groups, sizeof(double));
        if (!made->options.plateau.min_lrs)
            return NULL;
    }
    made->last_epoch = 0;
    made->numbers[BEST] = options->maximize ? -(double)INFINITY : (double)INFINITY;
    for (int g = 0; g < made->n_groups; g++)
        made->base_lrs[g] = current(made, g);
    tp__schedule_note(made);
    return made;
}
