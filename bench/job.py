"""The rows of whole programs: the main job and its peers, the command's predictions, the lecture, growth."""
import json, os, random, re, statistics, subprocess

from programs import json_of, note, run, skip
from rows import Row
from sentences import write_sentences

here = os.path.dirname(os.path.abspath(__file__))
LECTURE, BEST = "PyTorch, the lecture's way", "PyTorch, EmbeddingBag"
TARGETS = {"liblinear": 0.6, "Vowpal Wabbit": 1, BEST: 1 / 40}


def train(options, work, *flags):
    log, model = os.path.join(work, "run.jsonl"), os.path.join(work, "model.safetensors")
    command = [options.build + "/tool/taper", "train", "--quiet", "--out", model, "--log", log, *flags]
    wall, peak = run(options.build, *command)
    with open(log, encoding="utf-8") as file:
        return wall, peak, json.loads(file.readlines()[-1])


def main_job(options, work, rows, lines):
    """Taper's runs stand between the peers'; a peer that is run several times has its own by turns."""
    job = Row("main job: files to saved model", most_bytes=20e6)
    ends, peers = [], []

    def ours(times):
        for _ in range(times):
            wall, peak, end = train(options, work, "--train", options.sst2 + "/train.tsv", "--dev",
                                    options.sst2 + "/dev.tsv")
            job.add("Taper", wall, None, peak)
            ends.append(end)

    def peer(who, *seconds, name="main job against %s", target=None):
        target = target or TARGETS.get(who)
        peers.append(Row(name % who, {who: target} if target else None))
        for wall in seconds:
            peers[-1].add(who, wall)

    def pytorch(script, who):
        note("main job, " + who)
        for found in json_of(options.python, here + "/peers/" + script, options.sst2):
            peer(who, sum(found[k] for k in ("read", "vectorize", "train")))
            if who == LECTURE:
                peer(who, found["train"], name="main job against %s, its training alone", target=1 / 100)
            lines.append("%s: read and stem %.2f s, vectorize %.2f s, train %.2f s, dev accuracy %.4f"
                         % (who, found["read"], found["vectorize"], found["train"], found["dev_accuracy"]))

    ours(3 if options.quick else 5)
    if not options.quick:
        pytorch("pytorch_lecture.py", LECTURE)
        ours(2)
        pytorch("pytorch_best.py", BEST)
        ours(2)
        if options.libtorch:
            note("main job, libtorch")
            found = min(json_of(options.libtorch, "--job", options.sst2), key=lambda way: way["train"])
            peer("libtorch", found["read"] + found["train"])
            lines.append("libtorch, %s: read %.2f s, train %.2f s (%.0f us a step), dev accuracy %.4f"
                         % (found["way"], found["read"], found["train"], 1e6 * found["step"], found["dev_accuracy"]))
            ours(2)
        note("main job, other programs")
        for found in json_of(options.python, here + "/peers/linear.py", options.sst2, options.build):
            if "skipped" in found:
                skip(found["peer"], found["skipped"])
                continue
            peer(found["peer"], *found["seconds"])
            for wall in found.get("taper", ()):
                peers[-1].add("Taper", wall)
            lines.append("%s: dev accuracy %.4f" % (found["peer"], found["dev_accuracy"]))
    rows.append(job)
    for row in peers:
        if "Taper" not in row.runs:
            row.runs["Taper"], row.best["Taper"] = job.runs["Taper"], job.best["Taper"]
        rows.append(row)
    phases = ("%s %.1f ms" % (k, 1e3 * statistics.median(e["seconds"][k] for e in ends)) for k in ends[0]["seconds"])
    lines.append("taper train: %s; dev accuracy %.4f" % (", ".join(phases), ends[0]["best_dev_accuracy"]))


def predicting(options, work, rows, lines):
    """With the model that main_job has left: the first prediction of a process, and those of many lines."""
    model, one, many = (os.path.join(work, n) for n in ("model.safetensors", "one.txt", "many.txt"))
    command = [options.build, options.build + "/tool/taper", "predict", model]
    with open(one, "w") as file:
        file.write("a moving and important film\n")
    first = Row("start to first prediction", limit=5e-3)
    for _ in range(11):
        first.add("Taper", *run(*command, one)[:1])
    rows.append(first)
    lines.append("start to first prediction: %.1f ms of it are what an empty process takes from here"
                 % (1e3 * statistics.median(run(options.build, "true")[0] for _ in range(11))))
    with open(options.sst2 + "/train.tsv", encoding="utf-8") as file:
        words = [w for line in file for w in line.split("\t")[0].split()]
    count = 100000 if options.quick else 1000000
    random.seed(0)
    with open(many, "w", encoding="utf-8") as file:
        for at in range(0, count, 10000):
            picked = random.choices(words, k=60000)
            file.writelines(" ".join(picked[i:i + 6]) + "\n" for i in range(0, 60000, 6))
    for threads in (1, 2):
        row = Row("taper predict, {:,} lines of 6 words, {}".format(count, counted(threads)),
                  limit=count / 1e6 if threads == 2 else None)
        for _ in range(3):
            wall, peak = run(*command, many, "--threads", str(threads))
            row.add("Taper", wall, None, peak)
        rows.append(row)


def lecture(options, rows):
    """The three trainings of the lecture's example, evaluations included; it says itself what they took."""
    row = Row("lecture example, three trainings", limit=0.3)
    for _ in range(3 if options.quick else 7):
        done = subprocess.run([options.build + "/examples/lecture", options.sst2], capture_output=True, text=True)
        seconds = [float(s) for s in re.findall(r"(?:model|stopping) ([0-9.]+) s\]", done.stderr)]
        if len(seconds) != 3:
            return skip("lecture example", "no times in its output")
        row.add("Taper", sum(seconds))
    rows.append(row)


def growth(options, work, rows):
    """A million sentences against what a tenth of them makes one expect."""
    row = Row("growth: taper train, 1,000,000 sentences", {"10 x 100,000": 1.1})
    files = {count: os.path.join(work, "%d.tsv" % count) for count in (100000, 1000000)}
    for count, path in files.items():
        write_sentences(path, count, 2000)
    for _ in range(5):
        for count, path in files.items():
            wall, peak, _ = train(options, work, "--train", path, "--epochs", "1")
            if count == 1000000:
                row.add("Taper", wall, None, peak)
            else:
                row.add("10 x 100,000", 10 * wall)
    rows.append(row)


def counted(threads):
    return "%d thread%s" % (threads, "s" if threads > 1 else "")
