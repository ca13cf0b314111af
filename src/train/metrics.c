/* Metrics of classification, after scikit-learn. */
#include "tensor/tensor.h"
#include "taper/metrics.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A dense copy with `dtype`'s elements, row-major, in the current region. */
static tp_tensor *copy_as(const char *name, const tp_tensor *t, tp_dtype dtype)
{
    if (!t) {
        tp__null_argument(name);
        return NULL;
    }
    if (t->layout != TP__DENSE || t->released)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%s is %s", name, t->released ? "released" : "sparse");
    if (!t->numel)
        return tp__fail_null(TP_ERROR_VALUE, "%s has no elements; at least one is needed", name);
    tp_region *region = tp__region_current();
    tp_tensor *copy = region ? tp__tensor_new(region, dtype, t->ndim, t->shape) : NULL;
    if (copy)
        tp__copy_elements(t, copy);
    return copy;
}

static const double *read_numbers(const char *name, const tp_tensor *t)
{
    tp_tensor *copy = copy_as(name, t, TP_F64);
    if (!copy)
        return NULL;
    const double *values = (const double *)(const void *)copy->data;
    for (int64_t i = 0; i < copy->numel; i++)
        if (!isfinite(values[i]))
            return tp__fail_null(TP_ERROR_VALUE, "%s has %s at element %lld", name,
                                 isnan(values[i]) ? "a NaN" : "an infinity", (long long)i);
    return values;
}

#define LARGEST_WHOLE 9007199254740992.0

/* Labels as int64, in the current region. */
static const int64_t *read_labels(const char *name, const tp_tensor *t)
{
    if (t && !tp_dtype_is_float((tp_dtype)t->dtype)) {
        tp_tensor *copy = copy_as(name, t, TP_I64);
        return copy ? (const int64_t *)(const void *)copy->data : NULL;
    }
    const double *values = read_numbers(name, t);
    int64_t *labels =
        values ? tp_region_alloc(tp__region_current(), (size_t)t->numel * sizeof *labels) : NULL;
    if (!labels)
        return NULL;
    for (int64_t i = 0; i < t->numel; i++) {
        if (values[i] != floor(values[i]) || fabs(values[i]) > LARGEST_WHOLE)
            return tp__fail_null(TP_ERROR_VALUE, "%s has %g at element %lld, which is no label", name,
                                 values[i], (long long)i);
        labels[i] = (int64_t)values[i];
    }
    return labels;
}

/* Labels between 0 and classes - 1. */
static const int64_t *read_classes(const char *name, const tp_tensor *t, int64_t classes)
{
    const int64_t *labels = read_labels(name, t);
    for (int64_t i = 0; labels && i < t->numel; i++)
        if (labels[i] < 0 || labels[i] >= classes)
            return tp__fail_null(TP_ERROR_VALUE, "%s has the label %lld at element %lld; 0 to %lld are known",
                                 name, (long long)labels[i], (long long)i, (long long)classes - 1);
    return labels;
}

static tp_status check_shapes(const tp_tensor *a, const tp_tensor *b)
{
    if (!a || !b)
        return tp__null_argument(a ? "the predictions" : "the true labels");
    if (a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape))
        return TP_OK;
    char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "true labels of shape %s and predictions of shape %s",
                   tp__shape_text(one, sizeof one, a->ndim, a->shape),
                   tp__shape_text(two, sizeof two, b->ndim, b->shape));
}

double tp_accuracy(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("accuracy");
    if (check_shapes(truth, predicted) != TP_OK)
        return NAN;
    TP_SCOPE(metric);
    const int64_t *y = read_labels("truth", truth), *p = y ? read_labels("predicted", predicted) : NULL;
    if (!p)
        return NAN;
    int64_t equal = 0;
    for (int64_t i = 0; i < truth->numel; i++)
        equal += y[i] == p[i];
    return (double)equal / (double)truth->numel;
}

/* ---- Binary labels ---- */

typedef struct outcome {
    int64_t true_positive, false_positive, false_negative;
} outcome;

static bool count_outcomes(const tp_tensor *truth, const tp_tensor *predicted, outcome *o)
{
    if (check_shapes(truth, predicted) != TP_OK)
        return false;
    TP_SCOPE(metric);
    const int64_t *y = read_classes("truth", truth, 2),
                  *p = y ? read_classes("predicted", predicted, 2) : NULL;
    if (!p)
        return false;
    *o = (outcome){0};
    for (int64_t i = 0; i < truth->numel; i++) {
        o->true_positive += y[i] & p[i];
        o->false_positive += p[i] & ~y[i];
        o->false_negative += y[i] & ~p[i];
    }
    return true;
}

static double ratio(int64_t part, int64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

double tp_precision(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("precision");
    outcome o;
    return count_outcomes(truth, predicted, &o) ? ratio(o.true_positive, o.true_positive + o.false_positive)
                                                : NAN;
}

double tp_recall(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("recall");
    outcome o;
    return count_outcomes(truth, predicted, &o) ? ratio(o.true_positive, o.true_positive + o.false_negative)
                                                : NAN;
}

double tp_f1(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("f1");
    outcome o;
    if (!count_outcomes(truth, predicted, &o))
        return NAN;
    return ratio(2 * o.true_positive, 2 * o.true_positive + o.false_positive + o.false_negative);
}

/* ---- Scores ---- */

typedef struct scored {
    double score;
    int64_t label;
} scored;

static int by_score(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* Pairs are counted in halves, so that the only rounding is that of the last division. */
static double area(scored *items, int64_t n)
{
    qsort(items, (size_t)n, sizeof *items, by_score);
    uint64_t halves = 0;
    int64_t below = 0, ones = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        int64_t equal_ones = 0;
        for (end = i; end < n && items[end].score == items[i].score; end++)
            equal_ones += items[end].label;
        const int64_t equal_zeros = end - i - equal_ones;
        halves += (uint64_t)equal_ones * (uint64_t)(2 * below + equal_zeros);
        below += equal_zeros;
        ones += equal_ones;
    }
    return ones && below ? (double)halves / (2 * (double)ones * (double)below) : NAN;
}

double tp_roc_auc(const tp_tensor *truth, const tp_tensor *scores)
{
    TP_FRAME("roc_auc");
    if (check_shapes(truth, scores) != TP_OK)
        return NAN;
    TP_SCOPE(metric);
    const int64_t *y = read_classes("truth", truth, 2);
    const double *s = y ? read_numbers("scores", scores) : NULL;
    scored *items = s ? tp_region_alloc(tp__region_current(), (size_t)truth->numel * sizeof *items) : NULL;
    if (!items)
        return NAN;
    for (int64_t i = 0; i < truth->numel; i++)
        items[i] = (scored){s[i], y[i]};
    return area(items, truth->numel);
}

/* Checks one row of probabilities; false after an error. */
static bool check_row(const double *row, int64_t classes, int64_t i, double eps)
{
    double sum = 0;
    for (int64_t c = 0; c < classes; c++) {
        if (row[c] < 0 || row[c] > 1) {
            tp_fail(TP_ERROR_VALUE, "probabilities has %g in row %lld, which is not between 0 and 1", row[c],
                    (long long)i);
            return false;
        }
        sum += row[c];
    }
    if (classes == 1 || fabs(sum - 1) <= sqrt(eps))
        return true;
    tp_fail(TP_ERROR_VALUE, "row %lld of probabilities sums to %g, not to 1", (long long)i, sum);
    return false;
}

double tp_log_loss(const tp_tensor *truth, const tp_tensor *probabilities)
{
    TP_FRAME("log_loss");
    const tp_tensor *p = probabilities;
    if (!truth || !p) {
        tp__null_argument(truth ? "probabilities" : "truth");
        return NAN;
    }
    if (!tp_dtype_is_float((tp_dtype)p->dtype)) {
        tp_fail(TP_ERROR_DTYPE, "probabilities are %s, which is no floating type",
                tp_dtype_name((tp_dtype)p->dtype));
        return NAN;
    }
    if (truth->ndim != 1 || p->ndim < 1 || p->ndim > 2 || p->shape[0] != truth->shape[0] ||
        (p->ndim == 2 && p->shape[1] < 2)) {
        char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
        tp_fail(TP_ERROR_SHAPE, "true labels of shape %s and probabilities of shape %s",
                tp__shape_text(one, sizeof one, truth->ndim, truth->shape),
                tp__shape_text(two, sizeof two, p->ndim, p->shape));
        return NAN;
    }
    TP_SCOPE(metric);
    const int64_t n = truth->shape[0], columns = p->ndim == 2 ? p->shape[1] : 1;
    const int64_t *y = read_classes("truth", truth, columns == 1 ? 2 : columns);
    const double *values = y ? read_numbers("probabilities", p) : NULL;
    if (!values)
        return NAN;
    const double eps = p->dtype == TP_F32 ? (double)FLT_EPSILON : DBL_EPSILON;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const double *row = values + i * columns;
        if (!check_row(row, columns, i, eps))
            return NAN;
        const double of_label = columns > 1 ? row[y[i]] : y[i] ? row[0] : 1 - row[0];
        sum -= log(fmin(fmax(of_label, eps), 1 - eps));
    }
    return sum / (double)n;
}

/* ---- Any number of classes ---- */

#define MOST_CLASSES 32768

tp_tensor *tp_confusion_matrix(const tp_tensor *truth, const tp_tensor *predicted, int64_t classes)
{
    TP_FRAME("confusion_matrix");
    if (check_shapes(truth, predicted) != TP_OK)
        return NULL;
    if (classes < 0 || classes > MOST_CLASSES)
        return tp__fail_null(TP_ERROR_ARGUMENT, "%lld classes; 0 to %d are possible", (long long)classes,
                             MOST_CLASSES);
    tp_region *home = tp__region_current();
    TP_SCOPE(metric);
    const int64_t known = classes ? classes : MOST_CLASSES;
    const int64_t *y = read_classes("truth", truth, known);
    const int64_t *p = y ? read_classes("predicted", predicted, known) : NULL;
    if (!p)
        return NULL;
    for (int64_t i = 0; i < truth->numel && known != classes; i++) {
        const int64_t larger = y[i] > p[i] ? y[i] : p[i];
        classes = larger >= classes ? larger + 1 : classes;
    }
    tp_tensor *matrix = tp__tensor_new(home, TP_I64, 2, (const int64_t[]){classes, classes});
    if (!matrix)
        return NULL;
    int64_t *counts = (int64_t *)(void *)matrix->data;
    memset(counts, 0, (size_t)(classes * classes) * sizeof *counts);
    for (int64_t i = 0; i < truth->numel; i++)
        counts[y[i] * classes + p[i]]++;
    return matrix;
}
