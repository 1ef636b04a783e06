"""The making of renditions that wait: from a row that an account has asked for to its bytes."""

import logging

from django.db import Error

from images.models import Rendition
from images.renditions.getting import open_rendition
from images.renditions.preparing import Prepared, prepare_recipe
from images.renditions.sources import Recipe, source_of
from images.services import waiting_renditions as rows
from progimage.errors import NotFound, ProgImageError

from .overview_making import make_overview_of

log = logging.getLogger("progimage.renditions")


def make_ahead(rendition_id: int) -> None:
    """Make a waiting rendition, unless somebody else has begun to. Keep a failure in its row.

    If it is decoded from an overview that is not there yet, the overview is made first. If another worker
    makes that, the row waits until that worker tells of it.

    An unexpected error is logged, and the row waits for its next attempt. Raise errors of the database."""
    row = rows.begin(rendition_id)
    if row is None:
        return
    try:
        prepared = _prepare(row)
        if prepared is None:
            rows.put_back(row)
            return
        if prepared.cache_key != row.cache_key:
            rows.move(row, prepared.cache_key, prepared.resolved.as_dict())
        with open_rendition(prepared):
            pass  # it is ready, and nobody reads it yet
    except NotFound:
        rows.drop(row)
    except ProgImageError as error:
        log.info("a rendition could not be made ahead (%s)", error.code, extra={"row": str(row)})
        rows.note_problem(row, error)
    except Error:
        raise
    except Exception:
        log.exception("a rendition could not be made ahead", extra={"row": str(row)})


def _prepare(row: Rendition) -> Prepared | None:
    """Prepare a rendition of a row, as the requests for it will. None if its overview is being made.

    Raise NotFound if an image that it shows is not visible any more, Unavailable if its overview cannot be
    made now."""
    prepared = _prepare_now(row)
    if not prepared.awaits_overview:
        return prepared
    if not make_overview_of(row.image):
        return None
    row.image.refresh_from_db()
    return _prepare_now(row)


def _prepare_now(row: Rendition) -> Prepared:
    others = [source_of(image) for image in rows.find_others(row)]
    recipe = Recipe(row.resolved_transform, {other.reference: other for other in others})
    return prepare_recipe(row.image, recipe)
