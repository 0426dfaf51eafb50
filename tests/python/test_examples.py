# SPDX-License-Identifier: GPL-2.0-only
"""The examples run, and what they print is so.

EXAMPLES names their folder.
"""
import importlib.util
import os
import re
import subprocess
import sys
import unittest

import numpy as np

EXAMPLES = os.environ["EXAMPLES"]


def said(name, *options):
    return subprocess.run([sys.executable, f"{EXAMPLES}/{name}.py", *map(str, options)],
                          check=True, stdout=subprocess.PIPE, text=True, timeout=400).stdout


class Examples(unittest.TestCase):
    def test_fashion_mnist(self):
        """Exemplars teach both models more than as many at random."""
        found = dict(re.findall(r"^(edited|random) .* regression ([\d.]+ %, network [\d.]+) %$",
                                said("fashion_mnist"), re.M))
        chosen, random = (list(map(float, found[rule].split(" %, network ")))
                          for rule in ("edited", "random"))
        for ours, theirs in zip(chosen, random):
            self.assertGreater(ours, theirs)
        self.assertGreater(min(chosen), 75)

    def test_text(self):
        """Exemplars are nearer to the texts than as many at random."""
        *lines, last = said("text", "--packages", "email", "unittest", "--count", 20).splitlines()
        self.assertEqual(len(lines), 20)
        count, texts, ours, random = re.fullmatch(
            r"(\d+) of (\d+) docstrings; distance to the nearest ([\d.]+), of as many at random "
            r"([\d.]+)", last).groups()
        self.assertEqual(int(count), 20)
        self.assertLess(float(ours), float(random))
        weights = sum(float(line.split()[0]) for line in lines)
        self.assertAlmostEqual(weights, int(texts), delta=2)

    def test_stream(self):
        found = said("stream", "--parts", 9, "--rows", 500, "--count", 40)
        self.assertIn("40 of 4500 rows in 9 parts, weights add up to 4500\n", found)
        ours, last = map(float, re.search(r"is ([\d.]+) from .*'s ([\d.]+)", found).groups())
        self.assertLess(ours, last / 5)

    def test_stream_holds_few(self):
        """After n parts as many sets as n has ones in binary, and all the mass."""
        spec = importlib.util.spec_from_file_location("stream", f"{EXAMPLES}/stream.py")
        stream = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(stream)
        sampler, rng = stream.StreamSampler(10), np.random.default_rng(0)
        for n in range(1, 20):
            sampler.add(rng.standard_normal((50, 4), np.float32))
            self.assertEqual(len(sampler.sets), bin(n).count("1"))
            self.assertAlmostEqual(float(sampler.result()[1].sum()), 50 * n, delta=0.01 * n)


if __name__ == "__main__":
    unittest.main()
