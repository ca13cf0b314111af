"""A row of the benchmarks' table: who took how long, what is wanted, and whether it holds."""
import statistics


class Row:
    """targets: {peer: the largest ratio of Taper's time to the peer's}; the peer None is the fastest of all. limit: the
    longest time of Taper's, in seconds. most_bytes: its largest peak; without it, PyTorch's."""

    def __init__(self, name, targets=None, limit=None, most_bytes=None):
        self.name, self.targets, self.limit, self.most_bytes = name, targets or {}, limit, most_bytes
        self.runs = {}  # who: seconds of each round
        self.best = {}
        self.peak = {}

    def add(self, who, seconds, best=None, peak=None):
        self.runs.setdefault(who, []).append(seconds)
        self.best[who] = min(self.best.get(who, best or seconds), best or seconds)
        if peak is not None:
            self.peak[who] = max(self.peak.get(who, 0), peak)
        return self

    def seconds(self, who):
        return statistics.median(self.runs[who])

    def peers(self):
        """The fastest first."""
        return sorted((who for who in self.runs if who != "Taper"), key=self.seconds)

    def named(self, who):
        return who or next(iter(self.peers()), None)

    def ratio(self, who):
        return self.seconds("Taper") / self.seconds(who)

    def compared(self):
        """The fastest peer, and the others that a target speaks of."""
        peers = self.peers()
        return peers[:1] + [who for who in peers[1:] if who in self.targets]

    def holds(self):
        targets = ((self.named(who), most) for who, most in self.targets.items())
        known = [self.ratio(who) <= most for who, most in targets if who in self.runs]
        if self.limit is not None:
            known.append(self.seconds("Taper") <= self.limit)
        return "" if not known else "yes" if all(known) else "NO"

    def most_peak(self):
        return self.most_bytes or self.peak.get("PyTorch")

    def peak_holds(self):
        """Resident sets are known to about half a megabyte."""
        if "Taper" not in self.peak or not self.most_peak():
            return ""
        return "yes" if self.peak["Taper"] <= self.most_peak() + (0 if self.most_bytes else 0.5e6) else "NO"

    def cells(self):
        compared, several = self.compared(), len(self.compared()) > 1
        wanted = ["%.3g x%s" % (most, " " + who if who and len(self.peers()) > 1 else "")
                  for who, most in self.targets.items()]
        return [self.name, short(self.seconds("Taper")),
                ", ".join("%s %s" % (who, short(self.seconds(who))) for who in self.peers()),
                ", ".join("%.3f%s" % (self.ratio(who), " " + who if several else "") for who in compared),
                ", ".join("%.3f" % (self.best["Taper"] / self.best[who]) for who in compared),
                ", ".join(wanted + ([short(self.limit)] if self.limit is not None else [])), self.holds(),
                mega(self.peak.get("Taper")), mega(self.most_peak()) if "Taper" in self.peak else "", self.peak_holds()]


HEAD = ["case", "Taper", "peers, the fastest first", "ratio", "best", "target", "holds?", "peak MB", "at most",
        "holds?"]


def short(seconds):
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return "%.3g %s" % (seconds * scale, unit)
    return "%.3g ns" % (seconds * 1e9)


def mega(count):
    return "%.1f" % (count / 1e6) if count else ""


def plain(rows):
    lines = [HEAD] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines)


def markdown(rows):
    lines = [HEAD, ["---"] * len(HEAD)] + [row.cells() for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
