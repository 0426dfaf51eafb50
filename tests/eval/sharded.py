# SPDX-License-Identifier: GPL-2.0-only
"""How much a selection from shards loses to one from the whole: points of accuracy by surplus.

    python3 tests/eval/sharded.py [--shards 4] [--trainings 20] [--surplus 1,2,4,8]

Fashion-MNIST, 600 of 60,000, labels; a LocalCluster with a worker process for each shard.
"""
import argparse
import time

import numpy as np

import batch
import recipe

COUNT = 600
STEPS = 800


def report(name, found, more=""):
    mean, error = np.mean(found), np.std(found, ddof=1) / len(found) ** 0.5
    print(f"{name:24} {mean:6.2f} +- {error:.2f}  {more}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--trainings", type=int, default=20)
    parser.add_argument("--surplus", default="1,2,4,8")
    args = parser.parse_args()

    import distributed

    import nms
    import nms.distributed

    images, labels, test, test_labels = recipe.fashion_mnist()
    xs, ys = np.array_split(images, args.shards), np.array_split(labels, args.shards)
    selections = {}

    def take(name, choose):
        begin = time.monotonic()
        result = choose()
        moved = getattr(result, "nbytes", 0)
        selections[name] = (result.indices, f"{time.monotonic() - begin:.1f} s"
                            + (f", {moved / 1e6:.2f} MB moved" if moved else ""))

    take("the whole", lambda: nms.sample(images, labels, count=COUNT))
    with distributed.LocalCluster(n_workers=args.shards, threads_per_worker=1,
                                  dashboard_address=None) as cluster, \
            distributed.Client(cluster) as client:
        for surplus in args.surplus.split(","):
            take(f"{args.shards} shards, surplus {surplus}", lambda: nms.distributed.sample(
                xs, ys, count=COUNT, surplus=float(surplus), client=client))
    for name, (rows, more) in selections.items():
        seeds = list(range(args.trainings))
        report(name, batch.train(images, labels, test, test_labels, [rows] * len(seeds), seeds,
                                 STEPS), more)


if __name__ == "__main__":
    main()
