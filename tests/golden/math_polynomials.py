"""Writes src/backend/cpu/math_polynomials.h: near-minimax polynomials and split constants for math.h.

Each polynomial interpolates its function at Chebyshev nodes, in 60 digits, and is rounded to its type at the end.
"""
import os
import struct

from mpmath import (atan, atanh, cos, erf, erfc, erfinv, exp, fabs, floor, frexp, ldexp, log, mp, mpf, nint, pi, sin,
                    sinh, sqrt)

mp.dps = 60
out = []


def fit(f, a, b, degree):
    """Monomial coefficients, constant first, of the interpolant of f on [a, b]."""
    n = degree + 1
    nodes = [cos(pi * (2 * k + 1) / (2 * n)) for k in range(n)]
    a, b = mpf(a), mpf(b)
    xs = [(a + b) / 2 + (b - a) / 2 * t for t in nodes]
    ys = [f(x) for x in xs]
    # Newton's divided differences, then expanded.
    d = list(ys)
    for j in range(1, n):
        for i in range(n - 1, j - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (xs[i] - xs[i - j])
    c = [mpf(0)] * n
    c[0] = d[n - 1]
    for i in range(n - 2, -1, -1):
        for j in range(n - 1, 0, -1):
            c[j] = c[j - 1] - xs[i] * c[j]
        c[0] = d[i] - xs[i] * c[0]
    return c


def rounded(x, single=False):
    """The nearest double, or float."""
    return struct.unpack("f", struct.pack("f", float(x)))[0] if single else float(x)


def error(f, c, a, b, scale):
    """The largest |scale(x) * (p(x) - f(x))|."""
    worst = mpf(0)
    for i in range(401):
        x = mpf(a) + (mpf(b) - mpf(a)) * (i + mpf(1) / 7) / 402
        p = mpf(0)
        for v in reversed(c):
            p = p * x + v
        worst = max(worst, fabs(scale(x) * (p - f(x))))
    return worst


def polynomial(name, comment, f, a, b, degree, scale=lambda x: 1, single=False):
    c = [mpf(rounded(v, single)) for v in fit(f, a, b, degree)]
    kind, suffix = ("float", "f") if single else ("double", "")
    bits = -log(error(f, c, a, b, scale), 2)
    print("%-12s degree %2d  2^-%.1f" % (name, degree, float(bits)))
    out.append("")
    out.append("/* %s Relative error of the whole 2^-%.0f. */" % (comment, float(floor(bits))))
    out.append("static inline %s tp__poly_%s(%s x)" % (kind, name, kind))
    out.append("{")
    out.append("    %s p = %s;" % (kind, float(c[-1]).hex() + suffix))
    for v in reversed(c[:-1]):
        out.append("    p = fma%s(p, x, %s);" % (suffix, float(v).hex() + suffix))
    out.append("    return p;")
    out.append("}")


def by_series(f, series):
    """f, with its limit near 0 taken from a series, where f itself cancels."""
    return lambda x: series(x) if fabs(x) < mpf(10)**-8 else f(x)


def split(name, value, bits, parts=2):
    """value as parts doubles, all but the last with at most `bits` bits."""
    rest = value
    for i in range(parts):
        if i < parts - 1:
            m, e = frexp(rest)
            piece = ldexp(nint(ldexp(m, bits)), e - bits)
        else:
            piece = mpf(float(rest))
        out.append("#define TP__%s_%d %s" % (name, i + 1, float(piece).hex()))
        rest -= piece


LN2 = log(mpf(2))
out.append("/* Written by tests/golden/math_polynomials.py: polynomials in double, highest power first. */")
out.append("#ifndef TAPER_BACKEND_CPU_MATH_POLYNOMIALS_H")
out.append("#define TAPER_BACKEND_CPU_MATH_POLYNOMIALS_H")
out.append("")
out.append("#include <math.h>")
out.append("")
split("LN2", LN2, 42)
out.append("#define TP__LN2_HIGH %s" % float(LN2).hex())
out.append("#define TP__LN2_LOW %s" % float(LN2 - mpf(float(LN2))).hex())
split("PIO2", pi / 2, 53)
split("PIO4", pi / 4, 53)
split("3PIO4", 3 * pi / 4, 53)
split("LOG10_2", LN2 / log(mpf(10)), 42)
out.append("#define TP__LOG10_E %s" % float(1 / log(mpf(10))).hex())
out.append("#define TP__LOG2_E %s" % float(1 / LN2).hex())
split("TWO_THIRDS", mpf(2) / 3, 53)
out.append("#define TP__2_OVER_PI %s" % float(2 / pi).hex())

h = LN2 / 2 + mpf(2)**-20
q = by_series(lambda r: (exp(r) - 1 - r) / r**2, lambda r: mpf(1) / 2 + r / 6 + r * r / 24)
polynomial("exp", "(exp(x) - 1 - x) / x^2 for |x| <= ln(2) / 2.", q, -h, h, 10, lambda r: r * r)
polynomial("expf", "The same, for results in float.", q, -h, h, 7, lambda r: r * r)
z = (sqrt(mpf(2)) - 1)**2 / (sqrt(mpf(2)) + 1)**2 * (1 + mpf(2)**-20)
w = lambda z: (2 * atanh(sqrt(z)) / sqrt(z) - 2) / z
w = by_series(w, lambda z: mpf(2) / 3 + 2 * z / 5 + 2 * z * z / 7)
polynomial("log", "(2 atanh(s) / s - 2) / s^2 over x = s^2, |s| <= 3 - sqrt(8).", w, 0, z, 6, lambda z: z / 2)
polynomial("logf", "The same, for results in float.", w, 0, z, 4, lambda z: z / 2)
polynomial("log1p_unit", "The same in float, for |s| <= 1 / 3.", w, 0, mpf(1) / 9, 4, lambda z: z / 2, single=True)
w2 = by_series(lambda z: ((2 * atanh(sqrt(z)) / sqrt(z) - 2) / z - mpf(2) / 3) / z,
               lambda z: mpf(2) / 5 + 2 * z / 7 + 2 * z * z / 9)
polynomial("log_tail", "(that - 2/3) / s^2.", w2, 0, z, 7, lambda z: z * z / 2)
p4 = (pi / 4)**2 * (1 + mpf(2)**-20)
sn = by_series(lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: -mpf(1) / 6 + z / 120 - z * z / 5040)
cs = by_series(lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: mpf(1) / 24 - z / 720 + z * z / 40320)
polynomial("sin", "(sin(r) / r - 1) / r^2 over x = r^2, |r| <= pi / 4.", sn, 0, p4, 6, lambda z: z)
polynomial("cos", "(cos(r) - 1 + r^2 / 2) / r^4 likewise.", cs, 0, p4, 5, lambda z: z * z)
polynomial("sinf", "(sin(r) / r - 1) / r^2, for results in float.", sn, 0, p4, 4, lambda z: z)
polynomial("cosf", "(cos(r) - 1 + r^2 / 2) / r^4, for results in float.", cs, 0, p4, 3, lambda z: z * z)
t = (sqrt(mpf(2)) - 1)**2 * (1 + mpf(2)**-20)
at = by_series(lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, lambda z: -mpf(1) / 3 + z / 5 - z * z / 7)
polynomial("atan", "(atan(t) / t - 1) / t^2 over x = t^2, |t| <= tan(pi / 8).", at, 0, t, 11, lambda z: z)
sh = by_series(lambda z: (sinh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: mpf(1) / 6 + z / 120 + z * z / 5040)
polynomial("sinh", "(sinh(u) / u - 1) / u^2 over x = u^2, |u| <= 1.", sh, 0, 1, 6, lambda z: z)
er = by_series(lambda z: erf(sqrt(z)) / sqrt(z) - 1,
               lambda z: 2 / sqrt(pi) * (1 - z / 3 + z * z / 10) - 1)
polynomial("erf", "erf(u) / u - 1 over x = u^2, |u| <= 1.", er, 0, 1, 12)


def scaled_erfc(t):
    if t >= 1:
        return 2 / sqrt(pi)
    x = 2 * (1 + t) / (1 - t)
    if x > 100:  # asymptotic series of exp(x^2) erfc(x)
        s = term = mpf(1)
        for k in range(1, 25):
            term *= -(2 * k - 1) / (2 * x * x)
            s += term
        return (1 + 2 * x) * s / (x * sqrt(pi))
    with mp.extradps(30):
        return +((1 + 2 * x) * exp(x * x) * erfc(x))


polynomial("erfc", "(1 + 2 u) exp(u^2) erfc(u) over x = (u - 2) / (u + 2), 0 <= u.", scaled_erfc, -1, 1, 30)
ef = lambda v: erf(sqrt(v + 8)) / sqrt(v + 8) if v > -8 + mpf(10)**-12 else 2 / sqrt(pi)
polynomial("erff", "erf(u) / u over x = u^2 - 8, |u| <= 4, for results in float.", ef, -8, 8, 21,
           lambda v: sqrt(v + 8) if v > -7 else 1)


def normal(s):
    """What tp__normal_f32 needs of the part of the normal distribution beyond a, by s = 0.3 a / (1 + 0.3 a)."""
    t = 1 - s
    a = s / (mpf("0.3") * t)
    return (erfc(a / sqrt(mpf(2))) * exp(a * a / 2) / 2 / t - mpf("0.5")) / s


polynomial("normal", "(Q(a) exp(a^2 / 2) / t - 0.5) / s over s = 0.3 a t, t = 1 / (1 + 0.3 a), a <= 15, where Q is the "
           "part of\n * the normal distribution beyond a.", normal, 0, mpf("4.5") / mpf("5.5"), 8,
           lambda s: s / (mpf("0.5") + s * normal(s)), single=True)

# The inverse of erf from w = -log(1 - x^2), or its root.
def inverse(w):
    x = sqrt(1 - exp(-w))
    return erfinv(x) / x


polynomial("erfinv", "erfinv(u) / u over x = w - 3.125, w = -log(1 - u^2) <= 6.25.", lambda t: inverse(t + mpf("3.125")),
           -3.125, 3.125, 25)
polynomial("erfinv_middle", "The same over x = sqrt(w) - 3.25, 2.5 <= sqrt(w) <= 4.",
           lambda t: inverse((t + mpf("3.25"))**2), -0.75, 0.75, 20)
polynomial("erfinv_far", "The same over x = sqrt(w) - 5.125, 4 <= sqrt(w) <= 6.25.",
           lambda t: inverse((t + mpf("5.125"))**2), -1.125, 1.125, 20)

# 2^e (2 / pi) modulo 4 for e = 0, 8, 16, ...: what the reduction of large arguments multiplies with.
STEP, COUNT = 8, 122
mp.prec = 1400
rows = []
for i in range(COUNT):
    v = 2 / pi * mpf(2)**(STEP * i)
    v -= 4 * nint(v / 4)
    parts = []
    for k in range(4):
        if k < 3:
            piece = ldexp(nint(ldexp(v, 42 * (k + 1))), -42 * (k + 1))
        else:
            piece = mpf(float(v))
        parts.append(float(piece).hex())
        v -= piece
    rows.append(parts)
out.append("")
out.append("/* 2^(%d i) 2 / pi modulo 4, within 2 of 0, is the sum of four parts of about 42, 42, 42 and 53 bits. */" % STEP)
for k in range(4):
    out.append("static const double tp__turns_%d[%d] = {" % (k, COUNT))
    out += ["    %s," % parts[k] for parts in rows]
    out.append("};")
out.append("")
out.append("#endif")
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
path = os.path.join(root, "src", "backend", "cpu", "math_polynomials.h")
with open(path, "w") as f:
    f.write("\n".join(out) + "\n")
