#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""figure.py RESULTS.json FIGURE.svg: seconds against rows, from a run of the case growth."""
import io
import json
import sys
from collections import defaultdict
from statistics import median

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "nms", "font.size": 9})
from matplotlib import pyplot		# noqa: E402


def curves(results):
    """Name: rows and seconds of each."""
    found = defaultdict(list)
    for case in results["cases"]:
        if case["case"] == "growth":
            for c in case["contenders"]:
                name, _, rows = c["name"].rpartition(", ")
                if not c["error"]:
                    found[name].append((int(rows), median(r["wall"] for r in c["runs"])))
    return found


def main():
    with open(sys.argv[1]) as f:
        results = json.load(f)
    figure, axes = pyplot.subplots(figsize=(6.4, 4))
    for mark, (name, points) in zip("osD^v", curves(results).items()):
        axes.loglog(*zip(*points), mark + "-", label=name, markersize=4, linewidth=1.2)
    low, high = axes.get_xlim()
    for power, style in ((1, ":"), (2, "--")):
        axes.plot([1e4, high], [0.1, 0.1 * (high / 1e4) ** power], style, color="0.6", linewidth=1,
                  label=f"as rows{'^2' if power == 2 else ''}")
    axes.set_xlim(low, high)
    axes.set_xlabel("rows (x 128, 1 % chosen)")
    axes.set_ylabel("seconds, whole job")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    m = results["machine"]
    axes.set_title(f"{m['processor']}, {results['threads']} threads", fontsize=9)
    text = io.StringIO()
    figure.savefig(text, bbox_inches="tight", metadata={"Date": None})
    head, rest = text.getvalue().split("\n", 1)
    lines = [head, "<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->", rest]
    with open(sys.argv[2], "w") as f:
        f.write("\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n")


if __name__ == "__main__":
    main()
