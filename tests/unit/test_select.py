# SPDX-License-Identifier: GPL-2.0-only
"""What every selection promises, whatever its rule."""
import ctypes as C
import unittest
from fractions import Fraction

import numpy as np

import engine
from engine import lib
from selection import (ECANCELED, EINVAL, EQUAL, FAULT_COUNT, FAULT_KEEP, FAULT_MASS,
                       FAULT_PERPLEXITY, FAULT_QUOTA, FAULT_RULE, GIVEN, NESTED, PLANE, RULES,
                       select, try_select)

f32 = engine.f32


def data(n, d=6, seed=1, classes=4):
    """Features, a plane, labels of unequal frequency."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(np.arange(classes) * 1000 + 7, n, p=np.arange(1, classes + 1) /
                        (classes * (classes + 1) / 2)).astype(np.uint32)
    x = f32(rng.normal(size=(n, d)) + labels[:, None] % 5)
    return {"x": x, "y": f32(x[:, :2] + rng.normal(size=(n, 2)) * .1), "labels": labels}


def interleave(budgets):
    """The definition, in exact arithmetic."""
    count, taken, out = sum(budgets), [0] * len(budgets), []
    for t in range(count):
        g = max((g for g in range(len(budgets)) if taken[g] < budgets[g]),
                key=lambda g: (Fraction((t + 1) * budgets[g], count) - taken[g], -g))
        taken[g] += 1
        out.append(g)
    return out


class Contract(unittest.TestCase):
    def test_names(self):
        for name, rule in RULES.items():
            self.assertEqual(lib.eng_rule_name(rule), name.encode())
            self.assertEqual(lib.eng_rule_nested(rule), name in NESTED)
            self.assertEqual(lib.eng_rule_needs_embedding(rule), name in PLANE)
            self.assertEqual(lib.eng_rule_needs_features(rule),
                             name in ("kmedoids", "kcentre", "herding", "facility", "edited"))
        for rule in (0, 9, -1, 1 << 20):
            self.assertIsNone(lib.eng_rule_name(rule))
            self.assertFalse(lib.eng_rule_nested(rule))

    def test_budgets_and_order_of_classes(self):
        d = data(500)
        names = np.unique(d["labels"])
        for rule in RULES:
            index, _ = select(rule, 60, **d)
            self.assertEqual(len(set(index)), 60)
            group = np.searchsorted(names, d["labels"][index])
            sizes = np.bincount(np.searchsorted(names, d["labels"]))
            budgets = np.bincount(group, minlength=4)
            self.assertTrue((abs(budgets - 60 * sizes / 500) < 1).all())
            self.assertEqual(list(group), interleave([int(b) for b in budgets]))

    def test_order_of_many_classes(self):
        rng = np.random.default_rng(2)
        for _ in range(20):
            sizes = rng.integers(1, 12, 25)
            budgets = [int(rng.integers(0, s + 1)) for s in sizes]
            if not sum(budgets):
                continue
            labels = np.repeat(np.arange(25), sizes)
            index, _ = select("random", sum(budgets), x=np.zeros((len(labels), 1), np.float32),
                              labels=labels, budget=GIVEN, quota=budgets)
            self.assertEqual(list(labels[index]), interleave(budgets))

    def test_prefixes_are_even(self):
        labels = np.repeat(np.arange(5), [50, 100, 200, 50, 600])
        index, _ = select("random", 100, x=np.zeros((1000, 1), np.float32), labels=labels)
        for t in range(1, 101):
            have = np.bincount(labels[index[:t]], minlength=5)
            self.assertTrue((abs(have - t * np.array([5, 10, 20, 5, 60]) / 100) < 1.01).all())

    def test_each_class_on_its_own(self):
        """A class gets what it gets when it is alone, whatever the others are."""
        d = data(400)
        names, sizes = np.unique(d["labels"], return_counts=True)
        for rule in set(RULES) - {"edited"}:
            quota = [5, 9, 0, 14]
            index, weight = select(rule, 28, budget=GIVEN, quota=quota, **d)
            for g, (name, count) in enumerate(zip(names, quota)):
                of = d["labels"][index] == name
                if not count:
                    self.assertFalse(of.any())
                    continue
                others = np.flatnonzero(d["labels"] != name)
                alone, w = select(rule, count, drop=others, **d)
                self.assertEqual(list(index[of]), list(alone))
                np.testing.assert_array_equal(weight[of], w)
                self.assertEqual(w.sum(), sizes[g])

    def test_nested(self):
        d = data(400)
        for rule in NESTED:
            for labels in (d["labels"], np.zeros(400, np.uint32)):
                d["labels"] = labels
                large, _ = select(rule, 60, budget=EQUAL, **d)
                small, _ = select(rule, 24, budget=EQUAL, **d)
                for name in np.unique(labels):
                    a = [i for i in small if labels[i] == name]
                    self.assertEqual(a, [i for i in large if labels[i] == name][:len(a)])
                # With equal budgets the whole list is a prefix.
                self.assertEqual(list(small), list(large[:24]))

    def test_rank_by_weight_elsewhere(self):
        d = data(400)
        for rule in ("grid", "strata", "kmedoids"):
            index, weight = select(rule, 40, keep=[5, 9], x=d["x"], y=d["y"])
            self.assertEqual(list(index[:2]), [5, 9])
            order = list(zip(-weight[2:], index[2:]))
            self.assertEqual(order, sorted(order))

    def test_keep(self):
        d = data(300)
        keep = [250, 3, 17, 90, 91, 2]
        for rule in RULES:
            for budget in (1, EQUAL):
                index, _ = select(rule, 40, keep=keep, budget=budget, **d)
                self.assertEqual(len(set(index)), 40)
                for name in np.unique(d["labels"]):
                    kept = sorted(k for k in keep if d["labels"][k] == name)
                    mine = [i for i in index if d["labels"][i] == name]
                    self.assertEqual(mine[:len(kept)], kept)
            index, _ = select(rule, 6, keep=keep, **d)
            self.assertEqual(sorted(index), sorted(keep))

    def test_drop(self):
        d = data(300)
        drop = np.arange(0, 300, 3)
        for rule in RULES:
            index, weight = select(rule, 200, drop=drop, **d)
            self.assertFalse(set(index) & set(drop))
            self.assertEqual(list(weight), [1] * 200)

    def test_dropped_rows_may_hold_anything(self):
        d = data(200)
        want = {rule: select(rule, 20, drop=[4, 100], **d) for rule in RULES}
        d["x"][[4, 100]] = np.nan
        d["y"][[4, 100]] = np.nan
        for rule in RULES:
            index, weight = select(rule, 20, drop=[4, 100], **d)
            np.testing.assert_array_equal(index, want[rule][0])
            np.testing.assert_array_equal(weight, want[rule][1])

    def test_stride(self):
        d = data(200)
        wide = np.full((200, 11), np.nan, np.float32)
        wide[:, :6] = d["x"]
        for rule in RULES:
            a = select(rule, 20, **d)
            b = select(rule, 20, **{**d, "x": wide[:, :6]})
            np.testing.assert_array_equal(a[0], b[0])
            np.testing.assert_array_equal(a[1], b[1])


class Weights(unittest.TestCase):
    def check(self, rule, d, mass):
        index, weight = select(rule, 50, mass=mass, **d)
        m = np.ones(600) if mass is None else mass.astype(float)
        self.assertAlmostEqual(weight.sum(dtype=float) / m.sum(), 1, places=5)
        for name in np.unique(d["labels"]):
            rows = np.flatnonzero(d["labels"] == name)
            of = np.flatnonzero(d["labels"][index] == name)
            if rule == "random":
                np.testing.assert_allclose(weight[of], m[rows].sum() / len(of), rtol=1e-6)
                continue
            space = d["y" if rule in PLANE else "x"].astype(float)
            d2 = ((space[rows][:, None] - space[index[of]][None]) ** 2).sum(-1)
            want = np.zeros(len(of))
            np.add.at(want, d2.argmin(1), m[rows])
            np.testing.assert_allclose(weight[of], want, rtol=1e-5)

    def test_mass_of_the_nearest(self):
        d = data(600)
        mass = f32(np.random.default_rng(3).random(600) * 5)
        for rule in RULES:
            self.check(rule, d, None)
            self.check(rule, d, mass)

    def test_equal_exemplars_stand_for_themselves(self):
        x = f32(np.repeat(np.eye(3), 4, axis=0))
        index, weight = select("kcentre", 5, x=x)
        self.assertEqual(len(set(index)), 5)
        self.assertEqual(set(index // 4), {0, 1, 2})
        self.assertTrue((weight >= 1).all())
        self.assertEqual(weight.sum(), 12)

    def test_no_mass_in_a_class(self):
        d = data(200)
        mass = np.ones(200, np.float32)
        mass[d["labels"] == 7] = 0
        for rule in RULES:
            index, weight = select(rule, 40, mass=mass, **d)
            self.assertEqual(len(set(index)), 40)
            self.assertEqual(weight[d["labels"][index] == 7].sum(), 0)
            self.assertAlmostEqual(weight.sum(), mass.sum(), delta=1e-3)


class SameBits(unittest.TestCase):
    def test_threads(self):
        """More than two chunks of rows, so that threads do share a group."""
        large = data(9001, d=5)
        alone = {k: large[k] for k in ("x", "y")}
        for rule in RULES:
            for d in (large, alone):
                want = select(rule, 30, **d)
                for threads in (2, 5):
                    have = select(rule, 30, env=engine.env(threads), **d)
                    np.testing.assert_array_equal(have[0], want[0])
                    np.testing.assert_array_equal(have[1], want[1])

    def test_instruction_sets(self):
        d = data(1500, d=19)
        for rule in RULES:
            seen = {}
            for kernels in engine.variants():
                profile = C.c_int.from_address(kernels).value
                have = select(rule, 70, env=engine.env(kernels=kernels), **d)
                want = seen.setdefault(profile, have)
                np.testing.assert_array_equal(have[0], want[0])
                np.testing.assert_array_equal(have[1], want[1])
            self.assertIn(1, seen)

    def test_work_counted_alike(self):
        d = data(9001, d=5)
        for rule in RULES:
            seen = []
            for threads in (1, 3):
                env = engine.env(threads)
                select(rule, 30, env=env, **d)
                seen.append([list(c) for c in env._counters.count])
                self.assertEqual(env._counters.phase, 6)
            self.assertEqual(seen[0], seen[1])
            self.assertGreater(sum(seen[0][6]), 0)
            if rule == "herding":
                sizes = np.unique(d["labels"], return_counts=True)[1]
                self.assertGreaterEqual(seen[0][6][3], 5 * int((sizes ** 2).sum()))
                self.assertGreaterEqual(seen[0][6][4], int((sizes ** 2).sum()))


class Refused(unittest.TestCase):
    def refused(self, rule="random", count=5, d=None, **kwargs):
        env = engine.env()
        d = data(30) if d is None else d
        err, _, _ = try_select(rule, count, env=env, **{**d, **kwargs})
        self.assertEqual(err, EINVAL)
        return env._fault

    def test_count(self):
        f = self.refused(count=0)
        self.assertEqual((f.col, f.value, f.limit), (FAULT_COUNT, 0, 30))
        f = self.refused(count=31)
        self.assertEqual((f.col, f.value, f.limit), (FAULT_COUNT, 31, 30))
        f = self.refused(count=28, drop=[1, 2, 3])
        self.assertEqual((f.col, f.value, f.limit), (FAULT_COUNT, 28, 27))
        f = self.refused(count=2, keep=[1, 2, 3])
        self.assertEqual((f.col, f.value, f.limit), (FAULT_COUNT, 2, 3))

    def test_keep(self):
        for keep, drop, row, named, limit in (([3, 30], [], 30, 1, 0), ([9, 4], [9], 9, 1, 0),
                                              ([6, 2, 6], [], 6, 2, 1)):
            f = self.refused(keep=keep, drop=drop)
            self.assertEqual((f.row, f.col, f.value, f.limit), (row, FAULT_KEEP, named, limit))

    def test_quota(self):
        labels = np.repeat([4, 9], 15)
        f = self.refused(labels=labels, budget=GIVEN, quota=[16, 2], count=18)
        self.assertEqual((f.row, f.col, f.value, f.limit), (0, FAULT_QUOTA, 16, 15))
        f = self.refused(labels=labels, budget=GIVEN, quota=[3, 3], count=5)
        self.assertEqual((f.row, f.col, f.value, f.limit), (2, FAULT_QUOTA, 6, 5))
        f = self.refused(labels=labels, budget=GIVEN, quota=[4, 1], count=5, keep=[20, 21])
        self.assertEqual((f.row, f.col, f.value, f.limit), (1, FAULT_QUOTA, 1, 2))

    def test_mass(self):
        for bad in (-1, np.nan, np.inf):
            mass = np.ones(30, np.float32)
            mass[12] = bad
            f = self.refused(mass=mass)
            self.assertEqual((f.row, f.col), (12, FAULT_MASS))
            np.testing.assert_array_equal(f.value, bad)
            self.assertEqual(try_select("random", 5, mass=mass, drop=[12], **data(30))[0], 0)

    def test_rule(self):
        for rule, missing in (("herding", "x"), ("kmedoids", "x"), ("grid", "y"), (0, None),
                              (9, None), (99, None)):
            f = self.refused(rule, **({missing: None} if missing else {}))
            self.assertEqual(f.col, FAULT_RULE)

    def test_perplexity(self):
        for bad in (0, 1, -3, np.nan, np.inf):
            f = self.refused("facility", perplexity=bad)
            self.assertEqual((f.col, f.limit), (FAULT_PERPLEXITY, 1))


class Watched(unittest.TestCase):
    def test_cancel(self):
        """At whatever question the answer is yes, it ends as cancelled."""
        d = data(3000)
        for rule in set(RULES) - {"random"}:
            for after in (0, 3):
                asked = []

                def cancelled(_):
                    asked.append(1)
                    return len(asked) > after

                env = engine.env(2)
                hook = C.CFUNCTYPE(C.c_bool, C.c_void_p)(cancelled)
                env._monitor.cancelled = C.cast(hook, C.c_void_p)
                self.assertEqual(try_select(rule, 200, env=env, **d)[0], ECANCELED, rule)

    def test_progress(self):
        d = data(9000)
        for rule in RULES:
            for labels in (d["labels"], None):
                seen = []
                env = engine.env(1)
                hook = C.CFUNCTYPE(None, C.c_void_p, C.c_int, C.c_uint64, C.c_uint64)(
                    lambda _, phase, done, total: seen.append((phase, done, total)))
                env._monitor.progress = C.cast(hook, C.c_void_p)
                select(rule, 200, env=env, **{**d, "labels": labels})
                mine = [(done, total) for phase, done, total in seen if phase == 6]
                self.assertEqual(mine[0], (0, 9000))
                self.assertEqual(mine[-1], (9000, 9000))
                self.assertTrue(all(a <= b for a, b in zip(mine, mine[1:])))

    def test_memory_is_linear(self):
        for rule in RULES.values():
            one = lib.eng_select_memory(rule, 10**5, 50, 10**3, 2)
            ten = lib.eng_select_memory(rule, 10**6, 50, 10**4, 2)
            self.assertGreater(one, 10**5)
            self.assertLessEqual(ten, 10 * one)


if __name__ == "__main__":
    unittest.main()
