"""Writes ops.pack: what PyTorch gives for elementwise operations, products, promotion and broadcasting.

Each item is one case. Its name is "op|dtype[shape] ...|flags", where an operand may be a number of the program
("#2.5" a double, "#3i" an integer), and its data are the operands' elements, those of the result, the gradient that comes in, and
the gradients of the operands that have one: raw bytes one after another. The result's dtype and shape stand in the
flags: "float32[2,3]"; "g" says that gradients follow.
"""
import os
import random

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch

import pack

torch.set_num_threads(1)
torch.manual_seed(0)
R = random.Random(0)
NAMES = {torch.bool: "bool", torch.uint8: "u8", torch.int32: "i32", torch.int64: "i64", torch.float32: "f32",
         torch.float64: "f64"}
items = []

UNARY = {n: getattr(torch, n) for n in
         "neg abs sign square relu floor ceil round trunc exp expm1 log log1p log2 log10 sqrt rsqrt reciprocal sin cos "
         "tanh sigmoid isnan isinf isfinite logical_not".split()}
UNARY["logsigmoid"] = torch.nn.functional.logsigmoid
POSITIVE = {"log", "log2", "log10", "sqrt", "rsqrt"}
BINARY = {n: getattr(torch, n) for n in
          "add sub mul maximum minimum div pow eq ne lt le gt ge logical_and logical_or logical_xor".split()}


def spec(t):
    return "%s[%s]" % (NAMES[t.dtype], ",".join(map(str, t.shape)))


def raw(t):
    return t.detach().contiguous().numpy().tobytes()


def make(dtype, shape, low=-3.0, high=3.0):
    if dtype == torch.bool:
        return torch.rand(shape) > 0.5
    if dtype.is_floating_point:
        t = torch.rand(shape, dtype=torch.float64) * (high - low) + low
        t = t.to(dtype)
        return t
    return torch.randint(0 if dtype == torch.uint8 else -6, 7, shape).to(dtype)


def case(name, function, operands):
    inputs, specs, data = [], [], []
    for o in operands:
        if isinstance(o, torch.Tensor):
            specs.append(spec(o))
            data.append(raw(o))
            o = o.clone().requires_grad_(o.dtype.is_floating_point)
        else:
            specs.append("#%r%s" % (o, "i" if isinstance(o, int) else ""))
        inputs.append(o)
    try:
        y = function(*inputs)
    except (RuntimeError, TypeError):
        return
    if y.dtype not in NAMES:
        return
    data.append(raw(y))
    flags = spec(y)
    if y.requires_grad:
        g = torch.rand(y.shape, dtype=torch.float64).mul(2).sub(1).to(y.dtype)
        wanted = [i for i in inputs if isinstance(i, torch.Tensor) and i.requires_grad]
        try:
            grads = torch.autograd.grad(y, wanted, g, allow_unused=True)
        except RuntimeError:  # its own formula fails, for a bool operand
            return
        data.append(raw(g))
        data += [raw(x if x is not None else torch.zeros_like(i)) for x, i in zip(grads, wanted)]
        flags += "|g"
    items.append(("%s|%s|%s" % (name, " ".join(specs), flags), b"".join(data)))


FLOATS, INTEGERS = [torch.float32, torch.float64], [torch.bool, torch.uint8, torch.int32, torch.int64]
for name, f in UNARY.items():
    low = 0.01 if name in POSITIVE else -0.99 if name == "log1p" else -3
    for dtype in FLOATS:
        for shape in ((203,), (3, 5), (), (0, 3)):
            case(name, f, [make(dtype, shape, low, 4)])
        special = torch.tensor([0.0, -0.0, 1.0, -1.0, float("inf"), -float("inf"), float("nan"), 1e-40, 1e30, -1e30, 88.0,
                                -104.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-8, 100.0, -100.0]).to(dtype)
        with torch.no_grad():
            case(name, lambda x: f(x.detach()), [special])
    for dtype in INTEGERS:
        case(name, f, [make(dtype, (7,))])
for name, f in BINARY.items():
    for dtype in FLOATS:
        low = 0.1 if name == "pow" else -3
        for a, b in (((203,), (203,)), ((3, 1, 4), (5, 1)), ((), (3,)), ((2, 3), ()), ((0, 3), (1, 3)), ((), ())):
            case(name, f, [make(dtype, a, low), make(dtype, b)])
        for number in (2, 3, -1, 0, 0.5, 2.0, -0.5, -2.0, 1.0, 2.7):
            case(name, f, [make(dtype, (203,), low), number])
    for a in FLOATS + INTEGERS:
        for b in FLOATS + INTEGERS:
            if name != "pow" or not (a in INTEGERS and b in INTEGERS):
                case(name, f, [make(a, (4,), 0.1), make(b, (4,))])
                case(name, f, [make(a, (4,), 0.1), make(b, ())])
        for number in (2, 1.5):
            case(name, f, [make(a, (5,), 0.1), number])
            case(name, f, [make(a, (), 0.1), number])
for dtype in FLOATS:
    for a, b in (((5,), (5,)), ((3, 4), (4, 5)), ((3, 4), (4,)), ((4,), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)),
                 ((2, 1, 3, 4), (5, 4, 2)), ((4,), (2, 4, 3)), ((2, 3, 4), (4,)), ((0, 4), (4, 3)), ((3, 0), (0, 2)),
                 ((0,), (0,)), ((2, 0, 3), (3, 2)), ((33, 65), (65, 17)), ((1, 300), (300, 1)), ((6, 1), (1, 6)),
                 ((2, 3, 0), (0, 2)), ((1, 3, 4), (7, 4, 2))):
        case("matmul", torch.matmul, [make(dtype, a, -1, 1), make(dtype, b, -1, 1)])
    for x, w in (((4, 3), (2, 3)), ((3,), (2, 3)), ((2, 4, 3), (5, 3)), ((0, 3), (2, 3)), ((2, 4, 0), (3, 0)),
                 ((40, 70), (9, 70))):
        case("linear", torch.nn.functional.linear,
             [make(dtype, x, -1, 1), make(dtype, w, -1, 1), make(dtype, w[:1], -1, 1)])
    case("where", lambda c, a, b: torch.where(c, a, b), [make(torch.bool, (4, 1)), make(dtype, (4, 3)), make(dtype, ())])

pack.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ops.pack"), items)
print(len(items), "cases")
