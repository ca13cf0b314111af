/* Characters, hashes and tf-idf against scikit-learn (golden/text_features.py), and that no count depends on
 * the number of threads. */

#include "test.h"
#include "golden/text_random.h"
#include "golden/text_features.h"
#include "taper/hashing.h"
#include "taper/tfidf.h"
#include "taper/threads.h"

typedef struct corpus {
    char bytes[8192];
    int64_t offsets[16];
    tp_strings strings;
} corpus;

static const char *const *const pools[] = {text_plain, text_odd, text_few, text_few, text_stems};
static const int ranges[][2] = {{1, 1}, {1, 2}, {2, 3}, {3, 3}, {1, 4}, {5, 6}};
static const tp_row_norm norms[] = {TP_ROW_NORM_NONE, TP_ROW_NORM_L1, TP_ROW_NORM_L2};

static void draw_corpus(uint64_t *state, const char *const *pool, corpus *c)
{
    size_t at = 0;
    const int64_t count = 1 + (int64_t)random_below(state, 8);
    c->offsets[0] = 0;
    for (int64_t d = 0; d < count; d++) {
        at = random_text(state, 60, pool, c->bytes, at);
        c->offsets[d + 1] = (int64_t)at;
    }
    c->strings = (tp_strings){count, c->bytes, c->offsets};
}

/* What a deliberate mistake changes: the last bit of the first value of each matrix. */
static bool sabotage;

static void add_matrix(uint64_t *sum, tp_tensor *m)
{
    CHECK(m);
    if (!m)
        return;
    checksum_integer(sum, tp_size(m, 0));
    checksum_integer(sum, tp_size(m, 1));
    const int64_t *starts = tp_csr_row_starts(m);
    const int32_t *columns = tp_csr_columns(m);
    tp_tensor *values = tp_csr_values(m);
    const size_t size = tp_dtype_size(tp_dtype_of(m));
    for (int64_t r = 0; r < tp_size(m, 0); r++) {
        for (int64_t i = starts[r]; i < starts[r + 1]; i++) {
            char value[8];
            memcpy(value,
                   tp_dtype_of(m) == TP_F32 ? (const char *)(tp_data_f32(values) + i)
                                            : (const char *)(tp_data_f64(values) + i),
                   size);
            value[0] = (char)(value[0] ^ (sabotage && i == 0));
            checksum_integer(sum, columns[i]);
            checksum_bytes(sum, value, size);
        }
        checksum_integer(sum, -1);
    }
}

static void add_error(uint64_t *sum)
{
    const char *sentence = strstr(tp_error_message(), ": ");
    CHECK(tp_error() == TP_ERROR_VALUE && sentence);
    if (sentence)
        checksum_bytes(sum, sentence + 2, strlen(sentence + 2));
    tp_clear_error();
}

static uint64_t characters(uint64_t *state, const char *const *pool)
{
    static corpus docs, others;
    draw_corpus(state, pool, &docs);
    draw_corpus(state, pool, &others);
    uint64_t sum = CHECKSUM_START;
    const tp_analyzer analyzer = random_below(state, 2) ? TP_ANALYZER_CHAR_WB : TP_ANALYZER_CHAR;
    const int *range = ranges[random_below(state, 6)];
    const bool lower = random_below(state, 4) != 0;
    const int64_t min_df = 1 + (int64_t)random_below(state, 2);
    const bool binary = random_below(state, 3) == 0;
    tp_count_vectorizer *v =
        tp_count_vectorizer_new(.analyzer = analyzer, .ngram_min = range[0], .ngram_max = range[1],
                                .lowercase = lower, .min_df = min_df, .binary = binary);
    tp_tensor *m = tp_count_vectorizer_fit_transform(v, &docs.strings);
    if (!m) {
        add_error(&sum);
        return sum;
    }
    const tp_strings *terms = tp_count_vectorizer_terms(v);
    for (int64_t i = 0; i < terms->count; i++) {
        size_t length;
        const char *term = tp_string_at(terms, i, &length);
        CHECK(tp_count_vectorizer_find(v, term, length) == i);
        checksum_bytes(&sum, term, length);
        checksum_bytes(&sum, "\n", 1);
    }
    add_matrix(&sum, m);
    tp_tensor *t = tp_count_vectorizer_transform(v, &others.strings);
    add_matrix(&sum, t);
    tp_count_vectorizer *again =
        tp_count_vectorizer_from_vocabulary(terms, .analyzer = analyzer, .ngram_min = range[0],
                                            .ngram_max = range[1], .lowercase = lower, .binary = binary);
    CHECK(tp_equal(tp_to_dense(tp_count_vectorizer_transform(again, &others.strings)), tp_to_dense(t)));
    /* A row's terms are those of its columns. */
    tp_strings *row = tp_count_vectorizer_row_terms(v, m, 0);
    CHECK(row && row->count == tp_csr_row_starts(m)[1]);
    for (int64_t i = 0; row && i < row->count; i++) {
        size_t length;
        const char *term = tp_string_at(row, i, &length);
        CHECK(tp_count_vectorizer_find(v, term, length) == tp_csr_columns(m)[i]);
    }
    return sum;
}

static tp_strings *stop_list(void)
{
    static const char *const words[] = {"ab", "ba", "aa", "é", "a", "b"};
    return tp_strings_from_array(sizeof words / sizeof *words, words);
}

static uint64_t hashes(uint64_t *state, const char *const *pool)
{
    static const int64_t sizes[] = {1, 7, 64, 1000, 1 << 20, INT32_MAX};
    static const tp_analyzer analyzers[] = {TP_ANALYZER_WORD, TP_ANALYZER_WORD, TP_ANALYZER_CHAR,
                                            TP_ANALYZER_CHAR_WB};
    static corpus docs;
    draw_corpus(state, pool, &docs);
    uint64_t sum = CHECKSUM_START;
    tp_hashing_vectorizer_options o = {0};
    o.n_features = sizes[random_below(state, 6)];
    o.alternate_sign = random_below(state, 2) == 0;
    o.norm = norms[random_below(state, 3)];
    o.binary = random_below(state, 3) == 0;
    o.lowercase = random_below(state, 4) != 0;
    o.analyzer = analyzers[random_below(state, 4)];
    const int *range = ranges[random_below(state, 6)];
    o.ngram_min = range[0];
    o.ngram_max = range[1];
    o.stop_words = random_below(state, 3) == 0 ? stop_list() : NULL;
    o.dtype = random_below(state, 2) ? TP_F32 : TP_F64;
    o.min_token_length = random_below(state, 2) ? 1 : 2;
    tp_hashing_vectorizer *v = tp_hashing_vectorizer_new_with(&o);
    tp_tensor *m = tp_hashing_vectorizer_transform(v, &docs.strings);
    add_matrix(&sum, m);
    size_t length;
    const char *first = tp_string_at(&docs.strings, 0, &length);
    tp_tensor *one = tp_hashing_vectorizer_transform_text(v, first, length);
    CHECK(one && tp_nnz(one) == tp_csr_row_starts(m)[1]);
    return sum;
}

static uint64_t tfidf(uint64_t *state, const char *const *pool)
{
    static corpus docs, others;
    draw_corpus(state, pool, &docs);
    draw_corpus(state, pool, &others);
    uint64_t sum = CHECKSUM_START;
    const tp_dtype dtype = random_below(state, 2) ? TP_F32 : TP_F64;
    tp_tfidf_options o = {0};
    o.norm = norms[random_below(state, 3)];
    o.use_idf = random_below(state, 4) != 0;
    o.smooth_idf = random_below(state, 3) != 0;
    o.sublinear_tf = random_below(state, 2) == 0;
    tp_count_vectorizer *v = tp_count_vectorizer_new(.min_token_length = 1, .dtype = dtype);
    tp_tfidf *t = tp_tfidf_new_with(&o);
    tp_tensor *m = tp_tfidf_fit_transform_texts(t, v, &docs.strings);
    if (!m) {
        add_error(&sum);
        return sum;
    }
    add_matrix(&sum, m);
    tp_tensor *y = tp_tfidf_transform_texts(t, v, &others.strings);
    add_matrix(&sum, y);
    if (o.use_idf) {
        tp_tensor *idf = tp_tfidf_idf(t);
        const size_t size = (size_t)tp_numel(idf) * tp_dtype_size(dtype);
        checksum_bytes(
            &sum, dtype == TP_F32 ? (const char *)tp_data_f32(idf) : (const char *)tp_data_f64(idf), size);
        tp_tfidf *again = tp_tfidf_new_with(&o);
        CHECK(tp_tfidf_set_idf(again, idf) == TP_OK);
        tp_tensor *z = tp_tfidf_transform_texts(again, v, &others.strings);
        CHECK(tp_equal(tp_to_dense(z), tp_to_dense(y)));
    } else {
        CHECK(!tp_tfidf_idf(t));
    }
    return sum;
}

/* How many corpora of each kind come out otherwise. */
static int64_t compare(void)
{
    static uint64_t (*const functions[])(uint64_t *, const char *const *) = {characters, hashes, tfidf};
    static const uint64_t *const golden[] = {golden_characters, golden_hashes, golden_tfidf};
    static const char *const names[] = {"characters", "hashes", "tf-idf"};
    uint64_t state = 11;
    int64_t wrong = 0;
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < FEATURE_CORPORA; i++) {
            TP_SCOPE(corpus);
            const char *const *pool = pools[random_below(&state, 5)];
            const bool right = functions[k](&state, pool) == golden[k][i];
            wrong += !right;
            if (!right && !sabotage && wrong < 10)
                fprintf(stderr, "%s, corpus %d\n", names[k], i);
        }
    }
    return wrong;
}

static void test_golden(void)
{
    CHECK(compare() == 0);
    CHECK_OK();
    sabotage = true;
    CHECK(compare() > 1500);
    sabotage = false;
    CHECK_OK();
}

/* ---- Parts ---- */

#define LARGE 28000

static tp_strings large(void)
{
    static char bytes[LARGE * 400];
    static int64_t offsets[LARGE + 1];
    uint64_t state = 5;
    size_t at = 0;
    for (int64_t i = 0; i < LARGE; i++) {
        at = random_text(&state, 60, pools[random_below(&state, 5)], bytes, at);
        if (i % 7 == 0)
            at = random_word(&state, bytes + at) + at;
        offsets[i + 1] = (int64_t)at;
    }
    return (tp_strings){LARGE, bytes, offsets};
}

static void test_threads(void)
{
    const tp_strings documents = large();
    CHECK(documents.offsets[LARGE] > 8 << 17); /* enough for eight parts */
    const int before = tp_get_num_threads();
    for (int kind = 0; kind < 5; kind++) {
        TP_SCOPE(kind);
        tp_tensor *first = NULL, *first_again = NULL;
        const tp_strings *first_terms = NULL;
        for (int threads = 1; threads <= 8; threads += threads == 1 ? 2 : 5) {
            CHECK(tp_set_num_threads(threads) == TP_OK);
            tp_tensor *m, *again;
            if (kind < 3) {
                tp_count_vectorizer *v =
                    tp_count_vectorizer_new(.ngram_max = kind == 1 ? 3 : 1,
                                            .stem = kind == 0 ? TP_STEM_PORTER : TP_STEM_NONE,
                                            .analyzer = kind == 2 ? TP_ANALYZER_CHAR_WB : TP_ANALYZER_WORD,
                                            .min_df = 2, .max_features = 5000,
                                            .stop_words = kind == 1 ? stop_list() : NULL);
                m = tp_count_vectorizer_fit_transform(v, &documents);
                again = tp_count_vectorizer_transform(v, &documents);
                const tp_strings *terms = tp_count_vectorizer_terms(v);
                if (threads == 1)
                    first_terms = terms;
                CHECK(terms && terms->count == first_terms->count &&
                      !memcmp(terms->offsets, first_terms->offsets,
                              (size_t)(terms->count + 1) * sizeof *terms->offsets) &&
                      !memcmp(terms->bytes, first_terms->bytes, (size_t)terms->offsets[terms->count]));
            } else {
                tp_hashing_vectorizer *v =
                    tp_hashing_vectorizer_new(.ngram_max = kind == 4 ? 2 : 1, .n_features = 4096);
                m = tp_hashing_vectorizer_transform(v, &documents);
                again = tp_hashing_vectorizer_transform(v, &documents);
            }
            if (threads == 1) {
                first = m;
                first_again = again;
                continue;
            }
            uint64_t a = CHECKSUM_START, b = CHECKSUM_START;
            add_matrix(&a, first);
            add_matrix(&b, m);
            CHECK(a == b);
            a = b = CHECKSUM_START;
            add_matrix(&a, first_again);
            add_matrix(&b, again);
            CHECK(a == b);
        }
    }
    CHECK_OK();

    /* The first broken document is named, whichever thread met one first. */
    ((char *)documents.bytes)[documents.offsets[9000]] = '\xFF';
    ((char *)documents.bytes)[documents.offsets[11000]] = '\xFF';
    CHECK(tp_set_num_threads(8) == TP_OK);
    tp_count_vectorizer *v = tp_count_vectorizer_new();
    CHECK(!tp_count_vectorizer_fit_transform(v, &documents));
    CHECK_ERROR(TP_ERROR_FORMAT, "count_vectorizer: document 9000: byte 0 (0xFF) is not valid UTF-8");
    CHECK(!tp_hashing_vectorizer_transform(tp_hashing_vectorizer_new(), &documents));
    CHECK_ERROR(TP_ERROR_FORMAT, "hashing_vectorizer: document 9000: byte 0 (0xFF) is not valid UTF-8");
    CHECK(tp_set_num_threads(before) == TP_OK);
}

/* ---- Errors ---- */

static void test_errors(void)
{
    CHECK(tp_murmur_hash("", 0, 0) == 0 && tp_murmur_hash("", 0, 1) == 0x514E28B7u);
    CHECK(tp_murmur_hash("abc", 3, 0) == 0xB3DD93FAu && tp_murmur_hash("test", 4, 0) == 0xBA6BD213u);
    CHECK(!tp_hashing_vectorizer_new(.n_features = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "n_features is 0");
    CHECK(!tp_hashing_vectorizer_new(.n_features = INT64_C(1) << 31));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "n_features");
    CHECK(!tp_hashing_vectorizer_new(.norm = (tp_row_norm)9));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "norm 9");
    CHECK(!tp_hashing_vectorizer_new(.dtype = TP_I32));
    CHECK_ERROR(TP_ERROR_DTYPE, "int32");
    CHECK(!tp_hashing_vectorizer_new(.ngram_min = 3, .ngram_max = 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "ngram_min 3");
    CHECK(!tp_count_vectorizer_new(.analyzer = (tp_analyzer)7));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "analyzer 7");
    CHECK(tp_hashing_vectorizer_column(NULL, "a", 1, NULL) == -1);

    tp_tfidf *t = tp_tfidf_new();
    tp_tensor *m = tp_csr(TP_F32, 2, 3, 2, (int64_t[]){0, 1, 2}, (int32_t[]){0, 2}, (float[]){1, 2});
    CHECK(m && !tp_tfidf_transform(t, m));
    CHECK_ERROR(TP_ERROR_STATE, "not fitted");
    CHECK(tp_tfidf_fit(t, m) == TP_OK);
    tp_tensor *narrow = tp_csr(TP_F32, 1, 2, 1, (int64_t[]){0, 1}, (int32_t[]){0}, (float[]){1});
    CHECK(!tp_tfidf_transform(t, narrow));
    CHECK_ERROR(TP_ERROR_SHAPE, "counts of 2 terms; fitted were 3");
    CHECK(!tp_tfidf_transform(t, tp_zeros(TP_F32, 2, 3)));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "no CSR matrix");
    CHECK(!tp_tfidf_new(.norm = (tp_row_norm)5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "norm 5");
    CHECK(tp_normalize_rows(NULL, TP_ROW_NORM_L2) == TP_ERROR_ARGUMENT);
    tp_clear_error();
    CHECK_OK();
}

/* NULL for options makes what the macro makes with nothing given. */
static void test_no_options(void)
{
    TP_SCOPE(no_options);
    const tp_count_vectorizer_options *c =
                                          tp_count_vectorizer_get_options(tp_count_vectorizer_new_with(NULL)),
                                      *d = tp_count_vectorizer_get_options(tp_count_vectorizer_new());
    CHECK(c->lowercase == d->lowercase && c->stem == d->stem && c->min_token_length == d->min_token_length &&
          c->ngram_min == d->ngram_min && c->ngram_max == d->ngram_max && c->min_df == d->min_df &&
          c->max_df == d->max_df && c->max_features == d->max_features && c->dtype == d->dtype &&
          c->max_df_fraction == d->max_df_fraction && d->lowercase);
    const tp_hashing_vectorizer_options *h = tp_hashing_vectorizer_get_options(
                                            tp_hashing_vectorizer_new_with(NULL)),
                                        *i = tp_hashing_vectorizer_get_options(tp_hashing_vectorizer_new());
    CHECK(h->n_features == i->n_features && h->alternate_sign == i->alternate_sign && h->norm == i->norm &&
          h->lowercase == i->lowercase && h->ngram_max == i->ngram_max && i->n_features == 1048576);
    const tp_tfidf_options *t = tp_tfidf_get_options(tp_tfidf_new_with(NULL)),
                           *u = tp_tfidf_get_options(tp_tfidf_new());
    CHECK(t->norm == u->norm && t->use_idf == u->use_idf && t->smooth_idf == u->smooth_idf &&
          t->sublinear_tf == u->sublinear_tf && u->use_idf);
    CHECK(tp_stemmer_new_with(NULL));
    CHECK_OK();
}

/* Texts without white space stand in memory as one long word, and are as many texts all the same. */
static void test_one_word_texts(void)
{
    enum { TEXTS = 4000, SIZE = 8 };
    static char bytes[TEXTS * SIZE];
    static int64_t offsets[TEXTS + 1];
    TP_SCOPE(one_word);
    for (size_t i = 0; i < TEXTS; i++) {
        memcpy(bytes + i * SIZE, i % 2 ? "wordword" : "otherone", SIZE);
        offsets[i + 1] = (int64_t)((i + 1) * SIZE);
    }
    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new();
    const tp_tensor *counts =
        tp_count_vectorizer_fit_transform(vectorizer, &(const tp_strings){TEXTS, bytes, offsets});
    CHECK(counts && tp_nnz(counts) == TEXTS && tp_count_vectorizer_size(vectorizer) == 2);
    CHECK_OK();
}

int main(void)
{
    test_golden();
    test_no_options();
    test_one_word_texts();
    test_threads();
    test_errors();
    return test_end();
}
