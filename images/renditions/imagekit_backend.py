"""ImageKit's cache file backend, with its state in the Rendition's row.

The stock backend keeps `generating` in a cache, for ever after a failure, and lets concurrent first readers
fail. Here one of them holds a lease and renders, the others wait for its row; a lease ends by itself."""

import time
import uuid
from datetime import timedelta
from itertools import chain, repeat
from typing import cast

from django.conf import settings
from django.db.models import Exists, Q
from django.db.models.functions import Now
from imagekit.cachefiles import ImageCacheFile

from images.database import release_connection
from images.models import Image, Rendition
from images.slots import Slots
from progimage.errors import ImageTooLarge, NotFound, ResultTooLarge, Unavailable, UnprocessableImage

from .imagekit_spec import RenditionSpec

_REMEMBERED = {error.code: error for error in (UnprocessableImage, ImageTooLarge, ResultTooLarge)}
_LEASE = timedelta(seconds=3 * settings.RENDER_TIMEOUT_S)
"""A timeout to wait for a child, one to render, one to fetch the original and store the result. Whoever
takes longer loses the rendition to the next and harms nothing; whoever is killed blocks it so long."""

# Hits never wait behind renders: so many threads may be here, the rest of them stay free.
_waiters = Slots("Too many requests wait for renditions", retry_after_s=1)


class RowBackend:
    """Each method takes an ImageCacheFile whose generator is a RenditionSpec."""

    is_async = False

    def exists(self, file: ImageCacheFile) -> bool:
        wanted = _spec(file).source
        rows = Rendition.objects.filter(image_id=wanted.image_id, cache_key=wanted.cache_key)
        return rows.filter(state=Rendition.State.READY).exists()

    def generate(self, file: ImageCacheFile, force: bool = False) -> None:
        """Return when the rendition is ready. `file` has the content where this very call rendered it.

        `force` is ImageKit's and changes nothing: the bytes behind a name never change. Raises what rendering
        raises, also where another call rendered, and Unavailable where it takes too long."""
        with _waiters.hold("anybody", limit=settings.RENDITION_WAITERS):
            try:
                _generate(file)
            except BaseException:
                _spec(file).discard()
                raise


def _generate(file: ImageCacheFile) -> None:
    spec, lease = _spec(file), uuid.uuid4()
    gives_up_at = time.monotonic() + 2 * settings.RENDER_TIMEOUT_S
    for pause_s in chain((0.02, 0.05, 0.1), repeat(0.2)):
        row = _claim(spec.source, lease)
        if row is not None:
            spec.source = row
            is_rendered = row.lease == lease and _render(file, row, lease)
            if is_rendered or row.state == Rendition.State.READY:
                return
            if row.state == Rendition.State.FAILED:
                raise _REMEMBERED[row.failure_code](row.failure_message)
        if time.monotonic() > gives_up_at:
            break
        release_connection()
        time.sleep(pause_s)
    raise Unavailable("The rendition is still being made", retry_after_s=settings.RENDER_TIMEOUT_S)


def _claim(wanted: Rendition, lease: uuid.UUID) -> Rendition | None:
    """Return the one row for what is wanted; its lease is `lease` where the claim was won.

    None where it went away meanwhile, as the row of a render does that could not be tried."""
    rows = Rendition.objects.select_related("image").filter(
        image_id=wanted.image_id, cache_key=wanted.cache_key
    )
    has_lapsed = Q(lease_until__lt=Now())
    claim = {"state": Rendition.State.RENDERING, "lease": lease, "lease_until": Now() + _LEASE}
    row = rows.annotate(has_lapsed=has_lapsed).first()
    if row is None:
        names = ("image_id", "cache_key", "transform", "others", "format")
        identity = {name: getattr(wanted, name) for name in names}
        Rendition.objects.bulk_create([Rendition(**identity, **claim)], ignore_conflicts=True)
    elif row.has_lapsed:
        rows.filter(has_lapsed).update(**claim)
    else:
        return row
    return rows.first()


def _render(file: ImageCacheFile, row: Rendition, lease: uuid.UUID) -> bool:
    """Return whether the row is ready: not where it was purged, or is another's since the lease has lapsed.

    Raises what rendering raises."""
    own = Rendition.objects.filter(pk=row.pk, lease=lease)
    release_connection()
    try:
        _make(file)
    except tuple(_REMEMBERED.values()) as error:
        retry_at = Now() + timedelta(seconds=settings.RENDITION_FAILURE_TTL_S)
        failure = {"failure_code": error.code, "failure_message": error.message}
        own.update(state=Rendition.State.FAILED, lease=None, lease_until=retry_at, **failure)
        raise
    except BaseException:
        own.delete()
        raise
    ready = {"state": Rendition.State.READY, "lease": None, "lease_until": None} | _spec(file).facts()
    shown = Image.objects.filter(pk__in=[row.image_id, *row.others])
    deleted = shown.exclude(state=Image.State.READY)
    if own.filter(~Exists(deleted)).update(**ready):
        for name, value in ready.items():
            setattr(row, name, value)
        return True
    is_deleted = deleted.exists()
    if is_deleted or not Rendition.objects.filter(pk=row.pk).exists():
        file.storage.delete(file.name)
    if is_deleted:
        own.delete()
        raise NotFound("There is no image with this id")
    _spec(file).discard()
    file.file = None
    return False


def _make(file: ImageCacheFile) -> None:
    """Let ImageKit generate and store the content."""
    try:
        file._generate()  # noqa: SLF001 - what ImageKit's own backends call
    except FileExistsError:
        # Left by a render that was killed before its row was ready.
        file.storage.delete(file.name)
        file._generate()  # noqa: SLF001


def _spec(file: ImageCacheFile) -> RenditionSpec:
    return cast("RenditionSpec", file.generator)
