# SPDX-License-Identifier: GPL-2.0-only
"""Files as nmsctl reads and writes them, for tests that hold it against numpy and PIL.

DATASET_DUMP: the program made of dataset-dump.c.
"""
import hashlib
import io
import os
import struct
import subprocess
import tempfile
import unittest

import numpy as np
from PIL import Image

DUMP = os.environ["DATASET_DUMP"]
DTYPES = {1: "u1", 2: "i1", 3: "<f2", 4: "bf16", 5: "<f4", 6: "<f8"}
NAMES = {1: "u8", 2: "i8", 3: "f16", 4: "bf16", 5: "f32", 6: "f64"}


def npy(x, **kwargs):
    out = io.BytesIO()
    np.lib.format.write_array(out, x, **kwargs)
    return out.getvalue()


def header(text, version=1, length=None):
    """A NumPy header with this dictionary."""
    text = text.encode()
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text


def idx(x, kind):
    order = x.dtype.newbyteorder(">")
    return (struct.pack(">BBBB", 0, 0, kind, x.ndim) +
            b"".join(struct.pack(">I", n) for n in x.shape) + x.astype(order).tobytes())


def png(x, **kwargs):
    out = io.BytesIO()
    (x if isinstance(x, Image.Image) else Image.fromarray(x)).save(out, "PNG", **kwargs)
    return out.getvalue()


def jpeg(x, **kwargs):
    out = io.BytesIO()
    Image.fromarray(x).save(out, "JPEG", **kwargs)
    return out.getvalue()


class Rows:
    """The output of `dataset-dump rows`."""

    def __init__(self, output):
        head, _, data = output.partition(b"\ndata\n")
        self.lines = [line.partition(" ") for line in head.decode().split("\n")]
        self.names = [value for key, _, value in self.lines if key == "name"]
        self.fields = {key: value for key, _, value in self.lines}
        self.format = self.fields["format"]
        self.dtype = int(self.fields["dtype"])
        self.rows, self.cols = int(self.fields["rows"]), int(self.fields["cols"])
        self.shape = tuple(int(n) for n in self.fields["shape"].split())
        self.labels = None
        if "labels" in self.fields:
            self.labels = [int(n) for n in self.fields["labels"].split()]
            self.nclasses = int(self.fields["nclasses"])
        self.raw = data
        if DTYPES[self.dtype] != "bf16":
            self.x = np.frombuffer(data, DTYPES[self.dtype]).reshape((self.rows,) + self.shape)


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.rng = np.random.default_rng(1)

    def tearDown(self):
        self.folder.cleanup()

    def path(self, name="file"):
        return os.path.join(self.folder.name, name)

    def put(self, content, name="file"):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run_dump(self, *args):
        return subprocess.run([DUMP, *map(str, args)], capture_output=True, timeout=60, check=False)

    def read(self, content, *options):
        path = self.put(content) if isinstance(content, bytes) else content
        done = self.run_dump("rows", path, *options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        rows = Rows(done.stdout)
        digest = hashlib.sha256(b"nms-dataset 1 %s %d %d\n" % (
            NAMES[rows.dtype].encode(), rows.rows, rows.cols) + rows.raw).hexdigest()
        self.assertEqual(rows.fields["sha256"], digest)
        return rows

    def refuse(self, content, *options, match="", command=("rows",)):
        """One line that names the file, and nothing else."""
        path = self.put(content) if isinstance(content, bytes) else content
        done = self.run_dump(command[0], path, *command[1:], *options)
        self.assertEqual((done.returncode, done.stdout), (1, b""), done.stderr)
        line = done.stderr.decode()
        self.assertEqual(line.count("\n"), 1, line)
        self.assertIn(match, line)
        return line

    def labels(self, content, nrows, *options):
        done = self.run_dump("labels", self.put(content) if isinstance(content, bytes) else content,
                             nrows, *options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        lines = [line.partition(" ") for line in done.stdout.decode().splitlines()]
        fields = {key: value for key, _, value in lines}
        values = [int(n) for n in fields["labels"].split()]
        self.assertEqual(fields["labels-sha256"], hashlib.sha256(
            b"nms-u32 1 %d\n" % len(values) + np.array(values, "<u4").tobytes()).hexdigest())
        return values, int(fields["nclasses"]), [v for key, _, v in lines if key == "name"]

    def index(self, content, nrows):
        done = self.run_dump("index", self.put(content), nrows)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [int(n) for n in done.stdout.decode().splitlines()[1].split()[1:]]
