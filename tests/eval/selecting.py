# SPDX-License-Identifier: GPL-2.0-only
"""Rows chosen from a pool, by nmsctl's methods or by the baselines."""
import json
import pathlib
import re
import subprocess
import tempfile

import numpy as np

import baselines
from cells import digest

# By name: arguments of nmsctl sample.  The ablation is of AdapSNE's two parts.
METHODS = {
    "auto": ["--method", "auto"],
    "herding": ["--method", "herding"],
    "kcentre": ["--method", "kcentre"],
    "kmedoids": ["--method", "kmedoids"],
    "facility": ["--method", "facility"],
    "grid": ["--method", "grid"],
    "nms": ["--method", "nms"],
    "adapsne": ["--method", "adapsne"],
    "none": ["--method", "nms", "--search", "bisect"],
    "fwa": ["--method", "nms", "--search", "fwa"],
    "entropy": ["--method", "adapsne", "--search", "bisect"],
    "both": ["--method", "adapsne"],
}
METHODS |= {f"{name}-fixed": [*METHODS[name], "--profile", "fixed8/64/12"]
            for name in ("none", "fwa", "entropy", "both")}
# A smaller selection is the beginning of a larger one.
NESTED = {"auto", "herding", "kcentre", "facility"}


def library_of(nmsctl):
    """The libnmsdev.so that it runs with."""
    out = subprocess.run(["ldd", nmsctl], check=True, capture_output=True, text=True).stdout
    return re.search(r"libnmsdev\.so\S* => (\S+)", out)[1]


class Selector:
    """Chooses, and remembers in cells what has been chosen."""

    def __init__(self, nmsctl, cells):
        self.nmsctl = nmsctl
        self.cells = cells
        self.version = digest(*[np.fromfile(f, np.uint8) for f in (nmsctl, library_of(nmsctl))])
        self.baselines = digest(np.fromfile(baselines.__file__, np.uint8))
        info = subprocess.run([nmsctl, "info", "--json", "--device", "emu:"], check=True,
                              capture_output=True)
        self.numerics = json.loads(info.stdout)["device"]["numerics"]

    def _run(self, data, pool, labelled, rule, count):
        with tempfile.TemporaryDirectory(prefix="nms-eval-") as name:
            folder = pathlib.Path(name)
            np.save(folder / "pool.npy", data.rows[pool])
            command = [self.nmsctl, "sample", folder / "pool.npy", *METHODS[rule], "--quiet",
                       "--device", "emu:", "--count", str(count), "-o", folder / "chosen.npy"]
            if labelled:
                np.save(folder / "labels.npy", data.labels[pool].astype(np.uint32))
                command += ["--labels", folder / "labels.npy"]
            subprocess.run(command, check=True)
            return np.load(folder / "chosen.npy")

    def choose(self, data, pool_seed, labelled, rule, draw, counts):
        """For each of the counts, places in the pool."""
        pool = data.pool(pool_seed)
        labels = data.labels[pool] if labelled else np.zeros(len(pool), int)
        own = [self.version, METHODS[rule]] if rule in METHODS else self.baselines
        what = [data.digest, pool_seed, labelled, rule, draw, own]
        found = {c: self.cells[digest(what, c)] for c in counts if digest(what, c) in self.cells}
        missing = [c for c in counts if c not in found]
        if missing and rule in NESTED:
            order = self._run(data, pool, labelled, rule, max(missing)).tolist()
            new = {c: order[:c] for c in missing}
        else:
            new = {}
            for c in missing:
                if rule in METHODS:
                    new[c] = self._run(data, pool, labelled, rule, c).tolist()
                else:
                    rng = np.random.default_rng([pool_seed, draw, c])
                    new[c] = baselines.RULES[rule](data.rows[pool], labels, c, rng).tolist()
        self.cells.add({digest(what, c): rows for c, rows in new.items()})
        return {c: np.array(rows) for c, rows in {**found, **new}.items()}
