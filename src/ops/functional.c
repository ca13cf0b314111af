/* Products with Jacobians and Hessians, and whole ones, from gradients of gradients. */
#include "ops/ops.h"
#include "taper/functional.h"

#include <string.h>

static tp_status check_vectors(tp_tensor *const *inputs, int n, tp_tensor *const *vectors)
{
    if (n < 1 || !inputs || !vectors)
        return tp_fail(TP_ERROR_ARGUMENT, "%d inputs, and a vector for each, are no task", n);
    for (int i = 0; i < n; i++) {
        const tp_tensor *x = inputs[i], *v = vectors[i];
        if (!x)
            return tp_fail(TP_ERROR_ARGUMENT, "input %d is NULL", i);
        char is[TP__SHAPE_TEXT_SIZE], should[TP__SHAPE_TEXT_SIZE];
        if (v && (v->dtype != x->dtype || v->ndim != x->ndim ||
                  memcmp(v->shape, x->shape, (size_t)x->ndim * sizeof *x->shape)))
            return tp_fail(
                TP_ERROR_SHAPE, "vector %d is %s %s, and its input is %s %s", i,
                tp_dtype_name((tp_dtype)v->dtype), tp__shape_text(is, sizeof is, v->ndim, v->shape),
                tp_dtype_name((tp_dtype)x->dtype), tp__shape_text(should, sizeof should, x->ndim, x->shape));
    }
    return TP_OK;
}

static tp_tensor **list(int n)
{
    tp_region *region = tp__region_current();
    return region ? tp_region_alloc(region, (size_t)n * sizeof(tp_tensor *)) : NULL;
}

/* The gradients of one output, with a history. */
static tp_status recorded_gradients(tp_tensor *output, tp_tensor *weights, tp_tensor *const *inputs, int n,
                                    tp_tensor **gradients)
{
    const tp_gradients_options options = {.retain_graph = true, .create_graph = true, .allow_unused = true};
    return tp_gradients(&output, 1, inputs, n, weights ? &weights : NULL, &options, gradients);
}

tp_tensor *tp_jvp(tp_tensor *output, tp_tensor *const *inputs, int n, tp_tensor *const *vectors,
                  bool create_graph)
{
    TP_FRAME("jvp");
    if (!output)
        return tp__null_operand(__func__);
    tp_tensor **gradients = check_vectors(inputs, n, vectors) == TP_OK ? list(n) : NULL;
    tp_tensor *weights = gradients ? tp_requires_grad_(tp_zeros_like(output), true) : NULL;
    if (!weights || recorded_gradients(output, weights, inputs, n, gradients) != TP_OK)
        return NULL;
    int reached = 0;
    tp_tensor **of = list(n), **by = of ? list(n) : NULL;
    if (!by)
        return NULL;
    for (int i = 0; i < n; i++)
        if (gradients[i] && gradients[i]->requires_grad && vectors[i]) {
            of[reached] = gradients[i];
            by[reached++] = vectors[i];
        }
    tp_tensor *product = NULL;
    const tp_gradients_options options = {
        .retain_graph = true, .create_graph = create_graph, .allow_unused = true};
    if (reached && tp_gradients(of, reached, &weights, 1, by, &options, &product) != TP_OK)
        return NULL;
    return product ? product : tp_zeros_like(output);
}

tp_status tp_hvp(tp_tensor *output, tp_tensor *const *inputs, int n, tp_tensor *const *vectors,
                 bool create_graph, tp_tensor **products)
{
    TP_FRAME("hvp");
    if (!output || !products)
        return tp__null_argument(output ? "products" : "output");
    TP__TRY(check_vectors(inputs, n, vectors));
    for (int i = 0; i < n; i++)
        products[i] = NULL;
    tp_tensor **gradients = list(n), **of = list(n), **by = list(n);
    if (!gradients || !of || !by)
        return TP_ERROR_MEMORY;
    TP__TRY(recorded_gradients(output, NULL, inputs, n, gradients));
    int reached = 0;
    for (int i = 0; i < n; i++)
        if (gradients[i] && gradients[i]->requires_grad && vectors[i]) {
            of[reached] = gradients[i];
            by[reached++] = vectors[i];
        }
    const tp_gradients_options options = {
        .retain_graph = true, .create_graph = create_graph, .allow_unused = true};
    tp_status status = reached ? tp_gradients(of, reached, inputs, n, by, &options, products) : TP_OK;
    for (int i = 0; i < n && status == TP_OK; i++)
        if (!products[i] && !(products[i] = tp_zeros_like(inputs[i])))
            status = TP_ERROR_MEMORY;
    for (int i = 0; i < n && status != TP_OK; i++)
        products[i] = NULL;
    return status;
}

tp_tensor *tp_jacobian(tp_tensor *output, tp_tensor *input, bool create_graph)
{
    TP_FRAME("jacobian");
    if (!output || !input)
        return tp__null_operand(__func__);
    const int ndim = output->ndim + input->ndim;
    if (ndim > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "%d dimensions of the output and %d of the input are more than %d", output->ndim,
                             input->ndim, TP_MAX_DIMS);
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, output->shape, (size_t)output->ndim * sizeof *shape);
    memcpy(shape + output->ndim, input->shape, (size_t)input->ndim * sizeof *shape);
    if (!output->requires_grad || !output->numel)
        return tp_zeros_n((tp_dtype)output->dtype, ndim, shape);
    if (output->numel > INT32_MAX)
        return tp__fail_null(TP_ERROR_SHAPE, "an output of %lld elements", (long long)output->numel);
    tp_tensor **rows = list((int)output->numel), *flat = tp_reshape(output, -1);
    for (int64_t i = 0; rows && flat && i < output->numel; i++) {
        tp_tensor *one = tp_select(flat, 0, i), *row = NULL;
        const tp_gradients_options options = {
            .retain_graph = true, .create_graph = create_graph, .allow_unused = true};
        if (!one || tp_gradients(&one, 1, &input, 1, NULL, &options, &row) != TP_OK)
            return NULL;
        rows[i] = tp_reshape(row ? row : tp_zeros_like(input), -1);
        if (!rows[i])
            return NULL;
    }
    return rows && flat ? tp_reshape_n(tp_stack(rows, (int)output->numel, 0), ndim, shape) : NULL;
}

tp_tensor *tp_hessian(tp_tensor *output, tp_tensor *input, bool create_graph)
{
    TP_FRAME("hessian");
    if (!output || !input)
        return tp__null_operand(__func__);
    if (output->numel != 1)
        return tp__fail_null(TP_ERROR_SHAPE, "the output must be a scalar, and has %lld elements",
                             (long long)output->numel);
    if (2 * input->ndim > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "twice the %d dimensions of the input are more than %d",
                             input->ndim, TP_MAX_DIMS);
    tp_tensor *gradient = NULL;
    if (recorded_gradients(output, NULL, &input, 1, &gradient) != TP_OK)
        return NULL;
    return tp_jacobian(gradient ? gradient : tp_zeros_like(input), input, create_graph);
}
