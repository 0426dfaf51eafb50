# SPDX-License-Identifier: GPL-2.0-only
"""Distances to the nearest chosen row against numpy."""
import ctypes as C
import errno
import unittest

import numpy as np

from engine import env, f32, lib, ptr, variants

lib.eng_nearest_chosen.argtypes = [C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.c_void_p,
                             C.c_size_t, C.c_void_p]


def distances(e, x, index):
    index, out = np.asarray(index, np.uint32), np.full(len(x), np.nan, np.float32)
    err = lib.eng_nearest_chosen(C.byref(e), ptr(x), *x.shape, ptr(index), len(index), ptr(out))
    if err:
        raise OSError(-err, "eng_nearest_chosen")
    return out


def directly(x, index):
    x = x.astype(np.float64)
    return np.sqrt(((x[:, None] - x[index][None]) ** 2).sum(2)).min(1)


class Distances(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(3)

    def test_distances(self):
        for n, d, k in [(1, 1, 1), (700, 7, 31), (900, 50, 1), (513, 3, 513), (600, 80, 200)]:
            with self.subTest((n, d, k)):
                x = f32(self.rng.normal(size=(n, d)) * 5)
                index = self.rng.permutation(n)[:k]
                np.testing.assert_allclose(distances(env(2), x, index), directly(x, index),
                                           rtol=1e-5, atol=1e-5)

    def test_chosen_rows_are_at_nothing(self):
        """Also where a twin, or one closer than float32 can tell, is chosen too."""
        x = f32(1000 + self.rng.normal(size=(300, 40)))
        x[7], x[9] = x[5], x[5] + np.float32(1e-4)
        out = distances(env(1), x, [5, 9, 7, 100])
        np.testing.assert_array_equal(out[[5, 7, 9, 100]], 0)
        self.assertTrue((out[200:] > 0).all())

    def test_same_bits_with_any_number_of_threads(self):
        x = f32(self.rng.normal(size=(2000, 33)))
        index = self.rng.permutation(2000)[:77]
        for kernels in variants():
            first = distances(env(1, kernels=kernels), x, index)
            np.testing.assert_array_equal(first, distances(env(5, kernels=kernels), x, index))

    def test_refusals(self):
        x = f32(self.rng.normal(size=(4, 2)))
        for index in ([], [0, 1, 2, 3, 3]):
            with self.assertRaises(OSError) as caught:
                distances(env(1), x, index)
            self.assertEqual(caught.exception.errno, errno.EINVAL)


if __name__ == "__main__":
    unittest.main()
