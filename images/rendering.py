"""The bridge from Django's settings to the engine: its pool's limits, and a render of a stored image."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from progimage.operations import Transform
from transforms.engine import Rendered
from transforms.limits import Limits
from transforms.pool import PoolSettings, pool
from transforms.pool import configure as configure_pool

from . import temporary
from .models import Image
from .originals import original_path


@dataclass(frozen=True)
class RenderedFile:
    """A result, open at its start; closing `file` removes it."""

    file: IO[bytes]
    facts: Rendered


def configure() -> None:
    """Tell the engine this process's limits. Children start when the first image comes, not here."""
    configure_pool(
        PoolSettings(
            workers=settings.RENDER_PROCESSES,
            spare=settings.RENDER_SPARE_PROCESSES,
            max_queue=settings.RENDER_QUEUE,
            timeout_s=settings.RENDER_TIMEOUT_S,
            max_child_memory_bytes=settings.RENDER_CHILD_MEMORY_BYTES,
            limits=Limits(
                max_pixels=settings.MAX_IMAGE_PIXELS,
                max_total_pixels=settings.MAX_TOTAL_PIXELS,
                max_frames=settings.MAX_FRAMES,
                max_output_side=settings.MAX_OUTPUT_SIDE_PX,
            ),
        )
    )


def render(image: Image, transform: Transform) -> RenderedFile:
    """Render a resolved transform on an original's bytes.

    Raises UnprocessableImage, ImageTooLarge, Unavailable; where the bytes are gone ObjectMissing, or NotFound
    for an image that has been deleted."""
    target = temporary.new_file()
    try:
        with original_path(image) as source:
            facts = pool().render(source, transform, Path(target.name), owner=image.account_id)
    except BaseException:
        target.close()
        raise
    return RenderedFile(target, facts)
