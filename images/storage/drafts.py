"""Drafts: files beside the names under which they may be stored, so that storing one copies nothing."""

import io
import os
import tempfile
from pathlib import Path


class Draft(io.FileIO):
    """An empty file in a folder of the storage. Closing it removes it, unless it has got a name.

    It can be read after it has got a name."""

    def __init__(self, folder: Path) -> None:
        descriptor, path = tempfile.mkstemp(dir=folder, prefix=".put-")
        self._path = Path(path)
        super().__init__(path, "r+", opener=lambda *_: descriptor)

    def give_name(self, target: Path) -> None:
        """Raise FileExistsError if the name is taken: unlike a rename, a link never replaces a file."""
        os.link(self._path, target)
        self._remove()

    def close(self) -> None:
        if not self.closed:
            self._remove()
        super().close()

    def _remove(self) -> None:
        self._path.unlink(missing_ok=True)
