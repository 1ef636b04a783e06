"""The bridge from Django to the engine's pool of processes.

Each call gives this thread's database connection back before it waits for a worker."""

from collections.abc import Hashable, Mapping
from pathlib import Path

from django.conf import settings

from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.engine import Rendered
from transforms.limits import Limits
from transforms.workers.pool import PoolSettings, RenderPool, pool
from transforms.workers.pool import configure as configure_pool

from .database import release_connection


def configure() -> None:
    """Tell the engine this process's limits. Its workers start when the first image comes."""
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


def limits() -> Limits:
    """Return the limits that images are held to."""
    return pool().settings.limits


def probe(path: Path, *, owner: Hashable) -> Header:
    """Read an image's header. Raise as `validate` does."""
    return _pool().probe(path, owner=owner)


def validate(path: Path, *, owner: Hashable) -> Header:
    """Decode every frame of an image, and return its header.

    Raise UnsupportedFormat, UnprocessableImage, ImageTooLarge or Unavailable."""
    return _pool().validate(path, owner=owner)


def render(
    path: Path, transform: Transform, target: Path, *, others: Mapping[str, Path], owner: Hashable
) -> Rendered:
    """Write the result of a resolved transform to `target`. Raise as `validate` does.

    `others` are the files of the other images that the transform names, by their references."""
    return _pool().render(path, transform, target, others=others, owner=owner)


def _pool() -> RenderPool:
    release_connection()
    return pool()
