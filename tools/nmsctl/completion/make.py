#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""make.py NMSCTL bash|zsh OUTPUT: what completes nmsctl's command line in that shell.

Commands, options and what they take are asked of the tool: an option that is new is
completed without a word here.  Here stands only which words a value may be, by option
or, for the others, by what its help calls the value.
"""
import dataclasses
import json
import pathlib
import re
import subprocess
import sys

FILES = "files"
# As said by the options' help; "files" among them: or a file.
WORDS = {
    "dtype": ("u8", "i8", "f16", "bf16", "f32", "f64"),
    "profile": ("auto", "portable", "fma", "fixed"),
    "device": ("auto", "emu:", FILES),
    "peer": (FILES,),
}
# What nmsctl list has by another name; a file may stand for some.
LISTED = {"method": "methods", "rule": "rules", "search": "searches", "energy": "energy",
          "neighbours": "neighbours", "budget": "budgets"}
OR_FILE = ("energy", "budget")
FILE_VALUE = re.compile(r"FILE|DATASET|MANIFEST|INDICES|SELECTION|FOLDER|DIRECTORY")

COMMAND = re.compile(r"^  ([a-z][a-z-]*) +(\S.*)$", re.M)
OPTION = re.compile(r"^  (?:-(\w), |    )--([\w-]+)(\[?=\S+)? +(\S.*(?:\n {10,}\S.*)*)$", re.M)


@dataclasses.dataclass
class Option:
    name: str
    letter: str
    value: str          # what help calls it; empty: takes none
    optional: bool      # the value, which then follows "="
    text: str
    words: tuple[str, ...] = ()

    @property
    def spellings(self) -> list[str]:
        return [f"-{self.letter}"] * bool(self.letter) + [f"--{self.name}"]


@dataclasses.dataclass
class Command:
    name: str
    text: str
    operands: list[str]
    options: list[Option]


def ask(nmsctl, *words):
    return subprocess.run([nmsctl, *words], check=True, capture_output=True, text=True).stdout


def option_words(name, value, listed):
    if name in LISTED:
        found = tuple(entry["name"] for entry in listed[LISTED[name]])
        return found + (FILES,) * (name in OR_FILE)
    return WORDS.get(name) or ((FILES,) if FILE_VALUE.search(value) else ())


def option_of(match, listed):
    letter, name, value, text = match.groups()
    value = (value or "").rstrip("]")
    return Option(name, letter or "", value.lstrip("[="), value.startswith("["),
                  " ".join(text.split()), option_words(name, value, listed))


def read(nmsctl):
    listed = json.loads(ask(nmsctl, "list", "--json", "--device", "emu:"))
    commands = []
    for name, text in COMMAND.findall(ask(nmsctl, "--help")):
        told = ask(nmsctl, name, "--help")
        usage = told.splitlines()[0].split("(")[0].split("[OPTION")[0].split(" -")[0]
        options = [option_of(m, listed) for m in OPTION.finditer(told)]
        if len(options) != len(re.findall(r"^ {2,6}-", told, re.M)):
            sys.exit(f"make.py: nmsctl {name} --help: not every option is understood")
        commands.append(Command(name, text, re.findall(r"\b[A-Z]+\b", usage), options))
    if not commands:
        sys.exit("make.py: nmsctl --help: no commands found")
    return commands


def bash_values(commands):
    """The arms of case COMMAND:$prev: one for each set of words, with all options that take it.

    A letter may be one option here and another there; then the arm names the commands.
    """
    meanings = {}
    for command in commands:
        for option in command.options:
            follows = option.words if option.value and not option.optional else None
            for spelling in option.spellings:
                meanings.setdefault(spelling, {})[command.name] = follows
    arms = {}
    for spelling, by_command in meanings.items():
        same = len(set(by_command.values())) == 1
        for command, words in by_command.items():
            if words is not None:
                pattern = f"{'*' if same else command}:{spelling}"
                arms.setdefault(words, {})[pattern] = None
    for words, spellings in arms.items():
        plain = " ".join(word for word in words if word != FILES)
        yield f"\t{'|'.join(spellings)})"
        if plain:
            yield f"\t\t_nmsctl_words '{plain}'"
        if FILES in words:
            yield "\t\t_nmsctl_files"
        yield "\t\treturn"
        yield "\t\t;;"


def bash(commands):
    names = " ".join(c.name for c in commands)
    yield from f"""\
# nmsctl(1) completion, made from what nmsctl COMMAND --help says		-*- shell-script -*-

_nmsctl_words()
{{
	COMPREPLY=($(compgen -W "$1" -- "$cur"))
	__ltrim_colon_completions "$cur"
}}

# Adds files to what may be there already.
_nmsctl_files()
{{
	local found=("${{COMPREPLY[@]}}")

	_filedir
	COMPREPLY+=("${{found[@]}}")
}}

_nmsctl()
{{
	local cur prev words cword split options files=

	_init_completion -s -n : || return
	if ((cword == 1)); then
		_nmsctl_words '{names} --help --version'
		return
	fi
	case ${{words[1]}}:$prev in""".splitlines()
    yield from bash_values(commands)
    yield "\tesac"
    yield "\t$split && return"
    yield "\tcase ${words[1]} in"
    for command in commands:
        yield f"\t{command.name})"
        yield f"\t\toptions='{' '.join(s for o in command.options for s in o.spellings)}'"
        if any(FILE_VALUE.search(operand) for operand in command.operands):
            yield "\t\tfiles=yes"
        yield "\t\t;;"
    yield from """\
	*)
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		_nmsctl_words "$options"
	elif [[ $files ]]; then
		_nmsctl_files
	fi
} &&
	complete -F _nmsctl nmsctl""".splitlines()


def zsh_text(text):
    """Within quotes, and where _arguments gives meaning to brackets and colons."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_action(words):
    plain = " ".join(word.replace(":", "\\:") for word in words if word != FILES)
    if plain and FILES in words:
        return f" _nmsctl_word_or_file {plain}"
    return f"({plain})" if plain else "_files" if words else " "


def zsh_option(option):
    value = ""
    if option.value:
        colons = "::" if option.optional else ":"
        value = f"{colons}{zsh_text(option.value)}:{zsh_action(option.words)}"
    text = f"[{zsh_text(option.text)}]{value}'"
    equals = "=-" if option.optional else "=" if option.value else ""
    if option.name == "help":
        return f"'(- *)'{{-h,--help}}'{text}"
    if option.letter:
        short = f"-{option.letter}" + ("" if option.optional or not option.value else "+")
        return (f"'({' '.join(option.spellings)})'"
                f"{{{short},--{option.name}{equals}}}'{text}")
    return f"'--{option.name}{equals}{text}"


def zsh(commands):
    yield "#compdef nmsctl"
    yield from """\
# made from what nmsctl COMMAND --help says

(( $+functions[_nmsctl_word_or_file] )) ||
_nmsctl_word_or_file()
{
	local -a words=("$@")
	local found=1

	compadd -a words && found=0
	_files && found=0
	return $found
}

local curcontext=$curcontext state""".splitlines()
    yield "local -a line commands=("
    for command in commands:
        yield f"\t'{command.name}:{zsh_text(command.text)}'"
    yield from """\
)

_arguments -C '(- *)'{-h,--help}'[list the commands]' \\
	'(- *)'{-V,--version}'[tell the version]' \\
	'1:command:->command' '*::argument:->argument' && return
if [[ $state == command ]]; then
	_describe command commands
	return
fi
case $words[1] in""".splitlines()
    for command in commands:
        yield f"{command.name})"
        yield "\t_arguments -s -S \\"
        for option in command.options:
            yield f"\t\t{zsh_option(option)} \\"
        for number, operand in enumerate(command.operands, 1):
            action = "_files" if FILE_VALUE.search(operand) else " "
            yield f"\t\t'{number}:{operand}:{action}' \\"
        yield "\t\t&& return"
        yield "\t;;"
    yield "esac"


def main(nmsctl, shell, output):
    lines = {"bash": bash, "zsh": zsh}[shell](read(nmsctl))
    pathlib.Path(output).write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
