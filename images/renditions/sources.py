"""Where the bytes of an image are that a transform takes: stored, or in a file that a request brought."""

from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from types import MappingProxyType

from images.database import release_connection
from images.models import Image, Visibility
from images.receiving.uploads import Upload
from images.services.reading import original_path
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.workers.pool import pool


@dataclass(frozen=True)
class Source:
    """`path` opens the file, each time that it is called; `image` is the row of what is stored."""

    sha256: str
    path: Callable[[], AbstractContextManager[Path]]
    image: Image | None = None

    @property
    def reference(self) -> str:
        """What stands for these bytes in a resolved transform."""
        return f"sha256:{self.sha256}"

    def read_header(self, *, owner: Hashable) -> Header:
        """Raises what probing raises, where the image is not stored."""
        if self.image is None:
            release_connection()
            with self.path() as path:
                return pool().probe(path, owner=owner)
        return header_of(self.image)


Others = Mapping[str, Source]
"""By their references."""
NO_OTHERS: Others = MappingProxyType({})


@dataclass(frozen=True)
class Recipe:
    """A transform, and the images beside its source that it names. They are opened for a render alone."""

    transform: Transform
    others: Others = field(default_factory=dict)

    @property
    def is_public(self) -> bool:
        """Whether whoever may see the source may see what this makes of it."""
        images = [other.image for other in self.others.values()]
        return all(image is not None and image.visibility == Visibility.PUBLIC for image in images)


def stored(image: Image) -> Source:
    return Source(image.sha256, partial(original_path, image), image)


def received(upload: Upload) -> Source:
    """The file must be there as long as the source is used."""
    return Source(upload.sha256, lambda: nullcontext(upload.path))


def header_of(image: Image) -> Header:
    """Return what decoding said of the bytes when they came."""
    return Header(**{field.name: getattr(image, field.name) for field in fields(Header)})
