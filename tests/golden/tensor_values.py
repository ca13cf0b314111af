"""Writes tensor_values.txt: the elements of ranges, and of random tensors filled in memory order.

A record is one line: kind dtype a b c n hash. The arguments are hexadecimal doubles; hash is FNV-1a over the bytes of
the n elements in logical order. Kinds: arange and linspace (start, end, step or steps), and uniform, normal and
bernoulli (a, b: the distribution's numbers, c: the seed) into one of the strided tensors that the test names.
"""
import os
import random

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import torch

torch.set_num_threads(1)
DTYPES = {"uint8": torch.uint8, "int32": torch.int32, "int64": torch.int64,
          "float32": torch.float32, "float64": torch.float64}


def fnv(t):
    h = 0xCBF29CE484222325
    for byte in t.contiguous().numpy().tobytes():
        h = ((h ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return "%016x" % h


def views(dtype):
    yield "transposed", torch.zeros(5, 7, dtype=dtype).t()
    yield "sliced", torch.zeros(6, 8, dtype=dtype)[1:5, 2:7]
    yield "permuted", torch.zeros(2, 3, 4, dtype=dtype).permute(2, 0, 1)
    yield "contiguous", torch.zeros(3, 9, dtype=dtype)


def main():
    r = random.Random(7)
    out = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tensor_values.txt"), "w")

    def write(kind, dtype, a, b, c, t):
        out.write("%s %s %s %s %s %d %s\n" % (kind, dtype, float(a).hex(), float(b).hex(), float(c).hex(), t.numel(),
                                             fnv(t)))

    for number in range(600):
        dtype = r.choice(["float32", "float64"])
        step = r.choice([0.1, 0.01, 1.0, 3.0, r.random() * 2 + 1e-3, -r.random() - 1e-3, 1 / 3])
        start = r.choice([0.0, 1.0, -0.5, r.gauss(0, 10)])
        end = start + step * r.choice([0, 1, 5, 8, 15, 16, 17, 31, 100, 1000]) + step * r.choice([0, 0.5])
        write("arange", dtype, start, end, step, torch.arange(start, end, step, dtype=DTYPES[dtype]))
    for number in range(100):
        dtype = r.choice(["uint8", "int32", "int64"])
        start, step = r.randint(0, 20), r.randint(1, 5)
        end = start + r.randint(0, 40)
        write("arange", dtype, start, end, step, torch.arange(start, end, step, dtype=DTYPES[dtype]))
    for number in range(600):
        dtype = r.choice(["float32", "float64"])
        start, end = r.choice([0.0, -1.0, r.gauss(0, 5)]), r.choice([1.0, 10.0, r.gauss(0, 50)])
        steps = r.choice([0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50, 100, 1001])
        write("linspace", dtype, start, end, steps, torch.linspace(start, end, steps, dtype=DTYPES[dtype]))
    for dtype in ("float32", "float64"):
        for seed in range(5):
            for name, t in views(DTYPES[dtype]):
                for kind in ("uniform", "normal", "bernoulli"):
                    torch.manual_seed(seed)
                    if kind == "uniform":
                        t.uniform_(-0.3, 1.7)
                    elif kind == "normal":
                        t.normal_(0.5, 2.0)
                    else:
                        t.bernoulli_(0.3)
                    a, b = {"uniform": (-0.3, 1.7), "normal": (0.5, 2.0), "bernoulli": (0.3, 0)}[kind]
                    write(kind + "-" + name, dtype, a, b, seed, t)
    out.close()


main()
