/* The inside of a module. */
#ifndef TAPER_NN_MODULE_H
#define TAPER_NN_MODULE_H

#include "heart/heart.h"
#include "taper/nn.h"

/* Something under a name. */
typedef struct tp__member {
    const char *name;
    union {
        tp_tensor *tensor;
        tp_module *module;
    } is;
} tp__member;

/* Arrays lie in the module's region; they double, so that what is left behind is no more than what is used.
 */
typedef struct tp__members {
    tp__member *items;
    size_t count, capacity;
} tp__members;

struct tp_module {
    const char *type, *name;
    tp__home *home;
    tp_forward_function forward;
    tp_describe_function describe;
    void *data;
    bool training;
    bool broken; /* a part of it could not be registered */
    tp__members parameters, buffers, children;
};

/* A module and its path from the one where the walk began. */
typedef struct tp__place {
    tp_module *module;
    const char *path;
} tp__place;

typedef struct tp__places {
    tp__place *items; /* to be freed with tp__free */
    size_t count, capacity;
} tp__places;

/* All modules from `module` on, parents before children; each once, or under each of its paths. Paths are in
 * the current region. Fails for a module of which a part is missing. */
tp_status tp__module_places(const tp_module *module, bool once, tp__places *places);

/* "path.name", or the name alone if the path is empty; in the current region. */
char *tp__join_path(const char *path, const char *name);

/* Fails if a part of the module could not be registered. */
tp_status tp__module_whole(const tp_module *module);

#endif
