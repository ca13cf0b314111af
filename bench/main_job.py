"""The main job: SST-2's files to a trained, evaluated, saved model; Taper against the slides' way in PyTorch.

usage: main_job.py BUILD SST2 [PYTHON]    PYTHON: an interpreter with torch, scikit-learn and nltk
"""
import json, os, statistics, subprocess, sys, tempfile, time

build, data = sys.argv[1], sys.argv[2]
python = sys.argv[3] if len(sys.argv) > 3 else sys.executable
here = os.path.dirname(os.path.abspath(__file__))


def taper():
    """Wall seconds, peak memory in MB, and the log's last line."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "run.jsonl")
        command = [build + "/tool/taper", "train", "--train", data + "/train.tsv", "--dev", data + "/dev.tsv",
                   "--quiet", "--out", os.path.join(folder, "model.safetensors"), "--log", log]
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        if status:
            sys.exit("taper train failed with status %d" % status)
        with open(log, encoding="utf-8") as file:
            end = json.loads(file.readlines()[-1])
        return wall, usage.ru_maxrss / 1024, end


def peer():
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    command = [python, os.path.join(here, "peers", "pytorch_lecture.py"), data]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        return None
    return json.loads(done.stdout.splitlines()[-1])


runs = [taper() for _ in range(5)]
other = peer()
runs += [taper() for _ in range(5)]
wall = statistics.median(r[0] for r in runs)
memory = max(r[1] for r in runs)
print("main job, SST-2: read, stem, vectorize, 2 epochs, evaluate, save")
print("  taper train              %8.3f s (median of %d, best %.3f), peak %.1f MB, dev accuracy %.4f"
      % (wall, len(runs), min(r[0] for r in runs), memory, runs[0][2].get("best_dev_accuracy", float("nan"))))
if other is None:
    print("  PyTorch: not measured (%s has no torch, scikit-learn or nltk; set TAPER_PYTHON)" % python)
else:
    print("  PyTorch %s, training alone, 1 thread  %8.3f s, dev accuracy %.4f"
          % (other["torch"], other["train"], other["dev_accuracy"]))
    print("  PyTorch, read and stem (cached) %.3f s, vectorize %.3f s" % (other["read"], other["vectorize"]))
    ratio = other["train"] / wall
    print("  the whole of Taper against PyTorch's training alone: %.0f times faster (wanted 100: %s)"
          % (ratio, "holds" if ratio >= 100 else "DOES NOT HOLD"))
print("  memory below 64 MB: %s" % ("holds" if memory < 64 else "DOES NOT HOLD"))
