# SPDX-License-Identifier: GPL-2.0-only
"""Admin commands: what each does, and every error that it has."""
import struct
import time
import unittest

import device as dev
from device import ADMIN_BODY, QUEUE_BODY, RANGE_BODY, command

IDENTIFY = struct.Struct("<HHHHIIQQIIII40s24s16s64s")
LOG_ENERGY = struct.Struct("<5Q4Q3Q")
LOG_ERROR = struct.Struct("<QQIIIHHB31s")

# Which bytes of the body an opcode has a use for; the rest is reserved.
QUEUE_FIELDS = {"base": (8, 8), "qid": (16, 2), "entries": (18, 2), "cqid": (20, 2),
                "vector": (22, 2), "reserved": (24, 8)}
ADMIN_FIELDS = {"buffer": (8, 8), "buffer_size": (16, 4), "selector": (20, 4), "value": (24, 4),
                "sq_id": (28, 2), "cid": (30, 2)}
RANGE_FIELDS = {"size": (8, 8), "range": (16, 4), "generation": (20, 4), "context": (24, 4),
                "rights": (28, 4)}
USED = {
    dev.DELETE_SQ: (QUEUE_FIELDS, {"qid"}),
    dev.CREATE_SQ: (QUEUE_FIELDS, {"base", "qid", "entries", "cqid"}),
    dev.DELETE_CQ: (QUEUE_FIELDS, {"qid"}),
    dev.CREATE_CQ: (QUEUE_FIELDS, {"base", "qid", "entries", "vector"}),
    dev.IDENTIFY: (ADMIN_FIELDS, {"buffer", "buffer_size"}),
    dev.LOG_PAGE: (ADMIN_FIELDS, {"buffer", "buffer_size", "selector", "value"}),
    dev.ABORT: (ADMIN_FIELDS, {"sq_id", "cid"}),
    dev.SET_FEATURE: (ADMIN_FIELDS, {"selector", "value"}),
    dev.GET_FEATURE: (ADMIN_FIELDS, {"selector"}),
    dev.ASYNC_EVENT: (ADMIN_FIELDS, set()),
    dev.RANGE_CREATE: (RANGE_FIELDS, {"size", "context"}),
    dev.RANGE_DESTROY: (RANGE_FIELDS, {"range", "generation"}),
    dev.RANGE_GRANT: (RANGE_FIELDS, {"range", "generation", "context", "rights"}),
    dev.CONTEXT_DESTROY: (RANGE_FIELDS, {"context"}),
}


class CommonTest(dev.TestCase):
    def test_unknown_opcodes(self):
        for opcode in (3, 7, 0xb, 0xd, 0x1f, 0x24, 0x7f, 0xff):
            self.assertStatus(self.device.admin(opcode), dev.INVALID_OPCODE, 0)

    def test_reserved_for_all(self):
        for how, field in (({"flags": 1}, 1), ({"sgl": 64}, 32), ({"entries": 1}, 40),
                           ({"deadline": 1}, 44), ({"result": (1, 0)}, 48),
                           ({"result": (0, 1 << 31)}, 56), ({"reserved": 1 << 31}, 60)):
            for opcode in USED:
                self.assertStatus(self.device.admin(opcode, **how), dev.RESERVED, field)

    def test_reserved_for_each(self):
        for opcode, (fields, used) in USED.items():
            for name, (at, size) in fields.items():
                if name in used:
                    continue
                # Its last byte, so that a part of the field would not do.
                body = bytearray(24)
                body[at - 8 + size - 1] = 0x80
                self.assertStatus(self.device.admin(opcode, bytes(body)), dev.RESERVED, at)


class IdentifyTest(dev.TestCase):
    def test_page(self):
        got, page = self.device.page(dev.IDENTIFY, 4096)
        self.assertStatus(got, dev.OK)
        self.assertEqual(got.value, 4096)
        (param, sq, cq, profiles, numerics, contexts, near, granule, ranges, sgl, events, clock,
         model, _, _, energy) = IDENTIFY.unpack_from(page)
        self.assertEqual((param, sq, cq, numerics), (1, 64, 32, 3))
        self.assertEqual((near, granule), (64 << 20, 4096))
        self.assertEqual((contexts, ranges, sgl, events), (65536, 65536, 1 << 20, 4))
        self.assertGreater(clock, 0)
        self.assertTrue(model.startswith(b"near-memory"))
        self.assertEqual(energy.rstrip(b"\0"), b"ddr4")
        entries = [struct.unpack_from("<II24s", page, 192 + 32 * i) for i in range(16)]
        self.assertEqual(entries[0][0], 1)
        self.assertEqual(entries[0][2].rstrip(b"\0"), b"portable")
        self.assertEqual(sum(flags & 1 for _, flags, _ in entries), 1)
        self.assertEqual(sum(bool(number) for number, _, _ in entries), profiles)
        self.assertEqual(page[192 + 16 * 32:], bytes(3392))

    def test_as_much_as_fits(self):
        buffer = self.memory.take(4096)
        self.memory.put(buffer, b"z" * 4096)
        got = self.device.admin(dev.IDENTIFY, ADMIN_BODY.pack(buffer, 10, 0, 0, 0, 0))
        self.assertEqual((got.status, got.value), (dev.OK, 10))
        self.assertEqual(self.memory.get(buffer + 10, 4086), b"z" * 4086)

    def test_buffer_that_cannot_be_reached(self):
        got = self.device.admin(dev.IDENTIFY, ADMIN_BODY.pack(0x7000000000, 4096, 0, 0, 0, 0))
        self.assertStatus(got, dev.DMA_ERROR, 8)


class QueueTest(dev.TestCase):
    def create(self, opcode, qid=2, entries=15, cqid=0, vector=0, base=None):
        base = self.memory.address if base is None else base
        return self.device.admin(opcode, QUEUE_BODY.pack(base, qid, entries, cqid, vector, 0))

    def test_bad_ids(self):
        for qid in (0, 1, 9, 64, 65, 0xffff):
            self.assertStatus(self.create(dev.CREATE_CQ, qid), dev.BAD_QUEUE, 16)
            self.assertStatus(self.create(dev.CREATE_SQ, qid, cqid=1), dev.BAD_QUEUE, 16)
        for qid in (0, 2, 9, 0xffff):
            self.assertStatus(self.device.delete(dev.DELETE_SQ, qid), dev.BAD_QUEUE, 16)
            self.assertStatus(self.device.delete(dev.DELETE_CQ, qid), dev.BAD_QUEUE, 16)

    def test_bad_sizes(self):
        for entries in (0, 1024, 0xffff):
            self.assertStatus(self.create(dev.CREATE_CQ, entries=entries), dev.BAD_QUEUE, 18)
            got = self.create(dev.CREATE_SQ, entries=entries, cqid=1)
            self.assertStatus(got, dev.BAD_QUEUE, 18)

    def test_bad_bases(self):
        for base in (1, 64, 4095, self.memory.address + 2048):
            self.assertStatus(self.create(dev.CREATE_CQ, base=base), dev.INVALID_FIELD, 8)
            self.assertStatus(self.create(dev.CREATE_SQ, cqid=1, base=base), dev.INVALID_FIELD, 8)

    def test_bad_vectors(self):
        for vector in (9, 0xffff):
            self.assertStatus(self.create(dev.CREATE_CQ, vector=vector), dev.BAD_VECTOR, 22)

    def test_bad_completion_queues(self):
        for cqid in (0, 2, 9, 0xffff):
            self.assertStatus(self.create(dev.CREATE_SQ, cqid=cqid), dev.BAD_QUEUE, 20)

    def test_largest(self):
        self.device.create_queue(2, entries=1024)

    def test_all_of_them(self):
        queues = [self.queue] + [self.device.create_queue(n, entries=4) for n in range(2, 9)]
        for queue in queues:
            self.assertStatus(queue.do(command(dev.NOP)), dev.OK)
            self.assertEqual(self.device.events[queue.number].take(), 1)

    def test_delete_and_create_again(self):
        for _ in range(20):
            self.assertStatus(self.device.delete(dev.DELETE_SQ, 1), dev.OK)
            self.assertStatus(self.device.delete(dev.DELETE_CQ, 1), dev.OK)
            self.assertStatus(self.device.create_queue(1, entries=8).do(command(dev.NOP)), dev.OK)

    def test_completion_queue_in_use(self):
        self.assertStatus(self.device.delete(dev.DELETE_CQ, 1), dev.QUEUE_BUSY, 16)

    def test_two_submission_queues_share_a_completion_queue(self):
        other = dev.Queue(self.device, 2, 8)
        self.assertStatus(self.device.create_sq(2, other.sq, 8, 1), dev.OK)
        other.submit(command(dev.NOP), cid=77)
        got = self.queue.wait()
        self.assertEqual((got.cid, got.sq_id), (77, 2))
        self.device.delete(dev.DELETE_SQ, 2)
        self.assertStatus(self.device.delete(dev.DELETE_CQ, 1), dev.QUEUE_BUSY, 16)
        self.device.delete(dev.DELETE_SQ, 1)
        self.assertStatus(self.device.delete(dev.DELETE_CQ, 1), dev.OK)


class DeleteInFlightTest(dev.TestCase):
    ARGS = (*dev.TestCase.ARGS, "--latency", "200000")

    def test_all_complete_with_aborted(self):
        for _ in range(10):
            self.queue.put(command(dev.NOP))
        self.queue.ring()
        cid = self.device.admin_queue.submit(
            command(dev.DELETE_SQ, QUEUE_BODY.pack(0, 1, 0, 0, 0, 0)))
        got = [self.queue.wait() for _ in range(10)]
        self.assertEqual(sorted(one.cid for one in got), list(range(1, 11)))
        self.assertEqual({one.status for one in got[1:]}, {dev.ABORTED})
        done = self.device.admin_queue.wait()
        self.assertEqual((done.cid, done.status), (cid, dev.OK))


class AbortTest(dev.TestCase):
    ARGS = (*dev.TestCase.ARGS, "--latency", "300000")

    def test_not_found(self):
        self.assertStatus(self.device.abort(1, 1), dev.NOT_FOUND, 30)

    def test_no_such_queue(self):
        for queue in (0, 2, 9, 0xffff):
            self.assertStatus(self.device.abort(queue, 1), dev.BAD_QUEUE, 28)

    def test_completed_already(self):
        cid = self.queue.submit(command(dev.NOP))
        self.queue.wait()
        self.assertStatus(self.device.abort(1, cid), dev.NOT_FOUND)

    def test_running(self):
        cid = self.queue.submit(command(dev.NOP))
        time.sleep(0.1)
        self.assertStatus(self.device.abort(1, cid), dev.OK)
        # Posted before the abort completed: no waiting.
        got = self.queue.poll()
        self.assertEqual((got.cid, got.status), (cid, dev.ABORTED))

    def test_waiting_in_the_ring(self):
        first = self.queue.put(command(dev.NOP))
        second = self.queue.put(command(dev.NOP))
        self.queue.ring()
        time.sleep(0.1)
        self.assertStatus(self.device.abort(1, second), dev.OK)
        self.assertEqual([(got.cid, got.status) for got in (self.queue.poll(), self.queue.poll())],
                         [(first, dev.OK), (second, dev.ABORTED)])


class FeatureTest(dev.TestCase):
    def test_set_and_get(self):
        for which, value in ((dev.COALESCE, 0x1234), (dev.DEADLINE_FEATURE, 0xffffffff)):
            self.assertEqual(self.device.feature(dev.GET_FEATURE, which).value, 0)
            self.assertEqual(self.device.feature(dev.SET_FEATURE, which, value).value, value)
            self.assertEqual(self.device.feature(dev.GET_FEATURE, which).value, value)

    def test_unknown(self):
        for which in (0, 3, 0xffffffff):
            for opcode in (dev.SET_FEATURE, dev.GET_FEATURE):
                self.assertStatus(self.device.feature(opcode, which), dev.BAD_FEATURE, 20)

    def test_coalesce_value(self):
        got = self.device.feature(dev.SET_FEATURE, dev.COALESCE, 0x10000)
        self.assertStatus(got, dev.INVALID_FIELD, 24)

    def test_coalesce_by_number(self):
        self.device.feature(dev.SET_FEATURE, dev.COALESCE, 4 | 255 << 8)
        event = self.device.events[1]
        for _ in range(3):
            self.queue.do(command(dev.NOP))
        self.queue.submit(command(dev.NOP))
        self.assertEqual(event.take(), 1)
        self.queue.wait()

    def test_coalesce_by_time(self):
        self.device.feature(dev.SET_FEATURE, dev.COALESCE, 200 | 250 << 8)
        began = time.monotonic()
        self.queue.do(command(dev.NOP))
        self.assertEqual(self.device.events[1].take(0), 0)
        self.assertEqual(self.device.events[1].take(), 1)
        self.assertGreater(time.monotonic() - began, 0.015)

    def test_coalescing_spares_the_admin_queue(self):
        self.device.feature(dev.SET_FEATURE, dev.COALESCE, 255 | 255 << 8)
        self.device.events[0].take()
        self.device.feature(dev.GET_FEATURE, dev.COALESCE)
        self.assertEqual(self.device.events[0].take(), 1)

    def test_deadline(self):
        """A deadline of 1 ms ends what takes longer."""
        place = self.device.range_create(32 << 20)
        self.device.feature(dev.SET_FEATURE, dev.DEADLINE_FEATURE, 1)
        statuses = {self.queue.do(self.device.data(dev.ZERO, place, 32 << 20)).status
                    for _ in range(5)}
        self.assertIn(dev.DEADLINE, statuses)
        self.device.feature(dev.SET_FEATURE, dev.DEADLINE_FEATURE, 0)
        self.assertStatus(self.queue.do(self.device.data(dev.ZERO, place, 32 << 20)), dev.OK)


class LogTest(dev.TestCase):
    def test_energy(self):
        got, page = self.device.page(dev.LOG_PAGE, 128, dev.LOG_ENERGY)
        self.assertEqual((got.status, got.value), (dev.OK, 128))
        values = LOG_ENERGY.unpack_from(page)
        self.assertGreater(values[3], 0)
        self.assertEqual(page[LOG_ENERGY.size:], bytes(32))
        self.assertLessEqual(values[3], self.device.read64(dev.ENERGY + 24))

    def test_errors_newest_first(self):
        for opcode in (0x70, 0x71, 0x72):
            self.queue.submit(command(opcode, context=9), cid=opcode)
            self.queue.wait()
        _, page = self.device.page(dev.LOG_PAGE, 4096, dev.LOG_ERROR)
        entries = [LOG_ERROR.unpack_from(page, 64 * i) for i in range(64)]
        self.assertEqual([(e[4], e[5], e[6], e[7], e[2], e[3]) for e in entries[:3]],
                         [(9, 1, opcode, opcode, dev.INVALID_OPCODE, 0)
                          for opcode in (0x72, 0x71, 0x70)])
        self.assertEqual([e[0] for e in entries[:3]], [entries[0][0] - i for i in range(3)])

    def test_context(self):
        before = LOG_ENERGY.unpack_from(self.device.page(dev.LOG_PAGE, 128, dev.LOG_CONTEXT, 55)[1])
        self.assertEqual(before, (0,) * 12)
        place = self.device.range_create(4096, 55)
        self.queue.do(self.device.data(dev.ZERO, place, 4096, context=55))
        self.queue.do(self.device.data(dev.ZERO, place, 4096, context=56))
        mine, other = (LOG_ENERGY.unpack_from(
            self.device.page(dev.LOG_PAGE, 128, dev.LOG_CONTEXT, context)[1])
            for context in (55, 56))
        self.assertEqual((mine[8], mine[10], mine[11]), (4096, 1, 0))
        self.assertEqual((other[8], other[10], other[11]), (0, 1, 1))
        self.device.context_destroy(55)
        after = LOG_ENERGY.unpack_from(self.device.page(dev.LOG_PAGE, 128, dev.LOG_CONTEXT, 55)[1])
        self.assertEqual(after, (0,) * 12)

    def test_unknown_pages(self):
        for page in (0, 5, 0xffffffff):
            got = self.device.admin(dev.LOG_PAGE, ADMIN_BODY.pack(0, 0, page, 0, 0, 0))
            self.assertStatus(got, dev.BAD_LOG_PAGE, 20)

    def test_context_of_a_page_that_has_none(self):
        got = self.device.admin(dev.LOG_PAGE, ADMIN_BODY.pack(0, 0, dev.LOG_ENERGY, 1, 0, 0))
        self.assertStatus(got, dev.RESERVED, 24)


class EventTest(dev.TestCase):
    def lose(self, place):
        self.assertEqual(self.server.control(f"lose {place[0]}"), "ok")

    def test_too_many(self):
        for n in range(4):
            self.device.admin_queue.submit(command(dev.ASYNC_EVENT), cid=1000 + n)
        self.device.admin_queue.submit(command(dev.ASYNC_EVENT), cid=2000)
        got = self.device.admin_queue.wait()
        self.assertEqual((got.cid, got.status), (2000, dev.TOO_MANY_EVENTS))
        self.assertTrue(self.device.admin_queue.quiet())

    def test_oldest_request_is_answered(self):
        place = self.device.range_create(4096)
        for cid in (1000, 1001):
            self.device.admin_queue.submit(command(dev.ASYNC_EVENT), cid=cid)
        self.lose(place)
        got = self.device.admin_queue.wait()
        self.assertEqual((got.cid, got.status, got.detail, got.value),
                         (1000, dev.OK, dev.EVENT_RANGE_LOST, place[0]))

    def test_event_waits_for_a_request(self):
        places = [self.device.range_create(4096) for _ in range(6)]
        for place in places:
            self.lose(place)
        values = set()
        for _ in places:
            got = self.device.admin(dev.ASYNC_EVENT)
            self.assertEqual(got.detail, dev.EVENT_RANGE_LOST)
            values.add(got.value)
        self.assertEqual(values, {number for number, _ in places})
        self.assertEqual(self.device.read32(dev.ERROR), dev.ERROR_NEAR)
        self.assertEqual(self.device.read32(dev.STATUS) & dev.FATAL, 0)

    def test_requests_vanish_with_a_reset(self):
        self.device.admin_queue.submit(command(dev.ASYNC_EVENT))
        time.sleep(0.05)
        self.device.wait_status(dev.BUSY, 0)
        self.device.soft_reset()
        self.device.enable()
        place = self.device.range_create(4096)
        self.lose(place)
        self.assertTrue(self.device.admin_queue.quiet())


class RangeTest(dev.TestCase):
    def free(self):
        return self.device.read64(dev.NEAR_FREE)

    def write(self, place, data=b"d" * 4096, context=1, **how):
        at = self.memory.take(len(data))
        self.memory.put(at, data)
        return self.queue.do(self.device.data(dev.WRITE, place, len(data),
                                              pieces=[(at, len(data))], context=context, **how))

    def read(self, place, length=4096, context=1, **how):
        at = self.memory.take(length)
        got = self.queue.do(self.device.data(dev.READ, place, length, pieces=[(at, length)],
                                             context=context, **how))
        return got, self.memory.get(at, length)

    def test_ids_are_not_used_again(self):
        seen = set()
        for _ in range(50):
            place = self.device.range_create(1)
            self.assertNotIn(place[0], seen)
            self.assertNotEqual(place[0], 0)
            seen.add(place[0])
            self.assertStatus(self.device.range_destroy(place), dev.OK)

    def test_sizes_are_whole_pages(self):
        before = self.free()
        for size, taken in ((1, 4096), (4096, 4096), (4097, 8192)):
            place = self.device.range_create(size)
            self.assertEqual(self.free(), before - taken)
            got, _ = self.read(place, taken)
            self.assertStatus(got, dev.OK)
            got, _ = self.read(place, taken + 1)
            self.assertStatus(got, dev.OUT_OF_RANGE)
            self.device.range_destroy(place)
        self.assertEqual(self.free(), before)

    def test_sizes_that_are_not(self):
        for size, status in ((0, dev.INVALID_FIELD), ((64 << 20) + 1, dev.NO_SPACE),
                             (0xffffffffffffffff, dev.NO_SPACE), (1 << 63, dev.NO_SPACE)):
            got = self.device.admin(dev.RANGE_CREATE, RANGE_BODY.pack(size, 0, 0, 1, 0))
            self.assertStatus(got, status, 8)

    def test_full(self):
        whole = self.device.range_create(64 << 20)
        self.assertEqual(self.free(), 0)
        got = self.device.admin(dev.RANGE_CREATE, RANGE_BODY.pack(1, 0, 0, 1, 0))
        self.assertStatus(got, dev.NO_SPACE, 8)
        self.device.range_destroy(whole)
        self.device.range_create(64 << 20)

    def test_new_ones_are_zero(self):
        place = self.device.range_create(8192)
        self.write(place, b"s" * 8192)
        self.device.range_destroy(place)
        place = self.device.range_create(8192, 2)
        self.assertEqual(self.read(place, 8192, 2)[1], bytes(8192))

    def test_destroyed_ones_are_not(self):
        place = self.device.range_create(4096)
        self.assertStatus(self.device.range_destroy((place[0], place[1] + 1)), dev.STALE_RANGE, 20)
        self.assertStatus(self.device.range_destroy(place), dev.OK)
        self.assertStatus(self.device.range_destroy(place), dev.NO_RANGE, 16)
        self.assertStatus(self.read(place)[0], dev.NO_RANGE)
        self.assertStatus(self.device.range_grant(place, 2, 1), dev.NO_RANGE, 16)

    def test_rights(self):
        place = self.device.range_create(4096)
        for rights in (0, dev.RIGHT_READ, dev.RIGHT_WRITE, dev.RIGHT_READ | dev.RIGHT_WRITE, 0):
            self.assertStatus(self.device.range_grant(place, 2, rights), dev.OK)
            self.assertStatus(self.read(place, context=2)[0],
                              dev.OK if rights & dev.RIGHT_READ else dev.NO_RIGHT)
            self.assertStatus(self.write(place, context=2),
                              dev.OK if rights & dev.RIGHT_WRITE else dev.NO_RIGHT)
            for context in (0, 3, dev.ALL_CONTEXTS):
                self.assertStatus(self.read(place, context=context)[0], dev.NO_RIGHT)

    def test_creator_can_lose_its_rights(self):
        place = self.device.range_create(4096)
        self.device.range_grant(place, 1, dev.RIGHT_READ)
        self.assertStatus(self.write(place), dev.NO_RIGHT)
        self.assertStatus(self.read(place)[0], dev.OK)

    def test_grant_errors(self):
        place = self.device.range_create(4096)
        self.assertStatus(self.device.range_grant(place, 2, 4), dev.INVALID_FIELD, 28)
        got = self.device.range_grant(place, dev.ALL_CONTEXTS, 1)
        self.assertStatus(got, dev.INVALID_FIELD, 24)
        self.assertStatus(self.device.range_grant((place[0], 99), 2, 1), dev.STALE_RANGE, 20)
        self.assertStatus(self.device.range_grant((0, 0), 2, 1), dev.NO_RANGE, 16)

    def test_all_contexts_creates_nothing(self):
        got = self.device.admin(dev.RANGE_CREATE, RANGE_BODY.pack(1, 0, 0, dev.ALL_CONTEXTS, 0))
        self.assertStatus(got, dev.INVALID_FIELD, 24)

    def test_stale_generation(self):
        place = self.device.range_create(4096)
        for generation in (0, place[1] + 1, 0xffffffff):
            self.assertStatus(self.read((place[0], generation))[0], dev.STALE_RANGE)

    def test_lost(self):
        place = self.device.range_create(4096)
        self.device.range_grant(place, 2, dev.RIGHT_READ)
        free = self.free()
        self.write(place)
        self.server.control(f"lose {place[0]}")
        self.assertStatus(self.read(place)[0], dev.STALE_RANGE)
        self.assertStatus(self.device.range_grant(place, 2, 1), dev.STALE_RANGE)
        got = self.device.range_grant(place, 1, dev.RIGHT_READ | dev.RIGHT_WRITE)
        self.assertStatus(got, dev.OK)
        fresh = got.value & 0xffffffff, got.value >> 32
        self.assertEqual(fresh[0], place[0])
        self.assertNotEqual(fresh[1], place[1])
        for context in (1, 2):
            self.assertEqual(self.read(fresh, context=context)[1], bytes(4096))
        self.assertStatus(self.write(fresh), dev.OK)
        self.assertEqual(self.free(), free)
        self.assertStatus(self.device.range_destroy(fresh), dev.OK)

    def test_losing_what_is_not(self):
        self.assertTrue(self.server.control("lose 4294967295").startswith("error"))

    def test_context_destroy(self):
        mine = [self.device.range_create(4096, 5) for _ in range(3)]
        other = self.device.range_create(4096, 6)
        self.device.range_grant(other, 5, dev.RIGHT_READ)
        self.assertStatus(self.device.context_destroy(5), dev.OK)
        for place in mine:
            self.assertStatus(self.read(place, context=5)[0], dev.NO_RANGE)
        self.assertStatus(self.read(other, context=5)[0], dev.NO_RIGHT)
        self.assertStatus(self.read(other, context=6)[0], dev.OK)
        self.assertStatus(self.device.context_destroy(5), dev.OK)

    def test_all_contexts_destroyed(self):
        for context in (0, 1, 2):
            self.device.range_create(4096, context)
        self.assertStatus(self.device.context_destroy(dev.ALL_CONTEXTS), dev.OK)
        self.assertEqual(self.free(), 64 << 20)


class RangeListTest(dev.TestCase):
    def test_none(self):
        self.assertEqual(self.device.ranges(), [])

    def test_all(self):
        places = [self.device.range_create(1 + 4096 * i, context=i) for i in range(5)]
        self.device.range_destroy(places[1])
        expected = [(*places[i], i, 4096 * (i + 1)) for i in (0, 2, 3, 4)]
        self.assertEqual(self.device.ranges(), expected)
        self.assertEqual(self.device.ranges(places[2][0]), expected[1:])
        self.assertEqual(self.device.ranges(places[1][0]), expected[1:])
        self.assertEqual(self.device.ranges(places[4][0] + 1), [])

    def test_page_by_page(self):
        places = [self.device.range_create(1) for _ in range(70)]
        seen, start = [], 0
        while True:
            page = self.device.ranges(start, 32 * 16 + 31)
            if not page:
                break
            self.assertLessEqual(len(page), 16)
            seen += [entry[:2] for entry in page]
            start = page[-1][0] + 1
        self.assertEqual(seen, places)
        self.assertEqual(self.device.ranges(0, 31), [])

    def test_generation_after_a_loss(self):
        place = self.device.range_create(1)
        self.server.control(f"lose {place[0]}")
        (entry,) = self.device.ranges()
        self.assertEqual(entry[0], place[0])
        self.assertNotEqual(entry[1], place[1])

    def test_after_resets(self):
        place = self.device.range_create(1)
        for reset in (self.device.soft_reset, self.device.flr):
            reset()
            self.device.master(True)
            self.device.enable()
            self.assertEqual(self.device.ranges(), [(*place, 1, 4096)])


class BusyTest(dev.TestCase):
    ARGS = ("--near-size", "512M", "--threads", "1")

    def test_in_use(self):
        place = self.device.range_create(256 << 20)
        self.queue.submit(self.device.data(dev.ZERO, place, 256 << 20))
        time.sleep(0.01)
        self.assertStatus(self.device.range_destroy(place), dev.RANGE_BUSY, 16)
        self.assertStatus(self.device.context_destroy(1), dev.RANGE_BUSY, 24)
        self.assertStatus(self.queue.wait(), dev.OK)
        self.assertStatus(self.device.range_destroy(place), dev.OK)

    def test_lost_while_in_use(self):
        """On a busy machine the range may be lost before or after the command: then once more."""
        for attempt in range(20):
            place = self.device.range_create(256 << 20)
            self.queue.submit(self.device.data(dev.ZERO, place, 256 << 20))
            time.sleep(0.002 * attempt)
            self.assertEqual(self.server.control(f"lose {place[0]}"), "ok")
            got = self.queue.wait()
            if got.status not in (dev.OK, dev.STALE_RANGE):
                break
            self.assertStatus(self.device.range_destroy(self.device.ranges()[-1][:2]), dev.OK)
        self.assertStatus(got, dev.INTERNAL, 8)

    def test_abort_of_a_long_one(self):
        place = self.device.range_create(256 << 20)
        cid = self.queue.submit(self.device.data(dev.ZERO, place, 256 << 20))
        time.sleep(0.01)
        self.assertStatus(self.device.abort(1, cid), dev.OK)
        self.assertStatus(self.queue.poll(), dev.ABORTED)


if __name__ == "__main__":
    unittest.main()
