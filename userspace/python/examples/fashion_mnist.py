#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Train on 1 % of Fashion-MNIST: exemplars, and as many at random.

Two models learn from each: logistic regression of scikit-learn, from rows, and a small
convolutional network of torch, from a Subset. Debian's package dataset-fashion-mnist has the data.
"""
import argparse
import gzip
import pathlib

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import nms
import nms.torch


def idx(path, skip):
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=skip)


def load(folder, part):
    """Images as rows of bytes, and their classes."""
    images = idx(folder / f"{part}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return images, idx(folder / f"{part}-labels-idx1-ubyte.gz", 8)


def regression(train, test, chosen):
    """Accuracy of logistic regression that learned from the chosen rows."""
    (x, y), (x_test, y_test) = train, test
    model = LogisticRegression(C=0.1, max_iter=500)
    model.fit(x[chosen] / np.float32(255), y[chosen])
    return model.score(x_test / np.float32(255), y_test)


def network(subset, test, epochs):
    """Accuracy of a small convolutional network that learned from the subset."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Linear(32 * 49, 10))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(epochs):
        for x, y in DataLoader(subset, batch_size=50, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x.float() / 255), y)
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        x, y = test.tensors
        found = torch.cat([model(part.float() / 255).argmax(1) for part in x.split(1000)])
    return (found == y).float().mean().item()


def tensors(images, labels):
    return TensorDataset(torch.tensor(images).reshape(-1, 1, 28, 28),
                         torch.tensor(labels, dtype=torch.int64))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path,
                        default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--ratio", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args()
    train, test = load(options.folder, "train"), load(options.folder, "t10k")
    data, held = tensors(*train), tensors(*test)
    for method in ("auto", "random"):
        subset = nms.torch.subset(data, ratio=options.ratio, labels=True, method=method)
        result = subset.result
        print(f"{result.rule:<8} {len(result)} of {len(data)} in {result.seconds['total']:.2f} s: "
              f"regression {100 * regression(train, test, result.indices):.1f} %, "
              f"network {100 * network(subset, held, options.epochs):.1f} %")


if __name__ == "__main__":
    main()
