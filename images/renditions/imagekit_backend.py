"""ImageKit's cache file backend, with its state in the rendition's row.

ImageKit's stock backend keeps `generating` in a cache, for ever after a failure, and lets concurrent first
readers fail. Here one thread waits for its turn, takes a lease and renders. The others wait for its row, and
the lease ends by itself."""

import time
import uuid
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import cast

from django.conf import settings
from django.core.files.base import File
from imagekit.cachefiles import ImageCacheFile

from images import waiting_threads
from images.database import release_connection, sleep_without_connection
from images.models import Rendition
from images.services import renditions as rows
from progimage.errors import (
    ImageTooLarge,
    NotFound,
    RendererEnded,
    ResultTooLarge,
    TakesTooLong,
    Unavailable,
    UnprocessableImage,
)
from transforms.workers.pool import pool

from .imagekit_spec import RenditionSpec
from .own_renders import OwnRenders

_REMEMBERED = {
    error.code: error
    for error in (UnprocessableImage, ImageTooLarge, ResultTooLarge, TakesTooLong, RendererEnded)
}
_STORE_ATTEMPTS = 3
"""An object whose name is taken is removed and stored again. Only a thread without a lease can interfere."""

# One thread for each rendition waits for a turn. Each of its readers would take a place in the queue.
# The others wait for that thread to end.
_renders = OwnRenders()


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
        spec = _spec(file)
        with waiting_threads.hold(spec.source.image.account_id):
            try:
                _generate(file)
            except BaseException:
                spec.discard()
                raise


@dataclass
class _Patience:
    """The time that a request has: as long for its turn as a task may wait, and then for a render by another.

    A turn that is free is taken later, too."""

    started_at: float = field(default_factory=time.monotonic)

    @property
    def turn_timeout_s(self) -> float:
        elapsed_s = time.monotonic() - self.started_at
        return max(0, settings.RENDER_TIMEOUT_S - elapsed_s)

    @property
    def remaining_s(self) -> float:
        return self.started_at + 3 * settings.RENDER_TIMEOUT_S - time.monotonic()


def _generate(file: ImageCacheFile) -> None:
    """Render, or wait for the thread that renders."""
    spec = _spec(file)
    patience = _Patience()
    row = spec.found
    for pause_s in chain((0.02, 0.05, 0.1), repeat(0.2)):
        if row is None:
            try:
                if _try_render(file, patience):
                    return
            except Unavailable:
                # another process may have begun, or even ended, while this thread waited for its turn
                if _find(file) is None:
                    raise
        elif row.state == Rendition.State.READY:
            spec.source = row
            return
        elif row.state == Rendition.State.FAILED:
            raise remembered(row)
        if patience.remaining_s < 0:
            break
        _pause(file, pause_s, patience)
        row = _find(file)
    raise Unavailable("The rendition is still being made", retry_after_s=settings.RENDER_TIMEOUT_S)


def _find(file: ImageCacheFile) -> Rendition | None:
    rendition = _spec(file).source
    return rows.find(rendition.image_id, rendition.cache_key)


def _pause(file: ImageCacheFile, pause_s: float, patience: _Patience) -> None:
    """Wait for the thread of this process that renders, or else a little for another process."""
    end = _renders.find_end(file.name)
    if end is None:
        sleep_without_connection(pause_s)
    else:
        release_connection()
        end.wait(max(0, patience.remaining_s))


def is_remembered(row: Rendition) -> bool:
    """Whether the image is to blame for the failure. A worker's last attempt may have failed otherwise."""
    return row.failure_code in _REMEMBERED


def remembered(row: Rendition) -> UnprocessableImage:
    """Return the error of the render that has failed, as its own client got it."""
    return _REMEMBERED[row.failure_code](row.failure_message, pointer=row.failure_pointer)


def _try_render(file: ImageCacheFile, patience: _Patience) -> bool:
    """Render if no other thread does. Return whether `file` has the content.

    A turn at the renderers comes first: a request that is refused has claimed no row and read no original.
    Of the threads of this process that want the same rendition only one waits for a turn."""
    spec = _spec(file)
    with _renders.try_begin(file.name) as is_alone:
        if not is_alone:
            return False
        owner = spec.source.image.account_id
        with pool().turn(owner, cost=spec.cost, timeout_s=patience.turn_timeout_s) as turn:
            claim = rows.claim(spec.source, uuid.uuid4(), spec.fetch)
            if claim is None:
                return False
            spec.turn = turn
            _render(file, claim)
            return True


def _render(file: ImageCacheFile, claim: rows.Claim) -> None:
    """Raise the render's errors, and NotFound if an image that it shows was deleted meanwhile."""
    try:
        is_stored = _store(file, claim)
    except tuple(_REMEMBERED.values()) as error:
        rows.mark_failed(claim, error)
        raise
    except BaseException:
        rows.abandon(claim)
        raise
    if not is_stored or not rows.mark_ready(claim, _spec(file).facts()):
        _give_up_row(file, claim)


def _store(file: ImageCacheFile, claim: rows.Claim) -> bool:
    """Let ImageKit generate and store the content. Return False if another thread has taken over and stored.

    An object without a lease is of a render that was killed or purged before its row was ready."""
    for _ in range(_STORE_ATTEMPTS):
        try:
            file._generate()  # noqa: SLF001 - ImageKit's own backends call it
        except FileExistsError:
            if not rows.is_leased(claim):
                return False
            file.storage.delete(file.name)
        else:
            return True
    return False


def _give_up_row(file: ImageCacheFile, claim: rows.Claim) -> None:
    """Leave `file` with its content alone, after a purge or if another thread has taken over.

    The content is right all the same. Raise NotFound if an image that it shows has been deleted."""
    rows.abandon(claim)
    is_deleted = rows.shows_deleted_image(claim.row)
    if is_deleted or not rows.has_row(claim.row):
        file.storage.delete(file.name)
    if is_deleted:
        raise NotFound("There is no image with this id")
    spec = _spec(file)
    spec.source = rows.as_unkept(claim.row, spec.facts())
    file.file = File(spec.generate())


def _spec(file: ImageCacheFile) -> RenditionSpec:
    return cast("RenditionSpec", file.generator)
