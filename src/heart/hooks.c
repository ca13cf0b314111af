/* Functions of the program that a backward calls: with the gradient of a tensor, or after a leaf got its own.
 */
#include "heart/heart.h"

struct tp_hook {
    tp_hook *next;             /* stays as it is after removal: a list may be in the middle of being called */
    tp_tensor *of;             /* NULL once removed */
    tp_hook_function function; /* one of the two */
    tp_after_grad_function after;
    void *argument;
};

static tp_hook *add_hook(tp_tensor *t, tp_hook_function function, tp_after_grad_function after,
                         void *argument)
{
    if (!t->requires_grad)
        return tp__fail_null(TP_ERROR_STATE,
                             "cannot register a hook on a tensor that doesn't require gradient");
    if (!function && !after)
        return tp__null_argument("the function"), NULL;
    tp__leaf *l = tp__leaf_of(t);
    tp_hook *hook = l ? tp_region_alloc(tp__home_region(t->home), sizeof *hook) : NULL;
    if (!hook)
        return NULL;
    *hook = (tp_hook){NULL, t, function, after, argument};
    tp_hook **last = &l->hooks;
    while (*last)
        last = &(*last)->next;
    *last = hook;
    t->hooked = true;
    return hook;
}

tp_hook *tp_register_hook(tp_tensor *t, tp_hook_function function, void *argument)
{
    TP_FRAME("register_hook");
    return t ? add_hook(t, function, NULL, argument) : tp__null_operand(__func__);
}

tp_hook *tp_register_post_accumulate_grad_hook(tp_tensor *leaf, tp_after_grad_function function,
                                               void *argument)
{
    TP_FRAME("register_post_accumulate_grad_hook");
    if (leaf && leaf->history)
        return tp__fail_null(TP_ERROR_STATE,
                             "post accumulate grad hooks cannot be registered on non-leaf tensors");
    return leaf ? add_hook(leaf, NULL, function, argument) : tp__null_operand(__func__);
}

void tp_hook_remove(tp_hook *hook)
{
    if (!hook || !hook->of)
        return;
    tp__leaf *l = hook->of->leaf;
    tp_hook **link = &l->hooks;
    while (*link != hook)
        link = &(*link)->next;
    *link = hook->next;
    hook->of->hooked = l->hooks != NULL;
    hook->of = NULL;
}

static TP__COLD tp_status refuse_replacement(const tp_tensor *t, const tp_tensor *by)
{
    char got[TP__SHAPE_TEXT_SIZE], want[TP__SHAPE_TEXT_SIZE];
    if (by->layout != TP__DENSE || by->released)
        return tp_fail(TP_ERROR_ARGUMENT, "a hook returned a tensor that is %s",
                       by->released ? "released" : "not dense");
    return tp_fail(TP_ERROR_SHAPE, "a hook on a tensor of %s %s returned a gradient of %s %s",
                   tp_dtype_name((tp_dtype)t->dtype), tp__shape_text(want, sizeof want, t->ndim, t->shape),
                   tp_dtype_name((tp_dtype)by->dtype), tp__shape_text(got, sizeof got, by->ndim, by->shape));
}

/* Hooks run as code outside of the walk does: what they make is theirs, and is not recycled. */
tp_status tp__call_hooks(tp_tensor *t, tp_tensor **gradient)
{
    const bool walking = tp__ctx.modes.walking;
    tp_status status = TP_OK;
    if (!(*gradient = tp__multiplied_out(*gradient)))
        return tp__ctx.error;
    tp__ctx.modes.walking = false;
    for (const tp_hook *hook = t->leaf->hooks; hook && status == TP_OK; hook = hook->next) {
        if (!hook->of || !hook->function)
            continue;
        const tp_status before = tp__ctx.error;
        (*gradient)->temporary = false; /* the hook may keep it */
        tp_tensor *by = hook->function(*gradient, hook->argument);
        if (!by)
            status = before == TP_OK ? tp__ctx.error : TP_OK;
        else if (by->layout != TP__DENSE || by->released || !tp__is_like(by, t))
            status = refuse_replacement(t, by);
        else
            *gradient = by;
    }
    tp__ctx.modes.walking = walking;
    return status;
}

tp_status tp__call_hooks_after(tp_tensor *leaf)
{
    tp_status status = TP_OK;
    for (const tp_hook *hook = leaf->leaf->hooks; hook && status == TP_OK; hook = hook->next)
        if (hook->of && hook->after)
            status = hook->after(leaf, hook->argument);
    return status;
}
