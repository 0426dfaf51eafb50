# SPDX-License-Identifier: GPL-2.0-only
"""scripts/tally: the tests of all that is run, counted, and what the failed ones said."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

TALLY = pathlib.Path(__file__).resolve().parents[2] / "scripts/tally"

GUEST = """# kernel 6.1
1..3
# ok 1 load
ok 1 - module
# #  RUN           matrix.idle.dma ...
# # nms_matrix.c:341:dma:Expected 0 (0) == self->backwards (1)
# not ok 7 matrix.idle.dma
# log: WARNING: CPU: 0
not ok 2 - matrix # status 1
ok 3 - lost # SKIP
"""


def test(name, result, stdout="", stderr=""):
    return {"name": name, "result": result, "stdout": stdout, "stderr": stderr}


class Tally(unittest.TestCase):
    def tally(self, *tests, tap=None):
        """The exit status and the lines, of a build directory and of a file of TAP."""
        with tempfile.TemporaryDirectory() as folder:
            at = pathlib.Path(folder)
            (at / "build/meson-logs").mkdir(parents=True)
            log = "".join(json.dumps(t) + "\n" for t in tests)
            (at / "build/meson-logs/testlog.json").write_text(log)
            sources = ["build"]
            if tap is not None:
                (at / "lint.tap").write_text(tap)
                sources.append("lint.tap")
            done = subprocess.run([sys.executable, TALLY, *sources], cwd=at, capture_output=True,
                                  text=True, check=False)
            self.assertEqual(done.stderr, "")
            return done.returncode, done.stdout.splitlines()

    def test_all_pass(self):
        status, lines = self.tally(test("a", "OK"), tap="1..2\nok 1 - x\nok 2 - y # SKIP none\n")
        self.assertEqual((status, lines),
                         (0, ["skipped: lint.tap: y", "2 passed, 0 failed, 1 skipped"]))

    def test_failed_in_a_guest(self):
        status, lines = self.tally(test("vm", "ERROR", GUEST))
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["failed: build: vm: matrix (FAIL)",
                                 "    # # nms_matrix.c:341:dma:Expected 0 (0) == self->backwards (1)",
                                 "    # not ok 7 matrix.idle.dma",
                                 "    # log: WARNING: CPU: 0",
                                 "    # status 1",
                                 "skipped: build: vm: lost",
                                 "1 passed, 1 failed, 1 skipped"])

    def test_failed_one_after_the_other(self):
        tap = "1..3\n# a.c:1: bad\nnot ok 1 - a # status 1\nok 2 - b # 3 s\n# c.c:2: worse\nnot ok 3 - c\n"
        self.assertEqual(self.tally(test("x", "OK"), tap=tap)[1],
                         ["failed: lint.tap: a (FAIL)", "    # a.c:1: bad", "    # status 1",
                          "failed: lint.tap: c (FAIL)", "    # c.c:2: worse",
                          "2 passed, 2 failed, 0 skipped"])

    def test_failed_by_itself(self):
        status, lines = self.tally(test("unit", "FAIL", "a\n" * 100, "AssertionError: 1 != 2\n"))
        self.assertEqual(status, 1)
        self.assertIn("    AssertionError: 1 != 2", lines)
        self.assertLess(len(lines), 40)

    def test_cut_short(self):
        status, lines = self.tally(test("vm", "TIMEOUT", "1..3\nok 1 - x\n# the last word\n"))
        self.assertEqual(status, 1)
        self.assertEqual(lines, ["failed: build: vm: plan (1 results, not 3)", "    # the last word",
                                 "1 passed, 1 failed, 0 skipped"])

    def test_nothing_ran(self):
        self.assertEqual(self.tally(), (1, ["0 passed, 0 failed, 0 skipped"]))


if __name__ == "__main__":
    unittest.main()
