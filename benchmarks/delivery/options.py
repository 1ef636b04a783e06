"""The options of a run, which every row reads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .sections import Section


@dataclass(frozen=True)
class Options:
    """`baseline` is the root of another revision's files, or None. `folder` is for this run alone.
    `seconds` is the length of a window, if it is not the run's own."""

    folder: Path
    is_quick: bool = False
    seconds: float | None = None
    baseline: Path | None = None
    baseline_name: str = ""

    @property
    def rounds(self) -> int:
        return 1 if self.is_quick else 3

    @property
    def window_s(self) -> float:
        return self.seconds or (3.0 if self.is_quick else 8.0)

    def folder_for(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


Row = Callable[[Options], Section]
"""A comparison. A Section without lines says in its notes why it was skipped."""
