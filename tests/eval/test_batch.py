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

    def test_dropout(self):
        """Drawn otherwise than alone: the same in the mean, of which the error is some 0.7 points."""
        images, labels, _, _ = recipe.fashion_mnist()
        test, test_labels = images[2000:3000], labels[2000:3000]
        seeds, rows = list(range(8)), np.arange(500)
        stack = batch.train(images, labels, test, test_labels, [rows] * 8, seeds, STEPS, device="cpu",
                            dropout=0.5)
        alone, without = ([recipe.accuracy(images[rows], labels[rows], test, test_labels, STEPS, seed, dropout)
                           for seed in seeds] for dropout in (0.5, 0.0))
        self.assertLess(abs(np.mean(stack) - np.mean(alone)), 3)
        self.assertFalse(np.allclose(stack, without, atol=0.05))

    def test_flip(self):
        """What was seen to the left alone is known to the right."""
        rng = np.random.default_rng(2)
        labels = rng.integers(0, 10, 600)
        images = rng.integers(0, 30, (600, 28, 28)).astype(np.uint8)
        for image, label in zip(images, labels):
            image[2 + 2 * label:6 + 2 * label, 2:8] = 255
        found = [batch.train(images, labels, images[300:, :, ::-1].copy(), labels[300:], [np.arange(300)], [1],
                             2 * STEPS, device="cpu", flip=flip)[0] for flip in (True, False)]
        self.assertGreater(found[0], 90)
        self.assertLess(found[1], 60)


if __name__ == "__main__":
    unittest.main()
