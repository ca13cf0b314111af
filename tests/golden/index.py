"""Choosing and writing by index tensors and masks: writes index.pack."""
from index_cases import B, Cases, D, F, I32, I64, U8, Input, torch

c = Cases()
nn = torch.nn.functional
MODES = ("sum", "mean", "prod", "amax", "amin")


def forms(shape, dtype, low=-9, high=9):
    yield Input(shape, dtype, low, high)
    if len(shape) > 1 and dtype in (D, I64):
        yield Input(tuple(reversed(shape)), dtype, low, high, perm=tuple(reversed(range(len(shape)))))


def index(shape, low, high, dtype=I64):
    return Input(shape, dtype, low, high)


def mask_of(shape):
    return Input(shape, B, values=[k % 3 == 1 for k in range(torch.Size(shape).numel())])


# Entries of an index: None for a whole dimension, else (shape, low, high) of an index tensor or a mask's shape.
PATTERNS = (((3, 4), [((5,), -3, 3)]), ((3, 4), [None, ((5,), -4, 4)]), ((3, 4), [((2, 2), 0, 3), ((2, 2), 0, 4)]),
            ((3, 4, 2), [((2, 1), 0, 3), ((3,), 0, 4)]), ((3, 4, 2), [((2,), 0, 3), None, ((2,), 0, 2)]),
            ((3, 4, 2), [None, ((2,), 0, 4), ((3, 1), -2, 2)]), ((3, 4, 2), [None, None, ((4,), 0, 2)]),
            ((2, 3, 2, 3), [None, ((2,), 0, 3), None, ((2,), 0, 3)]), ((2, 3, 2, 3), [None, ((2,), 0, 3), ((1,), 0, 2)]),
            ((3, 4), [((), 0, 3)]), ((3, 4), [((0,), 0, 3)]), ((3, 4), [((2,), 0, 3), ((), 0, 4)]),
            ((3, 4), [(3, 4)]), ((3, 4), [(3,)]), ((3, 4, 2), [None, (4,)]), ((3, 4, 2), [(3, 4)]), ((3, 4, 2), [None, (4, 2)]),
            ((3, 4, 2), [(3,), None, ((1,), 0, 2)]), ((5,), [((3,), -5, 5)]), ((0, 3), [None, ((2,), 0, 3)]))

for dtype in (F, D, I64, B, I32):
    for shape, entries in PATTERNS:
        for x in forms(shape, dtype):
            inputs, numbers = [x], []
            for e in entries:
                if e is None:
                    numbers.append(-1)
                    continue
                inputs.append(mask_of(e) if isinstance(e[0], int) else index(*e, I32 if dtype == I32 else I64))
                numbers.append(len(inputs) - 1)

            def key(t):
                return tuple(slice(None) if n < 0 else t[n] for n in numbers)

            c.add("index", lambda *t: t[0][key(t)], inputs, numbers)
            if dtype == I32:
                continue
            probe = Cases()
            result = torch.zeros(shape)[key([probe.input(i) for i in inputs])].shape
            for values in (tuple(result), ()):
                for accumulate in (0, 1):
                    if dtype == B and accumulate:
                        continue
                    # Duplicates are written in an order of PyTorch's own unless they are added.
                    moved = [numbers[k] + 1 if numbers[k] > 0 else -1 for k in range(len(numbers))]
                    given = [inputs[0], Input(values, dtype, -9, 9)] + inputs[1:]
                    if not accumulate and any(e and not isinstance(e[0], int) and torch.Size(e[0]).numel() > 1 for e in entries):
                        continue

                    def put(*t):
                        k = tuple(slice(None) if n < 0 else t[n] for n in moved)
                        if all(n >= 0 for n in moved):
                            return t[0].index_put(k, t[1], accumulate=bool(accumulate))
                        y = t[0].clone()
                        if accumulate:
                            lists = [torch.arange(s) for s in shape]
                            return torch.ops.aten.index_put(t[0], [None if n < 0 else t[n] for n in moved], t[1], True)
                        y[k] = t[1]
                        return y

                    c.add("index_put", put, given, [accumulate] + moved)
    for shape, of in (((3, 4), (5,)), ((3, 4), (2, 2)), ((6,), ()), ((2, 3, 2), (3, 1)), ((4,), (0,))):
        n = torch.Size(shape).numel()
        for x in forms(shape, dtype):
            c.add("take", lambda t, i: t.take(i.long()), [x, index(of, -n, n)])
            if dtype not in (B,):
                c.add("put", lambda t, i, s: t.put(i, s, accumulate=True), [x, index(of, -n, n), Input(of, dtype, -9, 9)], [1])
            if torch.Size(of).numel() < 2:
                c.add("put", lambda t, i, s: t.put(i, s), [x, index(of, -n, n), Input(of, dtype, -9, 9)], [0])
    for shape, dim, n in (((3, 4), 0, 5), ((3, 4), -1, 2), ((2, 3, 2), 1, 4), ((5,), 0, 1), ((3, 2), 0, 0), ((), 0, 1)):
        size = shape[dim] if shape else 1
        source = list(shape)
        if shape:
            source[dim] = n
        for x in forms(shape, dtype):
            for kind in (I64, I32) if n == 5 else (I64,):
                c.add("index_select", lambda t, i: t.index_select(dim, i), [x, index((n,), 0, size, kind)], [dim])
            if dtype != B:
                for alpha in (1, 2) if dtype == I64 else (1, -0.5):
                    if dtype == I32:
                        alpha = 1
                    c.add("index_add", lambda t, i, s: t.index_add(dim, i, s, alpha=alpha),
                          [x, index((n,), 0, size), Input(source, dtype, -9, 9)], [dim, alpha])
            if n < 2:
                c.add("index_copy", lambda t, i, s: t.index_copy(dim, i, s),
                      [x, index((n,), 0, size), Input(source, dtype, -9, 9)], [dim])
            if shape:
                c.add("index_fill", lambda t, i: t.index_fill(dim, i, 1), [x, index((n,), -size, size)], [dim, 1])
    c.add("index_copy", lambda t, i, s: t.index_copy(0, i, s),
          [Input((4, 2), dtype, -9, 9), Input((3,), I64, values=[2, 0, 3]), Input((3, 2), dtype, -9, 9)], [0])
    for shape, dim, of in (((3, 4), 0, (5, 4)), ((3, 4), 1, (2, 6)), ((2, 3, 4), -1, (1, 2, 3)), ((), 0, ()), ((4,), 0, (0,)),
                           ((2, 3, 2), 1, (2, 4, 1))):
        size = shape[dim] if shape else 1
        for x in forms(shape, dtype):
            i = index(of, 0, size)
            wider = tuple(s + 1 for s in of) if of else ()
            c.add("gather", lambda t, k: t.gather(dim, k), [x, i], [dim])
            c.add("scatter_value", lambda t, k: t.scatter(dim, k, 1), [x, i], [dim, 1])
            if dtype == B:
                continue
            for source in (of, wider)[:1 + (wider != of)]:
                c.add("scatter_add", lambda t, k, s: t.scatter_add(dim, k, s),
                      [x, i, Input(source, dtype, -9, 9, grad=source == of and dtype.is_floating_point)], [dim])
            if dtype == I32:
                continue
            for mode, name in enumerate(MODES):
                for include in (0, 1):
                    if mode == 2 and dtype == D and not of:
                        continue
                    c.add("scatter_reduce", lambda t, k, s: t.scatter_reduce(dim, k, s, name, include_self=bool(include)),
                          [x, i, Input(of, dtype, -3, 3)], [dim, mode, include],
                          second=mode != 2)
    c.add("scatter", lambda t, k, s: t.scatter(0, k, s),
          [Input((4, 2), dtype, -9, 9), Input((3, 2), I64, values=[2, 0, 0, 3, 1, 2]), Input((3, 3), dtype, -9, 9, grad=False)], [0])
    c.add("scatter", lambda t, k, s: t.scatter(1, k, s),
          [Input((2, 4), dtype, -9, 9), Input((1, 3), I64, values=[2, 0, 3]), Input((1, 3), dtype, -9, 9)], [1])
    c.add("scatter", lambda t, k, s: t.scatter(0, k, s),
          [Input((), dtype, -9, 9), Input((), I64, values=[0]), Input((), dtype, -9, 9)], [0])
    for shape, of, dim in (((3, 4), (2, 1), 0), ((3, 1), (1, 5), 0), ((2, 3), (2, 2), -1), ((2, 1, 3), (1, 4, 2), 2)):
        size = shape[dim]
        for x in forms(shape, dtype):
            c.add("take_along_dim", lambda t, k: torch.take_along_dim(t, k, dim), [x, index(of, 0, size)], [dim])
    for shape, mask in (((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (2,)), ((), ()), ((0, 2), (2,)), ((2, 3, 2), (3, 1))):
        for x in forms(shape, dtype):
            c.add("masked_select", lambda t, m: t.masked_select(m), [x, Input(mask, B, 0, 2)])
            if shape != (3, 1):
                c.add("masked_scatter", lambda t, m, s: t.masked_scatter(m, s),
                      [x, Input(mask, B, 0, 2), Input((5, 4), dtype, -9, 9)])
    for shape in ((3, 4), (2, 3, 2), (5,), (), (0, 3), (0,)):
        for x in forms(shape, dtype, -1, 2):
            if not dtype.is_floating_point:
                c.add("nonzero", lambda t: t.nonzero(), [x])
                if shape != ():
                    c.add("nonzero_tuple", lambda t: t.nonzero(as_tuple=True), [x])
    for of, among, invert in (((3, 4), (5,), 0), ((6,), (2, 2), 1), ((), (3,), 0), ((4,), (0,), 0), ((0,), (2,), 1)):
        for x in forms(of, dtype, 0, 6):
            if not dtype.is_floating_point and dtype != B:
                c.add("isin", lambda t, m: torch.isin(t, m, invert=bool(invert)), [x, Input(among, dtype, 0, 6)], [invert])
c.add("isin", lambda t, m: torch.isin(t, m),
      [Input((4,), D, values=[1, float("nan"), 2.5, -0.0], grad=False), Input((3,), D, values=[0, float("nan"), 2.5], grad=False)], [0])
c.add("nonzero", lambda t: t.nonzero(), [Input((4,), F, values=[1, float("nan"), 0, -0.0], grad=False)])
for shape, n in (((4,), 3), ((2, 3), -1), ((), 5), ((0,), 2)):
    c.add("one_hot", lambda t: nn.one_hot(t, n), [index(shape, 0, 3)], [n])

# Scalars among the operands, which count as vectors of one element; second gradients are those of operands of one rank.
for x in ((), (1,), (3,)):
    for i in ((), (1,), (2,), (0,)):
        size = x[0] if x else 1
        chosen = Input(i, I64, values=[0] * torch.Size(i).numel()) if len(x) == len(i) else index(i, 0, size)
        c.add("gather", lambda t, k: t.gather(0, k), [Input(x, D, -9, 9), chosen], [0])
        c.add("take", lambda t, k: t.take(k), [Input(x, D, -9, 9), chosen])
        c.add("scatter_value", lambda t, k: t.scatter(0, k, 1), [Input(x, D, -9, 9), chosen], [0, 1])
        c.add("index_fill", lambda t, k: t.index_fill(0, k, 1), [Input(x, D, -9, 9), chosen], [0, 1])
        if x != () or i in ((), (1,)):
            c.add("index_select", lambda t, k: t.index_select(0, k), [Input(x, D, -9, 9), chosen], [0])
        if i in ((), (1,)):
            for source in ((), (1,)):
                c.add("index_copy", lambda t, k, s: t.index_copy(0, k, s),
                      [Input(x, D, -9, 9), chosen, Input(source, D, -9, 9)], [0])
        c.add("scatter_add", lambda t, k, s: t.scatter_add(0, k, s), [Input(x, D, -9, 9), chosen, Input(i, D, -9, 9)], [0])
        if i != (2,):
            c.add("scatter", lambda t, k, s: t.scatter(0, k, s), [Input(x, D, -9, 9), chosen, Input(i, D, -9, 9)], [0])
        for mode, name in enumerate(MODES):
            c.add("scatter_reduce", lambda t, k, s: t.scatter_reduce(0, k, s, name), [Input(x, D, -9, 9), chosen, Input(i, D, -9, 9)],
                  [0, mode, 1], second=False)

c.write("index.pack")
