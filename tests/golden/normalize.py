"""Normalisation: writes normalize.pack."""
import os

from operation_cases import Cases, Input, torch

f, nn = torch.nn.functional, torch.nn
c = Cases()
F, D = torch.float32, torch.float64


def second(function):
    """Twice the gradient of sum(exp(y)) by x, recorded."""
    def run(x, *others):
        y = function(x, *others)
        return torch.autograd.grad(torch.exp(y).sum(), x, create_graph=True)[0] * 2
    return run


for dtype in (F, D):
    for shape, k, perm in (([4, 6], 1, None), ([6], 1, None), ([3, 70], 1, None), ([2, 3, 4], 2, None), ([5, 3], 1, None),
                           ([6, 4], 1, [1, 0]), ([2, 2100], 1, None), ([0, 5], 1, None), ([2, 0], 1, None),
                           ([130, 7], 1, None), ([3, 33], 1, None)):
        sizes = [shape[p] for p in perm] if perm else shape
        last = sizes[len(sizes) - k:]
        x, w, b = Input(shape, dtype, -3, 5, perm=perm), Input(last, dtype, 0.5, 2), Input(last, dtype)
        layer = lambda x, w=None, b=None: f.layer_norm(x, last, w, b)
        rms = lambda x, w=None: f.rms_norm(x, last, w)
        c.add("layer_norm", layer, [x, w, b], [k, 1e-5])
        c.add("layer_norm", layer, [x], [k, 1e-5])
        c.add("layer_norm", lambda x, w: f.layer_norm(x, last, w, None, 0.5), [x, w], [k, 0.5])
        if perm:  # PyTorch has another node there
            continue
        c.add("rms_norm", rms, [x, w], [k, -1])
        c.add("rms_norm", lambda x: f.rms_norm(x, last, None, 1e-3), [x], [k, 1e-3])
        if dtype == D and len(shape) < 4 and shape not in ([2, 2100], [130, 7]) and 0 not in shape:
            c.add("layer_norm_second", second(layer), [x, w, b], [k, 1e-5])
            c.add("rms_norm_second", second(rms), [x, w], [k, -1])
    for shape, groups in (([2, 6, 5], 3), ([3, 6], 2), ([2, 4, 3, 2], 1), ([1, 4, 40], 2), ([0, 4, 3], 2),
                          ([2, 4, 0], 2), ([20, 8, 9], 4)):
        x = Input(shape, dtype, -3, 5)
        w, b = Input([shape[1]], dtype, 0.5, 2), Input([shape[1]], dtype)
        group = lambda x, w=None, b=None: f.group_norm(x, groups, w, b)
        if shape[-1]:  # PyTorch's gradient of the weight is NaN where there is nothing to add up
            c.add("group_norm", group, [x, w, b], [groups, 1e-5])
        c.add("group_norm", lambda x: f.group_norm(x, groups, eps=0.1), [x], [groups, 0.1])
        if dtype == D and 0 not in shape and shape[0] < 20:
            c.add("group_norm_second", second(group), [x, w, b], [groups, 1e-5])
    for shape, perm in (([5, 3], None), ([4, 3, 7], None), ([1, 3, 40], None), ([3, 5], [1, 0]), ([40, 2], None),
                        ([2, 3, 2, 2], None), ([0, 3], None), ([2, 3, 0], None)):
        channels = shape[perm[1]] if perm else shape[1]
        vector = lambda low, high, grad=True: Input([channels], dtype, low, high, grad=grad)
        x, w, b = Input(shape, dtype, -3, 5, perm=perm), vector(0.5, 2), vector(-1, 1)
        m, v = vector(-1, 1, False), vector(0.5, 2, False)
        if 0 in shape:  # PyTorch gives these another node's name
            c.add("batch_norm_empty", lambda x, w, b: f.batch_norm(x, None, None, w, b, True) * 2, [x, w, b],
                  [1, 0.1, 1e-5])
            c.add("batch_norm_empty", lambda x, w, b, m, v: f.batch_norm(x, m, v, w, b, False) * 2, [x, w, b, m, v],
                  [0, 0.1, 1e-5])
            continue
        train = lambda x, w, b: f.batch_norm(x, None, None, w, b, True)
        evaluate = lambda x, w, b, m, v: f.batch_norm(x, m, v, w, b, False, eps=1e-3)
        c.add("batch_norm", train, [x, w, b], [1, 0.1, 1e-5])
        c.add("batch_norm_plain", lambda x: f.batch_norm(x, None, None, training=True), [x], [1, 0.1, 1e-5])
        c.add("batch_norm", evaluate, [x, w, b, m, v], [0, 0.1, 1e-3])

        def tracked(x, w, b, m, v):
            m, v = m.clone(), v.clone()
            y = f.batch_norm(x, m, v, w, b, True, 0.3)
            return y, torch.cat([m, v])
        c.add("batch_norm_tracked", tracked, [x, w, b, m, v], [1, 0.3, 1e-5])
        if dtype == D and shape[0] < 40:
            c.add("batch_norm_second", second(train), [x, w, b], [1, 0.1, 1e-5])
            c.add("batch_norm_second", second(evaluate), [x, w, b, m, v], [0, 0.1, 1e-3])
    # The layer over three batches of training, then in evaluation; a momentum of -1 is None.
    for shape in ([6, 3], [4, 3, 5]):
        for momentum in (0.1, 0.7, -1, 0):
            def steps(x):
                layer = nn.BatchNorm1d(3, momentum=None if momentum < 0 else momentum, dtype=dtype)
                for i in range(3):
                    layer(x * (i + 1) + i)
                layer.eval()
                return layer(x), torch.cat([layer.running_mean, layer.running_var,
                                            layer.num_batches_tracked.to(dtype).reshape(1)])
            c.add("batch_norm_steps", steps, [Input(shape, dtype, -1, 2)], [momentum])

# Values far from 0 for their deviation, long batches, and rows across memory, in float32: there PyTorch's own float32 is
# off by up to 1e-3, and what is written is what it computes in float64 of the same numbers.
def truth(name, function, inputs, numbers, node):
    c.add(name, lambda *t: function(*(x.double() for x in t)).float(), inputs, numbers, node=node)


for shape, low, high in (([3, 70], 95, 105), ([4, 6], 99.9, 100.1), ([2, 600], 999, 1000), ([5, 33], -100.5, -99.5)):
    last = shape[-1:]
    x, w, b = (Input(s, F, *limits) for s, limits in ((shape, (low, high)), (last, (0.5, 2)), (last, (-1, 1))))
    layer = lambda x, w=None, b=None: f.layer_norm(x, last, w, b)
    truth("layer_norm", layer, [x, w, b], [1, 1e-5], "NativeLayerNormBackward0")
    truth("layer_norm", layer, [x], [1, 1e-5], "NativeLayerNormBackward0")
    truth("rms_norm", lambda x, w: f.rms_norm(x, last, w, 1e-5), [x, w], [1, 1e-5], "MulBackward0")
x, w, b = Input([3, 4, 30], F, 95, 105), Input([4], F, 0.5, 2), Input([4], F)
truth("group_norm", lambda x, w, b: f.group_norm(x, 2, w, b), [x, w, b], [2, 1e-5], "NativeGroupNormBackward0")
for shape, low, high, perm in (([200, 2], -3, 5, None), ([200, 2], 95, 105, None), ([4, 3, 70], 99, 100, None),
                               ([3, 40], 99, 100, [1, 0])):
    channels = shape[perm[1] if perm else 1]
    x, w, b = Input(shape, F, low, high, perm=perm), Input([channels], F, 0.5, 2), Input([channels], F)
    truth("batch_norm", lambda x, w, b: f.batch_norm(x, None, None, w, b, True), [x, w, b], [1, 0.1, 1e-5],
          "NativeBatchNormBackward0")
x, w = Input([6, 4], F, -3, 5, perm=[1, 0]), Input([6], F, 0.5, 2)
truth("rms_norm", lambda x, w: f.rms_norm(x, [6], w, 1e-5), [x, w], [1, 1e-5], "MulBackward0")

c.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "normalize.pack"))
