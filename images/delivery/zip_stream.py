"""Many images as one zip. It is streamed: this machine never holds it whole, in memory or on disk."""

import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO
from uuid import UUID

from django.conf import settings

from accounts.models import Account
from images.database import release_connection
from images.models import Image, Rendition
from images.renditions.getting import open_rendition
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from images.services import finding
from images.services import renditions as rendition_rows
from images.services.integrity import is_intact, mark_missing
from images.services.reading import open_original
from images.slots import Slots
from images.storage import renditions
from progimage.errors import ProgImageError, Unavailable

from .archive_plan import ArchivePlan, Budget, Member, plan_archive
from .responses import chunks
from .zip_format import ZipWriter

MAX_IMAGES = 10_000

Stream = Generator[bytes, None, None]

log = logging.getLogger("progimage.archive")

_streams = Slots("Too many archives are being sent", retry_after_s=10)


@dataclass(frozen=True)
class Archive:
    """A zip as `length` bytes, whose `stream` must be closed if it is not read to its end."""

    length: int
    stream: Stream


def open_archive(ids: Sequence[UUID], account: Account, recipe: Recipe | None) -> Archive:
    """Return a zip with the original of each image, or its rendition, in the order of `ids`.

    Its last member, manifest.json, names each image that cannot be had, with the error. If an image cannot be
    sent after all, the stream raises that error before its length is reached, so that no client takes the zip
    for a whole one. The damage is noted, and the manifest of the next archive names it.

    Raise Unavailable if too many archives are being sent, or renditions are still to be made."""
    with ExitStack() as slots:
        slots.enter_context(_streams.hold("all", limit=settings.ARCHIVE_STREAMS))
        slots.enter_context(_streams.hold(account.pk, limit=settings.ARCHIVE_STREAMS_PER_ACCOUNT))
        try:
            plan = plan_archive(ids, account, recipe)
        finally:
            release_connection()  # the client may be slow
        stream = _stream(plan, account, recipe, slots.pop_all())
        next(stream)  # from now on closing the stream gives the slots back
    return Archive(plan.length, stream)


def _stream(plan: ArchivePlan, account: Account, recipe: Recipe | None, slots: ExitStack) -> Stream:
    with slots:
        yield b""
        writer = ZipWriter()
        for member in plan.members:
            try:
                yield from writer.add(member.entry, _read(member, account, recipe))
            except ProgImageError as error:
                log.warning(
                    "an archive was broken off",
                    extra={"image_id": str(member.image_id), "code": error.code, "reason": error.message},
                )
                raise
        yield from writer.add(plan.manifest_entry, [plan.manifest])
        yield from writer.finish()


def _read(member: Member, account: Account, recipe: Recipe | None) -> Iterator[bytes]:
    """Yield the bytes of a file. Raise the errors of opening it, and Unavailable if it is not as planned."""
    budget = Budget(settings.RENDER_TIMEOUT_S)
    try:
        row, content = budget.retry(lambda: _open(member.image_id, account, recipe))
    finally:
        release_connection()  # the client may be slow
    if (row.size_bytes, row.sha256) != (member.entry.size_bytes, member.sha256):
        content.close()
        raise Unavailable("The rendition has been made anew")
    try:
        yield from chunks(content, member.entry.size_bytes)
    except Exception:
        _note_damage(row)
        raise


def _open(image_id: UUID, account: Account, recipe: Recipe | None) -> tuple[Image | Rendition, IO[bytes]]:
    """Open an image as it is by now."""
    image = finding.get_own_image(image_id, account=account)
    if recipe is None:
        return image, open_original(image)
    with open_rendition(prepare_recipe(image, recipe)) as rendition:
        content = rendition.open()
        return rendition.row, content


def _note_damage(row: Image | Rendition) -> None:
    """Let the next request know that an object is shorter than its row says.

    An original is flagged as missing. A rendition is forgotten, so that it is made anew."""
    if isinstance(row, Image):
        if not is_intact(row):
            mark_missing(row)
        return
    stored = renditions().find_object(row.storage_name)
    if stored is None or stored.size_bytes != row.size_bytes:
        rendition_rows.forget(row)
