/* Count vectorizers: making them, asking them, and transforming. */
#include "text/count_vectorizer.h"
#include "base/strings.h"
#include "tensor/csr.h"
#include "text/parts.h"

static void forget(void *argument)
{
    tp_count_vectorizer *v = argument;
    tp__vocabulary_free(v->vocabulary);
}

tp_status tp__check_analysis(const char *name, const tp_count_vectorizer_options *o)
{
    if (o->analyzer != TP_ANALYZER_WORD && o->analyzer != TP_ANALYZER_CHAR &&
        o->analyzer != TP_ANALYZER_CHAR_WB)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: analyzer %d is none of tp_analyzer", name, (int)o->analyzer);
    if (o->stem != TP_STEM_NONE && o->stem != TP_STEM_PORTER)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: stem %d is none of tp_stem", name, (int)o->stem);
    if (o->min_token_length < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "%s: min_token_length is %lld, below 1", name,
                       (long long)o->min_token_length);
    if (o->ngram_min < 1 || o->ngram_max < o->ngram_min || o->ngram_max > 64)
        return tp_fail(TP_ERROR_ARGUMENT,
                       "%s: ngram_min %d and ngram_max %d, not 1 <= ngram_min <= ngram_max <= 64", name,
                       o->ngram_min, o->ngram_max);
    return o->stop_words ? tp__strings_check(o->stop_words, "stop_words") : TP_OK;
}

static tp_status check_options(const tp_count_vectorizer_options *o)
{
    TP__TRY(tp__check_analysis("count_vectorizer", o));
    if (o->min_df < 0 || o->max_df < 0)
        return tp_fail(TP_ERROR_ARGUMENT, "count_vectorizer: min_df %lld or max_df %lld is negative",
                       (long long)o->min_df, (long long)o->max_df);
    if (!(o->min_df_fraction >= 0 && o->min_df_fraction <= 1 && o->max_df_fraction >= 0 &&
          o->max_df_fraction <= 1))
        return tp_fail(TP_ERROR_ARGUMENT,
                       "count_vectorizer: min_df_fraction %g or max_df_fraction %g is not between 0 and 1",
                       o->min_df_fraction, o->max_df_fraction);
    if (o->max_features < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "count_vectorizer: max_features is %lld, below 1",
                       (long long)o->max_features);
    if (o->dtype != TP_F32 && o->dtype != TP_F64 && o->dtype != TP_I32 && o->dtype != TP_I64)
        return tp_fail(TP_ERROR_DTYPE,
                       "count_vectorizer: counts are float32, float64, int32 or int64, not %s",
                       tp_dtype_name(o->dtype));
    if (o->vocabulary)
        TP__TRY(tp__strings_check(o->vocabulary, "count_vectorizer: vocabulary"));
    return TP_OK;
}

static size_t size_of_strings(const tp_strings *strings)
{
    return (size_t)(strings->offsets[strings->count] - strings->offsets[0]);
}

/* Texts from 0 on, in two arrays that the caller makes room for. */
static void copy_strings(const tp_strings *from, char *bytes, int64_t *offsets)
{
    const int64_t first = from->offsets[0];
    for (int64_t i = 0; i <= from->count; i++)
        offsets[i] = from->offsets[i] - first;
    if (offsets[from->count])
        memcpy(bytes, from->bytes + first, (size_t)offsets[from->count]);
}

tp_strings *tp__strings_copy(tp_region *region, const tp_strings *strings)
{
    char *bytes;
    int64_t *offsets;
    tp_strings *copy = tp__strings_new(region, strings->count, size_of_strings(strings), &bytes, &offsets);
    if (copy)
        copy_strings(strings, bytes, offsets);
    return copy;
}

static tp_status take_vocabulary(tp_count_vectorizer *v, const tp_strings *terms)
{
    if (!terms->count)
        return tp_fail(TP_ERROR_VALUE, "count_vectorizer: vocabulary is empty");
    if (terms->count >= (int64_t)TP__MAX_IDS - 1)
        return tp_fail(TP_ERROR_UNSUPPORTED, "count_vectorizer: a vocabulary of %lld terms",
                       (long long)terms->count);
    char *bytes = tp__malloc(size_of_strings(terms));
    int64_t *offsets = tp__malloc(((size_t)terms->count + 1) * sizeof *offsets);
    if (!bytes || !offsets) {
        tp__free(bytes);
        tp__free(offsets);
        return TP_ERROR_MEMORY;
    }
    copy_strings(terms, bytes, offsets);
    v->vocabulary = tp__vocabulary_new(terms->count, bytes, offsets, tp__stop_words_of(&v->options),
                                       v->options.analyzer != TP_ANALYZER_WORD);
    if (!v->vocabulary)
        return tp_error();
    v->options.vocabulary = &v->vocabulary->terms;
    v->given = true;
    return TP_OK;
}

tp_count_vectorizer *tp_count_vectorizer_new_with(const tp_count_vectorizer_options *options)
{
    if (!options)
        return tp_count_vectorizer_new();
    if (check_options(options) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_count_vectorizer *v = region ? tp__region_bump(region, sizeof *v) : NULL;
    if (!v)
        return NULL;
    *v = (tp_count_vectorizer){.options = *options};
    v->options.vocabulary = NULL;
    if (options->stop_words) {
        v->options.stop_words = tp__strings_copy(region, options->stop_words);
        if (!v->options.stop_words)
            return NULL;
    }
    v->known = tp__known_words_new(region);
    if (!v->known || tp_region_on_end(region, forget, v) != TP_OK)
        return NULL;
    if (options->vocabulary && take_vocabulary(v, options->vocabulary) != TP_OK)
        return NULL;
    return v;
}

int64_t tp_count_vectorizer_size(const tp_count_vectorizer *v)
{
    return v && v->vocabulary ? v->vocabulary->terms.count : -1;
}

const tp_strings *tp_count_vectorizer_terms(const tp_count_vectorizer *v)
{
    return v && v->vocabulary ? &v->vocabulary->terms : NULL;
}

tp_strings *tp_count_vectorizer_row_terms(const tp_count_vectorizer *v, const tp_tensor *matrix, int64_t row)
{
    if (!v || !matrix)
        return tp__null_argument(v ? "row_terms: matrix" : "row_terms: vectorizer"), NULL;
    if (!v->vocabulary)
        return tp__fail_null(TP_ERROR_STATE, "count_vectorizer: Vocabulary not fitted or provided");
    if (matrix->layout != TP__CSR || matrix->shape[1] != v->vocabulary->terms.count)
        return tp__fail_null(TP_ERROR_SHAPE, "row_terms: the matrix is no CSR matrix of %lld columns",
                             (long long)v->vocabulary->terms.count);
    if (row < 0 || row >= matrix->shape[0])
        return tp__fail_null(TP_ERROR_INDEX, "row_terms: row %lld of %lld", (long long)row,
                             (long long)matrix->shape[0]);
    const int64_t *starts = matrix->csr->row_starts;
    const int32_t *columns = matrix->csr->columns + (starts[row] - starts[0]);
    const int64_t count = starts[row + 1] - starts[row];
    size_t size = 0, length;
    for (int64_t i = 0; i < count; i++) {
        tp_string_at(&v->vocabulary->terms, columns[i], &length);
        size += length;
    }
    char *bytes;
    int64_t *offsets;
    tp_strings *terms = tp__strings_new(tp_region_current(), count, size, &bytes, &offsets);
    for (int64_t i = 0; terms && i < count; i++) {
        const char *term = tp_string_at(&v->vocabulary->terms, columns[i], &length);
        memcpy(bytes + offsets[i], term, length);
        offsets[i + 1] = offsets[i] + (int64_t)length;
    }
    return terms;
}

int64_t tp_count_vectorizer_find(const tp_count_vectorizer *v, const char *term, size_t length)
{
    if (!v || !v->vocabulary || !term)
        return -1;
    const uint32_t id = tp__vocabulary_find(v->vocabulary, term, length);
    return id == TP__NO_ID ? -1 : tp__vocabulary_column(v->vocabulary, id);
}

const tp_count_vectorizer_options *tp_count_vectorizer_get_options(const tp_count_vectorizer *v)
{
    return v ? &v->options : NULL;
}

/* Reads the row of `a` as columns, sorted, into the stream. */
static tp_status push_row(const tp__vocabulary *vocabulary, tp__analysis *a, tp__rows *rows, int64_t *stored)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->row.count; i++) {
        const int32_t column = tp__vocabulary_column(vocabulary, a->row.at[i]);
        if (column >= 0)
            a->row.at[kept++] = (uint32_t)column;
    }
    *stored += (int64_t)tp__ids_sort(a->row.at, kept);
    return tp__rows_push(rows, a->row.at, kept);
}

/* The documents of one thread. */
typedef struct part {
    int64_t first, count;
    tp__rows rows;
    int64_t stored, stored_before;
} part;

typedef struct transforming {
    const tp_count_vectorizer *v;
    const tp_strings *documents;
    part *parts;
    int part_count;
    tp_tensor *matrix;
} transforming;

static tp_status count_documents(const transforming *t, part *p, tp__analysis *a)
{
    const int64_t end = t->documents->offsets[t->documents->count];
    for (int64_t i = p->first; i < p->first + p->count; i++) {
        size_t length;
        const char *text = tp_string_at(t->documents, i, &length);
        TP__TRY(tp__analyse(a, text, length, (size_t)(end - t->documents->offsets[i]), i));
        TP__TRY(push_row(t->v->vocabulary, a, &p->rows, &p->stored));
    }
    return TP_OK;
}

static tp_status count_part(void *context, int index)
{
    const transforming *t = context;
    tp__known_table *known = tp__known_words_take(t->v->known);
    if (!known)
        return TP_ERROR_MEMORY;
    tp__analysis a;
    tp__analysis_init(&a, &t->v->options, &t->v->vocabulary->grams, NULL, &known->words);
    const tp_status status = count_documents(t, &t->parts[index], &a);
    tp__analysis_free(&a);
    tp__known_words_give(t->v->known, known);
    return status;
}

static tp_status write_part(void *context, int index)
{
    const transforming *t = context;
    part *p = &t->parts[index];
    tp__rows_write(&p->rows, t->matrix, p->first, p->count, p->stored_before, t->v->options.binary);
    return TP_OK;
}

static tp_status transform(transforming *t, tp_region *region)
{
    for (int i = 0; i < t->part_count; i++) {
        part *p = &t->parts[i];
        p->first = tp__part_begin(t->documents, i, t->part_count);
        p->count = tp__part_begin(t->documents, i + 1, t->part_count) - p->first;
        p->stored = 0;
        tp__rows_init(&p->rows);
    }
    TP__TRY(tp__run_parts(t->part_count, count_part, t));
    int64_t stored = 0;
    for (int i = 0; i < t->part_count; i++) {
        t->parts[i].stored_before = stored;
        stored += t->parts[i].stored;
    }
    t->matrix =
        tp__csr_new(region, t->v->options.dtype, t->documents->count, t->v->vocabulary->terms.count, stored);
    return t->matrix ? tp__run_parts(t->part_count, write_part, t) : tp_error();
}

tp_tensor *tp_count_vectorizer_transform(const tp_count_vectorizer *v, const tp_strings *documents)
{
    if (!v)
        return tp__null_argument("count_vectorizer_transform: vectorizer"), NULL;
    if (tp__strings_check(documents, "count_vectorizer_transform: documents") != TP_OK)
        return NULL;
    TP_FRAME("count_vectorizer");
    if (!v->vocabulary)
        return tp__fail_null(TP_ERROR_STATE, "Vocabulary not fitted or provided");
    tp_region *region = tp_region_current();
    if (!region)
        return NULL;
    part one;
    transforming t = {.v = v, .documents = documents, .parts = &one, .part_count = tp__parts_of(documents)};
    if (t.part_count > 1 && !(t.parts = tp__malloc((size_t)t.part_count * sizeof *t.parts)))
        return NULL;
    const tp_status status = transform(&t, region);
    for (int i = 0; i < t.part_count; i++)
        tp__rows_free(&t.parts[i].rows);
    if (t.parts != &one)
        tp__free(t.parts);
    return status == TP_OK ? t.matrix : NULL;
}

tp_tensor *tp_count_vectorizer_transform_text(const tp_count_vectorizer *v, const char *text, size_t length)
{
    if (!text)
        return tp__null_argument("count_vectorizer_transform_text: text"), NULL;
    if (length > PTRDIFF_MAX)
        return tp__fail_null(TP_ERROR_ARGUMENT, "count_vectorizer_transform_text: a length of %zu", length);
    const int64_t offsets[] = {0, (int64_t)length};
    return tp_count_vectorizer_transform(v, &(tp_strings){1, text, offsets});
}
