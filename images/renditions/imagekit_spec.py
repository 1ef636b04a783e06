"""A rendition as ImageKit knows it: a registered spec that defines, names and generates the cached file.

ImageKit's own names are pickles of class paths, which move when a class moves. Here the row's cache key is
the hash and the row's storage name is the name."""

from typing import IO

from imagekit import ImageSpec, register

from images.models import Rendition
from images.storage import ObjectStorage, renditions

from . import rendering
from .sources import NO_OTHERS, Others, Recipe

SPEC_ID = "progimage:rendition"
_FACTS = ("width", "height", "frames", "size_bytes", "sha256")


class RenditionSpec(ImageSpec):
    """The source is a rendition's row, which holds the image, the resolved transform and the name."""

    source: Rendition
    others: Others = NO_OTHERS
    _result: rendering.RenderedFile | None = None

    @property
    def cachefile_storage(self) -> ObjectStorage:
        return renditions()

    @property
    def cachefile_name(self) -> str:
        return self.source.storage_name

    def get_hash(self) -> str:
        return self.source.cache_key

    def generate(self) -> IO[bytes]:
        """Render, and return the result as a seekable file. Raise as `rendering.render` does."""
        self.discard()
        recipe = Recipe(self.source.resolved_transform, self.others)
        self._result = rendering.render(self.source.image, recipe)
        return self._result.file

    def facts(self) -> dict[str, object]:
        """Return the facts about the result of `generate`, by the names of the row's fields."""
        if self._result is None:
            raise RuntimeError("The rendition has not been generated")
        return {name: getattr(self._result.facts, name) for name in _FACTS}

    def discard(self) -> None:
        """Remove the temporary file of a result that nobody will read."""
        if self._result is not None:
            self._result.file.close()


register.generator(SPEC_ID, RenditionSpec)
