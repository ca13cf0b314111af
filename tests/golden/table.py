"""Writes table_cases.h: small tricky tables and what pandas.read_csv reads from them, and a hash of all fields
of SST-2. A table that pandas refuses, fills with missing values or takes an index column from must be an error.
Usage: table.py [folder of SST-2]"""
import csv
import io
import os
import random
import sys
import warnings

import pandas as pd

here = os.path.dirname(os.path.abspath(__file__))


def read(data, sep, header):
    """The column names and rows, or None for an error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = pd.read_csv(io.BytesIO(data), sep=sep, dtype=str, keep_default_na=False,
                                header=0 if header else None, encoding="utf-8")
    except Exception:
        return None
    if not isinstance(frame.index, pd.RangeIndex):
        return None
    rows = frame.values.tolist()
    if any(not isinstance(cell, str) for row in rows for cell in row):
        return None
    if frame.shape[1] > 1:
        # pandas fills short rows with empty text; Python's csv tells which ones are whole.
        lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=sep))
        if sum(len(line) == frame.shape[1] for line in lines) < len(rows) + header:
            return None
    return [str(name) for name in frame.columns], rows


chosen = [
    ("plain", "\t", True, b"a\tb\n1\t2\n3\t4\n"),
    ("no last newline", "\t", True, b"a\tb\n1\t2\n3\t4"),
    ("CR LF", "\t", True, b"a\tb\r\n1\t2\r\n3\t4\r\n"),
    ("CR", "\t", True, b"a\tb\r1\t2\r3\t4\r"),
    ("mixed line ends", "\t", True, b"a\tb\r\n1\t2\r3\t4\n5\t6\r\n\r\n7\t8"),
    ("byte order mark", "\t", True, b"\xef\xbb\xbfa\tb\n1\t2\n"),
    ("byte order mark and quote", "\t", True, b"\xef\xbb\xbf\"a\"\tb\n1\t2\n"),
    ("header only", "\t", True, b"a\tb\n"),
    ("header only, no newline", "\t", True, b"a\tb"),
    ("empty fields", "\t", True, b"a\tb\n\t\n\tx\nx\t\n"),
    ("trailing delimiter at the end", "\t", True, b"a\tb\nx\t"),
    ("blank lines", "\t", True, b"\n\na\tb\n\n1\t2\n\n\n3\t4\n\n"),
    ("lines of spaces", "\t", True, b"a\tb\n   \n1\t2\n \n"),
    ("a line of tabs in a comma table", ",", True, b"a,b\n\t\t\n1,2\n"),
    ("lines of spaces in one column", ",", True, b"a\n1\n \n2\n"),
    ("spaces kept", "\t", True, b"a\tb\n  1 \t 2  \n"),
    ("quoted", "\t", True, b"a\tb\n\"1\"\t\"2\"\n"),
    ("quoted delimiter", "\t", True, b"a\tb\n\"1\t1\"\t2\n"),
    ("quoted newline", "\t", True, b"a\tb\n\"1\n1\"\t2\n3\t\"4\r\n4\"\n"),
    ("doubled quotes", "\t", True, b"a\tb\n\"x\"\"y\"\t\"\"\"\"\n\"\"\t\"\"\"z\"\n"),
    ("text behind a closing quote", "\t", True, b"a\tb\n\"x\"y\t\"x\"y\"z\"\n"),
    ("quote inside a field", "\t", True, b"a\tb\nx\"y\tx\"\"y\"\n"),
    ("quote behind a space", "\t", True, b"a\tb\n \"x\"\t \"y\n"),
    ("quoted header", "\t", True, b"\"a\"\"a\"\t\"b\nb\"\n1\t2\n"),
    ("unterminated", "\t", True, b"a\tb\n\"1\t2\n3\t4\n"),
    ("too few", "\t", True, b"a\tb\n1\t2\n3\n"),
    ("too many", "\t", True, b"a\tb\n1\t2\n3\t4\t5\n"),
    ("broken UTF-8", "\t", True, b"a\tb\n1\t\xff\n"),
    ("Latin-1", "\t", True, b"a\tb\ncaf\xe9\t2\n"),
    ("cut UTF-8 at the end", "\t", True, b"a\tb\n1\t\xe2\x82"),
    ("overlong UTF-8", "\t", True, b"a\tb\n1\t\xc0\xaf\n"),
    ("surrogate in UTF-8", "\t", True, b"a\tb\n1\t\xed\xa0\x80\n"),
    ("UTF-8", "\t", True, "a\tb\n\u00e9\u20ac\t\U0001f600\u4f60\n".encode()),
    ("comma", ",", True, b"a,b\n\"1,1\",2\n\"x\"\"\",\"\"\n"),
    ("semicolon", ";", True, b"a;b\n1,5;2\n"),
    ("no header", "\t", False, b"1\t2\n3\t4\n"),
    ("empty", "\t", True, b""),
    ("blank", "\t", True, b"\n\n"),
    ("one column", "\t", True, b"a\nx\ny\n\nz\n"),
    ("GLUE", "\t", True, b"sentence\tlabel\nhide new secretions from the parental units \t0\n"),
]

generator = random.Random(20240131)
cases = list(chosen)
for i in range(260):
    header = generator.random() < 0.7
    sep = generator.choice("\t\t,")
    columns = generator.randint(1, 3)
    body = b""
    if header:
        body = sep.join(f"c{k}" for k in range(columns)).encode() + generator.choice([b"\n", b"\r\n", b"\r"])
    for _ in range(generator.randint(1, 4)):
        cells = []
        for _ in range(columns if generator.random() < 0.95 else generator.randint(1, 4)):
            pieces = ["a", "b", " ", "\u00e9", "\"\"", "x\"", ""]
            text = "".join(generator.choice(pieces) for _ in range(generator.randint(0, 3)))
            if generator.random() < 0.4:
                inner = "".join(generator.choice(["q", sep, "\n", "\r\n", "\"\"", "\r", " "])
                                for _ in range(generator.randint(0, 3)))
                text = "\"" + inner + "\"" + (generator.choice(["", "", "t", "\"", " "]))
            cells.append(text)
        body += sep.join(cells).encode() + generator.choice([b"\n", b"\n", b"\r\n", b"\r", b"\n\n"])
    if generator.random() < 0.3:
        body = body.rstrip(b"\r\n")
    cases.append((f"random {i}", sep, header, body))


def literal(data):
    return "\"" + "".join(f"\\{byte:03o}" if not 32 <= byte < 127 or byte in b"\"\\?" else chr(byte)
                          for byte in data) + "\""


def fnv(path):
    """FNV-1a, 64 bits, over every field's bytes and a 0x1F behind it."""
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    value = 14695981039346656037
    for row in frame.values.tolist():
        for cell in row:
            for byte in cell.encode() + b"\x1f":
                value = (value ^ byte) * 1099511628211 % 2**64
    return len(frame), value


with open(os.path.join(here, "table_cases.h"), "w") as out:
    out.write(f"/* Written by table.py from pandas {pd.__version__}. */\n")
    out.write("typedef struct table_case {\n    const char *name;\n    char delimiter;\n    int header;\n"
              "    const char *bytes;\n    long length;\n    long columns, rows; /* -1: an error */\n"
              "    const char *const *cells; /* names, then rows */\n} table_case;\n\n")
    refused = 0
    entries = []
    for i, (name, sep, header, data) in enumerate(cases):
        expected = read(data, sep, header)
        if expected is None:
            refused += 1
            entries.append(f"    {{\"{name}\", {sep!r}, {int(header)}, {literal(data)}, {len(data)}, -1, -1, NULL}},\n")
            continue
        names, rows = expected
        cells = names + [cell for row in rows for cell in row]
        out.write(f"static const char *const cells_{i}[] = {{" + ", ".join(literal(c.encode()) for c in cells) + "};\n")
        entries.append(f"    {{\"{name}\", {sep!r}, {int(header)}, {literal(data)}, {len(data)}, {len(names)}, "
                       f"{len(rows)}, cells_{i}}},\n")
    out.write("\nstatic const table_case table_cases[] = {\n" + "".join(entries) + "};\n\n")
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../../../shared/sst2")
    for name in ("train", "dev"):
        rows, value = fnv(os.path.join(folder, name + ".tsv"))
        out.write(f"#define SST2_{name.upper()}_ROWS {rows}\n#define SST2_{name.upper()}_HASH {value}u\n")
    print(len(cases), "cases,", refused, "of them errors")
