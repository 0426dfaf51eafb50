# SPDX-License-Identifier: GPL-2.0-only
"""Modelled energy and time, end to end: choosing beside the memory, and then training.

    python3 energy.py [--counts 600,6000] [--methods auto,adapsne] [--profile ddr4]
                      [--row-energy J] [--check]

For Fashion-MNIST with labels: what a selection costs beside the memory, and at a host that reads
all rows p times over the link for it; how many epochs of training it takes until not having
to bring all rows to the host has paid for the choice; and how that moves if a constant
of the energy profile is half or twice what it is said to be.  What the trainer itself spends is
not modelled here; --row-energy adds what is known of it, in joules a row and epoch.
Everything comes from nmsctl and the constants in userspace/model/energy.  --check: only
compare what nmsctl says with what its counts and the constants make.
"""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import recipe
from tables import simple_table

HERE = pathlib.Path(__file__).resolve().parent
PROFILES = HERE.parents[1] / "userspace/model/energy"
DOMAINS = ("near", "compute", "scratch", "link", "static")
PASSES = (1, 2, 5, 10)


def profile_of(name):
    return json.loads((PROFILES / f"{name}.json").read_text(encoding="utf-8"))


def scaled(profile, constant, factor):
    """The same profile, but for one constant."""
    changed = json.loads(json.dumps(profile))
    changed["constants"][constant]["value"] *= factor
    return changed


def sample(nmsctl, profile, method, count, folder):
    """What nmsctl sample says, under an energy profile that need not be a built-in one."""
    path = pathlib.Path(folder) / "profile.json"
    path.write_text(json.dumps(profile), encoding="utf-8")
    out = subprocess.run(
        [nmsctl, "sample", recipe.FASHION_MNIST / "train-images-idx3-ubyte.gz", "--labels",
         recipe.FASHION_MNIST / "train-labels-idx1-ubyte.gz", "--count", str(count), "--method",
         method, "--energy", path, "--device", "emu:", "--json", "--quiet", "-o",
         pathlib.Path(folder) / "chosen.npy"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def constant(profile, name):
    return profile["constants"][name]["value"]


def by_hand(said, profile):
    """Picojoules by domain from the counts, by the formulae of Documentation/energy.rst."""
    c = {name: constant(profile, name) for name in profile["constants"]}
    moved, path = said["bytes"], said["datapath"]
    link = moved["link_in"] + moved["link_out"]
    seconds = ((sum(path["cycles"].values()) + path["switch_cycles"]) / c["clock"]
               + link / c["link_bandwidth"])
    return {
        "near": 8 * (moved["near_read"] * c["near_read"] + moved["near_write"] * c["near_write"]),
        "compute": said["mac"] * c["mac"] + said["special"] * c["special"],
        "scratch": moved["scratch"] * c["scratch"],
        "link": 8 * link * c["link"],
        "static": 1e12 * (c["near_static"] + c["logic_static"]) * seconds,
    }


def reading(profile, size):
    """Picojoules by domain to bring so many bytes from near memory to the host."""
    static = constant(profile, "near_static") + constant(profile, "logic_static")
    return {"near": 8 * size * constant(profile, "near_read"), "compute": 0.0, "scratch": 0.0,
            "link": 8 * size * constant(profile, "link"),
            "static": 1e12 * static * size / constant(profile, "link_bandwidth")}


class Case:
    """A selection of K of N rows, and the two ways to come by it; joules."""

    def __init__(self, said, profile):
        self.rows, self.count = said["dataset"]["rows"], said["count"]
        self.row_bytes = said["dataset"]["bytes"] / self.rows
        self.profile = profile
        self.job = {d: 1e-12 * said["energy"][d] for d in DOMAINS}
        self.cycles = said["datapath"]["cycles"]
        self.seconds = sum(self.cycles.values()) / constant(profile, "clock")

    def rows_over(self, rows):
        """Joules by domain to bring rows to the host once."""
        return {d: 1e-12 * e for d, e in reading(self.profile, rows * self.row_bytes).items()}

    def near(self):
        some = self.rows_over(self.count)
        return {d: self.job[d] + some[d] for d in DOMAINS}

    def host(self, passes):
        """The same work at the host, for whose operations the same constants are taken."""
        every = self.rows_over(self.rows)
        return {d: (0 if d == "link" else self.job[d]) + passes * every[d] for d in DOMAINS}

    def time(self, rows, passes=1):
        """Modelled seconds: the work, and so many passes of so many rows over the link."""
        moved = passes * rows * self.row_bytes
        return self.seconds + moved / constant(self.profile, "link_bandwidth")

    def break_even(self, row_energy=0.0):
        """Epochs after which all rows, brought anew each time, have cost more than the choice."""
        saved = sum(self.rows_over(self.rows - self.count).values())
        saved += row_energy * (self.rows - self.count)
        return sum(self.job.values()) / saved


def total(energy):
    return sum(energy[d] for d in DOMAINS)


def check(said, profile):
    """What nmsctl says against what its own counts make; the parts against their sum."""
    for domain, value in by_hand(said, profile).items():
        if not math.isclose(value, said["energy"][domain], rel_tol=1e-6, abs_tol=1):
            return f"{domain}: {said['energy'][domain]} pJ, its counts make {value}"
    if sum(said["energy"][d] for d in DOMAINS) != said["energy"]["total"]:
        return f"the domains add up to another total than {said['energy']['total']}"
    return None


def joules(value):
    return f"{value:.3g}"


def paths_table(cases):
    def row(name, spent, seconds):
        return [name, *(joules(spent[d]) for d in DOMAINS), joules(total(spent)), f"{seconds:.3f}"]

    rows = [["", *DOMAINS, "total (J)", "time (s)"]]
    for name, case in cases:
        rows.append(row(f"{name}, beside the memory", case.near(), case.time(case.count)))
        rows += [row(f"{name}, at the host, p = {p}", case.host(p), case.time(case.rows, p))
                 for p in PASSES]
    return simple_table(rows)


def phases_table(cases):
    """Milliseconds of the modelled datapath by phase."""
    phases = [p for p in cases[0][1].cycles if any(case.cycles[p] for _, case in cases)]
    rows = [["ms", *phases]]
    for name, case in cases:
        scale = 1e3 / constant(case.profile, "clock")
        rows.append([name, *(f"{scale * case.cycles[p]:.1f}" for p in phases)])
    return simple_table(rows)


def break_even_table(cases, row_energies):
    rows = [["J a row and epoch at the trainer", *(f"{e:g}" for e in row_energies)]]
    rows += [[name, *(f"{case.break_even(e):.3g}" for e in row_energies)] for name, case in cases]
    return simple_table(rows)


def sensitivity_table(nmsctl, profile, method, count, folder):
    """By constant, sorted by how much the break-even moves."""
    rows = []
    for name, of in profile["constants"].items():
        moved = []
        for factor in (0.5, 2):
            changed = scaled(profile, name, factor)
            case = Case(sample(nmsctl, changed, method, count, folder), changed)
            moved.append((case.break_even(), total(case.host(1)) / total(case.near())))
        rows.append((abs(math.log(moved[1][0] / moved[0][0])),
                     [f"{name}{' (a)' if of['basis'] == 'assumed' else ''}",
                      *(f"{e:.3g}" for e, _ in moved), *(f"{r:.3f}" for _, r in moved)]))
    rows.sort(key=lambda row: -row[0])
    return simple_table([["constant", "epochs, half", "twice", "host / near, half", "twice"],
                         *(row for _, row in rows)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", default="600,6000")
    parser.add_argument("--methods", default="auto,adapsne")
    parser.add_argument("--profile", default="ddr4", choices=[p.stem for p in PROFILES.glob("*.json")])
    parser.add_argument("--row-energy", type=float, action="append", default=[])
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    nmsctl = os.environ.get("NMSCTL", HERE.parents[1] / "build/nmsctl")
    profile = profile_of(args.profile)
    cases = []
    with tempfile.TemporaryDirectory(prefix="nms-energy-") as folder:
        for method in args.methods.split(","):
            for count in args.counts.split(","):
                said = sample(nmsctl, profile, method, int(count), folder)
                wrong = check(said, profile)
                if wrong:
                    sys.exit(f"energy: {method}, {count}: {wrong}")
                cases.append((f"{method}, {int(count):,}", Case(said, profile)))
        if args.check:
            return
        print(paths_table(cases), phases_table(cases),
              break_even_table(cases, [0, 1e-6, 1e-5, 1e-4, *args.row_energy]),
              sensitivity_table(nmsctl, profile, args.methods.split(",")[0],
                                int(args.counts.split(",")[0]), folder), sep="\n\n")


if __name__ == "__main__":
    main()
