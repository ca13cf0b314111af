#!/usr/bin/env python3
"""Writes optim.h beside this file: parameters after 1, 7 and 100 steps of torch.optim's SGD, Adam and AdamW, for
gradients that tests/test_optim.c makes in the same way, and what torch prints for optimizers.

    ATEN_CPU_CAPABILITY=avx2 python optim.py

PyTorch's official builds take square roots from Intel's MKL, which are not always the nearest numbers. The numbers in
optim.h come from torch.optim with exact square roots; what PyTorch as it is gives instead is listed beside them.
Says on standard output where foreach=True differs from the default."""
import os
import sys

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import numpy as np
import torch

torch.set_num_threads(1)

mkl_sqrt = torch.Tensor.sqrt


def exact_sqrt(t):
    return torch.from_numpy(np.sqrt(t.detach().numpy()))


AT = (1, 7, 100)
# Powers of two by which gradients are scaled, by position: ordinary ones, some whose squares are subnormal, and
# some whose squares are infinite.
EXPONENTS = (0, -3, -6, -10, 3, -70, 70, -1)


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
            # Some features are rare.
            if i % 5 == 1 and abs(out[i]) < 0.7:
                out[i] = 0
            out[i] *= 2.0 ** EXPONENTS[i % 8]
        return out


def run(kind, options, dtype, n, **more):
    numbers = Numbers(n)
    p = torch.nn.Parameter(torch.tensor(numbers.draw(n), dtype=dtype))
    options = dict(options)
    if "beta1" in options or "beta2" in options:
        options["betas"] = (options.pop("beta1", 0.9), options.pop("beta2", 0.999))
    optimizer = getattr(torch.optim, kind)([p], **options, **more)
    seen = []
    for step in range(1, 101):
        p.grad = torch.tensor(numbers.gradient(n), dtype=dtype)
        optimizer.step()
        if step in AT:
            seen.append(p.detach().numpy().copy())
    return np.concatenate(seen)


CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.3, "dampening": 0.25, "maximize": True}),
    ("Adam", {"lr": 0.01}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("Adam", {"lr": 0.3, "beta1": 0.4, "beta2": 0.7, "eps": 1e-4, "maximize": True}),
    ("Adam", {"lr": 0.01, "beta1": 0.0, "beta2": 0.0}),
    ("Adam", {"lr": 0.01, "amsgrad": True, "maximize": True, "weight_decay": 0.1, "eps": 0.0}),
    ("AdamW", {"lr": 0.01, "weight_decay": 0.01}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True, "maximize": True, "beta1": 0.95}),
]
SIZES = [(torch.float32, 1), (torch.float32, 8), (torch.float32, 64), (torch.float32, 517), (torch.float64, 61)]
OPTIONS = ("lr", "beta1", "beta2", "eps", "weight_decay", "amsgrad", "momentum", "dampening", "nesterov", "maximize")

words, rows, stock = [], [], []
for kind, options in CASES:
    full = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, **options}
    for dtype, n in SIZES:
        plain = run(kind, options, dtype, n)
        torch.Tensor.sqrt = exact_sqrt
        got = run(kind, options, dtype, n, foreach=False)
        torch.Tensor.sqrt = mkl_sqrt
        for more in ({"foreach": True}, {"foreach": False}):
            other = run(kind, options, dtype, n, **more)
            different = int((plain.view(np.uint8) != other.view(np.uint8)).reshape(len(plain), -1).any(1).sum())
            if different:
                print(kind, options, dtype, n, more, "differs in", different, "of", len(plain))
        rows.append((kind, full, dtype == torch.float64, n, len(words)))
        bits = got.view(np.uint32 if dtype == torch.float32 else np.uint64)
        plain_bits = plain.view(bits.dtype)
        stock += [(len(words) + int(i), int(plain_bits[i])) for i in np.flatnonzero(plain_bits != bits)]
        words += [int(b) for b in bits]


def text(optimizer):
    """The printed form, without the options that only steer PyTorch's own implementations."""
    own = ("capturable", "differentiable", "foreach", "fused", "decoupled_weight_decay")
    lines = [line for line in repr(optimizer).split("\n") if line.strip().split(":")[0] not in own]
    return "\n".join(lines).replace("\\", "\\\\").replace("\n", "\\n")


a, b = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
texts = [
    ("GOLDEN_ADAM_TEXT", text(torch.optim.Adam([a], lr=0.01))),
    ("GOLDEN_ADAMW_TEXT", text(torch.optim.AdamW([a], amsgrad=True))),
    ("GOLDEN_SGD_TEXT", text(torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 1e-5}], momentum=0.9, nesterov=True))),
]

# Clipping: the gradients' norm, and the gradients afterwards.
clips = []
for n, limit in ((5, 1.0), (517, 0.5), (517, 1e6)):
    numbers = Numbers(7 * n)
    ps = [torch.nn.Parameter(torch.zeros(k)) for k in (n, 3)]
    for p in ps:
        p.grad = torch.tensor(numbers.draw(p.numel()), dtype=torch.float32)
    norm = torch.nn.utils.clip_grad_norm_(ps, limit)
    grads = torch.cat([p.grad for p in ps]).numpy()
    clips.append((n, limit, float(norm), len(words)))
    words += [int(b) for b in grads.view(np.uint32)]

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "optim.h"), "w") as f:
    f.write(f"/* Written by optim.py with torch {torch.__version__}. */\n")
    f.write("static const struct golden {\n    const char *kind;\n    double options[10]; /* %s */\n" % ", ".join(OPTIONS))
    f.write("    int is_double, n, at;\n} golden[] = {\n")
    for kind, full, double, n, at in rows:
        f.write('    {"%s", {%s}, %d, %d, %d},\n' % (kind, ", ".join(repr(float(full.get(o, 0))) for o in OPTIONS), double, n, at))
    f.write("};\n")
    f.write("static const struct golden_clip {\n    int n;\n    double limit, norm;\n    int at;\n} golden_clips[] = {\n")
    for n, limit, norm, at in clips:
        f.write("    {%d, %r, %s, %d},\n" % (n, limit, norm.hex(), at))
    f.write("};\n")
    f.write("/* Where PyTorch with MKL's square roots has other bits. */\n")
    f.write("static const struct golden_stock {\n    int at;\n    uint64_t word;\n} golden_stock[] = {\n")
    for at, word in stock:
        f.write("    {%d, 0x%x},\n" % (at, word))
    f.write("};\n")
    for name, value in texts:
        f.write('#define %s "%s"\n' % (name, value.replace('"', '\\"')))
    f.write("static const uint64_t golden_words[] = {\n")
    for i in range(0, len(words), 8):
        f.write("    " + " ".join("0x%xu," % w for w in words[i : i + 8]) + "\n")
    f.write("};\n")
print(len(rows), "cases,", len(words), "words,", len(stock), "of them other ones with MKL")
