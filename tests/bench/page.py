#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The page of nmsctl sample --report in Chromium without a screen: its size, the first paint, and
frames a second while it is panned, with WebGL (by the processor, where there is no graphics
card) and without.  Fashion-MNIST, or rows drawn around 50 centres (--rows).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import data

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "unit"))
from browser import Browser  # noqa: E402

PAINTERS = {"webgl": (), "2d": ("--disable-3d-apis",)}


def made_up(rows, folder):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 16), np.float32)
    x += 4 * rng.standard_normal((50, 16), np.float32)[rng.integers(0, 50, rows)]
    path = os.path.join(folder, "x.npy")
    np.save(path, x)
    return [path]


def write(build, operands, folder):
    page = os.path.join(folder, "page.html")
    done = subprocess.run([build / "nmsctl", "sample", *operands, "--count", "600", "--report", page,
                           "--json"], capture_output=True, text=True, check=True)
    return page, json.loads(done.stdout)["seconds"]["report"]


def look(page, painter):
    """Medians of five openings, and of three times two seconds."""
    browser, paints = Browser(*PAINTERS[painter]), []
    try:
        for _ in range(5):
            browser.open(page)
            paints.append(browser.paint())
        assert browser.get("map").get_attribute("data-painter") == painter
        browser.js("arguments[0].scrollIntoView()", browser.get("map"))
        frames = [browser.pan() for _ in range(3)]
        share = browser.get("map").get_attribute("data-share")
        assert not browser.complaints()
    finally:
        browser.close()
    return np.median(paints), np.median(frames), float(share)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default="build")
    parser.add_argument("--rows", type=int, help="made up, in the place of Fashion-MNIST")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        operands = made_up(args.rows, folder) if args.rows else \
            [data.IMAGES, "--labels", data.LABELS]
        page, seconds = write(args.build.resolve(), operands, folder)
        print(f"page       {os.path.getsize(page) / 1e6:.2f} MB, measured and drawn in {seconds:.2f} s")
        for painter in PAINTERS:
            paint, frames, share = look(page, painter)
            print(f"{painter:10} first paint {paint:.0f} ms, {frames:.0f} frames a second "
                  f"with {100 * share:.0f} % of the rows")


if __name__ == "__main__":
    main()
