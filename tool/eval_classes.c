#include "eval_classes.h"
#include "model_file.h"

#include <taper/metrics.h>
#include <taper/region.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The largest confusion matrix that is printed for people, and that is made at all, in classes. */
#define WIDEST_TABLE 20
#define LARGEST_MATRIX 1000

typedef struct scores {
    int64_t classes, count, right;
    double accuracy, macro_f1, loss, roc_auc;
    tp_tensor *predicted;
    int64_t *support, *predictions, *hits; /* of each class: texts that have it, are given it, and both */
    const int64_t *confusion;              /* [actual][predicted]; NULL with more than LARGEST_MATRIX */
    bool all_occur;
} scores;

static double share(int64_t part, int64_t of)
{
    return of ? (double)part / (double)of : 0;
}

/* The most probable class of each text, the first of equals. */
static tp_tensor *most_probable(tp_tensor *probabilities, int64_t count, int64_t classes)
{
    tp_tensor *predicted = tp_zeros(TP_I64, count);
    const float *p = tp_data_f32(probabilities);
    int64_t *into = tp_data_i64(predicted);
    for (int64_t i = 0; p && into && i < count; i++, p += classes)
        for (int64_t c = 1; c < classes; c++)
            into[i] = p[c] > p[into[i]] ? c : into[i];
    return p && into ? predicted : NULL;
}

/* One against the rest; of two classes that of the second one. NaN unless all classes occur. */
static double area(const scores *s, const tp_labelled_texts *data, tp_tensor *probabilities)
{
    if (!s->all_occur)
        return NAN;
    if (s->classes > 2)
        return tp_roc_auc(data->labels, probabilities);
    tp_tensor *second = tp_zeros(TP_F32, s->count);
    const float *p = tp_data_f32(probabilities);
    float *into = tp_data_f32(second);
    for (int64_t i = 0; p && into && i < s->count; i++)
        into[i] = p[2 * i + 1];
    return tp_roc_auc(data->labels, second);
}

static bool count_classes(const tp_labelled_texts *data, scores *s)
{
    const int64_t *actual = tp_data_i64(data->labels), *predicted = tp_data_i64(s->predicted);
    int64_t *const counts = tp_region_alloc(tp_region_current(), (size_t)s->classes * 3 * sizeof *s->support);
    if (!actual || !predicted || !counts)
        return false;
    memset(counts, 0, (size_t)s->classes * 3 * sizeof *counts);
    s->support = counts;
    s->predictions = counts + s->classes;
    s->hits = counts + 2 * s->classes;
    for (int64_t i = 0; i < s->count; i++) {
        s->support[actual[i]]++;
        s->predictions[predicted[i]]++;
        s->hits[actual[i]] += actual[i] == predicted[i];
    }
    s->all_occur = true;
    for (int64_t c = 0; c < s->classes; c++) {
        s->right += s->hits[c];
        s->all_occur &= s->support[c] > 0;
    }
    return true;
}

static bool measure(const tp_text_model *model, const tp_labelled_texts *data, scores *s)
{
    tp_tensor *probabilities = tp_text_model_probabilities(model, data->texts);
    s->classes = tp_text_model_classes(model);
    s->count = data->count;
    s->predicted = probabilities ? most_probable(probabilities, s->count, s->classes) : NULL;
    if (!s->predicted || !count_classes(data, s))
        return false;
    if (s->classes <= LARGEST_MATRIX)
        s->confusion = tp_data_i64(tp_confusion_matrix(data->labels, s->predicted, s->classes));
    s->accuracy = tp_accuracy(data->labels, s->predicted);
    s->macro_f1 = tp_f1(data->labels, s->predicted, .average = TP_AVERAGE_MACRO);
    s->loss = tp_log_loss(data->labels, probabilities);
    s->roc_auc = area(s, data, probabilities);
    return tp_error() == TP_OK;
}

/* ---- For people ---- */

static bool print_report(const tp_text_model *model, const tp_labelled_texts *data, const scores *s)
{
    const char **names = tp_region_alloc(tp_region_current(), (size_t)s->classes * sizeof *names);
    int n = 0;
    if (!names)
        return false;
    for (int64_t c = 0; c < s->classes; c++)
        if (s->support[c] || s->predictions[c])
            names[n++] = label_of(model, (int)c);
    return tp_classification_report(stdout, data->labels, s->predicted, names, n) == TP_OK;
}

static void print_confusion(const tp_text_model *model, const scores *s)
{
    int width = 7;
    for (int c = 0; c < s->classes; c++) {
        const char *name = label_of(model, c);
        const int here = text_width(name, strlen(name));
        width = here > width ? here : width;
    }
    printf("\n%-*s  predicted\n%-*s", width, "", width, "actual");
    for (int c = 0; c < s->classes; c++) {
        const char *name = label_of(model, c);
        printf("  %*s%s", width - text_width(name, strlen(name)), "", name);
    }
    for (int c = 0; c < s->classes; c++) {
        const char *name = label_of(model, c);
        printf("\n%s%*s", name, width - text_width(name, strlen(name)), "");
        for (int p = 0; p < s->classes; p++)
            printf("  %*" PRId64, width, s->confusion[c * s->classes + p]);
    }
    putchar('\n');
}

static bool print_text(const tp_text_model *model, const tp_labelled_texts *data, const char *model_path,
                       const char *path, const scores *s)
{
    printf("%s on %s: %" PRId64 " texts, %" PRId64 " classes\n\n", visible(model_path, strlen(model_path)),
           visible(path, strlen(path)), s->count, s->classes);
    printf("accuracy   %.4f   %" PRId64 " of %" PRId64 " right\n", s->accuracy, s->right, s->count);
    printf("macro F1   %.4f\n", s->macro_f1);
    printf("loss       %.4f   mean cross-entropy\n", s->loss);
    if (isnan(s->roc_auc))
        printf("ROC AUC    none     not all classes occur\n\n");
    else
        printf("ROC AUC    %.4f%s\n\n", s->roc_auc,
               s->classes > 2 ? "   mean of each class against the rest" : "");
    if (!print_report(model, data, s))
        return false;
    if (s->classes <= WIDEST_TABLE)
        print_confusion(model, s);
    else
        printf("\nThe confusion of %" PRId64 " classes is in the output of --json.\n", s->classes);
    return true;
}

/* ---- For programs ---- */

static void print_list(const char *name, const scores *s, double (*value)(const scores *, int64_t))
{
    printf(",\"%s\":[", name);
    for (int64_t c = 0; c < s->classes; c++) {
        if (c)
            putchar(',');
        json_number(stdout, value(s, c));
    }
    putchar(']');
}

static double precision_of(const scores *s, int64_t c)
{
    return share(s->hits[c], s->predictions[c]);
}

static double recall_of(const scores *s, int64_t c)
{
    return share(s->hits[c], s->support[c]);
}

static double f1_of(const scores *s, int64_t c)
{
    return share(2 * s->hits[c], s->predictions[c] + s->support[c]);
}

static double support_of(const scores *s, int64_t c)
{
    return (double)s->support[c];
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void print_matrix(const scores *s)
{
    printf(",\"confusion\":");
    for (int64_t i = 0; i < s->classes; i++)
        for (int64_t j = 0; j < s->classes; j++)
            printf("%s%" PRId64, j ? "," : i ? "],[" : "[[", s->confusion[i * s->classes + j]);
    printf("]]");
}

/* Of a matrix that is too large to be made: its cells that are not 0. False after an error. */
static bool print_cells(const tp_labelled_texts *data, const scores *s)
{
    const int64_t *actual = tp_data_i64(data->labels), *predicted = tp_data_i64(s->predicted);
    int64_t *cells = tp_region_alloc(tp_region_current(), (size_t)s->count * sizeof *cells);
    if (!cells)
        return false;
    for (int64_t i = 0; i < s->count; i++)
        cells[i] = actual[i] * s->classes + predicted[i];
    qsort(cells, (size_t)s->count, sizeof *cells, ascending);
    printf(",\"confusion_cells\":[");
    for (int64_t i = 0, end; i < s->count; i = end) {
        for (end = i; end < s->count && cells[end] == cells[i]; end++)
            ;
        printf("%s[%" PRId64 ",%" PRId64 ",%" PRId64 "]", i ? "," : "", cells[i] / s->classes,
               cells[i] % s->classes, end - i);
    }
    putchar(']');
    return true;
}

static bool print_json(const tp_text_model *model, const tp_labelled_texts *data, const char *model_path,
                       const char *path, const scores *s)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"accuracy", s->accuracy}, {"macro_f1", s->macro_f1}, {"loss", s->loss}, {"roc_auc", s->roc_auc}};
    printf("{\"model\":");
    json_text(stdout, model_path);
    printf(",\"file\":");
    json_text(stdout, path);
    printf(",\"count\":%" PRId64, s->count);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf(",\"%s\":", numbers[i].name);
        json_number(stdout, numbers[i].value);
    }
    printf(",\"classes\":[");
    for (int c = 0; c < s->classes; c++) {
        if (c)
            putchar(',');
        json_text(stdout, tp_text_model_label(model, c));
    }
    putchar(']');
    print_list("support", s, support_of);
    print_list("precision", s, precision_of);
    print_list("recall", s, recall_of);
    print_list("f1", s, f1_of);
    if (s->confusion)
        print_matrix(s);
    else if (!print_cells(data, s))
        return false;
    puts("}");
    return true;
}

int eval_classes(const tp_text_model *model, const tp_labelled_texts *data, const char *model_path,
                 const char *path, bool json)
{
    scores s = {0};
    if (!measure(model, data, &s))
        return fail_library();
    if (!(json ? print_json : print_text)(model, data, model_path, path, &s))
        return fail_library();
    return STATUS_OK;
}
