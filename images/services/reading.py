"""The bytes of originals. Whoever finds them gone has reported it, and learns what to answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from images import services
from images.models import Image
from images.storage import originals
from progimage.errors import NotFound, ObjectMissing, Unavailable


def open_original(image: Image, start: int = 0, stop: int | None = None) -> IO[bytes]:
    """Open at byte `start`, as storage does. Raises ObjectMissing; NotFound where the image was deleted."""
    with _reported(image):
        return originals().open_range(image.storage_name, start, stop)


@contextmanager
def original_path(image: Image) -> Iterator[Path]:
    """A path that holds the bytes while the context lasts. Raises as `open_original`, also within it."""
    with _reported(image), originals().local_path(image.storage_name) as path:
        if path.stat().st_size != image.size_bytes:
            raise Unavailable("The storage does not send the whole original", retry_after_s=5)
        yield path


@contextmanager
def _reported(image: Image) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        services.mark_missing(image)
        if not Image.objects.ready().filter(pk=image.pk).exists():
            raise NotFound("There is no image with this id") from error
        raise ObjectMissing("The image's bytes are missing from storage") from error
