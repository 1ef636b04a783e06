"""Files that nobody waits for the disk to keep, and the power cuts after which they are doubted.

Renditions can be made again, so storing one syncs nothing. After a power cut such a file may be missing, too
short, or of the right length with zeros in it. Reads compare its length.

For its content, each machine keeps a record in the storage: a file named after the kernel's boot. It is
written and synced before a file is stored without that, at least every 30 s. The time of another boot's
record is the last moment at which that machine may have lost files. A file that was written shortly before
it is read whole before it is used."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

RECORDS = ".progimage-boots"
"""The folder of the records."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_RECORDED_EVERY_S = 30
_LOADED_EVERY_S = 60
_DOUBTED_BEFORE_S = 600
"""Linux writes a file to the disk within 35 s. A laptop that saves power may take ten minutes."""
_DOUBTED_AFTER_S = 2 * _RECORDED_EVERY_S


class UnsyncedFiles:
    """The records of one storage. Times are those of its file system: they may come from another machine."""

    def __init__(self, root: Path, sync_folder: Callable[[Path], None]) -> None:
        self._sync_folder = sync_folder
        self._folder = root / RECORDS
        self._recorded_at_s = float("-inf")
        self._loaded_at_s = float("-inf")
        self._others_times_s: list[float] = []

    def record(self) -> bool:
        """Note that a file is about to be stored without being synced. Return False if it must be synced.

        The kernel says by which boot it runs. Only Linux does so."""
        boot = find_boot()
        if boot is None:
            return False
        if time.monotonic() - self._recorded_at_s > _RECORDED_EVERY_S:
            self._write(boot)
            self._recorded_at_s = time.monotonic()
        return True

    def is_doubtful(self, written_at_s: float) -> bool:
        """Whether another boot may have ended before a file of this time was on the disk."""
        if time.monotonic() - self._loaded_at_s > _LOADED_EVERY_S:
            self._others_times_s = self._load()
            self._loaded_at_s = time.monotonic()
        return any(
            ended_s - _DOUBTED_BEFORE_S < written_at_s < ended_s + _DOUBTED_AFTER_S
            for ended_s in self._others_times_s
        )

    def _write(self, boot: str) -> None:
        self._folder.mkdir(exist_ok=True)
        descriptor = os.open(self._folder / boot, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            # Some file systems keep a time to themselves for hours unless content changes with it.
            os.pwrite(descriptor, b"\n", 0)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._sync_folder(self._folder)
        self._sync_folder(self._folder.parent)

    def _load(self) -> list[float]:
        with suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            return [entry.stat().st_mtime for entry in entries if entry.name != find_boot()]
        return []


@cache
def find_boot() -> str | None:
    """Return the id of the kernel's boot, or None if the kernel does not tell."""
    try:
        return _BOOT_ID.read_text().strip() or None
    except OSError:
        return None
