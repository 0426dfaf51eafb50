#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The software accelerator beside its peers, on the same cores, in one run.

Contenders of a case run in turn; the medians of their times make the table and the
ratios.  A peer that Debian lacks is given by --peer-cmd NAME=COMMAND: a line for the
shell in which {input} stands for a .npy of float32, N x d, {output} for the .npy, N x 2,
that it is to write, {perplexity} and {threads} for these; lines "seconds S" and "cpu S" on
its standard output take the place of the times of the whole process.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import sys
import tempfile

import cases
import machine
import table

TSNE_PEERS = ("sklearn_tsne", "rtsne")


def selection(setting):
    """Name and function of each case."""
    rows, few = (2000, 1000) if setting.quick else (60000, 10000)
    targets = () if setting.quick else (2.54, 2.40)
    return {
        f"neighbours-{rows}": lambda: cases.neighbours(setting, rows, 90),
        f"kmedoids-{rows}": lambda: cases.kmedoids(setting, rows, rows // 100),
        f"tsne-{few}": lambda: cases.tsne(setting, few, TSNE_PEERS),
        f"tsne-{rows}": lambda: cases.tsne(setting, rows, ("umap",), targets),
        "jobs": lambda: cases.jobs(setting),
        "python": lambda: cases.python(setting),
        "growth": lambda: cases.growth(setting, setting.rows),
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="build directory (build)")
    parser.add_argument("--only", default="*", help="cases by name, as the shell has it: tsne-*")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each contender (3)")
    parser.add_argument("--slow", type=float, default=30,
                        help="who takes longer, in seconds, runs once (30)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rows", type=int, default=100000, help="largest of growth (100000)")
    parser.add_argument("--quick", action="store_true", help="few rows: does it work at all")
    parser.add_argument("--peer-cmd", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--output", help="where the results go (BUILD/bench/results.json)")
    options = parser.parse_args()
    options.peer_cmd = [tuple(text.split("=", 1)) for text in options.peer_cmd]
    for pair in options.peer_cmd:
        if len(pair) != 2 or "{input}" not in pair[1] or "{output}" not in pair[1]:
            parser.error(f"--peer-cmd {'='.join(pair)}: expected NAME=COMMAND with {{input}} "
                         "and {output}")
    options.say = lambda text: print(text, file=sys.stderr, flush=True)
    return options


def main():
    options = arguments()
    output = pathlib.Path(options.output or pathlib.Path(options.build) / "bench/results.json")
    with tempfile.TemporaryDirectory() as work:
        setting = cases.Setting(options, work)
        results = {"machine": machine.describe(setting.nmsctl), "threads": options.threads,
                   "cases": []}
        print(table.machine(results), flush=True)
        chosen = {name: case for name, case in selection(setting).items()
                  if fnmatch.fnmatch(name, options.only)}
        if not chosen:
            sys.exit(f"bench: --only {options.only}: no such case; there are "
                     + ", ".join(selection(setting)))
        for name, case in chosen.items():
            options.say(name)
            found = case()
            print(table.case(found), flush=True)
            found.pop("table")
            results["cases"].append(found)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_suffix(".part")
    part.write_text(json.dumps(results, indent=1) + "\n")
    part.rename(output)
    print(f"results: {output}")


if __name__ == "__main__":
    main()
