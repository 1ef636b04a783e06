"""Members and fields of requests: a transform, an id, an address, a description of an image."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import QueryDict

from images.api.serializers.descriptions import DescriptionSerializer
from images.services.storing import Description
from progimage.errors import ParameterError
from progimage.text_form import TRANSFORM, parse_text
from progimage.transform import Transform
from progimage.wording import show_value

BLANK = " \t\r\n\ufeff"
"""White space that editors and shells leave around a transform that is read from a file."""


def read_transform(value: object) -> Transform:
    """Return the value of a member or field `transform`: JSON, parsed or not, or the ordered text form."""
    try:
        return parse_transform(value)
    except ParameterError as error:
        error.pointer = f"/{TRANSFORM}{error.pointer}"
        raise


def parse_transform(value: object) -> Transform:
    """Return a transform in JSON, parsed or not, or in the ordered text form. Raise ParameterError."""
    if not isinstance(value, str):
        return Transform.from_dict(value)
    text = value.strip(BLANK)
    if text.startswith(("{", "[")):
        return Transform.from_json(text)
    return Transform(parse_text(text))


def read_id(value: object) -> UUID:
    """Return the UUID of a member `id`, in either case of letters: no number, no URN, no braces."""
    with suppress(ValueError):
        if isinstance(value, str) and str(image_id := UUID(value)) == value.lower():
            return image_id
    raise ParameterError(
        f"Expected the id of an image for id but received {show_value(value)}", pointer="/id"
    )


def read_url(value: object) -> str:
    """Return a member `url`. The download decides whether the address is allowed."""
    if not isinstance(value, str):
        raise ParameterError(f"Expected an address for url but received {show_value(value)}", pointer="/url")
    return value


def read_description(values: QueryDict | dict[str, Any], *, filename: str = "") -> Description:
    """Return the description of an image to be stored.

    `filename` is the form's name of the file. It is held to the same rules as one that is given by itself."""
    values = values.copy()
    values.setdefault("filename", filename)
    serializer = DescriptionSerializer(data=values)
    serializer.is_valid(raise_exception=True)
    return Description(**serializer.validated_data)
