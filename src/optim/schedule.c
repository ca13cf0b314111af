/* Schedules: steps, combinations, state. The rates are in schedules.c. */
#include "optim/schedule.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- Making ---- */

void *tp__schedule_copy(const tp_schedule *schedule, const void *numbers, int64_t n, size_t size)
{
    if (!numbers && n) {
        tp__null_argument("the numbers of a schedule");
        return NULL;
    }
    void *copy = tp_region_alloc(tp__home_region(schedule->home), (size_t)n * size);
    if (copy && n)
        memcpy(copy, numbers, (size_t)n * size);
    return copy;
}

tp_schedule *tp__schedule_new(const tp__schedule_kind *kind, tp_optimizer *optimizer)
{
    tp_region *region = tp__region_current();
    if (!region)
        return NULL;
    if (!optimizer) {
        tp__null_argument("optimizer");
        return NULL;
    }
    const tp_region *its = tp__home_region(optimizer->home);
    if (its->depth > region->depth)
        return tp__fail_null(
            TP_ERROR_STATE,
            "the optimizer lives in region '%s', which ends before region '%s' of the schedule", its->name,
            region->name);
    const size_t n = (size_t)optimizer->n_groups;
    tp_schedule *schedule = tp_region_alloc(region, sizeof *schedule);
    double *rates = tp_region_alloc(region, 2 * n * sizeof *rates);
    if (!schedule || !rates)
        return NULL;
    schedule->kind = kind;
    schedule->home = region->home;
    schedule->optimizer = optimizer;
    schedule->n_groups = optimizer->n_groups;
    schedule->last_epoch = -1;
    schedule->base_lrs = rates;
    schedule->last_lrs = rates + n;
    return schedule;
}

tp_schedule *tp__schedule_begin(tp_schedule *schedule)
{
    for (int g = 0; g < schedule->n_groups; g++) {
        tp__group *group = &schedule->optimizer->groups[g];
        if (isnan(group->initial_lr))
            group->initial_lr = group->options.of[TP__LR];
        schedule->base_lrs[g] = group->initial_lr;
    }
    schedule->step_count = 0;
    return tp__schedule_advance(schedule, 0, true) == TP_OK ? schedule : NULL;
}

/* ---- Steps ---- */

void tp__schedule_note(tp_schedule *schedule)
{
    for (int g = 0; g < schedule->n_groups; g++)
        schedule->last_lrs[g] = *tp__group_option(schedule, g, TP__LR);
}

tp_status tp__schedule_set(tp_schedule *schedule, bool initial, bool closed)
{
    const tp__schedule_kind *kind = schedule->kind;
    for (int g = 0; g < schedule->n_groups; g++) {
        const double rate =
            closed && kind->closed ? kind->closed(schedule, g) : kind->rate(schedule, g, initial);
        if (isnan(rate))
            return tp_fail(TP_ERROR_VALUE, "%s gives no number as the learning rate of epoch %lld",
                           kind->type, (long long)schedule->last_epoch);
        schedule->last_lrs[g] = rate;
    }
    for (int g = 0; g < schedule->n_groups; g++)
        *tp__group_option(schedule, g, TP__LR) = schedule->last_lrs[g];
    return TP_OK;
}

tp_status tp__schedule_advance(tp_schedule *schedule, double metric, bool initial)
{
    schedule->step_count++;
    if (schedule->kind->step)
        return schedule->kind->step(schedule, metric);
    schedule->last_epoch++;
    return tp__schedule_set(schedule, initial, false);
}

static tp_status step(tp_schedule *schedule, double metric, bool measured)
{
    if (!schedule)
        return tp__null_argument("schedule");
    if (schedule->kind->needs_metric && !measured)
        return tp_fail(TP_ERROR_STATE, "%s needs a metric: tp_schedule_step_metric", schedule->kind->type);
    if (schedule->optimizer->n_groups != schedule->n_groups)
        return tp_fail(TP_ERROR_STATE, "the schedule was made for %d groups, and the optimizer has %d",
                       schedule->n_groups, schedule->optimizer->n_groups);
    return tp__schedule_advance(schedule, metric, false);
}

tp_status tp_schedule_step(tp_schedule *schedule)
{
    TP_FRAME("schedule_step");
    return step(schedule, 0, false);
}

tp_status tp_schedule_step_metric(tp_schedule *schedule, double metric)
{
    TP_FRAME("schedule_step_metric");
    return step(schedule, metric, true);
}

double tp_schedule_last_lr(const tp_schedule *schedule, int group)
{
    TP_FRAME("schedule_last_lr");
    if (!schedule)
        tp__null_argument("schedule");
    else if (group < 0 || group >= schedule->n_groups)
        tp_fail(TP_ERROR_ARGUMENT, "there is no group %d of %d", group, schedule->n_groups);
    else
        return schedule->last_lrs[group];
    return NAN;
}

int64_t tp_schedule_last_epoch(const tp_schedule *schedule)
{
    return schedule ? schedule->last_epoch : -1;
}

/* ---- Combinations ---- */

/* The number of milestones at or before the epoch, which is the index of the schedule that is on. */
static int index_at(const tp_schedule *schedule, int64_t epoch)
{
    int i = 0;
    while (i < schedule->n_children - 1 && schedule->milestones[i] <= epoch)
        i++;
    return i;
}

static tp_status step_sequence(tp_schedule *schedule, double metric)
{
    const int64_t epoch = ++schedule->last_epoch;
    const int i = index_at(schedule, epoch);
    tp_schedule *child = schedule->children[i];
    tp_status status;
    if (i > 0 && schedule->milestones[i - 1] == epoch) {
        child->last_epoch = 0;
        status = tp__schedule_set(child, false, true);
    } else {
        status = tp__schedule_advance(child, metric, false);
    }
    memcpy(schedule->last_lrs, child->last_lrs, (size_t)schedule->n_groups * sizeof(double));
    return status;
}

static tp_status step_chain(tp_schedule *schedule, double metric)
{
    schedule->last_epoch++;
    for (int i = 0; i < schedule->n_children; i++)
        TP__TRY(tp__schedule_advance(schedule->children[i], metric, false));
    tp__schedule_note(schedule);
    return TP_OK;
}

static const tp__schedule_kind sequential_kind = {
    .type = "SequentialLR", .combines = true, .step = step_sequence};
static const tp__schedule_kind chained_kind = {
    .type = "ChainedScheduler", .combines = true, .step = step_chain};

/* Steps that the schedules made on their own count no more. */
static void undo(tp_schedule *schedule)
{
    for (int i = 0; i < schedule->n_children; i++)
        undo(schedule->children[i]);
    if (!schedule->n_children)
        schedule->last_epoch--;
}

static tp_schedule *combine(const tp__schedule_kind *kind, tp_optimizer *optimizer, int count,
                            tp_schedule *const *schedules)
{
    if (count < 1 || !schedules)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%s expects at least one schedule", kind->type);
    for (int i = 0; i < count; i++) {
        if (!schedules[i]) {
            tp__null_argument("a schedule");
            return NULL;
        }
        if (schedules[i]->kind->needs_metric)
            return tp__fail_null(TP_ERROR_ARGUMENT, "%s cannot step schedule %d, a %s, which needs a metric",
                                 kind->type, i, schedules[i]->kind->type);
        if (!optimizer)
            optimizer = schedules[i]->optimizer;
        if (schedules[i]->optimizer != optimizer || schedules[i]->n_groups != optimizer->n_groups)
            return tp__fail_null(
                TP_ERROR_ARGUMENT,
                "%s expects schedules of the same optimizer and groups, and %d is another one's", kind->type,
                i);
        for (int k = 0; k < i; k++)
            if (schedules[k] == schedules[i])
                return tp__fail_null(TP_ERROR_ARGUMENT, "%s was given schedule %d twice", kind->type, i);
    }
    tp_schedule *made = tp__schedule_new(kind, optimizer);
    if (!made)
        return NULL;
    const tp_region *own = tp__home_region(made->home);
    for (int i = 0; i < count; i++) {
        const tp_region *its = tp__home_region(schedules[i]->home);
        if (its->depth > own->depth)
            return tp__fail_null(TP_ERROR_STATE,
                                 "schedule %d lives in region '%s', which ends before region '%s'", i,
                                 its->name, own->name);
    }
    made->children = tp__schedule_copy(made, schedules, count, sizeof(tp_schedule *));
    if (!made->children)
        return NULL;
    made->n_children = count;
    for (int g = 0; g < made->n_groups; g++)
        made->base_lrs[g] = optimizer->groups[g].initial_lr;
    made->last_epoch = 0;
    return made;
}

tp_schedule *tp_sequential_lr(tp_optimizer *optimizer, int count, tp_schedule *const *schedules,
                              const int64_t *milestones)
{
    TP_FRAME("sequential_lr");
    if (!optimizer) {
        tp__null_argument("optimizer");
        return NULL;
    }
    tp_schedule *made = combine(&sequential_kind, optimizer, count, schedules);
    if (!made || !(made->milestones = tp__schedule_copy(made, milestones, count - 1, sizeof(int64_t))))
        return NULL;
    for (int i = 0; i < count - 1; i++) {
        if (milestones[i] < 1 || (i && milestones[i] <= milestones[i - 1]))
            return tp__fail_null(TP_ERROR_ARGUMENT, "milestone %d is %lld; they ascend, from 1 on", i,
                                 (long long)milestones[i]);
        if (schedules[i + 1]->kind->combines)
            return tp__fail_null(TP_ERROR_ARGUMENT, "only the first schedule may be combined itself, not %d",
                                 i + 1);
    }
    for (int g = 0; g < made->n_groups; g++)
        *tp__group_option(made, g, TP__LR) = optimizer->groups[g].initial_lr;
    undo(made);
    tp_schedule *first = made->children[0];
    first->step_count = 0;
    if (tp__schedule_advance(first, 0, true) != TP_OK)
        return NULL;
    memcpy(made->last_lrs, first->last_lrs, (size_t)made->n_groups * sizeof(double));
    return made;
}

tp_schedule *tp_chained_scheduler(int count, tp_schedule *const *schedules)
{
    TP_FRAME("chained_scheduler");
    tp_schedule *made = combine(&chained_kind, NULL, count, schedules);
    if (made)
        tp__schedule_note(made);
    return made;
}

/* ---- State ---- */

/* Writes a state, or reads one: first to see that all is there, then to take it over. */
typedef struct visit {
    enum { COUNT, WRITE, CHECK, TAKE } what;
    tp_named_tensors *out;
    const tp_named_tensor *in;
    int64_t n, found;
} visit;

/* One entry of `n` numbers, float64 or int64. */
static tp_status entry(visit *v, const char *prefix, const char *name, double *floats, int64_t *whole,
                       int64_t n)
{
    char key[256];
    const int length = snprintf(key, sizeof key, "%s%s", prefix, name);
    if (length < 0 || (size_t)length >= sizeof key)
        return tp_fail(TP_ERROR_ARGUMENT, "schedules are combined too deeply");
    v->found++;
    if (v->what == COUNT)
        return TP_OK;
    if (v->what == WRITE) {
        tp_tensor *t = whole ? tp_scalar_i64(*whole) : tp_zeros_n(TP_F64, 1, &n);
        const char *copy = t ? tp__region_strdup(tp__region_current(), key) : NULL;
        if (!copy)
            return TP_ERROR_MEMORY;
        if (floats)
            memcpy(t->data, floats, (size_t)n * sizeof *floats);
        v->out->items[v->out->count++] = (tp_named_tensor){copy, t};
        return TP_OK;
    }
    const tp_tensor *from = NULL;
    for (int64_t i = 0; i < v->n; i++)
        if (v->in[i].name && !strcmp(v->in[i].name, key)) {
            if (from)
                return tp_fail(TP_ERROR_ARGUMENT, "\"%s\" stands there twice", key);
            if (!(from = v->in[i].tensor))
                return tp__null_argument(key);
        }
    if (!from)
        return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"%s\"", key);
    if (from->layout != TP__DENSE || from->released || !from->contiguous || from->numel != n ||
        from->dtype != (whole ? TP_I64 : TP_F64))
        return tp_fail(TP_ERROR_VALUE, "\"%s\" is no %s tensor of %lld", key, whole ? "int64" : "float64",
                       (long long)n);
    if (v->what == TAKE && whole)
        memcpy(whole, from->data, sizeof *whole);
    else if (v->what == TAKE)
        memcpy(floats, from->data, (size_t)n * sizeof *floats);
    return TP_OK;
}

static tp_status visit_schedule(visit *v, tp_schedule *s, const char *prefix)
{
    TP__TRY(entry(v, prefix, "last_epoch", NULL, &s->last_epoch, 1));
    TP__TRY(entry(v, prefix, "_step_count", NULL, &s->step_count, 1));
    TP__TRY(entry(v, prefix, "base_lrs", s->base_lrs, NULL, s->n_groups));
    TP__TRY(entry(v, prefix, "_last_lr", s->last_lrs, NULL, s->n_groups));
    for (int i = 0; i < TP__SCHEDULE_NUMBERS && s->kind->numbers[i]; i++)
        TP__TRY(entry(v, prefix, s->kind->numbers[i], &s->numbers[i], NULL, 1));
    for (int i = 0; i < s->n_children; i++) {
        char inner[200];
        const int length = snprintf(inner, sizeof inner, "%s_schedulers.%d.", prefix, i);
        if (length < 0 || (size_t)length >= sizeof inner)
            return tp_fail(TP_ERROR_ARGUMENT, "schedules are combined too deeply");
        TP__TRY(visit_schedule(v, s->children[i], inner));
    }
    return TP_OK;
}

tp_named_tensors *tp_schedule_state(const tp_schedule *schedule)
{
    if (!schedule)
        return tp__null_argument("schedule_state: schedule"), NULL;
    TP_FRAME("schedule_state");
    /* Nothing is written to it: the same walk also reads. */
    tp_schedule *read = (tp_schedule *)(uintptr_t)schedule;
    tp_region *region = tp__region_current();
    visit v = {.what = COUNT};
    if (!region || visit_schedule(&v, read, "") != TP_OK)
        return NULL;
    v.what = WRITE;
    v.out = tp_region_alloc(region, sizeof *v.out);
    if (!v.out || !(v.out->items = tp_region_alloc(region, (size_t)v.found * sizeof *v.out->items)))
        return NULL;
    return visit_schedule(&v, read, "") == TP_OK ? v.out : NULL;
}

tp_status tp_load_schedule_state(tp_schedule *schedule, const tp_named_tensor *tensors, int64_t n)
{
    TP_FRAME("load_schedule_state");
    if (!schedule || n < 0 || (n && !tensors))
        return tp__null_argument(schedule ? "tensors" : "schedule");
    visit v = {.what = CHECK, .in = tensors, .n = n};
    TP__TRY(visit_schedule(&v, schedule, ""));
    if (v.found != n)
        return tp_fail(TP_ERROR_ARGUMENT, "%lld unexpected keys for %s", (long long)(n - v.found),
                       schedule->kind->type);
    v.what = TAKE;
    return visit_schedule(&v, schedule, "");
}
