"""Writes folds.h: scikit-learn's folds, splits and class weights, and PyTorch's weighted draws.

usage: python3 folds.py > folds.h          (scikit-learn 1.9, PyTorch 2.13)

Labels are made by (i * i * 7 + i // 3) % classes on both sides. Indices are folded into one number by x -> 31 x + index
modulo 2^64, after each part's length."""
import warnings

import numpy as np
import torch
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.utils.class_weight import compute_class_weight
from torch.utils.data import WeightedRandomSampler

warnings.simplefilter("ignore")


def fold(x, indices):
    x = (31 * x + len(indices)) % 2**64
    for i in indices:
        x = (31 * x + int(i)) % 2**64
    return x


def labels(n, classes):
    return np.array([(i * i * 7 + i // 3) % classes for i in range(n)])


print("/* Written by folds.py. */\nstatic const fold_case fold_cases[] = {")
for n, splits, classes in ((10, 2, 0), (11, 3, 0), (100, 5, 0), (7, 7, 0), (1000, 10, 0), (30, 3, 2), (101, 5, 3), (64, 2, 4),
                           (500, 10, 7), (13, 4, 2)):
    for shuffle in (False, True):
        for seed in ((0, 42) if shuffle else (0,)):
            options = dict(n_splits=splits, shuffle=shuffle, random_state=seed if shuffle else None)
            maker = StratifiedKFold(**options) if classes else KFold(**options)
            y = labels(n, classes) if classes else np.zeros(n)
            x = 0
            for train, test in maker.split(np.zeros((n, 1)), y):
                x = fold(fold(x, train), test)
            print("    {%d, %d, %d, %d, %d, 0, %dULL}," % (n, splits, classes, shuffle, seed, x))
for n, share, classes in ((10, 0.25, 0), (101, 0.1, 0), (1000, 0.333, 0), (60, 0.25, 2), (101, 0.2, 3), (500, 0.5, 7), (37, 0.3, 5)):
    for seed in (0, 42, 2**32 - 1):
        y = labels(n, classes) if classes else None
        train, test = train_test_split(np.arange(n), test_size=share, random_state=seed, stratify=y)
        print("    {%d, 0, %d, 1, %d, %r, %dULL}," % (n, classes, seed, share, fold(fold(0, train), test)))
print("};\nstatic const weight_case weight_cases[] = {")
for n, classes in ((10, 2), (100, 3), (1000, 7)):
    w = compute_class_weight("balanced", classes=np.arange(classes), y=labels(n, classes))
    print("    {%d, %d, {%s}}," % (n, classes, ", ".join(repr(float(v)) for v in w)))
print("};\nstatic const draw_case draw_cases[] = {")
for n, count, seed in ((5, 20, 0), (1, 4, 3), (1000, 500, 42)):
    torch.manual_seed(seed)
    drawn = list(WeightedRandomSampler([float(i % 7) + (i == 0) for i in range(n)], count, replacement=True))
    print("    {%d, %d, %d, %dULL, %dLL}," % (n, count, seed, fold(0, drawn), int(torch.empty((), dtype=torch.int64).random_())))
print("};")
