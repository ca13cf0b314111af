"""topics.c with scikit-learn and PyTorch.  usage: topics.py [--steps N] [SEED]"""
import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import classification_report
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from common import Clock, Log, arguments

TOPICS, WORDS, COMMON, TRAIN, TEST, LONGEST, BATCH, EPOCHS = 5, 12, 20, 2000, 500, 12, 32, 6
names = "cooking football gardening money space".split()
words = [line.split() for line in (
    "oven flour butter simmer spice onion recipe sauce dough roast season plate",
    "goal striker referee penalty league coach pitch keeper season corner header match",
    "soil seed prune bloom compost shrub onion weed season spade root plant",
    "bank interest loan market budget share rate profit credit match bond fund",
    "orbit rocket planet comet launch probe telescope crew plate lunar star bank")]
common = ("the and with from about every new old was will "
          "they have after more than some when into good very").split()


def make_texts(n):
    topics = torch.randint(0, TOPICS, (n,))
    draws = torch.randint(0, 1 << 20, (n, LONGEST, 3)).tolist()
    texts = []
    for topic, rows in zip(topics.tolist(), draws):
        text = []
        for a, b, c in rows:
            other = (topic + 1 + b % (TOPICS - 1)) % TOPICS
            text.append(words[topic][c % WORDS] if a % 28 < 7 else
                        words[other][c % WORDS] if a % 28 < 11 else common[c % COMMON])
        texts.append(" ".join(text))
    return texts, topics


def train(model, data, log):
    adam = torch.optim.Adam(model.parameters(), lr=0.02)
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
        if not log.steps:
            print("epoch %d  loss %.6f" % (epoch, total / len(loader)))


given = arguments()
texts, y = make_texts(TRAIN)
test_texts, test_y = make_texts(TEST)
vectorizer = TfidfVectorizer(dtype=np.float32)
X = torch.from_numpy(vectorizer.fit_transform(texts).toarray())
test_X = torch.from_numpy(vectorizer.transform(test_texts).toarray())
model = nn.Linear(X.shape[1], TOPICS)
with Clock():
    train(model, TensorDataset(X, y), Log(given.steps))
if not given.steps:
    with torch.no_grad():
        predicted = model(test_X).argmax(1)
    print("test accuracy %.4f\n" % (predicted == test_y).double().mean())
    print(classification_report(test_y, predicted, target_names=names))
    terms = vectorizer.get_feature_names_out()
    for name, row in zip(names, model.weight.detach().topk(6, 1).indices):
        print("%-9s  %s" % (name, " ".join(terms[row])))
