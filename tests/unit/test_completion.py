# SPDX-License-Identifier: GPL-2.0-only
"""What bash and zsh complete after nmsctl, against what its help says there is.

NMSCTL, BASH_COMPLETION and ZSH_COMPLETION name the tool and the files.
"""
import functools
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

NMSCTL = os.environ["NMSCTL"]
HELPERS = "/usr/share/bash-completion/bash_completion"
# Arguments: the line up to the cursor, then its words as readline splits them.
BASH = """
. "$HELPERS" && . "$BASH_COMPLETION" && complete -p nmsctl >/dev/null || exit 1
while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${#line} COMP_WORDS=() COMPREPLY=() COMP_TYPE=9 COMP_KEY=9
    while IFS= read -r word && [ "$word" != . ]; do COMP_WORDS+=("$word"); done
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _nmsctl nmsctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    printf '%s\\n' "${COMPREPLY[@]}"
    printf '\\0'
done
"""
# For a zsh with an editor, at a terminal: Tab leaves what completion adds in the file FOUND.
ZSHRC = """
unset zle_bracketed_paste
setopt no_auto_list no_auto_menu no_beep
fpath=("${ZSH_COMPLETION:h}" $fpath)
autoload -Uz compinit && compinit -D -u
zstyle ':completion:*' completer _complete
compadd() {
    if [[ ${@[1,(i)(-|--)]} != *-[OAD]\\ * ]]; then
        local -a hits
        builtin compadd -A hits "$@"
        (( $#hits )) && print -rl -- $hits >>$FOUND.part
    fi
    builtin compadd "$@"
}
tell() {
    : >$FOUND.part
    zle complete-word
    mv $FOUND.part $FOUND
    zle kill-buffer
}
zle -N tell
bindkey '^I' tell
: >$FOUND
"""


@functools.cache
def options(command, flags=False):
    """Every spelling of every option in the help of the command; or of those without a value."""
    told = subprocess.run([NMSCTL, command, "--help"], check=True, capture_output=True, text=True)
    found = re.findall(r"^ {2,6}(?:(-\w), )?(--[\w-]+)" + " " * flags, told.stdout, re.M)
    return {spelling for pair in found for spelling in pair if spelling}


def commands():
    told = subprocess.run([NMSCTL, "--help"], check=True, capture_output=True, text=True)
    return re.findall(r"^  (\w+) ", told.stdout, re.M)


def split(line):
    """As readline does, which breaks words at = and : too."""
    words = re.findall(r"[^\s=:]+|[=:]+", line)
    return words + [""] * line.endswith((" ", "="))


def bash(*lines, cwd="/"):
    """For each line, what may stand at its end."""
    given = "".join("\n".join([line, *split(line), ".\n"]) for line in lines)
    done = subprocess.run(["bash", "--norc", "-c", BASH], input=given, text=True, cwd=cwd,
                          capture_output=True, env={**os.environ, "HELPERS": HELPERS})
    parts = done.stdout.split("\0")
    if len(parts) != len(lines) + 1:
        raise AssertionError(done.stderr)
    return [set(part.split()) for part in parts[:-1]]


class Terminal:
    """A zsh that completes lines."""

    def __init__(self, folder, cwd):
        self.found = f"{folder}/found"
        pathlib.Path(folder, ".zshrc").write_text(ZSHRC)
        self.terminal, inside = pty.openpty()
        self.shell = subprocess.Popen(
            ["zsh", "-d", "-i"], stdin=inside, stdout=inside, stderr=inside, cwd=cwd,
            start_new_session=True,
            env={**os.environ, "ZDOTDIR": folder, "FOUND": self.found, "TERM": "vt100"})
        os.close(inside)
        self.said = b""
        self.wait()

    def wait(self):
        """Until the file is there, and read it away; what is said meanwhile is for errors."""
        end = time.monotonic() + 60
        while not os.path.exists(self.found):
            if select.select([self.terminal], [], [], 0.01)[0]:
                self.said += os.read(self.terminal, 65536)
            if time.monotonic() > end or self.shell.poll() is not None:
                raise AssertionError(self.said.decode(errors="replace"))
        text = pathlib.Path(self.found).read_text()
        os.unlink(self.found)
        return set(text.split())

    def complete(self, line):
        os.write(self.terminal, line.encode() + b"\t")
        return self.wait()

    def close(self):
        os.close(self.terminal)
        self.shell.kill()
        self.shell.wait()


class Zsh(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("zsh"):
            raise unittest.SkipTest("no zsh")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        data = pathlib.Path(folder.name, "data")
        data.mkdir()
        for name in ("rows.npy", "rows.csv", "other"):
            (data / name).touch()
        cls.zsh = Terminal(folder.name, data)
        cls.addClassCleanup(cls.zsh.close)

    def test_commands(self):
        self.assertEqual(self.zsh.complete("nmsctl "), set(commands()))
        self.assertEqual(self.zsh.complete("nmsctl sa"), {"sample"})
        self.assertEqual(self.zsh.complete("nmsctl -"), {"-h", "--help", "-V", "--version"})

    def test_options(self):
        names = commands()
        self.assertGreater(len(names), 10)
        for name in names:
            with self.subTest(name):
                self.assertEqual(self.zsh.complete(f"nmsctl {name} -"), options(name))

    def test_values(self):
        for line in ("sample ro", "sample --labels ro", "sample --labels=ro", "sample -l ro",
                     "gather rows.npy ro", "embed x -o ro", "verify ro", "load name ro"):
            with self.subTest(line):
                self.assertEqual(self.zsh.complete(f"nmsctl {line}"), {"rows.npy", "rows.csv"})
        files = {"rows.npy", "rows.csv", "other"}
        for line, words in (("--count ", set()), ("--neighbours ", {"exact", "ivf"}),
                            ("--budget ", files | {"proportional", "equal"}),
                            ("--device ", files | {"auto", "emu:"})):
            with self.subTest(line):
                self.assertEqual(self.zsh.complete(f"nmsctl sample rows.npy {line}"), words)


class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not os.path.exists(HELPERS):
            raise unittest.SkipTest("no bash-completion")

    def test_commands(self):
        found, some, none = bash("nmsctl ", "nmsctl sa", "nmsctl nothing ")
        self.assertEqual(found, {*commands(), "--help", "--version"})
        self.assertEqual(some, {"sample"})
        self.assertEqual(none, set())

    def test_options(self):
        names = commands()
        self.assertGreater(len(names), 10)
        for name, found in zip(names, bash(*(f"nmsctl {n} -" for n in names))):
            with self.subTest(name):
                self.assertGreater(len(found), 3)
                self.assertEqual(found, options(name))
        self.assertEqual(bash("nmsctl sample a.npy --lab"),
                         [{"--labels", "--label-column"}])

    def test_flags(self):
        """Of an option that takes nothing, what follows is no value."""
        lines = []
        for name in commands():
            lines += [(name, flag) for flag in options(name, flags=True)]
        self.assertIn(("list", "-j"), lines)
        for (name, flag), found in zip(lines, bash(*(f"nmsctl {n} {f} -" for n, f in lines))):
            with self.subTest(name, flag=flag):
                self.assertEqual(found, options(name))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("rows.npy", "rows.csv", "other"):
                pathlib.Path(folder, name).touch()
            for line in ("sample ro", "sample --labels ro", "sample --labels=ro", "sample -l ro",
                         "gather rows.npy ro", "embed x -o ro", "verify ro", "load name ro"):
                with self.subTest(line):
                    self.assertEqual(bash(f"nmsctl {line}", cwd=folder),
                                     [{"rows.npy", "rows.csv"}])
            self.assertEqual(bash("nmsctl sample --count ", "nmsctl list ", cwd=folder),
                             [set(), set()])


class Words(unittest.TestCase):
    """Each word that is offered is one that the tool takes."""

    def setUp(self):
        if not os.path.exists(HELPERS):
            self.skipTest("no bash-completion")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        pathlib.Path(self.folder.name, "x.csv").write_text(
            "a,b,c\n" + "".join(f"{i},{i * i % 17},{i * 7 % 5}\n" for i in range(40)))
        pathlib.Path(self.folder.name, "x.raw").write_bytes(bytes(40 * 16))

    def offered(self, option):
        """Files are not among them: none is where this is asked."""
        with tempfile.TemporaryDirectory() as empty:
            found, after = bash(f"nmsctl sample x --{option} ",
                                         f"nmsctl sample x --{option}=", cwd=empty)
        self.assertEqual(found, after)
        self.assertGreater(len(found), 1)
        return sorted(found)

    def take(self, *words):
        done = subprocess.run([NMSCTL, "sample", *words, "--quiet"], cwd=self.folder.name,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_of_the_selection(self):
        for option in ("method", "rule", "search", "neighbours", "budget", "energy", "device",
                       "profile"):
            for word in self.offered(option):
                with self.subTest(option, word=word):
                    self.take("x.csv", "--label-column", "c", "--count", "5", "--features", "2",
                              "--perplexity", "5", f"--{option}={word}")

    def test_of_raw_data(self):
        sizes = {"u8": 1, "i8": 1, "f16": 2, "bf16": 2, "f32": 4, "f64": 8}
        self.assertEqual(self.offered("dtype"), sorted(sizes))
        for word, size in sizes.items():
            with self.subTest(word):
                self.take("x.raw", "--count", "3", "--method", "random", f"--dtype={word}",
                          f"--shape={40 * 16 // size // 2},2")


if __name__ == "__main__":
    unittest.main()
