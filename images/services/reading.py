"""The bytes of originals. An original that is missing from storage is flagged, and the error says so."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from images.models import Image
from images.storage import originals
from progimage.errors import NotFound, ObjectMissing, Unavailable

from .integrity import mark_missing


def open_original(image: Image, start: int = 0, stop: int | None = None) -> IO[bytes]:
    """Open an original at byte `start`; the reader stops before byte `stop`.

    Raise ObjectMissing, Unavailable, or NotFound if the image has been deleted."""
    with _flagged_if_missing(image):
        return originals().open_range(image.storage_name, start, stop)


@contextmanager
def original_path(image: Image) -> Iterator[Path]:
    """Yield a path that holds the bytes while the context lasts. Raise as `open_original` does.

    A file of the disk is opened by its path within the context, and may be purged before that. Another file
    that is missing there says nothing about the original."""
    with ExitStack() as stack:
        with _flagged_if_missing(image):
            path = stack.enter_context(originals().local_path(image.storage_name))
            if path.stat().st_size != image.size_bytes:
                _check_length(image)
                raise Unavailable("The storage does not send the whole original", retry_after_s=5)
        try:
            yield path
        except FileNotFoundError:
            with _flagged_if_missing(image):
                path.stat()
            raise


def _check_length(image: Image) -> None:
    """Raise FileNotFoundError if the object in storage has another length: then no retry gets the bytes."""
    stored = originals().find_object(image.storage_name)
    if stored is None or stored.size_bytes != image.size_bytes:
        raise FileNotFoundError(image.storage_name)


@contextmanager
def _flagged_if_missing(image: Image) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        mark_missing(image)
        if not Image.objects.ready().filter(pk=image.pk).exists():
            raise NotFound("There is no image with this id") from error
        raise ObjectMissing("The image's bytes are missing from storage") from error
