/* Numbers for byte strings: the first string is 0, the next new one 1, and so on. */
#ifndef TAPER_TEXT_INTERNER_H
#define TAPER_TEXT_INTERNER_H

#include "base/hash.h"
#include "base/memory.h"

#define TP__NO_ID UINT32_MAX
/* Ids leave the top bit to their users. */
#define TP__MAX_IDS ((uint32_t)1 << 31)

typedef struct tp__interned {
    size_t offset; /* into `bytes` */
    uint32_t length, hash;
} tp__interned;

typedef struct tp__slot {
    uint32_t hash, id; /* TP__NO_ID: free */
} tp__slot;

/* All zero is an empty one. */
typedef struct tp__interner {
    tp__slot *slots; /* a power of two, at most three quarters taken */
    size_t slot_count;
    tp__interned *entries;
    size_t count, capacity;
    char *bytes;
    size_t size, bytes_capacity;
} tp__interner;

void tp__interner_free(tp__interner *interner);

/* Forgets all strings and keeps the memory. */
void tp__interner_clear(tp__interner *interner);

/* Bytes of memory that it holds. */
size_t tp__interner_memory(const tp__interner *interner);

/* Adds a string that is not in it. */
tp_status tp__interner_add(tp__interner *interner, const char *bytes, size_t length, uint32_t hash,
                           uint32_t *id);

static inline bool tp__same_bytes(const char *a, const char *b, size_t length)
{
    if (length >= 8) {
        for (size_t i = 0; i + 8 < length; i += 8)
            if (tp__load_u64(a + i) != tp__load_u64(b + i))
                return false;
        return tp__load_u64(a + length - 8) == tp__load_u64(b + length - 8);
    }
    for (size_t i = 0; i < length; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* The string's number, or TP__NO_ID. */
static inline uint32_t tp__interner_find(const tp__interner *interner, const char *bytes, size_t length,
                                         uint32_t hash)
{
    if (!interner->slot_count)
        return TP__NO_ID;
    const size_t mask = interner->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        const tp__slot slot = interner->slots[at];
        if (slot.id == TP__NO_ID)
            return TP__NO_ID;
        if (slot.hash != hash)
            continue;
        const tp__interned *entry = &interner->entries[slot.id];
        if (entry->length == length && tp__same_bytes(interner->bytes + entry->offset, bytes, length))
            return slot.id;
    }
}

static inline const char *tp__interned_bytes(const tp__interner *interner, uint32_t id, size_t *length)
{
    *length = interner->entries[id].length;
    return interner->bytes + interner->entries[id].offset;
}

#endif
