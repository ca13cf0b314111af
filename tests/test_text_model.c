/* A text model: trained, written, read back, used by threads; and files that are refused. */
#include "base/memory.h"
#include "io/crc32c.h"
#include "pack.h"
#include "taper/taper.h"

#include <pthread.h>

static const char table_text[] = "sentence\tlabel\n"
                                 "a charming and moving film\t1\n"
                                 "charming , moving , wonderful\t1\n"
                                 "dull and boring film\t0\n"
                                 "boring , dull , awful\t0\n"
                                 "wonderful acting\t1\n"
                                 "awful acting\t0\n";

static const char *const names[2] = {"negative", "positive"};

static tp_text_model *train_model(void)
{
    const char *file = test_write_file("texts.tsv", table_text, sizeof table_text - 1);
    const tp_labelled_texts *texts = tp_read_labelled_texts(file);
    remove(file);
    tp_manual_seed(0);
    tp_count_vectorizer *v = tp_count_vectorizer_new(.stem = TP_STEM_PORTER, .ngram_max = 2,
                                                     .stop_words = tp_english_stop_words());
    tp_tensor *X = tp_count_vectorizer_fit_transform(v, texts ? texts->texts : NULL);
    tp_text_model *model = tp_text_model_new(v, names);
    tp_module *module = tp_text_model_module(model);
    tp_loader *loader =
        tp_loader_new(tp_tensor_dataset(X, texts ? texts->labels : NULL), .batch_size = 2, .shuffle = true);
    CHECK(tp_fit(module, loader, tp_adam(tp_parameters(module), .lr = 0.05), .epochs = 60) == TP_OK);
    CHECK_OK();
    return model;
}

static double predict(const tp_text_model *model, const char *text, int *label)
{
    double p = NAN;
    CHECK(tp_text_model_predict(model, text, strlen(text), &p, label) == TP_OK);
    return p;
}

/* ---- Reading ---- */

static tp_labelled_texts *read_text(const char *text)
{
    const char *file = test_write_file("labels.tsv", text, strlen(text));
    tp_labelled_texts *texts = tp_read_labelled_texts(file);
    remove(file);
    return texts;
}

static void test_reading(void)
{
    TP_SCOPE(reading);
    const tp_labelled_texts *texts = read_text("label\tmore\tsentence\n1\tx\tone text\n0\ty\tanother\n");
    size_t length;
    CHECK(texts && texts->count == 2 && texts->texts->count == 2);
    CHECK(!memcmp(tp_string_at(texts->texts, 1, &length), "another", 7) && length == 7);
    CHECK(tp_equal(texts->labels, tp_from_text(TP_F32, "[1, 0]")));
    CHECK(tp_table_line(texts->table, 1) == 3);
    CHECK(!read_text("sentence\tlabel\nx\t1\ny\t2\n"));
    CHECK(tp_error() == TP_ERROR_VALUE || tp_error() == TP_ERROR_FORMAT);
    CHECK(strstr(tp_error_message(), ":3"));
    tp_clear_error();
    CHECK(!read_text("text\tlabel\nx\t1\n"));
    CHECK(strstr(tp_error_message(), "sentence"));
    tp_clear_error();
    const char *file = test_write_file("bare.csv", "text\nx\n", 7);
    texts = tp_read_labelled_texts(file, .text_column = "text", .label_column = NULL, .delimiter = ',');
    CHECK(texts && texts->count == 1 && !texts->labels);
    remove(file);
    CHECK_OK();
}

/* ---- Writing and reading back ---- */

static const char *const probes[] = {
    "a wonderful , charming film", "BORING",      "", "nothing known here",
    "moved by the moving acting",  "dull acting",
};
#define PROBES (sizeof probes / sizeof *probes)

static void test_round_trip(void)
{
    TP_SCOPE(round_trip);
    tp_text_model *model = train_model();
    const char *file = test_temporary("model.safetensors");
    CHECK(tp_text_model_save(model, file) == TP_OK);
    uint8_t state[2][TP_GENERATOR_STATE_SIZE];
    tp_generator_get_state(NULL, state[0]);
    const tp_text_model *again = tp_text_model_load(file);
    CHECK_OK();
    tp_generator_get_state(NULL, state[1]);
    CHECK(!memcmp(state[0], state[1], sizeof state[0]));
    CHECK_TEXT(tp_text_model_label(again, 0), "negative");
    CHECK_TEXT(tp_text_model_label(again, 1), "positive");
    CHECK(!tp_text_model_label(again, 2));
    tp_strings *texts = tp_strings_from_array(PROBES, probes);
    const tp_tensor *all = tp_text_model_probabilities(again, texts);
    CHECK(tp_numel(all) == PROBES && tp_dtype_of(all) == TP_F32);
    for (size_t i = 0; i < PROBES; i++) {
        int a, b;
        const double p = predict(model, probes[i], &a);
        CHECK(p == predict(again, probes[i], &b) && a == b && a == (p > 0.5));
        CHECK(tp_at(all, (int64_t)i) == p);
    }
    int label;
    CHECK(predict(again, "a wonderful , charming film", &label) > 0.9 && label == 1);
    CHECK(predict(again, "BORING", &label) < 0.5 && label == 0);
    CHECK(predict(again, "", NULL) == 1 / (1 + exp(-tp_text_model_bias(again))) ||
          fabs(predict(again, "", NULL) - 1 / (1 + exp(-tp_text_model_bias(again)))) < 1e-6);
    CHECK_TEXT(tp_module_repr(tp_text_model_module(model)),
               "BinaryLogisticRegression(\n  (Wb): Linear(in_features=15, out_features=1, bias=True)\n)");
    /* Saving what was loaded gives the same file. */
    const char *second = test_temporary("second.safetensors");
    CHECK(tp_text_model_save(again, second) == TP_OK);
    static char bytes[65536];
    FILE *f = fopen(file, "rb");
    const size_t length = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    CHECK(test_file_is(second, bytes, length));
    /* A loaded model can be trained on. */
    tp_module *module = tp_text_model_module(again);
    CHECK(!tp_is_training(module) && tp_parameters(module)->count == 2);
    CHECK(tp_text_model_save(model, "/nonexistent/model") == TP_ERROR_IO);
    CHECK_ERROR(TP_ERROR_IO, "/nonexistent/model");
    tp_data_f32(tp_get_parameter(module, "Wb.weight"))[3] = NAN;
    CHECK(tp_text_model_save(again, second) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "Wb.weight is not finite at column 3");
    CHECK(test_file_is(second, bytes, length));
    remove(file);
    remove(second);
    CHECK_OK();
}

static void test_making(void)
{
    TP_SCOPE(making);
    CHECK(!tp_text_model_new(NULL, NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "vectorizer");
    CHECK(!tp_text_model_new(tp_count_vectorizer_new(.binary = true), NULL));
    CHECK_ERROR(TP_ERROR_STATE, "fit it first");
    const char *const terms[] = {"line\nend", "b"};
    tp_count_vectorizer *v = tp_count_vectorizer_from_vocabulary(tp_strings_from_array(2, terms));
    tp_text_model *model = tp_text_model_new(v, NULL);
    CHECK_TEXT(tp_text_model_label(model, 1), "1");
    const char *file = test_temporary("never");
    CHECK(tp_text_model_save(model, file) == TP_ERROR_VALUE);
    CHECK_ERROR(TP_ERROR_VALUE, "vocabulary: entry 0 has a line end in it");
    CHECK(!fopen(file, "rb"));
    v = tp_count_vectorizer_from_vocabulary(tp_strings_from_array(1, terms + 1), .dtype = TP_F64);
    CHECK(!tp_text_model_new(v, NULL));
    CHECK_ERROR(TP_ERROR_DTYPE, "float64");
    CHECK(tp_text_model_predict(model, "\xff", 1, NULL, NULL) == TP_ERROR_FORMAT);
    tp_clear_error();
    CHECK(tp_text_model_predict(NULL, "", 0, NULL, NULL) == TP_ERROR_ARGUMENT);
    tp_clear_error();
}

/* ---- Words ---- */

static void test_words(void)
{
    TP_SCOPE(words);
    const char *const terms[] = {"aa", "bb", "cc", "dd", "ee"};
    tp_text_model *model =
        tp_text_model_new(tp_count_vectorizer_from_vocabulary(tp_strings_from_array(5, terms)), NULL);
    const float weights[] = {0.5f, -2, 3, 0.5f, -1};
    memcpy(tp_data_f32(tp_get_parameter(tp_text_model_module(model), "Wb.weight")), weights, sizeof weights);
    tp_init_constant_(tp_get_parameter(tp_text_model_module(model), "Wb.bias"), 0.25);
    tp_word_weight w[8];
    CHECK(tp_text_model_top_words(model, 1, 3, w) == 3);
    CHECK(w[0].column == 2 && w[1].column == 0 && w[2].column == 3 && w[0].weight == 3 && w[0].count == 1);
    CHECK(!memcmp(w[0].term, "cc", 2) && w[0].length == 2);
    CHECK(tp_text_model_top_words(model, 0, 8, w) == 5);
    CHECK(w[0].column == 1 && w[1].column == 4 && w[2].column == 0 && w[4].column == 2);
    CHECK(tp_text_model_top_words(model, 1, 0, NULL) == 0);
    CHECK(tp_text_model_top_words(model, 2, 1, w) == -1);
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a label is 0 or 1");
    const char text[] = "ee ee ee zz cc aa ee";
    CHECK(tp_text_model_explain(model, text, sizeof text - 1, 2, w) == 3);
    CHECK(w[0].column == 4 && w[0].count == 4 && w[0].weight == -1 && w[1].column == 2 && w[1].count == 1);
    double p;
    CHECK(tp_text_model_predict(model, text, sizeof text - 1, &p, NULL) == TP_OK);
    CHECK_NEAR(p, 1 / (1 + exp(-(0.25 - 4 + 3 + 0.5))), 1e-7);
    CHECK(tp_text_model_explain(model, "", 0, 2, w) == 0);
    CHECK_OK();
}

/* ---- Classes and networks ---- */

static const char topics_text[] = "sentence\tlabel\n"
                                  "goal team goal\tsport\n"
                                  "team match the\tsport\n"
                                  "song band the\tmusic\n"
                                  "band drum song\tmusic\n"
                                  "oven bread\tfood\n"
                                  "bread the sauce\tfood\n";

static const tp_text_model_options kinds[] = {
    {.kind = TP_TEXT_LOGISTIC_REGRESSION},
    {.kind = TP_TEXT_MLP, .hidden = (const int64_t[]){8}, .hidden_count = 1, .dropout = 0.1},
    {.kind = TP_TEXT_MLP, .hidden = (const int64_t[]){8, 4}, .hidden_count = 2, .activation = TP_TEXT_GELU},
    {.kind = TP_TEXT_EMBEDDING_BAG, .width = 6, .mode = TP_BAG_MEAN},
    {.kind = TP_TEXT_EMBEDDING_BAG,
     .width = 6,
     .mode = TP_BAG_SUM,
     .hidden = (const int64_t[]){5},
     .hidden_count = 1,
     .activation = TP_TEXT_TANH},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static tp_text_model *train_topics(tp_text_model_options options)
{
    const char *file = test_write_file("topics.tsv", topics_text, sizeof topics_text - 1);
    const tp_labelled_texts *texts = tp_read_labelled_texts(file, .any_labels = true);
    remove(file);
    CHECK(texts && tp_label_count(texts->classes) == 3 && tp_dtype_of(texts->labels) == TP_I64);
    tp_manual_seed(0);
    static const char *const classes[] = {"food", "music", "sport"}, *const same[] = {"food", "music",
                                                                                      "food"};
    tp_count_vectorizer *v = tp_count_vectorizer_new();
    tp_tensor *X = tp_count_vectorizer_fit_transform(v, texts ? texts->texts : NULL);
    CHECK(!tp_text_model_make(.vectorizer = v, .label_names = same, .classes = 3));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "two labels are named 'food'");
    options.vectorizer = v;
    options.label_names = classes;
    options.classes = 3;
    tp_text_model *model = tp_text_model_make_with(&options);
    tp_module *module = tp_text_model_module(model);
    tp_loader *loader =
        tp_loader_new(tp_tensor_dataset(X, texts ? texts->labels : NULL), .batch_size = 2, .shuffle = true);
    CHECK(tp_fit(module, loader, tp_adam(tp_parameters(module), .lr = 0.02), .epochs = 100,
                 .loss = TP_FIT_CROSS_ENTROPY) == TP_OK);
    tp_eval(module);
    CHECK_OK();
    return model;
}

/* The scores of "bread the bread" by hand, from the parameters. */
static void check_mean_by_hand(const tp_text_model *model)
{
    const tp_module *m = tp_text_model_module(model);
    tp_tensor *e = tp_get_parameter((tp_module *)(uintptr_t)m, "embedding.weight");
    tp_tensor *w = tp_get_parameter((tp_module *)(uintptr_t)m, "fc1.weight");
    tp_tensor *b = tp_get_parameter((tp_module *)(uintptr_t)m, "fc1.bias");
    const tp_strings *terms = tp_count_vectorizer_terms(tp_text_model_vectorizer(model));
    double z[3], sum = 0;
    for (int c = 0; c < 3; c++) {
        z[c] = tp_at(b, c);
        for (int64_t t = 0; t < terms->count; t++) {
            size_t n;
            const char *term = tp_string_at(terms, t, &n);
            const double count = n == 5 && !memcmp(term, "bread", 5) ? 2 : n == 3 && !memcmp(term, "the", 3);
            for (int64_t d = 0; d < 6; d++)
                z[c] += count / 3 * tp_at(e, t, d) * tp_at(w, c, d);
        }
        sum += exp(z[c]);
    }
    double p;
    int label;
    CHECK(tp_text_model_predict(model, "bread the bread", 15, &p, &label) == TP_OK && label == 0);
    CHECK_NEAR(p, exp(z[0]) / sum, 1e-5);
    /* The comparison notices sums in place of means. */
    CHECK(fabs(p - exp(3 * z[0]) / (exp(3 * z[0]) + exp(3 * z[1]) + exp(3 * z[2]))) > 1e-5);
}

static void test_kinds(void)
{
    for (size_t k = 0; k < KINDS; k++) {
        TP_SCOPE(kind);
        tp_text_model *model = train_topics(kinds[k]);
        CHECK(tp_text_model_softmax(model) && tp_text_model_classes(model) == 3);
        const char *file = test_temporary("kind.safetensors");
        CHECK(tp_text_model_save(model, file) == TP_OK);
        const tp_text_model *again = tp_text_model_load(file);
        CHECK_OK();
        CHECK(tp_text_model_kind_of(again) == kinds[k].kind);
        CHECK_TEXT(tp_text_model_label(again, 2), "sport");
        CHECK(!tp_text_model_label(again, 3));
        CHECK(tp_text_model_get_options(again)->hidden_count == kinds[k].hidden_count);
        CHECK(tp_text_model_get_options(again)->activation == kinds[k].activation);
        CHECK(tp_text_model_get_options(again)->dropout == kinds[k].dropout);
        CHECK_TEXT(tp_module_repr(tp_text_model_module(again)), tp_module_repr(tp_text_model_module(model)));
        const char *const texts[] = {"the goal", "a song", "sauce and bread", ""};
        const tp_tensor *all = tp_text_model_probabilities(again, tp_strings_from_array(4, texts));
        CHECK(tp_ndim(all) == 2 && tp_size(all, 0) == 4 && tp_size(all, 1) == 3);
        static const int right[] = {2, 1, 0};
        for (int i = 0; i < 4; i++) {
            int label, same;
            double p, q;
            CHECK(tp_text_model_predict(model, texts[i], strlen(texts[i]), &p, &label) == TP_OK);
            CHECK(tp_text_model_predict(again, texts[i], strlen(texts[i]), &q, &same) == TP_OK);
            CHECK(p == q && label == same);
            CHECK_NEAR(tp_at(all, i, label), p, 1e-6);
            CHECK_NEAR(tp_at(all, i, 0) + tp_at(all, i, 1) + tp_at(all, i, 2), 1, 1e-6);
            CHECK(i == 3 || label == right[i]);
        }
        tp_word_weight words[2];
        const bool regression = kinds[k].kind == TP_TEXT_LOGISTIC_REGRESSION;
        CHECK(tp_text_model_top_words(again, 2, 2, words) == (regression ? 2 : -1));
        if (regression)
            CHECK(words[0].weight > words[1].weight && words[1].weight > 0 && *words[0].term != 'b');
        else
            CHECK_ERROR(TP_ERROR_UNSUPPORTED, "only a logistic regression has a weight for each term");
        CHECK(tp_text_model_explain(again, "x", 1, 1, words) == -1 && isnan(tp_text_model_bias(again)));
        CHECK_ERROR(TP_ERROR_UNSUPPORTED, "with one score");
        if (kinds[k].mode == TP_BAG_MEAN && kinds[k].kind == TP_TEXT_EMBEDDING_BAG)
            check_mean_by_hand(again);
        remove(file);
        CHECK_OK();
    }
}

/* What a network may not be. */
static void test_misfits(void)
{
    TP_SCOPE(misfits);
    const char *const terms[] = {"aa", "bb"};
    const tp_count_vectorizer *v = tp_count_vectorizer_from_vocabulary(tp_strings_from_array(2, terms));
    const int64_t width[] = {4, 0};
    CHECK(!tp_text_model_make(.vectorizer = v, .classes = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "1 classes; two are the fewest");
    CHECK(!tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_MLP));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "0 hidden layers; 1 to 16 are possible");
    CHECK(!tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_MLP, .hidden = width, .hidden_count = 2));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "a hidden layer of width 0");
    CHECK(!tp_text_model_make(.vectorizer = v, .hidden = width, .hidden_count = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "neither hidden layers nor dropout");
    CHECK(!tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_EMBEDDING_BAG, .width = 0));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "word vectors of width 0");
    CHECK(!tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_EMBEDDING_BAG, .mode = TP_BAG_MAX));
    CHECK_ERROR(TP_ERROR_UNSUPPORTED, "sums or means");
    CHECK(!tp_text_model_make(.vectorizer = v, .kind = TP_TEXT_EMBEDDING_BAG, .dropout = 1));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "dropout is 1");
    CHECK_TEXT(tp_text_model_label(tp_text_model_make(.vectorizer = v, .classes = 12), 11), "11");
    CHECK_OK();
}

static void test_checksum(void)
{
    CHECK(tp__crc32c(0, "123456789", 9) == 0xE3069283u);
    CHECK(tp__crc32c(tp__crc32c(0, "1234", 4), "56789", 5) == 0xE3069283u);
    char zeros[32] = {0};
    CHECK(tp__crc32c(0, zeros, 32) == 0x8A9136AAu);
    memset(zeros, 0xff, sizeof zeros);
    CHECK(tp__crc32c(0, zeros, 32) == 0x62A8AB43u);
}

/* ---- Threads ---- */

typedef struct work {
    const tp_text_model *model;
    const double *expected;
    int wrong;
} work;

static void *use(void *argument)
{
    work *w = argument;
    for (int i = 0; i < 300; i++) {
        double p;
        const char *text = probes[(size_t)i % PROBES];
        if (tp_text_model_predict(w->model, text, strlen(text), &p, NULL) != TP_OK ||
            p != w->expected[(size_t)i % PROBES])
            w->wrong++;
    }
    tp_finish();
    return NULL;
}

static void test_threads(void)
{
    TP_SCOPE(threads);
    const tp_text_model *model = train_model();
    double expected[PROBES];
    for (size_t i = 0; i < PROBES; i++)
        expected[i] = predict(model, probes[i], NULL);
    pthread_t threads[4];
    work works[4];
    for (int i = 0; i < 4; i++) {
        works[i] = (work){model, expected, 0};
        if (pthread_create(&threads[i], NULL, use, &works[i]))
            exit(1);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        CHECK(works[i].wrong == 0);
    }
    CHECK_OK();
}

/* ---- Files that are refused ---- */

static void refuse(const char *file, tp_status status, const char *piece)
{
    CHECK(!tp_text_model_load(file));
    CHECK(strstr(tp_error_message(), "taper-test"));
    CHECK_ERROR(status, piece);
}

/* A small model of two terms, with one thing changed. */
typedef struct change {
    const char *config; /* NULL: as it should be; "": none */
    const char *kind, *version;
    const char *vocabulary;
    int weights;
    const char *extra;
    const char *without;
    tp_status status;
    const char *piece;
} change;

#define CONFIG(rest)                                                                                \
    "{\"lowercase\":true,\"stem\":\"none\",\"min_token_length\":2,\"ngram_min\":1,\"ngram_max\":1," \
    "\"binary\":false,\"labels\":[\"0\",\"1\"],\"stop_words\":0,\"unicode\":\"14.0.0\"" rest

static const change changes[] = {
    {.kind = "checkpoint", .status = TP_ERROR_FORMAT, .piece = "this is no text model"},
    {.kind = "", .status = TP_ERROR_FORMAT, .piece = "this is no text model"},
    {.version = "", .status = TP_ERROR_FORMAT, .piece = "no \"version\""},
    {.config = CONFIG(",\"terms\":2,\"model\":\"mlp\",\"hidden\":[],\"activation\":\"relu\",\"dropout\":0}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"hidden\" of a perceptron is empty"},
    {.config = CONFIG(",\"terms\":2,\"model\":\"mlp\"}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"hidden\" is missing"},
    {.config = CONFIG(",\"terms\":2,\"width\":3}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"width\" without what it is about"},
    {.config = CONFIG(",\"terms\":2,\"softmax\":true}"),
     .status = TP_ERROR_FORMAT,
     .piece = "Wb.weight is float32 of shape [1, 2], and should be float32 of shape [2, 2]"},
    {.config = CONFIG(",\"terms\":2,\"model\":\"svm\"}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"model\" is not \"logreg\", \"mlp\""},
    {.version = "2", .status = TP_ERROR_UNSUPPORTED, .piece = "version 2; this program reads version 1"},
    {.config = "", .status = TP_ERROR_FORMAT, .piece = "no \"config\""},
    {.config = "{", .status = TP_ERROR_FORMAT, .piece = "config"},
    {.config = "[]", .status = TP_ERROR_FORMAT, .piece = "config is no object"},
    {.config = CONFIG("}"), .status = TP_ERROR_FORMAT, .piece = "\"terms\" is missing"},
    {.config = CONFIG(",\"terms\":3}"), .status = TP_ERROR_FORMAT, .piece = "2 lines, and the config says 3"},
    {.config = CONFIG(",\"terms\":0}"), .status = TP_ERROR_FORMAT, .piece = "without terms"},
    {.config = CONFIG(",\"terms\":-1}"), .status = TP_ERROR_FORMAT, .piece = "\"terms\" is not a count"},
    {.config = CONFIG(",\"terms\":2.5}"), .status = TP_ERROR_FORMAT, .piece = "\"terms\" is not a count"},
    {.config = CONFIG(",\"terms\":9223372036854775807}"), .status = TP_ERROR_FORMAT, .piece = "2 lines"},
    {.config = CONFIG(",\"terms\":2,\"terms\":2}"), .status = TP_ERROR_FORMAT, .piece = "twice"},
    {.config = CONFIG(",\"terms\":2,\"weights\":true}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"weights\" is not known"},
    {.config = "{\"stem\":\"snowball\"}", .status = TP_ERROR_FORMAT, .piece = "\"stem\" is not"},
    {.config = "{\"stem\":1}", .status = TP_ERROR_FORMAT, .piece = "\"stem\" is not"},
    {.config = "{\"lowercase\":1}", .status = TP_ERROR_FORMAT, .piece = "\"lowercase\" is not true or false"},
    {.config = "{\"ngram_max\":99999999999}",
     .status = TP_ERROR_FORMAT,
     .piece = "\"ngram_max\" is not a count"},
    {.config = "{\"labels\":[\"a\"]}", .status = TP_ERROR_FORMAT, .piece = "\"labels\" is not"},
    {.config = "{\"labels\":[\"a\",\"b\\u0000c\"]}", .status = TP_ERROR_FORMAT, .piece = "\"labels\" is not"},
    {.config = CONFIG(",\"terms\\u0000\":2}"),
     .status = TP_ERROR_FORMAT,
     .piece = "\"terms\\u0000\" is not known"},
    {.config = "{\"labels\":[\"b\",\"a\",\"b\"]}",
     .status = TP_ERROR_FORMAT,
     .piece = "\"labels\" has 'b' twice"},
    {.config = "{\"labels\":[\"\x1b[1m\",\"\\u001b[1m\",\"\\u001b[1m\"]}",
     .status = TP_ERROR_FORMAT,
     .piece = "control"},
    {.config = "{\"labels\":[\"\\u001b[1m\",\"\\u001b[1m\"]}",
     .status = TP_ERROR_FORMAT,
     .piece = "has '\\x1B[1m' twice"},
    {.config = "{\"labels\":[\"a\",1]}", .status = TP_ERROR_FORMAT, .piece = "\"labels\" is not"},
    {.vocabulary = "aa", .status = TP_ERROR_FORMAT, .piece = "1 lines, and the config says 2"},
    {.vocabulary = "aa\naa", .status = TP_ERROR_VALUE, .piece = "aa"},
    {.vocabulary = "aa\n\xff", .status = TP_ERROR_FORMAT, .piece = ""},
    {.weights = 3, .status = TP_ERROR_FORMAT, .piece = "Wb.weight is float32 of shape [1, 3], and should be"},
    {.extra = "Wc.weight", .status = TP_ERROR_FORMAT, .piece = "\"Wc.weight\" is no part"},
    {.without = "Wb.bias", .status = TP_ERROR_INDEX, .piece = "Wb.bias"},
    {.without = "Wb.weight", .status = TP_ERROR_INDEX, .piece = "Wb.weight"},
    {.without = "vocabulary", .status = TP_ERROR_INDEX, .piece = "vocabulary"},
};

static void write_changed(const char *file, const change *c)
{
    TP_SCOPE(changed);
    const char *vocabulary = c->vocabulary ? c->vocabulary : "aa\nbb";
    const struct {
        const char *name;
        tp_tensor *tensor;
    } parts[] = {{"Wb.weight", tp_ones(TP_F32, 1, c->weights ? c->weights : 2)},
                 {"Wb.bias", tp_ones(TP_F32, 1)},
                 {"vocabulary", tp_from_array(TP_U8, vocabulary, (int64_t)strlen(vocabulary))},
                 {c->extra, tp_ones(TP_F32, 1)}};
    tp_named_tensor tensors[4];
    int64_t n = 0, m = 0;
    for (int i = 0; i < 4; i++)
        if (parts[i].name && !(c->without && !strcmp(parts[i].name, c->without)))
            tensors[n++] = (tp_named_tensor){parts[i].name, parts[i].tensor};
    const tp_string_pair pairs[] = {{"taper", c->kind ? c->kind : "text_model"},
                                    {"version", c->version ? c->version : "1"},
                                    {"config", c->config ? c->config : CONFIG(",\"terms\":2}")}};
    tp_string_pair metadata[3];
    for (int i = 0; i < 3; i++)
        if (*pairs[i].value)
            metadata[m++] = pairs[i];
    CHECK(tp_safetensors_save(file, tensors, n, metadata, m) == TP_OK);
}

static void test_refused(void)
{
    TP_SCOPE(refused);
    const char *file = test_temporary("refused.safetensors");
    write_changed(file, &(change){0});
    CHECK(tp_text_model_load(file));
    CHECK_OK();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        write_changed(file, &changes[i]);
        refuse(file, changes[i].status, changes[i].piece);
    }
    CHECK(!tp_text_model_load(NULL));
    CHECK_ERROR(TP_ERROR_ARGUMENT, "path");
    CHECK(!tp_text_model_load("/nonexistent"));
    CHECK_ERROR(TP_ERROR_IO, "/nonexistent");
    remove(file);
}

/* Every truncation is refused, and no change of a byte does harm. */
static void test_broken_bytes(void)
{
    TP_SCOPE(broken);
    const char *file = test_temporary("broken.safetensors");
    CHECK(tp_text_model_save(train_model(), file) == TP_OK);
    static char bytes[65536], copy[65536];
    FILE *f = fopen(file, "rb");
    const size_t length = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t n = 0; n < length; n += 7) {
        TP_SCOPE(one);
        test_write_file("broken.safetensors", bytes, n);
        CHECK(!tp_text_model_load(file));
        tp_clear_error();
    }
    uint32_t random = 1;
    int refused = 0;
    for (size_t i = 0; i < length; i++) {
        TP_SCOPE(one);
        memcpy(copy, bytes, length);
        random = random * 1664525u + 1013904223u;
        copy[i] = (char)(copy[i] ^ (char)(1u << (random >> 29)));
        test_write_file("broken.safetensors", copy, length);
        tp_text_model *model = tp_text_model_load(file);
        refused += !model;
        CHECK((model == NULL) == (tp_error() != TP_OK));
        tp_clear_error();
        if (model)
            CHECK(tp_text_model_predict(model, "wonderful film", 14, NULL, NULL) == TP_OK);
    }
    /* All but a few bits of the names "crc32c" and "unicode" are noticed. */
    CHECK(refused > (int)length - 64);
    remove(file);
}

static void test_memory(void)
{
    const char *file = test_temporary("memory.safetensors");
    bool loaded = false, saved = false;
    {
        TP_SCOPE(model);
        tp_text_model *model = train_model();
        for (int64_t k = 0; k < 500 && !saved; k++) {
            tp__memory_fail_after(k);
            const tp_status status = tp_text_model_save(model, file);
            tp__memory_fail_after(-1);
            saved = status == TP_OK;
            CHECK(saved || status == TP_ERROR_MEMORY);
            tp_clear_error();
        }
    }
    for (int64_t k = 0; k < 500 && !loaded; k++) {
        TP_SCOPE(load);
        tp__memory_fail_after(k);
        const tp_text_model *model = tp_text_model_load(file);
        tp__memory_fail_after(-1);
        loaded = model != NULL;
        CHECK(loaded || tp_error() == TP_ERROR_MEMORY);
        tp_clear_error();
    }
    CHECK(saved && loaded);
    remove(file);
}

int main(void)
{
    test_reading();
    test_round_trip();
    test_making();
    test_words();
    test_kinds();
    test_misfits();
    test_checksum();
    test_threads();
    test_refused();
    test_broken_bytes();
    test_memory();
    tp_finish();
    return test_end();
}
