# SPDX-License-Identifier: GPL-2.0-only
"""DEVICE_GET_IRQ_INFO."""
import errno
import unittest

import client as vfio
from client import IRQ_INFO


class IrqInfoTest(vfio.TestCase):
    ARGS = (*vfio.TestCase.ARGS, "--vectors", "5")

    def ask(self, index, argsz=IRQ_INFO.size):
        data = self.client.call(vfio.GET_IRQ_INFO, IRQ_INFO.pack(argsz, 0, index, 0))
        argsz, flags, got, count = IRQ_INFO.unpack(data)
        self.assertEqual((argsz, got), (IRQ_INFO.size, index))
        return flags, count

    def test_all(self):
        for index in range(5):
            self.assertEqual(self.ask(index), (1, 5) if index == vfio.MSIX else (0, 0), index)

    def test_no_such_index(self):
        for index in (5, 6, 0xffffffff):
            with self.refused(errno.EINVAL):
                self.ask(index)

    def test_argsz_too_small(self):
        for argsz in (0, IRQ_INFO.size - 1):
            with self.refused(errno.EINVAL):
                self.ask(0, argsz)

    def test_short(self):
        for size in range(IRQ_INFO.size):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_IRQ_INFO, IRQ_INFO.pack(IRQ_INFO.size, 0, 0, 0)[:size])


if __name__ == "__main__":
    unittest.main()
