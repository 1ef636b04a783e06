"""The bridge from Django to the engine's pool of processes: its settings.

A thread gives its database connection back before it waits for a worker."""

from django.conf import settings

from transforms.limits import Limits
from transforms.workers.pool import configure as configure_pool
from transforms.workers.pool_settings import PoolSettings

from . import waiting_threads
from .database import release_connection


def configure() -> None:
    """Tell the engine this process's limits. Its workers start when the first image comes."""
    configure_pool(
        PoolSettings(
            workers=settings.RENDER_PROCESSES,
            spare=settings.RENDER_SPARE_PROCESSES,
            timeout_s=settings.RENDER_TIMEOUT_S,
            max_child_memory_bytes=settings.RENDER_CHILD_MEMORY_BYTES,
            limits=Limits(
                max_pixels=settings.MAX_IMAGE_PIXELS,
                max_total_pixels=settings.MAX_TOTAL_PIXELS,
                max_frames=settings.MAX_FRAMES,
                max_output_side=settings.MAX_OUTPUT_SIDE_PX,
            ),
            before_waiting=release_connection,
            waiting_room=waiting_threads.hold,
        )
    )
