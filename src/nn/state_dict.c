/* A module's state as named tensors, and back. */
#include "nn/module.h"
#include "nn/writer.h"

#include <string.h>

/* A module's own tensors: parameters, then buffers. */
static size_t tensors_of(const tp_module *module)
{
    return module->parameters.count + module->buffers.count;
}

static const tp__member *tensor_of(const tp_module *module, size_t i)
{
    return i < module->parameters.count ? &module->parameters.items[i]
                                        : &module->buffers.items[i - module->parameters.count];
}

static tp_named_tensors *list_with_room(size_t count)
{
    tp_region *region = tp__region_current();
    tp_named_tensors *list = region ? tp_region_alloc(region, sizeof *list) : NULL;
    if (!list || !(list->items = tp_region_alloc(region, count * sizeof *list->items)))
        return NULL;
    return list;
}

tp_named_tensors *tp_state_dict(const tp_module *module)
{
    tp__places places;
    if (!module)
        return tp__null_argument("state_dict: module"), NULL;
    if (tp__module_places(module, false, &places) != TP_OK)
        return NULL;
    size_t count = 0;
    for (size_t i = 0; i < places.count; i++)
        count += tensors_of(places.items[i].module);
    tp_named_tensors *list = list_with_room(count);
    for (size_t i = 0; i < places.count && list; i++)
        for (size_t k = 0; k < tensors_of(places.items[i].module) && list; k++) {
            const tp__member *m = tensor_of(places.items[i].module, k);
            const char *name = tp__join_path(places.items[i].path, m->name);
            list->items[list->count++] = (tp_named_tensor){name, m->is.tensor};
            if (!name)
                list = NULL;
        }
    tp__free(places.items);
    return list;
}

tp_named_tensors *tp_copy_named_tensors(const tp_named_tensors *tensors)
{
    if (!tensors)
        return tp__null_argument("copy_named_tensors: tensors"), NULL;
    tp_named_tensors *list = list_with_room((size_t)tensors->count);
    for (int64_t i = 0; i < tensors->count && list; i++) {
        tp_region *region = tp__region_current();
        const char *name = tp__region_strdup(region, tensors->items[i].name);
        tp_tensor *copy = name ? tp__tensor_copy(region, tensors->items[i].tensor) : NULL;
        list->items[list->count++] = (tp_named_tensor){name, copy};
        if (!copy)
            list = NULL;
    }
    return list;
}

/* ---- Loading ---- */

static const tp_named_tensor *find(const tp_named_tensor *tensors, int64_t n, const char *name)
{
    for (int64_t i = 0; i < n; i++)
        if (!strcmp(tensors[i].name, name))
            return &tensors[i];
    return NULL;
}

static tp_status check_list(const tp_named_tensor *tensors, int64_t n)
{
    TP_FRAME("load_state_dict");
    if (n < 0 || (n && !tensors))
        return tp__null_argument("tensors");
    for (int64_t i = 0; i < n; i++) {
        if (!tensors[i].name || !tensors[i].tensor)
            return tp__null_argument(tensors[i].name ? tensors[i].name : "a name");
        if (tensors[i].tensor->layout != TP__DENSE || tensors[i].tensor->released)
            return tp_fail(TP_ERROR_STATE, "\"%s\" is %s", tensors[i].name,
                           tensors[i].tensor->released ? "released" : "sparse");
        if (find(tensors, i, tensors[i].name))
            return tp_fail(TP_ERROR_ARGUMENT, "\"%s\" stands there twice", tensors[i].name);
    }
    return TP_OK;
}

/* "torch.Size([2, 3])" */
static void write_size(tp__writer *out, const tp_tensor *t)
{
    tp__writef(out, "torch.Size([");
    for (int d = 0; d < t->ndim; d++)
        tp__writef(out, d ? ", %lld" : "%lld", (long long)t->shape[d]);
    tp__writef(out, "])");
}

/* `Missing key(s) in state_dict: "a", "b". ` */
static void write_keys(tp__writer *out, const char *heading, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tp__writef(out, i ? ", \"%s\"" : "%s\"%s\"", i ? keys[i] : heading, keys[i]);
    if (count)
        tp__writef(out, ". ");
}

static bool same_shape(const tp_tensor *a, const tp_tensor *b)
{
    return a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape);
}

/* BatchNorm's count of batches came later than its other state: like PyTorch, for a file that does not say by
 * which version it was written, its absence is no fault. */
static bool may_be_missing(const char *name)
{
    const char *dot = strrchr(name, '.');
    return !strcmp(dot ? dot + 1 : name, "num_batches_tracked");
}

/* The length of the longest path at the start of `name` at which a module stands. */
static size_t owner_length(const tp_module *module, const char *name)
{
    const char *at = name, *dot;
    while ((dot = strchr(at, '.'))) {
        const tp__member *child = tp__member_named(&module->children, at, (size_t)(dot - at));
        if (!child)
            break;
        module = child->is.module;
        at = dot + 1;
    }
    return at == name ? 0 : (size_t)(at - name) - 1;
}

/* The names that the module does not have, in PyTorch's order: by the module that they would be in. */
static tp_status list_unexpected(const tp_module *module, const tp_named_tensors *own,
                                 const tp_named_tensor *tensors, int64_t n, tp_incompatible_keys *keys)
{
    tp__places places;
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++)
        count += !find(own->items, own->count, tensors[i].name);
    if (!count)
        return TP_OK;
    TP__TRY(tp__module_places(module, false, &places));
    for (size_t p = 0; p < places.count && keys->n_unexpected < count; p++) {
        const char *path = places.items[p].path;
        const size_t length = strlen(path);
        for (int64_t i = 0; i < n; i++)
            if (!strncmp(tensors[i].name, path, length) && owner_length(module, tensors[i].name) == length &&
                !find(own->items, own->count, tensors[i].name))
                keys->unexpected[keys->n_unexpected++] = tensors[i].name;
    }
    tp__free(places.items);
    return TP_OK;
}

/* The names on one side only, in the current region. */
static tp_incompatible_keys *differing(const tp_module *module, const tp_named_tensors *own,
                                       const tp_named_tensor *tensors, int64_t n)
{
    tp_region *region = tp__region_current();
    tp_incompatible_keys *keys = region ? tp_region_alloc(region, sizeof *keys) : NULL;
    if (!keys || !(keys->missing = tp_region_alloc(region, (size_t)own->count * sizeof *keys->missing)) ||
        !(keys->unexpected = tp_region_alloc(region, (size_t)n * sizeof *keys->unexpected)))
        return NULL;
    for (int64_t i = 0; i < own->count; i++)
        if (!find(tensors, n, own->items[i].name) && !may_be_missing(own->items[i].name))
            keys->missing[keys->n_missing++] = own->items[i].name;
    return list_unexpected(module, own, tensors, n, keys) == TP_OK ? keys : NULL;
}

/* Writes the tensors whose shapes differ. */
static void write_sizes(tp__writer *out, const tp_named_tensors *own, const tp_named_tensor *tensors,
                        int64_t n)
{
    for (int64_t i = 0; i < own->count; i++) {
        const tp_named_tensor *from = find(tensors, n, own->items[i].name);
        if (!from || same_shape(from->tensor, own->items[i].tensor))
            continue;
        tp__writef(out, "\n\tsize mismatch for %s: copying a param with shape ", from->name);
        write_size(out, from->tensor);
        tp__writef(out, " from checkpoint, the shape in current model is ");
        write_size(out, own->items[i].tensor);
        tp__writef(out, ".");
    }
}

/* Copies what both sides have; fails with all that does not fit. Unless `strict`, names may differ. */
static tp_status load(const tp_module *module, const tp_named_tensors *own, const tp_named_tensor *tensors,
                      int64_t n, bool strict, const tp_incompatible_keys *keys)
{
    tp__writer out = {0};
    if (strict) {
        write_keys(&out, "\n\tMissing key(s) in state_dict: ", keys->missing, (size_t)keys->n_missing);
        write_keys(&out, "\n\tUnexpected key(s) in state_dict: ", keys->unexpected,
                   (size_t)keys->n_unexpected);
    }
    const bool keys_differ = out.length > 0;
    write_sizes(&out, own, tensors, n);
    tp_status status = out.failed ? TP_ERROR_MEMORY : TP_OK;
    if (status == TP_OK && out.length)
        status =
            tp_fail(keys_differ ? TP_ERROR_ARGUMENT : TP_ERROR_SHAPE,
                    "Error(s) in loading state_dict for %s:%.*s", module->type, (int)out.length, out.bytes);
    tp__writer_drop(&out);
    if (status != TP_OK)
        return status;
    for (int64_t i = 0; i < own->count; i++) {
        const tp_named_tensor *from = find(tensors, n, own->items[i].name);
        if (!from)
            continue;
        tp__copy_elements(from->tensor, own->items[i].tensor);
        tp__changed(own->items[i].tensor);
    }
    return TP_OK;
}

tp_status tp_load_state_dict(tp_module *module, const tp_named_tensor *tensors, int64_t n, bool strict)
{
    if (!module)
        return tp__null_argument("load_state_dict: module");
    TP__TRY(check_list(tensors, n));
    TP_SCOPE(load_state_dict);
    const tp_named_tensors *own = tp_state_dict(module);
    const tp_incompatible_keys *keys = own ? differing(module, own, tensors, n) : NULL;
    return keys ? load(module, own, tensors, n, strict, keys) : tp__ctx.error;
}

tp_incompatible_keys *tp_load_state_dict_partly(tp_module *module, const tp_named_tensor *tensors, int64_t n)
{
    if (!module)
        return tp__null_argument("load_state_dict: module"), NULL;
    if (check_list(tensors, n) != TP_OK)
        return NULL;
    const tp_named_tensors *own = tp_state_dict(module);
    tp_incompatible_keys *keys = own ? differing(module, own, tensors, n) : NULL;
    for (int64_t i = 0; keys && i < keys->n_unexpected; i++)
        if (!(keys->unexpected[i] = tp__region_strdup(tp__region_current(), keys->unexpected[i])))
            return NULL;
    return keys && load(module, own, tensors, n, false, keys) == TP_OK ? keys : NULL;
}
