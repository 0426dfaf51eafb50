# SPDX-License-Identifier: GPL-2.0-only
"""Exemplars of all 60,000 rows of Fashion-MNIST, against a class-balanced random choice.

    python3 larger.py [--counts 600,6000] [--trainings 20] [--methods auto,herding]

With labels; 800 steps of training.  A method chooses once and is trained with as many
seeds; of the random choice each training has its own.  Needs NMSCTL, or build/nmsctl.
"""
import argparse
import os
import pathlib
import subprocess
import tempfile

import numpy as np
import torch

import batch
import recipe
from sharded import STEPS, report

HERE = pathlib.Path(__file__).resolve().parent


def choose(nmsctl, method, count):
    parts = [recipe.FASHION_MNIST / f"train-{part}-ubyte.gz" for part in ("images-idx3", "labels-idx1")]
    with tempfile.TemporaryDirectory(prefix="nms-eval-") as folder:
        chosen = pathlib.Path(folder) / "chosen.npy"
        subprocess.run([nmsctl, "sample", parts[0], "--labels", parts[1], "--method", method,
                        "--count", str(count), "--quiet", "--device", "emu:", "-o", chosen],
                       check=True)
        return np.load(chosen)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", default="600,6000")
    parser.add_argument("--trainings", type=int, default=20)
    parser.add_argument("--methods", default="auto,herding")
    args = parser.parse_args()
    nmsctl = os.environ.get("NMSCTL", HERE.parents[1] / "build/nmsctl")
    torch.set_num_threads(1)
    data = recipe.fashion_mnist()
    seeds = list(range(args.trainings))
    for count in map(int, args.counts.split(",")):
        subsets = {"balanced": [recipe.class_balanced_random(data[1], count, s) for s in seeds]}
        for method in args.methods.split(","):
            subsets[method] = [choose(nmsctl, method, count)] * len(seeds)
        for name, rows in subsets.items():
            report(f"{count} {name}", batch.train(*data, rows, seeds, STEPS))


if __name__ == "__main__":
    main()
