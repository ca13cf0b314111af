"""mlp.c in PyTorch.  usage: mlp.py [--steps N] [SEED]"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from common import Clock, Log, arguments

ARMS, TRAIN, TEST, HIDDEN, BATCH, EPOCHS = 3, 1200, 300, 64, 32, 40


def make_data(n):
    radius = torch.rand(n)
    arm = torch.randint(0, ARMS, (n,))
    noise = torch.randn(n, 2) * 0.03
    angle = radius * 4.5 + arm.float() * 2.0943951
    return torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1) + noise, arm


def train(model, data, test_X, test_y, log):
    adam = torch.optim.Adam(model.parameters(), lr=0.005)
    loader = DataLoader(data, batch_size=BATCH, shuffle=True)
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for X, y in loader:
            loss = nn.functional.cross_entropy(model(X), y)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
            if log.full(loss.item()):
                return
        if not log.steps and epoch % 5 == 0:
            with torch.no_grad():
                accuracy = (model(test_X).argmax(1) == test_y).double().mean().item()
            print("epoch %2d  loss %.6f  test accuracy %.4f" % (epoch, total / len(loader), accuracy))


def print_map(model, rows=21, columns=43):
    x, y = torch.linspace(-1.1, 1.1, columns), torch.linspace(1.1, -1.1, rows)
    with torch.no_grad():
        places = torch.stack([x.repeat(rows), y.repeat_interleave(columns)], 1)
        arms = model(places).argmax(1).view(rows, columns)
    for row in arms:
        print("  " + "".join(".o#"[i] for i in row))


given = arguments()
X, y = make_data(TRAIN)
test_X, test_y = make_data(TEST)
model = nn.Sequential(nn.Linear(2, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, ARMS))
if not given.steps:
    print(model)
with Clock():
    train(model, TensorDataset(X, y), test_X, test_y, Log(given.steps))
if not given.steps:
    print_map(model)
