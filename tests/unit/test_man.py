# SPDX-License-Identifier: GPL-2.0-only
"""The pages of section 3: one for each function that libnmsdev exports, without a fault, and
what its comment must say.

NMS_LIB, NMS_HEADER: the library and its header; NMS_MAN: where the pages were made; NMS_BUILD:
the build folder; NMS_MAN_PY: what makes them.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HEADER = pathlib.Path(os.environ["NMS_HEADER"])
PAGES = pathlib.Path(os.environ["NMS_MAN"])
BROKEN = {
    "no comment: expected what it is for":
        "int nms_f(int a);\n",
    "@a: expected what it is":
        "/**\n * Do it.\n * Return: 0.\n */\nint nms_f(int a);\n",
    "@b: no such argument":
        "/**\n * Do it.\n * @a: one.\n * @b: two.\n * Return: 0.\n */\nint nms_f(int a);\n",
    "Return: expected what it returns, and its errors":
        "/**\n * Do it.\n * @a: one.\n */\nint nms_f(int a);\n",
    "its first sentence has":
        f"/**\n * Do {'it and ' * 15} more.\n * @a: one.\n * Return: 0.\n */\nint nms_f(int a);\n",
}


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", os.environ["NMS_LIB"]], check=True,
                         capture_output=True, text=True).stdout
    names = re.findall(r" T (nms_\w+?)(?:@|$)", out, re.M)
    return sorted(n for n in names if not n.endswith("_"))


class Pages(unittest.TestCase):
    def test_one_for_each_function(self):
        self.assertGreater(len(exported()), 30)
        self.assertEqual(sorted(p.stem for p in PAGES.glob("nms_*.3")), exported())
        self.assertTrue((PAGES / "libnmsdev.3").exists())
        overview = (PAGES / "libnmsdev.3").read_text(encoding="utf-8")
        for name in exported():
            self.assertIn(f".Xr {name} 3", overview)

    def test_installed(self):
        command = ["/usr/bin/meson", "introspect", "--installed", os.environ["NMS_BUILD"]]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        there = {pathlib.Path(to).parts[-2:] for to in json.loads(out).values()}
        for name in [*exported(), "libnmsdev"]:
            self.assertIn(("man3", f"{name}.3"), there)

    def test_without_fault(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *sorted(PAGES.glob("*.3"))],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout + done.stderr, "")

    def test_synopsis(self):
        """What a page shows is what the compiler sees."""
        code = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(encoding="utf-8"), flags=re.S)
        code = " ".join(code.split())
        for name in exported():
            shown = subprocess.run(["mandoc", "-T", "ascii", PAGES / f"{name}.3"], check=True,
                                   capture_output=True, text=True).stdout
            shown = " ".join(re.sub(".\b", "", shown).split())
            synopsis = shown.split("#include <nmsdev.h> ")[1].split(" DESCRIPTION")[0]
            self.assertIn(re.sub(r"\* (?=nms_)", "*", synopsis), code)
            for section in "RETURN VALUES", "THREADS", "SEE ALSO":
                if section != "RETURN VALUES" or not synopsis.startswith("void "):
                    self.assertIn(section, shown)


class Comments(unittest.TestCase):
    def test_that_say_too_little(self):
        """A line that says where and what, and no page."""
        for wanted, text in BROKEN.items():
            with tempfile.TemporaryDirectory() as folder:
                at = pathlib.Path(folder)
                (at / "x.h").write_text(f"/** x.h - x\n *\n * Threads.  Any. */\n{text}",
                                        encoding="utf-8")
                done = subprocess.run([sys.executable, os.environ["NMS_MAN_PY"], "--date", "x",
                                       at / "x.h", at], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertRegex(done.stderr, rf"x\.h:\d+: nms_f: {re.escape(wanted)}")
                self.assertEqual(list(at.glob("*.3")), [])


if __name__ == "__main__":
    unittest.main()
