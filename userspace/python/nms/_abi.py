# SPDX-License-Identifier: LGPL-2.1-or-later
"""The structures and functions of nmsdev.h, for ctypes.

tests/python/test_abi.py compares all of it with what the C compiler makes of the header.
"""
from __future__ import annotations

import ctypes as c

NDOMAINS = 5
NPHASES = 8
NROW_FLAGS = 5
DOMAINS = ("near", "compute", "scratch", "link", "static")

# enum nms_dtype
U8, I8, F16, BF16, F32, F64, U32 = range(1, 8)
# enum nms_op
OP_WRITE, OP_READ, OP_REDUCE, OP_EMBED = 0x01, 0x02, 0x10, 0x11
READ, WRITE = 0x1, 0x2

SEARCHES = {"newton": 1, "bisect": 2, "de": 3, "fwa": 4}
NEIGHBOURS = {"exact": 1, "ivf": 2}
RULES = {"random": 1, "grid": 2, "strata": 3, "kmedoids": 4, "kcentre": 5, "herding": 6,
         "facility": 7, "edited": 8}
BUDGETS = {"proportional": 1, "equal": 2, "given": 3}

# enum nms_cause, from NMS_CAUSE_NONE on
CAUSES = ("none", "argument", "size", "uri", "option", "energy", "memory", "near_memory",
          "estimate", "range", "right", "name", "not_finite", "count", "features",
          "perplexity", "index", "quota", "profile", "method", "diverged", "cancelled",
          "deadline", "timeout", "busy", "device", "locked_memory", "limit", "interrupted")


class nms_error(c.Structure):
    _fields_ = [("error", c.c_int), ("cause", c.c_int), ("row", c.c_uint64),
                ("col", c.c_uint64), ("text", c.c_char * 256)]


class nms_device_options(c.Structure):
    _fields_ = [("size", c.c_size_t), ("near_size", c.c_uint64), ("threads", c.c_uint),
                ("profile", c.c_char_p), ("energy", c.c_char_p)]


class nms_device_info(c.Structure):
    _fields_ = [("size", c.c_size_t), ("backend", c.c_char * 16), ("name", c.c_char * 64),
                ("profile", c.c_char * 16), ("isa", c.c_char * 16), ("energy", c.c_char * 64),
                ("energy_source", c.c_char * 256), ("near_size", c.c_uint64),
                ("near_used", c.c_uint64), ("threads", c.c_uint), ("numerics", c.c_uint32),
                ("node", c.c_char * 64), ("submission", c.c_char * 16),
                ("reason", c.c_char * 192)]


class nms_matrix(c.Structure):
    _fields_ = [("buffer", c.c_void_p), ("offset", c.c_uint64), ("rows", c.c_uint64),
                ("stride", c.c_uint64), ("cols", c.c_uint32), ("dtype", c.c_int)]


class nms_vector(c.Structure):
    _fields_ = [("buffer", c.c_void_p), ("offset", c.c_uint64), ("count", c.c_uint64)]


class nms_copy(c.Structure):
    _fields_ = [("buffer", c.c_void_p), ("offset", c.c_uint64), ("bytes", c.c_uint64),
                ("host", c.c_void_p)]


class nms_reduce(c.Structure):
    _fields_ = [("input", nms_matrix), ("output", nms_matrix), ("seed", c.c_uint64),
                ("oversample", c.c_uint32), ("iterations", c.c_uint32), ("scaling", c.c_int)]


class nms_embed(c.Structure):
    _fields_ = [("features", nms_matrix), ("output", nms_matrix), ("labels", nms_vector),
                ("drop", nms_vector), ("flags", nms_vector), ("trace", nms_vector),
                ("seed", c.c_uint64), ("entropy_guided", c.c_int), ("search", c.c_int),
                ("perplexity", c.c_float), ("perplexity_min", c.c_float),
                ("perplexity_max", c.c_float), ("candidates", c.c_uint32),
                ("tolerance", c.c_float), ("evaluations", c.c_uint32),
                ("iterations", c.c_uint32), ("exaggeration_iterations", c.c_uint32),
                ("exaggeration", c.c_float), ("stop", c.c_float), ("neighbours", c.c_int)]


class _operation(c.Union):
    _fields_ = [("copy", nms_copy), ("reduce", nms_reduce), ("embed", nms_embed),
                ("reserved", c.c_uint64 * 64)]


class nms_command(c.Structure):
    _anonymous_ = ("operation",)
    _fields_ = [("op", c.c_int), ("deadline_ms", c.c_uint32), ("operation", _operation)]


class nms_result(c.Structure):
    _fields_ = [("size", c.c_size_t), ("error", c.c_int), ("cause", c.c_int),
                ("backend", c.c_char * 16), ("device", c.c_char * 64),
                ("profile", c.c_char * 16), ("numerics", c.c_uint32), ("value", c.c_uint64),
                ("energy", c.c_uint64 * NDOMAINS), ("near_read", c.c_uint64),
                ("near_write", c.c_uint64), ("link_in", c.c_uint64), ("link_out", c.c_uint64),
                ("scratch", c.c_uint64), ("mac", c.c_uint64), ("special", c.c_uint64),
                ("cycles", c.c_uint64 * NPHASES), ("nanoseconds", c.c_uint64 * NPHASES),
                ("switches", c.c_uint32), ("evaluations", c.c_uint64),
                ("row_flags", c.c_uint64 * NROW_FLAGS), ("features", c.c_uint32),
                ("groups", c.c_uint32), ("iterations", c.c_uint32),
                ("trace_lines", c.c_uint32), ("perplexity", c.c_float),
                ("entropy", c.c_float), ("kl", c.c_float), ("residual_mean", c.c_float),
                ("residual_max", c.c_float), ("variance_kept", c.c_float),
                ("neighbours", c.c_int), ("recall10", c.c_float), ("recall", c.c_float),
                ("coverage", c.c_float), ("coverage_random", c.c_float),
                ("fixed_mac", c.c_uint64), ("lookup", c.c_uint64),
                ("switch_cycles", c.c_uint64), ("mac_used", c.c_float),
                ("special_used", c.c_float), ("area_shared", c.c_float),
                ("area", c.c_float * NPHASES)]


class nms_trace(c.Structure):
    _fields_ = [("perplexity", c.c_float), ("entropy", c.c_float), ("fidelity", c.c_float),
                ("objective", c.c_float), ("kl", c.c_float), ("rows", c.c_uint32),
                ("iterations", c.c_uint32), ("chosen", c.c_uint32)]


class nms_progress(c.Structure):
    _fields_ = [("size", c.c_size_t), ("command", c.c_size_t), ("commands", c.c_size_t),
                ("phase", c.c_int), ("done", c.c_uint64), ("total", c.c_uint64)]


class nms_sample_params(c.Structure):
    _fields_ = [("size", c.c_size_t), ("method", c.c_char_p), ("count", c.c_uint64),
                ("ratio", c.c_double), ("labels", c.c_void_p), ("mass", c.c_void_p),
                ("keep", c.c_void_p), ("nkeep", c.c_size_t), ("drop", c.c_void_p),
                ("ndrop", c.c_size_t), ("budget", c.c_int), ("quota", c.c_void_p),
                ("nquota", c.c_size_t), ("features", c.c_uint32), ("perplexity", c.c_float),
                ("search", c.c_int), ("rule", c.c_int), ("profile", c.c_char_p),
                ("want_embedding", c.c_int), ("seed", c.c_uint64), ("neighbours", c.c_int)]


class nms_sample_result(c.Structure):
    _fields_ = [("size", c.c_size_t), ("count", c.c_uint64),
                ("index", c.POINTER(c.c_uint32)), ("weight", c.POINTER(c.c_float)),
                ("embedding", c.POINTER(c.c_float)), ("row_flags", c.POINTER(c.c_uint32)),
                ("trace", c.POINTER(nms_trace)), ("ntrace", c.c_size_t),
                ("method", c.c_char * 16), ("rule", c.c_char * 16), ("search", c.c_char * 16),
                ("nested", c.c_int), ("total", nms_result)]


STRUCTURES = (nms_error, nms_device_options, nms_device_info, nms_matrix, nms_vector, nms_copy,
              nms_reduce, nms_embed, nms_command, nms_result, nms_trace, nms_progress,
              nms_sample_params, nms_sample_result)


def sized(structure):
    """A zeroed one with its size set, as NMS_INIT() makes it."""
    return structure(size=c.sizeof(structure))


_OUT = c.POINTER(c.c_void_p)
# name: what it returns, what it takes
FUNCTIONS = {
    "nms_last_error": (c.POINTER(nms_error), ()),
    "nms_cause_text": (c.c_char_p, (c.c_int,)),
    "nms_version": (c.c_char_p, ()),
    "nms_device_open": (c.c_int, (c.c_char_p, c.POINTER(nms_device_options), _OUT)),
    "nms_device_close": (None, (c.c_void_p,)),
    "nms_device_info": (c.c_int, (c.c_void_p, c.POINTER(nms_device_info))),
    "nms_context_create": (c.c_int, (c.c_void_p, _OUT)),
    "nms_context_destroy": (None, (c.c_void_p,)),
    "nms_buffer_create": (c.c_int, (c.c_void_p, c.c_uint64, _OUT)),
    "nms_buffer_wrap": (c.c_int, (c.c_void_p, c.c_void_p, c.c_uint64, c.c_uint, _OUT)),
    "nms_job_submit": (c.c_int, (c.c_void_p, c.POINTER(nms_command), c.c_size_t, _OUT)),
    "nms_job_poll": (c.c_int, (c.c_void_p,)),
    "nms_job_fd": (c.c_int, (c.c_void_p,)),
    "nms_job_cancel": (None, (c.c_void_p,)),
    "nms_job_progress": (c.c_int, (c.c_void_p, c.POINTER(nms_progress))),
    "nms_job_result": (c.c_int, (c.c_void_p, c.c_size_t, c.POINTER(nms_result))),
    "nms_job_error": (c.POINTER(nms_error), (c.c_void_p,)),
    "nms_job_destroy": (None, (c.c_void_p,)),
    "nms_sample_submit": (c.c_int, (c.c_void_p, c.POINTER(nms_matrix),
                                    c.POINTER(nms_sample_params), _OUT)),
    "nms_sample_job": (c.c_void_p, (c.c_void_p,)),
    "nms_sample_result": (c.c_int, (c.c_void_p, c.POINTER(nms_sample_result))),
    "nms_sample_destroy": (None, (c.c_void_p,)),
    "nms_sample_estimate": (c.c_int, (c.c_void_p, c.POINTER(nms_matrix),
                                      c.POINTER(nms_sample_params), c.POINTER(c.c_uint64),
                                      c.POINTER(c.c_uint64))),
    "nms_method_name": (c.c_char_p, (c.c_size_t,)),
    "nms_method_text": (c.c_char_p, (c.c_size_t,)),
    "nms_phase_name": (c.c_char_p, (c.c_int,)),
}
