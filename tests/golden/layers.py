#!/usr/bin/env python3
"""Writes layers.pack (values and gradients of what some layers of torch.nn compute, with other options than modules.py) and layers.h (texts, draws, orthogonal matrices)
beside this file.

    ATEN_CPU_CAPABILITY=avx2 python layers.py"""
import os

from draws import drawn
from operation_cases import Cases, Input, torch

from torch import nn

here = os.path.dirname(os.path.abspath(__file__))
c = Cases()
F, D = torch.float32, torch.float64

# ---- Values ----
for dtype in (F, D):
    for shape, weight in (([3, 4, 2], [4]), ([3, 4], [1]), ([5], [1]), ([], [1]), ([2, 3, 2, 2], [3])):
        c.add("prelu", nn.functional.prelu, [Input(shape, dtype, -3, 3), Input(weight, dtype, -1, 1)], node="")
    for train in (0, 1):
        for p in (0.0, 0.25, 1.0):
            for name, shape in (("alpha_dropout", [7, 5]), ("feature_alpha_dropout", [3, 4, 5]), ("dropout1d", [4, 5]),
                                ("dropout1d", [3, 4, 5]), ("dropout2d", [2, 3, 2, 2]), ("dropout2d", [3, 4, 5])):
                def drop(x):
                    torch.manual_seed(99)
                    return getattr(nn.functional, name)(x, p, bool(train)) * 1
                c.add(name, drop, [Input(shape, dtype, -2, 2)], [p, train], node="")
        def slopes(x):
            torch.manual_seed(99)
            return nn.functional.rrelu(x, 0.1, 0.9, bool(train))
        c.add("rrelu", slopes, [Input([7, 5], dtype, -2, 2, perm=[1, 0])], [0.1, 0.9, train], node="")
        c.add("rrelu", slopes, [Input([4], dtype, values=[0, -0.0, 1, -1])], [0.1, 0.9, train], node="")
    for shape in ([4], [5, 3, 4], [4, 4]):
        c.add("bilinear", nn.functional.bilinear,
              [Input(shape, dtype), Input(shape[:-1] + [3], dtype), Input([2, 4, 3], dtype), Input([2], dtype)], node="")
    for r, name in enumerate(("mean", "sum", "none")):
        for weight in ([], [Input([4], dtype, 0, 2, grad=False)]):
            for shape in ([5, 4], [2, 3, 4]):
                c.add("multilabel", lambda x, y, w=None: nn.functional.multilabel_soft_margin_loss(x, y, w, reduction=name),
                      [Input(shape, dtype, -5, 5), Input(shape, dtype, 0, 1, grad=False)] + weight, [r], node="")
c.write(os.path.join(here, "layers.pack"))


# ---- Draws ----
init = nn.init
DRAWS = {
    "bilinear": lambda: nn.Bilinear(3, 4, 5),
    "bilinear_f64": lambda: nn.Bilinear(3, 4, 5, bias=False, dtype=D),
    "prelu": lambda: nn.PReLU(3, 0.1),
    "trunc_tail": lambda: init.trunc_normal_(torch.empty(40, 7), 0, 1, 1, 2.5),
    "trunc_narrow": lambda: init.trunc_normal_(torch.empty(40, 7), 0.3, 2, -0.25, 0.5),
    "trunc_far_f64": lambda: init.trunc_normal_(torch.empty(30, 7, dtype=D), -1, 0.5, 0.5, 2),
    "sparse": lambda: init.sparse_(torch.empty(10, 7), 0.35),
    "sparse_f64": lambda: init.sparse_(torch.empty(3, 5, dtype=D), 0.1, 2),
    "dirac": lambda: init.dirac_(torch.empty(4, 3, 5)),
    "dirac_groups": lambda: init.dirac_(torch.empty(6, 2, 3, 4), 2),
}

# ---- Texts ----
layers = nn.Sequential(
    nn.ELU(), nn.ELU(0.5), nn.Hardshrink(), nn.Hardsigmoid(), nn.Hardswish(), nn.Hardtanh(), nn.Hardtanh(-2.0, 2.5),
    nn.LeakyReLU(), nn.LogSigmoid(), nn.PReLU(), nn.PReLU(3), nn.ReLU6(), nn.RReLU(), nn.SELU(), nn.CELU(), nn.GELU(),
    nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.Softplus(), nn.Softplus(2.0, 10.0), nn.Softshrink(), nn.Softsign(),
    nn.Tanhshrink(), nn.Threshold(0.1, 20.0), nn.GLU(), nn.Softmin(1), nn.Bilinear(2, 3, 4),
    nn.Bilinear(2, 3, 4, bias=False), nn.Unflatten(1, (2, 5)), nn.Unflatten(-1, (5,)), nn.CosineSimilarity(),
    nn.PairwiseDistance(), nn.AlphaDropout(), nn.FeatureAlphaDropout(0.2), nn.Dropout1d(0.1), nn.Dropout2d())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
        self.head = nn.Linear(2, 1)


zeros = torch.zeros
WRONG = {"encoder.0.weight": zeros(3, 3), "encoder.1.running_mean": zeros(4), "encoder.1.weight": zeros(2),
         "head.weight": zeros(()), "decoder.weight": zeros(1), "head.scale": zeros(1)}
LOOSE = {"encoder.0.weight": zeros(2, 3), "head.scale": zeros(1), "decoder.weight": zeros(2)}


def message(target, state, strict=True):
    try:
        target.load_state_dict(state, strict=strict)
    except RuntimeError as error:
        return str(error)


keys = Net().load_state_dict(LOOSE, strict=False)
order = []
Net().apply(lambda m: order.append(type(m).__name__))
TEXTS = {
    "LAYERS": repr(layers),
    "WRONG": message(Net(), WRONG),
    "WRONG_LOOSE": message(Net(), WRONG, False),
    "MISSING": " ".join(keys.missing_keys),
    "UNEXPECTED": " ".join(keys.unexpected_keys),
    "APPLIED": " ".join(order),
}

# ---- Orthogonal ----
ORTHOGONAL = [((5, 5), F, 1.0), ((7, 3), F, 2.0), ((3, 7), F, 0.5), ((4, 3, 2), F, 1.0), ((5, 5), D, 1.0), ((9, 4), D, 3.0),
              ((4, 9), D, 1.0), ((1, 1), F, 1.0), ((20, 30), F, 1.0), ((30, 20), D, 1.0)]


def quote(value):
    value = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")
    return "\\n\"\n    \"".join(value.split("\n"))


with open(os.path.join(here, "layers.h"), "w") as f:
    f.write(f"/* Written by layers.py with torch {torch.__version__}. */\n")
    f.write("enum {\n" + "".join(f"    DRAW_{name},\n" for name in DRAWS) + "    N_DRAWS\n};\n")
    f.write("static const struct golden_draw {\n    const char *name;\n    uint64_t hash;\n    uint32_t after; /* the next word */\n} golden_draws[N_DRAWS] = {\n")
    for name, build in DRAWS.items():
        h, after = drawn(build)
        f.write('    {"%s", 0x%xu, %du},\n' % (name, h, after))
    f.write("};\n")
    for name, value in TEXTS.items():
        f.write('#define GOLDEN_%s \\\n    "%s"\n' % (name, quote(value).replace("\n", " \\\n")))
    f.write("static const struct golden_orthogonal {\n    int ndim;\n    int64_t shape[4];\n    tp_dtype dtype;\n    double gain;\n    uint32_t after;\n    const double *values;\n} golden_orthogonals[] = {\n")
    for shape, dtype, gain in ORTHOGONAL:
        torch.manual_seed(77)
        t = init.orthogonal_(torch.empty(shape, dtype=dtype), gain)
        after = torch.randint(0, 2**31 - 1, (1,)).item()
        values = ", ".join(v.hex() for v in t.flatten().double().tolist())
        f.write("    {%d, {%s}, %s, %r, %du, (const double[]){%s}},\n" % (len(shape), ", ".join(map(str, shape)), "TP_F32" if dtype == F else "TP_F64", gain, after, values))
    f.write("};\n")
