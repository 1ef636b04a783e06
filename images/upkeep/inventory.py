"""The two folders of storage, and which rows know their objects."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Substr

from images.models import Image, Rendition
from images.storage import ObjectStorage, originals, renditions

BATCH = 1_000
_PENULTIMATE_DIGIT = 35  # of a UUID's text, counted from 1

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Shelf:
    """`rows` should have an object each; the rows that `known` finds for a list of names may have one."""

    folder: str
    storage: Callable[[], ObjectStorage]
    rows: Callable[[], QuerySet[Any]]
    image_id: str
    known: Callable[[Sequence[str]], QuerySet[Any]]

    def prefix(self, digit: str) -> str:
        """Return how the names of a sixteenth of all objects start."""
        return f"{self.folder}/{digit}"

    def unknown(self, names: Sequence[str]) -> list[str]:
        """Return those that no row knows."""
        known = {row.storage_name for row in self.known(names)}
        return [name for name in names if name not in known]

    def part(self, rows: QuerySet[Any], digit: str) -> Iterator[Any]:
        """Go through the rows of that sixteenth, without a cursor that stays open."""
        text = Substr(Cast(self.image_id, TextField()), _PENULTIMATE_DIGIT, 1)
        rows = rows.alias(penultimate_digit=text).filter(penultimate_digit=digit).order_by("pk")
        batch = list(rows[:BATCH])
        while batch:
            yield from batch
            batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH])


def batches(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    items = iter(items)
    while batch := list(islice(items, BATCH)):
        yield batch


def _known_originals(names: Sequence[str]) -> QuerySet[Image]:
    """What is left of an image that was purged is waste."""
    ids = [_parse_id(name.rpartition("/")[2]) for name in names]
    return Image.objects.filter(pk__in=filter(None, ids)).exclude(state=Image.State.PURGED).only("id")


def _known_renditions(names: Sequence[str]) -> QuerySet[Rendition]:
    folders, files = zip(*(name.rpartition("/")[::2] for name in names), strict=True)
    ids = {_parse_id(folder.rpartition("/")[2]) for folder in folders}
    keys = {file.partition(".")[0] for file in files}
    rows = Rendition.objects.filter(image_id__in=filter(None, ids), cache_key__in=keys)
    return rows.only("image_id", "cache_key", "format")


def _parse_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


ORIGINALS = Shelf(
    "originals",
    originals,
    lambda: Image.objects.filter(state=Image.State.READY).only("id", "size_bytes", "sha256", "missing_at"),
    "id",
    _known_originals,
)
RENDITIONS = Shelf(
    "renditions",
    renditions,
    lambda: Rendition.objects.filter(state=Rendition.State.READY).only(
        "image_id", "cache_key", "format", "size_bytes"
    ),
    "image_id",
    _known_renditions,
)
