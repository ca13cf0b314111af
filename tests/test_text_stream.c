/* Streams of labelled texts: the same rows as in memory, in an order that depends on seed and epoch alone. */
#include "pack.h"
#include "taper/taper.h"

#include <unistd.h>

#define ROWS 1000

/* A table with quoted line ends, tabs and empty texts, and what is in it. */
static char table_text[ROWS * 64];
static char texts_bytes[ROWS * 64];
static int64_t texts_offsets[ROWS + 1];
static float labels[ROWS];

static size_t make_table(void)
{
    size_t at = (size_t)sprintf(table_text, "label\tsentence\n"), out = 0;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (float)(i * i % 3 == 1);
        at += (size_t)sprintf(table_text + at, "%d\t", (int)labels[i]);
        const size_t begin = out;
        if (i % 11) {
            out += (size_t)sprintf(texts_bytes + out, "word%d%cis%c%s film%d", i, i % 7 ? ' ' : '\n',
                                   i % 5 ? ' ' : '\t', i % 13 ? "good" : "\xC3\xA9t\xC3\xA9", i % 17);
        }
        texts_offsets[i + 1] = (int64_t)out;
        const bool quoted = !(i % 7) || !(i % 5);
        at += (size_t)sprintf(table_text + at, "%s%.*s%s\n%s", quoted ? "\"" : "", (int)(out - begin),
                              texts_bytes + begin, quoted ? "\"" : "", i % 50 ? "" : "\n");
    }
    return at;
}

static const char *write_table(void)
{
    return test_write_file("stream.tsv", table_text, make_table());
}

/* Rows of so many columns are not compared as dense ones. */
static bool same_row(const tp_tensor *row, const tp_tensor *of, int64_t index)
{
    const tp_tensor *want = tp_csr_rows(of, &index, 1);
    const size_t n = (size_t)tp_nnz(row);
    return tp_nnz(want) == tp_nnz(row) &&
           !memcmp(tp_csr_columns(row), tp_csr_columns(want), n * sizeof(int32_t)) &&
           !memcmp(tp_data_f32(tp_csr_values((tp_tensor *)(uintptr_t)row)),
                   tp_data_f32(tp_csr_values((tp_tensor *)(uintptr_t)want)), n * sizeof(float));
}

/* Reads an epoch in batches, and puts down which row of the file each item is: the first word tells. */
static void read_epoch(tp_loader *loader, tp_tensor *all, const tp_hashing_vectorizer *v, int *order,
                       bool *right)
{
    tp_batch *batch;
    tp_status status;
    int64_t at = 0;
    *right = true;
    while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
        TP_SCOPE(batch);
        for (int64_t i = 0; i < batch->size; i++, at++) {
            const tp_tensor *row = tp_csr_rows(batch->X, (int64_t[]){i}, 1);
            int found = -1;
            for (int r = 0; r < ROWS && found < 0; r++) {
                char word[16];
                const int64_t column =
                    tp_hashing_vectorizer_column(v, word, (size_t)sprintf(word, "word%d", r), NULL);
                for (int64_t k = 0; k < tp_nnz(row) && r % 11; k++)
                    if (tp_csr_columns(row)[k] == column)
                        found = r;
            }
            if (found >= 0) {
                *right &= same_row(row, all, found) && tp_data_f32(batch->y)[i] == labels[found];
            } else {
                *right &= tp_nnz(row) == 0;
            }
            order[at] = found;
        }
    }
    CHECK(status == TP_END && at == ROWS);
}

static void test_order(void)
{
    TP_SCOPE(order);
    const char *path = write_table();
    tp_hashing_vectorizer *v = tp_hashing_vectorizer_new(.n_features = INT32_MAX, .norm = TP_ROW_NORM_NONE);
    tp_tensor *all = tp_hashing_vectorizer_transform(v, &(tp_strings){ROWS, texts_bytes, texts_offsets});
    static const int64_t windows[] = {1, 16, 100, 333, 65536};
    static int order[4][ROWS];
    for (int w = 0; w < 5; w++) {
        bool right;
        tp_text_stream *plain = tp_text_stream_open(path, v, .window = windows[w]);
        CHECK(tp_text_stream_length(plain) == ROWS && tp_text_stream_ones(plain) > 0);
        tp_loader *loader = tp_loader_new(tp_text_stream_dataset(plain), .batch_size = 7);
        read_epoch(loader, all, v, order[0], &right);
        CHECK(right);
        bool natural = true;
        for (int i = 0; i < ROWS; i++)
            natural &= order[0][i] == (i % 11 ? i : -1);
        CHECK(natural);

        /* Shuffled: each row once; epochs differ; the same seed and epoch give the same order. */
        for (int k = 0; k < 3; k++) {
            tp_text_stream *stream =
                tp_text_stream_open(path, v, .window = windows[w], .shuffle = true, .seed = 5);
            CHECK(tp_text_stream_begin_epoch(stream, k == 2 ? 0 : k) == TP_OK);
            loader = tp_loader_new(tp_text_stream_dataset(stream), .batch_size = 7);
            read_epoch(loader, all, v, order[1 + k], &right);
            CHECK(right);
            static int seen[ROWS];
            memset(seen, 0, sizeof seen);
            int empty = 0;
            for (int i = 0; i < ROWS; i++) {
                if (order[1 + k][i] < 0)
                    empty++;
                else
                    seen[order[1 + k][i]]++;
            }
            bool once = empty == (ROWS + 10) / 11;
            for (int i = 0; i < ROWS; i++)
                once &= seen[i] == (i % 11 != 0);
            CHECK(once);
        }
        CHECK(memcmp(order[1], order[0], sizeof order[0]) && memcmp(order[1], order[2], sizeof order[1]));
        CHECK(!memcmp(order[1], order[3], sizeof order[1]));
    }

    /* From the middle of an epoch on, and single items in any order. */
    tp_text_stream *stream = tp_text_stream_open(path, v, .window = 100, .shuffle = true, .seed = 5);
    tp_loader *loader = tp_loader_new(tp_text_stream_dataset(stream), .batch_size = 10), *other;
    tp_text_stream *again = tp_text_stream_open(path, v, .window = 100, .shuffle = true, .seed = 5);
    other = tp_loader_new(tp_text_stream_dataset(again), .batch_size = 10);
    tp_batch *a = NULL, *b = NULL;
    for (int i = 0; i <= 57; i++)
        CHECK(tp_loader_next(loader, &a) == TP_OK);
    CHECK(tp_loader_resume(other, 0, 57) == TP_OK && tp_loader_next(other, &b) == TP_OK);
    for (int64_t i = 0; i < 10; i++)
        CHECK(same_row(tp_csr_rows(a->X, &i, 1), b->X, i));
    CHECK(tp_equal(a->y, b->y));
    tp_tensor *fields[TP_MAX_FIELDS];
    CHECK(tp_dataset_item(tp_text_stream_dataset(again), 570, fields) == TP_OK);
    CHECK(same_row(fields[0], a->X, 0));
    CHECK_OK();

    /* A file that shrinks is noticed. */
    CHECK(truncate(path, 200) == 0);
    CHECK(tp_dataset_item(tp_text_stream_dataset(again), 999, fields) != TP_OK ||
          tp_dataset_item(tp_text_stream_dataset(again), 1, fields) != TP_OK);
    CHECK(strstr(tp_error_message(), "stream.tsv"));
    tp_clear_error();
    remove(path);
    CHECK(tp_dataset_item(tp_text_stream_dataset(stream), 1, fields) == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "stream.tsv");
}

static void refuse(const char *text, tp_status status, const char *piece)
{
    const char *path = test_write_file("refused.tsv", text, strlen(text));
    CHECK(!tp_text_stream_open(path, tp_hashing_vectorizer_new()));
    CHECK_ERROR(status, piece);
    remove(path);
}

static void test_errors(void)
{
    TP_SCOPE(errors);
    refuse("sentence\tlabel\nfine\t1\nodd\t2\n", TP_ERROR_FORMAT,
           "refused.tsv:3:5: column 'label' holds '2', which is neither 0 nor 1");
    refuse("sentence\tlabel\nfine\t1\nodd\n", TP_ERROR_FORMAT, "refused.tsv:3:4: 1 field in a table of 2");
    refuse("sentence\tlabel\nfine\t1\nb\xFF\t0\n", TP_ERROR_FORMAT, "refused.tsv:3:2: byte 0xFF");
    refuse("sentence\nfine\n", TP_ERROR_INDEX, "no column 'label'");
    refuse("", TP_ERROR_FORMAT, "the file is empty");
    CHECK(!tp_text_stream_open("/dev/null", tp_hashing_vectorizer_new()));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "no regular file");
    CHECK(!tp_text_stream_open("no-such.tsv", tp_hashing_vectorizer_new()));
    CHECK_ERROR(TP_ERROR_IO, "no-such.tsv");
    CHECK(!tp_text_stream_open("x", tp_hashing_vectorizer_new(), .window = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a window of 0");
    CHECK(!tp_text_stream_open("x", tp_hashing_vectorizer_new(.dtype = TP_F64)));
    CHECK_ERROR(TP_ERROR_DTYPE, "float64");
    CHECK(!tp_text_stream_open(NULL, tp_hashing_vectorizer_new()));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path is NULL");
    CHECK_OK();
}

/* A hashing model and a tf-idf model keep their predictions on disk. */
static void test_models(void)
{
    TP_SCOPE(models);
    const char *path = write_table(), *file = test_temporary("model.safetensors");
    const tp_strings texts = {ROWS, texts_bytes, texts_offsets};
    for (int kind = 0; kind < 3; kind++) {
        TP_SCOPE(model);
        tp_hashing_vectorizer *h = NULL;
        tp_count_vectorizer *v = NULL;
        tp_tfidf *t = NULL;
        tp_dataset *data;
        if (kind == 0) {
            h = tp_hashing_vectorizer_new(.n_features = 4096, .stop_words = tp_english_stop_words(),
                                          .ngram_max = 2);
            data = tp_text_stream_dataset(tp_text_stream_open(path, h, .shuffle = true, .window = 64));
        } else {
            v = tp_count_vectorizer_new(.analyzer = kind == 1 ? TP_ANALYZER_CHAR_WB : TP_ANALYZER_WORD,
                                        .ngram_max = 3,
                                        .stop_words = kind == 1 ? NULL : tp_english_stop_words());
            t = tp_tfidf_new(.sublinear_tf = kind == 1, .use_idf = kind == 2, .norm = TP_ROW_NORM_L1);
            data = tp_tensor_dataset(tp_tfidf_fit_transform_texts(t, v, &texts),
                                     tp_from_array(TP_F32, labels, ROWS));
        }
        tp_text_model *model = tp_text_model_make(.vectorizer = v, .hashing = h, .tfidf = t);
        tp_module *module = tp_text_model_module(model);
        CHECK(tp_fit(module, tp_loader_new(data, .batch_size = 16),
                     tp_sgd(tp_parameters(module), .lr = 0.5)) == TP_OK);
        CHECK(tp_text_model_save(model, file) == TP_OK);
        tp_text_model *again = tp_text_model_load(file);
        CHECK_OK();
        CHECK(!tp_text_model_hashing(again) == !h && !tp_text_model_tfidf(again) == !t);
        CHECK(
            tp_equal(tp_text_model_probabilities(model, &texts), tp_text_model_probabilities(again, &texts)));
        tp_word_weight words[8];
        CHECK(tp_text_model_top_words(again, 1, 8, words) == 8);
        CHECK((words[0].length == 0) == (h != NULL));
        const int64_t n = tp_text_model_explain(again, "word1 is good", 13, 8, words);
        double logit = tp_text_model_bias(again), p;
        for (int64_t i = 0; i < n && i < 8; i++)
            logit += words[i].count * words[i].weight;
        CHECK(tp_text_model_predict(again, "word1 is good", 13, &p, NULL) == TP_OK);
        if (n <= 8)
            CHECK_NEAR(p, 1 / (1 + exp(-logit)), 1e-6);
    }
    remove(path);
    remove(file);
    CHECK(!tp_text_model_make(.label_names = NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "the vectorizer is NULL");
    tp_count_vectorizer *v = tp_count_vectorizer_new();
    tp_count_vectorizer_fit(v, &texts);
    CHECK(!tp_text_model_make(.vectorizer = v, .tfidf = tp_tfidf_new()));
    CHECK_ERROR(TP_ERROR_STATE, "tf-idf is not fitted");
    CHECK(!tp_text_model_make(.vectorizer = v, .hashing = tp_hashing_vectorizer_new()));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "both");
    CHECK_OK();
}

int main(void)
{
    test_order();
    test_errors();
    test_models();
    return test_end();
}
