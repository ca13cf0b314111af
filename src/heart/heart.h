/* The heart: one function applies every op, records it, and one walk takes the tape back. */
#ifndef TAPER_HEART_HEART_H
#define TAPER_HEART_HEART_H

#include "taper/autograd.h"
#include "tensor/tensor.h"

#include <string.h>

/* What the tape keeps of one application, allocated in one piece with its arrays: behind `tensors` stand
 * their versions when they were saved, which an op that saves nothing leaves undefined, and which inputs
 * required a gradient then. */
typedef struct tp__node {
    tp__history history; /* first: a tensor's history is its node */
    const tp_op *op;
    uint64_t sequence;
    const void *attributes;
    int n_inputs;
    bool walked;          /* a backward without retain_graph has been here */
    tp_tensor *tensors[]; /* inputs, then outputs: their headers live at least as long as this node */
} tp__node;

static inline tp_tensor **tp__node_outputs(tp__node *node)
{
    return node->tensors + node->n_inputs;
}

static inline uint32_t *tp__node_versions(const tp__node *node)
{
    return (uint32_t *)(node->tensors + node->n_inputs + node->op->n_outputs);
}

static inline bool *tp__node_needed(const tp__node *node)
{
    return (bool *)(tp__node_versions(node) + node->n_inputs + node->op->n_outputs);
}

/* y, whose node is printed under the name of PyTorch's one node for the whole: for what a composite has just
 * computed, and not for what may be one of its operands. */
static inline tp_tensor *tp__named(tp_tensor *y, const char *node_name)
{
    if (y && y->history)
        y->history->name = node_name;
    return y;
}

/* Whether backward reads input or output `i` of an op that saves so. Beyond 16 inputs, an op saves all of
 * them or none. */
static inline bool tp__saves_input(unsigned saves, int i)
{
    saves &= TP_SAVES_ALL_INPUTS;
    return saves == TP_SAVES_ALL_INPUTS || (i < 16 && (saves >> i & 1));
}

static inline bool tp__saves_output(unsigned saves, int i)
{
    return saves & TP_SAVES_OUTPUT(i);
}

/* A leaf's gradient. `touched` lists the columns, or the rows, of the buffer that may differ from 0, while
 * `sparse`: a gradient from CSR input or from indices touches few of them, and clearing costs what was
 * touched. Rows are listed once: `listed` has the number of the list in which each row came last. */
typedef struct tp__leaf {
    tp_tensor *grad;   /* NULL until there was one; kept while absent */
    tp_tensor *buffer; /* what gradients without history are written to: `grad`, unless that has history */
    bool present;
    bool sparse;
    uint32_t version; /* of the buffer after its last change from here: a program may write to it too */
    bool by_rows;     /* the list is one of rows */
    int32_t *touched; /* columns, which may repeat, or rows */
    int64_t n_touched, touched_capacity;
    uint32_t *listed; /* for each of the `n_listed` rows; NULL until rows are listed */
    int64_t n_listed;
    uint32_t list;            /* the present list's number; not 0 */
    struct tp__visit *visits; /* gradients with history that were or are `grad`, while their regions last */
    bool watched;             /* the leaf's own region will tell the visits when it ends */
    tp_hook *hooks; /* in the order of their registration; a tensor with history may have some, too */
} tp__leaf;

/* The tensor's, which is made if there is none; NULL when memory is out. */
tp__leaf *tp__leaf_of(tp_tensor *t);

/* For a tensor that is hooked: hands its gradient to the hooks, which may replace it; and calls those that
 * want to know that a leaf got its gradient. */
tp_status tp__call_hooks(tp_tensor *t, tp_tensor **gradient);
tp_status tp__call_hooks_after(tp_tensor *leaf);

static inline tp_tensor *tp__leaf_grad(const tp_tensor *leaf)
{
    return leaf->leaf && leaf->leaf->present ? leaf->leaf->grad : NULL;
}

/* Adds `gradient` to the leaf's own. The first step can fail and changes nothing; the second cannot fail. */
tp_status tp__leaf_prepare(tp_tensor *leaf, const tp_tensor *gradient);
void tp__leaf_add(tp_tensor *leaf, tp_tensor *gradient);

/* Whether nothing is to be prepared, and adding is copying: for a small leaf's first gradient. */
static inline bool tp__leaf_copies(const tp_tensor *leaf, const tp_tensor *gradient)
{
    const tp__leaf *l = leaf->leaf;
    const tp_tensor *buffer = l ? l->buffer : NULL;
    const uint64_t same = TP__HEAD(.dtype = 0xff, .layout = 0xff, .contiguous = true, .released = true);
    return TP__LIKELY(buffer && !l->present && l->grad == buffer &&
                      !((buffer->head ^ gradient->head) & same) && buffer->numel == gradient->numel &&
                      buffer->numel && !buffer->storage->block && !gradient->history);
}

static inline void tp__leaf_changed(tp__leaf *l)
{
    l->version = ++l->buffer->storage->version;
}

static inline void tp__leaf_copy(tp_tensor *leaf, const tp_tensor *gradient)
{
    tp__leaf *l = leaf->leaf;
    l->present = true;
    l->sparse = false;
    tp__leaf_changed(l);
    memcpy(l->buffer->data, gradient->data, l->buffer->storage->size);
}

/* A gradient transpose(left) x right, left [n, out] and right [n, in], one of them dense and the other CSR,
 * not yet multiplied out: the walk pours it straight into a leaf's buffer, and multiplies it out for anybody
 * else. Rows of the CSR operand may name a column several times, in any order. */
tp_tensor *tp__product_gradient(tp_tensor *left, tp_tensor *right);
tp_tensor *tp__multiplied_out(tp_tensor *gradient);

typedef struct tp__product {
    tp_tensor *left, *right;
} tp__product;

/* Whether the target of an operation in place may be written: TP_OK, or the error. */
tp_status tp__check_target(const tp_tensor *target);

/* A number of the program as an operand, in the current region: it has the lowest promotion priority. */
tp_tensor *tp__number_f64(double value);
tp_tensor *tp__number_i64(int64_t value);

/* The same in the caller's memory, for the length of a call. */
typedef struct tp__number {
    tp_tensor tensor;
    union {
        double f64;
        int64_t i64;
    } value;
} tp__number;
tp_tensor *tp__number_init_f64(tp__number *number, double value);
tp_tensor *tp__number_init_i64(tp__number *number, int64_t value);

/* What the walk needs by name: gradients that meet are added, those of halves in float32. */
extern const tp_op *const tp__op_add;
extern const tp_op *const tp__op_convert;

#endif
