# SPDX-License-Identifier: GPL-2.0-only
"""nmsctl as its users meet it: what it prints, what it writes, how it ends.

NMSCTL names the executable.
"""

import itertools
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import tempfile
import time
import unicodedata
import unittest
import xml.etree.ElementTree
import zlib

import numpy as np
import PIL.Image

NMSCTL = os.environ["NMSCTL"]
MAN = os.path.join(os.path.dirname(__file__), "../../tools/nmsctl/man")
COMMANDS = "sample curve audit embed gather list info energy verify doctor reset top bench load unload".split()
ROWS, COLS, CLASSES = 360, 12, 3


def blobs(rows=ROWS, cols=COLS, seed=1):
    """Rows around one centre for each class, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, rows)
    centres = 6 * rng.standard_normal((CLASSES, cols))
    return (centres[labels] + rng.standard_normal((rows, cols))).astype(np.float32), labels


def run(*args, cwd, env=None, **kwargs):
    args = [a if isinstance(a, bytes) else str(a) for a in args]
    return subprocess.run([NMSCTL, *args], cwd=cwd, capture_output=True, text=True,
                          timeout=120, env={**os.environ, **(env or {})}, **kwargs)


def content(path):
    with open(path, "rb") as f:
        return f.read()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.at = self.folder.name
        self.x, self.y = blobs()
        np.save(self.path("x.npy"), self.x)
        np.save(self.path("y.npy"), self.y)

    def path(self, name):
        return os.path.join(self.at, name)

    def write(self, name, content):
        with open(self.path(name), "wb" if isinstance(content, bytes) else "w") as f:
            f.write(content)

    def good(self, *args, **kwargs):
        done = run(*args, cwd=self.at, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def bad(self, status, *args, match=None):
        """It ends with one line and leaves no file."""
        before = sorted(os.listdir(self.at))
        done = run(*args, cwd=self.at)
        self.assertEqual(done.returncode, status, (args, done.stderr))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("nmsctl: "), done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(os.listdir(self.at)), before)
        if match:
            self.assertIn(match, done.stderr)

    def sample(self, *args):
        return self.good("sample", "x.npy", "--count", 30, *args)


class Usage(Case):
    def test_help_and_version(self):
        self.assertIn("sample", self.good("--help").stdout)
        self.assertRegex(self.good("--version").stdout, r"^nmsctl \d+\.\d+\.\d+\n$")
        for command in COMMANDS:
            self.assertIn("--quiet", self.good(command, "--help").stdout)
            self.assertRegex(self.good("--help").stdout, rf"(?m)^  {command} ")

    def test_manual(self):
        """Each command has a page, which the first one names, with each of its options."""
        def page(name):
            with open(os.path.join(MAN, name + ".1")) as f:
                return f.read()
        first = page("nmsctl")
        for command in COMMANDS:
            own = page("nmsctl-" + command)
            self.assertIn(f".It Cm {command}\n", first)
            for option in re.findall(r"--([a-z-]+)", self.good(command, "--help").stdout):
                with self.subTest((command, option)):
                    if option != "help":
                        self.assertTrue(re.search(rf"Fl -{option}\b", own + first))

    def test_wrong_lines(self):
        s = ("sample", "x.npy")
        for args, match in [
            ((), None), (("frobnicate",), "frobnicate"), (("sample",), None),
            (s, "--count"), ((*s, "--count", 5, "--ratio", 0.5), "both"),
            ((*s, "--count", 0), "--count"), ((*s, "--count", "5x"), "5x"),
            ((*s, "--count", -5), "-5"), ((*s, "--count", ""), "--count"),
            ((*s, "--ratio", 0), "--ratio"), ((*s, "--ratio", 1.5), "1.5"),
            ((*s, "--ratio", "nan"), "nan"), ((*s, "--count", 5, "more"), "more"),
            ((*s, "--count", 5, "--bogus"), "--bogus"), ((*s, "--count"), "--count"),
            ((*s, "--count", 5, "--method", "magic"), "adapsne"),
            ((*s, "--count", 5, "--rule", "magic"), "herding"),
            ((*s, "--count", 5, "--search", "magic"), "newton"),
            ((*s, "--count", 5, "--neighbours", "all"), "exact, ivf"),
            ((*s, "--count", 5, "--profile", "magic"), "magic"),
            ((*s, "--count", 5, "--perplexity", 1), "--perplexity"),
            ((*s, "--count", 5, "--threads", 0), "--threads"),
            ((*s, "--count", 5, "--budget", "equal"), "labels"),
            ((*s, "--count", 5, "-o", "out.txt"), ".csv"),
            ((*s, "--count", 5, "-o", "o.npy", "--plot", "p.gif"), ".svg"),
            ((*s, "--count", 5, "-o", "x.npy"), "x.npy"),
            ((*s, "--count", 5, "-o", "o.npy", "--weights", "o.npy"), "two"),
            ((*s, "--count", 5, "-o", "-", "--json"), "--json"),
            ((*s, "--count", 5, "--method", "random", "--rule", "grid"), "random"),
            ((*s, "--count", 5, "--dtype", "f32"), "--shape"),
            ((*s, "--count", 5, "--dtype", "f33", "--shape", "5,4"), "f33"),
            ((*s, "--count", 5, "--dtype", "f32", "--shape", "5,,4"), "5,,4"),
            ((*s, "--count", 5, "--weights", "w.csv"), ".npy"),
            (("embed", "x.npy", "-o", "o.csv"), ".npy"),
            (("embed", "x.npy"), "--output"), (("gather", "x.npy"), None),
            (("gather", "x.npy", "y.npy"), "--output"), (("list", "x.npy"), "x.npy"),
            (("embed", "x.npy", "-o", "o.npy", "--by-class"), "labels"),
        ]:
            with self.subTest(args):
                self.bad(2, *args, match=match)


class BadInput(Case):
    def test_data(self):
        whole = content(self.path("x.npy"))
        self.write("truncated.npy", whole[:-100])
        self.write("magic.npy", b"\x93NUMPZ" + whole[6:])
        self.write("empty", b"")
        np.save(self.path("norows.npy"), self.x[:0])
        self.write("short.txt", "1\n2\n")
        for name in "missing.npy truncated.npy magic.npy empty norows.npy".split():
            with self.subTest(name):
                self.bad(1, "sample", name, "--count", 5, "-o", "o.npy", match=name)
        self.bad(1, "sample", "x.npy", "--labels", "short.txt", "--count", 5, "-o", "o.npy",
                 match="short.txt")
        self.bad(1, "sample", "x.npy", "--labels", "missing", "--count", 5, "-o", "o.npy",
                 match="missing")

    def test_values(self):
        for value in np.nan, np.inf, -np.inf:
            x = self.x.copy()
            x[17, 5] = value
            np.save(self.path("bad.npy"), x)
            with self.subTest(value):
                self.bad(1, "sample", "bad.npy", "--count", 5, "-o", "o.npy", match="17")

    def test_counts(self):
        self.bad(1, "sample", "x.npy", "--count", ROWS + 1, "-o", "o.npy", match=str(ROWS + 1))
        self.bad(1, "sample", "x.npy", "--count", 5, "--features", 40, "-o", "o.npy", match="40")

    def test_lists(self):
        self.write("beyond", f"1\n{ROWS}\n")
        self.write("words", "one\ntwo\n")
        self.write("both", "3\n4\n5\n")
        self.write("twice", "3\n3\n")
        self.write("most", "\n".join(map(str, range(ROWS - 4))) + "\n")
        s = ("sample", "x.npy", "--count", 5, "-o", "o.npy")
        for args in [("--keep", "beyond"), ("--drop", "beyond"), ("--keep", "words"),
                     ("--keep", "both", "--drop", "both"), ("--keep", "twice"), ("--drop", "most"),
                     ("--keep", "most"), ("--keep", "missing")]:
            with self.subTest(args):
                self.bad(1, *s, *args)

    def test_quotas(self):
        self.write("sum", "1\n1\n1\n")
        self.write("classes", "3\n2\n")
        for name in "sum", "classes", "missing":
            with self.subTest(name):
                self.bad(1, "sample", "x.npy", "--labels", "y.npy", "--count", 5,
                         "--budget", name, "-o", "o.npy")

    def test_devices(self):
        self.bad(1, "sample", "x.npy", "--count", 5, "--device", "/dev/null", match="/dev/null")
        self.bad(1, "sample", "x.npy", "--count", 5, "--energy", "./missing", match="missing")
        self.bad(1, "info", "--energy", "coal", match="coal")

    def test_does_not_fit(self):
        self.bad(1, "sample", "x.npy", "--count", 5, "--device", "emu:near_size=4K", "-o", "o.npy")

    def test_outputs(self):
        os.mkdir(self.path("folder.npy"))
        for where in "nowhere/o.npy", "folder.npy":
            for args in [("-o", where), ("-o", "o.npy", "--embedding", where),
                         ("-o", "o.npy", "--weights", where)]:
                with self.subTest(args):
                    self.bad(1, "sample", "x.npy", "--count", 5, *args, match=where)
        self.bad(1, "sample", "x.npy", "--count", 5, "-o", "o.npy", "--plot", "nowhere/p.png")
        self.bad(1, "embed", "x.npy", "-o", "nowhere/o.npy")
        self.bad(1, "gather", "x.npy", "y.npy", "-o", "nowhere/o.npy")

    def test_full_disk(self):
        sample = ["sample", "x.npy", "--count", "5"]
        for args in ([*sample, "-q"], sample, [*sample, "--json"], ["sample", "--help"],
                     ["--help"], ["-h"], ["help"], ["--version"], ["-V"]):
            with self.subTest(args), open("/dev/full", "w") as full:
                done = subprocess.run([NMSCTL, *args], cwd=self.at, stdout=full,
                                      stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_old_output_survives(self):
        self.sample("-o", "o.npy")
        before = content(self.path("o.npy"))
        self.bad(1, "sample", "x.npy", "--count", ROWS + 1, "-o", "o.npy")
        self.assertEqual(content(self.path("o.npy")), before)

    def test_gather(self):
        np.save(self.path("beyond.npy"), np.array([0, ROWS]))
        self.bad(1, "gather", "x.npy", "beyond.npy", "-o", "o.npy", match="beyond.npy")
        self.bad(2, "gather", "x.npy", "y.npy", "-o", "o.npy", "--labels-out", "l.npy",
                 match="--labels")

    def test_manifests(self):
        self.write("not.json", "{")
        self.write("other.json", "{\"a\": 1}")
        for name in "missing.json not.json other.json x.npy".split():
            with self.subTest(name):
                self.bad(1, "verify", name, match=name)


class Sample(Case):
    def test_rows_on_stdout(self):
        done = self.sample("-q")
        rows = list(map(int, done.stdout.split()))
        self.assertEqual(len(set(rows)), 30)
        self.assertTrue(all(0 <= r < ROWS for r in rows))
        self.assertEqual(done.stderr, "")
        self.sample("-q", "-o", "o.npy")
        self.assertEqual(np.load(self.path("o.npy")).tolist(), rows)

    def test_ratio(self):
        rows = self.good("sample", "x.npy", "--ratio", 0.1, "-q").stdout.split()
        self.assertEqual(len(rows), ROWS // 10)

    def test_formats_agree(self):
        for end in "npy", "csv", "json":
            self.sample("--labels", "y.npy", "-q", "-o", "o." + end)
        rows = np.load(self.path("o.npy"))
        csv = np.genfromtxt(self.path("o.csv"), delimiter=",", names=True)
        with open(self.path("o.json")) as f:
            entries = json.load(f)["exemplars"]
        self.assertEqual(csv["index"].astype(int).tolist(), rows.tolist())
        self.assertEqual([e["index"] for e in entries], rows.tolist())
        self.assertEqual(csv["label"].astype(int).tolist(), self.y[rows].tolist())
        self.assertAlmostEqual(float(csv["weight"].sum()), ROWS, places=2)

    def test_json(self):
        found = json.loads(self.sample("--method", "nms", "--seed", 7, "--json").stdout)
        self.assertEqual(found["method"], "nms")
        self.assertEqual((found["count"], found["seed"]), (30, 7))
        self.assertEqual(len(found["index"]), 30)
        for key in "backend profile numerics isa threads perplexity kl nested version".split():
            self.assertIn(key, found)
        self.assertGreater(found["seconds"]["total"], 0)
        self.assertIn("load", found["seconds"])
        self.assertEqual(found["energy"]["total"], sum(
            found["energy"][d] for d in "near compute scratch link static".split()))
        self.assertGreater(found["bytes"]["near_read"], 0)
        self.assertEqual(found["paths"]["host_link_bytes"], self.x.nbytes)

    def test_no_plane_no_kl(self):
        found = json.loads(self.sample("--method", "random", "--json").stdout)
        self.assertNotIn("kl", found)
        self.assertNotIn("perplexity", found)

    def test_trace_of_the_guided_choice(self):
        found = json.loads(self.sample("--method", "adapsne", "--json").stdout)
        chosen = [line for line in found["trace"] if line["chosen"]]
        self.assertEqual(len(chosen), 1)
        self.assertEqual(chosen[0]["perplexity"], found["perplexity"])

    def test_approximate_neighbours(self):
        """On request: said so, with the recall, and in the manifest, which then verifies."""
        t = np.random.default_rng(3).standard_normal((3000, 2))
        x = np.sin(t @ np.random.default_rng(4).standard_normal((2, 12))).astype(np.float32)
        np.save(self.path("x.npy"), x)
        for method in "nms", "facility":
            with self.subTest(method):
                how = ("-m", method, "--neighbours", "ivf", "-p", 10)
                found = json.loads(self.sample("--json", *how).stdout)
                self.assertEqual(found["neighbours"], "ivf")
                self.assertGreaterEqual(min(found["recall10"], found["recall"]), 0.95)
                exact = json.loads(self.sample("--json", "-m", method, "-p", 10).stdout)
                self.assertEqual((exact["neighbours"], exact["recall"]), ("exact", 1))
                self.assertIn("recall", self.sample(*how, "-o", method + ".npy").stderr)
                with open(self.path(method + ".npy.manifest.json")) as f:
                    manifest = json.load(f)
                self.assertEqual(manifest["parameters"]["neighbours"], "ivf")
                self.assertEqual(manifest["effective"]["neighbours"], "ivf")
                self.good("verify", method + ".npy.manifest.json")
        found = json.loads(self.sample("--json", "-m", "random").stdout)
        self.assertNotIn("neighbours", found)

    def test_coverage(self):
        """Against numpy: all features are kept, so that distances are those of the rows."""
        radius = np.sqrt(((self.x - self.x.mean(0)) ** 2).sum(1).mean())
        distance = np.sqrt(((self.x[:, None] - self.x[None]) ** 2).sum(2)) / radius
        rng = np.random.default_rng(5)
        random = np.mean([distance[:, rng.choice(ROWS, 30, replace=False)].min(1).mean()
                          for _ in range(40)])
        for method in "nms", "strata", "grid", "kmedoids", "kcentre", "facility":
            with self.subTest(method):
                found = json.loads(self.sample("--json", "-m", method, "-f", COLS).stdout)
                own = distance[:, found["index"]].min(1).mean()
                self.assertAlmostEqual(found["coverage"], own, places=5)
                self.assertAlmostEqual(found["coverage_random"], random, delta=0.06 * random)
                if method in ("nms", "strata", "kmedoids"):
                    self.assertLess(own, 0.97 * random)
        self.assertNotIn("coverage", json.loads(self.sample("--json", "-m", "random").stdout))
        self.assertIn("coverage", self.sample("-o", "picked.npy").stderr)

    @unittest.skipIf(b"__asan_init" in content(NMSCTL), "its shadow alone is larger")
    def test_larger_than_memory(self):
        """A file is mapped, not read: 1 GB chosen from by a process that may have 256 MB."""
        rows, cols, few = 10**6, 256, 12
        x = np.lib.format.open_memmap(self.path("large.npy"), "w+", np.float32, (rows, cols))
        places = np.linspace(0, rows - 1, few).astype(int)	# all other rows are holes
        x[places] = 100 * np.eye(few, cols)
        del x

        def limit():
            resource.setrlimit(resource.RLIMIT_DATA, (256 << 20, 256 << 20))
        done = self.good("sample", "large.npy", "-k", few + 1, "-m", "kcentre", "-f", few,
                         preexec_fn=limit)
        self.assertEqual(set(map(int, done.stdout.split())) - set(places),
                         {next(i for i in range(rows) if i not in places)})

    def test_keep_and_drop(self):
        self.write("keep", "5\n300\n17\n")
        drop = [r for r in range(ROWS) if r % 3 and r not in (5, 17)]
        np.save(self.path("drop.npy"), np.array(drop))
        for method in "auto", "random", "strata", "kmedoids":
            for labels in (), ("--labels", "y.npy"):
                with self.subTest((method, labels)):
                    rows = set(map(int, self.sample("--keep", "keep", "--drop", "drop.npy", "-q",
                                                    "--method", method, *labels).stdout.split()))
                    self.assertLessEqual({5, 300, 17}, rows)
                    self.assertFalse(rows & set(drop))

    def chosen(self, *args):
        rows = self.good("sample", "x.npy", "--labels", "y.npy", "-q", *args).stdout.split()
        return np.bincount(self.y[np.array(rows, int)], minlength=CLASSES).tolist()

    def test_budgets(self):
        self.assertEqual(self.chosen("--count", 30, "--budget", "equal"), [10, 10, 10])
        self.write("quotas", "4\n0\n7\n")
        self.assertEqual(self.chosen("--count", 11, "--budget", "quotas"), [4, 0, 7])
        self.assertEqual(self.chosen("--budget", "quotas"), [4, 0, 7])
        share = 30 * np.bincount(self.y) / ROWS
        self.assertLess(np.abs(np.array(self.chosen("--count", 30)) - share).max(), 1)

    def test_own_labels(self):
        np.savez(self.path("both.npz"), x=self.x, y=self.y)
        found = json.loads(self.good("sample", "both.npz", "--count", 30, "--json").stdout)
        self.assertEqual(sum(c["chosen"] for c in found["classes"]), 30)
        self.assertEqual([c["rows"] for c in found["classes"]], np.bincount(self.y).tolist())
        found = json.loads(self.good("sample", "both.npz", "--count", 30, "--json",
                                     "--no-labels").stdout)
        self.assertNotIn("classes", found)

    def test_embedding_and_weights(self):
        self.sample("--embedding", "e.npy", "--weights", "w.npy", "-q", "-o", "o.npy")
        plane = np.load(self.path("e.npy"))
        self.assertEqual(plane.shape, (ROWS, 2))
        self.assertTrue(np.isfinite(plane).all())
        self.assertAlmostEqual(float(np.load(self.path("w.npy")).sum()), ROWS, places=2)

    def test_wanting_a_plane_changes_nothing(self):
        with_plane = self.sample("-q", "--embedding", "e.npy").stdout
        self.assertEqual(self.sample("-q").stdout, with_plane)

    def test_summary(self):
        done = self.sample("--labels", "y.npy", "-o", "o.npy")
        self.assertEqual(done.stdout, "")
        for word in "edited", "seconds", "energy", "beside the memory", "at the host", "0: ":
            self.assertIn(word, done.stderr)


class Threads(Case):
    def test_same_files(self):
        methods = [m["name"] for m in json.loads(self.good("list", "--json").stdout)["methods"]]
        self.assertIn("adapsne", methods)
        for method in methods:
            for labels in (), ("--labels", "../y.npy"):
                with self.subTest((method, labels)):
                    self.compare(method, labels)

    def compare(self, method, labels):
        plane = ("--embedding", "e.npy") if method in ("nms", "adapsne") else ()
        files = []
        for threads in 1, 2:
            with tempfile.TemporaryDirectory(dir=self.at) as folder:
                done = run("sample", "../x.npy", "--count", 20, "--method", method,
                           "--threads", threads, "-q", "-o", "o.csv", *labels, *plane, cwd=folder)
                self.assertEqual(done.returncode, 0, done.stderr)
                files.append({name: content(os.path.join(folder, name))
                              for name in sorted(os.listdir(folder))})
        self.assertEqual(len(files[0]), 3 if plane else 2)
        self.assertEqual(sorted(files[0]), sorted(files[1]))
        for name in files[0]:
            self.assertTrue(files[0][name] == files[1][name], name)


class Plots(Case):
    def check_png(self, name):
        data = content(self.path(name))
        self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
        at, kinds, pixels = 8, [], b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            self.assertEqual(zlib.crc32(kind + body), *struct.unpack(
                ">I", data[at + 8 + size:at + 12 + size]))
            kinds.append(kind)
            pixels += body if kind == b"IDAT" else b""
            at += 12 + size
        self.assertEqual((kinds[0], kinds[-1]), (b"IHDR", b"IEND"))
        self.assertGreater(len(set(zlib.decompress(pixels))), 20)

    def check_svg(self, name):
        root = xml.etree.ElementTree.parse(self.path(name)).getroot()
        self.assertTrue(root.tag.endswith("svg"))
        paths = [e.get("d") for e in root.iter() if e.tag.endswith("path") and e.get("d")]
        # a dot is a move and a line of no length
        self.assertGreaterEqual(sum(d.count("M ") for d in paths), ROWS)

    def test_sample(self):
        for labels in (), ("--labels", "y.npy"), ("--labels", "y.npy", "--no-labels"):
            for end, check in ("png", self.check_png), ("svg", self.check_svg):
                with self.subTest((labels, end)):
                    self.sample(*labels, "-q", "-o", "o.npy", "--plot", "p." + end)
                    check("p." + end)

    def test_embed(self):
        self.good("embed", "x.npy", "--labels", "y.npy", "-q", "-o", "e.npy", "--plot", "p.PNG")
        self.check_png("p.PNG")


class Others(Case):
    def test_embed(self):
        self.good("embed", "x.npy", "-q", "-o", "e.npy")
        plane = np.load(self.path("e.npy"))
        self.assertEqual((plane.shape, plane.dtype), ((ROWS, 2), np.float32))
        distance = ((plane[:, None] - plane[None]) ** 2).sum(-1)
        np.fill_diagonal(distance, np.inf)
        self.assertGreater((self.y[distance.argmin(1)] == self.y).mean(), 0.95)

    def test_embed_json(self):
        found = json.loads(self.good("embed", "x.npy", "-o", "e.npy", "--perplexity", 12,
                                     "--json").stdout)
        self.assertEqual((found["perplexity"], found["search"]), (12, "newton"))
        found = json.loads(self.good("embed", "x.npy", "-o", "e.npy", "--guided", "--json").stdout)
        self.assertEqual(sum(line["chosen"] for line in found["trace"]), 1)

    def test_embed_by_class(self):
        self.good("embed", "x.npy", "--labels", "y.npy", "--by-class", "-q", "-o", "e.npy")
        plane = np.load(self.path("e.npy"))
        for c in range(CLASSES):
            # each picture is centred on its own
            self.assertLess(np.abs(plane[self.y == c].mean(0)).max(), 1e-2 * np.abs(plane).max())

    def test_gather(self):
        self.write("rows", "7\n3\n7\n359\n")
        rows = [7, 3, 7, 359]
        self.good("gather", "x.npy", "rows", "-q", "-o", "g.npy", "--labels", "y.npy",
                  "--labels-out", "l.npy")
        np.testing.assert_array_equal(np.load(self.path("g.npy")), self.x[rows])
        np.testing.assert_array_equal(np.load(self.path("l.npy")), self.y[rows])

    def test_gather_what_sample_wrote(self):
        images = np.random.default_rng(3).integers(0, 256, (80, 5, 4), np.uint8)
        np.save(self.path("i.npy"), images)
        for end in "npy", "csv", "json":
            self.good("sample", "i.npy", "--count", 9, "-q", "-o", "o." + end)
            self.good("gather", "i.npy", "o." + end, "-q", "-o", "g.npy")
            rows = list(map(int, self.good("sample", "i.npy", "--count", 9, "-q").stdout.split()))
            np.testing.assert_array_equal(np.load(self.path("g.npy")), images[rows])

    def test_gather_json(self):
        self.write("rows", "7\n3\n")
        found = json.loads(self.good("gather", "x.npy", "rows", "-o", "g.npy", "--json").stdout)
        self.assertEqual((found["count"], found["bytes"]), (2, 2 * COLS * 4))
        self.assertGreaterEqual(found["link_out"], 2 * COLS * 4)

    def test_list(self):
        text = self.good("list").stdout
        for word in "auto nms adapsne herding newton fwa ddr4 emu:".split():
            self.assertIn(word, text)

    def test_info(self):
        self.assertIn("emu", self.good("info").stdout)
        device = json.loads(self.good("info", "--json").stdout)["device"]
        self.assertEqual(device["backend"], "emu")
        found = json.loads(self.good("info", "x.npy", "--labels", "y.npy", "--json").stdout)
        d = found["dataset"]
        self.assertEqual((d["rows"], d["cols"], d["dtype"], d["classes"], d["format"]),
                         (ROWS, COLS, "f32", CLASSES, "npy"))
        text = self.good("info", "x.npy", "--labels", "y.npy").stdout
        self.assertIn(str(np.bincount(self.y)[0]), text)

    def test_raw(self):
        self.write("raw", self.x.tobytes())
        d = json.loads(self.good("info", "raw", "--dtype", "f32", "--shape", f"{ROWS},{COLS}",
                                 "--json").stdout)["dataset"]
        self.assertEqual((d["rows"], d["cols"], d["format"]), (ROWS, COLS, "raw"))

    def test_energy(self):
        found = json.loads(self.good("energy", "x.npy", "--json").stdout)
        cost = found["picojoules_per_byte"]["read"]
        self.assertGreater(cost["link"], 0)
        self.assertAlmostEqual(found["dataset"]["read"]["link"] / (cost["link"] * self.x.nbytes), 1,
                               places=6)
        other = json.loads(self.good("energy", "--energy", "hbm2e", "--json").stdout)
        self.assertNotEqual(other["picojoules_per_byte"]["read"]["near"], cost["near"])
        self.assertIn("pJ/byte", self.good("energy").stdout)


class Curve(Case):
    def curve(self, *args):
        return json.loads(self.good("curve", "x.npy", "--json", "-q", *args).stdout)

    def test_points_are_selections(self):
        """Each says what sample says of so many."""
        found = self.curve("-m", "kmedoids", "-f", COLS, "--counts", "60,5,20,20")
        self.assertEqual((found["method"], found["rows"]), ("kmedoids", ROWS))
        self.assertEqual([p["count"] for p in found["points"]], [5, 20, 60])
        for p in found["points"]:
            alone = json.loads(self.good("sample", "x.npy", "-k", p["count"], "-m", "kmedoids",
                                         "-f", COLS, "--json").stdout)
            self.assertEqual((p["coverage"], p["coverage_random"]),
                             (alone["coverage"], alone["coverage_random"]))

    def test_what_it_says(self):
        points = self.curve("-m", "kmedoids", "--counts", "4,12,40,120")["points"]
        count = np.array([p["count"] for p in points])
        mine, random = (np.array([p[k] for p in points]) for k in ("coverage", "coverage_random"))
        self.assertTrue((np.diff(mine) < 0).all())
        for i, p in enumerate(points):
            if random[-1] <= mine[i] <= random[0]:
                equal = np.exp(np.interp(-np.log(mine[i]), -np.log(random), np.log(count)))
                self.assertAlmostEqual(p["random_equal"], equal, delta=0.01 * equal)
                self.assertGreater(p["random_equal"], p["count"])
            else:
                self.assertNotIn("random_equal", p)
            if i + 1 < len(points):
                slope = np.log(mine[i + 1] / mine[i]) / np.log(count[i + 1] / count[i])
                self.assertAlmostEqual(p["gain_of_doubling"], 1 - 2 ** slope, places=4)
        self.assertNotIn("gain_of_doubling", points[-1])

    def test_ladder(self):
        self.assertEqual([p["count"] for p in self.curve()["points"]], [1, 2, 4, 7, 18, 36, 72])
        by_class = self.curve("--labels", "y.npy")["points"]
        self.assertEqual([p["count"] for p in by_class], [3, 4, 7, 18, 36, 72])

    def test_table(self):
        out = self.good("curve", "x.npy", "--counts", "10,100", "-q").stdout
        self.assertEqual(len(out.splitlines()), 5)
        self.assertRegex(out, r"(?m)^ +100 +27\.78 % +0\.\d{4} ")

    def test_refusals(self):
        for counts in ("0", "5,,6", "5,", "a", "-1", "361", "1e2"):
            self.bad(2, "curve", "x.npy", "--counts", counts, match="1 to 360")
        self.bad(2, "curve", "x.npy", "-m", "random", match="features")
        self.bad(2, "curve", "x.npy", "-m", "magic", match="kmedoids")
        self.bad(1, "curve", "none.npy", match="none.npy")
        self.bad(2, "curve", match=None)


class Verify(Case):
    def setUp(self):
        super().setUp()
        self.write("keep", "5\n300\n")
        self.sample("--labels", "y.npy", "--method", "strata", "--seed", 3, "--perplexity", 9,
                    "--keep", "keep", "-q", "-o", "o.npy")
        self.manifest = "o.npy.manifest.json"

    def differs(self, what, *args):
        done = run("verify", self.manifest, "--json", *args, cwd=self.at)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        found = json.loads(done.stdout)
        self.assertFalse(found["same"])
        self.assertEqual([k for k, v in found.items()
                          if isinstance(v, dict) and v["verdict"] == "different"], [what])

    def test_same(self):
        self.assertIn("same", self.good("verify", self.manifest).stdout)
        found = json.loads(self.good("verify", self.manifest, "--json", "--threads", 1).stdout)
        self.assertTrue(found["same"])
        self.assertEqual(found["file"]["verdict"], "same")

    def test_manifest(self):
        with open(self.path(self.manifest)) as f:
            m = json.load(f)
        self.assertEqual(m["parameters"]["keep"], [5, 300])
        self.assertEqual((m["parameters"]["seed"], m["parameters"]["perplexity"]), (3, 9))
        self.assertEqual((m["dataset"]["rows"], m["dataset"]["cols"]), (ROWS, COLS))
        for key in "version", "numerics", "profile", "backend":
            self.assertIn(key, m)

    def test_changed_data(self):
        self.x[100, 3] += 1
        np.save(self.path("x.npy"), self.x)
        self.differs("dataset")

    def test_changed_labels(self):
        self.y[100] = (self.y[100] + 1) % CLASSES
        np.save(self.path("y.npy"), self.y)
        self.differs("labels")

    def test_changed_selection(self):
        rows = np.load(self.path("o.npy"))
        rows[[2, 3]] = rows[[3, 2]]
        np.save(self.path("o.npy"), rows)
        self.differs("file")

    def test_changed_parameters(self):
        with open(self.path(self.manifest)) as f:
            m = json.load(f)
        m["parameters"]["method"] = "random"
        self.write("p.json", json.dumps(m))
        self.manifest = "p.json"
        self.differs("selection")

    def test_moved(self):
        os.rename(self.path("x.npy"), self.path("elsewhere.npy"))
        self.bad(1, "verify", self.manifest, match="x.npy")
        self.good("verify", self.manifest, "--data", "elsewhere.npy")

    def test_from_another_folder(self):
        done = run("verify", self.path(self.manifest), cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_rows_and_labels_from_pipes(self):
        """A pipe cannot be found again: its name is recorded as it was given."""
        def recorded(*args, stdin):
            done = subprocess.run([NMSCTL, "sample", *args, "--count", "30", "-q", "-o", "p.npy"],
                                  cwd=self.at, input=content(self.path(stdin)), capture_output=True,
                                  timeout=120)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            with open(self.path("p.npy.manifest.json")) as f:
                return json.load(f)
        found = recorded("/dev/stdin", "--labels", "y.npy", stdin="x.npy")
        self.assertEqual((found["dataset"]["path"], found["labels"]["path"]),
                         ("/dev/stdin", os.path.realpath(self.path("y.npy"))))
        piped = content(self.path("p.npy"))
        self.good("verify", "p.npy.manifest.json", "--data", "x.npy", "-q")
        found = recorded("x.npy", "--labels", "/dev/stdin", stdin="y.npy")
        self.assertEqual((found["dataset"]["path"], found["labels"]["path"]),
                         (os.path.realpath(self.path("x.npy")), "/dev/stdin"))
        self.good("verify", "p.npy.manifest.json", "--labels", "y.npy", "-q")
        self.sample("--labels", "y.npy", "-q", "-o", "f.npy")
        self.assertEqual({piped, content(self.path("p.npy"))}, {content(self.path("f.npy"))})

    def test_every_method(self):
        for method in "auto nms random grid kmedoids kcentre facility".split():
            with self.subTest(method):
                self.sample("--method", method, "-q", "-o", "m.csv")
                self.good("verify", "m.csv.manifest.json", "-q")

    def test_portable(self):
        self.sample("--profile", "portable", "-q", "-o", "m.json", "--manifest", "m.manifest")
        with open(self.path("m.manifest")) as f:
            self.assertEqual(json.load(f)["profile"], "portable")
        self.good("verify", "m.manifest", "--selection", "m.json", "-q")


class Bytes(Case):
    """Names of files and classes may hold any byte but "/" and NUL."""
    CLASSES = {b"a\x1b[31m\r\nb": "a?[31m??b", "\u00e9\u4e2d\U0001f600".encode(): "\u00e9\u4e2d\U0001f600",
               b"c\xc2\x9b2J": "c?2J", b"d\xff\xfe": "d??", b"e\xe4\xb8": "e??",
               ("\u00e9" * 24).encode(): "\u00e9" * 24}

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(3)
        self.set = os.fsencode(self.at) + b"/s\x1b[2J\xff"
        for name in self.CLASSES:
            os.makedirs(self.set + b"/" + name)
            for i in range(8):
                image = PIL.Image.fromarray(rng.integers(0, 256, (4, 4)).astype(np.uint8))
                image.save(self.set + b"/" + name + b"/%d.png" % i, "png")

    def printed(self, *args, status=0):
        """All that was, in UTF-8, with nothing a terminal would obey."""
        done = subprocess.run([NMSCTL, *args], cwd=self.at, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stderr)
        text = (done.stdout + done.stderr).decode()
        self.assertEqual([c for c in text if unicodedata.category(c) == "Cc" and c != "\n"], [])
        return text

    def check_table(self, text, width):
        """Each name, cut and filled to so many characters, before numbers in columns."""
        lines = [f"{name:{width}.{width}} " for name in self.CLASSES.values()]
        for line in lines:
            self.assertRegex(text, rf"(?m)^ *{re.escape(line)} *8 ")

    def test_classes_are_printable(self):
        text = self.printed("info", self.set)
        for name in self.CLASSES.values():
            self.assertIn(f"\n  {name:12} 8\n", text)
        self.check_table(self.printed("audit", self.set), 20)
        text = self.printed("sample", self.set, "-k12", "--budget", "equal", "-o", b"o\x1b.npy")
        for name in self.CLASSES.values():
            self.assertIn(f"{name}: 2 of 8", text)
        self.assertRegex(text, r"(?m)^dataset +.*/s\?\[2J\?: folder")
        self.assertRegex(text, r"(?m)^written +o\?\.npy$")
        text = self.printed("sample", self.set, "-k12", "--budget", "equal", "--audit", "-o", "a.npy")
        for name in self.CLASSES.values():
            self.assertRegex(text, rf"(?m)^  {re.escape(f'{name:14.14}')} {2:8} {8:10} ")
        text = self.printed("gather", self.set, b"o\x1b.npy", "-o", b"g\xff.npy")
        self.assertRegex(text, r"^12 rows of .*/s\?\[2J\?, .* to g\?\.npy\n$")
        self.write("other", "1\n")
        os.rename(self.path("other"), os.fsencode(self.at) + b"/\x1b[2J\xff")
        text = self.printed("verify", b"o\x1b.npy.manifest.json", "--data", self.set, "--selection",
                            b"\x1b[2J\xff", status=1)
        self.assertRegex(text, r"(?m)^file +different: \?\[2J\?: has 1 rows, 12 come out$")

    def replaced(self, name):
        """As Python decodes, U+FFFD for each byte that it cannot."""
        return re.sub("[\ud800-\udfff]", "\ufffd", name.decode(errors="surrogateescape"))

    def read(self, name):
        return json.loads(content(self.path(name)).decode())

    def test_files_are_utf8(self):
        names = sorted(map(self.replaced, self.CLASSES))
        self.good("sample", self.set, "-k12", "--budget", "equal", "-q", "-o", "o.json", "--report", "r.html")
        self.assertEqual(sorted(e["class"] for e in self.read("o.json")["exemplars"]),
                         sorted(names * 2))
        self.assertEqual(self.read("o.json.manifest.json")["dataset"]["path"],
                         self.replaced(os.path.realpath(self.set)))
        self.good("verify", "o.json.manifest.json", "--data", self.set, "-q")
        block = re.search(rb'id="data">(.*?)</script>', content(self.path("r.html")), re.S)[1]
        self.assertEqual(sorted(c["name"] for c in json.loads(block.decode())["classes"]), names)
        told = json.loads(self.good("audit", self.set, "--json", encoding="utf-8").stdout)
        self.assertEqual(sorted(c["class"] for c in told["classes"]), names)
        told = json.loads(self.good("sample", self.set, "-k12", "--json", "-o", "s.npy", encoding="utf-8").stdout)
        self.assertEqual(sorted(c["name"] for c in told["classes"]), names)

    def test_plots(self):
        long = self.path("\u00e9" * 100)	# which the title has no room for
        os.rename(self.set, long)
        for command in ("sample", "-k12", "--budget", "equal"), ("embed", "--by-class"), ("embed",):
            for end in "svg", "png":
                with self.subTest((command, end)):
                    self.good(*command, long, "-q", "-o", "e.npy", "--plot", "p." + end)
                    if end == "svg":
                        self.assertTrue(xml.etree.ElementTree.parse(self.path("p.svg")).getroot().tag.endswith("svg"))
                    else:
                        with PIL.Image.open(self.path("p.png")) as image:
                            self.assertGreater(len(image.convert("RGB").getcolors(1 << 24)), 20)

    def test_every_kind_of_byte(self):
        """As Python decodes: what it cannot, each byte, and controls are "?"."""
        edges = [b"\x41", b"\x80", b"\x8f", b"\x90", b"\x9f", b"\xa0", b"\xbf"]
        first = [bytes([b]) for b in b"\x01\x1b\x1f\x20\x41\x7e\x7f\x80\xbf\xc0\xc1\xc2\xc3\xdf\xe0\xe1\xec\xed"
                 b"\xee\xef\xf0\xf1\xf3\xf4\xf5\xf7\xf8\xff"]
        cases = [b"".join(c) for n in range(4) for c in itertools.product(first, *[edges] * n)]
        for at in range(0, len(cases), 150):
            word = b".".join(cases[at:at + 150])
            done = subprocess.run([NMSCTL, word], capture_output=True, timeout=60)
            expected = "".join("?" if unicodedata.category(c) in ("Cc", "Cs") else c
                               for c in word.decode(errors="surrogateescape"))
            self.assertEqual((done.returncode, done.stderr.decode()),
                             (2, f"nmsctl: {expected}: no such command; see nmsctl --help\n"))


@unittest.skipIf(os.path.exists("/dev/nms0"), "this machine has a device")
class NoDevice(Case):
    def test_doctor(self):
        done = run("doctor", cwd=self.at)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertRegex(done.stdout, r"(?m)^missing  (device|driver|bound|node)")
        self.assertIn("software accelerator", done.stdout)
        done = run("doctor", "--json", cwd=self.at)
        self.assertEqual(done.returncode, 1)
        found = json.loads(done.stdout)
        self.assertFalse(found["usable"])
        self.assertEqual([c["check"] for c in found["checks"] if c["verdict"] == "missing"],
                         [c["check"] for c in found["checks"]][-3:-2])

    def test_refusals(self):
        self.bad(1, "bench", match="doctor")
        self.bad(1, "reset", match="doctor")
        self.bad(1, "energy", "--watch", match="/dev/nms0")
        self.bad(1, "energy", "--watch", "2", match="/dev/nms0")
        for command in "bench", "reset", "doctor", "energy --watch":
            self.bad(2, *command.split(), "--device", "emu:", match="emu:")
        self.bad(2, "energy", "--watch=0", match="--watch")
        self.bad(1, "bench", "--device", "/dev/nms9", match="/dev/nms9")


    def test_names_need_a_device(self):
        for args in [("load", "a", "x.npy"), ("load", "nms:a", "x.npy", "--labels", "y.npy"),
                     ("unload", "a"), ("sample", "nms:a", "--count", 5), ("info", "nms:a"),
                     ("gather", "nms:a", "y.npy", "-o", "g.npy"), ("embed", "nms:a", "-o", "e.npy")]:
            for device in (), ("--device", "emu:"):
                with self.subTest((args, device)):
                    self.bad(1, *args, *device, match="needs a device")
        self.assertEqual(json.loads(self.good("list", "--json").stdout)["datasets"], [])

    def test_asked_for_by_name(self):
        """That one, or none."""
        for args in [("sample", "x.npy", "--count", 5, "-o", "o.npy"), ("info",), ("list",)]:
            self.bad(1, *args, "--device", "/dev/nms0", match="/dev/nms0")

    def test_why_not_a_device(self):
        found = json.loads(self.good("sample", "x.npy", "--count", 5, "--json").stdout)
        self.assertIn("/dev/nms", found["reason"])
        self.assertEqual((found["backend"], found["submission"]), ("emu", "direct"))
        self.assertNotIn("node", found)
        self.assertEqual(found["uploaded"], 0)
        found = json.loads(self.good("info", "--device", "emu:", "--json").stdout)["device"]
        self.assertIn("by name", found["reason"])


class Names(Case):
    def test_wrong(self):
        for name in "", "nms:", "a/b", "a b", "a\tb", "\u00e4", "x" * 57, "a.labels":
            with self.subTest(name):
                self.bad(2, "load", name, "x.npy")
        self.bad(2, "load", "a", "nms:b", match="near already")
        for mode in "888", "0700", "rw", "-1", "06440":
            self.bad(2, "load", "a", "x.npy", "--mode", mode, match=mode)

    def test_a_file_of_that_name(self):
        np.save(self.path("nms:x.npy"), self.x)
        self.good("sample", "./nms:x.npy", "--count", 5, "-q")

    def manifest(self, **change):
        self.sample("-q", "-o", "o.npy")
        with open(self.path("o.npy.manifest.json")) as f:
            m = json.load(f)
        del m["dataset"]["sha256"]
        m["dataset"].update({"path": "nms:x", "generation": 1}, **change)
        self.write("near.json", json.dumps(m))
        return "near.json", "--selection", "o.npy", "--data", "x.npy"

    def test_verify_against_a_file(self):
        """A manifest of rows in near memory, and the rows themselves in a file."""
        found = json.loads(self.good("verify", *self.manifest(), "--json").stdout)
        self.assertTrue(found["same"])
        self.assertEqual(found["dataset"]["verdict"], "not checked")
        self.assertIn("no digest", found["dataset"]["why"])
        self.assertEqual((found["selection"]["verdict"], found["file"]["verdict"]),
                         ("same", "same"))
        done = run("verify", *self.manifest(rows=ROWS + 1), cwd=self.at)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(ROWS + 1), done.stderr)
        self.x[7] = 9
        args = self.manifest()
        self.x[8] = 9
        np.save(self.path("x.npy"), self.x[::-1])
        done = run("verify", *args, cwd=self.at)
        self.assertEqual(done.returncode, 1)
        self.assertIn("selection differs", done.stderr)


class Terminal(Case):
    def setUp(self):
        super().setUp()
        x, _ = blobs(60000, 40)
        np.save(self.path("large.npy"), x)
        # on one thread, so that it takes long anywhere
        self.long = ["embed", "large.npy", "-o", "e.npy", "--plot", "p.png", "--threads", "1"]

    def start(self, args, **kwargs):
        """Run it until it has begun its output files, and a little of the job."""
        before = len(os.listdir(self.at))
        # who runs the tests by nohup has them ignore a hangup
        tool = subprocess.Popen(
            [NMSCTL, *args], cwd=self.at,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL), **kwargs)
        deadline = time.monotonic() + 30
        while len(os.listdir(self.at)) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.5)
        self.assertIsNone(tool.poll(), "it was over before it could be interrupted")
        return tool

    def test_interrupt(self):
        before = sorted(os.listdir(self.at))
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            with self.subTest(number):
                tool = self.start(self.long, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                tool.send_signal(number)
                out, err = tool.communicate(timeout=30)
                self.assertEqual((tool.returncode, out, err), (130, b"", b""))
                self.assertEqual(sorted(os.listdir(self.at)), before)

    def test_reader_has_gone(self):
        before = sorted(os.listdir(self.at))
        read, write = os.pipe()
        os.close(read)
        args = ["sample", "x.npy", "--count", "5", "--quiet", "-o", "-", "--weights", "w.npy"]
        tool = subprocess.run([NMSCTL, *args], cwd=self.at, stdout=write,
                              stderr=subprocess.PIPE, timeout=30)
        os.close(write)
        self.assertEqual((tool.returncode, tool.stderr), (128 + signal.SIGPIPE, b""))
        self.assertEqual(sorted(os.listdir(self.at)), before)

    def on_terminal(self, args, env, until=b""):
        """What it writes to a terminal, until that is seen, and when interrupted."""
        master, slave = pty.openpty()
        tool = self.start(args, stdout=subprocess.DEVNULL, stderr=slave,
                          env={**os.environ, "TERM": "xterm", **env})
        os.close(slave)
        text, sent = b"", False
        while True:
            if until in text and not sent:
                tool.send_signal(signal.SIGINT)
                sent = True
            try:
                text += os.read(master, 65536)
            except OSError:
                break
        self.assertEqual(tool.wait(timeout=30), 130)
        os.close(master)
        return text

    def test_progress(self):
        text = self.on_terminal(self.long, {"NO_COLOR": ""}, until=b" %")
        self.assertIn(b"\r\033[K", text)
        self.assertIn(b"\033[32m", text)
        text = self.on_terminal(self.long, {"NO_COLOR": "1"}, until=b" %")
        self.assertNotRegex(text, rb"\033\[[0-9;]*m")
        self.assertEqual(self.on_terminal(self.long, {"TERM": "dumb"}), b"")
        self.assertEqual(self.on_terminal([*self.long, "--quiet"], {}), b"")

    def test_no_progress_in_a_pipe(self):
        done = self.sample("--method", "nms")
        self.assertNotIn("\r", done.stderr)
        self.assertNotIn("\033", done.stderr)


if __name__ == "__main__":
    unittest.main()
