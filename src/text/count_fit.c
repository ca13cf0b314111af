/* Learning a vocabulary: count, prune, sort, number, and turn what was counted into the matrix.
 *
 * The documents are cut into parts, which threads count each with ids of their own. These are then put
 * together under the ids of the first part, and end as columns in the order of terms, so that nothing depends
 * on where the cuts were. */
#include "text/count_vectorizer.h"
#include "base/strings.h"
#include "tensor/csr.h"
#include "text/parts.h"

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

/* The documents of one thread. */
typedef struct part {
    int64_t first, count;
    tp__grams grams;
    tp__word_table known;
    tp__analysis analysis;
    tp__rows rows;     /* ids at first, columns in the end */
    tally *tallies[2]; /* of tokens, and of runs */
    uint32_t *ids[2];  /* under which the fit knows them; NULL: the same */
    size_t id_counts[2];
    int32_t *columns[2]; /* by the part's own ids; -1: none */
    int64_t stored, stored_before;
} part;

/* A fit in progress. `grams` and `tallies` are those of the first part, grown by those of the others. */
typedef struct fitting {
    tp_count_vectorizer *v;
    const tp_strings *documents;
    part *parts;
    int part_count;
    tp__grams *grams;
    tally **tallies;
    term *terms;
    size_t term_count;
    char *bytes; /* of the terms before they are sorted */
    tp__vocabulary *vocabulary;
    int32_t *columns[2];
    tp_tensor *matrix;
} fitting;

static bool is_run(uint32_t id)
{
    return id & TP__PAIR_BIT;
}

static uint32_t index_of(uint32_t id)
{
    return id & ~TP__PAIR_BIT;
}

static tp_status tally_rows(part *p)
{
    p->tallies[0] = tp__calloc(p->grams.tokens.count, sizeof **p->tallies);
    p->tallies[1] = tp__calloc(p->grams.pair_count, sizeof **p->tallies);
    if (!p->tallies[0] || !p->tallies[1])
        return TP_ERROR_MEMORY;
    tp__rows_cursor cursor = tp__rows_begin(&p->rows);
    uint32_t document = 1;
    for (const uint32_t *id; (id = tp__rows_next(&cursor));) {
        if (*id == TP__ROW_END) {
            document++;
            continue;
        }
        tally *t = &p->tallies[is_run(*id)][index_of(*id)];
        t->occurrences++;
        if (t->last != document) {
            t->last = document;
            t->documents++;
        }
    }
    return TP_OK;
}

static tp_status count_part(void *context, int index)
{
    fitting *f = context;
    part *p = &f->parts[index];
    TP__TRY(tp__grams_init(&p->grams, tp__stop_words_of(&f->v->options)));
    const tp_strings *documents = f->documents;
    const int64_t end = documents->offsets[documents->count];
    for (int64_t i = p->first; i < p->first + p->count; i++) {
        size_t length;
        const char *text = tp_string_at(documents, i, &length);
        TP__TRY(tp__analyse(&p->analysis, text, length, (size_t)(end - documents->offsets[i]), i));
        TP__TRY(tp__rows_push(&p->rows, p->analysis.row.at, p->analysis.row.count));
    }
    tp__word_table_free(&p->known);
    return tally_rows(p);
}

static tp_status grow_tallies(fitting *f, int runs, size_t before, size_t now)
{
    tally *more = tp__realloc(f->tallies[runs], now * sizeof *more);
    if (!more)
        return TP_ERROR_MEMORY;
    memset(more + before, 0, (now - before) * sizeof *more);
    f->tallies[runs] = more;
    return TP_OK;
}

/* Puts a part's tokens and runs among those of the first part. A run stands behind what it begins with. */
static tp_status merge_part(fitting *f, part *p)
{
    const size_t tokens = p->grams.tokens.count, pairs = p->grams.pair_count;
    const size_t tokens_before = f->grams->tokens.count, pairs_before = f->grams->pair_count;
    p->ids[0] = tp__malloc(tokens * sizeof **p->ids);
    p->ids[1] = tp__malloc(pairs * sizeof **p->ids);
    if (!p->ids[0] || !p->ids[1])
        return TP_ERROR_MEMORY;
    for (size_t i = 0; i < tokens; i++) {
        size_t length;
        const char *bytes = tp__interned_bytes(&p->grams.tokens, (uint32_t)i, &length);
        TP__TRY(tp__grams_add_token(f->grams, bytes, length, &p->ids[0][i]));
    }
    for (size_t i = 0; i < pairs; i++) {
        const tp__pair pair = p->grams.pairs[i];
        const uint32_t left = p->ids[is_run(pair.left)][index_of(pair.left)];
        TP__TRY(tp__grams_add_pair(f->grams, left, p->ids[0][pair.token], &p->ids[1][i]));
    }
    TP__TRY(grow_tallies(f, 0, tokens_before, f->grams->tokens.count));
    TP__TRY(grow_tallies(f, 1, pairs_before, f->grams->pair_count));
    p->id_counts[0] = tokens;
    p->id_counts[1] = pairs;
    for (int runs = 0; runs < 2; runs++) {
        for (size_t i = 0; i < p->id_counts[runs]; i++) {
            tally *t = &f->tallies[runs][index_of(p->ids[runs][i])];
            t->occurrences += p->tallies[runs][i].occurrences;
            t->documents += p->tallies[runs][i].documents;
        }
        tp__free(p->tallies[runs]);
        p->tallies[runs] = NULL;
    }
    tp__grams_free(&p->grams);
    return TP_OK;
}

/* The terms that the document frequencies let pass, without their bytes. */
static tp_status select_terms(fitting *f)
{
    const tp_count_vectorizer_options *o = &f->v->options;
    const double n = (double)f->documents->count;
    /* A count that lets every term pass does not take part beside a fraction, nor the other way round: no
     * term depends on that, but which of two errors it is does. */
    const double low = o->min_df_fraction > 0 && o->min_df <= 1
                           ? o->min_df_fraction * n
                           : fmax((double)o->min_df, o->min_df_fraction * n);
    const double high = o->max_df < INT64_MAX && o->max_df_fraction >= 1
                            ? (double)o->max_df
                            : fmin((double)o->max_df, o->max_df_fraction * n);
    const size_t counts[2] = {f->grams->tokens.count, f->grams->pair_count};
    size_t found = 0, kept = 0;
    for (int runs = 0; runs < 2; runs++) {
        for (size_t i = 0; i < counts[runs]; i++) {
            const double documents = f->tallies[runs][i].documents;
            found += documents > 0;
            kept += documents > 0 && documents >= low && documents <= high;
        }
    }
    if (!found)
        return tp_fail(TP_ERROR_VALUE, "empty vocabulary; perhaps the documents only contain stop words");
    if (high < low)
        return tp_fail(TP_ERROR_VALUE, "max_df corresponds to < documents than min_df");
    if (!kept)
        return tp_fail(TP_ERROR_VALUE, "After pruning, no terms remain. Try a lower min_df "
                                       "or a higher max_df.");
    if (kept >= TP__MAX_IDS - 1)
        return tp_fail(TP_ERROR_UNSUPPORTED, "a vocabulary of %zu terms", kept);
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
        size += tp__grams_term_length(f->grams, f->terms[i].id);
    f->bytes = tp__malloc(size);
    if (!f->bytes)
        return TP_ERROR_MEMORY;
    char *at = f->bytes;
    for (size_t i = 0; i < f->term_count; i++) {
        term *t = &f->terms[i];
        const size_t length = tp__grams_term_length(f->grams, t->id);
        if (length > UINT32_MAX)
            return tp_fail(TP_ERROR_UNSUPPORTED, "a term of %zu bytes", length);
        tp__grams_term(f->grams, t->id, at);
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
    f->columns[0] = tp__malloc(f->grams->tokens.count * sizeof **f->columns);
    f->columns[1] = tp__malloc(f->grams->pair_count * sizeof **f->columns);
    if (!bytes || !offsets || !f->columns[0] || !f->columns[1]) {
        tp__free(bytes);
        tp__free(offsets);
        return TP_ERROR_MEMORY;
    }
    memset(f->columns[0], 0xFF, f->grams->tokens.count * sizeof **f->columns);
    memset(f->columns[1], 0xFF, f->grams->pair_count * sizeof **f->columns);
    offsets[0] = 0;
    for (size_t i = 0; i < f->term_count; i++) {
        const term *t = &f->terms[i];
        memcpy(bytes + offsets[i], t->bytes, t->length);
        offsets[i + 1] = offsets[i] + t->length;
        f->columns[is_run(t->id)][index_of(t->id)] = (int32_t)i;
    }
    f->vocabulary = tp__vocabulary_new((int64_t)f->term_count, bytes, offsets, f->v->options.stop_words,
                                       f->v->options.analyzer != TP_ANALYZER_WORD);
    return f->vocabulary ? TP_OK : tp_error();
}

/* Columns by the ids of a part, out of those by the ids of the fit. */
static int32_t *columns_of(const part *p, const fitting *f, int runs, size_t count)
{
    int32_t *columns = tp__malloc(count * sizeof *columns);
    for (size_t i = 0; columns && i < count; i++)
        columns[i] = f->columns[runs][index_of(p->ids[runs][i])];
    return columns;
}

/* Turns the ids of the rows into sorted columns, in place: a row never grows. */
static tp_status number_part(void *context, int index)
{
    fitting *f = context;
    part *p = &f->parts[index];
    int32_t *const *columns = f->columns;
    if (p->ids[0]) {
        columns = p->columns;
        for (int runs = 0; runs < 2; runs++)
            if (!(p->columns[runs] = columns_of(p, f, runs, p->id_counts[runs])))
                return TP_ERROR_MEMORY;
    }
    tp__rows_cursor from = tp__rows_begin(&p->rows), to = from;
    tp__ids *row = &p->analysis.row;
    row->count = 0;
    for (const uint32_t *id; (id = tp__rows_next(&from));) {
        if (*id != TP__ROW_END) {
            const int32_t column = columns[is_run(*id)][index_of(*id)];
            if (column >= 0)
                TP__TRY(tp__ids_push(row, (uint32_t)column));
            continue;
        }
        p->stored += (int64_t)tp__ids_sort(row->at, row->count);
        for (size_t i = 0; i < row->count; i++)
            *tp__rows_next(&to) = row->at[i];
        *tp__rows_next(&to) = TP__ROW_END;
        row->count = 0;
    }
    return TP_OK;
}

static tp_status write_part(void *context, int index)
{
    fitting *f = context;
    part *p = &f->parts[index];
    tp__rows_write(&p->rows, f->matrix, p->first, p->count, p->stored_before, f->v->options.binary);
    return TP_OK;
}

static tp_status make_matrix(fitting *f, tp_region *region)
{
    TP__TRY(tp__run_parts(f->part_count, number_part, f));
    int64_t stored = 0;
    for (int i = 0; i < f->part_count; i++) {
        f->parts[i].stored_before = stored;
        stored += f->parts[i].stored;
    }
    f->matrix = tp__csr_new(region, f->v->options.dtype, f->documents->count, (int64_t)f->term_count, stored);
    return f->matrix ? tp__run_parts(f->part_count, write_part, f) : tp_error();
}

static tp_status fit(fitting *f)
{
    if (f->documents->count >= UINT32_MAX)
        return tp_fail(TP_ERROR_UNSUPPORTED, "more than 2^32 - 2 documents");
    TP__TRY(tp__run_parts(f->part_count, count_part, f));
    f->grams = &f->parts[0].grams;
    f->tallies = f->parts[0].tallies;
    for (int i = 1; i < f->part_count; i++)
        TP__TRY(merge_part(f, &f->parts[i]));
    TP__TRY(select_terms(f));
    TP__TRY(sort_terms(f));
    return number_terms(f);
}

static bool begin(fitting *f)
{
    f->part_count = tp__parts_of(f->documents);
    f->parts = tp__calloc((size_t)f->part_count, sizeof *f->parts);
    for (int i = 0; f->parts && i < f->part_count; i++) {
        part *p = &f->parts[i];
        p->first = tp__part_begin(f->documents, i, f->part_count);
        p->count = tp__part_begin(f->documents, i + 1, f->part_count) - p->first;
        p->known.limit = TP__FIT_WORDS / (size_t)f->part_count;
        tp__analysis_init(&p->analysis, &f->v->options, &p->grams, &p->grams, &p->known);
        tp__rows_init(&p->rows);
    }
    return f->parts;
}

static void end(fitting *f)
{
    for (int i = 0; f->parts && i < f->part_count; i++) {
        part *p = &f->parts[i];
        tp__word_table_free(&p->known);
        tp__analysis_free(&p->analysis);
        tp__rows_free(&p->rows);
        tp__grams_free(&p->grams);
        for (int runs = 0; runs < 2; runs++) {
            tp__free(p->tallies[runs]);
            tp__free(p->ids[runs]);
            tp__free(p->columns[runs]);
        }
    }
    tp__free(f->parts);
    tp__free(f->columns[0]);
    tp__free(f->columns[1]);
    tp__free(f->terms);
    tp__free(f->bytes);
    tp__vocabulary_free(f->vocabulary);
}

/* Fits, and makes the matrix in `region` unless that is NULL. */
static tp_status fit_documents(tp_count_vectorizer *v, const tp_strings *documents, tp_region *region,
                               tp_tensor **matrix)
{
    TP_FRAME("count_vectorizer");
    fitting f = {.v = v, .documents = documents};
    tp_status status = begin(&f) ? fit(&f) : TP_ERROR_MEMORY;
    if (status == TP_OK && region) {
        status = make_matrix(&f, region);
        *matrix = f.matrix;
    }
    if (status == TP_OK) {
        tp__known_words_forget(v->known);
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
