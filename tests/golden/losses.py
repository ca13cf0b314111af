"""Losses: writes losses.pack."""
import os

from operation_cases import Cases, Input, torch

f = torch.nn.functional
c = Cases()
F, D = torch.float32, torch.float64
REDUCTIONS = ["mean", "sum", "none"]

for dtype in (F, D):
    for r, name in enumerate(REDUCTIONS):
        for shape, perm in (([16], None), ([1], None), ([4, 5], [1, 0]), ([], None), ([333], None), ([0, 3], None),
                            ([600], None)):
            if r > 0 and shape in ([333], [600]):
                continue
            i = [Input(shape, dtype, 0, 1, perm=perm), Input(shape, dtype, 0, 1, perm=perm, grad=False)]
            logits = [Input(shape, dtype, -9, 9, perm=perm), Input(shape, dtype, 0, 1, perm=perm, grad=False)]
            both = [Input(shape, dtype, perm=perm), Input(shape, dtype, perm=perm)]
            c.add("bce", lambda x, y: f.binary_cross_entropy(x, y, reduction=name), i, [r])
            c.add("logits", lambda x, y: f.binary_cross_entropy_with_logits(x, y, reduction=name), logits, [r])
            c.add("mse", lambda x, y: f.mse_loss(x, y, reduction=name), both, [r])
        for weight in ([3], [4, 1], [4, 3]):
            i = [Input([4, 3], dtype, 0, 1), Input([4, 3], dtype, 0, 1), Input(weight, dtype, 0, 2, grad=False)]
            c.add("bce_weight", lambda x, y, w: f.binary_cross_entropy(x, y, w, reduction=name), i, [r])
            i = [Input([4, 3], dtype, -9, 9), Input([4, 3], dtype, 0, 1), Input(weight, dtype, 0, 2, grad=False)]
            c.add("logits_weight", lambda x, y, w: f.binary_cross_entropy_with_logits(x, y, w, reduction=name), i, [r])
            i = [Input([4, 3], dtype, -9, 9), Input([4, 3], dtype, 0, 1), Input(weight, dtype, 0, 2, grad=False)]
            c.add("logits_pos", lambda x, y, w: f.binary_cross_entropy_with_logits(x, y, pos_weight=w, reduction=name),
                  i, [r])
        c.add("logits_both",
              lambda x, y, w, p: f.binary_cross_entropy_with_logits(x, y, w, pos_weight=p, reduction=name),
              [Input([4, 3], dtype, -9, 9), Input([4, 3], dtype, 0, 1), Input([4, 1], dtype, 0, 2, grad=False),
               Input([3], dtype, 0, 2, grad=False)], [r])
        x = [0, 1, 1e-30, 0, 1, 0.5, 1 - 6e-8, 0.25]
        y = [1, 0, 1, 0, 1, 0.5, 0, 0.75]
        c.add("bce", lambda x, y: f.binary_cross_entropy(x, y, reduction=name),
              [Input([8], dtype, values=x), Input([8], dtype, values=y, grad=False)], [r])
        x = [0, 1e4, -1e4, 100, -100, float("inf"), 20, -20]
        c.add("logits", lambda x, y: f.binary_cross_entropy_with_logits(x, y, reduction=name),
              [Input([8], dtype, values=x), Input([8], dtype, values=y, grad=False)], [r])
        for shape, target, perm in (([5, 4], [5], None), ([4], [], None), ([4, 5], [5], [1, 0]), ([3, 4, 2], [3, 2], None),
                                    ([2, 3, 4, 5], [2, 4, 5], None), ([700, 3], [700], None)):
            if r == 2 and shape[0] == 700:
                continue
            small = shape[0] != 700
            classes = shape[0] if len(shape) == 1 else (shape[1] if perm is None else shape[perm[1]])
            for ignore in (-100, 1):
                for has_weight in (0, 1):
                    if r > 0 and not (has_weight and ignore == 1):
                        continue
                    i = [Input(shape, dtype, perm=perm, grad=small), Input(target, torch.int64, 0, classes)]
                    if has_weight:
                        i.append(Input([classes], dtype, 0, 2, grad=False))
                    if perm is not None:
                        i[1] = Input([shape[perm[0]]], torch.int64, 0, classes)
                    for s in (0, 0.1):
                        if s == 0:
                            c.add("nll", lambda x, t, w=None: f.nll_loss(x, t, w, ignore_index=ignore, reduction=name),
                                  i, [r, ignore, 0])
                        c.add("cross_entropy",
                              lambda x, t, w=None: f.cross_entropy(x, t, w, ignore_index=ignore, reduction=name,
                                                                   label_smoothing=s), i, [r, ignore, s])
        for shape in ([5, 4], [4], [3, 4, 2]):
            classes = shape[0] if len(shape) == 1 else shape[1]
            for s in (0, 0.1):
                i = [Input(shape, dtype), Input(shape, dtype, 0, 1)]
                c.add("cross_entropy", lambda x, t: f.cross_entropy(x, t, reduction=name, label_smoothing=s), i,
                      [r, -100, s])
                i = i + [Input([classes], dtype, 0, 2, grad=False)]
                c.add("cross_entropy", lambda x, t, w: f.cross_entropy(x, t, w, reduction=name, label_smoothing=s), i,
                      [r, -100, s])
        # Nothing counts.
        c.add("cross_entropy", lambda x, t: f.cross_entropy(x, t, reduction=name),
              [Input([2, 3], dtype, grad=False), Input([2], torch.int64, values=[-100, -100])], [r, -100, 0])

# Dropout: the mask from the generator.
for dtype in (F, D):
    for p in (0.0, 0.1, 0.5, 0.9, 1.0):
        def drop(x):
            torch.manual_seed(77)
            y = f.dropout(x, p)
            return y * 1
        c.add("dropout", drop, [Input([37], dtype)], [p])

c.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.pack"))
