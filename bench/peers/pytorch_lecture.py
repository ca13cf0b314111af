"""The lecture's plain model in PyTorch, the way the slides do it: dense rows made one by one, a DataLoader, Adam.

usage: pytorch_lecture.py DIR    prints seconds as JSON: {"read": ..., "vectorize": ..., "train": ...}
"""
import csv, json, sys, time

import numpy as np
import torch
from nltk.stem import PorterStemmer
from sklearn.feature_extraction.text import CountVectorizer
from torch.utils.data import DataLoader, Dataset

torch.set_num_threads(1)
clock = [time.perf_counter()]
took = {}


def lap(name):
    now = time.perf_counter()
    took[name] = now - clock[0]
    clock[0] = now


def read(path):
    stem = PorterStemmer().stem
    known = {}
    texts, labels = [], []
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            words = row["sentence"].split()
            for word in words:
                if word not in known:
                    known[word] = stem(word)
            texts.append(" ".join(known[word] for word in words))
            labels.append(int(row["label"]))
    return texts, torch.tensor(labels)


class Rows(Dataset):
    def __init__(self, X, y):
        self.X, self.y = X, y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return {"X": torch.Tensor(np.asarray(self.X[i].todense())[0]), "y": self.y[i]}


class Model(torch.nn.Module):
    def __init__(self, features):
        super().__init__()
        self.Wb = torch.nn.Linear(features, 1)

    def forward(self, X, y):
        p = torch.sigmoid(self.Wb(X).squeeze(1))
        return p, torch.nn.functional.binary_cross_entropy(p, y.float())


train_text, train_y = read(sys.argv[1] + "/train.tsv")
dev_text, dev_y = read(sys.argv[1] + "/dev.tsv")
lap("read")
vectorizer = CountVectorizer()
train_X, dev_X = vectorizer.fit_transform(train_text), vectorizer.transform(dev_text)
lap("vectorize")

torch.manual_seed(0)
loader = DataLoader(Rows(train_X, train_y), batch_size=16, shuffle=True)
dev = DataLoader(Rows(dev_X, dev_y), batch_size=16)
model = Model(train_X.shape[1])
adam = torch.optim.Adam(model.parameters(), lr=0.01)
correct = 0
for epoch in range(2):
    losses, right = [], 0
    for batch in loader:
        adam.zero_grad()
        p, loss = model(**batch)
        losses.append(loss.item())
        right += int((p.round() == batch["y"]).sum())
        loss.backward()
        adam.step()
    with torch.no_grad():
        correct = sum(int((model(**b)[0].round() == b["y"]).sum()) for b in dev)
lap("train")
took["dev_accuracy"] = correct / len(dev_y)
took["torch"] = torch.__version__
print(json.dumps(took))
