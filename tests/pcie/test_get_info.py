# SPDX-License-Identifier: GPL-2.0-only
"""DEVICE_GET_INFO."""
import errno
import unittest

import client as vfio
from client import INFO


class GetInfoTest(vfio.TestCase):
    def test_answer(self):
        data = self.client.call(vfio.GET_INFO, INFO.pack(INFO.size, 0, 0, 0))
        self.assertEqual(INFO.unpack(data), (INFO.size, 3, 9, 5))

    def test_what_is_asked_with_does_not_matter(self):
        data = self.client.call(vfio.GET_INFO, INFO.pack(INFO.size, 99, 99, 99) + b"more")
        self.assertEqual(INFO.unpack(data), (INFO.size, 3, 9, 5))

    def test_short(self):
        for size in range(INFO.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_INFO, INFO.pack(INFO.size, 0, 0, 0)[:size])

    def test_argsz_too_small(self):
        for argsz in (0, INFO.size - 1):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_INFO, INFO.pack(argsz, 0, 0, 0))


if __name__ == "__main__":
    unittest.main()
