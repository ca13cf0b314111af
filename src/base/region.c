/* Regions: bumped chunks, owned blocks, clean-ups, and the stack of entered ones. */
#include "base/region.h"

#include <stddef.h>
#include <string.h>

/* The largest chunk that growth asks for; the first one has TP__CHUNK bytes. */
#define LARGEST_CHUNK (1 << 20)

/* The region itself, a scope entered from `outer` if that is given, lies at the start of its first chunk, so
 * that a region without large data is one piece.
 */
typedef struct first_chunk {
    tp__chunk chunk;
    tp_region region;
    tp__home home;
    _Alignas(16) char rest[];
} first_chunk;

/* What differs from one scope to the next in the same place: see tp_scope_begin. */
static inline void place_in(first_chunk *first, const char *name, tp_region *parent, tp_region *outer)
{
    tp_region *region = &first->region, *sibling = parent ? parent->children : NULL;
    first->chunk.next = NULL;
    region->name = name ? name : "";
    region->parent = parent;
    region->next_sibling = sibling;
    region->previous_sibling = NULL;
    region->outer = outer;
    region->depth = first->home.depth = parent ? parent->depth + 1 : 0;
    region->cursor = first->rest;
    if (TP__UNLIKELY(sibling))
        sibling->previous_sibling = region;
    if (parent)
        parent->children = region;
}

static tp_region *make(const char *name, tp_region *parent, tp_region *outer)
{
    size_t granted;
    first_chunk *first = tp__raw_alloc(TP__CHUNK, &granted);
    if (!first)
        return NULL;
    first->chunk.size = TP__CHUNK;
    first->home = (tp__home){.region = &first->region};
    first->region = (tp_region){.home = &first->home,
                                .entered = outer != NULL,
                                .is_scope = outer != NULL,
                                .limit = (char *)first + TP__CHUNK,
                                .chunks = &first->chunk,
                                .bytes = TP__CHUNK};
    place_in(first, name, parent, outer);
    return &first->region;
}

tp_region *tp__region_root(void)
{
    tp_region *root = make("root", NULL, NULL);
    if (!root)
        return NULL;
    root->entered = true;
    return tp__ctx.root = tp__ctx.region = root;
}

tp_region *tp_region_current(void)
{
    return tp__region_current();
}

tp_region *tp_region_new(const char *name)
{
    tp_region *parent = tp__region_current();
    return parent ? make(name, parent, NULL) : NULL;
}

tp_region *tp_region_new_detached(const char *name)
{
    return make(name, NULL, NULL);
}

tp_status tp_region_enter(tp_region *region)
{
    if (!region)
        return tp__null_argument("region_enter: region");
    if (region->entered)
        return tp_fail(TP_ERROR_STATE, "region_enter: region '%s' is entered already", region->name);
    tp_region *current = tp__region_current();
    if (!current)
        return TP_ERROR_MEMORY;
    region->outer = current;
    region->entered = true;
    tp__ctx.region = region;
    return TP_OK;
}

tp_status tp_region_leave(tp_region *region)
{
    if (!region)
        return tp__null_argument("region_leave: region");
    if (tp__ctx.region != region || region == tp__ctx.root)
        return tp_fail(TP_ERROR_STATE, "region_leave: region '%s' is not the current one", region->name);
    region->entered = false;
    tp__ctx.region = region->outer;
    return TP_OK;
}

static bool is_inside(const tp_region *region, const tp_region *ancestor)
{
    for (; region; region = region->parent)
        if (region == ancestor)
            return true;
    return false;
}

/* What most regions do not have when they end. */
static void end_contents(tp_region *region)
{
    while (region->children)
        tp_region_end(region->children);
    /* Clean-ups may use the library, so they run while the region is whole. */
    while (region->cleanups) {
        tp__cleanup *cleanup = region->cleanups;
        region->cleanups = cleanup->next;
        cleanup->function(cleanup->argument);
    }
    while (region->blocks)
        tp__block_free(region->blocks);
}

/* Leaving a region leaves all that were entered after it too. */
static TP__COLD void leave_inner(const tp_region *region)
{
    while (tp__ctx.region && tp__ctx.region != region && !is_inside(region, tp__ctx.region)) {
        tp__ctx.region->entered = false;
        tp__ctx.region = tp__ctx.region->outer;
    }
}

static inline void leave_parent(const tp_region *region)
{
    if (TP__UNLIKELY(!region->parent))
        return;
    if (TP__UNLIKELY(region->previous_sibling))
        region->previous_sibling->next_sibling = region->next_sibling;
    else
        region->parent->children = region->next_sibling;
    if (TP__UNLIKELY(region->next_sibling))
        region->next_sibling->previous_sibling = region->previous_sibling;
}

static TP__APART void end_long(tp_region *region)
{
    end_contents(region);
    if (region->entered && tp__ctx.region != region)
        leave_inner(region);
    if (tp__ctx.region == region)
        tp__ctx.region = region->outer; /* the root's is NULL */
    if (region == tp__ctx.root)
        tp__ctx.root = NULL;
    leave_parent(region);
    /* One of them holds the region itself. The last in the list is somebody's first; a spliced region has
     * none. */
    tp__chunk *chunk = region->chunks;
    while (chunk && chunk->next) {
        tp__chunk *next = chunk->next;
        tp__raw_free(chunk, chunk->size);
        chunk = next;
    }
    if (chunk)
        tp__chunk_free(chunk);
}

void tp_region_end(tp_region *region)
{
    if (region)
        end_long(region);
}

size_t tp_region_size(const tp_region *region)
{
    return region ? region->bytes : 0;
}

const char *tp_region_name(const tp_region *region)
{
    return region ? region->name : "";
}

void *tp__region_bump_slow(tp_region *region, size_t size)
{
    /* What hardly fits a chunk gets a block, and the chunk goes on being used. */
    if (size > TP__CHUNK / 2) {
        tp__block *block = tp__block_new(region, size);
        return block ? tp__block_data(block) : NULL;
    }
    size_t wanted = region->chunks ? 2 * region->chunks->size : TP__CHUNK, granted;
    if (wanted > LARGEST_CHUNK)
        wanted = LARGEST_CHUNK;
    tp__chunk *chunk = tp__raw_alloc(wanted, &granted);
    if (!chunk)
        return NULL;
    chunk->size = granted;
    chunk->next = region->chunks;
    region->chunks = chunk;
    region->bytes += granted;
    region->cursor = (char *)chunk + ((sizeof *chunk + 15) & ~(size_t)15);
    region->limit = (char *)chunk + granted;
    return tp__region_bump(region, size);
}

void *tp_region_alloc(tp_region *region, size_t size)
{
    if (!region)
        return tp__null_argument("region_alloc: region"), NULL;
    if (size > PTRDIFF_MAX / 4)
        return tp__fail_null(TP_ERROR_MEMORY, "region_alloc: %zu bytes are more than any memory", size);
    void *p = tp__region_bump(region, size);
    if (p)
        memset(p, 0, size);
    return p;
}

tp_status tp__region_splice(tp_region *from, tp_region *to)
{
    /* The new home may be bumped in the old memory: it is valid for longer than needed. */
    tp__home *home = tp__region_bump(from, sizeof *home);
    if (!home)
        return TP_ERROR_MEMORY;
    *home = (tp__home){NULL, from, from->depth};
    from->home->moved = to->home;
    from->home = home;
    /* The region's own header lies in its oldest chunk, which now belongs to `to`; it stays valid for as
     * long. */
    tp__chunk **last_chunk = &from->chunks;
    while (*last_chunk)
        last_chunk = &(*last_chunk)->next;
    /* Behind the newest chunk of `to`, which is the one being filled. */
    *last_chunk = to->chunks ? to->chunks->next : NULL;
    if (to->chunks)
        to->chunks->next = from->chunks;
    else
        to->chunks = from->chunks;
    size_t chunk_bytes = from->bytes;
    while (from->blocks) {
        chunk_bytes -= from->blocks->capacity;
        tp__block_move(from->blocks, to);
    }
    to->bytes += chunk_bytes;
    tp__cleanup **last_cleanup = &from->cleanups;
    while (*last_cleanup)
        last_cleanup = &(*last_cleanup)->next;
    *last_cleanup = to->cleanups;
    to->cleanups = from->cleanups;
    from->chunks = NULL;
    from->cleanups = NULL;
    from->cursor = from->limit = NULL;
    from->bytes = 0;
    return TP_OK;
}

char *tp__region_strdup(tp_region *region, const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = tp__region_bump(region, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

tp_status tp_region_on_end(tp_region *region, void (*function)(void *), void *argument)
{
    if (!region || !function)
        return tp__null_argument(region ? "region_on_end: function" : "region_on_end: region");
    tp__cleanup *cleanup = tp__region_bump(region, sizeof *cleanup);
    if (!cleanup)
        return TP_ERROR_MEMORY;
    *cleanup = (tp__cleanup){region->cleanups, function, argument};
    region->cleanups = cleanup;
    return TP_OK;
}

void tp__scopes_forget(void)
{
    while (tp__ctx.scopes) {
        tp__chunk *chunk = tp__ctx.scopes;
        tp__ctx.scopes = chunk->next;
        tp__chunk_free(chunk);
    }
}

static TP__APART tp_scope begin_long(const char *name)
{
    tp__scopes_forget();
    tp_region *current = tp__region_current();
    tp_region *region = current ? make(name, current, current) : NULL;
    if (region)
        tp__ctx.region = region;
    return (tp_scope){region};
}

/* Small steps begin and end scopes all the time. The short way takes one that has ended with nothing but its
 * first chunk, in which most of what it needs to begin again is still right. */
tp_scope tp_scope_begin(const char *name)
{
    tp_region *current = tp__ctx.region;
    first_chunk *first = (first_chunk *)(void *)tp__ctx.scopes;
    if (TP__UNLIKELY(!first || !current ||
                     atomic_load_explicit(&tp__fail_countdown, memory_order_relaxed) >= 0))
        return begin_long(name);
    tp__ctx.scopes = first->chunk.next;
    place_in(first, name, current, current);
    return (tp_scope){tp__ctx.region = &first->region};
}

/* With a short way for a current scope that holds one chunk, its own, and nothing else. */
static inline void end_scope(tp_region *region)
{
    tp__chunk *own = (tp__chunk *)(void *)((char *)region - offsetof(first_chunk, region));
    if (TP__UNLIKELY(!TP__RECYCLING || tp__ctx.region != region || !region->is_scope ||
                     region->chunks != own || own->next || region->children || region->cleanups ||
                     region->blocks)) {
        end_long(region);
        return;
    }
    tp__ctx.region = region->outer;
    leave_parent(region);
    own->next = tp__ctx.scopes;
    tp__ctx.scopes = own;
}

void tp_scope_end(tp_scope *scope)
{
    /* A region that was ended with one outside it is no longer among the entered ones. */
    tp_region *region = tp__ctx.region;
    while (TP__UNLIKELY(region && region != scope->region))
        region = region->outer;
    scope->region = NULL;
    if (TP__LIKELY(region))
        end_scope(region);
}

void tp_finish(void)
{
    tp_region_end(tp__ctx.root);
    tp__raw_trim();
}
