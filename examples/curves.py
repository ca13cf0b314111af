"""Draws the learning curves of docs/examples: runs examples and the same programs in PyTorch, each on one thread,
and writes docs/examples/NAME.svg and the measured lines of docs/examples/NAME.md.

usage: ATEN_CPU_CAPABILITY=avx2 curves.py BUILD [--data SST2] [NAME ...]
"""
import argparse
import base64
import math
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib

TITLES = {
    "mlp": ("Three spirals: cross-entropy", 20),
    "topics": ("Topics of texts: cross-entropy", 5),
    "embedding_bag": ("SST-2 by an embedding bag: cross-entropy", 30),
    "ratings": ("Ratings: mean squared error", 15),
    "vae": ("Variational autoencoder: negative ELBO in nats", 10),
    "newton": ("Logistic regression: distance of the loss from its minimum", 1),
}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #3b4048 }
.title { font-size: 15px; font-weight: 600; fill: #1f2328 }
.small { font-size: 12px; fill: #656d76 }
.paper { fill: #ffffff }
.grid { stroke: #e6e8eb }
.taper { stroke: #c9420a; stroke-width: 2; fill: none; stroke-linejoin: round }
.torch { stroke: #a5c8f2; stroke-width: 6.5; fill: none; stroke-linejoin: round; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
text { fill: #b8c0c9 }
.title { fill: #f0f3f6 }
.small { fill: #8d96a0 }
.paper { fill: #0d1117 }
.grid { stroke: #2a3038 }
.taper { stroke: #ffa657 }
.torch { stroke: #2f5f9e }
}
"""
LEFT, TOP, WIDTH, HEIGHT = 64, 52, 640, 230


def run(command, more):
    environment = dict(os.environ, TAPER_NUM_THREADS="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    done = subprocess.run(command + ["--steps", "60" if "newton" in command[-1] else "1000000"] + more + ["0"],
                          env=environment, capture_output=True, text=True, check=True)
    curves = {}
    for line in done.stdout.splitlines():
        name, _, loss = line.rpartition(" ")
        curves.setdefault(name, []).append(float(loss))
    return curves, float(re.search(r"\[training ([0-9.]+) s\]", done.stderr)[1])


def furthest(ours, theirs, count):
    """The largest distance of two curves in the first `count` steps, relative to the loss."""
    return max(abs(a - b) / abs(b) for name in theirs for a, b in zip(ours[name][:count], theirs[name][:count]))


def seconds(s):
    return "%.1f ms" % (1000 * s) if s < 0.1 else "%.2f s" % s if s < 10 else "%.1f s" % s


def within(distance):
    return "equal to" if distance == 0 else "within %.1e of" % distance


def averaged(losses, size):
    """Points (middle of a bin of `size` steps, mean of its losses)."""
    return [(i + (len(losses[i:i + size]) + 1) / 2, sum(losses[i:i + size]) / len(losses[i:i + size]))
            for i in range(0, len(losses), size)]


def png(grey, width):
    """Rows of bytes as a data URI."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = b"".join(b"\0" + grey[i:i + width] for i in range(0, len(grey), width))
    file = (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(grey) // width, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
    return "data:image/png;base64," + base64.b64encode(file).decode()


def steps_of(low, high, count):
    """Round numbers between two bounds."""
    raw = (high - low) / count
    unit = 10 ** math.floor(math.log10(raw))
    unit *= next(k for k in (1, 2, 5, 10) if k * unit >= raw * 0.999)
    return [k * unit for k in range(math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9) + 1)]


def draw(name, ours, theirs, times, pictures):
    title, size = TITLES[name]
    log = name == "newton"
    if log:
        least = min(theirs["newton"])
        ours, theirs = ({k: [max(v - least, 0) for v in c] for k, c in side.items()} for side in (ours, theirs))
    lines = {side: {k: [(x, math.log10(v) if log else v) for x, v in averaged(c, size) if not log or v > 2e-9]
                    for k, c in curves.items()} for side, curves in (("torch", theirs), ("taper", ours))}
    values = [v for side in lines.values() for c in side.values() for _, v in c]
    last = max(len(c) for c in theirs.values())
    low, high = (-9, 0) if log else (min(values), max(values))
    if not log:
        ticks = steps_of(low, high, 5)
        unit = ticks[1] - ticks[0]
        low, high = math.floor(low / unit) * unit, math.ceil(high / unit) * unit
        low = 0 if 0 < low <= unit else low
    x = lambda step: LEFT + WIDTH * step / last
    y = lambda value: TOP + HEIGHT * (high - value) / (high - low)
    tall = TOP + HEIGHT + 88 + (206 if pictures else 0)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 %d" width="760" height="%d">' % (tall, tall),
           "<style>%s</style>" % STYLE, '<rect class="paper" width="760" height="%d" rx="8"/>' % tall,
           '<text class="title" x="%d" y="30">%s</text>' % (LEFT, title)]
    for value in range(-9, 1, 3) if log else steps_of(low, high, 5):
        out.append('<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>'
                   % (LEFT, LEFT + WIDTH, y(value), y(value)))
        label = "1" if log and value == 0 else "1e%d" % value if log else "%g" % round(value, 6)
        out.append('<text x="%d" y="%.1f" text-anchor="end">%s</text>' % (LEFT - 10, y(value) + 4.5, label))
    for step in steps_of(0, last, 6):
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%g</text>' % (x(step), TOP + HEIGHT + 20, step))
    for side in "torch", "taper":
        for curve in lines[side].values():
            points = " ".join("%.1f,%.1f" % (x(a), y(v)) for a, v in curve)
            out.append('<polyline class="%s" points="%s"/>' % (side, points))
    if log:
        for text, curve, at, lower in (("Newton by products with the Hessian", "newton", -1, 18),
                                       ("L-BFGS", "lbfgs", 30, 0), ("gradient descent", "descent", 34, 0)):
            a, v = lines["torch"][curve][at]
            out.append('<text x="%.1f" y="%.1f">%s</text>' % (x(a) + 14, y(v) - 12 + lower, text))
    below = TOP + HEIGHT + 42
    what = "step" if size == 1 else "step (a point is the mean of %d)" % size
    out.append('<text class="small" x="%.1f" y="%d" text-anchor="end">%s</text>' % (LEFT + WIDTH, below, what))
    for i, (side, said) in enumerate((("taper", "Taper, %s" % seconds(times[0])),
                                      ("torch", "PyTorch, %s" % seconds(times[1])))):
        at = LEFT + 170 * i
        out.append('<line class="%s" x1="%d" x2="%d" y1="%d" y2="%d"/>' % (side, at, at + 26, below + 16, below + 16))
        out.append('<text x="%d" y="%d">%s</text>' % (at + 36, below + 20, said))
    for i, (label, picture) in enumerate(pictures):
        at = tall - 204 + 66 * i
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LEFT + 72, at + 34, label))
        out.append('<image x="%d" y="%d" width="480" height="60" style="image-rendering:pixelated" href="%s"/>'
                   % (LEFT + 86, at, picture))
    return "\n".join(out) + "\n</svg>\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--data")
    parser.add_argument("names", nargs="*", default=list(TITLES))
    given = parser.parse_intermixed_args()
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for name in given.names:
        program = [os.path.join(given.build, "examples", name)]
        python = [sys.executable, os.path.join(root, "examples", "pytorch", name + ".py")]
        with tempfile.TemporaryDirectory() as folder:
            more, files = [], []
            if name == "embedding_bag" and given.data:
                more = ["--data", given.data]
            sides = []
            for side, command in (("taper", program), ("torch", python)):
                file = os.path.join(folder, side)
                sides.append(run(command, more + (["--pgm", file] if name == "vae" else [])))
                if name == "vae":
                    files.append(open(file, "rb").read()[-2 * 96 * 12:])
        (ours, fast), (theirs, slow) = sides
        pictures = []
        if files:
            parts = ("image", files[0][:1152]), ("Taper", files[0][1152:]), ("PyTorch", files[1][1152:])
            pictures = [(label, png(grey, 96)) for label, grey in parts]
        page = os.path.join(root, "docs", "examples", name)
        with open(page + ".svg", "w", encoding="utf-8") as file:
            file.write(draw(name, ours, theirs, (fast, slow), pictures))
        count = max(len(c) for c in theirs.values())
        said = ("Taper's losses are %s PyTorch's over the first 50 steps and %s them over\nall %d, relative to their size "
                "and as printed, with nine digits. On one thread of the same machine, one after\nthe other, training took "
                "%s here and %s there: %.0f times as long." % (
                    within(furthest(ours, theirs, 50)), within(furthest(ours, theirs, count)), count,
                    seconds(fast), seconds(slow), slow / fast))
        with open(page + ".md", encoding="utf-8") as file:
            text = file.read()
        with open(page + ".md", "w", encoding="utf-8") as file:
            file.write(re.sub(r"(<!-- measured -->\n).*?(<!-- end -->)", lambda m: m[1] + said + "\n" + m[2], text,
                              flags=re.S))
        print("%s: %s" % (name, said.replace("\n", " ")))


main()
