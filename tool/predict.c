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

/* How answers look. */
typedef struct answer_format {
    int64_t top; /* classes of an answer with their probabilities; 0: a label and what it is predicted by */
    bool json;
    const char **labels; /* as answers that are no JSON show them: in one line, without a tab */
    size_t longest;      /* bytes of an answer at most */
} answer_format;

/* A run of a block's texts for one thread. */
typedef struct share {
    const tp_text_model *model;
    const answer_format *format;
    tp_strings texts;
    char *answers;
    size_t used; /* bytes of `answers` */
    char error[512];
    tp_status status;
} share;

/* "%.6f". A float32 times a million is exact in a double, so that rounding it, half to even, is what printf
 * does. */
static char *write_probability(char *at, float probability)
{
    if (!(probability >= 0 && probability <= 1)) /* of infinite sums of weights */
        return at + sprintf(at, "%f", (double)probability);
    unsigned millionths = (unsigned)lrint(1e6 * (double)probability);
    at[1] = '.';
    for (int i = 7; i > 1; i--, millionths /= 10)
        at[i] = (char)('0' + millionths % 10);
    at[0] = (char)('0' + millionths);
    return at + 8;
}

static char *write_text(char *at, const char *text)
{
    const size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

/* The same as json_text, into memory; the model's names are UTF-8. */
static char *write_quoted(char *at, const char *text)
{
    *at++ = '"';
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            *at++ = '\\';
        if (c < 0x20 || c == 0x7f)
            at += sprintf(at, "\\u%04x", c);
        else if (c == 0xc2 && (unsigned char)text[1] < 0xa0) /* U+0080 to U+009F */
            at += sprintf(at, "\\u%04x", (unsigned char)*++text);
        else
            *at++ = *text;
    }
    *at++ = '"';
    return at;
}

/* The probability of a class: `p` has all, or that of label 1 alone. */
static float probability_of(const tp_text_model *model, const float *p, int64_t class)
{
    return tp_text_model_softmax(model) ? p[class] : class ? *p : 1 - *p;
}

/* The most probable class that is less probable than, or equal to and behind, `before` (-1: none). */
static int64_t next_class(const tp_text_model *model, const float *p, int64_t before)
{
    const int64_t classes = tp_text_model_classes(model);
    int64_t best = -1;
    for (int64_t c = 0; c < classes; c++) {
        const float value = probability_of(model, p, c);
        if (before >= 0) {
            const float limit = probability_of(model, p, before);
            if (value > limit || (value == limit && c <= before))
                continue;
        }
        if (best < 0 || value > probability_of(model, p, best))
            best = c;
    }
    return best;
}

static char *write_class(char *at, const share *s, const float *p, int64_t class, bool first)
{
    const float probability = probability_of(s->model, p, class);
    if (s->format->json) {
        at = write_text(at, first ? "{\"label\":" : ",{\"label\":");
        at = write_quoted(at, tp_text_model_label(s->model, (int)class));
        at = write_text(at, ",\"probability\":");
        at += probability == probability ? sprintf(at, "%.9g", (double)probability) : sprintf(at, "null");
        *at++ = '}';
        return at;
    }
    if (!first)
        *at++ = '\t';
    at = write_text(at, s->format->labels[class]);
    *at++ = '\t';
    return write_probability(at, probability);
}

/* Of a model with one score the label, and the probability of label 1. */
static char *write_label(char *at, const share *s, float probability)
{
    at = write_text(at, s->format->labels[probability > 0.5f]);
    *at++ = '\t';
    return write_probability(at, probability);
}

static void write_answers(share *s, const float *probabilities)
{
    const bool softmax = tp_text_model_softmax(s->model);
    const int64_t width = softmax ? tp_text_model_classes(s->model) : 1;
    const int64_t top = s->format->top ? s->format->top : 1;
    const bool plain = !softmax && !s->format->top && !s->format->json;
    char *at = s->answers;
    for (int64_t i = 0; i < s->texts.count; i++) {
        const float *p = probabilities + i * width;
        if (plain) {
            at = write_label(at, s, *p);
        } else {
            int64_t class = -1;
            if (s->format->json && s->format->top)
                *at++ = '[';
            for (int64_t k = 0; k < top && (class = next_class(s->model, p, class)) >= 0; k++)
                at = write_class(at, s, p, class, !k);
            if (s->format->json && s->format->top)
                *at++ = ']';
        }
        *at++ = '\n';
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

/* Writes the answers to a block's texts through `answers`. Shares do not
 * depend on each other, and so the result not on the number of threads. */
static int predict_block(const tp_text_model *model, const answer_format *format, const tp_strings *texts,
                         char *answers)
{
    share shares[TP_MAX_THREADS];
    pthread_t threads[TP_MAX_THREADS];
    bool started[TP_MAX_THREADS] = {false};
    int64_t n = texts->count / TEXTS_PER_THREAD;
    n = n < 1 ? 1 : n > tp_get_num_threads() ? tp_get_num_threads() : n;
    for (int64_t i = n - 1; i >= 0; i--) {
        const int64_t from = texts->count * i / n, to = texts->count * (i + 1) / n;
        shares[i].model = model;
        shares[i].format = format;
        shares[i].texts = (tp_strings){to - from, texts->bytes, texts->offsets + from};
        shares[i].answers = answers + (size_t)from * format->longest;
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

static int print_block(const tp_text_model *model, const answer_format *format, const tp_strings *texts,
                       char **answers, int64_t *room)
{
    if (texts->count > *room) {
        char *more = realloc(*answers, (size_t)texts->count * format->longest);
        if (!more)
            return fail(STATUS_FAILED, "out of memory for %lld texts", (long long)texts->count);
        *answers = more;
        *room = texts->count;
    }
    const int status = predict_block(model, format, texts, *answers);
    if (status != STATUS_GO_ON)
        return status;
    return fflush(stdout) == 0 ? STATUS_GO_ON : output_failed();
}

/* The labels, and room for the longest answer: names (in JSON each byte is six at most), and what stands
 * around them. False when memory is out. */
static bool prepare_answers(answer_format *format, const tp_text_model *model)
{
    enum { AROUND = 48 };
    const int64_t classes = tp_text_model_classes(model);
    size_t longest = 0;
    format->labels = tp_region_alloc(tp_region_current(), (size_t)classes * sizeof *format->labels);
    if (!format->labels)
        return false;
    for (int64_t i = 0; i < classes; i++) {
        format->labels[i] = label_of(model, (int)i);
        const size_t length =
            format->json ? 6 * strlen(tp_text_model_label(model, (int)i)) : strlen(format->labels[i]);
        longest = length > longest ? length : longest;
    }
    format->top = format->top < classes ? format->top : classes;
    const size_t pieces = format->top ? (size_t)format->top : 1;
    format->longest = pieces * (AROUND + longest) + 4;
    return true;
}

/* Predicts block after block; the texts before an error are predicted, too. */
static int predict_all(const tp_text_model *model, const answer_format *format, text_blocks *blocks)
{
    char *answers = NULL;
    int64_t room = 0;
    int status = STATUS_GO_ON;
    while (status == STATUS_GO_ON) {
        tp_strings texts = {0, NULL, NULL};
        const int read = text_blocks_next(blocks, &texts);
        if (texts.count)
            status = print_block(model, format, &texts, &answers, &room);
        if (status == STATUS_GO_ON)
            status = read;
    }
    free(answers);
    return status;
}

static const char *const table_formats[] = {"tsv", "csv", NULL};

int predict_command(int argc, char **argv)
{
    const char *column = NULL, *format = "tsv";
    answer_format answers = {0};
    int64_t threads = tp_get_num_threads();
    flag flags[] = {
        {"text", FLAG_TEXT, &column, "COLUMN", "read this column of a table with a header",
         .otherwise = "each line is a text"},
        {"format", FLAG_CHOICE, &format, "NAME", "of the table: tsv or csv", .choices = table_formats},
        {"top", FLAG_INTEGER, &answers.top, "K", "the K most probable labels, each with its probability",
         .low = 1, .high = INT32_MAX, .otherwise = "the label alone"},
        {"json", FLAG_SWITCH, &answers.json, NULL, "an answer is one line of JSON", .low = 0},
        {"threads", FLAG_INTEGER, &threads, "N", "threads; no result depends on it", .low = 1,
         .high = TP_MAX_THREADS, .otherwise = "one for each processor"},
    };
    const command of = {
        "predict",
        "Gives a label and a probability for each text, in order.",
        "MODEL [FILE]",
        "FILE is UTF-8 with a text on each line; without it, or as -, it is standard input, and\n"
        "each line is answered as soon as it is there. An answer is the label, a tab, and its\n"
        "probability; of labels 0 and 1 of a logistic regression that of label 1, unless --top or\n"
        "--json is given. An empty line is a text like any other.\n",
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
    if (!prepare_answers(&answers, model))
        return fail_library();
    text_blocks blocks;
    status = text_blocks_open(&blocks, paths[1] ? paths[1] : "-", column, strcmp(format, "csv") ? '\t' : ',');
    if (status == STATUS_GO_ON)
        status = predict_all(model, &answers, &blocks);
    text_blocks_close(&blocks);
    return status;
}
