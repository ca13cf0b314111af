"""newton.c in PyTorch.  usage: newton.py [--steps N] [SEED]"""
import math

import torch

from common import Clock, arguments

ITEMS, FEATURES, STEPS, L2, TOLERANCE = 1000, 20, 25, 1e-4, 1e-9


def new_problem(seed):
    torch.manual_seed(seed)
    sizes = torch.linspace(1, 0.1, FEATURES, dtype=torch.float64) ** 2
    X = torch.randn(ITEMS, FEATURES, dtype=torch.float64) * sizes
    truth = torch.randn(FEATURES, dtype=torch.float64) / sizes.sqrt()
    y = (torch.rand(ITEMS, dtype=torch.float64) < torch.sigmoid(X @ truth)).double()
    w = torch.zeros(FEATURES, dtype=torch.float64, requires_grad=True)

    def loss():
        error = torch.nn.functional.binary_cross_entropy_with_logits(X @ w, y)
        return error + w.square().sum() * (L2 / 2)

    return w, loss


def solve(w, g):
    """A solution of H d = -g by conjugate gradients; and how many products with H it took."""
    d, r = torch.zeros_like(w), -g.detach()
    s, norm2, products = r.clone(), r @ r, 0
    enough = min(0.1, math.sqrt(norm2.sqrt())) * norm2.sqrt()
    while products < 2 * FEATURES and norm2.sqrt() > enough:
        (Hs,) = torch.autograd.grad(g, w, s, retain_graph=True)
        before = norm2
        length = before / (s @ Hs)
        d, r = d + length * s, r - length * Hs
        norm2 = r @ r
        s = r + norm2 / before * s
        products += 1
    return d, products


def newton(seed, steps, quiet):
    w, loss_of = new_problem(seed)
    step, products, norm = 0, 0, math.inf
    while step < steps and norm > TOLERANCE:
        step += 1
        loss = loss_of()
        (g,) = torch.autograd.grad(loss, w, create_graph=True)
        norm, here = g.detach().norm().item(), loss.item()
        if quiet:
            print("newton %.9g" % here)
        d, more = solve(w, g)
        products += more
        with torch.no_grad():
            slope, start, length = (g @ d).item(), w.clone(), 1.0
            while True:
                w.copy_(start + length * d)
                if loss_of() <= here + 1e-4 * length * slope:
                    break
                length /= 2
                if length <= 1e-6:
                    break
        if not quiet:
            print("newton %2d  loss %.9f  |gradient| %.2e  products so far %d" % (step, here, norm, products))


def descend(name, make, seed, steps, quiet):
    w, loss_of = new_problem(seed)
    optimizer = make([w])

    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    for step in range(1, steps + 1):
        loss = optimizer.step(closure).item()
        if quiet:
            print(name, "%.9g" % loss)
        elif step % 5 == 0:
            print("%s %2d  loss %.9f" % (name, step, loss))


given = arguments()
how = given.seed, given.steps or STEPS, given.steps > 0
with Clock():
    newton(*how)
    descend("lbfgs", lambda p: torch.optim.LBFGS(p, max_iter=1, max_eval=20, line_search_fn="strong_wolfe"), *how)
    descend("descent", lambda p: torch.optim.SGD(p, lr=2), *how)
