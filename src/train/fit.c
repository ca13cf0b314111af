/* The training loop. */
#include "train/fit.h"

#include <math.h>
#include <time.h>

double tp__seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

tp_fit_state tp__fit_state(const tp__fit *fit)
{
    const tp__progress *p = &fit->progress;
    return (tp_fit_state){
        .epoch = p->epoch,
        .epochs = fit->options->epochs,
        .step = p->step,
        .steps = p->steps,
        .total_steps = p->total_steps,
        .loss = p->loss,
        .interval_loss = fit->interval_loss,
        .epoch_loss = p->step ? p->epoch_sum / (double)p->step : (double)NAN,
        .train_accuracy = tp__accuracy_of(&p->counts),
        .dev_loss = p->dev_loss,
        .dev_accuracy = p->dev_accuracy,
        .at_epoch_end = p->at_epoch_end != 0,
        .improved = p->improved != 0,
        .best_metric = p->best_metric,
        .best_epoch = p->best_epoch,
        .best_step = p->best_step,
        .best_total_steps = p->best_total_steps,
        .wait = p->wait,
        .evaluations = p->evaluations,
        .seconds = tp__seconds() - fit->began,
    };
}

void tp__copy_values(const tp_named_tensors *from, const tp_named_tensors *to)
{
    for (int64_t i = 0; i < from->count; i++) {
        tp__copy_elements(from->items[i].tensor, to->items[i].tensor);
        tp__changed(to->items[i].tensor);
    }
}

/* ---- Callbacks ---- */

typedef tp_status (*callback)(void *argument, const tp_fit_state *state);

/* An interruption is honoured when the running step or epoch is complete, so that training can be resumed. */
static tp_status call(tp__fit *fit, callback function, const tp_fit_state *state)
{
    const tp_status status = function(fit->options->callbacks->argument, state);
    if (status == TP_INTERRUPTED) {
        fit->interrupted = true;
        return TP_OK;
    }
    if (status != TP_OK && tp_error() == TP_OK)
        tp_fail(status, "fit: a callback returned %s", tp_status_name(status));
    return status;
}

#define CALL(fit, name, state)                                    \
    ((fit)->options->callbacks && (fit)->options->callbacks->name \
         ? call(fit, (fit)->options->callbacks->name, state)      \
         : TP_OK)

/* ---- Evaluations ---- */

static bool better(const tp_fit_options *o, double metric, double best, double by_more_than)
{
    if (!isfinite(metric) || isnan(best))
        return isfinite(metric);
    return (o->metric == TP_FIT_DEV_ACCURACY ? metric - best : best - metric) > by_more_than;
}

static tp_status keep_best(tp__fit *fit, double metric)
{
    tp__progress *p = &fit->progress;
    tp__copy_values(fit->state, fit->best);
    p->has_best = 1;
    p->best_metric = metric;
    p->best_epoch = p->epoch;
    p->best_step = p->step;
    p->best_total_steps = p->total_steps;
    const char *path = fit->options->best_path;
    return path ? tp_safetensors_save(path, fit->best->items, fit->best->count, NULL, 0) : TP_OK;
}

/* Whether evaluations are made within epochs; then only those count for patience. */
static bool evaluates_within(const tp__fit *fit)
{
    return fit->options->eval_every > 0 && fit->options->eval_every < fit->progress.steps;
}

static tp_status evaluate(tp__fit *fit, bool at_epoch_end)
{
    const tp_fit_options *o = fit->options;
    tp__progress *p = &fit->progress;
    const double began = tp__seconds();
    const bool averaged = o->average && tp_average_count(o->average) > 0;
    TP__TRY(averaged ? tp_average_swap(o->average) : TP_OK);
    tp_evaluation e;
    tp_status status = tp__evaluate(o->model, &(tp__modes){0}, o->dev, fit->step, fit->step_argument, &e);
    tp_train(o->model);
    fit->evaluation_seconds += tp__seconds() - began;
    const double metric = o->metric == TP_FIT_DEV_ACCURACY ? e.accuracy : e.loss;
    if (status == TP_OK) {
        p->evaluations++;
        p->dev_loss = e.loss;
        p->dev_accuracy = e.accuracy;
        p->at_epoch_end = at_epoch_end;
        p->improved = better(o, metric, p->best_metric, 0);
        if (p->improved)
            status = keep_best(fit, metric);
    }
    if (averaged)
        tp_average_swap(o->average);
    if (status == TP_OK && o->metric_schedule)
        status = tp_schedule_step_metric(o->metric_schedule, metric);
    if (status != TP_OK)
        return status;
    if (at_epoch_end && evaluates_within(fit))
        return TP_OK;
    if (better(o, metric, p->stop_metric, o->min_delta)) {
        p->stop_metric = metric;
        p->wait = 0;
    } else {
        p->wait++;
        fit->stopped_early = o->patience >= 0 && p->wait >= o->patience;
    }
    return TP_OK;
}

/* ---- Steps ---- */

static tp_tensor *add_penalties(const tp__fit *fit, tp_tensor *loss)
{
    const tp_fit_options *o = fit->options;
    if (o->l2_penalty != 0)
        loss = tp_add(loss, tp_mul(tp_mean(tp_pow(fit->l2_parameter, 2.0)), o->l2_penalty));
    if (o->penalty)
        loss = tp_add(loss, o->penalty(o->penalty_argument));
    return loss;
}

/* What is due when a step's loss is known and its update is not made. */
static tp_status between(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    tp__progress *p = &fit->progress;
    if (o->log_every > 0 && p->step % o->log_every == 0) {
        fit->interval_loss = p->interval_sum / (double)p->interval_steps;
        p->interval_sum = 0;
        p->interval_steps = 0;
        const tp_fit_state state = tp__fit_state(fit);
        tp__bar_erase(&fit->bar);
        tp__log_interval(o, &state);
        TP__TRY(CALL(fit, interval, &state));
    }
    if (o->dev && o->eval_every > 0 && p->step % o->eval_every == 0) {
        TP__TRY(evaluate(fit, false));
        const tp_fit_state state = tp__fit_state(fit);
        tp__bar_erase(&fit->bar);
        tp__log_evaluation(o, &state);
        TP__TRY(CALL(fit, evaluation, &state));
    }
    return TP_OK;
}

static tp_status run_step(tp__fit *fit, tp_batch *batch)
{
    TP_SCOPE(step);
    tp__progress *p = &fit->progress;
    /* To evaluate an average, the model's values are exchanged, which what is recorded would not survive. */
    const bool early = fit->options->average != NULL;
    if (early && p->step > 0) {
        TP__TRY(between(fit));
        if (fit->stopped_early)
            return TP_OK;
    }
    tp_step_output output = {0};
    tp_status status = fit->step(fit->step_argument, batch, &output);
    if (status != TP_OK) {
        if (tp_error() == TP_OK)
            tp_fail(status, "fit: the step function returned %s", tp_status_name(status));
        return status;
    }
    tp_tensor *loss = add_penalties(fit, output.loss);
    if (!loss)
        return tp__null_argument("the loss");
    if (loss->numel != 1)
        return tp_fail(TP_ERROR_SHAPE, "fit: a loss of %lld elements; one is needed", (long long)loss->numel);
    const double value = tp_item(loss);
    if (!early && p->step > 0) {
        TP__TRY(between(fit));
        if (fit->stopped_early)
            return TP_OK;
    }
    TP__TRY(tp__count(&p->counts, batch, &output));
    tp_zero_grad(fit->options->optimizer);
    TP__TRY(tp_backward_with(&(tp_backward_options){.root = loss}));
    if (fit->parameters && isnan(tp_clip_grad_norm(fit->parameters, fit->options->clip_norm)) &&
        tp_error() != TP_OK)
        return tp_error();
    TP__TRY(tp_step(fit->options->optimizer));
    if (fit->options->average)
        TP__TRY(tp_average_update(fit->options->average));
    if (fit->options->schedule)
        TP__TRY(tp_schedule_step(fit->options->schedule));
    p->loss = value;
    p->epoch_sum += value;
    p->interval_sum += value;
    p->interval_steps++;
    p->step++;
    p->total_steps++;
    return TP_OK;
}

static tp_status after_step(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    if (fit->bar.stream || (o->callbacks && o->callbacks->step)) {
        const tp_fit_state state = tp__fit_state(fit);
        tp__bar_draw(&fit->bar, &state);
        TP__TRY(CALL(fit, step, &state));
    }
    if (o->stop && *o->stop)
        fit->interrupted = true;
    if (o->checkpoint_every > 0 && fit->progress.total_steps % o->checkpoint_every == 0 && !fit->interrupted)
        return tp__checkpoint_save(fit, o->checkpoint_path);
    return TP_OK;
}

/* ---- Epochs ---- */

/* The steps of an epoch that are left. TP_END when none is; TP_OK when training ends here. */
static tp_status run_steps(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    double before = tp__seconds();
    for (;;) {
        tp_batch *batch;
        const tp_status status = tp_loader_next(o->train, &batch);
        const double loaded = tp__seconds();
        fit->data_seconds += loaded - before;
        if (status != TP_OK)
            return status;
        fit->progress.loader_seed = tp_loader_epoch_seed(o->train);
        const double evaluating = fit->evaluation_seconds;
        TP__TRY(run_step(fit, batch));
        before = tp__seconds();
        fit->step_seconds += before - loaded - (fit->evaluation_seconds - evaluating);
        if (fit->stopped_early)
            return TP_OK;
        TP__TRY(after_step(fit));
        if (fit->interrupted)
            return TP_OK;
    }
}

static tp_status begin_epoch(tp__fit *fit)
{
    tp__progress *p = &fit->progress;
    p->in_epoch = 1;
    p->step = 0;
    p->counts = (tp__counts){0};
    p->epoch_sum = p->interval_sum = 0;
    p->interval_steps = 0;
    const tp_fit_state state = tp__fit_state(fit);
    tp__bar_erase(&fit->bar);
    tp__log_epoch_begin(fit->options, p->epoch);
    return CALL(fit, epoch_begin, &state);
}

static tp_status end_epoch(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    tp__progress *p = &fit->progress;
    tp__bar_erase(&fit->bar);
    if (o->dev)
        TP__TRY(evaluate(fit, true));
    const tp_fit_state state = tp__fit_state(fit);
    tp__log_epoch(o, &state);
    if (o->dev)
        TP__TRY(CALL(fit, evaluation, &state));
    TP__TRY(CALL(fit, epoch, &state));
    p->epoch++;
    p->step = 0;
    p->in_epoch = 0;
    return TP_OK;
}

static tp_status train(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    while (fit->progress.epoch < o->epochs && !fit->interrupted && !fit->stopped_early) {
        if (!fit->progress.in_epoch)
            TP__TRY(begin_epoch(fit));
        const tp_status status = run_steps(fit);
        if (status == TP_END)
            TP__TRY(end_epoch(fit));
        else if (status != TP_OK)
            return status;
    }
    if (fit->stopped_early) {
        tp__bar_erase(&fit->bar);
        tp__log_stop(o);
        fit->interrupted = false;
    }
    return TP_OK;
}

/* ---- Before and after ---- */

static tp_status check_numbers(const tp_fit_options *o)
{
    const struct {
        const char *name;
        int64_t value;
    } counts[] = {{"epochs", o->epochs},
                  {"log_every", o->log_every},
                  {"eval_every", o->eval_every},
                  {"checkpoint_every", o->checkpoint_every}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].value < 0)
            return tp_fail(TP_ERROR_ARGUMENT, "%s is %lld", counts[i].name, (long long)counts[i].value);
    if (o->digits < 0 || o->digits > 17)
        return tp_fail(TP_ERROR_ARGUMENT, "digits is %d; 0 to 17 are possible", o->digits);
    if (!isfinite(o->min_delta) || o->min_delta < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "min_delta is %g", o->min_delta);
    if (!isfinite(o->clip_norm) || o->clip_norm < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "clip_norm is %g", o->clip_norm);
    if (!isfinite(o->l2_penalty))
        return tp_fail(TP_ERROR_ARGUMENT, "l2_penalty is %g", o->l2_penalty);
    return TP_OK;
}

static tp_status check_options(const tp_fit_options *o)
{
    TP_FRAME("fit");
    if (!o || !o->model || !o->train || !o->optimizer)
        return tp__null_argument(!o          ? "options"
                                 : !o->model ? "model"
                                 : !o->train ? "the train loader"
                                             : "optimizer");
    TP__TRY(check_numbers(o));
    if (!o->step)
        TP__TRY(tp__check_loss(o->loss));
    if (o->metric != TP_FIT_DEV_ACCURACY && o->metric != TP_FIT_DEV_LOSS)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no metric", (int)o->metric);
    if (!o->dev && (o->patience >= 0 || o->eval_every > 0))
        return tp_fail(TP_ERROR_ARGUMENT, "%s without a dev loader",
                       o->patience >= 0 ? "early stopping" : "eval_every");
    if (o->dev && o->dev == o->train)
        return tp_fail(TP_ERROR_ARGUMENT, "train and dev are the same loader; make two of them");
    if (o->dev && !o->step && o->loss == TP_FIT_MSE && o->metric == TP_FIT_DEV_ACCURACY)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "there is no accuracy of TP_FIT_MSE; use .metric = TP_FIT_DEV_LOSS");
    if (o->class_weights && o->step)
        return tp_fail(TP_ERROR_ARGUMENT, "class_weights are for the built-in losses");
    if (o->metric_schedule && !o->dev)
        return tp_fail(TP_ERROR_ARGUMENT, "metric_schedule without a dev loader");
    if (o->average && tp_average_swapped(o->average))
        return tp_fail(TP_ERROR_STATE, "the average is swapped with the model");
    if (o->checkpoint_every > 0 && !o->checkpoint_path)
        return tp_fail(TP_ERROR_ARGUMENT, "checkpoint_every without checkpoint_path");
    return TP_OK;
}

static tp_status find_l2_parameter(tp__fit *fit)
{
    if (fit->options->l2_penalty == 0)
        return TP_OK;
    fit->l2_parameter = fit->options->l2_parameter;
    if (fit->l2_parameter)
        return TP_OK;
    const tp_parameter_list *parameters = tp_parameters(fit->options->model);
    if (!parameters)
        return tp_error();
    if (!parameters->count)
        return tp_fail(TP_ERROR_STATE, "fit: l2_penalty for a model without parameters");
    fit->l2_parameter = parameters->tensors[0];
    return TP_OK;
}

/* Everything is made in the region of the run, before anything changes. */
static tp_status prepare(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    tp__progress *p = &fit->progress;
    p->steps = tp_loader_length(o->train);
    p->items_of_epoch = tp_dataset_length(tp_loader_dataset(o->train));
    p->batch_size = tp_loader_batch_size(o->train);
    p->best_epoch = p->best_step = p->best_total_steps = -1;
    p->loss = p->dev_loss = p->dev_accuracy = p->best_metric = p->stop_metric = NAN;
    TP__TRY(find_l2_parameter(fit));
    if (o->clip_norm > 0 && !(fit->parameters = tp_parameters(o->model)))
        return tp_error();
    fit->state = tp_state_dict(o->model);
    fit->best = tp_copy_named_tensors(fit->state);
    if (!fit->best || tp__modes_remember(&fit->modes, o->model) != TP_OK)
        return tp_error();
    tp_loader_reset(o->train);
    if (o->resume_path) {
        TP__TRY(tp__checkpoint_load(fit, o->resume_path));
        fit->resumed_at = p->total_steps;
    }
    tp__bar_open(&fit->bar, o->progress, p->total_steps);
    tp_train(o->model);
    return TP_OK;
}

static void report(tp__fit *fit)
{
    const tp_fit_options *o = fit->options;
    const tp_fit_state state = tp__fit_state(fit);
    if (o->result)
        *o->result = (tp_fit_result){.stopped_early = fit->stopped_early,
                                     .interrupted = fit->interrupted,
                                     .state = state,
                                     .data_seconds = fit->data_seconds,
                                     .step_seconds = fit->step_seconds,
                                     .evaluation_seconds = fit->evaluation_seconds,
                                     .seconds = state.seconds,
                                     .resumed_at = fit->resumed_at};
    if (o->callbacks && o->callbacks->end)
        o->callbacks->end(o->callbacks->argument, &state);
}

tp_status tp_fit_with(const tp_fit_options *options)
{
    TP__TRY(check_options(options));
    TP_SCOPE(fit);
    tp__fit fit = {.options = options,
                   .step = options->step ? options->step : tp__builtin_step_run,
                   .builtin = {options->model, options->loss, options->class_weights},
                   .interval_loss = NAN,
                   .began = tp__seconds()};
    fit.step_argument = options->step ? options->step_argument : &fit.builtin;
    tp_status status = prepare(&fit);
    if (status == TP_OK)
        status = train(&fit);
    tp__bar_erase(&fit.bar);
    if (status == TP_OK && fit.interrupted && options->checkpoint_path)
        status = tp__checkpoint_save(&fit, options->checkpoint_path);
    if (fit.progress.has_best && !options->keep_last)
        tp__copy_values(fit.best, fit.state);
    else if (options->average && tp_average_count(options->average) > 0)
        tp_average_swap(options->average);
    tp__modes_restore(&fit.modes);
    tp_loader_reset(options->train);
    tp_loader_reset(options->dev);
    report(&fit);
    return status == TP_OK && fit.interrupted ? TP_INTERRUPTED : status;
}
