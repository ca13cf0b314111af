/* Applying an op: check, infer, allocate, compute, record. Every operation passes here. */
#include "heart/heart.h"

#include <string.h>

bool tp_is_grad_enabled(void)
{
    return !tp__ctx.no_grad;
}

bool tp_set_grad_enabled(bool enabled)
{
    const bool was = !tp__ctx.no_grad;
    tp__ctx.no_grad = !enabled;
    return was;
}

void tp_grad_mode_restore(tp_grad_mode *mode)
{
    tp__ctx.no_grad = !mode->was_enabled;
}

/* A number lives on its caller's stack; what the tape refers to must live as long as the tape. */
static tp_tensor *lasting(tp_tensor *input)
{
    if (!input || !input->number || input->home)
        return input;
    return input->dtype == TP_I64 ? tp__number_i64(tp__load_i64(TP_I64, input->data))
                                  : tp__number_f64(tp__load_f64(TP_F64, input->data));
}

static tp_status record(const tp_call *call, tp_region *region)
{
    const tp_op *op = call->op;
    const size_t in = (size_t)call->n_inputs, out = (size_t)op->n_outputs;
    const size_t pointers = (in + out) * sizeof(tp_tensor *);
    char *memory = tp__region_bump(region, sizeof(tp__node) + pointers + (in + out) * sizeof(uint32_t) +
                                               in * sizeof(bool) + op->attributes_size + 16);
    if (!memory)
        return TP_ERROR_MEMORY;
    tp__node *node = (tp__node *)memory;
    node->inputs = (tp_tensor **)(memory + sizeof *node);
    node->outputs = node->inputs + in;
    node->attributes = NULL;
    char *rest = (char *)(node->outputs + out);
    if (op->attributes_size && call->attributes) {
        memcpy(rest, call->attributes, op->attributes_size);
        node->attributes = rest;
        rest += (op->attributes_size + 7) & ~(size_t)7;
    }
    node->versions = (uint32_t *)rest;
    node->needed = (bool *)(node->versions + in + out);
    node->history.name = op->node_name ? op->node_name : op->name;
    node->sequence = tp__ctx.sequence++;
    node->op = op;
    node->n_inputs = call->n_inputs;
    node->walked = false;
    for (size_t i = 0; i < in; i++) {
        tp_tensor *input = node->inputs[i] = lasting(call->inputs[i]);
        if (call->inputs[i] && !input)
            return TP_ERROR_MEMORY;
        node->needed[i] = input && input->requires_grad;
        node->versions[i] = input && input->storage ? input->storage->version : 0;
        if (input && tp__saves_input(op, (int)i))
            input->saved = true;
        if (input && tp__home_region(input->home)->depth > region->depth)
            return tp_fail(TP_ERROR_STATE,
                           "an operand lives in region '%s', which ends before region '%s' where the result "
                           "would live; lift it with tp_keep",
                           tp__home_region(input->home)->name, region->name);
    }
    for (size_t i = 0; i < out; i++) {
        tp_tensor *output = node->outputs[i] = call->outputs[i];
        node->versions[in + i] = output->storage ? output->storage->version : 0;
        if (op->saves & TP_SAVES_OUTPUT(i))
            output->saved = true;
        if (!tp_dtype_is_float((tp_dtype)output->dtype))
            continue;
        output->history = &node->history;
        output->output_index = (uint32_t)i;
        output->requires_grad = true;
    }
    return TP_OK;
}

static tp_status refuse_input(const tp_call *call, int i)
{
    const tp_tensor *input = call->inputs[i];
    if (!input) {
        if (tp__ctx.error == TP_OK)
            tp_fail(TP_ERROR_ARGUMENT, "operand %d is NULL", i);
        return tp__ctx.error;
    }
    if (input->released)
        return tp_fail(TP_ERROR_STATE, "operand %d was given back with tp_release", i);
    return tp_fail(TP_ERROR_UNSUPPORTED, "operand %d is a CSR matrix, which this operation does not take", i);
}

static tp_status compute(tp_call *call, tp_region *region)
{
    const tp_op *op = call->op;
    TP__TRY(op->infer(call));
    for (int i = 0; i < op->n_outputs; i++) {
        const tp_result *r = &call->results[i];
        if (r->view)
            call->outputs[i] = tp__tensor_view(call->inputs[0], r->ndim, r->shape, r->strides, r->offset);
        else
            call->outputs[i] = tp__tensor_new(region, r->dtype, r->ndim, r->shape);
        if (!call->outputs[i])
            return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
        call->outputs[i]->temporary = tp__ctx.walking && tp__ctx.no_grad;
    }
    return op->forward ? op->forward(call) : TP_OK;
}

/* The record's bit for input `i`; inputs beyond the bits have none. */
static bool has_bit(unsigned bits, int i)
{
    return i < 32 && (bits >> i & 1);
}

tp_status tp_apply_n(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes,
                     tp_tensor **outputs)
{
    tp_frame frame = {op->name, NULL, tp__ctx.frame};
    tp__ctx.frame = &frame;
    tp_result results[TP_MAX_OUTPUTS];
    tp_call call = {op, attributes, n_inputs, inputs, outputs, results};
    tp_region *region = tp__ctx.region ? tp__ctx.region : tp__region_current();
    tp_status status = region ? TP_OK : TP_ERROR_MEMORY;
    if (op->n_inputs >= 0 && n_inputs != op->n_inputs)
        status = tp_fail(TP_ERROR_ARGUMENT, "takes %d operands, not %d", op->n_inputs, n_inputs);
    else if (n_inputs < 1)
        status = tp_fail(TP_ERROR_ARGUMENT, "takes at least one operand");
    bool tracked = false;
    for (int i = 0; i < n_inputs && status == TP_OK; i++) {
        const tp_tensor *input = inputs[i];
        if (input) {
            if (input->released || (input->layout != TP__DENSE && !has_bit(op->accepts_csr, i)))
                status = refuse_input(&call, i);
            tracked |= input->requires_grad;
        } else if (!has_bit(op->optional, i) || tp__ctx.error != TP_OK) {
            status = refuse_input(&call, i);
        }
    }
    if (status == TP_OK)
        status = compute(&call, region);
    if (status == TP_OK && tracked && !tp__ctx.no_grad && !op->no_gradient)
        status = record(&call, region);
    if (status != TP_OK)
        for (int i = 0; i < op->n_outputs; i++)
            outputs[i] = NULL;
    tp__ctx.frame = frame.outer;
    return status;
}

tp_tensor *tp_apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes)
{
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    return tp_apply_n(op, inputs, n_inputs, attributes, outputs) == TP_OK ? outputs[0] : NULL;
}

static void number_header(tp_tensor *t, tp_dtype dtype, void *value)
{
    *t = (tp_tensor){.dtype = (uint8_t)dtype, .contiguous = true, .number = true, .numel = 1, .stored = 1};
    t->data = value;
}

tp_tensor *tp__number_init_f64(tp__number *number, double value)
{
    number->value.f64 = value;
    number_header(&number->tensor, TP_F64, &number->value.f64);
    return &number->tensor;
}

tp_tensor *tp__number_init_i64(tp__number *number, int64_t value)
{
    number->value.i64 = value;
    number_header(&number->tensor, TP_I64, &number->value.i64);
    return &number->tensor;
}

static tp__number *number_in_region(void)
{
    tp_region *region = tp__region_current();
    return region ? tp__region_bump(region, sizeof(tp__number)) : NULL;
}

tp_tensor *tp__number_f64(double value)
{
    tp__number *number = number_in_region();
    if (!number)
        return NULL;
    tp__number_init_f64(number, value);
    number->tensor.home = tp__ctx.region->home;
    return &number->tensor;
}

tp_tensor *tp__number_i64(int64_t value)
{
    tp__number *number = number_in_region();
    if (!number)
        return NULL;
    tp__number_init_i64(number, value);
    number->tensor.home = tp__ctx.region->home;
    return &number->tensor;
}
