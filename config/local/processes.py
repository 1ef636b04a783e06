"""Processes of this machine: starting them in their own sessions, watching and ending them.

Every process and its descendants carry a mark in their environment. By that mark `end_marked` finds the
processes that a killed supervisor left. No process is ended by its name alone, or by its process id alone."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from pwd import struct_passwd
from threading import Thread
from typing import IO, Any

import psutil

from . import Refused, say

MARK = "PROGIMAGE_SUPERVISED_BY"
# Longer than granian's --workers-kill-timeout, so that granian ends its own workers first.
STOP_TIMEOUT_S = 12.0
NAME_WIDTH = 8


@dataclass(kw_only=True)
class Process:
    """A running child process. It leads its own session, so that Ctrl-C reaches only the supervisor.

    Its output goes to the file `log`. If there is none, its lines go to our output, each after its name."""

    name: str
    argv: Sequence[str | Path]
    env: Mapping[str, str]
    cwd: Path
    log: Path | None = None
    user: struct_passwd | None = None
    stdin: str = ""
    _popen: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        with ExitStack() as files:
            output = files.enter_context(self.log.open("wb")) if self.log else subprocess.PIPE
            self._popen = subprocess.Popen(  # noqa: S603
                self.argv,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **run_as(self.user),
            )
        if self._popen.stdin:
            with suppress(BrokenPipeError), self._popen.stdin as pipe:
                pipe.write(self.stdin.encode())
        if self._popen.stdout:
            Thread(target=_relay, args=(self.name, self._popen.stdout), daemon=True).start()

    def is_running(self) -> bool:
        return self._popen.poll() is None

    def check(self) -> None:
        """Raise Refused if the process has ended."""
        code = self._popen.poll()
        if code is not None:
            hint = f": see {self.log}" if self.log else ", see its lines above"
            raise Refused(f"{self.name} ended unexpectedly with exit code {code}{hint}.")

    def send(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to end the process. `stop` also waits for the end."""
        self._popen.send_signal(by)

    def stop(self, *, by: signal.Signals = signal.SIGTERM, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the process, and wait for its end. After `timeout_s`, kill its whole process group."""
        self.send(by)
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()


def end_marked(mark: str, *, timeout_s: float = STOP_TIMEOUT_S) -> int:
    """End every process that carries `mark`, parents first, and return the number of processes."""
    processes = find_marked(mark)
    pids = {process.pid for process in processes}
    parents = [process for process in processes if _parent(process) not in pids]
    for process in parents:
        with suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(parents, timeout=timeout_s)
    # The children of a pool end when their pipes close. A process that still runs after a second is killed.
    psutil.wait_procs(find_marked(mark), timeout=1)
    survivors = find_marked(mark)
    for process in survivors:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(survivors, timeout=5)
    return len(processes)


def find_marked(mark: str) -> list[psutil.Process]:
    """Return the running processes that carry `mark`, except those of other users."""
    return [process for process in psutil.process_iter() if _read_mark(process) == mark]


def run_as(user: struct_passwd | None) -> dict[str, Any]:
    """Return arguments for subprocess that change from root to `user`. If `user` is None, return none."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_ports(count: int) -> list[int]:
    """Return different loopback ports on which no process listens."""
    ports = []
    with ExitStack() as sockets:
        for _ in range(count):
            listener = sockets.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            ports.append(listener.getsockname()[1])
    return ports


def _relay(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            text = line.decode(errors="replace").rstrip()
            # If our own output is closed, the child's must still be read, or the child would block.
            with suppress(OSError, ValueError):
                say(f"{name:<{NAME_WIDTH}}| {text}")


def _read_mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _parent(process: psutil.Process) -> int | None:
    try:
        return process.ppid()
    except psutil.Error:
        return None
