/* Streams of ids, and the matrix that counts them. */
#include "text/rows.h"

void tp__ids_free(tp__ids *ids)
{
    if (ids->at != ids->here)
        tp__free(ids->at);
    tp__ids_init(ids);
}

tp_status tp__ids_reserve_slow(tp__ids *ids, size_t more)
{
    uint32_t *own = ids->at == ids->here ? NULL : ids->at;
    size_t capacity = own ? ids->capacity : 0;
    const size_t wanted = ids->count + more > 2 * ids->capacity ? ids->count + more : 2 * ids->capacity;
    TP__TRY(tp__grow((void **)&own, &capacity, wanted, sizeof *own));
    if (ids->at == ids->here)
        memcpy(own, ids->here, ids->count * sizeof *own);
    ids->at = own;
    ids->capacity = capacity;
    return TP_OK;
}

static void sift(uint32_t *heap, size_t at, size_t count)
{
    const uint32_t value = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            break;
        heap[at] = heap[child];
    }
    heap[at] = value;
}

/* Sentences are short: insertion. Books are not: heap sort, which needs no memory and has no bad case. */
size_t tp__ids_sort(uint32_t *ids, size_t count)
{
    if (count <= 40) {
        for (size_t i = 1; i < count; i++) {
            const uint32_t value = ids[i];
            size_t at = i;
            for (; at > 0 && ids[at - 1] > value; at--)
                ids[at] = ids[at - 1];
            ids[at] = value;
        }
    } else {
        for (size_t i = count / 2; i-- > 0;)
            sift(ids, i, count);
        for (size_t left = count - 1; left > 0; left--) {
            const uint32_t greatest = ids[0];
            ids[0] = ids[left];
            ids[left] = greatest;
            sift(ids, 0, left);
        }
    }
    size_t different = count > 0;
    for (size_t i = 1; i < count; i++)
        different += ids[i] != ids[i - 1];
    return different;
}

void tp__rows_init(tp__rows *rows)
{
    rows->first = rows->last = NULL;
    rows->used = 0;
}

void tp__rows_free(tp__rows *rows)
{
    while (rows->first) {
        tp__rows_chunk *chunk = rows->first;
        rows->first = chunk->next;
        tp__free(chunk);
    }
    tp__rows_init(rows);
}

static tp_status push_items(tp__rows *rows, const uint32_t *items, size_t count)
{
    while (count) {
        uint32_t *to = rows->here;
        size_t *used = &rows->used, capacity = TP__ROWS_HERE;
        if (rows->last) {
            to = rows->last->items;
            used = &rows->last->used;
            capacity = rows->last->capacity;
        }
        if (*used == capacity) {
            tp__rows_chunk *chunk = tp__malloc(sizeof *chunk + TP__ROWS_CHUNK * sizeof *chunk->items);
            if (!chunk)
                return TP_ERROR_MEMORY;
            chunk->next = NULL;
            chunk->used = 0;
            chunk->capacity = TP__ROWS_CHUNK;
            if (rows->last)
                rows->last->next = chunk;
            else
                rows->first = chunk;
            rows->last = chunk;
            continue;
        }
        const size_t n = count < capacity - *used ? count : capacity - *used;
        memcpy(to + *used, items, n * sizeof *items);
        *used += n;
        items += n;
        count -= n;
    }
    return TP_OK;
}

tp_status tp__rows_push(tp__rows *rows, const uint32_t *ids, size_t count)
{
    static const uint32_t end = TP__ROW_END;
    TP__TRY(push_items(rows, ids, count));
    return push_items(rows, &end, 1);
}

tp__rows_cursor tp__rows_begin(tp__rows *rows)
{
    return (tp__rows_cursor){rows->here, rows->here + rows->used, rows->first};
}

bool tp__rows_turn(tp__rows_cursor *cursor)
{
    while (cursor->at == cursor->end) {
        tp__rows_chunk *chunk = cursor->next;
        if (!chunk)
            return false;
        cursor->at = chunk->items;
        cursor->end = chunk->items + chunk->used;
        cursor->next = chunk->next;
    }
    return true;
}

static void store(tp_dtype dtype, void *values, int64_t at, int64_t value)
{
    switch (dtype) {
    case TP_I32:
        ((int32_t *)values)[at] = (int32_t)value;
        break;
    case TP_I64:
        ((int64_t *)values)[at] = value;
        break;
    case TP_F64:
        ((double *)values)[at] = (double)value;
        break;
    default:
        ((float *)values)[at] = (float)value;
        break;
    }
}

void tp__rows_write(tp__rows *rows, tp_tensor *matrix, int64_t first, int64_t count, int64_t stored,
                    bool binary)
{
    /* The arrays are written once, here. */
    int64_t *row_starts = (int64_t *)matrix->csr->row_starts;
    int32_t *column_of = (int32_t *)matrix->csr->columns;
    void *values = matrix->data;
    const tp_dtype dtype = (tp_dtype)matrix->dtype;
    tp__rows_cursor cursor = tp__rows_begin(rows);
    int64_t at = stored - 1;
    if (first == 0)
        row_starts[0] = 0;
    for (int64_t r = first; r < first + count; r++) {
        uint32_t before = TP__ROW_END;
        int64_t times = 0;
        for (const uint32_t *id; (id = tp__rows_next(&cursor)) && *id != TP__ROW_END; before = *id) {
            times++;
            if (*id != before) {
                column_of[++at] = (int32_t)*id;
                times = 1;
            }
            store(dtype, values, at, binary ? 1 : times);
        }
        row_starts[r + 1] = at + 1;
    }
}
