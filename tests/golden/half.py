"""float16 and bfloat16: writes half.pack: sums over PyTorch's conversions, printed tensors, and files of NumPy's and safetensors'.

A sum is that of (word + 1) * (2 i + 1) over the words of the result, modulo 2^64, so that each word counts. The inputs
are made by rule; tests/test_half.c makes the same."""
import io
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import numpy as np
import safetensors.torch
import torch

import pack

torch.set_num_threads(1)
HALVES = {"f16": torch.float16, "bf16": torch.bfloat16}
WORDS = {torch.float16: np.uint16, torch.bfloat16: np.uint16, torch.float32: np.uint32, torch.float64: np.uint64,
         torch.int64: np.uint64, torch.int32: np.uint32, torch.uint8: np.uint8, torch.bool: np.uint8}
SIGNED = {np.uint16: torch.int16, np.uint32: torch.int32, np.uint64: torch.int64, np.uint8: torch.uint8}
items = []


def words(t):
    kind = WORDS[t.dtype]
    return t.contiguous().view(SIGNED[kind]).numpy().view(kind)


def add(name, t):
    w = words(t).astype(np.uint64) + np.uint64(1)
    with np.errstate(over="ignore"):
        total = (w * (np.arange(len(w), dtype=np.uint64) * np.uint64(2) + np.uint64(1))).sum(dtype=np.uint64)
    items.append((f"sum {name} {len(w)}", int(total).to_bytes(8, "little")))


def halves(dtype):
    return torch.from_numpy(np.arange(65536, dtype=np.uint16).view(np.int16).copy()).view(dtype)


def floats(bits):
    return torch.from_numpy(bits.astype(np.uint32).view(np.int32)).view(torch.float32)


spread = (np.arange(1 << 20, dtype=np.uint64) * np.uint64(4099)) & np.uint64(0xFFFFFFFF)
for name, half in HALVES.items():
    other = HALVES["bf16" if name == "f16" else "f16"]
    all_of = halves(half)
    wide = all_of.float()
    add(f"{name} f32", wide)
    add(f"{name} f64", all_of.double())
    add(f"{name} bool", all_of.bool())
    add(f"{name} {'bf16' if name == 'f16' else 'f16'}", all_of.to(other))
    for to, most in ((torch.int64, 2.0**62), (torch.int32, 2.0**30), (torch.uint8, 255.0)):
        fits = (wide >= 0) & (wide <= most) if to == torch.uint8 else wide.abs() <= most
        add(f"{name} {str(to)[6:]}", torch.where(fits, wide, torch.zeros(())).to(half).to(to))
    bits = words(wide).astype(np.uint64)
    step = 0x1000 if name == "f16" else 0x8000
    near = np.concatenate([(bits + np.uint64(step + k)) & np.uint64(0xFFFFFFFF) for k in (-1, 0, 1)])
    add(f"spread {name}", floats(spread).to(half))
    add(f"near {name}", floats(near).to(half))
    add(f"wide {name}", (floats(near).double() * (1 + 2.0**-40)).to(half))
    whole = torch.arange(-70000, 70000, 7, dtype=torch.int64)
    add(f"i64 {name}", (whole * 12345).to(half))
    add(f"i32 {name}", whole.to(torch.int32).to(half))
    add(f"u8 {name}", torch.arange(256).to(torch.uint8).to(half))
    for text in ("[1.5, 2.25, 1e-7, nan, inf]", "[[0.1, -2], [300, 4e4]]", "0.1", "[]", "[1, 2, 3]", "[1e-5, 1e5]"):
        t = torch.tensor(eval(text, {"nan": float("nan"), "inf": float("inf")}), dtype=half)
        items.append((f"repr {name} {text}", repr(t).encode()))
    leaf = torch.tensor([1.0, 2.0], dtype=half, requires_grad=True)
    items.append((f"leaf {name}", repr(leaf).encode()))

array = np.arange(-3, 3, dtype=np.float16).reshape(2, 3) / np.float16(7)
file = io.BytesIO()
np.save(file, array)
items.append(("npy", file.getvalue()))
a = (torch.arange(6, dtype=torch.float32).reshape(2, 3) / 7)
items.append(("safetensors", safetensors.torch.save({"a": a.to(torch.float16), "b": a.to(torch.bfloat16), "c": a})))
pack.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "half.pack"), items)
print(len(items), "items")
