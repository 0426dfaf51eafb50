# SPDX-License-Identifier: GPL-2.0-only
"""Wheel and sdist by meson-python, and what meson installs, outside of the source tree.

SOURCE names the source tree.
"""
import glob
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

SOURCE = os.environ["SOURCE"]
USE = """
import nms, numpy, os
x = numpy.random.default_rng(0).standard_normal((200, 5))
print(len(nms.sample(x, count=7)), os.path.dirname(nms.__file__))
"""


def run(*command, cwd, **env):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=900,
                          env={**os.environ, "PYTHONPATH": "", **env})
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    return done.stdout


def setUpModule():
    """The tree as git has it, changed or not, in a repository of its own: sdist asks git."""
    global folder, tree
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    tree = f"{folder.name}/tree"
    files = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], check=True,
                           capture_output=True).stdout
    os.mkdir(tree)
    subprocess.run(f"tar -C '{SOURCE}' --null --no-recursion -T - -cf - | tar -xf - -C '{tree}'",
                   shell=True, check=True, input=files)
    who = ("-c", "user.name=nobody", "-c", "user.email=nobody@localhost")
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "tree"]):
        run("git", *command, cwd=tree)


class Package(unittest.TestCase):
    def test_wheel(self):
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", cwd=tree)
        wheel, = glob.glob(f"{tree}/dist/*.whl")
        with zipfile.ZipFile(wheel) as inside:
            names = inside.namelist()
            self.assertFalse([n for n in names if not n.startswith("nms")], names)
            self.assertIn("nms/py.typed", names)
            self.assertTrue([n for n in names if n.startswith("nms/libnmsdev.so.0")], names)
            sources = {n for n in os.listdir(f"{SOURCE}/userspace/python/nms")
                       if n.endswith(".py")}
            self.assertLessEqual({f"nms/{n}" for n in sources}, set(names))
            inside.extractall(f"{folder.name}/site")
        said = run(sys.executable, "-c", USE, cwd=folder.name, NMSDEV_LIBRARY="",
                   PYTHONPATH=f"{folder.name}/site")
        self.assertEqual(said, f"7 {folder.name}/site/nms\n")

    def test_sdist(self):
        run(sys.executable, "-m", "build", "--sdist", "--no-isolation", cwd=tree)
        sdist, = glob.glob(f"{tree}/dist/*.tar.gz")
        with tarfile.open(sdist) as inside:
            names = {n.partition("/")[2] for n in inside.getnames()}
        self.assertLessEqual({"pyproject.toml", "meson.build", "PKG-INFO",
                              "userspace/python/nms/__init__.py",
                              "userspace/include/nmsdev.h"}, names)

    def test_install(self):
        """meson install -Dpython=install: where the system's Python looks."""
        build, root = f"{folder.name}/build", f"{folder.name}/root"
        run("/usr/bin/meson", "setup", build, "-Dpython=install", "-Dtests=disabled",
            "--prefix=/usr", cwd=tree)
        run("/usr/bin/meson", "install", "-C", build, "--destdir", root, cwd=tree)
        package, = glob.glob(f"{root}/usr/lib/python3*/**/nms", recursive=True)
        library, = glob.glob(f"{root}/usr/lib/**/libnmsdev.so.0", recursive=True)
        said = run(sys.executable, "-c", USE, cwd=folder.name, NMSDEV_LIBRARY="",
                   PYTHONPATH=os.path.dirname(package), LD_LIBRARY_PATH=os.path.dirname(library))
        self.assertEqual(said, f"7 {package}\n")


if __name__ == "__main__":
    unittest.main()
