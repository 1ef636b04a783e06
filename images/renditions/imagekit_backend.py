"""ImageKit's cache file backend, with its state in the rendition's row.

ImageKit's stock backend keeps `generating` in a cache, for ever after a failure, and lets concurrent first
readers fail. Here one thread holds a lease and renders. The others wait for its row, and the lease ends by
itself."""

import time
import uuid
from itertools import chain, repeat
from typing import cast

from django.conf import settings
from imagekit.cachefiles import ImageCacheFile

from images.database import sleep_without_connection
from images.models import Rendition
from images.services import renditions as rows
from images.slots import Slots
from progimage.errors import ImageTooLarge, NotFound, ResultTooLarge, Unavailable, UnprocessableImage

from .imagekit_spec import RenditionSpec

_REMEMBERED = {error.code: error for error in (UnprocessableImage, ImageTooLarge, ResultTooLarge)}

# Hits never wait behind renders: so many threads may be here, and the others stay free.
_waiters = Slots("Too many requests wait for renditions", retry_after_s=1)


class RowBackend:
    """Each method takes an ImageCacheFile whose generator is a RenditionSpec."""

    is_async = False

    def exists(self, file: ImageCacheFile) -> bool:
        """Whether the rendition is ready."""
        rendition = _spec(file).source
        return Rendition.objects.filter(
            image_id=rendition.image_id,
            cache_key=rendition.cache_key,
            state=Rendition.State.READY,
        ).exists()

    def generate(self, file: ImageCacheFile, force: bool = False) -> None:
        """Return when the rendition is ready. `file` has the content if this very call has rendered it.

        `force` is ImageKit's and changes nothing, because the bytes behind a name never change. Raise the
        render's errors, also if a concurrent request rendered, and Unavailable if it takes too long."""
        with _waiters.hold("anybody", limit=settings.RENDITION_WAITERS):
            try:
                _generate(file)
            except BaseException:
                _spec(file).discard()
                raise


def _generate(file: ImageCacheFile) -> None:
    """Render, or wait for the thread that renders."""
    spec = _spec(file)
    lease = uuid.uuid4()
    gives_up_at = time.monotonic() + 2 * settings.RENDER_TIMEOUT_S
    for pause_s in chain((0.02, 0.05, 0.1), repeat(0.2)):
        claim = rows.claim(spec.source, lease)
        if claim is not None:
            spec.source = claim.row
            is_rendered = claim.is_won and _render(file, claim)
            if is_rendered or claim.row.state == Rendition.State.READY:
                return
            if claim.row.state == Rendition.State.FAILED:
                raise _remembered(claim.row)
        if time.monotonic() > gives_up_at:
            break
        sleep_without_connection(pause_s)
    raise Unavailable("The rendition is still being made", retry_after_s=settings.RENDER_TIMEOUT_S)


def _remembered(row: Rendition) -> UnprocessableImage:
    """Return the error of the render that has failed, as its own client got it."""
    return _REMEMBERED[row.failure_code](row.failure_message, pointer=row.failure_pointer)


def _render(file: ImageCacheFile, claim: rows.Claim) -> bool:
    """Return whether the row is ready now: not if it was purged, or taken over after the lease had ended.

    Raise the render's errors, and NotFound if an image that it shows was deleted meanwhile."""
    try:
        _make(file, claim)
    except tuple(_REMEMBERED.values()) as error:
        rows.mark_failed(claim, error)
        raise
    except BaseException:
        rows.abandon(claim)
        raise
    if rows.mark_ready(claim, _spec(file).facts()):
        return True
    is_deleted = rows.shows_deleted_image(claim.row)
    if is_deleted or not rows.has_row(claim.row):
        file.storage.delete(file.name)
    if is_deleted:
        rows.abandon(claim)
        raise NotFound("There is no image with this id")
    _spec(file).discard()
    file.file = None
    return False


def _make(file: ImageCacheFile, claim: rows.Claim) -> None:
    """Let ImageKit generate and store the content, unless a thread that has taken over has stored it."""
    try:
        file._generate()  # noqa: SLF001 - ImageKit's own backends call it
    except FileExistsError:
        if not rows.is_leased(claim):
            return
        # A render that was killed before its row was ready has left the object.
        file.storage.delete(file.name)
        file._generate()  # noqa: SLF001


def _spec(file: ImageCacheFile) -> RenditionSpec:
    return cast("RenditionSpec", file.generator)
