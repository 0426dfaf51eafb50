#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
deform.py ROWS OUTPUT.npy LABELS.npy: Fashion-MNIST made larger.  Each row is an
image under a seeded shift of up to two pixels and an elastic deformation (Simard,
Steinkraus and Platt, ICDAR 2003: displacements smoothed by a Gaussian), in the
first 128 principal components of the originals; float32, written in blocks.  The
first 60,000 rows are the originals themselves.
"""
import argparse
import multiprocessing
import os

import numpy as np
from scipy.ndimage import gaussian_filter

import data

SIDE, FEATURES = 28, 128
BLOCK = 10000
FIELDS = 64		# displacement fields of a block, shared by its images
SIGMA, REACH = 4.0, 1.5	# of the smoothing, and root mean square displacement, in pixels


def field(rng):
    """Where the pixels of a deformed image come from: 2 x 28 x 28."""
    move = np.stack([gaussian_filter(rng.uniform(-1, 1, (SIDE, SIDE)), SIGMA) for _ in "yx"])
    move *= REACH / np.sqrt((move ** 2).mean())
    shift = rng.integers(-2, 3, 2)
    return np.indices((SIDE, SIDE)) + move + shift[:, None, None]


def bilinear(place):
    """A field as the sparse matrix that applies it: four pixels and weights for each."""
    place = np.clip(place, 0, SIDE - 1.001).reshape(2, -1)
    corner = place.astype(int)
    y, x = place - corner
    at = corner[0] * SIDE + corner[1]
    return (np.stack([at, at + 1, at + SIDE, at + SIDE + 1]),
            np.stack([(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x]).astype(np.float32))


def block(job):
    """Rows of one block, deformed and projected, and which images they are of."""
    number, rows = job
    if number * BLOCK < len(IMAGES):
        which = np.arange(number * BLOCK, number * BLOCK + rows)
        x = IMAGES[which].astype(np.float32)
    else:
        rng = np.random.default_rng((7, number))
        which = rng.integers(0, len(IMAGES), rows)
        x = np.empty((rows, SIDE * SIDE), np.float32)
        for part in np.array_split(np.arange(rows), FIELDS):
            at, weight = bilinear(field(rng))
            source = IMAGES[which[part]]
            x[part] = sum(source[:, a] * w for a, w in zip(at, weight))
    return number, (x - MEAN) @ AXES, which


def write(rows, output, labels):
    global IMAGES, MEAN, AXES
    IMAGES = data.images()
    MEAN, AXES = data.principal(IMAGES.astype(np.float32), FEATURES)
    out = np.lib.format.open_memmap(output, "w+", np.float32, (rows, FEATURES))
    names = np.lib.format.open_memmap(labels, "w+", np.uint8, (rows,))
    classes = data.labels()
    jobs = [(i, min(BLOCK, rows - i * BLOCK)) for i in range(-(-rows // BLOCK))]
    with multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        for number, x, which in pool.imap(block, jobs):
            out[number * BLOCK:number * BLOCK + len(x)] = x
            names[number * BLOCK:number * BLOCK + len(x)] = classes[which]
    out.flush()
    names.flush()


def made(rows):
    """Paths of such rows and of their classes, kept."""
    depends = (rows, FEATURES, SIGMA, REACH, FIELDS, BLOCK, 8)
    labels = data.kept(f"deformed-{rows}-labels.npy", depends, lambda path: path.touch())
    x = data.kept(f"deformed-{rows}x{FEATURES}.npy", depends,
                  lambda path: write(rows, path, labels))
    return x, labels


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    parser.add_argument("output")
    parser.add_argument("labels")
    args = parser.parse_args()
    write(args.rows, args.output, args.labels)
