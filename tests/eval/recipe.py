# SPDX-License-Identifier: GPL-2.0-only
"""The training recipe by which selections are compared.

A small CNN, trained for a fixed number of steps on a subset and tested on
5,000 fixed test images.  It compares selections; it does not reach for
records.
"""
import gzip
import pathlib

import numpy as np
import torch
from torch import nn

FASHION_MNIST = pathlib.Path("/usr/share/datasets/fashion-mnist")
TEST_IMAGES = 5000
# To be raised when what follows, batch.py or learners.py makes other accuracies.
VERSION = 1


def idx(raw):
    """An array from the bytes of an IDX file, perhaps gzipped."""
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    ndim = raw[3]
    shape = np.frombuffer(raw, ">u4", ndim, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def fashion_mnist():
    """Training images, training labels, test images, test labels."""
    return tuple(idx((FASHION_MNIST / f"{part}-ubyte.gz").read_bytes()) for part in (
        "train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"))


def as_input(images):
    """N x H x W (x C) bytes to N x C x H x W float."""
    x = torch.from_numpy(np.array(images)).float()
    x = x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2)
    return (x / 255 - 0.35) / 0.3


def network(channels, size, dropout=0.25):
    side = size // 4
    return nn.Sequential(
        nn.Conv2d(channels, 16, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Dropout(dropout),
        nn.Linear(32 * side * side, 64), nn.ReLU(), nn.Linear(64, 10))


def batches(n, size, steps, generator):
    """Batches of row numbers, by one permutation of the subset after another."""
    pending = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        while len(pending) < size:
            pending = torch.cat([pending, torch.randperm(n, generator=generator)])
        yield pending[:size]
        pending = pending[size:]


def accuracy(images, labels, test_images, test_labels, steps, seed, dropout=0.25):
    """Test accuracy in percent after training on images and labels."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    x, y = as_input(images), torch.from_numpy(labels.astype(np.int64))
    net = network(x.shape[1], x.shape[2], dropout)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    loss = nn.CrossEntropyLoss()
    net.train()
    for rows in batches(len(x), 32, steps, generator):
        optimizer.zero_grad()
        loss(net(x[rows]), y[rows]).backward()
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        guess = net(as_input(test_images[:TEST_IMAGES])).argmax(1).numpy()
    return 100.0 * float(np.mean(guess == test_labels[:TEST_IMAGES]))


def class_balanced_random(labels, count, seed):
    """As many rows of each class as of the others, drawn without replacement."""
    rng = np.random.default_rng(seed)
    classes = np.unique(labels)
    return np.concatenate([
        rng.choice(np.flatnonzero(labels == c), count // len(classes), replace=False)
        for c in classes])
