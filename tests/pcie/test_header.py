# SPDX-License-Identifier: GPL-2.0-only
"""The header that all messages have: sizes, types, ids, descriptors, and death in the middle."""
import errno
import os
import unittest

import client as vfio
from client import HEADER, Gone


class HeaderTest(vfio.TestCase):
    def assertStillConnected(self):
        self.assertEqual(self.client.read(vfio.CONFIG, 0, 2), b"\x34\x12")

    def test_size_below_header(self):
        self.client.close()
        for size in (0, 1, HEADER.size - 1):
            with self.server.connect() as client:
                client.send(vfio.GET_INFO, size=size)
                with self.assertRaises(Gone):
                    client.receive()

    def test_size_beyond_all_messages(self):
        self.client.close()
        for size in (HEADER.size + vfio.ACCESS.size + (1 << 20) + 1, 0x80000000, 0xffffffff):
            with self.server.connect() as client:
                client.send(vfio.GET_INFO, size=size)
                with self.assertRaises(Gone):
                    client.receive()

    def test_unknown_commands(self):
        for command in (0, vfio.GET_REGION_IO_FDS, vfio.DMA_READ, vfio.DMA_WRITE, 14, 15, 16, 999,
                        0xffff):
            with self.refused(errno.ENOTSUP):
                self.client.call(command)
        self.assertStillConnected()

    def test_unknown_command_with_payload(self):
        with self.refused(errno.ENOTSUP):
            self.client.call(16, b"x" * 5000)
        self.assertStillConnected()

    def test_reply_that_nobody_asked_for(self):
        self.client.send(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), flags=vfio.TYPE_REPLY)
        self.assertTrue(self.client.quiet())
        self.assertStillConnected()

    def test_error_reply_that_nobody_asked_for(self):
        self.client.send(vfio.DMA_READ, flags=vfio.TYPE_REPLY | vfio.ERROR, error=errno.EIO)
        self.assertTrue(self.client.quiet())
        self.assertStillConnected()

    def test_unknown_types(self):
        for kind in (2, 7, 0xf):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), flags=kind)
        self.assertStillConnected()

    def test_no_reply_is_not_replied_to(self):
        self.client.send(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), flags=vfio.NO_REPLY)
        self.assertTrue(self.client.quiet())

    def test_no_reply_even_for_an_error(self):
        self.client.send(999, b"", flags=vfio.NO_REPLY)
        self.assertTrue(self.client.quiet())
        self.assertStillConnected()

    def test_error_flag_of_a_request_is_ignored(self):
        data = self.client.call(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), flags=vfio.ERROR)
        self.assertEqual(len(data), vfio.INFO.size)

    def test_ids_are_echoed_and_may_repeat(self):
        for number in (0, 7, 7, 0xffff):
            self.client.send(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), number=number)
            self.assertEqual(self.client.receive().id, number)

    def test_many_requests_at_once_are_answered_in_order(self):
        for number in range(200):
            self.client.send(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), number=number)
        self.assertEqual([self.client.receive().id for _ in range(200)], list(range(200)))

    def test_message_in_single_bytes(self):
        message = HEADER.pack(3, vfio.GET_INFO, HEADER.size + 16, 0, 0)
        message += vfio.INFO.pack(16, 0, 0, 0)
        for byte in message:
            self.client.raw(bytes([byte]))
        self.assertEqual(self.client.receive().id, 3)

    def test_most_descriptors(self):
        """Sixteen are read, and closed when the message has no use for them."""
        with self.refused(errno.EINVAL):
            self.client.call(vfio.DMA_MAP, vfio.MAP.pack(32, 3, 0, 0, 4096), fds=[0] * 16)
        self.assertStillConnected()

    def test_too_many_descriptors(self):
        for _ in range(100):
            with self.refused(errno.EINVAL):
                self.client.call(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), fds=[0] * 40)
        self.assertStillConnected()

    def test_descriptors_do_not_leak(self):
        folder = f"/proc/{self.server.process.pid}/fd"
        before = len(os.listdir(folder))
        for _ in range(50):
            self.client.call(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0), fds=[0] * 5)
        self.client.call(vfio.GET_INFO, vfio.INFO.pack(16, 0, 0, 0))
        self.assertEqual(len(os.listdir(folder)), before)

    def test_descriptors_in_the_middle(self):
        message = HEADER.pack(3, vfio.GET_INFO, HEADER.size + 16, 0, 0)
        message += vfio.INFO.pack(16, 0, 0, 0)
        self.client.raw(message[:5], [0])
        self.client.raw(message[5:20], [0, 1])
        self.client.raw(message[20:], [0])
        self.assertEqual(self.client.receive().id, 3)

    def test_death_before_any_message(self):
        self.server.connect(greet=False).close()

    def test_death_in_the_header(self):
        self.client.raw(HEADER.pack(1, vfio.GET_INFO, 32, 0, 0)[:7])

    def test_death_in_the_payload(self):
        self.client.send(vfio.GET_INFO, b"1234", size=HEADER.size + 16)

    def test_death_with_descriptors(self):
        self.client.send(vfio.DMA_MAP, b"", size=HEADER.size + 32, fds=[0] * 8)

    def test_death_without_reading_replies(self):
        self.client.socket.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            while True:
                self.client.send(vfio.REGION_READ, vfio.ACCESS.pack(0, vfio.CONFIG, 4096))

    def test_garbage(self):
        self.client.close()
        for seed in range(50):
            with self.server.connect() as client:
                try:
                    client.raw(os.urandom(64 + seed))
                except Gone:
                    pass

    def test_second_client_waits_for_the_first(self):
        with self.server.connect(greet=False) as second:
            second.send(vfio.VERSION, b"\0\0\0\0")
            self.assertTrue(second.quiet())
            self.client.close()
            self.assertEqual(second.receive().command, vfio.VERSION)

    def test_stop_with_half_a_message(self):
        """SIGTERM ends the process even while a client keeps it waiting."""
        server = vfio.Server(*self.ARGS)
        client = server.connect()
        client.raw(b"\0")
        self.assertEqual(server.stop(), 0)
        client.close()


if __name__ == "__main__":
    unittest.main()
