/* taper eval: how good a model is on a table of labelled texts. */
#include "flags.h"
#include "eval_classes.h"
#include "model_file.h"
#include "train_texts.h"

#include <taper/metrics.h>
#include <taper/ops.h>
#include <taper/threads.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct scores {
    double accuracy, loss, precision, recall, f1, roc_auc;
    int64_t count, ones;
    int64_t confusion[2][2]; /* [actual][predicted] */
} scores;

static bool measure(const tp_text_model *model, const tp_labelled_texts *data, scores *result)
{
    tp_tensor *probabilities = tp_text_model_probabilities(model, data->texts);
    tp_tensor *predicted = tp_round(probabilities); /* half to even: 0.5 is label 0, as in training */
    result->count = data->count;
    result->ones = count_ones(data->labels);
    result->accuracy = tp_accuracy(data->labels, predicted);
    result->loss = tp_item(tp_binary_cross_entropy(probabilities, data->labels));
    result->precision = tp_precision(data->labels, predicted);
    result->recall = tp_recall(data->labels, predicted);
    result->f1 = tp_f1(data->labels, predicted);
    result->roc_auc = tp_roc_auc(data->labels, probabilities);
    tp_tensor *confusion = tp_confusion_matrix(data->labels, predicted, 2);
    return tp_copy_to_array(confusion, result->confusion, sizeof result->confusion) == TP_OK &&
           tp_error() == TP_OK;
}

static void print_text(const tp_text_model *model, const char *model_path, const char *path, const scores *s)
{
    const char *names[2];
    for (int i = 0; i < 2; i++)
        names[i] = label_of(model, i);
    printf("%s on %s: %" PRId64 " texts, %" PRId64 " of label %s\n\n",
           visible(model_path, strlen(model_path)), visible(path, strlen(path)), s->count, s->ones, names[1]);
    printf("accuracy   %.4f   %" PRId64 " of %" PRId64 " right\n", s->accuracy,
           s->confusion[0][0] + s->confusion[1][1], s->count);
    printf("loss       %.4f   mean binary cross-entropy\n", s->loss);
    printf("precision  %.4f\nrecall     %.4f\nF1         %.4f\n", s->precision, s->recall, s->f1);
    if (isnan(s->roc_auc))
        printf("ROC AUC    none     all labels are the same\n");
    else
        printf("ROC AUC    %.4f\n", s->roc_auc);

    int width = 7;
    for (int i = 0; i < 2; i++)
        if (text_width(names[i], strlen(names[i])) > width)
            width = text_width(names[i], strlen(names[i]));
    printf("\n%-*s  predicted\n%-*s", width, "", width, "actual");
    for (int i = 0; i < 2; i++)
        printf("  %*s%s", 9 - text_width(names[i], strlen(names[i])), "", names[i]);
    for (int i = 0; i < 2; i++)
        printf("\n%s%*s  %9" PRId64 "  %9" PRId64, names[i], width - text_width(names[i], strlen(names[i])),
               "", s->confusion[i][0], s->confusion[i][1]);
    putchar('\n');
}

static void print_json(const char *model_path, const char *path, const scores *s)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"accuracy", s->accuracy}, {"loss", s->loss}, {"precision", s->precision},
                   {"recall", s->recall},     {"f1", s->f1},     {"roc_auc", s->roc_auc}};
    printf("{\"model\":");
    json_text(stdout, model_path);
    printf(",\"file\":");
    json_text(stdout, path);
    printf(",\"count\":%" PRId64 ",\"ones\":%" PRId64, s->count, s->ones);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf(",\"%s\":", numbers[i].name);
        json_number(stdout, numbers[i].value);
    }
    printf(",\"confusion\":[[%" PRId64 ",%" PRId64 "],[%" PRId64 ",%" PRId64 "]]}\n", s->confusion[0][0],
           s->confusion[0][1], s->confusion[1][0], s->confusion[1][1]);
}

/* The classes that the model tells apart; NULL for labels 0 and 1. False after an error. */
static bool find_classes(const tp_text_model *model, const tp_label_encoder **classes)
{
    const tp_text_model_options *o = tp_text_model_get_options(model);
    *classes = NULL;
    if (!tp_text_model_softmax(model))
        return true;
    const tp_strings *names = tp_strings_from_array(o->classes, o->label_names);
    return names && (*classes = tp_label_encoder_of(names));
}

int eval_command(int argc, char **argv)
{
    const char *text = "sentence", *label = "label", *format = "tsv";
    bool json = false;
    int64_t threads = tp_get_num_threads();
    flag flags[] = {
        {"format", FLAG_CHOICE, &format, "NAME", "tsv, csv or fasttext", .choices = format_names},
        {"text", FLAG_TEXT, &text, "COLUMN", "the column of texts", .low = 0},
        {"label", FLAG_TEXT, &label, "COLUMN", "the column of labels", .low = 0},
        {"json", FLAG_SWITCH, &json, NULL, "one line of JSON, numbers in full", .low = 0},
        {"threads", FLAG_INTEGER, &threads, "N", "threads; no result depends on it", .low = 1,
         .high = TP_MAX_THREADS, .otherwise = "one for each processor"},
    };
    const command of = {
        "eval",
        "Measures a model on a file of labelled texts.",
        "MODEL FILE",
        "FILE is a table with a header, or fastText's lines; - is standard input. Its labels are those\n"
        "that the model knows. Of labels 0 and 1 label 1 is the positive one.\n",
        2,
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
    tp_labelled_texts_options options = texts_options(paths[1], format, text, label);
    if (!find_classes(model, &options.classes))
        return fail_library();
    tp_labelled_texts *data = read_texts(&options, &status);
    if (!data)
        return status;
    if (options.classes)
        return eval_classes(model, data, paths[0], paths[1], json);
    scores result;
    if (!measure(model, data, &result))
        return fail_library();
    if (json)
        print_json(paths[0], paths[1], &result);
    else
        print_text(model, paths[0], paths[1], &result);
    return STATUS_OK;
}
