/* How good predictions are: scikit-learn's metrics, computed in double.
 *
 * Labels are vectors of any dtype with whole numbers; bool counts as 0 and 1. Scores and probabilities are
 * of a floating type. The two vectors have one shape. After an error the result is NaN (NULL): TP_ERROR_SHAPE
 * for other shapes, TP_ERROR_VALUE for no elements at all, for a NaN or an infinity, and for a label that is
 * not one of those that the metric knows. */
#ifndef TAPER_METRICS_H
#define TAPER_METRICS_H

#include "taper/tensor.h"

TP_BEGIN

/* The share of equal labels: accuracy_score. Both may have any shape. */
TP_API double tp_accuracy(const tp_tensor *truth, const tp_tensor *predicted);

/* Binary labels, 0 and 1, with 1 as the positive one. precision = tp / (tp + fp), recall = tp / (tp + fn),
 * F1 = 2 tp / (2 tp + fp + fn); a division by zero gives 0: precision_score and so on with zero_division=0.
 */
TP_API double tp_precision(const tp_tensor *truth, const tp_tensor *predicted);
TP_API double tp_recall(const tp_tensor *truth, const tp_tensor *predicted);
TP_API double tp_f1(const tp_tensor *truth, const tp_tensor *predicted);

/* The area under the ROC curve: the share of pairs of a 1 and a 0 in which the 1 has the higher score, equal
 * scores counting one half; roc_auc_score. Labels 0 and 1; scores in any order-preserving form (logits,
 * probabilities). With one class only it is not defined: NaN without an error. */
TP_API double tp_roc_auc(const tp_tensor *truth, const tp_tensor *scores);

/* The mean of -log(probability of the true label): log_loss. `probabilities` [n] are of label 1 (labels 0 and
 * 1), or [n, classes] of labels 0 to classes - 1, classes at least 2. They must lie in [0, 1] and are limited
 * to [eps, 1 - eps] of their dtype; rows must sum to 1 within sqrt(eps) (else TP_ERROR_VALUE). Unlike
 * log_loss without labels=, data of one class only are taken. */
TP_API double tp_log_loss(const tp_tensor *truth, const tp_tensor *probabilities);

/* [classes, classes], int64: how often the row's label was predicted as the column's; confusion_matrix with
 * labels=range(classes). `classes` 0: one more than the largest label of both. At most 32768. */
TP_API tp_tensor *tp_confusion_matrix(const tp_tensor *truth, const tp_tensor *predicted, int64_t classes);

TP_CLOSE

#endif
