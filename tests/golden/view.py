"""Views, copies, conversions and choices by a condition: writes view.pack."""
from index_cases import B, Cases, D, F, I32, I64, U8, Input, torch

c = Cases()


def forms(dtype, *shapes):
    """Inputs of these shapes, once as they are and once with dimensions permuted in memory."""
    yield [Input(s, dtype, 0, 9) for s in shapes]
    if any(len(s) > 1 for s in shapes):
        yield [Input(tuple(reversed(s)), dtype, 0, 9, perm=tuple(reversed(range(len(s))))) for s in shapes]


def add(name, function, dtype, shape, numbers=()):
    for i in forms(dtype, shape):
        c.add(name, function, i, numbers)


for dtype in (F, D, I64, I32, U8, B):
    for shape, to in (((2, 6), (3, 4)), ((2, 3, 4), (-1, 4)), ((4,), (2, 2, 1)), ((1,), ()), ((), (1, 1)), ((0, 3), (3, 0))):
        add("reshape", lambda t: t.reshape(to), dtype, shape, to)
        c.add("view", lambda t: t.view(to), [Input(shape, dtype, 0, 9)], to)
    for shape, d0, d1 in (((2, 3, 2), 0, -1), ((2, 3, 2), 1, 2), ((3,), 0, 0), ((), 0, -1), ((2, 0, 3), 0, 1)):
        add("flatten", lambda t: t.flatten(d0, d1), dtype, shape, (d0, d1))
    for shape, d0, d1 in (((2, 3), 0, 1), ((2, 3, 4), -1, 0), ((3,), 0, 0), ((2, 3, 2), 1, 1)):
        add("transpose", lambda t: t.transpose(d0, d1), dtype, shape, (d0, d1))
    for shape in ((2, 3), (4,), (), (0, 3)):
        add("t", lambda t: t.t(), dtype, shape)
    for shape, dims in (((2, 3, 4), (2, 0, 1)), ((2, 3), (-1, 0)), ((), ()), ((3, 1, 2, 2), (1, 0, 3, 2))):
        add("permute", lambda t: t.permute(dims), dtype, shape, dims)
    for shape in ((1, 3, 1), (2, 3), (1,), ()):
        add("squeeze_all", lambda t: t.squeeze(), dtype, shape)
    for shape, dim in (((1, 3), 0), ((2, 1), -1), ((2, 3), 1), ((), 0)):
        add("squeeze", lambda t: t.squeeze(dim), dtype, shape, [dim])
    for shape, dim in (((2, 3), 0), ((2, 3), -1), ((2, 3), 1), ((), 0)):
        add("unsqueeze", lambda t: t.unsqueeze(dim), dtype, shape, [dim])
    for shape, to in (((3, 1), (3, 4)), ((1,), (2, 3)), ((2, 1, 3), (-1, 2, -1)), ((), (2,)), ((1, 3), (0, 3))):
        add("expand", lambda t: t.expand(to), dtype, shape, to)
    for shape, dim, start, length in (((5, 2), 0, 1, 3), ((2, 5), -1, -2, 2), ((3,), 0, 3, 0)):
        add("narrow", lambda t: t.narrow(dim, start, length), dtype, shape, (dim, start, length))
    for shape, dim, index in (((3, 2), 0, 1), ((3, 2), -1, -1), ((4,), 0, 2), ((2, 3, 2), 1, 0)):
        add("select", lambda t: t.select(dim, index), dtype, shape, (dim, index))
    for shape, dim, start, end, step in (((7, 2), 0, 1, 6, 2), ((2, 7), 1, -4, 7, 3), ((3,), 0, 2, 1, 1), ((3, 4), 1, 0, 99, 1)):
        at = lambda t: (slice(None),) * dim + (slice(start, end, step),)  # noqa: E731
        add("slice", lambda t: t[at(t)], dtype, shape, (dim, start, end, step))
    for shape in ((2, 3), (), (0, 2), (2, 3, 4)):
        add("clone", lambda t: t.clone(), dtype, shape)
        add("contiguous", lambda t: t.contiguous(), dtype, shape)
    for shape, mask in (((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((), ()), ((0, 2), (2,))):
        c.add("masked_fill", lambda t, m: torch.where(m, torch.tensor(2, dtype=t.dtype), t) if len(m.shape) > len(t.shape)
              else t.masked_fill(m, 2), [Input(shape, dtype, 0, 9), Input(mask, B, 0, 2)], [2])
    for a, b, mask in (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), (2, 3)), ((), (2,), (2, 1)), ((2, 3), (2, 3), ())):
        c.add("where", lambda x, y, m: torch.where(m, x, y),
              [Input(a, dtype, 0, 9), Input(b, dtype, 0, 9), Input(mask, B, 0, 2)])
    for k, other in enumerate((B, U8, I32, I64, F, D)):
        for shape in ((5,), (), (2, 3)):
            add("to", lambda t: t.to(other), dtype, shape, [k])

c.write("view.pack")
