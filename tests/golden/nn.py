#!/usr/bin/env python3
"""Writes nn.h beside this file: what torch.nn draws for layers and initialisers, prints of modules, and says about
state dictionaries that do not fit.

    ATEN_CPU_CAPABILITY=avx2 python nn.py"""
import os

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch
from torch import nn

from draws import drawn

torch.set_num_threads(1)

F64 = torch.float64
init = nn.init
DRAWS = {
    "linear_1": lambda: nn.Linear(3, 2),
    "linear_2": lambda: nn.Linear(10106, 1),
    "linear_no_bias": lambda: nn.Linear(7, 5, bias=False),
    "linear_f64": lambda: nn.Linear(7, 5, dtype=F64),
    "linear_empty": lambda: nn.Linear(0, 2),
    "sequential": lambda: nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Sequential(nn.Linear(9, 3), nn.Dropout(0.5)), nn.Linear(3, 1)),
    "uniform": lambda: init.uniform_(torch.empty(5, 7), -0.3, 2),
    "normal_small": lambda: init.normal_(torch.empty(3, 5), 1, 0.02),
    "normal": lambda: init.normal_(torch.empty(5, 7), 1, 0.02),
    "trunc_normal": lambda: init.trunc_normal_(torch.empty(50, 7), 0, 1, -1, 0.5),
    "trunc_normal_f64": lambda: init.trunc_normal_(torch.empty(50, 7, dtype=F64), 0.1, 0.02, 0.08, 0.2),
    "constant": lambda: init.constant_(torch.empty(5), 0.3),
    "eye": lambda: init.eye_(torch.empty(3, 5)),
    "xavier_uniform": lambda: init.xavier_uniform_(torch.empty(6, 5, 3), gain=init.calculate_gain("tanh")),
    "xavier_normal": lambda: init.xavier_normal_(torch.empty(6, 5)),
    "kaiming_uniform": lambda: init.kaiming_uniform_(torch.empty(6, 5), mode="fan_out", nonlinearity="relu"),
    "kaiming_normal": lambda: init.kaiming_normal_(torch.empty(6, 5, 2, 2), a=0.2),
    "kaiming_selu": lambda: init.kaiming_normal_(torch.empty(6, 50), nonlinearity="selu"),
    "no_elements": lambda: init.kaiming_normal_(torch.empty(0, 5)),
}


class BinaryLogisticRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.Wb = nn.Linear(10106, 1)
        self.activation_function = nn.Sigmoid()


class Described(nn.Module):
    def extra_repr(self):
        return "a=1\nb=2"


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 2)
        self.scale = nn.Parameter(torch.zeros(2))
        self.register_buffer("mean", torch.zeros(2))


layers = nn.Sequential(
    nn.Linear(3, 2), nn.Sigmoid(), nn.Sequential(), nn.Dropout(0.25), nn.Flatten(), nn.Identity(), nn.Softmax(1),
    nn.LogSoftmax(-1), nn.Tanh(), nn.ReLU(), nn.Sequential(nn.Linear(2, 1, bias=False), nn.Dropout(1)), Described())
parent = nn.Module()
described = Described()
described.add_module("inner", nn.Dropout(1e-5))


def message(target, state, strict=True):
    try:
        target.load_state_dict(state, strict=strict)
    except RuntimeError as error:
        return str(error)


zeros = torch.zeros
TEXTS = {
    "LECTURE": repr(BinaryLogisticRegression()),
    "LAYERS": repr(layers),
    "DESCRIBED": repr(described),
    "ENCODER": repr(Encoder()),
    "NAMES": " ".join(name for name, _ in Encoder().named_parameters()),
    "STATE_NAMES": " ".join(Encoder().state_dict()),
    "ALL_WRONG": message(Encoder(), {"fc1.weight": zeros(3, 3), "zz": zeros(1), "yy": zeros(1)}),
    "SIZES_WRONG": message(Encoder(), {"scale": zeros(()), "fc1.weight": zeros(2), "zz": zeros(1)}, False),
    "MISSING": message(Encoder(), {"scale": zeros(2)}),
}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "nn.h"), "w") as f:
    f.write(f"/* Written by nn.py with torch {torch.__version__}. */\n")
    f.write("enum {\n" + "".join(f"    DRAW_{name},\n" for name in DRAWS) + "    N_DRAWS\n};\n")
    f.write("static const struct golden_draw {\n    const char *name;\n    uint64_t hash;\n    uint32_t after; /* the next word */\n} golden_draws[N_DRAWS] = {\n")
    for name, build in DRAWS.items():
        h, after = drawn(build)
        f.write('    {"%s", 0x%xu, %du},\n' % (name, h, after))
    f.write("};\n")
    for name, value in TEXTS.items():
        f.write('#define GOLDEN_%s "%s"\n' % (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")))
    gains = [init.calculate_gain(x) for x in ("linear", "tanh", "relu", "leaky_relu", "selu")]
    f.write("static const double golden_gains[] = {%s};\n" % ", ".join(float(g).hex() for g in gains))
