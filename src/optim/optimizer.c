/* Optimizers: parameters in groups, their options, and the step. */
#include "optim/optimizer.h"
#include "base/threads.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    bool flag;
} options_known[TP__N_OPTIONS] = {
    [TP__LR] = {"lr", false},
    [TP__BETA1] = {"beta1", false},
    [TP__BETA2] = {"beta2", false},
    [TP__EPS] = {"eps", false},
    [TP__WEIGHT_DECAY] = {"weight_decay", false},
    [TP__AMSGRAD] = {"amsgrad", true},
    [TP__MOMENTUM] = {"momentum", false},
    [TP__DAMPENING] = {"dampening", false},
    [TP__NESTEROV] = {"nesterov", true},
    [TP__MAXIMIZE] = {"maximize", true},
    [TP__LR_DECAY] = {"lr_decay", false},
    [TP__INITIAL_ACCUMULATOR] = {"initial_accumulator_value", false},
    [TP__ALPHA] = {"alpha", false},
    [TP__CENTERED] = {"centered", true},
    [TP__RHO] = {"rho", false},
    [TP__MOMENTUM_DECAY] = {"momentum_decay", false},
    [TP__DECOUPLED] = {"decoupled_weight_decay", true},
    [TP__ETA_MINUS] = {"eta_minus", false},
    [TP__ETA_PLUS] = {"eta_plus", false},
    [TP__STEP_MIN] = {"step_size_min", false},
    [TP__STEP_MAX] = {"step_size_max", false},
    [TP__MAX_ITER] = {"max_iter", false},
    [TP__MAX_EVAL] = {"max_eval", false},
    [TP__TOLERANCE_GRAD] = {"tolerance_grad", false},
    [TP__TOLERANCE_CHANGE] = {"tolerance_change", false},
    [TP__HISTORY] = {"history_size", false},
    [TP__STRONG_WOLFE] = {"strong_wolfe", true},
};

const char *tp__option_name(int option)
{
    return options_known[option].name;
}

bool tp__option_is_flag(int option)
{
    return options_known[option].flag;
}

/* ---- Groups ---- */

static tp_status check_parameter(const tp_optimizer *optimizer, const tp_tensor *p, const char *name)
{
    if (!p)
        return tp__null_argument("a parameter");
    if (p->history)
        return tp_fail(TP_ERROR_STATE, "can't optimize a non-leaf Tensor, which '%s' is", name);
    if (!tp_dtype_is_float((tp_dtype)p->dtype) || p->layout != TP__DENSE || p->released)
        return tp_fail(TP_ERROR_DTYPE, "'%s' is no dense tensor of floating type", name);
    TP__TRY(tp__refuse_half((tp_dtype)p->dtype, name));
    for (int64_t i = 0; i < optimizer->n_slots; i++)
        if (optimizer->slots[i].parameter == p)
            return tp_fail(TP_ERROR_ARGUMENT, "some parameters appear in more than one parameter group: '%s'",
                           name);
    const tp_region *own = tp__home_region(optimizer->home);
    const tp_region *other = p->home ? tp__home_region(p->home) : NULL;
    if (other && other->depth > own->depth)
        return tp_fail(TP_ERROR_STATE,
                       "parameter '%s' lives in region '%s', which ends before region '%s' of the optimizer",
                       name, other->name, own->name);
    return TP_OK;
}

static tp_status add_group(tp_optimizer *optimizer, const tp_parameter_list *parameters)
{
    if (!parameters)
        return tp__null_argument("the parameter list");
    if (parameters->count <= 0)
        return tp_fail(TP_ERROR_ARGUMENT, "optimizer got an empty parameter list");
    tp_region *region = tp__home_region(optimizer->home);
    const int64_t before = optimizer->n_slots, added = parameters->count;
    tp__slot *slots = tp_region_alloc(region, (size_t)(before + added) * sizeof *slots);
    tp__group *groups = tp_region_alloc(region, ((size_t)optimizer->n_groups + 1) * sizeof *groups);
    if (!slots || !groups)
        return TP_ERROR_MEMORY;
    if (before) {
        memcpy(slots, optimizer->slots, (size_t)before * sizeof *slots);
        memcpy(groups, optimizer->groups, (size_t)optimizer->n_groups * sizeof *groups);
    }
    for (int64_t i = 0; i < added; i++) {
        tp__slot *slot = &slots[before + i];
        const char *name = parameters->names && parameters->names[i] ? parameters->names[i] : "";
        TP__TRY(check_parameter(optimizer, parameters->tensors[i], name));
        for (int64_t k = 0; k < i; k++)
            if (parameters->tensors[k] == parameters->tensors[i])
                return tp_fail(TP_ERROR_ARGUMENT, "the list has '%s' twice", name);
        slot->parameter = parameters->tensors[i];
        slot->number = 1;
        if (!(slot->name = tp__region_strdup(region, name)))
            return TP_ERROR_MEMORY;
    }
    groups[optimizer->n_groups] = (tp__group){optimizer->defaults, NAN, before, added};
    optimizer->slots = slots;
    optimizer->groups = groups;
    optimizer->n_slots = before + added;
    optimizer->n_groups++;
    return TP_OK;
}

tp_optimizer *tp__optimizer_new(const tp__kind *kind, const tp_parameter_list *parameters,
                                const tp__options *options)
{
    tp_region *region = tp__region_current();
    if (!region || kind->check(options) != TP_OK)
        return NULL;
    tp_optimizer *optimizer = tp_region_alloc(region, sizeof *optimizer);
    if (!optimizer)
        return NULL;
    optimizer->kind = kind;
    optimizer->home = region->home;
    optimizer->defaults = *options;
    return add_group(optimizer, parameters) == TP_OK ? optimizer : NULL;
}

int tp_add_param_group(tp_optimizer *optimizer, const tp_parameter_list *parameters)
{
    TP_FRAME("add_param_group");
    if (!optimizer) {
        tp__null_argument("optimizer");
        return -1;
    }
    if (optimizer->kind->minimise) {
        tp_fail(TP_ERROR_STATE, "%s doesn't support parameter groups", optimizer->kind->type);
        return -1;
    }
    return add_group(optimizer, parameters) == TP_OK ? optimizer->n_groups - 1 : -1;
}

int tp_group_count(const tp_optimizer *optimizer)
{
    return optimizer ? optimizer->n_groups : -1;
}

/* ---- Options ---- */

/* The option's index; -1 after an error. */
static int find_option(const tp_optimizer *optimizer, int group, const char *name)
{
    if (!optimizer || !name) {
        tp__null_argument(optimizer ? "the option's name" : "optimizer");
        return -1;
    }
    if (group < 0 || group >= optimizer->n_groups) {
        tp_fail(TP_ERROR_ARGUMENT, "there is no group %d of %d", group, optimizer->n_groups);
        return -1;
    }
    for (int i = 0; i < TP__N_OPTIONS; i++)
        if ((optimizer->kind->options >> i & 1) && !strcmp(tp__option_name(i), name))
            return i;
    tp_fail(TP_ERROR_ARGUMENT, "%s has no option '%s'", optimizer->kind->type, name);
    return -1;
}

double tp_get_option(const tp_optimizer *optimizer, int group, const char *name)
{
    TP_FRAME("get_option");
    const int option = find_option(optimizer, group, name);
    return option < 0 ? NAN : optimizer->groups[group].options.of[option];
}

tp_status tp_set_option(tp_optimizer *optimizer, int group, const char *name, double value)
{
    TP_FRAME("set_option");
    const int option = find_option(optimizer, group, name);
    if (option < 0)
        return tp__ctx.error;
    if (tp__option_is_flag(option) && value != 0 && value != 1)
        return tp_fail(TP_ERROR_ARGUMENT, "'%s' is 0 or 1, not %g", name, value);
    tp__options changed = optimizer->groups[group].options;
    changed.of[option] = value;
    TP__TRY(optimizer->kind->check(&changed));
    if (option == TP__HISTORY && optimizer->extra)
        return tp_fail(TP_ERROR_STATE, "'%s' is settled with the first step", name);
    optimizer->groups[group].options = changed;
    return TP_OK;
}

double tp_get_lr(const tp_optimizer *optimizer, int group)
{
    return tp_get_option(optimizer, group, "lr");
}

tp_status tp_set_lr(tp_optimizer *optimizer, int group, double lr)
{
    return tp_set_option(optimizer, group, "lr", lr);
}

/* ---- The step ---- */

static tp_status zeroed(const tp_optimizer *optimizer, const tp_tensor *like, tp_tensor **tensor)
{
    if (*tensor)
        return TP_OK;
    tp_tensor *made =
        tp__tensor_new(tp__home_region(optimizer->home), (tp_dtype)like->dtype, like->ndim, like->shape);
    if (!made)
        return tp__ctx.error;
    memset(made->data, 0, (size_t)made->numel * tp_dtype_size((tp_dtype)made->dtype));
    *tensor = made;
    return TP_OK;
}

bool tp__needs(const tp__kind *kind, const tp__options *options, int i)
{
    return kind->states[i] && (!kind->needs || kind->needs(options, i));
}

static void fill(const tp_tensor *t, double value)
{
    const tp_dtype dtype = (tp_dtype)t->dtype;
    const size_t size = tp_dtype_size(dtype);
    for (int64_t i = 0; i < t->numel; i++)
        tp__store_f64(dtype, t->data + (size_t)i * size, value);
}

tp_status tp__slot_states(const tp_optimizer *optimizer, const tp__options *options, tp__slot *slot)
{
    const tp__kind *kind = optimizer->kind;
    for (int i = 0; i < TP__MAX_STATES; i++) {
        if (!tp__needs(kind, options, i) || slot->states[i])
            continue;
        TP__TRY(zeroed(optimizer, slot->parameter, &slot->states[i]));
        if (kind->initial && kind->initial(options, i) != 0)
            fill(slot->states[i], kind->initial(options, i));
    }
    return TP_OK;
}

static tp_status check_slot(const tp__slot *slot, const tp_tensor *grad)
{
    const tp_tensor *p = slot->parameter;
    if (p->released)
        return tp_fail(TP_ERROR_STATE, "parameter '%s' was released", slot->name);
    TP__TRY(tp__refuse_half((tp_dtype)p->dtype, slot->name)); /* tp_module_to may have been here */
    bool fits = grad->dtype == p->dtype && grad->ndim == p->ndim &&
                !memcmp(grad->shape, p->shape, (size_t)p->ndim * sizeof *p->shape);
    if (!fits)
        return tp_fail(TP_ERROR_STATE, "the gradient of parameter '%s' is of another shape or dtype",
                       slot->name);
    for (int i = 0; i < TP__MAX_STATES; i++)
        if (slot->states[i] && (slot->states[i]->dtype != p->dtype || slot->states[i]->numel != p->numel))
            return tp_fail(TP_ERROR_STATE, "the state of parameter '%s' is of another shape or dtype",
                           slot->name);
    return TP_OK;
}

/* The leaf whose list of touched columns or rows says where the gradient may differ from 0; NULL unless the
 * step can leave the others alone. */
static const tp__leaf *touched_columns(const tp__kind *kind, const tp__options *options, const tp_tensor *p)
{
    const tp__leaf *leaf = p->leaf;
    const bool listed = leaf->sparse && leaf->grad == leaf->buffer && p->contiguous && p->ndim == 2;
    return listed && kind->skips_zeros && kind->skips_zeros(options) ? leaf : NULL;
}

/* Room for n values of the parameter, its gradient and its states. */
static tp_status gather_room(const tp_optimizer *optimizer, tp__slot *slot, int64_t n)
{
    const int64_t size = n * (2 + TP__MAX_STATES) * (int64_t)sizeof(double);
    if (size <= slot->gather_size)
        return TP_OK;
    char *room = tp_region_alloc(tp__home_region(optimizer->home), 2 * (size_t)size);
    if (!room)
        return TP_ERROR_MEMORY;
    slot->gathered = room;
    slot->gather_size = 2 * size;
    return TP_OK;
}

/* Everything that can fail. */
static tp_status prepare(tp_optimizer *optimizer)
{
    for (int g = 0; g < optimizer->n_groups; g++) {
        const tp__group *group = &optimizer->groups[g];
        for (int64_t i = group->first; i < group->first + group->count; i++) {
            tp__slot *slot = &optimizer->slots[i];
            const tp_tensor *grad = tp_grad(slot->parameter);
            if (!grad)
                continue;
            TP__TRY(check_slot(slot, grad));
            TP__TRY(tp__slot_states(optimizer, &group->options, slot));
            const tp__leaf *touched = touched_columns(optimizer->kind, &group->options, slot->parameter);
            if (touched && !touched->by_rows)
                TP__TRY(gather_room(optimizer, slot, touched->n_touched));
            if (!slot->parameter->contiguous)
                TP__TRY(zeroed(optimizer, slot->parameter, &slot->even[0]));
            if (!grad->contiguous)
                TP__TRY(zeroed(optimizer, slot->parameter, &slot->even[1]));
        }
    }
    return TP_OK;
}

/* Parameters are cut into pieces of this many elements. */
#define PIECE 65536

typedef struct job {
    const tp_optimizer *optimizer;
    const tp__options *options;
    tp__piece whole;
} job;

static char *offset(const void *data, int64_t elements, size_t size)
{
    return (char *)data + (size_t)elements * size;
}

static void run_piece(void *context, int64_t index)
{
    const job *j = context;
    const int64_t begin = index * PIECE, left = j->whole.n - begin;
    const size_t size = tp_dtype_size(j->whole.dtype);
    tp__piece piece = j->whole;
    piece.n = left < PIECE ? left : PIECE;
    piece.p = offset(piece.p, begin, size);
    piece.g = offset(piece.g, begin, size);
    for (int i = 0; i < TP__MAX_STATES; i++)
        if (piece.states[i])
            piece.states[i] = offset(piece.states[i], begin, size);
    j->optimizer->kind->update(j->options, &piece);
}

/* Copies the listed elements side by side, or back to where they came from. */
static void gather(int64_t n, const int32_t *columns, size_t size, const char *row, char *into)
{
    if (size == sizeof(float))
        for (int64_t i = 0; i < n; i++)
            ((float *)(void *)into)[i] = ((const float *)(const void *)row)[columns[i]];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)(void *)into)[i] = ((const double *)(const void *)row)[columns[i]];
}

static void scatter(int64_t n, const int32_t *columns, size_t size, const char *from, char *row)
{
    if (size == sizeof(float))
        for (int64_t i = 0; i < n; i++)
            ((float *)(void *)row)[columns[i]] = ((const float *)(const void *)from)[i];
    else
        for (int64_t i = 0; i < n; i++)
            ((double *)(void *)row)[columns[i]] = ((const double *)(const void *)from)[i];
}

/* The same step for the touched columns alone. One that is listed twice is computed twice from the same old
 * values, and written twice. */
static void step_touched(const job *j, const tp__slot *slot, const tp__leaf *leaf)
{
    const int64_t n = leaf->n_touched, rows = slot->parameter->shape[0], width = slot->parameter->shape[1];
    const int32_t *columns = leaf->touched;
    const size_t size = tp_dtype_size(j->whole.dtype);
    char *part[2 + TP__MAX_STATES];
    for (int i = 0; i < 2 + TP__MAX_STATES; i++)
        part[i] = offset(slot->gathered, n * i, size);
    tp__piece piece = j->whole;
    piece.n = n;
    piece.listed = true;
    piece.p = part[0];
    piece.g = part[1];
    for (int64_t r = 0; r < rows; r++) {
        gather(n, columns, size, offset(j->whole.p, r * width, size), part[0]);
        gather(n, columns, size, offset(j->whole.g, r * width, size), part[1]);
        for (int i = 0; i < TP__MAX_STATES; i++)
            if (j->whole.states[i]) {
                piece.states[i] = part[2 + i];
                gather(n, columns, size, offset(j->whole.states[i], r * width, size), part[2 + i]);
            }
        j->optimizer->kind->update(j->options, &piece);
        scatter(n, columns, size, part[0], offset(j->whole.p, r * width, size));
        for (int i = 0; i < TP__MAX_STATES; i++)
            if (j->whole.states[i])
                scatter(n, columns, size, part[2 + i], offset(j->whole.states[i], r * width, size));
    }
}

/* The same for touched rows, which lie side by side and are listed once. */
typedef struct rows_job {
    const job *whole;
    const tp__leaf *leaf;
    int64_t width, rows_of_chunk;
} rows_job;

static void step_rows(void *context, int64_t chunk)
{
    const rows_job *r = context;
    const job *j = r->whole;
    const size_t size = tp_dtype_size(j->whole.dtype);
    const int64_t begin = chunk * r->rows_of_chunk, left = r->leaf->n_touched - begin;
    tp__piece piece = j->whole;
    piece.n = r->width;
    piece.listed = true;
    for (int64_t i = 0; i < (left < r->rows_of_chunk ? left : r->rows_of_chunk); i++) {
        const int64_t at = r->leaf->touched[begin + i] * r->width;
        piece.p = offset(j->whole.p, at, size);
        piece.g = offset(j->whole.g, at, size);
        for (int k = 0; k < TP__MAX_STATES; k++)
            if (j->whole.states[k])
                piece.states[k] = offset(j->whole.states[k], at, size);
        j->optimizer->kind->update(j->options, &piece);
    }
}

static void step_touched_rows(const job *j, const tp_tensor *p, const tp__leaf *leaf)
{
    const int64_t width = p->shape[1], rows = width < PIECE ? PIECE / (width + 1) : 1;
    rows_job r = {j, leaf, width, rows};
    tp__parallel_for((leaf->n_touched + rows - 1) / rows, step_rows, &r);
}

static void step_slot(const tp_optimizer *optimizer, const tp__options *options, tp__slot *slot)
{
    const tp__kind *kind = optimizer->kind;
    tp_tensor *p = slot->parameter;
    const tp_tensor *grad = tp_grad(p);
    tp_tensor *even_p = p->contiguous ? p : slot->even[0];
    const tp_tensor *even_g = grad;
    if (even_p != p)
        tp__copy_elements(p, even_p);
    if (!grad->contiguous) {
        tp__copy_elements(grad, slot->even[1]);
        even_g = slot->even[1];
    }
    slot->steps++;
    if (kind->advance)
        slot->number = kind->advance(options, slot->steps, slot->number);
    job j = {optimizer,
             options,
             {.n = p->numel,
              .dtype = (tp_dtype)p->dtype,
              .p = even_p->data,
              .g = even_g->data,
              .steps = slot->steps,
              .number = slot->number,
              .first = !slot->begun}};
    for (int i = 0; i < TP__MAX_STATES; i++)
        if (tp__needs(kind, options, i))
            j.whole.states[i] = slot->states[i]->data;
    const tp__leaf *touched = touched_columns(kind, options, p);
    if (touched && touched->by_rows)
        step_touched_rows(&j, p, touched);
    else if (touched)
        step_touched(&j, slot, touched);
    else if (j.whole.n <= PIECE)
        run_piece(&j, 0);
    else
        tp__parallel_for((j.whole.n + PIECE - 1) / PIECE, run_piece, &j);
    slot->begun |= tp__needs(kind, options, 0);
    if (even_p != p)
        tp__copy_elements(even_p, p);
    tp__changed(p);
}

tp_status tp_step(tp_optimizer *optimizer)
{
    TP_FRAME("step");
    if (!optimizer)
        return tp__null_argument("optimizer");
    if (optimizer->kind->minimise)
        return tp_fail(TP_ERROR_STATE, "%s needs a closure: tp_step_closure", optimizer->kind->type);
    TP__TRY(prepare(optimizer));
    for (int g = 0; g < optimizer->n_groups; g++) {
        const tp__group *group = &optimizer->groups[g];
        for (int64_t i = group->first; i < group->first + group->count; i++)
            if (tp_grad(optimizer->slots[i].parameter))
                step_slot(optimizer, &group->options, &optimizer->slots[i]);
    }
    return TP_OK;
}

double tp_step_closure(tp_optimizer *optimizer, tp_closure closure, void *context)
{
    TP_FRAME("step_closure");
    if (!optimizer || !closure) {
        tp__null_argument(optimizer ? "closure" : "optimizer");
        return NAN;
    }
    double loss = NAN;
    if (optimizer->kind->minimise)
        return optimizer->kind->minimise(optimizer, closure, context, &loss) == TP_OK ? loss : NAN;
    loss = closure(context);
    if (isnan(loss) && tp__ctx.error != TP_OK)
        return NAN;
    return tp_step(optimizer) == TP_OK ? loss : NAN;
}

void tp_zero_grad(tp_optimizer *optimizer)
{
    for (int64_t i = 0; optimizer && i < optimizer->n_slots; i++)
        tp_zero_grad_of(optimizer->slots[i].parameter);
}
