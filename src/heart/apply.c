/* Applying an op: check, infer, allocate, compute, record. Every operation passes here. */
#include "heart/heart.h"

#include <string.h>

bool tp_is_grad_enabled(void)
{
    return !tp__ctx.modes.no_grad;
}

bool tp_set_grad_enabled(bool enabled)
{
    const bool was = !tp__ctx.modes.no_grad;
    tp__ctx.modes.no_grad = !enabled;
    return was;
}

void tp_grad_mode_restore(tp_grad_mode *mode)
{
    tp__ctx.modes.no_grad = !mode->was_enabled;
}

/* A number lives on its caller's stack; what the tape refers to must live as long as the tape. */
static TP__APART tp_status keep_numbers(tp__node *node)
{
    for (int i = 0; i < node->n_inputs; i++) {
        tp_tensor *input = node->tensors[i];
        if (!input || input->home)
            continue;
        node->tensors[i] = input->dtype == TP_I64 ? tp__number_i64(tp__load_i64(TP_I64, input->data))
                                                  : tp__number_f64(tp__load_f64(TP_F64, input->data));
        if (!node->tensors[i])
            return TP_ERROR_MEMORY;
    }
    return TP_OK;
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

static inline void note(tp_tensor *t, uint32_t *version)
{
    if (!t)
        return;
    *version = t->storage ? t->storage->version : 0;
    if (!t->saved) /* a shared parameter is not written to again and again */
        t->head |= TP__HEAD(.saved = true);
}

/* What backward will read is noted, so that a change of it is noticed. */
static TP__APART void note_saved(const tp__node *node)
{
    const unsigned saves = node->op->saves;
    const int n = node->n_inputs, n_outputs = node->op->n_outputs;
    uint32_t *const versions = tp__node_versions(node);
    for (int i = 0; i < n; i++)
        if (tp__saves_input(saves, i))
            note(node->tensors[i], &versions[i]);
    for (int i = 0; i < n_outputs; i++)
        if (tp__saves_output(saves, i))
            note(node->tensors[n + i], &versions[n + i]);
}

static const char *name_of(const tp_call *call, const tp_op *op)
{
    const char *name = TP__UNLIKELY(op->name_node) ? op->name_node(call) : NULL;
    return name ? name : op->node_name ? op->node_name : op->name;
}

static TP__APART tp_status keep_attributes(tp__node *node, const void *attributes, tp_region *region)
{
    void *kept = tp__region_bump(region, node->op->attributes_size);
    if (!kept)
        return TP_ERROR_MEMORY;
    node->attributes = memcpy(kept, attributes, node->op->attributes_size);
    return TP_OK;
}

static TP__TOGETHER tp_status record(const tp_call *call, const tp_op *op, tp_region *region,
                                     tp_tensor *const *inputs, int n_inputs, tp_tensor *const *outputs,
                                     int n_outputs)
{
    const size_t in = (size_t)n_inputs, out = (size_t)n_outputs, all = in + out;
    tp__node *node = tp__region_bump(region, sizeof *node + all * (sizeof *node->tensors + sizeof(uint32_t)) +
                                                 in * sizeof(bool));
    if (!node)
        return TP_ERROR_MEMORY;
    node->history.name = name_of(call, op);
    node->sequence = tp__ctx.sequence++;
    node->op = op;
    node->attributes = NULL;
    node->n_inputs = n_inputs;
    node->walked = false;
    bool *const needed = (bool *)((uint32_t *)(node->tensors + all) + all);
    bool homeless = false;
    const int depth = region->depth;
    for (size_t i = 0; i < in; i++) {
        tp_tensor *input = node->tensors[i] = inputs[i];
        needed[i] = input && input->requires_grad;
        if (TP__UNLIKELY(!input || !input->home))
            homeless = true;
        else if (tp__ends_before(input->home, depth))
            return refuse_lifetime(input, region);
    }
    for (size_t i = 0; i < out; i++) {
        tp_tensor *output = node->tensors[in + i] = outputs[i];
        if (TP__UNLIKELY(!tp_dtype_is_float((tp_dtype)output->dtype)))
            continue;
        output->history = &node->history;
        output->head |= TP__HEAD(.requires_grad = true) | TP__HEAD(.output_index = 1) * i;
    }
    if (TP__UNLIKELY(homeless))
        TP__TRY(keep_numbers(node));
    if (TP__UNLIKELY(op->attributes_size) && call->attributes)
        TP__TRY(keep_attributes(node, call->attributes, region));
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

static TP__COLD tp_status refuse_outputs(const tp_op *op)
{
    TP__FRAME(op->name);
    return tp_fail(TP_ERROR_ARGUMENT, "is a record with %d outputs, and can have 1 to %d", op->n_outputs,
                   TP_MAX_OUTPUTS);
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

/* What not every op takes, or none: CSR, a half, data given back. Adding 2 takes the dtypes of halves, and no
 * others, to 8 and above. */
static inline bool is_special(const tp_tensor *t)
{
    _Static_assert(TP_F64 == 5 && TP_F16 == 6 && TP_BF16 == 7, "the halves are the dtypes from 6 to 7");
    return (t->head + TP__HEAD(.dtype = 2)) & TP__HEAD(.dtype = 8, .layout = 0xff, .released = true);
}

static bool takes_special(const tp_op *op, const tp_tensor *input, int i)
{
    return !input->released && (input->layout == TP__DENSE || has_bit(op->accepts_csr, i)) &&
           (op->moves || !tp_dtype_is_half((tp_dtype)input->dtype));
}

/* Whether the op takes what it is given; the inputs' heads are added to `heads`. */
static inline tp_status check(const tp_call *call, const tp_op *op, tp_tensor *const *inputs, int n,
                              uint64_t *heads)
{
    if (TP__UNLIKELY(n != op->n_inputs) && (op->n_inputs >= 0 || n < 1))
        return refuse_count(op, n);
    for (int i = 0; i < n; i++) {
        const tp_tensor *input = inputs[i];
        if (TP__LIKELY(input)) {
            if (TP__UNLIKELY(is_special(input)) && !takes_special(op, input, i))
                return refuse_input(call, i);
            *heads |= input->head;
        } else if (!has_bit(op->optional, i) || tp__ctx.error != TP_OK) {
            return refuse_input(call, i);
        }
    }
    if (TP__UNLIKELY(op->attributes_size) && !call->attributes && !op->optional_attributes)
        return refuse_attributes(op);
    return TP_OK;
}

static inline tp_tensor *output_of(const tp_result *r, tp_tensor *const *inputs, tp_region *region)
{
    if (TP__LIKELY(r->like))
        return tp__tensor_like(region, r->dtype, r->like);
    if (r->view)
        return tp__tensor_view(inputs[0], r->ndim, r->shape, r->strides, r->offset);
    return tp__tensor_new(region, r->dtype, r->ndim, r->shape);
}

static inline tp_status compute(tp_call *call, const tp_op *op, tp_tensor *const *inputs, int n_outputs,
                                tp_tensor **outputs, tp_result *results, tp_region *region)
{
    for (int i = 0; i < n_outputs; i++) {
        results[i].like = NULL;
        results[i].view = false;
    }
    TP__TRY(op->infer(call));
    for (int i = 0; i < n_outputs; i++) {
        tp_tensor *output = output_of(&results[i], inputs, region);
        if (TP__UNLIKELY(!output))
            return tp__ctx.error != TP_OK ? tp__ctx.error : TP_ERROR_MEMORY;
        if (TP__UNLIKELY(tp__ctx.modes.walking) && tp__ctx.modes.no_grad)
            output->head |= TP__HEAD(.temporary = true);
        outputs[i] = output;
    }
    return op->forward ? op->forward(call) : TP_OK;
}

/* What `call` holds is handed on beside it too, or it would be read again after each of the op's functions.
 */
static TP__TOGETHER tp_status apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs,
                                    const void *attributes, int n_outputs, tp_tensor **outputs,
                                    tp_result *results)
{
    tp_call call = {op, attributes, n_inputs, inputs, outputs, results};
    tp_region *region = tp__region_current();
    uint64_t heads = 0;
    TP__FRAME(op->name);
    TP__TRY(TP__LIKELY(region) ? check(&call, op, inputs, n_inputs, &heads) : TP_ERROR_MEMORY);
    TP__TRY(compute(&call, op, inputs, n_outputs, outputs, results, region));
    const bool tracked = heads & TP__HEAD(.requires_grad = true);
    return tracked && !tp__ctx.modes.no_grad && !op->no_gradient
               ? record(&call, op, region, inputs, n_inputs, outputs, n_outputs)
               : TP_OK;
}

tp_status tp_apply_n(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes,
                     tp_tensor **outputs)
{
    tp_result results[TP_MAX_OUTPUTS];
    if (op->n_outputs < 1 || op->n_outputs > TP_MAX_OUTPUTS)
        return refuse_outputs(op);
    const tp_status status = apply(op, inputs, n_inputs, attributes, op->n_outputs, outputs, results);
    if (status != TP_OK)
        for (int i = 0; i < op->n_outputs; i++)
            outputs[i] = NULL;
    return status;
}

static TP__APART tp_tensor *first_of(const tp_op *op, tp_tensor *const *inputs, int n_inputs,
                                     const void *attributes)
{
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    return tp_apply_n(op, inputs, n_inputs, attributes, outputs) == TP_OK ? outputs[0] : NULL;
}

/* For one output, which almost every op has, the loops over outputs are gone. */
tp_tensor *tp_apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes)
{
    tp_tensor *output;
    tp_result result;
    if (TP__UNLIKELY(op->n_outputs != 1))
        return first_of(op, inputs, n_inputs, attributes);
    return apply(op, inputs, n_inputs, attributes, 1, &output, &result) == TP_OK ? output : NULL;
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
