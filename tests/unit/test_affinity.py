# SPDX-License-Identifier: GPL-2.0-only
"""Symmetric affinities against scipy's sparse matrices."""
import ctypes as C
import unittest

import numpy as np
from scipy import sparse

import sne
from engine import env, f32, lib, ptr
from sne import Bandwidth


class Affinities:
    """What eng_affinity() gives; freed at once."""

    def __init__(self, e, index, cond):
        n, k = index.shape
        nb = sne.Neighbours(n, k, index.ctypes.data, None)
        a = sne.Affinity()
        self.err = lib.eng_affinity(C.byref(e), C.byref(nb), ptr(cond), C.byref(a))
        if self.err:
            return
        self.n = a.n
        self.start = np.ctypeslib.as_array(a.start, (n + 1,)).copy()
        self.col = np.ctypeslib.as_array(a.col, (self.start[n],)).copy()
        self.p = np.ctypeslib.as_array(a.p, (self.start[n],)).copy()
        lib.eng_affinity_free(C.byref(a))

    def matrix(self):
        return sparse.csr_matrix((self.p, self.col, self.start), shape=(self.n, self.n))


def graph(n, k, seed):
    """A random table of neighbours, no point its own, no point twice, and weights."""
    rng = np.random.default_rng(seed)
    index = np.stack([rng.choice(n - 1, k, replace=False) for _ in range(n)])
    index += index >= np.arange(n)[:, None]
    cond = rng.random((n, k)) ** 4
    return index.astype(np.uint32), f32(cond / cond.sum(1, keepdims=True))


class Affinity(unittest.TestCase):
    shapes = [(2, 1), (3, 2), (10, 3), (63, 5), (64, 5), (65, 5), (129, 128), (1000, 30)]

    def test_against_scipy(self):
        for n, k in self.shapes:
            index, cond = graph(n, k, n)
            out = Affinities(env(2), index, cond)
            self.assertEqual(out.err, 0)
            p = sparse.csr_matrix((cond.astype(np.float64).ravel(), index.ravel().astype(int),
                                   np.arange(n + 1) * k), shape=(n, n))
            ref = ((p + p.T) / (2 * n)).tocsr()
            ref.sort_indices()
            np.testing.assert_array_equal(out.start, ref.indptr)
            np.testing.assert_array_equal(out.col, ref.indices)
            np.testing.assert_allclose(out.p, ref.data, rtol=3e-7)
            self.assertAlmostEqual(out.p.astype(np.float64).sum(), 1, places=6)

    def test_symmetric_to_the_bit(self):
        out = Affinities(env(), *graph(500, 20, 1)).matrix()
        self.assertEqual((out != out.T).nnz, 0)

    def test_columns_ascend(self):
        out = Affinities(env(), *graph(500, 20, 1))
        for i in range(500):
            row = out.col[out.start[i]:out.start[i + 1]].astype(int)
            self.assertTrue((np.diff(row) > 0).all())

    def test_all_point_at_one(self):
        """A hub that every point names: one long row, a bucket far larger than the rest."""
        index = np.zeros((300, 2), np.uint32)
        index[:, 1] = (np.arange(300) + 1) % 300
        index[0] = 1, 2
        index[299] = 0, 1
        cond = np.full((300, 2), 0.5, np.float32)
        out = Affinities(env(), index, cond)
        self.assertEqual(out.start[1], 299)
        self.assertEqual((out.matrix() != out.matrix().T).nnz, 0)

    def test_zeros_are_kept(self):
        """An entry of 0 is still an edge: its pattern is that of the neighbours."""
        index, cond = graph(50, 5, 2)
        cond[:, -1] = 0
        out = Affinities(env(), index, cond)
        self.assertEqual(out.start[50], len({(min(i, j), max(i, j)) for i, row in
                                             enumerate(index.tolist()) for j in row}) * 2)

    def test_threads_do_not_show(self):
        index, cond = graph(3000, 25, 4)
        one = Affinities(env(1), index, cond)
        for threads in (2, 3):
            out = Affinities(env(threads), index, cond)
            for name in ("start", "col", "p"):
                self.assertEqual(getattr(one, name).tobytes(), getattr(out, name).tobytes())

    def test_after_bandwidth(self):
        """Real distances: p_ij as scikit-learn joins its conditional probabilities."""
        rng = np.random.default_rng(0)
        index, dist2 = sne.knn(f32(rng.normal(size=(400, 6))), 30)
        out = Affinities(env(), index, Bandwidth(env(), dist2, 10).p)
        from sklearn.manifold._t_sne import _joint_probabilities_nn
        distances = sparse.csr_matrix((dist2.ravel(), index.ravel().astype(int),
                                       np.arange(401) * 30), shape=(400, 400))
        ref = _joint_probabilities_nn(distances, 10, 0)
        self.assertLess(abs(out.matrix() - ref).max(), 2e-7)

    def test_nothing(self):
        empty = np.zeros((0, 0), np.uint32)
        self.assertEqual(Affinities(env(), empty, f32(empty)).err, -22)


if __name__ == "__main__":
    unittest.main()
