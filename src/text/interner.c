/* A hash table with linear probing over entries that stand in order of arrival. */
#include "text/interner.h"

void tp__interner_free(tp__interner *interner)
{
    tp__free(interner->slots);
    tp__free(interner->entries);
    tp__free(interner->bytes);
    *interner = (tp__interner){0};
}

void tp__interner_clear(tp__interner *interner)
{
    memset(interner->slots, 0xFF, interner->slot_count * sizeof *interner->slots);
    interner->count = interner->size = 0;
}

size_t tp__interner_memory(const tp__interner *interner)
{
    return interner->slot_count * sizeof *interner->slots + interner->capacity * sizeof *interner->entries +
           interner->bytes_capacity;
}

static void put(tp__slot *slots, size_t mask, tp__slot slot)
{
    size_t at = slot.hash & mask;
    while (slots[at].id != TP__NO_ID)
        at = (at + 1) & mask;
    slots[at] = slot;
}

static tp_status rehash(tp__interner *interner)
{
    const size_t wanted = interner->slot_count ? 2 * interner->slot_count : 256;
    tp__slot *slots = tp__malloc(wanted * sizeof *slots);
    if (!slots)
        return TP_ERROR_MEMORY;
    memset(slots, 0xFF, wanted * sizeof *slots);
    for (size_t i = 0; i < interner->count; i++)
        put(slots, wanted - 1, (tp__slot){interner->entries[i].hash, (uint32_t)i});
    tp__free(interner->slots);
    interner->slots = slots;
    interner->slot_count = wanted;
    return TP_OK;
}

tp_status tp__interner_add(tp__interner *interner, const char *bytes, size_t length, uint32_t hash,
                           uint32_t *id)
{
    if (interner->count >= TP__MAX_IDS - 1 || length > UINT32_MAX)
        return tp_fail(TP_ERROR_UNSUPPORTED, "more than 2^31 - 2 different words, or one of %zu bytes",
                       length);
    if (interner->count >= interner->slot_count - interner->slot_count / 4)
        TP__TRY(rehash(interner));
    TP__TRY(tp__grow((void **)&interner->entries, &interner->capacity, interner->count + 1,
                     sizeof *interner->entries));
    TP__TRY(tp__grow((void **)&interner->bytes, &interner->bytes_capacity, interner->size + length + 1, 1));
    if (length)
        memcpy(interner->bytes + interner->size, bytes, length);
    *id = (uint32_t)interner->count;
    interner->entries[interner->count++] = (tp__interned){interner->size, (uint32_t)length, hash};
    interner->size += length;
    put(interner->slots, interner->slot_count - 1, (tp__slot){hash, *id});
    return TP_OK;
}
