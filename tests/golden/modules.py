"""Writes modules.pack: what each module of torch.nn computes, its gradients and, in float64, their gradients, its own
parameters' included. Inputs behind the module's own are its parameters, in the order of named_parameters. A number
says whether it trains; draws are those of seed 99."""
import copy
import os

from operation_cases import Cases, Input, torch
from torch import nn

c = Cases()
F, D, I = torch.float32, torch.float64, torch.int64


class Bag(nn.Module):
    """What a bag is with a row of counts for its indices."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(6, 3))

    def forward(self, x):
        return x @ self.weight


PLAIN = {
    "identity": nn.Identity(), "sigmoid": nn.Sigmoid(), "tanh": nn.Tanh(), "relu": nn.ReLU(), "relu6": nn.ReLU6(),
    "selu": nn.SELU(), "silu": nn.SiLU(), "mish": nn.Mish(), "hardsigmoid": nn.Hardsigmoid(),
    "hardswish": nn.Hardswish(), "logsigmoid": nn.LogSigmoid(), "softsign": nn.Softsign(),
    "tanhshrink": nn.Tanhshrink(), "softmax": nn.Softmax(1), "log_softmax": nn.LogSoftmax(-1),
    "softmin": nn.Softmin(1), "glu": nn.GLU(1), "elu": nn.ELU(), "elu_2": nn.ELU(2.0), "celu": nn.CELU(0.5),
    "leaky_relu": nn.LeakyReLU(), "leaky_relu_2": nn.LeakyReLU(0.2), "hardtanh": nn.Hardtanh(),
    "hardtanh_2": nn.Hardtanh(-2.0, 2.5), "softplus": nn.Softplus(), "softplus_2": nn.Softplus(2.0, 3.0),
    "hardshrink": nn.Hardshrink(), "softshrink": nn.Softshrink(0.25), "threshold": nn.Threshold(0.1, 20.0),
    "gelu": nn.GELU(), "gelu_tanh": nn.GELU("tanh"), "flatten": nn.Flatten(0, -1), "unflatten": nn.Unflatten(1, (2, 3)),
}


def add(name, module, inputs, parameters=(), train=True, second="g"):
    names = [n for n, _ in module.named_parameters()]
    assert len(names) == len(parameters)

    def run(*tensors):
        torch.manual_seed(99)
        own = copy.deepcopy(module).train(train).to(tensors[-1].dtype)  # with buffers of its own
        y = torch.func.functional_call(own, dict(zip(names, tensors[len(inputs):])), tuple(tensors[:len(inputs)]))
        # An operation behind a module that gives its input back: an input has one gradient.
        y = y * 1 if y.grad_fn is None or y is tensors[0] else y
        return (y, own.running_mean, own.running_var) if hasattr(own, "running_mean") else y

    every = list(inputs) + list(parameters)
    dtype = every[-1].dtype
    c.add(name, run, every, [train], bound=[0.0] * 4 if dtype == D else None, second=second if dtype == D else False, node="")


for dtype in (F, D):
    def x(*shape, **options):
        return Input(shape, dtype, -3, 3, **options)

    def vector(*shape, low=-1.0, high=1.0):
        return Input(shape, dtype, low, high)

    for name, module in PLAIN.items():
        # PyTorch computes hardsigmoid's gradient of float64 with a sixth that has float32's precision.
        grad = not (name == "hardsigmoid" and dtype == D)
        for inputs in ([x(6, 5, perm=[1, 0], grad=grad)], [x(2, 6, 3, grad=grad)]):
            add(name, module, inputs)
    for shape in ([5, 4], [2, 3, 4], [4], [0, 4], [1, 4]):
        add("linear", nn.Linear(4, 3, dtype=dtype), [x(*shape)], [vector(3, 4), vector(3)])
        add("linear", nn.Linear(4, 3, bias=False, dtype=dtype), [x(*shape)], [vector(3, 4)])
    counts = Input([4, 6], dtype, values=[0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 1, 0, 0, 0, 0.5, 0, 0], grad=False)
    add("linear_csr", nn.Linear(6, 3, dtype=dtype), [counts], [vector(3, 6), vector(3)])
    for shape in ([4], [5, 3, 4], [0, 4]):
        add("bilinear", nn.Bilinear(4, 3, 2, dtype=dtype), [x(*shape), x(*shape[:-1], 3)], [vector(2, 4, 3), vector(2)])
        add("bilinear", nn.Bilinear(4, 3, 2, bias=False, dtype=dtype), [x(*shape), x(*shape[:-1], 3)], [vector(2, 4, 3)])
    two = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).to(dtype)
    add("sequential", two, [x(5, 4)], [vector(3, 4), vector(3), vector(2, 3), vector(2)])

    for shape in ([7], [2, 3], []):
        n = torch.Size(shape).numel()
        places = Input(shape, I, values=[(5 * i + i // 2) % 5 for i in range(n)], grad=False)
        add("embedding", nn.Embedding(5, 3, dtype=dtype), [places], [vector(5, 3)])
        add("embedding_padded", nn.Embedding(5, 3, padding_idx=1, dtype=dtype), [places], [vector(5, 3)])
    bags = Input([4, 6], I, values=[(5 * i + i // 2) % 5 for i in range(24)], grad=False)
    for mode in ("sum", "mean", "max"):  # PyTorch's own second gradient of bags fails
        add("embedding_bag_" + mode, nn.EmbeddingBag(5, 3, mode=mode, dtype=dtype), [bags], [vector(5, 3)], second=False)
    add("embedding_bag_csr", Bag(), [counts], [vector(6, 3)])

    for train in (True, False):
        for shape in ([5, 3], [4, 3, 7]):
            add("batch_norm1d", nn.BatchNorm1d(3, dtype=dtype), [x(*shape)], [vector(3, low=0.5, high=2), vector(3)], train)
            add("batch_norm1d_plain", nn.BatchNorm1d(3, affine=False, momentum=None, dtype=dtype), [x(*shape)], [], train)
    for shape in ([3, 4], [2, 3, 4]):
        add("layer_norm", nn.LayerNorm(4, dtype=dtype), [x(*shape)], [vector(4, low=0.5, high=2), vector(4)])
        add("layer_norm_unbiased", nn.LayerNorm(4, 0.1, bias=False, dtype=dtype), [x(*shape)], [vector(4, low=0.5, high=2)])
        add("layer_norm_plain", nn.LayerNorm(shape, elementwise_affine=False, dtype=dtype), [x(*shape)])
        add("rms_norm", nn.RMSNorm(4, dtype=dtype), [x(*shape)], [vector(4, low=0.5, high=2)])
    for n, channels, length in ((2, 6, [5]), (3, 12, []), (2, 6, [2, 2])):
        add("group_norm", nn.GroupNorm(3, channels, dtype=dtype), [x(n, channels, *length)],
            [vector(channels, low=0.5, high=2), vector(channels)])

    for train in (True, False):
        for name, module, shape in (("dropout", nn.Dropout, [7, 5]), ("dropout1d", nn.Dropout1d, [3, 4, 5]),
                                    ("dropout2d", nn.Dropout2d, [2, 3, 2, 2]), ("alpha_dropout", nn.AlphaDropout, [7, 5]),
                                    ("feature_alpha_dropout", nn.FeatureAlphaDropout, [3, 4, 5])):
            add(name, module(0.25), [x(*shape)], train=train)
        add("rrelu", nn.RReLU(0.1, 0.9), [x(7, 5, perm=[1, 0])], train=train)
    for shape, n in (([3, 4, 2], 4), ([3, 4], 1), ([5], 1)):
        add("prelu", nn.PReLU(n, dtype=dtype), [x(*shape)], [vector(n)])
    add("cosine_similarity", nn.CosineSimilarity(2, 1e-6), [x(2, 3, 4), x(2, 3, 4)])
    add("pairwise_distance", nn.PairwiseDistance(2, 1e-5), [x(3, 4), x(3, 4)])
    add("pairwise_distance_3", nn.PairwiseDistance(3, 1e-5, True), [x(3, 4), x(3, 4)])

c.write(os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules.pack"))
print(sum(1 for name, _ in c.items if name.startswith("op ")) - 1, "cases")
