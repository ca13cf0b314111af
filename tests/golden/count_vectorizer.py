"""Writes count_vectorizer.h: checksums of what scikit-learn's CountVectorizer makes of random corpora and SST-2.

usage: python3 count_vectorizer.py FOLDER_OF_SST2

Terms that tie at the cut of max_features are taken in order of terms, which scikit-learn leaves open; where
nothing ties, its own choice is checked to be the same.
"""
import os
import sys
import warnings

import numpy as np
import pandas
from nltk.stem.porter import PorterStemmer
from sklearn.feature_extraction.text import CountVectorizer

from text_random import FEW, ODD, PLAIN, STEMS, SUFFIXES, Checksum, Random

warnings.filterwarnings("ignore")
CORPORA = 2000
STOP = ["ab", "ba", "aa", "é", "éé", "abb", "bb", "the", "01", "_"]
MIN_DF = [1, 1, 1, 2, 3, 0.3, 0.5, 0.0]
MAX_DF = [1.0, 1.0, 1.0, 0.9, 0.5, 3, 1]
NGRAMS = [(1, 1), (1, 1), (1, 2), (2, 2), (1, 3), (2, 3)]
FEATURES = [None, None, 1, 5, 20]
stemmer = PorterStemmer()
PADDED = [s + " " for s in SUFFIXES]


def corpus(random, pool):
    docs = []
    for _ in range(1 + random.below(8)):
        text = random.text(60, pool)
        if pool is STEMS:  # words with endings
            for _ in range(random.below(6)):
                text += random.text(5, pool) + PADDED[random.below(len(PADDED))]
        docs.append(text)
    return docs


def add_matrix(sum, X):
    X = X.tocsr()
    X.sort_indices()
    for i in X.shape:
        sum.integer(i)
    for r in range(X.shape[0]):
        for k in range(X.indptr[r], X.indptr[r + 1]):
            sum.integer(int(X.indices[k]))
            sum.integer(int(X.data[k]))
        sum.integer(-1)


def expected(docs, others, stem, features, options):
    """A checksum of vocabulary, matrix and the others' matrix, or of the error."""
    sum = Checksum()
    if stem:
        docs, others = ([" ".join(map(stemmer.stem, d.split())) for d in part] for part in (docs, others))
    try:
        v = CountVectorizer(**options)
        X = v.fit_transform(docs)
    except ValueError as e:
        sum.bytes(str(e).encode())
        return sum.value
    terms = np.array(v.get_feature_names_out(), dtype=object)
    Y = v.transform(others)
    if features is not None and len(terms) > features:
        total = np.asarray(X.sum(axis=0)).ravel()
        order = np.argsort(-total, kind="stable")
        kept = np.sort(order[:features])
        if total[order[features - 1]] != total[order[features]]:
            own = CountVectorizer(**options, max_features=features).fit(docs)
            assert list(own.get_feature_names_out()) == list(terms[kept])
        X, Y, terms = X[:, kept], Y[:, kept], terms[kept]
    for t in terms:
        sum.bytes(t.encode() + b"\n")
    add_matrix(sum, X)
    add_matrix(sum, Y)
    return sum.value


sums = []
random = Random(7)
errors = 0
for _ in range(CORPORA):
    pool = [PLAIN, ODD, FEW, FEW, STEMS][random.below(5)]
    ngram = NGRAMS[random.below(len(NGRAMS))]
    min_df, max_df = MIN_DF[random.below(len(MIN_DF))], MAX_DF[random.below(len(MAX_DF))]
    features = FEATURES[random.below(len(FEATURES))]
    binary, stops = random.below(3) == 0, random.below(3) == 0
    lower, short, stem = random.below(8) != 0, random.below(4) == 0, random.below(3) == 0
    docs = corpus(random, pool)
    others = corpus(random, pool)
    sums.append(expected(docs, others, stem, features, dict(
        ngram_range=ngram, min_df=min_df, max_df=max_df, binary=binary, stop_words=STOP if stops else None,
        lowercase=lower, token_pattern=r"(?u)\b\w+\b" if short else r"(?u)\b\w\w+\b")))

parts = {}
for part in ("train", "dev"):
    lines = open(f"{sys.argv[1]}/{part}.tsv", encoding="utf-8", newline="\n").read().split("\n")[1:]
    parts[part] = [line.split("\t")[0] for line in lines if line]
    assert parts[part] == list(pandas.read_csv(f"{sys.argv[1]}/{part}.tsv", sep="\t")["sentence"])
    parts[part] = [" ".join(map(stemmer.stem, s.split())) for s in parts[part]]
v = CountVectorizer()
X, D = v.fit_transform(parts["train"]), v.transform(parts["dev"])
vocabulary, train, dev = Checksum(), Checksum(), Checksum()
for t in v.get_feature_names_out():
    vocabulary.bytes(t.encode() + b"\n")
add_matrix(train, X)
add_matrix(dev, D)
two = CountVectorizer(ngram_range=(1, 2), stop_words="english", min_df=2, max_df=0.01)
T = two.fit_transform(parts["train"])
runs = Checksum()
for t in two.get_feature_names_out():
    runs.bytes(t.encode() + b"\n")
add_matrix(runs, T)

with open(os.path.dirname(os.path.abspath(__file__)) + "/count_vectorizer.h", "w") as out:
    out.write("/* Written by count_vectorizer.py; do not edit. */\n/* clang-format off */\n")
    for name, m, sum in (("TRAIN", X, train), ("DEV", D, dev), ("RUNS", T, runs)):
        out.write(f"#define SST2_{name}_ROWS {m.shape[0]}\n#define SST2_{name}_COLUMNS {m.shape[1]}\n"
                  f"#define SST2_{name}_STORED {m.nnz}\n#define SST2_{name} 0x{sum.value:016X}u\n")
    out.write(f"#define SST2_VOCABULARY 0x{vocabulary.value:016X}u\n")
    out.write(f"#define CORPORA {CORPORA}\nstatic const uint64_t corpora[CORPORA] = {{\n")
    for i in range(0, CORPORA, 5):
        out.write("    " + ", ".join(f"0x{s:016X}u" for s in sums[i:i + 5]) + ",\n")
    out.write("};\n")
