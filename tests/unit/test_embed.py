# SPDX-License-Identifier: GPL-2.0-only
"""The embedding of groups, and the entropy-guided choice of the perplexity."""
import ctypes as C
import unittest

import numpy as np

import sne
import test_tsne
from engine import env, f32, lib, ptr, variants
from test_entropy import reference as occupancy


class Groups(C.Structure):
    _fields_ = [("n", C.c_size_t), ("count", C.c_uint32), ("label", C.c_void_p),
                ("start", C.c_void_p), ("row", C.c_void_p)]


class TsneParams(C.Structure):
    _fields_ = [("iterations", C.c_uint32), ("exaggeration_iterations", C.c_uint32),
                ("exaggeration", C.c_float), ("learning_rate", C.c_float), ("stop", C.c_float),
                ("seed", C.c_uint64)]


class EmbedParams(C.Structure):
    _fields_ = [("bandwidth", sne.BandwidthParams), ("tsne", TsneParams),
                ("entropy_guided", C.c_bool), ("perplexity_min", C.c_float),
                ("perplexity_max", C.c_float), ("candidates", C.c_uint32),
                ("nrows", C.c_size_t), ("neighbours", C.c_int)]


class Trace(C.Structure):
    _fields_ = [("perplexity", C.c_float), ("entropy", C.c_float), ("fidelity", C.c_float),
                ("objective", C.c_float), ("kl", C.c_float), ("rows", C.c_uint32),
                ("iterations", C.c_uint32), ("chosen", C.c_uint32)]


class EmbedStats(C.Structure):
    _fields_ = [("perplexity", C.c_float), ("entropy", C.c_float), ("kl", C.c_float),
                ("iterations", C.c_uint32), ("bandwidth", sne.BandwidthStats),
                ("ntrace", C.c_uint32), ("neighbours", sne.KnnStats)]


lib.eng_embed_memory.restype = C.c_size_t
lib.eng_embed_choice_memory.restype = C.c_size_t
PROGRESS = C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_uint64, C.c_uint64)
CANCELLED = C.CFUNCTYPE(C.c_bool, C.c_void_p)


class Embedding:
    """What eng_embed() gives."""

    def __init__(self, x, labels=None, drop=None, perplexity=10.0, iterations=60, guided=False,
                 candidates=0, perplexity_min=0.0, perplexity_max=0.0, threads=1, seed=1, e=None,
                 kernels=None, neighbours=0):
        n, d = x.shape
        e = e or env(threads, kernels=kernels)
        groups = Groups()
        err = lib.eng_groups_create(ptr(labels), C.c_size_t(n), ptr(drop),
                                    C.c_size_t(0 if drop is None else len(drop)),
                                    C.byref(groups))
        assert err == 0
        self.y = np.full((n, 2), 7e7, np.float32)
        self.flags = np.full(n, 77, np.uint8)
        self.stats = EmbedStats()
        lines = (Trace * (candidates or 8))()
        params = EmbedParams(
            sne.BandwidthParams(sne.NEWTON, perplexity, 0, 0, seed),
            TsneParams(iterations, iterations // 3, 0, 0, -1, seed), guided, perplexity_min,
            perplexity_max, candidates, n, neighbours)
        self.err = lib.eng_embed(C.byref(e), ptr(x), C.c_size_t(d), C.c_size_t(x.strides[0] // 4),
                                 C.byref(groups), C.byref(params), ptr(self.y), ptr(self.flags),
                                 lines, C.byref(self.stats))
        self.trace = lines[:self.stats.ntrace]
        self.counters = e._counters
        lib.eng_groups_free(C.byref(groups))

    def bits(self):
        return (self.y.tobytes(), self.flags.tobytes(), bytes(self.stats),
                [bytes(line) for line in self.trace])


def blobs(n, d=6, seed=0, blobs=3):
    rng = np.random.default_rng(seed)
    return f32(rng.normal(size=(n, d)) + rng.integers(0, blobs, n)[:, None] * 4.0)


def separation(y, which):
    """Share of points whose nearest neighbour in the plane is of their own blob."""
    d = ((y[:, None] - y[None]) ** 2).sum(2)
    np.fill_diagonal(d, np.inf)
    return (which == which[d.argmin(1)]).mean()


class Layout(unittest.TestCase):
    def test_blobs_stay_apart(self):
        rng = np.random.default_rng(1)
        which = rng.integers(0, 4, 400)
        centres = rng.normal(size=(4, 8)) * 6
        out = Embedding(f32(centres[which] + rng.normal(size=(400, 8))), iterations=250)
        self.assertEqual(out.err, 0)
        self.assertGreater(separation(out.y, which), 0.99)
        self.assertTrue((out.flags == sne.MET).all())

    def test_noise(self):
        """No neighbourhoods to speak of: drawn together by exaggeration, it is not lost yet."""
        for seed in (0, 3, 7, 11):
            x = f32(np.random.default_rng(seed).normal(size=(3000, 40)))
            labels = (np.arange(3000) % 2).astype(np.uint32)
            out = Embedding(x, labels, perplexity=30, iterations=300, threads=2)
            self.assertEqual(out.err, 0)
            self.assertGreater(out.stats.entropy, 0.8)
        self.assertEqual(Embedding(x, perplexity=30, iterations=2, threads=2).err, 0)

    def test_groups_are_embedded_alone(self):
        """A group's picture is what its rows alone give, wherever they lie in the dataset."""
        x = blobs(300)
        labels = np.random.default_rng(2).integers(0, 3, 300).astype(np.uint32) * 7
        out = Embedding(x, labels)
        for label in (0, 7, 14):
            alone = Embedding(x[labels == label].copy())
            np.testing.assert_array_equal(out.y[labels == label], alone.y)
            np.testing.assert_allclose(out.y[labels == label].mean(0), 0, atol=1e-3)

    def test_statistics_add_up(self):
        x = blobs(300)
        labels = (np.arange(300) % 3 == 0).astype(np.uint32)
        out = Embedding(x, labels)
        parts = [Embedding(x[labels == v].copy()) for v in (0, 1)]
        share = np.array([(labels == v).mean() for v in (0, 1)])
        for name in ("kl", "entropy"):
            values = np.array([getattr(p.stats, name) for p in parts])
            self.assertAlmostEqual(getattr(out.stats, name), share @ values, places=5)
        self.assertEqual(out.stats.iterations, sum(p.stats.iterations for p in parts))
        self.assertEqual(out.stats.bandwidth.evaluations,
                         sum(p.stats.bandwidth.evaluations for p in parts))
        self.assertEqual(list(out.stats.bandwidth.rows), list(np.bincount(out.flags, minlength=5)))
        expected = sum((labels == v).mean() * occupancy(out.y[labels == v]) for v in (0, 1))
        self.assertAlmostEqual(out.stats.entropy, expected, places=3)

    def test_approximate_neighbours(self):
        """Asked for, told of, and a plane of its own; two groups too small for it are exact."""
        x = blobs(3000)
        exact, ivf = Embedding(x, neighbours=1), Embedding(x, neighbours=2)
        self.assertEqual(exact.stats.neighbours.method, 1)
        self.assertEqual(exact.stats.neighbours.recall, 1)
        self.assertEqual(ivf.stats.neighbours.method, 2)
        self.assertGreater(ivf.stats.neighbours.recall10, 0.95)
        self.assertEqual(bytes(Embedding(x).stats.neighbours), bytes(exact.stats.neighbours))
        small = Embedding(x[:600], (np.arange(600) % 2).astype(np.uint32), neighbours=2)
        self.assertEqual(small.stats.neighbours.method, 1)

    def test_dropped_rows(self):
        x = blobs(120)
        drop = np.array([3, 50, 119], np.uint32)
        out = Embedding(x, drop=drop)
        gone = np.isin(np.arange(120), drop)
        self.assertTrue(np.isnan(out.y[gone]).all())
        self.assertTrue(np.isfinite(out.y[~gone]).all())
        self.assertTrue((out.flags[gone] == 77).all())	# as they were
        np.testing.assert_array_equal(out.y[~gone], Embedding(x[~gone].copy()).y)

    def test_small_groups(self):
        """Groups of 1, 2, 7 rows get a layout, of 8 and 20 a lowered perplexity."""
        sizes = [1, 2, 7, 8, 20, 100]
        labels = np.repeat(np.arange(6), sizes).astype(np.uint32)
        x = blobs(sum(sizes), seed=4)
        out = Embedding(x, labels, perplexity=30)
        self.assertEqual(out.err, 0)
        self.assertTrue(np.isfinite(out.y).all())
        for label, size in enumerate(sizes):
            mine = labels == label
            few = size < 8
            self.assertTrue((out.flags[mine] == (sne.ABOVE_K if few else sne.MET)).all(), size)
            if few:
                centred = x[mine, :2] - x[mine, :2].astype(np.float64).mean(0)
                np.testing.assert_allclose(out.y[mine], centred, atol=1e-5)
        self.assertEqual(out.stats.perplexity, 30)
        self.assertEqual(Embedding(x, labels, perplexity=50).stats.perplexity, (100 - 1) / 3)

    def test_one_feature(self):
        out = Embedding(f32(np.random.default_rng(5).normal(size=(100, 1))))
        self.assertEqual(out.err, 0)
        self.assertTrue(np.isfinite(out.y).all())

    def test_wide_rows(self):
        """Features in a table with a longer stride."""
        x = blobs(100)
        wide = np.full((100, 20), np.nan, np.float32)
        wide[:, :6] = x
        np.testing.assert_array_equal(Embedding(wide[:, :6]).y, Embedding(x).y)

    def test_identical_rows(self):
        x = np.ones((60, 5), np.float32)
        out = Embedding(x)
        self.assertEqual(out.err, 0)
        self.assertTrue((out.flags == sne.IDENTICAL).all())
        self.assertTrue(np.isfinite(out.y).all())

    def test_threads_do_not_show(self):
        x = blobs(700)
        labels = np.repeat([0, 1], [600, 100]).astype(np.uint32)
        one = Embedding(x, labels, threads=1).bits()
        for threads in (2, 3):
            self.assertEqual(one, Embedding(x, labels, threads=threads).bits())

    def test_instruction_sets_do_not_show(self):
        x = blobs(500)
        seen = {}
        for kernels in variants():
            profile = C.cast(kernels, C.POINTER(C.c_int))[0]
            bits = Embedding(x, kernels=kernels).bits()
            self.assertEqual(seen.setdefault(profile, bits), bits)

    def test_bad_input(self):
        x = blobs(50)
        for more in ({"perplexity": 1.0}, {"perplexity": np.nan}, {"perplexity_min": 0.5},
                     {"perplexity_min": 9, "perplexity_max": 8}, {"perplexity_max": np.inf}):
            self.assertEqual(Embedding(x, **more).err, -22, more)

    def test_progress_and_cancel(self):
        """Progress rises in each phase to its total; a cancel ends the work."""
        seen = []
        e = env()
        watch = PROGRESS(lambda data, phase, done, total: seen.append((phase, done, total)))
        e._monitor.progress = C.cast(watch, C.c_void_p)
        labels = np.repeat([0, 1], 150).astype(np.uint32)
        self.assertEqual(Embedding(blobs(300), labels, e=e).err, 0)
        for phase in (2, 3, 4):
            done = [d for p, d, _ in seen if p == phase]
            self.assertEqual(done, sorted(done))
            self.assertEqual(done[-1], 300)
            self.assertEqual({t for p, _, t in seen if p == phase}, {300})

        calls = []
        stop = CANCELLED(lambda data: calls.append(1) is not None or len(calls) > 40)
        e = env()
        e._monitor.cancelled = C.cast(stop, C.c_void_p)
        self.assertEqual(Embedding(blobs(300), labels, e=e, iterations=2000).err, -125)
        self.assertEqual(Embedding(blobs(300), labels, e=e, guided=True).err, -125)

    def test_memory_is_an_upper_bound(self):
        small = lib.eng_embed_memory(C.c_size_t(6000), C.c_size_t(50), C.c_float(30), C.c_uint(2))
        large = lib.eng_embed_memory(C.c_size_t(60000), C.c_size_t(50), C.c_float(30), C.c_uint(2))
        edges = 60000 * 90
        self.assertGreater(large, edges * 40)
        self.assertLess(large, 1 << 30)
        self.assertLess(large, 15 * small)	# linear in n


class EntropyGuided(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.x = blobs(900, seed=6, blobs=5)
        cls.labels = np.repeat([0, 1], [600, 300]).astype(np.uint32)
        cls.out = Embedding(cls.x, cls.labels, guided=True, perplexity=30)

    def test_chosen_is_best(self):
        out = self.out
        self.assertEqual(out.err, 0)
        objective = [line.objective for line in out.trace]
        chosen = [i for i, line in enumerate(out.trace) if line.chosen]
        self.assertEqual(chosen, [int(np.argmax(objective))])
        self.assertEqual(out.stats.perplexity, out.trace[chosen[0]].perplexity)

    def test_caps_and_range(self):
        tried = [line.perplexity for line in self.out.trace]
        self.assertLessEqual(len(tried), 8)
        self.assertEqual(tried[0], 30)		# the caller's own target comes first
        self.assertEqual(len(set(tried)), len(tried))
        self.assertAlmostEqual(min(tried), 5, places=4)
        self.assertLessEqual(max(tried), 100.001)
        for candidates in (1, 2, 3, 5):
            out = Embedding(self.x, self.labels, guided=True, perplexity=12, candidates=candidates,
                            perplexity_min=6, perplexity_max=24)
            tried = [line.perplexity for line in out.trace]
            self.assertEqual(tried[0], 12)
            self.assertLessEqual(len(tried), candidates)
            self.assertTrue(all(5.999 <= p <= 24.001 for p in tried))

    def test_objective_is_what_it_says(self):
        """Harmonic mean of entropy and fidelity, both in range."""
        for line in self.out.trace:
            h, f = line.entropy, line.fidelity
            self.assertTrue(0 < h <= 1 and 0 < f < 1)
            self.assertAlmostEqual(line.objective, 2 * h * f / (h + f), places=6)
            self.assertEqual(line.rows, 900)
            self.assertEqual(line.iterations, 120)

    def test_same_as_given(self):
        """The result is what the chosen perplexity gives when it is asked for."""
        given = Embedding(self.x, self.labels, perplexity=self.out.stats.perplexity)
        np.testing.assert_array_equal(given.y, self.out.y)

    def test_entropy_and_fidelity_of_a_line(self):
        """
        One group, all rows sampled: a line is the entropy and R_NX of its picture, which
        goes on from that of the target by as many iterations again.
        """
        x = blobs(400, seed=7)
        for perplexity in (15, 40):
            out = Embedding(x, guided=True, perplexity=15, candidates=2,
                            perplexity_min=perplexity, perplexity_max=perplexity)
            line = out.trace[-1]
            self.assertAlmostEqual(line.perplexity, perplexity, places=4)
            y = Embedding(x, perplexity=15).y.copy()
            p = test_tsne.Affinities(x, perplexity, 3 * perplexity)
            params = test_tsne.Params(60, 1, 1, 0, -1, 1)
            self.assertEqual(lib.eng_tsne(C.byref(env()), C.byref(p.struct), C.byref(params),
                                          y.ctypes.data, None), 0)
            self.assertAlmostEqual(line.entropy, occupancy(y), places=2)
            self.assertAlmostEqual(line.fidelity, kept(x, y, 10, 100), places=3)

    def test_not_the_smallest(self):
        """Entropy falls with perplexity here, and yet the smallest is not what is taken."""
        lines = sorted(self.out.trace, key=lambda line: line.perplexity)
        self.assertGreater(lines[0].entropy, lines[-1].entropy)
        self.assertGreater(self.out.stats.perplexity, lines[0].perplexity)

    def test_threads_do_not_show(self):
        self.assertEqual(self.out.bits(), Embedding(self.x, self.labels, guided=True,
                                                    perplexity=30, threads=2).bits())

    def test_phases_are_counted(self):
        count = self.out.counters.count
        for phase in (2, 3, 4, 5):	# neighbours, search, embed, entropy
            self.assertGreater(count[phase][0], 0, phase)

    def test_many_groups(self):
        """More groups than are scored, some too small: still one perplexity for all."""
        labels = (np.arange(900) % 40).astype(np.uint32)
        labels[880:] = 1000 + np.arange(20)
        out = Embedding(self.x, labels, guided=True, perplexity=30, candidates=3, iterations=20)
        self.assertEqual(out.err, 0)
        self.assertEqual(out.trace[0].rows, 16 * 22)
        self.assertTrue(np.isfinite(out.y).all())

    def test_nothing_to_score(self):
        """Only tiny groups: the caller's target, no trace."""
        labels = (np.arange(60) // 5).astype(np.uint32)
        out = Embedding(blobs(60), labels, guided=True, perplexity=30)
        self.assertEqual((out.err, len(out.trace), out.stats.perplexity), (0, 0, 30))


def kept(x, y, first, last):
    """R_NX(K), K = first ... last, averaged with weights 1 / K, by numpy."""
    n = len(x)

    def ranks(z):
        d = ((z[:, None].astype(np.float64) - z[None]) ** 2).sum(2)
        np.fill_diagonal(d, np.inf)
        rank = np.empty((n, n), int)
        np.put_along_axis(rank, np.argsort(d, axis=1, kind="stable"), np.arange(n)[None], 1)
        return rank

    worse = np.maximum(ranks(x), ranks(y))
    total = weight = 0.0
    for k in range(first, last + 1):
        q = (worse < k).sum() / (n * k)
        total += ((n - 1) * q - k) / (n - 1 - k) / k
        weight += 1 / k
    return total / weight


if __name__ == "__main__":
    unittest.main()
