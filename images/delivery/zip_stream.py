"""Many images as one zip. It is streamed: this machine never holds it whole, in memory or on disk."""

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
from images.database import release_connection, sleep_without_connection
from images.models import Image, Rendition
from images.receiving.filenames import clean_filename
from images.renditions.getting import open_rendition
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from images.services import finding
from images.services.reading import open_original
from images.slots import Slots
from progimage.errors import ProgImageError, Unavailable
from transforms.formats.table import FORMATS

from .responses import chunks

MAX_IMAGES = 10_000
_MANIFEST = "manifest.json"
_UNSAFE = re.compile(r"[^\w.()-]+")
_MAX_STEM = 80

Stream = Generator[bytes, None, None]

_streams = Slots("Too many archives are being sent", retry_after_s=10)


def stream_archive(ids: Sequence[UUID], account: Account, recipe: Recipe | None) -> Stream:
    """Return the chunks of a zip with the original of each image, or its rendition, in the order of `ids`.

    Its last member, manifest.json, names each image that could not be had, with the error. If the storage
    fails amid an image the stream ends, and no reader takes the file for a whole zip. Raise Unavailable if
    too many archives are being sent."""
    stream = _stream(ids, account, recipe)
    next(stream)  # takes its slots now, and gives them back when the response is closed
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
                    member = _wait_for(image_id, account, recipe)
                except ProgImageError as error:
                    problem = {"code": error.code, "detail": error.message}
                    manifest.append({"id": str(image_id), "error": problem})
                    continue
                finally:
                    release_connection()  # the client may be slow
                manifest.append(member.facts)
                with archive.open(member.zip_info, "w") as file:
                    for chunk in chunks(member.content, member.row.size_bytes or 0):
                        file.write(chunk)
                        yield sink.take()
            archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        yield sink.take()


class _Sink(io.RawIOBase):
    """Holds the output of ZipFile until it is taken. It cannot seek, so sizes follow each member."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        chunk = bytes(self._written)
        self._written = bytearray()
        return chunk


@dataclass(frozen=True)
class _Member:
    """An image, the row whose bytes are sent (its own or a rendition's), and these bytes, open."""

    image: Image
    row: Image | Rendition
    content: IO[bytes]

    @property
    def zip_info(self) -> ZipInfo:
        """Its name is unique by the id and says the format. The caller's own name is made inert."""
        filename = clean_filename(self.image.filename)
        stem = filename.rpartition(".")[0] or filename
        safe_stem = _UNSAFE.sub("_", stem)[:_MAX_STEM].strip("._")
        name = "-".join(part for part in (safe_stem, str(self.image.pk)) if part)
        extension = FORMATS[self.row.format].extensions[0]
        return ZipInfo(f"{name}.{extension}", self.image.created_at.timetuple()[:6])

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "id": str(self.image.pk),
            "file": self.zip_info.filename,
            "filename": clean_filename(self.image.filename),
            "format": self.row.format,
            "width": self.row.width,
            "height": self.row.height,
            "sha256": self.row.sha256,
            "bytes": self.row.size_bytes,
        }


def _wait_for(image_id: UUID, account: Account, recipe: Recipe | None) -> _Member:
    """Open an image as it is by now. Raise Unavailable if that takes longer than a render may take."""
    gives_up_at = time.monotonic() + settings.RENDER_TIMEOUT_S
    while True:
        try:
            return _open(image_id, account, recipe)
        except Unavailable as error:
            pause_s = error.retry_after_s or 1
            if time.monotonic() + pause_s > gives_up_at:
                raise
        sleep_without_connection(pause_s)


def _open(image_id: UUID, account: Account, recipe: Recipe | None) -> _Member:
    image = finding.get_own_image(image_id, account=account)
    if recipe is None:
        return _Member(image, image, open_original(image))
    with open_rendition(prepare_recipe(image, recipe)) as rendition:
        content = rendition.open()
        return _Member(image, rendition.row, content)
