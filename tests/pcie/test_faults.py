# SPDX-License-Identifier: GPL-2.0-only
"""Faults on request: each kind, of the n-th command or at random."""
import os
import socket
import subprocess
import time
import unittest

import client as vfio
import device as dev
from device import command


class FaultTest(dev.TestCase):
    def inject(self, line):
        self.assertEqual(self.server.control(line), "ok")

    def nop(self):
        return self.queue.do(command(dev.NOP))

    def assertWorks(self):
        self.assertStatus(self.nop(), dev.OK)

    def restart(self):
        self.device.soft_reset()
        self.device.enable()
        self.queue = self.device.create_queue(1)
        self.assertWorks()

    def test_drop(self):
        self.inject("fault drop 2")
        self.assertWorks()
        dropped = self.queue.submit(command(dev.NOP))
        self.assertTrue(self.queue.quiet())
        self.assertWorks()
        self.assertStatus(self.device.abort(1, dropped), dev.NOT_FOUND)

    def test_delay(self):
        self.inject("delay 300")
        self.inject("fault delay 1")
        began = time.monotonic()
        self.assertWorks()
        self.assertGreater(time.monotonic() - began, 0.29)
        self.assertWorks()

    def test_duplicate(self):
        self.inject("fault duplicate 1")
        cid = self.queue.submit(command(dev.NOP))
        self.assertEqual([self.queue.wait().cid for _ in range(2)], [cid, cid])
        self.assertTrue(self.queue.quiet())
        self.assertWorks()

    def test_corrupt(self):
        self.inject("fault corrupt 1")
        cid = self.queue.submit(command(dev.NOP))
        self.assertEqual(self.queue.wait().cid, cid | 0x8000)
        self.assertWorks()

    def test_hang_is_deaf_to_abort(self):
        self.inject("fault hang 1")
        cid = self.queue.submit(command(dev.NOP))
        self.device.admin_queue.submit(command(dev.ABORT, dev.ADMIN_BODY.pack(0, 0, 0, 0, 1, cid)))
        self.assertTrue(self.queue.quiet())
        self.assertTrue(self.device.admin_queue.quiet())
        self.assertTrue(self.device.read32(dev.STATUS) & dev.BUSY)
        self.restart()

    def test_hang_does_not_hold_back_those_before(self):
        self.inject("fault hang 4")
        for _ in range(4):
            self.queue.put(command(dev.NOP))
        self.queue.ring()
        self.assertGreater(self.device.events[1].take(), 0)
        self.assertEqual([self.queue.wait().cid for _ in range(3)], [1, 2, 3])
        self.device.flr()
        self.device.master(True)
        self.restart()

    def test_fatal(self):
        self.inject("fault fatal 1")
        self.queue.submit(command(dev.NOP))
        self.device.wait_status(dev.FATAL, dev.FATAL)
        self.assertEqual(self.device.read32(dev.ERROR), dev.ERROR_INTERNAL)
        self.assertTrue(self.queue.quiet())
        self.restart()

    def test_dma(self):
        place = self.device.range_create(4096)
        at = self.memory.take(4096)
        self.inject("fault dma 1")
        got = self.queue.do(self.device.data(dev.WRITE, place, 4096, pieces=[(at, 4096)]))
        self.assertStatus(got, dev.DMA_ERROR)
        got = self.queue.do(self.device.data(dev.WRITE, place, 4096, pieces=[(at, 4096)]))
        self.assertStatus(got, dev.OK)
        self.assertEqual(self.device.read32(dev.ERROR), 0)

    def test_link(self):
        self.inject("fault link 1")
        self.queue.submit(command(dev.NOP))
        deadline = time.monotonic() + vfio.SECONDS
        while self.device.read32(dev.STATUS) != 0xffffffff:
            self.assertLess(time.monotonic(), deadline)
        self.assertTrue(self.queue.quiet())
        self.inject("link up")
        self.device.master(True)
        self.restart()

    def test_several_in_a_row(self):
        self.inject("fault drop 3 2")
        got = []
        for _ in range(6):
            cid = self.queue.submit(command(dev.NOP))
            try:
                got.append(self.queue.wait(0.2).cid == cid)
            except dev.Timeout:
                got.append(None)
        self.assertEqual(got, [True, True, None, None, True, True])

    def test_admin_commands_are_counted_apart(self):
        self.inject("fault admin drop 2")
        for _ in range(5):
            self.assertWorks()
        self.assertStatus(self.device.feature(dev.GET_FEATURE, 1), dev.OK)
        self.device.admin_queue.submit(
            command(dev.GET_FEATURE, dev.ADMIN_BODY.pack(0, 0, 1, 0, 0, 0)))
        self.assertTrue(self.device.admin_queue.quiet())
        self.assertStatus(self.device.feature(dev.GET_FEATURE, 1), dev.OK)

    def test_clear(self):
        self.inject("fault drop 1 100")
        self.inject("fault drop p=1")
        self.inject("fault admin drop 3")
        self.inject("clear")
        for _ in range(5):
            self.assertWorks()

    def test_random(self):
        self.inject("fault corrupt p=0.3")
        hit = sum(self.queue.do_any(command(dev.NOP)).cid >= 0x8000 for _ in range(300))
        self.assertIn(hit, range(50, 131))
        self.inject("fault corrupt p=0")
        self.assertWorks()

    def test_counted(self):
        def faults():
            return int(self.server.control("count").split("faults=")[1].split()[0])

        before = faults()
        self.inject("fault duplicate 1 3")
        for _ in range(5):
            self.queue.submit(command(dev.NOP))
        for _ in range(8):
            self.queue.wait()
        self.assertEqual(faults(), before + 3)

    def test_requests_that_are_none(self):
        for line in ("", "nothing", "fault", "fault drop", "fault none 1", "fault drop 0",
                     "fault drop x", "fault drop 1 0", "fault drop 1 2 3", "fault drop p=2",
                     "fault drop p=-1", "fault drop p=x", "fault drop 1x", "delay", "delay x",
                     "delay -1", "delay 99999999999999", "link", "link sideways", "lose",
                     "lose x", "x" * 200, "fault " + "y" * 200):
            self.assertTrue(self.server.control(line).startswith("error"), line)
        self.assertWorks()


class SeedTest(unittest.TestCase):
    def pattern(self, seed):
        class Case(dev.TestCase):
            ARGS = (*dev.TestCase.ARGS, "--seed", str(seed), "--fault", "corrupt p=0.5")

            def runTest(self):
                self.pattern = [self.queue.do_any(command(dev.NOP)).cid >= 0x8000
                                for _ in range(64)]

        case = Case()
        Case.setUpClass()
        try:
            case.setUp()
            case.runTest()
            case.tearDown()
        finally:
            Case.tearDownClass()
        return case.pattern

    def test_same_seed_same_faults(self):
        first = self.pattern(7)
        self.assertEqual(self.pattern(7), first)
        self.assertNotEqual(self.pattern(8), first)
        self.assertIn(sum(first), range(12, 53))

    def test_bad_fault_on_the_command_line(self):
        for fault, said in (("explode 1", "explode"), ("drop 1\nx", "one line"), ("drop \x1b[2J", "drop"),
                            ("drop " + "1" * 300, "one line")):
            out = subprocess.run([os.environ["NMS_PCIE"], "--socket", "/nowhere/at/all", "--near-size",
                                  "1M", "--fault", fault], capture_output=True, text=True,
                                 timeout=vfio.SECONDS, check=False)
            self.assertEqual((out.returncode, out.stderr.count("\n")), (2, 1), out.stderr)
            self.assertIn(said, out.stderr)
            self.assertNotIn("\x1b", out.stderr)


class ControlTest(vfio.TestCase):
    def test_line_too_long(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.server.control_path))
            s.sendall(b"x" * 1000 + b"\nclear\n")
            stream = s.makefile()
            self.assertTrue(stream.readline().startswith("error"))
            self.assertEqual(stream.readline(), "ok\n")
        self.assertEqual(self.server.control("clear"), "ok")

    def test_two_connections_at_once(self):
        with socket.socket(socket.AF_UNIX) as idle:
            idle.connect(str(self.server.control_path))
            idle.sendall(b"cle")
            self.assertEqual(self.server.control("clear"), "ok")
            idle.sendall(b"ar\n")
            self.assertEqual(idle.recv(10), b"ok\n")

    def test_many_requests_in_one_write(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.server.control_path))
            s.sendall(b"clear\nclear\nclear\n")
            stream = s.makefile()
            self.assertEqual([stream.readline() for _ in range(3)], ["ok\n"] * 3)


class CommandLineTest(unittest.TestCase):
    def fails(self, *args):
        out = subprocess.run([os.environ["NMS_PCIE"], *args], capture_output=True, text=True,
                             timeout=vfio.SECONDS, check=False)
        self.assertTrue(out.stderr.startswith("nms-pcie: "), out.stderr)
        return out.returncode

    def test_usage(self):
        for args in ((), ("--socket", "/tmp/x", "operand"), ("--nonsense",),
                     ("--socket", "/tmp/x", "--near-size", "12X"),
                     ("--socket", "/tmp/x", "--near-size", "-1"),
                     ("--socket", "/tmp/x", "--near-size", "99999999999999999999T"),
                     ("--socket", "/tmp/x", "--vectors", "0"),
                     ("--socket", "/tmp/x", "--vectors", "65"),
                     ("--socket", "/tmp/x", "--queues", "0"),
                     ("--socket", "/tmp/x", "--queues", "65"),
                     ("--socket", "/tmp/x", "--entries", "1"),
                     ("--socket", "/tmp/x", "--entries", "65537"),
                     ("--socket", "/tmp/x", "--threads", "-1"),
                     ("--socket", "/tmp/x", "--latency", "-1")):
            self.assertEqual(self.fails(*args), 2, args)

    def test_what_cannot_be_had(self):
        for status, *args in ((1, "--socket", "/nowhere/at/all"), (1, "--socket", "/tmp/" + "x" * 200),
                              (2, "--socket", "/tmp/x", "--energy", "perpetuum"),
                              (2, "--socket", "/tmp/x", "--profile", "exact"),
                              (1, "--socket", "/tmp/x", "--control", "/nowhere/at/all")):
            self.assertEqual(self.fails("--near-size", "1M", *args), status, args)


if __name__ == "__main__":
    unittest.main()
