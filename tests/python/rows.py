# SPDX-License-Identifier: GPL-2.0-only
"""Rows for the tests, and the command line to compare with."""
import os
import subprocess
import tempfile

import numpy as np

NMSCTL = os.environ["NMSCTL"]


def blobs(rows=600, cols=12, classes=3, seed=1):
    """Rows around one centre for each class, and their classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    centres = 6 * rng.standard_normal((classes, cols))
    return (centres[labels] + rng.standard_normal((rows, cols))).astype(np.float32), labels


def nmsctl(command, x, *options, y=None):
    """What nmsctl writes for these rows: exemplars, or a plane."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", x)
        labels = ()
        if y is not None:
            np.save(f"{folder}/y.npy", y)
            labels = ("--labels", f"{folder}/y.npy")
        subprocess.run([NMSCTL, command, f"{folder}/x.npy", *labels, *map(str, options),
                        "-o", f"{folder}/out.npy"], check=True, capture_output=True, timeout=300)
        return np.load(f"{folder}/out.npy")


def open_files():
    return len(os.listdir("/proc/self/fd"))


def threads():
    return len(os.listdir("/proc/self/task"))


def sanitized():
    """Whether memory and time are those of a sanitizer."""
    return "asan" in os.environ.get("LD_PRELOAD", "")
