# SPDX-License-Identifier: LGPL-2.1-or-later
"""Estimators in the manner of scikit-learn, and a sampler in that of imbalanced-learn."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length

from ._device import DeviceLike
from ._embed import embed
from ._sample import sample

__all__ = ["AdapSNE", "NearMemorySampler"]

# These are read as they are; all else that is a number becomes one of them.
_DTYPES = [np.float64, np.float32, np.float16, np.uint8, np.int8]


def _seed(random_state: Any) -> int:
    """A whole number is the seed itself, so that the exemplars are those of nms.sample()."""
    if isinstance(random_state, (int, np.integer)) and random_state >= 0:
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))


class NearMemorySampler(BaseEstimator):
    """Choose the rows that are worth training on.

    It has `fit_resample`, as samplers of imbalanced-learn have, and may stand in its pipelines.

    Parameters
    ----------
    count : int, optional
        Exemplars wanted.
    ratio : float, optional
        Of the rows, above 0 and at most 1; 0.1 if there is no `count` either.
    method : str
        See `nms.methods`.
    stratify : {"auto", True, False}
        Whether `y` are classes, of which each has its own share: "auto", if they are discrete.
    budget : {"proportional", "equal"}, optional
        How the count is split among classes.
    features, perplexity, search, rule, neighbours
        As for `nms.sample`.
    random_state : int, RandomState instance or None
        A whole number is the seed itself; None draws one from numpy's global generator.
    device : str or nms.Device
    threads : int, optional

    Attributes
    ----------
    sample_indices_ : ndarray of int64
        Rows that were chosen, best first where ``result_.nested``.
    sample_weights_ : ndarray of float32
        How many rows each stands for: a `sample_weight` to fit with.
    result_ : nms.SampleResult
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where `X` has names of columns.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from nms.sklearn import NearMemorySampler
    >>> X, y = load_digits(return_X_y=True)
    >>> NearMemorySampler(count=100).fit_resample(X, y)[0].shape
    (100, 64)
    """

    def __init__(self, *, count: Optional[int] = None, ratio: Optional[float] = None,
                 method: str = "auto", stratify: Any = "auto", budget: Optional[str] = None,
                 features: Optional[int] = None, perplexity: Optional[float] = None,
                 search: Optional[str] = None, rule: Optional[str] = None,
                 neighbours: Optional[str] = None, random_state: Any = 0,
                 device: DeviceLike = "auto", threads: Optional[int] = None):
        self.count = count
        self.ratio = ratio
        self.method = method
        self.stratify = stratify
        self.budget = budget
        self.features = features
        self.perplexity = perplexity
        self.search = search
        self.rule = rule
        self.neighbours = neighbours
        self.random_state = random_state
        self.device = device
        self.threads = threads

    def _labels(self, y: Any) -> Any:
        if y is None or self.stratify is False:
            return None
        if self.stratify is True:
            return np.asarray(y)
        if self.stratify != "auto":
            raise ValueError(f"stratify: is {self.stratify!r}, expected \"auto\", True or False")
        return np.asarray(y) if type_of_target(y) in ("binary", "multiclass") else None

    def fit(self, X: Any, y: Any = None) -> "NearMemorySampler":
        """Choose.

        Parameters
        ----------
        X : array-like, (rows, columns)
            Not copied if it is an array that `nms.sample` reads in place.
        y : array-like, (rows,), optional
            Classes, see `stratify`.

        Returns
        -------
        self
        """
        # A single row has no principal components.
        array = self._validate_data(X, dtype=_DTYPES,
                                    ensure_min_samples=1 if self.method == "random" else 2)
        if y is not None:
            check_consistent_length(X, y)
        options: Dict[str, Any] = {name: getattr(self, name) for name in (
            "count", "ratio", "method", "features", "perplexity", "search", "rule",
            "neighbours", "device", "threads")}
        if self.count is None and self.ratio is None:
            options["ratio"] = 0.1
        labels = self._labels(y)
        if labels is not None:
            options["budget"] = self.budget
        self.result_ = sample(array, labels, seed=_seed(self.random_state), **options)
        self.sample_indices_ = self.result_.indices
        self.sample_weights_ = self.result_.weights
        return self

    def fit_resample(self, X: Any, y: Any = None) -> Tuple[Any, Any]:
        """Choose; the chosen rows of `X`, and of `y` (None if there is none), of the same kind."""
        self.fit(X, y)
        chosen = self.sample_indices_
        return _safe_indexing(X, chosen), None if y is None else _safe_indexing(y, chosen)


class AdapSNE(BaseEstimator):
    """A plane by t-SNE whose perplexity is chosen by entropy, or set.

    Like `sklearn.manifold.TSNE` it lays out the rows that it is given and no others: there
    is no `transform`.

    Parameters
    ----------
    perplexity : float, optional
        Above 1; None: chosen by the entropy of the plane.
    features : int, optional
        Principal components that are worked with; 50 by default.
    search : {"newton", "bisect", "de", "fwa"}, optional
        Of the bandwidths.
    n_iter : int, optional
    neighbours : {"exact", "ivf"}, optional
    random_state, device, threads
        As for `NearMemorySampler`.

    Attributes
    ----------
    embedding_ : ndarray of float32, (rows, 2)
    perplexity_ : float
        The one that was taken.
    kl_divergence_ : float
    n_iter_ : int
    trace_ : list of nms.Trace
        The perplexities that were tried.
    result_ : nms.EmbedResult
    n_features_in_ : int
    feature_names_in_ : ndarray of str
    """

    def __init__(self, *, perplexity: Optional[float] = None, features: Optional[int] = None,
                 search: Optional[str] = None, n_iter: Optional[int] = None,
                 neighbours: Optional[str] = None, random_state: Any = 0,
                 device: DeviceLike = "auto", threads: Optional[int] = None):
        self.perplexity = perplexity
        self.features = features
        self.search = search
        self.n_iter = n_iter
        self.neighbours = neighbours
        self.random_state = random_state
        self.device = device
        self.threads = threads

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Lay rows out; the plane. `y` is ignored."""
        array = self._validate_data(X, dtype=_DTYPES, ensure_min_samples=2)
        result = embed(array, perplexity=self.perplexity,
                       entropy_guided=self.perplexity is None, seed=_seed(self.random_state),
                       features=self.features, search=self.search, iterations=self.n_iter,
                       neighbours=self.neighbours, device=self.device, threads=self.threads)
        self.result_ = result
        self.embedding_ = result.embedding
        self.perplexity_ = result.perplexity
        self.kl_divergence_ = result.kl
        self.n_iter_ = result.iterations
        self.trace_ = result.trace
        return self.embedding_

    def fit(self, X: Any, y: Any = None) -> "AdapSNE":
        """Lay rows out; self. `y` is ignored."""
        self.fit_transform(X)
        return self
