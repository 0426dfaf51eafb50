# SPDX-License-Identifier: LGPL-2.1-or-later
"""Find libnmsdev, load it, and say what its functions take.

ctypes, not cffi: nothing to compile for each version of Python, no package beside numpy, and
its calls let other threads run.  That the structures are those of the header is for a test.
"""
from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Iterator

from . import _abi

SONAME = "libnmsdev.so.0"


def _candidates() -> Iterator[str]:
    """The variable NMSDEV_LIBRARY alone, or: in the wheel, in the source tree, the system's."""
    named = os.environ.get("NMSDEV_LIBRARY")
    if named:
        yield named
        return
    here = Path(__file__).resolve().parent
    yield from map(str, sorted(here.glob(SONAME + "*")))
    if (here.parents[1] / "lib" / "libnmsdev.map").exists():
        built = here.parents[2] / "build" / "userspace" / "lib" / SONAME
        if built.exists():
            yield str(built)
    yield SONAME


def _load() -> ctypes.CDLL:
    wrong = []
    for path in _candidates():
        try:
            library = ctypes.CDLL(path)
            for name, (returns, takes) in _abi.FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = returns, takes
            return library
        except (OSError, AttributeError) as error:
            wrong.append(str(error))
    raise ImportError(f"{SONAME} is needed: " + "; ".join(wrong) +
                      " (NMSDEV_LIBRARY may name it)")


lib = _load()


def version() -> str:
    """Version of the library that runs, "major.minor.patch"."""
    return lib.nms_version().decode()


def methods() -> dict[str, str]:
    """The names of the methods, and what each does, in a line."""
    found: dict[str, str] = {}
    while True:
        name = lib.nms_method_name(len(found))
        if name is None:
            return found
        found[name.decode()] = lib.nms_method_text(len(found)).decode()
