# SPDX-License-Identifier: GPL-2.0-only
"""nmsctl audit, and sample --audit, against numpy, on rows with faults that were put there.

Needs NMSCTL, the path of the executable.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np

NMSCTL = os.environ["NMSCTL"]
ROWS, COLS, K = 400, 20, 10		# few enough columns that components keep all distances
KINDS = ("duplicate", "near-duplicate", "outlier", "label")


def planted():
    """Four classes far apart; rows and labels with faults, and which these are."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 4, ROWS)
    x = (10 * rng.standard_normal((4, COLS)))[y] + rng.uniform(-1.7, 1.7, (ROWS, COLS))
    faults = {"duplicate": {50: 3, 51: 4, 52: 3}, "near-duplicate": {60: 7}, "outlier": [70, 71],
              "label": {80: (y[80] + 1) % 4, 81: (y[81] + 2) % 4}}
    for row, of in faults["duplicate"].items():
        x[row], y[row] = x[of], y[of]
    x[60], y[60] = x[7] + 1e-3, y[7]
    x[70:72] += 25 * rng.standard_normal((2, COLS))
    truth = y.copy()
    for row, label in faults["label"].items():
        y[row] = label
    return x.astype(np.float32), y.astype(np.uint32), truth, faults


class Planted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        cls.x, cls.y, cls.truth, cls.faults = planted()
        np.save(cls.path / "x.npy", cls.x)
        np.save(cls.path / "y.npy", cls.y)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_tool(self, *args):
        return subprocess.run([NMSCTL, *args], cwd=self.path, capture_output=True, text=True,
                              timeout=120)


class Audit(Planted):
    def audit(self, *args):
        out = self.run_tool("audit", "x.npy", "--json", *args)
        self.assertEqual(out.returncode, 0, out.stderr)
        return json.loads(out.stdout)

    def suspects(self, *args):
        self.audit("-o", "suspects.json", *args)
        return json.loads((self.path / "suspects.json").read_text())

    def test_finds_what_was_planted(self):
        found = {k: {s["index"]: s for s in self.suspects("--labels", "y.npy") if s["kind"] == k}
                 for k in KINDS}
        self.assertEqual({i: s["of"] for i, s in found["duplicate"].items()},
                         self.faults["duplicate"])
        self.assertEqual({i: s["of"] for i, s in found["near-duplicate"].items()},
                         self.faults["near-duplicate"])
        self.assertEqual(sorted(found["outlier"]), self.faults["outlier"])
        self.assertEqual({i: s["label"] for i, s in found["label"].items()}, self.faults["label"])
        for i, s in found["label"].items():
            self.assertEqual(s["neighbours_label"], self.truth[i])

    def test_hardness_and_distance_are_those_of_numpy(self):
        d = np.sqrt(((self.x[:, None] - self.x[None]) ** 2).sum(2, dtype=np.float64))
        np.fill_diagonal(d, np.inf)
        nearest = np.argsort(d, axis=1, kind="stable")[:, :K]
        mixed = (self.y[nearest] != self.y[:, None]).mean(1)
        found = self.audit("--labels", "y.npy")
        self.assertAlmostEqual(found["mixed"], mixed.mean(), places=5)
        self.assertEqual(found["rows"], ROWS)
        for c, entry in enumerate(found["classes"]):
            self.assertEqual(entry["rows"], (self.y == c).sum())
            self.assertAlmostEqual(entry["mixed"], mixed[self.y == c].mean(), places=5)
        radius = np.sqrt(((self.x - self.x.mean(0)) ** 2).sum(1).mean())
        for s in self.suspects("--labels", "y.npy"):
            mean = np.sort(d[s["index"]])[:K].mean() / radius
            self.assertAlmostEqual(s["distance"], mean, delta=2e-4 * mean + 1e-6)

    def test_without_labels(self):
        found = self.audit()
        self.assertNotIn("mixed", found)
        self.assertNotIn("classes", found)
        self.assertEqual((found["duplicate"], found["near-duplicate"], found["label"]), (3, 1, 0))

    def test_list_serves_as_drop(self):
        for name in ("drop.json", "drop.npy"):
            self.audit("--labels", "y.npy", "-o", name)
            out = self.run_tool("sample", "x.npy", "--labels", "y.npy", "-k", "300", "-q", "--drop",
                                name, "-o", "chosen.npy")
            self.assertEqual(out.returncode, 0, out.stderr)
            chosen = set(np.load(self.path / "chosen.npy").tolist())
            faults = {i for rows in self.faults.values() for i in rows}
            self.assertFalse(chosen & faults)
        np.testing.assert_array_equal(np.sort(np.load(self.path / "drop.npy")), sorted(faults))

    def test_kinds(self):
        kinds = {s["kind"] for s in self.suspects("--labels", "y.npy", "--kinds", "label,duplicate")}
        self.assertEqual(kinds, {"label", "duplicate"})

    def test_clean_rows_are_left_alone(self):
        """No fault: hardly a suspect, and none where all rows are equal but duplicates."""
        rng = np.random.default_rng(3)
        np.save(self.path / "clean.npy", rng.standard_normal((500, 8)).astype(np.float32))
        np.save(self.path / "same.npy", np.ones((30, 4), np.float32))
        out = json.loads(self.run_tool("audit", "clean.npy", "--json").stdout)
        self.assertLess(sum(out[k] for k in KINDS), 5)
        out = json.loads(self.run_tool("audit", "same.npy", "--json").stdout)
        self.assertEqual([out[k] for k in KINDS], [29, 0, 0, 0])

    def test_few_rows(self):
        for rows in (1, 2, 3):
            np.save(self.path / "few.npy", np.arange(rows * 4, dtype=np.float32).reshape(rows, 4))
            out = self.run_tool("audit", "few.npy", "--json")
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertEqual(json.loads(out.stdout)["rows"], rows)

    def test_refusals(self):
        for args, text in ((("-o", "list.csv"), ".json or .npy"), (("--kinds", "odd"), "duplicate"),
                           (("--kinds", "label,"), "duplicate"), (("--kinds", ""), "KIND")):
            out = self.run_tool("audit", "x.npy", *args)
            self.assertEqual(out.returncode, 2)
            self.assertIn(text, out.stderr)
            self.assertEqual(out.stderr.count("\n"), 1)
        out = self.run_tool("audit", "x.npy", "-o", "nowhere/list.json")
        self.assertEqual((out.returncode, out.stderr.count("\n")), (1, 1))

    def test_table(self):
        out = self.run_tool("audit", "x.npy", "--labels", "y.npy")
        lines = out.stdout.splitlines()
        self.assertEqual(lines[1].split()[:2], ["all", str(ROWS)])
        self.assertEqual(lines[1].split()[-4:], ["3", "1", "2", "2"])


class Sample(Planted):
    """What nmsctl sample tells of the rows it chose from, and of those that it chose."""
    LIMIT = 131072		# rows, up to which equal ones are counted without --audit

    def sample(self, *args, labels="y.npy"):
        known = ("--labels", labels) if labels else ()
        out = self.run_tool("sample", "x.npy", "--json", *known, "-k", "200", *args)
        self.assertEqual(out.returncode, 0, out.stderr)
        return json.loads(out.stdout)

    def keep(self):
        """Some of what was planted: a duplicate with its original, and one without."""
        rows = [3, 50, 51, 60, 70, 80]
        np.save(self.path / "keep.npy", np.array(rows))
        np.save(self.path / "drop.npy", np.array([4, 52, 71, 81]))
        return "--keep", "keep.npy", "--drop", "drop.npy"

    def test_suspects_are_the_planted_among_the_chosen(self):
        found = self.sample("--audit", *self.keep())
        kinds = {i: kind for kind, rows in self.faults.items() for i in rows}
        self.assertEqual([(s["index"], s["kind"]) for s in found["audit"]["suspects"]],
                         [(i, kinds[i]) for i in found["index"] if i in kinds])
        self.assertEqual({s["index"] for s in found["audit"]["suspects"]}, {50, 51, 60, 70, 80})
        self.assertEqual([found["audit"][k] for k in KINDS], [2, 1, 1, 1])
        self.assertEqual([found["audit"]["all"][k] for k in KINDS], [3, 1, 2, 2])
        # 50 equals 3, which is chosen; 51 equals 4, which is not
        self.assertEqual(found["duplicates"], {"rows": 3, "groups": 2, "disputed": 0, "chosen": 1})

    def test_hardness_beside_the_budgets(self):
        d = np.sqrt(((self.x[:, None] - self.x[None]) ** 2).sum(2, dtype=np.float64))
        np.fill_diagonal(d, np.inf)
        nearest = np.argsort(d, axis=1, kind="stable")[:, :K]
        mixed = (self.y[nearest] != self.y[:, None]).mean(1)
        found = self.sample("--audit", *self.keep())
        chosen = np.array(found["index"])
        self.assertAlmostEqual(found["audit"]["mixed"], mixed.mean(), places=5)
        for c, entry in enumerate(found["audit"]["classes"]):
            self.assertEqual((entry["class"], entry["rows"], entry["chosen"]),
                             (str(c), (self.y == c).sum(), (self.y[chosen] == c).sum()))
            self.assertAlmostEqual(entry["mixed"], mixed[self.y == c].mean(), places=5)
            suspects = [s["kind"] for s in found["audit"]["suspects"] if s["label"] == c]
            self.assertEqual({k: entry[k] for k in KINDS}, {k: suspects.count(k) for k in KINDS})

    def test_disputed_duplicates(self):
        y = self.y.copy()
        y[50] = (y[50] + 1) % 4		# 3, 50 and 52 are equal
        np.save(self.path / "disputed.npy", y)
        self.assertEqual(self.sample(labels="disputed.npy")["duplicates"]["disputed"], 1)
        self.assertNotIn("disputed", self.sample(labels=None)["duplicates"])

    def test_looking_changes_no_choice(self):
        self.assertEqual(self.sample()["index"], self.sample("--audit")["index"])

    def test_not_asked_for(self):
        found = self.sample()
        self.assertNotIn("audit", found)
        self.assertEqual(found["duplicates"]["rows"], 3)

    def test_without_labels(self):
        found = self.sample("--audit", labels=None)
        self.assertNotIn("classes", found["audit"])
        self.assertNotIn("mixed", found["audit"])
        self.assertEqual(found["audit"]["all"]["duplicate"], 3)

    def test_known_labels_that_are_not_chosen_by(self):
        found = self.sample("--audit", "--no-labels")
        self.assertNotIn("classes", found)
        self.assertEqual(sum(c["chosen"] for c in found["audit"]["classes"]), 200)

    def test_many_rows_are_not_compared_unasked(self):
        for rows, compared in (self.LIMIT, True), (self.LIMIT + 1, False):
            np.save(self.path / "many.npy", np.arange(2 * rows, dtype=np.float32).reshape(rows, 2))
            out = self.run_tool("sample", "many.npy", "--json", "-k", "2", "--method", "random")
            self.assertEqual("duplicates" in json.loads(out.stdout), compared)

    def test_one_row(self):
        np.save(self.path / "one.npy", np.ones((1, 4), np.float32))
        out = self.run_tool("sample", "one.npy", "--json", "-k", "1", "--audit",
                            "--method", "random")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(json.loads(out.stdout)["audit"]["suspects"], [])

    def test_summary(self):
        def tell(*args):
            out = self.run_tool("sample", "x.npy", "-k", "200", "-o", "o.npy", *self.keep(), *args)
            self.assertEqual(out.returncode, 0, out.stderr)
            return out.stderr
        self.assertIn("duplicates 3 of the rows, 1 of the exemplars\n", tell())
        text = tell("--labels", "y.npy", "--audit")
        table = [line.split() for line in text[text.index("audit "):].splitlines()]
        self.assertEqual(table[1][:3], ["all", "200", str(ROWS)])
        self.assertEqual(table[1][-4:], ["2", "1", "1", "1"])
        self.assertEqual([row[0] for row in table[2:6]], ["0", "1", "2", "3"])
        self.assertEqual([int(row[2]) for row in table[2:6]], np.bincount(self.y).tolist())
        np.save(self.path / "unlike.npy", np.arange(40, dtype=np.float32).reshape(10, 4))
        self.assertIn("duplicates none\n", self.run_tool("sample", "unlike.npy", "-k", "3").stderr)

    def test_refusals(self):
        out = self.run_tool("sample", "x.npy", "-k", "5", "--audit", "--quiet")
        self.assertEqual((out.returncode, out.stderr.count("\n"), out.stdout), (2, 1, ""))
        self.assertIn("--json", out.stderr)


if __name__ == "__main__":
    unittest.main()
