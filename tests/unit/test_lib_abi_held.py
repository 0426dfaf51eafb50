# SPDX-License-Identifier: GPL-2.0-only
"""What programs were built against still holds: nmsdev.h beside the dumps of release 0.1.

The dumps (libnmsdev-0.1-*.abi, beside the library) are libabigail's, of a library that has the
functions of the header and no code in them: test_lib_abi.py sees to it that the real one has
the same.  With --write FOLDER they are made anew, for a release.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

HEADER = os.environ["NMS_HEADER"]
FOLDER = os.environ["NMS_ABI"]
MAP = os.path.join(FOLDER, "libnmsdev.map")
CC = os.environ["CC"].split()
RELEASE = "0.1"
MACHINES = {"x86-64": "-m64", "i386": "-m32"}


def source():
    with open(HEADER) as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def build(text, option, path):
    """A library with a body for each function that is declared.

    Without the number of causes, which grows with them.
    """
    text = re.sub(r",\s*NMS_NCAUSES\b", "", text)
    text = re.sub(r"(\bnms_\w+\s*\([^()]*\))\s*;", r"\1 { __builtin_trap(); }", text)
    subprocess.run([*CC, option, "-g", "-fPIC", "-shared", "-nostdlib", "-x", "c", "-", "-o", path,
                    "-Wl,--version-script=" + MAP, "-Wl,-soname,libnmsdev.so.0"],
                   input=text, text=True, check=True)


def dump(library, path):
    subprocess.run(["abidw", "--no-show-locs", "--no-comp-dir-path", "--no-corpus-path",
                    "--type-id-style", "hash", "--out-file", path, library], check=True)


def baseline(machine):
    return os.path.join(FOLDER, f"libnmsdev-{RELEASE}-{machine}.abi")


def growing():
    """Structures that tell their size, and may therefore grow at their end."""
    return re.findall(r"struct (nms_\w+) \{\s*size_t size;", source())


class Held(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.rules = os.path.join(self.folder, "rules")
        self.assertGreater(len(growing()), 5)
        with open(self.rules, "w") as out:
            out.write("[suppress_type]\n type_kind = struct\n has_data_member_inserted_at = end\n"
                      f" name_regexp = ^({'|'.join(growing())})$\n")

    def differences(self, text, machine="x86-64"):
        """What breaks programs of the release when the header reads like this; empty: nothing."""
        library = os.path.join(self.folder, "libnmsdev.so")
        build(text, MACHINES[machine], library)
        done = subprocess.run(["abidiff", "--suppr", self.rules, "--no-added-syms", baseline(machine),
                               library], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode & 3, 0, done.stderr)
        return done.stdout if done.returncode else ""

    def changed(self, pattern, replacement):
        text, count = re.subn(pattern, replacement, source(), count=1, flags=re.S)
        self.assertEqual(count, 1, pattern)
        return self.differences(text)

    def test_64_bits(self):
        self.assertEqual(self.differences(source()), "")

    def test_32_bits(self):
        self.assertEqual(self.differences(source(), "i386"), "")

    def test_growth_is_allowed(self):
        self.assertEqual(self.changed(r"(struct nms_sample_params \{.*?)\n\};", r"\1\n\tuint64_t more;\n};"), "")
        self.assertEqual(self.changed(r"NMS_NCAUSES", "NMS_CAUSE_MORE, NMS_NCAUSES"), "")
        self.assertEqual(self.changed(r"(const char \*nms_version\(void\);)", r"\1 int nms_more(int x);"), "")

    def test_what_breaks_is_seen(self):
        self.assertIn("first", self.changed(r"(struct nms_sample_params \{)", r"\1\n\tuint32_t first;"))
        self.assertIn("near_size", self.changed(r"uint64_t near_size;", "uint32_t near_size;"))
        self.assertIn("more", self.changed(r"(struct nms_matrix \{.*?)\n\};", r"\1\n\tuint64_t more;\n};"))
        self.assertIn("NMS_CAUSE_URI", self.changed(r"NMS_CAUSE_URI,", ""))
        self.assertIn("nms_version", self.changed(r"const char \*nms_version\(void\);", ""))
        self.assertIn("nms_job_cancel", self.changed(r"(nms_job_cancel\([^()]*)\)", r"\1, int more)"))


def write(folder):
    with tempfile.TemporaryDirectory() as aside:
        library = os.path.join(aside, "libnmsdev.so")
        for machine, option in MACHINES.items():
            build(source(), option, library)
            dump(library, os.path.join(folder, os.path.basename(baseline(machine))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2])
    else:
        unittest.main()
