/* What a word came to the last time: a list of ids, or a stem. Bounded: when full, it starts anew. */
#ifndef TAPER_TEXT_WORD_CACHE_H
#define TAPER_TEXT_WORD_CACHE_H

#include "text/interner.h"

/* Longer words are rare, and not kept. */
#define TP__CACHED_WORD 256

typedef struct tp__word_cache {
    tp__interner words;
    char *values; /* of all words, in order */
    size_t size, capacity;
    size_t *ends; /* of each word's value */
    size_t ends_capacity;
    size_t limit; /* bytes; 0 keeps nothing */
} tp__word_cache;

void tp__word_cache_free(tp__word_cache *cache);

/* Keeps a value; the word is not in the cache. */
tp_status tp__word_cache_put(tp__word_cache *cache, const char *word, size_t length, uint32_t hash,
                             const void *value, size_t size);

/* The value and its size; NULL if the word is not there. */
static inline const void *tp__word_cache_get(const tp__word_cache *cache, const char *word, size_t length,
                                             uint32_t hash, size_t *size)
{
    const uint32_t id = tp__interner_find(&cache->words, word, length, hash);
    if (id == TP__NO_ID)
        return NULL;
    const size_t start = id ? cache->ends[id - 1] : 0;
    *size = cache->ends[id] - start;
    return cache->values + start;
}

#endif
