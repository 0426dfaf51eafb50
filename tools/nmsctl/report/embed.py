#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the page into a C file: embed.py OUTPUT page.html page.css SCRIPT.js...

Style and scripts take the places of @STYLE@ and @SCRIPT@; the page is cut at @DATA@.
"""
import pathlib
import sys


def literal(name, text):
    """Bytes as C numbers: a string of this length is beyond what C promises."""
    numbers = [*text.encode("utf-8"), 0]
    lines = [", ".join(map(str, numbers[i:i + 20])) for i in range(0, len(numbers), 20)]
    return f"const char {name}[] = {{\n\t" + ",\n\t".join(lines) + "\n};\n"


def main(output, page, style, *scripts):
    page, style, *scripts = (pathlib.Path(p).read_text(encoding="utf-8")
                             for p in (page, style, *scripts))
    whole = "\n".join(scripts)
    if "</script" in whole.lower() or "</style" in style.lower():
        sys.exit("embed.py: a script or the style would end its element")
    for mark, text in (("@STYLE@", style), ("@SCRIPT@", whole)):
        if page.count(mark) != 1:
            sys.exit(f"embed.py: expected {mark} once in the page")
        page = page.replace(mark, text)
    head, tail = page.split("@DATA@\n")
    pathlib.Path(output).write_text(
        "// SPDX-License-Identifier: GPL-2.0-only\n// Made by embed.py from report/.\n"
        'extern const char page_head[], page_tail[];\n\n' + literal("page_head", head) + literal("page_tail", tail),
        encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
