# SPDX-License-Identifier: GPL-2.0-only
"""A command in a process of its own: seconds, processor time, memory."""
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from statistics import median


@dataclass
class Run:
    """One run of a command: wall and processor seconds, peak resident bytes."""
    wall: float
    cpu: float
    rss: int
    load: float		# of the machine when it began
    own: dict = field(default_factory=dict)	# numbers that it printed, by their names


class Failed(Exception):
    """A command that did not end well; the text says how."""


def own_numbers(text):
    """What lines of the form "name number" say."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2:
            try:
                found[words[0]] = float(words[1])
            except ValueError:
                pass
    return found


def run(command, env=None, shell=False):
    """
    Run @command (a list, or a line for the shell) and wait for it.  Lines of its
    standard output that hold a word and a number become Run.own; "seconds" and "cpu" are
    what the command itself measured, without its start, imports and files.

    A process of our size would pass its own peak of memory on to what it starts; so
    a small one, this file run as a program, does it.
    """
    load = os.getloadavg()[0]
    line = ["/bin/sh", "-c", command] if shell else command
    done = subprocess.run([sys.executable, __file__, *line], capture_output=True, text=True,
                          env={**os.environ, **(env or {})})
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [""]
        raise Failed(f"{command if shell else command[0]}: exit status {done.returncode}: "
                     f"{last[0]}")
    output, _, own = done.stdout.rpartition("\n")
    wall, cpu, rss = map(float, own.split())
    return Run(wall, cpu, int(rss), load, own_numbers(output))


def launch(command):
    """Run, wait, and print what it took after what it printed."""
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.monotonic() - begin
    print(f"\n{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss * 1024}", end="")
    return os.waitstatus_to_exitcode(status)


class Contender:
    """Somebody who is measured: a name, a way to run, and what became of it."""

    def __init__(self, name, start, quality=None):
        """@start() gives a Run; @quality() what came out, a dict, looked at once."""
        self.name, self.start, self.judge = name, start, quality
        self.runs, self.quality, self.error = [], {}, None

    def seconds(self):
        return median(r.own.get("seconds", r.wall) for r in self.runs)

    def cpu(self):
        return median(r.own.get("cpu", r.cpu) for r in self.runs)

    def as_dict(self):
        return {"name": self.name, "error": self.error, "quality": self.quality,
                "runs": [asdict(r) for r in self.runs]}


def alternate(contenders, rounds, slow, say):
    """
    Run each in turn, @rounds times.  Who took more than @slow seconds is not run
    again.  Who fails is left out, with the reason.
    """
    for turn in range(rounds):
        for c in contenders:
            if c.error or (turn and c.runs[0].wall > slow):
                continue
            try:
                c.runs.append(c.start())
                if c.judge and not c.quality:
                    c.quality = c.judge()
            except (Failed, OSError) as reason:
                c.error = str(reason)
            say(f"  {c.name}: " + (c.error or f"{c.runs[-1].wall:.2f} s"))


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]) & 0xff)
