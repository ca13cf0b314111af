/* A hash table with linear probing whose slots hold keys and values. */
#include "text/word_table.h"

void tp__word_table_free(tp__word_table *table)
{
    tp__free(table->slots);
    tp__free(table->bytes);
    tp__free(table->lists);
    *table = (tp__word_table){.limit = table->limit};
}

TP__APART const tp__word_slot *tp__word_table_search(const tp__word_table *table, size_t at, uint64_t key,
                                                     const char *word, size_t length)
{
    for (;;) {
        at = (at + 1) & table->mask;
        const tp__word_slot *slot = &table->slots[at];
        if (!slot->tag)
            return NULL;
        if (slot->key == key && tp__word_table_same(table, slot, word, length))
            return slot;
    }
}

static size_t slots_of(const tp__word_table *table)
{
    return table->slots ? table->mask + 1 : 0;
}

static size_t memory_of(const tp__word_table *table)
{
    return slots_of(table) * sizeof *table->slots + table->bytes_capacity +
           table->lists_capacity * sizeof *table->lists;
}

static void put(tp__word_slot *slots, size_t mask, tp__word_slot slot)
{
    size_t at = (size_t)tp__hash_u64(slot.key) & mask;
    while (slots[at].tag)
        at = (at + 1) & mask;
    slots[at] = slot;
}

static tp_status rehash(tp__word_table *table)
{
    const size_t before = slots_of(table), wanted = before ? 2 * before : 256;
    tp__word_slot *slots = tp__calloc(wanted, sizeof *slots);
    if (!slots)
        return TP_ERROR_MEMORY;
    for (size_t i = 0; i < before; i++)
        if (table->slots[i].tag)
            put(slots, wanted - 1, table->slots[i]);
    tp__free(table->slots);
    table->slots = slots;
    table->mask = wanted - 1;
    return TP_OK;
}

tp_status tp__word_table_put(tp__word_table *table, uint64_t key, const char *word, size_t length,
                             const uint32_t *ids, size_t count)
{
    if (memory_of(table) + count * sizeof *ids > table->limit)
        tp__word_table_free(table);
    if (table->count >= slots_of(table) / 2)
        TP__TRY(rehash(table));
    tp__word_slot slot = {.key = key, .tag = (uint32_t)length};
    if (length > TP__WORD_SHORT) {
        const uint32_t here = (uint32_t)length;
        TP__TRY(
            tp__grow((void **)&table->bytes, &table->bytes_capacity, table->size + sizeof here + length, 1));
        memcpy(table->bytes + table->size, &here, sizeof here);
        memcpy(table->bytes + table->size + sizeof here, word, length);
        slot.tag = (uint32_t)table->size + TP__WORD_SHORT + 1;
        table->size += sizeof here + length;
    }
    if (count == 1 && !(ids[0] & TP__WORD_LIST)) {
        slot.value = ids[0];
    } else {
        TP__TRY(tp__grow((void **)&table->lists, &table->lists_capacity, table->lists_size + 1 + count,
                         sizeof *table->lists));
        slot.value = (uint32_t)table->lists_size | TP__WORD_LIST;
        table->lists[table->lists_size++] = (uint32_t)count;
        for (size_t i = 0; i < count; i++)
            table->lists[table->lists_size++] = ids[i];
    }
    put(table->slots, table->mask, slot);
    table->count++;
    return TP_OK;
}
