/* Metrics of labels against labels, after scikit-learn. All of them follow from how often each label is true,
 * predicted, and both. */
#include "train/metrics.h"
#include "base/c_locale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct label_counts {
    int64_t label, truth, predicted, both;
} label_counts;

/* The labels that occur in either tensor, in ascending order. */
typedef struct counts {
    int64_t items, n_labels, equal;
    label_counts *labels;
} counts;

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static label_counts *find(const counts *c, int64_t label)
{
    int64_t low = 0, high = c->n_labels - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (c->labels[middle].label < label)
            low = middle + 1;
        else
            high = middle;
    }
    return &c->labels[low];
}

static bool count(const tp_tensor *truth, const tp_tensor *predicted, counts *c)
{
    if (tp__metric_shapes(truth, predicted) != TP_OK)
        return false;
    const int64_t *y = tp__metric_labels("truth", truth);
    const int64_t *p = y ? tp__metric_labels("predicted", predicted) : NULL;
    const int64_t n = truth->numel;
    int64_t *all = p ? tp_region_alloc(tp__region_current(), (size_t)n * 2 * sizeof *all) : NULL;
    if (!all)
        return false;
    memcpy(all, y, (size_t)n * sizeof *all);
    memcpy(all + n, p, (size_t)n * sizeof *all);
    qsort(all, (size_t)n * 2, sizeof *all, ascending);
    int64_t n_labels = 1;
    for (int64_t i = 1; i < 2 * n; i++)
        if (all[i] != all[n_labels - 1])
            all[n_labels++] = all[i];
    label_counts *labels = tp_region_alloc(tp__region_current(), (size_t)n_labels * sizeof *labels);
    if (!labels)
        return false;
    for (int64_t k = 0; k < n_labels; k++)
        labels[k] = (label_counts){.label = all[k]};
    *c = (counts){.items = n, .n_labels = n_labels, .labels = labels};
    for (int64_t i = 0; i < n; i++) {
        label_counts *of_truth = find(c, y[i]);
        of_truth->truth++;
        of_truth->both += y[i] == p[i];
        find(c, p[i])->predicted++;
        c->equal += y[i] == p[i];
    }
    return true;
}

double tp_accuracy(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("accuracy");
    TP_SCOPE(metric);
    counts c;
    return count(truth, predicted, &c) ? (double)c.equal / (double)c.items : NAN;
}

double tp_balanced_accuracy(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("balanced_accuracy");
    TP_SCOPE(metric);
    counts c;
    if (!count(truth, predicted, &c))
        return NAN;
    double sum = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < c.n_labels; k++)
        if (c.labels[k].truth) {
            sum += (double)c.labels[k].both / (double)c.labels[k].truth;
            n++;
        }
    return sum / (double)n;
}

double tp_matthews_corrcoef(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("matthews_corrcoef");
    TP_SCOPE(metric);
    counts c;
    if (!count(truth, predicted, &c))
        return NAN;
    const double n = (double)c.items;
    double cross = 0, of_truth = 0, of_predicted = 0;
    for (int64_t k = 0; k < c.n_labels; k++) {
        const double t = (double)c.labels[k].truth, p = (double)c.labels[k].predicted;
        cross += t * p;
        of_truth += t * t;
        of_predicted += p * p;
    }
    const double both = (n * n - of_predicted) * (n * n - of_truth);
    return both == 0 ? 0 : ((double)c.equal * n - cross) / sqrt(both);
}

double tp_cohen_kappa(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("cohen_kappa");
    TP_SCOPE(metric);
    counts c;
    if (!count(truth, predicted, &c))
        return NAN;
    const double n = (double)c.items;
    double by_chance = 0;
    for (int64_t k = 0; k < c.n_labels; k++)
        by_chance += (double)c.labels[k].truth * (double)c.labels[k].predicted / n;
    return n == by_chance ? NAN : 1 - (n - (double)c.equal) / (n - by_chance);
}

/* ---- Precision, recall, F ---- */

typedef enum score { PRECISION, RECALL, F_SCORE } score;

static double quotient(double part, double whole, double zero_division)
{
    return whole != 0 ? part / whole : zero_division;
}

static double score_of(score kind, int64_t truth, int64_t predicted, int64_t both,
                       const tp_score_options *options)
{
    const double t = (double)truth, p = (double)predicted, b = (double)both;
    const double square = options->beta * options->beta;
    switch (kind) {
    case PRECISION:
        return quotient(b, p, options->zero_division);
    case RECALL:
        return quotient(b, t, options->zero_division);
    default:
        if (isinf(square))
            return quotient(b, t, options->zero_division);
        return quotient((1 + square) * b, square * t + p, options->zero_division);
    }
}

/* The mean over classes, without those that have no value. */
static double mean_score(score kind, const counts *c, bool weighted, const tp_score_options *options)
{
    double sum = 0, weights = 0, plain = 0;
    int64_t n = 0;
    for (int64_t k = 0; k < c->n_labels; k++) {
        const label_counts *l = &c->labels[k];
        const double value = score_of(kind, l->truth, l->predicted, l->both, options);
        if (isnan(value))
            continue;
        const double weight = weighted ? (double)l->truth : 1;
        sum += value * weight;
        weights += weight;
        plain += value;
        n++;
    }
    if (!n)
        return NAN;
    return weights != 0 ? sum / weights : plain / (double)n;
}

static double binary_score(score kind, const counts *c, const tp_score_options *options)
{
    const label_counts *l = find(c, options->positive);
    if (c->n_labels > 2) {
        tp_fail(TP_ERROR_VALUE, "%lld labels occur, which needs an average other than binary",
                (long long)c->n_labels);
        return NAN;
    }
    if (l->label == options->positive)
        return score_of(kind, l->truth, l->predicted, l->both, options);
    if (c->n_labels == 1)
        return score_of(kind, 0, 0, 0, options);
    tp_fail(TP_ERROR_VALUE, "the positive label %lld is none of those that occur, %lld and %lld",
            (long long)options->positive, (long long)c->labels[0].label, (long long)c->labels[1].label);
    return NAN;
}

static double take_score(score kind, const tp_score_options *options)
{
    TP_SCOPE(metric);
    if (!options) {
        tp__null_argument("the options");
        return NAN;
    }
    if (!(options->beta >= 0)) {
        tp_fail(TP_ERROR_ARGUMENT, "beta is %g, and must be at least 0", options->beta);
        return NAN;
    }
    counts c;
    if (!count(options->truth, options->predicted, &c))
        return NAN;
    switch (options->average) {
    case TP_AVERAGE_BINARY:
        return binary_score(kind, &c, options);
    case TP_AVERAGE_MICRO:
        return score_of(kind, c.items, c.items, c.equal, options);
    case TP_AVERAGE_MACRO:
        return mean_score(kind, &c, false, options);
    case TP_AVERAGE_WEIGHTED:
        return mean_score(kind, &c, true, options);
    default:
        tp_fail(TP_ERROR_ARGUMENT, "there is no average of number %d", (int)options->average);
        return NAN;
    }
}

double tp_precision_with(const tp_score_options *options)
{
    TP_FRAME("precision");
    return take_score(PRECISION, options);
}

double tp_recall_with(const tp_score_options *options)
{
    TP_FRAME("recall");
    return take_score(RECALL, options);
}

double tp_f1_with(const tp_score_options *options)
{
    TP_FRAME("f1");
    return take_score(F_SCORE, options);
}

/* ---- Tables ---- */

#define MOST_CLASSES 32768

tp_tensor *tp_confusion_matrix(const tp_tensor *truth, const tp_tensor *predicted, int64_t classes)
{
    TP_FRAME("confusion_matrix");
    if (tp__metric_shapes(truth, predicted) != TP_OK)
        return NULL;
    if (classes < 0 || classes > MOST_CLASSES)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld classes; 0 to %d are possible", (long long)classes,
                             MOST_CLASSES);
    tp_region *home = tp__region_current();
    TP_SCOPE(metric);
    const int64_t known = classes ? classes : MOST_CLASSES;
    const int64_t *y = tp__metric_classes("truth", truth, known);
    const int64_t *p = y ? tp__metric_classes("predicted", predicted, known) : NULL;
    if (!p)
        return NULL;
    for (int64_t i = 0; i < truth->numel && known != classes; i++) {
        const int64_t larger = y[i] > p[i] ? y[i] : p[i];
        classes = larger >= classes ? larger + 1 : classes;
    }
    tp_tensor *matrix = tp__tensor_new(home, TP_I64, 2, (const int64_t[]){classes, classes});
    if (!matrix)
        return NULL;
    int64_t *cells = (int64_t *)(void *)matrix->data;
    memset(cells, 0, (size_t)(classes * classes) * sizeof *cells);
    for (int64_t i = 0; i < truth->numel; i++)
        cells[y[i] * classes + p[i]]++;
    return matrix;
}

static void write_row(FILE *stream, int width, const char *name, const double *values, int64_t support)
{
    TP__C_LOCALE;
    fprintf(stream, "%*s ", width, name);
    for (int k = 0; k < 3; k++)
        if (isnan(values[k]))
            fprintf(stream, " %9s", "");
        else
            fprintf(stream, " %9.2f", values[k]);
    fprintf(stream, " %9lld\n", (long long)support);
}

static const char *name_of(const label_counts *l, int64_t k, const char *const *names, char digits[24])
{
    if (names)
        return names[k];
    snprintf(digits, 24, "%lld", (long long)l->label);
    return digits;
}

tp_status tp_classification_report(FILE *stream, const tp_tensor *truth, const tp_tensor *predicted,
                                   const char *const *names, int n_names)
{
    TP_FRAME("classification_report");
    TP_SCOPE(metric);
    if (!stream)
        return tp__null_argument("the stream");
    counts c;
    if (!count(truth, predicted, &c))
        return tp_error();
    if (names && n_names != c.n_labels)
        return tp_fail(TP_ERROR_ARGUMENT, "%d names for the %lld labels that occur", n_names,
                       (long long)c.n_labels);
    char digits[24];
    int width = (int)strlen("weighted avg");
    for (int64_t k = 0; k < c.n_labels; k++) {
        const int length = (int)strlen(name_of(&c.labels[k], k, names, digits));
        width = length > width ? length : width;
    }
    fprintf(stream, "%*s  %9s %9s %9s %9s\n\n", width, "", "precision", "recall", "f1-score", "support");
    const tp_score_options options = {.beta = 1};
    for (int64_t k = 0; k < c.n_labels; k++) {
        const label_counts *l = &c.labels[k];
        double values[3];
        for (int kind = PRECISION; kind <= F_SCORE; kind++)
            values[kind] = score_of((score)kind, l->truth, l->predicted, l->both, &options);
        write_row(stream, width, name_of(l, k, names, digits), values, l->truth);
    }
    fputc('\n', stream);
    const double accuracy[3] = {NAN, NAN, (double)c.equal / (double)c.items};
    write_row(stream, width, "accuracy", accuracy, c.items);
    for (int weighted = 0; weighted < 2; weighted++) {
        double values[3];
        for (int kind = PRECISION; kind <= F_SCORE; kind++)
            values[kind] = mean_score((score)kind, &c, weighted, &options);
        write_row(stream, width, weighted ? "weighted avg" : "macro avg", values, c.items);
    }
    return ferror(stream) ? tp_fail(TP_ERROR_IO, "the stream takes no more") : TP_OK;
}
