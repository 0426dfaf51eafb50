# SPDX-License-Identifier: GPL-2.0-only
"""Repulsion by grid and by pairs against the sums themselves in double precision."""
import ctypes as C
import unittest

import numpy as np

from engine import env, f32, lib, ptr, variants

lib.eng_repulsion.argtypes = [C.c_void_p, C.c_void_p, C.c_size_t, C.c_void_p, C.c_void_p]


def repulsion(e, y):
    y = f32(y)
    force, z = np.full_like(y, np.nan), C.c_double(np.nan)
    err = lib.eng_repulsion(C.byref(e), ptr(y), len(y), ptr(force), C.byref(z))
    if err:
        raise OSError(-err, "eng_repulsion")
    return force, z.value


def exact(y):
    y = np.float64(f32(y))
    force, z = np.empty_like(y), -float(len(y))
    for a in range(0, len(y), 256):
        d = y[a:a + 256, None] - y[None]
        q = 1 / (1 + (d * d).sum(2))
        z += q.sum()
        force[a:a + 256] = (d * (q * q)[:, :, None]).sum(1)
    return force, z


def errors(y, e):
    (f, z), (want, want_z) = repulsion(e, y), exact(y)
    # The points' own 1s go through the sum of Z too, and are taken off at the end.
    return np.sqrt(((f - want) ** 2).sum() / (want ** 2).sum()), abs(z - want_z) / (want_z + len(y))


def blobs(rng, n, spread, clusters=12):
    centres = rng.normal(size=(clusters, 2)) * spread
    return centres[rng.integers(0, clusters, n)] + rng.normal(size=(n, 2)) * spread * 0.2


class Repulsion(unittest.TestCase):
    def test_pairs(self):
        rng, e = np.random.default_rng(1), env(2)
        for n in (2, 3, 15, 16, 17, 33, 500, 2999):
            for spread in (1e-4, 1.0, 30.0):
                force, z = errors(rng.normal(size=(n, 2)) * spread, e)
                self.assertLess(force, 1e-5, (n, spread))
                self.assertLess(z, 1e-6, (n, spread))

    def test_grid(self):
        """At every scale that a descent goes through, from the start on."""
        rng, e = np.random.default_rng(2), env(2)
        for spread in (1e-4, 1e-2, 0.3, 1.0, 3.0, 10.0, 25.0):
            force, z = errors(blobs(rng, 3000, spread), e)
            self.assertLess(force, 1.5e-3, spread)
            self.assertLess(z, 1e-4, spread)

    def test_shapes(self):
        """A line, a far outlier, equal points: the box is not a full square."""
        rng, e = np.random.default_rng(3), env(2)
        line = np.stack([np.linspace(-50, 50, 3000), np.zeros(3000)], 1)
        self.assertLess(errors(line, e)[0], 1.5e-3)
        self.assertLess(errors(line[:, ::-1], e)[0], 1.5e-3)
        far = rng.normal(size=(3000, 2)) * 5
        far[7] = 200.0, -150.0
        self.assertLess(errors(far, e)[0], 1.5e-3)
        force, z = repulsion(e, np.ones((3500, 2)) * 3)
        self.assertLess(np.abs(force).max(), 1e-6)
        self.assertAlmostEqual(z / (3500.0 * 3499.0), 1.0, 6)

    def test_wide(self):
        """Beyond the largest grid, nodes lie further apart, and accuracy fades, no more."""
        rng, e = np.random.default_rng(4), env(2)
        force, z = errors(rng.normal(size=(3000, 2)) * 100, e)
        self.assertLess(force, 0.5)
        self.assertLess(z, 0.05)

    def test_not_finite(self):
        e = env(2)
        for bad in (np.nan, np.inf, -np.inf, 1e30):
            for n in (100, 4000):
                y = np.zeros((n, 2))
                y[n // 2, 1] = bad
                with self.assertRaises(OSError) as c:
                    repulsion(e, y)
                self.assertEqual(c.exception.errno, 34)

    def test_same_bits(self):
        rng, seen = np.random.default_rng(5), {}
        for n in (777, 9000):
            y = blobs(rng, n, 12.0)
            for kernels in variants():
                profile = C.cast(kernels, C.POINTER(C.c_int))[0]
                for threads in (1, 2, 3):
                    f, z = repulsion(env(threads, kernels=kernels), y)
                    seen.setdefault((n, profile), set()).add((f.tobytes(), z))
        for bits in seen.values():
            self.assertEqual(len(bits), 1)


if __name__ == "__main__":
    unittest.main()
