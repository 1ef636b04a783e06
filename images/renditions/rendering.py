"""Renders of resolved transforms into files."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from images import temporary_files
from images.services import overviews
from images.services.renditions import RESULT_FACTS
from progimage.errors import ProgImageError, UnprocessableImage, UnsupportedFormat
from transforms.engine import Rendered
from transforms.planning.overview import OverviewFile
from transforms.workers.turn import Turn

from .sources import OpenSource, Recipe

_OF_SOURCE = (UnprocessableImage, UnsupportedFormat)


@dataclass(frozen=True)
class RenderedFile:
    """A result, open at its start. Closing `file` removes it."""

    file: IO[bytes]
    facts: Rendered

    def row_facts(self) -> dict[str, object]:
        """Return the facts that a rendition's row keeps, by the names of the row's fields."""
        return {name: getattr(self.facts, name) for name in RESULT_FACTS}


def render(source: OpenSource, recipe: Recipe, turn: Turn, target: IO[bytes]) -> RenderedFile:
    """Render a resolved transform on a source into `target`. Its files are opened now that its turn has come.

    Raise UnprocessableImage, UnsupportedFormat, ImageTooLarge or Unavailable; ObjectMissing if the bytes of
    an original are gone, NotFound if an image has been deleted; OverviewLost if the source is an overview
    that cannot be read."""
    with ExitStack() as files:
        path = files.enter_context(source.path())
        others = {reference: files.enter_context(other.path()) for reference, other in recipe.others.items()}
        decoded = OverviewFile(path, source.original) if source.original else path
        try:
            facts = turn.render(decoded, recipe.transform, Path(target.name), others=others)
        except _OF_SOURCE as error:
            _check_overview(source, error)
            raise
    return RenderedFile(target, facts)


def render_source(source: OpenSource, recipe: Recipe, turn: Turn) -> RenderedFile:
    """Render as `render` does into a temporary file."""
    target = temporary_files.new_file()
    try:
        return render(source, recipe, turn, target)
    except BaseException:
        target.close()
        raise


def _check_overview(source: OpenSource, error: ProgImageError) -> None:
    """Raise OverviewLost if a render has failed because an overview is damaged: the original may be whole.

    An error of another image has a pointer to it. A more special class says that the result is at fault."""
    is_of_source = type(error) in _OF_SOURCE and not error.pointer
    if source.original is not None and source.image is not None and is_of_source:
        overviews.mark_lost(source.image)
        raise overviews.OverviewLost(str(source.image)) from error
