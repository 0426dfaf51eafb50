#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exemplars of a stream that is never in memory as a whole: merge and reduce.

Rows arrive in parts. Of each part exemplars are chosen, and they carry as weight how many rows
they stand for. Two sets of equal rank are merged and reduced again, with the weights as mass: of
n parts no more than log2(n) + 1 sets are ever held, and no row has been through more choices than
that and the last (Bentley and Saxe, Decomposable searching problems, 1980; Har-Peled and
Mazumdar, On coresets for k-means and k-median clustering, 2004).
"""
import argparse

import numpy as np

import nms


class StreamSampler:
    """Parts in, exemplars with weights out.

    Parameters
    ----------
    count : int
        Exemplars of a set, and in the end.
    **options
        For nms.sample().
    """

    def __init__(self, count, **options):
        self.count, self.options = count, options
        self.sets = {}                  # rank: (rows, weights)

    def reduce(self, rows, weights):
        chosen = nms.sample(rows, count=min(self.count, len(rows)), mass=weights, **self.options)
        return rows[chosen.indices], chosen.weights

    def add(self, rows):
        """A part of the stream."""
        held, rank = self.reduce(rows, np.ones(len(rows), np.float32)), 0
        while rank in self.sets:
            held = self.reduce(*map(np.concatenate, zip(self.sets.pop(rank), held)))
            rank += 1
        self.sets[rank] = held

    def result(self):
        """Exemplars so far, and how many rows each stands for; more may be added."""
        return self.reduce(*map(np.concatenate, zip(*self.sets.values())))


def part(rng, size, centres, share):
    """Rows around centres, as their shares are now."""
    which = rng.choice(len(centres), size, p=share)
    return (centres[which] + rng.standard_normal((size, centres.shape[1]))).astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--rows", type=int, default=2000, help="of a part")
    parser.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    centres = 5 * rng.standard_normal((4, 16))
    stream, total, sum_of_all = StreamSampler(options.count), 0, np.zeros(16)
    for i in range(options.parts):
        # The stream drifts: what is rare at first is frequent in the end.
        late = i / max(1, options.parts - 1)
        rows = part(rng, options.rows, centres, (0.4 * (1 - late), 0.4, 0.2, 0.4 * late))
        stream.add(rows)
        total += len(rows)
        sum_of_all += rows.sum(0, dtype=np.float64)
    rows, weights = stream.result()
    mean = np.average(rows, axis=0, weights=weights)
    error = np.linalg.norm(mean - sum_of_all / total)
    last = np.linalg.norm(part(rng, options.rows, centres, (0, 0.4, 0.2, 0.4)).mean(0) -
                          sum_of_all / total)
    print(f"{len(rows)} of {total} rows in {options.parts} parts, weights add up to "
          f"{weights.sum():.0f}")
    print(f"their weighted mean is {error:.2f} from that of all rows, the last part's {last:.2f}")


if __name__ == "__main__":
    main()
