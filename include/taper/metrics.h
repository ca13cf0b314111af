/* How good predictions are: scikit-learn's metrics, computed in double.
 *
 * Labels are tensors of any dtype with whole numbers; bool counts as 0 and 1. Scores and probabilities are of
 * a floating type. After an error the result is NaN (NULL, or the status): TP_ERROR_SHAPE for shapes that do
 * not fit, TP_ERROR_VALUE for no elements at all, for a NaN or an infinity, and for a label or a probability
 * that the metric does not know. Nothing that is passed is kept. */
#ifndef TAPER_METRICS_H
#define TAPER_METRICS_H

#include "taper/tensor.h"

#include <stdio.h>

#ifdef __cplusplus
#define TP_METRIC_DEFAULT(value) = value
#else
#define TP_METRIC_DEFAULT(value)
#endif

TP_BEGIN

/* ---- Labels against labels: two tensors of one shape, any labels ---- */

/* The share of equal labels: accuracy_score. */
TP_API double tp_accuracy(const tp_tensor *truth, const tp_tensor *predicted);

/* The mean of the recalls of the labels that occur in the truth: balanced_accuracy_score. */
TP_API double tp_balanced_accuracy(const tp_tensor *truth, const tp_tensor *predicted);

/* The correlation of truth and prediction over all classes, from -1 to 1, 0 where it is not defined:
 * matthews_corrcoef. */
TP_API double tp_matthews_corrcoef(const tp_tensor *truth, const tp_tensor *predicted);

/* How far they agree beyond chance, (p - e) / (1 - e), with p the accuracy and e what independent labels
 * would give: cohen_kappa_score. Where both have one label only, and the same one, it is not defined: NaN
 * without an error. */
TP_API double tp_cohen_kappa(const tp_tensor *truth, const tp_tensor *predicted);

/* How the values of several classes become one. */
typedef enum tp_averaging {
    TP_AVERAGE_BINARY = 0,  /* the class `positive` alone; with more than two labels an error */
    TP_AVERAGE_MICRO = 1,   /* from the counts of all classes together */
    TP_AVERAGE_MACRO = 2,   /* the mean over the labels that occur in either tensor */
    TP_AVERAGE_WEIGHTED = 3 /* the same, weighted by how often each label occurs in the truth */
} tp_averaging;

typedef struct tp_score_options {
    const tp_tensor *truth TP_METRIC_DEFAULT(nullptr);
    const tp_tensor *predicted TP_METRIC_DEFAULT(nullptr);
    tp_averaging average TP_METRIC_DEFAULT(TP_AVERAGE_BINARY);
    int64_t positive TP_METRIC_DEFAULT(1);     /* scikit-learn's pos_label */
    double beta TP_METRIC_DEFAULT(1);          /* F score: recall counts beta times as much as precision */
    double zero_division TP_METRIC_DEFAULT(0); /* what a division by zero gives; NAN leaves the class out */
} tp_score_options;

/* precision = tp / (tp + fp), recall = tp / (tp + fn), and their weighted harmonic mean
 * (1 + beta^2) tp / ((1 + beta^2) tp + beta^2 fn + fp): precision_score, recall_score, f1_score, fbeta_score.
 *
 *     double macro = tp_f1(truth, predicted, .average = TP_AVERAGE_MACRO);
 */
TP_API double tp_precision_with(const tp_score_options *options);
TP_API double tp_recall_with(const tp_score_options *options);
TP_API double tp_f1_with(const tp_score_options *options);

/* [classes, classes], int64: how often the row's label was predicted as the column's; confusion_matrix with
 * labels=range(classes). `classes` 0: one more than the largest label of both. At most 32768. */
TP_API tp_tensor *tp_confusion_matrix(const tp_tensor *truth, const tp_tensor *predicted, int64_t classes);

/* Writes precision, recall, F1 and support of each label and their averages as a table with two decimals:
 * classification_report. `names` has one for each label that occurs, in ascending order of labels, or is NULL
 * for the labels' own digits. */
TP_API tp_status tp_classification_report(FILE *stream, const tp_tensor *truth, const tp_tensor *predicted,
                                          const char *const *names, int n_names);

/* ---- Labels against scores ---- */

/* How several classes are compared by pairs. */
typedef enum tp_multiclass {
    TP_ONE_VS_REST = 0,
    TP_ONE_VS_ONE = 1 /* Hand and Till: each class against each other one, both ways */
} tp_multiclass;

typedef struct tp_roc_auc_options {
    const tp_tensor *truth TP_METRIC_DEFAULT(nullptr);
    const tp_tensor *scores TP_METRIC_DEFAULT(nullptr);
    tp_multiclass multiclass TP_METRIC_DEFAULT(TP_ONE_VS_REST);
    bool weighted
        TP_METRIC_DEFAULT(false); /* the mean over classes (pairs) weighted by how often they occur */
} tp_roc_auc_options;

/* The area under the ROC curve: the share of pairs of a positive and a negative item in which the positive
 * has the higher score, equal scores counting one half; roc_auc_score. `scores` [n] in any order-preserving
 * form (logits, probabilities) for two labels, of which the larger is positive; with one label only it is not
 * defined: NaN without an error. Or [n, classes], classes at least 3: probabilities of the labels 0 to
 * classes - 1, which sum to 1 in each row and must all occur. */
TP_API double tp_roc_auc_with(const tp_roc_auc_options *options);

/* The area under precision against recall as a sum of steps, sum (R_i - R_{i-1}) P_i:
 * average_precision_score. `scores` [n] for labels 0 and 1; or [n, classes], the mean over the classes one
 * against the rest, labels 0 to classes - 1. 0 for a class that does not occur. */
TP_API double tp_average_precision(const tp_tensor *truth, const tp_tensor *scores);

/* The mean of -log(probability of the true label): log_loss. `probabilities` [n] are of label 1 (labels 0 and
 * 1), or [n, classes] of labels 0 to classes - 1, classes at least 2. They must lie in [0, 1] and are limited
 * to [eps, 1 - eps] of their dtype; rows must sum to 1 within sqrt(eps) (else TP_ERROR_VALUE). Unlike
 * log_loss without labels=, data of one class only are taken. */
TP_API double tp_log_loss(const tp_tensor *truth, const tp_tensor *probabilities);

/* The mean square of (label - probability), labels 0 and 1, probabilities [n]: brier_score_loss. */
TP_API double tp_brier_score(const tp_tensor *truth, const tp_tensor *probabilities);

/* Expected calibration error: probabilities are put into `bins` bins of equal width; the mean distance,
 * weighted by items, of a bin's mean probability from the share of items that are what was predicted (Guo et
 * al., 2017). `probabilities` [n]: of label 1, against the share of ones (as calibration_curve has them); [n,
 * classes]: of each row's most probable class, the first of equals. At most 65536 bins; 10 and 15 are usual.
 */
TP_API double tp_calibration_error(const tp_tensor *truth, const tp_tensor *probabilities, int64_t bins);

/* The share of items whose label is among the `k` highest scores of [n, classes]; of equal scores the later
 * class counts as higher: top_k_accuracy_score with labels=range(classes). */
TP_API double tp_top_k_accuracy(const tp_tensor *truth, const tp_tensor *scores, int64_t k);

/* exp of the mean of -log softmax(logits)[token]: what a language model's cross-entropy is as a number of
 * equally likely tokens. `logits` [..., vocabulary], `tokens` without that dimension; tokens equal to
 * `ignore_index` do not count (-100 is usual). NaN without an error if none counts. */
TP_API double tp_perplexity(const tp_tensor *tokens, const tp_tensor *logits, int64_t ignore_index);

/* ---- Numbers against numbers: two tensors of one shape, floating or whole ---- */

/* The mean of (truth - predicted)^2, its root, and the mean of |truth - predicted|: mean_squared_error,
 * root_mean_squared_error (of [n, outputs]: the mean of the outputs' roots), mean_absolute_error. */
TP_API double tp_mean_squared_error(const tp_tensor *truth, const tp_tensor *predicted);
TP_API double tp_root_mean_squared_error(const tp_tensor *truth, const tp_tensor *predicted);
TP_API double tp_mean_absolute_error(const tp_tensor *truth, const tp_tensor *predicted);

/* 1 - sum (truth - predicted)^2 / sum (truth - mean of truth)^2; of [n, outputs] the mean over outputs:
 * r2_score. A constant truth gives 1 if it is met, else 0; one item gives NaN without an error. */
TP_API double tp_r2_score(const tp_tensor *truth, const tp_tensor *predicted);

#ifndef __cplusplus
#define TP_SCORE(function, ...) \
    TP_WITH_OPTIONS(double, function, tp_score_options, .positive = 1, .beta = 1, .truth = __VA_ARGS__)
/* tp_precision(truth, predicted), tp_f1(truth, predicted, .average = TP_AVERAGE_MICRO) */
#define tp_precision(...) TP_SCORE(tp_precision_with, __VA_ARGS__)
#define tp_recall(...) TP_SCORE(tp_recall_with, __VA_ARGS__)
#define tp_f1(...) TP_SCORE(tp_f1_with, __VA_ARGS__)
/* tp_roc_auc(truth, scores), tp_roc_auc(truth, scores, .multiclass = TP_ONE_VS_ONE) */
#define tp_roc_auc(...) TP_WITH_OPTIONS(double, tp_roc_auc_with, tp_roc_auc_options, .truth = __VA_ARGS__)
#endif

TP_CLOSE

#ifdef __cplusplus
#define TP_SCORE_OVERLOAD(name)                                                   \
    static inline double name(const tp_tensor *truth, const tp_tensor *predicted, \
                              tp_score_options options = tp_score_options())      \
    {                                                                             \
        options.truth = truth;                                                    \
        options.predicted = predicted;                                            \
        return name##_with(&options);                                             \
    }
TP_SCORE_OVERLOAD(tp_precision)
TP_SCORE_OVERLOAD(tp_recall)
TP_SCORE_OVERLOAD(tp_f1)
#undef TP_SCORE_OVERLOAD
static inline double tp_roc_auc(const tp_tensor *truth, const tp_tensor *scores,
                                tp_roc_auc_options options = tp_roc_auc_options())
{
    options.truth = truth;
    options.scores = scores;
    return tp_roc_auc_with(&options);
}
#endif

#endif
