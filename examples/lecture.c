/* The lecture's program, "Neural Net Training with PyTorch", slide by slide in C.
 *
 *     lecture DIR [SEED [BATCH]]
 *
 * DIR holds SST-2's train.tsv and dev.tsv. It prints what the Python program prints: the table, the sparse
 * matrices, the first item and batch, the model, its first output, and the three trainings. Times go to
 * standard error. */
#include <taper/taper.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Reading and preprocessing SST-2 ---- */

typedef struct text_corpus {
    const tp_strings *sentences;
    const tp_strings *preprocessed; /* each word stemmed */
    tp_tensor *labels;              /* int64 */
} text_corpus;

static tp_status read_corpus(const char *folder, const char *part, tp_stemmer *stemmer, text_corpus *corpus)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.tsv", folder, part);
    tp_table *table = tp_read_table(path);
    corpus->sentences = tp_table_strings(table, "sentence");
    corpus->labels = tp_table_numbers(table, "label", TP_I64);
    corpus->preprocessed = tp_stemmer_texts(stemmer, corpus->sentences);
    return tp_error();
}

/* A cell as pandas shows it: right-justified, and cut to 46 characters and dots where it has more than 49. */
enum { CELL = 49, CUT = 46 };

static void print_cell(const tp_strings *texts, int64_t row)
{
    size_t length;
    const char *text = tp_string_at(texts, row, &length);
    if (length > CELL)
        printf("%.*s...", CUT, text);
    else
        printf("%*.*s", CELL, (int)length, text);
}

/* The first and the last five rows, as pandas prints a table that is wider than the terminal. */
static void print_table(const text_corpus *corpus)
{
    const int64_t rows = corpus->sentences->count, edge = rows > 60 ? 5 : rows;
    int width = snprintf(NULL, 0, "%lld", (long long)(rows ? rows - 1 : 0));
    printf("%*s  %*s  ...  %*s\n", width, "", CELL, "sentence", CELL, "preprocessed");
    for (int64_t i = 0; i < rows; i++) {
        if (i == edge && rows > 2 * edge) {
            printf("%-*s  %*s  ...  %*s\n", width, "..", CELL, "...", CELL, "...");
            i = rows - edge;
        }
        printf("%-*lld  ", width, (long long)i);
        print_cell(corpus->sentences, i);
        printf("  ...  ");
        print_cell(corpus->preprocessed, i);
        printf("\n");
    }
    printf("\n[%lld rows x 3 columns]\n", (long long)rows);
}

static void print_matrix(const tp_tensor *X)
{
    printf("<%lldx%lld sparse matrix of type '<class 'numpy.int64'>'\n"
           "\twith %lld stored elements in Compressed Sparse Row format>\n",
           (long long)tp_size(X, 0), (long long)tp_size(X, 1), (long long)tp_nnz(X));
}

static void print_shape(const tp_tensor *t)
{
    printf("torch.Size([");
    for (int d = 0; d < tp_ndim(t); d++)
        printf(d ? ", %lld" : "%lld", (long long)tp_size(t, d));
    printf("])");
}

/* ---- Our model ---- */

typedef struct logistic_regression {
    tp_module *Wb, *activation_function;
    double l2_penalty_weight;
} logistic_regression;

typedef struct output {
    tp_tensor *py_logits, *py_probs, *py, *loss;
} output;

static tp_module *new_model(int64_t vocabulary_size, double l2_penalty_weight)
{
    tp_module *m = tp_module_new("BinaryLogisticRegression", NULL, sizeof(logistic_regression));
    logistic_regression *self = tp_module_data(m);
    if (!self)
        return NULL;
    self->Wb = tp_register_module(m, "Wb", tp_linear(vocabulary_size, 1));
    self->activation_function = tp_register_module(m, "activation_function", tp_sigmoid_layer());
    self->l2_penalty_weight = l2_penalty_weight;
    return tp_error() == TP_OK ? m : NULL;
}

/* Where the slides squeeze all dimensions, only the one of outputs is meant: a batch may have a single item.
 */
static output forward(tp_module *m, tp_tensor *X, tp_tensor *y)
{
    TP_MODULE_FRAME(m);
    logistic_regression *self = tp_module_data(m);
    output out;
    out.py_logits = tp_squeeze(tp_forward(self->Wb, X), 1);
    out.py_probs = tp_forward(self->activation_function, out.py_logits);
    out.py = tp_to(tp_round(tp_detach(out.py_probs)), TP_I32);
    out.loss = tp_binary_cross_entropy(out.py_probs, tp_to(y, TP_F32));
    if (self->l2_penalty_weight != 0) {
        tp_tensor *weight = tp_get_parameter(self->Wb, "weight");
        out.loss = tp_add(out.loss, tp_mul(tp_mean(tp_pow(weight, 2)), self->l2_penalty_weight));
    }
    return out;
}

/* ---- Training ---- */

/* The mean of the last `count` of `n` losses. */
static double mean_of_last(const double *losses, int64_t n, int64_t count)
{
    double sum = 0;
    if (count > n)
        count = n;
    for (int64_t i = n - count; i < n; i++)
        sum += losses[i];
    return sum / (double)count;
}

static int64_t count_correct(const tp_tensor *py, tp_tensor *y)
{
    return tp_item_i64(tp_sum(tp_eq(y, tp_to((tp_tensor *)py, TP_I64))));
}

static tp_status dev_accuracy(tp_module *model, tp_loader *dev, double *accuracy)
{
    TP_SCOPE_NO_GRAD(evaluation);
    int64_t correct = 0, seen = 0;
    tp_batch *batch;
    tp_status status;
    while ((status = tp_loader_next(dev, &batch)) == TP_OK) {
        TP_SCOPE(batch);
        correct += count_correct(forward(model, batch->X, batch->y).py, batch->y);
        seen += batch->size;
        if (tp_error() != TP_OK)
            return tp_error();
    }
    *accuracy = (double)correct / (double)seen;
    return status == TP_END ? TP_OK : status;
}

/* Trains as the slides do. `evaluate_every` 0: evaluation at the ends of epochs alone. With a `patience` of 0
 * or more, training stops when more evaluations than that have passed without a better one. */
static tp_status train(tp_module *model, tp_loader *loader, tp_loader *dev, int num_epochs,
                       int64_t evaluate_every, int patience)
{
    tp_optimizer *optimizer = tp_adam(tp_parameters(model), .lr = 0.01);
    double *losses = tp_region_alloc(tp_region_current(), (size_t)tp_loader_length(loader) * sizeof *losses);
    double best = 0, accuracy;
    int waited = 0;
    if (!losses)
        return tp_error();
    for (int epoch = 0; epoch < num_epochs; epoch++) {
        printf("\nEpoch %d\n", epoch);
        int64_t step = 0, correct = 0, seen = 0;
        tp_batch *batch;
        tp_status status;
        while ((status = tp_loader_next(loader, &batch)) == TP_OK) {
            TP_SCOPE(step);
            tp_zero_grad(optimizer);
            output out = forward(model, batch->X, batch->y);
            if (step > 0 && step % 500 == 0) {
                printf("\tStep %lld mean training loss: %.6f\n", (long long)step,
                       mean_of_last(losses, step, 500));
                if (evaluate_every) {
                    if (dev_accuracy(model, dev, &accuracy) != TP_OK)
                        return tp_error();
                    printf("\tDev accuracy: %.6f\n", accuracy);
                    waited = accuracy > best ? 0 : waited + 1;
                    best = accuracy > best ? accuracy : best;
                    if (patience >= 0 && waited > patience) {
                        printf("Stopping early!\n");
                        tp_loader_reset(loader);
                        return TP_OK;
                    }
                }
            }
            losses[step++] = tp_item(out.loss);
            correct += count_correct(out.py, batch->y);
            seen += batch->size;
            if (tp_backward(out.loss) != TP_OK || tp_step(optimizer) != TP_OK)
                return tp_error();
        }
        if (status != TP_END || dev_accuracy(model, dev, &accuracy) != TP_OK)
            return tp_error();
        printf("Epoch mean train loss: %.6f\n", mean_of_last(losses, step, step));
        printf("Epoch train accuracy: %.6f\n", (double)correct / (double)seen);
        printf("Epoch dev accuracy: %.6f\n", accuracy);
    }
    return TP_OK;
}

/* ---- The slides in order ---- */

static void print_output(const output *out)
{
    printf("{'py_logits': %s, 'py_probs': %s, 'py': %s, 'loss': %s}\n", tp_repr(out->py_logits),
           tp_repr(out->py_probs), tp_repr(out->py), tp_repr(out->loss));
}

static void took(const char *what)
{
    static struct timespec last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (what)
        fprintf(stderr, "[%s %.3f s]\n", what,
                (double)(now.tv_sec - last.tv_sec) + 1e-9 * (double)(now.tv_nsec - last.tv_nsec));
    last = now;
}

static tp_status lecture(const char *folder, uint64_t seed, int64_t batch_size)
{
    text_corpus train_df, dev_df;
    took(NULL);
    tp_stemmer *stemmer = tp_stemmer_new(.cache_size = 4 << 20);
    if (read_corpus(folder, "train", stemmer, &train_df) != TP_OK ||
        read_corpus(folder, "dev", stemmer, &dev_df) != TP_OK)
        return tp_error();
    took("read and stem");
    print_table(&dev_df);

    tp_count_vectorizer *vectorizer = tp_count_vectorizer_new(.dtype = TP_F32);
    tp_tensor *train_X = tp_count_vectorizer_fit_transform(vectorizer, train_df.preprocessed);
    tp_tensor *dev_X = tp_count_vectorizer_transform(vectorizer, dev_df.preprocessed);
    if (!train_X || !dev_X)
        return tp_error();
    print_matrix(train_X);
    print_matrix(dev_X);
    took("vectorize");

    tp_manual_seed(seed);
    tp_dataset *train_dataset = tp_tensor_dataset(train_X, train_df.labels);
    tp_dataset *dev_dataset = tp_tensor_dataset(dev_X, dev_df.labels);
    tp_tensor *item[2];
    if (tp_dataset_item(train_dataset, 0, item) != TP_OK)
        return tp_error();
    printf("{'y': %s, 'X': %s}\n", tp_repr(item[1]), tp_repr(item[0]));
    print_shape(item[0]);
    printf("\n");

    tp_loader *train_loader = tp_loader_new(train_dataset, .batch_size = batch_size, .shuffle = true);
    tp_loader *dev_loader = tp_loader_new(dev_dataset, .batch_size = batch_size);
    tp_batch *first;
    if (tp_loader_next(train_loader, &first) != TP_OK)
        return tp_error();
    /* The slides' batches are dense; ours stay sparse, and are only shown as dense ones. */
    tp_tensor *dense = tp_to_dense(first->X);
    printf("First training batch:\n{'y': %s, 'X': %s}\n", tp_repr(first->y), tp_repr(dense));
    printf("Batch item shapes:\n{'y': ");
    print_shape(first->y);
    printf(", 'X': ");
    print_shape(dense);
    printf("}\n");
    tp_release(dense);

    const int64_t vocabulary_size = tp_size(train_X, 1);
    tp_module *model = new_model(vocabulary_size, 0);
    tp_module_print(stdout, model);
    {
        TP_SCOPE(first_output);
        TP_SCOPE_NO_GRAD(first_output);
        output out = forward(model, first->X, first->y);
        printf("First training output:\n");
        print_output(&out);
    }
    tp_loader_reset(train_loader);
    if (tp_error() != TP_OK)
        return tp_error();

    if (train(model, train_loader, dev_loader, 2, 0, -1) != TP_OK)
        return tp_error();
    took("plain model");
    printf("\nRegularized model\n");
    if (train(new_model(vocabulary_size, 0.001), train_loader, dev_loader, 2, 500, -1) != TP_OK)
        return tp_error();
    took("regularized model");
    printf("\nEarly stopping\n");
    if (train(new_model(vocabulary_size, 0), train_loader, dev_loader, 10, 500, 3) != TP_OK)
        return tp_error();
    took("early stopping");
    return TP_OK;
}

/* A whole number of at least `least`; -1 if the text is none. */
static int64_t parse(const char *text, int64_t least)
{
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    return errno || end == text || *end || value < least ? -1 : (int64_t)value;
}

int main(int count, char **arguments)
{
    if (count < 2 || count > 4) {
        fprintf(stderr, "usage: lecture DIR [SEED [BATCH]]\n");
        return 2;
    }
    const int64_t seed = count > 2 ? parse(arguments[2], 0) : 0;
    const int64_t batch_size = count > 3 ? parse(arguments[3], 1) : 16;
    if (seed < 0 || batch_size < 0) {
        fprintf(stderr, "lecture: SEED is a whole number from 0 on, BATCH one from 1 on\n");
        return 2;
    }
    if (lecture(arguments[1], (uint64_t)seed, batch_size) != TP_OK)
        tp_report(stderr);
    else if (fflush(stdout) == 0)
        return tp_finish(), 0;
    tp_finish();
    return 1;
}
