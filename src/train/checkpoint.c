/* A training run on disk, and back: docs/model-format.md. */
#include "io/safetensors.h"
#include "train/fit.h"

#include <stddef.h>
#include <string.h>

#define KIND "checkpoint"
#define VERSION "1"

/* Every member of tp__progress is 8 bytes: the integers come first, then the numbers. */
static const char *const integer_names[] = {
    "epoch",        "step",        "total_steps", "steps",      "items_of_epoch", "batch_size",
    "in_epoch",     "loader_seed", "items",       "predicted",  "correct",        "interval_steps",
    "wait",         "evaluations", "has_best",    "best_epoch", "best_step",      "best_total_steps",
    "at_epoch_end", "improved"};
static const char *const number_names[] = {"loss",         "interval_sum", "epoch_sum",  "dev_loss",
                                           "dev_accuracy", "best_metric",  "stop_metric"};
#define INTEGERS (sizeof integer_names / sizeof *integer_names)
#define NUMBERS (sizeof number_names / sizeof *number_names)
_Static_assert(offsetof(tp__progress, loss) == INTEGERS * sizeof(int64_t), "a name for each integer");
_Static_assert(sizeof(tp__progress) == (INTEGERS + NUMBERS) * 8, "a name for each number");

/* "prefix" and "name" as one, in the current region. */
static const char *join(const char *prefix, const char *name)
{
    const size_t a = strlen(prefix), b = strlen(name);
    tp_region *region = tp__region_current();
    char *text = region ? tp__region_bump(region, a + b + 1) : NULL;
    if (!text)
        return NULL;
    memcpy(text, prefix, a);
    memcpy(text + a, name, b + 1);
    return text;
}

/* ---- Saving ---- */

typedef struct builder {
    tp_named_tensor *items;
    int64_t count;
    bool failed;
} builder;

static void add(builder *to, const char *prefix, const char *name, tp_tensor *tensor)
{
    const char *full = tensor ? join(prefix, name) : NULL;
    if (!full)
        to->failed = true;
    else
        to->items[to->count++] = (tp_named_tensor){full, tensor};
}

static void add_all(builder *to, const char *prefix, const tp_named_tensors *tensors)
{
    for (int64_t i = 0; i < tensors->count; i++)
        add(to, prefix, tensors->items[i].name, tensors->items[i].tensor);
}

static const tp_named_tensors none;

tp_status tp__checkpoint_save(tp__fit *fit, const char *path)
{
    TP_SCOPE(checkpoint);
    const tp_named_tensors *optimizer = tp_optimizer_state(fit->options->optimizer);
    const tp_fit_options *o = fit->options;
    const tp_named_tensors *schedule = o->schedule ? tp_schedule_state(o->schedule) : &none;
    const tp_named_tensors *plateau = o->metric_schedule ? tp_schedule_state(o->metric_schedule) : &none;
    const tp_named_tensors *average =
        o->average && tp_average_count(o->average) > 0 ? tp_average_state(o->average) : &none;
    if (!optimizer || !schedule || !plateau || !average)
        return tp_error();
    const size_t most = (size_t)(2 * fit->state->count + optimizer->count + schedule->count + plateau->count +
                                 average->count) +
                        1 + INTEGERS + NUMBERS;
    builder out = {.items = tp_region_alloc(tp__region_current(), most * sizeof *out.items)};
    if (!out.items)
        return TP_ERROR_MEMORY;
    add_all(&out, "model.", fit->state);
    add_all(&out, "optimizer.", optimizer);
    add_all(&out, "schedule.", schedule);
    add_all(&out, "metric_schedule.", plateau);
    add_all(&out, "average.", average);
    if (fit->progress.has_best)
        add_all(&out, "best.", fit->best);
    uint8_t generator[TP_GENERATOR_STATE_SIZE];
    tp_generator_get_state(NULL, generator);
    add(&out, "", "generator",
        tp_from_array_n(TP_U8, generator, 1, (const int64_t[]){TP_GENERATOR_STATE_SIZE}));
    int64_t integers[INTEGERS];
    double numbers[NUMBERS];
    memcpy(integers, &fit->progress, sizeof integers);
    memcpy(numbers, &fit->progress.loss, sizeof numbers);
    for (size_t i = 0; i < INTEGERS; i++)
        add(&out, "fit.", integer_names[i], tp_scalar_i64(integers[i]));
    for (size_t i = 0; i < NUMBERS; i++)
        add(&out, "fit.", number_names[i], tp_scalar(TP_F64, numbers[i]));
    if (out.failed)
        return tp_error();
    const tp_string_pair metadata[] = {{"taper", KIND}, {"version", VERSION}};
    return tp_safetensors_save(path, out.items, out.count, metadata, 2);
}

/* ---- Loading ---- */

static tp_status check_kind(const tp_safetensors_file *file, const char *path)
{
    const char *kind = tp_safetensors_metadata(file, "taper");
    const char *version = tp_safetensors_metadata(file, "version");
    if (!kind || strcmp(kind, KIND))
        return tp_fail(TP_ERROR_FORMAT, "%s: this is no checkpoint of Taper", path);
    if (!version || strcmp(version, VERSION))
        return tp_fail(TP_ERROR_UNSUPPORTED, "%s: a checkpoint of version %s; this program reads version %s",
                       path, version ? version : "unknown", VERSION);
    return TP_OK;
}

static tp_tensor *read_as(const tp_safetensors_file *file, const char *path, const char *name, tp_dtype dtype,
                          int64_t numel)
{
    tp_tensor *t = tp_safetensors_tensor(file, name);
    if (!t)
        return NULL;
    if (t->dtype == dtype && t->numel == numel)
        return t;
    return tp__fail_null(TP_ERROR_FORMAT, "%s: %s has %lld elements of %s, not %lld of %s", path, name,
                         (long long)t->numel, tp_dtype_name((tp_dtype)t->dtype), (long long)numel,
                         tp_dtype_name(dtype));
}

static tp_status read_progress(const tp_safetensors_file *file, const char *path, tp__progress *p)
{
    int64_t integers[INTEGERS];
    double numbers[NUMBERS];
    for (size_t i = 0; i < INTEGERS + NUMBERS; i++) {
        const bool whole = i < INTEGERS;
        const char *name = join("fit.", whole ? integer_names[i] : number_names[i - INTEGERS]);
        const tp_tensor *t = name ? read_as(file, path, name, whole ? TP_I64 : TP_F64, 1) : NULL;
        if (!t)
            return tp_error();
        memcpy(whole ? (void *)&integers[i] : (void *)&numbers[i - INTEGERS], t->data, 8);
    }
    memcpy(p, integers, sizeof integers);
    memcpy(&p->loss, numbers, sizeof numbers);
    return TP_OK;
}

static tp_status check_progress(const tp__progress *p, const tp__progress *here, const char *path)
{
    if (p->steps != here->steps || p->items_of_epoch != here->items_of_epoch ||
        p->batch_size != here->batch_size)
        return tp_fail(
            TP_ERROR_VALUE,
            "%s: it is about %lld items in %lld batches of %lld, and these are %lld in %lld of %lld", path,
            (long long)p->items_of_epoch, (long long)p->steps, (long long)p->batch_size,
            (long long)here->items_of_epoch, (long long)here->steps, (long long)here->batch_size);
    const int64_t counts[] = {p->epoch,         p->step,        p->total_steps,    p->counts.items,
                              p->wait,          p->evaluations, p->interval_steps, p->counts.predicted,
                              p->counts.correct};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] < 0 || counts[i] > INT64_MAX / 4)
            return tp_fail(TP_ERROR_FORMAT, "%s: a count is %lld", path, (long long)counts[i]);
    if (p->step > p->steps || p->interval_steps > p->step || p->step > p->total_steps ||
        (p->step && !p->in_epoch))
        return tp_fail(TP_ERROR_FORMAT, "%s: step %lld of %lld cannot be", path, (long long)p->step,
                       (long long)p->steps);
    return TP_OK;
}

/* The tensors whose names begin with `prefix`, without it; in the current region. */
static tp_named_tensors *read_group(const tp_safetensors_file *file, const char *prefix)
{
    const int64_t n = tp_safetensors_count(file);
    const size_t length = strlen(prefix);
    tp_region *region = tp__region_current();
    tp_named_tensors *group = region ? tp_region_alloc(region, sizeof *group) : NULL;
    if (!group || !(group->items = tp_region_alloc(region, (size_t)n * sizeof *group->items)))
        return NULL;
    for (int64_t i = 0; i < n; i++) {
        const char *name = tp_safetensors_name(file, i);
        if (strncmp(name, prefix, length))
            continue;
        tp_tensor *t = tp_safetensors_tensor(file, name);
        if (!t)
            return NULL;
        group->items[group->count++] = (tp_named_tensor){name + length, t};
    }
    return group;
}

static const tp_tensor *find(const tp_named_tensors *group, const char *name)
{
    for (int64_t i = 0; i < group->count; i++)
        if (!strcmp(group->items[i].name, name))
            return group->items[i].tensor;
    return NULL;
}

static tp_status check_best(const tp__fit *fit, const tp_named_tensors *best, const char *path)
{
    if (best->count != fit->best->count)
        return tp_fail(TP_ERROR_FORMAT, "%s: the best model has %lld tensors; the model has %lld", path,
                       (long long)best->count, (long long)fit->best->count);
    for (int64_t i = 0; i < fit->best->count; i++) {
        const tp_tensor *own = fit->best->items[i].tensor, *t = find(best, fit->best->items[i].name);
        if (!t || t->ndim != own->ndim ||
            memcmp(t->shape, own->shape, (size_t)own->ndim * sizeof *own->shape))
            return tp_fail(TP_ERROR_FORMAT, "%s: best.%s is missing or of another shape", path,
                           fit->best->items[i].name);
    }
    return TP_OK;
}

typedef struct loaded {
    tp__progress progress;
    tp_named_tensors *model, *optimizer, *best, *schedule, *plateau, *average;
    const tp_tensor *generator;
} loaded;

/* A run has what its checkpoint has, and the other way round. */
static tp_status check_presence(const char *path, const char *what, const tp_named_tensors *group, bool here)
{
    if ((group->count > 0) == here)
        return TP_OK;
    return here ? tp_fail(TP_ERROR_VALUE, "%s: it has no %s, and this training has one", path, what)
                : tp_fail(TP_ERROR_VALUE, "%s: it has a %s, and this training has none", path, what);
}

/* Reads and checks all that can be checked without the optimizer. */
static tp_status read_all(const tp__fit *fit, const char *path, loaded *in)
{
    const tp_safetensors_file *file = tp_safetensors_open(path);
    if (!file)
        return tp_error();
    TP__TRY(check_kind(file, path));
    TP__TRY(read_progress(file, path, &in->progress));
    TP__TRY(check_progress(&in->progress, &fit->progress, path));
    in->generator = read_as(file, path, "generator", TP_U8, TP_GENERATOR_STATE_SIZE);
    tp_generator *trial = in->generator ? tp_generator_new() : NULL;
    if (!trial)
        return tp_error();
    TP__TRY(tp_generator_set_state(trial, (const uint8_t *)in->generator->data, TP_GENERATOR_STATE_SIZE));
    in->model = read_group(file, "model.");
    in->optimizer = in->model ? read_group(file, "optimizer.") : NULL;
    in->schedule = in->optimizer ? read_group(file, "schedule.") : NULL;
    in->plateau = in->schedule ? read_group(file, "metric_schedule.") : NULL;
    in->average = in->plateau ? read_group(file, "average.") : NULL;
    in->best = in->average ? read_group(file, "best.") : NULL;
    if (!in->best)
        return tp_error();
    const tp_fit_options *o = fit->options;
    TP__TRY(check_presence(path, "schedule", in->schedule, o->schedule != NULL));
    TP__TRY(check_presence(path, "schedule by a metric", in->plateau, o->metric_schedule != NULL));
    /* Before the first step there is no average yet. */
    if (in->progress.total_steps || !o->average)
        TP__TRY(check_presence(path, "moving average", in->average, o->average != NULL));
    return in->progress.has_best ? check_best(fit, in->best, path) : TP_OK;
}

/* fit->best holds a copy of the model as it was, until the end. */
static tp_status put_in_place(tp__fit *fit, const char *path, const loaded *in)
{
    const tp_fit_options *o = fit->options;
    TP_FRAME(path);
    TP__TRY(tp_load_state_dict(o->model, in->model->items, in->model->count, true));
    tp_status status = tp_load_optimizer_state(o->optimizer, in->optimizer->items, in->optimizer->count);
    if (status == TP_OK && o->schedule)
        status = tp_load_schedule_state(o->schedule, in->schedule->items, in->schedule->count);
    if (status == TP_OK && o->metric_schedule)
        status = tp_load_schedule_state(o->metric_schedule, in->plateau->items, in->plateau->count);
    if (status == TP_OK && in->average->count)
        status = tp_load_average_state(o->average, in->average->items, in->average->count);
    if (status == TP_OK && in->progress.in_epoch)
        status = tp_loader_resume(o->train, in->progress.loader_seed, in->progress.step);
    if (status == TP_OK)
        status = tp_generator_set_state(NULL, (const uint8_t *)in->generator->data, TP_GENERATOR_STATE_SIZE);
    if (status != TP_OK) {
        tp__copy_values(fit->best, fit->state);
        return status;
    }
    fit->progress = in->progress;
    for (int64_t i = 0; i < fit->best->count && in->progress.has_best; i++)
        tp__copy_elements(find(in->best, fit->best->items[i].name), fit->best->items[i].tensor);
    return TP_OK;
}

tp_status tp__checkpoint_load(tp__fit *fit, const char *path)
{
    TP_SCOPE(checkpoint);
    loaded in = {0};
    TP__TRY(read_all(fit, path, &in));
    return put_in_place(fit, path, &in);
}
