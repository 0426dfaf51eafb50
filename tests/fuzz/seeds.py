#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""seeds.py FOLDER: whole inputs for each fuzz target, in FOLDER/TARGET, to begin with."""
import gzip
import io
import json
import os
import struct
import sys

import numpy as np
from PIL import Image

ROWS, LABELS, INDEX, LITTLE = b"\0", b"\1", b"\2", b"\3"
COLUMN0, COLUMN_LABEL = 4, 8
MEMBER = 0x40


def npy(x, **kwargs):
    out = io.BytesIO()
    np.lib.format.write_array(out, x, **kwargs)
    return out.getvalue()


def npy_seeds():
    rng = np.random.default_rng(1)
    for dtype in ("u1", "i1", "?", "<i2", ">i4", "<i8", "<u8", "<f2", ">f4", "<f8"):
        yield ROWS + npy((rng.standard_normal((3, 2)) * 9).astype(dtype))
    yield ROWS + npy(np.asfortranarray(rng.standard_normal((4, 3))))
    yield ROWS + npy(np.zeros((2, 3, 2, 2), "u1"), version=(2, 0))
    yield ROWS + npy(np.zeros((0, 3)))
    yield LABELS + npy(np.array([3, -1, 3]))
    yield LABELS + npy(np.array([[1.0], [2.0]]))
    yield LABELS + npy(np.array(["a", "bc"]))
    yield INDEX + npy(np.arange(5))
    yield LITTLE + npy(np.arange(90, dtype=">i4").reshape(45, 2))


def npz_seeds():
    for save in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        save(out, x=np.arange(12.0).reshape(4, 3), y=np.arange(4))
        for how in (ROWS, LABELS, INDEX, LITTLE, bytes([MEMBER])):
            yield how + out.getvalue()
    out = io.BytesIO()
    np.savez(out, names=np.zeros(3), other=np.zeros((3, 2), "u1"), target=np.array(["a", "b", "a"]))
    yield ROWS + out.getvalue()


def idx(x, kind):
    order = x.dtype.newbyteorder(">")
    return (struct.pack(">BBBB", 0, 0, kind, x.ndim) +
            b"".join(struct.pack(">I", n) for n in x.shape) + x.astype(order).tobytes())


def idx_seeds():
    kinds = ((8, "u1"), (9, "i1"), (0xb, "i2"), (0xc, "i4"), (0xd, "f4"), (0xe, "f8"))
    for kind, dtype in kinds:
        yield ROWS + idx(np.arange(24).reshape(4, 3, 2).astype(dtype), kind)
    yield LABELS + idx(np.arange(20, dtype="u1"), 8)
    yield INDEX + idx(np.arange(20, dtype="i4"), 0xc)


def cifar_seeds():
    rows = np.zeros((2, 3073), "u1")
    rows[:, 0] = [3, 4]
    yield ROWS + rows.tobytes()
    yield LABELS + rows.tobytes()
    yield ROWS + np.pad(rows[:, 1:], ((0, 0), (2, 0))).tobytes()


def gzip_seeds():
    rows = idx(np.zeros((3, 4, 4), "u1"), 8)
    for level in (0, 9):
        yield ROWS + gzip.compress(rows, level, mtime=0)
        yield ROWS + gzip.compress(b"a,b\n1,2\n", level, mtime=0)
    yield LABELS + gzip.compress(b"1\n2\n", 0, mtime=0) + gzip.compress(b"3\n", 0, mtime=0)
    yield LITTLE + gzip.compress(bytes(10000), 9, mtime=0)


def csv_seeds():
    for text in (b"1,2\n3,4\n", b"a,b,label\n1,2.5,x\r\n3,-4e9,\"y\"\"z\"\n", b"1;2;u\n3;4;v\n", b"y\n1\n2\n",
                 b"x\ty\n1e400\tnan\n", b"1 2\n 3 4\n", b"\"a\nb\",1\n\"c\",2\n", b"\xef\xbb\xbf1,2\n",
                 b"16777217,0\n1,2\n", b"1,2\n3\n", b"#,a\n"):
        for how in (0, 1, 2, 3, COLUMN0, COLUMN_LABEL, 0x10, 0x20, 0x30):
            yield bytes([how]) + text
    yield INDEX + b"index,weight\n3,1\n1,2.5\n"


def raw_seeds():
    for dtype, shape in (("u8", "4x3"), ("<f4", "3,2"), (">i2", "-1x2"), ("f64", "3"), ("bf16", "2x2x3"),
                         ("int64", "3x1")):
        yield ROWS + f"{dtype} {shape} ".encode() + bytes(range(24))
    yield LABELS + b"u32 -1 " + bytes(24)


def png(x, **kwargs):
    out = io.BytesIO()
    (x if isinstance(x, Image.Image) else Image.fromarray(x)).save(out, "PNG", **kwargs)
    return out.getvalue()


def png_seeds():
    rng = np.random.default_rng(1)
    colour = rng.integers(0, 256, (4, 3, 3), dtype="u1")
    yield png(colour[..., 0])
    yield png(colour)
    yield png(np.dstack([colour, colour[..., :1]]))
    yield png(colour[..., 0].astype("u2") * 200)
    yield png(Image.fromarray(colour).quantize(8), transparency=1)
    yield png(Image.fromarray(colour[..., 0] > 99))


def jpeg_seeds():
    smooth = np.add.outer(np.arange(9), np.arange(17)).astype("u1") * 6
    for x in (smooth, np.dstack([smooth, smooth // 2, 255 - smooth])):
        for progressive in (False, True):
            out = io.BytesIO()
            Image.fromarray(x).save(out, "JPEG", progressive=progressive, quality=20)
            yield out.getvalue()
    out = io.BytesIO()
    Image.fromarray(np.dstack([smooth] * 4), "CMYK").save(out, "JPEG")
    yield out.getvalue()


def folder_seeds():
    yield b"\6a.png/\6b.png/\1c.txt"
    yield b"\0cat/\x0ea.png/\x0eb.png/\0dog/\x0ea.png"
    yield b"\4data_batch_1.bin/\4test_batch.bin/\1batches.meta.txt"
    yield b"\3loop/\5pipe.png/\2cut.png/\6a.png"


def index_seeds():
    for text in ('[3, 1, 2]', '{"exemplars": [{"index": 3, "weight": 1.5}, {"index": 4}]}', '{"index": [1.0]}',
                 '[]', '[1e3]', '[-1]', '[1'):
        yield INDEX + text.encode()
    yield INDEX + b"3\n1\n"
    yield INDEX


def labels_seeds():
    for text in (b"3\n1\n3\n", b"cat\ndog\n", b"a,label\n1,x\n2,y\n", b"-1\n1\n", b"4294967295\n", b"1.5\n", b"1.0\n2\n",
                 b"y\n\n1\n"):
        yield LABELS + text
        yield bytes([1 | COLUMN0]) + text


def manifest_seeds():
    parameters = {"method": "nms", "count": 5, "seed": 1, "rule": "strata", "search": "newton",
                  "neighbours": "exact", "features": 3, "perplexity": 30.0, "budget": "equal", "quota": [1, 2],
                  "keep": [1], "drop": [2]}
    manifest = {"nms_manifest": 1, "version": "0.1.0", "numerics": 2, "profile": "portable",
                "dataset": {"path": "a.npy", "sha256": "00", "rows": 3, "cols": 2, "dtype": "f32",
                            "as_dtype": "u8", "as_shape": "3x2", "member": "x", "label_column": "0"},
                "labels": {"path": "b.npy", "sha256": "00"},
                "parameters": parameters, "selection": {"sha256": "00"}}
    yield json.dumps(manifest).encode()
    manifest["dataset"] = {"path": "nms:rows", "rows": 3, "cols": 2, "dtype": "f32", "generation": 1}
    del manifest["labels"]
    yield json.dumps(manifest).encode()


def energy_seeds():
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../userspace/model/energy")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), "rb") as file:
                yield file.read()


def command(opcode, body=b"", cid=1, context=0):
    return struct.pack("<BBHI", opcode, 0, cid, context) + body.ljust(56, b"\0")


def admin_commands():
    buffer = struct.pack("<QI", 0x10000, 4096)
    yield command(0x06, buffer)
    for page in (1, 2, 3, 4):
        yield command(0x02, buffer + struct.pack("<I", page))
    yield command(0x05, struct.pack("<QHHHH", 0x11000, 1, 7, 0, 1))
    yield command(0x01, struct.pack("<QHHHH", 0x12000, 1, 7, 1, 0))
    yield command(0x08, struct.pack("<QIIIHH", 0, 0, 0, 0, 1, 3))
    yield command(0x00, struct.pack("<QHHHH", 0, 1, 0, 0, 0))
    yield command(0x04, struct.pack("<QHHHH", 0, 1, 0, 0, 0))
    yield command(0x09, struct.pack("<QIII", 0, 0, 1, 0x104))
    yield command(0x0a, struct.pack("<QII", 0, 0, 2))
    yield command(0x0c)
    yield command(0x20, struct.pack("<QIIII", 8192, 0, 0, 7, 0))
    yield command(0x22, struct.pack("<QIIII", 0, 1, 1, 8, 3))
    yield command(0x21, struct.pack("<QIIII", 0, 1, 1, 0, 0))
    yield command(0x23, struct.pack("<QIIII", 0, 0, 0, 7, 0))


def admin_seeds():
    yield b"".join(admin_commands())
    yield from admin_commands()


def model_seeds():
    """The mutator makes better ones."""
    near = struct.pack("<IIQ", 1, 1, 0)
    memory = bytes(64) + struct.pack("<QII", 0x1100, 64, 0)
    move = near + struct.pack("<QQII", 64, 0x1040, 1, 0)
    yield b"\xf1" + command(1, move, context=7) + command(2, move, context=7) + memory
    yield b"\xf0" + command(3, near + struct.pack("<Q", 64), context=7)


def message(number, body=b"", descriptors=0):
    return struct.pack("<BBH", number, descriptors, len(body)) + body


def write(region, offset, value):
    return message(10, struct.pack("<QII", offset, region, len(value)) + value)


def pcie_seeds():
    guest = 0xff
    info = struct.pack("<IIII", 16, 0, 2, 0)
    start = (message(2, struct.pack("<IIQQQ", 32, 3, 0, 0, 65536), 0x21) +
             write(7, 4, b"\6\0") +
             write(0, 0x20, struct.pack("<I", 0x001f001f)) + write(0, 0x28, struct.pack("<Q", 0x1000)) +
             write(0, 0x30, struct.pack("<Q", 0x2000)) + write(0, 0x10, struct.pack("<I", 1)))
    admin = [c.replace(struct.pack("<I", 0x10000), struct.pack("<I", 0x3000)) for c in admin_commands()]
    yield (message(1, struct.pack("<HH", 0, 1) + b"{}\0") + message(4, info) + message(7, info) +
           message(5, struct.pack("<IIIIQQ", 32, 0, 0, 0, 0, 0)) +
           message(8, struct.pack("<IIIII", 20, 0x24, 2, 0, 3), 3) + message(9, struct.pack("<QII", 0, 0, 64)) +
           message(3, struct.pack("<IIQQ", 24, 0, 0, 65536)) + message(13))
    yield start
    yield (start + message(guest, struct.pack("<H", 0x1000) + b"".join(admin)) +
           write(0, 0x1000, struct.pack("<I", len(admin))) + write(0, 0x1004, struct.pack("<I", 1)))
    queue = (command(5, struct.pack("<QHHHH", 0x4000, 1, 7, 0, 1)) +
             command(1, struct.pack("<QHHHH", 0x5000, 1, 7, 1, 0)) +
             command(0x20, struct.pack("<QIIII", 8192, 0, 0, 7, 0)))
    io = command(0) + command(3, struct.pack("<IIQQ", 1, 1, 0, 64), context=7)
    yield (start + message(guest, struct.pack("<H", 0x1000) + queue) + write(0, 0x1000, struct.pack("<I", 3)) +
           message(guest, struct.pack("<H", 0x5000) + io) + write(0, 0x1008, struct.pack("<I", 2)) +
           write(0, 0x18, struct.pack("<I", 0x4e4d5352)))
    yield start + message(3, struct.pack("<IIQQ", 24, 2, 0, 0)) + write(0, 0x1000, struct.pack("<I", 1))
    yield write(7, 4, b"\6\4") + message(9, struct.pack("<QII", 0, 7, 256)) + write(7, 0x44, b"\3\0")


TARGETS = {name[:-6]: make for name, make in list(globals().items()) if name.endswith("_seeds")}


def main():
    for target, make in TARGETS.items():
        folder = os.path.join(sys.argv[1], target)
        os.makedirs(folder, exist_ok=True)
        for i, seed in enumerate(make()):
            with open(os.path.join(folder, f"seed-{i:02}"), "wb") as out:
                out.write(seed)


if __name__ == "__main__":
    main()
