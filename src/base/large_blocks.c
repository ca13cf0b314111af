/* Large blocks: mapped, huge where the system can, kept within the peak. */
#include "base/large_blocks.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

/* A multiple of every system's page. */
#define PAGE ((size_t)65536)
#define HUGE_PAGE ((size_t)2 << 20)

/* Stands at the start of a kept block. */
typedef struct kept {
    struct kept *next; /* the one that was kept before it */
    size_t size;
} kept;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static kept *newest;
static size_t in_use, most_in_use, in_keeping;

size_t tp__large_size(size_t size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

static void begin_use(size_t size)
{
    in_use += size;
    most_in_use = in_use > most_in_use ? in_use : most_in_use;
}

static kept *unlink_kept(kept **place)
{
    kept *k = *place;
    *place = k->next;
    in_keeping -= k->size;
    return k;
}

void *tp__large_reuse(size_t size, size_t *granted)
{
    pthread_mutex_lock(&lock);
    kept **best = NULL;
    for (kept **at = &newest; *at; at = &(*at)->next)
        if ((*at)->size >= size && (*at)->size - size <= size / 4 && (!best || (*at)->size < (*best)->size))
            best = at;
    kept *k = best ? unlink_kept(best) : NULL;
    if (k) {
        *granted = k->size;
        begin_use(k->size);
    }
    pthread_mutex_unlock(&lock);
    return k;
}

/* Unmaps the oldest blocks until no more than `most` bytes are kept. */
static size_t shrink_to(size_t most)
{
    size_t freed = 0;
    while (in_keeping > most) {
        kept **last = &newest;
        while ((*last)->next)
            last = &(*last)->next;
        kept *k = unlink_kept(last);
        const size_t size = k->size;
        munmap(k, size);
        freed += size;
    }
    return freed;
}

size_t tp__large_make_room(size_t granted)
{
    pthread_mutex_lock(&lock);
    const size_t then = in_use + granted;
    const size_t freed = shrink_to(most_in_use > then ? most_in_use - then : 0);
    pthread_mutex_unlock(&lock);
    return freed;
}

size_t tp__large_trim(void)
{
    pthread_mutex_lock(&lock);
    const size_t freed = shrink_to(0);
    pthread_mutex_unlock(&lock);
    return freed;
}

/* A mapping at a multiple of HUGE_PAGE: a larger one, whose ends go back. */
static char *map_aligned(size_t size)
{
    char *p = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    const size_t before = (size_t)(-(uintptr_t)p & (HUGE_PAGE - 1));
    if (before)
        munmap(p, before);
    munmap(p + before + size, HUGE_PAGE - before);
    return p + before;
}

void *tp__large_new(size_t granted)
{
    char *block = map_aligned(granted);
    if (!block)
        return NULL;
#ifdef MADV_HUGEPAGE
    /* Advice only: where it is refused, small pages serve. */
    madvise(block, granted & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
#endif
    pthread_mutex_lock(&lock);
    begin_use(granted);
    pthread_mutex_unlock(&lock);
    return block;
}

void tp__large_free(void *block, size_t granted)
{
    kept *k = block;
    pthread_mutex_lock(&lock);
    *k = (kept){newest, granted};
    newest = k;
    in_use -= granted;
    in_keeping += granted;
    pthread_mutex_unlock(&lock);
}
