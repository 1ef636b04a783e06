"""The facts of an original's header in its row, when the header is read again."""

from typing import Any

from images.models import Image, facts_of
from transforms.decoding.header import Header


def differing_facts(image: Image, header: Header) -> dict[str, Any]:
    """Return the facts of a header that the row does not have."""
    return {name: value for name, value in facts_of(header).items() if getattr(image, name) != value}


def set_facts(image: Image, facts: dict[str, Any]) -> bool:
    """Write facts into the row of an image. Return False if the image has been deleted meanwhile."""
    return Image.objects.ready().filter(pk=image.pk).update(**facts) > 0
