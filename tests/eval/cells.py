# SPDX-License-Identifier: GPL-2.0-only
"""Results that have been found once, by digest of what they depend on.

One line of JSON a cell, appended to a file that is never rewritten: a run that is
stopped loses no more than what it was at, and the next one goes on from there.
"""
import fcntl
import hashlib
import json


def digest(*parts):
    """Of arrays (shape, type and bytes) and of whatever JSON can hold."""
    sha = hashlib.sha256()
    for part in parts:
        if hasattr(part, "dtype"):
            sha.update(f"{part.dtype.str}{part.shape}".encode())
            sha.update(part.tobytes())
        else:
            sha.update(json.dumps(part, sort_keys=True).encode())
        sha.update(b"\0")
    return sha.hexdigest()[:24]


class Cells:
    """A mapping from digests to what JSON can hold, kept in a file."""

    def __init__(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.found = {}
        if path.exists():
            with open(path, encoding="utf-8") as file:
                for line in file:
                    try:
                        key, value = json.loads(line)
                    except ValueError:	# a line whose writer was killed
                        continue
                    self.found[key] = value

    def __contains__(self, key):
        return key in self.found

    def __getitem__(self, key):
        return self.found[key]

    def add(self, cells):
        """All of them, whole lines, also while others write to the same file."""
        self.found.update(cells)
        text = "".join(json.dumps([key, value]) + "\n" for key, value in cells.items())
        with open(self.path, "a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, 2)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    text = "\n" + text
            file.write(text.encode())
