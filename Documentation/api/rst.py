# SPDX-License-Identifier: GPL-2.0-only
"""A header of ours as reStructuredText, from its comments (see header.py)."""
import re

import header

MARK = re.compile(r"@(?P<argument>\w+)|(?P<function>\bnms_\w+)\(\)|"
                  r"\b(?P<kind>struct|enum) (?P<type>nms_\w+)|"
                  r"(?P<word>\"[^\"]*\"|-E[A-Z]+\b|\b_?[A-Z][A-Z0-9]*_[A-Z0-9_]*\b(?:\(\))?|"
                  r"\b\w+_\b|\b\w+_\w+\b(?:\(\))?)")


def escaped(text):
    return re.sub(r"([\\*`|_])", r"\\\1", text)


class Writer:
    """
    In C a structure and a function may share a name, in Sphinx not: the structure is
    then in a scope of its own.
    """

    def __init__(self, items):
        self.functions = {i.name for i in items if i.kind == "function"}
        self.types = {i.name for i in items if i.kind in ("struct", "enum")} - self.functions

    def mark(self, found):
        if found["argument"]:
            return f"``{found['argument']}``"
        if found["function"] in self.functions:
            return f":c:func:`{found['function']}`"
        if found["type"] in self.types:
            return f":c:{found['kind']}:`{found['kind']} {found['type']} <{found['type']}>`"
        return f"``{found[0]}``"

    def prose(self, words):
        """Marks side by side with other characters are told from them by an escape."""
        out, at = "", 0
        for found in MARK.finditer(words):
            before = escaped(words[at:found.start()])
            out += before + ("\\ " if re.search(r"[^\s'\"(\[{</:-]$", before) else "")
            out += self.mark(found)
            at = found.end()
            if re.match(r"[^\s.,:;!?)\]}'\"/-]", words[at:]):
                out += "\\ "
        return out + escaped(words[at:])

    def paragraphs(self, comment):
        return [line for p in comment.paragraphs for line in (self.prose(p), "")]

    def fields(self, names, comment):
        out = []
        for name in names:
            if name in comment.fields:
                out.append(f":param {name}: {self.prose(comment.fields[name])}")
        return out

    def function(self, item):
        c = item.comment
        signature = " ".join(item.text.rstrip(";").split())
        body = self.paragraphs(c) + self.fields([n for _, n in item.arguments], c)
        if c.returns:
            body.append(f":returns: {self.prose(c.returns)}")
        if c.threads:
            body += ["", f"*Threads:* {self.prose(c.threads)}"]
        return [f".. c:function:: {signature}", "", *("   " + line for line in body), ""]

    def code(self, item):
        return ["   .. code-block:: c", "",
                *("      " + line.expandtabs(8) for line in item.text.split("\n")), ""]

    def definition(self, item):
        """A structure, an enumeration, a type or a macro as it stands there."""
        directive = {"struct": "c:struct", "enum": "c:enum", "typedef": "c:type",
                     "macro": "c:macro"}[item.kind]
        c = item.comment
        body = self.paragraphs(c)
        for name, text in c.fields.items():
            body += [f"``{name}``", f"   {self.prose(text)}", ""]
        if item.kind == "struct" and item.name in self.functions:
            begin, end = [".. c:namespace-push:: tag", ""], [".. c:namespace-pop::", ""]
        else:
            begin = end = []
        return [*begin, f".. {directive}:: {item.name}", "", *("   " + line for line in body), "",
                *self.code(item), *end]

    def page(self, title, own, items, licence, scope):
        rule = "=" * len(title)
        out = [f".. SPDX-License-Identifier: {licence}", "", rule, title, rule, ""]
        for p in own.paragraphs:
            out += [self.prose(p), ""]
        if scope:
            out += [f".. c:namespace:: {scope}", ""]
        out += [".. contents::", "   :local:", "   :depth: 1", ""]
        for item in items:
            if item.kind == "section":
                name = item.text[0].upper() + item.text[1:]
                out += [name, "=" * len(name), ""]
            elif item.kind == "function":
                if not item.name.endswith("_"):
                    out += self.function(item)
            else:
                out += self.definition(item)
        return "\n".join(line.rstrip() for line in out) + "\n"


def page(path, title, licence, every=False):
    own, items = header.read(path, every)
    if not every:
        header.check(path, items)
    guard = re.compile(r"^_|_H$")
    items = [i for i in items if not guard.search(i.name)]
    return Writer(items).page(title, own, items, licence, "uapi" if every else "")
