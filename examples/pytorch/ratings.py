"""ratings.c in PyTorch.  usage: ratings.py [--steps N] [SEED]"""
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from common import Clock, Log, arguments

USERS, ITEMS, RANK, FACTORS, BATCH, EPOCHS, NOISE = 943, 1682, 4, 6, 512, 6, 0.4


def make_ratings():
    tastes, traits = torch.randn(USERS, RANK), torch.randn(ITEMS, RANK)
    mild, good = torch.randn(USERS, 1), torch.randn(ITEMS)
    liking = tastes @ traits.t() * 0.3
    mean = mild * 0.3 + good * 0.4 + 3.3
    noise = torch.randn(USERS, ITEMS) * NOISE
    table = (liking + mean + noise).clamp(1, 5)
    draw = torch.rand(USERS, ITEMS)
    return [TensorDataset(*mask.nonzero(as_tuple=True), table[mask]) for mask in (draw < 0.056, draw >= 0.9937)]


class Factorisation(nn.Module):
    def __init__(self, mean):
        super().__init__()
        self.mean = mean
        self.user, self.item = nn.Embedding(USERS, FACTORS), nn.Embedding(ITEMS, FACTORS)
        self.user_bias, self.item_bias = nn.Embedding(USERS, 1), nn.Embedding(ITEMS, 1)
        nn.init.normal_(self.user.weight, 0, 0.1)
        nn.init.normal_(self.item.weight, 0, 0.1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)

    def forward(self, user, item):
        match = (self.user(user) * self.item(item)).sum(1)
        return match + (self.user_bias(user) + self.item_bias(item)).squeeze(1) + self.mean


def train(model, data, test, log):
    adam = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=3e-5)
    loader = DataLoader(data, batch_size=BATCH, shuffle=True)
    for epoch in range(1, EPOCHS + 1):
        total = 0.0
        for user, item, rating in loader:
            loss = nn.functional.mse_loss(model(user, item), rating)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
            if log.full(loss.item()):
                return
        if not log.steps:
            user, item, rating = test.tensors
            with torch.no_grad():
                rmse = (model(user, item) - rating).double().square().mean().sqrt()
            print("epoch %d  train loss %.6f  held-out RMSE %.4f" % (epoch, total / len(loader), rmse))


given = arguments()
data, test = make_ratings()
mean = data.tensors[2].mean().item()
model = Factorisation(mean)
if not given.steps:
    print("%d ratings to learn from, %d held out, mean %.4f" % (len(data), len(test), mean))
    print("held-out RMSE of the mean alone %.4f" % (test.tensors[2] - mean).square().mean().sqrt())
with Clock():
    train(model, data, test, Log(given.steps))
