# SPDX-License-Identifier: GPL-2.0-only
"""Neighbours in the plane against scikit-learn, R_NX against its definition."""
import ctypes as C
import errno
import unittest

import numpy as np
from sklearn.neighbors import NearestNeighbors

import sne
from engine import env, f32, lib, ptr

lib.eng_knn_plane.argtypes = [C.c_void_p, C.c_void_p, C.c_size_t, C.c_size_t, C.c_void_p]
lib.eng_neighbours_free.argtypes = [C.c_void_p]
lib.eng_neighbourhood_kept.argtypes = [C.c_void_p] * 4


def knn_plane(e, y, k):
    nb = sne.Neighbours()
    err = lib.eng_knn_plane(C.byref(e), ptr(y), len(y), k, C.byref(nb))
    if err:
        raise OSError(-err, "eng_knn_plane")
    index, dist2 = (np.ctypeslib.as_array(C.cast(a, C.POINTER(t)), (len(y), k)).copy()
                    for a, t in ((nb.index, C.c_uint32), (nb.dist2, C.c_float)))
    lib.eng_neighbours_free(C.byref(nb))
    return index, dist2


def kept(e, index, y):
    nb, auc = sne.neighbours(index, np.zeros(index.shape, np.float32)), C.c_float(np.nan)
    assert lib.eng_neighbourhood_kept(C.byref(e), C.byref(nb), ptr(y), C.byref(auc)) == 0
    return auc.value


def kept_directly(index, y):
    n, k = index.shape
    low, _ = sne.knn(y, k)
    r = [(n - 1) * sum(len(set(a[:m]) & set(b[:m])) for a, b in zip(index, low)) / (n * m) - m
         for m in range(1, k + 1)]
    m = np.arange(1, k + 1)
    return (np.array(r) / (n - 1 - m) / m).sum() / (1 / m).sum()


def planes(rng):
    """Layouts that a grid of cells may stumble over."""
    yield "normal", rng.normal(size=(1500, 2))
    yield "clusters", rng.normal(size=(1500, 2)) * 0.01 + rng.integers(-40, 40, (1500, 2)) // 9
    yield "line", np.stack([np.linspace(-9, 9, 900), np.zeros(900)], 1)
    yield "column", np.stack([np.full(900, 7.0), rng.normal(size=900)], 1)
    far = rng.normal(size=(800, 2))
    far[3] = 1e6, -1e6
    yield "outlier", far
    yield "few", rng.normal(size=(60, 2))
    yield "two", np.array([[0.0, 0.0], [1.0, 2.0]])


class Plane(unittest.TestCase):
    def test_distances(self):
        rng, e = np.random.default_rng(1), env(2)
        for name, y in planes(rng):
            y = f32(y)
            for k in {1, min(10, len(y) - 1), min(90, len(y) - 1)}:
                index, dist2 = knn_plane(e, y, k)
                want = NearestNeighbors(n_neighbors=k).fit(np.float64(y)).kneighbors()[0] ** 2
                np.testing.assert_allclose(dist2, want, rtol=1e-5, atol=1e-9, err_msg=name)
                own = ((np.float64(y)[index] - np.float64(y)[:, None]) ** 2).sum(2)
                np.testing.assert_allclose(dist2, own, rtol=1e-5, atol=1e-9, err_msg=name)
                self.assertTrue((index != np.arange(len(y))[:, None]).all())

    def test_ties(self):
        """A lattice is nothing but ties; all points in one place, too."""
        y = f32(np.stack(np.meshgrid(np.arange(20), np.arange(20)), -1).reshape(-1, 2))
        for points in (y, np.full((200, 2), 4, np.float32)):
            index, dist2 = knn_plane(env(2), points, 12)
            want, _ = sne.knn(points, 12)
            np.testing.assert_array_equal(index, want)

    def test_refused(self):
        e, y = env(), np.zeros((10, 2), np.float32)
        for k in (0, 10, 11):
            with self.assertRaises(OSError) as c:
                knn_plane(e, y, k)
            self.assertEqual(c.exception.errno, errno.EINVAL)
        y[4, 1] = np.nan
        with self.assertRaises(OSError) as c:
            knn_plane(e, y, 3)
        self.assertEqual((c.exception.errno, e._fault.row, e._fault.col), (errno.EINVAL, 4, 1))

    def test_same_with_any_threads(self):
        y = f32(np.random.default_rng(2).normal(size=(5000, 2)))
        seen = {tuple(a.tobytes() for a in knn_plane(env(t), y, 15)) for t in (1, 2, 3)}
        self.assertEqual(len(seen), 1)


class Kept(unittest.TestCase):
    def test_definition(self):
        rng, e = np.random.default_rng(3), env(2)
        x = f32(rng.normal(size=(400, 6)))
        for k in (1, 5, 60):
            index, _ = sne.knn(x, k)
            for y in (x[:, :2], x[:, :2] + rng.normal(size=(400, 2)), rng.normal(size=(400, 2))):
                y = f32(y)
                self.assertAlmostEqual(kept(e, index, y), kept_directly(index, y), 5)

    def test_ends(self):
        rng, e = np.random.default_rng(4), env(2)
        y = f32(rng.normal(size=(2000, 2)))
        index, _ = sne.knn(y, 30)
        self.assertAlmostEqual(kept(e, index, y), 1.0, 6)
        self.assertLess(abs(kept(e, index, f32(rng.normal(size=(2000, 2))))), 0.02)


if __name__ == "__main__":
    unittest.main()
