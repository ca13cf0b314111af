"""Writes loader.h: the orders that torch.utils.data gives from known seeds, and where the streams stand afterwards.

Each line is {kind, n, batch size, drop_last, seed, epochs, expected}; `expected` is the text of all batches of all
epochs ("|" between batches, "/" between epochs) and, last, the next random 64-bit words of the streams.
"""
import os

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch
from torch.utils.data import (ConcatDataset, DataLoader, RandomSampler, Subset, SubsetRandomSampler, TensorDataset,
                              random_split)

torch.set_num_threads(1)
lines = []


def data(n):
    return TensorDataset(torch.arange(n), torch.arange(n) * 10)


def show(loader, breaks):
    parts = []
    for X, y in loader:
        assert (y == X * 10).all()
        parts.append(",".join(str(int(x)) for x in X))
        if breaks and len(parts) == breaks:
            break
    return "|".join(parts)


def word(generator=None):
    return int(torch.empty((), dtype=torch.int64).random_(generator=generator))


def add(kind, n, batch, drop, seed, epochs=2, breaks=0):
    torch.manual_seed(seed)
    own = torch.Generator()
    own.manual_seed(seed + 1)
    dataset = data(n)
    options = dict(batch_size=batch, drop_last=drop)
    if kind in ("shuffle", "break"):
        options["shuffle"] = True
    if kind in ("own", "own-break"):
        options.update(shuffle=True, generator=own)
    if kind == "random":
        options["sampler"] = RandomSampler(dataset, replacement=True, num_samples=n + 3)
    if kind == "random-own":
        options.update(sampler=RandomSampler(dataset, replacement=True, num_samples=n + 3, generator=own),
                       generator=own)
    if kind == "subset-random-own":
        options.update(sampler=SubsetRandomSampler(list(range(1, n, 2)), generator=own), generator=own)
    if kind == "subset-random":
        options["sampler"] = SubsetRandomSampler(list(range(1, n, 2)))
    text = []
    if kind == "split":
        parts = random_split(dataset, [n // 2, n - n // 2])
        text = [show(DataLoader(part, shuffle=True, **options), 0) for part in parts]
    elif kind == "split-own":
        parts = random_split(dataset, [n // 2, n - n // 2], generator=own)
        text = [show(DataLoader(part, shuffle=True, **options), 0) for part in parts]
    elif kind == "concat":
        joined = ConcatDataset([Subset(dataset, [3, 1, 2]), data(n), Subset(dataset, [0])])
        text = [show(DataLoader(joined, shuffle=True, **options), 0) for _ in range(epochs)]
    else:
        loader = DataLoader(dataset, **options)
        text = [show(loader, breaks) for _ in range(epochs)]
    lines.append('{"%s", %d, %d, %s, %d, %d, %d,\n "%s", %dLL, %dLL},' % (
        kind, n, batch, "true" if drop else "false", seed, epochs, breaks, "/".join(text), word(), word(own)))


for seed in (0, 42, 2**31 + 5):
    for n, batch in ((10, 3), (17, 4), (64, 16), (5, 8), (1, 1)):
        for drop in (False, True):
            for kind in ("plain", "shuffle", "own"):
                add(kind, n, batch, drop, seed, 3)
    for n, batch in ((10, 3), (40, 7)):
        for kind in ("random", "random-own", "subset-random", "subset-random-own", "split", "split-own", "concat"):
            add(kind, n, batch, False, seed)
        add("break", n, batch, False, seed, 3, 2)
        add("own-break", n, batch, False, seed, 3, 2)
add("shuffle", 1000, 33, True, 7, 1)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "loader.h"), "w") as out:
    out.write("/* Written by loader.py: kind, n, batch, drop_last, seed, epochs, breaks, batches, next words. */\n")
    out.write("\n".join(lines) + "\n")
