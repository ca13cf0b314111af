/* Taking the tape back: from outputs to the gradients of leaves or of chosen tensors.
 *
 * Nodes are taken in descending order of their sequence numbers, which is a topological order, since a node's
 * inputs are older than it: whoever could still send a gradient to the youngest waiting node is younger yet.
 * Gradients that meet are added in the order in which they arrive, as PyTorch does.
 * The walk keeps its state in a table of its own, so that walks may run inside each other. */
#include "base/memory.h"
#include "heart/heart.h"

#include <string.h>

/* One node of the walk, and the gradients of its outputs gathered so far. */
typedef struct place {
    tp__node *node;
    tp_tensor *grads[TP_MAX_OUTPUTS];
    bool leads; /* to a requested input */
    bool queued;
} place;

/* A leaf that is reached, and its gradient so far. */
typedef struct reached {
    tp_tensor *leaf;
    tp_tensor *grad;
} reached;

/* A tensor whose gradient is asked for. */
typedef struct wanted {
    tp_tensor *tensor;
    tp_tensor **gradient;
} wanted;

typedef struct walk {
    place *places;
    int32_t *slots; /* hash table of indices into places, once they are many; -1 is free */
    int32_t *heap;  /* indices of queued places, the youngest node on top */
    tp__node **stack;
    reached *leaves;
    size_t n_places, places_capacity, n_slots, n_heap, heap_capacity, stack_capacity, n_leaves,
        leaves_capacity;
    const wanted *wanted;
    int n_wanted;
    bool recording, retain, into_leaves;
} walk;

/* Room on the stack for the walk over a small tape, which then allocates nothing of its own and needs no hash
 * table. */
enum { FEW_NODES = 24 };
typedef struct room {
    place places[FEW_NODES];
    int32_t heap[FEW_NODES];
    reached leaves[FEW_NODES];
} room;

static void walk_begin(walk *w, room *r)
{
    w->places = r->places;
    w->heap = r->heap;
    w->leaves = r->leaves;
    w->places_capacity = w->heap_capacity = w->leaves_capacity = FEW_NODES;
}

static void walk_end(walk *w, room *r)
{
    if (w->places != r->places)
        tp__free(w->places);
    if (w->heap != r->heap)
        tp__free(w->heap);
    if (w->leaves != r->leaves)
        tp__free(w->leaves);
    if (w->slots)
        tp__free(w->slots);
    if (w->stack)
        tp__free(w->stack);
}

/* tp__grow, for an array that begins on the stack: that one holds FEW_NODES items. */
static TP__COLD tp_status grow_room(void **array, size_t *capacity, size_t needed, size_t item_size)
{
    if (*capacity > FEW_NODES)
        return tp__grow(array, capacity, needed, item_size);
    void *larger = tp__malloc(4 * FEW_NODES * item_size);
    if (!larger)
        return TP_ERROR_MEMORY;
    memcpy(larger, *array, *capacity * item_size);
    *array = larger;
    *capacity = 4 * FEW_NODES;
    return TP_OK;
}

static inline tp_status grow(void **array, size_t *capacity, size_t needed, size_t item_size)
{
    return needed <= *capacity ? TP_OK : grow_room(array, capacity, needed, item_size);
}

static size_t hash(const tp__node *node)
{
    return (size_t)(((uintptr_t)node >> 4) * 0x9E3779B97F4A7C15u >> 20);
}

static TP__COLD tp_status grow_slots(walk *w)
{
    const size_t n = w->n_slots ? 2 * w->n_slots : 4 * FEW_NODES;
    int32_t *slots = tp__malloc(n * sizeof *slots);
    if (!slots)
        return TP_ERROR_MEMORY;
    memset(slots, 0xff, n * sizeof *slots);
    for (size_t i = 0; i < w->n_places; i++) {
        size_t at = hash(w->places[i].node) & (n - 1);
        while (slots[at] >= 0)
            at = (at + 1) & (n - 1);
        slots[at] = (int32_t)i;
    }
    tp__free(w->slots);
    w->slots = slots;
    w->n_slots = n;
    return TP_OK;
}

/* The place of a node, or NULL if the walk has not met it. */
static inline place *find(const walk *w, const tp__node *node)
{
    if (!w->n_slots) {
        for (place *p = w->places + w->n_places; p-- > w->places;)
            if (p->node == node)
                return p;
        return NULL;
    }
    for (size_t at = hash(node) & (w->n_slots - 1); w->slots[at] >= 0; at = (at + 1) & (w->n_slots - 1))
        if (w->places[w->slots[at]].node == node)
            return &w->places[w->slots[at]];
    return NULL;
}

/* A place for a node that has none. NULL when memory is out. */
static place *add_place(walk *w, tp__node *node)
{
    if (grow((void **)&w->places, &w->places_capacity, w->n_places + 1, sizeof(place)) != TP_OK)
        return NULL;
    if (w->n_places >= FEW_NODES) {
        if (2 * (w->n_places + 1) > w->n_slots && grow_slots(w) != TP_OK)
            return NULL;
        size_t at = hash(node) & (w->n_slots - 1);
        while (w->slots[at] >= 0)
            at = (at + 1) & (w->n_slots - 1);
        w->slots[at] = (int32_t)w->n_places;
    }
    place *p = &w->places[w->n_places++];
    *p = (place){.node = node};
    return p;
}

/* Meets all nodes that the outputs were computed by, without recursion. Needed only where some of them do not
 * lead to a requested input: otherwise a node is met when its first gradient arrives. */
static tp_status discover(walk *w, tp_tensor *const *outputs, int n_outputs)
{
    size_t depth = 0;
    for (int i = 0; i < n_outputs; i++) {
        if (!outputs[i]->history || find(w, tp__node_of(outputs[i])))
            continue;
        if (!add_place(w, tp__node_of(outputs[i])))
            return TP_ERROR_MEMORY;
        TP__TRY(tp__grow((void **)&w->stack, &w->stack_capacity, depth + 1, sizeof *w->stack));
        w->stack[depth++] = tp__node_of(outputs[i]);
        while (depth) {
            tp__node *node = w->stack[--depth];
            for (int k = 0; k < node->n_inputs; k++) {
                tp_tensor *input = node->tensors[k];
                if (!node->needed[k] || !input->history || find(w, tp__node_of(input)))
                    continue;
                if (!add_place(w, tp__node_of(input)))
                    return TP_ERROR_MEMORY;
                TP__TRY(tp__grow((void **)&w->stack, &w->stack_capacity, depth + 1, sizeof *w->stack));
                w->stack[depth++] = tp__node_of(input);
            }
        }
    }
    return TP_OK;
}

static bool is_wanted(const walk *w, const tp_tensor *t)
{
    for (int i = 0; i < w->n_wanted; i++)
        if (w->wanted[i].tensor == t)
            return true;
    return false;
}

/* Marks the nodes behind which a requested input lies. Older nodes are settled first, so that one pass does.
 */
static tp_status mark_leading(walk *w)
{
    int32_t *order = tp__malloc((w->n_places + 1) * sizeof *order);
    if (!order)
        return TP_ERROR_MEMORY;
    /* Places were met roughly young to old; an insertion sort by age would be quadratic at worst, a heap is
     * not. */
    size_t n = 0;
    for (size_t i = 0; i < w->n_places; i++) {
        size_t at = n++;
        while (at && w->places[order[(at - 1) / 2]].node->sequence > w->places[i].node->sequence) {
            order[at] = order[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        order[at] = (int32_t)i;
    }
    while (n) {
        place *p = &w->places[order[0]];
        for (int k = 0; k < p->node->n_inputs && !p->leads; k++) {
            tp_tensor *input = p->node->tensors[k];
            if (!p->node->needed[k])
                continue;
            const place *before = input->history ? find(w, tp__node_of(input)) : NULL;
            p->leads = is_wanted(w, input) || (before && before->leads);
        }
        const int32_t last = order[--n];
        size_t at = 0;
        for (;;) {
            size_t child = 2 * at + 1;
            if (child >= n)
                break;
            if (child + 1 < n &&
                w->places[order[child + 1]].node->sequence < w->places[order[child]].node->sequence)
                child++;
            if (w->places[order[child]].node->sequence >= w->places[last].node->sequence)
                break;
            order[at] = order[child];
            at = child;
        }
        if (n)
            order[at] = last;
    }
    tp__free(order);
    return TP_OK;
}

static uint64_t age(const walk *w, int32_t index)
{
    return w->places[index].node->sequence;
}

static tp_status push(walk *w, place *p)
{
    if (p->queued)
        return TP_OK;
    TP__TRY(grow((void **)&w->heap, &w->heap_capacity, w->n_heap + 1, sizeof *w->heap));
    const int32_t index = (int32_t)(p - w->places);
    size_t at = w->n_heap++;
    while (at && age(w, w->heap[(at - 1) / 2]) < p->node->sequence) {
        w->heap[at] = w->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    w->heap[at] = index;
    p->queued = true;
    return TP_OK;
}

static place *pop(walk *w)
{
    const int32_t top = w->heap[0], last = w->heap[--w->n_heap];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->n_heap)
            break;
        if (child + 1 < w->n_heap && age(w, w->heap[child + 1]) > age(w, w->heap[child]))
            child++;
        if (age(w, w->heap[child]) <= age(w, last))
            break;
        w->heap[at] = w->heap[child];
        at = child;
    }
    if (w->n_heap)
        w->heap[at] = last;
    return &w->places[top];
}

static tp_tensor *sum_of(tp_tensor *a, tp_tensor *b)
{
    tp_tensor *const operands[2] = {tp__multiplied_out(a), tp__multiplied_out(b)};
    if (!operands[0] || !operands[1])
        return NULL;
    return tp_apply(tp__op_add, operands, 2, NULL);
}

/* Large gradients that the walk has made go back as soon as they are passed on; their headers belong to one
 * place each. */
static bool is_recyclable(const walk *w, const tp_tensor *grad)
{
    return grad->temporary && !w->recording && grad->storage && grad->storage->block;
}

static void recycle(const walk *w, tp_tensor *grad)
{
    if (grad && is_recyclable(w, grad))
        tp_release(grad);
}

/* Adds `grad` to what has come to `sum` so far, if that is not all. A large gradient that waits elsewhere
 * already comes as a view. */
static TP__APART tp_status gather_more(const walk *w, tp_tensor **sum, tp_tensor *grad)
{
    if (is_recyclable(w, grad)) {
        if (grad->pending) {
            if (!(grad = tp_detach(grad)))
                return tp__ctx.error;
            grad->temporary = true;
        }
        grad->pending = true;
    }
    if (!*sum) {
        *sum = grad;
        return TP_OK;
    }
    tp_tensor *before = *sum, *total = sum_of(before, grad);
    if (!total)
        return tp__ctx.error;
    recycle(w, before);
    recycle(w, grad);
    total->pending = true;
    *sum = total;
    return TP_OK;
}

static inline tp_status gather(const walk *w, tp_tensor **sum, tp_tensor *grad)
{
    if (*sum || is_recyclable(w, grad))
        return gather_more(w, sum, grad);
    *sum = grad;
    return TP_OK;
}

static tp_status reach_leaf(walk *w, tp_tensor *leaf, tp_tensor *grad)
{
    for (size_t i = 0; i < w->n_leaves; i++)
        if (w->leaves[i].leaf == leaf)
            return gather(w, &w->leaves[i].grad, grad);
    TP__TRY(grow((void **)&w->leaves, &w->leaves_capacity, w->n_leaves + 1, sizeof(reached)));
    w->leaves[w->n_leaves] = (reached){leaf, NULL};
    TP__TRY(gather(w, &w->leaves[w->n_leaves].grad, grad));
    w->n_leaves++;
    return TP_OK;
}

/* Takes a gradient to the tensor it belongs to. */
static tp_status deliver(walk *w, tp_tensor *to, tp_tensor *grad)
{
    if (!to->history)
        return w->into_leaves || is_wanted(w, to) ? reach_leaf(w, to, grad) : TP_OK;
    place *p = find(w, tp__node_of(to));
    if (!p && !(p = add_place(w, tp__node_of(to))))
        return TP_ERROR_MEMORY;
    TP__TRY(gather(w, &p->grads[to->output_index], grad));
    return push(w, p);
}

static TP__COLD tp_status refuse_saved(const tp__node *node, int i)
{
    const bool is_input = i < node->n_inputs;
    const char *kind = is_input ? "operand" : "result";
    const int k = is_input ? i : i - node->n_inputs;
    const tp_tensor *t = node->tensors[i];
    if (t->released)
        return tp_fail(TP_ERROR_STATE, "%s %d was saved for backward and then given back with tp_release",
                       kind, k);
    char shape[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_STATE,
                   "one of the variables needed for gradient computation has been modified by an inplace "
                   "operation: %s %d, %s %s, is at version %u; expected version %u instead",
                   kind, k, tp_dtype_name((tp_dtype)t->dtype),
                   tp__shape_text(shape, sizeof shape, t->ndim, t->shape), t->storage->version,
                   node->versions[i]);
}

static TP__APART tp_status check_saved(const tp__node *node)
{
    const tp_op *op = node->op;
    if (node->walked)
        return tp_fail(TP_ERROR_STATE,
                       "Trying to backward through the graph a second time (or directly access saved "
                       "tensors after they have already been freed); pass .retain_graph = true the "
                       "first time");
    for (int i = 0; i < node->n_inputs + op->n_outputs; i++) {
        const tp_tensor *t = node->tensors[i];
        if (t && tp__saves(op, node->n_inputs, i) &&
            (t->released || (t->storage && t->storage->version != node->versions[i])))
            return refuse_saved(node, i);
    }
    return TP_OK;
}

static TP__COLD tp_status refuse_gradient(const tp_tensor *input, int i, const tp_tensor *grad)
{
    char got[TP__SHAPE_TEXT_SIZE], want[TP__SHAPE_TEXT_SIZE];
    return tp_fail(
        TP_ERROR_SHAPE, "backward returned a gradient of %s %s for operand %d, which is %s %s",
        tp_dtype_name((tp_dtype)grad->dtype), tp__shape_text(got, sizeof got, grad->ndim, grad->shape), i,
        tp_dtype_name((tp_dtype)input->dtype), tp__shape_text(want, sizeof want, input->ndim, input->shape));
}

/* Which inputs lead to a requested one. NULL when memory is out. */
static TP__APART const bool *leading_inputs(const walk *w, const tp__node *node)
{
    tp_region *region = tp__region_current();
    bool *needed = region ? tp__region_bump(region, (size_t)node->n_inputs) : NULL;
    for (int i = 0; needed && i < node->n_inputs; i++) {
        const tp_tensor *input = node->tensors[i];
        const place *before = node->needed[i] && input->history ? find(w, tp__node_of(input)) : NULL;
        needed[i] = node->needed[i] && (is_wanted(w, input) || (before && before->leads));
    }
    return needed;
}

/* Runs one node's backward and takes its gradients on. */
static tp_status step(walk *w, const place *p)
{
    tp__node *node = p->node;
    const tp_op *op = node->op;
    tp_tensor *grads[TP_MAX_OUTPUTS], **outputs = tp__node_outputs(node);
    if (op->saves)
        TP__TRY(check_saved(node));
    for (int i = 0; i < op->n_outputs; i++) {
        grads[i] = p->grads[i];
        if (!grads[i])
            continue;
        if (grads[i]->layout == TP__PRODUCT && !(grads[i] = tp__multiplied_out(grads[i])))
            return tp__ctx.error;
        if ((w->into_leaves && outputs[i]->retains_grad) || is_wanted(w, outputs[i]))
            TP__TRY(reach_leaf(w, outputs[i], grads[i]));
    }
    const bool *needed = node->needed;
    if (w->n_wanted) {
        if (!p->leads)
            return TP_OK;
        if (!(needed = leading_inputs(w, node)))
            return TP_ERROR_MEMORY;
    }
    enum { FEW = 8 };
    tp_tensor *few[FEW] = {0};
    const size_t n = (size_t)node->n_inputs;
    tp_tensor **grad_inputs = n <= FEW ? few : tp_region_alloc(tp__region_current(), n * sizeof *grad_inputs);
    if (!grad_inputs)
        return TP_ERROR_MEMORY;
    tp_backward_call call = {op,    node->attributes, node->n_inputs, node->tensors, outputs,
                             grads, needed,           grad_inputs,    w->recording};
    TP__TRY(op->backward(&call));
    for (size_t i = 0; i < n; i++) {
        if (!needed[i] || !grad_inputs[i])
            continue;
        if (!tp__is_like(grad_inputs[i], node->tensors[i]))
            return refuse_gradient(node->tensors[i], (int)i, grad_inputs[i]);
        TP__TRY(deliver(w, node->tensors[i], grad_inputs[i]));
    }
    for (int i = 0; i < op->n_outputs; i++)
        recycle(w, grads[i]);
    node->walked = !w->retain && op->saves;
    return TP_OK;
}

static tp_status run(walk *w)
{
    tp_frame frame = {NULL, NULL, tp__ctx.frame};
    tp_status status = TP_OK;
    tp__ctx.frame = &frame;
    while (w->n_heap && status == TP_OK) {
        const place *p = pop(w);
        frame.name = p->node->op->name;
        status = step(w, p);
    }
    tp__ctx.frame = frame.outer;
    return status;
}

static TP__COLD tp_status refuse_root(const tp_tensor *root, const tp_tensor *gradient, int index)
{
    char want[TP__SHAPE_TEXT_SIZE], got[TP__SHAPE_TEXT_SIZE];
    tp__shape_text(want, sizeof want, root->ndim, root->shape);
    if (!gradient)
        return tp_fail(TP_ERROR_SHAPE,
                       "grad can be implicitly created only for scalar outputs, not for shape %s", want);
    return tp_fail(TP_ERROR_SHAPE, "Mismatch in shape: grad_output[%d] is %s %s and output[%d] is %s %s",
                   index, tp_dtype_name((tp_dtype)gradient->dtype),
                   tp__shape_text(got, sizeof got, gradient->ndim, gradient->shape), index,
                   tp_dtype_name((tp_dtype)root->dtype), want);
}

static tp_status check_root(const tp_tensor *root, const tp_tensor *gradient, int index)
{
    if (!root)
        return tp__null_argument("root");
    if (!root->requires_grad)
        return tp_fail(TP_ERROR_STATE,
                       "element %d of tensors does not require grad and does not have a grad_fn", index);
    if (gradient ? !tp__is_like(gradient, root) : root->numel != 1)
        return refuse_root(root, gradient, index);
    return TP_OK;
}

/* Puts the first gradients in and walks. */
static tp_status walk_back(walk *w, tp_tensor *const *outputs, int n_outputs, tp_tensor *const *grad_outputs)
{
    for (int i = 0; i < n_outputs; i++)
        TP__TRY(check_root(outputs[i], grad_outputs ? grad_outputs[i] : NULL, i));
    if (w->n_wanted) {
        TP__TRY(discover(w, outputs, n_outputs));
        TP__TRY(mark_leading(w));
    }
    for (int i = 0; i < n_outputs; i++) {
        tp_tensor *seed = grad_outputs ? grad_outputs[i] : NULL;
        if (!seed && !(seed = tp_ones_n((tp_dtype)outputs[i]->dtype, outputs[i]->ndim, outputs[i]->shape)))
            return tp__ctx.error;
        TP__TRY(deliver(w, outputs[i], seed));
    }
    const bool was_walking = tp__ctx.walking;
    tp__ctx.walking = true;
    const tp_status status = run(w);
    tp__ctx.walking = was_walking;
    return status;
}

/* All leaves get their gradients, or none: what can fail comes first. */
static tp_status give_to_leaves(walk *w)
{
    for (size_t i = 0; i < w->n_leaves; i++) {
        tp_tensor *leaf = w->leaves[i].leaf, *grad = w->leaves[i].grad;
        tp_tensor *before = tp_grad(leaf);
        if (before && (before->history || grad->history))
            grad = sum_of(before, grad);
        else if (before && !grad->contiguous && grad->layout == TP__DENSE)
            grad = tp__tensor_copy(tp__region_current(), grad);
        if (!grad)
            return tp__ctx.error;
        w->leaves[i].grad = grad;
        TP__TRY(tp__leaf_prepare(leaf, grad));
    }
    for (size_t i = 0; i < w->n_leaves; i++) {
        tp__leaf_add(w->leaves[i].leaf, w->leaves[i].grad);
        recycle(w, w->leaves[i].grad);
    }
    return TP_OK;
}

tp_status tp_backward_with(const tp_backward_options *options)
{
    TP__FRAME("backward");
    walk w = {.recording = options->create_graph,
              .retain = options->retain_graph || options->create_graph,
              .into_leaves = true};
    room r;
    walk_begin(&w, &r);
    const bool no_grad = tp__ctx.no_grad;
    tp__ctx.no_grad = !options->create_graph;
    tp_status status = walk_back(&w, &options->root, 1, &options->gradient);
    if (status == TP_OK)
        status = give_to_leaves(&w);
    tp__ctx.no_grad = no_grad;
    walk_end(&w, &r);
    return status;
}

tp_status tp_gradients(tp_tensor *const *outputs, int n_outputs, tp_tensor *const *inputs, int n_inputs,
                       tp_tensor *const *grad_outputs, const tp_gradients_options *options,
                       tp_tensor **gradients)
{
    TP_FRAME("gradients");
    static const tp_gradients_options defaults = {false, false, false};
    if (!options)
        options = &defaults;
    if (!outputs || !inputs || !gradients || n_outputs < 1 || n_inputs < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "needs at least one output and one input");
    for (int i = 0; i < n_inputs; i++) {
        gradients[i] = NULL;
        if (!inputs[i])
            return tp__null_argument("an input");
        if (!inputs[i]->requires_grad)
            return tp_fail(TP_ERROR_STATE, "input %d does not require grad", i);
    }
    wanted *list = tp__malloc((size_t)n_inputs * sizeof *list);
    if (!list)
        return TP_ERROR_MEMORY;
    for (int i = 0; i < n_inputs; i++)
        list[i] = (wanted){inputs[i], &gradients[i]};
    walk w = {.recording = options->create_graph,
              .retain = options->retain_graph || options->create_graph,
              .wanted = list,
              .n_wanted = n_inputs};
    room r;
    walk_begin(&w, &r);
    const bool no_grad = tp__ctx.no_grad;
    tp__ctx.no_grad = !options->create_graph;
    tp_status status = walk_back(&w, outputs, n_outputs, grad_outputs);
    for (size_t i = 0; i < w.n_leaves && status == TP_OK; i++) {
        tp_tensor *grad = tp__multiplied_out(w.leaves[i].grad);
        if (!grad)
            status = tp__ctx.error;
        else
            grad->temporary = grad->pending = false; /* it is the caller's now */
        for (int k = 0; k < n_inputs; k++)
            if (inputs[k] == w.leaves[i].leaf)
                gradients[k] = grad;
    }
    for (int i = 0; i < n_inputs && status == TP_OK; i++)
        if (!gradients[i] && !options->allow_unused)
            status = tp_fail(
                TP_ERROR_STATE,
                "One of the differentiated Tensors appears to not have been used in the graph: input %d. "
                "Set allow_unused if this is desired",
                i);
    for (int i = 0; i < n_inputs; i++) {
        if (status != TP_OK)
            gradients[i] = NULL;
        else if (gradients[i]) /* the caller's own from now on */
            gradients[i]->temporary = gradients[i]->pending = false;
    }
    tp__ctx.no_grad = no_grad;
    walk_end(&w, &r);
    tp__free(list);
    return status;
}
