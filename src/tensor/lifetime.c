/* Taking tensors out of their region, and giving their memory back before its end. */
#include "tensor/csr.h"

static bool inside(const tp__block *block, const void *p)
{
    const char *start = (const char *)block;
    return (const char *)p >= start && (const char *)p < start + TP__BLOCK_HEADER + block->capacity;
}

/* Whether the block behind `t` can go along: `t` alone uses it, it belongs to the region that `t` leaves, and
 * `t` is not a small part of it. */
static bool movable(const tp_tensor *t, const tp_region *from)
{
    const tp__block *block = t->storage ? t->storage->block : NULL;
    if (!block || block->region != from || t->storage->views != 1)
        return false;
    if (t->layout == TP__CSR)
        return inside(block, t->data) && inside(block, t->csr->row_starts) && inside(block, t->csr->columns);
    return t->contiguous && (size_t)t->numel * tp_dtype_size((tp_dtype)t->dtype) >= t->storage->size / 2;
}

/* A new header in `to` over the block of `t`. The new storage record lies in `to` as well; `t` stays valid
 * as a view, as long as its own region. */
static tp_tensor *moved(tp_tensor *t, tp_region *to)
{
    tp_tensor *kept = tp__region_bump(to, sizeof *kept);
    tp__storage *storage = kept ? tp__region_bump(to, sizeof *storage) : NULL;
    tp__csr *csr = storage && t->csr ? tp__region_bump(to, sizeof *csr) : NULL;
    if (!storage || (t->csr && !csr))
        return NULL;
    *kept = *t;
    kept->saved = kept->temporary = kept->pending = false;
    *storage = *t->storage;
    if (csr) {
        *csr = *t->csr;
        kept->csr = csr;
    }
    storage->views = 2;
    kept->storage = t->storage = storage;
    kept->home = to->home;
    tp__block_move(storage->block, to);
    return kept;
}

tp_tensor *tp_keep(tp_tensor *t)
{
    if (!t)
        return tp__null_operand(__func__);
    if (!t->home)
        return t;
    if (t->released)
        return tp__fail_null(TP_ERROR_STATE, "keep: the tensor was released");
    tp_region *from = tp__home_region(t->home), *to = from->parent;
    if (!to)
        return t;
    /* The tape points to headers: to what it computed, and to the leaves whose gradients it fills. They stay
     * where they are, and so does everything else of the region; it only changes hands. The headers' `home`
     * then resolves to `to`. */
    if (t->history || t->requires_grad || t->leaf || t->layout == TP__PRODUCT)
        return tp__region_splice(from, to) == TP_OK ? t : NULL;
    return movable(t, from) ? moved(t, to) : tp__tensor_copy(to, t);
}

void tp_release(tp_tensor *t)
{
    if (!t || t->released || t->saved)
        return;
    t->released = true;
    tp__storage *storage = t->storage;
    if (!storage || __atomic_sub_fetch(&storage->views, 1, __ATOMIC_RELAXED) != 0)
        return;
    t->data = NULL;
    storage->data = NULL;
    if (storage->block) {
        tp__block_free(storage->block);
        storage->block = NULL;
    }
}
