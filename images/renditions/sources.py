"""Images that a transform takes: an upload, a public address, a stored image.

A source is a value with one verb:

    with RemoteSource("https://example.org/a.jpg").open(caller) as source:
        header = source.read_header(owner=caller.account.pk)

A new kind of source is a class here, and a line in images/api/requests/references.py, which reads sources."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, Protocol
from uuid import UUID

from accounts.access.caller import Caller
from images.models import MAX_FILENAME, Image, Visibility, header_of
from images.receiving.uploads import Upload
from images.remote.download import download
from images.services import finding, overviews
from images.services.reading import original_path
from progimage.errors import NotFound
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.workers.pool import pool


@dataclass(frozen=True)
class OpenSource:
    """The bytes of a source. Each call of `path` opens a file with them.

    `upload` is the file of an image that is not stored, `image` the row of one that is. `filename` is the
    name by which a remote image is known. If the bytes are those of an overview, `original` is the header of
    its original, and `sha256` the original's. `header` is that of an upload, once a child has read it."""

    sha256: str
    path: Callable[[], AbstractContextManager[Path]]
    upload: Upload | None = None
    image: Image | None = None
    filename: str = ""
    original: Header | None = None
    header: Header | None = None

    @property
    def reference(self) -> str:
        """The text that stands for these bytes in a resolved transform."""
        return f"sha256:{self.sha256}"

    @property
    def received(self) -> Upload:
        """The file of an image that is not stored. Raise TypeError for a stored image."""
        if self.upload is None:
            raise TypeError("A stored image is no upload")
        return self.upload

    def read_header(self, *, owner: Hashable) -> Header:
        """Return the header: of a stored image from its row. Raise as the pool's `probe_received` does."""
        if self.image is not None:
            return header_of(self.image)
        if self.header is not None:
            return self.header
        with self.path() as path:
            return pool().probe_received(path, owner=owner)


class Source(Protocol):
    """An image that a caller has named."""

    is_remote: ClassVar[bool]

    def open(self, caller: Caller) -> AbstractContextManager[OpenSource]:
        """Give access to the bytes while the context lasts."""


@dataclass(frozen=True)
class ReceivedSource:
    """A file that came with the request, and stays until the request ends."""

    is_remote: ClassVar = False
    upload: Upload

    @contextmanager
    def open(self, caller: Caller) -> Iterator[OpenSource]:
        yield _of_upload(self.upload)


@dataclass(frozen=True)
class RemoteSource:
    """A public address. Opening it downloads the file, and raises as `download` does.

    Raise Unavailable before the download if the image could not be handled after it."""

    is_remote: ClassVar = True
    url: str

    @contextmanager
    def open(self, caller: Caller) -> Iterator[OpenSource]:
        pool().check_room(caller.account.pk)
        with download(self.url, account=caller.account) as upload:
            # The end of a long name says the format.
            yield replace(_of_upload(upload), filename=upload.filename[-MAX_FILENAME:])


@dataclass(frozen=True)
class StoredSource:
    """An image of the repository. Opening it raises as `get_visible_image` does."""

    is_remote: ClassVar = False
    image_id: UUID

    @contextmanager
    def open(self, caller: Caller) -> Iterator[OpenSource]:
        try:
            image = finding.get_visible_image(self.image_id, caller=caller)
        except NotFound as error:
            error.pointer = "/id"  # as that of an address is /url
            raise
        yield source_of(image)


Others = Mapping[str, OpenSource]
"""Other images that a transform names, by their references."""


@dataclass(frozen=True)
class Recipe:
    """A transform, and the other images that it names. Their files are opened for a render only."""

    transform: Transform
    others: Others = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether the result may be seen by everybody that may see the source."""
        images = [other.image for other in self.others.values()]
        return all(image is not None and image.visibility == Visibility.PUBLIC for image in images)


def source_of(image: Image) -> OpenSource:
    """Return a stored image as a source."""
    return OpenSource(image.sha256, partial(original_path, image), image=image)


def overview_of(image: Image, header: Header) -> OpenSource:
    """Return a stored image with this header as a source that is decoded from its overview."""
    path = partial(overviews.overview_path, image)
    return OpenSource(image.sha256, path, image=image, original=header)


def _of_upload(upload: Upload) -> OpenSource:
    return OpenSource(upload.sha256, lambda: nullcontext(upload.path), upload=upload)
