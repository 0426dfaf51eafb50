# SPDX-License-Identifier: GPL-2.0-only
"""Neighbours, bandwidths and affinities of the engine by ctypes."""
import ctypes as C

import numpy as np

from engine import f32, lib, ptr

NEWTON, BISECT, DE, FWA = 1, 2, 3, 4
SEARCHES = {"newton": NEWTON, "bisect": BISECT, "de": DE, "fwa": FWA}
MET, ABOVE_K, TIES, IDENTICAL, BUDGET = range(5)


class Neighbours(C.Structure):
    _fields_ = [("n", C.c_size_t), ("k", C.c_size_t), ("index", C.c_void_p),
                ("dist2", C.c_void_p)]


class BandwidthParams(C.Structure):
    _fields_ = [("search", C.c_int), ("perplexity", C.c_float), ("tolerance", C.c_float),
                ("evaluations", C.c_uint32), ("seed", C.c_uint64)]


class BandwidthStats(C.Structure):
    _fields_ = [("evaluations", C.c_uint64), ("rows", C.c_uint64 * 5),
                ("residual_mean", C.c_float), ("residual_max", C.c_float)]


class KnnStats(C.Structure):
    _fields_ = [("method", C.c_int), ("recall10", C.c_float), ("recall", C.c_float),
                ("sample", C.c_uint32), ("cells", C.c_uint32), ("probed", C.c_uint32)]


class SearchResult(C.Structure):
    _fields_ = [("log_beta", C.c_float), ("error", C.c_float), ("evaluations", C.c_uint32)]


class Affinity(C.Structure):
    _fields_ = [("n", C.c_size_t), ("start", C.POINTER(C.c_size_t)),
                ("col", C.POINTER(C.c_uint32)), ("p", C.POINTER(C.c_float))]


def knn(x, k):
    """Exact neighbours by numpy: indices and squared distances, ties by index."""
    x64 = x.astype(np.float64)
    d = ((x64[:, None, :] - x64[None, :, :]) ** 2).sum(2)
    np.fill_diagonal(d, np.inf)
    index = np.argsort(d, axis=1, kind="stable")[:, :k]
    return index.astype(np.uint32), f32(np.take_along_axis(d, index, 1))


def neighbours(index, dist2):
    nb = Neighbours(*dist2.shape, None if index is None else index.ctypes.data,
                    dist2.ctypes.data)
    nb.keep = (index, dist2)
    return nb


class Bandwidth:
    """What eng_bandwidth() gives for a table of distances."""

    def __init__(self, env, dist2, perplexity, search=NEWTON, tolerance=0.0, evaluations=0,
                 seed=1):
        n, k = dist2.shape
        self.p = np.full((n, k), np.nan, np.float32)
        self.beta = np.full(n, np.nan, np.float32)
        self.flags = np.full(n, 255, np.uint8)
        self.stats = BandwidthStats()
        params = BandwidthParams(search, perplexity, tolerance, evaluations, seed)
        nb = neighbours(None, dist2)
        self.err = lib.eng_bandwidth(C.byref(env), C.byref(nb), C.byref(params), ptr(self.p),
                                     ptr(self.beta), ptr(self.flags), C.byref(self.stats))

    def bits(self):
        return (self.p.tobytes(), self.beta.tobytes(), self.flags.tobytes(),
                bytes(self.stats))


def perplexities(dist2, beta):
    """Perplexity of each row at its beta, in double, by the definition."""
    d = dist2.astype(np.float64)
    e = np.exp(-beta.astype(np.float64)[:, None] * (d - d[:, :1]))
    p = e / e.sum(1, keepdims=True)
    logs = np.log(np.where(p > 0, p, 1.0))
    return np.exp(-(p * logs).sum(1)), p
