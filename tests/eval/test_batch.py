# SPDX-License-Identifier: GPL-2.0-only
"""Many trainings at once against one after another."""
import unittest

import numpy as np

import batch
import recipe

STEPS = 40


class Stack(unittest.TestCase):
    def check(self, images, labels):
        """Subsets of different sizes; without dropout, which is drawn otherwise in a stack."""
        rng = np.random.default_rng(3)
        subsets = [rng.choice(len(images) // 2, size, replace=False) for size in (20, 50, 500)]
        seeds = [5, 6, 7]
        test, test_labels = images[len(images) // 2:], labels[len(images) // 2:]
        stack = batch.train(images, labels, test, test_labels, subsets, seeds, STEPS,
                            device="cpu", models_at_once=2, dropout=0.0)
        alone = [recipe.accuracy(images[rows], labels[rows], test, test_labels, STEPS, seed, 0.0)
                 for rows, seed in zip(subsets, seeds)]
        # Rounding differs, so single images on the edge of two classes may.
        np.testing.assert_allclose(stack, alone, atol=0.5)
        self.assertGreater(max(alone), 30)

    def test_grey(self):
        images, labels, _, _ = recipe.fashion_mnist()
        self.check(images[:2000], labels[:2000])

    def test_colours(self):
        """Three channels of 32 x 32, as CIFAR-10 has them."""
        rng = np.random.default_rng(1)
        labels = rng.integers(0, 10, 2000)
        shade = rng.integers(0, 255, (10, 1, 1, 3))
        images = np.clip(shade[labels] + rng.normal(0, 60, (2000, 32, 32, 3)), 0, 255)
        self.check(images.astype(np.uint8), labels)


if __name__ == "__main__":
    unittest.main()
