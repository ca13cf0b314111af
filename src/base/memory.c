/* Counted memory, with recycling for the large pieces. */
#include "base/memory.h"
#include "base/large_blocks.h"
#include "base/region.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t used, peak, limit;
atomic_llong tp__fail_countdown = -1;

size_t tp_memory_used(void)
{
    return atomic_load_explicit(&used, memory_order_relaxed);
}
size_t tp_memory_peak(void)
{
    return atomic_load_explicit(&peak, memory_order_relaxed);
}
void tp_set_memory_limit(size_t bytes)
{
    atomic_store(&limit, bytes);
}
void tp__memory_fail_after(int64_t countdown)
{
    atomic_store(&tp__fail_countdown, countdown);
}

int64_t tp__memory_countdown(void)
{
    return atomic_load(&tp__fail_countdown);
}

static inline bool must_fail(void)
{
    if (atomic_load_explicit(&tp__fail_countdown, memory_order_relaxed) < 0)
        return false;
    return atomic_fetch_sub(&tp__fail_countdown, 1) == 0;
}

/* Accounts for `size` more bytes; false when that would pass the limit. */
static bool take(size_t size)
{
    const size_t now = atomic_fetch_add_explicit(&used, size, memory_order_relaxed) + size;
    const size_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    if (now < size || (most && now > most)) {
        atomic_fetch_sub_explicit(&used, size, memory_order_relaxed);
        return false;
    }
    size_t seen = atomic_load_explicit(&peak, memory_order_relaxed);
    while (now > seen && !atomic_compare_exchange_weak_explicit(&peak, &seen, now, memory_order_relaxed,
                                                                memory_order_relaxed))
        ;
    return true;
}

static void give(size_t size)
{
    atomic_fetch_sub_explicit(&used, size, memory_order_relaxed);
}

static void *out_of_memory(size_t size)
{
    const size_t most = atomic_load_explicit(&limit, memory_order_relaxed);
    if (most)
        return tp__fail_null(TP_ERROR_MEMORY, "out of memory: %zu bytes asked for, %zu in use, limit %zu",
                             size, tp_memory_used(), most);
    return tp__fail_null(TP_ERROR_MEMORY, "out of memory: %zu bytes asked for, %zu in use", size,
                         tp_memory_used());
}

/* Small allocations carry their size in front, padded so that what follows is aligned for any type. */
#define HEADER 16

void *tp__malloc(size_t size)
{
    if (size > PTRDIFF_MAX - HEADER || must_fail() || !take(size))
        return out_of_memory(size);
    char *p = malloc(size + HEADER);
    if (!p) {
        give(size);
        return out_of_memory(size);
    }
    memcpy(p, &size, sizeof size);
    return p + HEADER;
}

void *tp__calloc(size_t count, size_t size)
{
    if (size && count > (PTRDIFF_MAX - HEADER) / size)
        return out_of_memory(PTRDIFF_MAX);
    void *p = tp__malloc(count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

static size_t size_of(void *pointer)
{
    size_t size;
    memcpy(&size, (char *)pointer - HEADER, sizeof size);
    return size;
}

void *tp__realloc(void *pointer, size_t size)
{
    if (!pointer)
        return tp__malloc(size);
    const size_t old = size_of(pointer);
    if (size > PTRDIFF_MAX - HEADER || must_fail() || (size > old && !take(size - old)))
        return out_of_memory(size);
    char *p = realloc((char *)pointer - HEADER, size + HEADER);
    if (!p) {
        if (size > old)
            give(size - old);
        return out_of_memory(size);
    }
    if (size < old)
        give(old - size);
    memcpy(p, &size, sizeof size);
    return p + HEADER;
}

void tp__free(void *pointer)
{
    if (!pointer)
        return;
    give(size_of(pointer));
    free((char *)pointer - HEADER);
}

tp_status tp__grow(void **array, size_t *capacity, size_t needed, size_t item_size)
{
    if (needed <= *capacity)
        return TP_OK;
    size_t wanted = *capacity + *capacity / 2;
    if (wanted < 8)
        wanted = 8;
    if (wanted < needed)
        wanted = needed;
    if (wanted > PTRDIFF_MAX / item_size) {
        out_of_memory(PTRDIFF_MAX);
        return TP_ERROR_MEMORY;
    }
    void *grown = tp__realloc(*array, wanted * item_size);
    if (!grown)
        return TP_ERROR_MEMORY;
    *array = grown;
    *capacity = wanted;
    return TP_OK;
}

char *tp__strndup(const char *text, size_t length)
{
    char *copy = tp__malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *tp__strdup(const char *text)
{
    return tp__strndup(text, strlen(text));
}

/* Size classes of raw pieces: four to each power of two from 4 KiB, so that at most a fifth is wasted. */
#define CLASSES 208
#define SMALLEST 4096

static inline size_t class_of(size_t size, size_t *granted)
{
    if (size <= SMALLEST) {
        *granted = SMALLEST;
        return 0;
    }
    const unsigned top = 63 - (unsigned)__builtin_clzll(size - 1); /* 2^top < size <= 2^(top+1) */
    const size_t quarter = (size_t)1 << (top - 2);
    const size_t step = (size - ((size_t)1 << top) + quarter - 1) / quarter; /* 1 to 4 */
    *granted = ((size_t)1 << top) + step * quarter;
    return (top - 12) * 4 + step;
}

/* A thread keeps no more pieces than it has asked for itself: what others made for it, such as the batches of
 * a loader's workers, goes back to the system, or it would pile up here. */
typedef struct recycled {
    tp__spares classes[CLASSES];
} recycled;

/* Allocated on a thread's first recycling and freed when the thread ends. */
static _Thread_local recycled *bin TP__FAST_THREAD_LOCAL;
static pthread_key_t bin_key;
static pthread_once_t bin_once = PTHREAD_ONCE_INIT;
static bool bin_key_made;

static void empty_spares(tp__spares *spares, size_t granted)
{
    while (spares->first) {
        tp__spare *p = spares->first;
        spares->first = p->next;
        free(p);
        give(granted);
    }
}

static void empty(recycled *b)
{
    tp__scopes_forget();
    empty_spares(&tp__ctx.chunks, TP__CHUNK);
    empty_spares(&b->classes[0], SMALLEST);
    for (size_t c = 1; c < CLASSES; c++)
        empty_spares(&b->classes[c], ((size_t)1 << ((c - 1) / 4 + 12)) +
                                         ((c - 1) % 4 + 1) * ((size_t)1 << ((c - 1) / 4 + 10)));
}

static void end_of_thread(void *b)
{
    /* The regions of the thread end first, since they recycle into this bin. */
    tp_finish();
    empty(b);
    free(b);
    bin = NULL;
}

static void make_key(void)
{
    bin_key_made = pthread_key_create(&bin_key, end_of_thread) == 0;
}

static TP__COLD recycled *new_bin(void)
{
    pthread_once(&bin_once, make_key);
    if (!bin_key_made)
        return NULL;
    recycled *b = calloc(1, sizeof *b);
    if (!b || pthread_setspecific(bin_key, b)) {
        free(b);
        return NULL;
    }
    return bin = b;
}

static inline recycled *own_bin(void)
{
    return bin ? bin : new_bin();
}

/* From the system, when there is nothing to recycle. */
static TP__COLD void *fresh_piece(recycled *b, size_t size, size_t granted)
{
    if (!take(granted)) {
        empty(b);
        if (!take(granted))
            return out_of_memory(size);
    }
    void *p = aligned_alloc(64, granted);
    if (!p) {
        empty(b);
        p = aligned_alloc(64, granted);
    }
    if (!p) {
        give(granted);
        return out_of_memory(size);
    }
    return p;
}

/* Chunks have the thread's own, where tp__chunk_recycled finds them. */
static inline tp__spares *spares_of(recycled *b, size_t class, size_t granted)
{
    return granted == TP__CHUNK ? &tp__ctx.chunks : &b->classes[class];
}

static inline void *piece_of(size_t size, size_t class, size_t granted)
{
    recycled *b = own_bin(); /* also arranges for the clean-up at the thread's end */
    if (!b || must_fail())
        return out_of_memory(size);
    tp__spares *spares = spares_of(b, class, granted);
    tp__spare *p = spares->first;
    if (p)
        spares->first = p->next;
    else if (!(p = fresh_piece(b, size, granted)))
        return NULL;
    spares->in_use++;
    return p;
}

static inline void recycle_piece(void *pointer, size_t class, size_t granted)
{
    recycled *b = TP__RECYCLING ? own_bin() : NULL;
    tp__spares *spares = b ? spares_of(b, class, granted) : NULL;
    if (!spares || spares->in_use <= 0) {
        free(pointer);
        give(granted);
        return;
    }
    tp__spare *p = pointer;
    p->next = spares->first;
    spares->first = p;
    spares->in_use--;
}

/* Whether a piece is one of large_blocks.h, which are counted here. */
static inline bool is_large(size_t size)
{
    return TP__RECYCLING && size > TP__LARGE;
}

static TP__COLD void *large_piece(size_t size, size_t *granted)
{
    if (must_fail())
        return out_of_memory(size);
    void *p = tp__large_reuse(size, granted);
    if (p)
        return p;
    *granted = tp__large_size(size);
    give(tp__large_make_room(*granted));
    if (!take(*granted)) {
        tp__raw_trim();
        if (!take(*granted))
            return out_of_memory(size);
    }
    p = tp__large_new(*granted);
    if (!p) {
        tp__raw_trim();
        p = tp__large_new(*granted);
    }
    if (!p) {
        give(*granted);
        return out_of_memory(size);
    }
    return p;
}

void *tp__raw_alloc(size_t size, size_t *granted)
{
    if (size > PTRDIFF_MAX / 2)
        return out_of_memory(size);
    if (is_large(size))
        return large_piece(size, granted);
    const size_t class = class_of(size, granted);
    return piece_of(size, class, *granted);
}

void tp__raw_free(void *pointer, size_t granted)
{
    size_t same;
    if (!pointer)
        return;
    if (is_large(granted))
        tp__large_free(pointer, granted);
    else
        recycle_piece(pointer, class_of(granted, &same), granted);
}

void tp__raw_trim(void)
{
    if (bin)
        empty(bin);
    give(tp__large_trim());
}

void tp_memory_trim(void)
{
    tp__raw_trim();
}

tp__block *tp__block_new(tp_region *region, size_t size)
{
    size_t granted;
    if (size > PTRDIFF_MAX / 4) {
        out_of_memory(size);
        return NULL;
    }
    tp__block *block = tp__raw_alloc(size + TP__BLOCK_HEADER, &granted);
    if (!block)
        return NULL;
    block->capacity = granted - TP__BLOCK_HEADER;
    block->region = NULL;
    tp__block_move(block, region);
    return block;
}

static void unlink_block(tp__block *block)
{
    tp_region *region = block->region;
    if (!region)
        return;
    if (block->previous)
        block->previous->next = block->next;
    else
        region->blocks = block->next;
    if (block->next)
        block->next->previous = block->previous;
    region->bytes -= block->capacity;
}

void tp__block_free(tp__block *block)
{
    if (!block)
        return;
    unlink_block(block);
    tp__raw_free(block, block->capacity + TP__BLOCK_HEADER);
}

void tp__block_move(tp__block *block, tp_region *to)
{
    unlink_block(block);
    block->region = to;
    block->previous = NULL;
    block->next = to->blocks;
    if (to->blocks)
        to->blocks->previous = block;
    to->blocks = block;
    to->bytes += block->capacity;
}
