# SPDX-License-Identifier: GPL-2.0-only
"""Lies on request: each kind, as told; and none where the driver has given no page."""
import struct
import unittest

import client as vfio
import device as dev
from device import command


class HostileTest(dev.TestCase):
    def tearDown(self):
        self.server.control("honest")
        super().tearDown()

    def lie(self, line):
        self.assertEqual(self.server.control("lie " + line), "ok")

    def nop(self):
        return self.queue.submit(command(dev.NOP))

    def assertWorks(self):
        self.assertStatus(self.queue.do(command(dev.NOP)), dev.OK)

    def test_registers(self):
        truth = self.device.read64(dev.CAP)
        self.lie(f"register {dev.CAP} 0x1234567890 2")
        self.assertEqual([self.device.read64(dev.CAP) for _ in range(3)],
                         [0x1234567890, 0x1234567890, truth])
        self.lie(f"register {dev.STATUS} 0xffffffffffffffff 0")
        for _ in range(100):
            self.assertEqual(self.device.read32(dev.STATUS), 0xffffffff)
        self.assertEqual(self.server.control("honest"), "ok")
        self.assertEqual(self.device.read32(dev.STATUS) & ~dev.BUSY, dev.READY)

    def test_fields_of_a_completion(self):
        for line, field, value in (("cid 0x7123", "cid", 0x7123), ("sq_id 9", "sq_id", 9),
                                   ("sq_head 0xfffe", "sq_head", 0xfffe),
                                   ("status 0x7fff", "status", 0x7fff),
                                   ("value 5", "value", 5), ("detail 77", "detail", 77)):
            self.lie("completion " + line)
            self.nop()
            self.assertEqual(getattr(self.queue.wait(), field), value, line)
            self.assertWorks()

    def test_several_fields_of_one(self):
        self.lie("completion sq_id 3")
        self.lie("completion status 1")
        self.nop()
        got = self.queue.wait()
        self.assertEqual((got.sq_id, got.status), (3, 1))

    def test_phase(self):
        self.lie("completion phase 0")
        self.nop()
        self.assertTrue(self.queue.quiet())

    def test_admin(self):
        self.lie("admin status 0x33")
        self.assertWorks()
        self.assertStatus(self.device.feature(dev.GET_FEATURE, 1), 0x33)
        self.assertStatus(self.device.feature(dev.GET_FEATURE, 1), dev.OK)

    def test_pages(self):
        got, truth = self.device.page(dev.IDENTIFY, 4096)
        self.lie("page 0 24 8 0x1122334455667788")
        got, page = self.device.page(dev.IDENTIFY, 4096)
        self.assertEqual(got.value, 4096)
        self.assertEqual(page, truth[:24] + struct.pack("<Q", 0x1122334455667788) + truth[32:])
        self.lie("page 1 0 2 0xffff")
        self.assertEqual(self.device.page(dev.IDENTIFY, 4096)[1], truth)
        self.assertEqual(self.device.page(dev.LOG_PAGE, 128, dev.LOG_ENERGY)[1][:2], b"\xff\xff")

    def test_nothing_beyond_the_buffer(self):
        """A page that is shorter than what is lied about, in memory that is not."""
        buffer = self.memory.take(4096)
        self.memory.put(buffer, b"\x5a" * 4096)
        self.lie("page 0 62 4 0xffffffff")
        self.lie("page 0 1000 8 0")
        got = self.device.admin(dev.IDENTIFY, dev.ADMIN_BODY.pack(buffer, 64, 0, 0, 0, 0))
        self.assertEqual(got.value, 64)
        self.lie("ranges 7")
        self.device.admin(dev.LOG_PAGE, dev.ADMIN_BODY.pack(buffer, 64, dev.LOG_RANGES, 1, 0, 0))
        self.assertEqual(self.memory.get(buffer, 4), struct.pack("<I", 7))
        self.assertEqual(self.memory.get(buffer + 64, 4032), b"\x5a" * 4032)

    def test_ranges(self):
        self.lie("ranges 0xfffffffe")
        self.assertEqual([entry[0] for entry in self.device.ranges(1, 128)],
                         [0xfffffffe, 0xffffffff, 1, 2])
        self.lie("ranges 0 0")
        self.assertEqual([entry[0] for entry in self.device.ranges(40, 96)], [40, 41, 42])
        self.assertEqual([entry[0] for entry in self.device.ranges(50, 32)], [50])

    def test_result(self):
        place = self.device.range_create(4096)
        at = self.memory.take(1024)
        self.memory.put(at, b"\x5a" * 1024)
        self.lie("result 4 4 0xdeadbeef")
        self.lie("result 510 4 0")
        for expected in (0xdeadbeef, 512, 512):
            got = self.queue.do(self.device.data(dev.ZERO, place, 4096, result=(at, 512)))
            self.assertStatus(got, dev.OK)
            self.assertEqual(struct.unpack("<I", self.memory.get(at + 4, 4))[0], expected)
        self.assertEqual(self.memory.get(at + 512, 512), b"\x5a" * 512)

    def test_event(self):
        self.lie("event 9 8")
        got = self.device.admin(dev.ASYNC_EVENT)
        self.assertEqual((got.status, got.detail, got.value), (dev.OK, 9, 8))
        self.device.admin_queue.submit(command(dev.ASYNC_EVENT))
        self.assertTrue(self.device.admin_queue.quiet())

    def test_silence(self):
        self.assertWorks()
        self.assertGreater(self.device.events[1].take(), 0)
        self.lie("silence")
        self.assertWorks()
        self.assertEqual(self.device.events[1].take(0.1), 0)
        self.assertWorks()
        self.assertGreater(self.device.events[1].take(), 0)

    def test_uncalled(self):
        self.lie("post 1 0x4444 5 3")
        for _ in range(3):
            got = self.queue.wait()
            self.assertEqual((got.cid, got.status, got.sq_id), (0x4444, 5, 1))
        self.assertTrue(self.queue.quiet())
        self.device.events[1].take()
        self.lie("interrupt 1")
        self.assertGreater(self.device.events[1].take(), 0)
        self.assertTrue(self.queue.quiet())
        # Of a queue or a vector that is none: nothing happens.
        self.lie("post 40 1 1")
        self.lie("post 4000 1 1")
        self.lie("interrupt 4000")
        self.assertWorks()

    def pattern(self, seed):
        self.lie(f"storm 0.5 {seed}")
        seen = [self.device.read64(dev.NEAR_SIZE) for _ in range(64)]
        self.assertEqual(self.server.control("honest"), "ok")
        return seen

    def test_storm_by_seed(self):
        truth = self.device.read64(dev.NEAR_SIZE)
        first = self.pattern(7)
        self.assertEqual(self.pattern(7), first)
        self.assertNotEqual(self.pattern(8), first)
        self.assertIn(sum(value != truth for value in first), range(12, 53))
        self.assertEqual(self.device.read64(dev.NEAR_SIZE), truth)

    def test_counted(self):
        def lies():
            return int(self.server.control("count").split("lies=")[1])

        before = lies()
        self.lie("completion value 1 2")
        for _ in range(5):
            self.assertWorks()
        self.assertEqual(lies(), before + 2)

    def test_no_more_than_can_be_kept(self):
        for _ in range(64):
            self.lie("register 0x3000 1")
        self.assertTrue(self.server.control("lie register 0 1").startswith("error"))
        self.assertEqual(self.server.control("honest"), "ok")
        self.lie("register 0x3000 1")

    def test_requests_that_are_none(self):
        for line in ("lie", "lie nothing", "lie register", "lie register 1", "lie register x 1",
                     "lie register 1 2 3 4", "lie register -1 2", "lie completion 1 2",
                     "lie completion colour 2", "lie admin", "lie page 0 1 3 1",
                     "lie page 0 1 8", "lie result 0 16 1", "lie storm", "lie storm 2",
                     "lie storm -1", "lie storm x", "lie storm 0.1 x", "lie storm nan",
                     "lie storm 0.1 1 1", "lie post 1 1", "lie post 1 1 1 0", "lie interrupt",
                     "lie silence x", "honest yes"):
            self.assertTrue(self.server.control(line).startswith("error"), line)
        self.assertWorks()


if __name__ == "__main__":
    unittest.main()
