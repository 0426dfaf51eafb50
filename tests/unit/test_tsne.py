# SPDX-License-Identifier: GPL-2.0-only
"""t-SNE: its gradient and divergence against numpy, its result against scikit-learn."""
import ctypes as C
import errno
import functools
import os
import unittest
import warnings

# Its threads spin: on a busy machine scikit-learn is slower with two than with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

import sne
from engine import env, f32, lib, ptr, variants


class Params(C.Structure):
    _fields_ = [("iterations", C.c_uint32), ("exaggeration_iterations", C.c_uint32),
                ("exaggeration", C.c_float), ("learning_rate", C.c_float), ("stop", C.c_float),
                ("seed", C.c_uint64)]


class Stats(C.Structure):
    _fields_ = [("iterations", C.c_uint32), ("kl", C.c_float), ("grad_norm", C.c_float),
                ("stopped_early", C.c_bool)]


lib.eng_tsne.argtypes = [C.c_void_p] * 5
lib.eng_tsne_start.argtypes = [C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.c_uint64,
                               C.c_void_p]
lib.eng_kl_exact.argtypes = [C.c_void_p] * 4
CANCELLED = C.CFUNCTYPE(C.c_bool, C.c_void_p)
PROGRESS = C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_uint64, C.c_uint64)


class Affinities:
    """P of some features by numpy alone: dense, and as struct eng_affinity."""

    def __init__(self, x, perplexity, k):
        n = len(x)
        x = np.float64(x)
        d = (x * x).sum(1)[:, None] + (x * x).sum(1) - 2 * x @ x.T
        np.fill_diagonal(d, np.inf)
        index = np.argsort(d, axis=1, kind="stable")[:, :k]
        d = np.take_along_axis(d, index, 1)
        d -= d[:, :1]
        low, high = np.full(n, 1e-9), np.full(n, 1e9)
        for _ in range(60):
            beta = np.sqrt(low * high)
            e = np.exp(-beta[:, None] * d)
            p = e / e.sum(1, keepdims=True)
            wide = -(p * np.log(p + 1e-300)).sum(1) > np.log(perplexity)
            low, high = np.where(wide, beta, low), np.where(wide, high, beta)
        dense = np.zeros((n, n))
        np.put_along_axis(dense, index, p, 1)
        self.n, self.dense = n, (dense + dense.T) / (2 * n)
        rows, cols = np.nonzero(self.dense)
        self.start = np.searchsorted(rows, np.arange(n + 1)).astype(np.uint64)
        self.col, self.p = cols.astype(np.uint32), f32(self.dense[rows, cols])
        self.struct = sne.Affinity(
            n, *(a.ctypes.data_as(t) for a, (_, t) in
                 zip((self.start, self.col, self.p), sne.Affinity._fields_[1:])))

    def kl(self, y):
        y = np.float64(y)
        w = 1 / (1 + ((y[:, None] - y[None]) ** 2).sum(2))
        np.fill_diagonal(w, 0)
        i, j = np.nonzero(self.dense)
        p, q = self.dense[i, j], w[i, j] / w.sum()
        return (p * np.log(p / q)).sum()


def blobs(seed, n, d=10):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) + 5 * rng.normal(size=(6, d))[rng.integers(0, 6, n)]
    return f32(PCA(d, svd_solver="full").fit_transform(x))


@functools.cache
def large():
    """Enough points for the grid."""
    x = blobs(3, 3000)
    return x, Affinities(x, 20, 60)


def start(e, x, seed=1):
    y = np.full((len(x), 2), np.nan, np.float32)
    lib.eng_tsne_start(C.byref(e), ptr(x), len(x), x.shape[1], seed, ptr(y))
    return y


def tsne(e, p, y, **params):
    y, stats, params = y.copy(), Stats(), Params(**params)
    err = lib.eng_tsne(C.byref(e), C.byref(p.struct), C.byref(params), ptr(y), C.byref(stats))
    return err, y, stats


def kl_exact(e, p, y):
    kl = C.c_double(np.nan)
    assert lib.eng_kl_exact(C.byref(e), C.byref(p.struct), ptr(f32(y)), C.byref(kl)) == 0
    return kl.value


class Start(unittest.TestCase):
    def test_scale(self):
        x = blobs(1, 300)
        y = start(env(), x)
        want = (x[:, :2] - x[:, :2].mean(0)) / x[:, 0].std() * 1e-4
        np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-10)

    def test_no_variance(self):
        x = blobs(2, 500)
        x[:, 1] = 3
        y = start(env(), x)
        self.assertAlmostEqual(y[:, 1].std() / 1e-4, 1, 1)
        np.testing.assert_array_equal(y, start(env(), x))
        self.assertFalse((y == start(env(), x, seed=2)).all())
        y = start(env(), np.zeros((500, 2), np.float32))
        self.assertEqual(len(np.unique(y)), 1000)


class Descent(unittest.TestCase):
    def test_first_step(self):
        """One plain step is the gradient of KL times the rate, by the dense formula."""
        rng = np.random.default_rng(3)
        for p in (Affinities(blobs(3, 200), 20, 60), large()[1]):
            n = p.n
            y = f32(rng.normal(size=(n, 2)) * 3)
            # One exaggerated iteration of factor 1, too slow to reach the longest step.
            rate = 1e-3
            err, moved, _ = tsne(env(2), p, y, iterations=1, exaggeration_iterations=1,
                                 exaggeration=1, learning_rate=rate * n * n)
            self.assertEqual(err, 0)
            d = np.float64(y)[:, None] - y[None]
            w = 1 / (1 + (d * d).sum(2))
            q = (w - np.eye(n)) / (w.sum() - n)
            gradient = (((p.dense - q) * w)[:, :, None] * d).sum(1)
            # Each gain is 1.2, or 0.8 where the gradient is 0; then centred.
            want = -1.2 * rate * n * n * gradient
            want -= (y + want).mean(0)
            err = np.abs((np.float64(moved) - y) - want).max() / np.abs(want).max()
            self.assertLess(err, 2e-3, n)

    def test_divergence(self):
        """The KL reported, that of eng_kl_exact(), and numpy's."""
        small = [(blobs(4, n), Affinities(blobs(4, n), 15, 45)) for n in (50, 700)]
        for x, p in (*small, large()):
            e = env(2)
            err, y, stats = tsne(e, p, start(e, x), iterations=300)
            self.assertEqual(err, 0)
            self.assertAlmostEqual(kl_exact(e, p, y), p.kl(y), 5)
            self.assertAlmostEqual(stats.kl, p.kl(y), 3)

    def test_against_sklearn(self):
        """Not more than 3 % above what scikit-learn reaches on the same data."""
        x = f32(PCA(30, svd_solver="full").fit_transform(load_digits().data[:600]))
        p, e = Affinities(x, 30, 90), env(2)
        err, y, stats = tsne(e, p, start(e, x))
        self.assertEqual(err, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = TSNE(perplexity=30, init="pca", learning_rate="auto", random_state=1,
                         n_jobs=1).fit_transform(x)
        self.assertLess(p.kl(y), 1.03 * p.kl(other))

    def test_small(self):
        for n in (2, 3, 5, 9, 17, 40):
            x = blobs(6, n, 2)
            p, e = Affinities(x, max(1.5, (n - 1) / 3), n - 1), env(2)
            err, y, stats = tsne(e, p, start(e, x))
            self.assertEqual(err, 0, n)
            self.assertTrue(np.isfinite(y).all(), n)
            self.assertLess(np.abs(y.mean(0)).max(), 1e-3 * (1 + np.abs(y).max()), n)
            self.assertLessEqual(p.kl(y), p.kl(start(e, x)) + 1e-6, n)

    def test_one_point(self):
        p, e = Affinities(blobs(7, 5, 2), 1.5, 4), env()
        p.struct.n = 1
        p.start[:] = 0
        err, y, stats = tsne(e, p, np.array([[3, 4]], np.float32))
        self.assertEqual((err, stats.iterations), (0, 0))
        self.assertTrue(np.isfinite(y).all())

    def test_early_stop(self):
        x = blobs(8, 300)
        p, e = Affinities(x, 20, 60), env(2)
        err, _, stats = tsne(e, p, start(e, x), iterations=3000, stop=0.01)
        self.assertTrue(stats.stopped_early)
        self.assertLess(stats.iterations, 1000)
        err, _, stats = tsne(e, p, start(e, x), iterations=1500, stop=-1)
        self.assertFalse(stats.stopped_early)
        self.assertEqual(stats.iterations, 1500)

    def test_lost(self):
        (x, p), e = large(), env(2)
        y = start(e, x)
        y[5, 0] = np.nan
        self.assertEqual(tsne(e, p, y, iterations=60)[0], -errno.ERANGE)
        y = start(e, x)
        err, after, _ = tsne(e, p, y, iterations=300, learning_rate=1e8)
        self.assertEqual(err, -errno.ERANGE)
        np.testing.assert_array_equal(y, after)

    def test_same_bits(self):
        """Threads and instruction sets do not show, by pairs and by grid."""
        for x, p in ((blobs(10, 400), Affinities(blobs(10, 400), 20, 60)), large()):
            seen = {}
            for kernels in variants():
                profile = C.cast(kernels, C.POINTER(C.c_int))[0]
                for threads in (1, 2, 3):
                    e = env(threads, kernels=kernels)
                    err, y, stats = tsne(e, p, start(e, x), iterations=60,
                                         exaggeration_iterations=40)
                    self.assertEqual(err, 0)
                    seen.setdefault(profile, set()).add((y.tobytes(), stats.kl))
            for bits in seen.values():
                self.assertEqual(len(bits), 1)


class Watched(unittest.TestCase):
    def test_cancel(self):
        x = blobs(11, 400)
        p, e, asked = Affinities(x, 20, 60), env(2), []

        def cancelled(_):
            asked.append(0)
            return len(asked) > 40
        call = CANCELLED(cancelled)
        e._monitor.cancelled = C.cast(call, C.c_void_p)
        y = start(e, x)
        err, after, _ = tsne(e, p, y)
        self.assertEqual(err, -errno.ECANCELED)
        np.testing.assert_array_equal(y, after)
        self.assertLess(len(asked), 60)

    def test_progress(self):
        x = blobs(12, 200)
        p, e, seen = Affinities(x, 20, 60), env(2), []
        call = PROGRESS(lambda _, phase, done, total: seen.append((phase, done, total)))
        e._monitor.progress = C.cast(call, C.c_void_p)
        self.assertEqual(tsne(e, p, start(e, x), iterations=200, stop=-1)[0], 0)
        self.assertEqual({s[0] for s in seen}, {4})
        self.assertEqual({s[2] for s in seen}, {200})
        done = [s[1] for s in seen]
        self.assertEqual(done, sorted(done))
        self.assertEqual(done[-1], 200)

    def test_counts(self):
        """The same with any number of threads; no fewer than the edges, or the pairs."""
        (x, p), totals = large(), []
        for threads, iterations in ((1, 40), (3, 40), (2, 0)):
            e = env(threads)
            e._counters.phase = 4
            if iterations:
                tsne(e, p, start(e, x), iterations=iterations)
            totals.append(list(e._counters.count[4]))
        self.assertEqual(totals[0], totals[1])
        edges = int(p.start[-1])
        self.assertGreaterEqual(totals[0][0], 40 * 8 * edges)
        self.assertGreaterEqual(totals[0][4], 40 * edges)
        self.assertEqual(totals[2], [0] * 7)
        x, e = blobs(14, 500), env(2)
        p = Affinities(x, 20, 60)
        e._counters.phase = 4
        tsne(e, p, start(e, x), iterations=40)
        self.assertGreaterEqual(e._counters.count[4][4], 40 * (int(p.start[-1]) + 500 * 500))


if __name__ == "__main__":
    unittest.main()
