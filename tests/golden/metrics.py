"""Writes metrics_values.h: scikit-learn's metrics for labels and scores that test_metrics.c makes anew.

usage: python3 metrics.py > metrics_values.h          (scikit-learn 1.9)

The data come from the generator x -> (1103515245 x + 12345) mod 2^31, of which both sides take the upper bits.
"""
import warnings
import numpy as np
from sklearn import metrics

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
    return 'NAN' if np.isnan(x) else repr(float(x))


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
    matrix = metrics.confusion_matrix(true_wide, wide, labels=list(range(classes))).ravel()
    print(f'    {{{seed}, {n}, {levels}, {ones}, {classes},')
    print(f'     {{{", ".join(map(number, values))}}},')
    print(f'     {{{", ".join(map(str, matrix))}}}}},')
print('};')
