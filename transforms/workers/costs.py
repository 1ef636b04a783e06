"""The measured cost of tasks: the time for which one of each sort holds a renderer.

    costs = Costs()
    task = render_cost("jpeg", 12.0, transform)
    costs.learn(task, elapsed_s=0.045)
    costs.estimate_s(task)

The queue admits tasks by it (lines.py). The time is that of the clock, so that a busy machine counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import SEEK_END
from math import ceil, log
from pathlib import Path
from threading import Lock
from time import monotonic

from progimage.transform import Transform

_SHARE_OF_NEWEST = 0.15
"""The weight of a new time in the average."""
_MOST_TIMES_AVERAGE = 10
"""A longer time counts as one that is so many times the average. One that hung says little about the next."""
_FIRST_TIMES = 4
"""A sort is unknown until it was measured so often. Of these times the least counts: children start cold."""
_HIGHEST_GUESS_S = 0.01
"""For each megapixel of a sort that is unknown. A high one would admit nobody, so it would stay wrong."""
_LEAST_MEGAPIXELS = 0.25
"""Below it the fixed part of a task is all that counts."""
_CLASS_FACTOR = 4
_Sort = tuple[str, int]
VALIDATE = "validate"
PROBE = "probe"
UNREAD = "unread"
"""A render that its source's header has ended. Nobody waits for such a task."""


@dataclass(frozen=True)
class TaskCost:
    """The facts about a task from which its cost is estimated.

    `kind` is that of the work: validate, probe or a transform's kind. `megapixels` are those of the source
    over all its frames. If nobody has read the header, they are a guess by the number of bytes."""

    kind: str
    format: str = ""
    megapixels: float = 0.0

    @property
    def size(self) -> float:
        return max(self.megapixels, _LEAST_MEGAPIXELS)

    @property
    def sort(self) -> _Sort:
        """The format, and how often the least size must be multiplied by 4 to reach this one."""
        size_class = ceil(log(self.size / _LEAST_MEGAPIXELS, _CLASS_FACTOR))
        return self.format, size_class


UNKNOWN = TaskCost("")
_PIXELS_PER_BYTE = 4
"""Of a photograph in JPEG."""
_PREFIX_BYTES = 12
_MARKS: Mapping[str, tuple[int, bytes]] = {
    "jpeg": (0, b"\xff\xd8"),
    "png": (0, b"\x89PNG"),
    "gif": (0, b"GIF8"),
    "webp": (8, b"WEBP"),
    "bmp": (0, b"BM"),
    "avif or heic": (4, b"ftyp"),
    "jp2": (4, b"jP  "),
}
"""Bytes at the start of files, and their place. They only sort the files: the decoder finds the format."""


def render_cost(source_format: str, megapixels: float, transform: Transform) -> TaskCost:
    """Return the facts about a render. Decoder and encoder count as much as the operations."""
    kind = transform.kind(source_format)
    formats = f"{source_format} to {transform.output.format or source_format}"
    return TaskCost(kind, formats, megapixels)


def file_cost(kind: str, path: Path) -> TaskCost:
    """Return the facts about work on a file whose header nobody has read."""
    with path.open("rb") as file:
        prefix = file.read(_PREFIX_BYTES)
        size_bytes = file.seek(0, SEEK_END)
    formats = (name for name, (start, mark) in _MARKS.items() if prefix.startswith(mark, start))
    return TaskCost(kind, next(formats, ""), size_bytes * _PIXELS_PER_BYTE / 1_000_000)


class Costs:
    """Exponential averages of seconds per megapixel, for each kind, pair of formats and class of size."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._rates: dict[str, dict[_Sort, _Rate]] = {}
        self._guesses: dict[str, float] = {}
        """The rates of what is unknown, for each kind."""

    def estimate_s(self, task: TaskCost) -> float:
        """Return the time that the task will probably take.

        A sort that is unknown is taken for the cheapest of its kind, and for cheap at any rate."""
        with self._lock:
            rate = self._rates.get(task.kind, {}).get(task.sort)
            if rate is None or rate.count < _FIRST_TIMES:
                rate_s = self._guesses.get(task.kind, _HIGHEST_GUESS_S)
            else:
                rate_s = rate.average_s
        return rate_s * task.size

    def measured(self, task: TaskCost, end: Callable[[], None]) -> Callable[[TaskCost | None], None]:
        """Return a function that ends a task which begins now: it learns the time and calls `end`.

        It is called with the facts about the task if `task` was a guess, or with None."""
        began_at = monotonic()

        def learn_and_end(done: TaskCost | None) -> None:
            elapsed_s = monotonic() - began_at
            self.learn(done or task, elapsed_s=elapsed_s)
            if done and done.kind != UNREAD and (done.kind, done.sort) != (task.kind, task.sort):
                self.learn(task, elapsed_s=elapsed_s)  # the next guess is of its sort again
            end()

        return learn_and_end

    def learn(self, task: TaskCost, *, elapsed_s: float) -> None:
        """Add the time that a task took, also if it failed or was ended at its deadline."""
        with self._lock:
            rates = self._rates.setdefault(task.kind, {})
            rates[task.sort] = rates.get(task.sort, _Rate()).with_newest(elapsed_s / task.size)
            self._guesses[task.kind] = min(_HIGHEST_GUESS_S, *(rate.average_s for rate in rates.values()))


@dataclass(frozen=True)
class _Rate:
    """An average of seconds per megapixel, and the number of times that it is made of."""

    average_s: float = 0.0
    count: int = 0

    def with_newest(self, rate_s: float) -> "_Rate":
        count = self.count + 1
        if self.count == 0:
            return _Rate(rate_s, count)
        if count <= _FIRST_TIMES:
            return _Rate(min(self.average_s, rate_s), count)
        counted_s = min(rate_s, _MOST_TIMES_AVERAGE * self.average_s)
        return _Rate(self.average_s + _SHARE_OF_NEWEST * (counted_s - self.average_s), count)
