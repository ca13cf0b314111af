#!/usr/bin/env python3
"""Writes schedule.h beside this file: the learning rates of two groups (and the first one's momentum) over 120 steps of
torch.optim.lr_scheduler's schedules. tests/test_schedule.c makes the same schedules by the cases' names.

    python schedule.py"""
import os
import warnings

import torch
from torch.optim import lr_scheduler as L

warnings.simplefilter("ignore")
STEPS = 120


def sgd():
    a, b = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
    return torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.05}], lr=0.5, momentum=0.75)


def adam():
    a, b = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
    return torch.optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.05}], lr=0.5)


def metric(t):
    return 1 / (t + 1) if t < 20 else 0.0625 + ((t * 7) % 5) / 128


def function(t):
    return 1 / (1 + t * 0.125)


def shrink(t):
    return 0.5 if t % 10 == 0 else 0.96875


def after(make, milestone=7):
    """The schedule behind a constant one."""
    return lambda o: L.SequentialLR(o, [L.ConstantLR(o, 0.25, 100), make(o)], [milestone])


plain = {
    "step": lambda o: L.StepLR(o, 7, 0.3),
    "multi_step": lambda o: L.MultiStepLR(o, [3, 10, 10, 50], 0.3),
    "constant": lambda o: L.ConstantLR(o, 0.3, 9),
    "linear": lambda o: L.LinearLR(o, 0.1, 0.7, 13),
    "linear_default": lambda o: L.LinearLR(o),
    "exponential": lambda o: L.ExponentialLR(o, 0.93),
    "polynomial": lambda o: L.PolynomialLR(o, 60, 1.7),
    "cosine": lambda o: L.CosineAnnealingLR(o, 25, 0.01),
    "cosine_0": lambda o: L.CosineAnnealingLR(o, 50),
    "restarts": lambda o: L.CosineAnnealingWarmRestarts(o, 10),
    "restarts_mult": lambda o: L.CosineAnnealingWarmRestarts(o, 5, 3, 0.001),
    "one_cycle": lambda o: L.OneCycleLR(o, 0.9, STEPS),
    "cyclic": lambda o: L.CyclicLR(o, 0.01, 0.9, 13),
    "lambda": lambda o: L.LambdaLR(o, function),
    "multiplicative": lambda o: L.MultiplicativeLR(o, shrink),
}
cases = [(name, sgd, make) for name, make in plain.items()]
cases += [("after_" + name, sgd, after(make)) for name, make in plain.items()]
cases += [
    ("one_cycle_groups", adam, lambda o: L.OneCycleLR(o, [0.9, 0.1], STEPS, pct_start=0.4, anneal_strategy="linear",
                                                     three_phase=True, div_factor=10, final_div_factor=100)),
    ("one_cycle_three", sgd, lambda o: L.OneCycleLR(o, 0.9, STEPS + 1, pct_start=0.2, three_phase=True,
                                                    base_momentum=0.5, max_momentum=0.99)),
    ("one_cycle_plain", sgd, lambda o: L.OneCycleLR(o, 0.9, STEPS, cycle_momentum=False)),
    ("cyclic_2", adam, lambda o: L.CyclicLR(o, 0.01, 0.9, 7, 3, mode="triangular2")),
    ("cyclic_exp", sgd, lambda o: L.CyclicLR(o, 0.01, 0.9, 9, 11, mode="exp_range", gamma=0.97, base_momentum=0.4,
                                             max_momentum=0.7)),
    ("cyclic_plain", sgd, lambda o: L.CyclicLR(o, 0.01, 0.9, 7, cycle_momentum=False)),
    ("warm_up", sgd, lambda o: L.SequentialLR(o, [L.LinearLR(o, 0.1, 1.0, 10), L.CosineAnnealingLR(o, 60), L.ExponentialLR(o, 0.9)],
                                              [10, 70])),
    ("chained", sgd, lambda o: L.ChainedScheduler([L.ConstantLR(o, 0.1, 20), L.ExponentialLR(o, 0.95), L.StepLR(o, 30, 0.5)])),
    ("chained_first", sgd, lambda o: L.SequentialLR(o, [L.ChainedScheduler([L.LinearLR(o), L.ExponentialLR(o, 0.9)]),
                                                        L.CosineAnnealingLR(o, 40)], [20])),
    ("sequence_first", sgd, lambda o: L.SequentialLR(o, [L.SequentialLR(o, [L.LinearLR(o), L.ExponentialLR(o, 0.9)], [8]),
                                                         L.StepLR(o, 10)], [20])),
    ("sequence_chained", sgd, lambda o: L.ChainedScheduler([L.SequentialLR(o, [L.LinearLR(o), L.ConstantLR(o, 0.5, 10)], [6]),
                                                            L.ExponentialLR(o, 0.99)])),
    ("plateau", sgd, lambda o: L.ReduceLROnPlateau(o, patience=3, factor=0.5)),
    ("plateau_max", sgd, lambda o: L.ReduceLROnPlateau(o, mode="max", patience=5, cooldown=4, min_lr=[0.01, 0.002], factor=0.3)),
    ("plateau_abs", sgd, lambda o: L.ReduceLROnPlateau(o, patience=2, threshold=0.01, threshold_mode="abs", eps=1e-3)),
    ("plateau_max_abs", sgd, lambda o: L.ReduceLROnPlateau(o, mode="max", patience=2, threshold=0.5, threshold_mode="abs", min_lr=1e-4)),
]

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "schedule.h"), "w") as f:
    f.write(f"/* Written by schedule.py with torch {torch.__version__}. */\n")
    f.write("static const struct golden {\n    const char *name;\n    int steps;\n    double rates[%d][3]; /* group 0, group 1, momentum or beta1 of group 0 */\n} golden[] = {\n" % (STEPS + 1))
    for name, optimizer, make in cases:
        o = optimizer()
        s = make(o)
        rows = []
        for t in range(STEPS + 1):
            if t:
                o.step()
                s.step(metric(t - 1)) if name.startswith("plateau") else s.step()
            first = o.param_groups[0]
            rows.append((first["lr"], o.param_groups[1]["lr"], first["betas"][0] if "betas" in first else first["momentum"]))
        f.write('    {"%s", %d, {%s}},\n' % (name, STEPS, ", ".join("{%s}" % ", ".join(float(x).hex() for x in row) for row in rows)))
    f.write("};\n")
print(len(cases), "cases")
