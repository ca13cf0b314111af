"""How time and memory grow: steps with batch, width, depth and features; the command with sentences and vocabulary.

usage: growth.py BUILD [--full] [--svg FILE] [--page FILE]

Prints tables (Markdown), and writes a picture: one panel for each table, logarithmic, with the slope of the work in
grey. --full trains on up to 1,000,000 sentences and 1,000,000 words; without it, a tenth of that. The last column is
the time by what the first row makes one expect from the operation count: it must not grow. --page puts the tables into
a page, between the lines <!-- growth: begin --> and <!-- growth: end -->.
"""
import argparse, json, math, os, subprocess, sys, tempfile

from page import put_into
from programs import run
from sentences import write_sentences

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("build")
parser.add_argument("--full", action="store_true")
parser.add_argument("--svg")
parser.add_argument("--page")
options = parser.parse_args()


def step(case):
    """Seconds of a step (the best of three medians), and its peak bytes."""
    found = []
    for _ in range(3):
        out = subprocess.run([options.build + "/bench/bench_cases", case, "1", "0.15"], capture_output=True, text=True)
        found.append(json.loads(out.stdout))
    return min(f["seconds"] for f in found), max(f["peak_bytes"] for f in found)


def multiplications(batch, widths):
    """Of a step with all three products, but the first layer's gradient with respect to the input."""
    pairs = list(zip(widths, widths[1:]))
    return batch * (3 * sum(a * b for a, b in pairs) - pairs[0][0] * pairs[0][1])


def perceptrons(title, column, sizes):
    rows = []
    for size, batch, widths in sizes:
        seconds, peak = step("perceptron:%d:%s" % (batch, ":".join(map(str, widths))))
        weights = sum(a * b for a, b in zip(widths, widths[1:]))
        rows.append((size, seconds, peak, multiplications(batch, widths) + 8 * weights))
    return title, column, rows


def features(title, sgd):
    rows = []
    for n in (1000, 10000, 100000, 1000000):
        seconds, peak = step("sparse:%d%s" % (n, ":1" if sgd else ""))
        rows.append((n, seconds, peak, 1 if sgd else n))
    return title, "features", rows


def train(title, column, sizes, of, flags=()):
    rows = []
    print(title, file=sys.stderr)
    with tempfile.TemporaryDirectory() as work:
        data, model = os.path.join(work, "train.tsv"), os.path.join(work, "model.safetensors")
        for size in sizes:
            sentences, vocabulary = of(size)
            write_sentences(data, sentences, vocabulary)
            command = [options.build + "/tool/taper", "train", "--train", data, "--out", model, "--epochs", "1", "--quiet"]
            best, peak = math.inf, 0
            for _ in range(1 if sentences * vocabulary > 1e11 else 3):
                seconds, bytes_ = run(options.build, *command, *flags)
                best, peak = min(best, seconds), max(peak, bytes_)
            rows.append((size, best, peak, size))
    return title, column, rows


tables = [
    perceptrons("Perceptron 784-128-64-10, by batch", "batch",
                [(b, b, (784, 128, 64, 10)) for b in (1, 4, 16, 64, 256, 1024)]),
    perceptrons("Perceptron 256-w-w-10, batch 64, by width", "width",
                [(w, 64, (256, w, w, 10)) for w in (32, 64, 128, 256, 512, 1024, 2048)]),
    perceptrons("Perceptron of layers 128-128, batch 64, by depth", "layers",
                [(d, 64, (128,) * (d + 1)) for d in (1, 2, 4, 8, 16, 32)]),
    features("Sparse step, Adam, by features", False),
    features("Sparse step, SGD, by features", True),
]
scale = 10 if options.full else 1
tables.append(train("taper train, 2,000 words, by sentences", "sentences",
                    [n * scale for n in (12500, 25000, 50000, 100000)], lambda n: (n, 2000)))
tables.append(train("taper train, {:,} sentences, by words".format(20000 * scale), "words",
                    [n * scale for n in (1000, 10000, 100000)], lambda n: (20000 * scale, n)))
tables.append(train("taper train --vectorizer hashing, 100,000 words, by sentences", "sentences",
                    [n * scale for n in (12500, 50000, 200000, 800000)], lambda n: (n, 100000),
                    ("--vectorizer", "hashing", "--features", "262144", "--optimizer", "sgd", "--window", "16384")))

text = []
for title, column, rows in tables:
    text += ["**%s**\n" % title, "| %s | seconds | peak MB | time by expectation |" % column, "|---:|---:|---:|---:|"]
    for size, seconds, peak, work in rows:
        text.append("| %s | %.3g | %.1f | %.2f |" % ("{:,}".format(size), seconds, peak / 1e6,
                                                     seconds / rows[0][1] / (work / rows[0][3])))
    text.append("")
print("\n".join(text))
if options.page:
    put_into(options.page, "growth", "\n".join(text[:-1]))

UNITS = {0: "s", -1: "ms", -2: "µs", -3: "ns"}
if options.svg:
    W, H, columns = 340, 210, 3
    lines = (len(tables) + columns - 1) // columns
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11" '
           'fill="#333"><rect width="100%%" height="100%%" fill="#fff"/>' % (W * columns, H * lines)]
    for i, (title, column, rows) in enumerate(tables):
        left, top, width, height = W * (i % columns) + 56, H * (i // columns) + 34, W - 100, H - 74
        first, last = math.log10(rows[0][0]), math.log10(rows[-1][0])
        low = math.floor(math.log10(min(r[1] for r in rows)))
        high = max(math.ceil(math.log10(max(r[1] for r in rows)) + 1e-9), low + 1)

        def place(size, seconds):
            y = (math.log10(seconds) - low) / (high - low)
            return "%.1f,%.1f" % (left + width * (math.log10(size) - first) / (last - first), top + height * (1 - y))
        out.append('<text x="%d" y="%d" font-weight="bold">%s</text>' % (left - 46, top - 16, title))
        for power in range(low, high + 1):
            y = top + height * (1 - (power - low) / (high - low))
            out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#e4e4e4"/><text x="%d" y="%.1f" '
                       'text-anchor="end">%s</text>' % (left, left + width, y, y, left - 4, y + 4,
                                                        "%d %s" % (10 ** (power % 3), UNITS[power // 3])))
        for size in (rows[0][0], rows[-1][0]):
            x = float(place(size, 10.0 ** low).split(",")[0])
            out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (x, top + height + 14, "{:,}".format(size)))
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (left + width / 2, top + height + 28, column))
        # The slope of the work, laid through the last point.
        expected = [(r[0], rows[-1][1] * r[3] / rows[-1][3]) for r in rows]
        seen = [p for p in expected if p[1] >= 10.0 ** low]
        out.append('<polyline fill="none" stroke="#aaa" stroke-dasharray="4 3" points="%s"/>'
                   % " ".join(place(*p) for p in seen))
        out.append('<polyline fill="none" stroke="#d9822b" stroke-width="2" points="%s"/>'
                   % " ".join(place(r[0], r[1]) for r in rows))
        for r in rows:
            x, y = place(r[0], r[1]).split(",")
            out.append('<circle cx="%s" cy="%s" r="2.8" fill="#d9822b"/>' % (x, y))
    out.append("</svg>")
    with open(options.svg, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
