# SPDX-License-Identifier: GPL-2.0-only
"""VERSION: the first message, once, and what is agreed on."""
import errno
import json
import struct
import unittest

import client as vfio


class VersionTest(vfio.TestCase):
    def setUp(self):
        self.client = self.server.connect(greet=False)

    def test_version_and_capabilities(self):
        version, text = self.client.version()
        self.assertEqual(version, (0, 0))
        self.assertEqual(text[-1:], b"\0")
        capabilities = json.loads(text[:-1])["capabilities"]
        self.assertEqual(capabilities["max_msg_fds"], 16)
        self.assertEqual(capabilities["max_data_xfer_size"], 1 << 20)
        self.assertNotIn("write_multiple", capabilities)

    def test_answer_fits_into_what_qemu_reads(self):
        """QEMU 11.1 drops an answer longer than its request, which is of 214 bytes."""
        _, text = self.client.version()
        self.assertLessEqual(vfio.HEADER.size + 4 + len(text), 214)

    def test_without_json(self):
        self.assertEqual(self.client.version(text=b"")[0], (0, 0))

    def test_newer_minor(self):
        self.assertEqual(self.client.version(minor=9)[0], (0, 0))

    def test_other_major(self):
        with self.refused(errno.ENOTSUP):
            self.client.version(major=1)
        self.client.version()

    def test_short(self):
        for size in range(4):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.VERSION, b"\0" * size)
        self.client.version()

    def test_json_without_end(self):
        with self.refused(errno.EINVAL):
            self.client.version(text=b"{}")
        self.client.version()

    def test_no_json_at_all_but_text(self):
        self.client.version(text=b"nothing that is JSON\0")

    def test_long_json(self):
        self.client.version(text=b" " * 100000 + b"\0")

    def test_twice(self):
        self.client.version()
        with self.refused(errno.EINVAL):
            self.client.version()

    def test_with_descriptor(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.VERSION, struct.pack("<HH", 0, 0), fds=[0])

    def test_anything_before_it(self):
        for command, data in ((vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0)),
                              (vfio.DMA_MAP, vfio.MAP.pack(32, 3, 0, 0, 4096)),
                              (vfio.REGION_READ, vfio.ACCESS.pack(0, vfio.CONFIG, 4)),
                              (vfio.RESET, b"")):
            with self.refused(errno.EINVAL):
                self.client.call(command, data)
        self.client.version()


if __name__ == "__main__":
    unittest.main()
