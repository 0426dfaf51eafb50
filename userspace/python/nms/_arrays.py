# SPDX-License-Identifier: LGPL-2.1-or-later
"""From what Python programs have to what the library takes, with a copy only where it must be."""
from __future__ import annotations

import operator
from typing import Any, Mapping, Optional, Tuple

import numpy as np

from . import _abi
from ._errors import ArgumentError, ArgumentTypeError

_DTYPES = {
    "uint8": _abi.U8, "int8": _abi.I8, "float16": _abi.F16, "float32": _abi.F32,
    "float64": _abi.F64,
}
U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1


def whole(name: str, value: Any, low: int = 0, high: int = U64_MAX) -> int:
    """An integer in [low, high]; ctypes would wrap what does not fit."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ArgumentTypeError(
            f"{name}: is {value!r}, expected a whole number") from None
    if not low <= number <= high:
        raise ArgumentError(f"{name}: is {number}, expected {low} to {high}")
    return number


def real(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{name}: is {value!r}, expected a number") from None


def not_zero(name: str, value: Any, cause: str) -> float:
    """A number that the library would take for absent if it were 0."""
    number = real(name, value)
    if number == 0:
        raise ArgumentError(f"{name}: is 0, expected more", cause=cause)
    return number


def word(name: str, value: Any, known: Mapping[str, int]) -> int:
    """The number of a word of an enumeration; None: 0, the default."""
    if value is None:
        return 0
    if value not in known:
        raise ArgumentError(f"{name}: is {value!r}, expected one of " + ", ".join(known),
                            cause="method")
    return known[value]


def text(name: str, value: Optional[str]) -> Optional[bytes]:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{name}: is {value!r}, expected a string")
    return value.encode()


def _array(X: Any) -> Tuple[np.ndarray, Optional[int]]:
    """As numpy has it; and the dtype if it is one that numpy does not know."""
    if type(X).__module__.split(".")[0] == "torch" and hasattr(X, "detach"):
        tensor = X.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":
            import torch
            return tensor.view(torch.int16).numpy(), _abi.BF16
        return tensor.numpy(), None
    if hasattr(X, "tocsr"):
        raise ArgumentTypeError("X: is a sparse matrix, expected a dense one; reduce it first, "
                                "by sklearn.decomposition.TruncatedSVD for example")
    try:
        return np.asarray(X), None
    except ValueError as error:
        raise ArgumentError(f"X: is no array: {error}") from None


def _convert(array: np.ndarray) -> np.ndarray:
    """To a dtype that the library takes; the array itself where it has one."""
    kind = array.dtype.kind
    if kind == "b":
        return array.view(np.uint8)
    if array.dtype.name in _DTYPES:
        return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
    if kind in "iu":
        return array.astype(np.float32)
    if kind == "f":
        return array.astype(np.float64)
    raise ArgumentTypeError(f"X: has elements of type {array.dtype}, expected numbers: "
                            "bool, integers, float16, float32 or float64")


def _lies_in_rows(array: np.ndarray) -> bool:
    """Whether elements of a row are neighbours, and rows follow one another."""
    rows, cols = array.shape
    stride, step = array.strides
    return (cols == 1 or step == array.itemsize) and \
        (rows == 1 or stride >= cols * array.itemsize)


def rows_of(X: Any) -> Tuple[np.ndarray, int]:
    """Rows of numbers, and their enum nms_dtype.

    Arrays of two dimensions whose rows lie whole in memory, and of a dtype that the library
    takes, are returned as they are; more dimensions are columns.
    """
    array, dtype = _array(X)
    if array.ndim < 2:
        raise ArgumentError(f"X: has {array.ndim} dimension{'s'[:array.ndim != 1]}, "
                            "expected rows of columns; reshape(-1, 1) makes a column of it")
    if array.size == 0:
        raise ArgumentError(f"X: has shape {array.shape}, expected at least a row and a column")
    if array.ndim > 2:
        array = array.reshape(len(array), -1)
    if dtype is None:
        array = _convert(array)
        dtype = _DTYPES[array.dtype.name]
    if array.shape[1] > U32_MAX:
        raise ArgumentError(f"X: has {array.shape[1]} columns, expected at most {U32_MAX}")
    if not _lies_in_rows(array):
        array = np.ascontiguousarray(array)
    return array, dtype


def extent(array: np.ndarray) -> Tuple[int, int]:
    """Bytes from a row to the next, and from the first byte to the end of the last row."""
    rows, cols = array.shape
    row = cols * array.itemsize
    stride = array.strides[0] if rows > 1 else row
    return stride, (rows - 1) * stride + row


def labels_of(labels: Any, rows: int) -> Tuple[Optional[np.ndarray], Optional[np.ndarray]]:
    """A class for each row as uint32, and what the classes are called where they are not these."""
    if labels is None:
        return None, None
    array = np.asarray(labels)
    if array.ndim != 1 or len(array) != rows:
        raise ArgumentError(f"labels: has shape {array.shape}, expected ({rows},): one for each "
                            "row of X")
    if array.dtype.kind in "iub" and array.min() >= 0 and array.max() <= U32_MAX:
        return np.ascontiguousarray(array, np.uint32), None
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ArgumentError("labels: has NaN or infinite numbers")
    try:
        names, codes = np.unique(array, return_inverse=True)
    except TypeError:
        raise ArgumentTypeError("labels: cannot be put in order; expected numbers alone, "
                                "or strings alone") from None
    return np.ascontiguousarray(codes, np.uint32), names


def row_list(name: str, values: Any) -> Optional[np.ndarray]:
    """Row numbers as uint32; the library looks whether there are such rows."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.size == 0:
        return None
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ArgumentTypeError(f"{name}: has shape {array.shape} and type {array.dtype}, "
                                "expected a list of row numbers")
    if array.min() < 0 or array.max() > U32_MAX:
        entry = int(np.flatnonzero((array < 0) | (array > U32_MAX))[0])
        raise ArgumentError(f"{name}: entry {entry} is row {array[entry]}, which is none",
                            cause="index", row=entry)
    return np.ascontiguousarray(array, np.uint32)


def mass_of(mass: Any, rows: int) -> Optional[np.ndarray]:
    if mass is None:
        return None
    try:
        array = np.ascontiguousarray(mass, np.float32)
    except (TypeError, ValueError):
        raise ArgumentTypeError("mass: expected a number for each row of X") from None
    if array.shape != (rows,):
        raise ArgumentError(f"mass: has shape {array.shape}, expected ({rows},): one for each "
                            "row of X")
    return array


def quotas_of(quotas: Any, codes: Optional[np.ndarray],
              names: Optional[np.ndarray]) -> Optional[np.ndarray]:
    """One for each class in ascending order, from a sequence or from {label: quota}."""
    if quotas is None:
        return None
    if isinstance(quotas, Mapping):
        if codes is None:
            raise ArgumentError("quotas: are for classes, and there are no labels",
                                cause="quota")
        classes = (names if names is not None else np.unique(codes)).tolist()
        unknown = [label for label in quotas if label not in classes]
        if unknown:
            raise ArgumentError(f"quotas: there is no row of class {unknown[0]!r}",
                                cause="quota")
        quotas = [quotas.get(label, 0) for label in classes]
    return np.array([whole("quotas", quota, 0, U32_MAX) for quota in quotas], np.uint32)
