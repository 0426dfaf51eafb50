# SPDX-License-Identifier: GPL-2.0-only
"""The bandwidth search against numpy and scikit-learn."""
import ctypes as C
import unittest

import numpy as np
from sklearn.manifold._utils import _binary_search_perplexity

import sne
from engine import env, f32, lib, variants
from sne import Bandwidth, SEARCHES

EVALUATIONS = {"newton": 8, "bisect": 22, "de": 150, "fwa": 120}	# a row, at most, mean
TOLERANCE = {"newton": 1e-5, "bisect": 1e-5, "de": 1e-3, "fwa": 1e-3}
ROUNDING = 2e-6		# of float32 sums over a row, on log perplexity


def clustered(n=700, d=8, k=90, seed=3):
    """Points in clusters of very different width, so that betas span decades."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(10, d)) * 5
    width = 10.0 ** rng.uniform(-2, 1, size=10)
    which = rng.integers(0, 10, n)
    x = centres[which] + rng.normal(size=(n, d)) * width[which, None]
    return sne.knn(f32(x), k)[1]


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dist2 = clustered()

    def each(self):
        return SEARCHES.items()

    def test_target_is_met(self):
        """Perplexity at the returned beta, computed by numpy in double, is the target."""
        for name, search in self.each():
            for target in (1.5, 5, 30, 80):
                out = Bandwidth(env(), self.dist2, target, search)
                self.assertEqual(out.err, 0)
                perp, p = sne.perplexities(self.dist2, out.beta)
                met = out.flags == sne.MET
                residual = np.abs(np.log(perp / target))
                self.assertGreaterEqual(met.mean(), 1.0 if TOLERANCE[name] < 1e-4 else 0.99)
                self.assertLessEqual(residual[met].max(), TOLERANCE[name] + ROUNDING)
                np.testing.assert_allclose(out.p[met], p[met], rtol=2e-5, atol=1e-9)
                np.testing.assert_allclose(out.p.sum(1), 1, atol=2e-6)

    def test_statistics_are_of_the_rows(self):
        for name, search in self.each():
            out = Bandwidth(env(), self.dist2, 30, search)
            perp, _ = sne.perplexities(self.dist2, out.beta)
            residual = np.abs(np.log(perp / 30))
            self.assertEqual(list(out.stats.rows), list(np.bincount(out.flags, minlength=5)))
            self.assertAlmostEqual(out.stats.residual_mean, residual.mean(), delta=ROUNDING)
            self.assertAlmostEqual(out.stats.residual_max, residual.max(), delta=2 * ROUNDING)

    def test_scikit_learn(self):
        """P of scikit-learn's bisection, which stops at 1e-5 in the entropy.

        It does not shift distances, so the exponentials of a narrow cluster
        far off underflow there; hence it gets the shifted ones.
        """
        out = Bandwidth(env(), self.dist2, 30)
        ref = _binary_search_perplexity(self.dist2 - self.dist2[:, :1], 30.0, 0)
        np.testing.assert_allclose(out.p, ref, atol=1e-5)

    def test_evaluations(self):
        for name, search in self.each():
            out = Bandwidth(env(), self.dist2, 30, search)
            mean = out.stats.evaluations / len(self.dist2)
            self.assertLessEqual(mean, EVALUATIONS[name])
            self.assertGreaterEqual(mean, 1)

    def test_work_is_counted(self):
        n, k = self.dist2.shape
        for name, search in self.each():
            e = env()
            out = Bandwidth(e, self.dist2, 30, search)
            count = e._counters.count[3]
            macs = 4 if name == "newton" else 3
            self.assertEqual(count[0], n * k * 4)
            self.assertEqual(count[1], n * k * 4 + n * 4)
            self.assertEqual(count[3], macs * out.stats.evaluations * k + 2 * n * k)
            self.assertEqual(count[4], out.stats.evaluations * (k + 3) + n * (k + 1))
            # a generation shares one pass over the row, a lone evaluation has its own
            passes = count[2] // (4 * k) - 3 * n
            share = out.stats.evaluations / passes
            self.assertTrue(share > 7 if search in (sne.DE, sne.FWA) else share == 1, share)

    def test_threads_do_not_show(self):
        for name, search in self.each():
            one = Bandwidth(env(1), self.dist2, 30, search).bits()
            for threads in (2, 3):
                self.assertEqual(one, Bandwidth(env(threads), self.dist2, 30, search).bits())

    def test_instruction_sets_do_not_show(self):
        for name, search in self.each():
            seen = {}
            for kernels in variants():
                profile = C.cast(kernels, C.POINTER(C.c_int))[0]
                bits = Bandwidth(env(kernels=kernels), self.dist2, 30, search).bits()
                self.assertEqual(seen.setdefault(profile, bits), bits)

    def test_rows_are_independent(self):
        """The answer for a row does not depend on the rows after it."""
        for name, search in self.each():
            whole = Bandwidth(env(), self.dist2, 30, search)
            part = Bandwidth(env(), self.dist2[:130].copy(), 30, search)
            np.testing.assert_array_equal(whole.p[:130], part.p)

    def test_seed(self):
        for search in (sne.DE, sne.FWA):
            a = Bandwidth(env(), self.dist2, 30, search, seed=1)
            b = Bandwidth(env(), self.dist2, 30, search, seed=2)
            self.assertTrue((a.beta != b.beta).any())

    def test_scale(self):
        """A power of two in the distances is one in beta, to the bit; no scale underflows."""
        for name, search in self.each():
            ref = Bandwidth(env(), self.dist2, 30, search)
            for power in (-80, 60):
                out = Bandwidth(env(), self.dist2 * np.float32(2.0 ** power), 30, search)
                np.testing.assert_array_equal(out.p, ref.p)
                np.testing.assert_array_equal(out.beta, ref.beta * np.float32(2.0 ** -power))

    def test_shift(self):
        """Far from everything: all exponentials would underflow without the shift."""
        rng = np.random.default_rng(8)
        far = np.sort(1e6 + rng.uniform(0, 4e4, size=(200, 90)).astype(np.float32), axis=1)
        for name, search in self.each():
            out = Bandwidth(env(), far, 30, search)
            perp, _ = sne.perplexities(far, out.beta)
            met = out.flags == sne.MET
            self.assertTrue(met.all())
            self.assertLess(np.abs(np.log(perp[met] / 30)).max(), TOLERANCE[name] + ROUNDING)


class Flags(unittest.TestCase):
    def row(self, d, target, search, **more):
        dist2 = f32(np.tile(np.asarray(d, np.float32), (3, 1)))
        out = Bandwidth(env(), dist2, target, search, **more)
        self.assertEqual(out.err, 0)
        return out

    def test_above_k(self):
        """Target not below the number of neighbours: beta 0, uniform, decided up front."""
        d = np.linspace(1, 2, 20)
        for search in SEARCHES.values():
            for target in (20, 21, 1000):
                out = self.row(d, target, search)
                self.assertTrue((out.flags == sne.ABOVE_K).all())
                self.assertTrue((out.beta == 0).all())
                np.testing.assert_allclose(out.p, 1 / 20, rtol=1e-6)
                self.assertEqual(out.stats.evaluations, 0)
                self.assertAlmostEqual(out.stats.residual_max, np.log(target / 20), places=5)
            out = self.row(d, 19.9, search)
            self.assertTrue((out.flags == sne.MET).all())

    def test_ties(self):
        """Ten at the smallest distance: perplexity cannot fall below ten."""
        d = np.r_[np.full(10, 3.0), np.linspace(4, 9, 30)]
        for search in SEARCHES.values():
            out = self.row(d, 9.5, search)
            self.assertTrue((out.flags == sne.TIES).all())
            np.testing.assert_allclose(out.p[:, :10], 0.1, rtol=1e-6)
            self.assertLess(out.p[:, 10:].max(), 1e-15)
            self.assertEqual(out.stats.evaluations, 3)
            self.assertAlmostEqual(out.stats.residual_mean, np.log(10 / 9.5), places=5)
            for target in (10, 10.5):	# the limit itself is attained, and what is above it
                out = self.row(d, target, search)
                self.assertTrue((out.flags == sne.MET).all())
                perp, _ = sne.perplexities(f32(d)[None], out.beta[:1])
                self.assertAlmostEqual(perp[0] / target, 1, delta=1.1e-3)

    def test_duplicates_of_the_point(self):
        """Exact duplicates of a point lie at distance 0."""
        out = self.row(np.r_[np.zeros(6), np.linspace(1, 5, 30)], 5, sne.NEWTON)
        self.assertTrue((out.flags == sne.TIES).all())

    def test_identical(self):
        for search in SEARCHES.values():
            for value in (0.0, 7.25):
                out = self.row(np.full(40, value), 10, search)
                self.assertTrue((out.flags == sne.IDENTICAL).all())
                np.testing.assert_allclose(out.p, 1 / 40, rtol=1e-6)
                self.assertEqual(out.stats.evaluations, 0)

    def test_budget(self):
        """Too few evaluations: flagged, best kept, never more than allowed."""
        dist2 = clustered(100)
        for name, search in SEARCHES.items():
            allowed = 2
            out = Bandwidth(env(), dist2, 30, search, evaluations=allowed)
            self.assertTrue((out.flags == sne.BUDGET).sum() > 50)
            self.assertLessEqual(out.stats.evaluations, allowed * 100)
            np.testing.assert_allclose(out.p.sum(1), 1, atol=2e-6)

    def test_unattainable_tolerance_ends(self):
        """A tolerance below what float32 resolves ends all the same."""
        dist2 = clustered(100)
        for name, search in SEARCHES.items():
            out = Bandwidth(env(), dist2, 30, search, tolerance=1e-12)
            self.assertEqual(out.err, 0)
            limit = 100 if search in (sne.NEWTON, sne.BISECT) else 400
            self.assertLessEqual(out.stats.evaluations, limit * 100)

    def test_nearly_tied(self):
        """A nearest cluster ten decades below the rest."""
        d = np.r_[np.arange(20) * 1e-9, np.linspace(1, 2, 20)]
        for name, search in SEARCHES.items():
            for target in (5, 30):
                out = self.row(d, target, search)
                if search in (sne.NEWTON, sne.BISECT):
                    self.assertTrue((out.flags == sne.MET).all(), (name, target))
                else:	# a needle: what was not found says so
                    residual = np.abs(np.log(sne.perplexities(f32(d)[None], out.beta)[0] / target))
                    np.testing.assert_array_equal(out.flags == sne.BUDGET, residual > 1e-3)

    def test_bad_input(self):
        good = clustered(40, k=20)
        for target in (1.0, 0.5, -3, np.nan, np.inf):
            self.assertEqual(Bandwidth(env(), good, target).err, -22)
        for search in (0, 5, -1):
            self.assertEqual(Bandwidth(env(), good, 5, search).err, -22)
        for value in (np.nan, np.inf, -1.0):
            bad = good.copy()
            bad[17, 0] = value
            e = env(2)
            self.assertEqual(Bandwidth(e, bad, 5).err, -33)
            self.assertEqual(e._fault.row, 17)

    def test_cancelled(self):
        e = env()
        cancel = C.CFUNCTYPE(C.c_bool, C.c_void_p)(lambda data: True)
        e._monitor.cancelled = C.cast(cancel, C.c_void_p)
        self.assertEqual(Bandwidth(e, clustered(40, k=20), 5).err, -125)


OBJECTIVE = C.CFUNCTYPE(None, C.c_void_p, C.POINTER(C.c_float), C.POINTER(C.c_float), C.c_uint)


def search(name, objective, lo, hi, row, evaluations=400, tolerance=1e-3):
    """Run eng_search_NAME on a python function of an array of log betas."""
    calls = []

    def call(arg, x, err, count):
        x = np.ctypeslib.as_array(x, (count,)).astype(np.float64)
        calls.append(x)
        np.ctypeslib.as_array(err, (count,))[:] = objective(x)

    params = sne.BandwidthParams(SEARCHES[name], 30, tolerance, evaluations, 7)
    res = sne.SearchResult()
    getattr(lib, "eng_search_" + name)(OBJECTIVE(call), None, C.c_float(lo), C.c_float(hi),
                                       C.c_uint64(row), C.byref(params), C.byref(res))
    return res, calls


class Objectives(unittest.TestCase):
    """The searches on errors that are not those of a row in float32."""

    def test_all_stay_in_range_and_count(self):
        for name in ("bisect", "de", "fwa"):
            res, calls = search(name, lambda x: -x - 100, -3.0, 4.0, 5, evaluations=150)
            seen = np.concatenate(calls)
            self.assertEqual(res.evaluations, len(seen))
            self.assertLessEqual(res.evaluations, 150)
            self.assertTrue((seen >= -3.0).all() and (seen <= 4.0).all())
            best = seen[np.argmin(np.abs(-seen - 100))]
            self.assertAlmostEqual(res.log_beta, best, places=5)

    def test_many_minima(self):
        """A narrow target among many false minima: populations find it, bisection does not."""
        def objective(x, at):
            return 0.3 + 0.2 * np.cos(9 * x) - 0.6 * np.exp(-((x - at) / 0.25) ** 2)

        met = dict.fromkeys(("bisect", "de", "fwa"), 0)
        places = np.linspace(-3, 3, 60)
        for i, at in enumerate(places):
            for name in met:
                res, _ = search(name, lambda x: objective(x, at), -4, 4, i)
                met[name] += abs(res.error) <= 1e-3
        self.assertGreater(met["fwa"], 4 * met["bisect"])

    def test_not_a_number(self):
        """Errors that are no numbers never win."""
        def objective(x):
            return np.where(x < 0, np.nan, 1 - x)

        for name in ("de", "fwa"):
            for row in range(10):
                res, _ = search(name, objective, -4, 4, row)
                self.assertLessEqual(abs(res.error), 0.05)


class QuantisedExp(unittest.TestCase):
    """Rows through an exponential of 8 bits and 64 entries, as a small accelerator has."""

    @classmethod
    def setUpClass(cls):
        table = np.round(255 * np.exp(-(np.arange(64) + 0.5) / 8)) / 255
        cls.table = np.r_[table, 0.0]
        rng = np.random.default_rng(5)
        cls.d = np.concatenate([cls.shifted(rng.normal(size=(500, dim))) for dim in (5, 10, 20)])

    @staticmethod
    def shifted(x, rows=40, k=90):
        """Distances of some rows, shifted by the smallest, with a mean of 1."""
        d = sne.knn(f32(x), k)[1][:rows].astype(np.float64)
        d -= d[:, :1]
        return d / d.mean(1, keepdims=True)

    def error(self, row, x, target=30):
        beta = np.exp(x)[:, None]
        e = self.table[np.minimum(beta * self.d[row] * 8, 64).astype(int)]
        s = e.sum(1)
        return np.log(s) + (beta[:, 0] * (e * self.d[row]).sum(1)) / s - np.log(target)

    def test_curve_is_not_monotonic(self):
        """What the test below rests on: every curve rises somewhere."""
        x = np.linspace(-3, 4, 4000)
        rises = [np.diff(self.error(i, x)).max() for i in range(len(self.d))]
        self.assertGreater(min(rises), 1e-3)

    def residuals(self, name, tolerance):
        return np.array([abs(search(name, lambda x, i=i: self.error(i, x), -3, 4, i,
                                    tolerance=tolerance)[0].error) for i in range(len(self.d))])

    def test_fireworks_leave_less(self):
        """Fewer rows off target than bisection on the same curves, and closer to it."""
        for tolerance in (1e-3, 1e-4):
            fwa, bisect = (self.residuals(name, tolerance) for name in ("fwa", "bisect"))
            self.assertGreater((bisect > tolerance).sum(), 12)
            self.assertLess((fwa > tolerance).sum(), 0.7 * (bisect > tolerance).sum())
        self.assertLess(fwa.mean(), 0.75 * bisect.mean())


if __name__ == "__main__":
    unittest.main()
