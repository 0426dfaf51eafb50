# SPDX-License-Identifier: GPL-2.0-only
"""Nearest neighbours against scikit-learn and against distances in double precision."""
import ctypes as C
import errno
import unittest

import numpy as np
from sklearn.neighbors import NearestNeighbors

import engine
import sne
from engine import lib, ptr


class Neighbours(C.Structure):
    _fields_ = [("n", C.c_size_t), ("k", C.c_size_t), ("index", C.POINTER(C.c_uint32)),
                ("dist2", C.POINTER(C.c_float))]


def run(e, x, k):
    """Error, indices and squared distances."""
    nb = Neighbours()
    n, d = x.shape
    err = lib.eng_knn(C.byref(e), ptr(x), C.c_size_t(n), C.c_size_t(d),
                      C.c_size_t(x.strides[0] // 4), C.c_size_t(k), C.byref(nb))
    if err:
        assert not nb.index and not nb.dist2
        return err, None, None
    index = np.ctypeslib.as_array(nb.index, (n, k)).copy()
    dist2 = np.ctypeslib.as_array(nb.dist2, (n, k)).copy()
    lib.eng_neighbours_free(C.byref(nb))
    return err, index, dist2


def exact(x, k):
    """By all differences in double, ties by index."""
    x = x.astype(float)
    n = len(x)
    dist2 = np.stack([((x - row) ** 2).sum(axis=1) for row in x])
    dist2[np.arange(n), np.arange(n)] = np.inf
    order = np.argsort(dist2, axis=1, kind="stable")[:, :k]
    return order, np.take_along_axis(dist2, order, axis=1)


def by_profile(e):
    return C.cast(e.kernels, C.POINTER(C.c_int))[0]


def approximate(e, x, k, method=2):
    """The same by eng_knn_by(), and its statistics."""
    nb, stats = Neighbours(), sne.KnnStats()
    n, d = x.shape
    err = lib.eng_knn_by(C.byref(e), method, ptr(x), C.c_size_t(n), C.c_size_t(d),
                         C.c_size_t(x.strides[0] // 4), C.c_size_t(k), C.byref(nb),
                         C.byref(stats))
    if err:
        assert not nb.index and not nb.dist2
        return err, None, None, stats
    index = np.ctypeslib.as_array(nb.index, (n, k)).copy()
    dist2 = np.ctypeslib.as_array(nb.dist2, (n, k)).copy()
    lib.eng_neighbours_free(C.byref(nb))
    return err, index, dist2, stats


def recall(found, wanted, k):
    return np.mean([np.isin(w[:k], f).mean() for f, w in zip(found, wanted)])


class InvertedFile(unittest.TestCase):
    """Approximate neighbours: what is found is right, and as much of it as is said."""

    def setUp(self):
        self.rng = np.random.default_rng(21)

    def curved(self, n, d, inner=6):
        """Points of few inner dimensions, as data have: smooth functions of them."""
        t = self.rng.standard_normal((n, inner))
        x = np.sin(t @ self.rng.standard_normal((inner, d)))
        return (x + 0.01 * self.rng.standard_normal((n, d))).astype(np.float32)

    def check(self, x, k, index, dist2):
        self.assertTrue((np.diff(dist2, axis=1) >= 0).all())
        self.assertFalse((index == np.arange(len(x))[:, None]).any())
        self.assertTrue((np.diff(np.sort(index, axis=1), axis=1) > 0).all())
        measured = ((x.astype(float)[index] - x.astype(float)[:, None]) ** 2).sum(axis=2)
        np.testing.assert_allclose(dist2, measured, rtol=(x.shape[1] + 4) * 2.0**-24, atol=0)

    def test_recall_is_as_it_says(self):
        x = self.curved(20000, 24, 2)
        err, index, dist2, stats = approximate(engine.env(threads=2), x, 60)
        self.assertEqual((err, stats.method), (0, 2))
        self.check(x, 60, index, dist2)
        want = NearestNeighbors(n_neighbors=60, algorithm="brute").fit(x).kneighbors()[1]
        for k, told in ((10, stats.recall10), (60, stats.recall)):
            self.assertGreaterEqual(told, 0.98)
            self.assertAlmostEqual(recall(index, want, k), told, delta=0.01)
        self.assertLess(stats.probed, stats.cells / 3)
        self.assertGreater(stats.sample, 500)

    def test_rows_with_gaps(self):
        x = np.full((3000, 20), np.nan, np.float32)
        x[:, :17] = self.curved(3000, 17, 3)
        packed = np.ascontiguousarray(x[:, :17])
        one = approximate(engine.env(), x[:, :17], 20)
        two = approximate(engine.env(), packed, 20)
        np.testing.assert_array_equal(one[1], two[1])
        np.testing.assert_array_equal(one[2], two[2])

    def test_nothing_to_gain(self):
        """No structure in many dimensions, or too few rows: the answer is the exact one."""
        for x, k in ((self.rng.standard_normal((4000, 100)).astype(np.float32), 30),
                     (self.curved(300, 5), 10), (self.curved(1000, 5), 999)):
            err, index, dist2, stats = approximate(engine.env(threads=2), x, k)
            _, want, want2 = run(engine.env(threads=2), x, k)
            self.assertEqual((err, stats.method, stats.recall), (0, 1, 1))
            np.testing.assert_array_equal(index, want)
            np.testing.assert_array_equal(dist2, want2)

    def test_copies(self):
        """One site holds most rows: its cell is cut, and its rows find each other."""
        x = self.curved(6000, 8, 2)
        x[::2] = x[0]
        err, index, dist2, stats = approximate(engine.env(threads=3), x, 40)
        self.assertEqual((err, stats.method), (0, 2))
        self.check(x, 40, index, dist2)
        self.assertFalse(dist2[::2].any())
        same = np.zeros((5000, 4), np.float32)
        err, index, dist2, stats = approximate(engine.env(threads=3), same, 40)
        self.assertEqual(err, 0)
        self.check(same, 40, index, dist2)

    def test_same_bits_however_run(self):
        x, seen = self.curved(6000, 21, 2), {}
        for i, kernels in enumerate(engine.variants()):
            for threads in (1, 2, 3) if i == 0 else (1 + i % 3,):
                e = engine.env(threads=threads, kernels=kernels)
                err, index, dist2, stats = approximate(e, x, 33)
                counts = [list(phase) for phase in e._counters.count]
                bits = index.tobytes() + dist2.tobytes() + bytes(stats) + repr(counts).encode()
                self.assertEqual((err, stats.method), (0, 2))
                self.assertEqual(seen.setdefault(by_profile(e), bits), bits, threads)

    def test_auto_is_exact_where_rows_are_few(self):
        x = self.curved(3000, 8)
        self.assertEqual(approximate(engine.env(), x, 10, method=0)[3].method, 1)
        self.assertEqual(approximate(engine.env(), x, 10, method=1)[3].method, 1)

    def test_refusals_and_cancel(self):
        x = self.curved(1500, 3)
        for k in (0, 1500):
            self.assertEqual(approximate(engine.env(), x, k)[0], -errno.EINVAL)
        yes = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e = engine.env(threads=2)
        e._monitor.cancelled = C.cast(yes, C.c_void_p)
        self.assertEqual(approximate(e, x, 5)[0], -errno.ECANCELED)


class Knn(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(20)

    def normal(self, n, d):
        return self.rng.standard_normal((n, d)).astype(np.float32)

    def check(self, x, k, ties=False):
        """Distances within rounding, none nearer left out; the same rows where exact."""
        d = x.shape[1]
        err, index, dist2 = run(engine.env(threads=2), x, k)
        want_index, want = exact(x, k)
        self.assertEqual(err, 0)
        np.testing.assert_allclose(dist2, want, rtol=(d + 4) * 2.0**-24, atol=0)
        self.assertTrue((np.diff(dist2, axis=1) >= 0).all())
        self.assertFalse((index == np.arange(len(x))[:, None]).any())
        self.assertTrue((np.diff(np.sort(index, axis=1), axis=1) > 0).all())
        measured = ((x.astype(float)[index] - x.astype(float)[:, None]) ** 2).sum(axis=2)
        np.testing.assert_allclose(dist2, measured, rtol=(d + 4) * 2.0**-24, atol=0)
        if ties:
            np.testing.assert_array_equal(index, want_index)

    def test_against_sklearn(self):
        x = self.normal(3000, 50)
        err, index, dist2 = run(engine.env(threads=2), x, 90)
        nn = NearestNeighbors(n_neighbors=90, algorithm="brute").fit(x.astype(float))
        distance, want = nn.kneighbors()
        self.assertEqual(err, 0)
        np.testing.assert_allclose(np.sqrt(dist2), distance, rtol=1e-5)
        self.assertGreater((index == want).mean(), 0.9999)

    def test_shapes(self):
        for n, d, k in ((2, 1, 1), (3, 2, 2), (13, 5, 12), (100, 16, 99), (257, 33, 1),
                        (500, 3, 90), (333, 784, 30)):
            with self.subTest(n=n, d=d, k=k):
                self.check(self.normal(n, d), k)

    def test_padding_is_not_read(self):
        x = np.full((400, 24), np.nan, np.float32)
        x[:, :19] = self.normal(400, 19)
        packed = np.ascontiguousarray(x[:, :19])
        for a, b in zip(run(engine.env(), x[:, :19], 20), run(engine.env(), packed, 20)):
            np.testing.assert_array_equal(a, b)

    def test_all_the_same(self):
        for value in (0.0, 0.1, 1e9):
            x = np.full((300, 7), value, np.float32)
            err, index, dist2 = run(engine.env(threads=3), x, 40)
            self.assertEqual(err, 0)
            self.assertFalse(dist2.any())
            for i in range(300):
                want = [j for j in range(41) if j != i][:40]
                self.assertEqual(index[i].tolist(), want)

    def test_ties_on_a_lattice(self):
        """Whole numbers: distances are exact, so ties must fall as they do in double."""
        self.check(self.rng.integers(0, 3, (900, 4)).astype(np.float32), 30, ties=True)
        self.check(self.rng.integers(0, 2, (700, 12)).astype(np.float32), 15, ties=True)
        self.check(self.rng.integers(0, 2, (100, 9)).astype(np.float32), 50, ties=True)
        grid = np.stack(np.meshgrid(*[np.arange(30.0)] * 2), axis=-1).reshape(-1, 2)
        self.check(grid.astype(np.float32), 20, ties=True)

    def test_copies(self):
        sites = self.rng.integers(-50, 50, (40, 9)).astype(np.float32)
        self.check(np.ascontiguousarray(sites[self.rng.integers(0, 40, 800)]), 60, ties=True)

    def test_far_from_the_origin(self):
        self.check(self.normal(600, 20) + np.float32(10000), 25)

    def test_outlier(self):
        x = self.normal(600, 20)
        x[77] = 1e7
        self.check(x, 25)

    def test_tight_clusters_far_apart(self):
        """Products cancel to nothing here: measuring has to put it right."""
        centres = self.normal(5, 10) * 1000
        x = centres[self.rng.integers(0, 5, 700)] + 1e-2 * self.normal(700, 10)
        self.check(x, 30)

    def test_magnitudes(self):
        self.check(self.normal(300, 8) * np.float32(1e15), 20)
        self.check(self.normal(300, 8) * np.float32(1e-15), 20)

    def test_sums_that_overflow(self):
        x = self.normal(200, 8)
        x[::2] *= np.float32(1e20)
        err, index, dist2 = run(engine.env(), x, 150)
        self.assertEqual(err, 0)
        self.assertTrue((np.diff(np.sort(index, axis=1), axis=1) > 0).all())
        self.assertLess(index.max(), 200)
        want_index, _ = exact(x[1::2], 20)
        np.testing.assert_array_equal(index[1::2, :20], want_index * 2 + 1)

    def test_same_bits_however_run(self):
        for x, k in ((self.normal(2500, 21), 33),
                     (self.rng.integers(0, 3, (1500, 5)).astype(np.float32), 40)):
            seen = {}
            for i, kernels in enumerate(engine.variants()):
                for threads in (1, 2, 3) if i == 0 else (1 + i % 3,):
                    e = engine.env(threads=threads, kernels=kernels)
                    err, index, dist2 = run(e, x, k)
                    bits = index.tobytes() + dist2.tobytes()
                    self.assertEqual(err, 0)
                    self.assertEqual(seen.setdefault(by_profile(e), bits), bits, threads)

    def test_refusals(self):
        x = self.normal(10, 3)
        for k in (0, 10, 11):
            self.assertEqual(run(engine.env(), x, k)[0], -errno.EINVAL)

    def test_counters(self):
        e = engine.env(threads=2)
        run(e, self.normal(500, 10), 5)
        self.assertGreaterEqual(e._counters.count[2][3], 500 * 500 * 10)
        self.assertEqual(e._counters.count[2][1], 500 * 5 * 8)

    def test_cancel(self):
        yes = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e = engine.env(threads=2)
        e._monitor.cancelled = C.cast(yes, C.c_void_p)
        self.assertEqual(run(e, self.normal(500, 10), 5)[0], -errno.ECANCELED)

    def test_progress_comes_to_its_end(self):
        steps = []

        @C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_uint64, C.c_uint64)
        def progress(data, phase, done, total):
            steps.append((phase, done, total))

        e = engine.env()
        e._monitor.progress = C.cast(progress, C.c_void_p)
        run(e, self.normal(3000, 3), 700)
        self.assertGreater(len(steps), 1)
        self.assertEqual(steps, sorted(steps))
        self.assertEqual(steps[-1], (2, 3000, 3000))


if __name__ == "__main__":
    unittest.main()
