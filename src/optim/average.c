/* Averages of a model's weights. */
#include "taper/average.h"
#include "backend/cpu/table.h"
#include "heart/heart.h"

#include <math.h>
#include <string.h>

/* A tensor of the module and its average, row-major. */
typedef struct pair {
    const char *name;
    tp_tensor *own, *mean;
    bool buffer;
} pair;

struct tp_average {
    double decay;
    bool equal, use_buffers, swapped;
    int64_t count, n_pairs;
    pair *pairs;
};

static bool listed(const tp_parameter_list *parameters, const tp_tensor *t)
{
    for (int64_t i = 0; i < parameters->count; i++)
        if (parameters->tensors[i] == t)
            return true;
    return false;
}

/* Each tensor of the module once, under the first of its names. */
static tp_status add_pairs(tp_average *average, const tp_module *module, tp_region *region)
{
    TP_SCOPE(list);
    const tp_named_tensors *all = tp_state_dict(module);
    const tp_parameter_list *parameters = tp_parameters(module);
    if (!all || !parameters || !(average->pairs = tp_region_alloc(region, (size_t)all->count * sizeof(pair))))
        return tp__ctx.error;
    for (int64_t i = 0; i < all->count; i++) {
        tp_tensor *own = all->items[i].tensor;
        bool seen = false;
        for (int64_t k = 0; k < average->n_pairs && !seen; k++)
            seen = average->pairs[k].own == own;
        if (seen)
            continue;
        const tp_region *its = own->home ? tp__home_region(own->home) : NULL;
        if (its && its->depth > region->depth)
            return tp_fail(TP_ERROR_STATE,
                           "'%s' lives in region '%s', which ends before region '%s' of the average",
                           all->items[i].name, its->name, region->name);
        if (own->layout != TP__DENSE || own->released)
            return tp_fail(TP_ERROR_STATE, "'%s' is %s", all->items[i].name,
                           own->released ? "released" : "sparse");
        if (tp_dtype_is_half((tp_dtype)own->dtype))
            return tp__refuse_half((tp_dtype)own->dtype, all->items[i].name);
        pair *p = &average->pairs[average->n_pairs++];
        *p = (pair){.name = tp__region_strdup(region, all->items[i].name),
                    .own = own,
                    .mean = tp__tensor_new(region, (tp_dtype)own->dtype, own->ndim, own->shape),
                    .buffer = !listed(parameters, own)};
        if (!p->name || !p->mean)
            return TP_ERROR_MEMORY;
        tp__copy_elements(own, p->mean);
    }
    return TP_OK;
}

tp_average *tp_average_with(const tp_average_options *options)
{
    if (!options)
        return tp__null_argument("average: options"), NULL;
    TP_FRAME("average");
    if (!options->module) {
        tp__null_argument("module");
        return NULL;
    }
    if (!(options->decay >= 0 && options->decay <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "Invalid decay value %g, which is not between 0 and 1",
                             options->decay);
    tp_region *region = tp__region_current();
    tp_average *average = region ? tp_region_alloc(region, sizeof *average) : NULL;
    if (!average)
        return NULL;
    average->decay = options->decay;
    average->equal = options->equal;
    average->use_buffers = options->use_buffers;
    return add_pairs(average, options->module, region) == TP_OK ? average : NULL;
}

/* Whether each tensor still is what its average was made for; then row-major room beside those that lie
 * otherwise, in the current region. */
static tp_status rooms(const tp_average *average, tp_tensor **room)
{
    for (int64_t i = 0; i < average->n_pairs; i++) {
        const pair *p = &average->pairs[i];
        const tp_tensor *own = p->own, *mean = p->mean;
        if (own->released || own->dtype != mean->dtype || own->ndim != mean->ndim ||
            memcmp(own->shape, mean->shape, (size_t)own->ndim * sizeof *own->shape))
            return tp_fail(TP_ERROR_STATE, "'%s' %s", p->name,
                           own->released ? "was released" : "has another shape or dtype than its average");
        room[i] = NULL;
        if (!own->contiguous &&
            !(room[i] = tp__tensor_new(tp__region_current(), (tp_dtype)own->dtype, own->ndim, own->shape)))
            return TP_ERROR_MEMORY;
    }
    return TP_OK;
}

/* Whole numbers go through float32, as in PyTorch. */
static void blend_whole(const tp_average *average, const tp_tensor *from, const tp_tensor *mean)
{
    const tp_dtype dtype = (tp_dtype)mean->dtype;
    const size_t size = tp_dtype_size(dtype);
    const float keep = (float)average->decay, fresh = (float)(1 - average->decay),
                count = (float)(average->count + 1);
    for (int64_t i = 0; i < mean->numel; i++) {
        char *at = mean->data + (size_t)i * size;
        const double old = tp__load_f64(dtype, at), now = tp__load_f64(dtype, from->data + (size_t)i * size);
        const float blend =
            average->equal ? (float)old + (float)(now - old) / count : (float)old * keep + (float)now * fresh;
        tp__store_f64(dtype, at, (double)truncf(blend));
    }
}

static void update_pair(const tp_average *average, const pair *p, const tp_tensor *from)
{
    const tp_dtype dtype = (tp_dtype)p->mean->dtype;
    const int which = dtype == TP_F32 ? 0 : 1;
    const tp__step_numbers numbers = {.lr = 1 - average->decay, .correction = (double)(average->count + 1)};
    if (average->count == 0 || (p->buffer && !average->use_buffers))
        memcpy(p->mean->data, from->data, (size_t)from->numel * tp_dtype_size(dtype));
    else if (!tp_dtype_is_float(dtype))
        blend_whole(average, from, p->mean);
    else if (average->equal)
        tp__steps()->mean[which](from->numel, p->mean->data, from->data, NULL, &numbers);
    else
        tp__steps()->lerp[which](from->numel, p->mean->data, from->data, NULL, &numbers);
    tp__changed(p->mean);
}

tp_status tp_average_update(tp_average *average)
{
    TP_FRAME("average_update");
    if (!average)
        return tp__null_argument("average");
    if (average->swapped)
        return tp_fail(TP_ERROR_STATE, "the module has the averaged values; tp_average_swap them back first");
    TP_SCOPE(update);
    tp_tensor **room = tp_region_alloc(tp__region_current(), (size_t)average->n_pairs * sizeof *room);
    if (!room)
        return TP_ERROR_MEMORY;
    TP__TRY(rooms(average, room));
    for (int64_t i = 0; i < average->n_pairs; i++) {
        const pair *p = &average->pairs[i];
        if (room[i])
            tp__copy_elements(p->own, room[i]);
        update_pair(average, p, room[i] ? room[i] : p->own);
    }
    average->count++;
    return TP_OK;
}

static void exchange(char *a, char *b, size_t size)
{
    char part[4096];
    for (size_t at = 0; at < size; at += sizeof part) {
        const size_t length = size - at < sizeof part ? size - at : sizeof part;
        memcpy(part, a + at, length);
        memcpy(a + at, b + at, length);
        memcpy(b + at, part, length);
    }
}

tp_status tp_average_swap(tp_average *average)
{
    TP_FRAME("average_swap");
    if (!average)
        return tp__null_argument("average");
    TP_SCOPE(swap);
    tp_tensor **room = tp_region_alloc(tp__region_current(), (size_t)average->n_pairs * sizeof *room);
    if (!room)
        return TP_ERROR_MEMORY;
    TP__TRY(rooms(average, room));
    for (int64_t i = 0; i < average->n_pairs; i++) {
        const pair *p = &average->pairs[i];
        const size_t size = (size_t)p->mean->numel * tp_dtype_size((tp_dtype)p->mean->dtype);
        if (room[i]) {
            tp__copy_elements(p->own, room[i]);
            tp__copy_elements(p->mean, p->own);
            memcpy(p->mean->data, room[i]->data, size);
        } else {
            exchange(p->own->data, p->mean->data, size);
        }
        tp__changed(p->own);
        tp__changed(p->mean);
    }
    average->swapped = !average->swapped;
    return TP_OK;
}

bool tp_average_swapped(const tp_average *average)
{
    return average && average->swapped;
}

int64_t tp_average_count(const tp_average *average)
{
    return average ? average->count : -1;
}

/* ---- State ---- */

static const char prefix[] = "module.";

tp_named_tensors *tp_average_state(const tp_average *average)
{
    if (!average)
        return tp__null_argument("average_state: average"), NULL;
    TP_FRAME("average_state");
    if (average->swapped)
        return tp__fail_null(TP_ERROR_STATE,
                             "the module has the averaged values; tp_average_swap them back first");
    tp_region *region = tp__region_current();
    tp_named_tensors *out = region ? tp_region_alloc(region, sizeof *out) : NULL;
    if (!out || !(out->items = tp_region_alloc(region, (size_t)(average->n_pairs + 1) * sizeof *out->items)))
        return NULL;
    out->items[0] = (tp_named_tensor){"n_averaged", tp_scalar_i64(average->count)};
    out->count = 1 + average->n_pairs;
    bool failed = !out->items[0].tensor;
    for (int64_t i = 0; i < average->n_pairs && !failed; i++) {
        const pair *p = &average->pairs[i];
        const size_t length = strlen(p->name);
        char *name = tp_region_alloc(region, sizeof prefix + length);
        failed = !name;
        if (!failed) {
            memcpy(name, prefix, sizeof prefix - 1);
            memcpy(name + sizeof prefix - 1, p->name, length + 1);
            out->items[1 + i] = (tp_named_tensor){name, p->mean};
        }
    }
    return failed ? NULL : out;
}

/* The entry of a key, which is `head` and `tail`; NULL after an error. */
static const tp_tensor *find(const tp_named_tensor *tensors, int64_t n, const char *head, const char *tail)
{
    const tp_tensor *found = NULL;
    const size_t length = strlen(head);
    for (int64_t i = 0; i < n; i++) {
        const char *name = tensors[i].name;
        if (!name || strncmp(name, head, length) || strcmp(name + length, tail))
            continue;
        if (found)
            return tp__fail_null(TP_ERROR_ARGUMENT, "\"%s%s\" stands there twice", head, tail);
        if (!tensors[i].tensor || tensors[i].tensor->layout != TP__DENSE || tensors[i].tensor->released)
            return tp__fail_null(TP_ERROR_VALUE, "\"%s%s\" is no dense tensor", head, tail);
        found = tensors[i].tensor;
    }
    if (!found)
        tp_fail(TP_ERROR_ARGUMENT, "Missing key \"%s%s\"", head, tail);
    return found;
}

tp_status tp_load_average_state(tp_average *average, const tp_named_tensor *tensors, int64_t n)
{
    TP_FRAME("load_average_state");
    if (!average || n < 0 || (n && !tensors))
        return tp__null_argument(average ? "tensors" : "average");
    if (average->swapped)
        return tp_fail(TP_ERROR_STATE, "the module has the averaged values; tp_average_swap them back first");
    const tp_tensor *count = find(tensors, n, "n_averaged", "");
    if (!count)
        return tp__ctx.error;
    const double updates = count->numel == 1 ? tp_item(count) : -1;
    if (!(updates >= 0 && updates <= 0x1p53))
        return tp_fail(TP_ERROR_VALUE, "\"n_averaged\" is no number of updates");
    for (int64_t i = 0; i < average->n_pairs; i++) {
        const pair *p = &average->pairs[i];
        const tp_tensor *from = find(tensors, n, prefix, p->name);
        if (!from)
            return tp__ctx.error;
        if (from->ndim != p->mean->ndim ||
            memcmp(from->shape, p->mean->shape, (size_t)from->ndim * sizeof *from->shape))
            return tp_fail(TP_ERROR_SHAPE, "\"module.%s\" has another shape than the module's", p->name);
        if (from->dtype != p->mean->dtype)
            return tp_fail(TP_ERROR_VALUE, "\"module.%s\" has another dtype than the module's", p->name);
    }
    if (n != average->n_pairs + 1)
        return tp_fail(TP_ERROR_ARGUMENT, "%lld unexpected keys for the average",
                       (long long)(n - average->n_pairs - 1));
    for (int64_t i = 0; i < average->n_pairs; i++) {
        tp__copy_elements(find(tensors, n, prefix, average->pairs[i].name), average->pairs[i].mean);
        tp__changed(average->pairs[i].mean);
    }
    average->count = (int64_t)updates;
    return TP_OK;
}
