# SPDX-License-Identifier: GPL-2.0-only
"""Where the device process listens: who sees the path can connect."""
import contextlib
import os
import pathlib
import resource
import socket
import subprocess
import tempfile
import time
import unittest

import client as vfio


def cpu_seconds(pid):
    """What the process has used, in user and in kernel mode (proc(5): utime, stime)."""
    stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ListenTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, device="device", control="control"):
        return subprocess.Popen(
            [os.environ["NMS_PCIE"], "--socket", self.folder / device, "--control",
             self.folder / control, "--near-size", "1M", "--threads", "1"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def await_socket(self, name):
        deadline = time.monotonic() + 20
        while True:
            with socket.socket(socket.AF_UNIX) as s:
                if not s.connect_ex(str(self.folder / name)):
                    return
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)

    def fails(self, process, status, text):
        _, errors = process.communicate(timeout=20)
        self.assertEqual(process.returncode, status, errors)
        self.assertIn(text, errors.decode())
        self.assertEqual(len(errors.splitlines()), 1)

    def stop(self, process):
        process.terminate()
        process.communicate(timeout=20)

    def test_seen_is_served(self):
        for _ in range(20):
            process = self.start()
            deadline = time.monotonic() + 20
            for name in ("control", "device"):
                path = self.folder / name
                # Without a pause: the time between name and service is short.
                while not path.exists():
                    self.assertLess(time.monotonic(), deadline)
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(str(path))
            self.stop(process)
            self.assertEqual(os.listdir(self.folder), [])

    def test_left_over_socket_is_replaced(self):
        for name in ("control", "device"):
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(str(self.folder / name))
        process = self.start()
        self.await_socket("device")
        self.stop(process)
        self.assertEqual(os.listdir(self.folder), [])

    def test_names_that_are_close(self):
        """One socket takes no other name on its way to its own."""
        process = self.start("x", "x.new")
        for name in ("x", "x.new"):
            self.await_socket(name)
        self.assertEqual(sorted(os.listdir(self.folder)), ["x", "x.new"])
        self.stop(process)
        self.assertEqual(os.listdir(self.folder), [])

    def test_one_path_for_both(self):
        self.fails(self.start("x", "x"), 2, "--control")
        os.symlink(self.folder, self.folder / "link")
        self.fails(self.start("x", "link/x"), 1, "in use")
        self.assertEqual(os.listdir(self.folder), ["link"])

    def test_live_socket_is_not_taken(self):
        first = self.start()
        self.await_socket("device")
        self.fails(self.start("device", "other"), 1, "in use")
        self.fails(self.start("other", "control"), 1, "in use")
        self.assertEqual(sorted(os.listdir(self.folder)), ["control", "device"])
        self.await_socket("device")
        self.stop(first)
        self.assertEqual(os.listdir(self.folder), [])

    def test_socket_of_another_is_left(self):
        """Who moved the first one's socket away and took its place keeps it."""
        first = self.start()
        self.await_socket("device")
        for name in ("device", "control"):
            (self.folder / name).unlink()
        second = self.start()
        self.await_socket("device")
        self.stop(first)
        self.assertEqual(sorted(os.listdir(self.folder)), ["control", "device"])
        self.await_socket("device")
        self.stop(second)
        self.assertEqual(os.listdir(self.folder), [])

    def test_no_descriptor_is_free(self):
        """Those who come wait, and the device process does not turn in circles meanwhile."""
        process = self.start()
        self.addCleanup(process.kill)
        self.await_socket("device")
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (20, hard))
        with contextlib.ExitStack() as stack:
            deadline = time.monotonic() + 20
            waiting = False
            # Until so many wait that no more can, with no descriptor left to accept them.
            while not waiting or len(os.listdir(f"/proc/{process.pid}/fd")) < 20:
                self.assertLess(time.monotonic(), deadline)
                s = stack.enter_context(socket.socket(socket.AF_UNIX))
                s.setblocking(False)
                waiting = s.connect_ex(str(self.folder / "control")) != 0
                time.sleep(0.001)
            s.connect(str(self.folder / "device"))
            before = cpu_seconds(process.pid)
            time.sleep(1)
            self.assertLess(cpu_seconds(process.pid) - before, 0.2)
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "control"))
            s.settimeout(20)
            s.sendall(b"clear\n")
            self.assertEqual(s.recv(10), b"ok\n")
        vfio.Client(self.folder / "device").close()
        self.stop(process)

    def test_file_in_the_way(self):
        for name in ("control", "device"):
            path = self.folder / name
            path.write_text("mine")
            self.fails(self.start(), 1, str(path))
            self.assertEqual(path.read_text(), "mine")
            path.unlink()


if __name__ == "__main__":
    unittest.main()
