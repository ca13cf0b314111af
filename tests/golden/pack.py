"""A pack of named byte strings: a count, then for each its name's length, name, length and bytes; lengths are
little-endian and of 4 bytes. tests/pack.h reads it."""
import struct


def write(path, items):
    with open(path, "wb") as out:
        out.write(struct.pack("<I", len(items)))
        for name, data in items:
            name = name.encode()
            out.write(struct.pack("<I", len(name)) + name + struct.pack("<I", len(data)) + data)
