# SPDX-License-Identifier: GPL-2.0-only
"""nms.torch: subsets and samplers of torch's datasets."""
import unittest

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

import nms
import nms.torch
from rows import blobs


class Items(Dataset):
    """Items of their own kind, with as many as asked for counted."""

    def __init__(self, x, y):
        self.x, self.y, self.asked = x, y, 0

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        self.asked += 1
        return torch.from_numpy(self.x[i]).reshape(3, 4), int(self.y[i])


class SubsetTest(unittest.TestCase):
    def setUp(self):
        self.x, self.y = blobs()
        self.expected = nms.sample(self.x, self.y, count=30)

    def test_tensors(self):
        data = TensorDataset(torch.from_numpy(self.x), torch.from_numpy(self.y))
        for labels in (True, self.y, data.tensors[1]):
            chosen = nms.torch.subset(data, count=30, labels=labels)
            self.assertIsInstance(chosen, Subset)
            self.assertEqual(chosen.indices, self.expected.indices.tolist())
            np.testing.assert_array_equal(chosen.weights.numpy(), self.expected.weights)
        batches = list(DataLoader(chosen, batch_size=8))
        np.testing.assert_array_equal(torch.cat([b[0] for b in batches]).numpy(),
                                      self.x[self.expected.indices])

    def test_items(self):
        data = Items(self.x, self.y)
        chosen = nms.torch.subset(data, count=30, labels=True)
        self.assertEqual(chosen.indices, self.expected.indices.tolist())
        self.assertEqual(data.asked, 2 * len(data))

    def test_features(self):
        data = Items(self.x, self.y)
        by = nms.torch.subset(data, count=30, labels=self.y,
                              features=lambda item: item.reshape(-1)[:5])
        expected = nms.sample(self.x[:, :5], self.y, count=30)
        self.assertEqual(by.indices, expected.indices.tolist())
        data.asked = 0
        given = nms.torch.subset(data, count=30, labels=self.y, features=self.x[:, :5])
        self.assertEqual((given.indices, data.asked), (by.indices, 0))

    def test_bfloat16(self):
        """Numbers that numpy has no name for, against the same as float32."""
        short = torch.from_numpy(self.x).bfloat16()
        np.testing.assert_array_equal(nms.sample(short, count=30).indices,
                                      nms.sample(short.float(), count=30).indices)

    def test_gradients_do_not_matter(self):
        wanted = torch.from_numpy(self.x).requires_grad_()
        np.testing.assert_array_equal(nms.sample(wanted, self.y, count=30).indices,
                                      self.expected.indices)

    def test_errors(self):
        class Stream(IterableDataset):
            def __iter__(self):
                return iter(())
        with self.assertRaisesRegex(TypeError, "has no length"):
            nms.torch.subset(Stream(), count=3)
        data = Items(self.x, self.y)
        with self.assertRaisesRegex(ValueError, "features: has 599 rows, the dataset 600 items"):
            nms.torch.subset(data, count=3, features=self.x[1:])
        lengths = iter(range(1, 700))
        with self.assertRaisesRegex(ValueError, "item 1 has 2 numbers, those before it 1"):
            nms.torch.subset(data, count=3, features=lambda item: np.zeros(next(lengths)))
        with self.assertRaisesRegex(ValueError, "count: 601"):
            nms.torch.subset(data, count=601)


class SamplerTest(unittest.TestCase):
    def test_draws_follow_weights(self):
        x, _ = blobs()
        chosen = nms.torch.subset(TensorDataset(torch.from_numpy(x)), count=10,
                                  method="kmedoids")
        draws = 20000
        sampler = nms.torch.sampler(chosen, draws, generator=torch.Generator().manual_seed(0))
        drawn = torch.bincount(torch.tensor(list(sampler)), minlength=10) / draws
        share = chosen.weights / chosen.weights.sum()
        self.assertGreater((share.max() / share.min()).item(), 1.2)
        # Five standard deviations of a share that is drawn so often.
        self.assertLess(((drawn - share).abs() / (share * (1 - share) / draws).sqrt()).max(), 5)
        self.assertEqual(len(nms.torch.sampler(chosen.result)), 10)
        self.assertEqual(len(list(DataLoader(chosen, sampler=nms.torch.sampler(chosen)))), 10)


if __name__ == "__main__":
    unittest.main()
