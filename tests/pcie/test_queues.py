# SPDX-License-Identifier: GPL-2.0-only
"""Rings, phases, interrupts, and commands of data."""
import os
import random
import struct
import time
import unittest

import client as vfio
import device as dev
from device import NEAR, command


class RingTest(dev.TestCase):
    def test_phase_over_many_rounds(self):
        queue = self.device.create_queue(2, entries=4, cq_entries=3)
        for n in range(40):
            got = queue.do(command(dev.NOP))
            self.assertStatus(got, dev.OK)
            self.assertEqual(got.sq_head, (n + 1) % 4)

    def test_smallest_ring(self):
        queue = self.device.create_queue(2, entries=2, cq_entries=2)
        for _ in range(10):
            self.assertStatus(queue.do(command(dev.NOP)), dev.OK)

    def test_full_completion_queue_waits_and_loses_nothing(self):
        queue = self.device.create_queue(2, entries=64, cq_entries=4)
        for _ in range(20):
            queue.put(command(dev.NOP))
        queue.ring()
        time.sleep(0.2)
        # One interrupt at least, though the batch has not ended.
        self.assertGreater(self.device.events[2].take(), 0)
        seen = []
        while len(seen) < 20:
            got = queue.wait(consume=False)
            seen.append(got.cid)
            if len(seen) % 3 == 0:
                self.assertIsNone(queue.poll())
                queue.consume()
        self.assertEqual(sorted(seen), list(range(1, 21)))

    def test_full_queue_is_not_in_the_way_of_others(self):
        full = self.device.create_queue(2, entries=64, cq_entries=2)
        for _ in range(10):
            full.put(command(dev.NOP))
        full.ring()
        self.assertStatus(self.queue.do(command(dev.NOP)), dev.OK)
        self.assertStatus(self.device.feature(dev.GET_FEATURE, dev.COALESCE), dev.OK)

    def test_reset_while_a_queue_is_full(self):
        full = self.device.create_queue(2, entries=64, cq_entries=2)
        for _ in range(10):
            full.put(command(dev.NOP))
        full.ring()
        time.sleep(0.05)
        self.device.soft_reset()
        self.device.enable()

    def test_one_doorbell_for_many(self):
        for _ in range(60):
            self.queue.put(command(dev.NOP))
        self.queue.ring()
        seen = sorted(self.queue.wait().cid for _ in range(60))
        self.assertEqual(seen, list(range(1, 61)))
        time.sleep(0.05)
        # At most 16 completions each, and far fewer interrupts than commands.
        self.assertIn(self.device.events[1].take(), range(4, 31))

    def test_doorbell_of_the_same_tail_does_nothing(self):
        self.queue.do(command(dev.NOP))
        self.queue.ring()
        self.assertTrue(self.queue.quiet())

    def test_completion_is_zero_where_reserved(self):
        got = self.queue.do(command(dev.NOP, context=3))
        self.assertEqual((got.value, got.detail, got.zero0, got.zero1), (0, 0, 0, 0))
        self.assertEqual(got.sq_id, 1)

    def test_parallel_queues(self):
        queues = [self.queue] + [self.device.create_queue(n, 256) for n in range(2, 9)]
        for queue in queues:
            for _ in range(63):
                queue.put(command(dev.NOP))
        for queue in queues:
            queue.ring()
        for queue in queues:
            self.assertEqual(sorted(queue.wait().cid for _ in range(63)), list(range(1, 64)))


class OneVectorTest(dev.TestCase):
    ARGS = (*dev.TestCase.ARGS, "--vectors", "1")

    def setUp(self):
        vfio.TestCase.setUp(self)
        self.memory = vfio.Memory(self.MEMORY)
        self.device = dev.Device(self.client, self.memory, vectors=1)

    def test_all_on_it(self):
        queues = [self.device.create_queue(n, vector=0) for n in (1, 2)]
        self.device.events[0].take()
        for queue in queues:
            queue.do(command(dev.NOP))
            self.assertEqual(self.device.events[0].take(), 1)

    def test_no_other(self):
        got = self.device.create_cq(1, self.memory.address, 8, 1)
        self.assertStatus(got, dev.BAD_VECTOR)


class InterruptTest(dev.TestCase):
    def test_pending_while_detached(self):
        self.client.set_irqs(vfio.DATA_EVENTFD | vfio.TRIGGER, 1, 1)
        self.queue.do(command(dev.NOP))
        self.assertEqual(self.client.read(vfio.BAR2, 0x800, 8), b"\2" + bytes(7))
        self.client.set_irqs(vfio.DATA_EVENTFD | vfio.TRIGGER, 1, 1, [self.device.events[1].fd])
        self.assertEqual(self.device.events[1].take(), 1)

    def test_pending_is_forgotten_by_a_reset(self):
        self.client.set_irqs(vfio.DATA_EVENTFD | vfio.TRIGGER, 1, 1)
        self.queue.do(command(dev.NOP))
        self.device.soft_reset()
        self.assertEqual(self.client.read(vfio.BAR2, 0x800, 8), bytes(8))

    def test_after_the_completion(self):
        for _ in range(200):
            cid = self.queue.submit(command(dev.NOP))
            self.assertGreater(self.device.events[1].take(), 0)
            got = self.queue.poll()
            self.assertEqual(got.cid, cid)
            self.queue.consume()


class DataTest(dev.TestCase):
    MEMORY = 48 << 20

    def setUp(self):
        super().setUp()
        self.place = self.device.range_create(16 << 20)

    def move(self, opcode, length, pieces, offset=0, **how):
        return self.queue.do(self.device.data(opcode, self.place, length, offset, pieces, **how))

    def test_sizes_and_alignments(self):
        random.seed(1)
        source, target = self.memory.take(1 << 20), self.memory.take(1 << 20)
        for size in (1, 2, 3, 63, 64, 4095, 4096, 4097, 65536, 100001):
            skip, other, offset = (random.randrange(0, 5000) for _ in range(3))
            data = os.urandom(size)
            self.memory.put(source + skip, data)
            self.memory.put(target, bytes(1 << 18))
            got = self.move(dev.WRITE, size, [(source + skip, size)], offset)
            self.assertEqual((got.status, got.value), (dev.OK, size), got)
            got = self.move(dev.READ, size, [(target + other, size)], offset)
            self.assertEqual((got.status, got.value), (dev.OK, size), got)
            self.assertEqual(self.memory.get(target, 1 << 18),
                             (bytes(other) + data).ljust(1 << 18, b"\0"))

    def test_many_small_pieces(self):
        data = os.urandom(40000)
        source, target = self.memory.take(200000), self.memory.take(40000)
        pieces, at = [], 0
        random.seed(2)
        while at < len(data):
            size = min(random.randrange(0, 97), len(data) - at)
            place = source + 3 * at
            self.memory.put(place, data[at:at + size])
            pieces.append((place, size))
            at += size
        self.assertStatus(self.move(dev.WRITE, len(data), pieces), dev.OK)
        self.assertStatus(self.move(dev.READ, len(data), [(target, len(data))]), dev.OK)
        self.assertEqual(self.memory.get(target, len(data)), data)

    def test_large(self):
        size = 16 << 20
        data = os.urandom(1 << 20) * 16
        source, target = self.memory.take(size), self.memory.take(size)
        self.memory.put(source, data)
        self.assertStatus(self.move(dev.WRITE, size, [(source, size)]), dev.OK)
        self.assertStatus(self.move(dev.READ, size, [(target, size)]), dev.OK)
        self.assertEqual(self.memory.get(target, size), data)

    def test_zero_a_part(self):
        at = self.memory.take(4096)
        self.memory.put(at, b"a" * 4096)
        self.move(dev.WRITE, 4096, [(at, 4096)])
        self.assertStatus(self.move(dev.ZERO, 100, (), 1000), dev.OK)
        self.move(dev.READ, 4096, [(at, 4096)])
        self.assertEqual(self.memory.get(at, 4096), b"a" * 1000 + bytes(100) + b"a" * 2996)

    def test_across_two_areas(self):
        """What is adjacent for the host is adjacent for the device."""
        second = vfio.Memory(8192, self.memory.address + self.memory.size)
        self.client.dma_map(second.address, second.size, second.fd)
        data = os.urandom(8000)
        start = second.address - 4000
        self.memory.put(start, data[:4000])
        second.put(second.address, data[4000:])
        target = self.memory.take(8000)
        self.assertStatus(self.move(dev.WRITE, 8000, [(start, 8000)]), dev.OK)
        self.assertStatus(self.move(dev.READ, 8000, [(target, 8000)]), dev.OK)
        self.assertEqual(self.memory.get(target, 8000), data)
        second.close()

    def test_list_too_short(self):
        at = self.memory.take(4096)
        for opcode in (dev.WRITE, dev.READ):
            self.assertStatus(self.move(opcode, 4096, [(at, 4095)]), dev.INVALID_SIZE, 40)
            self.assertStatus(self.move(opcode, 4096, [(at, 0), (at, 0)]), dev.INVALID_SIZE, 40)

    def test_list_longer_than_needed(self):
        at = self.memory.take(8192)
        self.memory.put(at, b"q" * 8192)
        self.assertStatus(self.move(dev.READ, 100, [(at, 60), (at + 60, 8000)]), dev.OK)
        self.assertEqual(self.memory.get(at, 8192), bytes(100) + b"q" * 8092)

    def test_list_without_entries(self):
        for opcode in (dev.WRITE, dev.READ):
            got = self.queue.do(command(opcode, NEAR.pack(*self.place, 0) + struct.pack("<Q", 1),
                                        context=1))
            self.assertStatus(got, dev.INVALID_FIELD, 40)

    def test_list_with_too_many_entries(self):
        got = self.queue.do(command(dev.READ, NEAR.pack(*self.place, 0) + struct.pack("<Q", 1),
                                    context=1, sgl=self.memory.address, entries=(1 << 20) + 1))
        self.assertStatus(got, dev.INVALID_FIELD, 40)

    def test_list_that_cannot_be_reached(self):
        got = self.queue.do(command(dev.READ, NEAR.pack(*self.place, 0) + struct.pack("<Q", 1),
                                    context=1, sgl=0x7000000000, entries=1))
        self.assertStatus(got, dev.DMA_ERROR, 32)

    def test_list_with_reserved_bits(self):
        at = self.memory.take(16, 16)
        self.memory.put(at, dev.SGE.pack(self.memory.address, 16, 1))
        got = self.queue.do(command(dev.READ, NEAR.pack(*self.place, 0) + struct.pack("<Q", 1),
                                    context=1, sgl=at, entries=1))
        self.assertStatus(got, dev.RESERVED, 32)

    def test_entry_that_wraps(self):
        self.assertStatus(self.move(dev.READ, 100, [(0xfffffffffffffff0, 100)]), dev.INVALID_FIELD)

    def test_data_that_cannot_be_reached(self):
        at = self.memory.take(4096)
        end = self.memory.address + self.memory.size
        for pieces in ([(0x7000000000, 4096)], [(at, 100), (0x7000000000, 3996)],
                       [(end - 1, 4096)]):
            self.assertStatus(self.move(dev.WRITE, 4096, pieces), dev.DMA_ERROR, 32)
            self.assertStatus(self.move(dev.READ, 4096, pieces), dev.DMA_ERROR, 32)

    def test_read_only_area(self):
        rom = vfio.Memory(4096, 0x80000000)
        self.client.dma_map(rom.address, rom.size, rom.fd, flags=vfio.READ)
        self.assertStatus(self.move(dev.WRITE, 4096, [(rom.address, 4096)]), dev.OK)
        self.assertStatus(self.move(dev.READ, 4096, [(rom.address, 4096)]), dev.DMA_ERROR)
        rom.close()

    def test_out_of_range(self):
        at = self.memory.take(4096)
        for offset, length in ((16 << 20, 1), ((16 << 20) - 1, 2), (0xffffffffffffffff, 1),
                               (1 << 63, 4096)):
            got = self.move(dev.READ, length, [(at, 4096)], offset)
            self.assertStatus(got, dev.OUT_OF_RANGE)
        got = self.move(dev.ZERO, 0xffffffffffffffff, (), 1)
        self.assertStatus(got, dev.OUT_OF_RANGE)

    def test_nothing_to_move(self):
        for opcode, pieces in ((dev.WRITE, [(self.memory.address, 16)]), (dev.ZERO, ())):
            self.assertStatus(self.move(opcode, 0, pieces), dev.INVALID_FIELD, 24)

    def test_reserved(self):
        self.assertStatus(self.queue.do(command(dev.NOP, flags=1)), dev.RESERVED, 1)
        self.assertStatus(self.queue.do(command(dev.NOP, reserved=1)), dev.RESERVED, 60)
        self.assertStatus(self.queue.do(command(dev.NOP, sgl=8)), dev.RESERVED, 32)
        self.assertStatus(self.queue.do(command(dev.NOP, b"\0" * 23 + b"\1")), dev.RESERVED, 24)
        self.assertStatus(self.move(dev.ZERO, 1, [(self.memory.address, 16)]), dev.RESERVED, 32)

    def test_unknown_opcodes(self):
        for opcode in (4, 0xf, 0x14, 0x20, 0xff):
            self.assertStatus(self.queue.do(command(opcode)), dev.INVALID_OPCODE, 0)


if __name__ == "__main__":
    unittest.main()
