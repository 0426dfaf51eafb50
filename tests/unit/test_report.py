# SPDX-License-Identifier: GPL-2.0-only
"""The page of nmsctl sample --report against what else it wrote, numpy and scikit-learn.

NMSCTL names the executable.
"""
import json
import os
import re
import shlex
import struct
import subprocess
import tempfile
import unittest

import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from page import Page

NMSCTL = os.environ["NMSCTL"]
ROWS, COUNT = 400, 24


def idx(x):
    """An array of bytes as an IDX file."""
    return bytes([0, 0, 8, x.ndim]) + struct.pack(f">{x.ndim}I", *x.shape) + x.tobytes()


def images(shape=(ROWS, 14, 10), seed=5):
    """Bytes with some structure, and classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, shape[0])
    base = rng.integers(0, 200, (3, *shape[1:]))
    x = base[labels] + rng.integers(0, 56, shape)
    return x.astype(np.uint8), labels.astype(np.uint8)


def areas(small, large):
    """What part of each of @large pixels lies in each of @small, side by side."""
    edges = np.linspace(0, large, small + 1)
    cover = np.minimum(edges[1:, None], np.arange(1, large + 1)) - \
        np.maximum(edges[:-1, None], np.arange(large))
    return np.maximum(cover, 0) * small / large


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.at = folder.name
        self.x, self.y = images()
        self.write("x.idx", idx(self.x))
        self.write("y.idx", idx(self.y))

    def path(self, name):
        return os.path.join(self.at, name)

    def write(self, name, content):
        with open(self.path(name), "wb") as f:
            f.write(content)

    def run_it(self, *args):
        return subprocess.run([NMSCTL, "sample", *map(str, args)], cwd=self.at,
                              capture_output=True, text=True, timeout=900)

    def page(self, *args):
        done = self.run_it(*args, "--report", "page.html", "-o", "picked.npy", "--embedding",
                           "plane.npy", "--weights", "weights.npy", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.told = json.loads(done.stdout)
        page = Page(self.path("page.html"))
        self.picked = np.load(self.path("picked.npy"))
        np.testing.assert_array_equal(page.array("index", "<u4"), self.picked)
        return page

    def usual(self, *args):
        return self.page("x.idx", "--labels", "y.idx", "--count", COUNT, *args)


class Content(Case):
    def test_arrays(self):
        page = self.usual()
        plane = np.load(self.path("plane.npy"))
        np.testing.assert_allclose(page.plane(), plane, atol=0.51 * page.data["plane"]["step"])
        self.assertLess(page.data["plane"]["step"], np.ptp(plane) / 60000)
        np.testing.assert_array_equal(page.array("classes", "u1"), self.y)
        np.testing.assert_array_equal(page.array("weight", "<f4"),
                                      np.load(self.path("weights.npy")).ravel())
        self.assertTrue(page.data["plane"]["by_class"])
        self.assertTrue(page.data["plane"]["extra"])

    def test_dropped_rows_have_no_place(self):
        np.save(self.path("drop.npy"), np.array([3, 50, 399]))
        page = self.usual("--drop", "drop.npy")
        nowhere = np.isnan(page.plane()).all(1)
        np.testing.assert_array_equal(np.flatnonzero(nowhere), [3, 50, 399])

    def test_plane_of_the_method(self):
        page = self.usual("--method", "nms", "--no-labels")
        self.assertFalse(page.data["plane"]["by_class"])
        self.assertFalse(page.data["plane"]["extra"])
        self.assertEqual(len(page.data["classes"]), 3)

    def test_asking_for_it_changes_nothing(self):
        self.usual()
        done = self.run_it("x.idx", "--labels", "y.idx", "--count", COUNT, "--json")
        self.assertEqual(json.loads(done.stdout)["index"], self.picked.tolist())

    def test_classes(self):
        page = self.usual("--budget", "equal")
        for c in page.data["classes"]:
            self.assertEqual(c["name"], str(c["label"]))
            self.assertEqual(c["rows"], (self.y == c["label"]).sum())
            self.assertEqual(c["chosen"], (self.y[self.picked] == c["label"]).sum())

    def test_without_labels_or_images(self):
        np.save(self.path("x.npy"), self.x.reshape(ROWS, -1).astype(np.float32))
        page = self.page("x.npy", "--count", COUNT)
        self.assertEqual(page.data["classes"], [])
        self.assertNotIn("classes", page.blocks)
        self.assertNotIn("pictures", page.data)
        self.assertNotIn("mixed", page.data)
        self.assertNotIn("disputed", page.data["twins"])
        self.assertIn("coverage", page.data)

    def test_many_classes(self):
        y = np.arange(ROWS) % 300
        np.save(self.path("many.npy"), y)
        page = self.page("x.idx", "--labels", "many.npy", "--no-labels", "--count", 300)
        np.testing.assert_array_equal(page.array("classes", "<u2"), y)

    def test_no_plane_to_be_had(self):
        np.save(self.path("one.npy"), np.ones((1, 3), np.float32))
        done = self.run_it("one.npy", "--count", 1, "--method", "random", "--report", "page.html")
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 row", done.stderr)
        self.assertFalse(os.path.exists(self.path("page.html")))

    def test_report_manifest_and_command(self):
        page = self.usual("--seed", 7)
        data = page.data
        with open(self.path("picked.npy.manifest.json"), encoding="utf-8") as f:
            self.assertEqual(data["manifest"], json.load(f))
        for key in ("method", "rule", "seed", "count", "dataset", "energy", "bytes", "paths",
                    "classes", "features"):
            self.assertEqual(data["report"][key], self.told[key], key)
        self.assertEqual(os.path.realpath(data["folder"]), os.path.realpath(self.at))
        words = shlex.split(data["command"])
        self.assertEqual(words[:4], ["nmsctl", "sample", "x.idx", "--labels"])
        again = subprocess.run([NMSCTL, *words[1:]], cwd=self.at, capture_output=True, timeout=120)
        self.assertEqual(again.returncode, 0, again.stderr)
        np.testing.assert_array_equal(np.load(self.path("picked.npy")), self.picked)


class Measures(Case):
    def distances(self, index, f):
        return np.sqrt(((f[:, None] - f[index][None]) ** 2).sum(2)).min(1)

    def test_coverage(self):
        page = self.usual("--seed", 3)
        c = page.data["coverage"]
        self.assertEqual(c["features"], 50)
        pca = PCA(50, svd_solver="full").fit(self.x.reshape(ROWS, -1).astype(float))
        f = pca.transform(self.x.reshape(ROWS, -1))
        f /= np.sqrt((f ** 2).sum(1).mean())
        self.assertAlmostEqual(c["variance_kept"], pca.explained_variance_ratio_.sum(), 3)
        far = self.distances(self.picked, f)
        # features are approximate where they are fewer than columns
        np.testing.assert_allclose(c["distance"], far.mean(), rtol=2e-3)
        draws = []
        for i, told in enumerate(c["random"]):
            done = self.run_it("x.idx", "--labels", "y.idx", "--count", COUNT, "--method",
                               "random", "--seed", 3 + i, "--json")
            lot = self.distances(json.loads(done.stdout)["index"], f)
            np.testing.assert_allclose(told, lot.mean(), rtol=2e-3)
            draws.append(lot)
        self.assertEqual(len(draws), 5)
        for k in page.data["classes"]:
            own = self.y == k["label"]
            np.testing.assert_allclose(k["distance"], far[own].mean(), rtol=4e-3)
            np.testing.assert_allclose(k["random"], np.mean([d[own].mean() for d in draws]),
                                       rtol=4e-3)

    def test_mixed(self):
        """Columns as few as features: the rotation changes no distance."""
        rng = np.random.default_rng(2)
        y = rng.integers(0, 4, ROWS)
        x = (rng.normal(size=(ROWS, 6)) + 0.7 * rng.normal(size=(4, 6))[y]).astype(np.float32)
        np.save(self.path("x.npy"), x)
        np.save(self.path("y.npy"), y)
        page = self.page("x.npy", "--labels", "y.npy", "--count", COUNT)
        near = NearestNeighbors(n_neighbors=11).fit(x).kneighbors(x)[1][:, 1:]
        other = (y[near] != y[:, None]).mean(1)
        self.assertTrue(0.1 < other.mean() < 0.9)
        self.assertEqual(page.data["mixed"]["neighbours"], 10)
        self.assertEqual(page.data["mixed"]["recall"], 1)
        self.assertAlmostEqual(page.data["mixed"]["share"], other.mean(), 3)
        for k in page.data["classes"]:
            self.assertAlmostEqual(k["mixed"], other[y == k["label"]].mean(), 2)

    def test_twins(self):
        self.x[[10, 20, 30]] = self.x[0]
        self.x[40] = self.x[5]
        self.y[[0, 10, 20, 30]] = 1
        self.y[[5, 40]] = [0, 2]
        self.write("x.idx", idx(self.x))
        self.write("y.idx", idx(self.y))
        np.save(self.path("keep.npy"), np.array([0, 20, 30, 7]))
        page = self.usual("--keep", "keep.npy")
        chosen = sum(len(g) - 1 for g in ([i for i in (0, 10, 20, 30) if i in self.picked],
                                          [i for i in (5, 40) if i in self.picked]) if g)
        self.assertGreaterEqual(chosen, 2)
        self.assertEqual(page.data["twins"],
                         {"groups": 2, "extra": 4, "disputed": 1, "chosen": chosen})


class Pictures(Case):
    def check_exemplars(self, page, x):
        """@x: rows x height x width x channels, bytes, small enough to be held as they are."""
        np.testing.assert_array_equal(page.thumbs("exemplars"), x[self.picked])

    def test_grey(self):
        page = self.usual()
        self.assertEqual(page.data["pictures"]["shape"], [14, 10])
        self.check_exemplars(page, self.x[..., None])
        coarse = np.floor(self.x / 255 * 15 + 0.5) * 17
        np.testing.assert_array_equal(page.thumbs("rows")[..., 0], coarse)

    def test_colour(self):
        for name, shape, to_last in [("planes", (ROWS, 3, 8, 9), (0, 2, 3, 1)),
                                     ("pixels", (ROWS, 8, 9, 3), (0, 1, 2, 3))]:
            with self.subTest(name):
                x, _ = images(shape)
                np.save(self.path("x.npy"), x)
                page = self.page("x.npy", "--count", COUNT)
                self.check_exemplars(page, x.transpose(to_last))

    def test_folder(self):
        x, _ = images((60, 12, 16, 3))
        for i, picture in enumerate(x):
            os.makedirs(self.path(f"set/{'ab'[i % 2]}"), exist_ok=True)
            Image.fromarray(picture).save(self.path(f"set/{'ab'[i % 2]}/{i // 2:02}.png"))
        page = self.page("set", "--count", 12)
        self.assertEqual([c["name"] for c in page.data["classes"]], ["a", "b"])
        self.check_exemplars(page, np.concatenate([x[::2], x[1::2]]))

    def test_numbers_of_any_range(self):
        x = self.x.astype(np.float32) / 50 - 2
        np.save(self.path("x.npy"), x)
        page = self.page("x.npy", "--count", COUNT)
        level = (x - x.min()) / (x.max() - x.min()) * 255
        got = page.thumbs("exemplars")[..., 0].astype(float)
        self.assertLessEqual(np.abs(got - level[self.picked]).max(), 0.51)

    def test_made_smaller(self):
        """Sides of 100 and 60 to 32 and 19, by area."""
        x, _ = images((80, 100, 60))
        self.write("x.idx", idx(x))
        page = self.page("x.idx", "--count", 10, "--perplexity", 5)
        about = page.data["pictures"]["rows"]
        self.assertEqual((about["height"], about["width"]), (32, 19))
        small = areas(32, 100) @ x.astype(float) @ areas(19, 60).T
        got = page.thumbs("rows")[..., 0] / 17.
        self.assertLessEqual(np.abs(got - small / 17).max(), 0.5001)

    def test_no_larger_than_promised(self):
        """Noise in large spots cannot be compressed: of what does not fit some is left out."""
        rng = np.random.default_rng(8)
        kind = rng.integers(0, 600, 60000)
        y, spots = kind % 200, rng.integers(0, 128, (600, 8, 8, 3), np.uint8)[kind]
        spots += rng.integers(0, 128, spots.shape, np.uint8)
        x = spots.repeat(4, 1).repeat(4, 2)
        self.write("x.idx", idx(x))
        np.save(self.path("y.npy"), y)
        page = self.page("x.idx", "--labels", "y.npy", "--count", 2000, "--method", "random",
                         "--features", 8, "--perplexity", 10)
        self.assertLess(os.path.getsize(self.path("page.html")), 12e6)
        about = page.data["pictures"]["rows"]
        self.assertTrue(20000 < about["count"] < 60000)
        listed = page.array("pictured", "<u4")
        self.assertEqual(len(listed), about["count"])
        self.assertTrue((np.diff(listed.astype(int)) > 0).all())
        self.assertLess(abs(listed.mean() - 30000), 500)
        a = areas(about["height"], 32)
        got = page.thumbs("rows")[-500:] / 17.
        small = np.einsum("ij,njkc,lk->nilc", a, x[listed[-500:]].astype(float), a)
        self.assertLessEqual(np.abs(got - small / 17).max(), 0.5001)


class File(Case):
    def test_nothing_from_elsewhere(self):
        page = self.usual()
        for tag, attrs in page.tags:
            self.assertNotIn(tag, ("link", "img", "iframe", "object", "embed", "base"))
            for key in ("src", "srcset", "data", "action", "poster", "background"):
                self.assertNotIn(key, attrs)
            self.assertFalse(any(key.startswith("on") for key in attrs))
            if "href" in attrs:
                self.assertTrue(attrs["href"].startswith("#"))
        self.assertFalse(re.search(r"@import|url\(\s*[\"']?(https?:)?//", page.whole))
        policy = [a["content"] for t, a in page.tags if a.get("http-equiv")]
        self.assertIn("default-src 'none'", policy[0])

    def test_hostile_names(self):
        names = ["<script>alert(1)</script>", "</script><!--<b>", "a&b\"'", "\u2028\u00fc"]
        for i, picture in enumerate(self.x):
            folder = self.path("set/" + names[i % 4].replace("/", "\u2215"))
            os.makedirs(folder, exist_ok=True)
            Image.fromarray(picture).save(os.path.join(folder, f"{i:03}.png"))
        os.rename(self.path("set"), self.path("<script>'x'"))
        page = self.page("<script>'x'", "--count", 12)
        self.assertEqual(sorted(c["name"] for c in page.data["classes"]),
                         sorted(n.replace("/", "\u2215") for n in names))
        self.assertEqual(page.data["report"]["dataset"]["path"], "<script>'x'")
        self.assertIn("<script>'x'", shlex.split(page.data["command"]))
        self.assertEqual(page.blocks["data"].count("<"), 0)
        plain = self.usual()
        self.assertEqual([t for t, _ in page.tags], [t for t, _ in plain.tags])

    def test_refusals(self):
        before = sorted(os.listdir(self.at))
        for args, match in [(("--report", "page.txt"), ".html"), (("--report", "a/b.html"), "a/"),
                            (("--report", "-"), "standard output"),
                            (("--report", "p.html", "--plot", "p.html"), ".svg"),
                            (("--report", "p.html", "--method", "x"), "adapsne")]:
            with self.subTest(args):
                done = self.run_it("x.idx", "--count", COUNT, *args)
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn(match, done.stderr)
                self.assertEqual(sorted(os.listdir(self.at)), before)

    def test_standard_output(self):
        done = self.run_it("x.idx", "--count", COUNT, "-o", "picked.npy", "--report", "-", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stdout.startswith("<!DOCTYPE html>"))
        self.assertTrue(done.stdout.endswith("</html>\n"))

    def test_old_page_survives(self):
        self.write("page.html", b"old")
        bad = self.x.astype(np.float32)
        bad[5, 3, 3] = np.nan
        np.save(self.path("bad.npy"), bad)
        done = self.run_it("bad.npy", "--count", COUNT, "--report", "page.html", "-o", "p.npy")
        self.assertEqual(done.returncode, 1)
        with open(self.path("page.html"), "rb") as f:
            self.assertEqual(f.read(), b"old")
        self.assertEqual([n for n in os.listdir(self.at) if "page" in n or "p.npy" in n],
                         ["page.html"])

    def test_structure(self):
        """Landmarks, headings in order, labels for what can be operated."""
        page = self.usual()
        tags = [t for t, _ in page.tags]
        for landmark in ("header", "nav", "main", "aside"):
            self.assertEqual(tags.count(landmark), 1, landmark)
        levels = [int(t[1]) for t in tags if re.fullmatch("h[1-6]", t)]
        self.assertEqual(levels[0], 1)
        self.assertTrue(all(b <= a + 1 for a, b in zip(levels, levels[1:])))
        ids = [a["id"] for _, a in page.tags if "id" in a]
        self.assertEqual(len(ids), len(set(ids)))
        for tag, attrs in page.tags:
            for key in ("aria-labelledby", "aria-describedby", "for"):
                self.assertIn(attrs.get(key, ids[0]), ids)
            if tag == "section":
                self.assertIn("aria-labelledby", attrs)


if __name__ == "__main__":
    unittest.main()
