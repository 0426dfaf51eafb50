# SPDX-License-Identifier: GPL-2.0-only
"""The symmetric eigenproblem and orthonormal bases against numpy."""
import ctypes as C
import errno
import unittest

import numpy as np

import engine
from engine import lib, ptr


def eigen(e, a):
    vectors, values = np.array(a, float), np.zeros(len(a))
    err = lib.eng_eigen_symmetric(C.byref(e), ptr(vectors), C.c_size_t(len(a)), ptr(values))
    return err, values, vectors


def orthonormal(e, rows):
    q = np.array(rows, float)
    err = lib.eng_orthonormal_rows(C.byref(e), ptr(q), C.c_size_t(q.shape[0]),
                                   C.c_size_t(q.shape[1]))
    assert err == 0
    return q


def matrices():
    rng = np.random.default_rng(4)
    for n in (1, 2, 3, 10, 63, 150):
        a = rng.standard_normal((n, n))
        yield a + a.T
    yield np.zeros((4, 4))
    yield np.ones((6, 6))
    yield np.diag([3.0, 1.0, 3.0, -2.0])
    yield np.diag(10.0 ** -np.arange(20)) + 1e-13
    a = rng.standard_normal((40, 5))
    yield a @ a.T * 1e30
    yield a @ a.T * 1e-30


class Eigen(unittest.TestCase):
    def test_against_numpy(self):
        e = engine.env()
        for a in matrices():
            err, values, v = eigen(e, a)
            scale = max(abs(a).max(), 1e-300) * len(a)
            self.assertEqual(err, 0)
            np.testing.assert_allclose(values, np.linalg.eigvalsh(a)[::-1], rtol=0,
                                       atol=1e-14 * scale)
            np.testing.assert_allclose(v @ v.T, np.eye(len(a)), rtol=0, atol=1e-13)
            np.testing.assert_allclose(v.T * values @ v, a, rtol=0, atol=1e-14 * scale)

    def test_same_bits_everywhere(self):
        for a in matrices():
            bits = {eigen(engine.env(kernels=k), a)[2].tobytes() for k in engine.variants()}
            self.assertEqual(len(bits), 1)

    def test_not_finite_ends(self):
        self.assertEqual(eigen(engine.env(), np.full((5, 5), np.nan))[0], -errno.ERANGE)


class Orthonormal(unittest.TestCase):
    def test_span_and_rank(self):
        rng = np.random.default_rng(5)
        e = engine.env()
        for m, n, rank in ((1, 1, 1), (3, 5, 3), (60, 200, 60), (60, 200, 5), (20, 20, 20)):
            x = rng.standard_normal((m, rank)) @ rng.standard_normal((rank, n))
            q = orthonormal(e, x)
            np.testing.assert_allclose(q @ q.T, np.eye(m), rtol=0, atol=1e-13)
            np.testing.assert_allclose(x @ q.T @ q, x, rtol=0, atol=1e-12)

    def test_nothing_to_span(self):
        q = orthonormal(engine.env(), np.zeros((3, 7)))
        np.testing.assert_array_equal(abs(q @ q.T), np.eye(3))


if __name__ == "__main__":
    unittest.main()
