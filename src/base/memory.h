/* Memory from the system, counted, limited, and able to fail on demand for tests. */
#ifndef TAPER_BASE_MEMORY_H
#define TAPER_BASE_MEMORY_H

#include "base/error.h"

#include <stdatomic.h>

/* Like malloc, calloc, realloc and free; a failure is recorded as TP_ERROR_MEMORY. Sizes of 0 give a valid
 * pointer. tp__free(NULL) does nothing. */
void *tp__malloc(size_t size);
void *tp__calloc(size_t count, size_t size);
void *tp__realloc(void *pointer, size_t size);
void tp__free(void *pointer);

/* Grows an array of `item_size` items to at least `needed`, doubling. On failure the array stays as it was.
 */
tp_status tp__grow(void **array, size_t *capacity, size_t needed, size_t item_size);

/* A copy of `length` bytes with a zero behind. */
char *tp__strndup(const char *text, size_t length);
char *tp__strdup(const char *text);

/* A large piece of data, aligned to 64 bytes, owned by one region at a time. Freed blocks are recycled by the
 * thread that freed them (not under AddressSanitizer, so that a use after the end is seen). */
typedef struct tp__block {
    struct tp__block *next, *previous; /* in its region's list */
    tp_region *region;
    size_t capacity; /* bytes of data */
} tp__block;

#define TP__BLOCK_HEADER 64

tp__block *tp__block_new(tp_region *region, size_t size);
void tp__block_free(tp__block *block); /* unlinks and recycles */
void tp__block_move(tp__block *block, tp_region *to);

static inline void *tp__block_data(tp__block *block)
{
    return (char *)block + TP__BLOCK_HEADER;
}

/* Tests: the allocation after `countdown` more ones on any thread fails, once; negative turns it off. */
void tp__memory_fail_after(int64_t countdown);
/* What is left of it: negative when it has failed, or is off. */
int64_t tp__memory_countdown(void);

/* Raw pieces for regions and blocks: counted, 64-byte aligned, recycled by size class. */
void *tp__raw_alloc(size_t size, size_t *granted);
void tp__raw_free(void *pointer, size_t granted);
void tp__raw_trim(void);

/* Under AddressSanitizer nothing is recycled. */
#if defined(__SANITIZE_ADDRESS__)
#define TP__RECYCLING 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TP__RECYCLING 0
#endif
#endif
#ifndef TP__RECYCLING
#define TP__RECYCLING 1
#endif

/* The size of what a region begins with, for which there is a short way back. */
#define TP__CHUNK 16384
extern atomic_llong tp__fail_countdown; /* see tp__memory_fail_after */

static inline void tp__chunk_free(void *pointer)
{
    tp__spare *chunk = pointer;
    if (!TP__RECYCLING || TP__UNLIKELY(tp__ctx.chunks.in_use <= 0)) {
        tp__raw_free(pointer, TP__CHUNK);
        return;
    }
    tp__ctx.chunks.in_use--;
    chunk->next = tp__ctx.chunks.first;
    tp__ctx.chunks.first = chunk;
}

#endif
