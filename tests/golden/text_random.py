"""Random text and checksums, the same as in text_random.h, so that tests store a number instead of a corpus."""

MASK = (1 << 64) - 1


class Random:
    """splitmix64"""

    def __init__(self, seed):
        self.state = seed

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        return (z ^ z >> 31) % n

    def text(self, most, pool):
        return "".join(pool[self.below(len(pool))] for _ in range(self.below(most + 1)))


class Checksum:
    """FNV-1a of 64 bits; an integer counts as one step."""

    def __init__(self):
        self.value = 0xCBF29CE484222325

    def bytes(self, data):
        h = self.value
        for b in data:
            h = (h ^ b) * 0x100000001B3 & MASK
        self.value = h

    def integer(self, i):
        self.value = (self.value ^ (i & MASK)) * 0x100000001B3 & MASK


# Letters as lists of texts; the same lists stand in text_random.h.
PLAIN = list("abcdeXYZ  '-_.,!0129")
ODD = PLAIN + ["é", "É", "ß", "İ", "ı", "Ł", "ñ", "Σ", "σ", "ς", "Ж", "ж", "的", "中", "①", "½", "²", "ª", "µ", "ǅ",
               "\u0301", "\u200d", "\u00a0", "\u2028", "\u0660", "\u093e", "\u0915", "😀", "Ⱥ", "\u0345", "'",
               "\u3000", "\x1c", "\x85", "𐐀", "Ⅻ"]
FEW = list("aab  b c.é")
STEMS = list("aeiouybcdlmnrstzAEY*") + ["é", "Σ", "İ", "\u0301", "①"]
LETTERS = list("aeiouybcdlmnrstz")
SUFFIXES = ("ational tional enci anci izer bli alli entli eli ousli ization ation ator alism iveness fulness "
            "ousness aliti iviti biliti fulli logi icate ative alize iciti ical ful ness al ance ence er ic able "
            "ible ant ement ment ent sion tion ou ism ate iti ous ive ize s es ies ied eed ed ing y ly ll e sses "
            "ss at bl iz *d").split()
TAILS = ["", "", "s", "ed", "ing", "ly"]


def word(random):
    """A random word for the stemmer."""
    pool = STEMS if random.below(4) == 0 else LETTERS
    most = 80 if random.below(50) == 0 else 6
    return random.text(most, pool) + SUFFIXES[random.below(len(SUFFIXES))] + TAILS[random.below(len(TAILS))]
