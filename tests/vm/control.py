# SPDX-License-Identifier: GPL-2.0-only
"""The device process, and the channel by which a test in the guest asks for
things outside.

A request is a line, the answer "ok ..." or "error ...":
    device LINE     to the control socket of the device process (faults)
    kill            the device process dies at once
    start           a new device process
    qmp JSON        to QEMU
"""
import json
import select
import signal
import socket
import subprocess
import time

# A process that is started so does not survive whoever started it.
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]


class Device:
    def __init__(self, program, folder, args):
        self.program, self.folder, self.args = program, folder, args
        self.process = None

    def start(self):
        path = self.folder / "device"
        path.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [*DIES_WITH_US, self.program, "--socket", path,
             "--control", self.folder / "device-control", *self.args], stdin=subprocess.DEVNULL)
        for _ in range(200):
            if path.exists():
                return
            time.sleep(0.05)
        raise RuntimeError("the device process does not listen")

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "device-control"))
            s.sendall(line.encode() + b"\n")
            return s.makefile().readline().strip()


class Control:
    def __init__(self, folder, device):
        self.folder, self.device = folder, device
        self.socket, self.pending = None, b""

    def _connect(self):
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(str(self.folder / "control"))
            self.socket = s
        except OSError:
            s.close()

    def _qmp(self, text):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "qmp"))
            stream = s.makefile("rw")
            stream.readline()
            for line in (json.dumps({"execute": "qmp_capabilities"}), text):
                stream.write(line + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
        return json.dumps(answer)

    def _do(self, line):
        verb, _, rest = line.partition(" ")
        try:
            if verb == "device":
                return self.device.ask(rest)
            if verb == "kill":
                self.device.stop(signal.SIGKILL)
                return "ok"
            if verb == "start":
                self.device.start()
                return "ok"
            if verb == "qmp":
                return "ok " + self._qmp(rest)
            return f"error no such request: {verb}"
        except (OSError, RuntimeError, ValueError, AttributeError) as e:
            return f"error {e}"

    def step(self, seconds):
        """Serve requests for about so long."""
        if self.socket is None:
            self._connect()
            if self.socket is None:
                time.sleep(seconds)
                return
        try:
            self._serve(seconds)
        except (ConnectionResetError, BrokenPipeError):
            # QEMU ends in the midst of it: that it has, its exit tells.
            time.sleep(seconds)

    def _serve(self, seconds):
        ready, _, _ = select.select([self.socket], [], [], seconds)
        if not ready:
            return
        data = self.socket.recv(4096)
        if not data:
            time.sleep(seconds)
            return
        self.pending += data
        while b"\n" in self.pending:
            line, self.pending = self.pending.split(b"\n", 1)
            self.socket.sendall(self._do(line.decode().strip()).encode() + b"\n")
