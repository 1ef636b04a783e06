"""The two folders of object storage, and the rows that belong to their objects."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Substr

from images.models import Image, Overview, Rendition
from images.storage import ObjectStorage, originals, renditions

BATCH_SIZE = 1_000
HEX_DIGITS = "0123456789abcdef"
_PENULTIMATE_DIGIT = 35  # position in the text of a UUID, counted from 1

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, kw_only=True)
class ObjectFolder:
    """A folder of storage, its objects and their rows.

    Each of `rows` must have an object. `find_rows` takes names of objects and returns the rows that may have
    them, and possibly more rows. `image_id` is the field that holds the image's id."""

    name: str
    storage: Callable[[], ObjectStorage]
    rows: Callable[[], QuerySet[Any]]
    find_rows: Callable[[Sequence[str]], QuerySet[Any]]
    image_id: str

    def prefix(self, digit: str) -> str:
        """Return the prefix of a sixteenth of all names: those of images with this penultimate hex digit."""
        return f"{self.name}/{digit}"

    def without_row(self, names: Sequence[str]) -> list[str]:
        """Return those of `names` to which no row belongs."""
        names_of_rows = {row.storage_name for row in self.find_rows(names)}
        return [name for name in names if name not in names_of_rows]

    def part(self, rows: QuerySet[Any], digit: str) -> Iterator[Any]:
        """Go through the rows whose objects have the prefix of `digit`. No cursor stays open meanwhile."""
        penultimate_digit = Substr(Cast(self.image_id, TextField()), _PENULTIMATE_DIGIT, 1)
        rows = rows.alias(penultimate_digit=penultimate_digit)
        rows = rows.filter(penultimate_digit=digit).order_by("pk")
        batch = list(rows[:BATCH_SIZE])
        while batch:
            yield from batch
            last_pk = batch[-1].pk
            batch = list(rows.filter(pk__gt=last_pk)[:BATCH_SIZE])


def batches(items: Iterable[ItemT]) -> Iterator[list[ItemT]]:
    """Group `items` into lists of BATCH_SIZE."""
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH_SIZE)):
        yield batch


def _ready_images() -> QuerySet[Image]:
    return Image.objects.ready().only("id", "size_bytes", "sha256", "missing_at")


def _ready_renditions() -> QuerySet[Rendition]:
    rows = Rendition.objects.filter(state=Rendition.State.READY)
    return rows.only("image_id", "cache_key", "format", "size_bytes")


def _ready_overviews() -> QuerySet[Overview]:
    return Overview.objects.filter(state=Overview.State.READY).only("image_id", "version", "size_bytes")


def _find_images(names: Sequence[str]) -> QuerySet[Image]:
    """Return the images with these objects. Tombstones have none: an object that is left of them is waste."""
    image_ids = []
    for name in names:
        file_name = name.rpartition("/")[2]
        image_id = _parse_id(file_name)
        if image_id is not None:
            image_ids.append(image_id)
    rows = Image.objects.filter(pk__in=image_ids)
    return rows.exclude(state=Image.State.PURGED).only("id")


def _find_renditions(names: Sequence[str]) -> QuerySet[Rendition]:
    image_ids = set()
    cache_keys = set()
    for name in names:
        folder, _, file_name = name.rpartition("/")
        cache_keys.add(file_name.partition(".")[0])
        image_id = _parse_id(folder.rpartition("/")[2])
        if image_id is not None:
            image_ids.add(image_id)
    rows = Rendition.objects.filter(image_id__in=image_ids, cache_key__in=cache_keys)
    return rows.only("image_id", "cache_key", "format")


def _find_overviews(names: Sequence[str]) -> QuerySet[Overview]:
    """Return the overviews with these objects. One of a tombstone is waste, as its object is."""
    image_ids = []
    for name in names:
        image_id = _parse_id(name.rpartition("/")[0].rpartition("/")[2])
        if image_id is not None:
            image_ids.append(image_id)
    rows = Overview.objects.filter(pk__in=image_ids)
    return rows.exclude(image__state=Image.State.PURGED).only("image_id", "version")


def _parse_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


ORIGINALS = ObjectFolder(
    name="originals",
    storage=originals,
    rows=_ready_images,
    find_rows=_find_images,
    image_id="id",
)
RENDITIONS = ObjectFolder(
    name="renditions",
    storage=renditions,
    rows=_ready_renditions,
    find_rows=_find_renditions,
    image_id="image_id",
)
OVERVIEWS = ObjectFolder(
    name="overviews",
    storage=renditions,
    rows=_ready_overviews,
    find_rows=_find_overviews,
    image_id="image_id",
)
