"""Writes tokenizer.h: checksums of what the rules of taper/tokenizer.h and taper/vocabulary.h make of random corpora.

A plain reading of the rules: every merge counts all pairs anew and rewrites all pieces; encoding searches the whole piece
for the first merge, again and again.
"""
import collections
import os
import re

from text_random import FEW, ODD, PLAIN, STEMS, Checksum, Random

CORPORA = 300


def pieces(text):
    """The rest of the white space gives its last space to what follows."""
    found, at = [], 0
    space, word = b"\t\n\v\f\r ", re.compile(rb"[A-Za-z0-9_\x80-\xff]")
    while at < len(text):
        start = at
        if text[at] in space and not (text[at] == 32 and at + 1 < len(text) and text[at + 1] not in space):
            while at < len(text) and text[at] in space:
                at += 1
            if at < len(text) and at - start > 1 and text[at - 1] == 32:
                at -= 1
        else:
            at += text[at] == 32
            kind = bool(word.match(text, at))
            while at < len(text) and text[at] not in space and bool(word.match(text, at)) == kind:
                at += 1
        found.append(text[start:at])
    assert b"".join(found) == text
    return found


def learn(texts, size, least, specials):
    words = collections.Counter(p for t in texts for p in pieces(t))
    words = [([specials + b for b in p], n) for p, n in words.items()]
    merges = []
    while specials + 256 + len(merges) < size:
        counts = collections.Counter()
        for ids, n in words:
            for pair in zip(ids, ids[1:]):
                counts[pair] += n
        if not counts:
            break
        pair, count = min(counts.items(), key=lambda c: (-c[1], c[0]))
        if count < max(least, 1):
            break
        new = specials + 256 + len(merges)
        merges.append(pair)
        rewritten = []
        for ids, n in words:
            out, i = [], 0
            while i < len(ids):
                if tuple(ids[i:i + 2]) == pair:
                    out.append(new)
                    i += 2
                else:
                    out.append(ids[i])
                    i += 1
            rewritten.append((out, n))
        words = rewritten
    return merges


def encode(text, merges, specials):
    ranks = {pair: i for i, pair in enumerate(merges)}
    out = []
    for piece in pieces(text):
        ids = [specials + b for b in piece]
        while True:
            best = min(((ranks[p], i) for i, p in enumerate(zip(ids, ids[1:])) if p in ranks), default=None)
            if best is None:
                break
            ids[best[1]:best[1] + 2] = [specials + 256 + best[0]]
        out += ids
    return out


def corpus(random, pool):
    return [random.text(60, pool).encode() for _ in range(1 + random.below(8))]


def tokenizer(random, pool):
    docs, others = corpus(random, pool), corpus(random, pool)
    specials, least, size = random.below(3), random.below(4), 262 + random.below(60)
    merges = learn(docs, size, least, specials)
    sum = Checksum()
    for left, right in merges:
        sum.integer(left)
        sum.integer(right)
    for text in docs + others:
        for i in encode(text, merges, specials):
            sum.integer(i)
        sum.integer(-1)
    return sum.value


def vocabulary(random, pool):
    docs, others = ([t.decode() for t in corpus(random, pool)] for _ in range(2))
    least, most = random.below(3), [2, 5, 100][random.below(3)]
    words = [re.findall(r"(?u)\b\w+\b", t.lower()) for t in docs]
    counts = collections.Counter(w for t in words for w in t)
    tokens = sorted((w for w in counts if counts[w] >= least), key=lambda w: (-counts[w], w))[:most - 2]
    tokens = ["<pad>", "<unk>"] + tokens
    sum = Checksum()
    for t in tokens:
        sum.bytes(t.encode() + b"\n")
    for text in others:
        for w in re.findall(r"(?u)\b\w+\b", text.lower()):
            sum.integer(tokens.index(w) if w in tokens else 1)
        sum.integer(-1)
    return sum.value


random = Random(3)
pools = [PLAIN, ODD, FEW, FEW, STEMS]
with open(os.path.dirname(os.path.abspath(__file__)) + "/tokenizer.h", "w") as out:
    out.write("/* Written by tokenizer.py; do not edit. */\n/* clang-format off */\n")
    out.write(f"#define TOKEN_CORPORA {CORPORA}\n")
    for name, function in (("tokenizer", tokenizer), ("vocabulary", vocabulary)):
        sums = [function(random, pools[random.below(5)]) for _ in range(CORPORA)]
        out.write(f"static const uint64_t golden_{name}[TOKEN_CORPORA] = {{\n")
        for i in range(0, CORPORA, 5):
            out.write("    " + ", ".join(f"0x{s:016X}u" for s in sums[i:i + 5]) + ",\n")
        out.write("};\n")
