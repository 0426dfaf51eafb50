# SPDX-License-Identifier: GPL-2.0-only
"""DMA_MAP: areas of host memory."""
import errno
import os
import unittest

import client as vfio
from client import MAP


class DmaMapTest(vfio.TestCase):
    def setUp(self):
        super().setUp()
        self.fd = os.memfd_create("area")
        os.ftruncate(self.fd, 1 << 20)

    def tearDown(self):
        os.close(self.fd)
        super().tearDown()

    def test_areas_beside_one_another(self):
        self.client.dma_map(0, 4096, self.fd)
        self.client.dma_map(4096, 4096, self.fd, 4096)

    def test_without_descriptor(self):
        """Read-only memory of QEMU's, and BARs mapped back."""
        self.client.dma_map(0xf0000, 0x10000, flags=vfio.READ)

    def test_any_offset_in_the_file(self):
        self.client.dma_map(0x1000, 4096, self.fd, offset=123)

    def test_overlapping(self):
        self.client.dma_map(0x10000, 0x4000, self.fd)
        for address, size in ((0x10000, 0x4000), (0x10000, 1), (0x13fff, 1), (0xf000, 0x1001),
                              (0xf000, 0x6000), (0x11000, 0x1000)):
            with self.refused(errno.EEXIST):
                self.client.dma_map(address, size, self.fd)
        self.client.dma_map(0x14000, 0x1000, self.fd)
        self.client.dma_map(0xf000, 0x1000, self.fd)

    def test_empty(self):
        with self.refused(errno.EINVAL):
            self.client.dma_map(0x1000, 0, self.fd)

    def test_wrapping(self):
        for address, size in ((0xfffffffffffff000, 0x2000), (1, 0xffffffffffffffff),
                              (0xffffffffffffffff, 2)):
            with self.refused(errno.EINVAL):
                self.client.dma_map(address, size)

    def test_file_too_short(self):
        for offset, size in ((0, (1 << 20) + 1), (1 << 20, 1), (0xfffffffffffff000, 0x1000),
                             (0x7fffffffffffffff, 1)):
            with self.refused(errno.EINVAL):
                self.client.dma_map(0x1000, size, self.fd, offset)

    def test_larger_than_all_memory(self):
        with self.refused(errno.EINVAL, errno.ENOMEM):
            self.client.dma_map(0x1000, 0x7fffffffffff0000, self.fd)

    def test_descriptor_that_cannot_be_mapped(self):
        read, write = os.pipe()
        with self.refused(errno.ENODEV, errno.EACCES, errno.EINVAL):
            self.client.dma_map(0x1000, 4096, read)
        os.close(read)
        os.close(write)

    def test_read_only_file_mapped_for_writing(self):
        fd = os.open("/proc/self/exe", os.O_RDONLY)
        with self.refused(errno.EACCES, errno.EPERM):
            self.client.dma_map(0x1000, 4096, fd)
        self.client.dma_map(0x1000, 4096, fd, flags=vfio.READ)
        os.close(fd)

    def test_two_descriptors(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.DMA_MAP, MAP.pack(MAP.size, 3, 0, 0, 4096), fds=[self.fd] * 2)

    def test_unknown_flags(self):
        for flags in (4, 0x80000000, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.client.dma_map(0x1000, 4096, self.fd, flags=flags)

    def test_short(self):
        for size in range(0, MAP.size, 5):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.DMA_MAP, MAP.pack(MAP.size, 3, 0, 0, 4096)[:size])

    def test_argsz_too_small(self):
        for argsz in (0, MAP.size - 1):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.DMA_MAP, MAP.pack(argsz, 3, 0, 0, 4096), fds=[self.fd])

    def test_too_many_areas(self):
        for n in range(256):
            self.client.dma_map(n * 0x1000, 0x1000, self.fd)
        with self.refused(errno.ENOSPC):
            self.client.dma_map(0x1000000, 0x1000, self.fd)

    def test_areas_of_the_client_before_are_gone(self):
        self.client.dma_map(0x1000, 4096, self.fd)
        self.client.close()
        self.client = self.server.connect()
        self.client.dma_map(0x1000, 4096, self.fd)


if __name__ == "__main__":
    unittest.main()
