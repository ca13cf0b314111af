"""Draws lecture.svg: the lecture's plain model in Taper and in PyTorch, and the seconds that each takes.

usage: make_picture.py LECTURE_OUTPUT PYTORCH_OUTPUT TAPER_SECONDS PYTORCH_SECONDS > lecture.svg

The outputs are what `lecture` and the Python program print; the seconds are those of the plain model's training.
"""
import re, sys


def curve(path):
    text = open(path, encoding="utf-8").read().split("Regularized model")[0]
    points, epoch = [], -1
    for line in text.splitlines():
        if line.startswith("Epoch ") and line[6:].strip().isdigit():
            epoch += 1
        found = re.match(r"\tStep (\d+) mean training loss: ([0-9.]+)", line)
        if found:
            points.append((epoch * 4210 + int(found[1]), float(found[2])))
    return points


ours, theirs = curve(sys.argv[1]), curve(sys.argv[2])
fast, slow = float(sys.argv[3]), float(sys.argv[4])
W, H, left, top, width, height = 860, 330, 70, 50, 430, 220
low, high, steps = 0.2, 0.6, 8420


def x(step):
    return left + width * step / steps


def y(loss):
    return top + height * (high - loss) / (high - low)


out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13" '
       'fill="#333">' % (W, H), '<rect width="%d" height="%d" fill="#fff"/>' % (W, H)]
say = out.append
say('<text x="%d" y="28" font-size="15" font-weight="bold">Training loss on SST-2, seed 0</text>' % left)
for i in range(5):
    loss = low + (high - low) * i / 4
    say('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#e4e4e4"/>' % (left, left + width, y(loss), y(loss)))
    say('<text x="%d" y="%.1f" text-anchor="end">%.1f</text>' % (left - 8, y(loss) + 4, loss))
for step in range(0, 8001, 2000):
    say('<text x="%.1f" y="%d" text-anchor="middle">%d</text>' % (x(step), top + height + 20, step))
say('<text x="%.1f" y="%d" text-anchor="middle">steps of 16 sentences</text>' % (left + width / 2, top + height + 40))
say('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="#bbb" stroke-dasharray="3 4"/>'
    % (x(4210), x(4210), top, top + height))
say('<polyline fill="none" stroke="#d9822b" stroke-width="2.5" points="%s"/>'
    % " ".join("%.1f,%.1f" % (x(s), y(l)) for s, l in ours))
for s, l in theirs:
    say('<circle cx="%.1f" cy="%.1f" r="4.5" fill="none" stroke="#2b6cb0" stroke-width="1.5"/>' % (x(s), y(l)))
say('<line x1="330" x2="360" y1="72" y2="72" stroke="#d9822b" stroke-width="2.5"/><text x="368" y="76">Taper</text>')
say('<circle cx="345" cy="94" r="4.5" fill="none" stroke="#2b6cb0" stroke-width="1.5"/>'
    '<text x="368" y="98">PyTorch</text>')
bar, room = 560, 210
say('<text x="%d" y="28" font-size="15" font-weight="bold">Seconds for these two epochs</text>' % bar)
for i, (name, seconds, colour) in enumerate((("PyTorch, the slides' way", slow, "#2b6cb0"), ("Taper", fast, "#d9822b"))):
    at = 70 + 80 * i
    say('<text x="%d" y="%d">%s</text>' % (bar, at, name))
    say('<rect x="%d" y="%d" width="%.2f" height="26" fill="%s"/>' % (bar, at + 8, max(room * seconds / slow, 1), colour))
    say('<text x="%.1f" y="%d">%s s</text>' % (bar + max(room * seconds / slow, 1) + 8, at + 26,
                                               ("%.1f" if seconds >= 1 else "%.3f") % seconds))
say('<text x="%d" y="240" font-size="28" font-weight="bold" fill="#d9822b">%.0f times faster</text>'
    % (bar, slow / fast))
say('<text x="%d" y="262">with the same losses to six decimals</text>' % bar)
say("</svg>")
print("\n".join(out))
