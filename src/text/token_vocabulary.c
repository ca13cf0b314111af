/* Words to ids and back. */
#include "taper/vocabulary.h"
#include "base/strings.h"
#include "text/count_vectorizer.h"

#include <stdlib.h>

struct tp_vocabulary {
    tp_count_vectorizer_options analysis; /* what of the options concerns tokens */
    tp__interner ids;                     /* of the tokens from "<pad>" on */
    tp_strings *tokens;
    tp__known_words *known;
};

static const char *const specials[2] = {"<pad>", "<unk>"};

static void forget(void *argument)
{
    tp__interner_free(&((tp_vocabulary *)argument)->ids);
}

/* ---- Learning ---- */

typedef struct entry {
    int64_t count;
    const char *bytes;
    size_t length;
} entry;

static int by_count(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? 1 : -1;
    const int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* A token that reads like one of the first two ids is an unknown one. */
static bool is_special(const char *bytes, size_t length)
{
    return length == 5 && (!memcmp(bytes, specials[0], 5) || !memcmp(bytes, specials[1], 5));
}

/* Counts the tokens of the texts; `grams` and `counts` grow. */
static tp_status count_tokens(const tp_vocabulary *v, const tp_strings *texts, tp__grams *grams,
                              int64_t **counts)
{
    tp__word_table known = {.limit = TP__FIT_WORDS};
    tp__analysis a;
    tp__analysis_init(&a, &v->analysis, grams, grams, &known);
    size_t capacity = 0;
    tp_status status = TP_OK;
    const int64_t end = texts->offsets[texts->count];
    for (int64_t i = 0; status == TP_OK && i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length);
        status = tp__analyse(&a, text, length, (size_t)(end - texts->offsets[i]), i);
        const size_t before = capacity;
        if (status == TP_OK)
            status = tp__grow((void **)counts, &capacity, grams->tokens.count, sizeof **counts);
        if (status == TP_OK && capacity > before)
            memset(*counts + before, 0, (capacity - before) * sizeof **counts);
        for (size_t k = 0; status == TP_OK && k < a.row.count; k++)
            (*counts)[a.row.at[k]]++;
    }
    tp__analysis_free(&a);
    tp__word_table_free(&known);
    return status;
}

/* The tokens that stay, in order, as texts. */
static tp_status write_tokens(tp_vocabulary *v, tp_region *region, const entry *entries, size_t count)
{
    size_t size = 2 * strlen(specials[0]);
    for (size_t i = 0; i < count; i++)
        size += entries[i].length;
    char *bytes;
    int64_t *offsets;
    v->tokens = tp__strings_new(region, (int64_t)count + 2, size, &bytes, &offsets);
    if (!v->tokens)
        return tp_error();
    for (size_t i = 0; i < count + 2; i++) {
        const char *from = i < 2 ? specials[i] : entries[i - 2].bytes;
        const size_t length = i < 2 ? strlen(from) : entries[i - 2].length;
        memcpy(bytes + offsets[i], from, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return TP_OK;
}

static tp_status select_tokens(tp_vocabulary *v, tp_region *region, const tp_vocabulary_options *o,
                               const tp__grams *grams, const int64_t *counts)
{
    entry *entries = tp__malloc(grams->tokens.count * sizeof *entries);
    if (!entries)
        return TP_ERROR_MEMORY;
    size_t kept = 0;
    for (size_t i = 0; i < grams->tokens.count; i++) {
        entry e = {.count = counts[i]};
        e.bytes = tp__interned_bytes(&grams->tokens, (uint32_t)i, &e.length);
        if (e.count >= o->min_count && !is_special(e.bytes, e.length))
            entries[kept++] = e;
    }
    qsort(entries, kept, sizeof *entries, by_count);
    if ((int64_t)kept > o->max_size - 2)
        kept = (size_t)(o->max_size - 2);
    const tp_status status = write_tokens(v, region, entries, kept);
    tp__free(entries);
    return status;
}

static tp_status learn(tp_vocabulary *v, tp_region *region, const tp_vocabulary_options *o)
{
    tp__grams grams = {0};
    int64_t *counts = NULL;
    tp_status status = count_tokens(v, o->texts, &grams, &counts);
    if (status == TP_OK)
        status = select_tokens(v, region, o, &grams, counts);
    tp__free(counts);
    tp__grams_free(&grams);
    return status;
}

/* ---- Making ---- */

static tp_status number_tokens(tp_vocabulary *v)
{
    for (int64_t i = 0; i < v->tokens->count; i++) {
        size_t length;
        const char *token = tp_string_at(v->tokens, i, &length);
        const uint32_t hash = tp__hash(token, length);
        uint32_t id;
        if (i < 2 && (length != 5 || memcmp(token, specials[i], 5) != 0))
            return tp_fail(TP_ERROR_VALUE, "vocabulary: the first tokens are not <pad> and <unk>");
        if (tp__interner_find(&v->ids, token, length, hash) != TP__NO_ID)
            return tp_fail(TP_ERROR_VALUE, "vocabulary: duplicate token \"%.*s\" at %lld",
                           (int)(length < 80 ? length : 80), token, (long long)i);
        TP__TRY(tp__interner_add(&v->ids, token, length, hash, &id));
    }
    return v->tokens->count >= 2 ? TP_OK
                                 : tp_fail(TP_ERROR_VALUE, "vocabulary: no tokens; the first two are <pad> "
                                                           "and <unk>");
}

static tp_status check_options(const tp_vocabulary_options *o, const tp_count_vectorizer_options *analysis)
{
    TP__TRY(tp__check_analysis("vocabulary", analysis));
    if (!o->texts == !o->tokens)
        return o->texts ? tp_fail(TP_ERROR_ARGUMENT, "vocabulary: both texts and tokens")
                        : tp__null_argument("vocabulary: texts");
    if (o->max_size < 2 || o->min_count < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "vocabulary: max_size %lld below 2, or min_count %lld below 0",
                       (long long)o->max_size, (long long)o->min_count);
    return tp__strings_check(o->texts ? o->texts : o->tokens, "vocabulary: texts");
}

tp_vocabulary *tp_vocabulary_new_with(const tp_vocabulary_options *o)
{
    if (!o)
        return tp__null_argument("vocabulary: options"), NULL;
    const tp_count_vectorizer_options analysis = {.lowercase = o->lowercase,
                                                  .stem = o->stem,
                                                  .min_token_length = o->min_token_length,
                                                  .ngram_min = 1,
                                                  .ngram_max = 1};
    if (check_options(o, &analysis) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_vocabulary *v = region ? tp__region_bump(region, sizeof *v) : NULL;
    if (!v)
        return NULL;
    *v = (tp_vocabulary){.analysis = analysis};
    v->known = tp__known_words_new(region);
    if (!v->known || tp_region_on_end(region, forget, v) != TP_OK)
        return NULL;
    if (o->texts) {
        TP_FRAME("vocabulary");
        if (learn(v, region, o) != TP_OK)
            return NULL;
    } else if (!(v->tokens = tp__strings_copy(region, o->tokens))) {
        return NULL;
    }
    return number_tokens(v) == TP_OK ? v : NULL;
}

const tp_strings *tp_vocabulary_tokens(const tp_vocabulary *v)
{
    return v ? v->tokens : NULL;
}

/* ---- Using ---- */

static uint32_t id_of(const void *argument, const char *bytes, size_t length)
{
    const tp_vocabulary *v = argument;
    if (is_special(bytes, length))
        return TP_UNKNOWN_ID;
    const uint32_t id = tp__interner_find(&v->ids, bytes, length, tp__hash(bytes, length));
    return id == TP__NO_ID ? TP_UNKNOWN_ID : id;
}

int64_t tp_vocabulary_find(const tp_vocabulary *v, const char *token, size_t length)
{
    if (!v || !token)
        return -1;
    const uint32_t id = tp__interner_find(&v->ids, token, length, tp__hash(token, length));
    return id == TP__NO_ID ? TP_UNKNOWN_ID : (int64_t)id;
}

/* The ids of all texts behind each other; offsets[0 .. count]. */
static tp_status find_ids(const tp_vocabulary *v, tp__word_table *known, const tp_strings *texts,
                          tp__rows *rows, int64_t *offsets)
{
    const tp__grams none = {0};
    tp__analysis a;
    tp__analysis_init(&a, &v->analysis, &none, NULL, known);
    a.term_id = id_of;
    a.term_id_argument = v;
    tp_status status = TP_OK;
    const int64_t end = texts->offsets[texts->count];
    offsets[0] = 0;
    for (int64_t i = 0; status == TP_OK && i < texts->count; i++) {
        size_t length;
        const char *text = tp_string_at(texts, i, &length);
        status = tp__analyse(&a, text, length, (size_t)(end - texts->offsets[i]), i);
        if (status == TP_OK)
            status = tp__rows_push(rows, a.row.at, a.row.count);
        offsets[i + 1] = offsets[i] + (int64_t)a.row.count;
    }
    tp__analysis_free(&a);
    return status;
}

tp_sequences *tp_vocabulary_encode(const tp_vocabulary *v, const tp_strings *texts)
{
    if (!v)
        return tp__null_argument("vocabulary_encode: vocabulary"), NULL;
    if (tp__strings_check(texts, "vocabulary_encode: texts") != TP_OK)
        return NULL;
    TP_FRAME("vocabulary");
    tp_region *region = tp_region_current();
    tp_sequences *sequences = region ? tp__region_bump(region, sizeof *sequences) : NULL;
    int64_t *offsets =
        sequences ? tp__region_bump(region, ((size_t)texts->count + 1) * sizeof *offsets) : NULL;
    tp__known_table *known = offsets ? tp__known_words_take(v->known) : NULL;
    if (!known)
        return NULL;
    tp__rows rows;
    tp__rows_init(&rows);
    const tp_status status = find_ids(v, &known->words, texts, &rows, offsets);
    tp__known_words_give(v->known, known);
    int64_t *ids =
        status == TP_OK ? tp__region_bump(region, ((size_t)offsets[texts->count] + 1) * sizeof *ids) : NULL;
    if (ids) {
        int64_t at = 0;
        tp__rows_cursor cursor = tp__rows_begin(&rows);
        for (const uint32_t *id; (id = tp__rows_next(&cursor));)
            if (*id != TP__ROW_END)
                ids[at++] = *id;
        *sequences = (tp_sequences){texts->count, ids, offsets};
    }
    tp__rows_free(&rows);
    return ids ? sequences : NULL;
}

char *tp_vocabulary_decode(const tp_vocabulary *v, const int64_t *ids, int64_t count, size_t *length)
{
    if (!v || (!ids && count > 0))
        return tp__null_argument(v ? "vocabulary_decode: ids" : "vocabulary_decode: vocabulary"), NULL;
    size_t size = 1, one;
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] >= v->tokens->count)
            return tp__fail_null(TP_ERROR_INDEX, "vocabulary_decode: id %lld of %lld at %lld",
                                 (long long)ids[i], (long long)v->tokens->count, (long long)i);
        tp_string_at(v->tokens, ids[i], &one);
        size += one + 1;
    }
    tp_region *region = tp_region_current();
    char *out = region ? tp__region_bump(region, size) : NULL;
    if (!out)
        return NULL;
    size_t at = 0;
    for (int64_t i = 0; i < count; i++) {
        if (ids[i] == TP_PADDING_ID)
            continue;
        const char *token = tp_string_at(v->tokens, ids[i], &one);
        if (at)
            out[at++] = ' ';
        memcpy(out + at, token, one);
        at += one;
    }
    out[at] = 0;
    if (length)
        *length = at;
    return out;
}
