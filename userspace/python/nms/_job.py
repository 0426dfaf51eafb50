# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work that goes on beside the program: waiting for it, watching it, ending it."""
from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import select
import sys
import time
from typing import Any, Callable, Generator, Generic, NamedTuple, Optional, TypeVar, Union

from . import _abi
from ._device import Context
from ._errors import ArgumentError, Error, WaitTimeoutError, check, from_library
from ._library import lib

R = TypeVar("R")
POLL_MS = 100


class Progress(NamedTuple):
    """How far a job is."""

    command: int    #: the one that runs, from 0
    commands: int   #: out of
    phase: str      #: "read", "reduce", "neighbours", "search", "embed", ...
    done: int       #: steps of the phase
    total: int      #: out of, 0 where that is not known


def _set(ended: "asyncio.Future[None]") -> None:
    if not ended.done():
        ended.set_result(None)


ProgressLike = Union[None, bool, Callable[[Progress], Any]]


class _Bar:
    """progress=True: a bar of tqdm for each phase, a line on stderr where there is no tqdm."""

    def __init__(self) -> None:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            tqdm = None
        self._tqdm: Any = tqdm
        self._bar: Any = None
        self._phase = ""

    def __call__(self, progress: Progress) -> None:
        if self._tqdm is None:
            share = 100 * progress.done // progress.total if progress.total else 0
            sys.stderr.write(f"\rnms: {progress.phase:<12}{share:3d} %")
            self._phase = progress.phase
            return
        if progress.phase != self._phase:
            self.close()
            self._phase = progress.phase
            self._bar = self._tqdm(total=progress.total or None, desc=progress.phase)
        self._bar.total = progress.total or None
        self._bar.n = progress.done
        self._bar.refresh()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._phase and self._tqdm is None:
            sys.stderr.write("\n")


class Job(Generic[R]):
    """A selection or an embedding under way.

    `result()` waits for it; ``await job`` does in a coroutine, without a thread; `fileno()` is
    for select(2) and event loops of other kinds. As a context manager it is cancelled at the
    end if it still runs. It holds on to the caller's rows, which must not be changed until then.
    """

    def __init__(self, context: Context, finish: Callable[["Job[R]"], R],
                 destroy: Callable[[ctypes.c_void_p], None]):
        self._context = context
        self._finish = finish
        self._destroy = destroy
        self._owner = ctypes.c_void_p()         # what is destroyed: a sample, or the job itself
        self._job: Optional[int] = None
        self._result: Optional[R] = None
        self._error: Optional[BaseException] = None
        self._ended = False
        self.seconds = 0.0
        self._begin = time.perf_counter()

    # -- while it runs --

    def fileno(self) -> int:
        """A descriptor that is readable once it has ended; do not read or close it."""
        return lib.nms_job_fd(self._running())

    def _running(self) -> int:
        if self._job is None:
            raise ArgumentError("job: is closed")
        return self._job

    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._ended or lib.nms_job_poll(self._running()) != -errno.EAGAIN

    def cancel(self) -> None:
        """Ask it to stop, which takes milliseconds; `result()` then raises CancelledError."""
        if self._job is not None:
            lib.nms_job_cancel(self._job)

    def progress(self) -> Progress:
        """How far it is."""
        now = _abi.sized(_abi.nms_progress)
        check(lib.nms_job_progress(self._running(), now))
        return Progress(now.command, now.commands, lib.nms_phase_name(now.phase).decode(),
                        now.done, now.total)

    # -- its end --

    def result(self, timeout: Optional[float] = None, progress: ProgressLike = None) -> R:
        """Wait for it; its outcome.

        Parameters
        ----------
        timeout : float, optional
            Seconds, after which WaitTimeoutError is raised and the job goes on.
        progress : callable or bool, optional
            Called with a `Progress` about ten times a second, on this thread; True: a bar.

        Raises
        ------
        Error
            What ended it.
        KeyboardInterrupt
            The job is cancelled before this is passed on, as is any other exception that a
            signal handler or `progress` raises.
        """
        if not self._ended:
            try:
                self._wait(timeout, progress)
            except WaitTimeoutError:
                raise
            except BaseException:
                self.close()
                raise
        return self._outcome()

    def _wait(self, timeout: Optional[float], progress: ProgressLike) -> None:
        bar = _Bar() if progress is True else None
        call = bar if progress is True else progress or None
        end = None if timeout is None else time.monotonic() + timeout
        poller = select.poll()
        poller.register(self.fileno(), select.POLLIN)
        try:
            while not self.done():
                if call:
                    call(self.progress())
                left = None if end is None else max(0.0, end - time.monotonic())
                if left == 0:
                    raise WaitTimeoutError(f"timeout: {timeout:g} s have passed, the job goes on",
                                           errno.ETIMEDOUT, "timeout")
                poller.poll(min((ms for ms in (POLL_MS if call else None,
                                               None if left is None else 1000 * left)
                                 if ms is not None), default=None))
        finally:
            if bar:
                bar.close()

    def _outcome(self) -> R:
        if not self._ended:
            self.seconds = time.perf_counter() - self._begin
            try:
                self._context.check_loads()
                if lib.nms_job_poll(self._running()) < 0:
                    raise from_library(lib.nms_job_error(self._job).contents)
                self._result = self._finish(self)
            except Error as error:
                self._error = error
            self._ended = True
            self.close()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def close(self) -> None:
        """Cancel it if it still runs, wait for that, and let go of everything."""
        if self._context.inherited():
            return
        owner, self._owner = self._owner, ctypes.c_void_p()
        if owner:
            self._destroy(owner)
        self._job = None
        if not self._ended:
            self._ended = True
            self._error = ArgumentError("job: was closed before its end")
        self._context.close()

    def __enter__(self) -> "Job[R]":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_begin"):
            self.close()

    # -- asyncio --

    async def _until_done(self) -> None:
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        # One of our own: several coroutines may wait.
        fd = os.dup(self.fileno())
        loop.add_reader(fd, _set, ended)
        try:
            await ended
        finally:
            loop.remove_reader(fd)
            os.close(fd)

    async def _await(self) -> R:
        if not self._ended:
            try:
                await self._until_done()
            except asyncio.CancelledError:
                self.cancel()
                await self._until_done()
                self.close()
                raise
        return self._outcome()

    def __await__(self) -> Generator[Any, None, R]:
        return self._await().__await__()
