"""Transforms of renditions that are made ahead: members and fields that hold up to 20 of them.

Each is a JSON object, the text form, or a query as it stands in the URL of a GET, with its format."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from rest_framework.request import Request

from accounts.access.caller import Caller, caller_of
from images.api.serializers.ahead import MAX_TRANSFORMS
from images.renditions.making_ahead import AheadTransform
from progimage.errors import ParameterError
from progimage.text_form import is_query, parse_query
from progimage.transform import Transform
from progimage.wording import show_value

from .bodies import read_object, unread
from .query import PointerOf, Query, check_names, refuse_unknown
from .values import BLANK, parse_transform

EAGER = "eager"
_TRANSFORMS = "transforms"
_MAX_PARAMETERS = 100


@dataclass(frozen=True, kw_only=True)
class AheadRequest:
    """POST /images/<uuid>/renditions: the renditions to be made."""

    transforms: Sequence[AheadTransform]
    caller: Caller

    @classmethod
    def read(cls, request: Request) -> "AheadRequest":
        """Raise the errors of bodies, and ParameterError."""
        refuse_unknown(request.query_params, "no query")
        body = read_object(unread(request))
        check_names(body, (_TRANSFORMS,))
        transforms = read_transforms(body.get(_TRANSFORMS, []), name=_TRANSFORMS)
        if not transforms:
            raise ParameterError("Expected at least one transform", pointer=f"/{_TRANSFORMS}")
        return cls(transforms=transforms, caller=caller_of(request))


def read_transforms(values: object, *, name: str = EAGER) -> list[AheadTransform]:
    """Return the transforms of a member `name`. Raise ParameterError with a pointer into the request."""
    if not isinstance(values, list):
        raise ParameterError(
            f"Expected an array of transforms for {name} but received {show_value(values)}",
            pointer=f"/{name}",
        )
    if len(values) > MAX_TRANSFORMS:
        raise ParameterError(
            f"Expected at most {MAX_TRANSFORMS} transforms for {name} but received {len(values)}",
            pointer=f"/{name}",
        )
    return [_read(value, f"/{name}/{index}") for index, value in enumerate(values)]


def _read(value: object, place: str) -> AheadTransform:
    """Return a transform whose pointers begin with its `place` in the request."""
    try:
        transform, pointer_of = _parse(value)
        if transform.output.format == "auto":
            raise ParameterError(
                "Expected a format for a rendition that is made ahead but received 'auto': no request has "
                "said yet which formats it accepts",
                pointer=pointer_of("/output/format"),
            )
    except ParameterError as error:
        error.pointer = f"{place}{error.pointer}"
        raise
    return AheadTransform(transform, partial(_prefixed, place, pointer_of))


def _parse(value: object) -> tuple[Transform, PointerOf]:
    if not isinstance(value, str):
        return parse_transform(value), str
    text = value.strip(BLANK)
    if not text:
        raise ParameterError("Expected a transform but received an empty text")
    if not is_query(text):
        return parse_transform(text), str
    try:
        pairs = parse_qsl(
            text.removeprefix("?"),
            keep_blank_values=True,
            max_num_fields=_MAX_PARAMETERS,
        )
    except ValueError as error:
        raise ParameterError(f"Expected at most {_MAX_PARAMETERS} parameters of a transform") from error
    return parse_query(pairs), Query(dict(pairs)).pointer_of


def _prefixed(place: str, pointer_of: PointerOf, pointer: str) -> str:
    return f"{place}{pointer_of(pointer)}"
