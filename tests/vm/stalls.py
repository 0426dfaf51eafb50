# SPDX-License-Identifier: GPL-2.0-only
"""The guest, or the device, is not run for a while, again and again: what was thought
to take no time takes some, and races have room.
"""
import random
import signal
import threading

SHORTEST = 0.02	# seconds, if the longest is no shorter
PAUSES = 7	# as long as the longest stall, at most, between two


class Stalls(threading.Thread):
    """Stops one of the processes that processes() gives, for at most so many seconds at a time."""

    def __init__(self, longest, processes):
        super().__init__(daemon=True)
        self.longest, self.processes = longest, processes
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(random.uniform(0, PAUSES * self.longest)):
            process = random.choice(self.processes())
            # One that a test has killed is sent nothing.
            process.send_signal(signal.SIGSTOP)
            self.over.wait(random.uniform(min(SHORTEST, self.longest), self.longest))
            process.send_signal(signal.SIGCONT)

    def __enter__(self):
        if self.longest:
            self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        if self.longest:
            self.join()
