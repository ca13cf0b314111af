"""What the programs beside this file share: the command line, one thread, the time that training takes."""
import argparse
import sys
import time

import torch


def arguments(**more):
    """--steps N and SEED; `more` names options that take a path."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    for name, text in more.items():
        parser.add_argument("--" + name, help=text)
    given = parser.parse_args()
    torch.set_num_threads(1)
    # The first step of an optimizer imports much of PyTorch, which is no part of training.
    w = torch.zeros(1, requires_grad=True)
    adam = torch.optim.Adam([w])
    w.sum().backward()
    adam.step()
    adam.zero_grad()
    torch.manual_seed(given.seed)
    return given


class Log:
    """The losses of the first steps, if they were asked for."""

    def __init__(self, steps):
        self.steps, self.done = steps, 0

    def full(self, *what):
        """Prints a step's loss; whether it was the last one."""
        self.done += 1
        if self.steps:
            print(*what[:-1], "%.9g" % what[-1])
        return self.done == self.steps


class Clock:
    def __enter__(self):
        self.begin = time.monotonic()

    def __exit__(self, *_):
        sys.stdout.flush()
        print("[training %.4f s]" % (time.monotonic() - self.begin), file=sys.stderr)
