"""The meaning of a query, read by the parser of the API and remembered.

A cache key is made of the original's sha256, which only the row of the image tells, and of the resolved
transform. The part without the sha256 is the tail of the key. Most tails are known from the query alone."""

from dataclasses import dataclass
from functools import lru_cache

from django.core.exceptions import SuspiciousOperation
from django.http import QueryDict

from images.api.requests.query import Query
from images.api.requests.rendition_request import RenditionQuery
from images.renditions.preparing import Acceptance, choose_format
from progimage.errors import ProgImageError
from progimage.signing import PARAMETERS
from progimage.transform import Transform
from transforms.planning import resolve
from transforms.planning.ceilings import Extent

_REMEMBERED = 4_096
"""Meanings, and tails. Each takes some 4 KB."""
_MAX_ACCEPT = 1_025
"""Characters. A longer header counts as empty (transforms/planning/negotiate_format.py), and so do these."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The facts of an original on which a cache key depends, beside its sha256."""

    format: str
    extent: Extent
    focal: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Meaning:
    """A query and an extension. `first_tails` are those of an image without a focal point.

    They are empty if the original is requested, or if only the row of the image decides the key."""

    query: RenditionQuery
    first_tails: tuple[str, ...]

    @property
    def is_negotiated(self) -> bool:
        transform = self.query.transform
        return transform is not None and transform.output.format == "auto"

    def find_tails(self, shape: Shape, accept: str) -> tuple[str, ...]:
        """Return the tails of the cache keys that answer this query for an image, the best one first.

        Raise ParameterError if the transform does not fit the image."""
        transform = self.query.transform
        if transform is None:
            return ()
        if self.is_negotiated:
            return _negotiated_tails(self, shape, accept[:_MAX_ACCEPT])
        return _tails(transform, shape.format, shape.focal)


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
    return _tails(transform, str(transform.output.format), None)


@lru_cache(maxsize=_REMEMBERED)
def _negotiated_tails(meaning: Meaning, shape: Shape, accept: str) -> tuple[str, ...]:
    transform = meaning.query.transform or Transform()
    acceptance = Acceptance(accept, fallback=meaning.query.fallback)
    chosen = choose_format(transform, acceptance, shape.extent, shape.format)
    return _tails(chosen, shape.format, shape.focal)


@lru_cache(maxsize=_REMEMBERED)
def _tails(transform: Transform, source_format: str, focal: tuple[float, float] | None) -> tuple[str, ...]:
    resolved = resolve.resolve(transform, source_format, focal=focal)
    return (resolve.key_tail(resolved),)
