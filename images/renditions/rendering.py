"""The bridge from Django's settings to the engine: its pool's limits, and renders."""

from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from django.conf import settings

from images import temporary_files
from images.database import release_connection
from images.models import Image
from transforms.engine import Rendered
from transforms.limits import Limits
from transforms.workers.pool import PoolSettings, pool
from transforms.workers.pool import configure as configure_pool

from .sources import Recipe, Source, stored


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


def render(image: Image, recipe: Recipe) -> RenderedFile:
    """Render a resolved transform on an original's bytes.

    Raises UnprocessableImage, ImageTooLarge, Unavailable; where the bytes are gone ObjectMissing, or NotFound
    for an image that has been deleted."""
    return render_source(stored(image), recipe, owner=image.account_id)


def render_source(source: Source, recipe: Recipe, *, owner: Hashable) -> RenderedFile:
    """Render a resolved transform on whatever bytes. Raises as `render`, and UnsupportedFormat."""
    release_connection()
    target = temporary_files.new_file()
    try:
        with ExitStack() as files:
            path = files.enter_context(source.path())
            others = {name: files.enter_context(other.path()) for name, other in recipe.others.items()}
            facts = pool().render(path, recipe.transform, Path(target.name), others=others, owner=owner)
    except BaseException:
        target.close()
        raise
    return RenderedFile(target, facts)
