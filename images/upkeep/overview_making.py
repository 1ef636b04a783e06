"""The making of overviews in the background: one after the other, after renders for which clients wait."""

import logging
import time
from math import inf
from pathlib import Path
from threading import Lock

from images import temporary_files
from images.database import reason_of, release_connection
from images.models import Image, Overview, Rendition, header_of
from images.services import deleting, overviews, waiting_renditions
from images.services.overviews import OverviewClaim
from images.services.reading import original_path
from images.storage import renditions
from progimage.errors import NotFound, ProgImageError, Unavailable
from transforms.engine import Rendered
from transforms.planning.overview import is_worth_keeping, overview_transform, serves
from transforms.planning.overview_recipe import RECIPE, find_overview_size
from transforms.planning.resolve import cache_key, resolve
from transforms.workers.costs import render_cost
from transforms.workers.pool import pool

log = logging.getLogger("progimage.overviews")

_KEPT_FACTS = ("size_bytes", "sha256", "width", "height")
_STORE_ATTEMPTS = 2
# Never more than one at once in a process: a turn for a client's render comes in between.
_making = Lock()


def make_waiting(*, budget_s: float = inf) -> int:
    """Make the overviews that wait, and return how many rows have ended. Begin none after `budget_s` seconds.

    Return at once if another thread of this process makes them. Raise Unavailable if the pool or storage does
    not answer; then the rest waits for the next run."""
    if not _making.acquire(blocking=False):
        return 0
    try:
        return _make_waiting(time.monotonic() + budget_s)
    finally:
        _making.release()
        release_connection()


def _make_waiting(deadline: float) -> int:
    ended = 0
    while time.monotonic() < deadline:
        overview = overviews.waiting_overviews().first()
        if overview is None:
            return ended
        ended += make_overview(overview)
    overviews.hint_again()
    return ended


def make_overview_of(image: Image) -> bool:
    """Make the overview of an image before those of others. Return False while another worker makes it.

    Return True if there is one, and if the image gets none. Raise Unavailable if it could not be tried just
    now."""
    overviews.request(image)
    rows = Overview.objects.filter(pk=image.pk)
    overview = rows.first()
    if overview is None or overview.has_ended or make_overview(overview):
        return True
    overview = rows.first()
    if overview is not None and overview.state == Overview.State.WAITING:
        raise Unavailable("The overview of the image could not be made", retry_after_s=60)
    return overview is None or overview.has_ended


def make_overview(overview: Overview) -> bool:
    """Make one overview that waits, or refuse it. Return whether its row has ended.

    Raise Unavailable if the pool or storage does not answer; then it waits again."""
    claim = overviews.claim(overview)
    if claim is None:
        return False
    try:
        _make(claim)
    except NotFound:
        overviews.drop(claim)
    except Unavailable:
        overviews.put_back(claim)
        raise
    except ProgImageError as error:
        log.info("an image gets no overview (%s)", reason_of(error), extra={"image_id": str(claim.row.pk)})
        overviews.refuse(claim, error.code)
    except BaseException:
        overviews.put_back(claim)
        raise
    waiting_renditions.tell_workers(claim.image)
    return True


def _make(claim: OverviewClaim) -> None:
    image = claim.image
    header = header_of(image)
    size = find_overview_size(header)
    if size is None:
        overviews.refuse(claim, "not_large")
        return
    transform = resolve(overview_transform(size), header.format)
    # The turn comes first: only then an original is opened.
    cost = render_cost(header.format, header.megapixels, transform)
    with temporary_files.new_file() as target, pool().turn(image.account_id, cost=cost) as turn:
        with original_path(image) as path:
            rendered = turn.make_overview(path, transform, Path(target.name))
        if is_worth_keeping(rendered.size_bytes, image.size_bytes):
            _keep(claim, Path(target.name), rendered)
        else:
            overviews.refuse(claim, "too_many_bytes")


def _keep(claim: OverviewClaim, path: Path, rendered: Rendered) -> None:
    name = claim.row.storage_name
    if not _store(claim, path, rendered.sha256):
        return
    facts = {fact: getattr(rendered, fact) for fact in _KEPT_FACTS}
    if overviews.mark_ready(claim, facts):
        renditions().delete(*overviews.names_until(claim.row.pk, RECIPE.version - 1))
        _remove_superseded(claim)
        return
    # The image was deleted or its overview removed, or another worker has taken over.
    if not overviews.is_kept(claim):
        renditions().delete(name)
    overviews.drop(claim)


def _remove_superseded(claim: OverviewClaim) -> None:
    """Remove the renditions that nobody gets any more: the overview answers their requests by another key.

    Those that an account has asked for wait anew, under that key."""
    image = claim.image
    header = header_of(image)
    rows = Rendition.objects.filter(image=image, state=Rendition.State.READY)
    superseded = [
        row
        for row in rows
        if serves(header, row.resolved_transform)
        and row.cache_key == cache_key(image.sha256, row.resolved_transform)
    ]
    if not superseded:
        return
    for row in superseded:
        row.cache_key = cache_key(image.sha256, row.resolved_transform, overview=RECIPE)
    waiting_renditions.ask_again(image, superseded)
    deleting.remove_renditions(Rendition.objects.filter(pk__in=[row.pk for row in superseded]))


def _store(claim: OverviewClaim, path: Path, sha256: str) -> bool:
    """Store the overview. Return False if another worker has taken over.

    An object that has its name is of a worker that was killed before the row was ready."""
    for _ in range(_STORE_ATTEMPTS):
        try:
            with path.open("rb") as content:
                renditions().put(claim.row.storage_name, content, sha256=sha256)
        except FileExistsError:
            if not overviews.is_leased(claim):
                return False
            renditions().delete(claim.row.storage_name)
        else:
            return True
    raise Unavailable("The storage did not let go of an earlier overview", retry_after_s=5)
