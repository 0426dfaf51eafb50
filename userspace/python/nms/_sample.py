# SPDX-License-Identifier: LGPL-2.1-or-later
"""Choosing exemplars."""
from __future__ import annotations

import asyncio
import ctypes
import functools
from typing import Any, Callable, Dict, List, Optional

from . import _abi
from ._arrays import (U32_MAX, labels_of, mass_of, not_zero, quotas_of, row_list, rows_of,
                      text, whole, word)
from ._device import Context, DeviceLike
from ._errors import check
from ._job import Job, ProgressLike
from ._library import lib
from ._outcome import SampleResult, copied, trace_of, what_ran

_destroy = lib.nms_sample_destroy


class _Lists:
    """What the parameters point to, which the library copies."""

    def __init__(self, rows: int, labels: Any, mass: Any, keep: Any, drop: Any, quotas: Any):
        self.labels, self.names = labels_of(labels, rows)
        self.mass = mass_of(mass, rows)
        self.keep = row_list("keep", keep)
        self.drop = row_list("drop", drop)
        self.quota = quotas_of(quotas, self.labels, self.names)

    def point(self, params: _abi.nms_sample_params) -> None:
        for name in ("labels", "mass", "keep", "drop", "quota"):
            array = getattr(self, name)
            if array is not None:
                setattr(params, name, array.ctypes.data)
                if name in ("keep", "drop", "quota"):
                    setattr(params, "n" + name, array.size)


def _params(lists: _Lists, count: Any, ratio: Any, method: Any, seed: Any, perplexity: Any,
            budget: Any, features: Any, search: Any, rule: Any, neighbours: Any, profile: Any,
            want_embedding: Any) -> _abi.nms_sample_params:
    params = _abi.sized(_abi.nms_sample_params)
    params.method = text("method", method)
    if count is not None:
        params.count = whole("count", count, 1)
    if ratio is not None:
        params.ratio = not_zero("ratio", ratio, "count")
    params.budget = word("budget", budget, _abi.BUDGETS)
    if features is not None:
        params.features = whole("features", features, 1, U32_MAX)
    if perplexity is not None:
        params.perplexity = not_zero("perplexity", perplexity, "perplexity")
    params.search = word("search", search, _abi.SEARCHES)
    params.rule = word("rule", rule, _abi.RULES)
    params.neighbours = word("neighbours", neighbours, _abi.NEIGHBOURS)
    params.profile = text("profile", profile)
    params.want_embedding = bool(want_embedding)
    params.seed = whole("seed", seed)
    lists.point(params)
    return params


def _finish(names: Dict[str, Any], seed: int, job: Job[SampleResult]) -> SampleResult:
    result = _abi.sized(_abi.nms_sample_result)
    check(lib.nms_sample_result(job._owner, result))
    count, total = result.count, result.total
    rows = names.pop("rows")
    parameters = {**names, "count": count, "features": total.features,
                  "perplexity": total.perplexity, "method": result.method.decode(),
                  "rule": result.rule.decode(), "search": result.search.decode()}
    return SampleResult(
        **what_ran([total], total, job.seconds, seed, parameters,
                   trace_of(result.trace, result.ntrace)),
        indices=copied(result.index, (count,), "int64"),
        weights=copied(result.weight, (count,), "float32"),
        embedding=copied(result.embedding, (rows, 2), "float32") if result.embedding else None,
        method=result.method.decode(), rule=result.rule.decode(),
        search=result.search.decode(), nested=bool(result.nested),
        coverage=total.coverage, coverage_random=total.coverage_random)


def submit(X: Any, labels: Any = None, *, count: Optional[int] = None,
           ratio: Optional[float] = None, method: str = "auto", seed: int = 0,
           device: DeviceLike = "auto", threads: Optional[int] = None,
           perplexity: Optional[float] = None, keep: Any = None, drop: Any = None,
           quotas: Any = None, budget: Optional[str] = None, mass: Any = None,
           features: Optional[int] = None, search: Optional[str] = None,
           rule: Optional[str] = None, neighbours: Optional[str] = None,
           profile: Optional[str] = None, embedding: bool = False) -> Job[SampleResult]:
    """Begin to choose exemplars, and return at once.

    Takes what `sample` takes but `progress`.

    Returns
    -------
    Job
        ``job.result()`` or ``await job`` has the `SampleResult`.
    """
    array, dtype = rows_of(X)
    lists = _Lists(len(array), labels, mass, keep, drop, quotas)
    params = _params(lists, count, ratio, method, seed, perplexity, budget, features, search,
                     rule, neighbours, profile, embedding)
    context = Context(device, threads)
    effective = {
        "rows": len(array),
        "budget": budget or ("given" if quotas is not None else "proportional"),
        "by_class": lists.labels is not None,
        "threads": context.info.threads,
    }
    job: Job[SampleResult] = Job(context, functools.partial(_finish, effective, params.seed),
                                 _destroy)
    data = context.matrix(array, dtype)
    check(lib.nms_sample_submit(context.handle, data, params, job._owner))
    job._job = lib.nms_sample_job(job._owner)
    return job


def sample(X: Any, labels: Any = None, *, count: Optional[int] = None,
           ratio: Optional[float] = None, method: str = "auto", seed: int = 0,
           device: DeviceLike = "auto", threads: Optional[int] = None,
           perplexity: Optional[float] = None, keep: Any = None, drop: Any = None,
           quotas: Any = None, budget: Optional[str] = None, mass: Any = None,
           features: Optional[int] = None, search: Optional[str] = None,
           rule: Optional[str] = None, neighbours: Optional[str] = None,
           profile: Optional[str] = None, embedding: bool = False,
           progress: ProgressLike = None) -> SampleResult:
    """Choose the rows that are worth training on.

    Parameters
    ----------
    X : array_like, (rows, columns)
        Rows in memory. Arrays of uint8, int8, float16, float32 and float64 (and bool)
        whose rows lie whole in memory are read in place by the software accelerator, without a
        copy, also where they are mapped files or read-only; they must not change meanwhile. More
        than two dimensions: each ``X[i]`` is a row. Other integers become float32, longdouble
        float64, both by a copy, as does what lies column after column. Tensors of torch that
        are on the CPU are read in place, too, bfloat16 among them.
    labels : array_like, (rows,), optional
        Class of each row: numbers or strings. Each class then has its own share of the count.
    count : int, optional
        Exemplars wanted.
    ratio : float, optional
        Instead of `count`: of the rows, above 0 and at most 1.
    method : str
        One of `methods()`; "auto" is what measured best.
    seed : int
    device : str or Device
        "auto": a device if there is one that may be used, else the software accelerator.
        See `Device`.
    threads : int, optional
        Of the software accelerator; all processors by default. The result does not depend on it.
    perplexity : float, optional
        Of a plane, above 1; 30 by default; "adapsne": the first that is tried.
    keep, drop : array_like of int, optional
        Rows that must be chosen, and that must not.
    quotas : sequence of int or dict, optional
        Exemplars for each class, in ascending order of label, or by label; may stand instead of
        `count`.
    budget : {"proportional", "equal"}, optional
        How the count is split among classes.
    mass : array_like of float, (rows,), optional
        Weight of each row; 1 by default.
    features : int, optional
        Principal components that are worked with; 50 by default (herding: 80).
    search : {"newton", "bisect", "de", "fwa"}, optional
        Of the bandwidths.
    rule : str, optional
        Another rule for methods "auto", "nms" and "adapsne".
    neighbours : {"exact", "ivf"}, optional
    profile : {"portable", "fma"}, optional
        Arithmetic; "portable" gives the same bits on every machine.
    embedding : bool
        Bring back the plane, and make one if the rule works without.
    progress : callable or bool, optional
        Called with a `Progress` ten times a second; True: a progress bar.

    Returns
    -------
    SampleResult

    Raises
    ------
    Error
        `ArgumentError` (a ValueError), `ArgumentTypeError` (a TypeError), `NotFiniteError`,
        `OutOfMemoryError` (a MemoryError), `DeviceError` and others, with the library's text.
    KeyboardInterrupt
        Ctrl-C; the work has been cancelled.

    Examples
    --------
    >>> import numpy as np, nms
    >>> X = np.random.default_rng(0).standard_normal((1000, 8))
    >>> chosen = nms.sample(X, count=10)
    >>> X[chosen.indices].shape
    (10, 8)
    >>> float(chosen.weights.sum())
    1000.0
    """
    with submit(X, labels, count=count, ratio=ratio, method=method, seed=seed, device=device,
                threads=threads, perplexity=perplexity, keep=keep, drop=drop, quotas=quotas,
                budget=budget, mass=mass, features=features, search=search, rule=rule,
                neighbours=neighbours, profile=profile, embedding=embedding) as job:
        return job.result(progress=progress)


def _discard(begun: "asyncio.Future[Job[Any]]") -> None:
    if not begun.cancelled() and begun.exception() is None:
        begun.result().close()


async def in_background(begin: Callable[..., Job[Any]], *args: Any, **options: Any) -> Any:
    """Begin in a thread, for opening and copying may take a while; then wait without one."""
    loop = asyncio.get_running_loop()
    begun = loop.run_in_executor(None, functools.partial(begin, *args, **options))
    try:
        job = await asyncio.shield(begun)
    except asyncio.CancelledError:
        begun.add_done_callback(_discard)
        raise
    with job:
        return await job


async def sample_async(X: Any, labels: Any = None, **options: Any) -> SampleResult:
    """As `sample`, without blocking the event loop; cancelled as the task is.

    Takes what `sample` takes but `progress`; `submit` makes a `Job` that can be asked for it.
    """
    return await in_background(submit, X, labels, **options)


def estimate(X: Any, labels: Any = None, **options: Any) -> Dict[str, int]:
    """Memory that `sample` would take beside the rows themselves, an upper bound.

    Takes what `sample` takes but `progress`.

    Returns
    -------
    dict
        Bytes: "near" and "host"; with the software accelerator near memory counts in both.
    """
    defaults: Dict[str, Any] = dict.fromkeys(_PARAMETERS)
    defaults.update(method="auto", seed=0, embedding=False)
    device, threads = options.pop("device", "auto"), options.pop("threads", None)
    given = {name: options.pop(name, None) for name in ("mass", "keep", "drop", "quotas")}
    unknown = set(options) - set(defaults)
    if unknown:
        raise TypeError(f"estimate() has no argument {sorted(unknown)[0]!r}")
    array, dtype = rows_of(X)
    lists = _Lists(len(array), labels, **given)
    values = {**defaults, **options}
    params = _params(lists, *(values[name] for name in _PARAMETERS))
    context = Context(device, threads)
    near, host = ctypes.c_uint64(), ctypes.c_uint64()
    try:
        check(lib.nms_sample_estimate(context.handle, context.matrix(array, dtype), params,
                                      near, host))
    finally:
        context.close()
    return {"near": near.value, "host": host.value}


_PARAMETERS: List[str] = ["count", "ratio", "method", "seed", "perplexity", "budget", "features",
                          "search", "rule", "neighbours", "profile", "embedding"]
