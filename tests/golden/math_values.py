"""Writes math_values.h: exactly rounded values of the kernels' functions from mpmath, and PyTorch's sigmoid.

Subnormal results and overflow are rounded here by hand, as mpmath knows neither.
"""
import os
import random
import struct

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import mpmath
import torch
from mpmath import mp, mpf

torch.set_num_threads(1)
mp.prec = 1400  # a double of 2^1023 modulo 2 pi needs 1100 bits
random.seed(20)

FORMATS = {"f32": (24, -149, 127, "<f", "<I"), "f64": (53, -1074, 1023, "<d", "<Q")}
LN10, LN2 = mpmath.log(mpf(10)), mpmath.log(mpf(2))
FUNCTIONS = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.exp(x * LN2), "expm1": lambda x: mpmath.exp(x) - 1,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh,
    "log": mpmath.log, "log1p": lambda x: mpmath.log(1 + x), "log2": lambda x: mpmath.log(x) / LN2,
    "log10": lambda x: mpmath.log(x) / LN10, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "atan": mpmath.atan, "asin": mpmath.asin, "acos": mpmath.acos, "erf": mpmath.erf, "erfc": mpmath.erfc,
    "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh, "erfinv": lambda x: inverse_erf(x),
}
TWO = {"pow": None, "atan2": mpmath.atan2, "hypot": mpmath.hypot}


def inverse_erf(x):
    """For |x| < 1, where mpmath's own needs fewer digits than the rest here."""
    if abs(x) < mpf(10)**-40:
        return x * mpmath.sqrt(mpmath.pi) / 2
    with mp.workprec(400):
        return mpmath.erfinv(x)


def rounded(value, form):
    """The nearest number of the format, as a Python float."""
    bits, least, top, _, _ = FORMATS[form]
    if value == 0:
        return 0.0
    m, e = mpmath.frexp(value)
    step = max(e - bits, least)
    result = mpmath.ldexp(mpmath.nint(mpmath.ldexp(value, -step)), step)
    if abs(result) >= mpf(2)**(top + 1):
        return float("inf") if result > 0 else float("-inf")
    return float(result)


def bits_of(x, form):
    return struct.unpack(FORMATS[form][4], struct.pack(FORMATS[form][3], x))[0]


def stored(x, form):
    return struct.unpack(FORMATS[form][3], struct.pack(FORMATS[form][3], x))[0]


def inputs(name, form):
    top = FORMATS[form][2]
    tiny, huge = 2.0**FORMATS[form][1], 2.0**top
    xs = [1.0, -1.0, 0.5, -0.5, 2.0, 3.0, 10.0, -10.0, 1000.0, tiny, -tiny, 2.0**(1 - top), huge, -huge, 1e-5, -1e-5]
    xs += [random.uniform(-1, 1) for _ in range(20)] + [random.uniform(-30, 30) for _ in range(20)]
    xs += [random.choice((-1, 1)) * random.uniform(1, 2) * 2.0**random.randint(-top + 1, top - 1) for _ in range(20)]
    xs += [1 + random.uniform(-1, 1) * 2.0**-random.randint(1, 30) for _ in range(10)]
    if name in ("exp", "expm1", "sinh", "cosh", "sigmoid", "exp2"):
        edge = (top + 1) * 0.6931471805599453
        xs += [edge, edge - 1e-3, edge + 1e-3, -edge, -edge - 5, FORMATS[form][1] * 0.69, FORMATS[form][1] * 0.7]
        xs += [random.uniform(-edge * 1.1, edge * 1.1) for _ in range(30)]
    if name == "acosh":
        xs += [random.uniform(1, 3) for _ in range(30)]
    if name in ("atanh", "erfinv"):  # next to the end
        xs += [random.choice((-1, 1)) * (1 - random.uniform(0.5, 1) * 2.0**-random.randint(1, 22)) for _ in range(20)]
    if name == "erfc":
        xs += [random.uniform(0, 9 if form == "f32" else 26) for _ in range(20)]
    if name in ("sin", "cos", "tan"):  # next to multiples of pi / 2
        xs += [k * 1.5707963267948966 for k in (1, 2, 3, 4, 7, 22, 355, 710, 1e5, 1e8)]
        if form == "f64":
            xs += [6381956970095103 * 2.0**797, 5.319372648326541e255]
    xs = [stored(x, form) for x in xs]
    if name == "sigmoid":  # below, exp overflows, as it does in PyTorch
        xs = [x for x in xs if x > (-88 if form == "f32" else -709)]
    return xs


def value(name, x):
    if name == "erfc" and x > 40:
        return mpf(0)
    if name in ("exp", "exp2", "expm1", "sinh", "cosh", "sigmoid") and abs(x) > 3000:
        if name == "cosh":
            return mpf(2)**3000
        if name == "sinh":
            return mpmath.sign(x) * mpf(2)**3000
        return {"expm1": mpf(-1), "sigmoid": mpf(0)}.get(name, mpf(0)) if x < 0 else (
            mpf(1) if name == "sigmoid" else mpf(2)**3000)
    if name == "tanh" and abs(x) > 100:
        return mpf(1 if x > 0 else -1)
    if name == "erf" and abs(x) > 100:
        return mpf(1 if x > 0 else -1)
    if name in ("asin", "acos", "atanh", "erfinv") and abs(x) > 1 or name == "acosh" and x < 1:
        return None
    if name in ("atanh", "erfinv") and abs(x) == 1:
        return mpf("inf") * x
    if name in ("log", "log2", "log10") and x < 0 or name == "log1p" and x < -1:
        return None
    if name == "log1p" and x == -1:
        return mpf("-inf")
    return FUNCTIONS[name](mpf(x))


def final(v, x, name, form):
    if v is None:
        return float("nan")
    if mpmath.isinf(v):
        return float(v)
    r = rounded(v, form)
    return -0.0 if r == 0 and x < 0 and name in ("sin", "tan", "tanh", "sinh", "expm1", "log1p", "atan", "asin",
                                                 "erf", "asinh", "atanh", "erfinv") else r


out = ["/* Written by math_values.py: values of mpmath %s, rounded once. */" % mpmath.__version__]
count = 0
for form in FORMATS:
    kind = "uint32_t" if form == "f32" else "uint64_t"
    for name in FUNCTIONS:
        rows = []
        for x in inputs(name, form):
            w = final(value(name, x), x, name, form)
            rows.append("{0x%x, 0x%x}" % (bits_of(x, form), bits_of(w, form)))
        count += len(rows)
        out.append("static const %s golden_%s_%s[][2] = {" % (kind, name, form))
        out += ["    %s," % ", ".join(rows[i:i + 3]) for i in range(0, len(rows), 3)]
        out.append("};")
    for name in TWO:
        rows = []
        for i in range(150):
            if i % 3 == 0:
                x, y = random.uniform(0, 10), random.uniform(-20, 20)
            elif i % 3 == 1:
                x, y = random.uniform(1, 2) * 2.0**random.randint(-30, 30), random.uniform(-5, 5)
            else:
                x, y = float(random.randint(-9, 9) or 1), float(random.randint(-30, 30))
            x, y = stored(x, form), stored(y, form)
            if name != "pow":
                w = TWO[name](mpf(x), mpf(y))
            elif y == int(y):
                w = mpf(x)**int(y)
            else:
                w = mpmath.power(mpf(x), mpf(y))
            rows.append("{0x%x, 0x%x, 0x%x}" % (bits_of(x, form), bits_of(y, form), bits_of(rounded(w, form), form)))
        count += len(rows)
        out.append("static const %s golden_%s_%s[][3] = {" % (kind, name, form))
        out += ["    %s," % ", ".join(rows[i:i + 3]) for i in range(0, len(rows), 3)]
        out.append("};")

x = torch.linspace(-30, 30, 512)  # whole vectors, which take PyTorch's own exp
y = torch.sigmoid(x)
out.append("static const uint32_t golden_torch_sigmoid[][2] = {")
pairs = ["{0x%x, 0x%x}" % (bits_of(a, "f32"), bits_of(b, "f32")) for a, b in zip(x.tolist(), y.tolist())]
out += ["    %s," % ", ".join(pairs[i:i + 4]) for i in range(0, len(pairs), 4)]
out.append("};")
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "math_values.h")
with open(path, "w") as f:
    f.write("\n".join(out) + "\n")
print(count + 512, "values,", os.path.getsize(path), "bytes")
