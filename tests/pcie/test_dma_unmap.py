# SPDX-License-Identifier: GPL-2.0-only
"""DMA_UNMAP: exactly one area, or all."""
import errno
import os
import unittest

import client as vfio
from client import UNMAP


class DmaUnmapTest(vfio.TestCase):
    def setUp(self):
        super().setUp()
        self.fd = os.memfd_create("area")
        os.ftruncate(self.fd, 1 << 20)
        self.client.dma_map(0x10000, 0x4000, self.fd)

    def tearDown(self):
        os.close(self.fd)
        super().tearDown()

    def test_and_map_again(self):
        for _ in range(300):
            self.client.dma_unmap(0x10000, 0x4000)
            self.client.dma_map(0x10000, 0x4000, self.fd)

    def test_answer_names_the_area(self):
        data = self.client.dma_unmap(0x10000, 0x4000)
        self.assertEqual(UNMAP.unpack(data), (UNMAP.size, 0, 0x10000, 0x4000))

    def test_twice(self):
        self.client.dma_unmap(0x10000, 0x4000)
        with self.refused(errno.ENOENT):
            self.client.dma_unmap(0x10000, 0x4000)

    def test_not_exactly(self):
        for address, size in ((0x10000, 0x1000), (0x11000, 0x3000), (0x10000, 0x5000), (0, 0x20000),
                              (0x10000, 0), (0, 0), (0x10000, 0xffffffffffffffff)):
            with self.refused(errno.ENOENT):
                self.client.dma_unmap(address, size)
        self.client.dma_unmap(0x10000, 0x4000)

    def test_all(self):
        self.client.dma_map(0x20000, 0x4000, self.fd)
        self.client.dma_unmap(0, 0, flags=2)
        self.client.dma_map(0x10000, 0x20000, self.fd)

    def test_all_with_an_area(self):
        with self.refused(errno.EINVAL):
            self.client.dma_unmap(0x10000, 0x4000, flags=2)

    def test_flags(self):
        for flags in (1, 4, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.client.dma_unmap(0x10000, 0x4000, flags=flags)
        self.client.dma_unmap(0x10000, 0x4000)

    def test_short(self):
        for size in range(0, UNMAP.size, 5):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.DMA_UNMAP, UNMAP.pack(UNMAP.size, 0, 0x10000, 0x4000)[:size])

    def test_argsz_too_small(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.DMA_UNMAP, UNMAP.pack(8, 0, 0x10000, 0x4000))


if __name__ == "__main__":
    unittest.main()
