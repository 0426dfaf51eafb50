# SPDX-License-Identifier: GPL-2.0-only
"""The evaluation's own parts: cells, baselines, tables, and a run that goes on where it was."""
import collections
import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

import numpy as np

import baselines
import cells
import datasets
import evaluate
import learners
import recipe
import selecting
import tables

NMSCTL = os.environ["NMSCTL"]


def blobs(n, classes, d=6, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    return (rng.normal(0, 4, (classes, d))[labels] + rng.normal(0, 1, (n, d))).astype(np.float32), labels


class CellsTest(unittest.TestCase):
    def test_a_writer_that_was_killed(self):
        """Its last line is no cell; those before and those of the next run are."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "cells.jsonl"
            cells.Cells(path).add({"a": 1.5, "b": [1, 2]})
            with open(path, "a", encoding="utf-8") as file:
                file.write('["c", 3')
            again = cells.Cells(path)
            self.assertEqual(again.found, {"a": 1.5, "b": [1, 2]})
            again.add({"d": 4})
            self.assertEqual(cells.Cells(path).found, {"a": 1.5, "b": [1, 2], "d": 4})

    def test_digest_tells_all_apart(self):
        a = np.arange(6)
        different = [(a,), (a.reshape(2, 3),), (a.astype(np.int32),), (a, 1), (a, "1"), ("a", "b"), ("ab",)]
        self.assertEqual(len({cells.digest(*parts) for parts in different}), len(different))


class BaselinesTest(unittest.TestCase):
    def test_quotas(self):
        labels = np.repeat([0, 1, 2], [50, 30, 5])
        self.assertEqual(baselines.quotas(labels, 17), {0: 10, 1: 6, 2: 1})
        # no more than there are
        self.assertEqual(baselines.quotas(labels, 80, np.array([1, 1, 50]))[2], 5)
        self.assertEqual(sum(baselines.quotas(labels, 80, np.array([1, 1, 50])).values()), 80)

    def test_facility_is_greedy(self):
        """Each step the best one, by trying all."""
        s = baselines.similarity(blobs(40, 3)[0])
        chosen = baselines.facility(s, 5)
        for t in range(5):
            value = [s[:, [*chosen[:t], i]].max(1).sum() for i in range(40)]
            self.assertAlmostEqual(value[chosen[t]], max(value), places=4)

    def test_bins_hold_each_row_once(self):
        bins = baselines.dq_bins(baselines.similarity(blobs(103, 3)[0]), 10)
        self.assertEqual(sorted(itertools.chain(*bins)), list(range(103)))
        self.assertLessEqual(max(map(len, bins)) - min(map(len, bins)), 1)

    def test_hardness(self):
        """Two classes in one place, one elsewhere."""
        x = np.random.default_rng(1).normal(0, 1, (300, 4))
        labels = np.arange(300) % 3
        x[labels == 2] += 50
        hard = baselines.hardness(x, labels)
        self.assertTrue(0.3 < hard[0] < 0.7 and 0.3 < hard[1] < 0.7 and hard[2] == 0, hard)

    def test_all_choose_as_many_as_asked_and_each_once(self):
        x, labels = blobs(600, 4)
        for name, rule in baselines.RULES.items():
            rows = rule(x, labels, 57, np.random.default_rng(0))
            self.assertEqual(len(set(rows.tolist())), 57, name)
            if name not in ("random", "dqas"):
                counts = np.bincount(labels[rows], minlength=4)
                self.assertEqual(dict(enumerate(counts)), baselines.quotas(labels, 57), name)


def listing(sources):
    """As apt-cache prints it: of each (source, section, text) two binary packages."""
    return "".join(f"Package: {source}\nVersion: 1\nSection: {section}\nDescription: {text}\n"
                   f"Tag: role::program,\n use: later\n\n"
                   f"Package: lib{source}-dev\nSource: {source} (1.0)\nSection: libdevel\n"
                   f"Description: {text} (development files)\n\n" for source, section, text in sources)


class Packages(unittest.TestCase):
    """The corpus of text, from a list of packages that is made up."""
    SOURCES = [(f"s{i}", ("games", "contrib/games", "oldlibs", "libs", "net")[i % 5],
                f"Library for {'chess' if i % 5 < 2 else 'sockets'} number{i} of libfoo - Documentation")
               for i in range(200)]

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.dict(os.environ, {"PATH": f"{self.folder}:{os.environ['PATH']}"}))
        self.enterContext(mock.patch.object(datasets, "POOL", 100))
        self.enterContext(mock.patch.object(recipe, "TEST_IMAGES", 50))
        self.tells(listing(self.SOURCES))

    def tells(self, text):
        (self.folder / "listing").write_text(text, encoding="utf-8")
        tool = self.folder / "apt-cache"
        tool.write_text(f'#!/bin/sh\n[ "$*" = dumpavail ] && cat {self.folder}/listing\n', encoding="utf-8")
        tool.chmod(0o755)

    def test_descriptions(self):
        """One of each source, areas and what is merged under one name."""
        found = datasets.descriptions()
        self.assertEqual(len(found), 200)
        self.assertEqual(collections.Counter(section for section, _ in found.values()),
                         {"games": 80, "libs": 80, "net": 40})
        self.assertEqual(found["s0"][1], self.SOURCES[0][2])

    def test_words(self):
        """The subject stays, what tells the section goes."""
        found, sections = datasets.corpus(datasets.descriptions())
        self.assertEqual(sections, ["games", "libs", "net"])
        self.assertEqual({word for words, _ in found for word in words},
                         {"chess", "sockets"} | {f"number{i}" for i in range(200)})

    def test_equal_texts_are_one(self):
        """Of which the words are the same, so that none is in training and in test."""
        self.tells(listing([*self.SOURCES, ("u", "net", "SOCKETS: number7 (package)"),
                            ("v", "net", "the module of sockets number8")]))
        texts = [" ".join(words) for words, _ in datasets.corpus(datasets.descriptions())[0]]
        self.assertEqual(len(texts), len(set(texts)))
        self.assertEqual(texts.count("sockets number7"), 1)		# s7, and u

    def test_one_more_moves_no_other(self):
        def order():
            return [words for words, _ in datasets.corpus(datasets.descriptions())[0]]
        before = order()
        self.tells(listing([("a-new-one", "net", "telegraphy"), *self.SOURCES]))
        after = order()
        self.assertEqual(len(after), len(before) + 1)
        self.assertEqual([words for words in after if words in before], before)

    def test_rows(self):
        """TF-IDF by the definition, of words that no other shares a column with."""
        data = datasets.load("packages")
        self.assertEqual((data.rows.shape, data.test_rows.shape), ((150, 1024), (50, 1024)))
        self.assertEqual(data.rows.dtype, np.float32)
        np.testing.assert_allclose((data.rows ** 2).sum(1), 1, rtol=1e-5)
        found, _ = datasets.corpus(datasets.descriptions())
        train = [words for words, _ in found[50:]]
        chess = sum("chess" in words for words in train)
        # ln((1 + n) / (1 + df)) + 1; the other word is in one row, unless it shares its column
        common = np.log(151 / (1 + np.array([chess, 150 - chess]))) + 1
        rare = np.log(151 / 2) + 1
        expected = {round(float(c / np.hypot(c, rare)), 4) for c in common}
        smallest = collections.Counter(np.round(row[row > 0].min(), 4) for row in data.rows.astype(float))
        self.assertEqual({float(v) for v, _ in smallest.most_common(2)}, expected)

    def test_by_hand(self):
        here = pathlib.Path(datasets.__file__)
        out = subprocess.run([sys.executable, here, "packages", self.folder / "out"], capture_output=True, text=True)
        self.assertEqual(out.returncode, 1)		# 200 are too few
        self.assertRegex(out.stderr, "^datasets: packages: apt lists 200 descriptions, 13000 are needed.*\n$")
        self.assertFalse((self.folder / "out").exists())
        out = subprocess.run([sys.executable, here, "odd", self.folder], capture_output=True, text=True)
        self.assertEqual((out.returncode, out.stderr.count("\n")), (2, 1))
        with mock.patch.object(sys, "argv", ["datasets.py", "packages", str(self.folder / "out")]):
            self.assertEqual(datasets.main(), 0)
        self.assertEqual({p.name: len(np.load(p)) for p in (self.folder / "out").iterdir()},
                         {"rows.npy": 150, "labels.npy": 150, "test-rows.npy": 50, "test-labels.npy": 50})


class Learners(unittest.TestCase):
    def test_linear_uses_all_columns(self):
        """Which the first fifty components cannot tell apart: one column a class, below the noise."""
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 2, 1500)
        x = rng.normal(0, 1, (1500, 80)).astype(np.float32)
        x[:, 79] = 0.5 * (2 * labels - 1)
        with mock.patch.object(datasets, "POOL", 1000):
            data = datasets.Dataset("packages", x[:1000], labels[:1000], x[1000:], labels[1000:], "")
            everything = [np.arange(1000)]
            self.assertGreater(learners.linear(data, data.pool(0), everything, [0])[0], 99)
            self.assertLess(learners.logistic(data, data.pool(0), everything, [0])[0], 80)
        self.assertEqual([name for name in learners.LEARNERS if learners.suits(name, data)],
                         ["svm", "nn", "linear"])


class Choosing(unittest.TestCase):
    def test_without_labels_none_are_used(self):
        """Nor by a rule that knows what to do with them: other labels, the same rows."""
        images, labels, test, test_labels = recipe.fashion_mnist()
        chosen = []
        for seed in (None, 1):
            own = labels[:8500] if seed is None else np.random.default_rng(seed).integers(0, 10, 8500)
            data = datasets.Dataset("fashion", images[:8500], own.astype(np.int64), test, test_labels, "some")
            with tempfile.TemporaryDirectory() as folder:
                selector = selecting.Selector(NMSCTL, cells.Cells(pathlib.Path(folder) / "cells.jsonl"))
                chosen.append({(rule, labelled): sorted(selector.choose(data, 0, labelled, rule, 0, [50])[50])
                               for rule in ("auto", "dq", "nessa") for labelled in (False, True)})
        for (rule, labelled), rows in chosen[0].items():
            self.assertEqual(chosen[1][rule, labelled] == rows, not labelled, rule)

    def test_fresh_is_other_pools_and_other_tests(self):
        old, new = datasets.load("fashion"), datasets.load("fashion", fresh=True)
        images = recipe.fashion_mnist()[2]
        np.testing.assert_array_equal(old.test_rows, images[:5000])
        np.testing.assert_array_equal(new.test_rows, images[5000:])
        self.assertFalse(any(np.array_equal(old.pool(a), new.pool(b)) for a in range(5) for b in range(5)))
        self.assertNotEqual(old.digest, new.digest)


class Resumed(unittest.TestCase):
    def test_goes_on_where_it_was(self):
        images, labels, test, test_labels = recipe.fashion_mnist()
        data = datasets.Dataset("fashion", images[:9000], labels[:9000].astype(np.int64), test[:500],
                                test_labels[:500].astype(np.int64), "some of it")
        trained = []

        def learner(data, pool, subsets, seeds):
            trained.extend(len(rows) for rows in subsets)
            return learners.nn(data, pool, subsets, seeds)

        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            args = SimpleNamespace(nmsctl=NMSCTL, learners=["counted"], ratios=["1"], pools=2,
                                   rules=["random", "auto", "nessa"], results=folder / "results")
            evaluate.LEARNERS["counted"] = learner
            real, datasets.CACHE = datasets.CACHE, folder
            try:
                evaluate.run(data, args, np.inf)
                first = (folder / "results/fashion.csv").read_text(encoding="utf-8")
                # 3 draws at random, 2 with labels, 2 without; and the whole
                self.assertEqual(sorted(trained), [80] * 14 + [8000] * 2)
                evaluate.run(data, args, np.inf)
                self.assertEqual(len(trained), 16)
                self.assertEqual((folder / "results/fashion.csv").read_text(encoding="utf-8"), first)
                evaluate.run(data, SimpleNamespace(**{**vars(args), "ratios": ["2"]}), np.inf)
                self.assertEqual(sorted(trained[16:]), [160] * 14)
            finally:
                datasets.CACHE = real
                del evaluate.LEARNERS["counted"]


    def test_results_of_other_data_go(self):
        """What was found on other rows is not compared with what is found on these."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "some.csv"
            evaluate.merge(path, "# data a\n", [("nn", 1, "auto", "1", 0, 0, "50.00")])
            evaluate.merge(path, "# data a\n", [("nn", 1, "auto", "5", 0, 0, "60.00")])
            self.assertEqual(len(tables.read(path)), 2)
            evaluate.merge(path, "# data b\n", [("nn", 1, "auto", "2", 0, 0, "55.00")])
            self.assertEqual(tables.read(path), {("nn", "1", "auto", "2"): {"0": 55.0}})


class Tables(unittest.TestCase):
    def test_difference(self):
        """By hand: differences 1, 2 and 6, t of 0.975 with two degrees is 4.3027."""
        mean, half = tables.difference({"0": 11, "1": 12, "2": 16, "9": 5}, {"0": 10, "1": 10, "2": 10})
        self.assertAlmostEqual(mean, 3)
        self.assertAlmostEqual(half, 4.3027 * 7 ** 0.5 / 3 ** 0.5, places=3)

    def test_a_share_without_random_is_left_out(self):
        found = {("nn", "0", "random", "1"): {"0": 50, "1": 52}, ("nn", "0", "auto", "1"): {"0": 51, "1": 54},
                 ("nn", "0", "auto", "5"): {"0": 60, "1": 60}}
        text = tables.table(found, "nn", "0")
        self.assertRegex(text, r"auto +\+1\.5 ±6\.4")
        self.assertNotIn("5 %", text)

    def test_documentation_has_what_was_measured(self):
        pages = tables.pages()
        self.assertEqual(sorted(pages), sorted(path.stem for path in tables.TARGET.glob("*.inc")))
        self.assertTrue({"fashion", "mnist", "cifar", "packages"} <= pages.keys())
        for name, text in pages.items():
            with self.subTest(name):
                self.assertEqual((tables.TARGET / f"{name}.inc").read_text(encoding="utf-8"), text,
                                 "tests/eval/tables.py makes it anew")


if __name__ == "__main__":
    unittest.main()
