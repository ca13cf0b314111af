/* taper predict: a label and a probability for each line of text, in order, as soon as the line is there. */
#include "flags.h"
#include "model_file.h"
#include "text_blocks.h"

#include <taper/threads.h>

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Texts per thread below which another thread costs more than it brings. */
#define TEXTS_PER_THREAD 256

/* A run of a block's texts for one thread. */
typedef struct share {
    const tp_text_model *model;
    tp_strings texts;
    char *answers;
    size_t used; /* bytes of `answers` */
    char error[512];
    tp_status status;
} share;

/* A tab, a probability, a line end. */
#define PROBABILITY_SIZE 10

/* "\t%.6f\n". A float32 times a million is exact in a double, so that rounding it, half to even, is what
 * printf does. */
static char *write_probability(char *at, float probability)
{
    if (!(probability >= 0 && probability <= 1)) /* of infinite sums of weights */
        return at + sprintf(at, "\t%f\n", (double)probability);
    unsigned millionths = (unsigned)lrint(1e6 * (double)probability);
    *at++ = '\t';
    at[1] = '.';
    for (int i = 7; i > 1; i--, millionths /= 10)
        at[i] = (char)('0' + millionths % 10);
    at[0] = (char)('0' + millionths);
    at[8] = '\n';
    return at + 9;
}

static void write_answers(share *s, const float *probabilities)
{
    const char *const names[2] = {tp_text_model_label(s->model, 0), tp_text_model_label(s->model, 1)};
    const size_t lengths[2] = {strlen(names[0]), strlen(names[1])};
    char *at = s->answers;
    for (int64_t i = 0; i < s->texts.count; i++) {
        const int label = probabilities[i] > 0.5f;
        memcpy(at, names[label], lengths[label]);
        at = write_probability(at + lengths[label], probabilities[i]);
    }
    s->used = (size_t)(at - s->answers);
}

static void *predict_share(void *argument)
{
    share *s = argument;
    TP_SCOPE(predict);
    tp_tensor *probabilities = tp_text_model_probabilities(s->model, &s->texts);
    s->status = probabilities ? TP_OK : tp_error();
    if (s->status == TP_OK) {
        write_answers(s, tp_data_f32(probabilities));
    } else {
        snprintf(s->error, sizeof s->error, "%s", tp_error_message());
        tp_clear_error();
    }
    return NULL;
}

/* Writes the answers to a block's texts, of at most `longest` bytes each, through `answers`. Shares do not
 * depend on each other, and so the result not on the number of threads. */
static int predict_block(const tp_text_model *model, const tp_strings *texts, char *answers, size_t longest)
{
    share shares[TP_MAX_THREADS];
    pthread_t threads[TP_MAX_THREADS];
    bool started[TP_MAX_THREADS] = {false};
    int64_t n = texts->count / TEXTS_PER_THREAD;
    n = n < 1 ? 1 : n > tp_get_num_threads() ? tp_get_num_threads() : n;
    for (int64_t i = n - 1; i >= 0; i--) {
        const int64_t from = texts->count * i / n, to = texts->count * (i + 1) / n;
        shares[i].model = model;
        shares[i].texts = (tp_strings){to - from, texts->bytes, texts->offsets + from};
        shares[i].answers = answers + (size_t)from * longest;
        shares[i].used = 0;
        /* This thread does the first share, and those for which the system has no thread. */
        started[i] = i && pthread_create(&threads[i], NULL, predict_share, &shares[i]) == 0;
        if (!started[i])
            predict_share(&shares[i]);
    }
    int status = STATUS_GO_ON;
    for (int64_t i = 0; i < n; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
        if (shares[i].status != TP_OK && status == STATUS_GO_ON)
            status = fail(STATUS_FAILED, "%s", shares[i].error);
        if (status == STATUS_GO_ON && fwrite(shares[i].answers, 1, shares[i].used, stdout) != shares[i].used)
            status = output_failed();
    }
    return status;
}

static int print_block(const tp_text_model *model, const tp_strings *texts, char **answers, int64_t *room)
{
    size_t longest = 0;
    for (int label = 0; label < 2; label++) {
        const size_t length = strlen(tp_text_model_label(model, label)) + PROBABILITY_SIZE;
        longest = length > longest ? length : longest;
    }
    if (texts->count > *room) {
        char *more = realloc(*answers, (size_t)texts->count * longest);
        if (!more)
            return fail(STATUS_FAILED, "out of memory for %lld texts", (long long)texts->count);
        *answers = more;
        *room = texts->count;
    }
    const int status = predict_block(model, texts, *answers, longest);
    if (status != STATUS_GO_ON)
        return status;
    return fflush(stdout) == 0 ? STATUS_GO_ON : output_failed();
}

/* Predicts block after block; the texts before an error are predicted, too. */
static int predict_all(const tp_text_model *model, text_blocks *blocks)
{
    char *answers = NULL;
    int64_t room = 0;
    int status = STATUS_GO_ON;
    while (status == STATUS_GO_ON) {
        tp_strings texts = {0, NULL, NULL};
        const int read = text_blocks_next(blocks, &texts);
        if (texts.count)
            status = print_block(model, &texts, &answers, &room);
        if (status == STATUS_GO_ON)
            status = read;
    }
    free(answers);
    return status;
}

int predict_command(int argc, char **argv)
{
    const char *column = NULL;
    int64_t threads = tp_get_num_threads();
    flag flags[] = {
        {"text", FLAG_TEXT, &column, "COLUMN", "read this column of a tab-separated file with a header",
         .otherwise = "each line is a text"},
        {"threads", FLAG_INTEGER, &threads, "N", "threads; no result depends on it", .low = 1,
         .high = TP_MAX_THREADS, .otherwise = "one for each processor"},
    };
    const command of = {
        "predict",
        "Gives a label and a probability for each text, in order.",
        "MODEL [FILE]",
        "FILE is UTF-8 with a text on each line; without it, or as -, it is standard input, and\n"
        "each line is answered as soon as it is there. An answer is the label, a tab, and the\n"
        "probability of label 1. An empty line is a text like any other.\n",
        1,
        2,
        flags,
        sizeof flags / sizeof *flags};
    const char *paths[2];
    int status = flags_read(&of, argc, argv, paths);
    if (status != STATUS_GO_ON)
        return status;
    if (tp_set_num_threads((int)threads) != TP_OK)
        return fail_library();
    tp_text_model *model = open_model(paths[0], &status);
    if (!model)
        return status;
    text_blocks blocks;
    status = text_blocks_open(&blocks, paths[1] ? paths[1] : "-", column);
    if (status == STATUS_GO_ON)
        status = predict_all(model, &blocks);
    text_blocks_close(&blocks);
    return status;
}
