"""Writes npy_cases.pack: .npy files by NumPy. Their names are
  same|dtype|shape     numpy.save of pattern(dtype, shape); must be read, and written with the same bytes
  fortran|dtype|shape  numpy.save of pattern(dtype, reversed shape).T; must be read, and its transposed view
                       written with the same bytes
  read|dtype|shape     other forms of the same array; must be read
  bad|piece            must be refused with a sentence that has the piece."""
import io
import os

import numpy as np

import pack

here = os.path.dirname(os.path.abspath(__file__))


def pattern(dtype, shape):
    """Element k, row-major: (7 k + 3) mod 11 - 5, a quarter of it for floating types, its magnitude for uint8,
    k mod 3 == 0 for bool; the second element of a floating type is -0.0, the third infinite."""
    k = np.arange(int(np.prod(shape)), dtype=np.int64)
    value = (7 * k + 3) % 11 - 5
    if dtype == "b1":
        value = k % 3 == 0
    elif dtype == "u1":
        value = np.abs(value)
    elif dtype[0] == "f":
        value = value * 0.25
        value[k == 1] = -0.0
        value[k == 2] = np.inf
    return value.astype(dtype).reshape(shape)


def save(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def with_version(array, version):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version=version)
    return out.getvalue()


def raw(header, data, version=1):
    header = header.encode()
    length = len(header).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def main():
    items = []
    shapes = [(), (1,), (3,), (12345,), (2, 3), (3, 1), (0,), (3, 0), (0, 2), (2, 3, 4), (1,) * 8, (2, 1, 2, 1, 2, 1, 2, 3)]
    for dtype in ("b1", "u1", "i4", "i8", "f4", "f8"):
        for shape in shapes:
            if shape == (12345,) and dtype != "u1":
                continue
            text = ",".join(map(str, shape))
            items.append((f"same|{dtype}|{text}", save(pattern(dtype, shape))))
        for shape in [(2, 3), (2, 3, 4), (3, 1, 2)]:
            text = ",".join(map(str, shape))
            turned = pattern(dtype, shape[::-1]).T
            items.append((f"fortran|{dtype}|{text}", save(turned)))
            items.append((f"read|{dtype}|{text}", save(np.asfortranarray(pattern(dtype, shape)))))
            items.append((f"read|{dtype}|{text}", save(pattern(dtype, shape).astype(">" + dtype))))
            items.append((f"read|{dtype}|{text}", save(np.asfortranarray(pattern(dtype, shape).astype(">" + dtype)))))
            for version in ((2, 0), (3, 0)):
                items.append((f"read|{dtype}|{text}", with_version(pattern(dtype, shape), version)))

    two = pattern("i4", (2,)).tobytes()
    items += [
        ("read|i4|2", raw("{\"shape\":(2L,),'fortran_order':False , 'descr':\"<i4\"}", two)),
        ("read|i4|2", raw("{'descr': '=i4', 'fortran_order': True, 'shape': ( 2 , ), }   \n", two, 2)),
        ("bad|not a .npy file", b""),
        ("bad|not a .npy file", b"\x93NUMP"),
        ("bad|not a .npy file", b"PK\x03\x04" + bytes(100)),
        ("bad|version 4.0", b"\x93NUMPY\x04\x00" + bytes(100)),
        ("bad|a header of 118 bytes", save(pattern("i4", (2,)))[:60]),
        ("bad|byte 128: 7 bytes follow", save(pattern("i4", (2,)))[:-1]),
        ("bad|byte 128: 9 bytes follow", save(pattern("i4", (2,))) + b"\0"),
        ("bad|descr '<i2'", save(np.zeros(2, "i2"))),
        ("bad|descr '<c8'", save(np.zeros(2, "c8"))),
        ("bad|descr '<U3'", save(np.array(["abc"]))),
        ("bad|descr '|O'", save(np.array([None], dtype=object))),
        ("bad|has fields", save(np.zeros(2, [("x", "i4")]))),
        ("bad|more than 8 dimensions", save(np.zeros((1,) * 9, "f4"))),
        ("bad|no 'shape'", raw("{'descr': '<i4', 'fortran_order': False}", two)),
        ("bad|no 'descr'", raw("{'shape': (2,), 'fortran_order': False}", two)),
        ("bad|'shape' is there twice", raw("{'descr': '<i4', 'shape': (2,), 'shape': (2,), 'fortran_order': False}", two)),
        ("bad|key 'x' is not known", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), 'x': 1}", two)),
        ("bad|too large", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", two)),
        ("bad|too large", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (4611686018427387904,)}", two)),
        ("bad|a size was expected", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999999999999,)}", two)),
        ("bad|a size was expected", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (-2,)}", two)),
        ("bad|',' was expected", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (2)}", two)),
        ("bad|True or False", raw("{'descr': '<i4', 'fortran_order': 1, 'shape': (2,)}", two)),
        ("bad|behind the header", raw("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)} x", two)),
        ("bad|'{' was expected", raw("", two)),
        ("bad|NUL byte", raw("{'descr'\0: '<i4'}", two)),
        ("bad|is 2, which is no bool", raw("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", b"\1\2")),
    ]
    pack.write(os.path.join(here, "npy_cases.pack"), items)
    print(len(items), "files")


if __name__ == "__main__":
    main()
