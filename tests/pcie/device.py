# SPDX-License-Identifier: GPL-2.0-only
"""A driver in Python, as small as will do: registers, rings, commands."""
import struct
import time

import client as vfio
from client import BAR0, CONFIG, SECONDS, Eventfd

# uapi/nms_hw.h, written down a second time from Documentation/hardware.rst.
CAP, VERSION, CONFIG_REG, STATUS, RESET, RESETS = 0x00, 0x08, 0x10, 0x14, 0x18, 0x1c
ADMIN_SIZE, ADMIN_SQ, ADMIN_CQ, NEAR_SIZE, NEAR_FREE = 0x20, 0x28, 0x30, 0x38, 0x40
ENERGY, LINK_IN, LINK_OUT, NEAR_READ, NEAR_WRITE = 0x100, 0x140, 0x148, 0x150, 0x158
BUSY_CYCLES, COMMANDS, ERRORS = 0x160, 0x168, 0x170
ERROR, ERROR_ADDR, DOORBELL = 0x180, 0x188, 0x1000
READY, FATAL, BUSY = 1, 2, 4
RESET_KEY = 0x4e4d5352
ERROR_DMA, ERROR_DOORBELL, ERROR_NEAR, ERROR_INTERNAL = 1, 2, 4, 8

NOP, WRITE, READ, ZERO, REDUCE, EMBED, SELECT, GATHER = 0, 1, 2, 3, 0x10, 0x11, 0x12, 0x13
(DELETE_SQ, CREATE_SQ, LOG_PAGE, DELETE_CQ, CREATE_CQ, IDENTIFY, ABORT, SET_FEATURE, GET_FEATURE,
 ASYNC_EVENT) = 0, 1, 2, 4, 5, 6, 8, 9, 0xa, 0xc
RANGE_CREATE, RANGE_DESTROY, RANGE_GRANT, CONTEXT_DESTROY = 0x20, 0x21, 0x22, 0x23
RIGHT_READ, RIGHT_WRITE = 1, 2
LOG_ENERGY, LOG_ERROR, LOG_CONTEXT, LOG_RANGES = 1, 2, 3, 4
COALESCE, DEADLINE_FEATURE = 1, 2
EVENT_ERROR, EVENT_RANGE_LOST = 1, 2
ALL_CONTEXTS = 0xffffffff

OK, INVALID_OPCODE, INVALID_FIELD, INVALID_VERSION, INVALID_SIZE, RESERVED = 0, 1, 2, 3, 4, 5
NO_RANGE, STALE_RANGE, NO_RIGHT, OUT_OF_RANGE, NO_SPACE = 0x10, 0x11, 0x12, 0x13, 0x14
NO_MEMORY = 0x38
DMA_ERROR = 0x20
CANCELLED, DEADLINE, ABORTED = 0x40, 0x41, 0x42
BAD_QUEUE, BAD_VECTOR, QUEUE_BUSY, BAD_LOG_PAGE, BAD_FEATURE, NOT_FOUND = range(0x50, 0x56)
TOO_MANY_EVENTS, RANGE_BUSY, INTERNAL = 0x56, 0x57, 0x7f

CMD = struct.Struct("<BBHI24sQIIQII")
CQE = struct.Struct("<QIIQHHHH")
SGE = struct.Struct("<QII")
NEAR = struct.Struct("<IIQ")
QUEUE_BODY = struct.Struct("<QHHHHQ")
ADMIN_BODY = struct.Struct("<QIIIHH")
RANGE_BODY = struct.Struct("<QIIII")
RANGE_ENTRY = struct.Struct("<IIIIQQ")
COMPUTE_BODY = struct.Struct("<QIIQ")
assert CMD.size == 64 and CQE.size == 32


class Completion:
    def __init__(self, data):
        (self.value, self.detail, self.zero0, self.zero1, self.sq_id, self.sq_head, self.cid,
         status) = CQE.unpack(data)
        self.phase, self.status = status & 1, status >> 1

    def __repr__(self):
        return (f"<cid {self.cid} status {self.status:#x} detail {self.detail} "
                f"value {self.value:#x} sq {self.sq_id}>")


class Timeout(Exception):
    pass


def command(opcode, body=b"", *, cid=0, context=0, sgl=0, entries=0, deadline=0, flags=0,
            result=(0, 0), reserved=0):
    return CMD.pack(opcode, flags, cid, context, body.ljust(24, b"\0"), sgl, entries, deadline,
                    *result, reserved)


class Queue:
    """A submission ring with its completion ring."""

    def __init__(self, device, number, entries, cq_entries=None, vector=None, cq=None):
        self.device, self.number, self.entries = device, number, entries
        self.cq_entries = cq_entries or entries
        self.sq = device.memory.take(entries * 64)
        self.cq = device.memory.take(self.cq_entries * 32)
        device.memory.put(self.cq, bytes(self.cq_entries * 32))
        self.tail = self.head = 0
        self.phase = 1
        self.cid = 0
        self.vector = number if vector is None else vector

    def put(self, data, cid=None):
        """Write a command into the ring, without the doorbell; its id."""
        if cid is None:
            self.cid = cid = (self.cid + 1) & 0x7fff
        data = data[:2] + struct.pack("<H", cid) + data[4:]
        self.device.memory.put(self.sq + self.tail * 64, data)
        self.tail = (self.tail + 1) % self.entries
        return cid

    def ring(self, value=None):
        self.device.doorbell(self.number, False, self.tail if value is None else value)

    def submit(self, data, cid=None):
        cid = self.put(data, cid)
        self.ring()
        return cid

    def poll(self):
        """The next completion, or None; the doorbell is not rung."""
        got = Completion(self.device.memory.get(self.cq + self.head * 32, 32))
        if got.phase != self.phase:
            return None
        self.head += 1
        if self.head == self.cq_entries:
            self.head, self.phase = 0, self.phase ^ 1
        return got

    def consume(self):
        self.device.doorbell(self.number, True, self.head)

    def wait(self, seconds=SECONDS, consume=True):
        deadline = time.monotonic() + seconds
        while True:
            got = self.poll()
            if got:
                if consume:
                    self.consume()
                return got
            if time.monotonic() > deadline:
                raise Timeout
            time.sleep(0.0005)

    def quiet(self, seconds=0.1):
        try:
            return not self.wait(seconds)
        except Timeout:
            return True

    def do_any(self, data, seconds=SECONDS):
        """Submit, and return the next completion, whatever it is of."""
        self.submit(data)
        return self.wait(seconds)

    def do(self, data, seconds=SECONDS):
        cid = self.submit(data)
        got = self.wait(seconds)
        if got.cid != cid:
            raise AssertionError(f"completion of {got.cid}, not of {cid}")
        return got


class Device:
    """What a driver keeps of a device that it has brought up."""

    def __init__(self, client, memory, vectors=9, start=True, entries=32):
        self.client, self.memory = client, memory
        self.events = []
        self.queues = {}
        self.admin_queue = None
        client.dma_map(memory.address, memory.size, memory.fd)
        self.master(True)
        for vector in range(vectors):
            self.events.append(Eventfd())
            client.set_irqs(vfio.DATA_EVENTFD | vfio.TRIGGER, vector, 1, [self.events[-1].fd])
        self.stride = 4 << (self.read64(CAP) >> 16 & 0xf)
        if start:
            self.enable(entries)

    def close(self):
        for event in self.events:
            event.close()

    def master(self, on):
        self.client.write(CONFIG, 4, struct.pack("<H", 6 if on else 2))

    def read32(self, offset):
        return struct.unpack("<I", self.client.read(BAR0, offset, 4))[0]

    def read64(self, offset):
        return struct.unpack("<Q", self.client.read(BAR0, offset, 8))[0]

    def write32(self, offset, value):
        self.client.write(BAR0, offset, struct.pack("<I", value), posted=True)

    def write64(self, offset, value):
        self.client.write(BAR0, offset, struct.pack("<Q", value), posted=True)

    def doorbell(self, queue, completion, value):
        self.write32(DOORBELL + (2 * queue + completion) * self.stride, value)

    def wait_status(self, mask, value, seconds=SECONDS):
        deadline = time.monotonic() + seconds
        while self.read32(STATUS) & mask != value:
            if time.monotonic() > deadline:
                raise Timeout(f"status {self.read32(STATUS):#x}")
            time.sleep(0.001)

    def set_admin(self, queue):
        self.write32(ADMIN_SIZE, (queue.entries - 1) | (queue.cq_entries - 1) << 16)
        self.write64(ADMIN_SQ, queue.sq)
        self.write64(ADMIN_CQ, queue.cq)

    def enable(self, entries=32, cq_entries=None):
        self.queues = {}
        self.admin_queue = Queue(self, 0, entries, cq_entries)
        self.set_admin(self.admin_queue)
        self.write32(CONFIG_REG, 1)
        self.wait_status(READY | FATAL, READY)

    def disable(self):
        self.write32(CONFIG_REG, 0)
        self.wait_status(READY, 0)

    def soft_reset(self):
        self.write32(RESET, RESET_KEY)
        self.wait_status(0xffffffff, 0)

    def flr(self):
        self.client.write(CONFIG, 0x50 + 8, struct.pack("<H", 0x8000))

    def admin(self, opcode, body=b"", **how):
        return self.admin_queue.do(command(opcode, body, **how))

    def create_cq(self, number, base, entries, vector):
        return self.admin(CREATE_CQ, QUEUE_BODY.pack(base, number, entries - 1, 0, vector, 0))

    def create_sq(self, number, base, entries, cqid):
        return self.admin(CREATE_SQ, QUEUE_BODY.pack(base, number, entries - 1, cqid, 0, 0))

    def create_queue(self, number, entries=64, cq_entries=None, vector=None):
        queue = Queue(self, number, entries, cq_entries, vector)
        for got in (self.create_cq(number, queue.cq, queue.cq_entries, queue.vector),
                    self.create_sq(number, queue.sq, entries, number)):
            if got.status:
                raise AssertionError(got)
        self.queues[number] = queue
        return queue

    def delete(self, opcode, number):
        return self.admin(opcode, QUEUE_BODY.pack(0, number, 0, 0, 0, 0))

    def abort(self, queue, cid):
        return self.admin(ABORT, ADMIN_BODY.pack(0, 0, 0, 0, queue, cid))

    def range_create(self, size, context=1):
        """(range, generation)"""
        got = self.admin(RANGE_CREATE, RANGE_BODY.pack(size, 0, 0, context, 0))
        if got.status:
            raise AssertionError(got)
        return got.value & 0xffffffff, got.value >> 32

    def range_destroy(self, place):
        return self.admin(RANGE_DESTROY, RANGE_BODY.pack(0, *place, 0, 0))

    def range_grant(self, place, context, rights):
        return self.admin(RANGE_GRANT, RANGE_BODY.pack(0, *place, context, rights))

    def context_destroy(self, context):
        return self.admin(CONTEXT_DESTROY, RANGE_BODY.pack(0, 0, 0, context, 0))

    def page(self, opcode, size, selector=0, value=0):
        """(completion, the page that was written to host memory)"""
        buffer = self.memory.take(size)
        got = self.admin(opcode, ADMIN_BODY.pack(buffer, size, selector, value, 0, 0))
        return got, self.memory.get(buffer, size)

    def ranges(self, start=0, size=4096):
        """[(id, generation, creator, size)] of one page of the list."""
        got, page = self.page(LOG_PAGE, size, LOG_RANGES, start)
        if got.status or got.value % 32:
            raise AssertionError(got)
        entries = [RANGE_ENTRY.unpack_from(page, at) for at in range(0, got.value, 32)]
        if any(entry[3] or entry[5] for entry in entries):
            raise AssertionError("reserved fields are not zero")
        return [entry[:3] + entry[4:5] for entry in entries]

    def feature(self, opcode, which, value=0):
        return self.admin(opcode, ADMIN_BODY.pack(0, 0, which, value, 0, 0))

    def scatter(self, *pieces):
        """A scatter list in host memory: (its address, entries)."""
        at = self.memory.take(16 * len(pieces), 16)
        self.memory.put(at, b"".join(SGE.pack(address, length, 0) for address, length in pieces))
        return at, len(pieces)

    def data(self, opcode, place, length, offset=0, pieces=(), **how):
        sgl, entries = self.scatter(*pieces) if pieces else (0, 0)
        how.setdefault("context", 1)
        return command(opcode, NEAR.pack(*place, offset) + struct.pack("<Q", length), sgl=sgl,
                       entries=entries, **how)


class TestCase(vfio.TestCase):
    """Each test has a device that is enabled, with one queue pair."""
    MEMORY = 16 << 20
    START = True

    def setUp(self):
        super().setUp()
        self.memory = vfio.Memory(self.MEMORY)
        self.device = Device(self.client, self.memory, start=self.START)
        if self.START:
            self.device.context_destroy(ALL_CONTEXTS)
            self.queue = self.device.create_queue(1)

    def tearDown(self):
        self.server.control("clear")
        super().tearDown()
        self.device.close()
        self.memory.close()

    def assertStatus(self, got, status, detail=None):
        self.assertEqual(got.status, status, got)
        if detail is not None:
            self.assertEqual(got.detail, detail, got)
