"""Writes metrics_values.h: scikit-learn's metrics for labels and scores that test_metrics.c makes anew.

usage: python3 metrics.py > metrics_values.h          (scikit-learn 1.9)

Writes metrics_report_*.txt beside itself. Infinite values stand for what is not defined for a case.

The data come from the generator x -> (1103515245 x + 12345) mod 2^31, of which both sides take the upper bits.
"""
import math
import os
import warnings
import numpy as np
import torch
from sklearn import metrics
from sklearn.calibration import calibration_curve

HERE = os.path.dirname(os.path.abspath(__file__))
REPORTS = (4, 10)

warnings.simplefilter('ignore')


class Draws:
    def __init__(self, seed):
        self.x = seed

    def below(self, n):
        self.x = (1103515245 * self.x + 12345) % 2**31
        return (self.x >> 8) % n


# seed, items, different scores (few: many ties), percent of label 1, classes
CASES = [(1, 1, 2, 50, 2), (2, 2, 9, 50, 2), (3, 7, 3, 50, 3), (4, 64, 5, 30, 4), (5, 500, 1000, 60, 3),
         (6, 500, 4, 60, 5), (7, 97, 1, 50, 2), (8, 50, 100, 0, 3), (9, 50, 100, 100, 2), (10, 1000, 65536, 10, 10)]


def number(x):
    return 'NAN' if np.isnan(x) else 'INFINITY' if np.isinf(x) else repr(float(x))


def calibration(hits, probabilities, bins):
    """The expected calibration error from calibration_curve, which leaves out how many items a bin has."""
    shares, means = calibration_curve(hits, probabilities, n_bins=bins, pos_label=1)
    edges = np.linspace(0.0, 1.0, bins + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], probabilities), minlength=bins)
    return float(np.sum(np.abs(shares - means) * counts[counts != 0]) / len(hits))


print('/* Written by metrics.py. */')
print('static const metric_case metric_cases[] = {')
for seed, n, levels, ones, classes in CASES:
    draw = Draws(seed)
    truth, labels, scores, wide = [], [], [], []
    for _ in range(n):
        truth.append(int(draw.below(100) < ones))
        labels.append(draw.below(2))
        scores.append(draw.below(levels + 1) / levels)
        wide.append(draw.below(classes))
    truth, labels, scores, wide = map(np.array, (truth, labels, scores, wide))
    rows = np.full((n, classes), 0.5 / (classes - 1))
    rows[np.arange(n), wide] = 0.5
    true_wide = (wide + labels) % classes
    zero = dict(zero_division=0)
    values = [metrics.accuracy_score(truth, labels), metrics.precision_score(truth, labels, **zero),
              metrics.recall_score(truth, labels, **zero), metrics.f1_score(truth, labels, **zero),
              metrics.roc_auc_score(truth, scores), metrics.log_loss(truth, scores, labels=[0, 1]),
              metrics.log_loss(truth, scores.astype(np.float32), labels=[0, 1]),
              metrics.log_loss(true_wide, rows, labels=list(range(classes)))]
    # Several classes: shares of whole numbers, rounded the same way on both sides.
    many = np.zeros((n, classes))
    for i in range(n):
        row = [1 + draw.below(levels + 1) + (5 if j == wide[i] else 0) for j in range(classes)]
        many[i] = [x / sum(row) for x in row]
    for average in ('micro', 'macro', 'weighted'):
        values += [metrics.precision_score(true_wide, wide, average=average, **zero),
                   metrics.recall_score(true_wide, wide, average=average, **zero),
                   metrics.f1_score(true_wide, wide, average=average, **zero)]
    nan = dict(zero_division=np.nan)
    values += [metrics.precision_score(true_wide, wide, average='macro', **nan),
               metrics.recall_score(true_wide, wide, average='weighted', **nan),
               metrics.fbeta_score(true_wide, wide, beta=0.5, average='macro', **zero),
               metrics.fbeta_score(truth, labels, beta=2, **zero),
               metrics.recall_score(truth, labels, pos_label=0, zero_division=1),
               metrics.balanced_accuracy_score(true_wide, wide), metrics.matthews_corrcoef(true_wide, wide),
               metrics.cohen_kappa_score(true_wide, wide)]
    present = len(set(true_wide)) == classes
    for multi_class in ('ovr', 'ovo'):
        for average in ('macro', 'weighted'):
            values.append(metrics.roc_auc_score(true_wide, many, multi_class=multi_class, average=average)
                          if classes > 2 and present else math.inf)
    one_hot = np.eye(classes, dtype=int)[true_wide]
    values += [metrics.average_precision_score(truth, scores),
               np.mean([metrics.average_precision_score(one_hot[:, c], many[:, c]) for c in range(classes)]),
               np.mean((truth - scores) ** 2) if len(set(truth)) < 2 else metrics.brier_score_loss(truth, scores)]
    values += [calibration(truth, scores, 10),
               calibration((many.argmax(1) == true_wide).astype(int), many.max(1), 15)]
    for k in (1, 2):
        values.append(metrics.top_k_accuracy_score(true_wide, many, k=k, labels=range(classes)) if classes > 2 else math.inf)
    logits = torch.from_numpy(many * 5)
    values.append(torch.nn.functional.cross_entropy(logits, torch.from_numpy(true_wide), ignore_index=0).exp().item())
    guesses = many[:, 0]
    values += [metrics.mean_squared_error(scores, guesses), metrics.root_mean_squared_error(scores, guesses),
               metrics.mean_absolute_error(scores, guesses), metrics.r2_score(scores, guesses),
               metrics.mean_squared_error(rows, many), metrics.root_mean_squared_error(rows, many)]
    of_rows = [metrics.mean_absolute_error(rows, many), metrics.r2_score(rows, many)]
    if seed in REPORTS:
        with open(os.path.join(HERE, 'metrics_report_%d.txt' % seed), 'w') as out:
            out.write(metrics.classification_report(true_wide, wide, zero_division=0))
    assert len(values) == 43, len(values)
    matrix = metrics.confusion_matrix(true_wide, wide, labels=list(range(classes))).ravel()
    print(f'    {{{seed}, {n}, {levels}, {ones}, {classes},')
    print(f'     {{{", ".join(map(number, values))}}},')
    print(f'     {{{", ".join(map(number, of_rows))}}},')
    print(f'     {{{", ".join(map(str, matrix))}}}}},')
print('};')
