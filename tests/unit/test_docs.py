# SPDX-License-Identifier: GPL-2.0-only
"""The documentation is built without a warning, and has all of what programs may call.

NMS_BUILD: the build folder; NMS_TOP: the source's.
"""
import ast
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(os.environ["NMS_TOP"])


class Docs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.at = pathlib.Path(folder.name) / "html"
        cls.done = subprocess.run([TOP / "scripts/docs", os.environ["NMS_BUILD"], cls.at],
                                  capture_output=True, text=True, check=False)

    def ids(self, page):
        return set(re.findall(r'id="([^"]+)"', (self.at / page).read_text(encoding="utf-8")))

    def test_no_warning(self):
        self.assertEqual((self.done.returncode, self.done.stdout, self.done.stderr), (0, "", ""))

    def test_library(self):
        names = re.findall(r"^\t(nms_\w*[a-z]);",
                           (TOP / "userspace/lib/libnmsdev.map").read_text(encoding="utf-8"), re.M)
        self.assertGreater(len(names), 30)
        self.assertLessEqual({f"c.{n}" for n in names}, self.ids("api-libnmsdev.html"))

    def test_uapi(self):
        text = (TOP / "uapi/nms.h").read_text(encoding="utf-8")
        names = re.findall(r"^(?:struct|enum) (\w+) \{", text, re.M)
        self.assertGreater(len(names), 15)
        self.assertLessEqual({f"c.uapi.{n}" for n in names}, self.ids("api-uapi.html"))

    def test_python(self):
        """All that the modules call public is there, and with what is said of it."""
        ids = self.ids("api-python.html")
        for module in "nms", "nms.sklearn", "nms.torch", "nms.distributed":
            path = TOP / "userspace/python" / module.replace(".", "/")
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            (names,) = [ast.literal_eval(node.value) for node in ast.parse(path.read_text()).body
                        if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]
            self.assertLessEqual({f"{module}.{n}" for n in names}, ids)
        self.assertIn("Rows in memory.", (self.at / "api-python.html").read_text(encoding="utf-8"))

    def test_every_page_is_listed(self):
        index = (self.at / "index.html").read_text(encoding="utf-8")
        for page in (TOP / "Documentation").glob("*.rst"):
            if page.stem != "index":
                self.assertIn(f'href="{page.stem}.html"', index)


if __name__ == "__main__":
    unittest.main()
