# SPDX-License-Identifier: GPL-2.0-only
"""Signals at any moment, disks that are full, files that are none, sizes that cannot be.

Whatever happens: one line on stderr, and either all outputs or none.
"""
import gzip
import io
import json
import os
import resource
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import zipfile
import zlib

import numpy as np

NMSCTL = os.environ["NMSCTL"]
OUTPUTS = ["-o", "o.json", "--embedding", "e.npy", "--weights", "w.npy", "--report", "r.html"]
WRITTEN = ["e.npy", "o.json", "o.json.manifest.json", "r.html", "w.npy"]
PROFILE = os.path.join(os.path.dirname(__file__), "../../userspace/model/energy/ddr4.json")
INSTRUMENTED = "ASAN_OPTIONS" in os.environ or "NMS_SANITIZED" in os.environ


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = self.path("out")
        os.mkdir(self.out)
        np.save(self.path("x.npy"), np.random.default_rng(1).standard_normal((400, 8)).astype("f4"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, content):
        with open(self.path(name), "wb") as out:
            out.write(content)
        return self.path(name)

    def command(self, dataset, *args):
        return [NMSCTL, "sample", dataset, "--count", "9", "--threads", "2", "--quiet", *args]

    def run_tool(self, dataset, *args, **kwargs):
        return subprocess.run(self.command(dataset, *args), cwd=self.out, capture_output=True, timeout=60,
                              check=False, **kwargs)

    def refused(self, dataset, *args, match="", left=(), **kwargs):
        """Status 1, one line, nothing new in the folder."""
        done = self.run_tool(dataset, *args, **kwargs)
        text = done.stderr.decode()
        self.assertEqual((done.returncode, text.count("\n")), (1, 1), text)
        self.assertRegex(text, match)
        self.assertEqual(sorted(os.listdir(self.out)), sorted(left))
        return text


class Signals(Case):
    def once(self, number, delay):
        """What was left by a signal that came after so many seconds, and whether it came too late."""
        with subprocess.Popen(self.command(self.path("x.npy"), *OUTPUTS), cwd=self.out, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as tool:
            time.sleep(delay)
            tool.send_signal(number)
            _, err = tool.communicate(timeout=30)
        left = sorted(os.listdir(self.out))
        for name in left:
            os.unlink(os.path.join(self.out, name))
        what = f"signal {number} after {delay:.4f} s: status {tool.returncode}, {left}, {err}"
        # before main() has begun there is nothing to be tidied up
        self.assertIn(tool.returncode, (0, 130, -number), what)
        self.assertEqual(err, b"", what)
        self.assertEqual(left, [] if tool.returncode else WRITTEN, what)
        return not tool.returncode

    def test_swept_over_a_run(self):
        begin = time.monotonic()
        done = self.run_tool(self.path("x.npy"), *OUTPUTS)
        whole = time.monotonic() - begin
        self.assertEqual((done.returncode, sorted(os.listdir(self.out))), (0, WRITTEN))
        for name in WRITTEN:
            os.unlink(os.path.join(self.out, name))
        for number in (signal.SIGINT, signal.SIGTERM):
            late = [self.once(number, whole * 1.2 * i / 24) for i in range(24)]
            self.assertFalse(late[0])

    def test_a_child_that_inherits(self):
        """Who forks and runs the tool with signals blocked or ignored has the same."""
        done = self.run_tool(self.path("x.npy"), *OUTPUTS, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.assertEqual((done.returncode, sorted(os.listdir(self.out))), (0, WRITTEN))


class Outputs(Case):
    def test_limit_of_file_size(self):
        done = self.run_tool(self.path("x.npy"), *OUTPUTS)
        self.assertEqual(done.returncode, 0)
        sizes = sorted(os.path.getsize(os.path.join(self.out, name)) for name in WRITTEN)
        for name in WRITTEN:
            os.unlink(os.path.join(self.out, name))
        # below each of them, so that all, or only the largest, do not fit; a page has times in it
        for limit in (0, 1, *(max(size - 200, 2) for size in sizes)):
            self.refused(self.path("x.npy"), *OUTPUTS, match="File too large",
                         preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))  # noqa: B023

    @unittest.skipIf(os.geteuid() or not shutil.which("unshare"), "mounting takes root")
    def test_full_disk(self):
        script = ('mount -t tmpfs -o size=$1 none "$2" || exit 77; cd "$2"; shift 2; "$@"; status=$?; '
                  'ls -A >&2; exit $status')
        for size in ("4k", "20k", "64k"):
            done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", size, self.out,
                                   *self.command(self.path("x.npy"), *OUTPUTS)],
                                  capture_output=True, timeout=60, check=False)
            if done.returncode == 77:
                self.skipTest("no tmpfs here")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), r"\Anmsctl: [^\n]*No space left on device\n\Z")

    def test_standard_output_that_is_full(self):
        for args in ([], ["--json"], ["--embedding", "-", "-o", "o.json"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(self.command(self.path("x.npy"), *args), cwd=self.out, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), r"\Anmsctl: standard output: No space[^\n]*\n\Z")
            self.assertEqual(os.listdir(self.out), [])

    def test_what_is_no_file(self):
        place = os.path.join(self.out, "o.json")
        other = self.path("elsewhere.json")
        makers = {
            "not a regular file": [lambda: os.mkfifo(place), lambda: os.mkdir(place),
                                   lambda: os.symlink("/dev/full", place)],
            "symbolic link to nothing": [lambda: os.symlink("nowhere", place)],
            "symbolic links": [lambda: os.symlink("o.json", place)],
        }
        for match, each in makers.items():
            for make in each:
                make()
                self.refused(self.path("x.npy"), "-o", "o.json", match=match, left=["o.json"])
                (os.rmdir if os.path.isdir(place) else os.unlink)(place)
        # a link to a file is followed, and stays one
        self.put("elsewhere.json", b"old")
        os.symlink(other, place)
        self.assertEqual(self.run_tool(self.path("x.npy"), "-o", "o.json").returncode, 0)
        self.assertTrue(os.path.islink(place))
        with open(other, "rb") as file:
            self.assertNotEqual(file.read(), b"old")


class Apart(Case):
    """No output over what is read, or over another, by whatever name."""
    def usage(self, *command, match):
        done = subprocess.run([NMSCTL, *command], cwd=self.out, capture_output=True, timeout=60, check=False)
        text = done.stderr.decode()
        self.assertEqual((done.returncode, text.count("\n")), (2, 1), text)
        self.assertRegex(text, match)

    def test_of_audit(self):
        np.save(self.path("y.npy"), np.arange(400, dtype="u4") % 3)
        before = os.stat(self.path("x.npy")).st_mtime_ns
        for name in ("x.npy", "y.npy"):
            self.usage("audit", self.path("x.npy"), "--labels", self.path("y.npy"), "-o", f"../{name}",
                       match=f"{name}: is both read and written")
        self.assertEqual(os.stat(self.path("x.npy")).st_mtime_ns, before)

    def test_of_an_energy_profile(self):
        for name in ("e.json", "o.json.manifest.json"):
            with open(PROFILE, "rb") as file:
                profile = self.put(f"out/{name}", file.read())
            for how in (["--energy", profile], ["--device", f"emu:energy={profile}"]):
                self.usage(*self.command(self.path("x.npy"), "-o", name.replace(".manifest.json", ""), *how)[1:],
                           match=f"{name}: is both read and written")

    def test_of_two_that_are_not_there_yet(self):
        os.symlink(self.out, self.path("link"))
        for one, two in (("p.npy", "./p.npy"), ("p.npy", self.path("link/p.npy"))):
            self.usage(*self.command(self.path("x.npy"), "-o", one, "--weights", two)[1:],
                       match="is named for two outputs")
        # the same name elsewhere is another
        self.assertEqual(self.run_tool(self.path("x.npy"), "-o", "p.npy", "--weights", "../p.npy").returncode, 0)

    def test_picture_among_pictures(self):
        os.makedirs(self.path("images/a"))
        for i in range(12):
            self.put(f"images/a/{i}.png", Inputs.png(self, 2, 2, pixels=b"\0" + bytes([i] * 6) + b"\0" + bytes(6)))
        for name in ("images/a/3.png", "images/new.png"):
            self.usage(*self.command(self.path("images"), "--plot", self.path(name))[1:], match="images that is read")
        self.assertEqual(self.run_tool(self.path("images"), "--plot", "plot.png").returncode, 0)

    def test_link_that_nobody_named(self):
        victim = self.put("victim", b"mine")
        os.symlink(victim, os.path.join(self.out, "o.json.manifest.json"))
        self.refused(self.path("x.npy"), "-o", "o.json", match="o.json.manifest.json: a symbolic link",
                     left=["o.json.manifest.json"])
        with open(victim, "rb") as file:
            self.assertEqual(file.read(), b"mine")
        self.assertEqual(self.run_tool(self.path("x.npy"), "-o", "o.json", "--manifest",
                                       "o.json.manifest.json").returncode, 0)

    def test_mode(self):
        """What is replaced hands its rights on, but not those of whoever runs it."""
        os.chmod(self.put("out/o.json", b""), 0o4640)
        self.assertEqual(self.run_tool(self.path("x.npy"), "-o", "o.json").returncode, 0)
        self.assertEqual(os.stat(os.path.join(self.out, "o.json")).st_mode & 0o7777, 0o640)


class Meanwhile(Case):
    """What others do to files while the tool runs; it waits for labels from a pipe."""
    rows = 400

    def waiting(self, *args):
        os.mkfifo(self.path("labels"))
        return subprocess.Popen(self.command(self.path("x.npy"), "--labels", self.path("labels"), *args), cwd=self.out,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def feed(self, before):
        """Once it reads them, all but its labels has been opened."""
        with open(self.path("labels"), "wb") as pipe:
            before()
            pipe.write(b"\n".join(b"%d" % (i % 3) for i in range(self.rows)))

    def test_folder_in_the_place_of_an_output(self):
        with self.waiting("-o", "o.npy", "--weights", "w.npy") as tool:
            self.feed(lambda: os.mkdir(os.path.join(self.out, "o.npy.manifest.json")))
            _, err = tool.communicate(timeout=60)
        self.assertEqual((tool.returncode, err.count(b"\n")), (1, 1), err)
        self.assertIn(b"Is a directory", err)
        self.assertEqual(os.listdir(self.out), ["o.npy.manifest.json"])

    @unittest.skipIf(INSTRUMENTED, "the sanitizer takes the signal itself")
    def test_input_that_is_cut_short(self):
        self.rows = 100000
        np.save(self.path("x.npy"), np.zeros((self.rows, 8), "f4"))
        with self.waiting("-o", "o.npy") as tool:
            self.feed(lambda: os.truncate(self.path("x.npy"), 4096))
            _, err = tool.communicate(timeout=60)
        self.assertEqual((tool.returncode, err), (1, b"nmsctl: a file that is read was cut short meanwhile\n"))
        self.assertEqual(os.listdir(self.out), [])

    def test_signals_that_end_a_program(self):
        os.mkfifo(self.path("labels"))
        for number in (signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1, signal.SIGXCPU):
            # a shell's job in the background ignores some, and so would the tool
            def by_default(number=number):
                signal.signal(number, signal.SIG_DFL)

            with subprocess.Popen(self.command(self.path("x.npy"), "-o", "o.npy", "--labels", self.path("labels")),
                                  cwd=self.out, stderr=subprocess.PIPE, preexec_fn=by_default) as tool, \
                    open(self.path("labels"), "wb"):
                tool.send_signal(number)
                tool.communicate(timeout=60)
            self.assertEqual((tool.returncode, os.listdir(self.out)), (-number, []))


class Found(Case):
    """Pipes and devices whose names the user has not given are neither waited for nor read."""
    def verify(self, *args, match, status=1):
        done = subprocess.run([NMSCTL, "verify", *args], cwd=self.out, capture_output=True, timeout=60, check=False)
        text = done.stderr.decode()
        self.assertEqual((done.returncode, text.count("\n")), (status, 1), text)
        self.assertRegex(text, match)

    def setUp(self):
        super().setUp()
        np.save(self.path("y.npy"), np.arange(400, dtype="u4") % 3)
        done = self.run_tool(self.path("x.npy"), "-o", "o.npy", "--labels", self.path("y.npy"))
        self.assertEqual(done.returncode, 0)
        self.pipe = self.path("pipe")
        os.mkfifo(self.pipe)
        with open(os.path.join(self.out, "o.npy.manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)

    def changed(self, *keys):
        """The manifest, but that what the first keys lead to is the last."""
        other = json.loads(json.dumps(self.manifest))
        at = other
        for key in keys[:-2]:
            at = at[key]
        at[keys[-2]] = keys[-1]
        return self.put("out/changed.json", json.dumps(other).encode())

    def test_selection(self):
        os.unlink(os.path.join(self.out, "o.npy"))
        os.mkfifo(os.path.join(self.out, "o.npy"))
        self.verify("o.npy.manifest.json", match="o.npy: expected a file")

    def test_rows_and_labels(self):
        for part in ("dataset", "labels"):
            self.verify(self.changed(part, "path", self.pipe), match="pipe: expected a file")
            self.verify(self.changed(part, "path", "/dev/zero"), match="/dev/zero: expected a file")

    def test_what_a_manifest_has_wrong_is_no_usage(self):
        self.verify(self.changed("profile", "bogus"), match="bogus")
        self.verify("o.npy.manifest.json", "--profile", "bogus", match="bogus", status=2)
        for key in ("seed", "count", "features"):
            self.verify(self.changed("parameters", key, -1), match=f'"{key}"')

    def test_manifest_from_a_pipe(self):
        """Read once; and a device has no end."""
        text = json.dumps(self.manifest).encode()
        for _ in range(5):
            done = subprocess.run([NMSCTL, "verify", "/dev/stdin", "--quiet"], input=text, capture_output=True,
                                  timeout=60, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.verify("/dev/zero", match="/dev/zero: a device")

    def test_energy_profile(self):
        for how in (["--energy", self.pipe], ["--device", f"emu:energy={self.pipe}"]):
            done = self.run_tool(self.path("x.npy"), *how)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), r"\Anmsctl: [^\n]*pipe: expected a file\n\Z")


class Inputs(Case):
    def test_what_is_no_file(self):
        for device in ("/dev/zero", "/dev/full", "/dev/null"):
            self.refused(device, match="a device; expected a file or a pipe")
        os.mkdir(self.path("empty"))
        self.refused(self.path("empty"), match="without PNG or JPEG")
        os.symlink("loop", self.path("loop"))
        self.refused(self.path("loop"), match="symbolic links")
        self.refused(self.path("x.npy") + "/x", match="Not a directory")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path("socket"))
            self.refused(self.path("socket"), match="No such device or address")

    def test_pipe(self):
        """A pipe is read to its end, and gives what the file gives."""
        whole = self.run_tool(self.path("x.npy"))
        with open(self.path("x.npy"), "rb") as file:
            piped = self.run_tool("/dev/stdin", input=file.read())
        self.assertEqual((piped.returncode, piped.stdout), (0, whole.stdout))

    def test_folder_with_a_pipe(self):
        """Its name promises an image; nobody writes to it."""
        os.mkdir(self.path("images"))
        os.mkfifo(self.path("images/a.png"))
        done = self.run_tool(self.path("images"))
        self.assertEqual(done.returncode, 1)

    def test_sizes_that_cannot_be(self):
        def npy(shape):
            text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
            return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + bytes(64)

        for shape in ("(18446744073709551615, 2)", "(4294967296, 4294967296)", "(9223372036854775808,)",
                      "(-1, 4)", "(99999999999999999999999, 1)", "(2305843009213693952, 8)"):
            self.refused(self.put("a.npy", npy(shape)), match="a.npy")
        for dims in ((0x7fffffff, 0x7fffffff), (0xffffffff, 0xffffffff, 0xffffffff), (0x80000000, 2)):
            head = bytes([0, 0, 8, len(dims)]) + b"".join(struct.pack(">I", n) for n in dims)
            self.refused(self.put("a.idx", head + bytes(64)), match="a.idx")

    def png(self, width, height, between=b"", pixels=bytes(1000)):
        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                between + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b""))

    def test_text_within_an_image(self):
        """1.5 GB of it, in 1.5 MB; nobody reads it."""
        text = b"k\0\0" + zlib.compress(bytes(b"a" * 7900000), 9)
        chunk = struct.pack(">I", len(text)) + b"zTXt" + text + struct.pack(">I", zlib.crc32(b"zTXt" + text))
        os.mkdir(self.path("images"))
        for i in range(9):
            self.put(f"images/{i}.png", self.png(1, 1, chunk * 200 if not i else b"", bytes(4)))

        def limited():
            if not INSTRUMENTED:
                resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

        done = self.run_tool(self.path("images"), "--method", "random", preexec_fn=limited)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    def test_bombs(self):
        """Small files that would be large: no more than 1 GiB of address space for them."""
        def limited():
            if not INSTRUMENTED:
                resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))

        os.mkdir(self.path("images"))
        for size in ((0x7fffffff, 0x7fffffff), (60000, 60000), (0x7fffffff, 1)):
            self.put("images/a.png", self.png(*size))
            self.refused(self.path("images"), match="a.png", preexec_fn=limited)
        # 4 GiB of text and of rows
        for begin in (b"1,2\n", bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 4])):
            out = io.BytesIO()
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1) as file:
                file.write(begin)
                for _ in range(64):
                    file.write(bytes(1 << 20))
            bomb = out.getvalue()
            self.refused(self.put("a.gz", bomb * 64), match="a.gz", preexec_fn=limited)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", b"\x93NUMPY\1\0" + bytes(1000))
        blob = bytearray(out.getvalue())
        for at in (blob.index(b"PK\1\2") + 24, 22):
            blob[at:at + 4] = struct.pack("<I", 0xfffffff0)
        self.refused(self.put("a.npz", bytes(blob)), match="a.npz", preexec_fn=limited)


if __name__ == "__main__":
    unittest.main()
