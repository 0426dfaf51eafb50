# SPDX-License-Identifier: GPL-2.0-only
"""REGION_WRITE: to any part of a region, answered or posted."""
import errno
import struct
import unittest

import client as vfio
import region
from client import ACCESS


class RegionWriteTest(region.Refusals, vfio.TestCase):

    def access(self, region, offset, count):
        self.client.write(region, offset, bytes(count))

    def test_answer_names_the_place(self):
        data = self.client.call(vfio.REGION_WRITE, ACCESS.pack(0x3c, vfio.CONFIG, 1) + b"\x0b")
        self.assertEqual(ACCESS.unpack(data), (0x3c, vfio.CONFIG, 1))
        self.assertEqual(self.client.read(vfio.CONFIG, 0x3c, 1), b"\x0b")

    def test_posted_is_not_answered(self):
        self.client.write(vfio.CONFIG, 0x3c, b"\x0c", posted=True)
        self.assertTrue(self.client.quiet())
        self.assertEqual(self.client.read(vfio.CONFIG, 0x3c, 1), b"\x0c")

    def test_posted_and_wrong_is_not_answered(self):
        self.client.write(vfio.BAR0, 0x5000, b"1234", posted=True)
        self.assertTrue(self.client.quiet())

    def test_read_only_parts_stay(self):
        before = self.client.read(vfio.CONFIG, 0, 4096)
        for offset in (0, 2, 8, 0x2c, 0x34, 0x40, 0x50, 0x54, 0x90, 0x94, 0x98):
            self.client.write(vfio.CONFIG, offset, b"\xff" * 2)
        after = bytearray(self.client.read(vfio.CONFIG, 0, 4096))
        self.assertEqual(bytes(after), before)

    def test_bar_sizing(self):
        for offset, size in ((0x10, 0x4000), (0x18, 0x1000)):
            self.client.write(vfio.CONFIG, offset, b"\xff" * 8)
            got, = struct.unpack("<Q", self.client.read(vfio.CONFIG, offset, 8))
            self.assertEqual(got, (1 << 64) - size | 4)

    def test_bars_that_are_not(self):
        for offset in (0x20, 0x24, 0x30):
            self.client.write(vfio.CONFIG, offset, b"\xff" * 4)
            self.assertEqual(self.client.read(vfio.CONFIG, offset, 4), bytes(4))

    def test_no_memory_space(self):
        self.client.write(vfio.BAR0, 0x20, b"\7\0\7\0")
        self.client.memory_space()
        self.assertEqual(self.client.read(vfio.BAR0, 0x20, 4), bytes(4))
        self.client.write(vfio.BAR0, 0x20, b"\7\0\7\0")
        self.assertEqual(self.client.read(vfio.BAR0, 0x20, 4), b"\7\0\7\0")

    def test_registers_at_other_widths_write_nothing(self):
        self.client.memory_space()
        for data in (b"\1", b"\1\0", b"\1\0\0", b"\1" + bytes(8), b"\1" + bytes(15)):
            self.client.write(vfio.BAR0, 0x10, data)
        self.assertEqual(self.client.read(vfio.BAR0, 0x10, 4), bytes(4))
        self.assertEqual(self.client.read(vfio.BAR0, 0x14, 4), bytes(4))

    def test_wide_register_in_halves_writes_nothing(self):
        self.client.memory_space()
        self.client.write(vfio.BAR0, 0x28, struct.pack("<I", 0x1000))
        self.client.write(vfio.BAR0, 0x2c, struct.pack("<I", 0x1000))
        self.assertEqual(self.client.read(vfio.BAR0, 0x28, 8), bytes(8))

    def test_vector_region_ignores_writes(self):
        self.client.memory_space()
        self.client.write(vfio.BAR2, 0, b"\xff" * 4096)
        self.assertEqual(self.client.read(vfio.BAR2, 0, 4096), bytes(4096))

    def test_less_data_than_said(self):
        for size in range(4):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.REGION_WRITE, ACCESS.pack(0x3c, vfio.CONFIG, 4) + bytes(size))

    def test_more_data_than_said(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.REGION_WRITE, ACCESS.pack(0x3c, vfio.CONFIG, 1) + b"12")

    def test_most_data(self):
        with self.refused(errno.EINVAL):
            self.access(vfio.BAR0, 0, 1 << 20)

    def test_count_that_wraps(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.REGION_WRITE, ACCESS.pack(8, vfio.CONFIG, 0xfffffff8) + b"1234")

    def test_short(self):
        for size in range(ACCESS.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.REGION_WRITE, ACCESS.pack(0, vfio.CONFIG, 4)[:size])


if __name__ == "__main__":
    unittest.main()
