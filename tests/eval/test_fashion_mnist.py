# SPDX-License-Identifier: GPL-2.0-only
"""What the tool promises on Fashion-MNIST: exemplars worth training on, and a
plane in which classes stay together.

Needs NMSCTL, the path of the executable.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold._t_sne import _joint_probabilities_nn
from sklearn.neighbors import NearestNeighbors

import recipe

NMSCTL = os.environ["NMSCTL"]
IMAGES = str(recipe.FASHION_MNIST / "train-images-idx3-ubyte.gz")
LABELS = str(recipe.FASHION_MNIST / "train-labels-idx1-ubyte.gz")


def nmsctl(*args):
    out = subprocess.run([NMSCTL, *map(str, args)], check=True, capture_output=True, text=True)
    return out.stdout


def exact_kl(x, y, perplexity):
    """KL(P||Q) with affinities from exact neighbours and the full normaliser."""
    neighbours = NearestNeighbors(n_neighbors=int(3 * perplexity), algorithm="brute").fit(x)
    graph = neighbours.kneighbors_graph(mode="distance")
    graph.data **= 2
    p = _joint_probabilities_nn(graph, perplexity, 0).tocoo()
    plane = torch.from_numpy(y.astype(np.float32))
    z = -float(len(y))
    for block in plane.split(250):
        z += float((1 / (1 + torch.cdist(block, plane) ** 2)).double().sum())
    d2 = ((y[p.row].astype(float) - y[p.col]) ** 2).sum(1)
    return float((p.data * np.log(p.data * z * (1 + d2))).sum() / p.data.sum())


class Exemplars(unittest.TestCase):
    def test_auto_beats_class_balanced_random(self):
        """600 of 60,000: at least 3 points over class-balanced random, 5 trainings each."""
        images, labels, test_images, test_labels = recipe.fashion_mnist()
        with tempfile.TemporaryDirectory() as folder:
            chosen = pathlib.Path(folder) / "auto.npy"
            nmsctl("sample", IMAGES, "--labels", LABELS, "--count", 600, "--quiet", "-o", chosen)
            auto = np.load(chosen)
        self.assertEqual(len(set(auto.tolist())), 600)

        def mean(selections):
            return np.mean([recipe.accuracy(images[rows], labels[rows], test_images, test_labels,
                                            800, seed) for seed, rows in enumerate(selections)])

        ours = mean([auto] * 5)
        random = mean([recipe.class_balanced_random(labels, 600, seed) for seed in range(5)])
        print(f"auto {ours:.2f}, class-balanced random {random:.2f}")
        self.assertGreaterEqual(ours - random, 3.0)


class Plane(unittest.TestCase):
    def test_embedding_of_all_rows(self):
        """Perplexity 30 on all 60,000: exact KL at most 2.40, 10-NN accuracy at least 0.84."""
        images, labels, _, _ = recipe.fashion_mnist()
        with tempfile.TemporaryDirectory() as folder:
            plane = pathlib.Path(folder) / "plane.npy"
            nmsctl("embed", IMAGES, "--perplexity", 30, "--quiet", "-o", plane)
            y = np.load(plane)
        self.assertEqual(y.shape, (60000, 2))
        # Each row's class by its ten neighbours, itself left out.
        nearest = NearestNeighbors(n_neighbors=10).fit(y).kneighbors(return_distance=False)
        votes = np.apply_along_axis(np.bincount, 1, labels[nearest], minlength=10)
        accuracy = np.mean(votes.argmax(1) == labels)
        features = PCA(50, random_state=0).fit_transform(images.reshape(60000, -1).astype(np.float32))
        kl = exact_kl(features, y, 30)
        print(f"exact KL {kl:.3f}, 10-NN accuracy {accuracy:.3f}")
        self.assertGreaterEqual(accuracy, 0.84)
        self.assertLessEqual(kl, 2.40)


if __name__ == "__main__":
    unittest.main()
