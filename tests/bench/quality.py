# SPDX-License-Identifier: GPL-2.0-only
"""How good a plane, neighbours or medoids are; independent of the engine."""
import faiss
import numpy as np
import torch

STEPS = 60		# bisections of a bandwidth


def neighbours(x, k):
    """Exact: squared distances and rows, by faiss, the row itself left out."""
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(x)
    _, rows = index.search(x, k + 1)
    itself = rows == np.arange(len(x))[:, None]
    itself[~itself.any(1), k] = True
    rows = rows[~itself].reshape(len(x), k)
    return squared(x, rows), rows


def squared(x, rows):
    """Squared distances from each row to those that @rows names, in double precision."""
    out = np.empty(rows.shape)
    for i in range(0, len(x), 2000):
        out[i:i + 2000] = ((x[rows[i:i + 2000]] - x[i:i + 2000, None]).astype(float) ** 2).sum(2)
    return out


def conditional(dist2, perplexity):
    """p(j|i) at the perplexity, by bisection of the logarithm of beta."""
    d = dist2 - dist2.min(1, keepdims=True)
    scale = np.maximum(d.mean(1), 1e-300)
    low, high = np.log(1e-6 / scale), np.log(1e6 / scale)
    for _ in range(STEPS):
        beta = np.exp((low + high) / 2)[:, None]
        w = np.exp(-beta * d)
        total = w.sum(1)
        entropy = np.log(total) + (beta * d * w).sum(1) / total
        above = entropy > np.log(perplexity)
        middle = (low + high) / 2
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return w / total[:, None]


class Affinities:
    """P of a dataset: of exact neighbours, three times the perplexity, made symmetric."""

    def __init__(self, x, perplexity):
        dist2, rows = neighbours(np.ascontiguousarray(x, np.float32), int(3 * perplexity))
        p = conditional(dist2, perplexity) / len(x)
        own = np.repeat(np.arange(len(x)), rows.shape[1])
        key = np.concatenate([own * len(x) + rows.ravel(), rows.ravel() * len(x) + own])
        key, place = np.unique(key, return_inverse=True)
        self.p = np.bincount(place, np.tile(p.ravel() / 2, 2))
        self.row, self.col = key // len(x), key % len(x)

    def divergence(self, plane):
        """KL(P||Q), the normaliser of Q over all pairs."""
        y = torch.from_numpy(np.ascontiguousarray(plane, np.float32))
        z = -float(len(y))
        for part in y.split(500):
            z += float((1 / (1 + torch.cdist(part, y) ** 2)).double().sum())
        d2 = ((plane[self.row].astype(float) - plane[self.col]) ** 2).sum(1)
        return float((self.p * np.log(self.p * z * (1 + d2))).sum() / self.p.sum())


def inertia(x, chosen):
    """Mean squared distance to the nearest chosen row."""
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(np.ascontiguousarray(x[chosen]))
    return float(index.search(np.ascontiguousarray(x), 1)[0].mean())
