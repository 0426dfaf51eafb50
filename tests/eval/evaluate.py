# SPDX-License-Identifier: GPL-2.0-only
"""The evaluation: rules of selection by what is learnt from what they choose.

    python3 evaluate.py [--datasets fashion,mnist,cifar] [--ratios 1,5,10] [--rules ...]
                        [--learners cnn,logistic,svm,nn,linear] [--pools 5] [--minutes M]
                        [--fresh]

Pools of 8,000 training rows are drawn by a seed; rules choose from them, with and
without labels; learners are trained on what was chosen and tested on 5,000 fixed
test rows.  With --fresh, pools and test rows are others than those by which rules were
settled.  Random is drawn three times from each pool.  What has been found is kept
in ~/.cache/nms/eval by digest of data, rows, learner and recipe, so that a run goes
on where another was stopped.  Writes results/DATASET.csv, from which tables.py
makes the tables.  Needs NMSCTL, or build/nmsctl.
"""
import argparse
import csv
import os
import pathlib
import sys
import time

import numpy as np
import torch

import datasets
import recipe
from cells import Cells, digest
from learners import LEARNERS, suits
from selecting import NESTED, Selector

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
RATIOS = ["0.5", "1", "2", "5", "10", "20", "30"]	# percent
DRAWS = 3		# of random
LABELLED = ["random", "balanced", "auto", "herding", "nms", "adapsne", "kcentre", "kmedoids",
            "facility", "grid", "dq", "dqas", "nessa"]
UNLABELLED = ["auto", "nms", "adapsne", "kcentre", "kmedoids", "facility", "grid", "dq", "nessa"]
ABLATION = [name + more for more in ("", "-fixed") for name in ("none", "fwa", "entropy", "both")]


def plan(rules):
    """(labelled, rule, draw) of all that is to be chosen; random knows no labels."""
    for rule in LABELLED:
        if rule in rules:
            for draw in range(DRAWS if rule == "random" else 1):
                yield rule != "random", rule, draw
    for rule in UNLABELLED + ABLATION:
        if rule in rules:
            yield False, rule, 0


class Evaluation:
    def __init__(self, nmsctl, learners, folder):
        self.selector = Selector(nmsctl, Cells(folder / "selections.jsonl"))
        self.cells = Cells(folder / "accuracies.jsonl")
        self.learners = learners
        self.rows = []

    def train(self, data, pool_seed, learner, subsets):
        """Accuracy of each subset (places in the pool), those known from the cells."""
        pool = data.pool(pool_seed)
        keys = [digest(data.digest, pool_seed, rows, learner, recipe.VERSION) for rows in subsets]
        missing = [i for i, key in enumerate(keys) if key not in self.cells]
        if missing:
            seeds = [int(keys[i][:7], 16) for i in missing]
            found = LEARNERS[learner](data, pool, [subsets[i] for i in missing], seeds)
            self.cells.add({keys[i]: round(float(a), 3) for i, a in zip(missing, found)})
        return [self.cells[key] for key in keys]

    def block(self, data, pool_seed, ratio, rules):
        """All rules at one ratio from one pool."""
        count = round(float(ratio) * datasets.POOL / 100)
        whole = [round(float(r) * datasets.POOL / 100) for r in RATIOS]
        chosen = []
        for labelled, rule, draw in plan(rules):
            # nested rules choose once for all
            counts = whole if rule in NESTED else [count]
            rows = self.selector.choose(data, pool_seed, labelled, rule, draw, counts)[count]
            chosen.append((labelled, rule, draw, np.sort(rows)))
        for learner in self.learners:
            if not suits(learner, data):
                continue
            found = self.train(data, pool_seed, learner, [rows for *_, rows in chosen])
            self.rows += [(learner, int(labelled), rule, ratio, pool_seed, draw, f"{a:.2f}")
                          for (labelled, rule, draw, _), a in zip(chosen, found)]

    def whole(self, data, pool_seed):
        for learner in self.learners:
            if suits(learner, data):
                a, = self.train(data, pool_seed, learner, [np.arange(datasets.POOL)])
                self.rows.append((learner, 1, "whole", "100", pool_seed, 0, f"{a:.2f}"))


def merge(path, of, rows):
    """The results of before, less what has been found anew, and these.

    of: says of which data, recipe and numerics; results of others are not kept beside them.
    """
    found = {}
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            if file.readline() == of:
                found = {tuple(row[:-1]): row[-1] for row in list(csv.reader(file))[1:]}
    found |= {tuple(map(str, row[:-1])): row[-1] for row in rows}
    order = sorted(found, key=lambda k: (k[0], k[1], k[2], float(k[3]), int(k[4]), int(k[5])))
    path.parent.mkdir(exist_ok=True)
    with open(path.with_suffix(".part"), "w", newline="", encoding="utf-8") as file:
        file.write(of)
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["learner", "labels", "rule", "percent", "pool", "draw", "accuracy"])
        out.writerows([*key, found[key]] for key in order)
    path.with_suffix(".part").rename(path)


def run(data, args, deadline):
    evaluation = Evaluation(args.nmsctl, args.learners, datasets.CACHE)
    blocks = [(ratio, pool) for ratio in args.ratios for pool in range(args.pools)]
    try:
        for done, (ratio, pool) in enumerate(blocks):
            if time.monotonic() > deadline:
                print(f"{data.title}: out of time, {done} of {len(blocks)} blocks", flush=True)
                return
            evaluation.block(data, pool, ratio, args.rules)
            if done < args.pools:
                evaluation.whole(data, pool)
            print(f"{data.title}: {ratio} %, pool {pool}", flush=True)
    finally:
        merge(args.results / f"{data.title}.csv",
              f"# data {data.digest[:16]}, recipe {recipe.VERSION}, "
              f"numerics {evaluation.selector.numerics}\n", evaluation.rows)


def words(known):
    def parse(text):
        given = text.split(",")
        for word in given:
            if word not in known:
                raise argparse.ArgumentTypeError(f"{word!r}: expected some of {','.join(known)}")
        return given
    return parse


def main():
    rules = list(dict.fromkeys(LABELLED + UNLABELLED + ABLATION))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", type=words(list(datasets.MAKERS)),
                        default=list(datasets.MAKERS))
    parser.add_argument("--ratios", type=words(RATIOS), default=RATIOS, help="percent")
    parser.add_argument("--rules", type=words(rules), default=rules)
    parser.add_argument("--learners", type=words(list(LEARNERS)), default=list(LEARNERS))
    parser.add_argument("--pools", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="other pools, other test rows")
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS)
    args = parser.parse_args()
    args.nmsctl = os.environ.get("NMSCTL", HERE.parents[1] / "build/nmsctl")
    if not os.access(args.nmsctl, os.X_OK):
        parser.error(f"{args.nmsctl}: no such program; make builds it, NMSCTL names another")
    # The products are small: on a machine with other work, threads wait for each other.
    torch.set_num_threads(1)
    deadline = time.monotonic() + 60 * args.minutes
    absent = 0
    for name in args.datasets:
        try:
            data = datasets.load(name, args.fresh)
        except datasets.Unavailable as error:
            print(f"evaluate: {error}", file=sys.stderr)
            absent = 1
            continue
        run(data, args, deadline)
    return absent


if __name__ == "__main__":
    sys.exit(main())
