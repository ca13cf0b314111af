/* Automatic differentiation.
 *
 * While an operation runs with an input that requires a gradient, it is recorded on the calling thread's
 * tape. The tape is data in the current region, and ends with it. */
#ifndef TAPER_AUTOGRAD_H
#define TAPER_AUTOGRAD_H

#include "taper/op.h"

TP_BEGIN

/* Whether operations on `t` are recorded. False for NULL. */
TP_API bool tp_requires_grad(const tp_tensor *t);

/* Asks for the gradient of a leaf of floating type (or no longer, with false). Returns `t`, or NULL after an
 * error: TP_ERROR_DTYPE for an integer type, TP_ERROR_STATE for a tensor with history. */
TP_API tp_tensor *tp_requires_grad_(tp_tensor *t, bool requires_grad);

/* Whether `t` has no history. */
TP_API bool tp_is_leaf(const tp_tensor *t);

/* The name of the operation that computed `t` as PyTorch prints it, such as "MulBackward0", in the current
 * region; NULL for leaves. */
TP_API const char *tp_grad_fn(const tp_tensor *t);

/* A view of `t` without history. */
TP_API tp_tensor *tp_detach(const tp_tensor *t);

/* The gradient that backward left in a leaf: owned by the leaf, NULL while there is none. A backward that
 * finds none may put its data elsewhere: ask for their address again. */
TP_API tp_tensor *tp_grad(tp_tensor *leaf);

/* Makes the gradient absent (PyTorch's None); its memory is kept for the next one, or recycled above 4 MiB.
 */
TP_API void tp_zero_grad_of(tp_tensor *leaf);

/* Asks backward to leave the gradient of a tensor with history, too; read it with tp_grad. */
TP_API tp_status tp_retain_grad(tp_tensor *t);

/* Functions that a backward calls, as torch.Tensor.register_hook has them.
 *
 * tp_register_hook: `function` is called with the gradient of `t` when all of it has come together, by
 * tp_backward as by tp_gradients (where `t` is among the inputs or on the way to them), once in each. It
 * returns a gradient to go on with instead, of the same shape and dtype (TP_ERROR_SHAPE otherwise), or NULL
 * for no change. It must not write to the gradient that it gets. A NULL with a new error (tp_fail) ends the
 * walk with that error, and no leaf is changed. Several hooks are called in the order of their registration,
 * each with what the one before returned. A tensor with history hears before its gradient goes on, and what
 * tp_retain_grad leaves in it is what the hooks made of it. A leaf hears of this walk's gradient, not of what
 * it had before, when the walk has ended (PyTorch calls it as soon as its gradient is complete).
 *
 * tp_register_post_accumulate_grad_hook: `function` is called with the leaf by tp_backward alone, when all
 * leaves have got their gradients; an error that it returns ends the calls, and is backward's.
 *
 * Operations in a hook are recorded only if backward was asked for create_graph. A hook lives as long as its
 * tensor, or until tp_hook_remove, which also may be called from inside a hook; its few bytes stay in the
 * tensor's region. NULL after an error: TP_ERROR_STATE for a tensor that requires no gradient, or the second
 * kind on a tensor with history. */
typedef struct tp_hook tp_hook;
typedef tp_tensor *(*tp_hook_function)(tp_tensor *gradient, void *argument);
typedef tp_status (*tp_after_grad_function)(tp_tensor *leaf, void *argument);
TP_API tp_hook *tp_register_hook(tp_tensor *t, tp_hook_function function, void *argument);
TP_API tp_hook *tp_register_post_accumulate_grad_hook(tp_tensor *leaf, tp_after_grad_function function,
                                                      void *argument);
TP_API void tp_hook_remove(tp_hook *hook);

/* Adds d(root)/d(leaf) to the gradient of every leaf that requires one. `root` has one element, unless
 * `gradient` (its shape) says by what its elements are weighted. All leaves are updated, or none. A second
 * backward through the same history is an error unless `retain_graph`. With `create_graph` the gradients have
 * a history of their own. */
typedef struct tp_backward_options {
#ifdef __cplusplus
    tp_tensor *root = nullptr;
    tp_tensor *gradient = nullptr;
    bool retain_graph = false;
    bool create_graph = false;
#else
    tp_tensor *root;
    tp_tensor *gradient;
    bool retain_graph;
    bool create_graph;
#endif
} tp_backward_options;
TP_API tp_status tp_backward_with(const tp_backward_options *options);

/* The gradients of `outputs` (weighted by `grad_outputs`, which may be NULL, as may its entries) with respect
 * to `inputs`, which may be any tensors that the outputs were computed from. Fills `gradients`; an input that
 * is not reached gets NULL if allow_unused, and is an error otherwise. Leaves nothing in tp_grad. */
typedef struct tp_gradients_options {
#ifdef __cplusplus
    bool retain_graph = false;
    bool create_graph = false;
    bool allow_unused = false;
#else
    bool retain_graph;
    bool create_graph;
    bool allow_unused;
#endif
} tp_gradients_options;
TP_API tp_status tp_gradients(tp_tensor *const *outputs, int n_outputs, tp_tensor *const *inputs,
                              int n_inputs, tp_tensor *const *grad_outputs,
                              const tp_gradients_options *options, tp_tensor **gradients);

#ifdef __cplusplus
} /* the overload has C++ linkage */
static inline tp_status tp_backward(tp_tensor *root, tp_backward_options options = {})
{
    options.root = root;
    return tp_backward_with(&options);
}
extern "C" {
#else
#define tp_backward(...) \
    TP_WITH_OPTIONS(tp_status, tp_backward_with, tp_backward_options, .root = __VA_ARGS__)
#endif

/* Whether the calling thread records; and a switch for it that returns what it was. */
TP_API bool tp_is_grad_enabled(void);
TP_API bool tp_set_grad_enabled(bool enabled);

/* Nothing is recorded for the rest of the block: TP_SCOPE_NO_GRAD(evaluation); */
typedef struct tp_grad_mode {
    bool was_enabled;
} tp_grad_mode;
TP_API void tp_grad_mode_restore(tp_grad_mode *mode);
#define TP_SCOPE_NO_GRAD(name) \
    tp_grad_mode tp_no_grad_##name##_ TP_CLEANUP(tp_grad_mode_restore) = {tp_set_grad_enabled(false)}

/* Compares the gradients of `function(inputs, argument)` with central differences, in float64, and, if asked,
 * those of the gradients themselves. All inputs that require a gradient are float64 leaves. TP_OK when
 * |analytic - numeric| <= atol + rtol |numeric| everywhere; else TP_ERROR_VALUE with the worst place. */
typedef tp_tensor *(*tp_function)(tp_tensor *const *inputs, int n_inputs, void *argument);
typedef struct tp_gradcheck_options {
#ifdef __cplusplus
    tp_function function = nullptr;
    tp_tensor *const *inputs = nullptr;
    int n_inputs = 0;
    void *argument = nullptr;
    double eps = 1e-6, atol = 1e-5, rtol = 1e-3;
    bool second_order = false;
#else
    tp_function function;
    tp_tensor *const *inputs;
    int n_inputs;
    void *argument;
    double eps, atol, rtol;
    bool second_order;
#endif
} tp_gradcheck_options;
TP_API tp_status tp_gradcheck_with(const tp_gradcheck_options *options);
#ifndef __cplusplus
/* tp_gradcheck(function, inputs, n_inputs, argument, .eps = 1e-6) */
#define tp_gradcheck(...)                                                                          \
    TP_WITH_OPTIONS(tp_status, tp_gradcheck_with, tp_gradcheck_options, .eps = 1e-6, .atol = 1e-5, \
                    .rtol = 1e-3, .function = __VA_ARGS__)
#endif

/* In-place: writes `source` (broadcast to the shape, converted to the dtype) into `target` without recording.
 * Refused for a tensor with history, for a leaf that requires a gradient unless recording is off, and for one
 * whose elements share memory (tp_expand). Saved values that it changes are noticed by backward. */
TP_API tp_status tp_assign(tp_tensor *target, const tp_tensor *source);

/* Sets every element, likewise; TP_ERROR_VALUE if an integer type cannot hold the value. */
TP_API tp_status tp_fill_(tp_tensor *target, double value);
/* The same with 0; and PyTorch's name for tp_assign. */
TP_API tp_status tp_zero_(tp_tensor *target);
TP_API tp_status tp_copy_(tp_tensor *target, const tp_tensor *source);

TP_CLOSE

#endif
