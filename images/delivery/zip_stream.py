"""Many images as one zip, streamed: it is never whole on this machine, in memory or on disk."""

import io
import json
import re
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID
from zipfile import ZipFile, ZipInfo

from django.conf import settings

from accounts.models import Account
from images import services
from images.database import release_connection
from images.models import Image, Rendition
from images.renditions.getting import open_rendition
from images.renditions.sources import Recipe
from images.services.reading import open_original
from images.slots import Slots
from progimage.errors import NotFound, ProgImageError, Unavailable
from transforms.formats.table import FORMATS

from .responses import chunks

MAX_IMAGES = 10_000
_MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^\w.()-]+")
_MAX_STEM = 80

Stream = Generator[bytes, None, None]

_streams = Slots("Too many archives are being sent", retry_after_s=10)


def check_ids(ids: Sequence[UUID], account: Account) -> None:
    """Raises NotFound for the first id that is not of a ready image of `account`."""
    own = Image.objects.filter(account=account, state=Image.State.READY, pk__in=ids)
    known = set(own.values_list("pk", flat=True))
    missing = next((image_id for image_id in ids if image_id not in known), None)
    if missing is not None:
        raise NotFound(f"There is no image with the id {missing}")


def stream_archive(ids: Sequence[UUID], account: Account, recipe: Recipe | None) -> Stream:
    """Return the chunks of a zip with the original of each image, or its rendition, in the order of `ids`.

    What cannot be had by then is named with its error in manifest.json, the last member. A storage that fails
    amid an image ends the stream, and leaves what no reader takes for a whole zip. Raises Unavailable where
    too many archives are on their way."""
    stream = _stream(ids, account, recipe)
    next(stream)  # takes its place now, and gives it back when the answer is closed
    return stream


def _stream(ids: Sequence[UUID], account: Account, recipe: Recipe | None) -> Stream:
    with (
        _streams.hold("all", limit=settings.ARCHIVE_STREAMS),
        _streams.hold(account.pk, limit=settings.ARCHIVE_STREAMS_PER_ACCOUNT),
    ):
        yield b""
        sink = _Sink()
        manifest: list[dict[str, Any]] = []
        with ZipFile(sink, "w") as archive:
            for image_id in ids:
                try:
                    found = _wait_for(image_id, account, recipe)
                except ProgImageError as error:
                    problem = {"code": error.code, "detail": error.message}
                    manifest.append({"id": str(image_id), "error": problem})
                    continue
                manifest.append(found.facts)
                with archive.open(found.member, "w") as written:
                    for chunk in chunks(found.content, found.row.size_bytes or 0):
                        written.write(chunk)
                        yield sink.take()
            archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        yield sink.take()


class _Sink(io.RawIOBase):
    """Holds what ZipFile writes until it is taken. It cannot be sought in, so sizes follow each member."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken, self._written = bytes(self._written), bytearray()
        return taken


@dataclass(frozen=True)
class _Found:
    """An image, what is sent of it (itself or its rendition) and the bytes, open at their start."""

    image: Image
    row: Image | Rendition
    content: IO[bytes]

    @property
    def member(self) -> ZipInfo:
        """The id makes a name unique, the extension says what it is, and the caller's name is inert."""
        filename = self.image.filename
        stem = _UNSAFE.sub("_", filename.rpartition(".")[0] or filename)[:_MAX_STEM].strip("._")
        name = "-".join(part for part in (stem, str(self.image.pk)) if part)
        moment = self.image.created_at
        date_time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        return ZipInfo(f"{name}.{FORMATS[self.row.format].extensions[0]}", date_time)

    @property
    def facts(self) -> dict[str, Any]:
        facts = {name: getattr(self.row, name) for name in ("format", "width", "height", "sha256")}
        about = {"id": str(self.image.pk), "file": self.member.filename, "filename": self.image.filename}
        return about | facts | {"bytes": self.row.size_bytes}


def _wait_for(image_id: UUID, account: Account, recipe: Recipe | None) -> _Found:
    """Open an image, as it is by now. Raises Unavailable where that lasts longer than a render may take."""
    gives_up_at = time.monotonic() + settings.RENDER_TIMEOUT_S
    while True:
        try:
            return _open(image_id, account, recipe)
        except Unavailable as error:
            pause_s = error.retry_after_s or 1
            if time.monotonic() + pause_s > gives_up_at:
                raise
        finally:
            release_connection()
        time.sleep(pause_s)


def _open(image_id: UUID, account: Account, recipe: Recipe | None) -> _Found:
    image = services.find_own_image(image_id, account=account)
    if recipe is None:
        return _Found(image, image, open_original(image))
    return _Found(image, *open_rendition(image, recipe))
