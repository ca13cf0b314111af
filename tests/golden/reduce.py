"""Reductions, softmax and choosing: writes reduce.pack."""
import os

from operation_cases import Cases, Input, torch

c = Cases()
F, D = torch.float32, torch.float64
inf, nan = float("inf"), float("nan")


def mask(dims):
    return sum(1 << d for d in dims)


# Sums of vectors, of rows, of columns, of what cannot be joined.
for dtype in (F, D):
    for n in (0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 31, 32, 33, 50, 64, 100, 128, 255, 256, 500, 512, 513, 1000, 1024, 2048, 4096,
              10000, 30000, 32768, 100000, 1100000):
        c.add("sum", lambda x: x.sum(), [Input([n], dtype, grad=n < 20)])
        c.add("mean", lambda x: x.mean(), [Input([n], dtype, grad=n < 20)])
    for n in (1, 2, 3, 4, 5, 16, 17, 33, 64, 100, 300):
        for m in (1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33, 40, 70):
            for dim in (0, 1):
                c.add("sum_n", lambda x: x.sum(dim), [Input([n, m], dtype, grad=n * m < 20)], [mask([dim]), 0])
    for shape, dims, perm in (([3, 4, 5], [0, 2], None), ([3, 4, 5], [1], None), ([3, 4, 5], [0, 1], [2, 0, 1]),
                              ([6, 7, 40], [0, 2], None), ([6, 7, 40], [1], [2, 1, 0]), ([6, 70, 40], [0], [1, 0, 2]),
                              ([300, 40], [0], [1, 0]), ([300, 40], [1], [1, 0]), ([9, 17, 3, 5], [1, 3], None),
                              ([9, 17, 3, 5], [0, 2], [3, 1, 0, 2]), ([2, 1, 3], [1], None), ([1, 5], [0], None),
                              ([0, 3], [0], None), ([0, 3], [1], None), ([40, 3, 50], [2, 0], [1, 2, 0]),
                              ([1000, 200], [0], None), ([200, 1000], [1], None), ([10, 33, 60], [1], None),
                              ([37, 1001], [0, 1], [1, 0]), ([5], [0], None), ([12, 1, 9], [0, 1, 2], [2, 1, 0])):
        for keep in (0, 1):
            small = torch.Size(shape).numel() < 100
            if keep and not small:
                continue
            numbers = [mask(dims), keep]
            i = [Input(shape, dtype, perm=perm, grad=small)]
            c.add("sum_n", lambda x: x.sum(dims, keepdim=bool(keep)), i, numbers)
            if small:
                c.add("mean_n", lambda x: x.mean(dims, keepdim=bool(keep)), i, numbers)
                for correction in (0, 1):
                    c.add("var_n", lambda x: x.var(dims, correction=correction, keepdim=bool(keep)), i,
                          numbers + [correction])
                    c.add("std_n", lambda x: x.std(dims, correction=correction, keepdim=bool(keep)), i,
                          numbers + [correction])
                c.add("logsumexp_n", lambda x: x.logsumexp(dims, keepdim=bool(keep)), i, numbers)
    c.add("sum", lambda x: x.sum(), [Input([], dtype)])
    c.add("sum", lambda x: x.sum(), [Input([13, 21], dtype, perm=[1, 0])])
    c.add("var_n", lambda x: x.var(), [Input([3, 50], dtype)], [255, 0, 1])
    c.add("std_n", lambda x: x.std(), [Input([4], dtype, values=[2, 2, 2, 2])], [255, 0, 1])
    c.add("var_n", lambda x: x.var(0), [Input([1, 3], dtype)], [1, 0, 1])
    for values in ([-inf, -inf], [inf, 1], [inf, -inf], [nan, 1], [-inf, 2], [1000, 1000.5], [-1000, -2000]):
        c.add("logsumexp_n", lambda x: x.logsumexp(0), [Input([2], dtype, values=values)], [1, 0])
        c.add("softmax", lambda x: x.softmax(0), [Input([2], dtype, values=values, grad=False)], [0])
        c.add("log_softmax", lambda x: x.log_softmax(0), [Input([2], dtype, values=values, grad=False)], [0])
    for n in (0, 1, 3, 31, 32, 33, 100, 200):
        c.add("prod", lambda x: x.prod(), [Input([n], dtype, 0.8, 1.25)])
    c.add("prod", lambda x: x.prod(), [Input([3], dtype, values=[0, 2, 3])])
    c.add("prod", lambda x: x.prod(), [Input([3], dtype, values=[0, 0, 3])])
    c.add("prod", lambda x: x.prod(), [Input([5, 4], dtype, 0.5, 2, perm=[1, 0])])
    for shape, perm in (([7], None), ([5, 4], [1, 0]), ([], None), ([3, 2, 5], None), ([100], None), ([0], None)):
        c.add("norm", lambda x: x.norm(), [Input(shape, dtype, perm=perm)])
        if torch.Size(shape).numel():
            c.add("max", lambda x: x.max(), [Input(shape, dtype, perm=perm)])
            c.add("min", lambda x: x.min(), [Input(shape, dtype, perm=perm)])
    c.add("norm", lambda x: x.norm(), [Input([2], dtype, values=[0, 0])])
    for values in ([1, 3, 3, 2], [1, nan, 3, nan], [inf, -inf, inf, 0], [0, -0.0, 0, 0]):
        i = [Input([4], dtype, values=values)]
        c.add("max", lambda x: x.max(), i)
        c.add("min", lambda x: x.min(), i)
        c.add("max_dim", lambda x: tuple(x.max(0)), i, [0, 0])
        c.add("min_dim", lambda x: tuple(x.min(0)), i, [0, 0])
        c.add("argmax", lambda x: x.argmax(0), i, [0, 0])
        c.add("argmin", lambda x: x.argmin(0), i, [0, 0])
        c.add("clamp", lambda x: x.clamp(0.5, 2.5), i, [0.5, 2.5])
        c.add("clamp", lambda x: x.clamp(3, 2), i, [3, 2])
        c.add("clamp", lambda x: x.clamp(max=2), i, [-inf, 2])
        c.add("clamp", lambda x: x.clamp(nan, 2), [Input([4], dtype, values=values, grad=False)], [nan, 2])
    for shape, dim, perm in (([3, 4, 5], 0, None), ([3, 4, 5], 1, None), ([3, 4, 5], 2, [2, 1, 0]), ([], 0, None),
                             ([2, 0], 0, None), ([1, 3], 0, None), ([2, 130], 1, None), ([70, 3], 0, None)):
        for keep in (0, 1):
            if not (shape == [2, 0] and dim == 1):
                i = [Input(shape, dtype, perm=perm)]
                c.add("max_dim", lambda x: tuple(x.max(dim, keepdim=bool(keep))), i, [dim, keep])
                c.add("min_dim", lambda x: tuple(x.min(dim, keepdim=bool(keep))), i, [dim, keep])
                c.add("argmax", lambda x: x.argmax(dim, keepdim=bool(keep)), i, [dim, keep])
        for scale in (1, 30):
            i = [Input(shape, dtype, -scale, scale, perm=perm)]
            c.add("softmax", lambda x: x.softmax(dim), i, [dim])
            c.add("log_softmax", lambda x: x.log_softmax(dim), i, [dim])
    index = Input([6], torch.int64, 0, 3)
    c.add("index_select", lambda x, k: x.index_select(0, k), [Input([3, 4], dtype), index], [0])
    c.add("index_select", lambda x, k: x.index_select(1, k), [Input([4, 3], dtype, perm=[0, 1]), index], [1])
    c.add("index_select", lambda x, k: x.index_select(1, k), [Input([2, 3, 5], dtype, perm=[2, 1, 0]), index], [1])
    c.add("index_select", lambda x, k: x.index_select(0, k), [Input([3], dtype), Input([0], torch.int64)], [0])
    c.add("index_select", lambda x, k: x.index_select(0, k), [Input([3], dtype), Input([], torch.int64, 0, 3)], [0])
    c.add("gather", lambda x, k: x.gather(0, k), [Input([3, 4], dtype), Input([5, 4], torch.int64, 0, 3)], [0])
    c.add("gather", lambda x, k: x.gather(1, k), [Input([4, 3], dtype, perm=[1, 0]), Input([2, 6], torch.int64, 0, 4)], [1])
    c.add("gather", lambda x, k: x.gather(2, k), [Input([2, 3, 4], dtype), Input([2, 4, 3], torch.int64, 0, 4,
                                                                                    perm=[0, 2, 1])], [2])
    c.add("gather", lambda x, k: x.gather(0, k), [Input([], dtype), Input([], torch.int64, 0, 1)], [0])

# Other types.
for dtype in (torch.bool, torch.uint8, torch.int32, torch.int64):
    for shape, perm in (([7], None), ([3, 4], [1, 0]), ([], None)):
        i = [Input(shape, dtype, 0, 2 if dtype == torch.bool else 9, perm=perm)]
        c.add("sum", lambda x: x.sum(), i)
        c.add("prod", lambda x: x.prod(), i)
        c.add("max", lambda x: x.max(), i)
        c.add("min", lambda x: x.min(), i)
        c.add("any", lambda x: x.any(), i)
        c.add("all", lambda x: x.all(), i)
        c.add("max_dim", lambda x: tuple(x.max(0)), i, [0, 0])
        if dtype != torch.bool:
            c.add("argmin", lambda x: x.argmin(0), i, [0, 0])
        c.add("logsumexp_n", lambda x: x.logsumexp(0), i, [1, 0])
        c.add("clamp", lambda x: x.clamp(1, 4), i, [1, 4])
        if dtype != torch.bool:
            c.add("clamp", lambda x: x.clamp(0.5, 4), i, [0.5, 4])
    c.add("sum_n", lambda x: x.sum(0), [Input([3, 4], dtype, 0, 2)], [1, 0])
    c.add("sum", lambda x: x.sum(), [Input([0], dtype)])
    c.add("any", lambda x: x.any(), [Input([0], dtype)])
    c.add("all", lambda x: x.all(), [Input([0], dtype)])
for dtype in (F, D):
    for values in ([0, 0], [0, nan], [1, 0], [1, -0.0], [1, 2]):
        c.add("any", lambda x: x.any(), [Input([2], dtype, values=values, grad=False)])
        c.add("all", lambda x: x.all(), [Input([2], dtype, values=values, grad=False)])

c.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "reduce.pack"))
