"""Writes elementwise.pack: PyTorch's values, gradients and second gradients of every elementwise operation, and of glu.

One line of ROWS for each: its name here, PyTorch's function, the range of its operands, and the numbers that it takes.
For float32 the distance of PyTorch from its own float64 is measured on 4,096 elements, and stored beside the cases."""
import os

from operation_cases import Cases, Input, measure

import torch
import torch.nn.functional as F

FLOATS, INTEGERS = (torch.float32, torch.float64), (torch.bool, torch.uint8, torch.int32, torch.int64)
INF, NAN = float("inf"), float("nan")
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-30, -1e-30, 1e30, -1e30, 88.0, -104.0, 0.5, -0.5, 1.5, 2.5, -2.5,
           3.0, -3.0, 6.0, 1e-4, 100.0, -100.0, 20.0, 20.5]
PAIRS = [(0, 0), (0, 1), (0, -1), (-0.0, 0), (1, 0), (-1, 0), (INF, INF), (INF, 1), (1, INF), (-INF, 2), (INF, -INF),
         (NAN, 1), (2, NAN), (NAN, NAN), (-7, 2), (7, -2), (-7, -2), (5, INF), (-1, INF), (-0.0, -0.0), (3, 3), (6, 3),
         (-6, 3), (0.5, 0.5), (2, -3), (-0.0, 2), (1, -0.0)]


ROWS = []


def unary(name, function=None, low=-3, high=3, numbers=((),), special=SPECIAL):
    """`function` takes x and the numbers."""
    ROWS.append((name, function or getattr(torch, name), 1, low, high, numbers, special))


def binary(name, function=None, low=-3, high=3, special=PAIRS):
    ROWS.append((name, function or getattr(torch, name), 2, low, high, ((),), special))


def ternary(name, function, low, high, numbers=((),)):
    ROWS.append((name, function, 3, low, high, numbers, None))


for n in "neg abs sign square relu floor ceil round trunc frac exp expm1 exp2 sin cos tan sinh cosh tanh atan asinh erf erfc sigmoid isnan isinf isfinite logical_not bitwise_not".split():
    unary(n)
for n in "log log2 log10 sqrt rsqrt".split():
    unary(n, low=0.01, high=4)
unary("log1p", low=-0.9)
unary("reciprocal", low=0.2)
unary("acosh", low=1.01, high=5)
for n in "asin acos atanh erfinv".split():
    unary(n, low=-0.99, high=0.99)
unary("nan_to_num", lambda x, nan, top, bottom: torch.nan_to_num(
    x, nan, None if top != top else top, None if bottom != bottom else bottom), numbers=((0, NAN, NAN), (1.5, 7, -9)))
# PyTorch's vectors give NaN for infinity in float32, its scalars infinity.
unary("gelu", F.gelu, special=[v for v in SPECIAL if v != INF])
for n in "relu6 selu silu mish softsign hardswish logsigmoid tanhshrink".split():
    unary(n, getattr(F, n), -7 if n in ("relu6", "hardswish") else -3, 7)
# PyTorch's float64 gradient has 1 / 6 rounded to float32.
unary("hardsigmoid", lambda x: torch.clamp(x + 3, 0, 6) / 6 if x.dtype == torch.float64 else F.hardsigmoid(x), -5, 5,
      special=[v for v in SPECIAL if abs(v) != 3 and v == v])
unary("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
unary("hardtanh", F.hardtanh, numbers=((-1, 1), (-2, 0.5)))
unary("leaky_relu", F.leaky_relu, numbers=((0.01,), (0.3,)))
unary("elu", F.elu, numbers=((1,), (0.7,)))
# PyTorch rounds 1 / alpha to float32.
unary("celu", F.celu, numbers=((1,), (0.5,)))
unary("softplus", F.softplus, -30, 30, numbers=((1, 20), (2, 5)))
unary("softshrink", F.softshrink, numbers=((0.5,), (1.2,)))
unary("hardshrink", F.hardshrink, numbers=((0.5,), (1.2,)))
unary("threshold", F.threshold, numbers=((0, 0), (0.5, 7)))

for n in "add sub mul div maximum minimum fmax fmin eq ne lt le gt ge logical_and logical_or logical_xor copysign atan2 hypot logaddexp logaddexp2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift".split():
    binary(n)
for n in "floor_divide remainder fmod".split():
    binary(n, low=-9, high=9)
binary("xlogy", low=0.1)
binary("pow", low=0.2, special=[p for p in PAIRS if p[0] > 0])

ternary("lerp", torch.lerp, -2, 2)
ternary("addcmul", lambda a, b, c, v: torch.addcmul(a, b, c, value=v), -2, 2, ((1,), (-2,)))
ternary("addcdiv", lambda a, b, c, v: torch.addcdiv(a, b, c, value=v), 0.3, 2, ((1,), (0.5,)))

SHAPES = {1: (([51],), ([5, 7],), ([0, 3],), ([],)),
          2: (([51], [51]), ([3, 1, 4], [5, 1]), ([], [3]), ([2, 3], []), ([0, 3], [1, 3]), ([], [])),
          3: (([17], [17], [17]), ([3, 1], [2, 1, 4], []), ([0, 3], [1, 3], [3]), ([], [], []))}
cases = Cases()


def accepted(function, tensors):
    try:
        return function(*tensors).dtype
    except (RuntimeError, NotImplementedError, TypeError):
        return None


for name, function, n, low, high, all_numbers, special in ROWS:
    for numbers in all_numbers:
        f = (lambda function, numbers: lambda *xs: function(*xs, *numbers))(function, numbers)
        recorded = name != "floor_divide"
        probe = [torch.full((2,), low, dtype=torch.float64, requires_grad=recorded) for _ in range(n)]
        floats = accepted(f, probe) is not None
        recorded &= floats and f(*probe).requires_grad
        bound = [0.0] * 4
        if floats:
            g = torch.Generator().manual_seed(7)
            bound = measure(f, [(torch.rand(4096, generator=g) * (high - low) + low).requires_grad_(recorded)
                                for _ in range(n)])

        def add(inputs, second=False, bound=bound, f=f, extra=()):
            tensors = [i.values is not None and torch.tensor(i.values, dtype=i.dtype) for i in inputs]
            if recorded and all(i.dtype == torch.float32 for i in inputs) and inputs[0].values:
                # How inexact PyTorch is at special values counts relatively; the absolute bound is that of the sample.
                own = measure(f, [t.requires_grad_() for t in tensors])
                bound = [max(own[0], bound[0]), bound[1], max(own[2], bound[2]), bound[3]]
            elif recorded and n > 1 and all(i.dtype == torch.float32 for i in inputs):
                # What is summed over a broadcast dimension may cancel: the terms' size is what counts.
                g = torch.Generator().manual_seed(cases.seed)
                xs = torch.broadcast_tensors(*[torch.rand([i.shape[d] for d in i.perm], generator=g) for i in inputs])
                xs = [(x * (high - low) + low).requires_grad_() for x in xs]
                terms = [t.abs() for t in torch.autograd.grad(f(*xs).sum(), xs, allow_unused=True) if t is not None]
                shapes = [[i.shape[d] for d in i.perm] for i in inputs]
                sums = [t.sum_to_size(s) for t in terms for s in shapes if t.numel()]
                if any(s.numel() != terms[0].numel() for s in sums):
                    bound = bound[:2] + [1e9, max(bound[3], 2.0**-23 * max(float(s.max()) for s in sums))]
            node = ""
            if recorded and name != "hardsigmoid":
                node = f(*probe[:len(inputs)]).grad_fn.name()
            cases.add(name, f, inputs, tuple(numbers) + tuple(extra), bound, second, node)

        for dtype in FLOATS if floats else ():
            wide = dtype == torch.float64
            exact = [0.0] * 4 if wide else bound

            def make(shape, dtype=dtype, **options):
                return Input(shape, dtype, low, high, grad=recorded, **options)

            for shapes in SHAPES[n]:
                add([make(s) for s in shapes], wide and recorded and 0 not in shapes[0], exact)
            # Transposed, and every second element; an operand of each kind.
            add([make([4, 6], perm=(1, 0))] + [make([6, 4])] * (n - 1), False, exact)
            add([make([5, 3], step=2)] + [make([3])] * (n - 1), False, exact)
            add([make([3, 5, 2], perm=(2, 0, 1), step=2)] + [make([3, 1])] * (n - 1), False, exact)
            if special and n == 1:
                add([Input([len(special)], dtype, grad=recorded, values=special)], False, exact)
            elif special:
                add([Input([len(special)], dtype, grad=recorded, values=[p[k] for p in special]) for k in range(2)],
                    False, exact)
            if n == 2 or name == "lerp":
                for number, integer in ((2, 1), (3, 1), (-1, 1), (2.5, 0), (-0.5, 0), (0.3, 0)):
                    h = (lambda number: lambda *xs: f(*xs, number))(number)
                    xs = [make([13])] * (n - 1)
                    if accepted(h, [torch.full((2,), max(low, 0.5)) for _ in xs]) is not None:
                        add(xs, wide and recorded, exact, h, (number, integer))
        for dtype in INTEGERS:
            unsigned = dtype in (torch.bool, torch.uint8)
            lowest = 1 if dtype == torch.bool and "divide" in name else 0 if unsigned else -6

            def whole(shape, dtype=dtype, divisor=False):
                if divisor:
                    return Input(shape, dtype, 1, 2 if dtype == torch.bool else 7)
                return Input(shape, dtype, lowest, 2 if dtype == torch.bool else 7)

            integer_numbers = all(v == int(v) if v == v else True for v in numbers)
            if name in ("hardtanh",) and unsigned or name == "square" and dtype == torch.bool:
                continue
            if name in ("softsign", "tanhshrink") and dtype == torch.bool or not integer_numbers:
                continue
            divides = n == 2 and name in ("floor_divide", "remainder", "fmod") or name == "pow"
            sample = [torch.ones(2).to(dtype)] * n
            result = accepted(f, sample)
            if result is None:
                continue
            truth = [0.0] * 4
            if result == torch.float32 and floats:
                truth = bound
            for shapes in (SHAPES[n][0], SHAPES[n][1], SHAPES[n][-1]):
                add([whole(s, divisor=k > 0 and divides) for k, s in enumerate(shapes)], False, truth)
            if n != 2:
                continue
            for other in INTEGERS + FLOATS:
                if other == dtype or accepted(f, [sample[0], torch.ones(2).to(other)]) is None:
                    continue
                if torch.promote_types(dtype, other) == torch.bool:
                    continue
                second = (Input([5], other, max(low, 0.3), 3, grad=False) if other.is_floating_point
                          else whole([5], other, divides))
                add([whole([5], divisor=name == "xlogy"), second], False, truth)

for dtype in FLOATS:
    for shape, dim in (([8], 0), ([3, 6], -1), ([4, 5], 0), ([2, 4, 3], 1), ([0, 4], 1)):
        f = (lambda dim: lambda x: F.glu(x, dim))(dim)
        g = torch.Generator().manual_seed(7)
        sample = torch.rand([4096 if d == dim else 2 for d in range(len(shape))] if dim >= 0 else [4096], generator=g)
        cases.add("glu", f, [Input(shape, dtype, -3, 3)], (dim,), measure(f, [(sample * 6 - 3).requires_grad_()]),
                  dtype == torch.float64 and 0 not in shape, "")

here = os.path.dirname(os.path.abspath(__file__))
cases.write(os.path.join(here, "elementwise.pack"))
print(sum(item[0].startswith("op ") for item in cases.items) - 1, "cases of", len({r[0] for r in ROWS}), "operations")
