/* Texts of five topics, told apart by the words in them: tf-idf, a linear layer, cross-entropy.
 *
 *     topics [--steps N] [SEED]
 *
 * With --steps it prints the losses of the first N steps and nothing else. pytorch/topics.py is the same
 * program with scikit-learn and PyTorch; both draw the same texts. */
#include <taper/taper.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOPICS = 5, WORDS = 12, COMMON = 20, TRAIN = 2000, TEST = 500, LONGEST = 12, BATCH = 32, EPOCHS = 6 };

static const char *const names[TOPICS] = {"cooking", "football", "gardening", "money", "space"};
static const char *const words[TOPICS][WORDS] = {{"oven", "flour", "butter", "simmer", "spice", "onion",
                                                  "recipe", "sauce", "dough", "roast", "season", "plate"},
                                                 {"goal", "striker", "referee", "penalty", "league", "coach",
                                                  "pitch", "keeper", "season", "corner", "header", "match"},
                                                 {"soil", "seed", "prune", "bloom", "compost", "shrub",
                                                  "onion", "weed", "season", "spade", "root", "plant"},
                                                 {"bank", "interest", "loan", "market", "budget", "share",
                                                  "rate", "profit", "credit", "match", "bond", "fund"},
                                                 {"orbit", "rocket", "planet", "comet", "launch", "probe",
                                                  "telescope", "crew", "plate", "lunar", "star", "bank"}};
static const char *const common[COMMON] = {"the",  "and",  "with", "from", "about", "every", "new",
                                           "old",  "was",  "will", "they", "have",  "after", "more",
                                           "than", "some", "when", "into", "good",  "very"};

/* `n` texts and their topics [n]. A word in four is of the text's topic, one in seven of another one. */
static const tp_strings *make_texts(int64_t n, tp_tensor **topics)
{
    *topics = tp_randint(0, TOPICS, n);
    const int64_t *topic = tp_data_i64(*topics);
    const int64_t *draws = tp_data_i64(tp_randint(0, 1 << 20, n, LONGEST, 3));
    const size_t room = (size_t)LONGEST * 12;
    char *text = tp_region_alloc(tp_region_current(), (size_t)n * room);
    const char **texts = tp_region_alloc(tp_region_current(), (size_t)n * sizeof *texts);
    if (!topic || !draws || !text || !texts)
        return NULL;
    for (int64_t i = 0; i < n; i++, text += room) {
        int64_t length = 0;
        for (int j = 0; j < LONGEST; j++, draws += 3) {
            const int64_t other = (topic[i] + 1 + draws[1] % (TOPICS - 1)) % TOPICS;
            const char *word = draws[0] % 28 < 7    ? words[topic[i]][draws[2] % WORDS]
                               : draws[0] % 28 < 11 ? words[other][draws[2] % WORDS]
                                                    : common[draws[2] % COMMON];
            length += snprintf(text + length, room - (size_t)length, "%s%s", j ? " " : "", word);
        }
        texts[i] = text;
    }
    return tp_strings_from_array(n, texts);
}

static tp_status train(tp_module *model, tp_dataset *data, int64_t steps)
{
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.02);
    tp_loader *loader = tp_loader_new(data, .batch_size = BATCH, .shuffle = true);
    int64_t step = 0;
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double sum = 0;
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            /* The batch is sparse, and stays so. */
            tp_tensor *loss = tp_cross_entropy(tp_forward(model, batch->X), batch->y);
            tp_zero_grad(adam);
            if (tp_backward(loss) != TP_OK || tp_step(adam) != TP_OK)
                return tp_error();
            sum += tp_item(loss);
            if (steps)
                printf("%.9g\n", tp_item(loss));
            if (++step == steps)
                return TP_OK;
        }
        if (status != TP_END)
            return status;
        if (!steps)
            printf("epoch %d  loss %.6f\n", epoch, sum / (double)tp_loader_length(loader));
    }
    return tp_error();
}

/* The words with the largest weights for each topic. */
static void print_words(tp_module *model, const tp_count_vectorizer *vectorizer)
{
    enum { SHOWN = 6 };
    tp_tensor *columns;
    tp_topk(tp_detach(tp_get_parameter(model, "weight")), SHOWN, 1, true, &columns);
    const tp_strings *terms = tp_count_vectorizer_terms(vectorizer);
    const int64_t *column = tp_data_i64(columns);
    for (int i = 0; column && i < TOPICS * SHOWN; i++) {
        size_t length;
        const char *term = tp_string_at(terms, column[i], &length);
        if (i % SHOWN == 0)
            printf("%s%-9s ", i ? "\n" : "", names[i / SHOWN]);
        printf(" %.*s", (int)length, term);
    }
    printf("\n");
}

static tp_status run(uint64_t seed, int64_t steps)
{
    tp_tensor *y, *test_y;
    tp_manual_seed(seed);
    const tp_strings *texts = make_texts(TRAIN, &y), *test_texts = make_texts(TEST, &test_y);
    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new();
    tp_tfidf *tfidf = tp_tfidf_new();
    tp_tensor *X = tp_tfidf_fit_transform_texts(tfidf, vectorizer, texts);
    tp_tensor *test_X = tp_tfidf_transform_texts(tfidf, vectorizer, test_texts);
    tp_module *model = tp_linear(tp_count_vectorizer_size(vectorizer), TOPICS);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (train(model, tp_tensor_dataset(X, y), steps) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    if (steps)
        return TP_OK;
    TP_SCOPE_NO_GRAD(evaluation);
    tp_tensor *predicted = tp_argmax(tp_forward(model, test_X), 1, false);
    printf("test accuracy %.4f\n\n", tp_accuracy(test_y, predicted));
    tp_classification_report(stdout, test_y, predicted, names, TOPICS);
    printf("\n");
    print_words(model, vectorizer);
    return tp_error();
}

int main(int count, char **arguments)
{
    uint64_t seed = 0;
    int64_t steps = 0;
    for (int i = 1; i < count; i++) {
        char *end;
        const bool option = strcmp(arguments[i], "--steps") == 0 && i + 1 < count;
        const char *number = arguments[option ? ++i : i];
        const int64_t value = strtoll(number, &end, 10);
        if (end == number || *end || value < 0) {
            fprintf(stderr, "usage: topics [--steps N] [SEED]\n");
            return 2;
        }
        if (option)
            steps = value;
        else
            seed = (uint64_t)value;
    }
    if (run(seed, steps) != TP_OK) {
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}
