#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write the energy profiles into a C file: embed.py OUTPUT PROFILE.json..."""
import json
import pathlib
import sys


def c_lines(text):
    """The text as C string literals, one for each line."""
    for line in text.splitlines():
        quoted = line.replace("\\", "\\\\").replace('"', '\\"')
        yield f'\t"{quoted}\\n"'


def main(output, *paths):
    out = ["// SPDX-License-Identifier: LGPL-2.1-or-later",
           "// Made by embed.py from the profiles in energy/.",
           '#include "energy.h"', "",
           "const struct energy_builtin energy_builtins[] = {"]
    for path in map(pathlib.Path, paths):
        text = path.read_text(encoding="ascii")
        if json.loads(text)["name"] != path.stem:
            sys.exit(f"{path}: name differs from the file's")
        out += [f'\t{{ "{path.stem}",', *c_lines(text), "\t},"]
    out += ["};", "const size_t energy_nbuiltins = "
            "sizeof(energy_builtins) / sizeof(energy_builtins[0]);"]
    pathlib.Path(output).write_text("\n".join(out) + "\n", encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
