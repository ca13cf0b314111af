/* Products with Jacobians and Hessians, whole ones, and gradients that are paid with computing twice instead
 * of with memory: torch.autograd.functional and torch.utils.checkpoint.
 *
 * They work on what has been recorded: compute the outputs as usual, then ask. Results live in the current
 * region. The recorded operations stay usable (retain_graph). */
#ifndef TAPER_FUNCTIONAL_H
#define TAPER_FUNCTIONAL_H

#include "taper/autograd.h"

TP_BEGIN

/* The Jacobian of `output` with respect to `inputs`, times `vectors` (one for each input, of its shape; NULL
 * stands for zeros): how the output changes when the inputs move that way, in the output's shape. By
 * differentiating the gradient with respect to its weights. With `create_graph` the result has a history of
 * its own. NULL after an error. */
TP_API tp_tensor *tp_jvp(tp_tensor *output, tp_tensor *const *inputs, int n_inputs, tp_tensor *const *vectors,
                         bool create_graph);

/* The Hessian of the scalar `output`, times `vectors`: the gradient of (gradient . vectors). Fills
 * `products`, one for each input, zeros where there is no dependence. */
TP_API tp_status tp_hvp(tp_tensor *output, tp_tensor *const *inputs, int n_inputs, tp_tensor *const *vectors,
                        bool create_graph, tp_tensor **products);

/* All derivatives of `output` by `input`, one backward for each element of the output: the output's shape
 * followed by the input's. With at most TP_MAX_DIMS dimensions together. */
TP_API tp_tensor *tp_jacobian(tp_tensor *output, tp_tensor *input, bool create_graph);
/* All second derivatives of the scalar `output`: the input's shape twice. */
TP_API tp_tensor *tp_hessian(tp_tensor *output, tp_tensor *input, bool create_graph);

/* function(inputs, argument) without keeping anything in between: backward computes it again. The function
 * must depend on nothing but its inputs, the argument, the default generator (whose draws are repeated) and
 * the tensors in `captured`, such as a module's parameters, which get their gradients as well. The function
 * and the argument must live until backward.
 *
 *     static tp_tensor *block(tp_tensor *const *inputs, int n, void *argument)
 *     {
 *         (void)n;
 *         return tp_tanh(tp_matmul(inputs[0], argument));
 *     }
 *
 *     tp_tensor *W = tp_requires_grad_(tp_eye(TP_F32, 3, 3), true), *x = tp_ones(TP_F32, 2, 3);
 *     tp_tensor *y = tp_checkpoint(block, &x, 1, W, .captured = &W, .n_captured = 1);
 *     tp_backward(tp_sum(y));
 */
typedef struct tp_checkpoint_options {
#ifdef __cplusplus
    tp_function function = nullptr;
    tp_tensor *const *inputs = nullptr;
    int n_inputs = 0;
    void *argument = nullptr;
    tp_tensor *const *captured = nullptr;
    int64_t n_captured = 0;
#else
    tp_function function;
    tp_tensor *const *inputs;
    int n_inputs;
    void *argument;
    tp_tensor *const *captured;
    int64_t n_captured;
#endif
} tp_checkpoint_options;
TP_API tp_tensor *tp_checkpoint_with(const tp_checkpoint_options *options);
#ifndef __cplusplus
#define tp_checkpoint(...) \
    TP_WITH_OPTIONS(tp_tensor *, tp_checkpoint_with, tp_checkpoint_options, .function = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
static inline tp_tensor *tp_checkpoint(tp_function function, tp_tensor *const *inputs, int n_inputs,
                                       void *argument, tp_checkpoint_options options = {})
{
    options.function = function;
    options.inputs = inputs;
    options.n_inputs = n_inputs;
    options.argument = argument;
    return tp_checkpoint_with(&options);
}
#endif

#endif
