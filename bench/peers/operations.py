"""The operations of operations.def in PyTorch, on one thread: reads a name a line, answers each with a JSON line.

usage: operations.py --serve
"""
import gc, json, os, re, statistics, sys, time, warnings

import torch
import torch.nn.functional as F

BUDGET, FEWEST, MOST = 0.08, 5, 1001
ROWS, COLUMNS, WORDS = 2048, 512, 50000
warnings.simplefilter("ignore")
torch.set_num_threads(1)
torch.manual_seed(0)

x, y = torch.randn(ROWS, COLUMNS), torch.randn(ROWS, COLUMNS)
xt, flat, row, column = x.t(), x.reshape(-1), torch.randn(COLUMNS), torch.randn(ROWS, 1)
square = torch.randn(1024, 1024)
positive, within = x.abs() + 0.01, (torch.rand(ROWS, COLUMNS) - 0.5) * 1.9
share, mask = within.abs(), x > 0
xd, xh, xi, yi = x.double(), x.half(), (x * 100).long(), (y * 100).long().abs() + 1
places, rows = torch.randint(0, COLUMNS, (ROWS, COLUMNS)), torch.randint(0, ROWS, (ROWS,))
classes, tokens = torch.randint(0, COLUMNS, (ROWS,)), torch.randint(0, WORDS, (4096,))
table, hundred, edges = torch.randn(WORDS, 64), torch.arange(100), torch.linspace(-3, 3, 1000)
ad, cubes, points = torch.randn(512, 512, dtype=torch.float64), torch.randn(64, 64, 64), torch.randn(256, 64)
g, ones = torch.randn(ROWS, COLUMNS, requires_grad=True), torch.ones(ROWS, COLUMNS)


def listed():
    """{name: what does it}, from the file that lists the operations."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "operations.def")
    found = {}
    with open(path, encoding="utf-8") as file:
        entries = re.findall(r'^(OP|GRADIENT)\("([^"]*)",.*?\s"([^"]*)"\)$', file.read(), re.MULTILINE | re.DOTALL)
    for kind, name, code in entries:
        compute = eval("lambda: " + code)
        found[name if kind == "OP" else "back: " + name] = compute if kind == "OP" else back(compute)
    return found


def back(compute):
    def run():
        g.grad = None
        result = compute()
        result.backward(ones if result.numel() > 1 else None)
    return run


def measure(compute):
    samples, begin = [], time.perf_counter()
    while len(samples) < FEWEST or (len(samples) < MOST and time.perf_counter() - begin < BUDGET):
        start = time.perf_counter()
        compute()
        samples.append(time.perf_counter() - start)
    return {"seconds": statistics.median(samples), "best": min(samples)}


if __name__ == "__main__":
    gc.disable()
    operations = listed()
    for line in sys.stdin:
        name = line.rstrip("\n")
        if name == "names":
            print(json.dumps({"names": list(operations), "torch": torch.__version__}), flush=True)
        elif name in operations:
            print(json.dumps(dict(measure(operations[name]), case=name)), flush=True)
        else:
            print(json.dumps({"case": name, "error": "no such operation"}), flush=True)
