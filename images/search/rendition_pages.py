"""Pages of an image's renditions, oldest first."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from images.models import Image, Overview, Rendition
from transforms.planning import resolve

from .cursors import spell_cursor

CURSOR_BYTES = 8


@dataclass(frozen=True)
class RenditionPage:
    """`nameable_images` are the other images in these renditions that belong to the same account.

    The account may know their ids. It may not know the ids of images of other accounts. `overview` is that of
    the image, on every page."""

    renditions: list[Rendition]
    nameable_images: list[Image]
    next_cursor: str | None
    overview: Overview | None


def find_rendition_page(image: Image, *, limit: int, cursor: bytes) -> RenditionPage:
    """Return at most `limit` renditions after the one whose id is `cursor`, or the first if it is empty.

    Those of earlier versions of the renderer are left out. No request gets them, and a sweep removes them."""
    rows = Rendition.objects.filter(image=image, render_version=resolve.RENDER_VERSION)
    if cursor:
        # Signed, so that no cursor exceeds Postgres's bigint.
        last_id = int.from_bytes(cursor, signed=True)
        rows = rows.filter(pk__gt=last_id)
    renditions = list(rows[: limit + 1])
    next_cursor = None
    if len(renditions) > limit:
        renditions = renditions[:limit]
        last = renditions[-1]
        next_cursor = spell_cursor(last.pk.to_bytes(CURSOR_BYTES))
    nameable_images = find_nameable_images(renditions, image.account_id)
    overview = Overview.objects.filter(pk=image.pk).first()
    return RenditionPage(renditions, nameable_images, next_cursor, overview)


def find_nameable_images(renditions: Iterable[Rendition], account_id: int) -> list[Image]:
    """Return the other images in these renditions that belong to the account."""
    other_ids: set[UUID] = set()
    for rendition in renditions:
        other_ids.update(rendition.others)
    if not other_ids:
        return []
    return list(Image.objects.filter(account=account_id, pk__in=other_ids))
