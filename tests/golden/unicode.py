"""Writes unicode.h: checksums of what Python's str and codecs do.

usage: python3 unicode.py
"""
import os

from text_random import ODD, Checksum, Random

flags, lowers, decoded = Checksum(), Checksum(), Checksum()
for code in range(0x110000):
    if 0xD800 <= code < 0xE000:
        continue
    c = chr(code)
    flags.integer((c == "_" or c.isalnum()) + 2 * c.isspace())
    lowers.bytes(c.lower().encode())
    for text in ("a" + c + "Σ", c + "Σ", "aΣ" + c, "aΣ" + c + "b", "aΣ" + c + " b"):
        lowers.bytes(text.lower().encode())
random = Random(1)
for _ in range(20000):
    lowers.bytes(random.text(12, ODD).lower().encode())

# Bytes that are mostly not UTF-8: pieces of every kind of lead and continuation.
BYTES = [0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0, 0xF1,
         0xF4, 0xF5, 0xFF, 0x80, 0x80, 0xBF]
random = Random(2)
for _ in range(100000):
    data = bytes(BYTES[random.below(len(BYTES))] for _ in range(random.below(7)))
    try:
        data.decode("utf-8")
        decoded.integer(-1)
    except UnicodeDecodeError as e:
        decoded.integer(e.start)

with open(os.path.dirname(os.path.abspath(__file__)) + "/unicode.h", "w") as out:
    out.write("/* Written by unicode.py; do not edit. */\n")
    for name, sum in (("FLAGS", flags), ("LOWER", lowers), ("DECODE", decoded)):
        out.write(f"#define UNICODE_{name} 0x{sum.value:016X}u\n")
