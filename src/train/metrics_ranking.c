/* Metrics of labels against scores in which only the scores' order counts, after scikit-learn. */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>

typedef struct scored {
    double score;
    int64_t positive;
} scored;

static int ascending(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x > y) - (x < y);
}

/* The area under the ROC curve. Pairs are counted in halves, so that the only rounding is that of the last
 * division.
 */
static double roc_area(scored *items, int64_t n)
{
    qsort(items, (size_t)n, sizeof *items, ascending);
    uint64_t halves = 0;
    int64_t below = 0, ones = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        int64_t equal_ones = 0;
        for (end = i; end < n && items[end].score == items[i].score; end++)
            equal_ones += items[end].positive;
        const int64_t equal_zeros = end - i - equal_ones;
        halves += (uint64_t)equal_ones * (uint64_t)(2 * below + equal_zeros);
        below += equal_zeros;
        ones += equal_ones;
    }
    return ones && below ? (double)halves / (2 * (double)ones * (double)below) : NAN;
}

/* The sum of steps under the curve of precision against recall, from the highest score down. */
static double precision_area(scored *items, int64_t n)
{
    qsort(items, (size_t)n, sizeof *items, ascending);
    int64_t ones = 0;
    for (int64_t i = 0; i < n; i++)
        ones += items[i].positive;
    double area = 0;
    int64_t found = 0;
    for (int64_t end = n, i; ones && end > 0; end = i) {
        const int64_t before = found;
        for (i = end; i > 0 && items[i - 1].score == items[end - 1].score; i--)
            found += items[i - 1].positive;
        area += ((double)found / (double)ones - (double)before / (double)ones) *
                ((double)found / (double)(n - i));
    }
    return area;
}

/* Labels and scores as they are given, and room for one comparison of positives with negatives. */
typedef struct ranking {
    int64_t n, classes; /* classes 1: scores are a vector */
    const int64_t *y;
    const double *scores;
    scored *items;
} ranking;

static bool read_ranking(const tp_tensor *truth, const tp_tensor *scores, ranking *r)
{
    if (!truth || !scores)
        return tp__null_argument(truth ? "scores" : "truth") == TP_OK;
    if (truth->ndim != 1 || scores->ndim < 1 || scores->ndim > 2 || scores->shape[0] != truth->shape[0]) {
        char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE,
                       "true labels of shape %s and scores of shape %s; [n] and [n] or "
                       "[n, classes] are wanted",
                       tp__shape_text(one, sizeof one, truth->ndim, truth->shape),
                       tp__shape_text(two, sizeof two, scores->ndim, scores->shape)) == TP_OK;
    }
    r->n = truth->shape[0];
    r->classes = scores->ndim == 2 ? scores->shape[1] : 1;
    r->y =
        r->classes > 1 ? tp__metric_classes("truth", truth, r->classes) : tp__metric_labels("truth", truth);
    r->scores = r->y ? tp__metric_numbers("scores", scores) : NULL;
    r->items = r->scores ? tp_region_alloc(tp__region_current(), (size_t)r->n * sizeof *r->items) : NULL;
    return r->items;
}

/* Fills `items` with the scores of one class, `other` (-1: all others) being the negatives; returns their
 * number. */
static int64_t compare(const ranking *r, int64_t class, int64_t other)
{
    int64_t n = 0;
    for (int64_t i = 0; i < r->n; i++)
        if (other < 0 || r->y[i] == class || r->y[i] == other)
            r->items[n++] = (scored){r->scores[i * r->classes + class], r->y[i] == class};
    return n;
}

static double binary_roc_auc(const ranking *r)
{
    int64_t low = r->y[0], high = r->y[0];
    for (int64_t i = 1; i < r->n; i++) {
        low = r->y[i] < low ? r->y[i] : low;
        high = r->y[i] > high ? r->y[i] : high;
    }
    for (int64_t i = 0; i < r->n; i++) {
        if (r->y[i] != low && r->y[i] != high) {
            tp_fail(TP_ERROR_VALUE,
                    "truth has the labels %lld, %lld and %lld; more than two need scores [n, classes]",
                    (long long)low, (long long)r->y[i], (long long)high);
            return NAN;
        }
        r->items[i] = (scored){r->scores[i], r->y[i] != low};
    }
    return roc_area(r->items, r->n);
}

static tp_status check_probabilities(const ranking *r)
{
    for (int64_t i = 0; i < r->n; i++) {
        double sum = 0;
        for (int64_t c = 0; c < r->classes; c++)
            sum += r->scores[i * r->classes + c];
        if (fabs(sum - 1) > 1e-8 + 1e-5 * fabs(sum))
            return tp_fail(TP_ERROR_VALUE, "row %lld of scores sums to %g, not to 1", (long long)i, sum);
    }
    return TP_OK;
}

double tp_roc_auc_with(const tp_roc_auc_options *options)
{
    TP_FRAME("roc_auc");
    TP_SCOPE(metric);
    if (!options) {
        tp__null_argument("the options");
        return NAN;
    }
    if ((unsigned)options->multiclass > TP_ONE_VS_ONE) {
        tp_fail(TP_ERROR_ARGUMENT, "%d is no way to compare several classes", (int)options->multiclass);
        return NAN;
    }
    ranking r;
    if (!read_ranking(options->truth, options->scores, &r))
        return NAN;
    if (r.classes == 1)
        return binary_roc_auc(&r);
    if (r.classes == 2) {
        tp_fail(TP_ERROR_SHAPE, "scores of two classes are wanted as a vector: those of the larger label");
        return NAN;
    }
    int64_t *occurs = tp_region_alloc(tp__region_current(), (size_t)r.classes * sizeof *occurs);
    if (!occurs || check_probabilities(&r) != TP_OK)
        return NAN;
    for (int64_t c = 0; c < r.classes; c++)
        occurs[c] = 0;
    for (int64_t i = 0; i < r.n; i++)
        occurs[r.y[i]]++;
    for (int64_t c = 0; c < r.classes; c++)
        if (!occurs[c]) {
            tp_fail(TP_ERROR_VALUE, "no item of truth has the label %lld; all of 0 to %lld must occur",
                    (long long)c, (long long)r.classes - 1);
            return NAN;
        }
    double sum = 0, weights = 0;
    for (int64_t a = 0; a < r.classes; a++) {
        if (options->multiclass == TP_ONE_VS_REST) {
            const double weight = options->weighted ? (double)occurs[a] : 1;
            sum += weight * roc_area(r.items, compare(&r, a, -1));
            weights += weight;
            continue;
        }
        for (int64_t b = a + 1; b < r.classes; b++) {
            const double weight = options->weighted ? (double)(occurs[a] + occurs[b]) : 1;
            const double one = roc_area(r.items, compare(&r, a, b));
            sum += weight * (one + roc_area(r.items, compare(&r, b, a))) / 2;
            weights += weight;
        }
    }
    return sum / weights;
}

double tp_average_precision(const tp_tensor *truth, const tp_tensor *scores)
{
    TP_FRAME("average_precision");
    TP_SCOPE(metric);
    ranking r;
    if (!read_ranking(truth, scores, &r))
        return NAN;
    if (r.classes > 1) {
        double sum = 0;
        for (int64_t c = 0; c < r.classes; c++)
            sum += precision_area(r.items, compare(&r, c, -1));
        return sum / (double)r.classes;
    }
    if (!tp__metric_classes("truth", truth, 2))
        return NAN;
    for (int64_t i = 0; i < r.n; i++)
        r.items[i] = (scored){r.scores[i], r.y[i]};
    return precision_area(r.items, r.n);
}

double tp_top_k_accuracy(const tp_tensor *truth, const tp_tensor *scores, int64_t k)
{
    TP_FRAME("top_k_accuracy");
    TP_SCOPE(metric);
    ranking r;
    if (!read_ranking(truth, scores, &r))
        return NAN;
    if (r.classes < 2) {
        tp_fail(TP_ERROR_SHAPE, "scores of several classes are wanted, [n, classes]");
        return NAN;
    }
    if (k < 1) {
        tp_fail(TP_ERROR_ARGUMENT, "k is %lld, and must be at least 1", (long long)k);
        return NAN;
    }
    int64_t hits = 0;
    for (int64_t i = 0; i < r.n; i++) {
        const double *row = r.scores + i * r.classes;
        int64_t higher = 0;
        for (int64_t c = 0; c < r.classes; c++)
            higher += row[c] > row[r.y[i]] || (row[c] == row[r.y[i]] && c > r.y[i]);
        hits += higher < k;
    }
    return (double)hits / (double)r.n;
}
