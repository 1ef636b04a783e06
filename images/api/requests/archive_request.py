"""POST /images/archive: which images a zip holds, and in which format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from images.api.serializers.archives import ArchiveSerializer
from progimage.errors import ParameterError
from progimage.transform import Transform
from transforms.formats.table import FORMATS

from .bodies import read_object, unread
from .query import refuse_unknown
from .rendition_request import with_format
from .values import read_transform


@dataclass(frozen=True, kw_only=True)
class ArchiveRequest:
    """All of a request for a zip: `ids` or `filters`. Without a transform it holds the originals."""

    ids: Sequence[UUID] | None
    filters: Mapping[str, Any]
    transform: Transform | None
    caller: Caller

    @classmethod
    def read(cls, request: Request) -> "ArchiveRequest":
        """Raise the errors of bodies, and ParameterError."""
        refuse_unknown(request.query_params, "no query")
        serializer = ArchiveSerializer(data=read_object(unread(request)))
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        return cls(
            ids=list(dict.fromkeys(values["ids"])) if "ids" in values else None,
            filters=values.get("query", {}),
            transform=_transform_of(values),
            caller=caller_of(request),
        )


def _transform_of(values: dict[str, Any]) -> Transform | None:
    """Return the transform of each image; None for the originals. Raise ParameterError."""
    format = values.get("format")
    if format is None and "transform" not in values:
        return None
    transform = read_transform(values["transform"]) if "transform" in values else Transform()
    named = transform.output.format
    if named == "auto" or (format and named not in (None, format)):
        raise ParameterError(
            f"Expected {format or 'a format'} for transform.output.format but received {named!r}",
            pointer="/transform/output/format",
        )
    return with_format(transform, FORMATS[format]) if format else transform
