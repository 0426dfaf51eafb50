# SPDX-License-Identifier: GPL-2.0-only
"""Rules of others, re-created by us from their public descriptions, and the plain ones.

Neither their code nor their features: each works on the same quarter-whitened
principal components, so that what differs is how they choose.  What their
authors report with the features of networks is not what is measured here.

===========  ===================================================================
random       uniform
balanced     uniform within class
dq           Dataset Quantization (Zhou et al., ICCV 2023): bins made one after
             the other by a submodular gain over the whole that is left, then as
             many from each bin at random
dqas         class quotas as in DQ with adaptive sampling: more for the classes
             that are harder, the rest as in dq
nessa        NeSSA: facility location within class, in partitions of what fits
             beside the storage
===========  ===================================================================
"""
import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

DQ_BINS = 10
NESSA_ROWS = 512	# of a partition


def features(rows, dimensions=80):
    """Principal components, quarter-whitened."""
    x = rows.reshape(len(rows), -1).astype(np.float32)
    found = PCA(min(dimensions, *x.shape), random_state=0).fit_transform(x)
    spread = found.std(0)
    return found * (spread[0] / np.maximum(spread, 1e-3 * spread[0])) ** 0.25


def similarity(x):
    """exp(-d^2 / 2 s^2), s half the root mean squared distance to the mean."""
    norm = (x ** 2).sum(1)
    d2 = np.maximum(norm[:, None] + norm - 2 * x @ x.T, 0)
    return np.exp(-2 * d2 / ((x - x.mean(0)) ** 2).sum(1).mean())


def quotas(labels, count, weight=None):
    """Largest remainder of count among classes, in proportion to rows times weight."""
    classes, rows = np.unique(labels, return_counts=True)
    share = rows * (np.ones(len(classes)) if weight is None else weight)
    wanted = np.minimum(count * share / share.sum(), rows)
    quota = np.floor(wanted).astype(int)
    while quota.sum() < count:
        left = np.where(quota < rows, wanted - quota, -np.inf)
        quota[left.argmax()] += 1
    return dict(zip(classes.tolist(), quota.tolist()))


def within_class(labels, quota, choose):
    """choose(rows of a class, how many) gives places in them."""
    return np.concatenate([rows[choose(rows, quota[c])] for c in sorted(quota)
                           for rows in [np.flatnonzero(labels == c)] if quota[c]])


def facility(similar, count):
    """Greedy facility location: places, by gain."""
    best = np.zeros(len(similar), similar.dtype)
    chosen = []
    for _ in range(count):
        gain = np.maximum(similar - best[:, None], 0).sum(0)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        best = np.maximum(best, similar[:, chosen[-1]])
    return np.array(chosen, int)


def dq_bins(similar, bins):
    """Graph cut gains: near to the whole that is left, far from what the bin has."""
    left = np.arange(len(similar))
    found = []
    for b in range(bins):
        size = len(left) // (bins - b)
        whole = similar[np.ix_(left, left)]
        score = whole.sum(1)
        taken = np.zeros(len(left), bool)
        for _ in range(size):
            i = int(np.where(taken, -np.inf, score).argmax())
            taken[i] = True
            score -= 2 * whole[i]
        found.append(left[taken])
        left = left[~taken]
    return found


def from_bins(similar, count, rng):
    """As many from each bin, at random; what does not divide, from the first ones."""
    bins = [rng.permutation(b) for b in dq_bins(similar, min(DQ_BINS, len(similar)))]
    order = [b[rank] for rank in range(max(map(len, bins))) for b in bins if rank < len(b)]
    return np.array(order[:count], int)


def hardness(x, labels, k=10):
    """By class: how often the ten nearest are of another."""
    nearest = NearestNeighbors(n_neighbors=k).fit(x).kneighbors(return_distance=False)
    other = (labels[nearest] != labels[:, None]).mean(1)
    return np.array([other[labels == c].mean() for c in np.unique(labels)])


def dq(rows, labels, count, rng):
    x = features(rows)
    return within_class(labels, quotas(labels, count),
                        lambda own, n: from_bins(similarity(x[own]), n, rng))


def dqas(rows, labels, count, rng):
    x = features(rows)
    # a class that nobody is near to needs some, too
    weight = np.sqrt(hardness(x, labels) + 0.01)
    return within_class(labels, quotas(labels, count, weight / weight.mean()),
                        lambda own, n: from_bins(similarity(x[own]), n, rng))


def nessa(rows, labels, count, rng):
    x = features(rows)

    def choose(own, n):
        order = rng.permutation(len(own))
        parts = np.array_split(order, -(-len(own) // NESSA_ROWS))
        sizes = np.diff(np.round(np.linspace(0, n, len(parts) + 1)).astype(int))
        return np.concatenate([part[facility(similarity(x[own[part]]), size)]
                               for part, size in zip(parts, sizes)])
    return within_class(labels, quotas(labels, count), choose)


def random(rows, labels, count, rng):
    return rng.choice(len(rows), count, replace=False)


def balanced(rows, labels, count, rng):
    return within_class(labels, quotas(labels, count),
                        lambda own, n: rng.choice(len(own), n, replace=False))


RULES = {f.__name__: f for f in (random, balanced, dq, dqas, nessa)}
