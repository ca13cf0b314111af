"""Compares tp_porter_stem and tp_stemmer_text with NLTK, word by word.

usage: python3 porter_live.py LIBTAPER.so [FOLDER_OF_TSV_FILES]

Words: those of the texts that this machine has (/usr/share/doc, Python's own sources, the given folder's .tsv
files), the same with random suffixes, random letters with suffixes, and random Unicode.
"""
import ctypes
import glob
import random
import re
import sys

from nltk.stem.porter import PorterStemmer

library = ctypes.CDLL(sys.argv[1])
library.tp_porter_stem.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t,
                                   ctypes.POINTER(ctypes.c_size_t)]
library.tp_stemmer_new_with.restype = ctypes.c_void_p
library.tp_stemmer_text.restype = ctypes.c_char_p
library.tp_stemmer_text.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p]

room = ctypes.create_string_buffer(1 << 16)
length = ctypes.c_size_t()


def stem(word):
    data = word.encode()
    status = library.tp_porter_stem(data, len(data), room, len(room), ctypes.byref(length))
    assert status == 0, (word, status)
    return room.raw[:length.value].decode()


SUFFIXES = """ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness
ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able ible ant
ement ment ent sion tion ou ism ate iti ous ive ize s es ies ied eed ed ing y ly ll e sses ss at bl iz *d""".split()

words = set()
texts = glob.glob("/usr/share/doc/**/*", recursive=True)[:6000]
texts += glob.glob(sys.prefix + "/**/*.py", recursive=True)[:3000]
if len(sys.argv) > 2:
    texts += glob.glob(sys.argv[2] + "/*.tsv")
for path in texts:
    try:
        text = open(path, encoding="utf-8").read(4000000 if path.endswith(".tsv") else 400000)
    except (OSError, UnicodeDecodeError):
        continue
    words |= set(re.findall(r"\w+", text)) | (set(text.split()) if path.endswith(".tsv") else set())
random.seed(0)
base = sorted(words)
random.shuffle(base)
words |= {b + random.choice(SUFFIXES) for b in base[:60000]}
words |= {w.title() if random.random() < 0.5 else w.upper() for w in base[:20000]}
for i in range(200000):
    words.add("".join(random.choice("aeiouybcdlmnrstz") for _ in range(random.randint(0, 5)))
              + random.choice(SUFFIXES) + random.choice(["", "s", "ly", "", "ed", "ing"]))
ODD = list("aeiouyAEIOUYYbdlstz*'éÉßİıΣσςЖжの中①½ªǅ\u0301\u200d\u0345😀ȺȾ")
for i in range(100000):
    words.add("".join(random.choice(ODD) for _ in range(random.randint(0, 6)))
              + random.choice(SUFFIXES) + random.choice(["", "s", "ed", "ing", "Σ"]))
for n in list(range(55, 75)) + [200, 255, 256, 257, 300, 1000]:
    for i in range(40):
        letters = "aeiouybcdlmnrstz" if i % 2 else ODD
        words.add("".join(random.choice(letters) for _ in range(n)) + random.choice(SUFFIXES))
        words.add("y" * n + random.choice(SUFFIXES))
words.add("")

nltk = PorterStemmer()
bad = [(w, nltk.stem(w), stem(w)) for w in sorted(words) if nltk.stem(w) != stem(w)]
print(len(words), "words,", len(bad), "differ", bad[:10])

size = ctypes.c_size_t(1 << 18)
stemmer = library.tp_stemmer_new_with(ctypes.byref(size))
sentences = wrong = 0
pool = [w for w in sorted(words) if w]
SPACES = [" ", "  ", "\t", "\u00a0", "\u2003", "\x1c", "\x85", "\u3000", "\n"]
for i in range(30000):
    text = "".join(random.choice(pool) + random.choice(SPACES) for _ in range(random.randint(0, 12)))
    text = random.choice(["", " "]) + text
    data = text.encode()
    sentences += 1
    wrong += library.tp_stemmer_text(stemmer, data, len(data), None).decode() != " ".join(
        nltk.stem(w) for w in text.split())
print(sentences, "sentences,", wrong, "differ")
sys.exit(bool(bad or wrong))
