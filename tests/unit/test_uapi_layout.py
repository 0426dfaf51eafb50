# SPDX-License-Identifier: GPL-2.0-only
"""Structures between program, kernel and device: the same for 32 bits as for 64."""
import os
import re
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree as xml

UAPI = os.environ["NMS_UAPI"]
LAYOUT = os.environ["NMS_LAYOUT"]
CC = os.environ["CC"].split()
HEADERS = ("nms.h", "nms_hw.h")


def source(header):
    with open(os.path.join(UAPI, header)) as file:
        return file.read()


def structures(header):
    return re.findall(r"^struct (nms_\w+) \{", source(header), re.M)


def compile_text(text, option, path):
    subprocess.run([*CC, option, "-g", "-fPIC", "-shared", "-nostdlib", "-I", UAPI, "-x", "c", "-", "-o", path],
                   input=text, text=True, check=True)


def members(type_, types, at=0):
    """(name, offset in bits, type), those of anonymous members as well."""
    for member in type_.findall("data-member"):
        offset = at + int(member.get("layout-offset-in-bits", 0))
        declared = member.find("var-decl")
        yield declared.get("name"), offset
        inner = types.get(declared.get("type-id"))
        if not declared.get("name") and inner is not None:
            yield from members(inner, types, offset)


def layout(header, option):
    """Size and members of each structure, as the compiler has it."""
    text = f'#include "{header}"\n' + "".join(
        f"void see_{name}(struct {name} *p);\nvoid see_{name}(struct {name} *p) {{ (void)p; }}\n"
        for name in structures(header))
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "layout.so")
        compile_text(text, option, library)
        dump = subprocess.run(["abidw", library], check=True, capture_output=True, text=True).stdout
    root = xml.fromstring(dump)
    types = {type_.get("id"): type_ for tag in ("class-decl", "union-decl") for type_ in root.iter(tag)}
    return {type_.get("name"): (int(type_.get("size-in-bits")) // 8, list(members(type_, types)))
            for type_ in types.values() if (type_.get("name") or "").startswith("nms_")}


class Layout(unittest.TestCase):
    def test_same_for_32_bits(self):
        for header in HEADERS:
            wide, narrow = layout(header, "-m64"), layout(header, "-m32")
            self.assertGreater(len(structures(header)), 10)
            self.assertEqual(set(wide), set(structures(header)))
            self.assertEqual(wide, narrow)

    def test_a_difference_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "bad.h"), "w") as out:
                out.write("struct nms_bad {\n\tunsigned int first;\n\tunsigned long long second;\n};\n")
            bad = os.path.join(folder, "bad.h")
            self.assertNotEqual(layout(bad, "-m64"), layout(bad, "-m32"))

    def test_as_it_was(self):
        """nms_layout.h is assertions; it has all structures of nms.h."""
        with open(LAYOUT) as file:
            held = set(re.findall(r"^SIZE_OF\((\w+),", file.read(), re.M))
        self.assertEqual(held, set(structures("nms.h")))
        with tempfile.TemporaryDirectory() as folder:
            for option in ("-m64", "-m32"):
                compile_text(f'#include "{LAYOUT}"\n', option, os.path.join(folder, "layout.so"))


if __name__ == "__main__":
    unittest.main()
