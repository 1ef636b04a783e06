"""A turn at the children: one task, judged by the CPU time that it takes."""

import signal
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from pathlib import Path
from time import monotonic
from typing import TypeVar

from progimage.errors import RendererEnded, TakesTooLong, Unavailable
from progimage.transform import Transform
from transforms.decoding.decode import probe, probe_received, validate
from transforms.decoding.header import Header
from transforms.engine import NO_OTHERS, Rendered, make_overview, render_file
from transforms.planning.overview import OverviewFile
from transforms.received import render_received

from .child import give_way
from .costs import UNREAD, TaskCost, render_cost
from .pipe import DeadlinePassed
from .process_pool import Processes
from .warm_child import ChildEnded

T = TypeVar("T")

_ATTEMPTS = 2
"""The kernel may have killed the first child for the memory of another process."""


class Turn:
    """The right to one task. It ends with the task, so that the use of the result delays no other turn."""

    def __init__(self, processes: Processes, stops: int, end: Callable[[TaskCost | None], None]) -> None:
        """`stops` is the count of `processes` from before the wait for this turn.

        `end` is called with the facts about the task if it was another one than was said, or None."""
        self._processes = processes
        self._settings = processes.settings
        self._stops = stops
        self._end = end

    def validate(self, path: Path) -> Header:
        """Decode every frame of an image, at a lower priority than renders, for which clients wait.

        Raise UnsupportedFormat, UnprocessableImage or ImageTooLarge; TakesTooLong if the image needs more
        CPU time than it may have, Unavailable if it gets too little of it."""
        header: Header = self.run(give_way, validate, path, self._settings.limits)
        return header

    def probe(self, path: Path) -> Header:
        """Read the header of an image. Raise the errors of `validate`."""
        header: Header = self.run(probe, path, self._settings.limits)
        return header

    def probe_received(self, path: Path) -> Header:
        """Read the header of bytes that nobody has validated. Raise the errors of `validate`."""
        header: Header = self.run(probe_received, path, self._settings.limits)
        return header

    def render(
        self,
        source: Path | OverviewFile,
        transform: Transform,
        target: Path,
        *,
        others: Mapping[str, Path] = NO_OTHERS,
    ) -> Rendered:
        """Write the result of a resolved transform of `source` to `target`. Raise the errors of `validate`.

        The transform of an overview is that of its original. `others` holds the files of the images that
        operations name, by their references."""
        return self.run(
            render_file,
            source,
            transform,
            target,
            self._settings.limits,
            others,
        )

    def render_received(
        self,
        source: Path,
        transform: Transform,
        target: Path,
        *,
        max_megapixels: float,
    ) -> tuple[Header, Rendered | None]:
        """Render bytes that nobody has validated, and return their header, too.

        Do and raise as `transforms.received.render_received` does."""
        task = partial(render_received, max_megapixels=max_megapixels, limits=self._settings.limits)
        done: TaskCost | None = TaskCost(UNREAD)
        self._settings.before_waiting()
        try:
            header, facts = self._run_with_retry(task, source, transform, target)
            if facts:
                done = render_cost(header.format, header.megapixels, transform)
            return header, facts
        except (TakesTooLong, RendererEnded, Unavailable):
            done = None
            raise
        finally:
            self._end(done)

    def make_overview(self, source: Path, transform: Transform, target: Path) -> Rendered:
        """Write an overview, at a lower priority than renders for clients. Raise as `render` does."""
        overview: Rendered = self.run(
            give_way, make_overview, source, transform, target, self._settings.limits
        )
        return overview

    def run(self, function: Callable[..., T], *args: object) -> T:
        """Do the task of this turn."""
        self._settings.before_waiting()
        try:
            return self._run_with_retry(function, *args)
        finally:
            self._end(None)

    def _run_with_retry(self, function: Callable[..., T], *args: object) -> T:
        """Run a task, and once more if its child dies.

        Raise RendererEnded only for an image that ends two children, and Unavailable if the pool was
        stopped since the turn was waited for."""
        ends_at = monotonic() + self._settings.wall_timeout_s
        for _ in range(_ATTEMPTS):
            if self._processes.stops != self._stops:
                raise Unavailable("The renderers are being stopped")
            wall_s = ends_at - monotonic()
            if wall_s <= 0:
                raise self._too_slow()
            try:
                return self._processes.run(function, args, wall_s=wall_s)
            except DeadlinePassed as error:
                raise self._too_slow() from error
            except ChildEnded as error:
                self._check_death(error)
                last_death = error
        if self._processes.stops != self._stops:
            raise Unavailable("The renderers are being stopped")
        raise RendererEnded("The image could not be processed: its renderer ended") from last_death

    def _check_death(self, death: ChildEnded) -> None:
        """Raise TakesTooLong or Unavailable if a timer of the child's own has ended it."""
        if death.exitcode == -signal.SIGPROF:
            max_s = self._settings.timeout_s
            raise TakesTooLong(
                f"Expected an image that takes at most {max_s:g} s of CPU time but it takes longer"
            ) from death
        if death.exitcode == -signal.SIGALRM:
            raise self._too_slow() from death

    def _too_slow(self) -> Unavailable:
        """Return the error for a task that had too little CPU time. Nothing is known to be wrong with it."""
        max_s = self._settings.wall_timeout_s
        return Unavailable(
            f"The server is too busy to finish this image within {max_s:g} s",
            retry_after_s=max(1, ceil(self._settings.timeout_s)),
        )
