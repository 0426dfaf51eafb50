# SPDX-License-Identifier: GPL-2.0-only
"""Occupancy entropy against numpy."""
import ctypes as C
import unittest

import numpy as np

from engine import f32, lib, ptr


def entropy(y):
    out = C.c_float(-1)
    assert lib.eng_occupancy_entropy(ptr(y), C.c_size_t(len(y)), C.byref(out)) == 0
    return out.value


def reference(y):
    """By the definition, in double."""
    y = y.astype(np.float64)
    n = len(y)
    g = int(np.sqrt(n // 8))
    if g < 2:
        return 1.0
    lo, hi = y.min(0), y.max(0)
    side = (hi - lo).max()
    corner = lo - (side - (hi - lo)) / 2
    cell = np.clip(np.floor((y - corner) / side * g), 0, g - 1).astype(int)
    count = np.bincount(cell[:, 1] * g + cell[:, 0], minlength=g * g)
    even = np.full(g * g, n // (g * g))
    even[:n % (g * g)] += 1

    def h(c):
        q = c[c > 0] / n
        return -(q * np.log(q)).sum()

    return h(count) / h(even)


class Entropy(unittest.TestCase):
    def test_against_numpy(self):
        rng = np.random.default_rng(1)
        for n in (32, 33, 100, 999, 5000):
            for y in (rng.normal(size=(n, 2)), rng.random((n, 2)) * [1, 0.1],
                      rng.standard_cauchy((n, 2)) * 50 + 1000):
                y = f32(y)
                self.assertAlmostEqual(entropy(y), reference(y), delta=2e-3 if n < 100 else 5e-4)

    def test_even_is_one(self):
        g = np.arange(40) + 0.5
        y = f32(np.stack(np.meshgrid(g, g), -1).reshape(-1, 2))
        rng = np.random.default_rng(2)
        self.assertGreater(entropy(y), 0.995)
        self.assertLess(entropy(f32(rng.random((1600, 2)))), 0.995)

    def test_order_of_pictures(self):
        """Uniform above normal above clumped above all in two places."""
        rng = np.random.default_rng(3)
        uniform, normal = rng.random((4000, 2)), rng.normal(size=(4000, 2))
        clumped = rng.normal(size=(4000, 2)) * 0.01 + rng.integers(0, 4, (4000, 2))
        two = np.repeat([[0.0, 0.0], [1.0, 1.0]], 2000, axis=0)
        values = [entropy(f32(y)) for y in (uniform, normal, clumped, two)]
        self.assertEqual(values, sorted(values, reverse=True))
        g = int(np.sqrt(4000 // 8))
        self.assertAlmostEqual(values[3], np.log(2) / np.log(g * g), places=3)

    def test_in_range_and_scale_free(self):
        rng = np.random.default_rng(4)
        y = f32(rng.normal(size=(2000, 2)))
        self.assertTrue(0 <= entropy(y) <= 1)
        self.assertEqual(entropy(y), entropy(y * np.float32(1024)))

    def test_small_and_flat(self):
        for n in (1, 7, 31):
            self.assertEqual(entropy(f32(np.random.default_rng(0).random((n, 2)))), 1.0)
        self.assertEqual(entropy(np.zeros((500, 2), np.float32)), 0.0)

    def test_points_that_are_not_finite(self):
        rng = np.random.default_rng(5)
        y = f32(rng.normal(size=(1000, 2)))
        more = np.concatenate([y, np.full((10, 2), np.nan, np.float32)])
        self.assertEqual(entropy(y), entropy(more))


if __name__ == "__main__":
    unittest.main()
