"""SST-2 with the linear classifiers that are here: scikit-learn, liblinear, fastText and Vowpal Wabbit.

usage: linear.py DIR [BUILD]    prints a JSON line for each: {"peer": ..., "seconds": [...], "dev_accuracy": ...} or
                                {"peer": ..., "skipped": why}; with a build folder of Taper, "taper": [...] are
                                seconds of `taper train` by turns with the peer

Seconds of scikit-learn: reading, stems (remembered), counting and training; its "training" is training alone. Those of
the programs are the wall time of the whole process: Vowpal Wabbit and fastText on raw text (labels rewritten in their
form, which does not count), liblinear on a file of counts that was made before.
"""
import csv, json, os, re, shutil, subprocess, sys, tempfile, time

folder, build = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None


def read(part):
    with open(os.path.join(folder, part + ".tsv"), encoding="utf-8", newline="") as file:
        return [(row["sentence"], int(row["label"])) for row in csv.DictReader(file, delimiter="\t")]


def say(peer, **values):
    print(json.dumps(dict(values, peer=peer)), flush=True)


def seconds_of(command):
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1:] or command[0])
    return seconds, done.stdout


def taper():
    command = [build + "/tool/taper", "train", "--train", folder + "/train.tsv", "--dev", folder + "/dev.tsv",
               "--quiet", "--out", os.path.join(work, "taper.safetensors")]
    return seconds_of(command)[0]


def by_turns(command, says=False, runs=5):
    """Wall times of a few runs, or what their output says they are, and Taper's."""
    ours, theirs = [], []
    for _ in range(runs):
        ours += [taper()] if build else []
        seconds, out = seconds_of(command)
        theirs.append(float(out) if says else seconds)
    return {"seconds": theirs, "taper": ours}


def scikit(counts_to):
    """scikit-learn; writes the counts for liblinear on the way."""
    from nltk.stem import PorterStemmer
    from sklearn.datasets import dump_svmlight_file
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    begin = time.perf_counter()
    stem, known, parts = PorterStemmer().stem, {}, []
    for part in ("train", "dev"):
        rows = read(part)
        for text, _ in rows:
            for word in text.split():
                if word not in known:
                    known[word] = stem(word)
        parts.append(([" ".join(known[w] for w in t.split()) for t, _ in rows], [y for _, y in rows]))
    (train, y), (dev, dev_y) = parts
    vectorizer = CountVectorizer()
    X, dev_X = vectorizer.fit_transform(train), vectorizer.transform(dev)
    prepared = time.perf_counter() - begin
    for name, model in (("SGDClassifier, 2 epochs", SGDClassifier(loss="log_loss", max_iter=2, tol=None)),
                        ("LogisticRegression, liblinear", LogisticRegression(solver="liblinear", tol=1e-2))):
        begin = time.perf_counter()
        model.fit(X, y)
        training = time.perf_counter() - begin
        say("scikit-learn " + name, seconds=[prepared + training], training=training,
            dev_accuracy=model.score(dev_X, dev_y))
    dump_svmlight_file(X, y, counts_to[0], zero_based=False)
    dump_svmlight_file(dev_X, dev_y, counts_to[1], zero_based=False)


def liblinear(counts, model):
    program = shutil.which("liblinear-train")
    if not program:
        return say("liblinear", skipped="no liblinear-train (Debian: liblinear-tools)")
    if not os.path.exists(counts[0]):
        return say("liblinear", skipped="no scikit-learn to make the file of counts")
    seconds = by_turns([program, "-s", "0", "-e", "0.01", "-q", counts[0], model])
    out = subprocess.run([shutil.which("liblinear-predict"), counts[1], model, os.devnull], capture_output=True,
                         text=True).stdout
    found = re.search(r"([0-9.]+)%", out)
    say("liblinear", **seconds, dev_accuracy=float(found[1]) / 100 if found else None)


def fasttext(work):
    program = shutil.which("fasttext")
    if not program:
        return say("fastText", skipped="no fasttext (Debian: fasttext)")
    for part in ("train", "dev"):
        with open(os.path.join(work, part), "w", encoding="utf-8") as file:
            file.writelines("__label__%d %s\n" % (y, t) for t, y in read(part))
    model = os.path.join(work, "model")
    seconds = by_turns([program, "supervised", "-input", os.path.join(work, "train"), "-output", model, "-dim", "1",
                        "-epoch", "2", "-lr", "0.5", "-thread", "1", "-verbose", "0"])
    out = subprocess.run([program, "test", model + ".bin", os.path.join(work, "dev")], capture_output=True,
                         text=True).stdout
    found = re.search(r"P@1\s+([0-9.]+)", out)
    say("fastText", **seconds, dev_accuracy=float(found[1]) if found else None)


IN_PYTHON = """
import sys, time
from vowpalwabbit import Workspace
begin = time.perf_counter()
Workspace(arg_list=sys.argv[1:]).finish()
print(time.perf_counter() - begin)
"""


def vowpal(work):
    """The program; or its library by way of Python, with the same arguments, without Python's start."""
    python = [os.environ.get("TAPER_VW", sys.executable), "-c", IN_PYTHON]
    program = [shutil.which("vw")] if shutil.which("vw") else python
    if program is python and subprocess.run(python[:2] + ["import vowpalwabbit"], capture_output=True).returncode:
        return say("Vowpal Wabbit", skipped="no vw, and no vowpalwabbit in Python (pip; TAPER_VW names it)")
    for part in ("train", "dev"):
        with open(os.path.join(work, part + ".vw"), "w", encoding="utf-8") as file:
            file.writelines("%d | %s\n" % (2 * y - 1, t.replace(":", " ").replace("|", " ")) for t, y in read(part))
    model, cache, answers = (os.path.join(work, name) for name in ("model.vw", "cache", "answers"))
    seconds = by_turns(program + ["-d", os.path.join(work, "train.vw"), "--loss_function", "logistic", "--passes", "2",
                                  "--holdout_off", "--cache_file", cache, "-k", "-f", model, "--quiet"],
                       program is python)
    subprocess.run(program + ["-d", os.path.join(work, "dev.vw"), "-t", "-i", model, "-p", answers, "--quiet"],
                   stdout=subprocess.DEVNULL)
    with open(answers) as file:
        right = [(float(line.split()[0]) > 0) == (y == 1) for line, (_, y) in zip(file, read("dev"))]
    say("Vowpal Wabbit", **seconds, dev_accuracy=sum(right) / len(right))


with tempfile.TemporaryDirectory() as work:
    counts = os.path.join(work, "train.svm"), os.path.join(work, "dev.svm")
    for name, peer in (("scikit-learn", lambda: scikit(counts)),
                       ("liblinear", lambda: liblinear(counts, os.path.join(work, "model"))),
                       ("fastText", lambda: fasttext(work)), ("Vowpal Wabbit", lambda: vowpal(work))):
        try:
            peer()
        except (ImportError, OSError, RuntimeError) as error:
            say(name, skipped=str(error))
