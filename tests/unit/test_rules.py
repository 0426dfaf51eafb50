# SPDX-License-Identifier: GPL-2.0-only
"""Each rule of selection against a plain numpy implementation of its definition."""
import unittest

import numpy as np

import engine
from selection import select

f32 = engine.f32


def blobs(seed, n, d, k=5):
    """Rows around a few centres, of unequal numbers and spreads."""
    rng = np.random.default_rng(seed)
    which = np.sort(rng.integers(0, k, n)) * rng.integers(1, 3)
    return f32(rng.normal(size=(3 * k, d))[which] * 3 + rng.normal(size=(n, d)))


def standard(x, mass):
    """Mean and RMS radius, weighted."""
    x = x.astype(float)
    mean = mass @ x / mass.sum()
    return mean, np.sqrt(mass @ ((x - mean) ** 2).sum(1) / mass.sum())


def square_distances(a, b):
    return ((a[:, None, :].astype(float) - b[None, :, :].astype(float)) ** 2).sum(-1)


class Herding(unittest.TestCase):
    def check(self, x, count, mass=None, bandwidth=0, keep=(), threads=1, **kwargs):
        """Walk the greedy path beside the engine: each choice is a best one."""
        index, _ = select("herding", count, x=x, mass=mass, bandwidth=bandwidth, keep=keep,
                          env=engine.env(threads, **kwargs))
        m = np.ones(len(x)) if mass is None else np.asarray(mass, float)
        sigma = 0.5 * (bandwidth or 1) * standard(x, m)[1]
        kernel = np.exp(-square_distances(x, x) / (2 * sigma ** 2)) if sigma else \
            np.ones((len(x), len(x)))
        mean = kernel @ m / m.sum()
        chosen = []
        for t, i in enumerate(index):
            score = mean - kernel[:, chosen].sum(1) / (t + 1)
            score[chosen] = -np.inf
            if t < len(keep):
                self.assertEqual(i, sorted(keep)[t])
            else:
                best = np.flatnonzero(score > score.max() - 3e-6)
                self.assertIn(i, best)
                # Of equal rows, the lower.
                same = [j for j in best if (x[j] == x[i]).all()]
                self.assertEqual(i, same[0])
            chosen.append(i)
        return index

    def test_is_greedy(self):
        for n, d, seed in ((1, 3, 0), (2, 1, 1), (17, 2, 2), (300, 7, 3), (700, 50, 4)):
            self.check(blobs(seed, n, d), min(n, 40))

    def test_all_variants(self):
        x = blobs(5, 400, 9)
        for kernels in engine.variants():
            self.check(x, 50, kernels=kernels)

    def test_all_rows(self):
        x = blobs(6, 60, 3)
        self.assertEqual(sorted(self.check(x, 60)), list(range(60)))

    def test_equal_rows(self):
        x = np.concatenate([blobs(7, 40, 3)] * 3)
        self.check(x, 100)
        self.assertEqual(list(select("herding", 5, x=np.ones((9, 4), np.float32))[0]),
                         [0, 1, 2, 3, 4])

    def test_bandwidth_mass_and_keep(self):
        x = blobs(8, 250, 6)
        mass = f32(np.random.default_rng(8).random(250) * 3)
        narrow = self.check(x, 30, bandwidth=0.5)
        wide = self.check(x, 30, bandwidth=2)
        self.assertNotEqual(list(narrow), list(wide))
        self.check(x, 30, mass=mass)
        self.check(x, 30, keep=[200, 3, 77])

    def test_far_from_the_origin_and_tiny(self):
        x = blobs(9, 200, 4)
        index = select("herding", 20, x=f32(x * 2.0 ** -60))[0]
        self.assertEqual(list(index), list(select("herding", 20, x=x)[0]))
        self.check(f32(np.round(x * 16) / 16 + 4096), 20)

    def test_many_rows(self):
        """So many that most wait to take in what was chosen: the choice is still the greedy one."""
        rng = np.random.default_rng(13)
        x = f32(rng.normal(size=(40000, 3)) * [1, 2, 3])
        mass = np.zeros(len(x), np.float32)
        mass[rng.choice(len(x), 500, replace=False)] = 1 + f32(rng.random(500))
        keep = [39999, 12, 20000]
        chosen = [select("herding", 400, x=x, mass=mass, keep=keep, env=engine.env(threads))[0]
                  for threads in (1, 2)]
        np.testing.assert_array_equal(*chosen)
        some, m = x[mass > 0], mass[mass > 0].astype(float)
        sigma = 0.5 * standard(x, mass.astype(float))[1]
        score = np.exp(-square_distances(x, some) / (2 * sigma ** 2)) @ m / m.sum()
        total = np.zeros(len(x))
        for t, i in enumerate(chosen[0]):
            now = score - total / (t + 1)
            if t < len(keep):
                self.assertEqual(i, sorted(keep)[t])
            else:
                self.assertGreater(now[i], now.max() - 3e-6)
            score[i] = -np.inf
            total += np.exp(-square_distances(x, x[i:i + 1])[:, 0] / (2 * sigma ** 2))

    def test_landmarks(self):
        """Past 65,536 rows the mean map is over that many of them, and as good."""
        rng = np.random.default_rng(10)
        x = f32(rng.normal(size=(70000, 2)) * [1, 3])
        index, _ = select("herding", 8, x=x, env=engine.env(2))
        sigma = 0.5 * standard(x, np.ones(len(x)))[1]
        some = x[rng.choice(len(x), 6000, replace=False)]
        mean = np.exp(-square_distances(some, some) / (2 * sigma ** 2)).mean(1)
        first = np.exp(-square_distances(x[index[:1]], some) / (2 * sigma ** 2)).mean()
        self.assertGreater(first, mean.max() - 0.01)
        self.assertEqual(len(set(index)), 8)


    def test_parts(self):
        """Past 262,144 rows: parts that take turns, each herded on its own."""
        rng = np.random.default_rng(15)
        x = f32(rng.normal(size=(300001, 2)) * [1, 3])
        keep = [7, 100, 299999]
        whole = select("herding", 60, x=x, keep=keep, env=engine.env(2))[0]
        self.assertEqual(list(whole[:3]), keep)
        parts = [2 * select("herding", 35, x=x[p::2].copy(), keep=[k // 2 for k in keep
                                                                   if k % 2 == p],
                            env=engine.env(2))[0] + p for p in (0, 1)]
        rest = [list(part[sum(k % 2 == p for k in keep):]) for p, part in enumerate(parts)]
        for t, i in enumerate(whole[3:]):
            self.assertEqual(i, rest[t % 2].pop(0))


class Edited(unittest.TestCase):
    """Herding within class, first of rows that their neighbours agree with."""

    @staticmethod
    def mixed(seed, n, classes, d=5):
        """Classes that lie in one another, and some rows far within another class."""
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, classes, n)
        centre = rng.normal(size=(classes, d)) * 2
        place = np.where(rng.random(n) < 0.15, rng.integers(0, classes, n), labels)
        return f32(centre[place] + rng.normal(size=(n, d))), labels

    @staticmethod
    def agreed(x, labels, parts=1):
        """At least 3 of the 10 nearest (in proportion of fewer), part by part; rows by class."""
        order = np.argsort(labels, kind="stable")
        fine = np.zeros(len(x), bool)
        for p in range(parts):
            rows = order[p::parts]
            d2 = square_distances(x[rows], x[rows])
            np.fill_diagonal(d2, np.inf)
            k = min(10, len(rows) - 1)
            nearest = np.argsort(d2, axis=1, kind="stable")[:, :k]
            fine[rows] = (labels[rows][nearest] == labels[rows][:, None]).sum(1) * 10 >= 3 * k
        return fine

    def check(self, x, labels, count, keep=(), drop=(), mass=None, parts=1, **kwargs):
        index, _ = select("edited", count, x=x, labels=labels, keep=keep, drop=drop, mass=mass,
                          **kwargs)
        inside = np.setdiff1d(np.arange(len(x)), drop)
        fine = np.zeros(len(x), bool)
        fine[inside] = self.agreed(x[inside], labels[inside], parts)
        mass = np.ones(len(x)) if mass is None else np.asarray(mass, float)
        self.assertFalse(fine[inside].all())
        for c in np.unique(labels[inside]):
            own = inside[labels[inside] == c]
            self.walk(x[own].astype(float), mass[own], fine[own] & (mass[own] > 0),
                      [int(np.flatnonzero(own == i)[0]) for i in index if labels[i] == c],
                      [int(np.flatnonzero(own == i)[0]) for i in sorted(keep) if labels[i] == c])
        return index, fine

    def walk(self, x, m, fine, chosen, keep):
        """Each choice is a best one: among those that agree, for their mean; then of all, for all's."""
        sigma = 0.5 * standard(x, m)[1]
        kernel = np.exp(-square_distances(x, x) / (2 * sigma ** 2))
        early = min(int(np.ceil(0.01 * len(x))), fine.sum())
        first = kernel @ (m * fine) / max((m * fine).sum(), 1e-30)
        later = kernel @ m / m.sum()
        self.assertEqual(chosen[:len(keep)], keep)
        for t in range(len(keep), len(chosen)):
            score = (first if t < early else later) - kernel[:, chosen[:t]].sum(1) / (t + 1)
            score[chosen[:t]] = -np.inf
            if t < early:
                score[~fine] = -np.inf
            self.assertGreater(score[chosen[t]], score.max() - 3e-6, t)

    def test_is_greedy(self):
        for seed, n, classes in (1, 900, 3), (2, 2000, 7), (3, 300, 10):
            x, labels = self.mixed(seed, n, classes)
            index, fine = self.check(x, labels, n // 10)
            rank = [np.sum(labels[index[:t]] == labels[i]) for t, i in enumerate(index)]
            first = [i for t, i in zip(rank, index) if t < 0.01 * np.sum(labels == labels[i])]
            self.assertTrue(fine[first].all())

    def test_keep_drop_and_mass(self):
        x, labels = self.mixed(4, 700, 4)
        rng = np.random.default_rng(4)
        mass = f32(rng.random(700) * (rng.random(700) < 0.9))
        fine = self.agreed(x, labels)
        keep = [*np.flatnonzero(~fine)[[3, 7]], int(np.flatnonzero(fine)[2])]
        drop = np.setdiff1d(np.arange(0, 700, 13), keep)
        self.check(x, labels, 90, keep=keep, drop=drop)
        self.check(x, labels, 90, mass=mass)

    def test_many_rows_are_looked_at_in_parts(self):
        x, labels = self.mixed(5, 9000, 3, d=3)
        one = self.check(x, labels, 120, parts=2, env=engine.env(1))[0]
        two = select("edited", 120, x=x, labels=labels, env=engine.env(2))[0]
        self.assertEqual(list(one), list(two))

    def test_nobody_agrees(self):
        """Pairs of two classes in each place: then it is herding."""
        base = blobs(6, 60, 4)
        x = np.repeat(base, 2, axis=0) + f32(np.tile([0, 1e-3], 60)[:, None])
        labels = np.arange(120)
        self.assertEqual(list(select("edited", 120, x=x, labels=labels)[0]),
                         list(select("herding", 120, x=x, labels=labels)[0]))

    def test_one_class(self):
        x = blobs(7, 300, 6)
        self.assertEqual(list(select("edited", 40, x=x)[0]), list(select("herding", 40, x=x)[0]))
        labels = np.full(300, 9)
        self.assertEqual(list(select("edited", 40, x=x, labels=labels)[0]),
                         list(select("herding", 40, x=x)[0]))

    def test_few_rows(self):
        for n in 2, 3, 5, 11:
            x = blobs(8, n, 3)
            labels = np.arange(n) % 2
            self.assertEqual(sorted(select("edited", n, x=x, labels=labels)[0]), list(range(n)))


class KCentre(unittest.TestCase):
    @staticmethod
    def naive(x, count, keep=()):
        x = x.astype(float)
        near = np.full(len(x), np.inf)
        chosen = []
        for t in range(count):
            if t < len(keep):
                i = sorted(keep)[t]
            elif t == 0:
                i = int(np.argmin(((x - x.mean(0)) ** 2).sum(1)))
            else:
                i = int(np.argmax(near))
            chosen.append(i)
            near = np.minimum(near, ((x - x[i]) ** 2).sum(1))
            near[i] = -1
        return chosen

    def test_ties(self):
        """On a lattice, with whole numbers, distances and their ties are exact."""
        rng = np.random.default_rng(11)
        for n in (1, 15, 16, 17, 64, 200, 5000):
            x = f32(rng.integers(0, 7, (n, 3)))
            count = min(n, 60)
            self.assertEqual(list(select("kcentre", count, x=x)[0]), self.naive(x, count))

    def test_many_rows(self):
        """Whole numbers, so that ties are many and exact."""
        x = f32(np.random.default_rng(14).integers(0, 40, (40000, 3)))
        self.assertEqual(list(select("kcentre", 300, x=x, keep=[5, 39000], env=engine.env(2))[0]),
                         self.naive(x, 300, keep=[5, 39000]))

    def test_equal_rows(self):
        x = f32(np.repeat(np.arange(5), 3)[:, None])
        self.assertEqual(list(select("kcentre", 15, x=x)[0]), self.naive(x, 15))

    def test_keep(self):
        x = f32(np.random.default_rng(12).integers(0, 50, (300, 4)))
        self.assertEqual(list(select("kcentre", 20, x=x, keep=[9, 2])[0]),
                         self.naive(x, 20, keep=[9, 2]))


class Facility(unittest.TestCase):
    @staticmethod
    def affinities(x, perplexity):
        """Symmetric affinities by bisection in double precision, dense."""
        n = len(x)
        perplexity = max(min(perplexity, (n - 1) / 3), 1.5)
        k = min(int(3 * np.float32(perplexity)), n - 1)
        d2 = square_distances(x, x)
        np.fill_diagonal(d2, np.inf)
        p = np.zeros((n, n))
        for i in range(n):
            near = np.argsort(d2[i], kind="stable")[:k]
            d = d2[i, near] - d2[i, near[0]]
            lo, hi = -40.0, 40.0
            for _ in range(80):
                beta = np.exp((lo + hi) / 2)
                w = np.exp(-beta * d)
                w /= w.sum()
                entropy = -(w[w > 0] * np.log(w[w > 0])).sum()
                lo, hi = ((lo + hi) / 2, hi) if entropy > np.log(perplexity) else \
                    (lo, (lo + hi) / 2)
            p[i, near] = w
        return (p + p.T) / (2 * n)

    def check(self, x, count, perplexity, mass=None, keep=()):
        index, _ = select("facility", count, x=x, perplexity=perplexity, mass=mass, keep=keep)
        m = np.ones(len(x)) if mass is None else np.asarray(mass, float)
        a = self.affinities(x, perplexity)
        np.fill_diagonal(a, a.max(1))
        cover = np.zeros(len(x))
        for t, i in enumerate(index):
            gain = np.maximum(a - cover, 0) @ m
            gain[index[:t]] = -1
            if t < len(keep):
                self.assertEqual(i, sorted(keep)[t])
            else:
                self.assertGreaterEqual(gain[i], gain.max() - 2e-4 * (m @ a.max(1)) / len(x))
            cover = np.maximum(cover, a[i])
        self.assertEqual(len(set(index)), count)
        return m @ cover, a, m

    def test_is_greedy(self):
        for n, d, perplexity in ((300, 5, 15), (120, 2, 5), (40, 3, 30)):
            have, a, m = self.check(blobs(13 + n, n, d), min(n, 30), perplexity)
            cover = np.zeros(n)
            for _ in range(min(n, 30)):
                cover = np.maximum(cover, a[np.argmax(np.maximum(a - cover, 0) @ m)])
            self.assertAlmostEqual(have / (m @ cover), 1, delta=1e-3)

    def test_small_groups(self):
        for n in range(1, 12):
            x = blobs(14, n, 2)
            index, weight = select("facility", n, x=x, perplexity=30)
            self.assertEqual(sorted(index), list(range(n)))
            self.assertEqual(list(weight), [1] * n)

    def test_mass_and_keep(self):
        x = blobs(15, 200, 4)
        self.check(x, 20, 10, mass=f32(np.random.default_rng(15).random(200) * 4))
        self.check(x, 20, 10, keep=[150, 4])


class KMedoids(unittest.TestCase):
    def test_separated_clusters(self):
        """As many clusters as blobs: of each blob the row nearest to its mean."""
        rng = np.random.default_rng(16)
        centre = rng.normal(size=(30, 6)) * 100
        which = np.concatenate([np.arange(30), rng.integers(0, 30, 570)])
        x = f32(centre[which] + rng.normal(size=(600, 6)))
        mass = f32(rng.random(600) + .1)
        for m in (None, mass):
            index, weight = select("kmedoids", 30, x=x, mass=m)
            w = np.ones(600) if m is None else m.astype(float)
            want, stands = {}, {}
            for c in range(30):
                rows = np.flatnonzero(which == c)
                mean = w[rows] @ x[rows].astype(float) / w[rows].sum()
                best = rows[np.argmin(((x[rows] - mean) ** 2).sum(1))]
                want[best] = w[rows].sum()
            self.assertEqual(set(index), set(want))
            np.testing.assert_allclose(weight, [want[i] for i in index], rtol=1e-5)

    def test_as_good_as_scikit_learn(self):
        from sklearn.cluster import KMeans
        x = blobs(17, 2000, 10)
        ref = KMeans(40, n_init=1, random_state=0).fit(x)
        medoids = [np.argmin(((x - c) ** 2).sum(1)) for c in ref.cluster_centers_]
        cost = [square_distances(x, x[i]).min(1).sum() for i in
                (select("kmedoids", 40, x=x)[0], medoids)]
        self.assertLess(cost[0], 1.05 * cost[1])

    def test_fewer_distinct_rows_than_exemplars(self):
        x = f32(np.repeat(np.eye(4), 10, axis=0))
        index, weight = select("kmedoids", 12, x=x)
        self.assertEqual(len(set(index)), 12)
        self.assertEqual(len(set(i // 10 for i in index)), 4)
        self.assertEqual(weight.sum(), 40)

    def test_keep_comes_first(self):
        x = blobs(18, 300, 4)
        index, _ = select("kmedoids", 20, x=x, keep=[250, 11])
        self.assertEqual(list(index[:2]), [11, 250])
        self.assertEqual(len(set(index)), 20)


def hilbert(x, y, bits):
    """Place on the curve, by the four quadrants of each level: (0,0) (0,1) (1,1) (1,0)."""
    if bits == 0:
        return 0
    half = 1 << bits - 1
    quarter = half * half
    if x < half and y < half:
        return hilbert(y, x, bits - 1)
    if x < half:
        return quarter + hilbert(x, y - half, bits - 1)
    if y >= half:
        return 2 * quarter + hilbert(x - half, y - half, bits - 1)
    return 3 * quarter + hilbert(half - 1 - y, 2 * half - 1 - x, bits - 1)


class Strata(unittest.TestCase):
    def test_reference_curve(self):
        cells = sorted(((hilbert(x, y, 4), x, y) for x in range(16) for y in range(16)))
        self.assertEqual([c[0] for c in cells], list(range(256)))
        for (_, x0, y0), (_, x1, y1) in zip(cells, cells[1:]):
            self.assertEqual(abs(x0 - x1) + abs(y0 - y1), 1)

    @staticmethod
    def along_curve(y, rows):
        p = y[rows].astype(float)
        side = (p.max(0) - p.min(0)).max() or 1
        cell = np.minimum((p - p.min(0)) / side * 65536, 65535).astype(int)
        return [r for _, r in sorted((hilbert(int(a), int(b), 16), r)
                                     for (a, b), r in zip(cell, rows))]

    @staticmethod
    def medoid(x, mass, rows):
        rows = np.sort(rows)
        v, m = x[rows].astype(float), mass[rows].astype(float)
        return rows[np.argmin(((v - m @ v / m.sum()) ** 2).sum(1))]

    def test_equal_strata(self):
        for n, count, seed in ((600, 37, 19), (50, 49, 20), (300, 1, 21), (997, 100, 22)):
            y, x = blobs(seed, n, 2), blobs(seed + 50, n, 8)
            order = np.array(self.along_curve(y, np.arange(n)))
            cuts = [n * c // count for c in range(count + 1)]
            self.assertLessEqual(max(np.diff(cuts)) - min(np.diff(cuts)), 1)
            for features, space in ((x, x), (None, y)):
                index, _ = select("strata", count, x=features, y=y)
                want = {self.medoid(space, np.ones(n), order[a:b])
                        for a, b in zip(cuts, cuts[1:])}
                self.assertEqual(set(index), want)

    def test_equal_mass(self):
        n, count = 800, 25
        rng = np.random.default_rng(23)
        y = blobs(23, n, 2)
        mass = f32(rng.random(n) + 0.01)
        index, _ = select("strata", count, y=y, mass=mass)
        order = np.array(self.along_curve(y, np.arange(n)))
        middle = np.cumsum(mass[order].astype(float)) - mass[order] / 2
        piece = (middle / mass.sum(dtype=float) * count).astype(int)
        want = {self.medoid(y, mass, order[piece == c]) for c in range(count)}
        self.assertEqual(set(index), want)
        share = [mass[order[piece == c]].sum() for c in range(count)]
        self.assertLess(max(share) - min(share), 2.01 * mass.max())

    def test_one_heavy_row(self):
        """A row heavier than several strata leaves none of them empty."""
        y = blobs(24, 100, 2)
        for heavy in range(0, 100, 9):
            mass = np.ones(100, np.float32)
            mass[heavy] = 1000
            index, weight = select("strata", 20, y=y, mass=mass)
            self.assertEqual(len(set(index)), 20)
            self.assertAlmostEqual(float(weight.sum()), 1099, places=2)

    def test_ties_to_the_lower_row(self):
        y = blobs(30, 120, 2)
        order = self.along_curve(y, np.arange(120))
        index, _ = select("strata", 8, x=np.ones((120, 3), np.float32), y=y)
        self.assertEqual(sorted(index), sorted(min(order[15 * c:15 * c + 15]) for c in range(8)))

    def test_all_in_one_place(self):
        index, _ = select("strata", 5, y=np.ones((20, 2), np.float32))
        self.assertEqual(sorted(index), [0, 4, 8, 12, 16])


class Grid(unittest.TestCase):
    @staticmethod
    def cells(y, scale):
        p = y.astype(float)
        side = (p.max(0) - p.min(0)).max() or 1
        at = (p - p.min(0)) / side * scale
        cell = np.minimum(np.floor(at), np.ceil(scale) - 1)
        return [tuple(c) for c in cell], ((at - cell - .5) ** 2).sum(1)

    def naive(self, y, count):
        """Double until there are enough cells, bisect, keep the best grid."""
        tried = {}

        def occupied(scale):
            tried[scale] = len(set(self.cells(y, scale)[0]))
            return tried[scale]

        lo, hi = 0.0, 1.0
        while occupied(hi) < count and hi < 2 ** 20:
            lo, hi = hi, 2 * hi
        for _ in range(24 if lo else 0):
            if count in tried.values():
                break
            middle = (lo + hi) / 2
            lo, hi = (lo, middle) if occupied(middle) >= count else (middle, hi)
        enough = {s: c for s, c in tried.items() if c >= count}
        least = min(enough.values())
        scale = next(s for s in tried if tried[s] == least)
        cell, off = self.cells(y, scale)
        members = {}
        for i, c in enumerate(cell):
            members.setdefault(c, []).append(i)
        heads = [(-len(r), min(r, key=lambda i: (np.float32(off[i]), i)))
                 for r in members.values()]
        return {i for _, i in sorted(heads)[:count]}

    def test_against_naive(self):
        for n, count, seed in ((500, 40, 25), (500, 1, 26), (90, 80, 27), (2000, 200, 28)):
            y = blobs(seed, n, 2)
            self.assertEqual(set(select("grid", count, y=y)[0]), self.naive(y, count))

    def test_one_in_each_clump(self):
        rng = np.random.default_rng(29)
        which = rng.permutation(np.concatenate([np.arange(25), rng.integers(0, 25, 500)]))
        y = f32(np.stack([which % 5, which // 5], 1) + rng.uniform(-.02, .02, (525, 2)))
        index, weight = select("grid", 25, y=y)
        self.assertEqual(sorted(which[index]), list(range(25)))
        np.testing.assert_array_equal(weight, np.bincount(which)[which[index]])
        self.assertTrue((np.diff(weight) <= 0).all())

    def test_fewer_places_than_exemplars(self):
        y = f32(np.repeat([[0, 0], [1, 0], [0, 5]], [4, 10, 6], axis=0))
        index, _ = select("grid", 7, y=y)
        self.assertEqual(len(set(index)), 7)
        # In turn one from each place; the seventh from the heaviest.
        self.assertEqual(sorted(index), [0, 1, 4, 5, 6, 14, 15])


class Random(unittest.TestCase):
    def test_uniform(self):
        x = np.zeros((40, 1), np.float32)
        hits = np.zeros(40)
        for seed in range(2000):
            index, _ = select("random", 10, x=x, seed=seed)
            self.assertEqual(len(set(index)), 10)
            hits[index] += 1
        # 500 expected, standard deviation 19.4 each: 39 degrees of freedom.
        chi2 = ((hits - 500) ** 2 / (500 * 0.75 * 40 / 39)).sum()
        self.assertLess(chi2, 72.1)     # 0.999 quantile
        self.assertGreater(chi2, 16.3)  # 0.0005 quantile

    def test_left_out_rows_change_nothing_else(self):
        x = np.zeros((100, 1), np.float32)
        full = list(select("random", 100, x=x, seed=3)[0])
        drop = full[5:25:2]
        self.assertEqual(list(select("random", 90, x=x, seed=3, drop=drop)[0]),
                         [i for i in full if i not in drop])


if __name__ == "__main__":
    unittest.main()
