/* Lists of ids: one that starts on the stack, and a stream of many rows in chunks, which never copies what it
 * has. */
#ifndef TAPER_TEXT_ROWS_H
#define TAPER_TEXT_ROWS_H

#include "base/memory.h"
#include "base/region.h"
#include "tensor/tensor.h"

#include <string.h>

#define TP__IDS_HERE 256

/* Set up by tp__ids_init; must not be moved. */
typedef struct tp__ids {
    uint32_t *at;
    size_t count, capacity;
    uint32_t here[TP__IDS_HERE];
} tp__ids;

static inline void tp__ids_init(tp__ids *ids)
{
    ids->at = ids->here;
    ids->count = 0;
    ids->capacity = TP__IDS_HERE;
}

void tp__ids_free(tp__ids *ids);
tp_status tp__ids_reserve_slow(tp__ids *ids, size_t more);

static inline tp_status tp__ids_reserve(tp__ids *ids, size_t more)
{
    return ids->capacity - ids->count >= more ? TP_OK : tp__ids_reserve_slow(ids, more);
}

static inline tp_status tp__ids_push(tp__ids *ids, uint32_t id)
{
    TP__TRY(tp__ids_reserve(ids, 1));
    ids->at[ids->count++] = id;
    return TP_OK;
}

/* Sorts ascending, and returns how many different ones there are. */
size_t tp__ids_sort(uint32_t *ids, size_t count);

#define TP__ROW_END UINT32_MAX /* no id */
#define TP__ROWS_HERE 256
#define TP__ROWS_CHUNK 16384

typedef struct tp__rows_chunk {
    struct tp__rows_chunk *next;
    size_t used, capacity;
    uint32_t items[];
} tp__rows_chunk;

/* Rows of ids, each closed by TP__ROW_END. Set up by tp__rows_init; must not be moved. */
typedef struct tp__rows {
    tp__rows_chunk *first, *last; /* after the rows in `here` */
    size_t used;                  /* of `here` */
    uint32_t here[TP__ROWS_HERE];
} tp__rows;

void tp__rows_init(tp__rows *rows);
void tp__rows_free(tp__rows *rows);
tp_status tp__rows_push(tp__rows *rows, const uint32_t *ids, size_t count);

/* A place in the stream, for reading and for overwriting what was read. */
typedef struct tp__rows_cursor {
    uint32_t *at, *end;
    tp__rows_chunk *next;
} tp__rows_cursor;

tp__rows_cursor tp__rows_begin(tp__rows *rows);
bool tp__rows_turn(tp__rows_cursor *cursor); /* to the next chunk; false at the end */

/* The address of the item to read or to write next, or NULL behind the last one. */
static inline uint32_t *tp__rows_next(tp__rows_cursor *cursor)
{
    if (cursor->at == cursor->end && !tp__rows_turn(cursor))
        return NULL;
    return cursor->at++;
}

/* Writes `count` sorted rows into a CSR matrix from its row `first` and its entry `stored` on: an entry for
 * each different id, whose value is how often the row has it, or 1. Streams that write different rows may do
 * so at the same time. */
void tp__rows_write(tp__rows *rows, tp_tensor *matrix, int64_t first, int64_t count, int64_t stored,
                    bool binary);

#endif
