# SPDX-License-Identifier: GPL-2.0-only
"""The recipe for many subsets at once: a stack of models, trained side by side.

One model of the recipe keeps no processor busy, and a table takes thousands of
them.  Here each layer is one product of matrices for all models of the stack;
the sum of their losses is what goes down, so that no gradient of one reaches
another, and Adam, being element by element, does for the stack what it would
do for each.  Needs numpy and torch alone, and takes a graphics processor where
there is one.

    python3 batch.py IN.npz OUT.npz

IN.npz: images (N x H x W or N x H x W x C, uint8), labels, test_images,
test_labels, rows (all subsets behind each other, as row numbers of images),
sizes (of the subsets), seeds (one each), steps, flip.  OUT.npz: accuracy, in
percent, one each.
"""
import sys

import numpy as np
import torch
from torch.nn import functional

import recipe

BATCH = 32
LAYERS = ((5, 2, 2), (3, 2, 1))		# of the convolutions: size, stride, padding


def stacked_weights(channels, size, seeds, device):
    """Weights and biases, each with the models first, as the recipe draws them."""
    models = []
    for seed in seeds:
        torch.manual_seed(seed)
        models.append([p.detach() for p in recipe.network(channels, size).parameters()])
    weights = []
    for same in zip(*models):
        w = torch.stack(same).to(device)
        weights.append(w.flatten(2) if w.ndim > 2 else w.unsqueeze(1))
    # biases of convolutions stand in columns, those of linear layers in rows
    for i in (1, 3):
        weights[i] = weights[i].transpose(1, 2).contiguous()
    return [w.requires_grad_() for w in weights]


def windows(x, size, stride, padding):
    """models x (channels * size * size) x (batch * places): what a convolution multiplies.

    By views and one copy: torch's own unfold has a launch for each image.
    """
    models, batch, channels = x.shape[:3]
    x = functional.pad(x, (padding,) * 4).transpose(1, 2)
    x = x.unfold(-2, size, stride).unfold(-2, size, stride)
    return x.permute(0, 1, 5, 6, 2, 3, 4).reshape(models, channels * size * size, -1)


def logits(weights, x, drop):
    """models x batch x 10 for x: models x batch x channels x height x width; drop: a mask or None."""
    models, batch = x.shape[:2]
    for layer, (size, stride, padding) in enumerate(LAYERS):
        side = x.shape[-1] // stride
        columns = windows(x, size, stride, padding)
        x = torch.baddbmm(weights[2 * layer + 1], weights[2 * layer], columns)
        x = x.view(models, -1, batch, side, side).transpose(1, 2).relu()
    x = x.flatten(2)
    if drop is not None:
        x = x * drop
    x = torch.baddbmm(weights[5], x, weights[4].transpose(1, 2)).relu()
    return torch.baddbmm(weights[7], x, weights[6].transpose(1, 2))


def all_batches(subsets, seeds, steps):
    """models x steps x batch row numbers, as the recipe draws them."""
    drawn = []
    for rows, seed in zip(subsets, seeds):
        rows = torch.from_numpy(np.asarray(rows, dtype=np.int64))
        generator = torch.Generator().manual_seed(int(seed))
        drawn.append(torch.stack([rows[b] for b in
                                  recipe.batches(len(rows), BATCH, steps, generator)]))
    return torch.stack(drawn)


def accuracies(weights, test, test_labels):
    """Percent of the test set that each model gets right."""
    models = len(weights[0])
    right = torch.zeros(models, device=test.device)
    with torch.no_grad():
        for x, y in zip(test.split(2 * BATCH), test_labels.split(2 * BATCH)):
            guess = logits(weights, x.expand(models, *x.shape), None).argmax(2)
            right += (guess == y).sum(1)
    return (100 * right / len(test)).tolist()


def train_stack(images, labels, test, test_labels, subsets, seeds, steps, flip, dropout):
    device = images.device
    weights = stacked_weights(images.shape[1], images.shape[2], seeds, device)
    optimizer = torch.optim.Adam(weights, lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    chance = torch.Generator(device).manual_seed(int(seeds[0]))
    order = all_batches(subsets, seeds, steps).to(device)
    for step in range(steps):
        rows = order[:, step]
        x, y = images[rows], labels[rows]
        if flip:
            flips = torch.rand(rows.shape, generator=chance, device=device) < 0.5
            x = torch.where(flips[..., None, None, None], x.flip(-1), x)
        drop = None
        if dropout:
            shape = (*rows.shape, weights[4].shape[2])
            drop = (torch.rand(shape, generator=chance, device=device) >= dropout) / (1 - dropout)
        optimizer.zero_grad()
        loss = functional.cross_entropy(logits(weights, x, drop).flatten(0, 1), y.flatten(),
                                        reduction="sum") / BATCH
        loss.backward()
        optimizer.step()
        schedule.step()
    return accuracies(weights, test, test_labels)


def train(images, labels, test_images, test_labels, subsets, seeds, steps, flip=False,
          device=None, models_at_once=None, dropout=0.25):
    """Test accuracy in percent of one training for each subset.

    images: N x H x W (x C), uint8; labels: N; subsets: arrays of row numbers of
    images, of any sizes; seeds: one for each, of its weights and batches.  flip:
    mirror images at random.  models_at_once: 512 on a graphics processor, 8
    otherwise.  Dropout and flips are drawn for a stack together, so that they
    depend on which subsets share it; what else is random is the recipe's.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    at_once = models_at_once or (512 if device == "cuda" else 8)
    x = recipe.as_input(images).to(device)
    test = recipe.as_input(test_images[:recipe.TEST_IMAGES]).to(device)
    y, test_y = (torch.from_numpy(np.asarray(a, dtype=np.int64)).to(device)
                 for a in (labels, test_labels[:recipe.TEST_IMAGES]))
    found = []
    for first in range(0, len(subsets), at_once):
        part = slice(first, first + at_once)
        found += train_stack(x, y, test, test_y, subsets[part], seeds[part], steps, flip, dropout)
    return found


def main(source, target):
    data = np.load(source)
    ends = np.cumsum(data["sizes"])
    subsets = np.split(data["rows"], ends[:-1])
    found = train(data["images"], data["labels"], data["test_images"], data["test_labels"],
                  subsets, data["seeds"].tolist(), int(data["steps"]), bool(data["flip"]))
    np.savez(target, accuracy=np.array(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
