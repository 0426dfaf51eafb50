# SPDX-License-Identifier: GPL-2.0-only
"""Products of matrices against numpy, and the same bits from every instruction set."""
import ctypes as C
import unittest

import numpy as np

import engine
from engine import lib, ptr

for name in ("eng_gemm_mr", "eng_gemm_nr", "eng_gemm_packed_size"):
    getattr(lib, name).restype = C.c_size_t

SHAPES = [(1, 1, 1), (12, 32, 50), (13, 33, 51), (7, 100, 784), (61, 5, 3), (40, 70, 1000)]


def sizes(*values):
    return [C.c_size_t(v) for v in values]


def round_up(x, to):
    return -(-x // to) * to


def pack(x, strip):
    rows, k = x.shape
    out = np.full(lib.eng_gemm_packed_size(*sizes(rows, k, strip)), np.nan, np.float32)
    lib.eng_gemm_pack(ptr(x), *sizes(rows, k, x.strides[0] // 4, strip), ptr(out))
    return out


def product(e, a, b, c=None, cut=None):
    """a b^T, or c + a b^T; in two parts of k where cut is given."""
    mr, nr = lib.eng_gemm_mr(C.byref(e)), lib.eng_gemm_nr(C.byref(e))
    m, n = len(a), len(b)
    out = np.zeros((round_up(m, mr), round_up(n, nr)), np.float32)
    if c is not None:
        out[:m, :n] = c
    for part in [slice(None)] if cut is None else [slice(0, cut), slice(cut, None)]:
        pa, pb = pack(a[:, part], mr), pack(b[:, part], nr)
        add = c is not None or (cut is not None and part.start > 0)
        lib.eng_gemm_tile(C.byref(e), ptr(pa), C.c_size_t(m), ptr(pb),
                          *sizes(n, a[:, part].shape[1]), ptr(out),
                          C.c_size_t(out.shape[1]), C.c_bool(add))
    return out[:m, :n]


def envs():
    return [engine.env(kernels=k) for k in engine.variants()]


def by_profile(e):
    """The number of a kernel table's profile: its first member."""
    return C.cast(e.kernels, C.POINTER(C.c_int))[0]


def ascending(a, b):
    """The sum over k in order, each product and each sum rounded: profile portable."""
    out = np.zeros((len(a), len(b)), np.float32)
    for k in range(a.shape[1]):
        out += a[:, k, None] * b[None, :, k]
    return out


class Gemm(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(3)

    def operands(self, m, n, k):
        return (self.rng.standard_normal((m, k + 2)).astype(np.float32)[:, :k],
                self.rng.standard_normal((n, k + 2)).astype(np.float32)[:, :k])

    def test_close_to_numpy(self):
        for m, n, k in SHAPES:
            a, b = self.operands(m, n, k)
            want = a.astype(float) @ b.astype(float).T
            bound = (k + 2) * 2.0**-24 * (abs(a).astype(float) @ abs(b).astype(float).T)
            for e in envs():
                self.assertTrue((abs(product(e, a, b) - want) <= bound).all(), (m, n, k))

    def test_portable_is_one_ascending_sum(self):
        for m, n, k in SHAPES:
            a, b = self.operands(m, n, k)
            for e in envs():
                if by_profile(e) == 1:
                    np.testing.assert_array_equal(product(e, a, b), ascending(a, b))

    def test_same_bits_within_a_profile(self):
        for m, n, k in SHAPES:
            a, b = self.operands(m, n, k)
            seen = {}
            for e in envs():
                bits = product(e, a, b).tobytes()
                self.assertEqual(seen.setdefault(by_profile(e), bits), bits, (m, n, k))

    def test_cut_and_add(self):
        a, b = self.operands(25, 40, 90)
        c = self.rng.standard_normal((25, 40)).astype(np.float32)
        for e in envs():
            np.testing.assert_array_equal(product(e, a, b, cut=33), product(e, a, b))
            want = c + a.astype(float) @ b.astype(float).T
            np.testing.assert_allclose(product(e, a, b, c), want, rtol=0, atol=1e-4)

    def test_no_kernels_means_portable(self):
        a, b = self.operands(9, 9, 9)
        e = engine.env()
        e.kernels = None
        np.testing.assert_array_equal(product(e, a, b), ascending(a, b))

    def test_pack_columns(self):
        x = self.rng.standard_normal((10, 23)).astype(np.float32)
        strip, depth = 8, 16
        out = np.full((3, depth, strip), -1, np.float32)
        for first, count in ((0, 6), (6, 4)):
            lib.eng_gemm_pack_columns(ptr(x[first:]), *sizes(count, 23, 23, strip), ptr(out),
                                      *sizes(depth, 2 + first))
        wide = np.zeros((10, 24), np.float32)
        wide[:, :23] = x
        for s in range(3):
            np.testing.assert_array_equal(out[s, 2:12], wide[:, s * 8:s * 8 + 8])
            self.assertTrue((out[s, :2] == -1).all() and (out[s, 12:] == -1).all())


if __name__ == "__main__":
    unittest.main()
