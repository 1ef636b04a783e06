"""The state folder (`var/`): who may use it, its secrets, and the lock that one supervisor holds.

As root the folder may be entered by others, because Postgres runs as another user: whatever is put into it is
private by itself. Nothing outside it is changed."""

import fcntl
import json
import os
import pwd
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import Refused

DEFAULT_FOLDER = Path("var")


class State:
    """A state folder, made when it is missing. Raises Refused where another user could reach into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._option = "" if folder == DEFAULT_FOLDER else f" VAR={shlex.quote(str(folder))}"
        try:
            self._make()
        except OSError as error:
            raise Refused(
                f"The state folder {self.folder} cannot be used ({error.strerror}): choose another "
                "with `make run VAR=folder`."
            ) from error

    def command(self, target: str) -> str:
        """Return the shell line that runs a target of the Makefile on this folder."""
        return f"make {target}{self._option}"

    def private_folder(self, name: str) -> Path:
        """Return a subfolder that only this user may enter."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def get_secret(self, name: str) -> str:
        """Return the secret called `name`, made at its first use and kept."""
        path = self.folder / "secrets.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in kept:
            kept[name] = secrets.token_urlsafe(48)
            write_private(path, json.dumps(kept, indent=1) + "\n")
        return kept[name]

    @property
    def mark(self) -> str:
        """What the processes of this folder, and of no copy of it, carry in their environment."""
        return f"{self.get_secret('mark')}:{self.folder}"

    @contextmanager
    def locked(self, url: str) -> Iterator[None]:
        """Hold the folder for one supervisor. Raises Refused while another one has it."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            if not _try_lock(file.fileno()):
                _, where = self._read_lock()
                raise Refused(
                    f"ProgImage already runs on {where or 'this state folder'} with its state in "
                    f"{self.folder}: stop it with `{self.command('stop')}`."
                )
            file.truncate()
            file.write(f"{os.getpid()} {url}\n")
            file.flush()
            yield
            file.truncate(0)

    def find_supervisor(self) -> int | None:
        """Return the process id of the supervisor that holds the lock now."""
        if not self._lock.exists():
            return None
        with self._lock.open() as file:
            if _try_lock(file.fileno()):
                return None
        return self._read_lock()[0]

    @property
    def _lock(self) -> Path:
        return self.folder / "lock"

    def _read_lock(self) -> tuple[int | None, str]:
        pid, _, url = self._lock.read_text().partition(" ")
        return (int(pid), url.strip()) if pid.isdigit() else (None, "")

    def _make(self) -> None:
        if not self.folder.exists():
            self.folder.mkdir(parents=True)
            self.folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
        found = self.folder.stat()
        if found.st_uid != os.geteuid():
            raise Refused(
                f"The state folder {self.folder} belongs to {_user_name(found.st_uid)}: start as that user, "
                "or choose another folder with `make run VAR=folder`."
            )
        if found.st_mode & 0o002:
            raise Refused(
                f"Everybody may write to the state folder {self.folder}: choose another with "
                f"`make run VAR=folder`, or put it right with `chmod o-w {shlex.quote(str(self.folder))}`."
            )


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user may read; a crash leaves the old one or the new one."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
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
