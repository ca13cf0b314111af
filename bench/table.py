"""All benchmarks of a build folder, Taper and its peers by turns, and one table at the end.

usage: table.py BUILD [--quick] [--only TEXT] [--sst2 DIR] [--python PYTHON] [--libtorch PROGRAM] [--page FILE]

--quick      fewer rounds and sizes, without the main job's peers, growth and scaling (about a minute)
--only TEXT  the rows whose name contains TEXT
--python     an interpreter with torch, scikit-learn and nltk, for the peers ($TAPER_PYTHON)
--libtorch   what peers/libtorch.sh has compiled
--sst2       where SST-2's train.tsv and dev.tsv are ($TAPER_SST2)
--page       puts the table into a page too, between <!-- table: begin --> and <!-- table: end -->

A row's figures are medians over the rounds of the rounds' medians; "best" is the ratio of the shortest rounds, which
says more where a machine is shared. A target is an upper limit: of the ratio to a peer, or of seconds.
"""
import argparse, os, platform, signal, subprocess, sys, tempfile, time

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
ROUNDS, BUDGET = (1, 0.1) if options.quick else (3, 0.12)
rows, lines = [], []
started, all_before = time.time(), processor_seconds()

# ---- Who answers ----

servers = {"Taper": Server(options.build + "/bench/bench_cases", "--serve"),
           "PyTorch": Server(options.python, here + "/peers/cases.py", "--serve"),
           "libtorch": Server(options.libtorch, "--serve")}
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
    for name, ours, peers, threads, targets, limit in CASES:
        if options.quick and ours.startswith(SLOW):
            continue
        for n in threads:
            row = Row("%s, %s" % (name, counted(n)), targets, limit)
            if not wants(row.name):
                continue
            note(row.name)
            rows.append(row)
            peer_cases = [(p.split() + [ours])[:2] for p in peers]
            for _ in range(max(ROUNDS - 1, 1) if ours.startswith(SLOW) else 2 * ROUNDS - 1):
                take(row, "Taper", ours, n)
                for who, case in peer_cases:
                    take(row, who, case, n)
            if n == 1 and ours.startswith(LARGE_CASES):
                peaks(row, ours, peer_cases[0][1])


# ---- Two threads, and what the machine can do ----

def scaling():
    """Two threads against one, by turns: alone, and with a process that spins on one processor."""
    spin = ("import os\nif hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})\n"
            "while True: pass")
    for name, case in (("perceptron, batch 256", LARGE), ("product 1024", "matmul:1024"),
                       ("exp of 10 million", "exp:10000000"), ("layer norm", "layer_norm:4096:768"), ("Adam, 10 million", "adam:10000000"),
                       ("cross-entropy", "cross_entropy:4096:32000")):
        for spun, most in ((False, 1 / 1.7), (True, 1.3)):
            title = name + ": two threads" + (", another process spinning" if spun else "")
            if not wants(title):
                continue
            note(title)
            row, theirs = Row(title, {"one thread": most}), Row(title)
            other = subprocess.Popen([sys.executable, "-c", spin]) if spun else None
            try:
                for _ in range(ROUNDS):
                    for who, to in (("Taper", row), ("PyTorch", theirs)):
                        take(to, who, case, 2, "Taper")
                        take(to, who, case, 1, "one thread")
            finally:
                if other:
                    other.kill()
                    other.wait()
            rows.append(row)
            if theirs.runs:
                lines.append("%s: %.2f of one thread in Taper, %.2f in PyTorch"
                             % (title, row.ratio("one thread"), theirs.ratio("one thread")))


def against_bounds(bounds):
    """Taper's rows beside what the machine can do, measured in the same run."""
    def compare(name, case, threads, seconds, most):
        row = Row("%s, %s" % (name, counted(threads)), {"bound": most})
        ours = next((r for r in rows if r.name == "%s, %s" % (case, counted(threads))), None)
        if ours and seconds and "Taper" in ours.runs:
            row.runs["Taper"], row.best["Taper"] = ours.runs["Taper"], ours.best["Taper"]
            rows.append(row.add("bound", seconds))
    compare("Adam, 10,107 parameters, against the second-level cache", "Adam, 10,107 parameters", 1,
            10107 * 28 / (bounds["L2", 1] * 1e9), 1.3)
    for n in (256, 512, 1024, 2048, 4096):
        for threads in (1, 2):
            compare("product %d against the processor's peak" % n, "product %d" % n, threads,
                    bounds["flops", threads] and 2 * n ** 3 / (bounds["flops", threads] * 1e9), 1 / 0.85)


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
    steps()
    if not options.quick:
        scaling()


signal.signal(signal.SIGTERM, stop)
bounds = json_of(options.build + "/bench/bench_bounds")
with tempfile.TemporaryDirectory() as work:
    try:
        everything(work)
    except (KeyboardInterrupt, RuntimeError) as why:
        skip("what would have followed", str(why) or "interrupted")
for who in servers:
    servers[who].close()
bounds += json_of(options.build + "/bench/bench_bounds")
units = {b["bound"]: b["unit"] for b in bounds}
fastest = {(name, n): max(b["value"] for b in bounds if (b["bound"], b["threads"]) == (name, n))
           for name in units for n in (1, 2)}
against_bounds(fastest)
rows = [row for row in rows if "Taper" in row.runs]
everybody, ours = (after - before for after, before in zip(processor_seconds(), all_before))

head = ["%s, %d processors%s" % (processor(), os.cpu_count(), "; a short run" if options.quick else ""),
        ", ".join("%s %s" % v for v in versions.items())]
head += ["bound: %s %.1f %s with one thread, %.1f with two" % (name, fastest[name, 1], unit, fastest[name, 2])
         for name, unit in units.items()]
head.append("others took %.2f of a processor meanwhile" % ((everybody - ours) / (time.time() - started)))
lines += ["SKIPPED " + s for s in skipped]
print("\n".join(head) + "\n\n" + plain(rows) + "\n\n" + "\n".join(lines))
print("\n%d targets hold, %d do not" % tuple([r.holds() for r in rows].count(word) for word in ("yes", "NO")))
if options.page:
    listed = lambda some: "\n".join("- " + line for line in some if line)
    put_into(options.page, "table", "\n\n".join((listed(head), markdown(rows), listed(lines))))
