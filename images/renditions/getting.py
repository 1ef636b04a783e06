"""From a prepared transform on a stored image to the rendition: found if it is kept, rendered if not."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from imagekit.cachefiles import ImageCacheFile
from imagekit.registry import generator_registry

from accounts.models.sql_rows import FetchRow, fetch_one
from images.database import release_connection
from images.models import Rendition
from images.services import hit_counts, overviews
from images.services import renditions as rows
from images.storage import ExpectedBytes, renditions
from progimage.errors import ProgImageError, Unavailable

from .imagekit_backend import is_remembered, remembered
from .imagekit_spec import SPEC_ID
from .preparing import Prepared, from_original

log = logging.getLogger("progimage.renditions")

_MAX_LOSSES = 2
"""So often one request lets a rendition be made that is gone before its bytes are opened."""


@dataclass
class OpenRendition:
    """A ready rendition. `rendered` is its content, if it has just been rendered and not been read.

    `prepared` is of the original if the overview turned out to be lost."""

    prepared: Prepared
    row: Rendition
    rendered: IO[bytes] | None

    def open(self) -> IO[bytes]:
        """Open the whole content and count a hit. Render again if the bytes are gone from storage.

        Then `row` is another row, perhaps with another sha256."""
        return self._open(0, None)

    def open_range(self, start: int, stop: int) -> IO[bytes]:
        """Open the content at byte `start` and count a hit.

        Raise Unavailable if it had to be rendered again and has other bytes now: a client that has a part of
        the old bytes must not get a part of the new ones."""
        sha256 = self.row.sha256
        content = self._open(start, stop)
        if self.row.sha256 != sha256:
            content.close()
            raise Unavailable("The rendition has been made anew", retry_after_s=1)
        return content

    def _open(self, start: int, stop: int | None) -> IO[bytes]:
        content = self._find_content(start, stop)
        hit_counts.count(self.row)
        return content

    def _find_content(self, start: int, stop: int | None) -> IO[bytes]:
        """Open the content; render again if its bytes are gone, lost by the storage or purged this moment.

        A purge may take the next rendition, too. The last one is rendered for this request alone."""
        for _ in range(_MAX_LOSSES):
            try:
                return self._content(start, stop)
            except FileNotFoundError:
                rows.forget(self.row)
                self.prepared, self.row, self.rendered = _find_or_fall_back(self.prepared)
        try:
            return self._content(start, stop)
        except FileNotFoundError:
            log.warning("the bytes of renditions do not stay in storage", extra={"row": str(self.row)})
        try:
            rendered = self.prepared.render()
        except overviews.OverviewLost:
            self.prepared = from_original(self.prepared)
            rendered = self.prepared.render()
        self.row = rows.as_unkept(self.row, rendered.row_facts())
        self.row.cache_key = self.prepared.cache_key
        self.rendered = rendered.file
        return self._content(start, stop)

    def _content(self, start: int, stop: int | None) -> IO[bytes]:
        if self.rendered is None:
            expected = ExpectedBytes(self.row.size_bytes or 0, self.row.sha256)
            return renditions().open_range(self.row.storage_name, start, stop, expected=expected)
        content = self.rendered
        self.rendered = None
        content.seek(start)
        return content


@contextmanager
def open_rendition(prepared: Prepared) -> Iterator[OpenRendition]:
    """Yield the ready rendition of a stored image.

    Raise UnprocessableImage, ImageTooLarge, ObjectMissing, NotFound or Unavailable."""
    rendition = OpenRendition(*_find_or_fall_back(prepared))
    try:
        yield rendition
    finally:
        if rendition.rendered is not None:
            rendition.rendered.close()


def make_new(prepared: Prepared, fetch: FetchRow) -> tuple[Prepared, Rendition, IO[bytes] | None]:
    """Make a rendition that had no row a moment ago. Write its row by `fetch`.

    Return the transform that was done, the ready row, and the content if this call has rendered it. Raise as
    `open_rendition` does."""
    try:
        return prepared, *_render(prepared, fetch=fetch)
    except overviews.OverviewLost:
        prepared = from_original(prepared)
        return prepared, *_find_or_render(prepared)


def find_kept(prepared: Iterable[Prepared]) -> dict[UUID, Rendition]:
    """Return the ready renditions among those of some images, by the ids of the images."""
    return _find_rows(prepared, Rendition.State.READY)


def find_failures(prepared: Iterable[Prepared]) -> dict[UUID, ProgImageError]:
    """Return the errors of renders that have failed, by the ids of the images, even if another try is due."""
    rows = _find_rows(prepared, Rendition.State.FAILED)
    return {image_id: remembered(row) for image_id, row in rows.items() if is_remembered(row)}


def _find_rows(prepared: Iterable[Prepared], state: str) -> dict[UUID, Rendition]:
    cache_keys = {each.image.pk: each.cache_key for each in prepared}
    rows = Rendition.objects.filter(
        image_id__in=cache_keys.keys(), cache_key__in=set(cache_keys.values()), state=state
    )
    return {row.image_id: row for row in rows if cache_keys[row.image_id] == row.cache_key}


def _find_or_fall_back(prepared: Prepared) -> tuple[Prepared, Rendition, IO[bytes] | None]:
    """Do as `_find_or_render` does, with the original if its overview is lost. Return what was done, too."""
    try:
        return prepared, *_find_or_render(prepared)
    except overviews.OverviewLost:
        prepared = from_original(prepared)
        return prepared, *_find_or_render(prepared)


def _find_or_render(prepared: Prepared) -> tuple[Rendition, IO[bytes] | None]:
    """Return the ready row, and its content if this call has rendered it."""
    row = rows.find(prepared.image.pk, prepared.cache_key)
    if row is not None and row.state == Rendition.State.READY:
        return row, None
    return _render(prepared, found=row)


def _render(
    prepared: Prepared, *, found: Rendition | None = None, fetch: FetchRow = fetch_one
) -> tuple[Rendition, IO[bytes] | None]:
    """Let ImageKit generate the file of a rendition. Return as `_find_or_render` does.

    `found` is its row, if it has one. `fetch` writes it."""
    spec = generator_registry.get(SPEC_ID, source=prepared.new_row())
    spec.recipe = prepared.recipe
    spec.decoded = prepared.source
    spec.cost = prepared.cost
    spec.found = found
    spec.fetch = fetch
    file = ImageCacheFile(spec)
    file.generate()
    if prepared.awaits_overview:
        overviews.request(prepared.image)
    release_connection()  # the row has just been written, and the client may be slow
    return file.generator.source, getattr(file, "_file", None)
