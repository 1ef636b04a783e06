"""Renders of resolved transforms into temporary files."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from images import temporary_files
from images.models import Image
from images.services import overviews
from progimage.errors import ProgImageError, UnprocessableImage, UnsupportedFormat
from transforms.engine import Rendered
from transforms.planning.overview import OverviewFile
from transforms.workers.turn import Turn

from .sources import OpenSource, Recipe, source_of

_OF_SOURCE = (UnprocessableImage, UnsupportedFormat)
_KEPT_FACTS = ("width", "height", "frames", "size_bytes", "sha256")


@dataclass(frozen=True)
class RenderedFile:
    """A result, open at its start. Closing `file` removes it."""

    file: IO[bytes]
    facts: Rendered

    def row_facts(self) -> dict[str, object]:
        """Return the facts that a rendition's row keeps, by the names of the row's fields."""
        return {name: getattr(self.facts, name) for name in _KEPT_FACTS}


def render(image: Image, recipe: Recipe, turn: Turn) -> RenderedFile:
    """Render a resolved transform on an original, in a turn of its account.

    Raise UnprocessableImage, ImageTooLarge or Unavailable; ObjectMissing if the original's bytes are gone,
    NotFound if the image has been deleted."""
    return render_source(source_of(image), recipe, turn)


def render_source(source: OpenSource, recipe: Recipe, turn: Turn) -> RenderedFile:
    """Render a resolved transform on a source, whose files are opened now that its turn has come.

    Raise as `render` does, and UnsupportedFormat; OverviewLost if the source is an overview that cannot be
    read."""
    target = temporary_files.new_file()
    try:
        with ExitStack() as files:
            path = files.enter_context(source.path())
            others = {
                reference: files.enter_context(other.path()) for reference, other in recipe.others.items()
            }
            decoded = OverviewFile(path, source.original) if source.original else path
            facts = turn.render(decoded, recipe.transform, Path(target.name), others=others)
    except _OF_SOURCE as error:
        target.close()
        _check_overview(source, error)
        raise
    except BaseException:
        target.close()
        raise
    return RenderedFile(target, facts)


def _check_overview(source: OpenSource, error: ProgImageError) -> None:
    """Raise OverviewLost if a render has failed because an overview is damaged: the original may be whole.

    An error of another image has a pointer to it. A more special class says that the result is at fault."""
    is_of_source = type(error) in _OF_SOURCE and not error.pointer
    if source.original is not None and source.image is not None and is_of_source:
        overviews.mark_lost(source.image)
        raise overviews.OverviewLost(str(source.image)) from error
