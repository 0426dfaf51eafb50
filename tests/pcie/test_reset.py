# SPDX-License-Identifier: GPL-2.0-only
"""DEVICE_RESET: the bus is reset, the connection stays."""
import errno
import unittest

import client as vfio
import device as dev


class ResetTest(dev.TestCase):
    def test_registers(self):
        resets = self.device.read32(dev.RESETS)
        self.client.reset()
        self.client.memory_space()
        self.assertEqual(self.device.read32(dev.STATUS), 0)
        self.assertEqual(self.device.read32(dev.CONFIG_REG), 0)
        self.assertEqual(self.device.read64(dev.ADMIN_SQ), 0)
        self.assertEqual(self.device.read32(dev.RESETS), resets + 1)

    def test_configuration_space(self):
        self.client.write(vfio.CONFIG, 0x10, b"\0\0\0\xe0")
        self.client.reset()
        self.assertEqual(self.client.read(vfio.CONFIG, 4, 2), bytes(2))
        self.assertEqual(self.client.read(vfio.CONFIG, 0x10, 4), b"\4\0\0\0")

    def test_near_memory_stays(self):
        place = self.device.range_create(4096)
        self.client.reset()
        self.device.master(True)
        self.device.enable()
        got = self.device.range_grant(place, 2, dev.RIGHT_READ)
        self.assertStatus(got, dev.OK)

    def test_memory_stays_mapped(self):
        self.client.reset()
        self.client.dma_unmap(self.memory.address, self.memory.size)

    def test_link_comes_up(self):
        self.server.control("link down")
        self.assertEqual(self.client.read(vfio.CONFIG, 0, 4), b"\xff" * 4)
        self.client.reset()
        self.assertEqual(self.client.read(vfio.CONFIG, 0, 4), b"\x34\x12\x53\x4e")

    def test_again_and_again(self):
        for _ in range(50):
            self.client.reset()
        self.device.master(True)
        self.device.enable()
        self.assertStatus(self.device.create_queue(1).do(dev.command(dev.NOP)), dev.OK)

    def test_with_payload(self):
        with self.refused(errno.EINVAL):
            self.client.call(vfio.RESET, b"1234")


if __name__ == "__main__":
    unittest.main()
