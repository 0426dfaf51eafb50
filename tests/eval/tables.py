# SPDX-License-Identifier: GPL-2.0-only
"""Tables for the documentation, from results/*.csv: differences to random in points.

    python3 tables.py [FOLDER]

Each difference is between means from the same pool; after it half the width of its
95 % interval over pools (Student's t).  Writes FOLDER/DATASET.inc
(Documentation/selection), which the documentation includes.
"""
import collections
import csv
import pathlib
import sys

import numpy as np
from scipy import stats

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "Documentation/selection"
TITLES = {"fashion": "Fashion-MNIST", "mnist": "MNIST", "cifar": "CIFAR-10",
          "packages": "Descriptions of Debian's packages"}
TITLES |= {f"{name}-fresh": f"{TITLES[name]}, fresh pools and test rows"
           for name in ("fashion", "mnist", "cifar")}
LEARNERS = {"cnn": "CNN", "linear": "Logistic regression on all columns",
            "logistic": "Logistic regression on PCA-50",
            "svm": "RBF-SVM on PCA-50", "nn": "1-NN on PCA-50"}
LABELS = {"1": "with labels", "0": "without labels"}
# NMS with one part of AdapSNE, the other, and both; each on words of 8 bits, too.
ABLATION = [name + words for name in ("none", "fwa", "entropy", "both") for words in ("", "-fixed")]


def read(path):
    """{(learner, labels, rule, percent): {pool: mean accuracy of its draws}}"""
    draws = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, newline="", encoding="utf-8") as file:
        file.readline()		# says of which data
        for row in csv.DictReader(file):
            key = row["learner"], row["labels"], row["rule"], row["percent"]
            draws[key][row["pool"]].append(float(row["accuracy"]))
    return {key: {pool: np.mean(found) for pool, found in pools.items()}
            for key, pools in draws.items()}


def difference(ours, random):
    """Mean and half width of the 95 % interval of ours - random over the pools of both."""
    pools = sorted(ours.keys() & random.keys())
    d = np.array([ours[p] - random[p] for p in pools])
    if len(d) < 2:
        return None
    return d.mean(), stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / len(d) ** 0.5


def cell(ours, random):
    found = difference(ours, random) if ours and random else None
    return f"{found[0]:+.1f} ±{found[1]:.1f}" if found else ""


def simple_table(rows):
    widths = [max(len(r[c]) for r in rows) for c in range(len(rows[0]))]
    rule = "  ".join("=" * w for w in widths)
    lines = ["  ".join(text.ljust(w) for text, w in zip(r, widths)).rstrip() for r in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def table(found, learner, labels, ablation=False):
    """Text of one table, or None where nothing has been measured."""
    measured = {k for k in found if k[:2] == (learner, labels) and k[2] not in ("random", "whole")
                and (k[2] in ABLATION) == ablation}
    rules = sorted({k[2] for k in measured})
    percents = sorted({k[3] for k in measured if (learner, "0", "random", k[3]) in found}, key=float)
    if not rules or not percents:
        return None
    random = {p: found[learner, "0", "random", p] for p in percents}

    def total(rule):
        """Of the differences, by which rows are ranked: of one with gaps it says little."""
        measured = [difference(found.get((learner, labels, rule, p), {}), random[p])
                    for p in percents]
        return sum(d[0] for d in measured if d)

    rows = [["", *(f"{p} %" for p in percents)],
            ["random", *(f"{np.mean(list(random[p].values())):.1f}" for p in percents)]]
    rows += [[rule, *(cell(found.get((learner, labels, rule, p)), random[p]) for p in percents)]
             for rule in (sorted(rules, key=total, reverse=True) if not ablation else
                          [r for r in ABLATION if r in rules])]
    return simple_table(rows)


def page(name, found):
    parts = [f".. Made by tests/eval/tables.py from tests/eval/results/{name}.csv."]
    for learner, title in LEARNERS.items():
        for labels, which in LABELS.items():
            text = table(found, learner, labels)
            if text:
                whole = found.get((learner, "1", "whole", "100"), {})
                said = (f"{TITLES[name]}, {which}, {title}; trained on the whole pool: "
                        f"{np.mean(list(whole.values())):.1f}." if whole
                        else f"{TITLES[name]}, {which}, {title}.")
                parts += [said, text]
            text = table(found, learner, labels, ablation=True)
            if text:
                parts += [f"{TITLES[name]}, {which}, {title}: NMS with AdapSNE's parts.", text]
    return "\n\n".join(parts) + "\n"


def papers(results):
    """What AdapSNE gains over NMS on the same pool, with labels."""
    percents = ("1", "5", "10")
    rows = [["", *(f"{p} %" for p in percents)]]
    for name, found in results.items():
        gains = [cell(*(found.get(("cnn", "1", rule, p)) for rule in ("adapsne", "nms")))
                 for p in percents]
        if any(gains):
            rows.append([TITLES[name], *gains])
    return (".. Made by tests/eval/tables.py: adapsne less nms, CNN.\n\n"
            + simple_table(rows) + "\n")


def pages():
    """{dataset: text} of all results that there are; and what they say of the papers' methods."""
    results = {path.stem: read(path) for path in sorted((HERE / "results").glob("*.csv"))}
    return {name: page(name, found) for name, found in results.items()} | {"papers": papers(results)}


def main():
    target = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (target / f"{name}.inc").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
