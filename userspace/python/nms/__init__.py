# SPDX-License-Identifier: LGPL-2.1-or-later
"""Choose the few samples of a dataset that are worth training on.

`sample` chooses, `embed` lays rows out in the plane; `sample_async`, `embed_async`, `submit` and
`submit_embed` do so beside the program. `nms.sklearn` has estimators, `nms.torch` subsets and
samplers of datasets. All of it runs in libnmsdev: on a near-memory sampling device, or on the
software accelerator in this process, which gives the same answer.
"""
from ._device import Device, DeviceInfo
from ._embed import embed, embed_async, submit_embed
from ._errors import (AccessError, ArgumentError, ArgumentTypeError, CancelledError,
                      DeviceError, DeviceNotFoundError, DivergedError, Error, NotFiniteError,
                      OutOfMemoryError, WaitTimeoutError)
from ._job import Job, Progress
from ._library import methods, version
from ._outcome import EmbedResult, Outcome, SampleResult, Trace
from ._sample import estimate, sample, sample_async, submit

__version__ = "0.1.0"

__all__ = [
    "AccessError", "ArgumentError", "ArgumentTypeError", "CancelledError", "Device",
    "DeviceError", "DeviceInfo", "DeviceNotFoundError", "DivergedError", "EmbedResult", "Error",
    "Job", "NotFiniteError", "Outcome", "OutOfMemoryError", "Progress", "SampleResult", "Trace",
    "WaitTimeoutError", "embed", "embed_async", "estimate", "methods", "sample", "sample_async",
    "submit", "submit_embed", "version",
]
