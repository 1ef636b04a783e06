"""The state folder (`var/`): its permissions, its secrets, and the lock of the running supervisor.

When root runs ProgImage, other users may enter the folder, because Postgres runs as another user. So every
file and subfolder in it has private permissions of its own. Nothing outside the folder is changed."""

import fcntl
import json
import os
import pwd
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Refused

DEFAULT_FOLDER = Path("var")


class State:
    """A state folder. Create it if it is missing, and raise Refused if another user could change it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._option = "" if folder == DEFAULT_FOLDER else f" VAR={shlex.quote(str(folder))}"
        try:
            self._create()
        except OSError as error:
            raise Refused(
                f"The state folder {self.folder} cannot be used ({error.strerror}): "
                "choose another one with `make run VAR=folder`."
            ) from error

    def command(self, target: str) -> str:
        """Return the shell command that runs a target of the Makefile with this folder."""
        return f"make {target}{self._option}"

    def private_folder(self, name: str) -> Path:
        """Return a subfolder that only this user may enter. Create it if it is missing."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def get_secret(self, name: str) -> str:
        """Return the secret with this name. Its first use generates and stores it."""
        path = self.folder / "secrets.json"
        stored: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in stored:
            stored[name] = secrets.token_urlsafe(48)
            write_private(path, json.dumps(stored, indent=1) + "\n")
        return stored[name]

    @property
    def mark(self) -> str:
        """The mark in the environment of this folder's processes. A copy of the folder has another mark."""
        return f"{self.get_secret('mark')}:{self.folder}"

    @contextmanager
    def locked(self, url: str) -> Iterator[None]:
        """Lock the folder for a supervisor or `make stop`. Raise Refused if another process has the lock."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            if not _try_lock(file.fileno()):
                _, supervisor_url = self._read_lock()
                raise Refused(
                    f"ProgImage already runs on {supervisor_url or 'this state folder'} with its state in "
                    f"{self.folder}: stop it with `{self.command('stop')}`."
                )
            file.truncate()
            file.write(f"{os.getpid()} {url}\n")
            file.flush()
            yield
            file.truncate(0)

    def find_supervisor(self) -> int | None:
        """Return the process id of the supervisor that holds the lock, or None."""
        if not self._lock.exists():
            return None
        with self._lock.open() as file:
            if _try_lock(file.fileno()):
                return None
        pid, _ = self._read_lock()
        return pid

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    def _read_lock(self) -> tuple[int | None, str]:
        pid, _, url = self._lock.read_text().partition(" ")
        if not pid.isdigit():
            return None, ""
        return int(pid), url.strip()

    def _create(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        status = self.folder.stat()
        if status.st_uid != os.geteuid():
            raise Refused(
                f"The state folder {self.folder} belongs to {_user_name(status.st_uid)}: start as that user, "
                "or choose another folder with `make run VAR=folder`."
            )
        if status.st_mode & stat.S_IWOTH:
            raise Refused(
                f"Every user may write to the state folder {self.folder}: choose another folder with "
                f"`make run VAR=folder`, or run `chmod o-w {shlex.quote(str(self.folder))}`."
            )


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user may read. A crash leaves the old file or the new one, never a part."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.fsync(file.fileno())
    new.replace(path)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
