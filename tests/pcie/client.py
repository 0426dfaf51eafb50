# SPDX-License-Identifier: GPL-2.0-only
"""A small vfio-user client, and the device process that it talks to.

The protocol is that of the vfio-user specification; this file shares nothing
with the server under test.
"""
import array
import contextlib
import errno
import json
import mmap
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time
import unittest

(VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO, GET_REGION_IO_FDS, GET_IRQ_INFO, SET_IRQS,
 REGION_READ, REGION_WRITE, DMA_READ, DMA_WRITE, RESET) = range(1, 14)

TYPE_REPLY, NO_REPLY, ERROR = 0x1, 0x10, 0x20
BAR0, BAR2, CONFIG = 0, 2, 7
MSIX = 2
DATA_NONE, DATA_BOOL, DATA_EVENTFD, TRIGGER = 0x01, 0x02, 0x04, 0x20
READ, WRITE = 0x1, 0x2

HEADER = struct.Struct("<HHIII")
MAP = struct.Struct("<IIQQQ")
UNMAP = struct.Struct("<IIQQ")
INFO = struct.Struct("<IIII")
REGION_INFO = struct.Struct("<IIIIQQ")
IRQ_INFO = struct.Struct("<IIII")
IRQS = struct.Struct("<IIIII")
ACCESS = struct.Struct("<QII")

OUR_VERSION = {"capabilities": {"max_msg_fds": 16, "max_data_xfer_size": 1 << 20,
                                "migration": {"pgsize": 4096}, "write_multiple": True}}
SECONDS = 20


class Refused(Exception):
    """The server answered with an error."""

    def __init__(self, number):
        super().__init__(errno.errorcode.get(number, str(number)))
        self.errno = number


class Gone(Exception):
    """The server has closed the connection."""


class Reply:
    def __init__(self, header, data):
        self.id, self.command, self.size, self.flags, self.error = HEADER.unpack(header)
        self.data = data


class Client:
    """One connection.  Messages can be as malformed as the caller wants."""

    def __init__(self, path, greet=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(str(path))
        self.next_id = 0
        if greet:
            self.version()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, command, data=b"", *, flags=0, fds=(), size=None, error=0, number=None):
        if number is None:
            self.next_id = number = (self.next_id + 1) & 0xffff
        size = HEADER.size + len(data) if size is None else size
        header = HEADER.pack(number, command, size, flags, error)
        self.raw(header + data, fds)
        return number

    def raw(self, data, fds=()):
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            sent = self.socket.sendmsg([data], extra)
            if sent < len(data):
                self.socket.sendall(data[sent:])
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Gone from e

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            try:
                part = self.socket.recv(size - len(data))
            except ConnectionResetError as e:
                raise Gone from e
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        header = self._exactly(HEADER.size)
        return Reply(header, self._exactly(HEADER.unpack(header)[2] - HEADER.size))

    def quiet(self, seconds=0.1):
        """Nothing comes from the server for so long."""
        return not select.select([self.socket], [], [], seconds)[0]

    def call(self, command, data=b"", **how):
        number = self.send(command, data, **how)
        reply = self.receive()
        if (reply.id, reply.command, reply.flags & 0xf) != (number, command, TYPE_REPLY):
            raise AssertionError("the reply is not that of the request")
        if reply.flags & ERROR:
            raise Refused(reply.error)
        return reply.data

    def version(self, major=0, minor=0, text=None):
        text = json.dumps(OUR_VERSION).encode() + b"\0" if text is None else text
        data = self.call(VERSION, struct.pack("<HH", major, minor) + text)
        return struct.unpack_from("<HH", data), data[4:]

    def dma_map(self, address, size, fd=None, offset=0, flags=READ | WRITE):
        self.call(DMA_MAP, MAP.pack(MAP.size, flags, offset, address, size),
                  fds=[] if fd is None else [fd])

    def dma_unmap(self, address, size, flags=0):
        return self.call(DMA_UNMAP, UNMAP.pack(UNMAP.size, flags, address, size))

    def read(self, region, offset, count):
        data = self.call(REGION_READ, ACCESS.pack(offset, region, count))
        if ACCESS.unpack_from(data) != (offset, region, count) or len(data) != ACCESS.size + count:
            raise AssertionError("the answer is not to the question")
        return data[ACCESS.size:]

    def write(self, region, offset, data, posted=False):
        message = ACCESS.pack(offset, region, len(data)) + data
        if posted:
            self.send(REGION_WRITE, message, flags=NO_REPLY)
        else:
            self.call(REGION_WRITE, message)

    def memory_space(self, on=True):
        """Have the function answer for its BARs, and start no DMA."""
        self.write(CONFIG, 4, b"\2\0" if on else b"\0\0")

    def set_irqs(self, flags, start, count, fds=(), index=MSIX):
        self.call(SET_IRQS, IRQS.pack(IRQS.size, flags, index, start, count), fds=fds)

    def reset(self):
        self.call(RESET)


class Server:
    """The device process; its socket, and its control socket."""

    def __init__(self, *args, folder=None):
        self.own = None if folder else tempfile.TemporaryDirectory(prefix="nms-pcie-")
        folder = folder or pathlib.Path(self.own.name)
        self.path = folder / "device"
        self.control_path = folder / "control"
        self.errors = open(folder / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.environ["NMS_PCIE"], "--socket", self.path, "--control",
             self.control_path, *args], stdin=subprocess.DEVNULL, stderr=self.errors)
        deadline = time.monotonic() + SECONDS
        while not self.path.exists() or not self.control_path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the device process does not listen: " + self.said())
            time.sleep(0.01)

    def said(self):
        self.errors.flush()
        return pathlib.Path(self.errors.name).read_text(encoding="utf-8")

    def alive(self):
        return self.process.poll() is None

    def connect(self, greet=True):
        return Client(self.path, greet)

    def control(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(SECONDS)
            s.connect(str(self.control_path))
            s.sendall(line.encode() + b"\n")
            return s.makefile().readline().strip()

    def stop(self):
        """End it by SIGTERM; its exit status."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = "deaf to SIGTERM"
        self.errors.close()
        if self.own:
            self.own.cleanup()
        return status


class Memory:
    """Host memory to be shared with the device, seen by it at @address."""

    def __init__(self, size, address=0x10000000):
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, size)
        self.map = mmap.mmap(self.fd, size)
        self.size, self.address, self.used = size, address, 0

    def close(self):
        with contextlib.suppress(BufferError):
            self.map.close()
        os.close(self.fd)

    def take(self, size, align=4096):
        """The address of @size fresh bytes."""
        self.used = (self.used + align - 1) // align * align
        at = self.used
        self.used += size
        if self.used > self.size:
            raise MemoryError
        return self.address + at

    def get(self, address, size):
        at = address - self.address
        return self.map[at:at + size]

    def put(self, address, data):
        at = address - self.address
        self.map[at:at + len(data)] = bytes(data)


class Eventfd:
    def __init__(self):
        self.fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC) if hasattr(os, "eventfd") \
            else _eventfd()

    def take(self, seconds=SECONDS):
        """How often it was signalled; 0 if not within @seconds."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return 0
        return struct.unpack("<Q", os.read(self.fd, 8))[0]

    def close(self):
        os.close(self.fd)


def _eventfd():
    import ctypes
    fd = ctypes.CDLL(None, use_errno=True).eventfd(0, os.O_NONBLOCK | os.O_CLOEXEC)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "eventfd")
    return fd


class TestCase(unittest.TestCase):
    """Each class has a device process, each test its own connection.

    When a test has ended the process must still be there and serve.
    """
    ARGS = ("--near-size", "64M", "--threads", "1")

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.ARGS)

    @classmethod
    def tearDownClass(cls):
        status = cls.server.stop()
        if status:
            raise AssertionError(f"the device process ended with {status}")

    def setUp(self):
        self.client = self.server.connect()

    def tearDown(self):
        self.client.close()
        self.assertServes()

    def assertServes(self):
        with self.server.connect() as client:
            self.assertEqual(client.read(CONFIG, 0, 2), b"\x34\x12")
        self.assertTrue(self.server.alive())

    @contextlib.contextmanager
    def refused(self, *numbers):
        with self.assertRaises(Refused) as caught:
            yield
        self.assertIn(caught.exception.errno, numbers)
