"""Writes hooks.h: what hooks on tensors see in PyTorch, call by call.

    ATEN_CPU_CAPABILITY=avx2 python hooks.py
"""
import os

import torch

torch.set_num_threads(1)
lines = []


def log(tag, t):
    lines.append('    {"%s", {%s}},' % (tag, ", ".join(repr(float(v)) for v in t.detach())))


def seen(tag, factor=None):
    def hook(g):
        log(tag, g)
        return None if factor is None else g * factor

    return hook


def forward(x):
    y = x * x
    y.register_hook(seen("first", 2))
    y.retain_grad()
    second = y.register_hook(seen("second"))
    y.register_hook(seen("third", 0.5))
    return y, y * y + x * y, second


x = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64, requires_grad=True)
x.register_hook(seen("leaf", 10))
x.register_hook(seen("leaf again"))
x.register_post_accumulate_grad_hook(lambda t: log("after", t.grad))
y, z, second = forward(x)
for _ in range(2):
    z.sum().backward(retain_graph=True)
    log("y.grad", y.grad)
    log("x.grad", x.grad)
second.remove()
for g in torch.autograd.grad(z.sum(), [y, x], retain_graph=True):
    log("gradient", g)
x.grad = None
(first,) = torch.autograd.grad(z.sum(), [x], create_graph=True)
log("gradient", first)
(first * first).sum().backward()
log("x.grad", x.grad)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "hooks.h"), "w") as out:
    out.write("/* Written by hooks.py with PyTorch %s. */\n" % torch.__version__.split("+")[0])
    out.write("static const struct {\n    const char *what;\n    double values[3];\n} expected[] = {\n")
    out.write("\n".join(lines) + "\n};\n")
