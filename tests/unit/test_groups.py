# SPDX-License-Identifier: GPL-2.0-only
"""Groups of rows by label, and budgets split among them."""
import ctypes as C
import unittest

import numpy as np

import engine
from engine import lib, ptr
from selection import EQUAL, FAULT_COUNT, FAULT_QUOTA, GIVEN, PROPORTIONAL, groups


def as_lists(g):
    rows = g.row[:g.n]
    return g.label[:g.count], [rows[g.start[i]:g.start[i + 1]] for i in range(g.count)]


def split(sizes, rule, count, given=None, least=None):
    """Error, budgets, fault."""
    err, g = groups(np.repeat(np.arange(len(sizes)), sizes))
    assert err == 0
    e = engine.env()
    out = np.full(len(sizes), 0xdead, np.uint32)
    given = None if given is None else np.array(given, np.uint32)
    least = None if least is None else np.array(least, np.uint32)
    err = lib.eng_budget_split(C.byref(e), C.byref(g), rule, C.c_uint64(count), ptr(given),
                               ptr(least), ptr(out))
    lib.eng_groups_free(C.byref(g))
    return err, [int(v) for v in out], e._fault


def hamilton(sizes, count):
    """Largest remainder, in integers."""
    total = sum(sizes)
    seats = [count * s // total for s in sizes]
    rest = sorted(range(len(sizes)), key=lambda g: (-(count * sizes[g] % total), g))
    for g in rest[:count - sum(seats)]:
        seats[g] += 1
    return seats


def one_by_one(sizes, count, least):
    """Equal shares: each next exemplar to the group that has the fewest and may have more."""
    have = list(least)
    for _ in range(count - sum(have)):
        g = min((g for g in range(len(sizes)) if have[g] < sizes[g]), key=lambda g: (have[g], g))
        have[g] += 1
    return have


class GroupsTest(unittest.TestCase):
    def test_sorted_by_label_then_row(self):
        rng = np.random.default_rng(1)
        pool = np.array([0, 7, 0xffffffff, 0x80000000, 256, 255, 65536], np.uint32)
        for n in (1, 5, 47, 48, 1000, 5000):
            labels = rng.choice(pool, n)
            err, g = groups(labels)
            self.assertEqual(err, 0)
            names, rows = as_lists(g)
            self.assertEqual(names, sorted(set(int(v) for v in labels)))
            for name, have in zip(names, rows):
                self.assertEqual(have, list(np.flatnonzero(labels == name)))
            lib.eng_groups_free(C.byref(g))
            self.assertEqual(g.n, 0)

    def test_no_labels_is_one_group(self):
        err, g = groups(None, 9)
        self.assertEqual(err, 0)
        self.assertEqual(as_lists(g), ([0], [list(range(9))]))
        lib.eng_groups_free(C.byref(g))

    def test_dropped_rows(self):
        labels = np.array([3, 1, 3, 2, 1, 1], np.uint32)
        err, g = groups(labels, drop=[5, 3, 0, 5])
        self.assertEqual(err, 0)
        self.assertEqual(as_lists(g), ([1, 3], [[1, 4], [2]]))
        self.assertEqual(g.n, 3)
        lib.eng_groups_free(C.byref(g))

    def test_all_dropped(self):
        err, g = groups(None, 3, drop=[0, 1, 2])
        self.assertEqual((err, g.n, g.count), (0, 0, 0))
        lib.eng_groups_free(C.byref(g))

    def test_dropped_row_out_of_range(self):
        err, g = groups(None, 3, drop=[3])
        self.assertEqual((err, g.n, g.count), (-22, 0, 0))


class BudgetTest(unittest.TestCase):
    def test_proportional_is_largest_remainder(self):
        rng = np.random.default_rng(2)
        for _ in range(60):
            sizes = [int(v) for v in rng.integers(1, 40, rng.integers(1, 12))]
            count = int(rng.integers(0, sum(sizes) + 1))
            self.assertEqual(split(sizes, PROPORTIONAL, count)[:2], (0, hamilton(sizes, count)))

    def test_proportional_ties_to_lower_label(self):
        self.assertEqual(split([5, 5, 5], PROPORTIONAL, 4)[1], [2, 1, 1])
        self.assertEqual(split([5, 5, 5, 5], PROPORTIONAL, 2)[1], [1, 1, 0, 0])

    def test_proportional_keeps_the_least(self):
        # Group 0 is worth 1 of 10 but must have 4; the other 6 are split 45 : 45.
        self.assertEqual(split([10, 45, 45], PROPORTIONAL, 10, least=[4, 0, 0])[1], [4, 3, 3])
        # Group 1 gets past its share only once group 0 is fixed: 5 of 60 : 40 is 3 : 2.
        self.assertEqual(split([10, 60, 40], PROPORTIONAL, 10, least=[5, 0, 3])[1], [5, 2, 3])

    def test_proportional_least_at_random(self):
        rng = np.random.default_rng(3)
        for _ in range(60):
            sizes = [int(v) for v in rng.integers(1, 30, 6)]
            least = [int(rng.integers(0, s + 1)) if rng.random() < .4 else 0 for s in sizes]
            count = int(rng.integers(sum(least), sum(sizes) + 1))
            err, have, _ = split(sizes, PROPORTIONAL, count, least=least)
            self.assertEqual((err, sum(have)), (0, count))
            self.assertTrue(all(lo <= b <= s for lo, b, s in zip(least, have, sizes)))
            # The groups above their least share the rest by largest remainder.
            free = [g for g in range(6) if have[g] > least[g]]
            if free:
                rest = sum(have[g] for g in free)
                quota = [rest * sizes[g] / sum(sizes[g] for g in free) for g in free]
                self.assertTrue(all(abs(have[g] - q) < 1 + 1e-9 for g, q in zip(free, quota)))

    def test_equal_fills_like_water(self):
        rng = np.random.default_rng(4)
        for _ in range(60):
            sizes = [int(v) for v in rng.integers(1, 25, rng.integers(1, 9))]
            least = [int(rng.integers(0, s + 1)) if rng.random() < .3 else 0 for s in sizes]
            count = int(rng.integers(sum(least), sum(sizes) + 1))
            err, have, _ = split(sizes, EQUAL, count, least=least)
            self.assertEqual((err, have), (0, one_by_one(sizes, count, least)))

    def test_given(self):
        self.assertEqual(split([3, 4, 5], GIVEN, 7, given=[3, 0, 4])[:2], (0, [3, 0, 4]))

    def test_faults(self):
        err, _, f = split([3, 4], PROPORTIONAL, 8)
        self.assertEqual((err, f.col, f.value, f.limit), (-22, FAULT_COUNT, 8, 7))
        err, _, f = split([3, 4], EQUAL, 2, least=[2, 1])
        self.assertEqual((err, f.col, f.value, f.limit), (-22, FAULT_COUNT, 2, 3))
        err, _, f = split([3, 4], GIVEN, 6, given=[1, 5])
        self.assertEqual((err, f.row, f.col, f.value, f.limit), (-22, 1, FAULT_QUOTA, 5, 4))
        err, _, f = split([3, 4], GIVEN, 5, given=[0, 4], least=[1, 0])
        self.assertEqual((err, f.row, f.col, f.value, f.limit), (-22, 0, FAULT_QUOTA, 0, 1))
        err, _, f = split([3, 4], GIVEN, 5, given=[1, 3])
        self.assertEqual((err, f.row, f.col, f.value, f.limit), (-22, 2, FAULT_QUOTA, 4, 5))
        self.assertEqual(split([3, 4], GIVEN, 5)[0], -22)
        self.assertEqual(split([3, 4], 9, 5)[0], -22)


if __name__ == "__main__":
    unittest.main()
