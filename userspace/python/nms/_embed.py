# SPDX-License-Identifier: LGPL-2.1-or-later
"""Laying rows out in the plane."""
from __future__ import annotations

import ctypes
import functools
from typing import Any, Dict, List, Optional

import numpy as np

from . import _abi
from ._arrays import U32_MAX, labels_of, not_zero, rows_of, whole, word
from ._device import Context, DeviceLike
from ._errors import ArgumentError, check
from ._job import Job, ProgressLike
from ._library import lib
from ._outcome import EmbedResult, trace_of, what_ran
from ._sample import in_background

_FEATURES = 50
_CANDIDATES = 8
_EMBED = 1              # of the commands
_destroy = lib.nms_job_destroy


def _feature_count(features: Optional[int], rows: int, cols: int) -> int:
    most = min(rows - 1, cols)
    if not most:
        raise ArgumentError("X: has 1 row, expected 2 at least", cause="features")
    if features is None:
        return min(most, _FEATURES)
    return whole("features", features, 1, most)


def _reduce(data: _abi.nms_matrix, features: _abi.nms_matrix, seed: int) -> _abi.nms_command:
    command = _abi.nms_command(op=_abi.OP_REDUCE)
    command.reduce = _abi.nms_reduce(input=data, output=features, seed=seed)
    return command


def _read(buffer: ctypes.c_void_p, host: int, nbytes: int) -> _abi.nms_command:
    command = _abi.nms_command(op=_abi.OP_READ)
    command.copy = _abi.nms_copy(buffer=buffer, bytes=nbytes, host=host)
    return command


def _finish(plane: np.ndarray, lines: Any, commands: int, effective: Dict[str, Any],
            seed: int, job: Job[EmbedResult]) -> EmbedResult:
    results: List[_abi.nms_result] = []
    for i in range(commands):
        results.append(_abi.sized(_abi.nms_result))
        check(lib.nms_job_result(job._running(), i, results[i]))
    main, reduced = results[_EMBED], results[0]
    main.variance_kept = reduced.variance_kept
    trace = trace_of(lines, min(main.trace_lines, _CANDIDATES))
    parameters = {**effective, "perplexity": main.perplexity, "iterations": main.iterations}
    return EmbedResult(**what_ran(results, main, job.seconds, seed, parameters, trace),
                       embedding=plane, search=effective["search"],
                       iterations=main.iterations)


def submit_embed(X: Any, labels: Any = None, *, perplexity: Optional[float] = None,
                 entropy_guided: bool = False, seed: int = 0, device: DeviceLike = "auto",
                 threads: Optional[int] = None, features: Optional[int] = None,
                 search: Optional[str] = None, iterations: Optional[int] = None,
                 neighbours: Optional[str] = None) -> Job[EmbedResult]:
    """Begin to lay rows out in the plane, and return at once; takes what `embed` takes."""
    array, dtype = rows_of(X)
    rows = len(array)
    codes, _ = labels_of(labels, rows)
    cols = _feature_count(features, *array.shape)
    search = search or ("fwa" if entropy_guided else "newton")
    embed = _abi.nms_embed(
        seed=whole("seed", seed), entropy_guided=bool(entropy_guided),
        search=word("search", search, _abi.SEARCHES),
        perplexity=30 if perplexity is None else not_zero("perplexity", perplexity,
                                                          "perplexity"),
        candidates=_CANDIDATES if entropy_guided else 0,
        iterations=0 if iterations is None else whole("iterations", iterations, 1, U32_MAX),
        neighbours=word("neighbours", neighbours, _abi.NEIGHBOURS))
    plane = np.zeros((rows, 2), np.float32)
    lines = (_abi.nms_trace * _CANDIDATES)()
    context = Context(device, threads)
    data = context.matrix(array, dtype)
    embed.features = _abi.nms_matrix(buffer=context.buffer(4 * rows * cols), rows=rows,
                                     cols=cols, dtype=_abi.F32)
    embed.output = _abi.nms_matrix(buffer=context.buffer(plane.nbytes), rows=rows, cols=2,
                                   dtype=_abi.F32)
    embed.labels = context.vector(codes)
    commands = [_reduce(data, embed.features, embed.seed), _abi.nms_command(op=_abi.OP_EMBED)]
    if entropy_guided:
        nbytes = ctypes.sizeof(lines)
        embed.trace = _abi.nms_vector(buffer=context.buffer(nbytes), count=nbytes // 4)
    commands[_EMBED].embed = embed
    commands.append(_read(embed.output.buffer, plane.ctypes.data, plane.nbytes))
    if entropy_guided:
        commands.append(_read(embed.trace.buffer, ctypes.addressof(lines), nbytes))
    effective = {"features": cols, "search": search, "entropy_guided": bool(entropy_guided),
                 "by_class": codes is not None, "threads": context.info.threads}
    finish = functools.partial(_finish, plane, lines, len(commands), effective, embed.seed)
    job: Job[EmbedResult] = Job(context, finish, _destroy)
    check(lib.nms_job_submit(context.handle, (_abi.nms_command * len(commands))(*commands),
                             len(commands), job._owner))
    job._job = job._owner.value
    return job


def embed(X: Any, labels: Any = None, *, perplexity: Optional[float] = None,
          entropy_guided: bool = False, seed: int = 0, device: DeviceLike = "auto",
          threads: Optional[int] = None, features: Optional[int] = None,
          search: Optional[str] = None, iterations: Optional[int] = None,
          neighbours: Optional[str] = None, progress: ProgressLike = None) -> EmbedResult:
    """Lay rows out in the plane by t-SNE on their principal components.

    Parameters
    ----------
    X : array_like, (rows, columns)
        As for `sample`.
    labels : array_like, (rows,), optional
        Each class has a plane of its own.
    perplexity : float, optional
        Above 1; 30 by default; with `entropy_guided` the first that is tried.
    entropy_guided : bool
        Choose the perplexity by the entropy of the plane, as AdapSNE does; see `trace`.
    seed : int
    device, threads, features, neighbours
        As for `sample`.
    search : {"newton", "bisect", "de", "fwa"}, optional
        Of the bandwidths; "newton", or "fwa" with `entropy_guided`, by default.
    iterations : int, optional
    progress : callable or bool, optional

    Returns
    -------
    EmbedResult

    Raises
    ------
    Error, KeyboardInterrupt
        As `sample`.
    """
    with submit_embed(X, labels, perplexity=perplexity, entropy_guided=entropy_guided, seed=seed,
                      device=device, threads=threads, features=features, search=search,
                      iterations=iterations, neighbours=neighbours) as job:
        return job.result(progress=progress)


async def embed_async(X: Any, labels: Any = None, **options: Any) -> EmbedResult:
    """As `embed`, without blocking the event loop; cancelled as the task is."""
    return await in_background(submit_embed, X, labels, **options)
