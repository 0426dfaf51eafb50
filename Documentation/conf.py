# SPDX-License-Identifier: GPL-2.0-only
"""Sphinx: these pages, and the references of library, kernel interface and Python package,
which come from the comments of the sources.  "make docs" builds them.

It needs libnmsdev built, for the package loads it.
"""
import pathlib
import sys

top = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(top / "Documentation/api"), str(top / "userspace/python")]

import rst

project = "Near-memory sampling"
author = "the authors"
copyright = "the authors; licences by SPDX line"
extensions = ["sphinx.ext.autodoc", "numpydoc"]
default_role = "py:obj"
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "fixed_sidebar": True,
                      "description": "the few samples worth training on"}
html_copy_source = False
html_last_updated_fmt = None
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
# Of their packages only the names are needed, and they may not be there.
autodoc_mock_imports = ["sklearn", "torch", "tqdm"]

REFERENCES = (
    ("api-libnmsdev", "userspace/include/nmsdev.h", "libnmsdev, function by function",
     "LGPL-2.1-or-later", False),
    ("api-uapi", "uapi/nms.h", "The kernel interface, structure by structure",
     "GPL-2.0-only WITH Linux-syscall-note", True),
)


def setup(app):
    """Pages are read from one folder, which is a copy: these are made there."""
    for name, path, title, licence, every in REFERENCES:
        text = rst.page(str(top / path), title, licence, every)
        (pathlib.Path(app.srcdir) / f"{name}.rst").write_text(text, encoding="utf-8")
