# SPDX-License-Identifier: GPL-2.0-only
"""Files that nmsctl writes, and when it does not."""
import io
import json
import os
import subprocess
import unittest

import numpy as np

from readers import Case, DUMP, npy


class Written(Case):
    def test_rows(self):
        for name in ("u1", "i1", "f2", "f4", "f8"):
            for shape in ((3,), (3, 4), (5, 2, 3)):
                x = (self.rng.standard_normal(shape) * 20).astype(name)
                path, out = self.put(npy(x)), self.path("out.npy")
                done = self.run_dump("write-rows", path, out)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                again = np.load(out)
                self.assertEqual((again.dtype, again.shape), (x.dtype, x.shape))
                np.testing.assert_array_equal(again, x)

    def test_selections(self):
        path = self.put('p,label\n1,b\n2,"a ""q"", /é"\n3,b\n', "s.csv")
        for kind in ("npy", "csv", "json"):
            out = self.path("out." + kind)
            done = self.run_dump("write-selection", path, out, 2, 0, 1)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            with open(out, "rb") as f:
                self.assertEqual(self.index(f.read(), 3), [2, 0, 1])
        self.assertEqual(np.load(self.path("out.npy")).dtype, np.int64)
        with open(self.path("out.json"), encoding="utf-8") as f:
            found = json.load(f)["exemplars"]
        self.assertEqual(found[2]["class"], 'a "q", /é')
        self.assertEqual([np.float32(e["weight"]) for e in found],
                         [np.float32(i) / np.float32(3) for i in (1, 2, 3)])
        with open(self.path("out.csv"), encoding="utf-8") as f:
            self.assertEqual(f.read().splitlines(), [
                "index,weight,label,class", '2,0.33333334,1,"b"', '0,0.6666667,1,"b"',
                '1,1,0,"a ""q"", /é"'])

    def test_places(self):
        path = self.put(npy(np.ones((2, 2))))
        out = self.path("out.npy")
        self.put(b"old", "out.npy")
        os.chmod(out, 0o640)
        os.symlink("out.npy", self.path("link.npy"))
        self.assertEqual(self.run_dump("write-rows", path, self.path("link.npy")).returncode, 0)
        self.assertTrue(os.path.islink(self.path("link.npy")))
        self.assertEqual(np.load(out).tolist(), [[1, 1], [1, 1]])
        self.assertEqual(os.stat(out).st_mode & 0o7777, 0o640)
        os.symlink("/dev/null", self.path("null.npy"))
        os.symlink("nowhere", self.path("dangling.npy"))
        os.mkfifo(self.path("fifo.npy"))
        for name in ("null.npy", "dangling.npy", "fifo.npy", "missing/out.npy", "", "a" * 300):
            done = self.run_dump("write-rows", path, self.path(name))
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1))
        self.assertEqual([n for n in os.listdir(self.folder.name) if "nmsctl" in n], [])
        done = self.run_dump("write-rows", path, "-")
        np.testing.assert_array_equal(np.load(io.BytesIO(done.stdout)), np.ones((2, 2)))

    def test_full_disk(self):
        big = self.put(npy(np.zeros((1000, 1000))))
        done = subprocess.run(["/bin/sh", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$0" "$@"', DUMP,
                               "write-rows", big, self.path("out.npy")], capture_output=True,
                              check=False)
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (1, 1))
        self.assertEqual(os.listdir(self.folder.name), ["file"])

if __name__ == "__main__":
    unittest.main()
