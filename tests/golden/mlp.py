"""Writes mlp.h: losses of 50 training steps of a small perceptron in PyTorch, and how far PyTorch is from itself
across its instruction sets (AVX2 is the reference). Needs a processor with AVX-512 for that distance.

usage: mlp.py [PYTHON]    (runs itself once for each instruction set; PYTHON has another release of PyTorch, such as
Debian's without MKL, whose distance from itself is written down as well)
"""
import json, os, subprocess, sys

SEEDS = range(12)
STEPS = 50


def losses(seed):
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    X = torch.randn(300, 30)
    y = (X[:, 0] + 0.5 * X[:, 1] > 0).float()
    net = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 1), nn.Sigmoid())
    adam = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-4)
    loader = DataLoader(TensorDataset(X, y), batch_size=32, shuffle=True)
    out = []
    while True:
        for xb, yb in loader:
            adam.zero_grad()
            loss = nn.functional.binary_cross_entropy(net(xb).squeeze(1), yb)
            loss.backward()
            adam.step()
            out.append(loss.item())
            if len(out) == STEPS:
                return out, torch.cat([p.detach().ravel() for p in net.parameters()]).tolist()


if sys.argv[1:] == ["run"]:
    print(json.dumps([losses(s) for s in SEEDS]))
    sys.exit()


def run(capability, python=sys.executable):
    environment = dict(os.environ, ATEN_CPU_CAPABILITY=capability, OMP_NUM_THREADS="1")
    return json.loads(subprocess.run([python, __file__, "run"], env=environment, capture_output=True,
                                     text=True, check=True).stdout)


runs = {c: run(c) for c in ("avx2", "avx512", "default")}
import torch


def distance(a, b, which):
    return max(abs(x - y) for s in SEEDS for x, y in zip(a[s][which], b[s][which]))


def mean_distance(a, b):
    all = [abs(x - y) for s in SEEDS for x, y in zip(a[s][0], b[s][0])]
    return sum(all) / len(all)


reference = runs["avx2"]
other_release = None
if len(sys.argv) > 1:
    other_release = subprocess.run([sys.argv[1], "-c", "import torch; print(torch.__version__)"], check=True,
                                   capture_output=True, text=True).stdout.strip()
    others = {c: run(c, sys.argv[1]) for c in ("avx2", "avx512")}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mlp.h"), "w") as f:
    f.write("/* Written by mlp.py with torch %s. */\n" % torch.__version__)
    f.write("#define MLP_SEEDS %d\n#define MLP_STEPS %d\n" % (len(SEEDS), STEPS))
    for name in ("avx512", "default"):
        other = runs[name]
        f.write("/* PyTorch on AVX2 against PyTorch on %s: largest and mean distance of losses, largest of final"
                " weights. */\n" % name)
        f.write("#define MLP_%s_LOSS %.9g\n#define MLP_%s_MEAN %.9g\n#define MLP_%s_WEIGHT %.9g\n"
                % (name.upper(), distance(reference, other, 0), name.upper(), mean_distance(reference, other),
                   name.upper(), distance(reference, other, 1)))
    if other_release:
        f.write("/* PyTorch %s, AVX2 against AVX-512. */\n#define MLP_OTHER \"%s\"\n" % (other_release, other_release))
        f.write("#define MLP_OTHER_LOSS %.9g\n#define MLP_OTHER_MEAN %.9g\n#define MLP_OTHER_WEIGHT %.9g\n"
                % (distance(others["avx2"], others["avx512"], 0), mean_distance(others["avx2"], others["avx512"]),
                   distance(others["avx2"], others["avx512"], 1)))
    f.write("static const float mlp_losses[MLP_SEEDS][MLP_STEPS] = {\n")
    for s in SEEDS:
        f.write("    {" + ", ".join("%sf" % float(x).hex() for x in reference[s][0]) + "},\n")
    f.write("};\n/* The final weights of the first seed. */\nstatic const float mlp_weights[] = {\n    ")
    f.write(", ".join("%sf" % float(x).hex() for x in reference[0][1]) + "};\n")
