# SPDX-License-Identifier: LGPL-2.1-or-later
"""Devices, and contexts with the rows that a job reads."""
from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np

from . import _abi
from ._arrays import extent, text, whole
from ._errors import ArgumentError, ArgumentTypeError, check
from ._library import lib

UINT_MAX = 2**32 - 1


@dataclass(frozen=True)
class DeviceInfo:
    """What a device is; what it does not tell is 0 or ""."""

    backend: str        #: "kernel" or "emu"
    name: str
    profile: str        #: default arithmetic
    isa: str            #: what runs it
    energy: str         #: energy profile
    near_size: int      #: bytes
    near_used: int      #: bytes
    threads: int
    numerics: int       #: version of the arithmetic
    node: str           #: "/dev/nms0"; "" for the software accelerator
    submission: str     #: how jobs reach it
    reason: str         #: why this device and this way


class Device:
    """An open device, for several selections.

    Functions that take a device open one for themselves where they are given a name. One that is
    kept spares that, and is shared by threads. It does not survive fork(2) in the child.

    Parameters
    ----------
    uri : str
        "auto" (a device if there is one that may be used, else the software accelerator),
        "/dev/nms0" (that device and no other) or "emu:" (the software accelerator), with
        options behind the colon, such as "emu:near_size=2G,energy=hbm2e".
    threads : int, optional
        Of the software accelerator; all processors by default.
    profile : {"auto", "portable", "fma", "fixed8/64/12"}, optional
        Arithmetic; "portable" gives the same bits on every machine, and so does the search
        for bandwidths on integers, of which the last names the widths.
    energy : str, optional
        Energy profile of the software accelerator: "ddr4", "lpddr4", "hbm2e", or a path.

    Raises
    ------
    DeviceNotFoundError, AccessError, DeviceError, ArgumentError
    """

    _close = staticmethod(lib.nms_device_close)

    def __init__(self, uri: str = "auto", *, threads: Optional[int] = None,
                 profile: Optional[str] = None, energy: Optional[str] = None):
        self._process = os.getpid()
        self._handle = ctypes.c_void_p()
        options = _abi.sized(_abi.nms_device_options)
        options.threads = 0 if threads is None else whole("threads", threads, 1, UINT_MAX)
        options.profile = text("profile", profile)
        options.energy = text("energy", energy)
        name = text("device", uri)
        if name is None:
            raise ArgumentTypeError("device: is None, expected a name such as \"auto\"")
        check(lib.nms_device_open(name, options, self._handle))

    @property
    def info(self) -> DeviceInfo:
        """What it is."""
        info = _abi.sized(_abi.nms_device_info)
        check(lib.nms_device_info(self._open(), info))
        values = {field: getattr(info, field) for field in DeviceInfo.__dataclass_fields__}
        return DeviceInfo(**{field: value.decode(errors="replace")
                             if isinstance(value, bytes) else value
                             for field, value in values.items()})

    def _open(self) -> ctypes.c_void_p:
        if not self._handle:
            raise ArgumentError("device: is closed")
        return self._handle

    def close(self) -> None:
        """Give it back; jobs that run on it go on."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle and self._process == os.getpid():
            self._close(handle)

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self.close()


DeviceLike = Union[str, Device]


class Context:
    """A context with rows: in place with the software accelerator, brought near else.

    What a job reads stays as long as this does. A child of fork(2) leaves it alone: its threads
    are not there to be waited for.
    """

    _destroy = staticmethod(lib.nms_context_destroy)
    _destroy_job = staticmethod(lib.nms_job_destroy)

    def __init__(self, device: DeviceLike, threads: Optional[int] = None):
        self._process = os.getpid()
        self.handle = ctypes.c_void_p()
        self._held: list = []
        if not isinstance(device, Device):
            # The device itself goes with its last context.
            with Device(device, threads=threads) as own:
                self._create(own)
        elif threads is not None:
            raise ArgumentError("threads: are a matter of the device, which is open already")
        else:
            self._create(device)

    def _create(self, device: Device) -> None:
        self.info = device.info
        check(lib.nms_context_create(device._open(), self.handle))

    def matrix(self, array: np.ndarray, dtype: int, in_place: bool = True) -> _abi.nms_matrix:
        """Rows of the host as rows in near memory."""
        stride, nbytes = extent(array)
        buffer = ctypes.c_void_p()
        self._held.append(array)
        if in_place and self.info.backend == "emu":
            check(lib.nms_buffer_wrap(self.handle, array.ctypes.data, nbytes, _abi.READ, buffer))
        else:
            check(lib.nms_buffer_create(self.handle, nbytes, buffer))
            self._write(buffer, array, nbytes)
        return _abi.nms_matrix(buffer=buffer, rows=array.shape[0], cols=array.shape[1],
                               stride=stride, dtype=dtype)

    def vector(self, array: Optional[np.ndarray]) -> _abi.nms_vector:
        """Elements of 4 bytes; absent for None."""
        if array is None:
            return _abi.nms_vector()
        buffer = self.matrix(array.reshape(1, -1), _abi.U32, in_place=False).buffer
        return _abi.nms_vector(buffer=buffer, count=array.size)

    def buffer(self, nbytes: int) -> ctypes.c_void_p:
        """Near memory, zeroed."""
        buffer = ctypes.c_void_p()
        check(lib.nms_buffer_create(self.handle, nbytes, buffer))
        return buffer

    def _write(self, buffer: ctypes.c_void_p, array: np.ndarray, nbytes: int) -> None:
        """Jobs of a context run in order: the next will find it there."""
        command = _abi.nms_command(op=_abi.OP_WRITE)
        command.copy = _abi.nms_copy(buffer=buffer, bytes=nbytes, host=array.ctypes.data)
        job = ctypes.c_void_p()
        self._held.append(job)
        check(lib.nms_job_submit(self.handle, command, 1, job))

    def inherited(self) -> bool:
        """Whether another process made it."""
        return self._process != os.getpid()

    def check_loads(self) -> None:
        """Raise why rows could not be brought near."""
        for job in self._held:
            if isinstance(job, ctypes.c_void_p):
                check(lib.nms_job_poll(job))

    def close(self) -> None:
        """Cancel and wait for what still runs, then forget all."""
        if self.inherited():
            return
        handle, self.handle = self.handle, ctypes.c_void_p()
        if handle:
            self._destroy(handle)
        held, self._held = self._held, []
        for job in held:
            if isinstance(job, ctypes.c_void_p):
                self._destroy_job(job)

    def __del__(self) -> None:
        if hasattr(self, "_held"):
            self.close()
