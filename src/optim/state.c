/* An optimizer's state as named tensors, and back; and what is printed of an optimizer. */
#include "nn/writer.h"
#include "optim/optimizer.h"

#include <stdarg.h>
#include <string.h>

/* ---- Out ---- */

typedef struct list {
    tp_named_tensors *tensors;
    bool failed;
} list;

/* Adds a tensor under the name that the format makes. */
TP_PRINTF(3, 4) static void add(list *to, tp_tensor *tensor, const char *format, ...)
{
    char name[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    const char *copy = tensor ? tp__region_strdup(tp__region_current(), name) : NULL;
    if (!copy)
        to->failed = true;
    else
        to->tensors->items[to->tensors->count++] = (tp_named_tensor){copy, tensor};
}

tp_named_tensors *tp_optimizer_state(const tp_optimizer *optimizer)
{
    if (!optimizer)
        return tp__null_argument("optimizer_state: optimizer"), NULL;
    TP_FRAME("optimizer_state");
    tp_region *region = tp__region_current();
    const size_t most = (size_t)optimizer->n_slots * (2 + TP__MAX_STATES) +
                        (size_t)optimizer->n_groups * TP__N_OPTIONS + TP__MAX_REMEMBERED;
    list out = {region ? tp_region_alloc(region, sizeof(tp_named_tensors)) : NULL, false};
    if (!out.tensors || !(out.tensors->items = tp_region_alloc(region, most * sizeof *out.tensors->items)))
        return NULL;
    for (int64_t i = 0; i < optimizer->n_slots; i++) {
        const tp__slot *slot = &optimizer->slots[i];
        if (!slot->begun)
            continue;
        if (optimizer->kind->counts)
            add(&out, tp_scalar_i64(slot->steps), "state.%lld.step", (long long)i);
        if (optimizer->kind->number)
            add(&out, tp_scalar(TP_F32, slot->number), "state.%lld.%s", (long long)i,
                optimizer->kind->number);
        for (int k = 0; k < TP__MAX_STATES; k++)
            if (slot->states[k])
                add(&out, slot->states[k], "state.%lld.%s", (long long)i, optimizer->kind->states[k]);
    }
    const char *const *names = optimizer->extra ? optimizer->kind->remembered : NULL;
    for (int k = 0; names && names[k]; k++)
        add(&out, optimizer->kind->remember(optimizer, k), "state.0.%s", names[k]);
    for (int g = 0; g < optimizer->n_groups; g++)
        for (int k = 0; k < TP__N_OPTIONS; k++)
            if (optimizer->kind->options >> k & 1)
                add(&out, tp_scalar(TP_F64, optimizer->groups[g].options.of[k]), "param_groups.%d.%s", g,
                    tp__option_name(k));
    return out.failed ? NULL : out.tensors;
}

/* ---- In ---- */

/* What a state says, before it is taken over. */
typedef struct plan {
    const tp_tensor *step, *number;
    const tp_tensor *states[TP__MAX_STATES];
    const tp_tensor *remembered[TP__MAX_REMEMBERED]; /* the first plan's alone */
} plan;

/* Reads "<number>." at *text and goes behind it; -1 if there is none below `limit`. */
static int64_t number_at(const char **text, int64_t limit)
{
    const char *p = *text;
    int64_t number = 0;
    if (*p < '0' || *p > '9' || (*p == '0' && p[1] != '.'))
        return -1;
    for (; *p >= '0' && *p <= '9'; p++)
        if ((number = 10 * number + (*p - '0')) >= limit)
            return -1;
    if (*p != '.')
        return -1;
    *text = p + 1;
    return number;
}

static tp_status plan_state(const tp_optimizer *optimizer, const char *rest, const tp_named_tensor *from,
                            plan *plans)
{
    const int64_t i = number_at(&rest, optimizer->n_slots);
    const tp_tensor **place = NULL;
    for (int k = 0; k < TP__MAX_STATES && i >= 0; k++)
        if (optimizer->kind->states[k] && !strcmp(optimizer->kind->states[k], rest))
            place = &plans[i].states[k];
    if (i >= 0 && optimizer->kind->counts && !strcmp(rest, "step"))
        place = &plans[i].step;
    if (i >= 0 && optimizer->kind->number && !strcmp(rest, optimizer->kind->number))
        place = &plans[i].number;
    const char *const *names = i == 0 ? optimizer->kind->remembered : NULL;
    bool whole = false; /* it is of the whole optimizer */
    for (int k = 0; names && names[k]; k++)
        if (!strcmp(names[k], rest)) {
            place = &plans[0].remembered[k];
            whole = true;
        }
    if (!place)
        return tp_fail(TP_ERROR_ARGUMENT, "Unexpected key \"%s\" for %s of %lld parameters", from->name,
                       optimizer->kind->type, (long long)optimizer->n_slots);
    if (*place)
        return tp_fail(TP_ERROR_ARGUMENT, "\"%s\" stands there twice", from->name);
    *place = from->tensor;
    if (whole)
        return TP_OK;
    if (place == &plans[i].step) {
        const double steps = from->tensor->numel == 1 ? tp_item(from->tensor) : -1;
        return steps >= 1 && steps <= 0x1p53
                   ? TP_OK
                   : tp_fail(TP_ERROR_VALUE, "\"%s\" is no number of steps", from->name);
    }
    if (place == &plans[i].number)
        return from->tensor->numel == 1 ? TP_OK : tp_fail(TP_ERROR_VALUE, "\"%s\" is no number", from->name);
    const tp_tensor *p = optimizer->slots[i].parameter;
    if (from->tensor->ndim == p->ndim &&
        !memcmp(from->tensor->shape, p->shape, (size_t)p->ndim * sizeof *p->shape))
        return TP_OK;
    char got[TP__SHAPE_TEXT_SIZE], want[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "\"%s\" has shape %s, and the parameter '%s' has %s", from->name,
                   tp__shape_text(got, sizeof got, from->tensor->ndim, from->tensor->shape),
                   optimizer->slots[i].name, tp__shape_text(want, sizeof want, p->ndim, p->shape));
}

static tp_status plan_option(const tp_optimizer *optimizer, const char *rest, const tp_named_tensor *from,
                             tp__options *groups, unsigned *seen)
{
    const int64_t g = number_at(&rest, optimizer->n_groups);
    for (int k = 0; k < TP__N_OPTIONS && g >= 0; k++) {
        if (!(optimizer->kind->options >> k & 1) || strcmp(tp__option_name(k), rest))
            continue;
        if (from->tensor->numel != 1)
            return tp_fail(TP_ERROR_VALUE, "\"%s\" is no number", from->name);
        groups[g].of[k] = tp_item(from->tensor);
        seen[g] |= 1u << k;
        return TP_OK;
    }
    return tp_fail(TP_ERROR_ARGUMENT, "Unexpected key \"%s\" for %s of %d groups", from->name,
                   optimizer->kind->type, optimizer->n_groups);
}

/* Whether each parameter has all of its state or none, and each group its options. */
static tp_status check_plans(const tp_optimizer *optimizer, const plan *plans, const tp__options *groups,
                             const unsigned *seen)
{
    const tp__kind *kind = optimizer->kind;
    for (int g = 0; g < optimizer->n_groups; g++) {
        for (int k = 0; k < TP__N_OPTIONS; k++)
            if ((kind->options & ~seen[g]) >> k & 1)
                return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"param_groups.%d.%s\"", g,
                               tp__option_name(k));
        TP__TRY(kind->check(&groups[g]));
        for (int64_t i = optimizer->groups[g].first, n = 0; n < optimizer->groups[g].count; i++, n++) {
            const plan *p = &plans[i];
            bool any = p->step || p->number;
            for (int k = 0; k < TP__MAX_STATES; k++)
                any |= p->states[k] != NULL;
            if (!any)
                continue;
            if (kind->counts && !p->step)
                return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"state.%lld.step\"", (long long)i);
            if (kind->number && !p->number)
                return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"state.%lld.%s\"", (long long)i,
                               kind->number);
            for (int k = 0; k < TP__MAX_STATES; k++)
                if (tp__needs(kind, &groups[g], k) && !p->states[k])
                    return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"state.%lld.%s\"", (long long)i,
                                   kind->states[k]);
        }
    }
    return TP_OK;
}

static tp_status read_plans(const tp_optimizer *optimizer, const tp_named_tensor *tensors, int64_t n,
                            plan *plans, tp__options *groups, unsigned *seen)
{
    static const char state[] = "state.", group[] = "param_groups.";
    for (int64_t i = 0; i < n; i++) {
        const char *name = tensors[i].name;
        if (!name || !tensors[i].tensor)
            return tp__null_argument(name ? name : "a name");
        if (tensors[i].tensor->layout != TP__DENSE || tensors[i].tensor->released)
            return tp_fail(TP_ERROR_STATE, "\"%s\" is %s", name,
                           tensors[i].tensor->released ? "released" : "sparse");
        if (!strncmp(name, state, sizeof state - 1))
            TP__TRY(plan_state(optimizer, name + sizeof state - 1, &tensors[i], plans));
        else if (!strncmp(name, group, sizeof group - 1))
            TP__TRY(plan_option(optimizer, name + sizeof group - 1, &tensors[i], groups, seen));
        else
            return tp_fail(TP_ERROR_ARGUMENT, "Unexpected key \"%s\"", name);
    }
    return check_plans(optimizer, plans, groups, seen);
}

/* Memory for what will be copied. */
static tp_status make_room(const tp_optimizer *optimizer, const plan *plans)
{
    tp_region *region = tp__home_region(optimizer->home);
    for (int64_t i = 0; i < optimizer->n_slots; i++)
        for (int k = 0; k < TP__MAX_STATES; k++) {
            tp__slot *slot = &optimizer->slots[i];
            const tp_tensor *p = slot->parameter;
            if (!plans[i].states[k] || slot->states[k])
                continue;
            tp_tensor *made = tp__tensor_new(region, (tp_dtype)p->dtype, p->ndim, p->shape);
            if (!made)
                return tp__ctx.error;
            memset(made->data, 0, (size_t)made->numel * tp_dtype_size((tp_dtype)made->dtype));
            slot->states[k] = made;
        }
    return TP_OK;
}

/* What the optimizer remembers as a whole: all of it, or nothing. */
static tp_status recall(const tp_optimizer *optimizer, const plan *plans, const tp__options *groups,
                        void **extra)
{
    const char *const *names = optimizer->kind->remembered;
    int given = 0, missing = -1;
    *extra = NULL;
    for (int k = 0; names && names[k]; k++)
        if (plans[0].remembered[k])
            given++;
        else if (missing < 0)
            missing = k;
    if (!given)
        return TP_OK;
    if (missing >= 0)
        return tp_fail(TP_ERROR_ARGUMENT, "Missing key \"state.0.%s\"", names[missing]);
    return optimizer->kind->recall(optimizer, &groups[0], plans[0].remembered, extra);
}

static void take_over(tp_optimizer *optimizer, const plan *plans, const tp__options *groups, void *extra)
{
    for (int g = 0; g < optimizer->n_groups; g++)
        optimizer->groups[g].options = groups[g];
    optimizer->extra = extra;
    for (int64_t i = 0; i < optimizer->n_slots; i++) {
        tp__slot *slot = &optimizer->slots[i];
        slot->begun = plans[i].states[0] != NULL;
        slot->number = plans[i].number ? tp_item(plans[i].number) : 1;
        slot->steps = plans[i].step ? (int64_t)tp_item(plans[i].step) : 0;
        for (int k = 0; k < TP__MAX_STATES; k++) {
            tp_tensor *own = slot->states[k];
            if (plans[i].states[k])
                tp__copy_elements(plans[i].states[k], own);
            else if (own)
                memset(own->data, 0, (size_t)own->numel * tp_dtype_size((tp_dtype)own->dtype));
            if (own)
                tp__changed(own);
        }
    }
}

tp_status tp_load_optimizer_state(tp_optimizer *optimizer, const tp_named_tensor *tensors, int64_t n)
{
    TP_FRAME("load_optimizer_state");
    if (!optimizer || n < 0 || (n && !tensors))
        return tp__null_argument(optimizer ? "tensors" : "optimizer");
    TP_SCOPE(load);
    tp_region *region = tp__region_current();
    plan *plans = tp_region_alloc(region, (size_t)optimizer->n_slots * sizeof *plans);
    tp__options *groups = tp_region_alloc(region, (size_t)optimizer->n_groups * sizeof *groups);
    unsigned *seen = tp_region_alloc(region, (size_t)optimizer->n_groups * sizeof *seen);
    if (!plans || !groups || !seen)
        return TP_ERROR_MEMORY;
    TP__TRY(read_plans(optimizer, tensors, n, plans, groups, seen));
    void *extra;
    TP__TRY(recall(optimizer, plans, groups, &extra));
    TP__TRY(make_room(optimizer, plans));
    take_over(optimizer, plans, groups, extra);
    return TP_OK;
}

/* ---- Printing ---- */

char *tp_optimizer_repr(const tp_optimizer *optimizer)
{
    if (!optimizer)
        return tp__null_argument("optimizer_repr: optimizer"), NULL;
    /* In alphabetical order; pairs stand together. Betas and etas are written with a point. */
    static const struct {
        int option, second;
        const char *pair;
    } order[] = {{TP__ALPHA, -1, NULL},
                 {TP__AMSGRAD, -1, NULL},
                 {TP__BETA1, TP__BETA2, "betas"},
                 {TP__CENTERED, -1, NULL},
                 {TP__DAMPENING, -1, NULL},
                 {TP__DECOUPLED, -1, NULL},
                 {TP__EPS, -1, NULL},
                 {TP__ETA_MINUS, TP__ETA_PLUS, "etas"},
                 {TP__HISTORY, -1, NULL},
                 {TP__INITIAL_ACCUMULATOR, -1, NULL},
                 {TP__LR, -1, NULL},
                 {TP__LR_DECAY, -1, NULL},
                 {TP__MAX_EVAL, -1, NULL},
                 {TP__MAX_ITER, -1, NULL},
                 {TP__MAXIMIZE, -1, NULL},
                 {TP__MOMENTUM, -1, NULL},
                 {TP__MOMENTUM_DECAY, -1, NULL},
                 {TP__NESTEROV, -1, NULL},
                 {TP__RHO, -1, NULL},
                 {TP__STEP_MIN, TP__STEP_MAX, "step_sizes"},
                 {TP__STRONG_WOLFE, -1, NULL},
                 {TP__TOLERANCE_CHANGE, -1, NULL},
                 {TP__TOLERANCE_GRAD, -1, NULL},
                 {TP__WEIGHT_DECAY, -1, NULL}};
    tp__writer out = {0};
    char text[TP__NUMBER_SIZE], other[TP__NUMBER_SIZE];
    tp__writef(&out, "%s (", optimizer->kind->type);
    for (int g = 0; g < optimizer->n_groups; g++) {
        const double *of = optimizer->groups[g].options.of;
        tp__writef(&out, g ? "\n\nParameter Group %d" : "\nParameter Group %d", g);
        for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
            const int k = order[i].option;
            if (!(optimizer->kind->options >> k & 1))
                continue;
            if (order[i].pair)
                tp__writef(&out, "\n    %s: (%s, %s)", order[i].pair,
                           tp__number_text(text, of[k], k == TP__STEP_MIN),
                           tp__number_text(other, of[order[i].second], k == TP__STEP_MIN));
            else
                tp__writef(&out, "\n    %s: %s", tp__option_name(k),
                           tp__option_is_flag(k) ? (of[k] != 0 ? "True" : "False")
                                                 : tp__number_text(text, of[k], true));
        }
    }
    tp__writef(&out, "\n)");
    return tp__writer_text(&out);
}
