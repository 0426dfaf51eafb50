# SPDX-License-Identifier: GPL-2.0-only
"""How good a plane, neighbours or medoids are; independent of the engine."""
import faiss
import numpy as np
import torch
from scipy.sparse import csr_matrix

BLOCK = 16		# rows of pairs at a time
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


def normaliser(y):
    """Sum of 1 / (1 + |y_i - y_j|^2) over all pairs, blocks small enough for the cache."""
    one, two = y[:, 0].contiguous(), y[:, 1].contiguous()
    z = -float(len(y))
    for a, b in zip(one.split(BLOCK), two.split(BLOCK)):
        w = one - a[:, None]
        w.mul_(w)
        v = two - b[:, None]
        w.addcmul_(v, v).add_(1).reciprocal_()
        z += float(w.sum(1).double().sum())
    return z


class Affinities:
    """P of a dataset: of exact neighbours, three times the perplexity, made symmetric."""

    def __init__(self, x, perplexity):
        dist2, rows = neighbours(np.ascontiguousarray(x, np.float32), int(3 * perplexity))
        p = conditional(dist2, perplexity) / len(x)
        start = np.arange(0, rows.size + 1, rows.shape[1])
        p = csr_matrix((p.ravel(), rows.ravel(), start), (len(x), len(x)))
        p = ((p + p.T) / 2).tocoo()
        self.p, self.row, self.col = p.data, p.row, p.col

    def divergence(self, plane):
        """KL(P||Q), the normaliser of Q over all pairs."""
        z = normaliser(torch.from_numpy(np.ascontiguousarray(plane, np.float32)))
        d2 = ((plane[self.row].astype(float) - plane[self.col]) ** 2).sum(1)
        return float((self.p * np.log(self.p * z * (1 + d2))).sum() / self.p.sum())


def inertia(x, chosen):
    """Mean squared distance to the nearest chosen row."""
    index = faiss.IndexFlatL2(x.shape[1])
    index.add(np.ascontiguousarray(x[chosen]))
    return float(index.search(np.ascontiguousarray(x), 1)[0].mean())
