"""The rows behind a GET of an image, by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from images.models import color_space_of
from images.models.storage_names import original_name, rendition_name
from transforms.color.description import NO_COLOR_SPACE
from transforms.decoding.header import Header
from transforms.formats.table import FORMATS
from transforms.planning.overview_recipe import RECIPE

from .direct_pool import direct_pool
from .meaning import Shape

_STATEMENT = """
SELECT image.account_id, image.visibility, image.sha256, image.format, image.size_bytes, image.width,
    image.height, image.frames, image.has_alpha, image.orientation, image.focal_x, image.focal_y,
    image.overview_version, image.overview_bytes,
    CASE WHEN image.overview_version = 0 THEN NULL ELSE image.color_space END,
    (
        SELECT successor.id FROM images_image AS successor
        WHERE successor.id = image.replaced_by_id AND successor.state || '' = 'ready'
    ),
    key.secret_sha256, key.signing_secret, key.account_id, key.scopes, key.expires_at, key.revoked_at,
    key.last_used_at, account.is_active,
    rendition.id, rendition.cache_key, rendition.sha256, rendition.format, rendition.size_bytes,
    rendition.width, rendition.height, rendition.frames, rendition.state, rendition.place
FROM images_image AS image
LEFT JOIN accounts_apikey AS key ON key.prefix = %b
LEFT JOIN accounts_account AS account ON account.id = key.account_id
LEFT JOIN LATERAL (
    SELECT candidate.*, tails.place
    FROM unnest(string_to_array(%b, chr(31))) WITH ORDINALITY AS tails (tail, place)
    CROSS JOIN LATERAL (
        SELECT * FROM images_rendition
        WHERE images_rendition.image_id = image.id
            AND images_rendition.cache_key
                = encode(sha256(convert_to(image.sha256 || tails.tail, 'UTF8')), 'hex')
        OFFSET 0
    ) AS candidate
    WHERE tails.place = 1 OR image.overview_version = %b
    ORDER BY tails.place DESC LIMIT 1
) AS rendition ON true
WHERE image.id = %b AND image.state || '' = 'ready'
"""
"""`transforms.planning.resolve.cache_key` makes the same keys. A second tail goes first,
and counts only if the image has an overview. The color space tells whether it may get one.

OFFSET 0, and a query in place of a join, make each step a look-up in an index, even of small tables. So does
the empty text behind a state: before a table's first ANALYZE, Postgres would read all of an index of ready
images, which seems as good as the primary key, and it plans a prepared statement once."""

_SEPARATOR = chr(31)
"""Between tails: JSON escapes it, so no tail holds it. To write an array takes psycopg longer."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A ready image. `successor_id` is the ready image that replaces it.

    `color_space` is None for an image that gets no overview: nothing depends on it then."""

    id: UUID
    account_id: int
    visibility: str
    sha256: str
    format: str
    size_bytes: int
    shape: Shape
    overview_bytes: int | None
    color_space: dict[str, Any] | None
    successor_id: UUID | None

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def storage_name(self) -> str:
        return original_name(self.id)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """An API key, and whether its account is active."""

    secret_sha256: str
    signing_secret: str
    account_id: int
    scopes: list[str]
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    is_account_active: bool


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """A rendition. Its facts about a result are there if it is ready."""

    image_id: UUID
    id: int
    cache_key: str
    sha256: str
    format: str
    size_bytes: int
    width: int
    height: int
    frames: int
    state: str

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def storage_name(self) -> str:
        return rendition_name(self.image_id, self.cache_key, self.format)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a request that one statement has found. `tail` is that of the rendition's key."""

    image: ImageRow
    key: KeyRow | None
    rendition: RenditionRow | None
    tail: str | None


def find_rows(image_id: UUID, *, key_prefix: str, tails: tuple[str, ...]) -> Rows | None:
    """Return the ready image, the key, and the image's rendition by the tail of its cache key.

    A second tail is that of a rendition from an overview. Return None if there is no such image. Raise
    Unavailable if the database does not answer."""
    parameters = (key_prefix, _SEPARATOR.join(tails), RECIPE.version, image_id)
    row = direct_pool.fetch_row(_STATEMENT, parameters)
    if row is None:
        return None
    key = None if row[16] is None else KeyRow(*row[16:24])
    image = _image_of(image_id, row)
    if row[24] is None:
        return Rows(image, key, None, None)
    place = row[33]
    return Rows(image, key, RenditionRow(image_id, *row[24:33]), tails[place - 1])


def _image_of(image_id: UUID, row: tuple[Any, ...]) -> ImageRow:
    account_id, visibility, sha256, format, size_bytes = row[:5]
    focal_x, focal_y, overview_version, overview_bytes, color_space, successor_id = row[10:16]
    focal = None if focal_x is None or focal_y is None else (focal_x, focal_y)
    header = _header_of(format, row[5:10], color_space)
    shape = Shape(header, focal, overview_version)
    return ImageRow(
        image_id,
        account_id,
        visibility,
        sha256,
        format,
        size_bytes,
        shape,
        overview_bytes,
        color_space,
        successor_id,
    )


def _header_of(format: str, facts: tuple[Any, ...], color_space: dict[str, Any] | None) -> Header:
    """Return the part of the header on which a cache key depends. Light beyond white is no part of it."""
    width, height, frames, has_alpha, orientation = facts
    return Header(
        format=format,
        media_type=FORMATS[format].media_type,
        width=width,
        height=height,
        frames=frames,
        has_alpha=has_alpha,
        orientation=orientation,
        color_space=color_space_of(color_space) if color_space else NO_COLOR_SPACE,
    )
