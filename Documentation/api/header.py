# SPDX-License-Identifier: GPL-2.0-only
"""What a C header of ours says of itself: its declarations, each with the comment above it.

A comment is prose.  Its first sentence is the summary; "@name: ..." begins what is said of
an argument or a field, "Return: ..." what a function returns and its errors, "Threads: ..."
what holds for several threads where that is not what holds for all.  An empty line, or the
next such word, ends each of these.
"""
import dataclasses
import re

COMMENT = re.compile(r"/\*(?P<doc>\*?)(?P<text>.*?)\*/[ \t]*(?P<end>\n|$)", re.S)
SECTION = re.compile(r"^ ---- (.*?) -+ $")
PART = re.compile(r"^(@\w+|Return|Threads):\s+")


class Undocumented(Exception):
    """A declaration that a reader could not do with; one line."""


@dataclasses.dataclass
class Comment:
    summary: str = ""
    paragraphs: list = dataclasses.field(default_factory=list)
    fields: dict = dataclasses.field(default_factory=dict)
    returns: str = ""
    threads: str = ""


@dataclasses.dataclass
class Item:
    kind: str			# "function", "struct", "enum", "typedef", "macro", "section"
    name: str
    text: str			# as it stands there; of a section, its title
    line: int
    comment: Comment
    arguments: list = dataclasses.field(default_factory=list)	# (type, name)
    returns: str = ""


def lines_of(text):
    """The lines of a comment without what makes it one."""
    return [re.sub(r"^\s*(\* ?)?", "", line).rstrip() for line in text.strip("\n").split("\n")]


def parts(text):
    """(what, prose) for each paragraph; what: "", "@name", "Return", "Threads"."""
    what, words, out = "", [], []

    def end():
        if words:
            out.append((what, " ".join(words)))
    for line in lines_of(text):
        begins = PART.match(line.strip())
        if begins or not line.strip():
            end()
            what, words = begins[1] if begins else "", []
            line = line.strip()[begins.end():] if begins else ""
        if line.strip():
            words.append(line.strip())
    end()
    return out


def read_comment(text):
    c = Comment()
    for what, prose in parts(text):
        if what.startswith("@"):
            c.fields[what[1:]] = prose
        elif what == "Return":
            c.returns = prose
        elif what == "Threads":
            c.threads = prose
        else:
            c.paragraphs.append(prose)
    if c.paragraphs:
        c.summary = re.split(r"(?<=[a-z0-9)\"])[.;:](?:\s|$)", c.paragraphs[0])[0].rstrip(".")
    return c


def declaration(text, at):
    """From @at to the end of what is declared there, or None."""
    if text.startswith("#define", at):
        end = re.compile(r"(?<!\\)\n").search(text, at)
        return text[at:end.start() if end else len(text)]
    depth = 0
    for found in re.compile(r"/\*.*?\*/|[{}();]", re.S).finditer(text, at):
        depth += (found[0] in "{(") - (found[0] in "})")
        if found[0] == ";" and not depth:
            return text[at:found.end()]
    return None


def arguments_of(inside):
    """(type, name) of each argument."""
    out = []
    for argument in inside.split(","):
        words = re.match(r"(.*?[\s*])(\w+)$", " ".join(argument.split()))
        if words:
            out.append((words[1].strip(), words[2]))
    return out


def item_of(text, line, comment):
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    for kind in "struct", "enum":
        found = re.match(rf"{kind} (\w+)\s*{{", bare)
        if found:
            return Item(kind, found[1], text, line, comment)
    found = re.match(r"#define (\w+)", bare)
    if found:
        return Item("macro", found[1], text, line, comment)
    found = re.match(r"typedef .*?\(\*(\w+)\)", bare, re.S)
    if found:
        return Item("typedef", found[1], text, line, comment)
    found = re.match(r"((?:const )?(?:struct |enum )?\w+[\s*]+)(\w+)\((.*)\);$", bare, re.S)
    if not found:
        return None
    return Item("function", found[2], text, line, comment, arguments_of(found[3]),
                found[1].strip())


def read(path, every=False):
    """
    (the header's own comment, items in order).  @every: comments that begin with one star
    count as well, and declarations without any.
    """
    with open(path, encoding="utf-8") as f:
        text = f.read()
    items, own, at = [], None, 0
    start = re.compile(r"/\*|#define |(?:const )?"
                       r"(?:struct|enum|typedef|int|void|char|size_t|uint\d+_t)\b")
    pending = Comment()
    while at < len(text):
        line = text.count("\n", 0, at) + 1
        comment = COMMENT.match(text, at)
        found = None if comment else start.match(text, at)
        if comment:
            section = SECTION.match(comment["text"])
            if section:
                items.append(Item("section", section[1], section[1], line, Comment()))
            elif own is None and "SPDX" not in comment["text"]:
                own = read_comment(comment["text"])
            elif comment["doc"] or every:
                pending = read_comment(comment["text"])
            at = comment.end()
        elif found:
            what = declaration(text, at) or text[at:]
            item = item_of(what, line, pending)
            if item and (pending.paragraphs or item.kind not in ("macro", "typedef") or every):
                items.append(item)
            pending, at = Comment(), at + len(what)
        else:
            if text[at] != "\n":
                pending = Comment()
            at = text.find("\n", at) + 1 or len(text)
    return own, items


def check(path, items):
    """Each public function says what it is for, what its arguments are, what it returns."""
    def fail(item, what):
        raise Undocumented(f"{path}:{item.line}: {item.name}: {what}")
    for item in items:
        c = item.comment
        if item.kind != "function" or item.name.endswith("_"):
            continue
        if not c.summary:
            fail(item, "no comment: expected what it is for")
        if len(c.summary) > 80:
            fail(item, f"its first sentence has {len(c.summary)} characters, expected up to 80")
        names = [name for _, name in item.arguments]
        for name in names:
            if name not in c.fields:
                fail(item, f"@{name}: expected what it is")
        for name in c.fields:
            if name not in names:
                fail(item, f"@{name}: no such argument")
        if item.returns != "void" and not c.returns:
            fail(item, "Return: expected what it returns, and its errors")


def plain(words):
    """Text without marks: for a page's title line."""
    return words.replace("@", "")
