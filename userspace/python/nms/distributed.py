# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exemplars of what is spread over many machines, by Dask.

Each worker chooses from its own shard, more than the shard's part of the count; only
these exemplars travel, with the weight of the rows that each stands for, and a second
selection among them, which heeds the weights, has the last word.
"""
from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ._arrays import not_zero, rows_of, whole
from ._errors import ArgumentError, ArgumentTypeError
from ._outcome import SampleResult
from ._sample import sample as sample_here

try:
    import dask.array
    import distributed
except ImportError as error:
    raise ImportError("nms.distributed needs dask and distributed (Debian: python3-dask, "
                      "python3-distributed)") from error

__all__ = ["DistributedResult", "sample"]


@dataclass(frozen=True, eq=False)
class DistributedResult:
    """Exemplars of all shards.

    Attributes
    ----------
    indices : numpy.ndarray of int64, (count,)
        Rows of the whole, the shards one after another; in the order of `merge`.
    shard, row : numpy.ndarray of int64, (count,)
        The same as the number of a shard and the row within it.
    rows : numpy.ndarray, (count, columns)
        The exemplars themselves.
    labels : numpy.ndarray or None
        Their classes.
    weights : numpy.ndarray of float32, (count,)
        For how many rows each stands; they add up to the rows of the whole.
    merge : nms.SampleResult
        The second selection: what ran, and what it took. Its coverage is of the rows
        that it saw.
    shard_rows : list of int
        Rows of each shard.
    shard_chosen : list of int
        Exemplars that came from it to the second selection.
    nbytes : int
        Bytes of rows, row numbers, weights and labels that came from the workers.
    """

    indices: np.ndarray
    shard: np.ndarray
    row: np.ndarray
    rows: np.ndarray
    labels: Optional[np.ndarray]
    weights: np.ndarray
    merge: SampleResult
    shard_rows: List[int]
    shard_chosen: List[int]
    nbytes: int

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return (f"<DistributedResult: {len(self)} exemplars of {sum(self.shard_rows)} rows in "
                f"{len(self.shard_rows)} shards, {self.nbytes} bytes moved>")


# ---- on a worker ------------------------------------------------------------------------

def _load(source: Any) -> np.ndarray:
    """What a shard is: an array, the path of a .npy file, or a function that returns either."""
    if callable(source):
        source = source()
    if isinstance(source, (str, os.PathLike)):
        return np.load(source, mmap_mode="r", allow_pickle=False)
    return np.asarray(source)


def _survey(source: Any, labels: Any) -> Tuple[int, Optional[Dict[Any, int]]]:
    """How many rows a shard has, and how many of each class."""
    rows = len(_load(source))
    if labels is None:
        return rows, None
    found = _load(labels)
    if found.shape != (rows,):
        raise ArgumentError(f"labels: have shape {found.shape}, the shard has {rows} rows")
    names, counts = np.unique(found, return_counts=True)
    return rows, dict(zip(names.tolist(), counts.tolist()))


def _cores() -> Optional[int]:
    """Those that the worker has for a task; all where this is none."""
    try:
        return int(distributed.get_worker().state.nthreads)
    except ValueError:
        return None


def _even(rows: Any, chosen: Any) -> np.ndarray:
    """Each chosen row's part of the rows of its class."""
    names, sizes = np.unique(rows, return_counts=True)
    at, taken = np.unique(np.searchsorted(names, chosen), return_inverse=True, return_counts=True)[1:]
    share = sizes[np.searchsorted(names, np.unique(chosen))] / taken
    return share[at].astype(np.float32)


def _pick(source: Any, labels: Any, budget: Any, options: Dict[str, Any]) -> Dict[str, Any]:
    """The exemplars of a shard: rows, their numbers, weights and labels."""
    X = _load(source)
    options = {"threads": _cores(), **options}
    if labels is None:
        chosen = sample_here(X, count=budget, **options)
        classes = None
    else:
        found = _load(labels)
        chosen = sample_here(X, found, quotas=budget, **options)
        classes = found[chosen.indices]
    weights = chosen.weights
    if chosen.rule in ("herding", "edited"):
        # whose exemplars, each as much as the other, are what has the mean of the rows
        rows = np.zeros(len(X), np.uint8) if labels is None else found
        weights = _even(rows, rows[chosen.indices])
    return {"row": chosen.indices, "weights": weights,
            "rows": np.ascontiguousarray(X[chosen.indices]), "labels": classes}


# ---- on the client ----------------------------------------------------------------------

def _client(client: Optional[distributed.Client]) -> distributed.Client:
    if client is not None:
        return client
    try:
        return distributed.get_client()
    except ValueError:
        raise ArgumentError("client: there is none; start a distributed.Client first") from None


def _blocks(X: "dask.array.Array") -> List[Any]:
    """Rows in blocks, each whole in itself."""
    if X.ndim > 1:
        X = X.rechunk({axis: -1 for axis in range(1, X.ndim)})
    return [block for block in X.to_delayed().reshape(-1)]


def _cut(labels: Any, rows: Sequence[int]) -> List[np.ndarray]:
    """Labels of all rows, by shard."""
    labels = np.asarray(labels)
    if labels.shape != (sum(rows),):
        raise ArgumentError(f"labels: have shape {labels.shape}, the shards have {sum(rows)} rows")
    return np.split(labels, np.cumsum(rows)[:-1])


class _Shards:
    """The shards as futures or plain sources, and what is in them."""

    def __init__(self, X: Any, labels: Any, client: distributed.Client, retries: int):
        self.client, self.retries = client, retries
        if isinstance(X, dask.array.Array):
            if isinstance(labels, dask.array.Array):
                labels = labels.rechunk((X.chunks[0],))
            self.sources = client.compute(_blocks(X), retries=retries)
        elif isinstance(X, (list, tuple)) and len(X):
            self.sources = list(X)
        else:
            raise ArgumentTypeError("X: expected a dask.array or a list of shards: arrays, "
                                    "paths of .npy files, functions that return one")
        self.labels = self._labels(labels)
        found = self._survey()
        self.rows = [rows for rows, _ in found]
        self.classes = [classes for _, classes in found]

    def _survey(self) -> List[Tuple[int, Optional[Dict[Any, int]]]]:
        """Arrays that are here are looked at here, so that they travel once."""
        here = [isinstance(source, np.ndarray) and isinstance(labels, (np.ndarray, type(None)))
                for source, labels in zip(self.sources, self.labels)]
        there = self.client.gather([
            None if local else self._submit(_survey, source, labels)
            for local, source, labels in zip(here, self.sources, self.labels)])
        return [_survey(source, labels) if local else found for local, source, labels, found in
                zip(here, self.sources, self.labels, there)]

    def _labels(self, labels: Any) -> List[Any]:
        if labels is None:
            return [None] * len(self.sources)
        if isinstance(labels, dask.array.Array):
            return list(self.client.compute(_blocks(labels), retries=self.retries))
        if isinstance(labels, (list, tuple)) and len(labels) == len(self.sources) and \
                not np.isscalar(labels[0]):
            return list(labels)
        self.labels = [None] * len(self.sources)
        return list(_cut(labels, [rows for rows, _ in self._survey()]))

    def _submit(self, function: Any, source: Any, labels: Any, *rest: Any) -> distributed.Future:
        return self.client.submit(function, source, labels, *rest, retries=self.retries, pure=False)

    def _each(self, function: Any, rest: Sequence[Tuple[Any, ...]]) -> List[Any]:
        """Results in the order of the shards, whoever made them and when."""
        return self.client.gather([self._submit(function, source, labels, *more)
                                   for source, labels, more in
                                   zip(self.sources, self.labels, rest)])

    def pick(self, budgets: Sequence[Any], options: Dict[str, Any]) -> List[Dict[str, Any]]:
        return self._each(_pick, [(budget, options) for budget in budgets])


def _shares(count: int, weights: Sequence[int]) -> List[int]:
    """Proportional parts of `count`, by largest remainders (Hamilton); ties to the first."""
    total = sum(weights)
    parts = [count * w // total for w in weights]
    rest = sorted(range(len(weights)), key=lambda i: (-(count * weights[i] % total), i))
    for i in rest[:count - sum(parts)]:
        parts[i] += 1
    return parts


def _surplus(share: int, total: int, rows: int, surplus: float) -> int:
    """How many of `rows` come from a shard where `share` of `total` are wanted of all shards."""
    return min(rows, max(1, math.ceil(surplus * share * rows / total)))


def _budgets(shards: _Shards, count: int, surplus: float) -> Tuple[List[Any], Any]:
    """What each shard chooses, and the quotas of the second selection, None without classes."""
    whole_rows = sum(shards.rows)
    if shards.classes[0] is None:
        return [_surplus(count, whole_rows, rows, surplus) for rows in shards.rows], None
    sizes: Dict[Any, int] = {}
    for classes in shards.classes:
        for name, rows in classes.items():
            sizes[name] = sizes.get(name, 0) + rows
    names = sorted(sizes)
    quotas = dict(zip(names, _shares(count, [sizes[name] for name in names])))
    return [{name: _surplus(quotas[name], sizes[name], rows, surplus) if quotas[name] else 0
             for name, rows in classes.items()} for classes in shards.classes], quotas


def _merge(picked: List[Dict[str, Any]], count: int, quotas: Any,
           options: Dict[str, Any]) -> Tuple[SampleResult, Dict[str, np.ndarray]]:
    """The second selection, among the exemplars of all shards and by their weights."""
    parts = {name: np.concatenate([part[name] for part in picked])
             for name in ("row", "weights", "rows")}
    parts["shard"] = np.repeat(np.arange(len(picked)), [len(part["row"]) for part in picked])
    if quotas is None:
        return sample_here(parts["rows"], count=count, mass=parts["weights"], **options), parts
    parts["labels"] = np.concatenate([part["labels"] for part in picked])
    return sample_here(parts["rows"], parts["labels"], quotas=quotas, mass=parts["weights"],
                       **options), parts


def sample(X: Any, labels: Any = None, *, count: Optional[int] = None,
           ratio: Optional[float] = None, client: Optional[distributed.Client] = None,
           surplus: float = 4.0, retries: int = 3, method: str = "auto", seed: int = 0,
           **options: Any) -> DistributedResult:
    """Choose exemplars from shards that lie with many workers.

    The answer is a function of the shards, in their order, and of the arguments: it does
    not depend on how many workers there are, which of them does what, or whether one is
    lost meanwhile. What the client holds is the exemplars of all shards, `surplus` times
    the count.

    Parameters
    ----------
    X : dask.array.Array, (rows, ...), or list
        Blocks of rows; or shards: arrays, paths of .npy files that the workers can read,
        or functions without arguments that return an array or a path.
    labels : optional
        Class of each row: an array of all, a dask.array, or a list of what a list of
        shards may hold. Classes then have their shares of the count, of the whole.
    count : int, optional
        Exemplars wanted.
    ratio : float, optional
        Instead of `count`: of the rows, above 0 and at most 1.
    client : distributed.Client, optional
        The one that is there by default.
    surplus : float
        How many times its part of the count each shard puts forward, at least 1. More come
        closer to the selection from the whole, and more bytes move: Documentation/scale.rst.
    retries : int
        How often what failed with a worker is tried again elsewhere.
    method, seed, options
        As `nms.sample` has them, on the workers and in the second selection: `device`,
        `threads` (by default what the worker has), `features`, `perplexity`, `search`, `rule`,
        `neighbours`, `profile`.

    Returns
    -------
    DistributedResult

    Raises
    ------
    nms.Error
        As of `nms.sample`, also where it happened with a worker.
    distributed.KilledWorker
        A shard has cost more workers than the scheduler allows.
    """
    if not surplus >= 1:
        raise ArgumentError(f"surplus: is {surplus}, expected at least 1")
    for name in ("keep", "drop", "mass", "quotas", "budget", "embedding", "progress"):
        if options.get(name) is not None:
            raise ArgumentError(f"{name}: is not known here; choose from the merged exemplars")
    shards = _Shards(X, labels, _client(client), whole("retries", retries))
    total = sum(shards.rows)
    if (count is None) == (ratio is None):
        raise ArgumentError("count: expected either count or ratio", cause="count")
    if ratio is not None:
        ratio = not_zero("ratio", ratio, "count")
        if not 0 < ratio <= 1:
            raise ArgumentError(f"ratio: is {ratio}, expected above 0 and at most 1", cause="count")
        count = max(1, round(ratio * total))
    wanted = whole("count", count, 1, total)
    options = {"method": method, "seed": seed, **options}
    budgets, quotas = _budgets(shards, wanted, surplus)
    picked = shards.pick(budgets, options)
    chosen, parts = _merge(picked, wanted, quotas, options)
    shard, row = (parts[name][chosen.indices] for name in ("shard", "row"))
    start = np.concatenate([[0], np.cumsum(shards.rows)[:-1]])
    return DistributedResult(
        indices=start[shard] + row, shard=shard, row=row, rows=parts["rows"][chosen.indices],
        labels=parts["labels"][chosen.indices] if quotas is not None else None,
        weights=chosen.weights, merge=chosen, shard_rows=shards.rows,
        shard_chosen=[len(part["row"]) for part in picked],
        nbytes=sum(array.nbytes for part in picked for array in part.values()
                   if array is not None))
