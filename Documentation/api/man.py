#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""man.py HEADER FOLDER --date DATE: a page of section 3 for each public function of a
header, and libnmsdev.3, from their comments (see header.py).
man.py --names HEADER: how the files are called.
"""
import argparse
import pathlib
import re
import sys
import textwrap

import header

LIBRARY = "libnmsdev"
MARK = re.compile(r"(?P<open>[(\[]?)(?:@(?P<argument>\w+)|(?P<function>nms_\w+)\(\)|"
                  r"\b(?P<page>[a-z]+)\((?P<section>[2378])\))(?P<close>[.,:;)\]!?]*)")


def escaped(text):
    text = text.replace("\\", "\\e")
    text = re.sub(r"(?<![\w-])-(?=\w)", r"\\-", text)
    return "\\&" + text if text[:1] in (".", "'") else text


def lines(words):
    """A sentence begins a line."""
    return [escaped(line) for sentence in re.split(r"(?<=[.?!])\s+", words.strip())
            for line in textwrap.wrap(sentence, 78, break_long_words=False, break_on_hyphens=False)]


def macro(found):
    """The line of mdoc for a mark."""
    if found["argument"]:
        what = ["Fa", found["argument"]]
    elif found["function"]:
        what = ["Fn", found["function"]]
    else:
        what = ["Xr", found["page"], found["section"]]
    return "." + " ".join([what[0], *found["open"], *what[1:], *found["close"]])


def prose(words):
    """Lines of mdoc for a paragraph."""
    out, at = [], 0
    for found in MARK.finditer(words):
        out += lines(words[at:found.start()])
        line = macro(found)
        at = found.end()
        rest = re.match(r"\S+", words[at:])
        if rest:		# it goes on without a space
            line += " Ns " + rest[0].replace("\\", "\\e")
            at += rest.end()
        out.append(line)
    return out + lines(words[at:])


def literal(text):
    return [".Bd -literal", *(escaped(line.expandtabs(8)) for line in text.split("\n")), ".Ed"]


def title(words):
    """A summary as .Nd has it."""
    words = header.plain(words).rstrip("?")
    if words[1:2].islower() or words[1:2] == " ":
        words = words[0].lower() + words[1:]
    return escaped(words)


def used(item, items):
    """The structures and enumerations that its arguments are, in order."""
    names = re.findall(r"(?:struct|enum) (\w+)", " ".join(kind for kind, _ in item.arguments) +
                       " " + item.returns)
    return [i for n in dict.fromkeys(names) for i in items
            if i.kind in ("struct", "enum") and i.name == n]


def begin(name, summary, date):
    return ['.\\" SPDX-License-Identifier: LGPL-2.1-or-later',
            '.\\" Made from nmsdev.h.', f".Dd {date}", f".Dt {name.upper()} 3", ".Os",
            ".Sh NAME", f".Nm {name}", f".Nd {summary}",
            ".Sh LIBRARY", f"{LIBRARY}, \\-lnmsdev", ".Sh SYNOPSIS", ".In nmsdev.h"]


def page(item, items, general, date):
    c = item.comment
    out = begin(item.name, title(c.summary), date)
    out += [f".Ft {item.returns}", f".Fo {item.name}"]
    out += [f'.Fa "{kind}{"" if kind.endswith("*") else " "}{name}"'
            for kind, name in item.arguments]
    if not item.arguments:
        out.append(".Fa void")
    out += [".Fc", ".Sh DESCRIPTION"]
    for i, paragraph in enumerate(c.paragraphs):
        out += ([".Pp"] if i else []) + prose(paragraph)
    if item.arguments:
        out += [".Bl -tag -width Ds"]
        for _, name in item.arguments:
            out += [f".It Fa {name}", *prose(c.fields[name])]
        out += [".El"]
    for struct in used(item, items):
        for paragraph in struct.comment.paragraphs:
            out += [".Pp", *prose(paragraph)]
        out += literal(struct.text)
    if c.returns:
        out += [".Sh RETURN VALUES", *prose(c.returns)]
    out += [".Sh THREADS", *prose(c.threads or general)]
    out += [".Sh SEE ALSO", f".Xr {LIBRARY} 3", ""]
    return "\n".join(out)


def overview(own, items, date):
    name, summary = own.paragraphs[0].split(" - ", 1)
    out = begin(LIBRARY, summary, date) + [".Sh DESCRIPTION"]
    for i, paragraph in enumerate(own.paragraphs[1:]):
        out += ([".Pp"] if i else []) + prose(paragraph)
    for item in items:
        if item.kind == "section":
            out += [f".Ss {item.text[0].upper() + item.text[1:]}"]
        elif item.kind == "enum" and item.name == "nms_cause":
            out += [*prose(item.comment.paragraphs[0]), *literal(item.text), ".Pp"]
        elif item.kind == "function" and not item.name.endswith("_"):
            out += [f".Xr {item.name} 3 :", *lines(title(item.comment.summary) + "."), ".br"]
    out = [line for i, line in enumerate(out)
           if line != ".br" or i + 1 < len(out) and not out[i + 1].startswith(".Ss")]
    if out[-1] == ".br":
        out.pop()
    return "\n".join(out + [".Sh SEE ALSO", ".Xr nmsctl 1", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--date")
    parser.add_argument("header")
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    args = parser.parse_args()
    own, items = header.read(args.header)
    functions = [i for i in items if i.kind == "function" and not i.name.endswith("_")]
    if args.names:
        print("\n".join([f"{LIBRARY}.3", *(f"{i.name}.3" for i in functions)]))
        return 0
    try:
        header.check(args.header, items)
    except header.Undocumented as e:
        print(e, file=sys.stderr)
        return 1
    general = next(p for p in own.paragraphs if p.startswith("Threads.")).split(None, 1)[1]
    for item in functions:
        (args.folder / f"{item.name}.3").write_text(page(item, items, general, args.date),
                                                     encoding="utf-8")
    (args.folder / f"{LIBRARY}.3").write_text(overview(own, items, args.date), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
