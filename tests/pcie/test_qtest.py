# SPDX-License-Identifier: GPL-2.0-only
"""The device behind QEMU's own vfio-user client, driven by qtest: no kernel runs."""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import client as vfio
import device as dev
from client import SECONDS

VM = pathlib.Path(__file__).resolve().parent.parent / "vm"
RAM = 64 << 20
SLOT = 4				# on the root bus
BAR0, BAR2 = 0xe0000000, 0xe0010000	# where we put them
RINGS = 16 << 20			# in the guest's memory


def find_qemu():
    """(folder that QEMU sees as its root, command), or None with the reason."""
    here = shutil.which("qemu-system-x86_64")
    if here:
        out = subprocess.run([here, "-device", "help"], capture_output=True, text=True, check=False)
        if "vfio-user-pci" in out.stdout:
            return pathlib.Path("/"), [here]
    out = subprocess.run([VM / "system", "--cached"], capture_output=True, text=True, check=False)
    if out.returncode:
        raise unittest.SkipTest("no QEMU with vfio-user-pci: " + out.stderr.strip())
    root = pathlib.Path(out.stdout.strip())
    return root, [shutil.which("chroot", path=os.environ["PATH"] + ":/usr/sbin:/sbin"), str(root),
                  "qemu-system-x86_64"]


class Qtest:
    """QEMU's machine without a running processor; qtest's protocol is lines of text."""

    def __init__(self, folder, root, command):
        inside = "/" + str(folder.relative_to(root))
        self.qtest = socket.socket(socket.AF_UNIX)
        self.qtest.bind(str(folder / "qtest"))
        self.qtest.listen(1)
        self.qtest.settimeout(SECONDS)
        self.process = subprocess.Popen(
            [*command, "-accel", "qtest", "-qtest", f"unix:{inside}/qtest",
             "-qtest-log", "/dev/null", "-display", "none",
             "-nodefaults", "-m", str(RAM >> 20), "-object",
             f"memory-backend-memfd,id=mem,size={RAM},share=on", "-machine",
             "q35,memory-backend=mem", "-device",
             '{"driver":"vfio-user-pci","bus":"pcie.0","addr":"%d",'
             '"socket":{"type":"unix","path":"%s/device"}}' % (SLOT, inside)],
            stdin=subprocess.DEVNULL)
        self.stream = self.qtest.accept()[0]
        self.stream.settimeout(SECONDS)
        self.lines = self.stream.makefile()

    def close(self):
        self.stream.close()
        self.qtest.close()
        self.process.terminate()
        self.process.wait(SECONDS)

    def ask(self, text):
        self.stream.sendall(text.encode() + b"\n")
        while True:
            answer = self.lines.readline().split()
            if not answer:
                raise RuntimeError("QEMU has ended")
            if answer[0] != "IRQ":
                break
        if answer[0] != "OK":
            raise RuntimeError(" ".join(answer))
        return answer[1] if len(answer) > 1 else ""

    def config_read(self, offset, size=4):
        self.ask(f"outl 0xcf8 {0x80000000 | SLOT << 11 | offset & 0xfc:#x}")
        verb = {1: "inb", 2: "inw", 4: "inl"}[size]
        return int(self.ask(f"{verb} {0xcfc + (offset & 3):#x}"), 0)

    def config_write(self, offset, value, size=4):
        self.ask(f"outl 0xcf8 {0x80000000 | SLOT << 11 | offset & 0xfc:#x}")
        verb = {1: "outb", 2: "outw", 4: "outl"}[size]
        self.ask(f"{verb} {0xcfc + (offset & 3):#x} {value:#x}")

    def get(self, address, size):
        return bytes.fromhex(self.ask(f"read {address:#x} {size:#x}")[2:])

    def put(self, address, data):
        self.ask(f"write {address:#x} {len(data):#x} 0x{data.hex()}")


class Bar:
    """The registers, reached through the machine: what device.py needs of client.Client."""

    def __init__(self, qtest):
        self.qtest = qtest

    def read(self, region, offset, count):
        verb = {4: "readl", 8: "readq"}[count]
        value = int(self.qtest.ask(f"{verb} {BAR0 + offset:#x}"), 0)
        return value.to_bytes(count, "little")

    def write(self, region, offset, data, posted=False):
        if region == vfio.CONFIG:
            self.qtest.config_write(offset, int.from_bytes(data, "little"), len(data))
            return
        verb = {4: "writel", 8: "writeq"}[len(data)]
        self.qtest.ask(f"{verb} {BAR0 + offset:#x} {int.from_bytes(data, 'little'):#x}")

    def dma_map(self, *_):
        """QEMU maps its memory itself."""

    def set_irqs(self, *_):
        """And does so with vectors."""


class GuestMemory:
    def __init__(self, qtest):
        self.qtest, self.address, self.size, self.used = qtest, RINGS, 8 << 20, 0
        self.fd = None

    take = vfio.Memory.take

    def get(self, address, size):
        return self.qtest.get(address, size)

    def put(self, address, data):
        self.qtest.put(address, bytes(data))


class QtestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root, cls.command = find_qemu()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="nms-qtest-", dir=self.root / "tmp")
        folder = pathlib.Path(self.folder.name)
        self.server = vfio.Server("--near-size", "64M", "--threads", "1", folder=folder)
        self.qtest = Qtest(folder, self.root, self.command)

    def tearDown(self):
        self.qtest.close()
        status = self.server.stop()
        self.folder.cleanup()
        self.assertEqual(status, 0)

    def capabilities(self):
        """{id: offset} of the standard list."""
        found, at = {}, self.qtest.config_read(0x34, 1)
        while at:
            found[self.qtest.config_read(at, 1)] = at
            at = self.qtest.config_read(at + 1, 1)
        return found

    def place_bars(self):
        for offset, address in ((0x10, BAR0), (0x18, BAR2)):
            self.qtest.config_write(offset, address)
            self.qtest.config_write(offset + 4, 0)
        self.qtest.config_write(4, 6, 2)

    def bring_up(self):
        self.place_bars()
        return dev.Device(Bar(self.qtest), GuestMemory(self.qtest), vectors=0)

    def test_identity(self):
        self.assertEqual(self.qtest.config_read(0), 0x4e531234)
        self.assertEqual(self.qtest.config_read(8) >> 8, 0x120000)

    def test_capabilities(self):
        self.assertLessEqual({0x01, 0x10, 0x11}, set(self.capabilities()))

    def test_express_has_flr(self):
        at = self.capabilities()[0x10]
        self.assertTrue(self.qtest.config_read(at + 4) & 1 << 28)

    def test_msix_table_size(self):
        at = self.capabilities()[0x11]
        self.assertEqual(self.qtest.config_read(at + 2, 2) & 0x7ff, 9 - 1)

    def test_bar_sizes(self):
        for offset, size in ((0x10, 0x4000), (0x18, 0x1000)):
            self.qtest.config_write(offset, 0xffffffff)
            got = self.qtest.config_read(offset)
            self.assertEqual(got & 0xf, 4)
            self.assertEqual(1 + (~(got & ~0xf) & 0xffffffff), size)

    def test_registers(self):
        self.place_bars()
        bar = Bar(self.qtest)
        self.assertEqual(bar.read(0, dev.VERSION, 4), struct.pack("<I", 0x10000))
        self.assertEqual(bar.read(0, dev.NEAR_SIZE, 8), struct.pack("<Q", 64 << 20))

    def test_nop_round_trip(self):
        device = self.bring_up()
        queue = device.create_queue(1, vector=0)
        got = queue.do(dev.command(dev.NOP))
        self.assertEqual((got.status, got.sq_id), (dev.OK, 1))

    def test_data_round_trip(self):
        device = self.bring_up()
        queue = device.create_queue(1, vector=0)
        place = device.range_create(4096)
        source, target = device.memory.take(4096), device.memory.take(4096)
        data = os.urandom(4096)
        device.memory.put(source, data)
        for opcode, at in ((dev.WRITE, source), (dev.READ, target)):
            got = queue.do(device.data(opcode, place, 4096, pieces=[(at, 4096)]))
            self.assertEqual(got.status, dev.OK, got)
        self.assertEqual(device.memory.get(target, 4096), data)

    def test_msix_message(self):
        """A completion becomes a write of the vector's message into memory."""
        device = self.bring_up()
        mailbox = device.memory.take(4096)
        cap = self.capabilities()[0x11]
        self.qtest.config_write(cap + 2, 0x8000, 2)
        for vector in range(2):
            entry = BAR2 + 16 * vector
            for word, value in enumerate((mailbox + 4 * vector, 0, 0xbeef0 + vector, 0)):
                self.qtest.ask(f"writel {entry + 4 * word:#x} {value:#x}")
        queue = device.create_queue(1, vector=1)
        queue.do(dev.command(dev.NOP))
        deadline = time.monotonic() + SECONDS
        while device.memory.get(mailbox, 8) != struct.pack("<II", 0xbeef0, 0xbeef1):
            self.assertLess(time.monotonic(), deadline, "no interrupt")
            time.sleep(0.01)

    def test_flr(self):
        device = self.bring_up()
        device.create_queue(1, vector=0)
        before = device.read32(dev.RESETS)
        self.qtest.config_write(self.capabilities()[0x10] + 8, 0x8000, 2)
        self.place_bars()
        self.assertEqual(device.read32(dev.STATUS), 0)
        self.assertEqual(device.read32(dev.RESETS), before + 1)

    def test_device_death_is_removal(self):
        device = self.bring_up()
        self.server.process.kill()
        self.server.process.wait()
        self.assertEqual(device.read32(dev.STATUS), 0xffffffff)
        self.server.process = subprocess.Popen(["true"])
        self.server.process.wait()


if __name__ == "__main__":
    try:
        find_qemu()
    except unittest.SkipTest as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main()
