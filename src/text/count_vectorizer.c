/* Count vectorizers: making them, asking them, and transforming. */
#include "text/count_vectorizer.h"
#include "base/strings.h"

static void forget(void *argument)
{
    tp_count_vectorizer *v = argument;
    tp__vocabulary_free(v->vocabulary);
}

static tp_status check_options(const tp_count_vectorizer_options *o)
{
    if (o->stem != TP_STEM_NONE && o->stem != TP_STEM_PORTER)
        return tp_fail(TP_ERROR_ARGUMENT, "count_vectorizer: stem %d is none of tp_stem", (int)o->stem);
    if (o->min_token_length < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "count_vectorizer: min_token_length is %lld, below 1",
                       (long long)o->min_token_length);
    if (o->ngram_min < 1 || o->ngram_max < o->ngram_min || o->ngram_max > 64)
        return tp_fail(
            TP_ERROR_ARGUMENT,
            "count_vectorizer: ngram_min %d and ngram_max %d, not 1 <= ngram_min <= ngram_max <= 64",
            o->ngram_min, o->ngram_max);
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
    if (o->stop_words)
        TP__TRY(tp__strings_check(o->stop_words, "count_vectorizer: stop_words"));
    if (o->vocabulary)
        TP__TRY(tp__strings_check(o->vocabulary, "count_vectorizer: vocabulary"));
    return TP_OK;
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

static size_t size_of_strings(const tp_strings *strings)
{
    return (size_t)(strings->offsets[strings->count] - strings->offsets[0]);
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
    v->vocabulary = tp__vocabulary_new(terms->count, bytes, offsets, v->options.stop_words);
    if (!v->vocabulary)
        return tp_error();
    v->options.vocabulary = &v->vocabulary->terms;
    v->given = true;
    return TP_OK;
}

tp_count_vectorizer *tp_count_vectorizer_new_with(const tp_count_vectorizer_options *options)
{
    if (!options)
        return tp__null_argument("count_vectorizer_new: options"), NULL;
    if (check_options(options) != TP_OK)
        return NULL;
    tp_region *region = tp_region_current();
    tp_count_vectorizer *v = region ? tp__region_bump(region, sizeof *v) : NULL;
    if (!v)
        return NULL;
    *v = (tp_count_vectorizer){.options = *options};
    v->options.vocabulary = NULL;
    if (options->stop_words) {
        char *bytes;
        int64_t *offsets;
        v->options.stop_words = tp__strings_new(region, options->stop_words->count,
                                                size_of_strings(options->stop_words), &bytes, &offsets);
        if (!v->options.stop_words)
            return NULL;
        copy_strings(options->stop_words, bytes, offsets);
    }
    if (tp_region_on_end(region, forget, v) != TP_OK)
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

tp_tensor *tp_count_vectorizer_transform(const tp_count_vectorizer *v, const tp_strings *documents)
{
    if (!v)
        return tp__null_argument("count_vectorizer_transform: vectorizer"), NULL;
    if (tp__strings_check(documents, "count_vectorizer_transform: documents") != TP_OK)
        return NULL;
    if (!v->vocabulary)
        return tp__fail_null(TP_ERROR_STATE, "count_vectorizer: Vocabulary not fitted or provided");
    tp_region *region = tp_region_current();
    if (!region)
        return NULL;
    tp__analysis a;
    tp__rows rows;
    tp__analysis_init(&a, &v->options, &v->vocabulary->grams, NULL, tp__cache_for(documents));
    tp__rows_init(&rows);
    tp_status status = TP_OK;
    int64_t stored = 0;
    for (int64_t i = 0; status == TP_OK && i < documents->count; i++) {
        size_t length;
        const char *text = tp_string_at(documents, i, &length);
        status = tp__analyse(&a, text, length, i);
        if (status == TP_OK)
            status = push_row(v->vocabulary, &a, &rows, &stored);
    }
    tp__analysis_free(&a);
    tp_tensor *matrix = status != TP_OK
                            ? NULL
                            : tp__rows_matrix(&rows, region, v->options.dtype, documents->count,
                                              v->vocabulary->terms.count, stored, v->options.binary);
    tp__rows_free(&rows);
    return matrix;
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
