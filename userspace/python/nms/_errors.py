# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong, as exceptions."""
from __future__ import annotations

import errno as _errno
from typing import Optional

from . import _abi
from ._library import lib


class Error(Exception):
    """Base of all errors of this package.

    The text is the library's, one line: what, where, what was found and what the limit is.

    Attributes
    ----------
    errno : int
        The errno that the library returned, positive.
    name : str
        Its name, such as "EINVAL".
    cause : str
        Which of the library's causes it was, such as "count": enum nms_cause in lower case
        without its prefix.
    argument : str or None
        The argument that was wrong, where the text begins with one.
    row, col : int or None
        Cause "not_finite": where in the data; cause "index": `row` is the entry of the list.
    """

    def __init__(self, text: str, errno: int = _errno.EINVAL, cause: str = "argument",
                 row: Optional[int] = None, col: Optional[int] = None):
        super().__init__(text)
        self.errno = errno
        self.cause = cause
        self.row = row
        self.col = col

    def __reduce__(self):
        return type(self), (str(self), self.errno, self.cause, self.row, self.col)

    @property
    def name(self) -> str:
        return _errno.errorcode.get(self.errno, str(self.errno))

    @property
    def argument(self) -> Optional[str]:
        head, colon, _ = str(self).partition(": ")
        return head if colon and head.isidentifier() else None


class ArgumentError(Error, ValueError):
    """An argument, a list or the data has a value that does not do."""


class ArgumentTypeError(Error, TypeError):
    """An argument or the data is of a kind that does not do."""


class NotFiniteError(ArgumentError):
    """The data or the mass has NaN, an infinite or too large a number; see `row` and `col`."""


class DeviceNotFoundError(Error, LookupError):
    """There is no such device, or no such energy profile."""


class AccessError(Error):
    """No right on the device."""


class OutOfMemoryError(Error, MemoryError):
    """Near memory, host memory, or what of it may be locked, does not suffice."""


class DeviceError(Error, RuntimeError):
    """The device failed, was reset, has gone, or cannot be opened once more."""


class DivergedError(Error, ArithmeticError):
    """The embedding diverged."""


class CancelledError(Error):
    """The job was cancelled."""


class WaitTimeoutError(Error, TimeoutError):
    """The wait timed out; the job goes on."""


_BY_CAUSE = {
    "not_finite": NotFiniteError,
    "uri": DeviceNotFoundError, "energy": DeviceNotFoundError,
    "right": AccessError,
    "memory": OutOfMemoryError, "near_memory": OutOfMemoryError,
    "estimate": OutOfMemoryError, "locked_memory": OutOfMemoryError,
    "limit": DeviceError, "device": DeviceError, "busy": DeviceError, "interrupted": DeviceError,
    "diverged": DivergedError, "cancelled": CancelledError,
    "deadline": WaitTimeoutError, "timeout": WaitTimeoutError,
}


def from_library(error: _abi.nms_error) -> Error:
    number = error.cause
    cause = _abi.CAUSES[number] if 0 <= number < len(_abi.CAUSES) else str(number)
    text = error.text.decode(errors="replace") or lib.nms_cause_text(number).decode()
    row = error.row if cause in ("not_finite", "index") else None
    col = error.col if cause == "not_finite" else None
    return _BY_CAUSE.get(cause, ArgumentError)(text, -error.error, cause, row, col)


def check(returned: int) -> None:
    """Raise what the library says if it returned an error."""
    if returned < 0:
        raise from_library(lib.nms_last_error().contents)
