/* Taking the tape back: from outputs to the gradients of leaves or of chosen tensors.
 *
 * Nodes are taken in descending order of their sequence numbers, which is a topological order, since a node's
 * inputs are older than it: whoever could still send a gradient to the youngest waiting node is younger yet.
 * Gradients that meet are added in the order in which they arrive, as PyTorch does.
 * The walk keeps its state in a table of its own, so that walks may run inside each other. */
#include "base/memory.h"
#include "heart/heart.h"

#include <stddef.h>
#include <string.h>

/* What the walk has met: a node, and the gradients of its outputs gathered so far; or a tensor whose gradient
 * is to be left in it or returned. */
typedef struct place {
    void *of; /* a tp__node, or the tp_tensor */
    bool is_tensor;
    bool queued;
    bool leads;  /* a node, to a requested input */
    bool copies; /* a leaf, its gradient: see tp__leaf_copies */
    tp_tensor *grads[TP_MAX_OUTPUTS];
} place;

/* Room for the walk over a small tape is on the stack; such a walk allocates nothing and needs no hash table.
 * Places, the heap and the table are one piece. */
enum { FEW = 32, FIRST_SLOTS = 8 * FEW, FEW_INPUTS = 8 };
typedef struct room {
    place places[FEW];
    int32_t heap[FEW];
} room;
_Static_assert(offsetof(room, heap) == FEW * sizeof(place), "the heap stands behind the room for places");

typedef struct walk {
    place *places, *end, *limit; /* `end` is behind the last one met, `limit` behind the room, which is for
                                  * half as many places as there are slots */
    size_t n_heap;
    int32_t *slots; /* hash table of indices into places, once they are many; -1 is free */
    size_t n_slots;
    tp_tensor *const *wanted; /* tensors whose gradient is asked for; if there are none, leaves get theirs */
    int n_wanted;
    tp__grad_modes outside;
    bool recording, retain;
    tp_frame frame; /* the operation whose gradient is being computed */
} walk;

/* Indices of queued places, the youngest node on top. There is room for all. */
static inline int32_t *heap_of(const walk *w)
{
    return (int32_t *)(void *)w->limit;
}

/* Inside `outer`, which is the current frame and bears the name of the walk as a whole. `wanted` and
 * `n_slots` are read only where they have been set. */
static inline void walk_begin(walk *w, room *r, tp_frame *outer, bool create_graph, bool retain_graph)
{
    w->places = w->end = r->places;
    w->limit = r->places + FEW;
    w->n_heap = 0;
    w->slots = NULL;
    w->n_wanted = 0;
    w->recording = create_graph;
    w->retain = create_graph || retain_graph;
    w->outside = tp__ctx.modes;
    w->frame = (tp_frame){outer->name, NULL, outer};
    tp__ctx.modes = (tp__grad_modes){.no_grad = !create_graph, .walking = true};
    tp__ctx.frame = &w->frame;
}

/* From here on gradients are only handed out. */
static inline void walk_leave(const walk *w)
{
    tp__ctx.modes.walking = w->outside.walking;
    tp__ctx.frame = w->frame.outer;
}

static inline void walk_end(walk *w)
{
    tp__ctx.modes.no_grad = w->outside.no_grad;
    if (w->slots)
        tp__free(w->places);
}

static size_t hash(const void *of)
{
    return (size_t)(((uintptr_t)of >> 4) * 0x9E3779B97F4A7C15u >> 20);
}

static void enter_slot(walk *w, const place *p)
{
    size_t at = hash(p->of) & (w->n_slots - 1);
    while (w->slots[at] >= 0)
        at = (at + 1) & (w->n_slots - 1);
    w->slots[at] = (int32_t)(p - w->places);
}

static TP__COLD tp_status grow(walk *w)
{
    const size_t n_places = (size_t)(w->end - w->places), n = w->slots ? 2 * w->n_slots : FIRST_SLOTS;
    const int32_t *heap = heap_of(w);
    place *places = tp__malloc(n / 2 * (sizeof *places + sizeof *heap) + n * sizeof *w->slots);
    if (!places)
        return TP_ERROR_MEMORY;
    memcpy(places, w->places, n_places * sizeof *places);
    memcpy(places + n / 2, heap, w->n_heap * sizeof *heap);
    if (w->slots)
        tp__free(w->places);
    w->places = places;
    w->end = places + n_places;
    w->limit = places + n / 2;
    w->slots = heap_of(w) + n / 2;
    w->n_slots = n;
    memset(w->slots, 0xff, n * sizeof *w->slots);
    for (const place *p = places; p < w->end; p++)
        enter_slot(w, p);
    return TP_OK;
}

static TP__APART place *find_slot(const walk *w, const void *of)
{
    for (size_t at = hash(of) & (w->n_slots - 1); w->slots[at] >= 0; at = (at + 1) & (w->n_slots - 1))
        if (w->places[w->slots[at]].of == of)
            return &w->places[w->slots[at]];
    return NULL;
}

/* The place of a node or a tensor; NULL if the walk has not met it. */
static inline place *find(const walk *w, const void *of)
{
    if (TP__UNLIKELY(w->slots))
        return find_slot(w, of);
    for (place *p = w->end; p-- > w->places;)
        if (p->of == of)
            return p;
    return NULL;
}

/* A place for what may have one. NULL when memory is out. */
static inline place *place_of(walk *w, void *of, bool is_tensor)
{
    place *p = find(w, of);
    if (p || (TP__UNLIKELY(w->end == w->limit) && grow(w) != TP_OK))
        return p;
    p = w->end++;
    p->of = of;
    p->is_tensor = is_tensor;
    p->queued = p->leads = false;
    for (int i = 0; i < (is_tensor ? 1 : TP_MAX_OUTPUTS); i++)
        p->grads[i] = NULL;
    if (TP__UNLIKELY(w->slots))
        enter_slot(w, p);
    return p;
}

/* Meets all nodes that the outputs were computed by; they are their own list of what remains to be looked at.
 * Needed only where some of them do not lead to a requested input: otherwise a node is met when its first
 * gradient arrives. */
static tp_status discover(walk *w, tp_tensor *const *outputs, int n_outputs)
{
    for (int i = 0; i < n_outputs; i++)
        if (outputs[i]->history && !place_of(w, outputs[i]->history, false))
            return TP_ERROR_MEMORY;
    for (size_t next = 0; w->places + next < w->end; next++) { /* the places may move */
        const tp__node *node = w->places[next].of;
        for (int k = 0; k < node->n_inputs; k++) {
            tp_tensor *input = node->tensors[k];
            if (tp__node_needed(node)[k] && input->history && !place_of(w, input->history, false))
                return TP_ERROR_MEMORY;
        }
    }
    return TP_OK;
}

static TP__APART bool is_wanted(const walk *w, const tp_tensor *t)
{
    for (int i = 0; i < w->n_wanted; i++)
        if (w->wanted[i] == t)
            return true;
    return false;
}

static uint64_t age(const walk *w, int32_t index)
{
    return ((const tp__node *)w->places[index].of)->sequence;
}

/* Marks the nodes behind which a requested input lies. Older nodes are settled first, so that one pass does.
 */
static tp_status mark_leading(walk *w)
{
    const size_t n_places = (size_t)(w->end - w->places);
    int32_t *order = tp__malloc((n_places + 1) * sizeof *order);
    if (!order)
        return TP_ERROR_MEMORY;
    /* Places were met roughly young to old; an insertion sort by age would be quadratic at worst, a heap is
     * not. */
    size_t n = 0;
    for (size_t i = 0; i < n_places; i++) {
        size_t at = n++;
        while (at && age(w, order[(at - 1) / 2]) > age(w, (int32_t)i)) {
            order[at] = order[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        order[at] = (int32_t)i;
    }
    while (n) {
        place *p = &w->places[order[0]];
        const tp__node *node = p->of;
        for (int k = 0; k < node->n_inputs && !p->leads; k++) {
            tp_tensor *input = node->tensors[k];
            if (!tp__node_needed(node)[k])
                continue;
            const place *before = input->history ? find(w, input->history) : NULL;
            p->leads = is_wanted(w, input) || (before && before->leads);
        }
        const int32_t last = order[--n];
        size_t at = 0;
        for (;;) {
            size_t child = 2 * at + 1;
            if (child >= n)
                break;
            if (child + 1 < n && age(w, order[child + 1]) < age(w, order[child]))
                child++;
            if (age(w, order[child]) >= age(w, last))
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

static inline void push(walk *w, place *p)
{
    int32_t *const heap = heap_of(w);
    const uint64_t own_age = ((const tp__node *)p->of)->sequence;
    size_t at = w->n_heap++;
    while (at && age(w, heap[(at - 1) / 2]) < own_age) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = (int32_t)(p - w->places);
    p->queued = true;
}

static place *pop(walk *w)
{
    int32_t *const heap = heap_of(w);
    const int32_t top = heap[0], last = heap[--w->n_heap];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= w->n_heap)
            break;
        if (child + 1 < w->n_heap && age(w, heap[child + 1]) > age(w, heap[child]))
            child++;
        if (age(w, heap[child]) <= age(w, last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    if (w->n_heap)
        heap[at] = last;
    return &w->places[top];
}

static tp_tensor *converted(tp_tensor *t, tp_dtype dtype)
{
    return t ? tp_apply(tp__op_convert, &t, 1, &dtype) : NULL;
}

/* Halves are added in float32, and the sum is rounded. */
static tp_tensor *sum_of(tp_tensor *a, tp_tensor *b)
{
    tp_tensor *operands[2] = {tp__multiplied_out(a), tp__multiplied_out(b)};
    if (!operands[0] || !operands[1])
        return NULL;
    const tp_dtype dtype = (tp_dtype)operands[0]->dtype;
    const bool half = tp_dtype_is_half(dtype);
    for (int i = 0; i < 2 && half; i++)
        operands[i] = converted(operands[i], TP_F32);
    tp_tensor *sum = tp_apply(tp__op_add, operands, 2, NULL);
    return half ? converted(sum, dtype) : sum;
}

/* Large gradients that the walk has made go back as soon as they are passed on; their headers belong to one
 * place each. */
static bool is_recyclable(const walk *w, const tp_tensor *grad)
{
    return grad->temporary && !w->recording && grad->storage && grad->storage->block;
}

static void recycle(const walk *w, tp_tensor *grad)
{
    if (is_recyclable(w, grad))
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
    if (TP__UNLIKELY(*sum || is_recyclable(w, grad)))
        return gather_more(w, sum, grad);
    *sum = grad;
    return TP_OK;
}

/* Adds to the gradient that a tensor itself is to have. */
static inline tp_status reach(walk *w, tp_tensor *tensor, tp_tensor *grad)
{
    place *p = place_of(w, tensor, true);
    return p ? gather(w, &p->grads[0], grad) : TP_ERROR_MEMORY;
}

/* Adds to the gradient of one of a node's outputs, and lets the node wait for its turn. */
static TP__APART tp_status await(walk *w, const tp_tensor *output, tp_tensor *grad)
{
    place *p = place_of(w, output->history, false);
    if (!p)
        return TP_ERROR_MEMORY;
    TP__TRY(gather(w, &p->grads[output->output_index], grad));
    if (!p->queued)
        push(w, p);
    return TP_OK;
}

/* Takes a gradient to the tensor it belongs to. */
static inline tp_status deliver(walk *w, tp_tensor *to, tp_tensor *grad)
{
    if (to->history)
        return await(w, to, grad);
    return TP__LIKELY(!w->n_wanted) || is_wanted(w, to) ? reach(w, to, grad) : TP_OK;
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
                   tp__node_versions(node)[i]);
}

static TP__COLD tp_status refuse_second(void)
{
    return tp_fail(TP_ERROR_STATE,
                   "Trying to backward through the graph a second time (or directly access saved "
                   "tensors after they have already been freed); pass .retain_graph = true the "
                   "first time");
}

static inline bool is_as_saved(const tp_tensor *t, uint32_t version)
{
    return !t || !(t->released || (t->storage && t->storage->version != version));
}

static TP__APART tp_status check_saved(const tp__node *node)
{
    const unsigned saves = node->op->saves;
    const int n = node->n_inputs, n_outputs = node->op->n_outputs;
    const uint32_t *const versions = tp__node_versions(node);
    if (node->walked)
        return refuse_second();
    for (int i = 0; i < n; i++)
        if (tp__saves_input(saves, i) && !is_as_saved(node->tensors[i], versions[i]))
            return refuse_saved(node, i);
    for (int i = n; i < n + n_outputs; i++)
        if (tp__saves_output(saves, i - n) && !is_as_saved(node->tensors[i], versions[i]))
            return refuse_saved(node, i);
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
        const place *before = tp__node_needed(node)[i] && input->history ? find(w, input->history) : NULL;
        needed[i] = tp__node_needed(node)[i] && (is_wanted(w, input) || (before && before->leads));
    }
    return needed;
}

/* What few gradients of outputs need: to be multiplied out, to be handed to hooks, or to be left with a
 * tensor that keeps its own. */
static TP__APART tp_status look_at(walk *w, tp__node *node, tp_tensor **grads)
{
    for (int i = 0; i < node->op->n_outputs; i++) {
        tp_tensor *output = tp__node_outputs(node)[i];
        if (!grads[i])
            continue;
        if (!(grads[i] = tp__multiplied_out(grads[i])))
            return tp__ctx.error;
        if (output->hooked)
            TP__TRY(tp__call_hooks(output, &grads[i]));
        if ((!w->n_wanted && output->retains_grad) || is_wanted(w, output))
            TP__TRY(reach(w, output, grads[i]));
    }
    return TP_OK;
}

static TP__APART void recycle_all(const walk *w, tp_tensor *const *grads, int n)
{
    for (int i = 0; i < n; i++)
        if (grads[i])
            recycle(w, grads[i]);
}

/* Runs one node's backward on the gradients of its outputs and takes those of its inputs on. `leads` matters
 * where gradients are asked for: whether to one of them. The first node's is a part of the walk that begins
 * with it, whose registers it need not save. */
static TP__TOGETHER tp_status step(walk *w, tp__node *node, tp_tensor **grads, bool leads)
{
    const tp_op *op = node->op;
    tp_tensor *few[FEW_INPUTS] = {0};
    tp_backward_call call = {op,
                             node->attributes,
                             node->n_inputs,
                             node->tensors,
                             tp__node_outputs(node),
                             grads,
                             tp__node_needed(node),
                             few,
                             w->recording};
    w->frame.name = op->name;
    if (op->saves)
        TP__TRY(check_saved(node));
    uint64_t outputs = 0, gradients = 0; /* their heads together */
    int k = 0;
    do {
        outputs |= call.outputs[k]->head;
        gradients |= grads[k] ? grads[k]->head : 0;
    } while (TP__UNLIKELY(++k < op->n_outputs));
    if (TP__UNLIKELY(w->n_wanted || (outputs & TP__HEAD(.retains_grad = true, .hooked = true)) ||
                     (gradients & TP__HEAD(.layout = 0xff)))) {
        TP__TRY(look_at(w, node, grads));
        if (w->n_wanted && !leads)
            return TP_OK;
        if (w->n_wanted && !(call.needed = leading_inputs(w, node)))
            return TP_ERROR_MEMORY;
        gradients = TP__HEAD(.temporary = true); /* perhaps: there may be others now */
    }
    if (TP__UNLIKELY(node->n_inputs > FEW_INPUTS) &&
        !(call.grad_inputs =
              tp_region_alloc(tp__region_current(), (size_t)node->n_inputs * sizeof *call.grad_inputs)))
        return TP_ERROR_MEMORY;
    TP__TRY(op->backward(&call));
    for (int i = 0; i < node->n_inputs; i++) {
        tp_tensor *grad = call.grad_inputs[i], *input = node->tensors[i];
        if (!call.needed[i] || !grad)
            continue;
        if (TP__UNLIKELY(!tp__is_like(grad, input)))
            return refuse_gradient(input, i, grad);
        TP__TRY(deliver(w, input, grad));
    }
    if (gradients & TP__HEAD(.temporary = true))
        recycle_all(w, grads, op->n_outputs);
    if (op->saves)
        node->walked = !w->retain;
    return TP_OK;
}

/* Takes the youngest waiting node, until none waits. */
static TP__APART tp_status run(walk *w)
{
    while (w->n_heap) {
        const place *p = pop(w);
        tp__node *node = p->of;
        tp_tensor *grads[TP_MAX_OUTPUTS]; /* the places may move */
        grads[0] = p->grads[0];
        if (node->op->n_outputs > 1)
            memcpy(grads + 1, p->grads + 1, sizeof grads - sizeof *grads);
        TP__TRY(step(w, node, grads, p->leads));
    }
    return TP_OK;
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

static TP__COLD tp_status refuse_history(int index)
{
    return tp_fail(TP_ERROR_STATE, "element %d of tensors does not require grad and does not have a grad_fn",
                   index);
}

static inline tp_status check_root(const tp_tensor *root, const tp_tensor *gradient, int index)
{
    if (TP__UNLIKELY(!root))
        return tp__null_argument("root");
    if (TP__UNLIKELY(!root->requires_grad))
        return refuse_history(index);
    if (TP__UNLIKELY(gradient ? !tp__is_like(gradient, root) : root->numel != 1))
        return refuse_root(root, gradient, index);
    return TP_OK;
}

/* The gradient that an output begins with: as given, or 1. One that an outer walk might recycle becomes a
 * view. */
static inline tp_tensor *seed_of(const tp_tensor *output, tp_tensor *given)
{
    if (!given)
        return tp_ones_n((tp_dtype)output->dtype, output->ndim, output->shape);
    return TP__UNLIKELY(given->temporary) ? tp_detach(given) : given;
}

/* The whole walk from one output to its leaves. Nothing else can send a gradient to the output's node, which
 * is the youngest, so that it is run at once. */
static inline tp_status walk_from(walk *w, tp_tensor *root, tp_tensor *seed)
{
    tp_tensor *grads[TP_MAX_OUTPUTS] = {0};
    if (TP__UNLIKELY(!root->history))
        return deliver(w, root, seed);
    grads[root->output_index] = seed;
    TP__TRY(step(w, (tp__node *)root->history, grads, true));
    return w->n_heap ? run(w) : TP_OK;
}

/* The walk from several outputs to requested tensors. */
static tp_status walk_to_wanted(walk *w, tp_tensor *const *outputs, int n_outputs,
                                tp_tensor *const *grad_outputs)
{
    TP__TRY(discover(w, outputs, n_outputs));
    TP__TRY(mark_leading(w));
    for (int i = 0; i < n_outputs; i++) {
        tp_tensor *seed = seed_of(outputs[i], grad_outputs ? grad_outputs[i] : NULL);
        if (!seed)
            return tp__ctx.error;
        TP__TRY(deliver(w, outputs[i], seed));
    }
    return run(w);
}

/* What can fail of giving a leaf its gradient, which may be replaced by a sum or an even copy. */
static TP__APART tp_status make_ready(tp_tensor *leaf, tp_tensor **gradient)
{
    tp_tensor *before = tp__leaf_grad(leaf), *grad = *gradient;
    if (before && (before->history || grad->history))
        grad = sum_of(before, grad);
    else if (before && !grad->contiguous && grad->layout == TP__DENSE)
        grad = tp__tensor_copy(tp__region_current(), grad);
    if (!grad)
        return tp__ctx.error;
    *gradient = grad;
    return tp__leaf_prepare(leaf, grad);
}

/* The hooks of a leaf are called once, with the sum of what came to it. */
static TP__APART tp_status settle(place *p)
{
    tp_tensor *t = p->of;
    return t->history ? TP_OK : tp__call_hooks(t, &p->grads[0]);
}

static TP__APART tp_status tell_leaves(const walk *w)
{
    for (const place *p = w->places; p < w->end; p++)
        if (p->is_tensor && ((tp_tensor *)p->of)->hooked)
            TP__TRY(tp__call_hooks_after(p->of));
    return TP_OK;
}

/* All leaves get their gradients, or none: what can fail comes first. A hook may change leaves for which all
 * was ready before. */
static inline tp_status give_to_leaves(const walk *w)
{
    place *const places = w->places, *const end = w->end;
    bool hooked = false;
    for (place *p = places; p < end; p++) {
        if (!p->is_tensor)
            continue;
        if (TP__UNLIKELY(((tp_tensor *)p->of)->hooked)) {
            hooked = true;
            TP__TRY(settle(p));
        }
        p->copies = tp__leaf_copies(p->of, p->grads[0]);
        if (TP__UNLIKELY(!p->copies))
            TP__TRY(make_ready(p->of, &p->grads[0]));
    }
    for (place *p = places; p < end; p++) {
        if (!p->is_tensor)
            continue;
        if (TP__LIKELY(p->copies && !hooked))
            tp__leaf_copy(p->of, p->grads[0]);
        else
            tp__leaf_add(p->of, p->grads[0]);
        recycle(w, p->grads[0]);
    }
    return TP__UNLIKELY(hooked) ? tell_leaves(w) : TP_OK;
}

tp_status tp_backward_with(const tp_backward_options *options)
{
    if (!options)
        return tp__null_argument("backward: options");
    TP__FRAME("backward");
    tp_tensor *const root = options->root;
    TP__TRY(check_root(root, options->gradient, 0));
    tp_tensor *seed = seed_of(root, options->gradient);
    if (!seed)
        return tp__ctx.error;
    walk w;
    room r;
    walk_begin(&w, &r, &tp_frame_here_, options->create_graph, options->retain_graph);
    tp_status status = walk_from(&w, root, seed);
    walk_leave(&w);
    if (status == TP_OK)
        status = give_to_leaves(&w);
    walk_end(&w);
    return status;
}

tp_status tp_gradients(tp_tensor *const *outputs, int n_outputs, tp_tensor *const *inputs, int n_inputs,
                       tp_tensor *const *grad_outputs, const tp_gradients_options *options,
                       tp_tensor **gradients)
{
    TP__FRAME("gradients");
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
    for (int i = 0; i < n_outputs; i++)
        TP__TRY(check_root(outputs[i], grad_outputs ? grad_outputs[i] : NULL, i));
    walk w;
    room r;
    walk_begin(&w, &r, &tp_frame_here_, options->create_graph, options->retain_graph);
    w.wanted = inputs;
    w.n_wanted = n_inputs;
    tp_status status = walk_to_wanted(&w, outputs, n_outputs, grad_outputs);
    walk_leave(&w);
    for (place *p = w.places; p < w.end && status == TP_OK; p++)
        if (p->is_tensor && ((tp_tensor *)p->of)->hooked)
            status = settle(p);
    for (int i = 0; i < n_inputs && status == TP_OK; i++) {
        place *p = find(&w, inputs[i]);
        if (p && !(gradients[i] = p->grads[0] = tp__multiplied_out(p->grads[0])))
            status = tp__ctx.error;
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
    walk_end(&w);
    return status;
}
