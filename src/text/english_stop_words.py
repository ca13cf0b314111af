"""Writes english_stop_words.c from scikit-learn's built-in list.

usage: python3 english_stop_words.py > english_stop_words.c
"""
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

words = sorted(ENGLISH_STOP_WORDS)
offsets = [0]
for w in words:
    assert w.isascii()
    offsets.append(offsets[-1] + len(w))

print("/* Written by english_stop_words.py; do not edit.\n"
      " * The English stop words of scikit-learn (BSD 3-Clause), which has them from the Glasgow Information\n"
      " * Retrieval Group. */\n/* clang-format off */")
print('#include "taper/text.h"\n')
print("static const char bytes[] =")
line = ""
for w in words:
    if len(line) + len(w) > 96:
        print(f'    "{line}"')
        line = ""
    line += w
print(f'    "{line}";\n')
print("static const int64_t offsets[] = {")
for i in range(0, len(offsets), 18):
    print("    " + ", ".join(map(str, offsets[i:i + 18])) + ",")
print("};\n")
print(f"const tp_strings *tp_english_stop_words(void)\n{{\n    static const tp_strings words = {{{len(words)}, bytes, offsets}};\n    return &words;\n}}")
