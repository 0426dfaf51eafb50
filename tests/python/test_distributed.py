# SPDX-License-Identifier: GPL-2.0-only
"""nms.distributed: the same answer from any number of workers, and after one was lost."""
import os
import pathlib
import signal
import tempfile
import time
import unittest

import dask
import dask.array
import distributed
import numpy as np

import nms
import nms.distributed
from rows import blobs


def uneven(rows, parts):
    """Where to cut rows into parts of different sizes."""
    at = np.cumsum(np.arange(1, parts + 1)) / sum(range(1, parts + 1))
    return (at[:-1] * rows).astype(int)


class Killer:
    """A shard that kills the worker that first reads it."""

    def __init__(self, array, flag):
        self.array, self.flag = array, str(flag)

    def __call__(self):
        if not os.path.exists(self.flag):
            open(self.flag, "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.array


class Distributed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        dask.config.set({"distributed.admin.log-format": "", "distributed.logging.distributed": "error"})
        cls.cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                                               dashboard_address=None, silence_logs=50)
        cls.client = distributed.Client(cls.cluster)
        cls.x, cls.y = blobs()
        cls.x, cls.y = np.tile(cls.x, (4, 1)), np.tile(cls.y, 4)
        cls.x = cls.x + np.random.default_rng(1).normal(0, 0.05, cls.x.shape).astype(cls.x.dtype)
        cls.cuts = uneven(len(cls.x), 5)

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.cluster.close()

    def shards(self):
        return np.split(self.x, self.cuts), np.split(self.y, self.cuts)

    def choose(self, X, y=None, **more):
        return nms.distributed.sample(X, y, client=self.client, **{"count": 40, **more})

    def check(self, result, y=True):
        self.assertEqual(len(set(result.indices.tolist())), 40)
        np.testing.assert_array_equal(result.rows, self.x[result.indices])
        np.testing.assert_array_equal(result.shard, np.searchsorted(self.cuts, result.indices, "right"))
        np.testing.assert_allclose(result.weights.sum(), len(self.x), rtol=1e-5)
        if y:
            np.testing.assert_array_equal(result.labels, self.y[result.indices])
            # shares of the classes of the whole, as one machine has them
            here = nms.sample(self.x, self.y, count=40)
            np.testing.assert_array_equal(np.bincount(result.labels),
                                          np.bincount(self.y[here.indices]))

    def test_with_labels(self):
        self.check(self.choose(*self.shards()))

    def test_without(self):
        result = self.choose(self.shards()[0])
        self.assertIsNone(result.labels)
        self.check(result, False)

    def test_one_answer_however_it_is_spread(self):
        """Arrays, paths, functions, a dask.array; labels in one piece or many; nobody's order."""
        xs, ys = self.shards()
        want = self.choose(xs, ys)
        chunks = (tuple(len(x) for x in xs), self.x.shape[1])
        whole = dask.array.from_array(self.x, chunks=chunks)
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"{i}.npy") for i in range(len(xs))]
            for path, x in zip(paths, xs):
                np.save(path, x)
            for X, y in ((paths, ys), (xs, self.y), (whole, self.y),
                         (whole, dask.array.from_array(self.y, chunks=100)),
                         (dask.array.from_array(self.x, chunks=(chunks[0], 3)), self.y),
                         ([(lambda x=x: x) for x in xs], ys)):
                np.testing.assert_array_equal(self.choose(X, y).indices, want.indices)

    def test_a_lost_worker(self):
        xs, ys = self.shards()
        want = self.choose(xs, ys)
        with tempfile.TemporaryDirectory() as folder:
            flag = pathlib.Path(folder) / "killed"
            got = self.choose(xs[:2] + [Killer(xs[2], flag)] + xs[3:], ys)
            self.assertTrue(flag.exists())
        np.testing.assert_array_equal(got.indices, want.indices)
        np.testing.assert_array_equal(got.weights, want.weights)

    def test_all_put_forward_is_one_selection_by_weight(self):
        """With a surplus that takes every row the merge sees the whole."""
        got = self.choose(self.shards()[0], surplus=1e6)
        here = nms.sample(self.x, count=40)
        self.assertEqual(sum(got.shard_chosen), len(self.x))
        # rows come in the order of each shard's selection, so ties may fall otherwise
        self.assertGreaterEqual(len(set(got.indices.tolist()) & set(here.indices.tolist())), 38)

    def test_covers_as_well(self):
        """Mean distance to the nearest exemplar within a tenth of the selection from the whole."""
        def distance(rows):
            return np.sqrt(((self.x[:, None] - rows[None]) ** 2).sum(2)).min(1).mean()
        here = nms.sample(self.x, count=40, method="kmedoids")
        there = self.choose(self.shards()[0], method="kmedoids")
        self.assertLess(distance(there.rows), 1.1 * distance(self.x[here.indices]))

    def test_bytes_are_those_of_the_surplus(self):
        got = self.choose(self.shards()[0], surplus=2)
        self.assertLessEqual(sum(got.shard_chosen), 2 * 40 + 5)
        self.assertEqual(got.nbytes, sum(got.shard_chosen) * (self.x[0].nbytes + 8 + 4))

    def test_refusals(self):
        xs, ys = self.shards()
        for text, call in (
                ("surplus: is 0.5", lambda: self.choose(xs, surplus=0.5)),
                ("count: is 100000", lambda: self.choose(xs, count=100000)),
                ("either count or ratio", lambda: self.choose(xs, ratio=0.1)),
                ("labels: have shape", lambda: self.choose(xs, self.y[:-1])),
                ("labels: have shape", lambda: self.choose(xs, [ys[1]] + ys[1:])),
                ("keep: is not known", lambda: self.choose(xs, keep=[1])),
                ("method: ", lambda: self.choose(xs, method="magic")),
                ("X: expected a dask.array", lambda: self.choose([]))):
            with self.assertRaises(nms.Error) as caught:
                call()
            self.assertIn(text, str(caught.exception))
        bad = xs[1].copy()
        bad[3, 2] = np.nan
        with self.assertRaises(nms.NotFiniteError):
            self.choose([xs[0], bad])


if __name__ == "__main__":
    unittest.main()
