"""Renders of resolved transforms into temporary files."""

from collections.abc import Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from images import temporary_files
from images.models import Image
from transforms.engine import Rendered
from transforms.workers.pool import pool

from .sources import OpenSource, Recipe, source_of


@dataclass(frozen=True)
class RenderedFile:
    """A result, open at its start. Closing `file` removes it."""

    file: IO[bytes]
    facts: Rendered


def render(image: Image, recipe: Recipe) -> RenderedFile:
    """Render a resolved transform on an original.

    Raise UnprocessableImage, ImageTooLarge or Unavailable; ObjectMissing if the original's bytes are gone,
    NotFound if the image has been deleted."""
    return render_source(source_of(image), recipe, owner=image.account_id)


def render_source(source: OpenSource, recipe: Recipe, *, owner: Hashable) -> RenderedFile:
    """Render a resolved transform on a source. Raise as `render` does, and UnsupportedFormat."""
    target = temporary_files.new_file()
    try:
        with ExitStack() as files:
            path = files.enter_context(source.path())
            others = {
                reference: files.enter_context(other.path()) for reference, other in recipe.others.items()
            }
            facts = pool().render(
                path,
                recipe.transform,
                Path(target.name),
                others=others,
                owner=owner,
            )
    except BaseException:
        target.close()
        raise
    return RenderedFile(target, facts)
