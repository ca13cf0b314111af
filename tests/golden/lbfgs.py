#!/usr/bin/env python3
"""Writes lbfgs.h beside this file: losses and parameters of torch.optim.LBFGS on two small problems, which
tests/test_lbfgs.c has too.

    python lbfgs.py"""
import os

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch

torch.set_num_threads(1)


def rosenbrock(x, y):
    """In four variables, two tensors."""
    z = torch.cat([x, y])
    return (100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum()


CASES = [
    ({"lr": 0.01}, 10),
    ({"line_search_fn": "strong_wolfe"}, 6),
    ({"lr": 0.5, "line_search_fn": "strong_wolfe", "history_size": 3, "max_iter": 7}, 8),
    ({"lr": 0.02, "max_iter": 4, "max_eval": 3, "history_size": 2}, 12),
    ({"line_search_fn": "strong_wolfe", "max_iter": 50, "tolerance_grad": 1e-3}, 3),
]
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "lbfgs.h"), "w") as f:
    f.write(f"/* Written by lbfgs.py with torch {torch.__version__}. */\n")
    f.write("static const struct golden {\n    double lr;\n    int max_iter, max_eval, history_size, strong_wolfe;\n    double tolerance_grad;\n    int is_double, steps;\n    double losses[12], parameters[4];\n    int evaluations;\n} golden[] = {\n")
    for options, steps in CASES:
        for dtype in (torch.float32, torch.float64):
            x = torch.nn.Parameter(torch.tensor([-1.2, 1.0], dtype=dtype))
            y = torch.nn.Parameter(torch.tensor([0.7, -0.4], dtype=dtype))
            o = torch.optim.LBFGS([x, y], **options)

            def closure():
                o.zero_grad()
                loss = rosenbrock(x, y)
                loss.backward()
                return loss

            losses = [float(o.step(closure).detach()) for _ in range(steps)]
            f.write("    {%r, %d, %d, %d, %d, %r, %d, %d, {%s}, {%s}, %d},\n" % (
                options.get("lr", 1), options.get("max_iter", 20), options.get("max_eval", 0), options.get("history_size", 100),
                "line_search_fn" in options, options.get("tolerance_grad", 1e-7), dtype == torch.float64, steps,
                ", ".join(repr(l) for l in losses), ", ".join(repr(float(v)) for v in torch.cat([x, y]).detach()),
                o.state[x]["func_evals"]))
    f.write("};\n")
