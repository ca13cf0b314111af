/* Metrics of labels against probabilities, after scikit-learn. */
#include "train/metrics.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

typedef struct forecast {
    int64_t n, classes; /* classes 1: the probabilities of label 1, as a vector */
    const int64_t *y;
    const double *p;
    double eps; /* of the probabilities' dtype */
} forecast;

static bool read_forecast(const tp_tensor *truth, const tp_tensor *probabilities, forecast *f)
{
    const tp_tensor *p = probabilities;
    if (!truth || !p)
        return tp__null_argument(truth ? "probabilities" : "truth") == TP_OK;
    if (!tp_dtype_is_float((tp_dtype)p->dtype))
        return tp_fail(TP_ERROR_DTYPE, "probabilities are %s, which is no floating type",
                       tp_dtype_name((tp_dtype)p->dtype)) == TP_OK;
    if (truth->ndim != 1 || p->ndim < 1 || p->ndim > 2 || p->shape[0] != truth->shape[0] ||
        (p->ndim == 2 && p->shape[1] < 2)) {
        char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE, "true labels of shape %s and probabilities of shape %s",
                       tp__shape_text(one, sizeof one, truth->ndim, truth->shape),
                       tp__shape_text(two, sizeof two, p->ndim, p->shape)) == TP_OK;
    }
    f->n = truth->shape[0];
    f->classes = p->ndim == 2 ? p->shape[1] : 1;
    f->y = tp__metric_classes("truth", truth, f->classes == 1 ? 2 : f->classes);
    f->p = f->y ? tp__metric_numbers("probabilities", p) : NULL;
    f->eps = p->dtype == TP_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    if (!f->p)
        return false;
    for (int64_t i = 0; i < f->n; i++)
        if (!check_row(f->p + i * f->classes, f->classes, i, f->eps))
            return false;
    return true;
}

double tp_log_loss(const tp_tensor *truth, const tp_tensor *probabilities)
{
    TP_FRAME("log_loss");
    TP_SCOPE(metric);
    forecast f;
    if (!read_forecast(truth, probabilities, &f))
        return NAN;
    double sum = 0;
    for (int64_t i = 0; i < f.n; i++) {
        const double *row = f.p + i * f.classes;
        const double of_label = f.classes > 1 ? row[f.y[i]] : f.y[i] ? row[0] : 1 - row[0];
        sum -= log(fmin(fmax(of_label, f.eps), 1 - f.eps));
    }
    return sum / (double)f.n;
}

static tp_status refuse_rows(void)
{
    return tp_fail(TP_ERROR_SHAPE, "the probabilities of label 1 are wanted, as a vector");
}

double tp_brier_score(const tp_tensor *truth, const tp_tensor *probabilities)
{
    TP_FRAME("brier_score");
    TP_SCOPE(metric);
    forecast f;
    if (!read_forecast(truth, probabilities, &f) || (f.classes > 1 && refuse_rows() != TP_OK))
        return NAN;
    double sum = 0;
    for (int64_t i = 0; i < f.n; i++)
        sum += ((double)f.y[i] - f.p[i]) * ((double)f.y[i] - f.p[i]);
    return sum / (double)f.n;
}

#define MOST_BINS 65536

typedef struct bin {
    double probability, hits, items;
} bin;

/* Bin k holds what is above edge k and at most edge k + 1; the first one holds 0 too. */
static int64_t bin_of(double p, int64_t bins)
{
    const double width = 1.0 / (double)bins;
    int64_t k = (int64_t)(p * (double)bins);
    k = k >= bins ? bins - 1 : k;
    while (k > 0 && p <= (double)k * width)
        k--;
    while (k < bins - 1 && p > (double)(k + 1) * width)
        k++;
    return k;
}

double tp_calibration_error(const tp_tensor *truth, const tp_tensor *probabilities, int64_t n_bins)
{
    TP_FRAME("calibration_error");
    TP_SCOPE(metric);
    if (n_bins < 1 || n_bins > MOST_BINS) {
        tp_fail(TP_ERROR_ARGUMENT, "%lld bins; 1 to %d are possible", (long long)n_bins, MOST_BINS);
        return NAN;
    }
    forecast f;
    if (!read_forecast(truth, probabilities, &f))
        return NAN;
    bin *bins = tp_region_alloc(tp__region_current(), (size_t)n_bins * sizeof *bins);
    if (!bins)
        return NAN;
    memset(bins, 0, (size_t)n_bins * sizeof *bins);
    for (int64_t i = 0; i < f.n; i++) {
        const double *row = f.p + i * f.classes;
        int64_t best = 0;
        for (int64_t c = 1; c < f.classes; c++)
            best = row[c] > row[best] ? c : best;
        bin *b = &bins[bin_of(row[best], n_bins)];
        b->probability += row[best];
        b->hits += f.classes > 1 ? f.y[i] == best : f.y[i] == 1;
        b->items++;
    }
    double sum = 0;
    for (int64_t k = 0; k < n_bins; k++)
        sum += fabs(bins[k].hits - bins[k].probability);
    return sum / (double)f.n;
}

double tp_perplexity(const tp_tensor *tokens, const tp_tensor *logits, int64_t ignore_index)
{
    TP_FRAME("perplexity");
    TP_SCOPE(metric);
    if (!tokens || !logits) {
        tp__null_argument(tokens ? "logits" : "tokens");
        return NAN;
    }
    if (logits->ndim != tokens->ndim + 1 ||
        memcmp(logits->shape, tokens->shape, (size_t)tokens->ndim * sizeof *tokens->shape)) {
        char one[TP__SHAPE_TEXT_SIZE], two[TP__SHAPE_TEXT_SIZE];
        tp_fail(TP_ERROR_SHAPE,
                "tokens of shape %s and logits of shape %s, which should have one dimension more",
                tp__shape_text(one, sizeof one, tokens->ndim, tokens->shape),
                tp__shape_text(two, sizeof two, logits->ndim, logits->shape));
        return NAN;
    }
    const int64_t words = logits->shape[logits->ndim - 1];
    const int64_t *y = tp__metric_labels("tokens", tokens);
    const double *x = y ? tp__metric_numbers("logits", logits) : NULL;
    if (!x)
        return NAN;
    double sum = 0;
    int64_t counted = 0;
    for (int64_t i = 0; i < tokens->numel; i++) {
        if (y[i] == ignore_index)
            continue;
        if (y[i] < 0 || y[i] >= words) {
            tp_fail(TP_ERROR_VALUE, "tokens has %lld at element %lld; 0 to %lld are known", (long long)y[i],
                    (long long)i, (long long)words - 1);
            return NAN;
        }
        const double *row = x + i * words;
        double highest = row[0], shares = 0;
        for (int64_t k = 1; k < words; k++)
            highest = fmax(highest, row[k]);
        for (int64_t k = 0; k < words; k++)
            shares += exp(row[k] - highest);
        sum += highest + log(shares) - row[y[i]];
        counted++;
    }
    return counted ? exp(sum / (double)counted) : NAN;
}
