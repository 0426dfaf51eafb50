#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
python_call.py DTYPE THREADS: one nms.sample() of Fashion-MNIST, 600 by class; or, imported, the
case that sets it beside the same work of nmsctl.  Prints "seconds S" for the call, the opening
of the device included, and "beside S" for what of it was not spent in the commands.
"""
import json
import pathlib
import sys
import time
from statistics import median

import numpy as np

import data
from measure import Contender, alternate

PACKAGE = pathlib.Path(__file__).parents[2] / "userspace/python"
COUNT = 600
# Two per cent are looked for, where a run differs from the next by more.
ROUNDS = 11


def beside(total, seconds):
    """What was not spent in a phase of the commands."""
    return total - sum(value for name, value in seconds.items()
                       if name in ("read", "reduce", "select", "gather"))


def tool(setting, source):
    """nmsctl's own work: from the submission to the result, rows being near already."""
    log = setting.path("python.json")
    run = setting.run("/bin/sh", "-c", '"$@" > "$0"', log, setting.nmsctl, "sample", source,
                      "--labels", data.LABELS, "-k", COUNT, "--json", "-q", "-t", setting.threads)
    seconds = json.loads(pathlib.Path(log).read_text())["seconds"]
    run.own = {"seconds": seconds["job"], "beside": beside(seconds["job"], seconds)}
    return run


def package(setting, dtype):
    return setting.run("/usr/bin/env", f"PYTHONPATH={PACKAGE}",
                       f"NMSDEV_LIBRARY={setting.build.resolve()}/userspace/lib/libnmsdev.so.0",
                       "/usr/bin/python3", __file__, dtype, setting.threads)


def rows(setting, dtype):
    if dtype == "uint8":
        return data.IMAGES
    path = setting.path("python-rows.npy")
    np.save(path, data.images().astype(dtype))
    return path


def judge(contender):
    least = min(run.own["seconds"] for run in contender.runs)
    return {"least": least, "beside": median(run.own["beside"] for run in contender.runs)}


def case(setting):
    """Contenders whose quality has the least time, and what was spent beside the commands."""
    everyone = []
    for dtype in ("uint8", "float32"):
        source = rows(setting, dtype)
        pair = [Contender(f"nmsctl, {dtype}", lambda source=source: tool(setting, source)),
                Contender(f"nms.sample(), {dtype}", lambda dtype=dtype: package(setting, dtype))]
        alternate(pair, max(setting.rounds, ROUNDS), setting.slow, setting.say)
        for contender in pair:
            if not contender.error:
                contender.quality = judge(contender)
        if not any(contender.error for contender in pair):
            theirs, ours = (contender.quality["least"] for contender in pair)
            pair[1].quality["more_percent"] = 100 * (ours / theirs - 1)
        everyone += pair
    return everyone


def main():
    dtype, threads = sys.argv[1], int(sys.argv[2])
    import nms
    x, y = data.images().astype(dtype, copy=False), data.labels()
    begin = time.perf_counter()
    found = nms.sample(x, y, count=COUNT, threads=threads)
    seconds = time.perf_counter() - begin
    print("seconds", seconds)
    print("beside", beside(seconds, found.seconds))


if __name__ == "__main__":
    main()
