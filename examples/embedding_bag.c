/* Sentiment from the mean of word vectors: an embedding bag and a linear layer.
 *
 *     embedding_bag [--steps N] [--data DIR] [SEED]
 *
 * DIR holds train.tsv and dev.tsv with the columns "sentence" and "label", such as those of SST-2; it is
 * $TAPER_SST2 if that is set, and otherwise data/demo. With --steps it prints the losses of the first N steps
 * and nothing else. pytorch/embedding_bag.py is the same program in PyTorch. */
#include <taper/taper.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 32, BATCH = 64, STEPS_AT_LEAST = 300, EPOCHS_AT_LEAST = 2 };

/* ---- Sentences of different lengths as a dataset of the program's own ---- */

typedef struct sentences {
    const tp_sequences *ids;
    const float *labels;
} sentences;

static int64_t length(void *self)
{
    return ((sentences *)self)->ids->count;
}

/* A batch: the ids of all its sentences behind each other, the labels, and where each sentence begins. */
static tp_status batch(void *self, const int64_t *indices, int64_t count, tp_tensor **fields)
{
    const sentences *s = self;
    int64_t n = 0, total = 0;
    for (int64_t i = 0; i < count; i++, total += n)
        tp_sequence_at(s->ids, indices[i], &n);
    fields[0] = tp_zeros(TP_I64, total);
    fields[1] = tp_zeros(TP_F32, count);
    fields[2] = tp_zeros(TP_I64, count);
    int64_t *ids = tp_data_i64(fields[0]), *offsets = tp_data_i64(fields[2]);
    float *labels = tp_data_f32(fields[1]);
    if (!ids || !labels || !offsets)
        return tp_error();
    total = 0;
    for (int64_t i = 0; i < count; i++, total += n) {
        const int64_t *sentence = tp_sequence_at(s->ids, indices[i], &n);
        if (n)
            memcpy(ids + total, sentence, (size_t)n * sizeof *ids);
        labels[i] = s->labels[indices[i]];
        offsets[i] = total;
    }
    return TP_OK;
}

static tp_status item(void *self, int64_t index, tp_tensor **fields)
{
    return batch(self, &index, 1, fields);
}

static const tp_dataset_type sentences_type = {
    .name = "sentences", .n_fields = 3, .length = length, .item = item, .batch = batch};

/* Reads a file; learns the vocabulary from it if there is none yet. */
static tp_dataset *read_sentences(const char *folder, const char *part, tp_vocabulary **vocabulary)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.tsv", folder, part);
    tp_table *table = tp_read_table(path);
    const tp_strings *texts = tp_table_strings(table, "sentence");
    if (!*vocabulary)
        *vocabulary = tp_vocabulary_learn(texts, .min_count = 2);
    sentences *self = tp_region_alloc(tp_region_current(), sizeof *self);
    if (!self)
        return NULL;
    self->ids = tp_vocabulary_encode(*vocabulary, texts);
    self->labels = tp_data_f32(tp_table_numbers(table, "label", TP_F32));
    return self->ids && self->labels ? tp_dataset_new(&sentences_type, self) : NULL;
}

/* ---- The model ---- */

typedef struct classifier {
    tp_module *bag, *linear;
} classifier;

static tp_module *new_model(int64_t words)
{
    tp_module *m = tp_module_new("Classifier", NULL, sizeof(classifier));
    classifier *self = tp_module_data(m);
    if (!self)
        return NULL;
    self->bag = tp_register_module(m, "bag", tp_embedding_bag(words, WIDTH));
    self->linear = tp_register_module(m, "linear", tp_linear(WIDTH, 1));
    return tp_error() == TP_OK ? m : NULL;
}

static tp_tensor *logits(tp_module *m, const tp_batch *b)
{
    TP_MODULE_FRAME(m);
    classifier *self = tp_module_data(m);
    tp_tensor *means = tp_embedding_bag_forward(self->bag, b->X, b->fields[2], NULL);
    return tp_squeeze(tp_forward(self->linear, means), 1);
}

static double accuracy(tp_module *model, tp_loader *loader)
{
    TP_SCOPE_NO_GRAD(evaluation);
    int64_t correct = 0, seen = 0;
    tp_batch *b;
    while (tp_loader_next(loader, &b) == TP_OK) {
        TP_SCOPE(batch);
        tp_tensor *predicted = tp_to(tp_gt(logits(model, b), 0), TP_F32);
        correct += tp_item_i64(tp_sum(tp_eq(predicted, b->y)));
        seen += b->size;
    }
    return (double)correct / (double)seen;
}

static tp_status train(tp_module *model, tp_loader *loader, tp_loader *dev, int64_t steps)
{
    tp_optimizer *adam = tp_adam(tp_parameters(model), .lr = 0.005);
    int64_t step = 0;
    for (int epoch = 1; epoch <= EPOCHS_AT_LEAST || step < STEPS_AT_LEAST; epoch++) {
        double sum = 0;
        tp_batch *b;
        tp_status status;
        while ((status = tp_loader_next(loader, &b)) == TP_OK) {
            TP_SCOPE(step);
            tp_tensor *loss = tp_binary_cross_entropy_with_logits(logits(model, b), b->y);
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
            printf("epoch %2d  loss %.6f  dev accuracy %.4f\n", epoch, sum / (double)tp_loader_length(loader),
                   accuracy(model, dev));
    }
    return tp_error();
}

static tp_status run(const char *folder, uint64_t seed, int64_t steps)
{
    tp_vocabulary *vocabulary = NULL;
    tp_dataset *data = read_sentences(folder, "train", &vocabulary);
    tp_dataset *dev = read_sentences(folder, "dev", &vocabulary);
    if (!data || !dev)
        return tp_error();
    const int64_t words = tp_vocabulary_tokens(vocabulary)->count;
    if (!steps)
        printf("%lld sentences, %lld words\n", (long long)tp_dataset_length(data), (long long)words);
    tp_manual_seed(seed);
    tp_module *model = new_model(words);
    tp_loader *loader = tp_loader_new(data, .batch_size = BATCH, .shuffle = true);
    /* A generator of its own: otherwise each evaluation would take a draw from the training's. */
    tp_loader *dev_loader = tp_loader_new(dev, .batch_size = BATCH, .generator = tp_generator_new());
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (train(model, loader, dev_loader, steps) != TP_OK)
        return tp_error();
    clock_gettime(CLOCK_MONOTONIC, &end);
    fprintf(stderr, "[training %.4f s]\n",
            (double)(end.tv_sec - begin.tv_sec) + 1e-9 * (double)(end.tv_nsec - begin.tv_nsec));
    return tp_error();
}

int main(int count, char **arguments)
{
    const char *folder = getenv("TAPER_SST2");
    uint64_t seed = 0;
    int64_t steps = 0;
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--data") == 0 && i + 1 < count) {
            folder = arguments[++i];
            continue;
        }
        char *end;
        const bool option = strcmp(arguments[i], "--steps") == 0 && i + 1 < count;
        const char *number = arguments[option ? ++i : i];
        const int64_t value = strtoll(number, &end, 10);
        if (end == number || *end || value < 0) {
            fprintf(stderr, "usage: embedding_bag [--steps N] [--data DIR] [SEED]\n");
            return 2;
        }
        if (option)
            steps = value;
        else
            seed = (uint64_t)value;
    }
    if (run(folder && *folder ? folder : "data/demo", seed, steps) != TP_OK) {
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}
