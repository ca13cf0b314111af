/* What is inside a module: lists and look-ups by path. */
#include "nn/module.h"

#include <string.h>

char *tp__join_path(const char *path, const char *name)
{
    tp_region *region = tp__region_current();
    const size_t before = strlen(path), length = strlen(name);
    char *joined = region ? tp__region_bump(region, before + 1 + length + 1) : NULL;
    if (!joined)
        return NULL;
    memcpy(joined, path, before);
    if (before)
        joined[before] = '.';
    memcpy(joined + before + (before ? 1 : 0), name, length + 1);
    return joined;
}

static bool listed(const tp__places *places, const tp_module *module)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->items[i].module == module)
            return true;
    return false;
}

static tp_status add_places(tp_module *module, const char *path, bool once, tp__places *places)
{
    if (once && listed(places, module))
        return TP_OK;
    TP__TRY(tp__module_whole(module));
    TP__TRY(tp__grow((void **)&places->items, &places->capacity, places->count + 1, sizeof *places->items));
    places->items[places->count++] = (tp__place){module, path};
    for (size_t i = 0; i < module->children.count; i++) {
        const tp__member *child = &module->children.items[i];
        const char *inner = tp__join_path(path, child->name);
        if (!inner)
            return TP_ERROR_MEMORY;
        TP__TRY(add_places(child->is.module, inner, once, places));
    }
    return TP_OK;
}

tp_status tp__module_places(const tp_module *module, bool once, tp__places *places)
{
    *places = (tp__places){0};
    const tp_status status = add_places((tp_module *)module, "", once, places);
    if (status != TP_OK)
        tp__free(places->items);
    return status;
}

/* ---- Lists ---- */

static tp_parameter_list *list_with_room(size_t count)
{
    tp_region *region = tp__region_current();
    tp_parameter_list *list = region ? tp_region_alloc(region, sizeof *list) : NULL;
    if (!list)
        return NULL;
    list->tensors = tp_region_alloc(region, count * sizeof *list->tensors);
    list->names = tp_region_alloc(region, count * sizeof *list->names);
    return list->tensors && list->names ? list : NULL;
}

static bool has_tensor(const tp_parameter_list *list, const tp_tensor *tensor)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->tensors[i] == tensor)
            return true;
    return false;
}

tp_parameter_list *tp_parameters(const tp_module *module)
{
    tp__places places;
    if (!module)
        return tp__null_argument("parameters: module"), NULL;
    if (tp__module_places(module, true, &places) != TP_OK)
        return NULL;
    size_t most = 0;
    for (size_t i = 0; i < places.count; i++)
        most += places.items[i].module->parameters.count;
    tp_parameter_list *list = list_with_room(most);
    for (size_t i = 0; i < places.count && list; i++) {
        const tp__members *own = &places.items[i].module->parameters;
        for (size_t k = 0; k < own->count && list; k++) {
            if (has_tensor(list, own->items[k].is.tensor))
                continue;
            const char *name = tp__join_path(places.items[i].path, own->items[k].name);
            list->names[list->count] = name;
            list->tensors[list->count++] = own->items[k].is.tensor;
            if (!name)
                list = NULL;
        }
    }
    tp__free(places.items);
    return list;
}

tp_parameter_list *tp_parameters_of_n(int64_t count, tp_tensor *const *tensors)
{
    TP_FRAME("parameters_of");
    if (count < 0 || (count && !tensors))
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld tensors cannot be listed", (long long)count);
    if ((uint64_t)count > PTRDIFF_MAX / 64)
        return tp__fail_null(TP_ERROR_MEMORY, "%lld tensors are more than any memory", (long long)count);
    tp_parameter_list *list = list_with_room((size_t)count);
    for (int64_t i = 0; i < count && list; i++) {
        if (!tensors[i])
            return tp__null_argument("a tensor"), NULL;
        if (tensors[i]->history || !tensors[i]->requires_grad)
            return tp__fail_null(TP_ERROR_STATE, "tensor %lld is not a leaf that requires a gradient",
                                 (long long)i);
        if (has_tensor(list, tensors[i]))
            continue;
        char number[24];
        snprintf(number, sizeof number, "%lld", (long long)i);
        if (!(list->names[list->count] = tp__join_path("", number)))
            return NULL;
        list->tensors[list->count++] = tensors[i];
    }
    return list;
}

tp_module_list *tp_named_modules(tp_module *module)
{
    tp__places places;
    if (!module)
        return tp__null_argument("named_modules: module"), NULL;
    if (tp__module_places(module, true, &places) != TP_OK)
        return NULL;
    tp_region *region = tp__region_current();
    tp_module_list *list = tp_region_alloc(region, sizeof *list);
    if (list) {
        list->modules = tp_region_alloc(region, places.count * sizeof *list->modules);
        list->names = tp_region_alloc(region, places.count * sizeof *list->names);
        if (!list->modules || !list->names)
            list = NULL;
    }
    for (size_t i = 0; i < places.count && list; i++) {
        list->modules[i] = places.items[i].module;
        list->names[i] = places.items[i].path;
        list->count++;
    }
    tp__free(places.items);
    return list;
}

int64_t tp_parameter_count(const tp_module *module)
{
    TP_SCOPE(count);
    const tp_parameter_list *list = tp_parameters(module);
    if (!list)
        return -1;
    int64_t count = 0;
    for (int64_t i = 0; i < list->count; i++)
        count += list->tensors[i]->numel;
    return count;
}

/* ---- By path ---- */

const tp__member *tp__member_named(const tp__members *members, const char *name, size_t length)
{
    for (size_t i = 0; i < members->count; i++)
        if (!strncmp(members->items[i].name, name, length) && !members->items[i].name[length])
            return &members->items[i];
    return NULL;
}

/* Follows the path to its end, or, with `to_parent`, up to its last dot; sets `last` to what follows that. */
static const tp_module *follow(const tp_module *module, const char *path, bool to_parent, const char **last)
{
    while (*path) {
        const char *dot = strchr(path, '.');
        const size_t length = dot ? (size_t)(dot - path) : strlen(path);
        if (!dot && to_parent)
            break;
        const tp__member *child = tp__member_named(&module->children, path, length);
        if (!child)
            return tp__fail_null(TP_ERROR_INDEX, "%s has no attribute `%.*s`", module->type, (int)length,
                                 path);
        module = child->is.module;
        path = dot ? dot + 1 : path + length;
    }
    *last = path;
    return module;
}

tp_module *tp_get_submodule(tp_module *module, const char *path)
{
    if (!module)
        return tp__null_operand(__func__);
    TP_FRAME("get_submodule");
    if (!path)
        return tp__null_argument("path"), NULL;
    const char *last;
    return (tp_module *)follow(module, path, false, &last);
}

static tp_tensor *tensor_at(tp_module *module, const char *path, bool buffer)
{
    if (!path)
        return tp__null_argument("path"), NULL;
    const char *last;
    const tp_module *owner = follow(module, path, true, &last);
    if (!owner)
        return NULL;
    const tp__member *found =
        tp__member_named(buffer ? &owner->buffers : &owner->parameters, last, strlen(last));
    if (!found)
        return tp__fail_null(TP_ERROR_INDEX, "%s has no %s `%s`", owner->type,
                             buffer ? "buffer" : "parameter", last);
    return found->is.tensor;
}

tp_tensor *tp_get_parameter(tp_module *module, const char *path)
{
    if (!module)
        return tp__null_operand(__func__);
    TP_FRAME("get_parameter");
    return tensor_at(module, path, false);
}

tp_tensor *tp_get_buffer(tp_module *module, const char *path)
{
    if (!module)
        return tp__null_operand(__func__);
    TP_FRAME("get_buffer");
    return tensor_at(module, path, true);
}
