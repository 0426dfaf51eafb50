# SPDX-License-Identifier: GPL-2.0-only
"""The data of the benchmarks, made once and kept under ~/.cache/nms/bench."""
import gzip
import hashlib
import os
import pathlib

import numpy as np

FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
IMAGES = FASHION_MNIST / "train-images-idx3-ubyte.gz"
LABELS = FASHION_MNIST / "train-labels-idx1-ubyte.gz"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "nms/bench"


def images():
    """60,000 x 784 uint8."""
    return np.frombuffer(gzip.open(IMAGES).read(), np.uint8, offset=16).reshape(-1, 784)


def labels():
    return np.frombuffer(gzip.open(LABELS).read(), np.uint8, offset=8)


def kept(name, depends, make):
    """The path of a file that make(path) writes, unless it is there already."""
    key = hashlib.sha256(repr(depends).encode()).hexdigest()[:12]
    stem, dot, end = name.partition(".")
    path = CACHE / f"{stem}-{key}{dot}{end}"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"part-{os.getpid()}-{path.name}")
        make(part)
        part.rename(path)
    return path


def principal(x, features):
    """Mean, and the first axes, one a column."""
    mean = x.mean(0)
    centred = x - mean
    values, axes = np.linalg.eigh(centred.T @ centred)
    return mean, axes[:, ::-1][:, :features].astype(np.float32)


def fashion_features(rows, features=50):
    """Path of rows x features float32: the first rows of a seeded order, by PCA of all."""
    def make(path):
        x = images().astype(np.float32)
        mean, axes = principal(x, features)
        order = np.random.default_rng(1).permutation(len(x))[:rows]
        with open(path, "wb") as f:
            np.save(f, np.ascontiguousarray((x - mean)[np.sort(order)] @ axes))
    return kept(f"fashion-{rows}x{features}.npy", (rows, features, 1), make)
