# SPDX-License-Identifier: GPL-2.0-only
"""What stands in a page of nmsctl sample --report, by the standard library's parser."""
import base64
import html.parser
import io
import json

import numpy as np
from PIL import Image


class Page(html.parser.HTMLParser):
    """Blocks of data by id, all attributes, and the text outside of scripts and styles."""

    def __init__(self, path):
        super().__init__()
        self.blocks, self.tags, self.text, self.script, self.open = {}, [], "", "", None
        with open(path, encoding="utf-8") as f:
            self.whole = f.read()
        self.feed(self.whole)
        self.close()
        self.data = json.loads(self.blocks["data"])

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag in ("script", "style"):
            self.open = attrs.get("id") or tag
            self.blocks[self.open] = ""

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self.open = None

    def handle_data(self, data):
        if self.open:
            self.blocks[self.open] += data
        else:
            self.text += data

    def array(self, name, dtype):
        return np.frombuffer(base64.b64decode(self.blocks[name], validate=True), dtype)

    def plane(self):
        """As --embedding has it, to half a step."""
        p = self.data["plane"]
        number = self.array("plane", "<u2").reshape(-1, 2)
        y = number * p["step"] + [p["x"], p["y"]]
        y[number[:, 0] == 65535] = np.nan
        return y

    def thumbs(self, name):
        """All pictures of a kind, each height x width x channels, 0 to 255."""
        about, out = self.data["pictures"][name], []
        w, h = about["width"], about["height"]
        for first in range(0, about["count"], about["per_sheet"]):
            png = base64.b64decode(self.blocks[f"{name}-{first // about['per_sheet']}"])
            sheet = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
            held = min(about["per_sheet"], about["count"] - first)
            across = min(about["columns"], held)
            for i in range(held):
                y, x = i // across * h, i % across * w
                out.append(sheet[y:y + h, x:x + w, :about["channels"]])
        return np.stack(out)
