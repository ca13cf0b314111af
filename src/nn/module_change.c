/* Changing a module as a whole: visiting, freezing, converting, copying. */
#include "nn/module.h"

#include <string.h>

/* Children before their parent. `done` has those that were visited. */
static tp_status visit(tp_module *module, tp_module_function function, void *argument, tp__places *done)
{
    for (size_t i = 0; i < done->count; i++)
        if (done->items[i].module == module)
            return TP_OK;
    TP__TRY(tp__module_whole(module));
    for (size_t i = 0; i < module->children.count; i++)
        TP__TRY(visit(module->children.items[i].is.module, function, argument, done));
    TP__TRY(tp__grow((void **)&done->items, &done->capacity, done->count + 1, sizeof *done->items));
    done->items[done->count++] = (tp__place){module, NULL};
    return function(module, argument);
}

tp_status tp_apply_to_modules(tp_module *module, tp_module_function function, void *argument)
{
    if (!module || !function)
        return tp__null_argument(module ? "apply_to_modules: function" : "apply_to_modules: module");
    tp__places done = {0};
    const tp_status status = visit(module, function, argument, &done);
    tp__free(done.items);
    return status;
}

void tp_module_zero_grad(tp_module *module)
{
    if (!module)
        return;
    for (size_t i = 0; i < module->parameters.count; i++)
        tp_zero_grad_of(module->parameters.items[i].is.tensor);
    for (size_t i = 0; i < module->children.count; i++)
        tp_module_zero_grad(module->children.items[i].is.module);
}

tp_status tp_requires_grad_at(tp_module *module, const char *path, bool requires_grad)
{
    TP_FRAME("requires_grad_at");
    if (!module || !path)
        return tp__null_argument(module ? "path" : "module");
    tp_module *owner = module;
    for (;;) {
        const char *dot = strchr(path, '.');
        const size_t length = dot ? (size_t)(dot - path) : strlen(path);
        const tp__member *child = tp__member_named(&owner->children, path, length);
        if (!length && owner == module)
            break;
        if (!child && !dot) {
            const tp__member *parameter = tp__member_named(&owner->parameters, path, length);
            if (parameter) {
                parameter->is.tensor->requires_grad = requires_grad;
                return TP_OK;
            }
        }
        if (!child)
            return tp_fail(TP_ERROR_INDEX, "%s has no module or parameter `%.*s`", owner->type, (int)length,
                           path);
        owner = child->is.module;
        if (!dot)
            break;
        path = dot + 1;
    }
    tp_requires_grad_all(owner, requires_grad);
    return TP_OK;
}

/* ---- Converting ---- */

/* New storages are made first, so that what can fail has failed before anything changes. */
typedef struct conversion {
    tp_tensor *tensor, *made;
} conversion;

typedef struct conversions {
    conversion *items; /* to be freed with tp__free */
    size_t count, capacity;
} conversions;

static tp_status prepare(conversions *all, const tp__members *members, tp_dtype dtype)
{
    for (size_t i = 0; i < members->count; i++) {
        tp_tensor *t = members->items[i].is.tensor;
        bool listed = t->dtype == dtype || !tp_dtype_is_float((tp_dtype)t->dtype);
        for (size_t k = 0; k < all->count && !listed; k++)
            listed = all->items[k].tensor == t;
        if (listed)
            continue;
        if (t->released)
            return tp_fail(TP_ERROR_STATE, "'%s' was released", members->items[i].name);
        TP__TRY(tp__grow((void **)&all->items, &all->capacity, all->count + 1, sizeof *all->items));
        tp_tensor *made = tp__tensor_new(tp__home_region(t->home), dtype, t->ndim, t->shape);
        if (!made)
            return TP_ERROR_MEMORY;
        made->storage->version = t->storage ? t->storage->version + 1 : 1;
        all->items[all->count++] = (conversion){t, made};
    }
    return TP_OK;
}

/* The tensor takes over what was made; the old elements go, unless views of them are left. */
static void exchange(const conversion *c)
{
    tp_tensor *t = c->tensor, *made = c->made, old = *t;
    tp__copy_elements(t, made);
    tp_zero_grad_of(t);
    t->dtype = made->dtype;
    t->data = made->data;
    t->storage = made->storage;
    t->contiguous = made->contiguous;
    memcpy(t->strides, made->strides, sizeof t->strides);
    old.saved = false;
    tp_release(&old);
}

tp_status tp_module_to(tp_module *module, tp_dtype dtype)
{
    TP_FRAME("module_to");
    if (!module)
        return tp__null_argument("module");
    if (!tp_dtype_is_float(dtype))
        return tp_fail(TP_ERROR_DTYPE, "only accepts floating point dtypes, but got desired dtype=%s",
                       tp_dtype_name(dtype));
    TP_SCOPE(convert);
    tp__places places;
    TP__TRY(tp__module_places(module, true, &places));
    conversions all = {0};
    tp_status status = TP_OK;
    for (size_t i = 0; i < places.count && status == TP_OK; i++) {
        status = prepare(&all, &places.items[i].module->parameters, dtype);
        if (status == TP_OK)
            status = prepare(&all, &places.items[i].module->buffers, dtype);
    }
    for (size_t i = 0; i < all.count; i++)
        if (status == TP_OK)
            exchange(&all.items[i]);
        else
            tp_release(all.items[i].made);
    tp__free(all.items);
    tp__free(places.items);
    return status;
}

/* ---- Copying ---- */

/* What was copied, and what became of it. */
typedef struct pair {
    const void *from;
    void *to;
} pair;

typedef struct pairs {
    pair *items; /* to be freed with tp__free */
    size_t count, capacity;
} pairs;

static void *copy_of(const pairs *all, const void *from)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].from == from)
            return all->items[i].to;
    return NULL;
}

static tp_status add_pair(pairs *all, const void *from, void *to)
{
    if (!to)
        return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
    TP__TRY(tp__grow((void **)&all->items, &all->capacity, all->count + 1, sizeof *all->items));
    all->items[all->count++] = (pair){from, to};
    return TP_OK;
}

/* The module's own tensors, each copied once. */
static tp_status copy_tensors(pairs *all, const tp__members *members)
{
    tp_region *region = tp__region_current();
    for (size_t i = 0; i < members->count; i++) {
        const tp_tensor *from = members->items[i].is.tensor;
        if (copy_of(all, from))
            continue;
        if (from->released)
            return tp_fail(TP_ERROR_STATE, "'%s' was released", members->items[i].name);
        tp_tensor *to = tp__tensor_copy(region, from);
        TP__TRY(add_pair(all, from, to));
        to->requires_grad = from->requires_grad;
        to->is_parameter = from->is_parameter;
    }
    return TP_OK;
}

static tp_status copy_members(const pairs *all, const tp__members *from, tp__members *to)
{
    tp_region *region = tp__region_current();
    *to = (tp__members){.count = from->count, .capacity = from->count};
    if (!from->count)
        return TP_OK;
    if (!(to->items = tp_region_alloc(region, from->count * sizeof *to->items)))
        return TP_ERROR_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        if (!(to->items[i].name = tp__region_strdup(region, from->items[i].name)))
            return TP_ERROR_MEMORY;
        /* Which of the two members of the union it is does not matter. */
        void *copy = copy_of(all, from->items[i].is.tensor);
        memcpy(&to->items[i].is, &copy, sizeof copy);
    }
    return TP_OK;
}

/* The data, in which pointers to what was copied become pointers to the copies. */
static tp_status copy_data(const pairs *all, const tp_module *from, tp_module *to)
{
    to->data = NULL;
    if (!from->data_size)
        return TP_OK;
    char *data = to->data = tp_region_alloc(tp__region_current(), from->data_size);
    if (!data)
        return TP_ERROR_MEMORY;
    memcpy(data, from->data, from->data_size);
    for (size_t at = 0; at + sizeof(void *) <= from->data_size; at += sizeof(void *)) {
        void *pointer;
        memcpy(&pointer, data + at, sizeof pointer);
        pointer = pointer ? copy_of(all, pointer) : NULL;
        if (pointer)
            memcpy(data + at, &pointer, sizeof pointer);
    }
    return TP_OK;
}

static tp_status fill_copy(const pairs *all, const tp_module *from, tp_module *to)
{
    tp_region *region = tp__region_current();
    *to = *from;
    to->home = region->home;
    if (!(to->type = tp__region_strdup(region, from->type)) ||
        !(to->name = tp__region_strdup(region, from->name)))
        return TP_ERROR_MEMORY;
    TP__TRY(copy_members(all, &from->parameters, &to->parameters));
    TP__TRY(copy_members(all, &from->buffers, &to->buffers));
    TP__TRY(copy_members(all, &from->children, &to->children));
    return copy_data(all, from, to);
}

static tp_status copy_all(const tp__places *places, pairs *all)
{
    for (size_t i = 0; i < places->count; i++) {
        const tp_module *m = places->items[i].module;
        TP__TRY(copy_tensors(all, &m->parameters));
        TP__TRY(copy_tensors(all, &m->buffers));
        TP__TRY(add_pair(all, m, tp_region_alloc(tp__region_current(), sizeof *m)));
    }
    for (size_t i = 0; i < places->count; i++)
        TP__TRY(fill_copy(all, places->items[i].module, copy_of(all, places->items[i].module)));
    return TP_OK;
}

tp_module *tp_module_copy(const tp_module *module)
{
    if (!module)
        return tp__null_argument("module_copy: module"), NULL;
    TP_FRAME("module_copy");
    tp__places places;
    if (!tp__region_current() || tp__module_places(module, true, &places) != TP_OK)
        return NULL;
    pairs all = {0};
    tp_module *copy = copy_all(&places, &all) == TP_OK ? copy_of(&all, module) : NULL;
    if (copy)
        copy->name = "";
    tp__free(places.items);
    tp__free(all.items);
    return copy;
}
