"""The rows behind a GET of an image, by one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from images.models.storage_names import original_name, rendition_name
from transforms.formats.table import FORMATS
from transforms.geometry import Size
from transforms.orientation import upright_size
from transforms.planning.ceilings import Extent

from .direct_pool import direct_pool
from .meaning import Shape

_STATEMENT = """
SELECT image.account_id, image.visibility, image.sha256, image.format, image.size_bytes, image.width,
    image.height, image.frames, image.has_alpha, image.orientation, image.focal_x, image.focal_y,
    (
        SELECT successor.id FROM images_image AS successor
        WHERE successor.id = image.replaced_by_id AND successor.state = 'ready'
    ),
    key.secret_sha256, key.signing_secret, key.account_id, key.scopes, key.expires_at, key.revoked_at,
    key.last_used_at, account.is_active,
    rendition.id, rendition.cache_key, rendition.sha256, rendition.format, rendition.size_bytes,
    rendition.width, rendition.height, rendition.frames
FROM images_image AS image
LEFT JOIN accounts_apikey AS key ON key.prefix = %b
LEFT JOIN accounts_account AS account ON account.id = key.account_id
LEFT JOIN LATERAL (
    SELECT candidate.*
    FROM unnest(string_to_array(%b, chr(31))) WITH ORDINALITY AS tails (tail, place)
    CROSS JOIN LATERAL (
        SELECT * FROM images_rendition
        WHERE images_rendition.image_id = image.id AND images_rendition.state = 'ready'
            AND images_rendition.cache_key
                = encode(sha256(convert_to(image.sha256 || tails.tail, 'UTF8')), 'hex')
        OFFSET 0
    ) AS candidate
    ORDER BY tails.place LIMIT 1
) AS rendition ON true
WHERE image.id = %b AND image.state = 'ready'
"""
"""`transforms.planning.resolve.cache_key` makes the same keys. The first tail with a ready rendition wins.
OFFSET 0, and a query in place of a join, make each step a look-up in an index, even if tables are small."""

_SEPARATOR = chr(31)
"""Between tails: JSON escapes it, so no tail holds it. To write an array takes psycopg longer."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A ready image. `successor_id` is the ready image that replaces it."""

    id: UUID
    account_id: int
    visibility: str
    sha256: str
    format: str
    size_bytes: int
    shape: Shape
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
    """A ready rendition."""

    image_id: UUID
    id: int
    cache_key: str
    sha256: str
    format: str
    size_bytes: int
    width: int
    height: int
    frames: int

    @property
    def media_type(self) -> str:
        return FORMATS[self.format].media_type

    @property
    def storage_name(self) -> str:
        return rendition_name(self.image_id, self.cache_key, self.format)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a request that one statement has found."""

    image: ImageRow
    key: KeyRow | None
    rendition: RenditionRow | None


def find_rows(image_id: UUID, *, key_prefix: str, tails: tuple[str, ...]) -> Rows | None:
    """Return the ready image, the key, and the image's ready rendition by the first tail that has one.

    Return None if there is no such image. Raise Unavailable if the database does not answer."""
    row = direct_pool.fetch_row(_STATEMENT, (key_prefix, _SEPARATOR.join(tails), image_id))
    if row is None:
        return None
    key = None if row[13] is None else KeyRow(*row[13:21])
    rendition = None if row[21] is None else RenditionRow(image_id, *row[21:29])
    return Rows(_image_of(image_id, row), key, rendition)


def _image_of(image_id: UUID, row: tuple[Any, ...]) -> ImageRow:
    account_id, visibility, sha256, format, size_bytes = row[:5]
    width, height, frames, has_alpha, orientation = row[5:10]
    focal_x, focal_y, successor_id = row[10:13]
    extent = Extent(upright_size(Size(width, height), orientation), frames, has_alpha)
    focal = None if focal_x is None or focal_y is None else (focal_x, focal_y)
    shape = Shape(format, extent, focal)
    return ImageRow(image_id, account_id, visibility, sha256, format, size_bytes, shape, successor_id)
