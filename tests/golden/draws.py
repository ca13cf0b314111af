"""What a module or an initialiser draws: a hash of its tensors, and the next number of the generator."""
import os

os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
import numpy as np
import torch
from torch import nn


def fnv(arrays):
    h = 0xCBF29CE484222325
    for a in arrays:
        for b in np.ascontiguousarray(a).tobytes():
            h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def drawn(build):
    torch.manual_seed(1234)
    made = build()
    tensors = list(made.parameters()) if isinstance(made, nn.Module) else [made]
    after = torch.randint(0, 2**31 - 1, (1,)).item()
    return fnv([t.detach().numpy() for t in tensors]), after
