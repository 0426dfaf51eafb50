# SPDX-License-Identifier: GPL-2.0-only
"""What libnmsdev.so exports is what nmsdev.h declares, under a version, and nothing else."""
import os
import re
import subprocess
import unittest

LIB = os.environ["NMS_LIB"]
HEADER = os.environ["NMS_HEADER"]


def declared():
    with open(HEADER) as f:
        text = f.read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^#.*(\\\n.*)*", "", text, flags=re.M)
    return set(re.findall(r"\b(nms_\w+)\s*\([^()]*\)\s*;", text))


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Abi(unittest.TestCase):
    def setUp(self):
        lines = [l.split() for l in run("nm", "-D", "--defined-only", LIB).splitlines()]
        self.symbols = [(l[-2], l[-1]) for l in lines]

    def test_exports(self):
        names = {name.split("@")[0] for kind, name in self.symbols if kind != "A"}
        self.assertGreater(len(declared()), 30)
        self.assertEqual(names, declared())

    def test_version_node(self):
        for kind, name in self.symbols:
            self.assertTrue(kind == "A" or name.endswith("@@NMSDEV_0.1"), name)

    def test_soname(self):
        self.assertIn("[libnmsdev.so.0]", run("readelf", "-d", LIB))


if __name__ == "__main__":
    unittest.main()
