# SPDX-License-Identifier: GPL-2.0-only
"""The engine by ctypes, for tests that hold it against numpy and scikit-learn.

Set NMS_ENGINE to the path of the shared library that meson builds for tests.
"""
import ctypes as C
import os

import numpy as np

lib = C.CDLL(os.environ["NMS_ENGINE"])


class Counters(C.Structure):
    _fields_ = [("count", C.c_uint64 * 7 * 8), ("nanoseconds", C.c_uint64 * 8),
                ("switches", C.c_uint32), ("phase", C.c_int), ("since", C.c_uint64)]


class Fault(C.Structure):
    _fields_ = [("row", C.c_uint64), ("col", C.c_uint64),
                ("value", C.c_double), ("limit", C.c_double)]


class Monitor(C.Structure):
    _fields_ = [("cancelled", C.c_void_p), ("progress", C.c_void_p), ("data", C.c_void_p),
                ("counters", C.POINTER(Counters)), ("fault", C.POINTER(Fault))]


class Env(C.Structure):
    _fields_ = [("pool", C.c_void_p), ("kernels", C.c_void_p), ("monitor", C.POINTER(Monitor)),
                ("sharing", C.c_void_p)]


class Rows(C.Structure):
    _fields_ = [("base", C.c_void_p), ("nrows", C.c_size_t), ("ncols", C.c_size_t),
                ("stride", C.c_size_t), ("dtype", C.c_int)]


DTYPES = {"uint8": 1, "int8": 2, "float16": 3, "bfloat16": 4, "float32": 5, "float64": 6}

lib.eng_kernels_find.restype = C.c_void_p
lib.eng_kernels_find.argtypes = [C.c_char_p, C.c_char_p]
lib.eng_kernels_at.restype = C.c_void_p
lib.eng_kernels_at.argtypes = [C.c_size_t]


def env(threads=1, profile="auto", isa=None, kernels=None):
    """An environment; kept alive by the caller's reference."""
    e = Env()
    pool = C.c_void_p()
    assert lib.eng_pool_create(C.c_uint(threads), C.byref(pool)) == 0
    e.pool = pool
    e.kernels = kernels or lib.eng_kernels_find(profile.encode(), isa and isa.encode())
    assert e.kernels, (profile, isa)
    m = Monitor()
    e._counters, e._fault, e._monitor = Counters(), Fault(), m
    m.counters, m.fault = C.pointer(e._counters), C.pointer(e._fault)
    e.monitor = C.pointer(m)
    return e


def variants():
    """All kernels that this processor can run."""
    out, i = [], 0
    while lib.eng_kernels_at(i):
        out.append(lib.eng_kernels_at(i))
        i += 1
    return out


def rows(x, dtype=None):
    """struct eng_rows over a two-dimensional array with packed columns."""
    assert x.ndim == 2 and x.strides[1] == x.itemsize
    return Rows(x.ctypes.data, x.shape[0], x.shape[1], x.strides[0],
                DTYPES[dtype or x.dtype.name])


def ptr(x):
    """Pointer to an array's data, or NULL."""
    return None if x is None else C.c_void_p(x.ctypes.data)


def f32(x):
    return np.ascontiguousarray(x, dtype=np.float32)
