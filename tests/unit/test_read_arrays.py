# SPDX-License-Identifier: GPL-2.0-only
"""Arrays that nmsctl reads (npy, npz, IDX, raw), against numpy; and those it refuses."""
import gzip
import io
import struct
import unittest
import zipfile

import numpy as np

from readers import Case, header, idx, npy


class Npy(Case):
    def test_engine_types_are_kept(self):
        for name in ("bool", "u1", "i1", "f2", "f4", "f8"):
            x = (self.rng.standard_normal((5, 3, 2)) * 50).astype("i1").astype(name)
            for version in ((1, 0), (2, 0), (3, 0)):
                rows = self.read(npy(x, version=version))
                np.testing.assert_array_equal(rows.x, x)
                self.assertEqual(rows.x.dtype, x.dtype if name != "bool" else np.uint8)
                self.assertEqual((rows.format, rows.shape, rows.labels), ("npy", (3, 2), None))

    def test_other_types_are_converted(self):
        for name in ("u2", "i2", "u4", "i4", "u8", "i8"):
            small = self.rng.integers(0, 100, (7, 3)).astype(name)
            if name[0] == "i":
                small[2, 1] = -77
            big = small.copy()
            big[6, 2] = (1 << 24) + 1 if int(name[1]) > 2 else np.iinfo(name).max
            for x, wide in ((small, "f4"), (big, "f4" if int(name[1]) == 2 else "f8")):
                for order in "<>":
                    rows = self.read(npy(x.astype(order + name)))
                    self.assertEqual(rows.x.dtype, wide)
                    np.testing.assert_array_equal(rows.x, x)

    def test_edges_of_integers(self):
        for name, values in (("i8", [-1 << 24, 1 << 24]), ("u8", [0, 1 << 24]), ("i4", [-1 << 24])):
            rows = self.read(npy(np.array([values], name)))
            self.assertEqual(rows.x.dtype, np.float32)
            self.assertEqual(rows.x[0].tolist(), values)
        for name, values in (("i8", [-(1 << 24) - 1]), ("i8", [-1 << 63, (1 << 63) - 1]),
                             ("u8", [(1 << 64) - 1]), ("i4", [-1 << 31]), ("u4", [(1 << 32) - 1])):
            rows = self.read(npy(np.array([values], name)))
            self.assertEqual(rows.x.dtype, np.float64)
            np.testing.assert_array_equal(rows.x, np.array([values], name).astype("f8"))

    def test_byte_order(self):
        for name in ("f2", "f4", "f8"):
            x = self.rng.standard_normal((6, 5)).astype(name)
            self.assertEqual(self.read(npy(x.astype(">" + name))).raw, x.tobytes())

    def test_bits_are_kept(self):
        x = np.array([[np.nan, np.inf, -np.inf, -0.0, 5e-324]])
        self.assertEqual(self.read(npy(x)).raw, x.tobytes())
        for order in "<>":
            nans = np.array([[0x7fc12345, 0xff800001]], "u4").view("f4")
            self.assertEqual(self.read(npy(nans.astype(order + "f4"))).raw[:4], nans.tobytes()[:4])

    def test_one_dimension(self):
        x = np.arange(9, dtype="f4")
        rows = self.read(npy(x))
        self.assertEqual((rows.rows, rows.cols, rows.shape), (9, 1, ()))

    def test_most_dimensions(self):
        self.assertEqual(self.read(npy(np.zeros((2,) * 9, "u1"))).shape, (2,) * 8)
        self.refuse(npy(np.zeros((2,) * 10, "u1")), match="more than 9 dimensions")

    def test_fortran_order(self):
        x = np.asfortranarray(self.rng.standard_normal((4, 3)))
        self.refuse(npy(x), match="Fortran order")
        text = "{'descr': '<f4', 'fortran_order': True, 'shape': (4, 1), }"
        self.assertEqual(self.read(header(text) + bytes(16)).rows, 4)

    def test_misaligned(self):
        text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }"
        for pad in range(8):
            x = self.rng.standard_normal((2, 2))
            self.assertEqual(self.read(header(text + " " * pad) + x.tobytes()).raw, x.tobytes())

    def test_other_spellings(self):
        data = np.arange(6, dtype="<i2")
        for text in ('{"shape":(3L,2L),"fortran_order":False,"descr":"<i2"}',
                     "{ 'descr' : '<i2' , 'fortran_order' : False , 'shape' : ( 3 , 2 ) }  \n"):
            self.assertEqual(self.read(header(text) + data.tobytes()).x.ravel().tolist(),
                             [0, 1, 2, 3, 4, 5])

    def test_another_array_behind(self):
        self.assertEqual(self.read(npy(np.ones((2, 2), "u1")) + npy(np.zeros(3))).rows, 2)

    def test_gzip(self):
        x = self.rng.standard_normal((50, 3))
        self.assertEqual(self.read(gzip.compress(npy(x))).raw, x.tobytes())

    def test_refused(self):
        for x, match in ((np.zeros(3, "c8"), "type '<c8'"), (np.zeros(3, "U4"), "type '<U4'"),
                         (np.zeros(3, "M8[s]"), "type '<M8[s]'"), (np.zeros(3, "f16"), "type '<f16'"),
                         (np.zeros(3, [("a", "f4")]), "structured"), (np.zeros(()), "single number"),
                         (np.zeros((0, 3)), "no rows"), (np.zeros((3, 0)), "without elements"),
                         (np.array([None]), "type '|O'")):
            self.refuse(npy(x), match=match)

    def test_truncated(self):
        whole = npy(np.arange(12, dtype="f4").reshape(3, 4))
        for n in list(range(1, 12)) + [20, 64, 127, 128, 129, len(whole) - 1]:
            self.refuse(whole[:n])
        self.refuse(b"", match="empty")

    def test_headers(self):
        good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }"
        for text in ("", "{}", "{", good[:-1], good + "x", good.replace("'<f4'", "4"),
                     good.replace("False", "0"), good.replace("(2, 2)", "2"),
                     good.replace("(2, 2)", "(2, -2)"), good.replace("(2, 2)", "(2 2)"),
                     good.replace("(2, 2)", "(2, 2"), good.replace("shape", "shapes"),
                     good.replace("'shape': (2, 2), ", ""),
                     good.replace("'shape'", "'descr': '<f4', 'shape'"),
                     good.replace("2, 2", "99999999999999999999999, 2"),
                     good.replace("2, 2", "4294967296, 4294967296"),
                     good.replace("2, 2", "9223372036854775807, 2"),
                     good.replace("2, 2", "0, 9223372036854775807, 9223372036854775807"),
                     good.replace("2, 2", "100000000, 784"), good.replace("'<f4'", "'<f\\x34'")):
            self.refuse(header(text) + bytes(16))
        self.refuse(header(good, version=2, length=0xffffffff) + bytes(16), match="header of")
        self.refuse(header(good, length=60000) + bytes(16), match="truncated")
        self.refuse(header(good, version=4) + bytes(16), match="version 4.0")
        self.refuse(b"\x93NUMPY", match="truncated")


class Npz(Case):
    def write(self, compress=False, **arrays):
        (np.savez_compressed if compress else np.savez)(self.path("file.npz"), **arrays)
        with open(self.path("file.npz"), "rb") as f:
            return f.read()

    def test_members(self):
        x, other = self.rng.standard_normal((6, 4)), np.zeros((6, 2), "f4")
        y = np.array([3, 1, 3, 1, 0, 2])
        for compress in (False, True):
            for name in ("x", "X", "data", "images"):
                rows = self.read(self.write(compress, **{"bb": y * 1.5, name: x, "zz": other, "y": y}))
                self.assertEqual((rows.format, rows.raw), ("npz", x.tobytes()))
                self.assertEqual((rows.labels, rows.nclasses), (y.tolist(), 4))
        content = self.write(x=x, zz=other, y=y, labels=np.zeros(3))
        rows = self.read(content, "member=zz")
        self.assertEqual((rows.raw, rows.labels), (other.tobytes(), None))
        self.assertEqual(self.read(content, "member=zz.npy").raw, other.tobytes())
        self.assertEqual(self.labels(content, 6)[0], y.tolist())
        self.assertEqual(self.labels(content, 3, "member=labels")[0], [0, 0, 0])
        self.refuse(content, "member=nix", match="no member 'nix'")
        self.refuse(self.write(x=x, q=other), match="no member 'y'", command=("labels", 0))

    def test_labels(self):
        x = np.zeros((3, 2))
        self.refuse(self.write(x=x, y=np.zeros(4, int)), match="4 labels for 3 rows")
        self.refuse(self.write(x=x, y=np.array([0, 0.5, 1])), match="label of row 1")
        self.refuse(self.write(x=x, y=np.zeros((3, 2), int)), match="2 numbers a row")
        self.assertEqual(self.read(self.write(x=x, label=np.zeros((3, 1), ">i8"))).labels, [0, 0, 0])

    def test_damaged(self):
        for compress in (False, True):
            whole = self.write(compress, x=self.rng.standard_normal((20, 3)))
            for n in (4, 10, 30, 50, 100, 200, len(whole) - 22, len(whole) - 1):
                self.refuse(whole[:n])
            data = bytearray(whole)
            data[250] ^= 0x10
            self.refuse(bytes(data), match="member x.npy")
        self.refuse(self.write(), match="empty zip")

    def test_not_arrays(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as z:
            z.writestr("x.npy", b"hello")
        self.refuse(out.getvalue(), match="not a NumPy array")
        self.refuse(self.write(x=np.asfortranarray(np.ones((3, 2)))), match="member x.npy: in Fortran")

    def test_bomb(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("x.npy", npy(np.zeros((1 << 22,), "u1")))
        self.refuse(out.getvalue(), "limit=1000000", match="do not fit")
        # the directory promises more than deflate can hold
        data = bytearray(out.getvalue())
        at = data.rindex(b"PK\1\2")
        data[at + 24:at + 28] = struct.pack("<I", 0xfffffff0)
        self.refuse(bytes(data))


class Idx(Case):
    KINDS = ((0x08, "u1"), (0x09, "i1"), (0x0b, "i2"), (0x0c, "i4"), (0x0d, "f4"), (0x0e, "f8"))

    def test_types(self):
        for kind, name in self.KINDS:
            x = (self.rng.standard_normal((6, 3, 4)) * 100).astype(name)
            for content in (idx(x, kind), gzip.compress(idx(x, kind))):
                rows = self.read(content)
                self.assertEqual((rows.format, rows.shape), ("idx", (3, 4)))
                np.testing.assert_array_equal(rows.x, x)

    def test_wrong(self):
        x = np.arange(24, dtype="u1").reshape(2, 12)
        whole = idx(x, 8)
        for n in range(3, len(whole)):
            self.refuse(whole[:n])
        self.refuse(whole + b"x", match="too long")
        self.refuse(b"\0\0\7" + whole[3:])
        self.refuse(b"\1\0" + whole[2:])
        self.refuse(struct.pack(">BBBB", 0, 0, 8, 10) + struct.pack(">I", 1) * 10 + b"x",
                    match="10 dimensions")
        self.refuse(struct.pack(">BBBBIII", 0, 0, 14, 3, *[0xffffffff] * 3), match="impossible")
        self.refuse(struct.pack(">BBBBIII", 0, 0, 8, 3, 0, 28, 28), match="no rows")
        self.refuse(struct.pack(">BBBBII", 0, 0, 8, 2, 3, 0), match="without elements")

    def test_gzip(self):
        x = self.rng.integers(0, 256, (40, 28), dtype="u1")
        whole = gzip.compress(idx(x, 8))
        for n in (18, 19, 40, 200, len(whole) - 9, len(whole) - 8, len(whole) - 1):
            self.refuse(whole[:n])
        for at in (30, 300, len(whole) - 6, len(whole) - 2):
            self.refuse(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:])
        self.refuse(whole + b"garbage", match="after the end")
        self.assertEqual(self.read(whole + bytes(100)).raw, x.tobytes())
        raw = idx(x, 8)
        self.assertEqual(self.read(gzip.compress(raw[:99]) + gzip.compress(raw[99:])).raw, x.tobytes())
        self.refuse(gzip.compress(gzip.compress(raw)), match="gzip within gzip")

    def test_gzip_bombs(self):
        zeros = gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 10) + bytes(1 << 24))
        self.refuse(zeros, match="more than the 18 bytes")
        self.refuse(gzip.compress(bytes(1 << 24)), "limit=1000000", match="more than fits")

    def test_labels(self):
        y = np.array([3, 0, 255, 3], "u1")
        self.assertEqual(self.labels(idx(y, 8), 4), ([3, 0, 255, 3], 3, []))
        self.refuse(idx(y, 8), match="4 labels, expected 5", command=("labels", 5))


class Raw(Case):
    def test_types(self):
        for name, numpy in (("u8", "u1"), ("uint8", "u1"), ("i8", "i1"), ("f32", "<f4"),
                            ("float64", "<f8"), (">f4", ">f4"), ("i16", "<i2"), ("<i8", "<i8"),
                            ("f16", "<f2"), ("u32", "<u4")):
            x = self.rng.integers(0, 100, (3, 2, 4)).astype(numpy)
            for shape in ("3x2x4", "3,2,4", "-1x2x4"):
                rows = self.read(x.tobytes(), "dtype=" + name, "shape=" + shape)
                self.assertEqual((rows.format, rows.shape), ("raw", (2, 4)))
                np.testing.assert_array_equal(rows.x, x)

    def test_bfloat16(self):
        x = np.array([[1.5, -2.0, np.nan]], "<f4").view("<u2")[:, 1::2].copy()
        path = self.put(x.tobytes())
        rows = self.read(path, "dtype=bf16", "shape=1x3")
        self.assertEqual((rows.dtype, rows.raw), (4, x.tobytes()))
        out = self.path("out.npy")
        self.assertEqual(self.run_dump("write-rows", path, out, "dtype=bf16",
                                       "shape=1x3").returncode, 0)
        np.testing.assert_array_equal(np.load(out), np.array([[1.5, -2.0, np.nan]], "f4"))

    def test_refused(self):
        for dtype, shape in (("u8", "3x4"), ("u8", "x3"), ("u8", "3x"), ("u8", "3y4"), ("u8", ""),
                             ("u8", "-1"), ("u8", "-1x0"), ("u8", "-1x7"), ("u8", "0x5"),
                             ("u8", "99999999999999999999"), ("f8", "1x1"), ("nix", "5x2"),
                             ("f64", "4294967296x4294967296x4"), ("u8", "1x" * 10 + "10"),
                             ("f32", "5x2"), ("u8", "5x2x-1"), ("u8", "-2x5")):
            if (dtype, shape) == ("u8", "-1"):
                self.assertEqual(self.read(bytes(10), "dtype=u8", "shape=-1").rows, 10)
                continue
            self.refuse(bytes(10), "dtype=" + dtype, "shape=" + shape)
        self.refuse(bytes(10), "dtype=u8", match="shape")

if __name__ == "__main__":
    unittest.main()
