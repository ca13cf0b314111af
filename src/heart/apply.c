/* Applying an op: check, infer, allocate, compute, record. Every operation passes here. */
#include "heart/heart.h"

#include <stddef.h>
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
static TP__APART tp_tensor *lasting(tp_tensor *input)
{
    if (input->home)
        return input;
    return input->dtype == TP_I64 ? tp__number_i64(tp__load_i64(TP_I64, input->data))
                                  : tp__number_f64(tp__load_f64(TP_F64, input->data));
}

/* Where an operand would end before the result that refers to it. */
static TP__COLD tp_status refuse_lifetime(const tp_tensor *input, const tp_region *region)
{
    return tp_fail(
        TP_ERROR_STATE,
        "an operand lives in region '%s', which ends before region '%s' where the result would live; "
        "lift it with tp_keep",
        tp__home_region(input->home)->name, region->name);
}

/* What backward will read is noted, so that a change of it is noticed. */
static TP__APART void note_saved(const tp__node *node)
{
    const tp_op *op = node->op;
    for (int i = 0; i < node->n_inputs + op->n_outputs; i++) {
        tp_tensor *t = node->tensors[i];
        node->versions[i] = t && t->storage ? t->storage->version : 0;
        if (t && tp__saves(op, node->n_inputs, i))
            t->saved = true;
    }
}

static const char *name_of(const tp_call *call)
{
    const tp_op *op = call->op;
    const char *name = op->name_node ? op->name_node(call) : NULL;
    return name ? name : op->node_name ? op->node_name : op->name;
}

static TP__APART tp_status record(const tp_call *call, tp_region *region)
{
    const tp_op *op = call->op;
    const size_t in = (size_t)call->n_inputs, all = in + (size_t)op->n_outputs;
    const size_t attributes = call->attributes ? (op->attributes_size + 7) & ~(size_t)7 : 0;
    tp__node *node = tp__region_bump(region, sizeof *node + all * sizeof *node->tensors + attributes +
                                                 (op->saves ? all * sizeof *node->versions : 0) +
                                                 in * sizeof *node->needed);
    if (!node)
        return TP_ERROR_MEMORY;
    char *rest = (char *)(node->tensors + all);
    node->history.name = name_of(call);
    node->sequence = tp__ctx.sequence++;
    node->op = op;
    node->attributes = NULL;
    if (attributes) {
        node->attributes = memcpy(rest, call->attributes, op->attributes_size);
        rest += attributes;
    }
    node->versions = NULL;
    if (op->saves) {
        node->versions = (uint32_t *)rest;
        rest += all * sizeof *node->versions;
    }
    node->needed = (bool *)rest;
    node->n_inputs = call->n_inputs;
    node->walked = false;
    for (size_t i = 0; i < in; i++) {
        tp_tensor *input = call->inputs[i];
        if (input && input->number && !(input = lasting(input)))
            return TP_ERROR_MEMORY;
        node->tensors[i] = input;
        node->needed[i] = input && input->requires_grad;
        if (input && input->home != region->home && tp__home_region(input->home)->depth > region->depth)
            return refuse_lifetime(input, region);
    }
    for (size_t i = in; i < all; i++) {
        tp_tensor *output = node->tensors[i] = call->outputs[i - in];
        if (!tp_dtype_is_float((tp_dtype)output->dtype))
            continue;
        output->history = &node->history;
        output->output_index = (uint32_t)(i - in);
        output->requires_grad = true;
    }
    if (op->saves)
        note_saved(node);
    return TP_OK;
}

/* The record's bit for input `i`; inputs beyond the bits have none. */
static bool has_bit(unsigned bits, int i)
{
    return i < 32 && (bits >> i & 1);
}

static TP__COLD tp_status refuse_count(const tp_op *op, int n_inputs)
{
    if (op->n_inputs >= 0)
        return tp_fail(TP_ERROR_ARGUMENT, "takes %d operands, not %d", op->n_inputs, n_inputs);
    return tp_fail(TP_ERROR_ARGUMENT, "takes at least one operand");
}

static TP__COLD tp_status refuse_attributes(const tp_op *op)
{
    return tp_fail(TP_ERROR_ARGUMENT, "needs attributes (%zu bytes), which are NULL", op->attributes_size);
}

static TP__COLD tp_status refuse_input(const tp_call *call, int i)
{
    const tp_tensor *input = call->inputs[i];
    if (!input) {
        if (tp__ctx.error == TP_OK)
            tp_fail(TP_ERROR_ARGUMENT, "operand %d is NULL", i);
        return tp__ctx.error;
    }
    if (input->released)
        return tp_fail(TP_ERROR_STATE, "operand %d was given back with tp_release", i);
    if (tp_dtype_is_half((tp_dtype)input->dtype)) {
        char what[32];
        snprintf(what, sizeof what, "operand %d", i);
        return tp__refuse_half((tp_dtype)input->dtype, what);
    }
    return tp_fail(TP_ERROR_UNSUPPORTED, "operand %d is a CSR matrix, which this operation does not take", i);
}

/* Whether the tensor is one that not every op takes: CSR, or of a dtype above float64. */
static inline bool is_special(const tp_tensor *t)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint16_t both; /* one load: the dtype and, above it, the layout */
    memcpy(&both, t, sizeof both);
    return both > TP_F64;
#else
    return t->dtype > TP_F64 || t->layout != TP__DENSE;
#endif
}

static bool takes_special(const tp_op *op, const tp_tensor *input, int i)
{
    return (input->layout == TP__DENSE || has_bit(op->accepts_csr, i)) &&
           (op->moves || !tp_dtype_is_half((tp_dtype)input->dtype));
}

_Static_assert(offsetof(tp_tensor, dtype) == 0 && offsetof(tp_tensor, layout) == 1, "is_special reads both");

/* Whether the op takes what it is given; `tracked` becomes whether an input requires a gradient. */
static inline tp_status check(const tp_call *call, bool *tracked)
{
    const tp_op *op = call->op;
    const int n = call->n_inputs;
    if (n != op->n_inputs && (op->n_inputs >= 0 || n < 1))
        return refuse_count(op, n);
    for (int i = 0; i < n; i++) {
        const tp_tensor *input = call->inputs[i];
        if (input) {
            if (input->released || (is_special(input) && !takes_special(op, input, i)))
                return refuse_input(call, i);
            *tracked |= input->requires_grad;
        } else if (!has_bit(op->optional, i) || tp__ctx.error != TP_OK) {
            return refuse_input(call, i);
        }
    }
    if (op->attributes_size && !call->attributes && !op->optional_attributes)
        return refuse_attributes(op);
    return TP_OK;
}

static inline tp_tensor *output_of(const tp_call *call, const tp_result *r, tp_region *region)
{
    if (r->like)
        return tp__tensor_like(region, r->dtype, r->like);
    if (r->view)
        return tp__tensor_view(call->inputs[0], r->ndim, r->shape, r->strides, r->offset);
    return tp__tensor_new(region, r->dtype, r->ndim, r->shape);
}

static inline tp_status compute(tp_call *call, tp_region *region)
{
    const tp_op *op = call->op;
    int i = 0;
    do {
        call->results[i].like = NULL;
        call->results[i].view = false;
    } while (++i < op->n_outputs);
    TP__TRY(op->infer(call));
    i = 0;
    do {
        tp_tensor *output = output_of(call, &call->results[i], region);
        if (!output)
            return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
        if (tp__ctx.walking)
            output->temporary = tp__ctx.no_grad;
        call->outputs[i] = output;
    } while (++i < op->n_outputs);
    return op->forward ? op->forward(call) : TP_OK;
}

static TP__TOGETHER tp_status apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs,
                                    const void *attributes, tp_tensor **outputs)
{
    tp_result results[TP_MAX_OUTPUTS];
    tp_call call = {op, attributes, n_inputs, inputs, outputs, results};
    tp_region *region = tp__region_current();
    bool tracked = false;
    TP__FRAME(op->name);
    TP__TRY(region ? check(&call, &tracked) : TP_ERROR_MEMORY);
    TP__TRY(compute(&call, region));
    return tracked && !tp__ctx.no_grad && !op->no_gradient ? record(&call, region) : TP_OK;
}

tp_status tp_apply_n(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes,
                     tp_tensor **outputs)
{
    const tp_status status = apply(op, inputs, n_inputs, attributes, outputs);
    if (status != TP_OK)
        for (int i = 0; i < op->n_outputs; i++)
            outputs[i] = NULL;
    return status;
}

tp_tensor *tp_apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes)
{
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    return apply(op, inputs, n_inputs, attributes, outputs) == TP_OK ? outputs[0] : NULL;
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
