#!/usr/bin/env python3
"""Writes average.h beside this file: averages of a module's parameters and buffers after 1, 2, 7 and 20 updates of
torch.optim.swa_utils.AveragedModel, and norms and gradients of torch.nn.utils.clip_grad_norm_ for several orders.

    python average.py"""
import math
import os
import warnings

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import numpy as np
import torch
from torch.optim import swa_utils

warnings.simplefilter("ignore")
torch.set_num_threads(1)
AT = (1, 2, 7, 20)


class Numbers:
    """A linear congruential generator; 24-bit numbers in [-1, 1), the same in every language."""

    def __init__(self, seed):
        self.x = seed

    def draw(self, n):
        out = np.empty(n, np.float64)
        for i in range(n):
            self.x = (self.x * 1664525 + 1013904223) & 0xFFFFFFFF
            out[i] = ((self.x >> 8) - 8388608) / 8388608
        return torch.tensor(out)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(37))
        self.b = torch.nn.Parameter(torch.zeros(5, dtype=torch.float64))
        self.register_buffer("mean", torch.zeros(7))
        self.register_buffer("count", torch.zeros(2, dtype=torch.int64))


def run(average):
    numbers, model = Numbers(5), Model()
    averaged = average(model)
    words = []
    for step in range(1, 21):
        with torch.no_grad():
            model.w.copy_(numbers.draw(37).float())
            model.b.copy_(numbers.draw(5))
            model.mean.copy_(numbers.draw(7).float())
            model.count.copy_((numbers.draw(2) * 1000).long())
        averaged.update_parameters(model)
        if step in AT:
            m = averaged.module
            words += [int(x) for x in m.w.detach().numpy().view(np.uint32)]
            words += [int(x) for x in m.b.detach().numpy().view(np.uint64)]
            words += [int(x) for x in m.mean.numpy().view(np.uint32)]
            words += [int(x) for x in m.count.numpy().view(np.uint64)]
    return words


A = swa_utils.AveragedModel
cases = []
for buffers in (False, True):
    for decay in (0.999, 0.9, 0.3):
        cases.append((decay, 0, int(buffers), run(lambda m: A(m, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(decay), use_buffers=buffers))))
    cases.append((0, 1, int(buffers), run(lambda m: A(m, use_buffers=buffers))))

clips = []
for order in (1.0, 2.0, 3.0, 0.5, 0.0, math.inf, -math.inf):
    for limit in (0.5, 1e6):
        numbers = Numbers(11)
        ps = [torch.nn.Parameter(torch.zeros(n)) for n in (101, 3)]
        for p in ps:
            p.grad = numbers.draw(p.numel()).float()
        norm = torch.nn.utils.clip_grad_norm_(ps, limit, norm_type=order)
        clips.append((order, limit, float(norm), float(ps[0].grad[50]), float(ps[1].grad[2])))

number = lambda x: "INFINITY" if x == math.inf else "-INFINITY" if x == -math.inf else float(x).hex()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "average.h"), "w") as f:
    f.write(f"/* Written by average.py with torch {torch.__version__}. */\n")
    f.write("static const struct golden_clip {\n    double order, limit, norm, first, second; /* of the gradients, elements 50 and 2 */\n} golden_clips[] = {\n")
    for row in clips:
        f.write("    {%s},\n" % ", ".join(number(x) for x in row))
    f.write("};\nstatic const struct golden {\n    double decay;\n    int equal, use_buffers;\n    uint64_t words[%d];\n} golden[] = {\n" % len(cases[0][3]))
    for decay, equal, buffers, words in cases:
        f.write("    {%r, %d, %d, {%s}},\n" % (decay, equal, buffers, ", ".join("0x%xu" % w for w in words)))
    f.write("};\n")
print(len(cases), "averages,", len(clips), "norms")
