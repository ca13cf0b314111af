"""Some two hundred operations of a million elements, Taper and PyTorch by turns on one thread, and one table.

usage: operations.py BUILD [--only TEXT] [--python PYTHON] [--page FILE]

--only TEXT  the operations whose name contains TEXT
--python     an interpreter with torch ($TAPER_PYTHON)
--page       puts the table into a page, between <!-- operations: begin --> and <!-- operations: end -->

A figure is the median of the medians of three rounds; PyTorch's first rounds of an operation warm its caches as Taper's
first ones do. The slowest, compared with PyTorch, come first.
"""
import argparse, os, statistics, sys

from page import put_into
from programs import Server, note
from rows import short

here = os.path.dirname(os.path.abspath(__file__))
options = argparse.ArgumentParser(usage=__doc__)
options.add_argument("build")
options.add_argument("--only", default="")
options.add_argument("--python", default=os.environ.get("TAPER_PYTHON", sys.executable))
options.add_argument("--page")
options = options.parse_args()
ROUNDS = 3

ours = Server(options.build + "/bench/bench_operations", "--serve")
theirs = Server(options.python, here + "/peers/operations.py", "--serve")
names = theirs.ask("names")
if "names" not in names:
    raise SystemExit("%s has no torch (set TAPER_PYTHON)" % options.python)
found = []
for name in names["names"]:
    if options.only not in name:
        continue
    rounds = [[server.ask(name) for server in (ours, theirs)] for _ in range(ROUNDS)]
    wrong = next((answer["error"] for both in rounds for answer in both if "error" in answer), None)
    if wrong:
        raise SystemExit("%s: %s" % (name, wrong))
    taper, pytorch = (statistics.median(both[i]["seconds"] for both in rounds) for i in (0, 1))
    found.append((taper / pytorch, name, taper, pytorch))
    note("%-40s %.2f" % (name, taper / pytorch))
for server in (ours, theirs):
    server.close()
found.sort(reverse=True)
ratios = [ratio for ratio, *_ in found]
summary = "%d operations, PyTorch %s: half of them take at most %.2f of PyTorch's time; %d take more than 1.5 times it, %d " \
    "more than its time, %d at most half of it." % (len(found), names["torch"], statistics.median(ratios),
                                                    sum(r > 1.5 for r in ratios), sum(r > 1 for r in ratios),
                                                    sum(r <= 0.5 for r in ratios))
lines = ["| operation | Taper | PyTorch | ratio |", "| --- | --- | --- | --- |"]
lines += ["| %s | %s | %s | %.2f |" % (name, short(a), short(b), ratio) for ratio, name, a, b in found]
text = summary + "\n\n" + "\n".join(lines)
print(text)
if options.page:
    put_into(options.page, "operations", text)
