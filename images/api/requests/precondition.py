"""If-Match and If-None-Match of requests that change or delete an image."""

from collections.abc import Mapping
from dataclasses import dataclass

from rest_framework.request import Request

from images.api.serializers.representation import Representation
from images.delivery.conditions import check_if_match, is_not_modified
from images.delivery.header_names import IF_MATCH, IF_NONE_MATCH
from images.models import Image
from progimage.errors import PreconditionFailed


@dataclass(frozen=True)
class Precondition:
    """The conditions of a request that changes an image. Their ETags are those of the image's `.json`."""

    headers: Mapping[str, str]

    @classmethod
    def read(cls, request: Request) -> "Precondition":
        return cls(
            {name: request.headers[name] for name in (IF_MATCH, IF_NONE_MATCH) if name in request.headers}
        )

    def check(self, image: Image) -> None:
        """Raise PreconditionFailed if the image is another than the client expects.

        The row must be locked, so that no other change comes between this check and the change."""
        if not self.headers:
            return
        if image.state != Image.State.READY:
            raise PreconditionFailed("Expected an image that is not deleted, for a request with a condition")
        etag = Representation.of(image).etag
        check_if_match(self.headers, etag)
        if is_not_modified(self.headers, etag):
            raise PreconditionFailed(f"Expected an If-None-Match that does not name the ETag {etag}")
