# SPDX-License-Identifier: GPL-2.0-only
"""DEVICE_SET_IRQS: descriptors of the vectors."""
import errno
import os
import struct
import unittest

import client as vfio
from client import DATA_BOOL, DATA_EVENTFD, DATA_NONE, IRQS, TRIGGER, Eventfd


ATTACH = DATA_EVENTFD | TRIGGER
FIRE = DATA_NONE | TRIGGER


class SetIrqsTest(vfio.TestCase):
    def setUp(self):
        super().setUp()
        self.events = [Eventfd() for _ in range(9)]

    def tearDown(self):
        for event in self.events:
            event.close()
        super().tearDown()

    def fds(self, count):
        return [event.fd for event in self.events[:count]]

    def test_attach_and_fire(self):
        self.client.set_irqs(ATTACH, 0, 9, self.fds(9))
        self.client.set_irqs(FIRE, 3, 2)
        self.assertEqual([event.take(0) for event in self.events], [0, 0, 0, 1, 1, 0, 0, 0, 0])

    def test_attach_again_replaces(self):
        self.client.set_irqs(ATTACH, 2, 1, self.fds(1))
        self.client.set_irqs(ATTACH, 2, 1, [self.events[1].fd])
        self.client.set_irqs(FIRE, 2, 1)
        self.assertEqual([event.take(0) for event in self.events[:2]], [0, 1])

    def test_replaced_ones_are_closed(self):
        folder = f"/proc/{self.server.process.pid}/fd"
        self.client.set_irqs(ATTACH, 0, 1, self.fds(1))
        before = len(os.listdir(folder))
        for _ in range(20):
            self.client.set_irqs(ATTACH, 0, 1, self.fds(1))
        self.assertEqual(len(os.listdir(folder)), before)

    def test_detach_one(self):
        """As QEMU does when it enables MSI-X with all vectors masked: 0x24, and no descriptor."""
        self.client.set_irqs(ATTACH, 0, 2, self.fds(2))
        self.client.set_irqs(ATTACH, 0, 1)
        self.client.set_irqs(FIRE, 0, 2)
        self.assertEqual([event.take(0) for event in self.events[:2]], [0, 1])

    def test_detach_all(self):
        self.client.set_irqs(ATTACH, 0, 2, self.fds(2))
        self.client.set_irqs(FIRE, 0, 0)
        self.client.set_irqs(FIRE, 0, 2)
        self.assertEqual([event.take(0) for event in self.events[:2]], [0, 0])

    def test_pending_is_kept_and_shown(self):
        self.client.memory_space()
        self.client.set_irqs(FIRE, 3, 1)
        self.assertEqual(self.client.read(vfio.BAR2, 0x800, 8), b"\x08" + bytes(7))
        self.client.set_irqs(ATTACH, 3, 1, self.fds(1))
        self.assertEqual(self.events[0].take(), 1)
        self.assertEqual(self.client.read(vfio.BAR2, 0x800, 8), bytes(8))

    def test_descriptor_count_differs(self):
        for fds in (1, 3, 9):
            with self.refused(errno.EINVAL):
                self.client.set_irqs(ATTACH, 0, 2, self.fds(fds))

    def test_vectors_that_are_not(self):
        for start, count in ((0, 10), (9, 1), (8, 2), (0xffffffff, 1), (1, 0xffffffff),
                             (0x80000000, 0x80000000)):
            with self.refused(errno.EINVAL):
                self.client.set_irqs(ATTACH, start, count)

    def test_flags(self):
        for flags in (0, DATA_NONE, TRIGGER, DATA_BOOL | TRIGGER, DATA_NONE | 0x08,
                      DATA_NONE | 0x10, DATA_EVENTFD | 0x38, 0x07 | TRIGGER, 0xffffffff,
                      ATTACH | 0x40):
            with self.refused(errno.EINVAL):
                self.client.set_irqs(flags, 0, 1)

    def test_other_kinds_have_none(self):
        for index in (0, 1, 3, 4):
            self.client.set_irqs(FIRE, 0, 0, index=index)
            with self.refused(errno.EINVAL):
                self.client.set_irqs(ATTACH, 0, 1, self.fds(1), index=index)

    def test_no_such_kind(self):
        for index in (5, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.client.set_irqs(FIRE, 0, 0, index=index)

    def test_descriptors_without_use(self):
        with self.refused(errno.EINVAL):
            self.client.set_irqs(FIRE, 0, 1, self.fds(1))

    def test_short(self):
        whole = IRQS.pack(IRQS.size, FIRE, vfio.MSIX, 0, 1)
        for size in range(IRQS.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.SET_IRQS, whole[:size])

    def test_argsz_too_small(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.SET_IRQS, IRQS.pack(IRQS.size - 1, FIRE, vfio.MSIX, 0, 1))

    def test_full_eventfd_that_blocks(self):
        """Whatever the client does to its file, raising an interrupt does not block the device."""
        event = self.events[0]
        self.client.set_irqs(ATTACH, 0, 1, [event.fd])
        os.set_blocking(event.fd, True)
        most = (1 << 64) - 2
        os.write(event.fd, struct.pack("<Q", most))
        self.client.set_irqs(FIRE, 0, 1)
        self.assertEqual(event.take(), most)
        self.client.set_irqs(FIRE, 0, 1)
        self.assertEqual(event.take(), 1)

    def test_no_eventfd(self):
        """Other files can block whoever writes to them; those beside them are not attached."""
        read, write = os.pipe()
        others = [write, os.open("/dev/null", os.O_RDWR), os.memfd_create("anon_inode:[eventfd]"),
                  os.open("/", os.O_RDONLY), os.pidfd_open(os.getpid())]
        self.client.set_irqs(ATTACH, 0, 1, self.fds(1))
        for fd in others:
            with self.refused(errno.EINVAL):
                self.client.set_irqs(ATTACH, 0, 2, [self.events[1].fd, fd])
        for fd in [read, *others]:
            os.close(fd)
        self.client.set_irqs(FIRE, 0, 2)
        self.assertEqual([event.take(0) for event in self.events[:2]], [1, 0])


if __name__ == "__main__":
    unittest.main()
