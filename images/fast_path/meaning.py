"""The meaning of a query, read by the parser of the API and remembered.

A cache key is made of the original's sha256, which only the row of the image tells, of the resolved
transform, and of the recipe if the result is decoded from an overview. The part without the sha256 is the
tail of the key. For most queries only two tails are possible: with the recipe and without it."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from images.api.requests.query import Query
from images.api.requests.rendition_request import RenditionQuery
from images.renditions.preparing import Acceptance, DecodedFrom, choose_format, choose_source
from images.services.overviews import HAS_NONE
from progimage.errors import ProgImageError
from progimage.signing import PARAMETERS
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.planning import resolve
from transforms.planning.ceilings import Extent
from transforms.planning.overview_recipe import RECIPE

_REMEMBERED = 4_096
"""Meanings, and tails. Each takes some 4 KB."""
_MAX_ACCEPT = 1_025
"""Characters. A longer header counts as empty (transforms/planning/negotiate_format.py), and so do these."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts of an image on which a cache key depends, beside its sha256."""

    header: Header
    focal: tuple[float, float] | None
    overview_version: int | None


@dataclass(frozen=True, slots=True)
class KeyTail:
    """The tail of the key by which Django answers, with the resolved transform of which it was made."""

    text: str
    resolved: Transform
    decoded_from: DecodedFrom

    @property
    def awaits_overview(self) -> bool:
        """That of `preparing.Prepared`."""
        return self.decoded_from == DecodedFrom.ORIGINAL_FOR_NOW


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """A query and an extension. `first_tails` are those of an image without a focal point.

    The first is of a result from the original, the second of one from the overview. There are none if the
    original is requested, or if only the row of the image decides the key."""

    query: RenditionQuery
    first_tails: tuple[str, ...]

    @property
    def is_negotiated(self) -> bool:
        transform = self.query.transform
        return transform is not None and transform.output.format == "auto"

    def find_tail(self, shape: Shape, accept: str) -> KeyTail | None:
        """Return the tail of the key that answers this query for an image. None if the original does.

        Raise ParameterError if the transform does not fit the image."""
        transform = self.query.transform
        if transform is None:
            return None
        if self.is_negotiated:
            transform = _negotiated(self, shape.header, accept[:_MAX_ACCEPT])
        decoded_from = DecodedFrom.ORIGINAL
        if shape.overview_version != HAS_NONE:
            decoded_from = _chosen_source(transform, shape, uses_overviews=settings.OVERVIEWS)
        return _tail(transform, shape.header.format, shape.focal, decoded_from)


@lru_cache(maxsize=_REMEMBERED)
def find_meaning(query: str, extension: str | None, *, is_signed: bool) -> Meaning | None:
    """Return the meaning of a query without its signature. None if Django must read it."""
    try:
        query_params = QueryDict(query.encode(), encoding="utf-8")
        parameters = Query.read_parameters(query_params, may_be_tracked=not is_signed)
        if not parameters.keys().isdisjoint(PARAMETERS):
            return None
        rendition_query = RenditionQuery.read(Query(parameters), extension)
    except (ProgImageError, SuspiciousOperation):
        return None
    transform = rendition_query.transform
    if transform is not None and transform.image_references():
        return None
    return Meaning(rendition_query, _first_tails(transform))


def _first_tails(transform: Transform | None) -> tuple[str, ...]:
    if transform is None or transform.output.format == "auto" or transform.output.hdr == "keep":
        return ()
    resolved = resolve.resolve(transform, str(transform.output.format))
    return resolve.key_tail(resolved), resolve.key_tail(resolved, overview=RECIPE)


@lru_cache(maxsize=_REMEMBERED)
def _negotiated(meaning: Meaning, header: Header, accept: str) -> Transform:
    transform = meaning.query.transform or Transform()
    extent = Extent(header.upright, header.frames, header.has_alpha)
    acceptance = Acceptance(accept, fallback=meaning.query.fallback)
    return choose_format(transform, acceptance, extent, header.format)


@lru_cache(maxsize=_REMEMBERED)
def _resolved(transform: Transform, source_format: str, focal: tuple[float, float] | None) -> Transform:
    return resolve.resolve(transform, source_format, focal=focal)


@lru_cache(maxsize=_REMEMBERED)
def _chosen_source(transform: Transform, shape: Shape, *, uses_overviews: bool) -> DecodedFrom:
    """Return the choice of `choose_source`, which depends on a setting, too."""
    if not uses_overviews:
        return DecodedFrom.ORIGINAL
    resolved = _resolved(transform, shape.header.format, shape.focal)
    return choose_source(shape.header, resolved, shape.overview_version)


@lru_cache(maxsize=_REMEMBERED)
def _tail(
    transform: Transform,
    source_format: str,
    focal: tuple[float, float] | None,
    decoded_from: DecodedFrom,
) -> KeyTail:
    resolved = _resolved(transform, source_format, focal)
    recipe = RECIPE if decoded_from == DecodedFrom.OVERVIEW else None
    return KeyTail(resolve.key_tail(resolved, overview=recipe), resolved, decoded_from)
