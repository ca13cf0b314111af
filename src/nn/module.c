/* Modules: making them, giving them parts, running them. */
#include "nn/module.h"

#include <string.h>

_Thread_local tp__observer *tp__module_observer TP__FAST_THREAD_LOCAL;

tp_module *tp_module_new(const char *type, tp_forward_function forward, size_t data_size)
{
    tp_region *region = tp__region_current();
    if (!region)
        return NULL;
    if (!type || !*type)
        return tp__fail_null(TP_ERROR_ARGUMENT, "module_new: the type needs a name");
    tp_module *module = tp_region_alloc(region, sizeof *module);
    if (!module || !(module->type = tp__region_strdup(region, type)))
        return NULL;
    if (data_size && !(module->data = tp_region_alloc(region, data_size)))
        return NULL;
    module->data_size = data_size;
    module->name = "";
    module->home = region->home;
    module->forward = forward;
    module->training = true;
    return module;
}

void *tp_module_data(const tp_module *module)
{
    return module ? module->data : NULL;
}

void tp_module_set_describe(tp_module *module, tp_describe_function describe)
{
    if (module)
        module->describe = describe;
}

void tp_module_set_count(tp_module *module, tp_count_function count)
{
    if (module)
        module->count = count;
}

const char *tp_module_type(const tp_module *module)
{
    return module ? module->type : "";
}

const char *tp_module_name(const tp_module *module)
{
    return module ? module->name : "";
}

/* ---- Registering ---- */

static tp__member *find(const tp__members *members, const char *name)
{
    for (size_t i = 0; i < members->count; i++)
        if (!strcmp(members->items[i].name, name))
            return &members->items[i];
    return NULL;
}

/* The place for `name` among `members`, made if need be; NULL after an error. */
static tp__member *place_for(tp_module *module, tp__members *members, const char *what, const char *name)
{
    if (!*name || strchr(name, '.'))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             *name ? "register_%s: %s name can't contain \".\", as '%s' does"
                                   : "register_%s: %s name can't be empty string \"\"%s",
                             what, what, name);
    tp__member *place = find(members, name);
    if (place)
        return place;
    if (find(&module->parameters, name) || find(&module->buffers, name) || find(&module->children, name))
        return tp__fail_null(TP_ERROR_ARGUMENT, "register_%s: attribute '%s' already exists", what, name);
    tp_region *region = tp__home_region(module->home);
    if (members->count == members->capacity) {
        const size_t capacity = members->capacity ? 2 * members->capacity : 4;
        tp__member *items = tp_region_alloc(region, capacity * sizeof *items);
        if (!items)
            return NULL;
        if (members->count)
            memcpy(items, members->items, members->count * sizeof *items);
        members->items = items;
        members->capacity = capacity;
    }
    char *copy = tp__region_strdup(region, name);
    if (!copy)
        return NULL;
    place = &members->items[members->count];
    place->name = copy;
    return place;
}

/* Whether what lives at `home` may be referred to by `module`. */
static tp_status check_lifetime(const tp_module *module, const tp__home *home, const char *what,
                                const char *name)
{
    const tp_region *inner = home ? tp__home_region(home) : NULL, *own = tp__home_region(module->home);
    if (!inner || inner->depth <= own->depth)
        return TP_OK;
    return tp_fail(TP_ERROR_STATE,
                   "register_%s: '%s' lives in region '%s', which ends before region '%s' where the module "
                   "lives",
                   what, name, inner->name, own->name);
}

static void *fail_to_register(tp_module *module)
{
    module->broken = true;
    return NULL;
}

static bool given(tp_module *module, const char *what, const char *name, const void *thing)
{
    if (!module || !name || !thing) {
        TP_FRAME(what);
        tp__null_argument(!module ? "module" : !name ? "name" : name);
        return false;
    }
    return true;
}

static tp_tensor *register_tensor(tp_module *module, tp__members *members, const char *what, const char *name,
                                  tp_tensor *tensor)
{
    if (check_lifetime(module, tensor->home, what, name) != TP_OK)
        return fail_to_register(module);
    if (tensor->released) {
        tp_fail(TP_ERROR_STATE, "register_%s: '%s' was released", what, name);
        return fail_to_register(module);
    }
    tp__member *place = place_for(module, members, what, name);
    if (!place)
        return fail_to_register(module);
    place->is.tensor = tensor;
    if (place == &members->items[members->count])
        members->count++;
    return tensor;
}

tp_tensor *tp_register_parameter(tp_module *module, const char *name, tp_tensor *parameter)
{
    if (!given(module, "register_parameter", name, parameter))
        return module ? fail_to_register(module) : NULL;
    if (parameter->history || parameter->layout != TP__DENSE) {
        tp_fail(TP_ERROR_STATE, "register_parameter: '%s' is %s; a parameter is a dense leaf", name,
                parameter->history ? "computed by an operation" : "sparse");
        return fail_to_register(module);
    }
    if (!tp_dtype_is_float((tp_dtype)parameter->dtype)) {
        tp_fail(TP_ERROR_DTYPE,
                "register_parameter: only Tensors of floating point dtype can require gradients; '%s' is %s",
                name, tp_dtype_name((tp_dtype)parameter->dtype));
        return fail_to_register(module);
    }
    if (!register_tensor(module, &module->parameters, "parameter", name, parameter))
        return NULL;
    /* One that is shared and was frozen stays so. */
    if (!parameter->is_parameter)
        parameter->requires_grad = true;
    parameter->is_parameter = true;
    return parameter;
}

tp_tensor *tp_register_buffer(tp_module *module, const char *name, tp_tensor *buffer)
{
    if (!given(module, "register_buffer", name, buffer))
        return module ? fail_to_register(module) : NULL;
    if (buffer->layout != TP__DENSE) {
        tp_fail(TP_ERROR_UNSUPPORTED, "register_buffer: '%s' is sparse", name);
        return fail_to_register(module);
    }
    return register_tensor(module, &module->buffers, "buffer", name, buffer);
}

static bool contains(const tp_module *module, const tp_module *wanted)
{
    if (module == wanted)
        return true;
    for (size_t i = 0; i < module->children.count; i++)
        if (contains(module->children.items[i].is.module, wanted))
            return true;
    return false;
}

tp_module *tp_register_module(tp_module *module, const char *name, tp_module *child)
{
    if (!given(module, "register_module", name, child))
        return module ? fail_to_register(module) : NULL;
    if (contains(child, module)) {
        tp_fail(TP_ERROR_STATE, "register_module: '%s' contains the module that it would be a part of", name);
        return fail_to_register(module);
    }
    if (check_lifetime(module, child->home, "module", name) != TP_OK)
        return fail_to_register(module);
    tp__member *place = place_for(module, &module->children, "module", name);
    if (!place)
        return fail_to_register(module);
    place->is.module = child;
    if (place == &module->children.items[module->children.count])
        module->children.count++;
    if (!*child->name)
        child->name = place->name;
    return child;
}

tp_status tp__module_whole(const tp_module *module)
{
    if (!module->broken)
        return TP_OK;
    return tp__ctx.error != TP_OK
               ? tp__ctx.error
               : tp_fail(TP_ERROR_STATE, "a part of this %s could not be registered", module->type);
}

/* ---- Running ---- */

tp_frame tp_module_frame(const tp_module *module)
{
    return module ? (tp_frame){module->name, module->type, NULL} : (tp_frame){"", "module", NULL};
}

tp_tensor *tp_forward(tp_module *module, tp_tensor *x)
{
    if (!module || !x)
        return tp__null_argument(module ? "forward: x" : "forward: module"), NULL;
    TP_MODULE_FRAME(module);
    if (tp__module_whole(module) != TP_OK)
        return NULL;
    if (!module->forward)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "Module [%s] is missing the required \"forward\" function",
                             module->type);
    return tp__module_ran(module, x, module->forward(module, x));
}

static void set_training(tp_module *module, bool training)
{
    module->training = training;
    for (size_t i = 0; i < module->children.count; i++)
        set_training(module->children.items[i].is.module, training);
}

void tp_train(tp_module *module)
{
    if (module)
        set_training(module, true);
}

void tp_eval(tp_module *module)
{
    if (module)
        set_training(module, false);
}

bool tp_is_training(const tp_module *module)
{
    return module && module->training;
}

void tp_requires_grad_all(tp_module *module, bool requires_grad)
{
    if (!module)
        return;
    for (size_t i = 0; i < module->parameters.count; i++)
        module->parameters.items[i].is.tensor->requires_grad = requires_grad;
    for (size_t i = 0; i < module->children.count; i++)
        tp_requires_grad_all(module->children.items[i].is.module, requires_grad);
}
