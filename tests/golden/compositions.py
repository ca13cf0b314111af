"""Losses that are composed of other operations, and embeddings: writes compositions.pack."""
import os

from operation_cases import Cases, Input, torch
import torch.nn.functional as nnf

c = Cases()
F, D, I = torch.float32, torch.float64, torch.int64
INF, NAN = float("inf"), float("nan")
REDUCTIONS = ("mean", "sum", "none")


def signs(shape):
    n = torch.Size(shape).numel()
    return [1.0 if (7 * i + i // 3) % 3 else -1.0 for i in range(n)]


def add(name, function, inputs, numbers=()):
    second = "g" if inputs[0].dtype == D else False
    c.add(name, function, inputs, numbers, second=second, node="")


for dtype in (F, D):
    for shape, perm in (([7], None), ([4, 5], None), ([3, 4], [1, 0]), ([2, 3, 4], [2, 0, 1]), ([], None), ([0, 3], None)):
        def x(low=-2.0, high=2.0, grad=True):
            return Input(shape, dtype, low, high, perm=perm, grad=grad)

        def target():
            return Input(shape, dtype, values=signs(shape), perm=perm, grad=False)

        for r, reduction in enumerate(REDUCTIONS):
            if shape == [0, 3] and r == 0:
                continue
            add("l1", lambda a, b: nnf.l1_loss(a, b, reduction=reduction), [x(), x()], [r])
            for beta in (0.0, 0.5, 1.0, 1.7):
                add("smooth_l1", lambda a, b: nnf.smooth_l1_loss(a, b, reduction=reduction, beta=beta), [x(), x()], [r, beta])
            for delta in (0.5, 1.0, 1.7):
                add("huber", lambda a, b: nnf.huber_loss(a, b, reduction=reduction, delta=delta), [x(), x()], [r, delta])
            add("kl_div", lambda a, b: nnf.kl_div(a, b, reduction=reduction), [x(-3, 0), x(0.05, 1)], [r, 0, 0])
            add("kl_div", lambda a, b: nnf.kl_div(a, b, reduction=reduction, log_target=True), [x(-3, 0), x(-3, 0)], [r, 1, 0])
            for full in (0, 1):
                add("poisson", lambda a, b: nnf.poisson_nll_loss(a, b, full=bool(full), reduction=reduction),
                    [x(), x(0.1, 4, grad=False)], [r, 1, full])
                add("poisson", lambda a, b: nnf.poisson_nll_loss(a, b, log_input=False, full=bool(full), reduction=reduction),
                    [x(0.2, 3), x(0.1, 4, grad=False)], [r, 0, full])
                if shape:
                    add("gaussian", lambda a, b, v: nnf.gaussian_nll_loss(a, b, v, full=bool(full), reduction=reduction),
                        [x(), x(), x(0.2, 3)], [r, full, 1e-6])
            for margin in (1.0, 0.3):
                add("hinge_embedding", lambda a, b: nnf.hinge_embedding_loss(a, b, margin=margin, reduction=reduction),
                    [x(), target()], [r, margin])
                add("margin_ranking", lambda a, b, y: nnf.margin_ranking_loss(a, b, y, margin=margin, reduction=reduction),
                    [x(), x(), target()], [r, margin])
            add("soft_margin", lambda a, b: nnf.soft_margin_loss(a, b, reduction=reduction), [x(), target()], [r])
            if shape and shape[0]:
                for p, swap in ((2, 0), (2, 1), (1, 0), (3, 0)):
                    add("triplet", lambda a, b, n: nnf.triplet_margin_loss(a, b, n, p=p, swap=bool(swap), reduction=reduction),
                        [x(), x(), x()], [r, 1.0, p, swap])
        if shape and shape[0]:
            add("kl_div", lambda a, b: nnf.kl_div(a, b, reduction="batchmean"), [x(-3, 0), x(0.05, 1)], [0, 0, 1])
    add("kl_div", lambda a, b: nnf.kl_div(a, b, reduction="sum"),
        [Input([4], dtype, -3, 0), Input([4], dtype, values=[0, 0.5, 0, 0.25], grad=False)], [1, 0, 0])
    for shape, var in (([4, 3], [4, 1]), ([4, 3], [4]), ([5], [5])):
        add("gaussian", nnf.gaussian_nll_loss, [Input(shape, dtype), Input(shape, dtype), Input(var, dtype, 0.1, 2)], [0, 0, 1e-6])
        add("gaussian", lambda a, b, v: nnf.gaussian_nll_loss(a, b, v, eps=0.5),
            [Input(shape, dtype), Input(shape, dtype), Input(var, dtype, 0.1, 2)], [0, 0, 0.5])
    for n, classes in ((1, 2), (6, 4), (17, 3)):
        y = Input([n], I, values=[(3 * i + i // 4) % classes for i in range(n)], grad=False)
        for r, reduction in enumerate(REDUCTIONS):
            for p in (1, 2):
                for margin in (1.0, 0.4):
                    c.add("multi_margin", lambda a, b: nnf.multi_margin_loss(a, b, p=p, margin=margin, reduction=reduction),
                          [Input([n, classes], dtype), y], [r, p, margin], node="")
                    c.add("multi_margin", lambda a, b, w: nnf.multi_margin_loss(a, b, p=p, margin=margin, weight=w, reduction=reduction),
                          [Input([n, classes], dtype), y, Input([classes], dtype, 0.1, 2, grad=False)], [r, p, margin], node="")
    for shape in ([6, 4], [1, 3], [5]):
        for r, reduction in enumerate(REDUCTIONS):
            for margin in (0.0, 0.4):
                add("cosine", lambda a, b, y: nnf.cosine_embedding_loss(a, b, y, margin=margin, reduction=reduction),
                    [Input(shape, dtype), Input(shape, dtype),
                     Input(shape[:-1], dtype, values=signs(shape[:-1]), grad=False)], [r, margin])

    # Infinities, ties, and vectors of length 0.
    edge = [INF, -INF, NAN, 0.0, 1.0, -1.0, 0.5, 3.0]
    for r, reduction in enumerate(REDUCTIONS):
        def edges():
            return [Input([8], dtype, values=edge), Input([8], dtype, values=[0.0] * 8)]

        c.add("smooth_l1", lambda a, b: nnf.smooth_l1_loss(a, b, reduction=reduction), edges(), [r, 1], node="")
        c.add("huber", lambda a, b: nnf.huber_loss(a, b, reduction=reduction), edges(), [r, 1], node="")
        for p in (1, 2):
            c.add("multi_margin", lambda a, b: nnf.multi_margin_loss(a, b, p=p, margin=1, reduction=reduction),
                  [Input([3, 3], dtype, values=[2, 1, 0, 1, 1, 2, 0, 3, 3]), Input([3], I, values=[0, 2, 1])],
                  [r, p, 1], node="")
        for swap in (0, 1):
            c.add("triplet", lambda a, b, n: nnf.triplet_margin_loss(a, b, n, p=INF, swap=bool(swap), reduction=reduction),
                  [Input([3, 3], dtype, values=[1, 1, 1, 0, 2, 1, 5, 1, 1]),
                   Input([3, 3], dtype, values=[3, 3, 1, 1, 2, 1, 0, 0, 1]),
                   Input([3, 3], dtype, values=[2, 2, 2, 1, 1, 0, 4, 4, 4])], [r, 1, INF, swap], node="")
        c.add("cosine", lambda a, b, y: nnf.cosine_embedding_loss(a, b, y, reduction=reduction),
              [Input([3, 2], dtype, values=[0, 0, 1, 2, 0, 0]), Input([3, 2], dtype, values=[1, 0.5, 0, 0, 0, 0]),
               Input([3], dtype, values=[1, -1, 1], grad=False)], [r, 0], node="")

    # Embeddings. A padding of -9 stands for none.
    for rows, width, shape in ((5, 3, [7]), (4, 1, [2, 3]), (6, 8, []), (3, 2, [0]), (9, 16, [2, 2, 2])):
        for padding in (-9, 1, -1):
            n = torch.Size(shape).numel()
            places = Input(shape, I, values=[(5 * i + i // 2) % rows for i in range(n)], grad=False)
            # PyTorch cannot differentiate twice without indices.
            c.add("embedding", lambda w, i: nnf.embedding(i, w, padding_idx=None if padding == -9 else padding),
                  [Input([rows, width], dtype), places], [padding], second=dtype == D and n > 0, node="")
    for mode, m in (("sum", 0), ("mean", 1), ("max", 2)):
        for padding in (-9, 1):
            pad = None if padding == -9 else padding
            for rows, width, shape in ((5, 3, [4, 6]), (7, 2, [1, 1]), (4, 5, [3, 2])):
                n = torch.Size(shape).numel()
                places = Input(shape, I, values=[(5 * i + i // 2) % rows for i in range(n)], grad=False)
                # PyTorch's own second gradient of bags fails.
                c.add("bag", lambda w, i: nnf.embedding_bag(i, w, mode=mode, padding_idx=pad), [Input([rows, width], dtype), places],
                      [m, padding], node="")
                if mode == "sum":
                    c.add("bag_weights", lambda w, i, s: nnf.embedding_bag(i, w, mode=mode, padding_idx=pad, per_sample_weights=s),
                          [Input([rows, width], dtype), places, Input(shape, dtype)], [m, padding], node="")
            for offsets in ([0, 2, 2, 5], [0], [0, 7]):
                places = Input([7], I, values=[0, 3, 1, 1, 4, 2, 0], grad=False)
                at = Input([len(offsets)], I, values=offsets, grad=False)
                c.add("bag_offsets", lambda w, i, o: nnf.embedding_bag(i, w, o, mode=mode, padding_idx=pad),
                      [Input([5, 3], dtype), places, at], [m, padding, 0], node="")
                end = Input([len(offsets) + 1], I, values=offsets + [7], grad=False)
                c.add("bag_offsets", lambda w, i, o: nnf.embedding_bag(i, w, o, mode=mode, padding_idx=pad, include_last_offset=True),
                      [Input([5, 3], dtype), places, end], [m, padding, 1], node="")

c.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "compositions.pack"))
print(sum(1 for name, _ in c.items if name.startswith("op ")) - 1, "cases")
