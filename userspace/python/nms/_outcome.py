# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes back, and what it took."""
from __future__ import annotations


from dataclasses import dataclass
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from . import _abi
from ._library import lib, version

_NEIGHBOURS = {number: name for name, number in _abi.NEIGHBOURS.items()}


class Trace(NamedTuple):
    """A perplexity that was tried."""

    perplexity: float
    entropy: float
    fidelity: float
    objective: float
    kl: float
    rows: int           #: embedded for this line
    iterations: int
    chosen: bool


@dataclass(frozen=True, eq=False)
class Outcome:
    """What ran, and what it took.

    Attributes
    ----------
    backend, device, profile : str
        What computed it, and by which arithmetic.
    numerics : int
        Version of the arithmetic: other numbers may come of another version.
    version : str
        Of libnmsdev.
    seed : int
    parameters : dict
        The effective ones, defaults settled.
    seconds : dict
        By phase; "total" is from submission to the end.
    energy : dict
        Picojoules by domain, as the energy profile models them.
    traffic : dict
        Bytes: "near_read", "near_write", "link_in", "link_out", "scratch".
    perplexity, entropy, kl : float
        Of the plane; 0 where none was made.
    trace : list of Trace
        The perplexities that were tried, where it was chosen by entropy.
    variance_kept : float
        Share of the variance that the features have.
    recall : float
        Share of the neighbours sought that were found, by a sample; exact search: 1.
    """

    backend: str
    device: str
    profile: str
    numerics: int
    version: str
    seed: int
    parameters: Dict[str, Any]
    seconds: Dict[str, float]
    energy: Dict[str, int]
    traffic: Dict[str, int]
    perplexity: float
    entropy: float
    kl: float
    trace: List[Trace]
    variance_kept: float
    recall: float


@dataclass(frozen=True, eq=False)
class SampleResult(Outcome):
    """Exemplars.

    Attributes
    ----------
    indices : numpy.ndarray of int64, (count,)
        Rows that were chosen, best first where `nested`.
    weights : numpy.ndarray of float32, (count,)
        For how much of the mass each stands; they add up to the number of rows that were not
        dropped, or to their mass.
    embedding : numpy.ndarray of float32, (rows, 2), or None
        The plane if it was asked for; NaN for dropped rows.
    method, rule, search : str
        What ran; `search` is "" where there was none.
    nested : bool
        Any prefix is the smaller selection (of each class).
    coverage, coverage_random : float
        Mean distance from a row to its nearest exemplar, over the RMS distance of the rows
        from their mean, and that of as many rows drawn at random; 0 where there are no features.
    """

    indices: np.ndarray
    weights: np.ndarray
    embedding: Optional[np.ndarray]
    method: str
    rule: str
    search: str
    nested: bool
    coverage: float
    coverage_random: float

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return (f"<SampleResult: {len(self)} exemplars by {self.method} ({self.rule}), seed "
                f"{self.seed}, on {self.backend}, arithmetic {self.profile}>")


@dataclass(frozen=True, eq=False)
class EmbedResult(Outcome):
    """A plane.

    Attributes
    ----------
    embedding : numpy.ndarray of float32, (rows, 2)
    search : str
        Of the bandwidths.
    iterations : int
    """

    embedding: np.ndarray
    search: str
    iterations: int

    def __repr__(self) -> str:
        return (f"<EmbedResult: {len(self.embedding)} rows, perplexity {self.perplexity:g}, seed "
                f"{self.seed}, on {self.backend}, arithmetic {self.profile}>")


def copied(pointer: Any, shape: tuple, dtype: Any) -> np.ndarray:
    """Numbers that a sample owns, as an array of our own."""
    return np.ctypeslib.as_array(pointer, shape).astype(dtype, copy=True)


def trace_of(lines: Any, count: int) -> List[Trace]:
    return [Trace(**{**{field: getattr(lines[i], field) for field in Trace._fields},
                     "chosen": bool(lines[i].chosen)}) for i in range(count)]


_SUMS = ("near_read", "near_write", "link_in", "link_out", "scratch")


def what_ran(results: List[_abi.nms_result], main: _abi.nms_result, seconds: float, seed: int,
             parameters: Dict[str, Any], trace: List[Trace]) -> Dict[str, Any]:
    """The fields of an Outcome: sums over the commands, and the figures of the main one."""
    phases = {lib.nms_phase_name(p).decode(): sum(r.nanoseconds[p] for r in results) / 1e9
              for p in range(_abi.NPHASES)}
    parameters = {**parameters, "neighbours": _NEIGHBOURS.get(main.neighbours, "")}
    return {
        "backend": main.backend.decode(), "device": main.device.decode(),
        "profile": main.profile.decode(), "numerics": main.numerics, "version": version(),
        "seed": seed, "parameters": parameters, "seconds": {**phases, "total": seconds},
        "energy": {name: sum(r.energy[d] for r in results)
                   for d, name in enumerate(_abi.DOMAINS)},
        "traffic": {name: sum(getattr(r, name) for r in results) for name in _SUMS},
        "perplexity": main.perplexity, "entropy": main.entropy, "kl": main.kl, "trace": trace,
        "variance_kept": main.variance_kept, "recall": main.recall,
    }
