"""The options of a run, which every row reads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .sections import Section
from .server import ROOT


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
    def roots(self) -> dict[str, Path]:
        """The files of this revision, and of the one to be compared."""
        baseline = {self.baseline_name: self.baseline} if self.baseline else {}
        return {"ProgImage": ROOT} | baseline

    @property
    def rounds(self) -> int:
        """Many short rounds: on a shared machine neighbours in time are alike, and minutes are not."""
        return 2 if self.is_quick else 8

    @property
    def window_s(self) -> float:
        return self.seconds or 3.0

    def folder_for(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


Row = Callable[[Options], Section]
"""A comparison. A Section without lines says in its notes why it was skipped."""
