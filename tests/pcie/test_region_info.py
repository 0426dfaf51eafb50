# SPDX-License-Identifier: GPL-2.0-only
"""DEVICE_GET_REGION_INFO."""
import errno
import unittest

import client as vfio
from client import REGION_INFO


class RegionInfoTest(vfio.TestCase):
    def ask(self, index, argsz=REGION_INFO.size):
        data = self.client.call(vfio.GET_REGION_INFO, REGION_INFO.pack(argsz, 0, index, 0, 0, 0))
        argsz, flags, got, cap, size, offset = REGION_INFO.unpack(data)
        self.assertEqual((argsz, got, cap, offset), (REGION_INFO.size, index, 0, 0))
        return flags, size

    def test_all(self):
        want = {vfio.BAR0: (3, 0x4000), vfio.BAR2: (3, 0x1000), vfio.CONFIG: (3, 4096)}
        for index in range(9):
            self.assertEqual(self.ask(index), want.get(index, (0, 0)), index)

    def test_no_such_region(self):
        for index in (9, 10, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.ask(index)

    def test_more_room_than_needed(self):
        self.assertEqual(self.ask(0, argsz=4096), (3, 0x4000))

    def test_argsz_too_small(self):
        for argsz in (0, REGION_INFO.size - 1):
            with self.refused(errno.EINVAL):
                self.ask(0, argsz)

    def test_short(self):
        for size in range(REGION_INFO.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_REGION_INFO,
                                 REGION_INFO.pack(REGION_INFO.size, 0, 0, 0, 0, 0)[:size])


if __name__ == "__main__":
    unittest.main()
