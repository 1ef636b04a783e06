"""POST /images/archive: many images as one zip."""

from typing import ClassVar

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from accounts.models import Scope
from images.api.requests.archive_request import ArchiveRequest
from images.api.requests.query import pointed
from images.api.requests.references import read_stored
from images.api.schema import images as schema
from images.api.schema.endpoint import ApiView
from images.delivery.zip_stream import MAX_IMAGES, open_archive
from images.renditions.other_images import open_others
from images.search.bounded_pages import find_ids
from images.search.selection import Selection
from images.services import finding
from progimage.errors import ParameterError

_HEADERS = {
    "Content-Disposition": 'attachment; filename="images.zip"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class ArchiveView(ApiView):
    scopes: ClassVar = {"POST": Scope.READ}

    @schema.ARCHIVE
    def post(self, request: Request) -> StreamingHttpResponse:
        """Send a zip of originals, or of a rendition of each image.

        Its last member, manifest.json, describes each file, and names the images that cannot be had. Missing
        renditions are made first: if that takes longer than a render may take, the answer is 503, and a
        repetition of the request goes on. A zip that ends before its Content-Length is not whole."""
        archive_request = ArchiveRequest.read(request)
        account = archive_request.caller.account
        if archive_request.ids is not None:
            ids = list(archive_request.ids)
            finding.check_own_images(ids, account=account)
        else:
            ids = find_ids(Selection(account, archive_request.filters), limit=MAX_IMAGES + 1)
        if len(ids) > MAX_IMAGES:
            raise ParameterError(f"Expected a query that at most {MAX_IMAGES} images pass", pointer="/query")
        if archive_request.transform is None:
            archive = open_archive(ids, account, None)
        else:
            with (
                pointed(_in_transform),
                open_others(archive_request.transform, read_stored, archive_request.caller) as recipe,
            ):
                # References of an archive name stored images only, whose files outlast this context.
                archive = open_archive(ids, account, recipe)
        headers = _HEADERS | {"Content-Length": str(archive.length)}
        return StreamingHttpResponse(archive.stream, content_type="application/zip", headers=headers)


def _in_transform(pointer: str) -> str:
    return f"/transform{pointer}"
