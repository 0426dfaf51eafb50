# SPDX-License-Identifier: GPL-2.0-only
"""Where the device process listens: who sees the path can connect."""
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest


class ListenTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self):
        return subprocess.Popen(
            [os.environ["NMS_PCIE"], "--socket", self.folder / "device", "--control",
             self.folder / "control"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

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
        for name in ("control", "device", "control.new", "device.new"):
            with socket.socket(socket.AF_UNIX) as s:
                s.bind(str(self.folder / name))
        process = self.start()
        deadline = time.monotonic() + 20
        while True:
            with socket.socket(socket.AF_UNIX) as s:
                if not s.connect_ex(str(self.folder / "device")):
                    break
            self.assertLess(time.monotonic(), deadline)
        self.stop(process)

    def test_file_in_the_way(self):
        for name in ("control", "device"):
            path = self.folder / name
            path.write_text("mine")
            process = self.start()
            _, errors = process.communicate(timeout=20)
            self.assertEqual(process.returncode, 1)
            self.assertIn(str(path), errors.decode())
            self.assertEqual(len(errors.splitlines()), 1)
            self.assertEqual(path.read_text(), "mine")
            path.unlink()


if __name__ == "__main__":
    unittest.main()
