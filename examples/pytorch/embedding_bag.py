"""embedding_bag.c in PyTorch.  usage: embedding_bag.py [--steps N] [--data DIR] [SEED]"""
import collections
import os
import re

import pandas
import torch
from torch import nn
from torch.utils.data import DataLoader

from common import Clock, Log, arguments

WIDTH, BATCH, STEPS_AT_LEAST, EPOCHS_AT_LEAST = 32, 64, 300, 2


def tokens(text):
    return re.findall(r"\w+", text.lower())


def learn(texts):
    """Ids: 0 for padding, 1 for unknown words, then those that occur at least twice, the most frequent first."""
    counts = collections.Counter(token for text in texts for token in tokens(text))
    known = sorted((t for t in counts if counts[t] >= 2), key=lambda t: (-counts[t], t.encode()))
    return {token: i + 2 for i, token in enumerate(known)}


def collate(items):
    ids = [torch.tensor(ids, dtype=torch.int64) for ids, _ in items]
    lengths = torch.tensor([0] + [len(i) for i in ids[:-1]])
    return torch.cat(ids), torch.tensor([label for _, label in items], dtype=torch.float32), lengths.cumsum(0)


class Classifier(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.bag = nn.EmbeddingBag(words, WIDTH)
        self.linear = nn.Linear(WIDTH, 1)

    def forward(self, ids, offsets):
        return self.linear(self.bag(ids, offsets)).squeeze(1)


def accuracy(model, loader):
    correct = seen = 0
    with torch.no_grad():
        for ids, y, offsets in loader:
            correct += ((model(ids, offsets) > 0).float() == y).sum().item()
            seen += len(y)
    return correct / seen


def train(model, loader, dev, log):
    adam = torch.optim.Adam(model.parameters(), lr=0.005)
    epoch = 0
    while epoch < EPOCHS_AT_LEAST or log.done < STEPS_AT_LEAST:
        epoch += 1
        total = 0.0
        for ids, y, offsets in loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(ids, offsets), y)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item()
            if log.full(loss.item()):
                return
        if not log.steps:
            print("epoch %2d  loss %.6f  dev accuracy %.4f" % (epoch, total / len(loader), accuracy(model, dev)))


given = arguments(data="the folder of train.tsv and dev.tsv")
folder = given.data or os.environ.get("TAPER_SST2") or "data/demo"
tables = [pandas.read_csv("%s/%s.tsv" % (folder, part), sep="\t", na_filter=False) for part in ("train", "dev")]
vocabulary = learn(tables[0].sentence)
data, dev = ([([vocabulary.get(t, 1) for t in tokens(text)], label) for text, label in zip(table.sentence, table.label)]
             for table in tables)
if not given.steps:
    print("%d sentences, %d words" % (len(data), len(vocabulary) + 2))
torch.manual_seed(given.seed)
model = Classifier(len(vocabulary) + 2)
loader = DataLoader(data, batch_size=BATCH, shuffle=True, collate_fn=collate)
dev_loader = DataLoader(dev, batch_size=BATCH, collate_fn=collate, generator=torch.Generator())
with Clock():
    train(model, loader, dev_loader, Log(given.steps))
