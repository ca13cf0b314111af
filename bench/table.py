"""All benchmarks of a build folder, Taper and its peers by turns, and one table at the end.

usage: table.py BUILD [--quick] [--only TEXT] [--sst2 DIR] [--python PYTHON] [--markdown]

--quick      one round, small sizes, without the peers' main job (about a minute)
--only TEXT  the cases whose name contains TEXT
--python     an interpreter with torch, scikit-learn and nltk, for the peers ($TAPER_PYTHON); without it they are left out
--sst2       where SST-2's train.tsv and dev.tsv are ($TAPER_SST2)
--markdown   the table as Markdown

A row's figures are medians over the rounds of the rounds' medians; "best" is the ratio of the shortest rounds, which
says more where a machine is shared. A target is an upper limit: of the ratio to the fastest peer, or of seconds.
"""
import argparse, json, os, platform, random, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
options = argparse.ArgumentParser(usage=__doc__)
options.add_argument("build")
options.add_argument("--quick", action="store_true")
options.add_argument("--only", default="")
options.add_argument("--sst2", default=os.environ.get("TAPER_SST2", ""))
options.add_argument("--python", default=os.environ.get("TAPER_PYTHON", sys.executable))
options.add_argument("--markdown", action="store_true")
options = options.parse_args()
ROUNDS, BUDGET = (1, 0.1) if options.quick else (3, 0.12)
skipped = []


def note(text):
    print(text, file=sys.stderr, flush=True)


def skip(what, why):
    skipped.append("%s: %s" % (what, why))
    note("SKIPPED %s: %s" % (what, why))


# ---- Programs that answer a line with a line ----

class Server:
    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL)

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            return {"error": "it ended"}

    def close(self):
        self.process.stdin.close()
        self.process.wait()


taper = Server([options.build + "/bench/bench_cases", "--serve"])
torch = Server([options.python, here + "/peers/cases.py", "--serve"])
versions = torch.ask("versions")
if "torch" not in versions:
    skip("PyTorch", "%s has no torch (set TAPER_PYTHON)" % options.python)
    torch = None


class Row:
    def __init__(self, name, target=None, limit=None):
        self.name, self.target, self.limit = name, target, limit
        self.runs = {}   # who: seconds of each round
        self.best = {}
        self.peak = {}
        self.extra = ""

    def add(self, who, seconds, best=None, peak=None):
        self.runs.setdefault(who, []).append(seconds)
        self.best[who] = min(self.best.get(who, best or seconds), best or seconds)
        if peak is not None:
            self.peak[who] = max(self.peak.get(who, 0), peak)

    def seconds(self, who):
        return statistics.median(self.runs[who]) if who in self.runs else None

    def fastest_peer(self):
        peers = [who for who in self.runs if who != "Taper"]
        return min(peers, key=self.seconds) if peers else None

    def ratio(self):
        peer = self.fastest_peer()
        return self.seconds("Taper") / self.seconds(peer) if peer and "Taper" in self.runs else None

    def best_ratio(self):
        peers = [self.best[who] for who in self.best if who != "Taper"]
        return self.best["Taper"] / min(peers) if peers and "Taper" in self.best else None

    def peak_holds(self):
        """Whether Taper's peak is at most PyTorch's; resident sets are known to about half a megabyte."""
        if "Taper" not in self.peak or "PyTorch" not in self.peak:
            return ""
        return "yes" if self.peak["Taper"] <= self.peak["PyTorch"] + 0.5e6 else "NO"

    def holds(self):
        wanted = [(self.ratio(), self.target), (self.seconds("Taper"), self.limit)]
        known = [value <= most for value, most in wanted if value is not None and most is not None]
        return "" if not known else "yes" if all(known) else "NO"


rows = []

# name, Taper's case, peers' cases, threads, largest ratio, longest time
PERCEPTRON, LARGE = "perceptron:16:784:128:64:10", "perceptron:256:784:512:512:10"
CASES = [
    ("add of 16", "add", [("PyTorch", "add")], [1], 1 / 20, 60e-9),
    ("add of 16, recorded, backward", "add_grad", [("PyTorch", "add_grad")], [1], 1 / 20, 120e-9),
    ("perceptron 784-128-64-10, batch 16, Adam", PERCEPTRON, [("PyTorch", PERCEPTRON)], [1, 2], 0.3, None),
    ("predict one sentence", "predict", [("PyTorch", "predict")], [1], None, 20e-6),
    ("sparse step, 10,107 parameters, Adam", "sparse:10106", [("PyTorch", "sparse:10106")], [1], 1 / 40, None),
    ("Adam, 10,107 parameters", "adam:10107", [("PyTorch", "adam:10107")], [1], None, None),
    ("dense step, 16 x 10,106, Adam", "dense:10106", [("PyTorch", "dense:10106")], [1], 0.1, None),
    ("the same through a shuffling loader", "dense_loader:10106", [("PyTorch", "dense_loader:10106")], [1], None, None),
    ("perceptron 784-512-512-10, batch 256, Adam", LARGE, [("PyTorch", LARGE)], [1, 2], 0.85, None),
    ("cross-entropy 4096 x 32000, backward", "cross_entropy:4096:32000", [("PyTorch", "cross_entropy:4096:32000")],
     [1, 2], 0.2, None),
    ("layer norm 4096 x 768, backward", "layer_norm:4096:768", [("PyTorch", "layer_norm:4096:768")], [1, 2], 0.6, None),
    ("Adam, 10 million parameters", "adam:10000000", [("PyTorch", "adam:10000000")], [1, 2], 0.2, None),
    ("exp of 10 million", "exp:10000000", [("PyTorch", "exp:10000000")], [1, 2], 0.5, None),
    ("exp of 10 million, PyTorch into an old tensor", "exp:10000000", [("PyTorch", "exp_out:10000000")], [1], None, None),
] + [("product %d" % n, "matmul:%d" % n, [("PyTorch", "matmul:%d" % n), ("OpenBLAS", "numpy:matmul:%d" % n)], [1, 2],
      1 / 0.95, None) for n in (256, 512, 1024, 2048, 4096)]
SLOW = ("cross_entropy", "matmul:4096", "matmul:2048")


# The memory of these is compared.
LARGE_CASES = ("perceptron:256", "cross_entropy", "layer_norm", "adam:10000000", "exp:", "matmul")


def take(row, who, server, case, threads, budget=BUDGET):
    if server:
        found = server.ask("%s %d %g" % (case, threads, budget))
        if "seconds" in found:
            row.add(who, found["seconds"], found["best"])
        else:
            skip("%s, %s" % (who, case), found.get("error"))


def peaks(row, ours, theirs):
    """The peak of each in a process of its own, which has run nothing before."""
    for who, command in (("Taper", [options.build + "/bench/bench_cases", ours]),
                         ("PyTorch", [options.python, here + "/peers/cases.py", theirs])):
        if who == "PyTorch" and not torch:
            continue
        done = subprocess.run(command + ["1", "0.05"], capture_output=True, text=True)
        try:
            row.peak[who] = json.loads(done.stdout.splitlines()[-1])["peak_bytes"]
        except (IndexError, KeyError, ValueError):
            skip("%s, memory of %s" % (who, ours), "no answer")


def small_cases():
    for name, ours, theirs, threads, target, limit in CASES:
        if options.quick and ours.startswith(SLOW) or options.only not in name:
            continue
        for n in threads:
            row = Row("%s, %d thread%s" % (name, n, "s" if n > 1 else ""), target, limit)
            note(row.name)
            rows.append(row)
            rounds = max(ROUNDS - 1, 1) if ours.startswith(SLOW) else 2 * ROUNDS - 1
            for _ in range(rounds):
                take(row, "Taper", taper, ours, n)
                for who, case in theirs:
                    take(row, who, torch, case, n)
            if n == 1 and ours.startswith(LARGE_CASES):
                peaks(row, ours, theirs[0][1])


def scaling():
    """Two threads against one, alone and with a process that spins on one processor."""
    lines = []
    for name, case in (("perceptron, batch 256", LARGE), ("product 1024", "matmul:1024"), ("exp", "exp:10000000"),
                       ("Adam, 10 million", "adam:10000000")):
        found = {}
        for spun in (False, True):
            other = subprocess.Popen([sys.executable, "-c", "import os\n"
                                      "if hasattr(os, 'sched_setaffinity'): os.sched_setaffinity(0, {max(os."
                                      "sched_getaffinity(0))})\nwhile True: pass"]) if spun else None
            try:
                for _ in range(ROUNDS):
                    for who, server in (("Taper", taper), ("PyTorch", torch)):
                        for n in (1, 2):
                            got = server.ask("%s %d %g" % (case, n, BUDGET)) if server else {}
                            if "seconds" in got:
                                found.setdefault((who, spun, n), []).append(got["seconds"])
            finally:
                if other:
                    other.kill()
                    other.wait()
        for who in ("Taper", "PyTorch"):
            if (who, True, 2) in found:
                gain = [statistics.median(found[who, spun, 2]) / statistics.median(found[who, spun, 1])
                        for spun in (False, True)]
                verdict = "" if who != "Taper" else "; at most 0.59 and 1.3 wanted: %s, %s" % tuple(
                    "holds" if g <= most else "DOES NOT HOLD" for g, most in zip(gain, (1 / 1.7, 1.3)))
                lines.append("%s, %s: two threads take %.2f of one; beside a spinning process %.2f%s"
                             % (name, who, gain[0], gain[1], verdict))
    return lines


# ---- The main job and the command ----

def run(command, out=subprocess.DEVNULL, source=None):
    """Wall seconds and peak bytes of a process."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=out, stdin=source or subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise RuntimeError("%s failed" % " ".join(command[:2]))
    return time.perf_counter() - begin, 1024 * usage.ru_maxrss


def train(work, *flags, data=None):
    log, model = os.path.join(work, "run.jsonl"), os.path.join(work, "model.safetensors")
    files = data or ["--train", options.sst2 + "/train.tsv", "--dev", options.sst2 + "/dev.tsv"]
    wall, peak = run([options.build + "/tool/taper", "train", *files, "--quiet", "--out", model, "--log", log, *flags])
    with open(log, encoding="utf-8") as file:
        return wall, peak, json.loads(file.readlines()[-1])


def json_of(*command, threads=1):
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS=str(threads)))
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main_job(work):
    """Returns lines about the job; rows with targets are added."""
    job = Row("main job: files to saved model", None, None)
    phases = []

    def ours(times):
        for _ in range(times):
            wall, peak, end = train(work)
            job.add("Taper", wall, None, peak)
            phases.append(end)
    ours(3 if options.quick else 5)
    rows.append(job)
    lines = []
    if not options.quick and torch:
        for script, who in (("pytorch_lecture.py", "the lecture's way"), ("pytorch_best.py", "EmbeddingBag")):
            note("main job, PyTorch, " + who)
            for found in json_of(options.python, here + "/peers/" + script, options.sst2):
                whole = sum(found[k] for k in ("read", "vectorize", "train"))
                lines.append("PyTorch, %s: read and stem %.2f s, vectorize %.2f s, train %.2f s, dev accuracy %.4f"
                             % (who, found["read"], found["vectorize"], found["train"], found["dev_accuracy"]))
                row = Row("main job against PyTorch, %s, all of it" % who, 1 / 40 if who == "EmbeddingBag" else None)
                row.add("PyTorch", whole)
                rows.append(row)
                if who != "EmbeddingBag":
                    row = Row("main job against %s, training alone" % who, 1 / 100)
                    row.add("PyTorch", found["train"])
                    rows.append(row)
            ours(3)
        note("main job, other programs")
        for found in json_of(options.python, here + "/peers/linear.py", options.sst2):
            if "skipped" in found:
                skip(found["peer"], found["skipped"])
                continue
            targets = {"liblinear": 0.6, "Vowpal Wabbit": 1}
            row = Row("main job against " + found["peer"], targets.get(found["peer"]))
            row.add(found["peer"], found["seconds"])
            rows.append(row)
            lines.append("%s: %.3f s, dev accuracy %.4f" % (found["peer"], found["seconds"], found["dev_accuracy"]))
        ours(2)
    for row in rows:
        if row.name.startswith("main job against"):
            row.runs["Taper"], row.best["Taper"] = job.runs["Taper"], job.best["Taper"]
    seconds = {k: statistics.median(p["seconds"][k] for p in phases) for k in phases[0]["seconds"]}
    accuracy = phases[0].get("best_dev_accuracy") or float("nan")
    lines.insert(0, "taper train: " + ", ".join("%s %.1f ms" % (k, 1e3 * v) for k, v in seconds.items()))
    lines.insert(1, "taper train: peak %.1f MB (at most 20 wanted: %s), dev accuracy %.4f"
                 % (job.peak["Taper"] / 1e6, "holds" if job.peak["Taper"] <= 20e6 else "DOES NOT HOLD", accuracy))
    return lines


def predicting(work):
    """Start to first prediction, and lines a second; the model is the one that main_job has left."""
    model, one, many = (os.path.join(work, n) for n in ("model.safetensors", "one.txt", "many.txt"))
    command = [options.build + "/tool/taper", "predict", model]
    with open(one, "w") as file:
        file.write("a moving and important film\n")
    first = Row("start to first prediction", None, 5e-3)
    for _ in range(11):
        first.add("Taper", run(command + [one])[0])
    rows.append(first)
    empty = statistics.median(run(["true"])[0] for _ in range(11))
    with open(options.sst2 + "/train.tsv", encoding="utf-8") as file:
        words = [w for line in file for w in line.split("\t")[0].split()]
    lines = 100000 if options.quick else 1000000
    random.seed(0)
    with open(many, "w", encoding="utf-8") as file:
        for at in range(0, lines, 10000):
            picked = random.choices(words, k=60000)
            file.writelines(" ".join(picked[i:i + 6]) + "\n" for i in range(0, 60000, 6))
    result = ["start to first prediction: %.1f ms of it are what an empty process takes from here" % (1e3 * empty)]
    for threads in (1, 2):
        took = [run(command + [many, "--threads", str(threads)]) for _ in range(3)]
        rate, peak = lines / statistics.median(t[0] for t in took), max(t[1] for t in took)
        result.append("taper predict, %d lines of 6 words, %d thread%s: %.0f lines a second, peak %.1f MB%s"
                      % (lines, threads, "s" if threads > 1 else "", rate, peak / 1e6, "" if threads == 1 else
                         " (at least 1,000,000 wanted: %s)" % ("holds" if rate >= 1e6 else "DOES NOT HOLD")))
    return result


# ---- The table ----

def short(seconds):
    if seconds is None:
        return "-"
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return "%.3g %s" % (seconds * scale, unit)
    return "%.0f ns" % (seconds * 1e9)


def wanted(row):
    return ", ".join((["%.3g x" % row.target] if row.target else []) + ([short(row.limit)] if row.limit else []))


def table():
    head = ["case", "Taper", "fastest peer", "other peers", "ratio", "best", "target", "holds?", "peak MB", "PyTorch's", "at most?"]
    lines = [head]
    for row in rows:
        if "Taper" not in row.runs:
            continue
        peer, mega = row.fastest_peer(), lambda who: "%.1f" % (row.peak[who] / 1e6) if row.peak.get(who) else ""
        others = sorted(w for w in row.runs if w not in ("Taper", peer))
        lines.append([row.name, short(row.seconds("Taper")), "%s %s" % (peer, short(row.seconds(peer))) if peer else "-",
                      ", ".join("%s %s" % (w, short(row.seconds(w))) for w in others),
                      "%.3f" % row.ratio() if peer else "", "%.3f" % row.best_ratio() if peer else "", wanted(row),
                      row.holds(), mega("Taper"), mega("PyTorch"), row.peak_holds()])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for i, line in enumerate(lines):
        if options.markdown:
            print("| " + " | ".join(line) + " |")
            if i == 0:
                print("|" + "---|" * len(head))
        else:
            print("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip())


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


bounds = json_of(options.build + "/bench/bench_bounds")
said = []
with tempfile.TemporaryDirectory() as work:
    if not options.only or options.only in "main job":
        if os.path.exists(options.sst2 + "/train.tsv"):
            note("main job")
            said += main_job(work)
            said += predicting(work)
        else:
            skip("main job", "no SST-2 (set TAPER_SST2)")
small_cases()
if not options.quick and not options.only:
    note("two threads")
    said += scaling()
bounds += json_of(options.build + "/bench/bench_bounds")
taper.close()
if torch:
    torch.close()

print("\n%s, %d processors; %s" % (processor(), os.cpu_count(), ", ".join("%s %s" % v for v in versions.items()
                                                                        if v[0] != "error")))
for name in ("flops", "memory", "L2"):
    for threads in (1, 2):
        found = [b for b in bounds if b["bound"] == name and b["threads"] == threads]
        if found:
            print("bound: %s, %d thread%s: %.1f %s" % (name, threads, "s" if threads > 1 else "",
                                                      max(b["value"] for b in found), found[0]["unit"]))
print()
table()
print()
for line in said + ["SKIPPED " + s for s in skipped]:
    print(line)
