# SPDX-License-Identifier: GPL-2.0-only
"""Rows of every element type against numpy's own conversions; the check for bad values."""
import ctypes as C
import errno
import unittest

import numpy as np

import engine
from engine import lib, ptr

lib.eng_rows_block.restype = C.c_size_t
lib.eng_dtype_size.restype = C.c_size_t


def load(rows, first, count, ld):
    out = np.full((count, ld), np.nan, np.float32)
    lib.eng_rows_load(C.byref(rows), C.c_size_t(first), C.c_size_t(count), ptr(out),
                      C.c_size_t(ld))
    return out


def gather(rows, index, ld):
    out = np.full((len(index), ld), np.nan, np.float32)
    index = np.asarray(index, np.uint32)
    lib.eng_rows_gather(C.byref(rows), ptr(index), C.c_size_t(len(index)), ptr(out),
                        C.c_size_t(ld))
    return out


def bfloat16(x):
    """float32 cut to its upper half, and its value."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return (bits >> 16).astype(np.uint16), (bits & 0xffff0000).view(np.float32)


def check(x, dtype=None, threads=1):
    """Result of eng_rows_check() and the fault as (row, col, value)."""
    e = engine.env(threads=threads)
    r = engine.rows(x, dtype)
    err = lib.eng_rows_check(C.byref(e), C.byref(r))
    return err, (e._fault.row, e._fault.col, e._fault.value)


class Load(unittest.TestCase):
    def samples(self):
        rng = np.random.default_rng(1)
        yield rng.integers(0, 256, (37, 19)).astype(np.uint8)
        yield rng.integers(-128, 128, (37, 19)).astype(np.int8)
        yield rng.standard_normal((37, 19)).astype(np.float16)
        yield rng.standard_normal((37, 19)).astype(np.float32)
        yield rng.standard_normal((37, 19)) * 1e-12

    def test_types(self):
        for x in self.samples():
            with self.subTest(x.dtype.name):
                r = engine.rows(x)
                self.assertEqual(lib.eng_dtype_size(r.dtype), x.itemsize)
                np.testing.assert_array_equal(load(r, 0, 37, 19), x.astype(np.float32))
                got = load(r, 5, 7, 32)
                np.testing.assert_array_equal(got[:, :19], x[5:12].astype(np.float32))
                self.assertFalse(got[:, 19:].any())
                index = [36, 0, 0, 17]
                np.testing.assert_array_equal(gather(r, index, 19), x[index].astype(np.float32))

    def test_stride_and_alignment(self):
        for x in self.samples():
            with self.subTest(x.dtype.name):
                stride = 19 * x.itemsize + 3
                raw = np.zeros(1 + 37 * stride, np.uint8)
                for i in range(37):
                    raw[1 + i * stride:][:19 * x.itemsize] = x[i].view(np.uint8)
                r = engine.rows(x)
                r.base, r.stride = raw.ctypes.data + 1, stride
                np.testing.assert_array_equal(load(r, 0, 37, 20)[:, :19], x.astype(np.float32))

    def test_every_half(self):
        x = np.arange(65536, dtype=np.uint32).astype(np.uint16).reshape(256, 256)
        got = load(engine.rows(x, "float16"), 0, 256, 256)
        want = x.view(np.float16).astype(np.float32)
        nan = np.isnan(want)
        np.testing.assert_array_equal(np.isnan(got), nan)
        np.testing.assert_array_equal(got.view(np.uint32)[~nan], want.view(np.uint32)[~nan])

    def test_every_bfloat16(self):
        x = np.arange(65536, dtype=np.uint32).astype(np.uint16).reshape(256, 256)
        got = load(engine.rows(x, "bfloat16"), 0, 256, 256)
        np.testing.assert_array_equal(got.view(np.uint32), x.astype(np.uint32) << 16)

    def test_unknown_type_has_no_size(self):
        for dtype in (-1, 0, 7):
            self.assertEqual(lib.eng_dtype_size(dtype), 0)

    def test_block(self):
        for ncols in (1, 784, 3072, 10**7):
            r = engine.Rows(None, 1, ncols, ncols, 1)
            block = lib.eng_rows_block(C.byref(r))
            self.assertGreaterEqual(block, 16)
            self.assertTrue(block == 16 or block * ncols * 4 <= 2**20)


class Check(unittest.TestCase):
    def test_integers_pass(self):
        self.assertEqual(check(np.full((3, 3), 255, np.uint8))[0], 0)
        self.assertEqual(check(np.full((3, 3), -128, np.int8))[0], 0)

    def test_limits(self):
        below = np.nextafter(np.float32(1e18), np.float32(0))
        above = np.nextafter(np.float32(1e18), np.float32(np.inf))
        self.assertGreater(float(above), 1e18)
        self.assertEqual(check(np.full((2, 2), -below, np.float32))[0], 0)
        self.assertEqual(check(np.full((2, 2), np.float32(1e18)))[0], 0)
        self.assertEqual(check(np.full((2, 2), -above, np.float32)),
                         (-errno.EDOM, (0, 0, -float(above))))
        self.assertEqual(check(np.full((2, 2), 1e18))[0], 0)
        self.assertEqual(check(np.full((2, 2), 1.0000000000000002e18))[0], -errno.EDOM)
        self.assertEqual(check(np.full((2, 2), 65504, np.float16))[0], 0)
        half, value = bfloat16(np.full((2, 2), 9.9e17, np.float32))
        self.assertEqual(check(half, "bfloat16")[0], 0)
        half, value = bfloat16(np.full((2, 2), 1.1e18, np.float32))
        self.assertEqual(check(half, "bfloat16"), (-errno.EDOM, (0, 0, float(value[0, 0]))))

    def test_first_fault_in_row_order(self):
        rng = np.random.default_rng(2)
        for name in ("float16", "float32", "float64"):
            clean = rng.standard_normal((30011, 40)).astype(name)
            self.assertEqual(check(clean, threads=2)[0], 0)
            for bad in (np.nan, np.inf, -np.inf):
                x = clean.copy()
                for row, col in ((29999, 0), (17003, 11), (17003, 12), (17004, 1)):
                    x[row, col] = bad
                for threads in (1, 2, 3):
                    err, (row, col, value) = check(x, threads=threads)
                    self.assertEqual((err, row, col), (-errno.EDOM, 17003, 11))
                    np.testing.assert_equal(value, bad)

    def test_cancel(self):
        x = np.zeros((100, 10), np.float32)
        e = engine.env()
        yes = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e._monitor.cancelled = C.cast(yes, C.c_void_p)
        r = engine.rows(x)
        self.assertEqual(lib.eng_rows_check(C.byref(e), C.byref(r)), -errno.ECANCELED)


if __name__ == "__main__":
    unittest.main()
