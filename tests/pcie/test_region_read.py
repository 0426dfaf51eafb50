# SPDX-License-Identifier: GPL-2.0-only
"""REGION_READ: of any part of a region, and of no other."""
import errno
import unittest

import client as vfio
import region
from client import ACCESS


class RegionReadTest(region.Refusals, vfio.TestCase):

    def access(self, region, offset, count):
        return self.client.read(region, offset, count)

    def test_whole_configuration_space(self):
        data = self.client.read(vfio.CONFIG, 0, 4096)
        self.assertEqual(data[:4], b"\x34\x12\x53\x4e")

    def test_any_width_of_configuration_space(self):
        whole = self.client.read(vfio.CONFIG, 0, 256)
        for offset, count in ((0, 1), (1, 2), (3, 7), (255, 1), (10, 246)):
            self.assertEqual(self.client.read(vfio.CONFIG, offset, count), whole[offset:][:count])

    def test_no_memory_space(self):
        for on in False, True, False:
            self.client.memory_space(on)
            for region, offset in ((vfio.BAR0, 0x14), (vfio.BAR2, 0x800)):
                self.assertEqual(self.client.read(region, offset, 4), bytes(4) if on else b"\xff" * 4)

    def test_registers_at_other_widths_read_zero(self):
        self.client.memory_space()
        for count in (1, 2, 3, 5, 7, 16, 4096):
            self.assertEqual(self.client.read(vfio.BAR0, 0, count), bytes(count))

    def test_registers_unaligned_read_zero(self):
        self.client.memory_space()
        for offset, count in ((1, 4), (2, 4), (6, 4), (4, 8), (0x3c, 8)):
            self.assertEqual(self.client.read(vfio.BAR0, offset, count), bytes(count))

    def test_aer_capability(self):
        self.assertEqual(self.client.read(vfio.CONFIG, 0x100, 4), b"\x01\x00\x02\x00")
        self.assertEqual(self.client.read(vfio.CONFIG, 0x104, 4), bytes(4))

    def test_whole_vector_region(self):
        self.client.memory_space()
        self.assertEqual(self.client.read(vfio.BAR2, 0, 4096), bytes(4096))

    def test_data_with_a_read(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.REGION_READ, ACCESS.pack(0, vfio.CONFIG, 4) + b"1234")

    def test_too_much(self):
        for count in ((1 << 20) + 1, 0x80000000, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.access(vfio.CONFIG, 0, count)

    def test_short(self):
        for size in range(ACCESS.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.REGION_READ, ACCESS.pack(0, vfio.CONFIG, 4)[:size])


if __name__ == "__main__":
    unittest.main()
