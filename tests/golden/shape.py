"""Joining, taking apart, repeating, padding, other shapes, diagonals and triangles: writes shape.pack."""
from index_cases import B, Cases, D, F, I32, I64, U8, Input, torch

c = Cases()
nn = torch.nn.functional


def forms(dtype, *shapes):
    """Inputs of these shapes, once as they are and once with dimensions permuted in memory."""
    yield [Input(s, dtype, -9, 9) for s in shapes]
    if any(len(s) > 1 for s in shapes) and dtype in (D, I64):
        yield [Input(tuple(reversed(s)), dtype, -9, 9, perm=tuple(reversed(range(len(s))))) for s in shapes]


for dtype in (F, D, I64, B, U8):
    few = dtype in (B, U8)
    for shapes, dim in ((((2, 3), (1, 3)), 0), (((2, 3), (2, 1), (2, 2)), -1), (((0,), (2, 3), (0,)), 1), (((3,), (0,)), 0),
                        (((2, 1, 3), (2, 2, 3)), 1), (((0, 3), (2, 3)), 0), (((0,), (0,)), -1)):
        for i in forms(dtype, *shapes):
            c.add("cat", lambda *t: torch.cat(t, dim), i, [dim])
    for shape, dim in (((2, 3), 0), ((2, 3), -1), ((), 0), ((0, 2), 1), ((4,), -2)):
        for i in forms(dtype, shape, shape, shape):
            c.add("stack", lambda *t: torch.stack(t, dim), i, [dim])
    for shapes in (((2,), (3,)), ((2, 3), (2, 1)), ((), ()), ((2, 1, 2), (2, 3, 2))):
        for i in forms(dtype, *shapes):
            c.add("hstack", lambda *t: torch.hstack(t), i)
    for shapes in (((3,), (3,)), ((2, 3), (1, 3)), ((), ()), ((2, 1, 2), (1, 1, 2)), ((3,), (2, 3))):
        for i in forms(dtype, *shapes):
            c.add("vstack", lambda *t: torch.vstack(t), i)
    for shape, repeats in (((2, 3), (2, 2)), ((2,), (3, 2)), ((), (3,)), ((2, 1, 3), (1, 2, 1, 2)), ((2, 3), (0, 1)),
                           ((2, 3), (1, 1))):
        for i in forms(dtype, shape):
            c.add("repeat", lambda t: t.repeat(repeats), i, repeats)
    for shape, repeats in (((2, 3), (2,)), ((2,), (3, 2)), ((), ()), ((2, 3, 1), (2, 1))):
        for i in forms(dtype, shape):
            c.add("tile", lambda t: t.tile(repeats), i, repeats)
    for shape, dims in (((2, 3), (0,)), ((2, 3), (1, 0)), ((2, 3, 2), (-1, 0)), ((), ()), ((0, 2), (0,)), ((5,), (-1,)),
                        ((2, 2, 2), ())):
        for i in forms(dtype, shape):
            c.add("flip", lambda t: t.flip(dims), i, dims)
    for shape, shifts, dims in (((4,), (1,), (0,)), ((3, 4), (-1, 2), (0, 1)), ((3, 4), (7,), (-1,)), ((0, 2), (3,), (0,)),
                                ((3, 2), (1, 1), (0, 0)), ((2, 3, 2), (1, -5), (2, 1))):
        for i in forms(dtype, shape):
            c.add("roll", lambda t: t.roll(shifts, dims), i, shifts + dims)
    for shape, k, d0, d1 in (((2, 3), 1, 0, 1), ((2, 3), 2, 0, 1), ((2, 3), 3, 0, 1), ((2, 3), 4, 0, 1), ((2, 3), -1, 1, 0),
                             ((2, 3, 2), 1, -1, 0)):
        for i in forms(dtype, shape):
            c.add("rot90", lambda t: t.rot90(k, (d0, d1)), i, (k, d0, d1))
    for shape, k in (((3, 4), 0), ((4, 3), 1), ((3, 3), -1), ((2, 3, 4), 2), ((2, 3), -5), ((2, 3), 9), ((0, 3), 0),
                     ((2, 2, 2, 3), -1)):
        for i in forms(dtype, shape):
            c.add("tril", lambda t: t.tril(k), i, [k])
            c.add("triu", lambda t: t.triu(k), i, [k])
    for shape, k, d1, d2 in (((3, 4), 0, 0, 1), ((4, 3), 1, 0, 1), ((3, 4), -2, 0, 1), ((3, 4), 7, 0, 1), ((2, 3, 4), 0, 0, 2),
                             ((2, 3, 4), 1, -1, 0), ((2, 3, 2, 3), -1, 1, 3), ((0, 3), 0, 0, 1)):
        for i in forms(dtype, shape):
            c.add("diagonal", lambda t: t.diagonal(k, d1, d2), i, (k, d1, d2))
    for shape, k, d1, d2 in (((3,), 0, 0, 1), ((3,), 2, 0, 1), ((2, 3), -1, -2, -1), ((2, 3), 1, 2, 0), ((0,), 1, 0, 1),
                             ((2, 2, 2), 0, 0, 3)):
        for i in forms(dtype, shape):
            c.add("diag_embed", lambda t: torch.diag_embed(t, k, d1, d2), i, (k, d1, d2))
    for shape, k in (((3,), 0), ((3,), -1), ((3, 4), 1), ((4, 3), -2), ((2, 2), 5)):
        for i in forms(dtype, shape):
            c.add("diag", lambda t: t.diag(k), i, [k])
    if dtype != B:
        for shape in ((3, 3), (2, 4), (4, 2), (0, 3)):
            for i in forms(dtype, shape):
                c.add("trace", lambda t: t.trace(), i)
    for shape, size, dim in (((7,), 3, 0), ((2, 5), 2, -1), ((4, 2), 4, 0), ((0, 2), 3, 0), ((2, 0), 0, 1), ((3, 2), 9, 0)):
        for i in forms(dtype, shape):
            c.add("split", lambda t: t.split(size, dim), i, (size, dim))
    for shape, sizes, dim in (((7,), (3, 0, 4), 0), ((2, 5), (1, 4), -1), ((0, 2), (0,), 0)):
        for i in forms(dtype, shape):
            c.add("split_sizes", lambda t: t.split(sizes, dim), i, (dim,) + sizes)
    for shape, n, dim in (((7,), 3, 0), ((7,), 4, 0), ((2, 6), 4, -1), ((0, 2), 2, 0), ((3, 2), 9, 0), ((5,), 1, 0)):
        for i in forms(dtype, shape):
            c.add("chunk", lambda t: t.chunk(n, dim), i, (n, dim))
            c.add("tensor_split", lambda t: t.tensor_split(n, dim), i, (n, dim))
    for shape, at, dim in (((7,), (2, 5), 0), ((2, 6), (-4, 3), 1), ((5,), (4, 2, 9), 0), ((3, 2), (1,), -2)):
        for i in forms(dtype, shape):
            c.add("tensor_split_at", lambda t: t.tensor_split(at, dim), i, (dim,) + at)
    for shape, dim in (((3,), 0), ((2, 3), -1), ((2, 3, 2), 0), ((1, 4), 0)):
        for i in forms(dtype, shape):
            c.add("unbind", lambda t: t.unbind(dim), i, [dim])
    if few:
        continue
    for shape, n, dim in (((3,), 2, 0), ((2, 3), 3, -1), ((2, 3), 0, 0), ((2, 1, 2), 2, 1)):
        for i in forms(dtype, shape):
            c.add("repeat_interleave", lambda t: t.repeat_interleave(n, dim), i, (n, dim))
    for shape, counts, dim in (((3,), (2, 0, 1), 0), ((2, 3), (3,), -1), ((2, 3), (1, 4), 0), ((2, 3), (0, 0, 0), 1)):
        for i in forms(dtype, shape):
            for kind in (I64, I32):
                c.add("repeat_interleave_by", lambda t, r: t.repeat_interleave(r, dim),
                      i + [Input((len(counts),), kind, values=counts)], [dim])
    for shapes in (((3,), (2,)), ((2,), (), (3,)), ((4,),), ((0,), (2,))):
        for xy in (0, 1):
            for i in forms(dtype, *shapes):
                c.add("meshgrid", lambda *t: torch.meshgrid(*t, indexing="xy" if xy else "ij"), i, [xy])
    for shapes in (((2, 1), (3,)), ((), (2, 2)), ((1, 3), (2, 1), (1,)), ((0, 1), (1, 2))):
        for i in forms(dtype, *shapes):
            c.add("broadcast_tensors", lambda *t: torch.broadcast_tensors(*t), i)
    for shape, source, to in (((2, 3, 4), (0,), (2,)), ((2, 3, 4), (-1, 0), (0, 1)), ((2, 3), (0, 1), (1, 0)), ((2, 3, 1, 2), (1, 3), (0, 2))):
        for i in forms(dtype, shape):
            c.add("movedim", lambda t: t.movedim(source, to), i, source + to)
    for shape, a, b in (((2, 3, 4), 0, -1), ((2, 3), 1, 0), ((3,), 0, 0)):
        for i in forms(dtype, shape):
            c.add("swapaxes", lambda t: t.swapaxes(a, b), i, (a, b))
    for shape, dim, sizes in (((6, 2), 0, (2, 3)), ((2, 6), -1, (3, -1)), ((4,), 0, (1, 2, 2)), ((2, 0), 1, (0, 3))):
        for i in forms(dtype, shape):
            c.add("unflatten", lambda t: t.unflatten(dim, sizes), i, (dim,) + sizes)
    for shape, dims in (((1, 2, 1), (0, 2)), ((1, 2, 1), (0, 1)), ((2, 1, 3), ()), ((1, 1), (-1, 0)), ((2, 1, 1, 3), (1, 3))):
        for i in forms(dtype, shape):
            c.add("squeeze", lambda t: t.squeeze(dims), i, dims)
    for shape, like in (((2, 1), (3, 2, 4)), ((), (2,)), ((1, 3), (0, 3))):
        for i in forms(dtype, shape, like):
            i[1].grad = False
            c.add("expand_as", lambda t, l: t.expand_as(l), i)
    for shape, dim, size, step in (((7,), 0, 3, 2), ((2, 6), 1, 2, 1), ((6, 2), 0, 6, 1), ((5, 2), -2, 2, 3), ((4,), 0, 0, 1),
                                   ((2, 5, 2), 1, 3, 1)):
        for i in forms(dtype, shape):
            c.add("unfold", lambda t: t.unfold(dim, size, step), i, (dim, size, step))
    for shape, pad, value in (((3,), (1, 2), 0.5), ((2, 3), (1, 0, 2, 1), 0), ((2, 3), (-1, 2), 3), ((4, 4), (-1, -1, -2, 1), 0),
                              ((2, 3, 2), (0, 1), -2), ((2, 3), (), 1), ((0, 2), (1, 1, 1, 0), 2), ((2, 3), (-3, 0), 0),
                              ((2, 2, 2), (1, 1, 0, 1, 1, 0), 7)):
        if dtype == I64:
            value = int(value)
        for i in forms(dtype, shape):
            c.add("pad", lambda t: nn.pad(t, pad, value=value), i, (0, value) + pad)
    if dtype == I64:
        continue
    for mode, name in ((1, "reflect"), (2, "replicate"), (3, "circular")):
        for shape, pad in (((2, 5), (2, 3)), ((2, 2, 5), (4, 0)), ((1, 4, 4), (1, 2, 3, 0)), ((1, 2, 4, 3), (2, 2, 1, 3)),
                           ((1, 1, 4, 3, 3), (1, 1, 2, 0, 0, 2)), ((1, 2, 5), (-1, 2)), ((1, 2, 5), (0, -2)),
                           ((2, 5, 4), (0, 0, 1, 1))):
            for i in forms(dtype, shape):
                c.add("pad", lambda t: nn.pad(t, pad, mode=name), i, (mode, 0) + pad)
for kinds in ((F, D), (I64, F), (B, U8), (I32, I64), (U8, D)):
    i = [Input((2, 2), k, 0, 2) for k in kinds]
    c.add("cat", lambda *t: torch.cat(t, 0), i, [0])
    c.add("stack", lambda *t: torch.stack(t, 1), i, [1])
    c.add("hstack", lambda *t: torch.hstack(t), i)

c.write("shape.pack")
