"""Cases with lists of numbers, several outputs and second gradients, in the form that tests/index_cases.h reads.

A case is a run of items: "op NAME NUMBER...", perhaps "text ...", its inputs (as in operation_cases.py), an "out" for each
output, then "weight SEED", the "grad I" of each input and, for float64, "grad2 I". What is differentiated is the sum over
all floating outputs k of output * (uniform(SEED + k) + 0.5); the second gradients are those of the sum over all inputs i
of grad i * (uniform(SEED + 100 + i) + 0.5), with respect to input I, or for I >= 50 to the weights of output I - 50.
Written with PyTorch 2.13.0, ATEN_CPU_CAPABILITY=avx2, one thread."""
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch

import pack
from operation_cases import NAMES, Input, Items  # noqa: F401

F, D = torch.float32, torch.float64
I64, I32, U8, B = torch.int64, torch.int32, torch.uint8, torch.bool


def uniform(shape, dtype, seed, low=0.0, high=1.0):
    t = torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype) * (high - low)
    return t + low


class Cases(Items):
    def __init__(self):
        super().__init__()
        self.count = 0

    def input(self, i):
        self.seed += 1
        made = i.values is None and i.dtype.is_floating_point
        if i.values is not None:
            t = torch.tensor(i.values, dtype=i.dtype).reshape(i.shape)
        elif made:
            t = uniform(i.shape, i.dtype, self.seed, i.low, i.high)
        else:
            g = torch.Generator().manual_seed(self.seed)
            t = torch.randint(int(i.low), int(i.high), i.shape, generator=g).to(i.dtype)
        words = ["in", NAMES[i.dtype], int(i.grad), int(not made), self.seed, float(i.low), float(i.high), len(i.shape),
                 *i.shape, *i.perm]
        self.items.append((" ".join(map(str, words)), b"" if made else t.numpy().tobytes()))
        t = t.permute(i.perm).detach()
        return t.requires_grad_() if i.grad else t

    def add(self, name, function, inputs, numbers=(), text=None, second=True):
        self.count += 1
        self.items.append((" ".join(["op", name] + [repr(float(n)) for n in numbers]), b""))
        if text is not None:
            self.items.append(("text " + text, b""))
        tensors = [self.input(i) for i in inputs]
        out = function(*tensors)
        outs = list(out) if isinstance(out, (tuple, list)) else [out]
        for o in outs:
            self.put("out", o)
        roots = [(k, o) for k, o in enumerate(outs) if o.requires_grad]
        wanted = [(k, t) for k, t in enumerate(tensors) if t.requires_grad]
        if not roots:
            return
        self.items.append((f"weight {self.seed + 1000}", b""))
        weights = [(uniform(o.shape, o.dtype, self.seed + 1000 + k) + 0.5).requires_grad_() for k, o in roots]
        second = second and roots[0][1].dtype == D
        grads = torch.autograd.grad([o for _, o in roots], [t for _, t in wanted], weights, create_graph=second,
                                    allow_unused=True)
        z = 0
        for (k, t), g in zip(wanted, grads):
            g = torch.zeros_like(t) if g is None else g
            self.put(f"grad {k}", g)
            z = z + (g * (uniform(g.shape, g.dtype, self.seed + 1100 + k) + 0.5)).sum()
        if not second or not z.requires_grad:
            return
        targets = wanted + [(50 + k, w) for (k, _), w in zip(roots, weights)]
        for (k, t), g in zip(targets, torch.autograd.grad(z, [t for _, t in targets], allow_unused=True)):
            self.put(f"grad2 {k}", torch.zeros_like(t) if g is None else g)

    def write(self, name):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
        self.items.append(("op end", b""))
        pack.write(path, self.items)
        print(path, self.count, "cases", os.path.getsize(path), "bytes")


torch.set_num_threads(1)
