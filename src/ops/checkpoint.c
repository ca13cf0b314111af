/* A function as one recorded operation that keeps its inputs alone, and computes itself again for its
 * gradient. */
#include "ops/ops.h"
#include "taper/functional.h"
#include "taper/random.h"

#include <string.h>

/* Input 0 is the result, computed beforehand; then come the function's inputs, then what it has captured. */
typedef struct rerun {
    tp_function function;
    void *argument;
    int n_inputs;
    uint8_t *generator; /* the default generator's state before the first run */
} rerun;

static tp_status infer_checkpoint(tp_call *call)
{
    const tp_tensor *y = call->inputs[0];
    tp__result_like(call->results, (tp_dtype)y->dtype, y);
    call->results->view = true;
    call->results->offset = 0;
    memcpy(call->results->strides, y->strides, (size_t)y->ndim * sizeof *y->strides);
    return TP_OK;
}

/* The function's output, recorded, from `inputs`, with the draws of the first run. */
static tp_tensor *run_again(const rerun *r, tp_tensor *const *inputs)
{
    uint8_t now[TP_GENERATOR_STATE_SIZE];
    tp_generator_get_state(NULL, now);
    tp_generator_set_state(NULL, r->generator, TP_GENERATOR_STATE_SIZE);
    tp_tensor *y = r->function(inputs, r->n_inputs, r->argument);
    tp_generator_set_state(NULL, now, sizeof now);
    if (!y && tp_error() == TP_OK)
        return tp__fail_null(TP_ERROR_STATE, "the function gave nothing when it was run again");
    return y;
}

/* Runs again and sets the gradients, in the current region. */
static tp_status differentiate(tp_backward_call *call)
{
    const rerun *r = call->attributes;
    const int n = call->n_inputs - 1;
    tp_region *region = tp__region_current();
    tp_tensor **inputs = tp_region_alloc(region, (size_t)n * sizeof(tp_tensor *));
    tp_tensor **wanted = tp_region_alloc(region, (size_t)n * sizeof(tp_tensor *));
    tp_tensor **gradients = tp_region_alloc(region, (size_t)n * sizeof(tp_tensor *));
    if (!inputs || !wanted || !gradients)
        return TP_ERROR_MEMORY;
    int n_wanted = 0;
    for (int i = 0; i < n; i++) {
        inputs[i] = call->inputs[i + 1];
        /* Without a graph of gradients the second run's tape ends here: at leaves in the inputs' place. */
        if (!call->recording && i < r->n_inputs && inputs[i]) {
            inputs[i] = tp_detach(inputs[i]);
            if (!inputs[i] || (call->needed[i + 1] && !tp_requires_grad_(inputs[i], true)))
                return tp_error();
        }
        if (call->needed[i + 1])
            wanted[n_wanted++] = inputs[i];
    }
    tp_tensor *y = run_again(r, inputs);
    if (!y)
        return tp_error();
    memset(gradients, 0, (size_t)n * sizeof *gradients);
    const tp_gradients_options options = {.create_graph = call->recording, .allow_unused = true};
    if (y->requires_grad)
        TP__TRY(tp_gradients(&y, 1, wanted, n_wanted, call->grad_outputs, &options, gradients));
    for (int i = 0, k = 0; i < n; i++)
        if (call->needed[i + 1])
            call->grad_inputs[i + 1] = gradients[k++];
    return TP_OK;
}

/* The same, after which nothing is left but the gradients. */
static tp_status differentiate_and_forget(tp_backward_call *call)
{
    TP_SCOPE(rerun);
    TP__TRY(differentiate(call));
    for (int i = 1; i < call->n_inputs; i++) {
        tp_tensor **gradient = &call->grad_inputs[i];
        if (*gradient && tp__home_region((*gradient)->home) == tp_region_current() &&
            !(*gradient = tp_keep(*gradient)))
            return tp_error();
    }
    return TP_OK;
}

static tp_status backward_checkpoint(tp_backward_call *call)
{
    const bool was = tp_set_grad_enabled(true);
    const tp_status status = call->recording ? differentiate(call) : differentiate_and_forget(call);
    tp_set_grad_enabled(was);
    return status;
}

/* Not in ops.def: what it computes came before it, so that no sample says anything. */
static const tp_op checkpoint = {
    .name = "checkpoint",
    .node_name = "CheckpointFunctionBackward",
    .n_inputs = -1,
    .n_outputs = 1,
    .optional = ~1u,
    .saves = TP_SAVES_ALL_INPUTS,
    .attributes_size = sizeof(rerun),
    .infer = infer_checkpoint,
    .backward = backward_checkpoint,
    .documentation = "The result of a function, which its gradient computes again.",
};

tp_tensor *tp_checkpoint_with(const tp_checkpoint_options *options)
{
    TP_FRAME("checkpoint");
    if (!options || !options->function || (options->n_inputs && !options->inputs) ||
        (options->n_captured && !options->captured))
        return tp__null_argument("the function, its inputs or what it captures"), NULL;
    const int64_t n = options->n_inputs + options->n_captured;
    if (options->n_inputs < 0 || options->n_captured < 0 || n > INT16_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%d inputs and %lld captured tensors", options->n_inputs,
                             (long long)options->n_captured);
    tp_region *region = tp__region_current();
    tp_tensor **operands = region ? tp_region_alloc(region, (size_t)(n + 1) * sizeof *operands) : NULL;
    rerun r = {options->function, options->argument, options->n_inputs, NULL};
    r.generator = operands ? tp_region_alloc(region, TP_GENERATOR_STATE_SIZE) : NULL;
    if (!r.generator)
        return NULL;
    tp_generator_get_state(NULL, r.generator);
    for (int i = 0; i < options->n_inputs; i++)
        operands[1 + i] = options->inputs[i];
    for (int64_t i = 0; i < options->n_captured; i++)
        operands[1 + options->n_inputs + i] = options->captured[i];
    {
        TP_SCOPE(first_run);
        TP_SCOPE_NO_GRAD(first_run);
        tp_tensor *y = options->function(options->inputs, options->n_inputs, options->argument);
        if (!y)
            return tp_error() == TP_OK ? tp__fail_null(TP_ERROR_STATE, "the function gave nothing") : NULL;
        operands[0] = tp__home_region(y->home) == tp_region_current() ? tp_keep(y) : y;
    }
    /* The result has a history of its own, even if it is an input as it stands. */
    operands[0] = tp_detach(operands[0]);
    if (!operands[0] || !tp_is_grad_enabled())
        return operands[0];
    return tp_apply(&checkpoint, operands, (int)n + 1, &r);
}
