# SPDX-License-Identifier: GPL-2.0-only
"""Documentation/security.rst: each test that it names is there."""
import pathlib
import re
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGE = TOP / "Documentation/security.rst"


def tests_in_c():
    """fixture.test, as the kernel's harness prints them."""
    for path in (TOP / "tests/kselftest").glob("*.c"):
        text = path.read_text()
        for match in re.finditer(r"^TEST_F(?:_TIMEOUT)?\((\w+), (\w+)", text, re.M):
            yield f"{match[1]}.{match[2]}"
        for match in re.finditer(r"^TEST\((\w+)\)", text, re.M):
            yield f"global.{match[1]}"


def tests_in_python():
    for folder in ("unit", "pcie"):
        for path in (TOP / "tests" / folder).glob("test_*.py"):
            name = None
            for line in path.read_text().splitlines():
                match = re.match(r"class (\w+)|    def (test_\w+)", line)
                if match and match[1]:
                    name = match[1]
                elif match:
                    yield f"{name}.{match[2]}"


class Page(unittest.TestCase):
    def test_tests_are_there(self):
        there = {*tests_in_c(), *tests_in_python()}
        named = re.findall(r"``(\w+\.(?!rst\b)\w+)``", PAGE.read_text())
        self.assertGreater(len(named), 50)
        self.assertEqual([name for name in named if name not in there], [])


if __name__ == "__main__":
    unittest.main()
