"""Embeddings with sparse gradients, trained for 100 steps: writes embedding_training.h, the tables that come out.

The numbers of each step are drawn after torch.manual_seed(step): the indices, then what the outputs' squares are weighted with,
whose first bag (or row) is weighted with 0, so that rows are touched by a gradient of zeros."""
import os

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"
import numpy
import torch

torch.set_num_threads(1)
ROWS, WIDTH, INDICES, BAGS, STEPS = 64, 6, 15, 5, 100

MODULES = {"row": lambda: torch.nn.Embedding(ROWS, WIDTH, padding_idx=3, sparse=True),
           "sum": lambda: torch.nn.EmbeddingBag(ROWS, WIDTH, mode="sum", padding_idx=3, sparse=True),
           "mean": lambda: torch.nn.EmbeddingBag(ROWS, WIDTH, mode="mean", sparse=True)}
OPTIMIZERS = {"sgd": lambda p: torch.optim.SGD(p, lr=0.05),
              "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05, lr_decay=0.01),
              "sparse_adam": lambda p: torch.optim.SparseAdam(p, lr=0.01)}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "embedding_training.h"), "w") as out:
    out.write("/* Written by embedding_training.py with PyTorch 2.13.0: see there. */\n/* clang-format off */\n")
    cases = []
    for m, make in MODULES.items():
        for o, optimizer_of in OPTIMIZERS.items():
            torch.manual_seed(1)
            module = make()
            optimizer = optimizer_of(list(module.parameters()))
            for step in range(STEPS):
                torch.manual_seed(step)
                indices = torch.randint(0, ROWS, (INDICES,))
                weights = torch.rand(INDICES if m == "row" else BAGS, WIDTH)
                weights[0] = 0
                y = module(indices) if m == "row" else module(indices, torch.arange(0, INDICES, INDICES // BAGS))
                optimizer.zero_grad()
                (y * y * weights).sum().backward()
                optimizer.step()
            bits = module.weight.detach().numpy().view(numpy.uint32).ravel()
            out.write(f"static const unsigned trained_{m}_{o}[] = {{{', '.join('0x%x' % b for b in bits)}}};\n")
            cases.append(f"{{\"{m}\", \"{o}\", trained_{m}_{o}}}")
    out.write("static const struct {\n    const char *module, *optimizer;\n    const unsigned *bits;\n} trainings[] = {"
              + ", ".join(cases) + "};\n")
