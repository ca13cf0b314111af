/* A cache of values by word. */
#include "text/word_cache.h"

void tp__word_cache_free(tp__word_cache *cache)
{
    tp__interner_free(&cache->words);
    tp__free(cache->values);
    tp__free(cache->ends);
    *cache = (tp__word_cache){.limit = cache->limit};
}

tp_status tp__word_cache_put(tp__word_cache *cache, const char *word, size_t length, uint32_t hash,
                             const void *value, size_t size)
{
    if (length > TP__CACHED_WORD || !cache->limit)
        return TP_OK;
    if (tp__interner_memory(&cache->words) + cache->capacity + cache->ends_capacity * sizeof *cache->ends +
            size >
        cache->limit)
        tp__word_cache_free(cache);
    /* Room first, so that a failure leaves no word without its value. At least one byte, since the address of
     * an empty value is not NULL. */
    TP__TRY(tp__grow((void **)&cache->values, &cache->capacity, cache->size + size + 1, 1));
    TP__TRY(
        tp__grow((void **)&cache->ends, &cache->ends_capacity, cache->words.count + 1, sizeof *cache->ends));
    uint32_t id;
    TP__TRY(tp__interner_add(&cache->words, word, length, hash, &id));
    if (size)
        memcpy(cache->values + cache->size, value, size);
    cache->size += size;
    cache->ends[id] = cache->size;
    return TP_OK;
}
