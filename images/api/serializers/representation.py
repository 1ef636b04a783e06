"""The JSON of an image as bytes, with the ETag that names them."""

from dataclasses import dataclass
from hashlib import sha256

from rest_framework.renderers import JSONRenderer

from images.models import Image

from .images import represent


@dataclass(frozen=True)
class Representation:
    """The answer to GET /images/<uuid>.json.

    The ETag is a hash of the bytes. So it changes with everything that they show: tags, metadata, a successor
    that becomes ready or is deleted. A counter in the row would have to be raised at each of these places."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, image: Image) -> "Representation":
        content: bytes = JSONRenderer().render(represent(image))
        return cls(content, f'"{sha256(content).hexdigest()}"')
