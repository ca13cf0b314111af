/* Metrics of numbers against numbers, after scikit-learn. */
#include "train/metrics.h"

#include <math.h>

typedef struct numbers {
    int64_t items, outputs;
    const double *truth, *predicted;
} numbers;

static bool read_both(const tp_tensor *truth, const tp_tensor *predicted, numbers *n)
{
    if (tp__metric_shapes(truth, predicted) != TP_OK)
        return false;
    n->truth = tp__metric_numbers("truth", truth);
    n->predicted = n->truth ? tp__metric_numbers("predicted", predicted) : NULL;
    if (!n->predicted)
        return false;
    n->items = truth->ndim ? truth->shape[0] : 1;
    n->outputs = truth->numel / n->items;
    return true;
}

/* The sum of squares of what is missing, for one output. */
static double residual(const numbers *n, int64_t output)
{
    double sum = 0;
    for (int64_t i = output; i < n->items * n->outputs; i += n->outputs)
        sum += (n->truth[i] - n->predicted[i]) * (n->truth[i] - n->predicted[i]);
    return sum;
}

double tp_mean_squared_error(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("mean_squared_error");
    TP_SCOPE(metric);
    numbers n;
    if (!read_both(truth, predicted, &n))
        return NAN;
    double sum = 0;
    for (int64_t k = 0; k < n.outputs; k++)
        sum += residual(&n, k) / (double)n.items;
    return sum / (double)n.outputs;
}

double tp_root_mean_squared_error(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("root_mean_squared_error");
    TP_SCOPE(metric);
    numbers n;
    if (!read_both(truth, predicted, &n))
        return NAN;
    double sum = 0;
    for (int64_t k = 0; k < n.outputs; k++)
        sum += sqrt(residual(&n, k) / (double)n.items);
    return sum / (double)n.outputs;
}

double tp_mean_absolute_error(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("mean_absolute_error");
    TP_SCOPE(metric);
    numbers n;
    if (!read_both(truth, predicted, &n))
        return NAN;
    double sum = 0;
    for (int64_t i = 0; i < n.items * n.outputs; i++)
        sum += fabs(n.truth[i] - n.predicted[i]);
    return sum / (double)(n.items * n.outputs);
}

double tp_r2_score(const tp_tensor *truth, const tp_tensor *predicted)
{
    TP_FRAME("r2_score");
    TP_SCOPE(metric);
    numbers n;
    if (!read_both(truth, predicted, &n) || n.items < 2)
        return NAN;
    double sum = 0;
    for (int64_t k = 0; k < n.outputs; k++) {
        double mean = 0, spread = 0;
        for (int64_t i = k; i < n.items * n.outputs; i += n.outputs)
            mean += n.truth[i];
        mean /= (double)n.items;
        for (int64_t i = k; i < n.items * n.outputs; i += n.outputs)
            spread += (n.truth[i] - mean) * (n.truth[i] - mean);
        const double left = residual(&n, k);
        sum += spread != 0 ? 1 - left / spread : left == 0;
    }
    return sum / (double)n.outputs;
}
