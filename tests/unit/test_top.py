# SPDX-License-Identifier: GPL-2.0-only
"""nmsctl top on a tree of files: what it makes of counters, and how it treats a terminal.

TOP_TREE names the executable (top_tree.c).
"""

import errno
import fcntl
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

TOP = os.environ["TOP_TREE"]
DOMAINS = ["near", "compute", "scratch", "link", "static"]
DEVICE, DEVICE_COUNTERS, QUEUE, CONTEXT_COUNTERS = 0, 2, 5, 6	# enum nms_query_type
INDICES, SLOT = 16, 256
KHZ = 1000


def counters(energy=(0,) * 5, link=(0, 0), near=(0, 0), busy=0, jobs=0, commands=0, errors=0,
             active=0, running=0, waiting=0):
    """struct nms_query_counters."""
    return struct.pack("<22Q", *energy, *link, *near, busy, jobs, commands, errors,
                       0, 0, 0, 0, 0, 0, active, running, waiting)


def queue(number, state=1, in_flight=0, waiting=0, completions=0):
    """struct nms_query_queue."""
    return struct.pack("<6I2Q", number, state, 64, 0, in_flight, waiting, 0, completions)


def look(counted, queues, contexts):
    """A block of answers; an errno in the place of one is that of the call."""
    slots = [struct.pack("<i", errno.ENOENT).ljust(SLOT, b"\0")] * (8 * INDICES)

    def put(kind, index, what):
        error = what if isinstance(what, int) else 0
        data = b"" if error else what
        slots[kind * INDICES + index] = (struct.pack("<iI", error, 0) + data).ljust(SLOT, b"\0")
    put(DEVICE, 0, struct.pack("<208xII", KHZ, 0))
    put(DEVICE_COUNTERS, 0, counted)
    for i, q in enumerate(queues):
        put(QUEUE, i, q)
    for i, c in contexts.items():
        put(CONTEXT_COUNTERS, i, c)
    return b"".join(slots)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.env = {**os.environ, "TOP_ROOT": folder.name, "TERM": "xterm"}
        self.write("proc/1/comm", "init\n")
        self.write("proc/1/fdinfo/0", "pos:\t0\nflags:\t02\n")
        self.device("nms0", "0000:01:00.0")

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def device(self, name, function, state="live"):
        for key, value in {"model": "a model", "state": state, "near_size": 4 << 20,
                           "near_used": 1 << 20}.items():
            self.write(f"sys/class/nms/{name}/{key}", f"{value}\n")
        (self.root / f"sys/class/nms/{name}/device").symlink_to(f"../../bus/{function}")

    def looks(self, *blocks, name="nms0"):
        self.write(f"dev/{name}", b"".join(blocks))

    def context(self, pid, fd, number, function="0000:01:00.0", command="trainer\n", jobs=0):
        self.write(f"proc/{pid}/comm", command)
        self.write(f"proc/{pid}/fdinfo/{fd}", "pos:\t0\ndrm-driver:\tnms\n"
                   f"drm-pdev:\t{function}\ndrm-client-id:\t{number}\ndrm-total-near:\t64 KiB\n"
                   f"nms-active-jobs:\t2\nnms-jobs:\t{jobs}\nnms-commands:\t9\nnms-errors:\t1\n")

    def run_top(self, *args, **kwargs):
        return subprocess.run([TOP, "top", "--interval", "0.05", *args], env=self.env, timeout=30,
                              capture_output=True, text=True, **kwargs)

    def objects(self, *args):
        done = self.run_top("--json", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def close(self, found, wanted):
        self.assertLess(abs(found - wanted), 1e-6 * wanted, (found, wanted))


class Numbers(Case):
    def test_rates(self):
        energy = [3e9, 6e9, 9e9, 12e9, 15e9]
        self.looks(look(counters(), [queue(0), queue(1)], {}),
                   look(counters([int(e) for e in energy], (30, 60), (90, 120), 150, 12, 24, 6,
                                 active=5, running=2, waiting=3),
                        [queue(0, completions=3), queue(1, 0, 7, 8, completions=9)], {}))
        (o,) = self.objects("--count", "1")
        self.assertTrue(o["modelled"])
        (d,) = o["devices"]
        per = 1 / d["seconds"]
        self.assertGreater(d["seconds"], 0.04)
        self.assertLess(abs(d["seconds"] - o["seconds"]), 0.05)
        for name, picojoules in zip(DOMAINS, energy):
            self.close(d["milliwatts"][name], picojoules * 1e-9 * per)
        self.close(d["milliwatts"]["total"], sum(energy) * 1e-9 * per)
        self.close(d["busy"], 150 * per / (1e3 * KHZ))
        for key, value in {"jobs": 12, "commands": 24, "errors": 6, "link_in": 30, "link_out": 60,
                           "near_read": 90, "near_write": 120}.items():
            self.close(d["per_second"][key], value * per)
        self.assertEqual([d[k] for k in ("active_jobs", "compute_running", "compute_waiting")],
                         [5, 2, 3])
        self.assertEqual([(q["id"], q["state"], q["in_flight"], q["waiting"], q["completions"])
                          for q in d["queues"]],
                         [(0, "runs", 0, 0, 3), (1, "held", 7, 8, 9)])
        self.assertEqual((d["name"], d["function"], d["model"], d["state"]),
                         ("nms0", "0000:01:00.0", "a model", "live"))
        self.assertEqual((d["near_size"], d["near_used"]), (4 << 20, 1 << 20))

    def test_counts_anew(self):
        """After power was lost counters are smaller, and no rate is negative or huge."""
        self.looks(look(counters(jobs=1000, busy=10 ** 9), [queue(0)], {}),
                   look(counters(jobs=3, busy=30), [queue(0)], {}))
        (o,) = self.objects("--count", "1")
        (d,) = o["devices"]
        self.close(d["per_second"]["jobs"], 3 / d["seconds"])
        self.close(d["busy"], 30 / d["seconds"] / (1e3 * KHZ))

    def test_one_object_an_interval(self):
        self.looks(look(counters(), [queue(0)], {}))
        self.assertEqual(len(self.objects("--count", "3")), 3)

    def test_contexts(self):
        """Each once, however often it is open; of the right device; with its own power."""
        self.device("nms1", "0000:02:00.0")
        self.context(70, 3, 5)
        self.context(60, 9, 5, command="parent\n")
        self.context(60, 4, 2, command="parent\n")
        self.context(80, 3, 5, "0000:02:00.0", command="other\n")
        block = [look(counters(), [queue(0)], {5: counters([e] * 5), 2: counters()})
                 for e in (0, 6 * 10 ** 9)]
        self.looks(*block)
        self.looks(look(counters(), [queue(0)], {}), name="nms1")
        (o,) = self.objects("--count", "1", "--device", "/dev/nms0")
        (d,) = o["devices"]
        self.assertEqual([(c["id"], c["pid"], c["command"]) for c in d["contexts"]],
                         [(2, 60, "parent"), (5, 60, "parent")])
        self.assertEqual([c["milliwatts"]["total"] > 0 for c in d["contexts"]], [False, True])
        self.close(d["contexts"][1]["milliwatts"]["total"], 30 / d["seconds"])
        self.assertEqual(d["contexts"][0]["near_used"], 64 << 10)
        self.assertEqual((d["contexts"][0]["active_jobs"], d["contexts"][0]["errors"]), (2, 1))
        self.assertEqual(d["contexts"][0]["uid"], os.getuid())
        (o,) = self.objects("--count", "1")
        self.assertEqual([[c["pid"] for c in d["contexts"]] for d in o["devices"]],
                         [[60, 60], [80]])

    def test_not_for_all(self):
        """Who may not see the counters gets no energy of anyone, and is told why."""
        self.context(60, 4, 2)
        self.looks(look(errno.EPERM, [errno.EPERM], {2: errno.EPERM}))
        (o,) = self.objects("--count", "1")
        self.assertFalse(o["devices"][0]["counted"])
        self.assertNotIn("milliwatts", json.dumps(o))
        self.assertNotIn("busy", json.dumps(o))
        self.assertEqual(o["devices"][0]["contexts"][0]["pid"], 60)
        self.assertIn("administrators (CAP_PERFMON)", self.run_top("--count", "1").stdout)

    def test_an_older_driver(self):
        self.looks(look(counters(), [errno.EINVAL], {}))
        done = self.run_top("--count", "1")
        self.assertIn("driver is older", done.stdout)

    def test_comes_back(self):
        """A device that is not live is not asked: the kernel would let it wait."""
        self.write("sys/class/nms/nms0/state", "recovering\n")
        (o,) = self.objects("--count", "1")
        self.assertEqual(o["devices"][0]["state"], "recovering")
        self.assertFalse(o["devices"][0]["counted"])
        self.assertIn("not live", self.run_top("--count", "1").stdout)

    def test_goes_away(self):
        self.looks(look(counters(), [queue(0)], {}))
        with subprocess.Popen([TOP, "top", "--json", "--interval", "0.3"], env=self.env,
                              stdout=subprocess.PIPE, text=True) as top:
            self.assertEqual(len(json.loads(top.stdout.readline())["devices"]), 1)
            shutil.rmtree(self.root / "sys/class/nms/nms0")
            left = [len(json.loads(top.stdout.readline())["devices"]) for _ in range(3)]
            top.send_signal(signal.SIGINT)
        self.assertEqual(left[-1], 0)
        self.assertEqual(top.returncode, 130)


class Text(Case):
    def test_lines(self):
        self.context(60, 4, 2, command="bad\x1b[2J\n")
        self.looks(look(counters(), [queue(0)], {2: counters()}),
                   look(counters(running=4, waiting=7, active=12), [queue(0, 2, 31, 32)],
                        {2: counters()}))
        done = self.run_top("--count", "2", "--batch")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("nms0  a model  0000:01:00.0  live"), 2)
        self.assertIn("near memory  1,048,576 of 4,194,304 bytes (25.0 %)", done.stdout)
        self.assertIn("4 running, 7 waiting; 12 jobs", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^  0 admin +dead +31 +32 +0 $")
        self.assertRegex(done.stdout, r"(?m)^  2 +60 \S+ +bad\?\[2J ")
        self.assertNotIn("\x1b", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)

    def test_no_more_than_lines_where_nothing_else_can_be(self):
        self.looks(look(counters(), [queue(0)], {}))
        self.env["TERM"] = "dumb"
        self.assertIn("nms0", self.run_top("--count", "1").stdout)

    def bad(self, status, word, *args):
        done = subprocess.run([TOP, "top", *args], env=self.env, capture_output=True, text=True,
                              timeout=30)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (status, "", 1),
                         done.stderr)
        self.assertIn(word, done.stderr)

    def test_refuses(self):
        self.bad(2, "above 0", "--interval", "0")
        self.bad(2, "from 1", "--count", "0")
        self.bad(2, "unexpected 'x'", "x")
        self.bad(2, "software accelerator", "--device", "emu:")
        self.bad(1, "/dev/nms7", "--device", "/dev/nms7")
        shutil.rmtree(self.root / "sys")
        self.bad(1, "no other can see anything of it")

    def test_full_disk(self):
        self.looks(look(counters(), [queue(0)], {}))
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([TOP, "top", "--batch", "--interval", "0.1"], env=self.env,
                                  timeout=30, stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)


class Terminal(Case):
    ROWS, COLS = 12, 50

    def setUp(self):
        super().setUp()
        for i in range(1, 15):
            self.context(60 + i, 4, i)
        self.looks(look(counters(), [queue(0)], {}))
        self.master, slave = pty.openpty()
        self.size(self.ROWS, self.COLS)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.addCleanup(os.close, slave)
        self.addCleanup(os.close, self.master)

    def size(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("4H", rows, cols, 0, 0))

    def start(self, *args):
        self.top = subprocess.Popen([TOP, "top", *args], env=self.env, stdin=self.slave,
                                    stdout=self.slave, stderr=self.slave, start_new_session=True,
                                    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.addCleanup(self.top.wait)
        self.addCleanup(self.top.kill)

    def read(self, until, seconds=20):
        """All that is drawn until that comes."""
        drawn, end = b"", time.monotonic() + seconds
        while until not in drawn:
            left = end - time.monotonic()
            self.assertGreater(left, 0, drawn)
            if select.select([self.master], [], [], left)[0]:
                drawn += os.read(self.master, 65536)
        return drawn

    def ended(self, status):
        self.read(b"\x1b[?1049l")
        self.assertEqual(self.top.wait(20), status)
        self.assertEqual(termios.tcgetattr(self.slave), self.before)

    def test_page(self):
        """Drawn within the window, refreshed, and taken away again by q."""
        self.start("--interval", "0.2")
        drawn = self.read(b"\x1b[J")
        self.assertIn(b"\x1b[?1049h", drawn)
        page = drawn.split(b"\x1b[H", 1)[1].replace(b"\x1b[K", b"").replace(b"\x1b[J", b"")
        rows = page.split(b"\r\n")
        self.assertEqual(len(rows), self.ROWS)
        self.assertEqual(rows[0], b"nmsctl top   0.00 s   1 device")
        self.assertLess(max(map(len, rows)), self.COLS, rows)
        self.assertTrue(rows[2].startswith(b"nms0  a model"), rows)
        self.read(b"\x1b[J")
        os.write(self.master, b"xq")
        self.ended(0)

    def test_grows_with_its_window(self):
        self.start("--interval", "60")
        self.assertNotIn(b"q: end", self.read(b"\x1b[J"))
        self.size(60, 120)
        self.assertIn(b"q: end", self.read(b"\x1b[J"))
        os.write(self.master, b"q")
        self.ended(0)

    def test_interrupted(self):
        self.start("--interval", "60")
        self.read(b"\x1b[J")
        os.write(self.master, b"\x03")
        self.ended(130)

    def test_told_to_end(self):
        self.start("--interval", "60")
        self.read(b"\x1b[J")
        self.top.terminate()
        self.ended(130)

    def test_count(self):
        self.start("--interval", "0.1", "--count", "2")
        self.ended(0)


if __name__ == "__main__":
    unittest.main()
