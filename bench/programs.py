"""Running programs: servers that answer a line with a line, and processes with their time and peak."""
import json, os, subprocess, sys

skipped = []


def note(text):
    print(text, file=sys.stderr, flush=True)


def skip(what, why):
    line = "%s: %s" % (what, why)
    if line not in skipped:
        skipped.append(line)
        note("SKIPPED " + line)


class Server:
    def __init__(self, *command):
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            stderr=subprocess.DEVNULL)
        except OSError:
            self.process = None

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (AttributeError, OSError, ValueError):
            return {"error": "it ended"}

    def close(self):
        try:
            self.process.stdin.close()
        except (AttributeError, OSError):
            pass
        if self.process:
            self.process.wait()


def run(build, *command):
    """Wall seconds and peak bytes of a process."""
    done = subprocess.run([build + "/bench/bench_run", *command], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError("%s failed" % " ".join(command[:2]))
    found = json.loads(done.stdout)
    return found["seconds"], found["peak_bytes"]


def json_of(*command):
    """The JSON lines that a program prints, on one thread."""
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def processor_seconds():
    """Of everybody (with what the host took away), and of this program and those that it has run."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, soft, steal = map(int, file.readline().split()[1:9])
        return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])
    except (OSError, ValueError):
        return 0, 0
