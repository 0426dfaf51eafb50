# SPDX-License-Identifier: GPL-2.0-only
"""Jobs beside the program: waiting, progress, cancelling, Ctrl-C, asyncio."""
import asyncio
import gc
import io
import select
import signal
import subprocess
import sys
import threading
import time
import unittest
from contextlib import redirect_stderr

import numpy as np

import nms
from rows import blobs, open_files, threads

SHORT = blobs()[0]
# Seconds of work: a plane at eight perplexities.
LONG = blobs(12000, 30)[0]


def long_job(**options):
    return nms.submit(LONG, count=100, method="adapsne", **options)


class Waiting(unittest.TestCase):
    def test_result(self):
        job = nms.submit(SHORT, count=9)
        expected = nms.sample(SHORT, count=9)
        np.testing.assert_array_equal(job.result().indices, expected.indices)
        self.assertIs(job.result(), job.result())
        self.assertTrue(job.done())

    def test_timeout(self):
        with long_job() as job:
            begin = time.monotonic()
            with self.assertRaises(TimeoutError) as caught:
                job.result(timeout=0.05)
            self.assertLess(time.monotonic() - begin, 10)
            self.assertIsInstance(caught.exception, nms.WaitTimeoutError)
            self.assertFalse(job.done())

    def test_descriptor(self):
        with nms.submit(SHORT, count=9) as job:
            self.assertEqual(select.select([job], [], [], 60)[0], [job])
            self.assertTrue(job.done())
            self.assertEqual(len(job.result()), 9)

    def test_error_is_told_each_time(self):
        bad = SHORT.copy()
        bad[3, 4] = np.inf
        job = nms.submit(bad, count=9)
        for _ in range(2):
            with self.assertRaises(nms.NotFiniteError):
                job.result()

    def test_rows_may_go(self):
        """The job holds on to them."""
        rows = LONG.copy()
        job = nms.submit(rows, count=100)
        del rows
        gc.collect()
        filler = [np.full_like(LONG, np.nan) for _ in range(4)]
        np.testing.assert_array_equal(job.result().indices, nms.sample(LONG, count=100).indices)
        del filler

    def test_other_threads_run(self):
        """Waiting is done without the interpreter's lock."""
        turns, stop = [], threading.Event()

        def count():
            while not stop.wait(0.005):
                turns.append(time.monotonic())
        thread = threading.Thread(target=count)
        with long_job() as job:
            thread.start()
            with self.assertRaises(nms.WaitTimeoutError):
                job.result(timeout=0.5)
        stop.set()
        thread.join()
        self.assertGreater(len(turns), 20)

    def test_threads_share_a_device(self):
        with nms.Device("emu:") as device:
            found = [None] * 4

            def choose(i):
                found[i] = nms.sample(SHORT, count=9, seed=i, device=device).indices
            workers = [threading.Thread(target=choose, args=(i,)) for i in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
        for i in range(4):
            np.testing.assert_array_equal(found[i], nms.sample(SHORT, count=9, seed=i).indices)


class Progress(unittest.TestCase):
    def test_callback(self):
        seen = []
        nms.sample(LONG, count=40, method="nms", progress=seen.append)
        self.assertGreater(len(seen), 1)
        self.assertIn("embed", {step.phase for step in seen})
        for step in seen:
            self.assertLess(step.command, step.commands)
            if step.total:
                self.assertLessEqual(step.done, step.total)

    def test_bar(self):
        said = io.StringIO()
        with redirect_stderr(said):
            nms.sample(LONG, count=40, method="nms", progress=True)
        self.assertIn("embed", said.getvalue())

    def test_no_tqdm(self):
        said = io.StringIO()
        hidden = {name: sys.modules.get(name) for name in ("tqdm", "tqdm.auto")}
        sys.modules.update(dict.fromkeys(hidden))
        try:
            with redirect_stderr(said):
                nms.sample(LONG, count=40, method="nms", progress=True)
        finally:
            for name, module in hidden.items():
                sys.modules.pop(name)
                if module is not None:
                    sys.modules[name] = module
        self.assertRegex(said.getvalue(), r"nms: embed +\d+ %")
        self.assertTrue(said.getvalue().endswith("\n"))

    def test_a_callback_that_raises(self):
        before = open_files()

        def stop(step):
            raise KeyError(step.phase)
        with self.assertRaises(KeyError):
            nms.sample(LONG, count=100, method="adapsne", progress=stop)
        gc.collect()
        self.assertEqual(open_files(), before)


class Cancelling(unittest.TestCase):
    def test_cancel(self):
        job = long_job()
        time.sleep(0.2)
        begin = time.monotonic()
        job.cancel()
        with self.assertRaises(nms.CancelledError) as caught:
            job.result()
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(caught.exception.name, "ECANCELED")
        job.cancel()

    def test_dropped(self):
        before = open_files(), threads()
        job = long_job()
        self.assertGreater(threads(), before[1])
        del job
        gc.collect()
        self.assertEqual((open_files(), threads()), before)

    def test_closed(self):
        job = long_job()
        job.close()
        job.close()
        with self.assertRaisesRegex(nms.ArgumentError, "closed before its end"):
            job.result()
        for use in (job.fileno, job.progress):
            with self.assertRaisesRegex(nms.ArgumentError, "job: is closed"):
                use()


CTRL_C = """
import os, sys, time
import nms
from rows import blobs, open_files, threads
x = blobs(12000, 30)[0]
nms.sample(x[:500], count=3)
before = open_files(), threads()
print("begun", flush=True)
try:
    nms.sample(x, count=100, method="adapsne", progress=%s)
except KeyboardInterrupt:
    print("interrupted", (open_files(), threads()) == before, flush=True)
"""


FORKED = """
import os
import numpy as np
import nms
from rows import blobs
x = blobs(12000, 30)[0]
device = nms.Device("emu:")
job = nms.submit(x, count=100, method="adapsne", device=device)
if not os.fork():
    del job, device
    print(len(nms.sample(x[:500], count=3)), flush=True)
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]), job.done(), flush=True)
"""


class Fork(unittest.TestCase):
    def test_a_child(self):
        """It leaves what it inherits alone, and opens a device of its own."""
        done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.stdout, "3\n0 False\n", done.stderr)


class CtrlC(unittest.TestCase):
    def interrupted(self, progress):
        child = subprocess.Popen([sys.executable, "-c", CTRL_C % progress], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(child.stdout.readline(), "begun\n")
        time.sleep(0.5)
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        said, wrong = child.communicate(timeout=60)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual((said, child.returncode), ("interrupted True\n", 0), wrong)

    def test_waiting(self):
        self.interrupted(None)

    def test_with_progress(self):
        self.interrupted("lambda step: None")


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test_concurrency(self):
        """The loop goes round while jobs run, several at once."""
        turns = 0

        async def turn():
            nonlocal turns
            while True:
                await asyncio.sleep(0.005)
                turns += 1
        turning = asyncio.create_task(turn())
        found = await asyncio.gather(*(nms.sample_async(LONG[:3000], count=30, method="nms",
                                                        seed=i) for i in range(3)),
                                     nms.embed_async(SHORT))
        turning.cancel()
        self.assertGreater(turns, 20)
        for i in range(3):
            expected = nms.sample(LONG[:3000], count=30, method="nms", seed=i)
            np.testing.assert_array_equal(found[i].indices, expected.indices)
        np.testing.assert_array_equal(found[3].embedding, nms.embed(SHORT).embedding)

    async def test_await_a_job(self):
        with nms.submit(SHORT, count=9) as job:
            first, second = await asyncio.gather(job._await(), job._await())
            self.assertIs(first, second)
            self.assertIs(await job, first)

    async def test_cancel(self):
        await nms.sample_async(SHORT, count=9)          # starts the executor's thread
        before = open_files(), threads()
        task = asyncio.create_task(nms.sample_async(LONG, count=100, method="adapsne"))
        await asyncio.sleep(0.3)
        begin = time.monotonic()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(open_files(), before[0])
        self.assertLessEqual(threads(), before[1] + 1)

    async def test_cancel_at_once(self):
        await nms.sample_async(SHORT, count=9)
        before = open_files()
        task = asyncio.create_task(nms.sample_async(LONG, count=100, method="adapsne"))
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        for _ in range(200):
            if open_files() == before:
                return
            await asyncio.sleep(0.01)
        self.fail("a job went on")

    async def test_timeout(self):
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(nms.sample_async(LONG, count=100, method="adapsne"), 0.2)

    async def test_error(self):
        with self.assertRaises(nms.ArgumentError):
            await nms.sample_async(SHORT, count=900)


if __name__ == "__main__":
    unittest.main()
