# SPDX-License-Identifier: GPL-2.0-only
"""Groups and selections of the engine by ctypes, for the tests of both."""
import ctypes as C

import numpy as np

import engine
from engine import lib, ptr

RULES = {"random": 1, "grid": 2, "strata": 3, "kmedoids": 4, "kcentre": 5, "herding": 6,
         "facility": 7, "edited": 8}
NESTED = ("random", "kcentre", "herding", "facility", "edited")
PLANE = ("grid", "strata")
PROPORTIONAL, EQUAL, GIVEN = 1, 2, 3
(FAULT_COUNT, FAULT_QUOTA, FAULT_KEEP, FAULT_MASS, FAULT_PERPLEXITY,
 FAULT_RULE) = range(1, 7)
EINVAL, ECANCELED = -22, -125


class Groups(C.Structure):
    _fields_ = [("n", C.c_size_t), ("count", C.c_uint32), ("label", C.POINTER(C.c_uint32)),
                ("start", C.POINTER(C.c_size_t)), ("row", C.POINTER(C.c_uint32))]


class Bandwidth(C.Structure):
    _fields_ = [("search", C.c_int), ("perplexity", C.c_float), ("tolerance", C.c_float),
                ("evaluations", C.c_uint32), ("seed", C.c_uint64)]


class Params(C.Structure):
    _fields_ = [("rule", C.c_int), ("budget", C.c_int), ("count", C.c_uint64),
                ("quota", C.c_void_p), ("keep", C.c_void_p), ("nkeep", C.c_size_t),
                ("mass", C.c_void_p), ("bandwidth", C.c_float), ("affinity", Bandwidth),
                ("neighbours", C.c_int), ("seed", C.c_uint64)]


class Input(C.Structure):
    _fields_ = [("x", C.c_void_p), ("d", C.c_size_t), ("ld", C.c_size_t), ("y", C.c_void_p),
                ("groups", C.c_void_p)]


lib.eng_rule_name.restype = C.c_char_p
lib.eng_rule_nested.restype = C.c_bool
lib.eng_rule_needs_features.restype = C.c_bool
lib.eng_rule_needs_embedding.restype = C.c_bool
lib.eng_select_memory.restype = C.c_size_t
lib.eng_select_memory.argtypes = [C.c_int, C.c_size_t, C.c_size_t, C.c_uint64, C.c_uint]


def groups(labels, n=None, drop=None):
    """Error, struct eng_groups."""
    g = Groups()
    labels = None if labels is None else np.ascontiguousarray(labels, np.uint32)
    drop = np.ascontiguousarray([] if drop is None else drop, np.uint32)
    n = len(labels) if n is None else n
    err = lib.eng_groups_create(ptr(labels), C.c_size_t(n), ptr(drop), C.c_size_t(len(drop)),
                                C.byref(g))
    return err, g


def try_select(rule, count, x=None, y=None, labels=None, drop=None, keep=(), mass=None,
               budget=PROPORTIONAL, quota=None, bandwidth=0, perplexity=10, neighbours=0, seed=0, env=None, stats=None):
    """Error, exemplars, weights; the fault is in env._fault."""
    env = env or engine.env()
    err, g = groups(labels, len(y) if x is None else len(x), drop)
    assert err == 0
    keep = np.array(keep, np.uint32)
    quota = None if quota is None else np.array(quota, np.uint32)
    mass = None if mass is None else np.ascontiguousarray(mass, np.float32)
    params = Params(RULES.get(rule, rule), budget, count, ptr(quota), ptr(keep), len(keep),
                    ptr(mass), bandwidth, Bandwidth(1, perplexity, 0, 0, 0), neighbours, seed)
    data = Input(ptr(x), 0 if x is None else x.shape[1], 0 if x is None else x.strides[0] // 4,
                 ptr(y), C.addressof(g))
    index = np.full(count + 1, 0xfefefefe, np.uint32)
    weight = np.full(count + 1, np.nan, np.float32)
    err = lib.eng_select(C.byref(env), C.byref(data), C.byref(params), ptr(index), ptr(weight),
                         stats and C.byref(stats))
    lib.eng_groups_free(C.byref(g))
    assert index[count] == 0xfefefefe and np.isnan(weight[count]), "wrote past the end"
    return err, index[:count].astype(int), weight[:count]


def select(*args, **kwargs):
    """Exemplars, weights."""
    err, index, weight = try_select(*args, **kwargs)
    assert err == 0, err
    return index, weight
