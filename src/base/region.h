/* The inside of a region. */
#ifndef TAPER_BASE_REGION_H
#define TAPER_BASE_REGION_H

#include "base/memory.h"

typedef struct tp__chunk {
    struct tp__chunk *next;
    size_t size; /* whole, header included */
} tp__chunk;

typedef struct tp__cleanup {
    struct tp__cleanup *next;
    void (*function)(void *);
    void *argument;
} tp__cleanup;

/* What an object remembers of its region. Splicing moves all of a region's objects outward at once: their
 * home then points to the outer region's, while the spliced region gets a new home for what it makes next. */
typedef struct tp__home {
    struct tp__home *moved; /* NULL while the objects are still where they were made */
    tp_region *region;
    int depth; /* the region's; after a move, no less than that of the region where the objects are now */
} tp__home;

struct tp_region {
    const char *name;
    tp__home *home;
    tp_region *parent, *children, *next_sibling, *previous_sibling;
    tp_region *outer; /* what was current before this was entered */
    int depth; /* 0 for root and detached regions; an object may refer to objects of no greater depth */
    bool entered;
    bool is_scope;        /* made by tp_scope_begin */
    char *cursor, *limit; /* of the newest chunk */
    tp__chunk *chunks;
    tp__block *blocks;
    tp__cleanup *cleanups;
    size_t bytes;
};

/* Data up to this size is bumped in the region's chunk; larger data is a block of its own. */
#define TP__SMALL 4096

static inline tp_region *tp__home_region(const tp__home *home)
{
    while (home->moved)
        home = home->moved;
    return home->region;
}

/* Whether what lives in `home` ends before a region of this depth: an object must not refer to it from there.
 */
static inline bool tp__ends_before(const tp__home *home, int depth)
{
    return TP__UNLIKELY(home->depth > depth) && tp__home_region(home)->depth > depth;
}

tp_region *tp__region_root(void); /* makes the thread's root region */
void tp__scopes_forget(void);     /* the thread's ended scopes become chunks without a region */

/* NULL when memory is out. */
static inline tp_region *tp__region_current(void)
{
    return TP__LIKELY(tp__ctx.region) ? tp__ctx.region : tp__region_root();
}

void *tp__region_bump_slow(tp_region *region, size_t size);

/* `size` bytes, 16-byte aligned, not zeroed. */
static inline void *tp__region_bump(tp_region *region, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (TP__LIKELY(size <= (size_t)(region->limit - region->cursor))) {
        void *p = region->cursor;
        region->cursor += size;
        return p;
    }
    return tp__region_bump_slow(region, size);
}

char *tp__region_strdup(tp_region *region, const char *text);

/* All that `from` owns now belongs to `to`; pointers stay, homes resolve to `to`. `from` stays usable and is
 * empty. TP_ERROR_MEMORY changes nothing. */
tp_status tp__region_splice(tp_region *from, tp_region *to);

#endif
