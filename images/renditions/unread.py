"""Files that came with a request, and that nobody has read: one visit of a child may read and render them."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO

from accounts.access.caller import Caller
from images import temporary_files
from progimage.transform import Transform
from transforms.decoding.header import Header
from transforms.engine import Rendered
from transforms.workers.costs import UNREAD, file_cost, render_cost
from transforms.workers.pool import pool

from .other_images import ReadReference
from .preparing import Acceptance, Prepared, prepare
from .rendering import RenderedFile
from .sources import OpenSource

Preparation = Callable[..., AbstractContextManager[Prepared]]
"""`prepare` or `prepare_to_render`."""
_MOST_TIMES_GUESS = 2
_SMALL_MEGAPIXELS = 1.0
"""An image of so many takes little time, however few bytes it has."""


@contextmanager
def prepare_to_render(
    source: OpenSource,
    transform: Transform,
    *,
    acceptance: Acceptance,
    read_reference: ReadReference,
    caller: Caller,
) -> Iterator[Prepared]:
    """Do as `prepare` does, for a caller that renders in any case. The result may be there already.

    Raise the errors of `prepare`, and then those of a render."""
    rendered = None
    if _needs_no_decision(source, transform):
        header, rendered = _render(source.received.path, transform, caller.account.pk)
        source = replace(source, header=header)
    try:
        with prepare(
            source,
            transform,
            acceptance=acceptance,
            read_reference=read_reference,
            caller=caller,
        ) as prepared:
            yield replace(prepared, rendered=rendered)
    except BaseException:
        if rendered is not None:
            rendered.file.close()
        raise


def _needs_no_decision(source: OpenSource, transform: Transform) -> bool:
    """Return whether nothing has to be decided between the header of a file and its render."""
    is_chosen = transform.output.format != "auto"
    return source.upload is not None and is_chosen and not transform.image_references()


def _render(path: Path, transform: Transform, owner: Hashable) -> tuple[Header, RenderedFile | None]:
    """Read the header of a file and render it. Return no result if the file has far more pixels than one may
    guess by its bytes: its turn was given for the guess."""
    guess = file_cost(UNREAD, path)
    cost = render_cost(guess.format, guess.megapixels, transform)
    max_megapixels = max(_SMALL_MEGAPIXELS, _MOST_TIMES_GUESS * guess.megapixels)
    target = temporary_files.new_path()
    try:
        with pool().turn(owner, cost=cost) as turn:
            header, facts = turn.render_received(path, transform, target, max_megapixels=max_megapixels)
        return header, None if facts is None else RenderedFile(_open(target, facts), facts)
    finally:
        # a file that is open stays readable
        target.unlink(missing_ok=True)


def _open(target: Path, facts: Rendered) -> IO[bytes]:
    """Return a result. Only a large one is in its file."""
    return target.open("rb") if facts.content is None else BytesIO(facts.content)
