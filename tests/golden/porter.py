"""Writes porter.h (checksums) and porter_words.txt (word, tab, stem) from NLTK's PorterStemmer.

usage: python3 porter.py FOLDER_OF_SST2
"""
import functools
import os
import sys

from nltk.stem.porter import PorterStemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from text_random import SUFFIXES, Checksum, Random, word

stem = functools.lru_cache(None)(PorterStemmer().stem)
here = os.path.dirname(os.path.abspath(__file__))

WORDS = """sky skies Skies SKY dying lying tying Dying news innings outing cannings howe proceed exceed succeed
proceeding proceeds dies died flies spied spies ties tied lies cried enjoy enjoyed enjoyment spy try fly by say
happy using used aged eating owing being is us as a I caresses ponies caress cats feed agreed plastered bled
motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing filing relational conditional
rational valenci hesitanci digitizer conformabli radicalli differentli vileli analogousli vietnamization
predication operator feudalism decisiveness hopefulness callousness formaliti sensitiviti sensibiliti triplicate
formative formalize electriciti electrical hopeful goodness revival allowance inference airliner gyroscopic
adjustable defensible irritant replacement adjustment dependent adoption homologou communism activate angulariti
homologous effective bowdlerize probate rate cease controll roll geology theology hopefully possibly generally
easily ability rationally ationalli oed ow yes yyy yyyy syzygy toy a*ded a**ded x*ding *ded é éé ééed ééing Éclairs
naïvely cafés İs İing İİ ΣΑΣ ΣΑΣing ΟΔΟΣ ΟΔΟΣ's ② 中文 can't won't isn't '' `` -- ... n't 's 're rock-n-roll
self-absorbed movie's films' 1990s 3d 3ds""".split()
for root in "relat condition nation vulcan hopp fall oper sens connect gener communic analog feudal electr".split():
    WORDS += [root + s for s in SUFFIXES] + [root + "e" + s for s in SUFFIXES]
WORDS += sorted(ENGLISH_STOP_WORDS)
random = Random(3)
WORDS += [word(random) for _ in range(2000)]
WORDS = sorted(set(WORDS) - {""})
with open(here + "/porter_words.txt", "w", encoding="utf-8") as out:
    for w in WORDS:
        assert "\t" not in w and "\n" not in w
        out.write(f"{w}\t{stem(w)}\n")

many = Checksum()
random = Random(4)
for _ in range(200000):
    w = word(random)
    many.bytes(f"{w}\t{stem(w)}\n".encode())

sst2, tokens = Checksum(), 0
for part in ("train", "dev"):
    for line in open(f"{sys.argv[1]}/{part}.tsv", encoding="utf-8", newline="\n").read().split("\n")[1:]:
        if line:
            for token in line.split("\t")[0].split():
                sst2.bytes(f"{token}\t{stem(token)}\n".encode())
                tokens += 1

with open(here + "/porter.h", "w") as out:
    out.write("/* Written by porter.py; do not edit. */\n")
    out.write(f"#define PORTER_WORDS {len(WORDS)}\n")
    out.write(f"#define PORTER_RANDOM 0x{many.value:016X}u\n")
    out.write(f"#define PORTER_SST2_TOKENS {tokens}\n")
    out.write(f"#define PORTER_SST2 0x{sst2.value:016X}u\n")
