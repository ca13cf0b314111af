"""Writes print.txt: random tensors with the text that PyTorch prints for them.

A record is one line of fields, the expected text of as many bytes as the line's last field says, and a line end:
  dtype layout flags precision threshold edge_items line_width ndim sizes... seed count values... length
layout is d (dense), t (dense, the sizes' transpose in memory) or c (CSR, made from the dense matrix).
flags: 1 requires_grad, 2 a history CloneBackward0, 4 a parameter.
values are bit patterns in hexadecimal. When there are fewer than elements, element i (in memory order) is
values[splitmix64(seed + i) % count].
"""
import math
import os
import random
import struct

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch

torch.set_num_threads(1)
MASK = (1 << 64) - 1
DTYPES = {"bool": torch.bool, "uint8": torch.uint8, "int32": torch.int32, "int64": torch.int64,
          "float32": torch.float32, "float64": torch.float64}
CODES = {"bool": "B", "uint8": "B", "int32": "i", "int64": "q", "float32": "f", "float64": "d"}


def splitmix64(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def bits(dtype, value):
    raw = struct.pack("<" + CODES[dtype], value)
    return "%x" % int.from_bytes(raw, "little")


def make_value(r, dtype, kind, scale):
    if dtype == "bool":
        return int(r.random() < 0.5)
    if dtype in ("uint8", "int32", "int64"):
        low, high = {"uint8": (0, 255), "int32": (-2**31, 2**31 - 1), "int64": (-2**63, 2**63 - 1)}[dtype]
        limit = 10 ** (scale + 6)
        return r.randint(max(low, -limit), min(high, limit))
    if kind == 0:
        value = float(round(r.gauss(0, 1) * 10 ** max(0, scale)))
    elif kind == 1:
        value = r.random()
    elif kind == 2:
        value = 0.0 if r.random() < 0.5 else r.gauss(0, 1) * 10.0 ** scale
    elif kind == 3:
        value = r.choice([float("inf"), float("-inf"), float("nan"), -0.0, 0.0]) if r.random() < 0.3 \
            else r.gauss(0, 1) * 10.0 ** scale
    elif kind == 4:
        value = r.choice([float("inf"), float("nan"), -0.0]) if r.random() < 0.3 else float(r.randint(-1200, 1200))
    elif kind == 5:
        value = r.gauss(0, 1) * 10.0 ** r.randint(-40, 37)
    elif kind == 6:
        value = r.choice([1e-4, 9.99e-5, 1e8, 1.0000001e8, 0.1, 1000.0, 1.0, 99.9, 0.99995, 0.00005, 2.5, 0.125])
    else:
        value = r.gauss(0, 1) * 10.0 ** scale
    return struct.unpack("<f", struct.pack("<f", value))[0] if dtype == "float32" else value


def main():
    r = random.Random(20240607)
    out = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "print.txt"), "wb")
    for number in range(1800):
        large = number % 14 == 0
        dtype = r.choice(list(DTYPES) + ["float32", "float64"])
        layout = r.choices("dtc", [8, 2, 2])[0]
        if large:
            shape = r.choice([(1001,), (1000,), (40, 30), (2, 600), (9, 11, 13), (1, 1200), (1500, 1), (3, 4, 5, 20),
                              (7, 7, 30), (6, 6, 30), (1001, 1, 1), (8, 7, 9, 8), (120, 9)])
        else:
            shape = (1000,)
            while math.prod(shape) > 200:
                shape = tuple(r.choice([0, 1, 1, 2, 2, 3, 3, 5, 7, 8, 12]) if r.random() < 0.96 else r.choice([30, 60])
                              for _ in range(r.randrange(0, 5)))
        if layout == "c":
            shape = (r.choice([0, 1, 2, 3, 5, 40]), r.choice([1, 2, 3, 6, 30]))
            if dtype == "bool":
                dtype = "float32"
        precision, threshold, edge, width = 4, 1000, 3, 80
        if r.random() < 0.2:
            precision, threshold = r.choice([0, 1, 2, 6, 10]), r.choice([0, 5, 20, 1000])
            edge, width = r.choice([0, 1, 2, 4]), r.choice([20, 40, 60, 120])
        numel = math.prod(shape)
        kind, scale = r.randrange(8), r.randint(-6, 9)
        count = numel if numel <= 24 else 16
        values = [make_value(r, dtype, kind, scale) for _ in range(count)]
        if layout == "c":
            values = [v if r.random() < 0.5 else type(v)(0) for v in values]
        seed = r.getrandbits(32)
        elements = values if count == numel else [values[splitmix64((seed + i) & MASK) % count] for i in range(numel)]
        memory_shape = shape[::-1] if layout == "t" else shape
        t = torch.tensor(elements, dtype=DTYPES[dtype]).reshape(memory_shape)
        if layout == "t" and shape:
            t = t.permute(*range(t.dim() - 1, -1, -1))
        if layout == "c":
            t = t.to_sparse_csr()
        flags = 0
        if dtype.startswith("float") and r.random() < 0.4:
            flags = 1
            t.requires_grad_()
            if r.random() < 0.5:
                flags = 3
                t = t.clone()
            elif layout != "c" and r.random() < 0.5:
                flags = 5
                t = torch.nn.Parameter(t.detach())
        torch.set_printoptions(precision=precision, threshold=threshold, edgeitems=edge, linewidth=width)
        expected = repr(t).encode()
        torch.set_printoptions(profile="default")
        fields = [dtype, layout, flags, precision, threshold, edge, width, len(shape), *shape, seed, count,
                  *[bits(dtype, v) for v in values], len(expected)]
        out.write(" ".join(map(str, fields)).encode() + b"\n" + expected + b"\n")
    out.close()


main()
