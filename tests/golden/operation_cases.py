"""Cases of operations computed by PyTorch, in the form that tests/operation_cases.h reads.

A case is a run of items: "op NAME NUMBER...", then its inputs, "out", "node", "weight" (the seed of the gradient that
goes in, uniform + 0.5) and "grad I". Inputs are made from a seed, low + (high - low) * uniform, so that they need no bytes; or have bytes.
PERM says in which order the dimensions of the array in memory become those of the input, and STEP, if there, of how
many neighbours along the array's last dimension one belongs to it. Two further items are optional: "bound" and four
numbers, how far PyTorch's float32 is from its own float64, relatively and absolutely, in values and in gradients; and
"second I", the gradient of the first gradients, weighted with uniform + 0.5 of the seeds that follow ("second g": with
respect to the gradient that goes in, and then without those that PyTorch does not give). "also O SEED" is the gradient
of output O where several have one. Written with PyTorch 2.13.0,
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
    def __init__(self, shape=(), dtype=torch.float32, low=-1.0, high=1.0, perm=None, grad=None, values=None,
                 step=1):
        self.shape, self.dtype, self.low, self.high = tuple(shape), dtype, low, high
        self.perm = tuple(perm) if perm is not None else tuple(range(len(self.shape)))
        self.grad = dtype.is_floating_point if grad is None else grad
        self.values, self.step = values, step


def distances(got, truth):
    """The largest relative and absolute difference of finite elements."""
    pairs = [(g.double().flatten(), t.double().flatten()) for g, t in zip(got, truth)]
    g, t = torch.cat([p[0] for p in pairs]), torch.cat([p[1] for p in pairs])
    off = (g - t).abs()
    off = torch.where(off.isfinite(), off, 0.0)
    relative = torch.where((t != 0) & t.isfinite(), off / t.abs(), 0.0)
    return [float(relative.max()) if len(off) else 0.0, float(off.max()) if len(off) else 0.0]


def measure(function, tensors):
    """How far function's float32 results and gradients are from float64 ones of the same numbers."""
    sets = []
    for dtype in (torch.float32, torch.float64):
        xs = []
        for t in tensors:
            x = t.detach()
            if dtype == torch.float64:
                x = x.double()
            xs.append(x.clone().requires_grad_(t.requires_grad))
        y = function(*xs)
        grads = []
        if y.requires_grad:
            wanted = [x for x in xs if x.requires_grad]
            weight = torch.linspace(0.5, 1.5, y.numel()).reshape(y.shape).to(y.dtype)
            grads = [g for g in torch.autograd.grad(y, wanted, weight, allow_unused=True) if g is not None]
        sets.append(([y.detach()], grads))
    values = distances(sets[0][0], sets[1][0])
    return values + (distances(sets[0][1], sets[1][1]) if sets[0][1] else [0.0, 0.0])


class Items:
    """What goes into a file: names, and tensors' bytes."""

    def __init__(self):
        self.items, self.seed = [], 0

    def put(self, what, t):
        t = t.detach()
        words = [what, NAMES[t.dtype], t.dim(), *t.shape]
        self.items.append((" ".join(map(str, words)), t.contiguous().numpy(force=True).tobytes()))


class Cases(Items):
    def add(self, name, function, inputs, numbers=(), bound=None, second=False, node=None):
        self.items.append((" ".join(["op", name] + [repr(float(n)) for n in numbers]), b""))
        tensors = []
        for i in inputs:
            self.seed += 1
            shape = i.shape[:-1] + (i.shape[-1] * i.step,) if i.step > 1 else i.shape
            if i.values is not None:
                t = torch.tensor(i.values, dtype=i.dtype).reshape(shape)
                data = t.numpy().tobytes()
            elif i.dtype.is_floating_point:
                g = torch.Generator().manual_seed(self.seed)
                t = torch.rand(shape, generator=g, dtype=i.dtype) * (i.high - i.low)
                t = t + i.low
                data = b""
            else:
                g = torch.Generator().manual_seed(self.seed)
                t = torch.randint(int(i.low), int(i.high), shape, generator=g).to(i.dtype)
                data = t.numpy().tobytes()
            if i.step > 1:
                t = t[..., ::i.step]
            t = t.permute(i.perm).detach()
            if i.grad:
                t.requires_grad_()
            tensors.append(t)
            words = ["in", NAMES[i.dtype], int(i.grad), int(i.values is not None or not i.dtype.is_floating_point),
                     self.seed, float(i.low), float(i.high), len(i.shape), *i.shape, *i.perm] + [i.step] * (i.step > 1)
            self.items.append((" ".join(map(str, words)), data))
        out = function(*tensors)
        results = out if isinstance(out, tuple) else (out,)
        if bound is not None:
            self.items.append(("bound " + " ".join("%.3g" % b for b in bound), b""))
        for r in results:
            self.put("out", r)
        out = results[0]
        if out.grad_fn is None:
            return
        # nll_loss of 3 dimensions shows a view of 4.
        name = out.grad_fn.name().replace("ViewBackward0", "NllLoss2DBackward0")
        if node != "":
            self.items.append(("node " + (node or name), b""))
        g = torch.Generator().manual_seed(self.seed + 1000)
        weight = torch.rand(out.shape, generator=g, dtype=out.dtype) + 0.5
        self.items.append((f"weight {self.seed + 1000}", b""))
        weights = [weight]
        for k, other in enumerate(results[1:], 1):
            weights.append(None)
            if other.requires_grad:
                self.items.append((f"also {k} {self.seed + 1100 + k}", b""))
                weights[k] = self.uniform(other, self.seed + 1100 + k)
        torch.autograd.backward([r for r, w in zip(results, weights) if w is not None],
                                [w for w in weights if w is not None])
        for k, t in enumerate(tensors):
            if t.requires_grad:
                self.put(f"grad {k}", torch.zeros_like(t) if t.grad is None else t.grad)
        if second:
            self.put_second(function, tensors, weights, second == "g")

    @staticmethod
    def uniform(like, seed):
        return torch.rand(like.shape, generator=torch.Generator().manual_seed(seed), dtype=like.dtype) + 0.5

    def put_second(self, function, tensors, weights, incoming):
        wanted = [t for t in tensors if t.requires_grad]
        out = function(*tensors)
        results = out if isinstance(out, tuple) else (out,)
        if incoming:
            weights[0].requires_grad_()
        first = torch.autograd.grad([r for r, w in zip(results, weights) if w is not None], wanted,
                                    [w for w in weights if w is not None], create_graph=True, allow_unused=True)
        total = 0
        for k, g in enumerate(first):
            total = total + (self.uniform(wanted[k], self.seed + 1001 + k) * g).sum() if g is not None else total
        if not torch.is_tensor(total) or not total.requires_grad:
            return
        seconds = torch.autograd.grad(total, wanted + weights[:incoming], allow_unused=True)
        k = 0
        for i, t in enumerate(tensors):
            if t.requires_grad:
                if seconds[k] is not None or not incoming:
                    self.put(f"second {i}", torch.zeros_like(t) if seconds[k] is None else seconds[k])
                k += 1
        if incoming and seconds[k] is not None:
            self.put("second g", seconds[k])

    def write(self, path):
        self.items.append(("op end", b""))
        pack.write(path, self.items)
        print(path, os.path.getsize(path), "bytes")
