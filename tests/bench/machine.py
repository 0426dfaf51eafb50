# SPDX-License-Identifier: GPL-2.0-only
"""What the figures were measured on."""
import os
import platform
import subprocess


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.split("\n")[0]
    except OSError:
        return ""


def processor():
    with open("/proc/cpuinfo") as f:
        lines = [line.partition(":")[2].strip() for line in f if line.startswith("model name")]
    return lines[0] if lines else platform.machine()


def flags():
    with open("/proc/cpuinfo") as f:
        words = next((line for line in f if line.startswith("flags")), "").split()
    return [w for w in ("avx2", "fma", "avx512f", "avx512_vnni", "amx_tile") if w in words]


def memory():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def package(name):
    return first_line("dpkg-query", "-W", "-f", "${Version}", name)


PACKAGES = ("python3-numpy", "python3-scipy", "python3-sklearn", "python3-torch",
            "python3-faiss", "umap-learn", "r-cran-rtsne", "libopenblas0-pthread", "gcc")


def describe(nmsctl):
    return {
        "processor": processor(), "processors": len(os.sched_getaffinity(0)), "isa": flags(),
        "memory": memory(), "kernel": platform.release(), "load": os.getloadavg(),
        "nmsctl": first_line(nmsctl, "--version"),
        "packages": {name: package(name) for name in PACKAGES},
    }
