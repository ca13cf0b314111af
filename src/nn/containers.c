/* Containers: modules that hold others and compute nothing. */
#include "nn/module.h"
#include "taper/layers.h"

#include <stdio.h>
#include <string.h>

tp_module *tp_module_list_append(tp_module *list, tp_module *child)
{
    TP_FRAME("module_list_append");
    if (!list)
        return tp__null_argument("the list"), NULL;
    if (strcmp(list->type, "ModuleList") != 0)
        return tp__fail_null(TP_ERROR_ARGUMENT, "a %s is no ModuleList", list->type);
    char name[24];
    snprintf(name, sizeof name, "%zu", list->children.count);
    return tp_register_module(list, name, child);
}

tp_module *tp_module_list_n(int64_t count, tp_module *const *modules)
{
    TP_FRAME("module_list");
    if (count < 0 || (count && !modules))
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld modules cannot be listed", (long long)count);
    tp_module *list = tp_module_new("ModuleList", NULL, 0);
    for (int64_t i = 0; i < count && list; i++)
        if (!tp_module_list_append(list, modules[i]))
            return NULL;
    return list;
}

tp_module *tp_module_dict(void)
{
    return tp_module_new("ModuleDict", NULL, 0);
}

int64_t tp_child_count(const tp_module *module)
{
    return module ? (int64_t)module->children.count : -1;
}

tp_module *tp_child(const tp_module *module, int64_t index)
{
    if (!module)
        return tp__null_argument("child: the module"), NULL;
    const int64_t count = (int64_t)module->children.count;
    if (index < -count || index >= count)
        return tp__fail_null(TP_ERROR_INDEX,
                             "child: index %lld is out of range for the %lld children of a %s",
                             (long long)index, (long long)count, module->type);
    return module->children.items[index < 0 ? index + count : index].is.module;
}
