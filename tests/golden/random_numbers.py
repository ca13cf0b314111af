"""Writes random.h: what PyTorch's CPU generator gives, as bits.

Run with ATEN_CPU_CAPABILITY=avx2. Each case seeds a generator, fills one array, and records a hash of the array's
bits and the next 63-bit integer of the stream, so that both the values and the position after them are held.
"""
import os
import struct

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import torch

torch.set_num_threads(1)

SEEDS = [0, 1, 42, 1234, 2**32 - 1, 2**32 + 5, 2**64 - 1, 67280421310721]
I64 = torch.int64


def fnv(data):
    h = 0xCBF29CE484222325
    for byte in data:
        h = ((h ^ byte) * 0x100000001B3) & (2**64 - 1)
    return h


def raw(t):
    return t.contiguous().numpy().tobytes()


def fill(kind, n, a, b, g):
    f32, f64 = torch.float32, torch.float64
    if kind == "UNIFORM_F32":
        return torch.empty(n).uniform_(a, b, generator=g)
    if kind == "UNIFORM_F64":
        return torch.empty(n, dtype=f64).uniform_(a, b, generator=g)
    if kind == "NORMAL_F32":
        return torch.empty(n).normal_(a, b, generator=g)
    if kind == "NORMAL_F64":
        return torch.empty(n, dtype=f64).normal_(a, b, generator=g)
    if kind == "STRIDED_F32":
        return torch.empty(2 * n)[::2].normal_(a, b, generator=g)
    if kind == "STRIDED_F64":
        return torch.empty(2 * n, dtype=f64)[::2].normal_(a, b, generator=g)
    if kind == "BERNOULLI":
        return torch.empty(n, dtype=torch.bool).bernoulli_(a, generator=g)
    if kind == "RANDINT":
        return torch.randint(int(a), int(b), (n,), generator=g)
    if kind == "RANDPERM":
        return torch.randperm(n, generator=g)
    if kind == "RANDOM":
        return torch.empty(n, dtype=I64).random_(generator=g)
    raise ValueError(kind)


def position(g):
    return torch.empty((), dtype=I64).random_(generator=g).item()


def seeded(seed):
    return torch.Generator().manual_seed(seed if seed < 2**63 else seed - 2**64)


cases = []


def case(kind, seed, n, a=0.0, b=0.0):
    g = seeded(seed)
    values = raw(fill(kind, n, a, b, g))
    cases.append((kind, seed, n, a, b, fnv(values), position(g)))


for seed in SEEDS:
    for n in [1, 2, 3, 5, 15, 16, 17, 20, 31, 32, 33, 100, 623, 624, 625, 1300]:
        case("UNIFORM_F32", seed, n, 0.0, 1.0)
        case("UNIFORM_F32", seed, n, -(3**-0.5), 3**-0.5)
        case("UNIFORM_F32", seed, n, -0.1, 0.3)
        case("UNIFORM_F64", seed, n, 0.0, 1.0)
        case("UNIFORM_F64", seed, n, -0.1, 0.3)
        case("BERNOULLI", seed, n, 0.3)
        case("BERNOULLI", seed, n, 0.5)
        case("RANDINT", seed, n, 0, 100)
        case("RANDINT", seed, n, -7, 2**28 - 8)
        case("RANDINT", seed, n, 0, 2**28 - 1)
        case("RANDINT", seed, n, 0, 2**40 + 3)
        case("RANDINT", seed, n, -(2**63), 0)
        case("RANDOM", seed, n)
for seed in SEEDS[:4]:
    for n in list(range(1, 101)) + [1000, 4097]:
        case("NORMAL_F32", seed, n, 0.0, 1.0)
        case("NORMAL_F64", seed, n, 0.0, 1.0)
        if n < 40:
            case("NORMAL_F32", seed, n, 0.5, 2.0)
            case("NORMAL_F32", seed, n, 0.1, 0.02)
            case("NORMAL_F64", seed, n, 0.5, 0.3)
            case("STRIDED_F32", seed, n, 0.5, 2.0)
            case("STRIDED_F64", seed, n, 0.0, 1.0)
        case("RANDPERM", seed, n)
for n in [624, 625, 626, 67349]:
    case("RANDPERM", 7, n)

out = ["/* Written by random_numbers.py with torch " + torch.__version__.split("+")[0] + ". */",
       "static const struct golden {",
       "    enum kind kind;",
       "    uint64_t seed;",
       "    int n;",
       "    double a, b;",
       "    uint64_t hash, after;",
       "} golden[] = {"]
for kind, seed, n, a, b, h, after in cases:
    number = lambda x: str(x) if x == int(x) and abs(x) < 2**31 else float(x).hex()
    out.append("    {%s, %du, %d, %s, %s, 0x%x, 0x%x}," % (kind, seed, n, number(a), number(b), h, after))
out.append("};")

# A few whole arrays, to see what differs when a hash does.
g = seeded(1234)
out.append("static const float golden_normal[37] = {%s};" % ", ".join(
    "%sf" % float(v).hex() for v in torch.randn(37, generator=g).tolist()))
g = seeded(1234)
out.append("static const float golden_small_normal[7] = {%s};" % ", ".join(
    "%sf" % float(v).hex() for v in torch.randn(7, generator=g).tolist()))
g = seeded(1234)
out.append("static const int golden_permutation[30] = {%s};" % ", ".join(
    map(str, torch.randperm(30, generator=g).tolist())))


# States: after what was drawn, and what is drawn next: 5 small normals, then a word's position.
def advance(g, uniforms, normals):
    torch.rand(uniforms, generator=g)
    torch.randn(normals, generator=g)


states = [(12345, 0, 0), (12345, 10, 0), (12345, 10, 3), (2**32 + 5, 624, 0), (42, 620, 1), (42, 620, 20)]
out.append("static const struct golden_state {")
out.append("    uint64_t seed;")
out.append("    int uniforms, normals;")
out.append("    uint64_t hash;")
out.append("    double next[5];")
out.append("    uint64_t after;")
out.append("} golden_states[] = {")
whole = None
for seed, uniforms, normals in states:
    g = seeded(seed)
    advance(g, uniforms, normals)
    state = raw(g.get_state())
    if (uniforms, normals) == (10, 3):
        whole = state
    draws = torch.randn(5, dtype=torch.float64, generator=g).tolist()
    out.append("    {%du, %d, %d, 0x%x, {%s}, 0x%x}," % (
        seed, uniforms, normals, fnv(state), ", ".join(v.hex() for v in draws), position(g)))
out.append("};")

# One state byte for byte: numbers other than 0, each with its offset.
assert len(whole) == 5056
out.append("static const struct {")
out.append("    uint16_t at;")
out.append("    uint32_t value;")
out.append("} golden_state_bytes[] = {")
words = struct.unpack("<1264I", whole)
row = ["{%d, 0x%x}" % (4 * i, w) for i, w in enumerate(words) if w]
for i in range(0, len(row), 6):
    out.append("    " + ", ".join(row[i:i + 6]) + ",")
out.append("};")

torch.manual_seed(-5)
out.append("static const uint64_t golden_fresh_seed = %du, golden_negative_seed = %du;" % (
    torch.Generator().initial_seed(), torch.initial_seed() % 2**64))
out.append("static const uint64_t golden_negative_after = 0x%x, golden_fresh_after = 0x%x;" % (
    position(torch.default_generator), position(torch.Generator())))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "random.h")
with open(path, "w") as f:
    f.write("\n".join(out) + "\n")
print(len(cases), "cases,", os.path.getsize(path), "bytes")
