"""Writes safetensors_cases.pack: files by the reference library, and broken ones. Their names are
  same|dtype name shape;...   save of those tensors, each with pattern(dtype, shape) of npy.py, the metadata
                              {"key": "value"} if the list begins with "*"; must be read, and written with the
                              same bytes
  other|dtype|piece           holds a tensor "x" of a type that Taper has not; the file opens, reading it fails
  good                        odd but valid; must open
  bad|piece                   must be refused with a sentence that has the piece.
Usage: safetensors_files.py            writes the pack
       safetensors_files.py FILE...    opens files with the reference library and prints what they hold"""
import json
import os
import random
import struct
import sys

import numpy as np
from safetensors.numpy import load, load_file, save

import pack
from npy import pattern

here = os.path.dirname(os.path.abspath(__file__))

if len(sys.argv) > 1:
    for path in sys.argv[1:]:
        for name, array in sorted(load_file(path).items()):
            print(path, repr(name), array.dtype, array.shape, array.sum() if array.size else 0)
    sys.exit()


def raw(header, data=b"", length=None):
    if not isinstance(header, (str, bytes)):
        header = json.dumps(header)
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(dtype="F32", shape=(2,), begin=0, end=8, **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end], **more}


items = []
generator = random.Random(7)
names = ["weight", "bias", "a.b.c", "\u00e9\u4f60\U0001f600", "q\"uote", "back\\slash", "new\nline", "\u0001", "", " ",
         "layer.0.weight", "layer.10.weight", "layer.2.weight", "Z", "z", "/", "__meta__", "\u007f", "a" * 300]
shapes = [(), (1,), (3,), (0,), (2, 3), (5, 0, 2), (2, 1, 3), (1,) * 8, (17,), (4, 4)]
for i in range(60):
    chosen = generator.sample(names, generator.randint(0, 6)) if i else names
    tensors = {name: (generator.choice(["b1", "u1", "i4", "i8", "f4", "f8"]), generator.choice(shapes))
               for name in chosen}
    metadata = {"key": "value"} if generator.random() < 0.5 else None
    data = save({name: pattern(dtype, shape) for name, (dtype, shape) in tensors.items()}, metadata)
    text = ";".join(f"{dtype} {name.encode().hex()} {','.join(map(str, shape))}"
                    for name, (dtype, shape) in tensors.items())
    items.append((f"same|{'*' if metadata else ''}{text}" if len(text) < 1900 else "good", data))

for dtype, kind in (("I8", "i1"), ("I16", "i2"), ("U16", "u2"), ("U32", "u4"), ("U64", "u8")):
    items.append((f"other|{dtype}|elements of dtype {dtype} cannot be read", save({"x": np.zeros(3, kind)})))
for dtype, size in (("F8_E4M3", 1), ("F8_E5M2", 1)):
    items.append((f"other|{dtype}|elements of dtype {dtype} cannot be read",
                  raw({"x": entry(dtype, (4,), 0, 4 * size)}, bytes(4 * size))))
items.append(("other|F32|it has 9 dimensions", save({"x": np.zeros((1,) * 9, "f4")})))
items.append(("other|BOOL|which is no bool", raw({"x": entry("BOOL", (2,), 0, 2)}, b"\1\3")))

eight = bytes(8)
valid = raw({"x": entry()}, eight)
items += [
    ("good", valid),
    ("good", raw("{}")),
    ("good", raw("{}      ")),
    ("good", raw("{ \"x\" :\n{\"dtype\":\"F32\",\t\"shape\":[2],\"data_offsets\":[0,8]}}   ", eight)),
    ("good", raw({"x": entry(), "__metadata__": {}}, eight)),
    ("good", raw({"b": entry(begin=8, end=16), "a": entry()}, eight * 2)),
    ("good", raw({"a": entry(shape=(0,), end=0), "b": entry(), "c": entry(shape=(0,), begin=8)}, eight)),
    ("good", raw("{\"\\u0061\\ud83d\\ude00\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", eight)),
    ("bad|too short for safetensors", b""),
    ("bad|too short for safetensors", bytes(7)),
    ("bad|a header of 0 bytes", bytes(8)),
    ("bad|a header of 100000001 bytes", raw("{}", length=100000001)),
    ("bad|a header of 18446744073709551615 bytes", raw("{}", length=2**64 - 1)),
    ("bad|a header of 9223372036854775800 bytes", raw("{}", length=2**63 - 8)),
    ("bad|a header of 3 bytes", raw("{}", length=3)),
    ("bad|does not begin with '{'", raw(" {}")),
    ("bad|does not begin with '{'", raw("[]")),
    ("bad|does not begin with '{'", raw("null")),
    ("bad|byte 1 of the JSON", raw("{")),
    ("bad|something stands behind", raw("{}x")),
    ("bad|0xFF does not belong to UTF-8", raw(b"{\"\xff\":1}")),
    ("bad|tensor 'x': it is not an object", raw({"x": 3})),
    ("bad|tensor 'x': it has no 'dtype'", raw({"x": {}})),
    ("bad|it has no 'shape'", raw({"x": {"dtype": "F32", "data_offsets": [0, 0]}})),
    ("bad|it has no 'data_offsets'", raw({"x": {"dtype": "F32", "shape": []}})),
    ("bad|'dtype' is not a string", raw({"x": entry(5)}, eight)),
    ("bad|'shape' is not an array", raw({"x": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}}, eight)),
    ("bad|its dtype 'f32' is not known", raw({"x": entry("f32")}, eight)),
    ("bad|'dtype' is there twice",
     raw("{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", eight)),
    ("bad|size 0 of its shape is no size", raw({"x": entry(shape=(-2,))}, eight)),
    ("bad|size 1 of its shape is no size", raw({"x": entry(shape=(2, 1.5))}, eight)),
    ("bad|size 0 of its shape is no size", raw({"x": entry(shape=("2",))}, eight)),
    ("bad|size 0 of its shape is no size", raw({"x": entry(shape=(2**64,))}, eight)),
    ("bad|its shape is too large", raw({"x": entry(shape=(2**40, 2**40))}, eight)),
    ("bad|its shape is too large", raw({"x": entry(shape=(2**40, 2**40, 0), end=0)})),
    ("bad|its shape is too large", raw({"x": entry(shape=(2**62,))}, eight)),
    ("bad|span 8 bytes, its shape and dtype need 12", raw({"x": entry(shape=(3,))}, eight)),
    ("bad|do not fill whole bytes", raw({"x": entry("F4", (3,), 0, 1)}, b"x")),
    ("bad|not a beginning and an end", raw({"x": entry(begin=8, end=0)}, eight)),
    ("bad|not a beginning and an end", raw({"x": entry(begin=-8, end=0)}, eight)),
    ("bad|not a beginning and an end", raw({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0]}}, eight)),
    ("bad|not a beginning and an end", raw({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 8]}}, eight)),
    ("bad|beyond the file's end at 7", raw({"x": entry()}, bytes(7))),
    ("bad|beyond the file's end at 0", raw({"x": entry()})),
    ("bad|1 bytes stand behind the last tensor", raw({"x": entry()}, bytes(9))),
    ("bad|1 bytes stand behind the last tensor", raw({}, bytes(1))),
    ("bad|tensor 'x': it begins at data offset 8, leaving a gap", raw({"x": entry(begin=8, end=16)}, eight * 2)),
    ("bad|tensor 'y': it begins at data offset 4, inside", raw({"x": entry(), "y": entry(begin=4, end=12)}, bytes(12))),
    ("bad|tensor 'y': it begins at data offset 0, inside", raw({"x": entry(), "y": entry()}, eight)),
    ("bad|tensor 'y': it begins at data offset 9", raw({"x": entry(), "y": entry(begin=9, end=17)}, bytes(17))),
    ("bad|tensor 'x': it is there twice",
     raw("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
         "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}", eight * 2)),
    ("bad|its name has a NUL", raw({"x\0y": entry()}, eight)),
    ("bad|its name has a NUL", raw({"__metadata__\0": entry()}, eight)),
    ("bad|'__metadata__' is not an object", raw({"__metadata__": []})),
    ("bad|metadata's 'a' is not a string", raw({"__metadata__": {"a": 1}})),
    ("bad|'__metadata__' is there twice", raw("{\"__metadata__\":{},\"__metadata__\":{}}")),
    ("bad|the metadata have 'a' twice", raw("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}")),
    ("bad|nested too deeply", raw("{\"x\":" + "[" * 100 + "]" * 100 + "}")),
]

# What Taper takes, the reference library must take, and it may refuse only what Taper refuses on purpose.
stricter = 0
for name, data in items:
    try:
        load(data)
        accepted = True
    except Exception as error:
        accepted = False
        # NumPy has no such types; the file is valid all the same.
        if name.startswith("other|") and isinstance(error, (KeyError, ValueError, TypeError, AttributeError)):
            accepted = True
    if name.startswith("bad"):
        stricter += accepted
        if accepted:
            print("stricter than the reference library:", name)
    elif not accepted:
        sys.exit(f"the reference library refuses {name}")
pack.write(os.path.join(here, "safetensors_cases.pack"), items)
print(len(items), "files,", stricter, "refused though the reference library reads them")
