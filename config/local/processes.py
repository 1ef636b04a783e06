"""Processes of this machine: started in sessions of their own, watched, and ended.

Each one carries a mark in its environment, and so do its descendants. What a killed supervisor has left is
found by that mark; nothing is ever ended by its name or by a number alone."""

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
# Longer than granian's --workers-kill-timeout, which comes first and ends its workers in order.
STOP_TIMEOUT_S = 12.0
NAME_WIDTH = 8


@dataclass(kw_only=True)
class Process:
    """A running child: the leader of its own session, so that Ctrl-C reaches the supervisor alone.

    Its output goes to the file `log`, else line by line to ours, behind its name."""

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
        """Raise Refused when the process has ended."""
        code = self._popen.poll()
        if code is not None:
            where = f": see {self.log}" if self.log else ", see its lines above"
            raise Refused(f"{self.name} ended unexpectedly with exit code {code}{where}.")

    def ask(self, by: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end; `stop` waits for it."""
        self._popen.send_signal(by)

    def stop(self, *, by: signal.Signals = signal.SIGTERM, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End the process and wait for it, by force after `timeout_s`."""
        self.ask(by)
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()


def end_marked(mark: str, *, timeout_s: float = STOP_TIMEOUT_S) -> int:
    """End every process that carries `mark`, parents first, and return how many there were."""
    found = find_marked(mark)
    pids = {process.pid for process in found}
    parents = [process for process in found if _parent(process) not in pids]
    for process in parents:
        _signal(process, psutil.Process.terminate)
    psutil.wait_procs(parents, timeout=timeout_s)
    # Children of children (pools) end with their pipes; whoever is left after a second does not.
    psutil.wait_procs(find_marked(mark), timeout=1)
    rest = find_marked(mark)
    for process in rest:
        _signal(process, psutil.Process.kill)
    psutil.wait_procs(rest, timeout=5)
    return len(found)


def find_marked(mark: str) -> list[psutil.Process]:
    """Return the running processes that carry `mark`, those of other users apart."""
    return [process for process in psutil.process_iter() if _read_mark(process) == mark]


def run_as(user: struct_passwd | None) -> dict[str, Any]:
    """Return the arguments of subprocess that give up root for `user`."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def free_ports(count: int) -> list[int]:
    """Return numbers of loopback ports that nobody listens on."""
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in opened:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in opened]


def _relay(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            with suppress(OSError, ValueError):  # our own output may be closed, theirs must flow
                say(f"{name:<{NAME_WIDTH}}| {line.decode(errors='replace').rstrip()}")


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


def _signal(process: psutil.Process, send: Any) -> None:
    with suppress(psutil.Error):
        send(process)
