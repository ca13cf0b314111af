/* The hashing vectorizer: terms to columns by MurmurHash3, signed counts, norms. */
#include "taper/hashing.h"
#include "base/strings.h"
#include "taper/tfidf.h"
#include "tensor/csr.h"
#include "text/count_vectorizer.h"
#include "text/parts.h"

struct tp_hashing_vectorizer {
    tp_hashing_vectorizer_options options;
    tp_count_vectorizer_options analysis; /* what of the options concerns terms */
    tp__grams stop_words;
    tp__known_words *known; /* words and the ids of their terms; for single words only */
};

/* Tokens that are kept to write runs of them with; then they start anew. */
#define KEPT_TOKENS ((size_t)8 << 20)

/* ---- The hash ---- */

static uint32_t rotate(uint32_t x, int by)
{
    return x << by | x >> (32 - by);
}

static uint32_t scramble(uint32_t k)
{
    return rotate(k * 0xCC9E2D51u, 15) * 0x1B873593u;
}

uint32_t tp_murmur_hash(const void *bytes, size_t length, uint32_t seed)
{
    const unsigned char *u = bytes;
    uint32_t h = seed;
    size_t at = 0;
    for (; at + 4 <= length; at += 4) {
        const uint32_t k = (uint32_t)u[at] | (uint32_t)u[at + 1] << 8 | (uint32_t)u[at + 2] << 16 |
                           (uint32_t)u[at + 3] << 24;
        h = rotate(h ^ scramble(k), 13) * 5 + 0xE6546B64u;
    }
    uint32_t tail = 0;
    for (size_t i = length; i > at; i--)
        tail = tail << 8 | u[i - 1];
    h ^= scramble(tail) ^ (uint32_t)length;
    h = (h ^ h >> 16) * 0x85EBCA6Bu;
    h = (h ^ h >> 13) * 0xC2B2AE35u;
    return h ^ h >> 16;
}

/* The id of a term is its column, doubled, and 1 if it counts as -1; so equal columns sort together. */
static uint32_t term_id(const void *argument, const char *bytes, size_t length)
{
    const tp_hashing_vectorizer_options *o = argument;
    const uint32_t h = tp_murmur_hash(bytes, length, 0);
    const bool negative = h >> 31;
    const uint32_t column = (negative ? 0 - h : h) % (uint32_t)o->n_features;
    return column << 1 | (negative && o->alternate_sign);
}

int64_t tp_hashing_vectorizer_column(const tp_hashing_vectorizer *v, const char *term, size_t length,
                                     bool *negative)
{
    if (!v || !term)
        return -1;
    const uint32_t id = term_id(&v->options, term, length);
    if (negative)
        *negative = id & 1;
    return id >> 1;
}

/* ---- Making ---- */

static void forget(void *argument)
{
    tp__grams_free(&((tp_hashing_vectorizer *)argument)->stop_words);
}

static tp_status check_options(const tp_hashing_vectorizer_options *o,
                               const tp_count_vectorizer_options *analysis)
{
    TP__TRY(tp__check_analysis("hashing_vectorizer", analysis));
    if (o->n_features < 1 || o->n_features > INT32_MAX)
        return tp_fail(TP_ERROR_ARGUMENT, "hashing_vectorizer: n_features is %lld, not 1 to 2^31 - 1",
                       (long long)o->n_features);
    if (o->norm != TP_ROW_NORM_NONE && o->norm != TP_ROW_NORM_L1 && o->norm != TP_ROW_NORM_L2)
        return tp_fail(TP_ERROR_ARGUMENT, "hashing_vectorizer: norm %d is none of tp_row_norm", (int)o->norm);
    if (o->dtype != TP_F32 && o->dtype != TP_F64)
        return tp_fail(TP_ERROR_DTYPE, "hashing_vectorizer: counts are float32 or float64, not %s",
                       tp_dtype_name(o->dtype));
    return TP_OK;
}

tp_hashing_vectorizer *tp_hashing_vectorizer_new_with(const tp_hashing_vectorizer_options *options)
{
    if (!options)
        return tp_hashing_vectorizer_new();
    const tp_count_vectorizer_options analysis = {.lowercase = options->lowercase,
                                                  .stem = options->stem,
                                                  .analyzer = options->analyzer,
                                                  .min_token_length = options->min_token_length,
                                                  .ngram_min = options->ngram_min,
                                                  .ngram_max = options->ngram_max,
                                                  .stop_words = options->stop_words};
    if (check_options(options, &analysis) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_hashing_vectorizer *v = region ? tp__region_bump(region, sizeof *v) : NULL;
    if (!v)
        return NULL;
    *v = (tp_hashing_vectorizer){.options = *options, .analysis = analysis};
    if (options->stop_words) {
        v->options.stop_words = tp__strings_copy(region, options->stop_words);
        if (!v->options.stop_words)
            return NULL;
        v->analysis.stop_words = v->options.stop_words;
    }
    v->known = tp__known_words_new(region);
    if (!v->known || tp_region_on_end(region, forget, v) != TP_OK ||
        tp__grams_init(&v->stop_words, tp__stop_words_of(&v->analysis)) != TP_OK)
        return NULL;
    return v;
}

const tp_hashing_vectorizer_options *tp_hashing_vectorizer_get_options(const tp_hashing_vectorizer *v)
{
    return v ? &v->options : NULL;
}

/* ---- Transforming ---- */

typedef struct part {
    int64_t first, count;
    tp__rows rows; /* sorted ids */
    int64_t stored, stored_before;
} part;

typedef struct hashing {
    const tp_hashing_vectorizer *v;
    const tp_strings *documents;
    part *parts;
    int part_count;
    tp_tensor *matrix;
} hashing;

/* Words by a table that is kept from call to call, or runs of words that are written out. */
typedef struct worker {
    tp__analysis analysis;
    tp__known_table *kept;
    tp__word_table own;
    tp__grams tokens;
} worker;

static tp_status begin(const tp_hashing_vectorizer *v, worker *w)
{
    const bool written = v->options.ngram_max > 1 && v->options.analyzer == TP_ANALYZER_WORD;
    w->kept = NULL;
    w->own = (tp__word_table){.limit = TP__KEPT_WORDS};
    w->tokens = (tp__grams){0};
    tp__analysis_init(&w->analysis, &v->analysis, &v->stop_words, NULL, &w->own);
    w->analysis.term_id = term_id;
    w->analysis.term_id_argument = &v->options;
    if (written) {
        w->analysis.grams = w->analysis.growing = &w->tokens;
        return tp__grams_init(&w->tokens, v->options.stop_words);
    }
    w->kept = tp__known_words_take(v->known);
    if (!w->kept)
        return TP_ERROR_MEMORY;
    w->analysis.known = &w->kept->words;
    return TP_OK;
}

/* Before the next document. */
static tp_status bound(const tp_hashing_vectorizer *v, worker *w)
{
    if (tp__interner_memory(&w->tokens.tokens) <= KEPT_TOKENS)
        return TP_OK;
    tp__word_table_free(&w->own);
    tp__grams_free(&w->tokens);
    return tp__grams_init(&w->tokens, v->options.stop_words);
}

static void finish(const tp_hashing_vectorizer *v, worker *w)
{
    tp__known_words_give(v->known, w->kept);
    tp__word_table_free(&w->own);
    tp__grams_free(&w->tokens);
    tp__analysis_free(&w->analysis);
}

static tp_status hash_documents(const hashing *h, part *p, worker *w)
{
    const int64_t end = h->documents->offsets[h->documents->count];
    for (int64_t i = p->first; i < p->first + p->count; i++) {
        size_t length;
        const char *text = tp_string_at(h->documents, i, &length);
        TP__TRY(bound(h->v, w));
        TP__TRY(tp__analyse(&w->analysis, text, length, (size_t)(end - h->documents->offsets[i]), i));
        tp__ids *row = &w->analysis.row;
        tp__ids_sort(row->at, row->count);
        for (size_t k = 0; k < row->count; k++)
            p->stored += k == 0 || row->at[k] >> 1 != row->at[k - 1] >> 1;
        TP__TRY(tp__rows_push(&p->rows, row->at, row->count));
    }
    return TP_OK;
}

static tp_status hash_part(void *context, int index)
{
    const hashing *h = context;
    worker w;
    tp_status status = begin(h->v, &w);
    if (status == TP_OK)
        status = hash_documents(h, &h->parts[index], &w);
    finish(h->v, &w);
    return status;
}

static tp_status write_part(void *context, int index)
{
    const hashing *h = context;
    part *p = &h->parts[index];
    const bool binary = h->v->options.binary, single = h->v->options.dtype == TP_F32;
    int64_t *row_starts = (int64_t *)h->matrix->csr->row_starts, at = p->stored_before - 1;
    int32_t *columns = (int32_t *)h->matrix->csr->columns;
    tp__rows_cursor cursor = tp__rows_begin(&p->rows);
    if (index == 0)
        row_starts[0] = 0;
    for (int64_t r = p->first; r < p->first + p->count; r++) {
        int64_t count = 0;
        uint32_t before = TP__ROW_END >> 1;
        for (const uint32_t *id; (id = tp__rows_next(&cursor)) && *id != TP__ROW_END; before = *id >> 1) {
            if (*id >> 1 != before) {
                columns[++at] = (int32_t)(*id >> 1);
                count = 0;
            }
            count += *id & 1 ? -1 : 1;
            const int64_t value = binary ? 1 : count;
            if (single)
                ((float *)(void *)h->matrix->data)[at] = (float)value;
            else
                ((double *)(void *)h->matrix->data)[at] = (double)value;
        }
        row_starts[r + 1] = at + 1;
    }
    return TP_OK;
}

static tp_status transform(hashing *h, tp_region *region)
{
    for (int i = 0; i < h->part_count; i++) {
        part *p = &h->parts[i];
        p->first = tp__part_begin(h->documents, i, h->part_count);
        p->count = tp__part_begin(h->documents, i + 1, h->part_count) - p->first;
        p->stored = 0;
        tp__rows_init(&p->rows);
    }
    TP__TRY(tp__run_parts(h->part_count, hash_part, h));
    int64_t stored = 0;
    for (int i = 0; i < h->part_count; i++) {
        h->parts[i].stored_before = stored;
        stored += h->parts[i].stored;
    }
    h->matrix =
        tp__csr_new(region, h->v->options.dtype, h->documents->count, h->v->options.n_features, stored);
    if (!h->matrix)
        return tp_error();
    TP__TRY(tp__run_parts(h->part_count, write_part, h));
    return tp_normalize_rows(h->matrix, h->v->options.norm);
}

tp_tensor *tp_hashing_vectorizer_transform(const tp_hashing_vectorizer *v, const tp_strings *documents)
{
    if (!v)
        return tp__null_argument("hashing_vectorizer_transform: vectorizer"), NULL;
    if (tp__strings_check(documents, "hashing_vectorizer_transform: documents") != TP_OK)
        return NULL;
    TP_FRAME("hashing_vectorizer");
    tp_region *region = tp_region_current();
    if (!region)
        return NULL;
    part one;
    hashing h = {.v = v, .documents = documents, .parts = &one, .part_count = tp__parts_of(documents)};
    if (h.part_count > 1 && !(h.parts = tp__malloc((size_t)h.part_count * sizeof *h.parts)))
        return NULL;
    const tp_status status = transform(&h, region);
    for (int i = 0; i < h.part_count; i++)
        tp__rows_free(&h.parts[i].rows);
    if (h.parts != &one)
        tp__free(h.parts);
    return status == TP_OK ? h.matrix : NULL;
}

tp_tensor *tp_hashing_vectorizer_transform_text(const tp_hashing_vectorizer *v, const char *text,
                                                size_t length)
{
    if (!text)
        return tp__null_argument("hashing_vectorizer_transform_text: text"), NULL;
    if (length > PTRDIFF_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "hashing_vectorizer_transform_text: a length of %zu", length);
    const int64_t offsets[] = {0, (int64_t)length};
    return tp_hashing_vectorizer_transform(v, &(tp_strings){1, text, offsets});
}
