"""Cases of operations computed by PyTorch, in the form that tests/operation_cases.h reads.

A case is a run of items: "op NAME NUMBER...", then its inputs, "out", "node", "weight" (the seed of the gradient that
goes in, uniform + 0.5) and "grad I". "also O SEED" is the gradient of output O, where there are several. "seed2 SEED"
says that the gradients, weighted by uniform + 0.5 (SEED + I for input I), are differentiated again: "grad2 I", and
"grad2 4" with respect to the gradient that went in. Without "node", its name is not compared. Inputs are made from a seed, low + (high - low) * uniform, so that they need no bytes; or have bytes.
PERM says in which order the dimensions of the array in memory become those of the input. Written with PyTorch 2.13.0,
ATEN_CPU_CAPABILITY=avx2, one thread."""
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch

import pack

torch.set_num_threads(1)
assert torch.__version__.startswith("2.13.")
NAMES = {torch.float32: "f32", torch.float64: "f64", torch.int64: "i64", torch.bool: "bool", torch.int32: "i32",
         torch.uint8: "u8"}


class Input:
    def __init__(self, shape=(), dtype=torch.float32, low=-1.0, high=1.0, perm=None, grad=None, values=None):
        self.shape, self.dtype, self.low, self.high = tuple(shape), dtype, low, high
        self.perm = tuple(perm) if perm is not None else tuple(range(len(self.shape)))
        self.grad = dtype.is_floating_point if grad is None else grad
        self.values = values


class Cases:
    def __init__(self):
        self.items, self.seed = [], 0

    def add(self, name, function, inputs, numbers=(), second=False, node=True):
        self.items.append((" ".join(["op", name] + [repr(float(n)) for n in numbers]), b""))
        tensors = []
        for i in inputs:
            self.seed += 1
            if i.values is not None:
                t = torch.tensor(i.values, dtype=i.dtype).reshape(i.shape)
                data = t.numpy().tobytes()
            elif i.dtype.is_floating_point:
                g = torch.Generator().manual_seed(self.seed)
                t = torch.rand(i.shape, generator=g, dtype=i.dtype) * (i.high - i.low)
                t = t + i.low
                data = b""
            else:
                g = torch.Generator().manual_seed(self.seed)
                t = torch.randint(int(i.low), int(i.high), i.shape, generator=g).to(i.dtype)
                data = t.numpy().tobytes()
            t = t.permute(i.perm).detach()
            if i.grad:
                t.requires_grad_()
            tensors.append(t)
            words = ["in", NAMES[i.dtype], int(i.grad), int(i.values is not None or not i.dtype.is_floating_point),
                     self.seed, float(i.low), float(i.high), len(i.shape), *i.shape, *i.perm]
            self.items.append((" ".join(map(str, words)), data))
        out = function(*tensors)
        results = out if isinstance(out, tuple) else (out,)
        for r in results:
            self.put("out", r)
        outs, out = results, results[0]
        if out.grad_fn is None:
            return
        # Division by a number is the same operation as by a tensor; nll_loss of 3 dimensions shows a view of 4.
        name = out.grad_fn.name().replace("DivBackward1", "DivBackward0").replace("ViewBackward0", "NllLoss2DBackward0")
        if node:
            self.items.append(("node " + name, b""))
        g = torch.Generator().manual_seed(self.seed + 1000)
        weight = torch.rand(out.shape, generator=g, dtype=out.dtype) + 0.5
        self.items.append((f"weight {self.seed + 1000}", b""))
        roots, weights = [out], [weight]
        for k, other in enumerate(outs[1:], 1):
            if other.requires_grad:
                self.items.append((f"also {k} {self.seed + 1000 + k}", b""))
                roots.append(other)
                weights.append(self.uniform(other, self.seed + 1000 + k))
        leaves = [(k, t) for k, t in enumerate(tensors) if t.requires_grad]
        if second:
            weight.requires_grad_()
        grads = torch.autograd.grad(roots, [t for _, t in leaves], weights, create_graph=second, allow_unused=True)
        for (k, t), g in zip(leaves, grads):
            if g is not None:
                self.put(f"grad {k}", g)
        if not second or not any(g is not None and g.requires_grad for g in grads):
            return
        seed = self.seed + 2000
        total = sum((g * self.uniform(g, seed + k)).sum() for (k, _), g in zip(leaves, grads) if g is not None)
        self.items.append((f"seed2 {seed}", b""))
        leaves.append((4, weight))
        for (k, t), g in zip(leaves, torch.autograd.grad(total, [t for _, t in leaves], allow_unused=True)):
            if g is not None:
                self.put(f"grad2 {k}", g)

    @staticmethod
    def uniform(like, seed):
        return torch.rand(like.shape, generator=torch.Generator().manual_seed(seed), dtype=like.dtype) + 0.5

    def put(self, what, t):
        t = t.detach()
        words = [what, NAMES[t.dtype], t.dim(), *t.shape]
        self.items.append((" ".join(map(str, words)), t.contiguous().numpy(force=True).tobytes()))

    def write(self, path):
        self.items.append(("op end", b""))
        pack.write(path, self.items)
        print(path, os.path.getsize(path), "bytes")
