/* What a word came to the last time: the ids of its tokens. Bounded: when full, it starts anew.
 *
 * Nearly all words have at most eight bytes and come to one id, so that a lookup reads one slot: the word
 * itself is the key, and the id stands beside it. */
#ifndef TAPER_TEXT_WORD_TABLE_H
#define TAPER_TEXT_WORD_TABLE_H

#include "text/interner.h"

#define TP__WORD_SHORT 8  /* bytes that a key holds */
#define TP__WORD_LONG 256 /* longer words are rare, and not kept */

/* The top bit of a value: the rest is where in `lists` its count and its ids stand. Without it, the value is
 * the one id. */
#define TP__WORD_LIST ((uint32_t)1 << 31)

typedef struct tp__word_slot {
    uint64_t key; /* the bytes of a short word, the hash of a long one */
    uint32_t tag; /* 0: free; up to TP__WORD_SHORT: the length; else where a long word stands in `bytes` */
    uint32_t value;
} tp__word_slot;

/* All zero but `limit` is an empty one. */
typedef struct tp__word_table {
    tp__word_slot *slots; /* a power of two, at most half taken; NULL before the first word */
    size_t mask, count;   /* one less than there are slots */
    char *bytes;          /* long words, each behind its length */
    size_t size, bytes_capacity;
    uint32_t *lists;
    size_t lists_size, lists_capacity;
    size_t limit; /* bytes of memory; at most 2^31 */
} tp__word_table;

void tp__word_table_free(tp__word_table *table);

/* Keeps the ids of a word that is not in the table and has 1 to TP__WORD_LONG bytes. */
tp_status tp__word_table_put(tp__word_table *table, uint64_t key, const char *word, size_t length,
                             const uint32_t *ids, size_t count);

/* The first eight bytes of a word, the first one lowest: keys and stops are counted from there. */
static inline uint64_t tp__load_first_lowest(const char *p)
{
    const uint64_t value = tp__load_u64(p);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(value);
#else
    return value;
#endif
}

static inline uint64_t tp__word_key(const char *word, size_t length)
{
    if (length > TP__WORD_SHORT)
        return tp__hash_long(word, length);
    uint64_t key = 0;
    for (size_t i = 0; i < length; i++)
        key |= (uint64_t)(unsigned char)word[i] << 8 * i;
    return key;
}

/* Whether the slot's word, which has the same key, is this one. */
static inline bool tp__word_table_same(const tp__word_table *table, const tp__word_slot *slot,
                                       const char *word, size_t length)
{
    if (length <= TP__WORD_SHORT || slot->tag <= TP__WORD_SHORT)
        return slot->tag == length;
    const char *there = table->bytes + (slot->tag - TP__WORD_SHORT - 1);
    uint32_t its_length;
    memcpy(&its_length, there, sizeof its_length);
    return its_length == length && !memcmp(there + sizeof its_length, word, length);
}

/* From the slot behind `at` on. */
const tp__word_slot *tp__word_table_search(const tp__word_table *table, size_t at, uint64_t key,
                                           const char *word, size_t length);

/* The word's slot, or NULL. It is the first one nearly always; a free one is no word's. */
static inline const tp__word_slot *tp__word_table_get(const tp__word_table *table, uint64_t key,
                                                      const char *word, size_t length)
{
    if (!table->slots)
        return NULL;
    const size_t at = (size_t)tp__hash_u64(key) & table->mask;
    const tp__word_slot *slot = &table->slots[at];
    if (slot->key == key && tp__word_table_same(table, slot, word, length))
        return slot;
    return slot->tag ? tp__word_table_search(table, at, key, word, length) : NULL;
}

#endif
