# SPDX-License-Identifier: GPL-2.0-only
"""Files changed at random; worth most under the sanitizers."""
import gzip
import io
import os
import subprocess
import unittest

import numpy as np
from PIL import Image

from readers import Case, FUZZ, idx, jpeg, npy, png


class Damaged(Case):
    """Files changed at random; worth most under the sanitizers."""

    def seeds(self):
        x = self.rng.integers(0, 256, (6, 5, 4), dtype="u1")
        f = self.rng.standard_normal((10, 4))
        colour = self.rng.integers(0, 256, (7, 6, 3), dtype="u1")
        smooth = np.add.outer(np.arange(16), np.arange(24)).astype("u1") * 6
        smooth = np.dstack([smooth, smooth // 2, 255 - smooth])
        batch = self.rng.integers(0, 256, (2, 3073), dtype="u1")
        batch[:, 0] = [3, 4]
        yield npy(f.astype("f4"))
        yield npy(np.arange(20))
        yield idx(x, 8)
        yield gzip.compress(idx(x, 8))
        for save in (np.savez, np.savez_compressed):
            out = io.BytesIO()
            save(out, x=f, y=np.arange(10))
            yield out.getvalue()
        yield b"a,b,label\n" + b"".join(b'%d,%.3f,"k%d"\r\n' % (i, i / 7, i % 3) for i in range(20))
        yield b"3\n1\n2\n" * 5
        yield b'{"exemplars": [{"index": 3, "weight": 1.5}, {"index": 4}]}'
        yield batch.tobytes()
        yield png(x[0])
        yield png(colour)
        yield png(Image.fromarray(colour).quantize(8), transparency=1)
        yield jpeg(smooth[..., 0])
        yield jpeg(smooth, progressive=True)

    def test_random_changes(self):
        paths = [self.put(seed, f"seed-{i}") for i, seed in enumerate(self.seeds())]
        count = os.environ.get("DATASET_FUZZ_COUNT", "400")
        done = subprocess.run([FUZZ, "1", count, *paths], capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"\n"), len(paths))

if __name__ == "__main__":
    unittest.main()
