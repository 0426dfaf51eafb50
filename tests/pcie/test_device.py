# SPDX-License-Identifier: GPL-2.0-only
"""Registers and states of the device, against Documentation/hardware.rst."""
import os
import struct
import time
import unittest

import client as vfio
import device as dev
from device import BUSY, FATAL, READY, command

COUNTERS = [dev.ENERGY + 8 * i for i in range(5)] + \
    [dev.LINK_IN, dev.LINK_OUT, dev.NEAR_READ, dev.NEAR_WRITE, dev.BUSY_CYCLES, dev.COMMANDS,
     dev.ERRORS]


class RegisterTest(dev.TestCase):
    START = False

    def test_reset_values(self):
        self.device.soft_reset()
        for offset, value in ((dev.VERSION, 0x10000), (dev.CONFIG_REG, 0), (dev.STATUS, 0),
                              (dev.RESET, 0), (dev.ADMIN_SIZE, 0), (dev.ERROR, 0)):
            self.assertEqual(self.device.read32(offset), value, hex(offset))
        for offset, value in ((dev.ADMIN_SQ, 0), (dev.ADMIN_CQ, 0), (dev.NEAR_SIZE, 64 << 20),
                              (dev.ERROR_ADDR, 0)):
            self.assertEqual(self.device.read64(offset), value, hex(offset))

    def test_capabilities(self):
        cap = self.device.read64(dev.CAP)
        self.assertEqual(cap & 0xffff, 1024 - 1)
        self.assertEqual(cap >> 16 & 0xf, 0)
        self.assertGreaterEqual(cap >> 20 & 0xff, 1)
        self.assertEqual(cap >> 32 & 0xff, 8)
        self.assertEqual(cap & ~0xff0fffffff, 0)

    def test_read_only(self):
        for offset in (dev.VERSION, dev.STATUS, dev.RESETS):
            before = self.device.read32(offset)
            self.device.write32(offset, 0xffffffff)
            self.assertEqual(self.device.read32(offset), before, hex(offset))
        for offset in (dev.CAP, dev.NEAR_SIZE, dev.NEAR_FREE, dev.ERROR_ADDR, *COUNTERS):
            before = self.device.read64(offset)
            self.device.write64(offset, 0x5555555555555555)
            self.assertEqual(self.device.read64(offset), before, hex(offset))

    def test_offsets_without_a_register(self):
        for offset in (0x0c, 0x24, 0x48, 0x128, 0x178, 0x184, 0x190, 0xffc, 0x2000, 0x3ffc):
            self.assertEqual(self.device.read32(offset), 0, hex(offset))
        for offset in (0x48, 0x128, 0x138, 0x178, 0x180, 0x190, 0x1000, 0x3ff8):
            self.assertEqual(self.device.read64(offset), 0, hex(offset))

    def test_other_width_than_the_register(self):
        self.assertEqual(self.device.read32(dev.NEAR_SIZE), 0)
        self.assertEqual(self.device.read64(dev.VERSION), 0)
        self.device.write64(dev.CONFIG_REG, 1)
        self.assertEqual(self.device.read32(dev.CONFIG_REG), 0)

    def test_config_keeps_known_bits_only(self):
        self.device.write32(dev.CONFIG_REG, 0xfffffffe)
        self.assertEqual(self.device.read32(dev.CONFIG_REG), 0)

    def test_reset_key(self):
        resets = self.device.read32(dev.RESETS)
        self.device.write32(dev.RESET, 0x12345678)
        self.assertEqual(self.device.read32(dev.RESETS), resets)
        self.device.soft_reset()
        self.assertEqual(self.device.read32(dev.RESETS), resets + 1)

    def test_doorbells_before_enable_do_nothing(self):
        self.device.doorbell(0, False, 1)
        self.device.doorbell(5, True, 0xffffffff)
        self.assertEqual(self.device.read32(dev.STATUS), 0)


class EnableTest(dev.TestCase):
    START = False

    def assertFatal(self, error):
        self.device.wait_status(FATAL, FATAL)
        self.assertEqual(self.device.read32(dev.ERROR), error)

    def try_admin(self, size, sq, cq):
        self.device.write32(dev.ADMIN_SIZE, size)
        self.device.write64(dev.ADMIN_SQ, sq)
        self.device.write64(dev.ADMIN_CQ, cq)
        self.device.write32(dev.CONFIG_REG, 1)
        self.assertFatal(dev.ERROR_INTERNAL)
        self.assertEqual(self.device.read32(dev.STATUS) & READY, 0)
        self.device.soft_reset()

    def test_bad_admin_queues(self):
        at = self.memory.address
        for size, sq, cq in ((0x1f0000, at, at), (0x1f, at, at), (0, at, at),
                             (0x1f001f, at + 64, at), (0x1f001f, at, at + 4095),
                             (0x1f0400, at, at), (0x400001f, at, at), (0xffffffff, at, at)):
            self.try_admin(size, sq, cq)

    def test_enable_and_disable(self):
        for _ in range(20):
            self.device.enable()
            self.assertEqual(self.device.read32(dev.CONFIG_REG), 1)
            self.assertStatus(self.device.create_queue(1).do(command(dev.NOP)), dev.OK)
            self.device.disable()
            self.assertEqual(self.device.read32(dev.ADMIN_SQ), 0)
            self.memory.used = 0

    def test_admin_registers_are_shut_while_enabled(self):
        self.device.enable()
        before = [self.device.read32(dev.ADMIN_SIZE), self.device.read64(dev.ADMIN_SQ),
                  self.device.read64(dev.ADMIN_CQ)]
        self.device.write32(dev.ADMIN_SIZE, 0x10001)
        self.device.write64(dev.ADMIN_SQ, 0x1000)
        self.device.write64(dev.ADMIN_CQ, 0x1000)
        after = [self.device.read32(dev.ADMIN_SIZE), self.device.read64(dev.ADMIN_SQ),
                 self.device.read64(dev.ADMIN_CQ)]
        self.assertEqual(after, before)

    def test_queues_do_not_survive_disabling(self):
        self.device.enable()
        self.device.create_queue(1)
        self.device.disable()
        self.device.enable()
        self.device.create_queue(1)

    def test_quickly_on_and_off(self):
        queue = dev.Queue(self.device, 0, 32)
        self.device.set_admin(queue)
        for n in range(300):
            self.device.write32(dev.CONFIG_REG, ~n & 1)
        self.device.write32(dev.CONFIG_REG, 1)
        self.device.wait_status(BUSY | READY, READY)
        self.memory.put(queue.cq, bytes(32 * 32))
        self.device.admin_queue = queue
        self.assertStatus(self.device.admin(dev.GET_FEATURE, dev.ADMIN_BODY.pack(0, 0, 1, 0, 0, 0)),
                          dev.OK)

    def test_reset_while_being_enabled(self):
        for _ in range(50):
            self.device.set_admin(dev.Queue(self.device, 0, 32))
            self.device.write32(dev.CONFIG_REG, 1)
            self.device.soft_reset()
            self.assertEqual(self.device.read32(dev.CONFIG_REG), 0)
            self.memory.used = 0

    def test_admin_queue_that_cannot_be_reached(self):
        queue = dev.Queue(self.device, 0, 32)
        queue.sq = 0x7000000000
        self.device.set_admin(queue)
        self.device.write32(dev.CONFIG_REG, 1)
        self.device.wait_status(READY, READY)
        self.device.doorbell(0, False, 1)
        self.assertFatal(dev.ERROR_DMA)
        self.assertEqual(self.device.read64(dev.ERROR_ADDR), 0x7000000000)
        self.assertEqual(self.device.events[0].take(), 1)

    def test_fatal_until_reset(self):
        self.test_admin_queue_that_cannot_be_reached()
        self.device.write32(dev.CONFIG_REG, 0)
        self.device.wait_status(BUSY | READY, 0)
        self.device.write32(dev.CONFIG_REG, 1)
        self.assertEqual(self.device.read32(dev.STATUS), FATAL)
        self.device.soft_reset()
        self.device.enable()


class FatalTest(dev.TestCase):
    def assertFatal(self, error):
        self.device.wait_status(FATAL, FATAL)
        self.assertEqual(self.device.read32(dev.ERROR), error)

    def test_doorbells(self):
        for queue, completion, value in ((1, False, 64), (1, True, 64), (1, False, 0xffffffff),
                                         (0, False, 32), (2, False, 0), (2, True, 0), (8, False, 1),
                                         (9, False, 0), (63, True, 0), (64, False, 0),
                                         (65, False, 0), (1000, True, 0)):
            self.device.doorbell(queue, completion, value)
            self.assertFatal(dev.ERROR_DOORBELL)
            self.device.soft_reset()
            self.device.enable()
            self.device.create_queue(1)
            self.memory.used = 0

    def test_completion_queue_that_cannot_be_reached(self):
        at = 0x123456000
        self.assertStatus(self.device.create_cq(2, at, 16, 2), dev.OK)
        queue = dev.Queue(self.device, 2, 16)
        self.assertStatus(self.device.create_sq(2, queue.sq, 16, 2), dev.OK)
        queue.submit(command(dev.NOP))
        self.assertFatal(dev.ERROR_DMA)
        self.assertEqual(self.device.read64(dev.ERROR_ADDR), at)

    def test_deaf_and_quiet_when_fatal(self):
        self.device.doorbell(1, False, 64)
        self.assertFatal(dev.ERROR_DOORBELL)
        self.queue.submit(command(dev.NOP))
        self.device.doorbell(77, True, 9)
        self.assertTrue(self.queue.quiet())
        self.assertEqual(self.device.read32(dev.ERROR), dev.ERROR_DOORBELL)
        self.assertEqual(self.device.read64(dev.NEAR_SIZE), 64 << 20)

    def test_error_is_cleared_by_ones(self):
        self.device.doorbell(1, False, 64)
        self.assertFatal(dev.ERROR_DOORBELL)
        self.device.write32(dev.ERROR, 0xfffffffd)
        self.assertEqual(self.device.read32(dev.ERROR), dev.ERROR_DOORBELL)
        self.device.write32(dev.ERROR, dev.ERROR_DOORBELL)
        self.assertEqual(self.device.read32(dev.ERROR), 0)
        self.assertTrue(self.device.read32(dev.STATUS) & FATAL)

    def test_bus_mastering_off(self):
        self.device.master(False)
        self.queue.submit(command(dev.NOP))
        self.assertFatal(dev.ERROR_DMA)
        self.device.master(True)
        self.device.soft_reset()
        self.device.enable()

    def test_memory_unmapped(self):
        self.client.dma_unmap(self.memory.address, self.memory.size)
        self.device.doorbell(1, False, 1)
        self.assertFatal(dev.ERROR_DMA)
        self.assertEqual(self.device.read64(dev.ERROR_ADDR), self.queue.sq)

    def test_memory_file_shortened(self):
        """The other process takes the pages away; that is a failed DMA, not our death."""
        os.ftruncate(self.memory.fd, 0)
        self.device.doorbell(1, False, 1)
        self.assertFatal(dev.ERROR_DMA)
        os.ftruncate(self.memory.fd, self.memory.size)


class ResetTest(dev.TestCase):
    ARGS = (*dev.TestCase.ARGS, "--latency", "20000")

    def fill(self):
        for _ in range(40):
            self.queue.put(command(dev.NOP))
        self.queue.ring()
        time.sleep(0.03)

    def assertQuiet(self):
        """Nothing is written into host memory any more."""
        before = self.memory.get(self.queue.cq, 64 * 32)
        time.sleep(0.1)
        self.assertEqual(self.memory.get(self.queue.cq, 64 * 32), before)
        self.assertEqual(before[-32 * 20:], bytes(32 * 20))

    def test_soft_reset_with_work_in_flight(self):
        self.fill()
        self.device.soft_reset()
        self.assertQuiet()

    def test_disable_with_work_in_flight(self):
        self.fill()
        self.device.disable()
        self.assertQuiet()

    def test_flr_with_work_in_flight(self):
        self.fill()
        resets = self.device.read32(dev.RESETS)
        self.device.flr()
        self.assertEqual(self.client.read(vfio.CONFIG, 4, 2), bytes(2))
        self.client.memory_space()
        self.assertEqual(self.device.read32(dev.STATUS), 0)
        self.assertEqual(self.device.read32(dev.RESETS), resets + 1)
        self.assertQuiet()

    def test_master_off_with_work_in_flight(self):
        self.fill()
        self.device.master(False)
        self.assertEqual(self.client.read(vfio.CONFIG, 4, 2), b"\2\0")
        self.assertQuiet()

    def test_client_leaves_with_work_in_flight(self):
        self.fill()
        self.client.close()
        self.client = self.server.connect()
        self.assertQuiet()

    def test_busy_while_a_command_runs(self):
        self.fill()
        self.assertTrue(self.device.read32(dev.STATUS) & BUSY)
        self.device.soft_reset()
        self.device.enable()
        self.device.wait_status(BUSY, 0)


class SurvivalTest(dev.TestCase):
    """The table of what survives what."""

    def check(self, end, begin):
        place = self.device.range_create(8192, 7)
        at = self.memory.take(8192)
        self.memory.put(at, b"x" * 8192)
        got = self.queue.do(self.device.data(dev.WRITE, place, 8192, pieces=[(at, 8192)],
                                             context=7))
        self.assertStatus(got, dev.OK)
        self.assertStatus(self.device.range_grant(place, 8, dev.RIGHT_READ), dev.OK)
        self.device.feature(dev.SET_FEATURE, dev.DEADLINE_FEATURE, 12345)
        counters = [self.device.read64(offset) for offset in COUNTERS]
        end()
        begin()
        self.device.enable()
        # Queues are gone, else this could not be made.
        queue = self.device.create_queue(1)
        self.memory.put(at, bytes(8192))
        got = queue.do(self.device.data(dev.READ, place, 8192, pieces=[(at, 8192)], context=8))
        self.assertStatus(got, dev.OK)
        self.assertEqual(self.memory.get(at, 8192), b"x" * 8192)
        got = queue.do(self.device.data(dev.WRITE, place, 8192, pieces=[(at, 8192)], context=8))
        self.assertStatus(got, dev.NO_RIGHT)
        for offset, before in zip(COUNTERS, counters):
            self.assertGreaterEqual(self.device.read64(offset), before)
        return self.device.feature(dev.GET_FEATURE, dev.DEADLINE_FEATURE).value

    def test_disable(self):
        self.assertEqual(self.check(self.device.disable, lambda: None), 12345)

    def test_soft_reset(self):
        self.assertEqual(self.check(self.device.soft_reset, lambda: None), 0)

    def test_flr(self):
        self.assertEqual(self.check(self.device.flr, lambda: self.device.master(True)), 0)

    def test_d3hot(self):
        power = 0x40 + 4

        def asleep():
            self.client.write(vfio.CONFIG, power, struct.pack("<H", 3))
            self.assertEqual(self.device.read32(dev.STATUS), 0xffffffff)
            self.device.write32(dev.CONFIG_REG, 1)

        def awake():
            self.client.write(vfio.CONFIG, power, struct.pack("<H", 0))
            self.assertEqual(self.device.read32(dev.STATUS), 0)
            self.assertEqual(self.device.read32(dev.CONFIG_REG), 0)

        self.check(asleep, awake)

    def test_client(self):
        def leave():
            self.device.client.close()

        def come():
            self.client = self.server.connect()
            self.device.close()
            self.device = dev.Device(self.client, self.memory, start=False)

        self.assertEqual(self.check(leave, come), 0)


class CounterTest(dev.TestCase):
    def test_bytes(self):
        place = self.device.range_create(1 << 20)
        at = self.memory.take(1 << 20)
        before = [self.device.read64(offset) for offset in COUNTERS]
        for opcode in (dev.WRITE, dev.READ):
            self.assertStatus(self.queue.do(self.device.data(opcode, place, 1 << 20,
                                                             pieces=[(at, 1 << 20)])), dev.OK)
        spent = dict(zip(COUNTERS, (self.device.read64(offset) - was
                                    for offset, was in zip(COUNTERS, before))))
        # Beside the data: two commands of 64 bytes, two list entries of 16, two completions of 32.
        self.assertEqual(spent[dev.LINK_IN], (1 << 20) + 2 * (64 + 16))
        self.assertEqual(spent[dev.LINK_OUT], (1 << 20) + 2 * 32)
        self.assertEqual(spent[dev.NEAR_READ], 1 << 20)
        self.assertEqual(spent[dev.NEAR_WRITE], 1 << 20)
        self.assertEqual(spent[dev.COMMANDS], 2)
        self.assertEqual(spent[dev.ERRORS], 0)
        for domain in (0, 3, 4):
            self.assertGreater(spent[dev.ENERGY + 8 * domain], 0)

    def test_errors(self):
        before = self.device.read64(dev.ERRORS)
        self.queue.do(command(0x77))
        self.device.admin(0x77)
        self.assertEqual(self.device.read64(dev.ERRORS), before + 2)


class PowerTest(dev.TestCase):
    def test_link_down_and_up(self):
        self.assertEqual(self.server.control("link down"), "ok")
        for offset in (dev.VERSION, dev.STATUS):
            self.assertEqual(self.device.read32(offset), 0xffffffff)
        self.assertEqual(self.device.read64(dev.COMMANDS), 0xffffffffffffffff)
        self.assertEqual(self.client.read(vfio.CONFIG, 0, 64), b"\xff" * 64)
        self.client.write(vfio.CONFIG, 4, b"\6\0")
        self.assertEqual(self.server.control("link up"), "ok")
        self.assertEqual(self.client.read(vfio.CONFIG, 4, 2), bytes(2))
        # There, but its registers are at no address yet.
        self.assertEqual(self.device.read32(dev.STATUS), 0xffffffff)
        self.device.master(True)
        self.assertEqual(self.device.read32(dev.STATUS), 0)
        self.device.enable()
        self.assertStatus(self.device.create_queue(1).do(command(dev.NOP)), dev.OK)

    def test_loss(self):
        before = self.device.range_create(4096)
        self.assertStatus(self.queue.do(command(dev.NOP)), dev.OK)
        self.assertStatus(self.queue.do(command(0x7f)), dev.INVALID_OPCODE)
        self.assertEqual(self.server.control("power"), "ok")
        self.assertEqual(self.device.read32(dev.STATUS), 0xffffffff)
        self.assertEqual(self.server.control("link up"), "ok")
        self.device.master(True)
        self.assertEqual(self.device.read64(dev.NEAR_FREE), self.device.read64(dev.NEAR_SIZE))
        for counter in (dev.COMMANDS, dev.ERRORS, dev.NEAR_WRITE, dev.LINK_IN, dev.LINK_OUT):
            self.assertEqual(self.device.read64(counter), 0)
        self.device.enable()
        self.queue = self.device.create_queue(1)
        self.assertEqual(self.device.ranges(), [])
        after = self.device.range_create(4096)
        # The number may be that of before; then the generation is not.
        self.assertNotEqual(after, before)
        at = self.memory.take(4096)
        got = self.queue.do(self.device.data(dev.READ, before, 4096, pieces=[(at, 4096)]))
        self.assertIn(got.status, (dev.STALE_RANGE, dev.NO_RANGE))

    def test_link_down_while_data_moves(self):
        place = self.device.range_create(8 << 20)
        at = self.memory.take(8 << 20)
        for _ in range(20):
            self.queue.put(self.device.data(dev.READ, place, 8 << 20, pieces=[(at, 8 << 20)]))
        self.queue.ring()
        self.server.control("link down")
        self.memory.put(at, b"y" * (8 << 20))
        time.sleep(0.1)
        self.assertEqual(self.memory.get(at, 8 << 20), b"y" * (8 << 20))
        self.assertEqual(self.server.control("link up"), "ok")
        self.client.memory_space()
        self.assertEqual(self.device.read32(dev.STATUS), 0)


if __name__ == "__main__":
    unittest.main()
