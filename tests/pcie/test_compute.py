# SPDX-License-Identifier: GPL-2.0-only
"""Commands of compute through the rings: the bytes are those of the model in process."""
import os
import random
import struct
import subprocess
import tempfile
import time
import unittest

import device as dev
from device import COMPUTE_BODY, command

U8, F32, U32 = 1, 5, 7
ROWS, COLS, FEATURES = 300, 40, 8
RESULT = 512
BEAT = 404  # progress_beat in the result
BLANK = struct.pack("<IIQQ", 0, 0, 0, 0)
SIZE = 1 << 20
# Where things lie in near memory.
INPUT, OUTPUT, LABELS, INDEX, WEIGHT, PLANE = (n << 16 for n in range(6))


def header(opcode, size, profile):
    return struct.pack("<HHIII", 1, opcode, size, profile, 0)


def matrix(place, offset, rows, cols, dtype, width):
    return struct.pack("<IIQQQIB3x", *place, offset, rows, cols * width, cols, dtype)


def vector(place, offset, count):
    return struct.pack("<IIQQ", *place, offset, count)


def reduce_block(place, profile, rows=ROWS):
    return header(dev.REDUCE, 120, profile) + matrix(place, INPUT, rows, COLS, U8, 1) + \
        matrix(place, OUTPUT, rows, FEATURES, F32, 4) + struct.pack("<QIIII", 5, 0, 0, 0, 0)


def embed_block(place, profile, rows=ROWS, iterations=60, stop=0.0, plane=PLANE):
    return header(dev.EMBED, 248, profile) + matrix(place, OUTPUT, rows, FEATURES, F32, 4) + \
        matrix(place, plane, rows, 2, F32, 4) + BLANK * 4 + \
        struct.pack("<QIIfffIfIIIff", 5, 0, 1, 20.0, 0, 0, 0, 0, 0, iterations, 0, 0, stop)


def select_block(place, profile, rule, count=20):
    absent = bytes(40)
    return header(dev.SELECT, 320, profile) + matrix(place, OUTPUT, ROWS, FEATURES, F32, 4) + \
        absent + vector(place, LABELS, ROWS) + BLANK * 4 + vector(place, INDEX, count) + \
        vector(place, WEIGHT, count) + \
        struct.pack("<QQQIIIfffII", ROWS, count, 5, rule, 1, 1, 10.0, 0, 0, 0, 0)


class ComputeTest(dev.TestCase):
    ARGS = ("--near-size", "64M", "--threads", "2")

    def setUp(self):
        super().setUp()
        self.place = self.device.range_create(SIZE)
        random.seed(3)
        # Rows around ten centres, so that there is something to find.
        centre = [bytes(random.randrange(256) for _ in range(COLS)) for _ in range(10)]
        rows = b"".join(bytes(min(255, max(0, byte + random.randrange(-20, 21)))
                              for byte in centre[i % 10]) for i in range(ROWS))
        labels = struct.pack(f"<{ROWS}I", *(i % 10 for i in range(ROWS)))
        self.near = bytearray(SIZE)
        self.near[INPUT:INPUT + len(rows)] = rows
        self.near[LABELS:LABELS + len(labels)] = labels
        self.buffer = self.memory.take(SIZE)
        self.write(self.near)

    def write(self, data):
        self.memory.put(self.buffer, data)
        got = self.queue.do(self.device.data(dev.WRITE, self.place, SIZE,
                                             pieces=[(self.buffer, SIZE)]))
        self.assertStatus(got, dev.OK)

    def read(self):
        got = self.queue.do(self.device.data(dev.READ, self.place, SIZE,
                                             pieces=[(self.buffer, SIZE)]))
        self.assertStatus(got, dev.OK)
        return self.memory.get(self.buffer, SIZE)

    def compute_command(self, opcode, block, **how):
        param, result = self.memory.take(512, 8), self.memory.take(RESULT, 8)
        self.memory.put(param, block)
        how.setdefault("context", 1)
        return result, command(opcode, COMPUTE_BODY.pack(param, len(block), 0, 0),
                               result=(result, RESULT), **how)

    def beat(self, result):
        return struct.unpack("<I", self.memory.get(result + BEAT, 4))[0]

    def on_device(self, opcode, block):
        result, data = self.compute_command(opcode, block)
        got = self.queue.do(data, 60)
        return got, self.memory.get(result, RESULT)

    def in_process(self, opcode, block, name):
        with tempfile.NamedTemporaryFile() as param:
            param.write(block)
            param.flush()
            out = subprocess.run([os.environ["NMS_MODEL_RUN"], str(opcode), name, param.name],
                                 input=bytes(self.near), capture_output=True, check=True)
        return int(out.stderr), out.stdout[:SIZE], out.stdout[SIZE:]

    def compare(self, opcode, make, name, profile):
        status, near, result = self.in_process(opcode, make((1, 1), profile), name)
        got, device_result = self.on_device(opcode, make(self.place, profile))
        self.assertEqual((got.status, status), (dev.OK, dev.OK))
        self.assertNotEqual(near, bytes(self.near))
        self.assertEqual(self.read(), near)
        # All but the nanoseconds, and how often progress was told, which are as it ran.
        self.assertEqual(device_result[:184], result[:184])
        self.assertEqual(device_result[248:BEAT], result[248:BEAT])
        self.assertEqual(device_result[BEAT + 4:], result[BEAT + 4:])
        self.near = bytearray(near)

    def profiles(self):
        """(name, number) of those that the device lists."""
        _, page = self.device.page(dev.IDENTIFY, 4096)
        for i in range(struct.unpack_from("<H", page, 6)[0]):
            number, _, name = struct.unpack_from("<II24s", page, 192 + 32 * i)
            yield name.rstrip(b"\0").decode(), number

    def test_reduce_then_embed_then_select(self):
        fresh = bytes(self.near)
        for name, number in self.profiles():
            with self.subTest(profile=name):
                self.near = bytearray(fresh)
                self.write(self.near)
                self.compare(dev.REDUCE, reduce_block, name, number)
                self.compare(dev.EMBED, embed_block, name, number)
                for rule in (1, 4, 5, 6, 7):
                    self.compare(dev.SELECT,
                                 lambda place, number, rule=rule: select_block(place, number, rule),
                                 name, number)

    def test_working_memory_is_bounded(self):
        """Rows that are only said to be there: no operand has as many, none is needed."""
        # at random, of as many rows as there can be
        block = header(dev.SELECT, 320, 0) + bytes(80) + BLANK * 5 + \
            vector(self.place, INDEX, 1) + BLANK + \
            struct.pack("<QQQIIIfffII", (1 << 32) - 1, 1, 5, 1, 1, 1, 10.0, 0, 0, 0, 0)
        began = time.monotonic()
        got, _ = self.on_device(dev.SELECT, block)
        self.assertStatus(got, dev.NO_MEMORY)
        self.assertLess(time.monotonic() - began, 5)

    def test_gather(self):
        index = [299, 0, 17, 17, 123]
        self.near[INDEX:INDEX + 20] = struct.pack("<5I", *index)
        self.write(self.near)
        block = header(dev.GATHER, 80, 0) + matrix(self.place, INPUT, ROWS, COLS, U8, 1) + \
            vector(self.place, INDEX, len(index))
        target = self.memory.take(4096)
        sgl, entries = self.device.scatter((target, 50), (target + 100, 500))
        _, data = self.compute_command(dev.GATHER, block, sgl=sgl, entries=entries)
        got = self.queue.do(data)
        self.assertStatus(got, dev.OK)
        rows = b"".join(bytes(self.near[i * COLS:(i + 1) * COLS]) for i in index)
        self.assertEqual(self.memory.get(target, 50) + self.memory.get(target + 100, 150), rows)

    def test_block_errors(self):
        good = reduce_block(self.place, 0)
        for change, status, detail in (
                (struct.pack("<H", 2) + good[2:], dev.INVALID_VERSION, 0),
                (good[:2] + struct.pack("<H", dev.SELECT) + good[4:], dev.INVALID_FIELD, 2),
                (good[:4] + struct.pack("<I", 111) + good[8:], dev.INVALID_SIZE, 4),
                (good[:8] + struct.pack("<I", 9) + good[12:], 0x36, 8),
                (good[:12] + struct.pack("<I", 1) + good[16:], dev.RESERVED, 12)):
            got, result = self.on_device(dev.REDUCE, change)
            self.assertStatus(got, status, detail)
            self.assertEqual(struct.unpack_from("<I", result, 8)[0], status)
        self.assertEqual(self.read(), bytes(self.near))

    def test_rights_hold_for_compute(self):
        _, data = self.compute_command(dev.REDUCE, reduce_block(self.place, 0), context=2)
        self.assertStatus(self.queue.do(data), dev.NO_RIGHT)

    def test_block_that_cannot_be_reached(self):
        got = self.queue.do(command(dev.REDUCE, COMPUTE_BODY.pack(0x7000000000, 120, 0, 0),
                                    context=1))
        self.assertStatus(got, dev.DMA_ERROR, 8)

    def test_body_with_reserved_bits(self):
        _, data = self.compute_command(dev.REDUCE, reduce_block(self.place, 0))
        for at in (20, 24):
            bad = bytearray(data)
            bad[at] = 1
            self.assertStatus(self.queue.do(bytes(bad)), dev.RESERVED, at)


class LongTest(ComputeTest):
    """Commands that would take minutes, and what goes on meanwhile."""
    # Only what is here; the parent's tests run there.
    test_reduce_then_embed_then_select = test_gather = test_block_errors = None
    test_rights_hold_for_compute = test_block_that_cannot_be_reached = None
    test_body_with_reserved_bits = None

    def setUp(self):
        super().setUp()
        got, _ = self.on_device(dev.REDUCE, reduce_block(self.place, 0))
        self.assertStatus(got, dev.OK)
        self.planes = 0

    def start(self, **how):
        """An EMBED without end, into a plane of its own; its result block and id."""
        at = PLANE + self.planes * 0x1000
        self.planes += 1
        result, data = self.compute_command(
            dev.EMBED, embed_block(self.place, 0, iterations=50000000, stop=-1.0, plane=at), **how)
        return result, self.queue.submit(data)

    def assertBegins(self, result):
        """It is at work on its operands: in a phase beyond that of reading."""
        deadline = time.monotonic() + 20
        while self.memory.get(result + 400, 4) == bytes(4):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def assertBeats(self, *results):
        """Each is alive, twice a second."""
        for _ in range(4):
            before = [self.beat(result) for result in results]
            time.sleep(0.5)
            for result, beat in zip(results, before):
                self.assertGreater(self.beat(result), beat)

    def assertLeftAlone(self, result):
        """The block of a command that has completed is the host's."""
        self.memory.put(result, b"!" * RESULT)
        time.sleep(0.6)
        self.assertEqual(self.memory.get(result, RESULT), b"!" * RESULT)

    def assertAborts(self, cid):
        began = time.monotonic()
        self.assertStatus(self.device.abort(1, cid), dev.OK)
        got = self.queue.wait()
        self.assertEqual((got.cid, got.status), (cid, dev.ABORTED))
        self.assertLess(time.monotonic() - began, 3)

    def test_data_goes_on(self):
        result, cid = self.start()
        other = self.device.range_create(4096)
        began = time.monotonic()
        self.assertStatus(self.queue.do(self.device.data(dev.ZERO, other, 4096)), dev.OK)
        self.assertLess(time.monotonic() - began, 1)
        self.assertBegins(result)
        self.assertStatus(self.device.range_destroy(self.place), dev.RANGE_BUSY)
        self.assertStatus(self.device.abort(1, cid), dev.OK)
        self.assertStatus(self.queue.poll(), dev.ABORTED)

    def test_progress_twice_a_second(self):
        result, cid = self.start()
        time.sleep(0.5)
        for _ in range(6):
            self.memory.put(result + 384, b"?" * 20)
            beat = self.beat(result)
            time.sleep(0.5)
            done, total, phase = struct.unpack("<QQI", self.memory.get(result + 384, 20))
            self.assertLessEqual(done, total)
            self.assertLess(phase, 8)
            self.assertGreater(self.beat(result), beat)
        self.assertStatus(self.device.abort(1, cid), dev.OK)

    def test_deadline(self):
        began = time.monotonic()
        result, cid = self.start(deadline=300)
        got = self.queue.wait()
        self.assertEqual((got.cid, got.status), (cid, dev.DEADLINE))
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(struct.unpack_from("<I", self.memory.get(result, RESULT), 8)[0],
                         dev.DEADLINE)

    def test_soft_reset_is_prompt(self):
        self.start()
        time.sleep(0.2)
        began = time.monotonic()
        self.device.soft_reset()
        self.assertLess(time.monotonic() - began, 2)
        self.device.enable()
        self.assertTrue(self.device.create_queue(1).quiet())

    def test_flr_is_prompt(self):
        self.start()
        time.sleep(0.2)
        began = time.monotonic()
        self.device.flr()
        self.assertLess(time.monotonic() - began, 2)

    def test_client_leaves(self):
        self.start()
        self.client.close()
        self.client = self.server.connect()

    def test_take_turns(self):
        begun = [self.start() for _ in range(2)]
        results = [result for result, _ in begun]
        self.assertBeats(*results)
        # Both are in the descent, and go on.
        for result in results:
            phase, = struct.unpack("<I", self.memory.get(result + 400, 4))
            self.assertEqual(phase, 4)
        self.assertIsNone(self.queue.poll())
        self.assertEqual([self.memory.get(result, 384) for result in results], [bytes(384)] * 2)
        for result, cid in reversed(begun):
            self.assertAborts(cid)
            self.assertLeftAlone(result)

    def test_short_one_among_long_ones(self):
        for others in (1, 3):
            cids = [self.start()[1] for _ in range(others)]
            time.sleep(0.5)
            result, data = self.compute_command(dev.SELECT, select_block(self.place, 0, 6))
            began = time.monotonic()
            self.assertStatus(self.queue.do(data, 10), dev.OK)
            self.assertLess(time.monotonic() - began, 3)
            self.assertLeftAlone(result)
            for cid in cids:
                self.assertAborts(cid)

    def test_beats_while_memory_is_waited_for(self):
        result, first = self.start()
        time.sleep(0.3)
        # It writes where the first one does; and has not its turn while it waits.
        self.planes = 0
        waiting_result, waiting = self.start()
        self.assertBeats(result, waiting_result)
        self.assertEqual(self.memory.get(waiting_result + 384, 16), bytes(16))
        _, data = self.compute_command(dev.SELECT, select_block(self.place, 0, 6))
        self.assertStatus(self.queue.do(data, 10), dev.OK)
        self.assertAborts(first)
        time.sleep(0.5)
        self.assertNotEqual(self.memory.get(waiting_result + 384, 16), bytes(16))
        self.assertAborts(waiting)

    def test_abort_and_deadline_in_turn(self):
        _, first = self.start()
        began = time.monotonic()
        result, late = self.start(deadline=700)
        _, third = self.start()
        got = self.queue.wait()
        self.assertEqual((got.cid, got.status), (late, dev.DEADLINE))
        self.assertLess(time.monotonic() - began, 3)
        self.assertGreater(time.monotonic() - began, 0.7)
        self.assertLeftAlone(result)
        self.assertAborts(third)
        self.assertAborts(first)

    def test_hang_stops_no_turns(self):
        result, first = self.start()
        time.sleep(0.3)
        self.assertEqual(self.server.control("fault hang 1"), "ok")
        hung_result, _ = self.start()
        # Each has a thread of its own: the fault is for who comes first.
        deadline = time.monotonic() + 10
        while "faults=1" not in self.server.control("count"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        other_result, other = self.start()
        time.sleep(0.5)
        self.assertBeats(result, other_result)
        # It is known by that, and only by that.
        self.assertEqual(self.memory.get(hung_result, RESULT), bytes(RESULT))
        self.assertAborts(first)
        self.assertAborts(other)
        self.reset_is_prompt(self.device.soft_reset)
        self.assertEqual(self.memory.get(hung_result, RESULT), bytes(RESULT))

    def reset_is_prompt(self, reset):
        began = time.monotonic()
        reset()
        self.assertLess(time.monotonic() - began, 2)

    def test_resets_with_several_in_turn(self):
        for reset in (self.device.soft_reset, self.device.flr):
            results = [self.start()[0] for _ in range(5)]
            time.sleep(0.7)
            self.reset_is_prompt(reset)
            self.device.master(True)
            self.device.enable()
            self.queue = self.device.create_queue(1)
            for result in results:
                self.memory.put(result, b"!" * RESULT)
            self.assertTrue(self.queue.quiet(0.6))
            for result in results:
                self.assertEqual(self.memory.get(result, RESULT), b"!" * RESULT)
            self.planes = 0


if __name__ == "__main__":
    unittest.main()
