# SPDX-License-Identifier: GPL-2.0-only
"""What boot makes of the results and the log that a guest leaves: no guest runs."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import control  # pylint: disable=wrong-import-position
import stalls  # pylint: disable=wrong-import-position

LOADER = importlib.machinery.SourceFileLoader("boot", str(HERE / "boot"))
boot = importlib.util.module_from_spec(importlib.util.spec_from_loader("boot", LOADER))
LOADER.exec_module(boot)

TESTS = ["first", "second"]
TAP = """1..2
# a line of the test
ok 1 - first
ok 2 - second
# done
"""
LOG = [
    "[    0.000000] Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)",
    "[    0.000000] Kernel command line: console=ttyS0 rcupdate.rcu_cpu_stall_timeout=200",
    "[    0.200000] \tRCU CPU stall warnings timeout set to 200 (rcu_cpu_stall_timeout).",
    "[    0.400000] DMA-API: preallocated 65536 debug entries",
    "[    0.400000] DMA-API: debugging enabled by kernel config",
    "[    1.000000] nms-test: begin first",
    "[    1.100000] nms: loading out-of-tree module taints kernel.",
    "[    1.200000] nms 0000:01:00.0: nms0: model, 256 MiB near memory",
    "[    2.000000] nms-test: end first",
    "[    3.000000] nms-test: begin second",
    "[    4.000000] nms-test: end second",
    "[    5.000000] reboot: Power down",
]
DURING_FIRST, BETWEEN, AFTER, BOOTING = 8, 9, 11, 1

# As the kernel writes them.
REPORTS = [
    "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "BUG: sleeping function called from invalid context at mm/slab.h:274",
    "kernel BUG at mm/slub.c:4295!",
    "Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "WARNING: CPU: 1 PID: 77 at driver/nms_job.c:120 nms_job_put+0x44/0x60 [nms]",
    "WARNING: CPU: 1 PID: 77 at mm/vmalloc.c:2720 vfree+0x10/0x20",
    "WARNING: possible circular locking dependency detected",
    "WARNING: possible recursive locking detected",
    "WARNING: inconsistent lock state",
    "WARNING: suspicious RCU usage",
    "INFO: trying to register non-static key.",
    "BUG: KASAN: slab-use-after-free in nms_job_put+0x2c/0x60 [nms]",
    "UBSAN: array-index-out-of-bounds in driver/nms_queue.c:88:12",
    "kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "unreferenced object 0xffff888003a40c00 (size 256):",
    "DMA-API: nms 0000:01:00.0: device driver has pending DMA allocations while released from "
    "device [count=1]",
    "general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1]",
    "refcount_t: underflow; use-after-free.",
    "list_del corruption. prev->next should be ffff888003a40c00, but was dead000000000122",
    "INFO: task kworker/u4:2:33 blocked for more than 120 seconds.",
    "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
    "rcu: INFO: rcu_sched self-detected stall on CPU",
    "rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... } 26 jiffies s: 1",
    "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [nms_data:91]",
    "irq 24: nobody cared (try booting with the \"irqpoll\" option)",
    "Kernel panic - not syncing: Fatal exception",
    "sysfs: cannot create duplicate filename '/class/nms/nms0'",
]


def judge(tap=TAP, log=LOG, skips=(), module="nms"):
    """(status, {name: line}, all lines) of a report."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = boot.report(tap, "\r\n".join(log), TESTS, set(skips), module)
    lines = out.getvalue().splitlines()
    results = {re.match(r"(?:not )?ok \d+ - (\S+)", line)[1]: line
               for line in lines if re.match("(not )?ok ", line)}
    return status, results, lines


def with_line(at, line):
    return [*LOG[:at], "[    9.000000] " + line, *LOG[at:]]


class ReportTest(unittest.TestCase):
    def failed(self, *args, **kwargs):
        """Names of what fails; the status and the plan must agree with them."""
        status, results, lines = judge(*args, **kwargs)
        failed = [name for name, line in results.items() if line.startswith("not ok")]
        self.assertEqual(status, 1 if failed else 0)
        self.assertEqual(lines[0], f"1..{len(results)}")
        numbers = [int(line.split(" - ")[0].split()[-1]) for line in results.values()]
        self.assertEqual(numbers, list(range(1, len(results) + 1)))
        return failed

    def test_clean(self):
        self.assertEqual(self.failed(), [])
        self.assertEqual(set(judge()[1]),
                         {"first", "second", "log-whole", "log-outside-tests", "module-loaded"})

    def test_result_of_the_test(self):
        tap = TAP.replace("ok 2 - second", "not ok 2 - second # status 1")
        self.assertEqual(self.failed(tap), ["second"])

    def test_log_of_a_test(self):
        for line in REPORTS:
            with self.subTest(line):
                self.assertEqual(self.failed(log=with_line(DURING_FIRST, line)), ["first"])

    def test_what_a_fault_makes_the_kernel_say(self):
        """Of an allocation of its own, that it was made to fail; where none is, it is not expected."""
        line = "WARNING: CPU: 0 PID: 3284 at mm/vmalloc.c:1598 alloc_vmap_area+0x879/0x1f30"
        self.assertEqual(self.failed(log=with_line(DURING_FIRST, line)), ["first"])
        for name in ("nms_fuzz", "nms_inject"):
            log = "\n".join([f"nms-test: begin {name}", line, f"nms-test: end {name}"])
            self.assertEqual(boot.log_by_test(log), {})
            other = "alloc_vmap_area", "vfree"
            self.assertEqual(boot.log_by_test(log.replace(*other)), {name: [line.replace(*other)]})

    def test_data_race(self):
        """One of two others is theirs; of one whose end is not there nobody knows."""
        def race(*frames, end="Reported by Kernel Concurrency Sanitizer on:"):
            lines = ["BUG: KCSAN: data-race in a / b", "write by interrupt on cpu 0:", *frames, end]
            return [*LOG[:DURING_FIRST], *("[    9.000000] " + line for line in lines), *LOG[DURING_FIRST:]]

        self.assertEqual(self.failed(log=race(" handle_irq_event+0xa9/0xbf")), [])
        self.assertEqual(self.failed(log=race(" handle_irq_event+0xa9/0xbf", " nms_irq+0x1/0x2 [nms]")), ["first"])
        self.assertEqual(self.failed(log=race(" handle_irq_event+0xa9/0xbf", end="")), ["first"])

    def test_log_elsewhere(self):
        for at in (BOOTING, BETWEEN, AFTER):
            for line in REPORTS:
                with self.subTest(line, at=at):
                    self.assertEqual(self.failed(log=with_line(at, line)), ["log-outside-tests"])

    def test_log_is_shown(self):
        lines = judge(log=with_line(DURING_FIRST, REPORTS[0]))[2]
        before = lines[lines.index(next(x for x in lines if x.startswith("not ok"))) - 1]
        self.assertIn(REPORTS[0], before)
        self.assertTrue(before.startswith("# log: "))

    def test_log_is_empty(self):
        self.assertEqual(self.failed(log=[]), ["log-whole", "module-loaded"])

    def test_log_ends_early(self):
        self.assertEqual(self.failed(log=LOG[:-2]), ["log-whole"])

    def test_log_lacks_a_beginning(self):
        self.assertEqual(self.failed(log=[x for x in LOG if "begin second" not in x]),
                         ["log-whole"])

    def test_module_not_loaded(self):
        log = [x for x in LOG if "out-of-tree" not in x]
        self.assertEqual(self.failed(log=log), ["module-loaded"])
        self.assertEqual(self.failed(log=log, module=None), [])

    def test_other_module_loaded(self):
        log = [x.replace("nms: loading", "dnms: loading") for x in LOG]
        self.assertEqual(self.failed(log=log), ["module-loaded"])

    def test_result_missing(self):
        self.assertEqual(self.failed(tap="1..2\nok 1 - first\n", log=LOG[:9]),
                         ["second", "log-whole"])
        self.assertEqual(self.failed(tap=""), ["first", "second"])

    def test_result_of_nobody(self):
        """A line of a name that was not asked for does not stand in for one that was."""
        self.assertEqual(self.failed(TAP.replace("second", "seconds")), ["second"])
        self.assertEqual(self.failed(TAP.replace("ok 2 - second", "ok 2 - first")), ["second"])

    def test_unlisted_skip(self):
        tap = TAP.replace("- second", "- second # SKIP")
        self.assertEqual(self.failed(tap), ["second"])
        self.assertEqual(self.failed(tap, skips=["first"]), ["second"])
        # For a reader of TAP as well, for whom "not ok ... # SKIP" is no failure.
        self.assertNotIn("SKIP", judge(tap)[1]["second"])

    def test_listed_skip(self):
        tap = TAP.replace("- second", "- second # SKIP")
        self.assertEqual(self.failed(tap, skips=["second"]), [])
        self.assertIn("# SKIP", judge(tap, skips=["second"])[1]["second"])

    def test_listed_skip_with_bad_log(self):
        bad = (TAP.replace("- first", "- first # SKIP"), with_line(DURING_FIRST, REPORTS[0]), ["first"])
        self.assertEqual(self.failed(*bad), ["first"])
        self.assertNotIn("SKIP", judge(*bad)[1]["first"])


class ControlTest(unittest.TestCase):
    def test_qemu_ends_with_a_request_unread(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            with socket.socket(socket.AF_UNIX) as qemu:
                qemu.bind(str(folder / "control"))
                qemu.listen()
                serve = control.Control(folder, None)
                serve.step(0)
                peer, _ = qemu.accept()
            # Closed with something to read, it is reset.
            serve.socket.sendall(b"answer\n")
            peer.close()
            serve.step(0)
            serve.step(0)
            serve.socket.close()


class StallsTest(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen(["sleep", "60"])

    def tearDown(self):
        self.process.kill()
        self.process.wait()

    def states(self, seconds):
        """What /proc has said of the process."""
        seen, end = set(), time.monotonic() + seconds
        while time.monotonic() < end:
            stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
            seen.add(stat.rpartition(") ")[2][0])
            time.sleep(0.001)
        return seen

    def test_stopped_and_continued(self):
        with stalls.Stalls(0.05, lambda: [self.process]):
            self.assertEqual(self.states(2) - {"R", "D"}, {"S", "T"})
        self.assertNotIn("T", self.states(0.5))

    def test_none(self):
        with stalls.Stalls(0, lambda: [self.process]):
            self.assertNotIn("T", self.states(0.5))

    def test_killed_meanwhile(self):
        with stalls.Stalls(0.02, lambda: [self.process]) as running:
            self.tearDown()
            time.sleep(0.3)
            self.assertTrue(running.is_alive())


class SkipsTest(unittest.TestCase):
    def test_file(self):
        """Each line has a kernel, a test and a reason."""
        for line in (HERE / "skips").read_text().splitlines():
            if not line.startswith("#"):
                self.assertGreater(len(line.split()), 2, line)


if __name__ == "__main__":
    unittest.main()
