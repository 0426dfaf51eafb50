# SPDX-License-Identifier: GPL-2.0-only
"""How well exemplars stand for rows, against numpy."""
import ctypes as C
import errno
import unittest

import numpy as np
from scipy.spatial import cKDTree

import engine
import selection
from engine import f32, lib, ptr


class Coverage(C.Structure):
    _fields_ = [("error", C.c_float), ("random", C.c_float), ("rows", C.c_uint32)]


def coverage(x, index, labels=None, drop=None, env=None, seed=3):
    env = env or engine.env(2)
    err, groups = selection.groups(labels, len(x), drop)
    assert err == 0
    index = np.array(index, np.uint32)
    data = selection.Input(ptr(x), x.shape[1], x.strides[0] // 4, None, C.addressof(groups))
    out = Coverage()
    err = lib.eng_coverage(C.byref(env), C.byref(data), ptr(index), C.c_size_t(len(index)),
                           C.c_uint64(seed), C.byref(out))
    lib.eng_groups_free(C.byref(groups))
    return err, out


def by_numpy(x, index):
    x = x.astype(float)
    radius = np.sqrt(((x - x.mean(0)) ** 2).sum(1).mean())
    return cKDTree(x[index]).query(x)[0].mean() / radius


class Test(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(30)

    def test_all_rows(self):
        x = f32(self.rng.normal(size=(3000, 7)) * np.arange(1, 8))
        for count in (1, 2, 50, 3000):
            index = self.rng.choice(3000, count, replace=False)
            err, out = coverage(x, index)
            self.assertEqual((err, out.rows), (0, 3000))
            self.assertAlmostEqual(out.error, by_numpy(x, index), places=5)
            drawn = [by_numpy(x, self.rng.choice(3000, count, replace=False)) for _ in range(30)]
            self.assertLess(abs(out.random - np.mean(drawn)), 5 * np.std(drawn) + 1e-6)

    def test_a_sample_of_many(self):
        x = f32(self.rng.normal(size=(100000, 5)))
        index = self.rng.choice(len(x), 400, replace=False)
        err, out = coverage(x, index)
        self.assertEqual((err, out.rows), (0, 16384))
        self.assertAlmostEqual(out.error, by_numpy(x, index), delta=0.01 * out.error)

    def test_rows_left_out_and_classes(self):
        x = f32(self.rng.normal(size=(500, 4)))
        x[:100] += 50
        drop = np.arange(100, dtype=np.uint32)
        labels = self.rng.integers(0, 3, 500)
        index = np.arange(100, 140)
        err, out = coverage(x, index, labels, drop)
        self.assertEqual((err, out.rows), (0, 400))
        self.assertAlmostEqual(out.error, by_numpy(x[100:], index - 100), places=5)

    def test_padding_and_bits(self):
        wide = np.full((700, 9), np.nan, np.float32)
        wide[:, :6] = self.rng.normal(size=(700, 6))
        seen = {}
        for kernels in engine.variants():
            for threads in (1, 3):
                e = engine.env(threads, kernels=kernels)
                err, out = coverage(wide[:, :6], range(0, 700, 30), env=e)
                self.assertEqual(err, 0)
                profile = C.cast(e.kernels, C.POINTER(C.c_int))[0]
                self.assertEqual(seen.setdefault(profile, bytes(out)), bytes(out))

    def test_all_the_same(self):
        err, out = coverage(np.ones((50, 3), np.float32), [4, 9])
        self.assertEqual((err, out.error, out.random), (0, 0, 0))

    def test_cancel(self):
        yes = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e = engine.env(threads=2)
        e._monitor.cancelled = C.cast(yes, C.c_void_p)
        err, _ = coverage(f32(self.rng.normal(size=(500, 4))), [1, 2], env=e)
        self.assertEqual(err, -errno.ECANCELED)


if __name__ == "__main__":
    unittest.main()
