# SPDX-License-Identifier: GPL-2.0-only
"""Pictures that nmsctl reads (CIFAR, folders), against numpy and PIL; and those it refuses."""
import gzip
import io
import os
import struct
import unittest
import zlib

import numpy as np
from PIL import Image

from readers import Case, jpeg, png


class Cifar(Case):
    def batch(self, n, before=1, top=10):
        data = self.rng.integers(0, 256, (n, 3072 + before), dtype="u1")
        data[:, 0] = self.rng.integers(0, top, n)
        return data

    def test_ten(self):
        data = self.batch(7)
        rows = self.read(data.tobytes())
        self.assertEqual((rows.format, rows.shape, rows.dtype), ("cifar", (3, 32, 32), 1))
        self.assertEqual(rows.raw, data[:, 1:].tobytes())
        self.assertEqual(rows.labels, data[:, 0].tolist())
        self.assertEqual(self.labels(data.tobytes(), 7)[0], data[:, 0].tolist())
        self.assertEqual(self.read(gzip.compress(data.tobytes())).raw, rows.raw)

    def test_black_start_is_not_idx(self):
        data = self.batch(3)
        data[0, :8] = [0, 0, 8, 3, 0, 0, 0, 1]
        self.assertEqual(self.read(data.tobytes()).format, "cifar")

    def test_hundred(self):
        data = self.batch(5, 2, 20)
        data[:, 1] = self.rng.integers(0, 100, 5)
        rows = self.read(data.tobytes())
        self.assertEqual(rows.raw, data[:, 2:].tobytes())
        self.assertEqual(rows.labels, data[:, 1].tolist())

    def test_folder(self):
        parts = [self.batch(3) for _ in range(5)]
        for i, part in enumerate(parts):
            self.put(part.tobytes(), f"c/data_batch_{i + 1}.bin")
        self.put(self.batch(2).tobytes(), "c/test_batch.bin")
        whole = np.concatenate(parts)
        rows = self.read(self.path("c"))
        self.assertEqual(rows.raw, whole[:, 1:].tobytes())
        self.assertEqual(rows.labels, whole[:, 0].tolist())
        self.put(parts[0].tobytes()[:-1], "c/data_batch_4.bin")
        self.refuse(self.path("c"), match="data_batch_4.bin: not a CIFAR-10 batch")
        os.unlink(self.path("c/data_batch_4.bin"))
        os.mkfifo(self.path("c/data_batch_4.bin"))     # which nobody writes into
        self.refuse(self.path("c"), match="data_batch_4.bin: expected a file")

    def test_wrong(self):
        data = self.batch(4)
        self.refuse(data.tobytes()[:-1])
        data[3, 0] = 10
        self.refuse(data.tobytes())


class Folder(Case):
    def test_grey(self):
        x = self.rng.integers(0, 256, (6, 5, 7), dtype="u1")
        for i, image in enumerate(x):
            self.put(png(image), f"d/{i}.png")
        self.put(b"notes", "d/readme.txt")
        self.put(b"no image", "d/.hidden.png")
        rows = self.read(self.path("d"))
        self.assertEqual((rows.format, rows.shape, rows.labels), ("folder", (5, 7), None))
        np.testing.assert_array_equal(rows.x, x)
        self.refuse(self.path("d"), match="no labels", command=("labels", 0))

    def test_classes(self):
        x = self.rng.integers(0, 256, (4, 8, 8, 3), dtype="u1")
        for name, image in zip(("b/2", "b/10", "a c/x", "d/y"), x):
            self.put(png(image), f"d/{name}.png")
        os.mkdir(self.path("d/empty"))
        rows = self.read(self.path("d"))
        np.testing.assert_array_equal(rows.x, x[[2, 1, 0, 3]])
        self.assertEqual((rows.labels, rows.names), ([0, 1, 1, 2], ["a c", "b", "d"]))
        self.assertEqual(self.labels(self.path("d"), 4), ([0, 1, 1, 2], 3, ["a c", "b", "d"]))
        self.put(png(x[0]), "d/top.png")
        self.refuse(self.path("d"), match="both beside and in")

    def test_content_not_name(self):
        x = self.rng.integers(0, 256, (2, 8, 8), dtype="u1")
        self.put(png(x[0]), "d/1.jpg")
        self.put(png(x[1]), "d/2")
        np.testing.assert_array_equal(self.read(self.path("d")).x, x)

    def test_png_kinds(self):
        grey = self.rng.integers(0, 256, (9, 10), dtype="u1")
        colour = self.rng.integers(0, 256, (9, 10, 3), dtype="u1")
        alpha = self.rng.integers(0, 256, (9, 10, 4), dtype="u1")
        palette = Image.fromarray(colour).quantize(16)
        bits = Image.fromarray(grey).convert("1")
        deep = self.rng.integers(0, 65536, (9, 10)).astype("u2")
        for content, expected in (
                (png(Image.fromarray(grey), optimize=True), grey),
                (png(colour), colour), (png(alpha), alpha[..., :3]),
                (png(Image.merge("LA", [Image.fromarray(grey)] * 2)), grey),
                (png(palette), np.array(palette.convert("RGB"))),
                (png(palette, transparency=3), np.array(palette.convert("RGB"))),
                (png(bits), np.array(bits.convert("L"))),
                (png(Image.fromarray(deep)), ((deep.astype("i8") * 255 + 32895) >> 16))):
            self.put(content, "d/1.png")
            np.testing.assert_array_equal(self.read(self.path("d")).x[0], expected)

    def test_gamma(self):
        # the samples as they are stored, whatever that chunk says
        grey = self.rng.integers(0, 256, (9, 10), dtype="u1")
        whole = png(grey)
        body = b"gAMA" + struct.pack(">I", 100000)
        chunk = struct.pack(">I", 4) + body + struct.pack(">I", zlib.crc32(body))
        self.put(whole[:33] + chunk + whole[33:], "d/1.png")
        np.testing.assert_array_equal(self.read(self.path("d")).x[0], grey)

    def test_jpeg(self):
        x = np.add.outer(np.arange(16), np.arange(24)).astype("u1") * 6
        colour = np.dstack([x, 255 - x, x // 2])
        for image, kwargs in ((x, {}), (colour, {}), (colour, {"progressive": True}),
                              (colour, {"subsampling": 2, "quality": 40})):
            content = jpeg(image, **kwargs)
            self.put(content, "d/1.jpg")
            np.testing.assert_array_equal(self.read(self.path("d")).x[0],
                                          np.array(Image.open(io.BytesIO(content))))
        out = io.BytesIO()
        Image.new("CMYK", (8, 8)).save(out, "JPEG")
        self.put(out.getvalue(), "d/1.jpg")
        self.refuse(self.path("d"), match="4 colours")

    def test_mixed(self):
        x = self.rng.integers(0, 256, (8, 8), dtype="u1")
        self.put(png(x), "d/1.png")
        for odd in (png(x[:7]), png(x[:, :7]), png(np.dstack([x] * 3)), jpeg(x[:4])):
            self.put(png(x), "d/2.png")
            self.put(odd, "d/3.png")
            self.put(png(x[:2]), "d/4.png")
            self.refuse(self.path("d"), match="d/3.png: ")

    def test_truncated(self):
        x = self.rng.integers(0, 256, (8, 8), dtype="u1")
        for whole in (png(x), jpeg(x)):
            for n in (0, 1, 8, 20, 40, len(whole) // 2, len(whole) - 13, len(whole) - 2):
                self.put(whole[:n], "d/1.png")
                self.refuse(self.path("d"), match="d/1.png: ")

    def test_huge(self):
        body = b"IHDR" + struct.pack(">IIBBBBB", 900000, 900000, 8, 2, 0, 0, 0)
        self.put(png(np.zeros((2, 2), "u1"))[:8] + struct.pack(">I", 13) + body +
                 struct.pack(">I", zlib.crc32(body)), "d/1.png")
        self.refuse(self.path("d"))
        self.put(png(np.zeros((100, 100), "u1")), "e/1.png")
        self.refuse(self.path("e"), "limit=5000", match="do not fit")

    def test_empty(self):
        os.mkdir(self.path("d"))
        self.refuse(self.path("d"), match="without PNG or JPEG")
        self.refuse(self.put(png(np.zeros((2, 2), "u1"))), match="single image")
        self.refuse(self.path("missing"), match="No such file")

if __name__ == "__main__":
    unittest.main()
