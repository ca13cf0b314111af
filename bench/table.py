"""All benchmarks of a build folder, Taper and its peers by turns, and one table at the end.

usage: table.py BUILD [--quick] [--only TEXT] [--sst2 DIR] [--python PYTHON] [--libtorch PROGRAM] [--page FILE]

--quick      fewer rounds and sizes, without the main job's peers, growth and scaling (about a minute)
--only TEXT  the rows whose name contains TEXT
--python     an interpreter with torch, scikit-learn and nltk, for the peers ($TAPER_PYTHON)
--libtorch   what peers/libtorch.sh has compiled
--sst2       where SST-2's train.tsv and dev.tsv are ($TAPER_SST2)
--page       puts the table into a page too, between <!-- table: begin --> and <!-- table: end -->

All rows are gone through several times, so that a disturbance of some seconds meets few rounds of any one row. A row's
figures are medians over the rounds of the rounds' medians; "best" is the ratio of the shortest rounds, which says more
where a machine is shared. A target is an upper limit: of the ratio to a peer, or of seconds.
"""
import argparse, functools, os, platform, signal, statistics, subprocess, sys, tempfile, time

import job
from job import counted
from page import put_into
from programs import Server, json_of, note, processor_seconds, skip, skipped
from rows import Row, markdown, plain

here = os.path.dirname(os.path.abspath(__file__))
options = argparse.ArgumentParser(usage=__doc__)
options.add_argument("build")
options.add_argument("--quick", action="store_true")
options.add_argument("--only", default="")
options.add_argument("--sst2", default=os.environ.get("TAPER_SST2", ""))
options.add_argument("--python", default=os.environ.get("TAPER_PYTHON", sys.executable))
options.add_argument("--libtorch", default="")
options.add_argument("--page")
options = options.parse_args()
# Of a row, of one that takes seconds, and of those on two threads beside one; the time of a round.
ROUNDS, SLOW_ROUNDS, SCALING_ROUNDS, BUDGET = (1, 1, 0, 0.1) if options.quick else (7, 3, 5, 0.12)
rows, lines = [], []
started, all_before = time.time(), processor_seconds()

# ---- Who answers ----

servers = {"Taper": Server(options.build + "/bench/bench_cases", "--serve"),
           "PyTorch": Server(options.python, here + "/peers/cases.py", "--serve"),
           "libtorch": Server(options.libtorch, "--serve"),
           "bound": Server(options.build + "/bench/bench_bounds", "--serve")}
versions = {}
for who, why in (("PyTorch", "%s has no torch (set TAPER_PYTHON)" % options.python),
                 ("libtorch", "peers/libtorch.sh has not compiled it")):
    found = servers[who].ask("versions")
    if "error" in found:
        servers.pop(who)
        skip(who, why)
    else:
        versions.update(found)
if "libtorch" not in servers:
    options.libtorch = ""
if "PyTorch" in servers:
    servers["OpenBLAS"] = servers["PyTorch"]


def wants(*names):
    return any(options.only in name for name in names)


def take(row, who, case, threads, label=None):
    if who not in servers:
        return
    found = servers[who].ask("%s %d %g" % (case, threads, BUDGET))
    if "seconds" in found:
        row.add(label or who, found["seconds"], found["best"])
    else:
        skip("%s, %s" % (who, case), found.get("error"))


bounds = {}  # (name, threads): the unit, and every value


def bound(name, threads):
    """What the machine can do now, in operations or bytes a second; 0 where it is not known."""
    found = servers["bound"].ask("%s %d" % (name, threads))
    if "value" in found:
        bounds.setdefault((name, threads), (found["unit"], []))[1].append(found["value"])
    return found.get("value", 0) * 1e9


def settle(threads):
    """Until others' threads no longer look for work after their last case. The processors are kept busy meanwhile: a
    virtual machine may take a while to get an idle one back."""
    until = time.time() + 0.3
    while time.time() < until and "value" in servers["bound"].ask("flops %d" % threads):
        pass


def by_turns(planned, most):
    """Goes through the rows `most` times: planned has (row, its rounds, what takes a round)."""
    for n in range(most):
        for row, rounds, once in planned:
            if n < rounds:
                note("%s, round %d of %d" % (row.name, n + 1, rounds))
                once()


# ---- Steps ----

PERCEPTRON, LARGE = "perceptron:16:784:128:64:10", "perceptron:256:784:512:512:10"
SMALL = ("PyTorch", "libtorch")
# The name, Taper's case, peers and their cases where they differ, threads, targets, the longest time.
CASES = [
    ("add of 16", "add", SMALL, [1], {"PyTorch": 1 / 20, "libtorch": 1 / 10}, 60e-9),
    ("add of 16, recorded, backward", "add_grad", SMALL, [1], {"PyTorch": 1 / 20, "libtorch": 1 / 10}, 120e-9),
    ("perceptron 784-128-64-10, batch 16, Adam", PERCEPTRON, SMALL, [1, 2], {"PyTorch": 0.3}, None),
    ("predict one sentence", "predict", SMALL, [1], None, 20e-6),
    ("sparse step, 10,107 parameters, Adam", "sparse:10106", SMALL, [1], {"PyTorch": 1 / 40}, None),
    ("sparse step, 1,000,001 parameters, SGD", "sparse:1000000:1", SMALL, [1], None, None),
    ("Adam, 10,107 parameters", "adam:10107", SMALL, [1], None, None),
    ("dense step, 16 x 10,106, Adam", "dense:10106", SMALL, [1], {"PyTorch": 0.1}, None),
    ("the same through a shuffling loader", "dense_loader:10106", SMALL, [1], None, None),
    ("perceptron 784-512-512-10, batch 256, Adam", LARGE, ("PyTorch",), [1, 2], {"PyTorch": 0.85}, None),
    ("cross-entropy 4096 x 32000, backward", "cross_entropy:4096:32000", ("PyTorch",), [1, 2], {"PyTorch": 0.2},
     None),
    ("layer norm 4096 x 768, backward", "layer_norm:4096:768", ("PyTorch",), [1, 2], {"PyTorch": 0.6}, None),
    ("Adam, 10 million parameters", "adam:10000000", ("PyTorch",), [1, 2], {"PyTorch": 0.2}, None),
    ("exp of 10 million", "exp:10000000", ("PyTorch",), [1, 2], {"PyTorch": 0.5}, None),
    ("exp of 10 million, PyTorch into an old tensor", "exp:10000000", ("PyTorch exp_out:10000000",), [1], None, None),
] + [("product %d" % n, "matmul:%d" % n, ("PyTorch", "OpenBLAS numpy:matmul:%d" % n), [1, 2], {None: 1 / 0.95}, None)
     for n in (256, 512, 1024, 2048, 4096)]
SLOW = ("cross_entropy", "matmul:4096", "matmul:2048")
# The bound of a case by its work: a title, which bound, the operations or bytes, and how far above it one may be.
BOUNDS = {"adam:10107": ("Adam, 10,107 parameters, against the second-level cache", "L2", 10107 * 28, 1.3)}
for n in (256, 512, 1024, 2048, 4096):
    BOUNDS["matmul:%d" % n] = ("product %d against the processor's peak" % n, "flops", 2 * n ** 3, 1 / 0.85)
# The memory of these is compared.
LARGE_CASES = ("perceptron:256", "cross_entropy", "layer_norm", "adam:10000000", "exp:", "matmul")


def peaks(row, ours, theirs):
    """The peak of each in a process of its own, which has run nothing before."""
    for who, command in (("Taper", [options.build + "/bench/bench_cases", ours]),
                         ("PyTorch", [options.python, here + "/peers/cases.py", theirs])):
        if who in servers:
            try:
                row.peak[who] = json_of(*command, "1", "0.05")[-1]["peak_bytes"]
            except (IndexError, KeyError):
                skip("%s, memory of %s" % (who, ours), "no answer")


def steps():
    planned, against = [], []
    for name, ours, peers, threads, targets, limit in CASES:
        if options.quick and ours.startswith(SLOW):
            continue
        for n in threads:
            row = Row("%s, %s" % (name, counted(n)), targets, limit)
            title, what, work, most = BOUNDS.get(ours, (row.name, None, 0, 0))
            other = Row("%s, %s" % (title, counted(n)), {"bound": most})
            if not wants(row.name, other.name):
                continue
            rows.append(row)
            if what:
                against.append(other)
            planned.append((row, SLOW_ROUNDS if ours.startswith(SLOW) else ROUNDS,
                            functools.partial(one_round, row, other, ours, peers, n, what, work)))
    by_turns(planned, ROUNDS)
    return against


def one_round(row, against, ours, peers, threads, what, work):
    peer_cases = [(p.split() + [ours])[:2] for p in peers]
    if threads > 1:
        settle(threads)
    take(row, "Taper", ours, threads)
    rate = bound(what, threads) if what else 0
    for who, case in peer_cases:
        take(row, who, case, threads)
    if rate and "Taper" in row.runs:
        against.add("Taper", row.runs["Taper"][-1], row.best["Taper"]).add("bound", work / rate)
    if threads == 1 and ours.startswith(LARGE_CASES) and not row.peak:
        peaks(row, ours, peer_cases[0][1])


# ---- Two threads, and what the machine can do ----

def scaling():
    """Two threads against one, by turns: alone, and with a process that spins on one processor."""
    planned, pairs = [], []
    for name, case in (("perceptron, batch 256", LARGE), ("product 1024", "matmul:1024"),
                       ("exp of 10 million", "exp:10000000"), ("layer norm", "layer_norm:4096:768"), ("Adam, 10 million", "adam:10000000"),
                       ("cross-entropy", "cross_entropy:4096:32000")):
        for spun, most in ((False, 1 / 1.7), (True, 1.3)):
            title = name + ": two threads" + (", another process spinning" if spun else "")
            if wants(title):
                row, theirs = Row(title, {"one thread": most}), Row(title)
                planned.append((row, SCALING_ROUNDS, functools.partial(two_beside_one, row, theirs, case, spun)))
                pairs.append((row, theirs))
    by_turns(planned, SCALING_ROUNDS)
    for row, theirs in pairs:
        rows.append(row)
        if theirs.runs:
            lines.append("%s: %.2f of one thread in Taper, %.2f in PyTorch"
                         % (row.name, row.ratio("one thread"), theirs.ratio("one thread")))


def two_beside_one(row, theirs, case, spun):
    spin = ("import os\nif hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\n"
            "while True: pass")
    other = subprocess.Popen([sys.executable, "-c", spin]) if spun else None
    try:
        for who, to in (("Taper", row), ("PyTorch", theirs)):
            take(to, who, case, 2, "Taper")
            take(to, who, case, 1, "one thread")
    finally:
        if other:
            other.kill()
            other.wait()


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


# ---- All of it ----

def stop(*_):
    raise KeyboardInterrupt


def everything(work):
    if not os.path.exists(options.sst2 + "/train.tsv"):
        skip("main job, predictions and lecture", "no SST-2 (set TAPER_SST2)")
    else:
        if wants("main job", "predict", "start to first prediction"):
            note("main job")
            job.main_job(options, work, rows, lines)
            job.predicting(options, work, rows, lines)
        if wants("lecture example"):
            job.lecture(options, rows)
    if not options.quick and wants("growth"):
        note("growth")
        job.growth(options, work, rows)
    against = steps()
    scaling()
    rows.extend(against)


signal.signal(signal.SIGTERM, stop)
with tempfile.TemporaryDirectory() as work:
    try:
        everything(work)
    except (KeyboardInterrupt, RuntimeError) as why:
        skip("what would have followed", str(why) or "interrupted")
for name in ("flops", "memory", "L2"):
    for n in (1, 2):
        bound(name, n)
for server in servers.values():
    server.close()
rows = [row for row in rows if "Taper" in row.runs]
everybody, ours = (after - before for after, before in zip(processor_seconds(), all_before))

head = ["%s, %d processors%s" % (processor(), os.cpu_count(), "; a short run" if options.quick else ""),
        ", ".join("%s %s" % v for v in versions.items())]
head += ["bound: %s %.1f %s with %s, the median of %d" % (name, statistics.median(values), unit, counted(n), len(values))
         for (name, n), (unit, values) in sorted(bounds.items())]
head.append("others took %.2f of a processor meanwhile" % ((everybody - ours) / (time.time() - started)))
lines += ["SKIPPED " + s for s in skipped]
print("\n".join(head) + "\n\n" + plain(rows) + "\n\n" + "\n".join(lines))
print("\n%d targets hold, %d do not" % tuple([r.holds() for r in rows].count(word) for word in ("yes", "NO")))
if options.page:
    listed = lambda some: "\n".join("- " + line for line in some if line)
    put_into(options.page, "table", "\n\n".join((listed(head), markdown(rows), listed(lines))))
