# SPDX-License-Identifier: GPL-2.0-only
"""Principal components against numpy's singular values, and the same bits however run."""
import ctypes as C
import errno
import gzip
import os
import unittest

import numpy as np

import engine
from engine import lib, ptr

FASHION = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"


class Params(C.Structure):
    _fields_ = [("features", C.c_uint32), ("oversample", C.c_uint32),
                ("iterations", C.c_uint32), ("seed", C.c_uint64), ("scaling", C.c_int)]


def run(e, x, features, ld=None, rows=None, **params):
    """Error, projection and variances."""
    rows = rows or engine.rows(x)
    ld = ld or features
    out = np.full((rows.nrows, ld), np.nan, np.float32)
    variances = np.full(features, np.nan, np.float32)
    p = Params(features=features, **params)
    err = lib.eng_pca(C.byref(e), C.byref(rows), C.byref(p), ptr(out), C.c_size_t(ld),
                      ptr(variances))
    return err, out, variances


def reference(x, features):
    """Axes (as rows, the engine's sign) and variances by numpy."""
    centred = x - x.mean(axis=0, dtype=float)
    _, s, axes = np.linalg.svd(centred, full_matrices=False)
    axes = axes[:features]
    axes *= np.sign(axes[np.arange(len(axes)), abs(axes).argmax(axis=1)])[:, None]
    return centred, axes, s[:features] ** 2 / (len(x) - 1)


def low_rank(n, c, rank, noise, seed):
    rng = np.random.default_rng(seed)
    scale = 10.0 * 0.7 ** np.arange(rank)
    x = rng.standard_normal((n, rank)) * scale @ np.linalg.qr(rng.standard_normal((c, rank)))[0].T
    return (x + noise * rng.standard_normal((n, c)) + 5.0).astype(np.float32)


def by_profile(e):
    return C.cast(e.kernels, C.POINTER(C.c_int))[0]


class Pca(unittest.TestCase):
    def compare(self, x, features, tolerance, **params):
        """Projection and variances, both relative to the largest, per axis well separated."""
        centred, axes, want = reference(x, features)
        err, out, variances = run(engine.env(threads=2), x, features, **params)
        self.assertEqual(err, 0)
        np.testing.assert_allclose(variances, want, rtol=tolerance, atol=1e-6 * want[0])
        np.testing.assert_allclose(out, centred @ axes.T, rtol=0,
                                   atol=tolerance * np.sqrt(want[0]) * 5)

    def test_all_axes_of_few_columns(self):
        self.compare(low_rank(500, 12, 12, 0.0, 1), 12, 1e-4)
        self.compare(low_rank(60, 100, 10, 0.0, 2), 10, 1e-4)

    def test_from_covariance(self):
        self.compare(low_rank(900, 400, 10, 0.01, 3), 10, 1e-4, oversample=40)

    def test_from_rows(self):
        self.compare(low_rank(600, 1200, 10, 0.01, 4), 10, 1e-4)
        self.compare(low_rank(20, 1500, 5, 0.01, 5), 5, 1e-4)

    def test_noise_alone(self):
        """No axis stands out, the worst there is: what counts is the variance held.

        The first shape is solved by the covariance matrix, the others by passes.
        """
        rng = np.random.default_rng(6)

        def lost(n, c, iterations):
            x = rng.standard_normal((n, c)).astype(np.float32)
            _, _, want = reference(x, 5)
            err, out, variances = run(engine.env(), x, 5, oversample=1, iterations=iterations)
            self.assertEqual(err, 0)
            np.testing.assert_allclose(out.var(axis=0, ddof=1, dtype=float), variances,
                                       rtol=1e-4)
            correlation = np.corrcoef(out.astype(float).T) - np.eye(5)
            self.assertLess(abs(correlation).max(), 1e-4)
            return 1 - variances.sum(dtype=float) / want.sum()

        self.assertLess(abs(lost(600, 300, 40)), 1e-6)
        once, thrice, often = (lost(300, 800, i) for i in (1, 3, 30))
        self.assertGreater(once, thrice)
        self.assertGreater(thrice, often)
        self.assertLess(abs(often), 0.05)

    def test_ranks_below_features(self):
        x = low_rank(200, 400, 3, 0.0, 7)
        centred, axes, want = reference(x, 3)
        err, out, variances = run(engine.env(), x, 20)
        self.assertEqual(err, 0)
        np.testing.assert_allclose(variances[:3], want, rtol=1e-4)
        self.assertLess(variances[3:].max(), 1e-6 * want[0])
        self.assertTrue(np.isfinite(out).all())

    def test_half_and_quarter_white(self):
        """Each feature over the fourth or eighth root of its variance, relative to the first's."""
        x = low_rank(300, 40, 12, 0.01, 9)
        _, plain, variances = run(engine.env(), x, 10)
        for scaling, root in ((1, 0.25), (2, 0.125)):
            err, out, same = run(engine.env(), x, 10, scaling=scaling)
            self.assertEqual(err, 0)
            np.testing.assert_array_equal(same, variances)
            factor = (variances[0] / variances.astype(float)) ** root
            np.testing.assert_allclose(out, plain * factor, rtol=1e-4,
                                       atol=1e-5 * abs(plain).max())

    def test_half_white_without_rank(self):
        """Columns of rounding noise stay noise."""
        x = low_rank(200, 400, 3, 0.0, 7)
        _, plain, _ = run(engine.env(), x, 20)
        err, out, _ = run(engine.env(), x, 20, scaling=1)
        self.assertEqual(err, 0)
        self.assertLess(abs(out[:, 3:]).max(), 1e-4 * abs(plain).max())

    def test_constant_rows(self):
        for c in (5, 400, 3000):
            err, out, variances = run(engine.env(), np.full((50, c), 3.5, np.float32), 4)
            self.assertEqual(err, 0)
            self.assertFalse(out.any() or variances.any())

    def test_large_offset(self):
        x = low_rank(800, 40, 5, 0.0, 8) + np.float32(4096)
        self.compare(x, 5, 1e-3)

    def test_columns_beyond_are_zero(self):
        x = low_rank(100, 30, 5, 0.1, 9)
        _, out, _ = run(engine.env(), x, 5, ld=16)
        np.testing.assert_array_equal(out[:, :5], run(engine.env(), x, 5)[1])
        self.assertFalse(out[:, 5:].any())

    def test_bytes_with_stride(self):
        rng = np.random.default_rng(10)
        wide = rng.integers(0, 256, (700, 90)).astype(np.uint8)
        x = wide[:, :77]
        strided = run(engine.env(), x, 7)
        packed = run(engine.env(), np.ascontiguousarray(x), 7)
        floats = run(engine.env(), x.astype(np.float32), 7)
        for a, b, c in zip(strided[1:], packed[1:], floats[1:]):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a, c)

    def test_same_bits_however_run(self):
        for n, c, f in ((3000, 300, 20), (900, 1500, 10), (500, 33, 33)):
            x = low_rank(n, c, 10, 0.5, 11)
            seen = {}
            for i, kernels in enumerate(engine.variants()):
                for threads in (1, 2, 3) if i == 0 else (1 + i % 3,):
                    e = engine.env(threads=threads, kernels=kernels)
                    err, out, variances = run(e, x, f)
                    bits = out.tobytes() + variances.tobytes()
                    self.assertEqual(err, 0)
                    self.assertEqual(seen.setdefault(by_profile(e), bits), bits, (n, c, threads))

    def test_seed_moves_nothing_that_is_settled(self):
        x = low_rank(600, 1200, 10, 0.01, 12)
        a, b = (run(engine.env(), x, 10, seed=seed)[1] for seed in (1, 2))
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-3)

    def test_counters(self):
        x = low_rank(1000, 40, 5, 0.1, 13)
        e = engine.env(threads=2)
        run(e, x, 5)
        reduce = e._counters.count[1]
        self.assertEqual(reduce[0], 3 * x.nbytes)
        self.assertEqual(reduce[1], 1000 * 5 * 4)
        self.assertGreaterEqual(reduce[3], 1000 * 40 * 41 // 2 + 1000 * 40 * 5)
        self.assertEqual(e._counters.phase, 1)

    def test_refusals(self):
        x = low_rank(10, 30, 5, 0.1, 14)
        for features, ld in ((0, 5), (10, 10), (5, 4)):
            e = engine.env()
            self.assertEqual(run(e, x, features, ld=ld)[0], -errno.EINVAL)
            self.assertEqual(e._fault.value, features)

    def test_cancel(self):
        yes = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e = engine.env()
        e._monitor.cancelled = C.cast(yes, C.c_void_p)
        self.assertEqual(run(e, low_rank(100, 30, 5, 0.1, 15), 5)[0], -errno.ECANCELED)

    def test_progress_comes_to_its_end(self):
        steps = []

        @C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_uint64, C.c_uint64)
        def progress(data, phase, done, total):
            steps.append((phase, done, total))

        for c in (30, 1200):
            steps.clear()
            e = engine.env()
            e._monitor.progress = C.cast(progress, C.c_void_p)
            self.assertEqual(run(e, low_rank(1100, c, 5, 0.1, 15), 5)[0], 0)
            done = [s[1] for s in steps]
            self.assertEqual(done, sorted(done))
            self.assertEqual({s[0] for s in steps}, {1})
            self.assertEqual(steps[-1][1], steps[-1][2])


@unittest.skipUnless(os.path.exists(FASHION), "dataset-fashion-mnist is not installed")
class Fashion(unittest.TestCase):
    def test_images(self):
        with gzip.open(FASHION) as f:
            x = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)[:2000]
        centred, axes, want = reference(x, 50)
        err, out, variances = run(engine.env(threads=2), x, 50)
        self.assertEqual(err, 0)
        np.testing.assert_allclose(variances, want, rtol=1e-5)
        # The first axes are well apart, and so must be the same ones.
        np.testing.assert_allclose(out[:, :10], (centred @ axes.T)[:, :10], rtol=0, atol=0.5)
        # All fifty: of the part of the rows that numpy's hold, nothing is lost.
        held = np.linalg.norm(out.astype(float))
        self.assertLess(abs(held / np.linalg.norm(centred @ axes.T) - 1), 1e-6)


if __name__ == "__main__":
    unittest.main()
