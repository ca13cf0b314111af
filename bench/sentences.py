"""Made-up labelled sentences of any number, over any number of words."""
import random


def write_sentences(path, sentences, vocabulary):
    """Ten words each: half from everywhere, half from the first hundred; the label is a property of the first."""
    random.seed(1)
    words = ["w%dk" % i for i in range(vocabulary)]
    with open(path, "w") as file:
        file.write("sentence\tlabel\n")
        for at in range(0, sentences, 10000):
            some = min(10000, sentences - at)
            rare, frequent = random.choices(range(vocabulary), k=5 * some), random.choices(words[:100], k=5 * some)
            for i in range(0, 5 * some, 5):
                mixed = (w for pair in zip(rare[i:i + 5], frequent[i:i + 5]) for w in (words[pair[0]], pair[1]))
                file.write(" ".join(mixed) + "\t%d\n" % (rare[i] % 2))
