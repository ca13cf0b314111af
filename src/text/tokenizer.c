/* A byte-pair tokenizer: pieces, tables, encoding, decoding. */
#include "text/tokenizer.h"
#include "base/region.h"
#include "base/strings.h"

#include <string.h>

/* ---- Pieces ---- */

static bool is_space(char c)
{
    return c == ' ' || (unsigned)(c - 9) < 5u;
}

static bool is_word(char c)
{
    const unsigned char u = (unsigned char)c;
    return u >= 0x80 || (unsigned)((u | 0x20) - 'a') < 26u || (unsigned)(u - '0') < 10u || u == '_';
}

size_t tp__tokenizer_piece(const char *text, size_t length, size_t at)
{
    if (is_space(text[at]) && !(text[at] == ' ' && at + 1 < length && !is_space(text[at + 1]))) {
        size_t end = at + 1;
        while (end < length && is_space(text[end]))
            end++;
        /* The last space belongs to what follows. */
        return end < length && end > at + 1 && text[end - 1] == ' ' ? end - 1 : end;
    }
    size_t end = at + (text[at] == ' ');
    const bool word = is_word(text[end]);
    while (end < length && !is_space(text[end]) && is_word(text[end]) == word)
        end++;
    return end;
}

/* ---- Making ---- */

static void forget(void *argument)
{
    tp_tokenizer *t = argument;
    tp__free(t->merges);
    tp__free(t->slots);
    tp__free(t->bytes);
    tp__free(t->ends);
}

static tp_status check_specials(const tp_strings *specials)
{
    TP__TRY(tp__strings_check(specials, "tokenizer: special_tokens"));
    tp__interner known = {0};
    tp_status status = TP_OK;
    for (int64_t i = 0; i < specials->count && status == TP_OK; i++) {
        size_t length;
        uint32_t id;
        const char *name = tp_string_at(specials, i, &length);
        const uint32_t hash = tp__hash(name, length);
        if (!length || memchr(name, '\n', length) || memchr(name, 0, length))
            status = tp_fail(TP_ERROR_VALUE,
                             "tokenizer: special token %lld is empty, or has a line end or a zero in it",
                             (long long)i);
        else if (tp__interner_find(&known, name, length, hash) != TP__NO_ID)
            status = tp_fail(TP_ERROR_VALUE, "tokenizer: special token %lld is there twice", (long long)i);
        else
            status = tp__interner_add(&known, name, length, hash, &id);
    }
    tp__interner_free(&known);
    return status;
}

tp_tokenizer *tp__tokenizer_new(const tp_strings *specials)
{
    if (specials && check_specials(specials) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_tokenizer *t = region ? tp_region_alloc(region, sizeof *t) : NULL;
    if (!t || tp_region_on_end(region, forget, t) != TP_OK)
        return NULL;
    if (!specials || !specials->count)
        return t;
    const size_t size = (size_t)(specials->offsets[specials->count] - specials->offsets[0]);
    char *bytes;
    int64_t *offsets;
    t->specials = tp__strings_new(region, specials->count, size, &bytes, &offsets);
    if (!t->specials)
        return NULL;
    memcpy(bytes, specials->bytes + specials->offsets[0], size);
    for (int64_t i = 0; i <= specials->count; i++)
        offsets[i] = specials->offsets[i] - specials->offsets[0];
    t->special_count = specials->count;
    return t;
}

static tp_status make_slots(tp_tokenizer *t)
{
    size_t wanted = 16;
    while (wanted < 2 * t->merge_count)
        wanted *= 2;
    t->slots = tp__malloc(wanted * sizeof *t->slots);
    if (!t->slots)
        return TP_ERROR_MEMORY;
    memset(t->slots, 0xFF, wanted * sizeof *t->slots);
    t->slot_count = wanted;
    for (size_t i = 0; i < t->merge_count; i++) {
        const tp__merge m = t->merges[i];
        if (tp__tokenizer_find(t, m.left, m.right) != UINT32_MAX)
            return tp_fail(TP_ERROR_VALUE, "tokenizer: merge %zu is there twice", i);
        size_t at = (size_t)tp__hash_u64((uint64_t)m.left << 32 | m.right) & (wanted - 1);
        while (t->slots[at] != UINT32_MAX)
            at = (at + 1) & (wanted - 1);
        t->slots[at] = (uint32_t)i;
    }
    return TP_OK;
}

static size_t length_of(const tp_tokenizer *t, uint32_t id)
{
    return t->ends[id] - (id ? t->ends[id - 1] : 0);
}

tp_status tp__tokenizer_finish(tp_tokenizer *t)
{
    const size_t specials = (size_t)t->special_count, first = specials + 256, ids = first + t->merge_count;
    t->ends = tp__malloc(ids * sizeof *t->ends);
    if (!t->ends)
        return TP_ERROR_MEMORY;
    size_t length, size = 0;
    for (size_t id = 0; id < ids; id++) {
        if (id < specials) {
            tp_string_at(t->specials, (int64_t)id, &length);
        } else if (id < first) {
            length = 1;
        } else {
            const tp__merge m = t->merges[id - first];
            if (m.left < specials || m.right < specials || m.left >= id || m.right >= id)
                return tp_fail(TP_ERROR_VALUE, "tokenizer: merge %zu is of ids that it may not have",
                               id - first);
            length = length_of(t, m.left) + length_of(t, m.right);
        }
        /* A merge may double: what a small file says must not overflow, nor take all memory. */
        if (length > (size_t)1 << 20 || size > ((size_t)1 << 22) + 1024 * id)
            return tp_fail(
                TP_ERROR_VALUE,
                "tokenizer: token %zu is longer than 1 MiB, or all up to it are than 4 MiB and 1 KiB each",
                id);
        t->ends[id] = size += length;
    }
    t->bytes = tp__malloc(size);
    if (!t->bytes)
        return TP_ERROR_MEMORY;
    char *at = t->bytes;
    for (size_t id = 0; id < ids; id++) {
        if (id >= specials && id < first) {
            *at++ = (char)(id - specials);
            continue;
        }
        const tp__merge m = id < first ? (tp__merge){0, 0} : t->merges[id - first];
        for (int side = 0; side < (id < first ? 1 : 2); side++) {
            const char *from = id < first ? tp_string_at(t->specials, (int64_t)id, &length)
                                          : tp_tokenizer_token(t, side ? m.right : m.left, &length);
            memcpy(at, from, length);
            at += length;
        }
    }
    return make_slots(t);
}

int64_t tp_tokenizer_size(const tp_tokenizer *t)
{
    return t ? tp__first_merge(t) + (int64_t)t->merge_count : -1;
}

const char *tp_tokenizer_token(const tp_tokenizer *t, int64_t id, size_t *length)
{
    const bool there = t && id >= 0 && id < tp_tokenizer_size(t);
    const size_t start = there && id ? t->ends[id - 1] : 0;
    if (length)
        *length = there ? t->ends[id] - start : 0;
    return there ? t->bytes + start : NULL;
}

int64_t tp_tokenizer_special(const tp_tokenizer *t, const char *name)
{
    for (int64_t i = 0; t && name && i < t->special_count; i++) {
        size_t length;
        const char *token = tp_string_at(t->specials, i, &length);
        if (strlen(name) == length && !memcmp(token, name, length))
            return i;
    }
    return -1;
}

/* ---- Encoding ---- */

/* A symbol of a piece, in a list that merging shortens. */
typedef struct symbol {
    uint32_t id;
    uint32_t previous, next; /* UINT32_MAX: none */
} symbol;

/* A merge that may be made at a place; stale once either symbol has changed. */
typedef struct candidate {
    uint32_t merge, place;
} candidate;

typedef struct encoder {
    const tp_tokenizer *tokenizer;
    symbol *symbols;
    size_t symbols_capacity;
    candidate *heap;
    size_t heap_count, heap_capacity;
    int64_t *ids;
    size_t count, ids_capacity;
} encoder;

static bool comes_before(candidate a, candidate b)
{
    return a.merge != b.merge ? a.merge < b.merge : a.place < b.place;
}

/* The heap has room for one candidate of each pair of neighbours, and two for each merge. */
static void push(encoder *e, candidate c)
{
    size_t at = e->heap_count++;
    for (size_t up; at && comes_before(c, e->heap[up = (at - 1) / 2]); at = up)
        e->heap[at] = e->heap[up];
    e->heap[at] = c;
}

static candidate pop(encoder *e)
{
    const candidate first = e->heap[0], last = e->heap[--e->heap_count];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < e->heap_count; at = child) {
        if (child + 1 < e->heap_count && comes_before(e->heap[child + 1], e->heap[child]))
            child++;
        if (!comes_before(e->heap[child], last))
            break;
        e->heap[at] = e->heap[child];
    }
    e->heap[at] = last;
    return first;
}

static void offer(encoder *e, uint32_t place)
{
    const symbol *s = &e->symbols[place];
    if (s->next == UINT32_MAX)
        return;
    const uint32_t merge = tp__tokenizer_find(e->tokenizer, s->id, e->symbols[s->next].id);
    if (merge != UINT32_MAX)
        push(e, (candidate){merge, place});
}

static tp_status encode_piece(encoder *e, const char *bytes, size_t length)
{
    const tp_tokenizer *t = e->tokenizer;
    if (length >= UINT32_MAX / 4)
        return tp_fail(TP_ERROR_UNSUPPORTED, "tokenizer: a piece of %zu bytes", length);
    TP__TRY(tp__grow((void **)&e->symbols, &e->symbols_capacity, length, sizeof *e->symbols));
    TP__TRY(tp__grow((void **)&e->heap, &e->heap_capacity, 3 * length, sizeof *e->heap));
    TP__TRY(tp__grow((void **)&e->ids, &e->ids_capacity, e->count + length, sizeof *e->ids));
    for (size_t i = 0; i < length; i++)
        e->symbols[i] =
            (symbol){(uint32_t)t->special_count + (unsigned char)bytes[i], i ? (uint32_t)i - 1 : UINT32_MAX,
                     i + 1 < length ? (uint32_t)i + 1 : UINT32_MAX};
    e->heap_count = 0;
    for (size_t i = 0; i + 1 < length; i++)
        offer(e, (uint32_t)i);
    while (e->heap_count) {
        const candidate c = pop(e);
        symbol *s = &e->symbols[c.place];
        const tp__merge m = t->merges[c.merge];
        /* A symbol that was merged away has no id that a merge is of. */
        if (s->id != m.left || s->next == UINT32_MAX || e->symbols[s->next].id != m.right)
            continue;
        symbol *gone = &e->symbols[s->next];
        s->id = (uint32_t)tp__first_merge(t) + c.merge;
        gone->id = UINT32_MAX;
        s->next = gone->next;
        if (s->next != UINT32_MAX)
            e->symbols[s->next].previous = c.place;
        if (s->previous != UINT32_MAX)
            offer(e, s->previous);
        offer(e, c.place);
    }
    for (uint32_t i = 0; i != UINT32_MAX; i = e->symbols[i].next)
        e->ids[e->count++] = e->symbols[i].id;
    return TP_OK;
}

static tp_status encode_texts(encoder *e, const tp_strings *texts, int64_t *offsets)
{
    offsets[0] = 0;
    for (int64_t i = 0; i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length);
        for (size_t at = 0, end; at < length; at = end) {
            end = tp__tokenizer_piece(text, length, at);
            TP__TRY(encode_piece(e, text + at, end - at));
        }
        offsets[i + 1] = (int64_t)e->count;
    }
    return TP_OK;
}

tp_sequences *tp_tokenizer_encode(const tp_tokenizer *t, const tp_strings *texts)
{
    if (!t)
        return tp__null_argument("tokenizer_encode: tokenizer"), NULL;
    if (tp__strings_check(texts, "tokenizer_encode: texts") != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_sequences *sequences = region ? tp__region_bump(region, sizeof *sequences) : NULL;
    int64_t *offsets =
        sequences ? tp__region_bump(region, ((size_t)texts->count + 1) * sizeof *offsets) : NULL;
    if (!offsets)
        return NULL;
    encoder e = {.tokenizer = t};
    int64_t *ids = NULL;
    if (encode_texts(&e, texts, offsets) == TP_OK)
        ids = tp__region_bump(region, (e.count + 1) * sizeof *ids);
    if (ids && e.count)
        memcpy(ids, e.ids, e.count * sizeof *ids);
    tp__free(e.symbols);
    tp__free(e.heap);
    tp__free(e.ids);
    if (!ids)
        return NULL;
    *sequences = (tp_sequences){texts->count, ids, offsets};
    return sequences;
}

/* ---- Decoding ---- */

char *tp_tokenizer_decode(const tp_tokenizer *t, const int64_t *ids, int64_t count, bool specials,
                          size_t *length)
{
    if (!t || (!ids && count > 0))
        return tp__null_argument(t ? "tokenizer_decode: ids" : "tokenizer_decode: tokenizer"), NULL;
    size_t size = 0, one;
    for (int64_t i = 0; i < count; i++) {
        if (!tp_tokenizer_token(t, ids[i], &one))
            return tp__fail_null(TP_ERROR_INDEX, "tokenizer_decode: id %lld of %lld at %lld",
                                 (long long)ids[i], (long long)tp_tokenizer_size(t), (long long)i);
        if (specials || ids[i] >= t->special_count)
            size += one;
    }
    tp_region *region = tp_region_current();
    char *out = region ? tp__region_bump(region, size + 1) : NULL;
    if (!out)
        return NULL;
    size_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        const char *token = tp_tokenizer_token(t, ids[i], &one);
        if (!specials && ids[i] < t->special_count)
            continue;
        memcpy(out + at, token, one);
        at += one;
    }
    out[at] = 0;
    if (length)
        *length = at;
    return out;
}
