#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which docstrings of Python's own library stand for all of them?

Text has no columns. Hashed words, weighted by TF-IDF, become a few dense features by truncated
SVD; of these exemplars are chosen, each package having its share. The corpus is what the modules
of the standard library that run say of themselves, read from their sources without running them.
"""
import argparse
import ast
import pathlib
import sysconfig

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.metrics import pairwise_distances_argmin_min
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

import nms


def docstrings(path):
    """Of a module, its classes and functions: those of two lines and more."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text and "\n" in text:
            yield getattr(node, "name", path.stem), text


def corpus(folder, packages):
    """Names, texts and packages, in the order of their files."""
    found = [(f"{path.relative_to(folder)}: {name}", text, package)
             for package in packages
             for path in sorted((folder / package).rglob("*.py"))
             for name, text in docstrings(path)]
    return map(list, zip(*found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=pathlib.Path, default=sysconfig.get_path("stdlib"))
    parser.add_argument("--packages", nargs="+", metavar="PACKAGE",
                        default=["asyncio", "email", "http", "logging", "multiprocessing",
                                 "unittest", "urllib", "xml"])
    parser.add_argument("--count", type=int, default=24)
    options = parser.parse_args()
    names, texts, packages = corpus(options.folder, options.packages)
    features = make_pipeline(HashingVectorizer(stop_words="english", alternate_sign=False),
                             TfidfTransformer(), TruncatedSVD(64, random_state=0), Normalizer())
    x = features.fit_transform(texts)
    chosen = nms.sample(x, packages, count=options.count)
    for row, weight in zip(chosen.indices, chosen.weights):
        first = texts[row].splitlines()[0]
        print(f"{weight:6.1f}  {names[row]}: {first[:60]}")
    print(f"{len(chosen)} of {len(texts)} docstrings; distance to the nearest "
          f"{distance(x, chosen.indices):.3f}, of as many at random "
          f"{np.mean([distance(x, at_random(x, packages, options, s)) for s in range(5)]):.3f}")


def distance(x, chosen):
    """Mean from each text to the exemplar nearest it."""
    return pairwise_distances_argmin_min(x, x[chosen])[1].mean()


def at_random(x, packages, options, seed):
    return nms.sample(x, packages, count=options.count, method="random", seed=seed).indices


if __name__ == "__main__":
    main()
