"""Renditions ahead of their first visitor: from a request for them to rows, which workers read."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from accounts.access.caller import Caller
from images.models import Image, Rendition
from progimage.errors import ProgImageError
from progimage.transform import Transform

from .other_images import ReadReference, open_others
from .preparing import Acceptance, prepare
from .sources import source_of

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
