"""Renditions ahead of their first visitor: from a request for them to rows, and from a row to its bytes."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import Error

from accounts.access.caller import Caller
from images.models import Image, Rendition
from images.services import waiting_renditions as rows
from progimage.errors import NotFound, ProgImageError
from progimage.transform import Transform

from .getting import open_rendition
from .other_images import ReadReference, open_others
from .preparing import Acceptance, Prepared, prepare, prepare_recipe
from .sources import Recipe, source_of

log = logging.getLogger("progimage.renditions")


@dataclass(frozen=True)
class AheadTransform:
    """A transform that a client names before anybody asks for its result. Its format is never "auto".

    `pointer_of` turns a pointer into the transform into one into the client's request."""

    transform: Transform
    pointer_of: Callable[[str], str] = str


def plan_ahead(
    image: Image,
    transforms: Iterable[AheadTransform],
    *,
    read_reference: ReadReference,
    caller: Caller,
) -> list[Rendition]:
    """Return the rows of renditions of an image, unsaved, under the keys by which requests will find them.

    The image may be one that is not stored yet. Raise ParameterError or NotFound with a pointer into the
    client's request."""
    planned = []
    for ahead in transforms:
        with _pointed(ahead):
            planned.append(_plan(image, ahead.transform, read_reference, caller))
    return planned


def plan_kept(
    image: Image,
    documents: Iterable[object],
    *,
    read_reference: ReadReference,
    caller: Caller,
) -> list[Rendition]:
    """Return the rows of transforms that were kept with a URL for one upload.

    One that cannot be done any more, because an image that it names has gone, is left out: its URL would not
    be answered either. The sender of the upload knows nothing of it."""
    planned = []
    for document in documents:
        try:
            planned.append(_plan(image, Transform.from_dict(document), read_reference, caller))
        except ProgImageError as error:
            log.warning("a rendition is not made ahead (%s)", error.code, extra={"image_id": str(image.pk)})
    return planned


def check_references(
    transforms: Iterable[AheadTransform], *, read_reference: ReadReference, caller: Caller
) -> None:
    """Raise ParameterError or NotFound unless the caller sees the images that the transforms name."""
    for ahead in transforms:
        with _pointed(ahead), open_others(ahead.transform, read_reference, caller):
            pass


def make_ahead(rendition_id: int) -> None:
    """Make a waiting rendition, unless somebody else has begun to. Keep a failure in its row.

    An unexpected error is logged, and the row waits for its next attempt. Raise errors of the database."""
    row = rows.begin(rendition_id)
    if row is None:
        return
    try:
        prepared = _prepare_again(row)
        if prepared.cache_key != row.cache_key:
            rows.move(row, prepared.cache_key, prepared.resolved.as_dict())
        with open_rendition(prepared):
            pass  # it is ready, and nobody reads it yet
    except NotFound:
        rows.drop(row)
    except ProgImageError as error:
        log.info("a rendition could not be made ahead (%s)", error.code, extra={"row": str(row)})
        rows.note_problem(row, error)
    except Error:
        raise
    except Exception:
        log.exception("a rendition could not be made ahead", extra={"row": str(row)})


@contextmanager
def _pointed(ahead: AheadTransform) -> Iterator[None]:
    """Turn the pointers of errors within into pointers into the client's request."""
    try:
        yield
    except ProgImageError as error:
        error.pointer = ahead.pointer_of(error.pointer)
        raise


def _plan(image: Image, transform: Transform, read_reference: ReadReference, caller: Caller) -> Rendition:
    with prepare(
        source_of(image),
        transform,
        acceptance=Acceptance(""),
        read_reference=read_reference,
        caller=caller,
    ) as prepared:
        return prepared.new_row()


def _prepare_again(row: Rendition) -> Prepared:
    """Prepare a rendition of a row. Raise NotFound if an image that it shows is not visible any more."""
    others = [source_of(image) for image in rows.find_others(row)]
    recipe = Recipe(row.resolved_transform, {other.reference: other for other in others})
    return prepare_recipe(row.image, recipe)
