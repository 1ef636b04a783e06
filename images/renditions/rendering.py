"""Renders of resolved transforms into files."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from images import temporary_files
from images.models import Image
from transforms.engine import Rendered
from transforms.workers.turn import Turn

from .sources import OpenSource, Recipe, source_of

_KEPT_FACTS = ("width", "height", "frames", "size_bytes", "sha256")


@dataclass(frozen=True)
class RenderedFile:
    """A result, open at its start. Closing `file` removes it."""

    file: IO[bytes]
    facts: Rendered

    def row_facts(self) -> dict[str, object]:
        """Return the facts that a rendition's row keeps, by the names of the row's fields."""
        return {name: getattr(self.facts, name) for name in _KEPT_FACTS}


def render(image: Image, recipe: Recipe, turn: Turn, target: IO[bytes]) -> RenderedFile:
    """Render a resolved transform on an original into `target`, in a turn of its account.

    Raise UnprocessableImage, ImageTooLarge or Unavailable; ObjectMissing if the original's bytes are gone,
    NotFound if the image has been deleted."""
    return _render_into(target, source_of(image), recipe, turn)


def render_source(source: OpenSource, recipe: Recipe, turn: Turn) -> RenderedFile:
    """Render a resolved transform on a source into a temporary file.

    Raise as `render` does, and UnsupportedFormat."""
    target = temporary_files.new_file()
    try:
        return _render_into(target, source, recipe, turn)
    except BaseException:
        target.close()
        raise


def _render_into(target: IO[bytes], source: OpenSource, recipe: Recipe, turn: Turn) -> RenderedFile:
    """Open the files of the sources, now that the turn has come, and render."""
    with ExitStack() as files:
        path = files.enter_context(source.path())
        others = {reference: files.enter_context(other.path()) for reference, other in recipe.others.items()}
        facts = turn.render(path, recipe.transform, Path(target.name), others=others)
    return RenderedFile(target, facts)
