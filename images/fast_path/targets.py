"""The row whose bytes answer a request. A rendition that has none is made, without a view of Django's.

That takes the same steps as in a view: a turn at the renderers, a claimed row, ImageKit's spec. But nothing
that the fast path has read is read again."""

from dataclasses import dataclass
from typing import IO

from django.db import DEFAULT_DB_ALIAS

from images.models import Image, Rendition
from images.renditions.getting import make_new
from images.renditions.preparing import DecodedFrom, Prepared
from images.renditions.sources import Recipe, overview_of, source_of
from images.storage import ExpectedBytes, originals, renditions
from progimage.transform import Transform
from transforms.planning.resolve import complete_key

from .direct_pool import direct_pool
from .meaning import KeyTail
from .rows import ImageRow, RenditionRow

_NAMES = [field.attname for field in Image._meta.concrete_fields]  # noqa: SLF001


@dataclass(slots=True)
class Target:
    """A ready row. `content` is open if this request has just rendered it."""

    row: ImageRow | RenditionRow
    content: IO[bytes] | None = None
    awaits_overview: bool = False

    @property
    def rendition(self) -> RenditionRow | None:
        """The row, if it is not that of the original."""
        return self.row if isinstance(self.row, RenditionRow) else None

    def open(self, start: int, stop: int | None) -> IO[bytes]:
        """Open the bytes. Raise FileNotFoundError if the storage has others than the row says."""
        content = self.content
        if content is not None:
            self.content = None
            content.seek(start)
            return content
        storage = originals() if self.rendition is None else renditions()
        expected = ExpectedBytes(self.row.size_bytes, self.row.sha256)
        return storage.open_range(self.row.storage_name, start, stop, expected=expected)

    def close(self) -> None:
        """Close a result that was not opened."""
        if self.content is not None:
            self.content.close()


def make_target(image: ImageRow, requested: Transform, tail: KeyTail) -> Target:
    """Make the rendition of an image whose key has this tail, or wait for another thread that makes it.

    Raise as `images.renditions.getting.open_rendition` does."""
    model = _as_model(image)
    header = image.shape.header
    is_overview = tail.decoded_from == DecodedFrom.OVERVIEW
    prepared = Prepared(
        source=overview_of(model, header) if is_overview else source_of(model),
        header=header,
        requested=requested,
        recipe=Recipe(tail.resolved),
        cache_key=complete_key(image.sha256, tail.text),
        owner=image.account_id,
        awaits_overview=tail.awaits_overview,
    )
    done, row, content = make_new(prepared, direct_pool.fetch_or_ask_django)
    return Target(_row_of(row), content, done.awaits_overview)


def _as_model(image: ImageRow) -> Image:
    """Return the row as a model. A field that the fast path has not read is read when it is used."""
    header = image.shape.header
    focal_x, focal_y = image.shape.focal or (None, None)
    facts = {
        "id": image.id,
        "account_id": image.account_id,
        "state": Image.State.READY,
        "visibility": image.visibility,
        "sha256": image.sha256,
        "format": image.format,
        "size_bytes": image.size_bytes,
        "width": header.width,
        "height": header.height,
        "frames": header.frames,
        "has_alpha": header.has_alpha,
        "orientation": header.orientation,
        "color_space": image.color_space,
        "focal_x": focal_x,
        "focal_y": focal_y,
        "overview_version": image.shape.overview_version,
        "overview_bytes": image.overview_bytes,
    }
    # Django takes the values in the order of the model's fields, not in that of the names.
    names = [name for name in _NAMES if name in facts]
    return Image.from_db(DEFAULT_DB_ALIAS, names, [facts[name] for name in names])


def _row_of(row: Rendition) -> RenditionRow:
    return RenditionRow(
        image_id=row.image_id,
        id=row.pk,
        cache_key=row.cache_key,
        sha256=row.sha256,
        format=row.format,
        size_bytes=row.size_bytes or 0,
        width=row.width or 0,
        height=row.height or 0,
        frames=row.frames or 0,
        state=row.state,
    )
