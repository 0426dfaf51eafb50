# SPDX-License-Identifier: LGPL-2.1-or-later
"""Subsets and samplers of datasets of torch."""
from __future__ import annotations

from typing import Any, Callable, Optional, Union

import numpy as np
import torch
from torch.utils.data import Dataset, Subset, TensorDataset, WeightedRandomSampler

from ._errors import ArgumentError, ArgumentTypeError
from ._outcome import SampleResult
from ._sample import sample

__all__ = ["NearMemorySubset", "sampler", "subset"]


class NearMemorySubset(Subset):
    """Exemplars of a dataset.

    Attributes
    ----------
    result : nms.SampleResult
    weights : torch.Tensor of float32
        How many items of the dataset each stands for.
    """

    def __init__(self, dataset: Dataset, result: SampleResult):
        super().__init__(dataset, result.indices.tolist())
        self.result = result
        self.weights = torch.from_numpy(result.weights)


def _rows(dataset: Any, features: Any) -> Any:
    """What to choose by, one row an item."""
    if features is not None and not callable(features):
        if len(features) != len(dataset):
            raise ArgumentError(f"features: has {len(features)} rows, the dataset "
                                f"{len(dataset)} items")
        return features
    if features is None and isinstance(dataset, TensorDataset):
        return dataset.tensors[0]
    rows = None
    for i in range(len(dataset)):
        item = dataset[i]
        value = item[0] if isinstance(item, (tuple, list)) else item
        row = np.asarray(features(value) if features else value).reshape(-1)
        if rows is None:
            rows = np.empty((len(dataset), len(row)),
                            row.dtype if row.dtype.kind != "O" else np.float32)
        if row.shape != rows.shape[1:]:
            raise ArgumentError(f"dataset: item {i} has {len(row)} numbers, those before it "
                                f"{rows.shape[1]}; features= may make rows of them")
        rows[i] = row
    if rows is None:
        raise ArgumentError("dataset: is empty")
    return rows


def _labels(dataset: Any, labels: Any) -> Any:
    if labels is None or labels is False:
        return None
    if labels is not True:
        return labels
    if isinstance(dataset, TensorDataset) and len(dataset.tensors) > 1:
        return dataset.tensors[1]
    if hasattr(dataset, "targets"):
        return dataset.targets
    return [int(dataset[i][1]) for i in range(len(dataset))]


def subset(dataset: Dataset, *, labels: Any = None,
           features: Union[None, np.ndarray, torch.Tensor, Callable[[Any], Any]] = None,
           **options: Any) -> NearMemorySubset:
    """The items of a dataset that are worth training on.

    Parameters
    ----------
    dataset : torch.utils.data.Dataset
        With a length, and items that are rows or tuples that begin with one.
    labels : array_like or bool, optional
        Class of each item; True: the second tensor of a TensorDataset, the `targets` that
        datasets of torchvision have, or else the second element of each item.
    features : array_like or callable, optional
        Rows to choose by, one for each item, or what makes such a row of an item's input.
        By default a TensorDataset's first tensor, which is not copied, or else the inputs of all
        items, one after another.
    **options
        As for `nms.sample`: `count` or `ratio`, `method`, `seed`, `device` and others.

    Returns
    -------
    NearMemorySubset
        A torch.utils.data.Subset, with `result` and `weights`.
    """
    if not hasattr(dataset, "__len__"):
        raise ArgumentTypeError("dataset: has no length; of a stream choose part by part, with "
                                "mass= for what was chosen before")
    return NearMemorySubset(dataset, sample(_rows(dataset, features), _labels(dataset, labels),
                                            **options))


def sampler(chosen: Union[NearMemorySubset, SampleResult], num_samples: Optional[int] = None,
            replacement: bool = True, generator: Any = None) -> WeightedRandomSampler:
    """Draw exemplars as often as what they stand for is frequent.

    Parameters
    ----------
    chosen : NearMemorySubset or nms.SampleResult
    num_samples : int, optional
        Draws in an epoch; as many as there are exemplars by default.
    replacement : bool
    generator : torch.Generator, optional

    Returns
    -------
    torch.utils.data.WeightedRandomSampler
        Of positions in the subset: ``DataLoader(chosen, sampler=sampler(chosen))``.
    """
    result = chosen.result if isinstance(chosen, NearMemorySubset) else chosen
    return WeightedRandomSampler(result.weights.tolist(),
                                 len(result) if num_samples is None else num_samples,
                                 replacement, generator)
