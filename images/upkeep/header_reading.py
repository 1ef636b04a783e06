"""Headers of stored originals, read again: for facts that earlier releases did not read, or read otherwise.

Rows are read some at a time, by the index of each account's ready images. No connection is held while storage
sends an original or a child reads its header. A run that is broken off leaves the facts that it has written,
so the next run goes on with the rest."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Account
from images import waiting_threads
from images.database import release_connection
from images.models import Image
from images.services.header_facts import differing_facts, set_facts
from images.services.reading import original_path
from images.storage import originals
from progimage.errors import NotFound, ProgImageError, Unavailable
from transforms.decoding.header import Header
from transforms.workers.pool import pool

_WINDOW_ROWS = 200
_MAX_CONCURRENCY = 32
"""The pool reads so many headers in a small part of its deadline."""
_NOT_NEEDED = ("metadata", "transform")
Outcome = Header | ProgImageError
"""The header of an original, or the reason why it could not be read."""
_Map = Callable[[Callable[[Image], Outcome], Iterable[Image]], Iterable[Outcome]]


def max_concurrency() -> int:
    """Return how many originals may be read at once. If all of them met at the pool, it would refuse none."""
    return min(_MAX_CONCURRENCY, waiting_threads.max_of_one_account())


@dataclass
class HeaderReading:
    """A run over the images of one account, or of all.

    It reads the images without facts about colours; with `reads_all` every image. With `is_dry` it writes
    nothing. `concurrency` is the number of originals that it reads at once."""

    account: Account | None = None
    reads_all: bool = False
    is_dry: bool = False
    concurrency: int = 1

    read: int = 0
    changed: int = 0
    corrections: Counter[str] = field(default_factory=Counter)
    """The number of images for each fact that was known before and is another now."""
    failures: dict[UUID, ProgImageError] = field(default_factory=dict)

    def count(self) -> int:
        """Return the number of images that `run` goes through."""
        rows = Image.objects.ready()
        return (rows.filter(account=self.account) if self.account else rows).count()

    def run(self) -> Iterator[UUID]:
        """Read images, and yield the id of each, also of those that need not be read.

        Raise Unavailable if storage does not answer at all."""
        with _mapping(self.concurrency) as map_images:
            for window in self._windows():
                outcomes = iter(map_images(_read, filter(self._needs_reading, window)))
                for image in window:
                    if self._needs_reading(image):
                        self._take(image, next(outcomes))
                        release_connection()
                    yield image.pk

    def _needs_reading(self, image: Image) -> bool:
        return self.reads_all or image.color_space is None

    def _windows(self) -> Iterator[list[Image]]:
        accounts = [self.account] if self.account else Account.objects.order_by("pk")
        for account in accounts:
            rows = Image.objects.ready().filter(account=account).order_by("ready_id").defer(*_NOT_NEEDED)
            yield from _in_windows(rows)

    def _take(self, image: Image, outcome: Outcome) -> None:
        if isinstance(outcome, NotFound):
            return  # a client has deleted it meanwhile
        if isinstance(outcome, ProgImageError):
            self.failures[image.pk] = outcome
            return
        facts = differing_facts(image, outcome)
        if facts and not self.is_dry and not set_facts(image, facts):
            return
        self.read += 1
        self.changed += bool(facts)
        for name in facts:
            if getattr(image, name) is not None:
                self.corrections[name] += 1


def _in_windows(rows: QuerySet[Image]) -> Iterator[list[Image]]:
    window = list(rows[:_WINDOW_ROWS])
    while window:
        yield window
        window = list(rows.filter(ready_id__gt=window[-1].ready_id)[:_WINDOW_ROWS])


@contextmanager
def _mapping(concurrency: int) -> Iterator[_Map]:
    """Yield a function like `map` that works at so many images at once.

    When it ends, for example by Ctrl-C, images that wait are not begun."""
    if concurrency == 1:
        yield map
        return
    threads = ThreadPoolExecutor(concurrency, thread_name_prefix="read-headers")
    try:
        yield threads.map
    finally:
        threads.shutdown(cancel_futures=True)


def _read(image: Image) -> Outcome:
    """Return the header of an original, or why it cannot be had. Raise Unavailable if storage is away."""
    try:
        with original_path(image) as path:
            return pool().probe(path, owner=image.account_id)
    except Unavailable as error:
        originals().check()
        return error
    except ProgImageError as error:
        return error
    finally:
        release_connection()  # that of a thread; the row of a missing original is flagged there
