/* Learning a vocabulary: count, prune, sort, number, and turn what was counted into the matrix. */
#include "text/count_vectorizer.h"
#include "base/strings.h"

#include <math.h>
#include <stdlib.h>

/* How often a token or a run occurs. */
typedef struct tally {
    int64_t occurrences;
    uint32_t documents;
    uint32_t last; /* document, from 1 */
} tally;

typedef struct term {
    uint64_t
        start; /* the first eight bytes, the first one highest, so that most comparisons are one of numbers */
    const char *bytes;
    uint32_t length, id;
    int64_t count;
} term;

/* A fit in progress. Documents are fed one by one. */
typedef struct fitting {
    tp_count_vectorizer *v;
    tp__grams grams;
    tp__analysis analysis;
    tp__rows rows; /* ids at first, columns in the end */
    int64_t documents;
    tally *tallies[2]; /* of tokens, and of runs */
    term *terms;
    size_t term_count;
    char *bytes; /* of the terms before they are sorted */
    tp__vocabulary *vocabulary;
    int32_t *columns[2];
    int64_t stored;
} fitting;

static bool is_run(uint32_t id)
{
    return id & TP__PAIR_BIT;
}

static uint32_t index_of(uint32_t id)
{
    return id & ~TP__PAIR_BIT;
}

static tp_status feed(fitting *f, const char *text, size_t length)
{
    if (f->documents >= UINT32_MAX)
        return tp_fail(TP_ERROR_UNSUPPORTED, "count_vectorizer: more than 2^32 - 1 documents");
    TP__TRY(tp__analyse(&f->analysis, text, length, f->documents));
    f->documents++;
    return tp__rows_push(&f->rows, f->analysis.row.at, f->analysis.row.count);
}

static tp_status tally_rows(fitting *f)
{
    f->tallies[0] = tp__calloc(f->grams.tokens.count, sizeof **f->tallies);
    f->tallies[1] = tp__calloc(f->grams.pair_count, sizeof **f->tallies);
    if (!f->tallies[0] || !f->tallies[1])
        return TP_ERROR_MEMORY;
    tp__rows_cursor cursor = tp__rows_begin(&f->rows);
    uint32_t document = 1;
    for (const uint32_t *id; (id = tp__rows_next(&cursor));) {
        if (*id == TP__ROW_END) {
            document++;
            continue;
        }
        tally *t = &f->tallies[is_run(*id)][index_of(*id)];
        t->occurrences++;
        if (t->last != document) {
            t->last = document;
            t->documents++;
        }
    }
    return TP_OK;
}

/* The terms that the document frequencies let pass, without their bytes. */
static tp_status select_terms(fitting *f)
{
    const tp_count_vectorizer_options *o = &f->v->options;
    const double n = (double)f->documents;
    /* A count that lets every term pass does not take part beside a fraction, nor the other way round: no
     * term depends on that, but which of two errors it is does. */
    const double low = o->min_df_fraction > 0 && o->min_df <= 1
                           ? o->min_df_fraction * n
                           : fmax((double)o->min_df, o->min_df_fraction * n);
    const double high = o->max_df < INT64_MAX && o->max_df_fraction >= 1
                            ? (double)o->max_df
                            : fmin((double)o->max_df, o->max_df_fraction * n);
    const size_t counts[2] = {f->grams.tokens.count, f->grams.pair_count};
    size_t found = 0, kept = 0;
    for (int runs = 0; runs < 2; runs++) {
        for (size_t i = 0; i < counts[runs]; i++) {
            const double documents = f->tallies[runs][i].documents;
            found += documents > 0;
            kept += documents > 0 && documents >= low && documents <= high;
        }
    }
    if (!found)
        return tp_fail(TP_ERROR_VALUE,
                       "count_vectorizer: empty vocabulary; perhaps the documents only contain stop words");
    if (high < low)
        return tp_fail(TP_ERROR_VALUE, "count_vectorizer: max_df corresponds to < documents than min_df");
    if (!kept)
        return tp_fail(TP_ERROR_VALUE, "count_vectorizer: After pruning, no terms remain. Try a lower min_df "
                                       "or a higher max_df.");
    if (kept >= TP__MAX_IDS - 1)
        return tp_fail(TP_ERROR_UNSUPPORTED, "count_vectorizer: a vocabulary of %zu terms", kept);
    f->terms = tp__malloc(kept * sizeof *f->terms);
    if (!f->terms)
        return TP_ERROR_MEMORY;
    for (int runs = 0; runs < 2; runs++) {
        for (size_t i = 0; i < counts[runs]; i++) {
            const tally *t = &f->tallies[runs][i];
            if (t->documents > 0 && t->documents >= low && t->documents <= high)
                f->terms[f->term_count++] =
                    (term){.id = (uint32_t)i | (runs ? TP__PAIR_BIT : 0),
                           .count = o->binary ? (int64_t)t->documents : t->occurrences};
        }
    }
    return TP_OK;
}

static tp_status write_terms(fitting *f)
{
    size_t size = 0;
    for (size_t i = 0; i < f->term_count; i++)
        size += tp__grams_term_length(&f->grams, f->terms[i].id);
    f->bytes = tp__malloc(size);
    if (!f->bytes)
        return TP_ERROR_MEMORY;
    char *at = f->bytes;
    for (size_t i = 0; i < f->term_count; i++) {
        term *t = &f->terms[i];
        const size_t length = tp__grams_term_length(&f->grams, t->id);
        if (length > UINT32_MAX)
            return tp_fail(TP_ERROR_UNSUPPORTED, "count_vectorizer: a term of %zu bytes", length);
        tp__grams_term(&f->grams, t->id, at);
        t->bytes = at;
        t->length = (uint32_t)length;
        t->start = 0;
        for (size_t b = 0; b < 8; b++)
            t->start = t->start << 8 | (b < length ? (unsigned char)at[b] : 0);
        at += length;
    }
    return TP_OK;
}

static int by_bytes(const void *left, const void *right)
{
    const term *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    const int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_count(const void *left, const void *right)
{
    const term *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count ? 1 : -1) : by_bytes(left, right);
}

static tp_status sort_terms(fitting *f)
{
    TP__TRY(write_terms(f));
    if (f->v->options.max_features < (int64_t)f->term_count) {
        qsort(f->terms, f->term_count, sizeof *f->terms, by_count);
        f->term_count = (size_t)f->v->options.max_features;
    }
    qsort(f->terms, f->term_count, sizeof *f->terms, by_bytes);
    return TP_OK;
}

/* The vocabulary of the sorted terms, and the column of each id. */
static tp_status number_terms(fitting *f)
{
    size_t size = 0;
    for (size_t i = 0; i < f->term_count; i++)
        size += f->terms[i].length;
    char *bytes = tp__malloc(size);
    int64_t *offsets = tp__malloc((f->term_count + 1) * sizeof *offsets);
    f->columns[0] = tp__malloc(f->grams.tokens.count * sizeof **f->columns);
    f->columns[1] = tp__malloc(f->grams.pair_count * sizeof **f->columns);
    if (!bytes || !offsets || !f->columns[0] || !f->columns[1]) {
        tp__free(bytes);
        tp__free(offsets);
        return TP_ERROR_MEMORY;
    }
    memset(f->columns[0], 0xFF, f->grams.tokens.count * sizeof **f->columns);
    memset(f->columns[1], 0xFF, f->grams.pair_count * sizeof **f->columns);
    offsets[0] = 0;
    for (size_t i = 0; i < f->term_count; i++) {
        const term *t = &f->terms[i];
        memcpy(bytes + offsets[i], t->bytes, t->length);
        offsets[i + 1] = offsets[i] + t->length;
        f->columns[is_run(t->id)][index_of(t->id)] = (int32_t)i;
    }
    f->vocabulary = tp__vocabulary_new((int64_t)f->term_count, bytes, offsets, f->v->options.stop_words);
    return f->vocabulary ? TP_OK : tp_error();
}

/* Turns the ids of the rows into sorted columns, in place: a row never grows. */
static tp_status number_rows(fitting *f)
{
    tp__rows_cursor from = tp__rows_begin(&f->rows), to = from;
    tp__ids *row = &f->analysis.row;
    row->count = 0;
    for (const uint32_t *id; (id = tp__rows_next(&from));) {
        if (*id != TP__ROW_END) {
            const int32_t column = f->columns[is_run(*id)][index_of(*id)];
            if (column >= 0)
                TP__TRY(tp__ids_push(row, (uint32_t)column));
            continue;
        }
        f->stored += (int64_t)tp__ids_sort(row->at, row->count);
        for (size_t i = 0; i < row->count; i++)
            *tp__rows_next(&to) = row->at[i];
        *tp__rows_next(&to) = TP__ROW_END;
        row->count = 0;
    }
    return TP_OK;
}

static tp_status fit(fitting *f, const tp_strings *documents)
{
    TP__TRY(tp__grams_init(&f->grams, f->v->options.stop_words));
    for (int64_t i = 0; i < documents->count; i++) {
        size_t length;
        const char *text = tp_string_at(documents, i, &length);
        TP__TRY(feed(f, text, length));
    }
    tp__word_cache_free(&f->analysis.cache);
    TP__TRY(tally_rows(f));
    TP__TRY(select_terms(f));
    TP__TRY(sort_terms(f));
    return number_terms(f);
}

static void end(fitting *f)
{
    tp__analysis_free(&f->analysis);
    tp__rows_free(&f->rows);
    tp__grams_free(&f->grams);
    for (int runs = 0; runs < 2; runs++) {
        tp__free(f->tallies[runs]);
        tp__free(f->columns[runs]);
    }
    tp__free(f->terms);
    tp__free(f->bytes);
    tp__vocabulary_free(f->vocabulary);
}

/* Fits, and makes the matrix in `region` unless that is NULL. */
static tp_status fit_documents(tp_count_vectorizer *v, const tp_strings *documents, tp_region *region,
                               tp_tensor **matrix)
{
    fitting f;
    f.v = v;
    f.grams = (tp__grams){0};
    tp__analysis_init(&f.analysis, &v->options, &f.grams, &f.grams, tp__cache_for(documents));
    tp__rows_init(&f.rows);
    f.documents = f.stored = 0;
    f.term_count = 0;
    f.terms = NULL;
    f.bytes = NULL;
    f.vocabulary = NULL;
    for (int runs = 0; runs < 2; runs++) {
        f.tallies[runs] = NULL;
        f.columns[runs] = NULL;
    }
    tp_status status = fit(&f, documents);
    if (status == TP_OK && region) {
        status = number_rows(&f);
        if (status == TP_OK) {
            *matrix = tp__rows_matrix(&f.rows, region, v->options.dtype, f.documents, (int64_t)f.term_count,
                                      f.stored, v->options.binary);
            status = *matrix ? TP_OK : tp_error();
        }
    }
    if (status == TP_OK) {
        tp__vocabulary_free(v->vocabulary);
        v->vocabulary = f.vocabulary;
        v->options.vocabulary = &v->vocabulary->terms;
        f.vocabulary = NULL;
    }
    end(&f);
    return status;
}

tp_status tp_count_vectorizer_fit(tp_count_vectorizer *v, const tp_strings *documents)
{
    if (!v)
        return tp__null_argument("count_vectorizer_fit: vectorizer");
    TP__TRY(tp__strings_check(documents, "count_vectorizer_fit: documents"));
    return v->given ? TP_OK : fit_documents(v, documents, NULL, NULL);
}

tp_tensor *tp_count_vectorizer_fit_transform(tp_count_vectorizer *v, const tp_strings *documents)
{
    if (!v)
        return tp__null_argument("count_vectorizer_fit_transform: vectorizer"), NULL;
    if (tp__strings_check(documents, "count_vectorizer_fit_transform: documents") != TP_OK)
        return NULL;
    if (v->given)
        return tp_count_vectorizer_transform(v, documents);
    tp_region *region = tp_region_current();
    tp_tensor *matrix = NULL;
    return region && fit_documents(v, documents, region, &matrix) == TP_OK ? matrix : NULL;
}
