"""Reductions over any dimensions, cumulative operations, order and counting: writes reduce_over.pack,
reduce_scan.pack and reduce_order.pack."""
import os
import warnings

from operation_cases import Cases, Input, torch

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
c = Cases()
F, D, B, U, I, L = torch.float32, torch.float64, torch.bool, torch.uint8, torch.int32, torch.int64
inf, nan = float("inf"), float("nan")
SHAPES = (([7], None), ([], None), ([3, 4], None), ([3, 4], [1, 0]), ([2, 3, 4], None), ([2, 3, 4], [2, 0, 1]),
          ([2, 1, 3, 2], [0, 3, 1, 2]), ([0, 3], None))
BIG = (([5, 37], None), ([37, 5], [1, 0]), ([3, 20, 3], [1, 2, 0]))


def finish(path):
    global c
    c.write(os.path.join(HERE, path))
    print(sum(name.startswith("op ") for name, _ in c.items) - 1, "cases,",
          sum(name.startswith("second g") for name, _ in c.items), "of them with second gradients")
    c = Cases()


def permuted(shape, perm):
    return [shape[p] for p in perm] if perm else shape


def inputs(shape, perm, dtype, low, high, **more):
    if dtype.is_floating_point:
        more.setdefault("grad", dtype == F or torch.Size(shape).numel() < 100)
        return [Input(shape, dtype, low, high, perm=perm, **more)]
    return [Input(shape, dtype, 0, 2 if dtype == B else 9, perm=perm)]


def second(dtype, shape):
    return "g" if dtype == D and 0 < torch.Size(shape).numel() < 60 else False


def one_dim(name, function, low=-2, high=2, dtypes=(F, D), keep=True, k=None, zero=False, node=None, shapes=SHAPES + BIG,
            twice=True):
    """Along each dimension, some counted from the end."""
    for dtype in dtypes:
        for shape, perm in shapes:
            ndim = len(shape)
            for dim in range(max(ndim, 1)):
                if not zero and ndim and permuted(shape, perm)[dim] == 0:
                    continue
                asked = dim - max(ndim, 1) if dim % 2 else dim
                for keepdim in (0, 1) if keep and (dim + ndim) % 2 else (0,):
                    numbers = [asked, keepdim] + ([k] if k is not None else [])
                    c.add(name, lambda x: function(x, asked, bool(keepdim)), inputs(shape, perm, dtype, low, high),
                          numbers, second=twice and second(dtype, shape), node=node)


def many_dims(name, function, low=-2, high=2, dtypes=(F, D), zero=True, extra=(), node=None, twice=True):
    """Over sets of dimensions: [keepdim, extra, dims...]; none means all."""
    lists = {0: [[], [0]], 1: [[], [-1]], 2: [[], [0], [-1], [1, 0]], 3: [[], [1], [0, 2], [-1, -2], [0, 1, 2]],
             4: [[0, -1], [2, 1]]}
    for dtype in dtypes:
        for shape, perm in SHAPES + BIG:
            for n, dims in enumerate(lists[len(shape)]):
                goes = [permuted(shape, perm)[d] for d in dims] if shape else []
                if not zero and (0 in goes or (not dims and 0 in shape)):
                    continue
                if torch.Size(shape).numel() > 60 and n % 2:
                    continue
                keepdim = n % 2
                over = dims if dims else list(range(len(shape)))
                c.add(name, lambda x: function(x, over, bool(keepdim)), inputs(shape, perm, dtype, low, high),
                      [keepdim, *(extra or [0]), *dims], second=twice and second(dtype, shape), node=node)


ALL = (F, D, B, U, I, L)
NUMBERS = (F, D, U, I, L)

# Over sets of dimensions.
many_dims("amax", lambda x, d, k: x.amax(d, k), dtypes=ALL, zero=False)
many_dims("amin", lambda x, d, k: x.amin(d, k), dtypes=ALL, zero=False)
many_dims("nansum", lambda x, d, k: x.nansum(d, k), node="")
many_dims("nansum", lambda x, d, k: x.nansum(d, k), dtypes=(U, L))
many_dims("nanmean", lambda x, d, k: x.nanmean(d, k), node="")
many_dims("any", lambda x, d, k: x.any(d, k), dtypes=ALL)
many_dims("all", lambda x, d, k: x.all(d, k), dtypes=ALL)
many_dims("count_nonzero", lambda x, d, k: x.count_nonzero(d) if not k else (x != 0).sum(d, True), dtypes=ALL)
many_dims("var_mean", lambda x, d, k: torch.var_mean(x, d, correction=1, keepdim=k), node="")
many_dims("std_mean", lambda x, d, k: torch.std_mean(x, d, correction=0, keepdim=k), node="", extra=[-1])
for p in (0, 0.5, 1, 1.5, 2, 3, 4.5, -1, -2.5):
    many_dims("norm", lambda x, d, k: torch.linalg.vector_norm(x, p, d, k), 0.3 if p < 1 else -2, 2, extra=[p],
              zero=p >= 0)
many_dims("norm", lambda x, d, k: torch.linalg.vector_norm(x, inf, d, k), extra=[1e300], zero=False)
many_dims("norm", lambda x, d, k: torch.linalg.vector_norm(x, -inf, d, k), extra=[-1e300], zero=False)
for dtype in (F, D):
    for p in (0, 0.5, 1, 1.5, 2, 3, -1, inf, -inf):
        for values in ([0, 0, 0], [0, 1, -2], [nan, 1, 0], [inf, 1, 2], [3, -3, 3]):
            c.add("norm", lambda x: torch.linalg.vector_norm(x, p, 0), [Input([3], dtype, values=values)],
                  [0, max(min(p, 1e300), -1e300), 0])
    for values in ([1, 3, 3, 2], [1, nan, 3, nan], [inf, -inf, inf, 0], [0, -0.0, 0, 0], [2, 2, 2, 2]):
        i = [Input([2, 2], dtype, values=values)]
        for d in ([], [0], [1]):
            over = d if d else [0, 1]
            c.add("amax", lambda x: x.amax(over), i, [0, 0, *d])
            c.add("amin", lambda x: x.amin(over), i, [0, 0, *d])
            c.add("nansum", lambda x: x.nansum(over), i, [0, 0, *d], node="")
            c.add("nanmean", lambda x: x.nanmean(over), i, [0, 0, *d], node="")
            c.add("any", lambda x: x.any(over), i, [0, 0, *d])
            c.add("all", lambda x: x.all(over), i, [0, 0, *d])
            c.add("count_nonzero", lambda x: x.count_nonzero(over), i, [0, 0, *d])
        i = [Input([4], dtype, values=values)]
        for name in ("cummax", "cummin"):
            c.add(name, lambda x: tuple(getattr(x, name)(0)), i, [0, 0])
        c.add("logcumsumexp", lambda x: x.logcumsumexp(0), i, [0, 0])
        c.add("cumsum", lambda x: x.cumsum(0), i, [0, 0])
        c.add("median_all", lambda x: x.median(), i)
        c.add("nanmedian_all", lambda x: x.nanmedian(), i)
        c.add("sort", lambda x: tuple(torch.sort(x, stable=True, dim=0)), i, [0, 0, 0], node="")
        c.add("sort", lambda x: tuple(torch.sort(x, stable=True, dim=0, descending=True)), i, [0, 0, 1], node="")
        c.add("unique", lambda x: torch.unique(x.detach(), return_inverse=True, return_counts=True), i)
        c.add("unique_consecutive",
              lambda x: torch.unique_consecutive(x.detach(), return_inverse=True, return_counts=True), i)
        for k in (1, 2, 3, 4):
            c.add("topk_values", lambda x: x.detach().topk(k)[0], i, [0, 1, k])
            c.add("topk_values", lambda x: x.detach().topk(k, largest=False)[0], i, [0, 0, k])
            c.add("kthvalue_values", lambda x: x.detach().kthvalue(k)[0], i, [0, 0, k])
        for q in (0, 0.3, 0.5, 1):
            c.add("quantile_all", lambda x: x.detach().quantile(q), i, [q])
        c.add("mode", lambda x: x.mode(0)[0], i, [0, 0])
        for n in ("argmax", "argmin"):
            c.add(n + "_all", lambda x: getattr(x, n)(), [Input([2, 2], dtype, values=values)])
    for values in ([nan, nan], [nan, 1], [1, nan]):
        c.add("median", lambda x: tuple(x.median(0)), [Input([2], dtype, values=values)], [0, 0])
        c.add("nanmedian", lambda x: tuple(x.nanmedian(0)), [Input([2], dtype, values=values)], [0, 0])
    c.add("median_all", lambda x: x.median(), [Input([0], dtype)])
    c.add("nanmedian_all", lambda x: x.nanmedian(), [Input([0], dtype)])

finish("reduce_over.pack")

# Products.
one_dim("prod", lambda x, d, k: x.prod(d, k), 0.5, 2, zero=True)
one_dim("prod", lambda x, d, k: x.prod(d, k), dtypes=(B, U, I, L), zero=True)
for dtype in (F, D):
    for values in ([0, 2, 3, 1, 4, 5], [0, 0, 3, 4, 0, 6], [0, 0, 0, 1, 2, 3], [0, 0, 0, 0, 0, 0], [-1, 0, 2, 3, 0, 1]):
        for dim in (0, 1):
            i = [Input([2, 3], dtype, values=values)]
            c.add("prod", lambda x: x.prod(dim), i, [dim, 0], second="g" if dtype == D else False)
            c.add("cumprod", lambda x: x.cumprod(dim), i, [dim, 0], second="g" if dtype == D else False)
        c.add("prod_all", lambda x: x.prod(), i, second="g" if dtype == D else False)

# Cumulative.
one_dim("cumsum", lambda x, d, k: x.cumsum(d), dtypes=ALL, keep=False, zero=True)
one_dim("cumprod", lambda x, d, k: x.cumprod(d), 0.5, 2, dtypes=(F, D), keep=False, zero=True)
one_dim("cumprod", lambda x, d, k: x.cumprod(d), dtypes=(B, U, I, L), keep=False, zero=True)
one_dim("logcumsumexp", lambda x, d, k: x.logcumsumexp(d), keep=False, zero=True)
one_dim("logcumsumexp", lambda x, d, k: x.logcumsumexp(d), -30, 30, keep=False)
one_dim("cummax", lambda x, d, k: tuple(x.cummax(d)), dtypes=ALL, keep=False, zero=True)
one_dim("cummin", lambda x, d, k: tuple(x.cummin(d)), dtypes=ALL, keep=False, zero=True)
shaped = tuple((s, p) for s, p in SHAPES + BIG if s)
one_dim("diff", lambda x, d, k: x.diff(dim=d), dtypes=ALL, keep=False, zero=True, shapes=shaped, node="")
one_dim("softmin", lambda x, d, k: torch.nn.functional.softmin(x, d), keep=False)
one_dim("logsumexp", lambda x, d, k: x.logsumexp(d, k))
for dtype in (F, D):
    for n in (1, 2, 1000, 3000):
        c.add("cumsum", lambda x: x.cumsum(0), [Input([n], dtype, grad=False)], [0, 0])

finish("reduce_scan.pack")

# Order. Places among equals are not specified but for a stable sort: floats have none here, and integers give
# values alone.
one_dim("sort", lambda x, d, k: tuple(torch.sort(x, stable=True, dim=d)), dtypes=ALL, keep=False, k=0, zero=True,
        node="")
one_dim("sort", lambda x, d, k: tuple(torch.sort(x, stable=True, dim=d, descending=True)), dtypes=ALL, keep=False, k=1,
        zero=True, node="")
one_dim("argsort", lambda x, d, k: torch.argsort(x.detach(), stable=True, dim=d), dtypes=ALL, keep=False, zero=True)
one_dim("median", lambda x, d, k: tuple(x.median(d, k)))
one_dim("nanmedian", lambda x, d, k: tuple(x.nanmedian(d, k)))
one_dim("median_values", lambda x, d, k: x.median(d, k)[0], dtypes=(U, I, L))
one_dim("mode_values", lambda x, d, k: x.mode(d, k)[0], dtypes=(B, U, I, L))
one_dim("mode", lambda x, d, k: x.mode(d, k)[0], dtypes=(F, D), twice=False)
one_dim("aminmax", lambda x, d, k: tuple(torch.aminmax(x, dim=d, keepdim=k)), node="")
one_dim("aminmax", lambda x, d, k: tuple(torch.aminmax(x, dim=d, keepdim=k)), dtypes=(U, I, L), node="")
for q in (0, 0.25, 0.6, 1):
    one_dim("quantile", lambda x, d, k: x.quantile(q, d, k), dtypes=(F, D), k=q, node="",
            shapes=(([7], None), ([3, 4], [1, 0]), ([2, 3, 4], None), ([], None)), zero=False)
for dtype in (F, D):
    for q in (0.1, 0.5, 0.9):
        c.add("quantile_all", lambda x: x.quantile(q), [Input([3, 7], dtype)], [q], node="")
    c.add("median_all", lambda x: x.median(), [Input([3, 6], dtype, perm=[1, 0])])
    c.add("nanmedian_all", lambda x: x.nanmedian(), [Input([3, 5], dtype)])
    for shape, dim, perm in (([9], 0, None), ([4, 6], 1, None), ([6, 4], 1, [1, 0]), ([6, 4], 0, None),
                             ([2, 5, 3], 1, None), ([3, 50], -1, None), ([], 0, None)):
        n = permuted(shape, perm)[dim] if shape else 1
        for k in sorted({1, 2, n // 2, n} & set(range(1, n + 1))):
            i = [Input(shape, dtype, perm=perm)]
            twice = second(dtype, shape)
            c.add("topk", lambda x: tuple(x.topk(k, dim)), i, [dim, 1, k], second=twice)
            c.add("topk", lambda x: tuple(x.topk(k, dim, largest=False)), i, [dim, 0, k], second=twice)
            c.add("kthvalue", lambda x: tuple(x.kthvalue(k, dim)), i, [dim, 0, k], second=twice)
            c.add("kthvalue", lambda x: tuple(x.kthvalue(k, dim, True)), i, [dim, 1, k], second=twice)
    c.add("topk", lambda x: tuple(x.topk(0)), [Input([3], dtype)], [0, 1, 0])
    # Long rows, sorted by their digits.
    i = Input([1700], dtype, -1e3, 1e3, grad=False)
    c.add("sort", lambda x: tuple(torch.sort(x, stable=True)), [i], [0, 0, 0])
    c.add("topk", lambda x: tuple(x.topk(7)), [i], [0, 1, 7])
    c.add("topk", lambda x: tuple(x.topk(800, largest=False)), [i], [0, 0, 800])
    c.add("kthvalue", lambda x: tuple(x.kthvalue(1234)), [i], [0, 0, 1234])
    c.add("median", lambda x: tuple(x.median(0)), [i], [0, 0])
for dtype in (U, I, L):
    i = Input([1700], dtype, -200 if dtype != U else 0, 200)
    c.add("sort", lambda x: tuple(torch.sort(x, stable=True)), [i], [0, 0, 0])
    c.add("sort", lambda x: tuple(torch.sort(x, stable=True, descending=True)), [i], [0, 0, 1])
    for k in (1, 5, 30):
        c.add("topk_values", lambda x: x.topk(k)[0], [Input([40], dtype, 0, 30)], [0, 1, k])
        c.add("topk_values", lambda x: x.topk(k, largest=False)[0], [Input([40], dtype, 0, 30)], [0, 0, k])
        c.add("kthvalue_values", lambda x: x.kthvalue(k)[0], [Input([40], dtype, 0, 30)], [0, 0, k])
    c.add("median_all", lambda x: x.median(), [Input([5, 5], dtype, 0, 30)])
    c.add("median_all", lambda x: x.median(), [Input([0], dtype)])
for values in ([2**62, -2**63, 2**63 - 1, 0, -1],):
    c.add("sort", lambda x: tuple(torch.sort(x, stable=True)), [Input([5], L, values=values)], [0, 0, 0])
c.add("sort", lambda x: tuple(torch.sort(x, stable=True)), [Input([5], I, values=[2**30, -2**31, 2**31 - 1, 0, -1])],
      [0, 0, 0])
for dtype in ALL:
    for shape, perm in (([20], None), ([4, 6], [1, 0]), ([], None), ([0], None), ([0, 3], None)):
        i = inputs(shape, perm, dtype, -2, 2, grad=False) if dtype.is_floating_point else inputs(shape, perm, dtype, 0, 9)
        for name in ("unique", "unique_consecutive"):
            c.add(name, lambda x: getattr(torch, name)(x, return_inverse=True, return_counts=True), i)
        if dtype != B and torch.Size(shape).numel():
            c.add("argmax_all", lambda x: x.argmax(), i)
            c.add("argmin_all", lambda x: x.argmin(), i)
    for right in (0, 1):
        if dtype == B:
            continue
        rows = torch.sort(torch.randint(0, 30, [3, 8], generator=torch.Generator().manual_seed(3)), 1)[0]
        for values, bounds in ((Input([4, 5], dtype, 0, 30, grad=False), Input([8], dtype, values=rows[0].tolist(), grad=False)),
                               (Input([], dtype, 0, 30, grad=False), Input([8], dtype, values=rows[1].tolist(), grad=False)),
                               (Input([6, 3], dtype, 0, 30, perm=[1, 0], grad=False),
                                Input([3, 8], dtype, values=rows.flatten().tolist(), grad=False)),
                               (Input([5], dtype, 0, 30, grad=False), Input([0], dtype, grad=False))):
            c.add("searchsorted", lambda s, v: torch.searchsorted(s, v, right=bool(right)), [bounds, values], [right])
            if len(bounds.shape) == 1:
                c.add("bucketize", lambda s, v: torch.bucketize(v, s, right=bool(right)), [bounds, values], [right])
for dtype in (F, D):
    v = Input([5], dtype, values=[nan, 2, inf, 0, -inf], grad=False)
    for right in (0, 1):
        for s in ([1, 2, 3], [1, 2, nan], [-inf, 2, inf]):
            c.add("searchsorted", lambda s, v: torch.searchsorted(s, v, right=bool(right)),
                  [Input([3], dtype, values=s, grad=False), v], [right])

# Counting.
for dtype in (U, I, L):
    for n, least in ((0, 0), (0, 4), (1, 0), (30, 0), (30, 20)):
        x = Input([n], dtype, 0, 9)
        c.add("bincount", lambda x: x.bincount(minlength=least), [x], [least])
        for w in (F, D, L):
            c.add("bincount", lambda x, w: x.bincount(w, minlength=least), [x, Input([n], w, 0, 5, grad=False)], [least])
for dtype in (F, D):
    for bins, low, high in ((10, 0, 0), (1, 0, 0), (7, -1, 1), (3, 0.5, 0.5), (100, -0.3, 0.7), (4, -10, 10)):
        for shape, perm in (([50], None), ([9, 11], [1, 0]), ([0], None), ([1], None)):
            c.add("histc", lambda x: x.histc(bins, low, high), [Input(shape, dtype, perm=perm, grad=False)],
                  [bins, low, high])
    c.add("histc", lambda x: x.histc(10, 0, 1), [Input([12], dtype, values=[i / 10 for i in range(12)], grad=False)],
          [10, 0, 1])
    c.add("histc", lambda x: x.histc(3, 0, 3), [Input([4], dtype, values=[1, nan, 2, 3], grad=False)], [3, 0, 3])
    for correction in (0, 1):
        for shape, perm in (([3, 8], None), ([8, 3], [1, 0]), ([6], None), ([1, 5], None)):
            c.add("cov", lambda x: torch.cov(x, correction=correction), [Input(shape, dtype, perm=perm)], [correction],
                  second=second(dtype, shape), node="")
    for shape in ([3, 8], [2, 5], [6]):
        c.add("corrcoef", lambda x: torch.corrcoef(x), [Input(shape, dtype, grad=len(shape) > 1)], node="")
c.add("cov", lambda x: torch.cov(x), [Input([3, 5], L, 0, 9)], [1])
c.add("var", lambda x: x.var(), [Input([3, 5], D)], second="g")
# A correction that leaves none, or less than none.
for dtype in (F, D):
    for shape, dims in (([], [0]), ([1], [0]), ([3, 1], [1]), ([2, 1, 3], [1])):
        values = [1 + i for i in range(torch.Size(shape).numel())]
        c.add("var_mean", lambda x: torch.var_mean(x, dims), [Input(shape, dtype, values=values)],
              [0, 0, *dims], node="")
    c.add("var", lambda x: x.var(), [Input([1], dtype, values=[2.5])])
    for value in (inf, nan, -2, 0):
        c.add("prod", lambda x: x.prod(0), [Input([], dtype, values=[value])], [0, 0, 0])
        c.add("logcumsumexp", lambda x: x.logcumsumexp(0), [Input([], dtype, values=[value])], [0])
c.add("std", lambda x: x.std(), [Input([3, 5], D)], second="g")

INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")
for dtype in (F, D):
    for mode, how in enumerate(INTERPOLATIONS):
        for q in ([0.2, 0.5, 0.9, 1, 0], 0.4, [0.5]):
            share = Input([len(q)] if isinstance(q, list) else [], dtype, values=q if isinstance(q, list) else [q], grad=False)
            for shape, dim, perm in (([7], 0, None), ([3, 4], 0, [1, 0]), ([2, 5, 3], 1, None), ([4, 6], -1, None), ([], 0, None)):
                for keep in (0, 1):
                    c.add("quantiles", lambda x, s: x.quantile(s, dim, bool(keep), interpolation=how),
                          inputs(shape, perm, dtype, -2, 2) + [share], [dim, keep, mode], node="",
                          second=second(dtype, shape))
            with_nan = [1, nan, 4, 2, nan, nan, 3.5, -1, nan, nan, nan, nan]
            for name in ("quantile", "nanquantile"):
                c.add(name + "s", lambda x, s: getattr(x, name)(s, 1, interpolation=how),
                      [Input([3, 4], dtype, values=with_nan), share], [1, 0, mode], node="", second=second(dtype, [3, 4]))
for dtype in ALL:
    for shape, dim, perm in (([6, 2], 0, None), ([2, 6], 1, None), ([6, 2], 1, [1, 0]), ([5, 2, 2], -3, None), ([9], 0, None),
                             ([2, 4, 2], 1, None), ([0, 3], 0, None)):
        i = inputs(shape, perm, dtype, 0, 2, grad=False)
        if dtype.is_floating_point:
            values = torch.randint(0, 2, shape, generator=torch.Generator().manual_seed(len(shape))).flatten().tolist()
            i = [Input(shape, dtype, values=values, grad=False, perm=perm or range(len(shape)))]
        for name in ("unique", "unique_consecutive"):
            c.add(name + "_dim", lambda x: getattr(torch, name)(x, return_inverse=True, return_counts=True, dim=dim), i, [dim])

finish("reduce_order.pack")
