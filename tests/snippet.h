/* What the pieces of code in headers and documents may use without saying so: tests/check_code.sh puts each
 * piece into a program that includes this. A name that a piece declares itself hides the one from here. */
#ifndef SNIPPET_H
#define SNIPPET_H

#include <taper/taper.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#endif

static int64_t vocabulary_size = 4;
static tp_tensor *x, *y;                      /* float32 [8, 4] and [8, 1] */
static tp_tensor *X, *labels;                 /* CSR [8, 4], and 0 and 1, float32 [8] */
static tp_tensor *W, *w, *b;                  /* leaves that require a gradient: [1, 4], [4], [1] */
static tp_tensor *loss;                       /* of the model on x and y */
static tp_tensor *truth, *predicted, *scores; /* int64 [8], int64 [8], float32 [8] */
static tp_module *model;                      /* 4 features to 1 */
static tp_optimizer *adam, *optimizer;        /* of the model */
static tp_dataset *dataset;                   /* X and labels */
static tp_loader *train, *dev, *loader;       /* batches of two */
static const tp_strings *texts;               /* four short ones */
static tp_count_vectorizer *vectorizer;       /* fitted on the texts */
static tp_hashing_vectorizer *hashing;

static void snippet_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static void snippet_begin(void)
{
    tp_manual_seed(0);
    x = tp_rand(TP_F32, 8, 4);
    y = tp_rand(TP_F32, 8, 1);
    X = tp_to_csr(tp_eye(TP_F32, 8, 4));
    labels = tp_from_text(TP_F32, "[1, 0, 1, 0, 0, 0, 0, 1]");
    W = tp_requires_grad_(tp_rand(TP_F32, 1, 4), true);
    w = tp_requires_grad_(tp_rand(TP_F32, 4), true);
    b = tp_requires_grad_(tp_zeros(TP_F32, 1), true);
    truth = tp_from_text(TP_I64, "[1, 0, 1, 0, 0, 0, 0, 1]");
    predicted = tp_from_text(TP_I64, "[1, 0, 0, 0, 1, 0, 0, 1]");
    scores = tp_rand(TP_F32, 8);
    model = tp_sequential(tp_linear(4, 3), tp_relu_layer(), tp_linear(3, 1));
    adam = optimizer = tp_adam(tp_parameters(model));
    loss = tp_mse_loss(tp_forward(model, x), y);
    dataset = tp_tensor_dataset(X, labels);
    train = loader = tp_loader_new(dataset, .batch_size = 2);
    dev = tp_loader_new(dataset, .batch_size = 2);
    texts = tp_strings_from_array(
        4, (const char *const[]){"a gripping film", "a dull film", "gripping and funny", "dull and long"});
    vectorizer = tp_count_vectorizer_new();
    tp_count_vectorizer_fit(vectorizer, texts);
    hashing = tp_hashing_vectorizer_new(.n_features = 16);
    snippet_write("train.tsv", "sentence\tlabel\na gripping film\t1\na dull film\t0\n");
    snippet_write("dev.tsv", "sentence\tlabel\nfunny\t1\nlong\t0\n");
    snippet_write("train.txt", "__label__positive a gripping film\n__label__negative a dull one\n");
    snippet_write("train.svm", "1 1:0.5 3:2\n-1 2:1\n");
    tp_named_tensors *state = tp_state_dict(model);
    tp_safetensors_save("model.safetensors", state->items, state->count, NULL, 0);
    if (tp_error() != TP_OK)
        abort();
}

static int snippet_end(int status)
{
    if (tp_error() != TP_OK || status != 0) {
        fprintf(stderr, "it ends with %d: ", status);
        tp_report(stderr);
        return 1;
    }
    tp_finish();
    return 0;
}

#endif
