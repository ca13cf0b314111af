/* Terms as tokens and pairs. */
#include "text/vocabulary.h"
#include "base/strings.h"

tp_status tp__grams_init(tp__grams *grams, const tp_strings *stop_words)
{
    *grams = (tp__grams){0};
    for (int64_t i = 0; stop_words && i < stop_words->count; i++) {
        size_t length;
        uint32_t id;
        const char *bytes = tp_string_at(stop_words, i, &length);
        const tp_status status = tp__grams_add_token(grams, bytes, length, &id);
        if (status != TP_OK) {
            tp__grams_free(grams);
            return status;
        }
    }
    grams->stop_count = (uint32_t)grams->tokens.count;
    return TP_OK;
}

void tp__grams_free(tp__grams *grams)
{
    tp__interner_free(&grams->tokens);
    tp__free(grams->pairs);
    tp__free(grams->pair_slots);
    *grams = (tp__grams){0};
}

tp_status tp__grams_add_token(tp__grams *grams, const char *bytes, size_t length, uint32_t *id)
{
    const uint32_t hash = tp__hash(bytes, length);
    *id = tp__interner_find(&grams->tokens, bytes, length, hash);
    return *id != TP__NO_ID ? TP_OK : tp__interner_add(&grams->tokens, bytes, length, hash, id);
}

static size_t pair_hash(uint32_t left, uint32_t token)
{
    return (size_t)tp__hash_u64((uint64_t)left << 32 | token);
}

uint32_t tp__grams_pair(const tp__grams *grams, uint32_t left, uint32_t token)
{
    if (!grams->pair_slot_count)
        return TP__NO_ID;
    const size_t mask = grams->pair_slot_count - 1;
    for (size_t at = pair_hash(left, token) & mask;; at = (at + 1) & mask) {
        const uint32_t slot = grams->pair_slots[at];
        if (slot == TP__NO_ID)
            return TP__NO_ID;
        if (grams->pairs[slot].left == left && grams->pairs[slot].token == token)
            return slot | TP__PAIR_BIT;
    }
}

static void put_pair(const tp__grams *grams, uint32_t *slots, size_t mask, uint32_t pair)
{
    size_t at = pair_hash(grams->pairs[pair].left, grams->pairs[pair].token) & mask;
    while (slots[at] != TP__NO_ID)
        at = (at + 1) & mask;
    slots[at] = pair;
}

tp_status tp__grams_add_pair(tp__grams *grams, uint32_t left, uint32_t token, uint32_t *id)
{
    *id = tp__grams_pair(grams, left, token);
    if (*id != TP__NO_ID)
        return TP_OK;
    /* One less than there are ids, since all bits set is none. */
    if (grams->pair_count >= TP__MAX_IDS - 1)
        return tp_fail(TP_ERROR_UNSUPPORTED, "more than 2^31 - 1 different runs of words");
    if (grams->pair_count >= grams->pair_slot_count / 2) {
        const size_t wanted = grams->pair_slot_count ? 2 * grams->pair_slot_count : 256;
        uint32_t *slots = tp__malloc(wanted * sizeof *slots);
        if (!slots)
            return TP_ERROR_MEMORY;
        memset(slots, 0xFF, wanted * sizeof *slots);
        for (size_t i = 0; i < grams->pair_count; i++)
            put_pair(grams, slots, wanted - 1, (uint32_t)i);
        tp__free(grams->pair_slots);
        grams->pair_slots = slots;
        grams->pair_slot_count = wanted;
    }
    TP__TRY(
        tp__grow((void **)&grams->pairs, &grams->pair_capacity, grams->pair_count + 1, sizeof *grams->pairs));
    grams->pairs[grams->pair_count] = (tp__pair){left, token};
    put_pair(grams, grams->pair_slots, grams->pair_slot_count - 1, (uint32_t)grams->pair_count);
    *id = (uint32_t)grams->pair_count++ | TP__PAIR_BIT;
    return TP_OK;
}

size_t tp__grams_term_length(const tp__grams *grams, uint32_t id)
{
    size_t length = 0;
    while (id & TP__PAIR_BIT) {
        const tp__pair pair = grams->pairs[id & ~TP__PAIR_BIT];
        length += 1 + grams->tokens.entries[pair.token].length;
        id = pair.left;
    }
    return length + grams->tokens.entries[id].length;
}

void tp__grams_term(const tp__grams *grams, uint32_t id, char *out)
{
    char *end = out + tp__grams_term_length(grams, id);
    for (;;) {
        const bool more = id & TP__PAIR_BIT;
        const tp__pair pair = more ? grams->pairs[id & ~TP__PAIR_BIT] : (tp__pair){0, id};
        size_t length;
        const char *bytes = tp__interned_bytes(&grams->tokens, pair.token, &length);
        end -= length;
        if (length)
            memcpy(end, bytes, length);
        if (!more)
            return;
        *--end = ' ';
        id = pair.left;
    }
}

/* Cuts `term` at its spaces, unless it is `whole`. With `grams` to add to, adds what is missing. */
static tp_status walk(const tp__grams *grams, tp__grams *adding, bool whole, const char *term, size_t length,
                      uint32_t *id)
{
    *id = TP__NO_ID;
    for (size_t at = 0; at <= length;) {
        const char *space = length > at && !whole ? memchr(term + at, ' ', length - at) : NULL;
        const size_t end = space ? (size_t)(space - term) : length;
        uint32_t token;
        if (adding)
            TP__TRY(tp__grams_add_token(adding, term + at, end - at, &token));
        else
            token = tp__grams_token(grams, term + at, end - at);
        const bool first = at == 0;
        if (token == TP__NO_ID)
            *id = TP__NO_ID;
        else if (first)
            *id = token;
        else if (adding)
            TP__TRY(tp__grams_add_pair(adding, *id, token, id));
        else
            *id = tp__grams_pair(grams, *id, token);
        if (*id == TP__NO_ID)
            return TP_OK;
        at = end + 1;
    }
    return TP_OK;
}

uint32_t tp__vocabulary_find(const tp__vocabulary *vocabulary, const char *term, size_t length)
{
    uint32_t id;
    walk(&vocabulary->grams, NULL, vocabulary->whole, term, length, &id);
    return id;
}

static tp_status number_terms(tp__vocabulary *v, uint32_t *ids)
{
    for (int64_t i = 0; i < v->terms.count; i++) {
        size_t length;
        const char *term = tp_string_at(&v->terms, i, &length);
        TP__TRY(walk(&v->grams, &v->grams, v->whole, term, length, &ids[i]));
    }
    const size_t tokens = v->grams.tokens.count, pairs = v->grams.pair_count;
    v->token_columns = tp__malloc(tokens * sizeof *v->token_columns);
    v->pair_columns = tp__malloc(pairs * sizeof *v->pair_columns);
    if (!v->token_columns || !v->pair_columns)
        return TP_ERROR_MEMORY;
    memset(v->token_columns, 0xFF, tokens * sizeof *v->token_columns);
    memset(v->pair_columns, 0xFF, pairs * sizeof *v->pair_columns);
    for (int64_t i = 0; i < v->terms.count; i++) {
        const uint32_t id = ids[i];
        int32_t *column = id & TP__PAIR_BIT ? &v->pair_columns[id & ~TP__PAIR_BIT] : &v->token_columns[id];
        if (*column >= 0) {
            size_t length;
            const char *term = tp_string_at(&v->terms, i, &length);
            return tp_fail(TP_ERROR_VALUE,
                           "count_vectorizer: duplicate term in vocabulary: \"%.*s\" at %lld and %lld",
                           (int)(length < 80 ? length : 80), term, (long long)*column, (long long)i);
        }
        *column = (int32_t)i;
    }
    return TP_OK;
}

tp__vocabulary *tp__vocabulary_new(int64_t count, char *bytes, int64_t *offsets, const tp_strings *stop_words,
                                   bool whole)
{
    tp__vocabulary *v = tp__calloc(1, sizeof *v);
    uint32_t *ids = tp__malloc((size_t)count * sizeof *ids);
    if (!v || !ids) {
        tp__free(v);
        tp__free(ids);
        tp__free(bytes);
        tp__free(offsets);
        return NULL;
    }
    v->whole = whole;
    v->bytes = bytes;
    v->offsets = offsets;
    v->terms = (tp_strings){count, bytes, offsets};
    tp_status status = tp__grams_init(&v->grams, stop_words);
    if (status == TP_OK)
        status = number_terms(v, ids);
    tp__free(ids);
    if (status == TP_OK)
        return v;
    tp__vocabulary_free(v);
    return NULL;
}

void tp__vocabulary_free(tp__vocabulary *v)
{
    if (!v)
        return;
    tp__grams_free(&v->grams);
    tp__free(v->token_columns);
    tp__free(v->pair_columns);
    tp__free(v->bytes);
    tp__free(v->offsets);
    tp__free(v);
}
