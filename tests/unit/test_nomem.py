# SPDX-License-Identifier: GPL-2.0-only
"""Memory that cannot be had, at one allocation after another of whole runs of the tool.

From each place that allocates, one allocation fails (nomem.c), where a place is the calls that
led there.  The run then succeeds, with the same output as ever, or fails in one line that says
why, and leaves no file.

NMS_NOMEM_SHARE=N: only each N-th place (default 8); 1: all of them.
"""
import concurrent.futures
import gzip
import io
import os
import re
import subprocess
import tempfile
import unittest

import numpy as np
from PIL import Image

NMSCTL = os.environ["NMSCTL"]
DUMP = os.environ["DATASET_DUMP"]
NOMEM = os.environ["NMS_NOMEM"]
SHARE = int(os.environ.get("NMS_NOMEM_SHARE", "8"))
# What says so: we, or strerror(ENOMEM); libzip, which also takes what it has no memory to look at for
# no archive; the C library, of a thread for which there is no memory.
REASON = re.compile(r"memory|Malloc failure|npz: Not a zip archive|Resource temporarily unavailable")


def contents(folder):
    """All files; of a page, which has times in it, how it begins."""
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read(15 if name.endswith(".html") else -1)
    return found


def told(stdout):
    """Without the times in it."""
    return re.sub(rb'"seconds": *\{[^}]*\}', b"", stdout)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        rng = np.random.default_rng(1)
        np.save(self.path("x.npy"), rng.standard_normal((60, 5)).astype("f4"))
        np.save(self.path("y.npy"), np.arange(60) % 3)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_with(self, command, out, **variables):
        environment = dict(os.environ, LD_PRELOAD=NOMEM, LC_ALL="C", **variables)
        os.makedirs(out, exist_ok=True)
        return subprocess.run(command, cwd=out, env=environment, capture_output=True, timeout=20,
                              check=False)

    def places(self, command):
        """Which allocations to fail, and what comes out when none does."""
        log, out = self.path("log"), self.path("whole")
        done = self.run_with(command, out, NMS_NOMEM_LOG=log)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with open(log, encoding="ascii") as file:
            numbers = [int(line) for line in file]
        os.unlink(log)
        self.assertGreater(len(numbers), 1)
        return numbers[::SHARE], (told(done.stdout), contents(out))

    def check_one(self, command, number, whole):
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            done = self.run_with(command, out, NMS_NOMEM_AT=str(number))
            text = done.stderr.decode()
            what = f"allocation {number} of {' '.join(command)}: {done.returncode}: {text}"
            if not done.returncode:
                self.assertEqual((told(done.stdout), contents(out)), whole, what)
                return
            self.assertEqual(done.returncode, 1, what)
            self.assertEqual(text.count("\n"), 1, what)
            self.assertRegex(text, REASON, what)
            self.assertEqual(contents(out), {}, what)

    def each_place(self, *command):
        numbers, whole = self.places(command)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            tries = [pool.submit(self.check_one, command, number, whole) for number in numbers]
        wrong = [str(one.exception()) for one in tries if one.exception()]
        self.assertEqual(wrong, [], "\n".join([""] + wrong))


class Tool(Case):
    def test_sample(self):
        self.each_place(NMSCTL, "sample", self.path("x.npy"), "--labels", self.path("y.npy"), "--count", "6",
                        "--threads", "1", "--quiet", "-o", "o.json", "--embedding", "e.npy", "--weights", "w.npy")

    def test_audit(self):
        np.save(self.path("x.npy"), np.arange(60, dtype="f4").reshape(20, 3) // 6)	# with equal rows
        np.save(self.path("y.npy"), np.arange(20) % 3)
        self.each_place(NMSCTL, "sample", self.path("x.npy"), "--labels", self.path("y.npy"), "--count", "6",
                        "--threads", "1", "--quiet", "--json", "--audit")

    def test_pictures(self):
        self.each_place(NMSCTL, "sample", self.path("x.npy"), "--count", "6", "--threads", "1", "--quiet",
                        "--method", "kcentre", "-o", "o.csv", "--plot", "p.svg", "--report", "r.html")

    def test_verify(self):
        subprocess.run([NMSCTL, "sample", self.path("x.npy"), "--count", "4", "--quiet", "-o",
                        self.path("o.npy")], check=True)
        self.each_place(NMSCTL, "verify", self.path("o.npy.manifest.json"), "--threads", "1")

    def test_gather(self):
        np.save(self.path("i.npy"), np.array([3, 1, 4]))
        self.each_place(NMSCTL, "gather", self.path("x.npy"), self.path("i.npy"), "-o", "g.npy", "--quiet")

    def test_embed(self):
        self.each_place(NMSCTL, "embed", self.path("x.npy"), "--threads", "1", "--quiet", "-o", "e.npy")


def idx(x):
    return bytes([0, 0, 8, x.ndim]) + b"".join(n.to_bytes(4, "big") for n in x.shape) + x.tobytes()


class Readers(Case):
    def put(self, content, name="file"):
        with open(self.path(name), "wb") as out:
            out.write(content)
        return self.path(name)

    def test_arrays(self):
        pixels = np.arange(60, dtype="u1").reshape(3, 4, 5)
        np.savez_compressed(self.path("z.npz"), x=pixels, y=np.array([3, -1, 3]))
        np.save(self.path("big.npy"), pixels.astype(">i4"))
        self.each_place(DUMP, "rows", self.path("z.npz"))
        self.each_place(DUMP, "rows", self.path("big.npy"))
        self.each_place(DUMP, "rows", self.put(gzip.compress(idx(pixels))))
        self.each_place(DUMP, "rows", self.put(bytes(3073 * 2)))

    def test_text(self):
        self.each_place(DUMP, "rows", self.put(b"a,b,label\n1,2.5,x\n3,4,\"y\"\"z\"\n"))
        self.each_place(DUMP, "labels", self.put(b"cat\ndog\ncat\n"), "3")
        self.each_place(DUMP, "index", self.put(b'{"exemplars": [{"index": 3}, {"index": 4}]}'), "9")

    def test_images(self):
        for name, kind in (("a/1.png", "PNG"), ("a/2.png", "PNG"), ("b/1.jpg", "JPEG")):
            os.makedirs(self.path("images/" + name[0]), exist_ok=True)
            out = io.BytesIO()
            Image.fromarray(np.full((4, 6), 9, "u1")).save(out, kind)
            self.put(out.getvalue(), "images/" + name)
        self.each_place(DUMP, "rows", self.path("images"))


if __name__ == "__main__":
    unittest.main()
