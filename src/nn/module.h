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
    tp_count_function count;
    void *data;
    size_t data_size;
    bool training;
    bool broken; /* a part of it could not be registered */
    tp__members parameters, buffers, children;
};

/* What is called for every module that has been applied on this thread, while it is set. `y` may be NULL: the
 * module failed. */
typedef struct tp__observer {
    void (*ran)(struct tp__observer *observer, const tp_module *module, const tp_tensor *x,
                const tp_tensor *y);
} tp__observer;
extern _Thread_local tp__observer *tp__module_observer TP__FAST_THREAD_LOCAL;

/* What ends every application of a module: tells the observer, if there is one, and returns y. */
static inline tp_tensor *tp__module_ran(const tp_module *module, const tp_tensor *x, tp_tensor *y)
{
    if (tp__module_observer)
        tp__module_observer->ran(tp__module_observer, module, x, y);
    return y;
}

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

/* The member whose name is the first `length` bytes of `name`; NULL if there is none. */
const tp__member *tp__member_named(const tp__members *members, const char *name, size_t length);

/* "path.name", or the name alone if the path is empty; in the current region. */
char *tp__join_path(const char *path, const char *name);

/* Fails if a part of the module could not be registered. */
tp_status tp__module_whole(const tp_module *module);

#endif
