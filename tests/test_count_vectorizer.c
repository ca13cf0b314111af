/* Counts against scikit-learn's CountVectorizer. */
#include <pthread.h>

#include "test.h"
#include "base/memory.h"
#include "golden/text_random.h"
#include "golden/count_vectorizer.h"
#include "taper/text.h"

/* ---- The corpora of golden/count_vectorizer.py ---- */

typedef struct corpus {
    char bytes[8192];
    int64_t offsets[16];
    tp_strings strings;
} corpus;

static void draw_corpus(uint64_t *state, const char *const *pool, corpus *c)
{
    size_t at = 0;
    const int64_t count = 1 + (int64_t)random_below(state, 8);
    c->offsets[0] = 0;
    for (int64_t d = 0; d < count; d++) {
        at = random_text(state, 60, pool, c->bytes, at);
        if (pool == text_stems) {
            for (uint64_t n = random_below(state, 6); n; n--) {
                at = random_text(state, 5, pool, c->bytes, at);
                at = random_piece(state, text_suffixes, c->bytes, at);
                c->bytes[at++] = ' ';
            }
        }
        c->offsets[d + 1] = (int64_t)at;
    }
    c->strings = (tp_strings){count, c->bytes, c->offsets};
}

static void add_terms(uint64_t *sum, const tp_strings *terms)
{
    for (int64_t i = 0; terms && i < terms->count; i++) {
        size_t length;
        const char *term = tp_string_at(terms, i, &length);
        checksum_bytes(sum, term, length);
        checksum_bytes(sum, "\n", 1);
    }
}

static int64_t value_at(tp_tensor *values, int64_t i)
{
    switch (tp_dtype_of(values)) {
    case TP_F32:
        return (int64_t)tp_data_f32(values)[i];
    case TP_F64:
        return (int64_t)tp_data_f64(values)[i];
    case TP_I32:
        return tp_data_i32(values)[i];
    default:
        return tp_data_i64(values)[i];
    }
}

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
    for (int64_t r = 0; r < tp_size(m, 0); r++) {
        for (int64_t i = starts[r]; i < starts[r + 1]; i++) {
            checksum_integer(sum, columns[i]);
            checksum_integer(sum, value_at(values, i));
        }
        checksum_integer(sum, -1);
    }
}

static tp_strings *stop_list(void)
{
    static const char *const words[] = {"ab", "ba", "aa", "é", "éé", "abb", "bb", "the", "01", "_"};
    return tp_strings_from_array(sizeof words / sizeof *words, words);
}

static tp_count_vectorizer_options draw_options(uint64_t *state, const char *const **pool)
{
    static const char *const *const pools[] = {text_plain, text_odd, text_few, text_few, text_stems};
    static const int ngrams[][2] = {{1, 1}, {1, 1}, {1, 2}, {2, 2}, {1, 3}, {2, 3}};
    static const int64_t min_df[] = {1, 1, 1, 2, 3, 0, 0, 0}, max_df[] = {-1, -1, -1, -1, -1, 3, 1};
    static const double min_fraction[] = {0, 0, 0, 0, 0, 0.3, 0.5, 0},
                        max_fraction[] = {1, 1, 1, 0.9, 0.5, 1, 1};
    static const int64_t features[] = {INT64_MAX, INT64_MAX, 1, 5, 20};
    tp_count_vectorizer_options o = {.dtype = TP_F32};
    *pool = pools[random_below(state, 5)];
    const uint64_t n = random_below(state, 6), low = random_below(state, 8), high = random_below(state, 7);
    o.ngram_min = ngrams[n][0];
    o.ngram_max = ngrams[n][1];
    o.min_df = min_df[low];
    o.min_df_fraction = min_fraction[low];
    o.max_df = max_df[high] < 0 ? INT64_MAX : max_df[high];
    o.max_df_fraction = max_fraction[high];
    o.max_features = features[random_below(state, 5)];
    o.binary = random_below(state, 3) == 0;
    o.stop_words = random_below(state, 3) == 0 ? stop_list() : NULL;
    o.lowercase = random_below(state, 8) != 0;
    o.min_token_length = random_below(state, 4) == 0 ? 1 : 2;
    o.stem = random_below(state, 3) == 0 ? TP_STEM_PORTER : TP_STEM_NONE;
    return o;
}

static uint64_t outcome(tp_count_vectorizer_options o, const tp_strings *documents, const tp_strings *others)
{
    uint64_t sum = CHECKSUM_START;
    tp_count_vectorizer *v = tp_count_vectorizer_new_with(&o);
    CHECK(v);
    tp_tensor *m = tp_count_vectorizer_fit_transform(v, documents);
    if (!m) {
        static const char prefix[] = "count_vectorizer: ";
        CHECK(tp_error() == TP_ERROR_VALUE && !strncmp(tp_error_message(), prefix, sizeof prefix - 1));
        const char *sentence = tp_error_message() + sizeof prefix - 1;
        checksum_bytes(&sum, sentence, strlen(sentence));
        tp_clear_error();
        CHECK(tp_count_vectorizer_size(v) == -1);
        return sum;
    }
    add_terms(&sum, tp_count_vectorizer_terms(v));
    add_matrix(&sum, m);
    tp_tensor *t = tp_count_vectorizer_transform(v, others);
    add_matrix(&sum, t);

    /* The same documents again, a vectorizer with the vocabulary given, and one document at a time. */
    CHECK(tp_equal(tp_to_dense(tp_count_vectorizer_transform(v, documents)), tp_to_dense(m)));
    o.vocabulary = tp_count_vectorizer_terms(v);
    tp_count_vectorizer *again = tp_count_vectorizer_new_with(&o);
    tp_tensor *u = tp_count_vectorizer_transform(again, others);
    CHECK(tp_equal(tp_to_dense(u), tp_to_dense(t)));
    CHECK(tp_count_vectorizer_fit(again, others) == TP_OK);
    CHECK(tp_equal(tp_to_dense(tp_count_vectorizer_fit_transform(again, documents)), tp_to_dense(m)));
    size_t length;
    const char *first = tp_string_at(documents, 0, &length);
    tp_tensor *one = tp_count_vectorizer_transform_text(again, first, length);
    CHECK(tp_equal(tp_to_dense(one), tp_to_dense(tp_csr_rows(m, (int64_t[]){0}, 1))));
    for (int64_t i = 0; i < tp_count_vectorizer_size(v); i++) {
        const char *term = tp_string_at(tp_count_vectorizer_terms(v), i, &length);
        CHECK(tp_count_vectorizer_find(v, term, length) == i);
    }
    CHECK(tp_count_vectorizer_find(v, "nonesuch word", 13) == -1);
    CHECK_OK();
    return sum;
}

static void test_corpora(void)
{
    static const tp_dtype dtypes[] = {TP_F32, TP_F64, TP_I32, TP_I64};
    static corpus documents, others;
    uint64_t state = 7;
    int wrong = 0, sabotaged = 0;
    for (int i = 0; i < CORPORA; i++) {
        TP_SCOPE(one);
        const char *const *pool;
        tp_count_vectorizer_options o = draw_options(&state, &pool);
        o.dtype = dtypes[i % 4];
        draw_corpus(&state, pool, &documents);
        draw_corpus(&state, pool, &others);
        if (outcome(o, &documents.strings, &others.strings) != corpora[i] && wrong++ < 5)
            printf("corpus %d differs\n", i);
        /* Sabotage: the other token length must make a difference. */
        o.min_token_length = 3 - o.min_token_length;
        sabotaged += outcome(o, &documents.strings, &others.strings) != corpora[i];
    }
    CHECK(wrong == 0);
    CHECK(sabotaged > CORPORA / 2);
}

/* ---- The API ---- */

static tp_strings *strings(const char *a, const char *b, const char *c)
{
    const char *const texts[] = {a, b, c};
    return tp_strings_from_array(c ? 3 : b ? 2 : 1, texts);
}

static void test_usage(void)
{
    TP_SCOPE(usage);
    tp_count_vectorizer *v = tp_count_vectorizer_new();
    tp_strings *documents = strings("It's a GOOD, good movie_x 3D é", "naïve 1 22", "");
    tp_tensor *m = tp_count_vectorizer_fit_transform(v, documents);
    static const char *const terms[] = {"22", "3d", "good", "it", "movie_x", "naïve"};
    CHECK(tp_count_vectorizer_size(v) == 6);
    for (int64_t i = 0; i < 6; i++)
        CHECK(tp_count_vectorizer_find(v, terms[i], strlen(terms[i])) == i);
    CHECK(tp_is_sparse(m) && tp_dtype_of(m) == TP_F32);
    CHECK(tp_equal(tp_to_dense(m),
                   tp_from_text(TP_F32, "[[0, 1, 2, 1, 1, 0], [1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]]")));
    CHECK(!tp_count_vectorizer_get_options(v)->stop_words && tp_count_vectorizer_get_options(v)->lowercase);

    /* A refit replaces the vocabulary; one that fails leaves it. */
    CHECK(tp_count_vectorizer_fit(v, strings("!", NULL, NULL)) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "empty vocabulary; perhaps the documents only contain stop words");
    CHECK(tp_count_vectorizer_size(v) == 6);
    CHECK(tp_count_vectorizer_fit(v, strings("one two", NULL, NULL)) == TP_OK);
    CHECK(tp_count_vectorizer_size(v) == 2);
    tp_tensor *none = tp_count_vectorizer_transform(v, &(tp_strings){0, NULL, (int64_t[]){0}});
    CHECK(tp_size(none, 0) == 0 && tp_size(none, 1) == 2 && tp_nnz(none) == 0);

    /* Any order of a given vocabulary, terms of two tokens, terms that no document can have. */
    tp_count_vectorizer *given = tp_count_vectorizer_from_vocabulary(
        strings("two one", "one", "a  strange, term"), .ngram_max = 2, .dtype = TP_I64);
    tp_tensor *g = tp_count_vectorizer_transform(given, strings("One! Two. One", "a  strange, term", NULL));
    CHECK(tp_equal(tp_to_dense(g), tp_from_text(TP_I64, "[[1, 2, 0], [0, 0, 0]]")));
    CHECK(tp_count_vectorizer_find(given, "two", 3) == -1 &&
          tp_count_vectorizer_find(given, "two one", 7) == 0);
    CHECK(tp_count_vectorizer_terms(given) == tp_count_vectorizer_get_options(given)->vocabulary);

    tp_count_vectorizer *english = tp_count_vectorizer_new(.stop_words = tp_english_stop_words());
    CHECK(tp_english_stop_words()->count == 318);
    CHECK(tp_count_vectorizer_fit(english, strings("The cat and the hat", NULL, NULL)) == TP_OK);
    CHECK(tp_count_vectorizer_size(english) == 2);
    CHECK(tp_count_vectorizer_find(english, "cat", 3) == 0);
    CHECK_OK();

    /* A row with more terms than are sorted by insertion, in one of several chunks. */
    char *text = malloc(400000);
    if (!text)
        exit(1);
    size_t at = 0;
    for (int i = 0; i < 50000; i++)
        at += (size_t)sprintf(text + at, "%05d ", (i * 7919) % 20000);
    tp_tensor *big = tp_count_vectorizer_fit_transform(tp_count_vectorizer_new(),
                                                       &(tp_strings){1, text, (int64_t[]){0, (int64_t)at}});
    CHECK(tp_nnz(big) == 20000);
    int64_t twice = 0;
    for (int i = 0; i < 20000; i++) {
        const float count = tp_data_f32(tp_csr_values(big))[i];
        CHECK(tp_csr_columns(big)[i] == i && (count == 2 || count == 3));
        twice += count == 2;
    }
    CHECK(twice == 10000);
    free(text);
    CHECK_OK();
}

static void test_errors(void)
{
    TP_SCOPE(errors);
    tp_count_vectorizer *v = tp_count_vectorizer_new();
    tp_strings *documents = strings("one two", "two", "three");
    CHECK(!tp_count_vectorizer_transform(v, documents));
    CHECK_ERROR(TP_ERROR_STATE, "Vocabulary not fitted or provided");
    CHECK(!tp_count_vectorizer_fit_transform(v, strings("good", "bad \xE2\x28\xA1", NULL)));
    CHECK_ERROR(TP_ERROR_FORMAT, "document 1: byte 4 (0xE2) is not valid UTF-8");
    CHECK(!tp_count_vectorizer_fit_transform(NULL, documents) && tp_error() != TP_OK);
    tp_clear_error();
    CHECK(tp_count_vectorizer_fit(v, NULL) != TP_OK);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "documents");
    CHECK(!tp_count_vectorizer_transform_text(v, NULL, 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "text");
    CHECK(tp_count_vectorizer_size(NULL) == -1 && !tp_count_vectorizer_terms(NULL));

    CHECK(tp_count_vectorizer_fit(tp_count_vectorizer_new(.max_df = 1, .min_df = 2), documents) ==
          TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "max_df corresponds to < documents than min_df");
    CHECK(tp_count_vectorizer_fit(tp_count_vectorizer_new(.min_df = 3), documents) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "After pruning, no terms remain. Try a lower min_df or a higher max_df.");
    CHECK(tp_count_vectorizer_fit(v, &(tp_strings){0, NULL, (int64_t[]){0}}) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "empty vocabulary");

    CHECK(!tp_count_vectorizer_new(.ngram_min = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "ngram_min 0");
    CHECK(!tp_count_vectorizer_new(.ngram_min = 3, .ngram_max = 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "ngram_max 2");
    CHECK(!tp_count_vectorizer_new(.min_df = -1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "min_df -1");
    CHECK(!tp_count_vectorizer_new(.max_df_fraction = 1.5));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "max_df_fraction 1.5");
    CHECK(!tp_count_vectorizer_new(.min_df_fraction = (double)NAN));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "min_df_fraction");
    CHECK(!tp_count_vectorizer_new(.max_features = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "max_features is 0");
    CHECK(!tp_count_vectorizer_new(.min_token_length = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "min_token_length is 0");
    CHECK(!tp_count_vectorizer_new(.dtype = TP_U8));
    CHECK_ERROR(TP_ERROR_DTYPE, "not uint8");
    CHECK(!tp_count_vectorizer_new(.stem = (tp_stem)7));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "stem 7");
    CHECK(!tp_count_vectorizer_from_vocabulary(strings("a", "b", "a")));
    CHECK_ERROR(TP_ERROR_VALUE, "duplicate term in vocabulary: \"a\" at 0 and 2");
    CHECK(!tp_count_vectorizer_from_vocabulary(&(tp_strings){0, NULL, (int64_t[]){0}}));
    CHECK_ERROR(TP_ERROR_VALUE, "vocabulary is empty");
}

static void test_fuzz(void)
{
    TP_SCOPE(fuzz);
    tp_count_vectorizer *v = tp_count_vectorizer_new(.ngram_max = 2, .stem = TP_STEM_PORTER);
    CHECK(tp_count_vectorizer_fit(v, strings("some words to know", "é Ω", NULL)) == TP_OK);
    uint64_t state = 8;
    for (int i = 0; i < 30000; i++) {
        TP_SCOPE(one);
        const int64_t size = (int64_t)random_below(&state, 40);
        char *bytes = malloc(size ? (size_t)size : 1);
        if (!bytes)
            exit(1);
        for (int64_t b = 0; b < size; b++)
            bytes[b] = (char)(random_below(&state, 6) ? "some wordsÉ"[random_below(&state, 12)]
                                                      : (char)random_below(&state, 256));
        const bool valid = tp_utf8_check(bytes, (size_t)size) == TP_OK;
        tp_clear_error();
        tp_tensor *m = tp_count_vectorizer_transform_text(v, bytes, (size_t)size);
        CHECK(!m == !valid);
        if (!m)
            CHECK_ERROR(TP_ERROR_FORMAT, "is not valid UTF-8");
        tp_count_vectorizer *w = tp_count_vectorizer_new(.ngram_max = 3, .lowercase = i % 2);
        const tp_status status = tp_count_vectorizer_fit(w, &(tp_strings){1, bytes, (int64_t[]){0, size}});
        CHECK(valid ? status == TP_OK || status == TP_ERROR_VALUE : status == TP_ERROR_FORMAT);
        tp_clear_error();
        free(bytes);
    }
}

static void test_memory(void)
{
    /* Enough text for a cache, for chunks, and for arrays that grow. */
    char *text = malloc(200000);
    int64_t offsets[401] = {0};
    if (!text)
        exit(1);
    size_t at = 0;
    for (int d = 0; d < 400; d++) {
        for (int w = 0; w < 40; w++)
            at += (size_t)sprintf(text + at, "word%d ", (d * 31 + w * w) % 997);
        offsets[d + 1] = (int64_t)at;
    }
    const tp_strings documents = {400, text, offsets};
    for (int64_t n = 0;; n++) {
        TP_SCOPE(failing);
        tp__memory_fail_after(n);
        tp_count_vectorizer *v = tp_count_vectorizer_new(.ngram_max = 2, .max_features = 500,
                                                         .stop_words = tp_english_stop_words());
        tp_tensor *m = v ? tp_count_vectorizer_fit_transform(v, &documents) : NULL;
        tp_tensor *t = m ? tp_count_vectorizer_transform(v, &documents) : NULL;
        tp_count_vectorizer *w =
            t ? tp_count_vectorizer_from_vocabulary(tp_count_vectorizer_terms(v), .ngram_max = 2) : NULL;
        tp__memory_fail_after(-1);
        if (w) {
            CHECK(n > 40);
            CHECK(tp_nnz(m) == tp_nnz(t));
            break;
        }
        CHECK_ERROR(TP_ERROR_MEMORY, "out of memory");
    }
    free(text);
}

/* ---- Sharing ---- */

typedef struct shared {
    const tp_count_vectorizer *vectorizer;
    const tp_strings *documents;
    uint64_t sum;
} shared;

static void *transform_all(void *argument)
{
    shared *s = argument;
    s->sum = CHECKSUM_START;
    for (int round = 0; round < 200; round++) {
        TP_SCOPE(one);
        tp_tensor *m = tp_count_vectorizer_transform(s->vectorizer, s->documents);
        checksum_integer(&s->sum, tp_nnz(m));
        for (int64_t i = 0; i < tp_nnz(m); i++)
            checksum_integer(&s->sum, tp_csr_columns(m)[i]);
    }
    return NULL;
}

static void test_threads(void)
{
    TP_SCOPE(threads);
    tp_strings *documents = strings("Shared by threads", "read only, by many threads", "ΣΑΣ threads");
    tp_count_vectorizer *v = tp_count_vectorizer_new(.stem = TP_STEM_PORTER, .ngram_max = 2);
    CHECK(tp_count_vectorizer_fit(v, documents) == TP_OK);
    shared s[3];
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        s[i] = (shared){v, documents, 0};
        CHECK(!pthread_create(&threads[i], NULL, transform_all, &s[i]));
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    CHECK(s[0].sum == s[1].sum && s[1].sum == s[2].sum);
}

/* ---- SST-2 ---- */

static bool test_on_sst2(void)
{
    const char *folder = test_sst2();
    if (!folder)
        return false;
    TP_SCOPE(sst2);
    tp_strings train = sst2_sentences(folder, "train.tsv"), dev = sst2_sentences(folder, "dev.tsv");
    tp_count_vectorizer *v = tp_count_vectorizer_new(.stem = TP_STEM_PORTER);
    tp_tensor *X = tp_count_vectorizer_fit_transform(v, &train), *D = tp_count_vectorizer_transform(v, &dev);
    CHECK(tp_size(X, 0) == SST2_TRAIN_ROWS && tp_size(X, 1) == SST2_TRAIN_COLUMNS);
    CHECK(tp_nnz(X) == SST2_TRAIN_STORED && tp_nnz(D) == SST2_DEV_STORED);
    uint64_t vocabulary = CHECKSUM_START, matrix = CHECKSUM_START, other = CHECKSUM_START;
    add_terms(&vocabulary, tp_count_vectorizer_terms(v));
    add_matrix(&matrix, X);
    add_matrix(&other, D);
    CHECK(vocabulary == SST2_VOCABULARY);
    CHECK(matrix == SST2_TRAIN);
    CHECK(other == SST2_DEV);

    /* Stemming first and vectorizing then is the same, as is a vectorizer from the saved vocabulary. */
    tp_strings *stemmed = tp_stemmer_texts(tp_stemmer_new(), &train);
    CHECK(tp_nnz(tp_count_vectorizer_transform(v, &train)) == SST2_TRAIN_STORED);
    matrix = CHECKSUM_START;
    add_matrix(&matrix, tp_count_vectorizer_fit_transform(tp_count_vectorizer_new(), stemmed));
    CHECK(matrix == SST2_TRAIN);
    tp_count_vectorizer *saved =
        tp_count_vectorizer_from_vocabulary(tp_count_vectorizer_terms(v), .stem = TP_STEM_PORTER);
    other = CHECKSUM_START;
    add_matrix(&other, tp_count_vectorizer_transform(saved, &dev));
    CHECK(other == SST2_DEV);

    tp_count_vectorizer *two = tp_count_vectorizer_new(.ngram_max = 2, .stop_words = tp_english_stop_words(),
                                                       .min_df = 2, .max_df_fraction = 0.01);
    tp_tensor *T = tp_count_vectorizer_fit_transform(two, stemmed);
    CHECK(tp_size(T, 1) == SST2_RUNS_COLUMNS && tp_nnz(T) == SST2_RUNS_STORED);
    uint64_t runs = CHECKSUM_START;
    add_terms(&runs, tp_count_vectorizer_terms(two));
    add_matrix(&runs, T);
    CHECK(runs == SST2_RUNS);
    CHECK_OK();
    free((void *)train.bytes);
    free((void *)train.offsets);
    free((void *)dev.bytes);
    free((void *)dev.offsets);
    return true;
}

int main(void)
{
    test_corpora();
    test_usage();
    test_errors();
    test_fuzz();
    test_memory();
    test_threads();
    const bool whole = test_on_sst2();
    tp_finish();
    CHECK(tp_memory_used() == 0);
    const int result = test_end();
    return result || whole ? result : TEST_SKIPPED;
}
