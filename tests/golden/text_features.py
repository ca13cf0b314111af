"""Writes text_features.h: checksums of what scikit-learn's vectorizers make of random corpora: characters, hashes, tf-idf.

The logarithms of tf-idf are the C library's (NumPy's own differ in the last place from machine to machine), so that the
bits of float64 can be compared; everything else is scikit-learn's. Where NumPy's are used, the values are checked to be
within two units in the last place.
"""
import math
import os
import struct
import sys

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer

from text_random import FEW, ODD, PLAIN, STEMS, Checksum, Random

CORPORA = 600
RANGES = [(1, 1), (1, 2), (2, 3), (3, 3), (1, 4), (5, 6)]
NORMS = [None, "l1", "l2"]
STOP = ["ab", "ba", "aa", "é", "a", "b"]


def corpus(random, pool):
    return [random.text(60, pool) for _ in range(1 + random.below(8))]


def add_matrix(sum, X):
    """Shape, columns, and the bits of the values."""
    X = X.tocsr()
    for i in X.shape:
        sum.integer(i)
    for r in range(X.shape[0]):
        row = sorted(zip(X.indices[X.indptr[r]:X.indptr[r + 1]], X.data[X.indptr[r]:X.indptr[r + 1]]))
        for column, value in row:
            sum.integer(int(column))
            sum.bytes(struct.pack("<d" if X.dtype == np.float64 else "<f", value))
        sum.integer(-1)


def characters(random, pool):
    docs, others = corpus(random, pool), corpus(random, pool)
    sum = Checksum()
    options = dict(analyzer=["char", "char_wb"][random.below(2)], ngram_range=RANGES[random.below(6)],
                   lowercase=random.below(4) != 0, min_df=1 + random.below(2), binary=random.below(3) == 0, dtype=np.float32)
    try:
        v = CountVectorizer(**options)
        X = v.fit_transform(docs)
    except ValueError as e:
        sum.bytes(str(e).encode())
        return sum.value
    for t in v.get_feature_names_out():
        sum.bytes(t.encode() + b"\n")
    add_matrix(sum, X)
    add_matrix(sum, v.transform(others))
    return sum.value


def hashes(random, pool):
    docs = corpus(random, pool)
    sum = Checksum()
    v = HashingVectorizer(
        n_features=[1, 7, 64, 1000, 1 << 20, 2**31 - 1][random.below(6)], alternate_sign=random.below(2) == 0,
        norm=NORMS[random.below(3)], binary=random.below(3) == 0, lowercase=random.below(4) != 0,
        analyzer=["word", "word", "char", "char_wb"][random.below(4)], ngram_range=RANGES[random.below(6)],
        stop_words=STOP if random.below(3) == 0 else None, dtype=[np.float64, np.float32][random.below(2)],
        token_pattern=r"(?u)\b\w+\b" if random.below(2) else r"(?u)\b\w\w+\b")
    add_matrix(sum, v.transform(docs))
    return sum.value


def near(a, b):
    return np.all(np.abs(a - b) <= 4 * np.spacing(np.maximum(np.abs(a), np.abs(b))))


class Logarithms:
    """math.log, element by element, in place of numpy.log within scikit-learn."""

    def __init__(self):
        self.own = np.log

    def __call__(self, x, out=None):
        values = np.array([math.log(float(v)) for v in np.ravel(x)], dtype=x.dtype).reshape(np.shape(x))
        assert near(values, self.own(x))
        if out is None:
            return values
        out[...] = values
        return out


def tfidf(random, pool):
    docs, others = corpus(random, pool), corpus(random, pool)
    sum = Checksum()
    dtype = [np.float64, np.float32][random.below(2)]
    counter = CountVectorizer(token_pattern=r"(?u)\b\w+\b", dtype=dtype)
    t = TfidfTransformer(norm=NORMS[random.below(3)], use_idf=random.below(4) != 0, smooth_idf=random.below(3) != 0,
                         sublinear_tf=random.below(2) == 0)
    try:
        counter.fit(docs)
    except ValueError as e:
        sum.bytes(str(e).encode())
        return sum.value
    own = np.log
    np.log = Logarithms()
    try:
        t.fit(counter.transform(docs))
        X, Y = t.transform(counter.transform(docs)), t.transform(counter.transform(others))
    finally:
        np.log = own
    add_matrix(sum, X)
    add_matrix(sum, Y)
    if t.use_idf:
        sum.bytes(t.idf_.astype(dtype).tobytes())
    return sum.value


random = Random(11)
pools = [PLAIN, ODD, FEW, FEW, STEMS]
with open(os.path.dirname(os.path.abspath(__file__)) + "/text_features.h", "w") as out:
    out.write("/* Written by text_features.py; do not edit. */\n/* clang-format off */\n")
    out.write(f"#define FEATURE_CORPORA {CORPORA}\n")
    for name, function in (("characters", characters), ("hashes", hashes), ("tfidf", tfidf)):
        sums = [function(random, pools[random.below(5)]) for _ in range(CORPORA)]
        out.write(f"static const uint64_t golden_{name}[FEATURE_CORPORA] = {{\n")
        for i in range(0, CORPORA, 5):
            out.write("    " + ", ".join(f"0x{s:016X}u" for s in sums[i:i + 5]) + ",\n")
        out.write("};\n")
