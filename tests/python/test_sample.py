# SPDX-License-Identifier: GPL-2.0-only
"""nms.sample() and nms.embed(): what nmsctl gives, from arrays, without copies."""
import dataclasses
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import nms
from rows import blobs, nmsctl, open_files, sanitized, threads


class SameAsNmsctl(unittest.TestCase):
    """Bit for bit, on the same data and seed."""

    def setUp(self):
        self.x, self.y = blobs()

    def test_methods(self):
        for method in nms.methods():
            for y in (None, self.y):
                with self.subTest(method=method, labels=y is not None):
                    theirs = nmsctl("sample", self.x, "--count", 30, "--method", method,
                                    "--seed", 7, y=y)
                    ours = nms.sample(self.x, y, count=30, method=method, seed=7)
                    np.testing.assert_array_equal(ours.indices, theirs)

    def test_dtypes(self):
        for dtype in (np.uint8, np.int8, np.float16, np.float32, np.float64):
            with self.subTest(dtype=dtype.__name__):
                x = (4 * self.x).astype(dtype)
                np.testing.assert_array_equal(nms.sample(x, ratio=0.05).indices,
                                              nmsctl("sample", x, "--ratio", 0.05))

    def test_options(self):
        theirs = nmsctl("sample", self.x, "--count", 24, "--method", "nms", "--perplexity", 9,
                        "--features", 5, "--search", "bisect", "--budget", "equal", y=self.y)
        ours = nms.sample(self.x, self.y, count=24, method="nms", perplexity=9, features=5,
                          search="bisect", budget="equal")
        np.testing.assert_array_equal(ours.indices, theirs)
        self.assertEqual(ours.parameters["features"], 5)
        self.assertEqual(ours.parameters["perplexity"], 9)

    def test_planes(self):
        for options, words in (({}, ()), ({"perplexity": 8, "seed": 3},
                                          ("--perplexity", 8, "--seed", 3)),
                               ({"entropy_guided": True}, ("--guided",))):
            with self.subTest(options=options):
                theirs = nmsctl("embed", self.x, *words)
                np.testing.assert_array_equal(nms.embed(self.x, **options).embedding, theirs)

    def test_planes_by_class(self):
        np.testing.assert_array_equal(nms.embed(self.x, self.y).embedding,
                                      nmsctl("embed", self.x, "--by-class", y=self.y))


class Outcomes(unittest.TestCase):
    def setUp(self):
        self.x, self.y = blobs()

    def test_what_ran(self):
        ran = nms.sample(self.x, self.y, count=30, seed=5, device="emu:", threads=1)
        self.assertEqual((ran.backend, ran.seed, ran.method, ran.rule), ("emu", 5, "auto",
                                                                         "edited"))
        self.assertEqual(ran.parameters["threads"], 1)
        self.assertEqual(ran.version, nms.version())
        self.assertGreater(ran.numerics, 0)
        self.assertGreater(ran.seconds["total"], ran.seconds["reduce"])
        self.assertGreater(ran.seconds["reduce"], 0)
        self.assertEqual(set(ran.energy), {"near", "compute", "scratch", "link", "static"})
        self.assertGreater(ran.energy["compute"], 0)
        self.assertIsNone(ran.embedding)
        self.assertEqual(ran.trace, [])

    def test_profile(self):
        self.assertEqual(nms.sample(self.x, count=9, profile="portable").profile, "portable")
        with nms.Device(profile="portable") as device:
            self.assertEqual(nms.sample(self.x, count=9, device=device).profile, "portable")

    def test_shares_of_classes(self):
        chosen = nms.sample(self.x, self.y, count=60).indices
        share = np.bincount(self.y[chosen]) / 60
        np.testing.assert_allclose(share, np.bincount(self.y) / len(self.y), atol=1 / 60)

    def test_weights(self):
        ran = nms.sample(self.x, count=20, drop=[0, 1, 2])
        self.assertAlmostEqual(float(ran.weights.sum()), len(self.x) - 3, places=2)
        mass = np.linspace(0, 2, len(self.x))
        ran = nms.sample(self.x, count=20, mass=mass)
        self.assertAlmostEqual(float(ran.weights.sum()), mass.sum(), places=2)

    def test_keep_and_drop(self):
        ran = nms.sample(self.x, count=20, keep=[5, 6], drop=np.arange(100, 600))
        self.assertLessEqual({5, 6}, set(ran.indices.tolist()))
        self.assertLess(ran.indices.max(), 100)

    def test_quotas(self):
        by_list = nms.sample(self.x, self.y, quotas=[5, 0, 7])
        self.assertEqual(np.bincount(self.y[by_list.indices]).tolist(), [5, 0, 7])
        names = np.array(["cat", "dog", "eel"])[self.y]
        by_name = nms.sample(self.x, names, quotas={"eel": 7, "cat": 5})
        np.testing.assert_array_equal(by_name.indices, by_list.indices)

    def test_plane_and_trace(self):
        ran = nms.sample(self.x, count=20, method="adapsne", embedding=True, drop=[3])
        self.assertEqual(ran.embedding.shape, (len(self.x), 2))
        self.assertTrue(np.isnan(ran.embedding[3]).all())
        self.assertTrue(np.isfinite(np.delete(ran.embedding, 3, 0)).all())
        taken = [line for line in ran.trace if line.chosen]
        self.assertEqual([line.perplexity for line in taken], [ran.perplexity])

    def test_threads_do_not_matter(self):
        one, two = (nms.sample(self.x, count=20, threads=n) for n in (1, 2))
        np.testing.assert_array_equal(one.indices, two.indices)
        np.testing.assert_array_equal(one.weights, two.weights)

    def test_estimate(self):
        need = nms.estimate(self.x, self.y, count=20)
        self.assertGreaterEqual(need["near"], len(self.x) * 12 * 4)
        self.assertGreaterEqual(need["host"], need["near"])
        with self.assertRaises(TypeError):
            nms.estimate(self.x, counts=20)

    def test_frozen(self):
        ran = nms.sample(self.x, count=3)
        with self.assertRaises(dataclasses.FrozenInstanceError):
            ran.seed = 1


class Arrays(unittest.TestCase):
    """What else may hold rows."""

    def setUp(self):
        self.x, self.y = blobs()
        self.expected = nms.sample(self.x, count=25).indices

    def same(self, rows, **options):
        np.testing.assert_array_equal(nms.sample(rows, count=25, **options).indices,
                                      self.expected)

    def test_layouts(self):
        wide = np.zeros((600, 20), np.float32)
        wide[:, 3:15] = self.x
        self.same(wide[:, 3:15])
        self.same(np.asfortranarray(self.x))
        self.same(self.x[::-1][::-1])
        self.same(np.repeat(self.x, 2, 0)[::2])
        self.same(np.repeat(self.x, 2, 1)[:, ::2])
        self.same(self.x.astype(">f4"))
        self.same(self.x.reshape(600, 3, 4))
        self.same(self.x.tolist())

    def test_read_only(self):
        self.x.setflags(write=False)
        self.same(self.x)
        with tempfile.NamedTemporaryFile() as f:
            self.x.tofile(f.name)
            self.same(np.memmap(f.name, np.float32, "r", shape=self.x.shape))

    def test_pandas(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("no pandas")
        self.same(pandas.DataFrame(self.x))
        labelled = nms.sample(self.x, self.y, count=25).indices
        chosen = nms.sample(pandas.DataFrame(self.x), pandas.Series(self.y), count=25)
        np.testing.assert_array_equal(chosen.indices, labelled)

    def test_other_numbers(self):
        whole = np.rint(10 * self.x)
        expected = nms.sample(whole, count=25).indices
        for dtype in (np.int16, np.int32, np.int64, np.longdouble):
            chosen = nms.sample(whole.astype(dtype), count=25).indices
            np.testing.assert_array_equal(chosen, expected)
        bits = self.x > 0
        np.testing.assert_array_equal(nms.sample(bits, count=9).indices,
                                      nms.sample(bits.astype(np.uint8), count=9).indices)

    def test_one_row_and_one_column(self):
        self.assertEqual(nms.sample(self.x[:1], count=1, method="random").indices.tolist(), [0])
        self.assertEqual(len(nms.sample(self.x[:, :1], count=9)), 9)

    def test_brought_near(self):
        """As for a device that cannot work in memory of the host."""
        from nms._device import Context
        matrix = Context.matrix
        Context.matrix = lambda self, array, dtype, in_place=True: matrix(self, array, dtype, False)
        try:
            self.same(self.x)
            wide = np.zeros((600, 20), np.float32)
            wide[:, 3:15] = self.x
            self.same(wide[:, 3:15])
            plane = nms.embed(self.x).embedding
        finally:
            Context.matrix = matrix
        np.testing.assert_array_equal(plane, nms.embed(self.x).embedding)


PEAK = """
import resource, sys
import numpy as np
import nms
rows = np.empty((60000, 784), sys.argv[1])
rng = np.random.default_rng(0)
for i in range(0, 60000, 1000):
    rows[i:i + 1000] = rng.integers(0, 255, (1000, 784), np.uint8)
nms.sample(rows[:500], count=5)         # what the first call loads
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
nms.sample(rows, count=60, method=sys.argv[2], threads=2)
print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


@unittest.skipIf(sanitized(), "memory is the sanitizer's")
class NoCopy(unittest.TestCase):
    def growth(self, dtype, method):
        done = subprocess.run([sys.executable, "-c", PEAK, dtype, method], check=True,
                              capture_output=True, text=True, timeout=300)
        return int(done.stdout)

    def test_peak_memory(self):
        """random has no features: hardly anything beside the rows."""
        for dtype in ("uint8", "float32"):
            with self.subTest(dtype=dtype):
                size = 60000 * 784 * np.dtype(dtype).itemsize
                self.assertLess(self.growth(dtype, "random"), size / 5)

    def test_peak_memory_with_features(self):
        """80 features a row, and what the work itself takes: never a copy of the rows."""
        self.assertLess(self.growth("float32", "auto"), 60000 * 784 * 4 / 2)


class Errors(unittest.TestCase):
    def setUp(self):
        self.x, self.y = blobs()

    def raises(self, kind, text, *args, **options):
        with self.assertRaises(kind) as caught:
            nms.sample(*args, **options)
        error = caught.exception
        self.assertIsInstance(error, nms.Error)
        self.assertIn(text, str(error))
        self.assertNotIn("\n", str(error))
        return error

    def test_the_librarys_words(self):
        error = self.raises(ValueError, "count: 601 exemplars wanted, the dataset has 600 rows",
                            self.x, count=601)
        self.assertEqual((error.name, error.cause, error.argument), ("EINVAL", "count", "count"))
        self.raises(nms.ArgumentError, "ratio: is 1.5", self.x, ratio=1.5)
        self.raises(nms.ArgumentError, "ratio: is 0", self.x, ratio=0)
        self.raises(nms.ArgumentError, "only one of them", self.x, ratio=0.5, count=3)
        self.raises(nms.ArgumentError, "no exemplars wanted", self.x)
        error = self.raises(nms.ArgumentError, 'there is no "best"', self.x, count=3,
                            method="best")
        self.assertEqual(error.cause, "method")
        self.raises(nms.ArgumentError, "perplexity", self.x, count=3, perplexity=0.5)
        error = self.raises(nms.ArgumentError, "entry 1 is row 600", self.x, count=3,
                            drop=[1, 600])
        self.assertEqual((error.cause, error.row), ("index", 1))
        self.raises(nms.ArgumentError, "", self.x, self.y, quotas=[1, 2])

    def test_not_finite(self):
        self.x[17, 3] = np.nan
        error = self.raises(nms.NotFiniteError, "row 17, column 3", self.x, count=3)
        self.assertEqual((error.row, error.col, error.cause), (17, 3, "not_finite"))
        self.assertIsInstance(error, ValueError)

    def test_devices(self):
        error = self.raises(nms.DeviceNotFoundError, "no device", self.x, count=3, device="tpu0")
        self.assertEqual(error.name, "ENODEV")
        self.raises(nms.DeviceNotFoundError, "/dev/nms99", self.x, count=3, device="/dev/nms99")
        self.raises(TypeError, "device", self.x, count=3, device=3)
        self.raises(nms.ArgumentError, "colour", self.x, count=3, device="emu:colour=red")

    def test_memory(self):
        error = self.raises(MemoryError, "near memory", self.x, count=3,
                            device="emu:near_size=16K", features=12)
        self.assertEqual(error.cause, "near_memory")

    def test_ours(self):
        self.raises(TypeError, "expected a whole number", self.x, count=2.5)
        self.raises(ValueError, "count: is -1", self.x, count=-1)
        self.raises(ValueError, "seed", self.x, count=3, seed=2**64)
        self.raises(ValueError, "keep: entry 1 is row -1", self.x, count=3, keep=[4, -1])
        self.raises(TypeError, "keep", self.x, count=3, keep=[0.5])
        self.raises(ValueError, "search: is 'hash', expected one of newton", self.x, count=3,
                    search="hash")
        self.raises(ValueError, "labels: has shape (599,), expected (600,)", self.x, self.y[1:],
                    count=3)
        self.raises(ValueError, "mass: has shape", self.x, count=3, mass=[1, 2])
        self.raises(ValueError, "quotas: there is no row of class 9", self.x, self.y,
                    quotas={9: 1})
        self.raises(ValueError, "X: has 1 dimension,", self.x[0], count=3)
        self.raises(ValueError, "X: has shape (0, 12)", self.x[:0], count=3)
        self.raises(TypeError, "X: has elements of type complex64", self.x * 1j, count=3)
        self.raises(TypeError, "X: has elements of type <U1", [["a", "b"]], count=1)
        self.raises(ValueError, "labels: has NaN", self.x, np.full(600, np.nan), count=3)

    def test_sparse(self):
        import scipy.sparse
        self.raises(TypeError, "sparse", scipy.sparse.csr_matrix(self.x), count=3)

    def test_pickle(self):
        import pickle
        self.x[17, 3] = np.inf
        error = self.raises(nms.NotFiniteError, "", self.x, count=3)
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(again), str(again), again.row, again.col),
                         (type(error), str(error), 17, 3))

    def test_closed_device(self):
        device = nms.Device("emu:")
        device.close()
        device.close()
        self.raises(ValueError, "device: is closed", self.x, count=3, device=device)

    def test_no_library(self):
        done = subprocess.run([sys.executable, "-c", "import nms"], capture_output=True,
                              text=True, env={**os.environ, "NMSDEV_LIBRARY": "/nowhere.so"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("ImportError: libnmsdev.so.0 is needed: /nowhere.so", done.stderr)


class NothingLeaks(unittest.TestCase):
    def test_many_calls(self):
        x, y = blobs(200)
        nms.sample(x, count=3)
        before = open_files(), threads()
        for _ in range(30):
            nms.sample(x, y, count=5)
            nms.embed(x[:50])
            for bad in ({"count": 900}, {"count": 3, "keep": [900]}):
                with self.assertRaises(nms.Error):
                    nms.sample(x, **bad)
        self.assertEqual((open_files(), threads()), before)


if __name__ == "__main__":
    unittest.main()
