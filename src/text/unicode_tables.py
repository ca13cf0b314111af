"""Writes unicode_tables.h: what Python's str says of every code point, as a two-stage table.

usage: python3 unicode_tables.py > unicode_tables.h

The properties are read off the behaviour of str itself (isalnum, split, lower), so that the C code agrees with
the Python that ran this, whatever its Unicode version.
"""
import unicodedata

BLOCK = 128
SIGMA = "\u03a3"
WORD, SPACE, CASED, IGNORABLE = 1, 2, 4, 8


def properties(code):
    """(flags, distance to the lower case) of a code point."""
    if 0xD800 <= code < 0xE000:
        return 0, 0
    c = chr(code)
    flags = 0
    if c == "_" or c.isalnum():
        flags |= WORD
    if len(("a" + c + "b").split()) == 2:
        flags |= SPACE
    if (c + SIGMA).lower()[-1] == "\u03c2":  # a sigma after it is final: cased
        flags |= CASED
    elif ("a" + c + SIGMA).lower()[-1] == "\u03c2":  # looked through to the letter before it
        flags |= IGNORABLE
    lower = c.lower()
    assert len(lower) == 1 or c == "\u0130", "a new special casing needs code in unicode.c"
    return flags, 0 if len(lower) > 1 else ord(lower) - code


def table(kind, name, values, per_line):
    print(f"static const {kind} {name}[{len(values)}] = {{")
    for i in range(0, len(values), per_line):
        print("    " + ", ".join(str(v) for v in values[i:i + per_line]) + ",")
    print("};")


records, record_of, blocks, block_of = [], {}, [], {}
stage = []
for start in range(0, 0x110000, BLOCK):
    block = []
    for code in range(start, start + BLOCK):
        p = properties(code)
        if p not in record_of:
            record_of[p] = len(records)
            records.append(p)
        block.append(record_of[p])
    block = tuple(block)
    if block not in block_of:
        block_of[block] = len(blocks)
        blocks.append(block)
    stage.append(block_of[block])
assert len(records) <= 256 and len(blocks) <= 256

# All that lies behind the last entry of the first stage is like that entry.
while len(stage) > 1 and stage[-1] == stage[-2]:
    stage.pop()

print("/* Written by unicode_tables.py; do not edit. */\n/* clang-format off */")
print("#ifndef TAPER_TEXT_UNICODE_TABLES_H\n#define TAPER_TEXT_UNICODE_TABLES_H\n")
print("#include <stdint.h>\n")
print(f'#define TP__UNICODE_VERSION "{unicodedata.unidata_version}"\n')
print(f"#define TP__UNICODE_BLOCK {BLOCK}")
print(f"#define TP__UNICODE_STAGE {len(stage)}\n")
print("/* The lower case of code point c is c + lower. */")
print("typedef struct tp__code_record {\n    int32_t lower;\n    uint8_t flags;\n} tp__code_record;\n")
print(f"static const tp__code_record tp__code_records[{len(records)}] = {{")
for i in range(0, len(records), 8):
    print("    " + ", ".join(f"{{{lower}, {flags}}}" for flags, lower in records[i:i + 8]) + ",")
print("};\n")
table("uint8_t", "tp__code_stage", stage, 25)
print()
table("uint8_t", "tp__code_blocks", [v for b in blocks for v in b], 32)
print("\n#endif")
