"""A rendition as ImageKit knows it: a registered spec that defines, names and generates the cached file.

ImageKit's own names are pickles of class paths, which move when a class moves. Here the row's cache key is
the hash and the row's storage name is the name."""

from typing import IO

from imagekit import ImageSpec, register

from accounts.models.sql_rows import FetchRow, fetch_one
from images.models import Rendition
from images.storage import ObjectStorage, renditions
from transforms.workers.costs import UNKNOWN, TaskCost
from transforms.workers.turn import Turn

from . import rendering
from .sources import OpenSource, Recipe

SPEC_ID = "progimage:rendition"


class RenditionSpec(ImageSpec):
    """The source is a rendition's row, which holds the image, the resolved transform and the name."""

    source: Rendition
    recipe: Recipe | None = None
    """The row's transform, with the other images that it shows: nothing is rendered without it."""
    decoded: OpenSource | None = None
    """The original, or the overview that is decoded in its place."""
    cost: TaskCost = UNKNOWN
    turn: Turn | None = None
    """The turn in which it is rendered, from the backend, through which ImageKit generates every file."""
    found: Rendition | None = None
    """The row of the rendition, as it was found before ImageKit was asked."""
    fetch: FetchRow = staticmethod(fetch_one)
    """Writes the claim and the end of the row."""
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
        """Render once, and return the result as a file at its start. Raise as `rendering.render` does.

        The file is a draft of the object under the rendition's name."""
        if self._result is None:
            if self.turn is None or self.recipe is None or self.decoded is None:
                raise RuntimeError("A rendition is rendered by a recipe in a turn")
            draft = self.cachefile_storage.new_draft(self.cachefile_name)
            try:
                self._result = rendering.render(self.decoded, self.recipe, self.turn, draft)
            except BaseException:
                draft.close()
                raise
        self._result.file.seek(0)
        return self._result.file

    def facts(self) -> dict[str, object]:
        """Return the facts about the result of `generate`, by the names of the row's fields."""
        if self._result is None:
            raise RuntimeError("The rendition has not been generated")
        return self._result.row_facts()

    def discard(self) -> None:
        """Remove the temporary file of a result that nobody will read."""
        if self._result is not None:
            self._result.file.close()
            self._result = None


register.generator(SPEC_ID, RenditionSpec)
