/* The op record: all that Taper knows of an operation, in one place.
 *
 * The library's own operations and a program's are the same kind of record. A program fills a static tp_op
 * and calls tp_apply; shapes are then checked, outputs allocated, the tape written and errors named like any
 * other operation's. docs/add-an-op.md walks through one. */
#ifndef TAPER_OP_H
#define TAPER_OP_H

#include "taper/tensor.h"

TP_BEGIN

/* The most outputs that an op can have. */
#define TP_MAX_OUTPUTS 4

typedef struct tp_op tp_op;

/* What one output will be: a dtype, and ndim and shape, or `like`, a tensor that has the shape. For a view of
 * input 0, set `view`, the strides and the offset (in elements) too. `like` is NULL and `view` false when
 * infer is called; the rest is undefined. */
typedef struct tp_result {
    tp_dtype dtype;
    int ndim;
    const tp_tensor *like;
    bool view;
    int64_t shape[TP_MAX_DIMS];
    int64_t strides[TP_MAX_DIMS];
    int64_t offset;
} tp_result;

/* One application of an op. */
typedef struct tp_call {
    const tp_op *op;
    const void *attributes; /* op->attributes_size bytes; NULL for none, or where the op allows it */
    int n_inputs;
    tp_tensor *const *inputs; /* NULL only where the op says that the input is optional */
    tp_tensor **outputs;      /* op->n_outputs of them, allocated when forward is called */
    tp_result *results;       /* op->n_outputs of them, for infer to fill */
} tp_call;

/* One step of the backward walk. */
typedef struct tp_backward_call {
    const tp_op *op;
    const void *attributes;
    int n_inputs;
    tp_tensor *const *inputs;       /* shapes and dtypes of all; elements only of those that the op saves */
    tp_tensor *const *outputs;      /* likewise */
    tp_tensor *const *grad_outputs; /* NULL: no gradient came, which stands for zeros */
    const bool *needed;             /* for each input: whether its gradient is wanted */
    tp_tensor **grad_inputs;        /* to be set for the needed ones; NULL stands for zeros */
    bool recording;                 /* the gradient is itself recorded: use recorded operations only */
} tp_backward_call;

/* A sample for the tests: inputs in the form "f32[2,3] i64[2]<0,3>" (range of the elements in <>), the op's
 * attributes, and, for a sample that must fail, a piece of its message. Sparse inputs are written "csr[4,7]".
 */
typedef struct tp_sample {
    const char *inputs;
    const void *attributes;
    const char *message;
} tp_sample;

/* Bits of tp_op.saves. */
#define TP_SAVES_INPUT(i) (1u << (i))
#define TP_SAVES_OUTPUT(i) (1u << (16 + (i)))
#define TP_SAVES_ALL_INPUTS 0xffffu

/* For records whose result has no gradient. One of backward and no_gradient must be given. */
#define TP_NO_GRAD true

struct tp_op {
    const char *name;      /* in errors: "matmul" */
    const char *node_name; /* as PyTorch prints it: "MmBackward0"; NULL: made from the name */
    int n_inputs;          /* -1: any number from 1 up */
    int n_outputs;         /* 1 to TP_MAX_OUTPUTS */
    unsigned optional;     /* bit i: input i may be NULL */
    unsigned accepts_csr;  /* bit i: input i may be CSR */
    unsigned saves;
    size_t attributes_size;
    /* The rule for shapes and dtypes: fills call->results, or fails with a sentence. */
    tp_status (*infer)(tp_call *call);
    /* Computes call->outputs, which are row-major. Inputs have any strides and any dtype that infer let pass:
     * tp_contiguous and tp_to make of them what a loop wants. NULL for an op whose outputs are views. */
    tp_status (*forward)(tp_call *call);
    /* Computes the gradients of the needed inputs, by operations or by hand. */
    tp_status (*backward)(tp_backward_call *call);
    bool no_gradient;
    const char *documentation;
    const tp_sample *samples; /* ends with a sample whose inputs are NULL */
    bool optional_attributes; /* attributes may be NULL though attributes_size is not 0 */
    /* The node's name where it depends on the call, as PyTorch's do: "PowBackward1" for a tensor as exponent;
     * or NULL for node_name. May be NULL. */
    const char *(*name_node)(const tp_call *call);
    /* Elements are moved or converted, never computed with: float16 and bfloat16 are taken, which all others
     * refuse. */
    bool moves;
};

/* Applies `op` to `n_inputs` tensors; returns its first output, in the current region, or NULL.
 * TP_ERROR_ARGUMENT for a wrong number of inputs, for no attributes where the op has some, or for a record
 * with an impossible number of outputs. */
TP_API tp_tensor *tp_apply(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes);

/* The same for several outputs: sets `outputs[0 .. op->n_outputs - 1]`, all NULL after an error. */
TP_API tp_status tp_apply_n(const tp_op *op, tp_tensor *const *inputs, int n_inputs, const void *attributes,
                            tp_tensor **outputs);

/* The library's own records: `index` from 0; NULL behind the last one. */
TP_API const tp_op *tp_op_at(int index);
/* The record of that name, or NULL. */
TP_API const tp_op *tp_op_named(const char *name);

TP_CLOSE

#endif
