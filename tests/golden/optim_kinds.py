#!/usr/bin/env python3
"""Writes optim_kinds.h beside this file: parameters after 1, 7 and 100 steps of torch.optim's Adagrad, RMSprop,
Adadelta, Adamax, NAdam, RAdam, Rprop and SparseAdam, for gradients that tests/test_optim_kinds.c makes in the same way,
and what torch prints for some of them.

    python optim_kinds.py

The numbers come from the single-tensor forms with ATEN_CPU_CAPABILITY=avx2 and exact square roots (official builds take
them from Intel's MKL, which are not always the nearest numbers). Beside each case stands how far PyTorch as it is
differs from itself between ATEN_CPU_CAPABILITY=default and avx2, relative to the largest parameter."""
import os
import pickle
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import numpy as np
import torch

torch.set_num_threads(1)
sys.path.insert(0, here)

AT = (1, 7, 100)
EXPONENTS = (0, -3, -6, -10, 3, -20, 12, -1)


class Numbers:
    """A linear congruential generator; 24-bit numbers in [-1, 1), the same in every language."""

    def __init__(self, seed):
        self.x = seed

    def draw(self, n):
        out = np.empty(n, np.float64)
        for i in range(n):
            self.x = (self.x * 1664525 + 1013904223) & 0xFFFFFFFF
            out[i] = ((self.x >> 8) - 8388608) / 8388608
        return out

    def gradient(self, n):
        out = self.draw(n)
        for i in range(n):
            if i % 5 == 1 and abs(out[i]) < 0.7:
                out[i] = 0
            out[i] *= 2.0 ** EXPONENTS[i % 8]
        return out

    def touched(self, n):
        """About a fifth of n columns, and their values."""
        columns = [i for i, x in enumerate(self.draw(n)) if x > 0.6]
        return columns, self.draw(len(columns))


OPTIONS = ("lr", "beta1", "beta2", "eps", "weight_decay", "lr_decay", "initial_accumulator_value", "alpha", "momentum",
           "centered", "rho", "momentum_decay", "decoupled_weight_decay", "eta_minus", "eta_plus", "step_size_min",
           "step_size_max", "maximize")
DEFAULTS = {
    "Adagrad": {"lr": 1e-2, "eps": 1e-10},
    "RMSprop": {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8},
    "Adadelta": {"lr": 1.0, "rho": 0.9, "eps": 1e-6},
    "Adamax": {"lr": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "NAdam": {"lr": 2e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "momentum_decay": 4e-3},
    "RAdam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    "Rprop": {"lr": 1e-2, "eta_minus": 0.5, "eta_plus": 1.2, "step_size_min": 1e-6, "step_size_max": 50},
    "SparseAdam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
}
CASES = [
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"centered": True, "momentum": 0.9, "weight_decay": 0.01}),
    ("RMSprop", {"lr": 0.1, "alpha": 0.3, "centered": True, "eps": 1e-3, "maximize": True}),
    ("RMSprop", {"momentum": 0.5}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.5, "eps": 1e-4, "weight_decay": 0.1, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "beta1": 0.3, "beta2": 0.9, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "momentum_decay": 0.1, "beta1": 0.4, "maximize": True}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "beta2": 0.9, "maximize": True}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.3, "eta_minus": 0.3, "eta_plus": 1.5, "step_size_min": 0.01, "step_size_max": 0.5, "maximize": True}),
    ("SparseAdam", {}),
    ("SparseAdam", {"lr": 0.1, "beta1": 0.5, "beta2": 0.9, "maximize": True}),
]
SIZES = [(torch.float32, 8), (torch.float32, 67), (torch.float64, 33)]


def torch_options(options):
    options = dict(options)
    for pair, a, b in (("betas", "beta1", "beta2"), ("etas", "eta_minus", "eta_plus"),
                       ("step_sizes", "step_size_min", "step_size_max")):
        if a in options:
            options[pair] = (options.pop(a), options.pop(b))
    return options


def run(kind, options, dtype, n):
    numbers = Numbers(n)
    p = torch.nn.Parameter(torch.tensor(numbers.draw(n), dtype=dtype))
    more = {} if kind == "SparseAdam" else {"foreach": False}
    optimizer = getattr(torch.optim, kind)([p], **torch_options({**DEFAULTS[kind], **options}), **more)
    seen = []
    for step in range(1, 101):
        if kind == "SparseAdam":
            columns, values = numbers.touched(n)
            p.grad = torch.sparse_coo_tensor([columns], torch.tensor(values, dtype=dtype), (n,))
        else:
            p.grad = torch.tensor(numbers.gradient(n), dtype=dtype)
        optimizer.step()
        if step in AT:
            seen.append(p.detach().numpy().copy())
    return np.concatenate(seen)


def run_all():
    return [run(kind, options, dtype, n) for kind, options in CASES for dtype, n in SIZES]


if len(sys.argv) > 1:
    sys.stdout.buffer.write(pickle.dumps(run_all()))
    sys.exit()

stock = run_all()
other = pickle.loads(subprocess.run([sys.executable, __file__, "plain"], check=True, stdout=subprocess.PIPE,
                                    env={**os.environ, "ATEN_CPU_CAPABILITY": "default"}).stdout)


def exact_sqrt(t):
    return torch.from_numpy(np.sqrt(t.detach().numpy()))


torch.Tensor.sqrt = exact_sqrt
torch.Tensor.sqrt_ = lambda t: t.copy_(exact_sqrt(t))
exact = run_all()


def text(optimizer):
    own = ("capturable", "differentiable", "foreach", "fused")
    lines = [line for line in repr(optimizer).split("\n") if line.strip().split(":")[0] not in own]
    return "\n".join(lines).replace("\n", "\\n")


a = torch.nn.Parameter(torch.zeros(2))
texts = [("GOLDEN_%s_TEXT" % kind.upper(), text(getattr(torch.optim, kind)([a])))
         for kind in ("Adagrad", "RMSprop", "Adamax", "NAdam", "RAdam", "Rprop")]

words, rows = [], []
for index, (kind, options) in enumerate(CASES):
    for k, (dtype, n) in enumerate(SIZES):
        at = index * len(SIZES) + k
        a, b, c = (x[at].astype(np.float64) for x in (stock, other, exact))
        size = np.abs(c).max()
        rows.append((kind, {**DEFAULTS[kind], **options}, int(dtype == torch.float64), n, len(words),
                     float(np.abs(a - b).max() / size), float(np.abs(a - c).max() / size)))
        words += [int(x) for x in exact[at].view(np.uint32 if dtype == torch.float32 else np.uint64)]

with open(os.path.join(here, "optim_kinds.h"), "w") as f:
    f.write(f"/* Written by optim_kinds.py with torch {torch.__version__}. */\n")
    f.write("static const struct golden {\n    const char *kind;\n    double options[%d]; /* %s */\n" % (len(OPTIONS), ", ".join(OPTIONS)))
    f.write("    int is_double, n, at;\n    double between_sets, with_mkl;\n} golden[] = {\n")
    for kind, full, double, n, at, between, mkl in rows:
        f.write('    {"%s", {%s}, %d, %d, %d, %.3g, %.3g},\n' % (
            kind, ", ".join(repr(float(full.get(o, 0))) for o in OPTIONS), double, n, at, between, mkl))
    f.write("};\n")
    for name, value in texts:
        f.write('#define %s "%s"\n' % (name, value.replace('"', '\\"')))
    f.write("static const uint64_t golden_words[] = {\n")
    for i in range(0, len(words), 8):
        f.write("    " + " ".join("0x%xu," % w for w in words[i : i + 8]) + "\n")
    f.write("};\n")
print(len(rows), "cases,", len(words), "words")
