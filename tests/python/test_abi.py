# SPDX-License-Identifier: GPL-2.0-only
"""What nms/_abi.py says of nmsdev.h is what the C compiler makes of it.

NMS_HEADER names the header, CC the compiler.
"""
import ctypes
import os
import re
import subprocess
import tempfile
import unittest

from nms import _abi

HEADER = os.environ["NMS_HEADER"]
CC = os.environ["CC"].split()


def names(structure):
    """Of all members, those of anonymous ones too."""
    for name, kind in structure._fields_:
        if name in getattr(structure, "_anonymous_", ()):
            yield from names(kind)
        else:
            yield name


def compiled(lines):
    """What a program prints that has these lines in main()."""
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/abi.c", "w") as f:
            f.write('#include <stddef.h>\n#include <stdio.h>\n#include "nmsdev.h"\n'
                    "int main(void)\n{\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
        subprocess.run([*CC, "-I", os.path.dirname(HEADER), f"{folder}/abi.c",
                        "-o", f"{folder}/abi"], check=True)
        return subprocess.run([f"{folder}/abi"], check=True, capture_output=True,
                              text=True).stdout.splitlines()


def source():
    with open(HEADER) as f:
        return re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)


def declared_members(name):
    """How many members the header gives a structure."""
    body = re.search(r"struct %s \{(.*?)\n\}" % name, source(), re.S)[1]
    return sum(declaration.count(",") + 1 for declaration in body.split(";") if declaration.strip())


class Structures(unittest.TestCase):
    def test_sizes_and_offsets(self):
        lines, ours = [], []
        for structure in _abi.STRUCTURES:
            name = structure.__name__
            lines.append(f'printf("{name} %zu\\n", sizeof(struct {name}));')
            ours.append(f"{name} {ctypes.sizeof(structure)}")
            for member in names(structure):
                field = getattr(structure, member)
                lines.append(f'printf("{name}.{member} %zu %zu\\n", '
                             f"offsetof(struct {name}, {member}), "
                             f"sizeof(((struct {name} *)0)->{member}));")
                ours.append(f"{name}.{member} {field.offset} {field.size}")
        self.assertGreater(len(ours), 150)
        self.assertEqual(compiled(lines), ours)

    def test_no_member_is_missing(self):
        for structure in _abi.STRUCTURES:
            if structure is not _abi.nms_command:       # has commands that are not used here
                self.assertEqual(len(structure._fields_),
                                 declared_members(structure.__name__), structure.__name__)

    def test_kinds(self):
        """Numbers are of the sign and kind that they have in C."""
        tell = ("_Generic((((struct %s *)0)->%s), float: 'f', double: 'f', int: 'i', "
                "unsigned int: 'u', unsigned long: 'u', default: '-')")
        kinds = {ctypes.c_float: "f", ctypes.c_double: "f", ctypes.c_int: "iu",
                 ctypes.c_uint32: "u", ctypes.c_uint64: "u", ctypes.c_size_t: "u"}
        asked = [(s.__name__, name, kinds[kind]) for s in _abi.STRUCTURES
                 for name, kind in s._fields_ if kind in kinds]
        lines = [f'printf("%c\\n", {tell % (structure, name)});' for structure, name, _ in asked]
        for (structure, name, kind), found in zip(asked, compiled(lines)):
            self.assertIn(found, kind, f"{structure}.{name}")


class Constants(unittest.TestCase):
    def test_numbers(self):
        pairs = {f"NMS_{name}": getattr(_abi, name) for name in
                 ("U8", "I8", "F16", "BF16", "F32", "F64", "U32", "OP_WRITE", "OP_READ",
                  "OP_REDUCE", "OP_EMBED", "READ", "WRITE", "NPHASES", "NDOMAINS")}
        pairs["NMS_NCAUSES"] = len(_abi.CAUSES)
        for prefix, words in (("CAUSE", {w: i for i, w in enumerate(_abi.CAUSES)}),
                              ("ENERGY", {w: i for i, w in enumerate(_abi.DOMAINS)}),
                              ("SEARCH", _abi.SEARCHES), ("NEIGHBOURS", _abi.NEIGHBOURS),
                              ("RULE", _abi.RULES), ("BUDGET", _abi.BUDGETS)):
            pairs.update({f"NMS_{prefix}_{word.upper()}": n for word, n in words.items()})
        lines = [f'printf("{name} %d\\n", (int){name});' for name in pairs]
        self.assertEqual(compiled(lines), [f"{name} {n}" for name, n in pairs.items()])


class Functions(unittest.TestCase):
    C_TYPES = {
        ctypes.c_int: "int", ctypes.c_uint: "unsigned int", ctypes.c_size_t: "unsigned long",
        ctypes.c_char_p: "const char *", ctypes.c_void_p: "pointer", None: "void",
    }

    def of_header(self, name):
        """What a function returns and takes: pointers to structures are "pointer"."""
        returns, takes = re.search(r"^([\w \*]+?)\b%s\(([^()]*)\);" % name, source(),
                                   re.S | re.M).groups()
        if takes.strip() == "void":
            takes = ""
        return [self.plain(t) for t in [returns, *filter(None, takes.split(","))]]

    def plain(self, text):
        text = " ".join(text.split())
        if "char *" in text:
            return "const char *"
        if "*" in text:
            return "pointer"
        for word, plain in (("uint64_t", "unsigned long"), ("size_t", "unsigned long"),
                            ("uint32_t", "unsigned int"), ("unsigned int", "unsigned int"),
                            ("enum", "int"), ("int", "int"), ("void", "void")):
            if text.startswith(word):
                return plain
        self.fail(f"{text}: unknown")

    def test_what_they_take_and_return(self):
        for name, (returns, takes) in _abi.FUNCTIONS.items():
            ours = [self.C_TYPES.get(kind, "pointer") for kind in (returns, *takes)]
            self.assertEqual(ours, self.of_header(name), name)


if __name__ == "__main__":
    unittest.main()
