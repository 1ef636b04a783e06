"""The two changes of a row in every upload, a statement each: it begins as pending, and becomes ready.

The ORM takes ten times as long to write these statements as Postgres to run them. Both are committed by
themselves if no transaction is open."""

from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field

from images.ids import uuid7
from images.models import Image

# The account is locked before the clock is read: see storing.new_ready_id. A materialized part is run once,
# and each part needs the row of the one before it. The last 20 digits of the new id come from Python.
_MAKE_READY = """
    WITH owner AS MATERIALIZED (
        SELECT id FROM accounts_account WHERE id = %(account_id)s FOR NO KEY UPDATE
    ), place AS MATERIALIZED (
        SELECT date_trunc('milliseconds', clock_timestamp()) AS moment FROM owner
    ), ready AS (
        UPDATE images_image AS image
        SET state = 'ready',
            created_at = moment,
            ready_id = (lpad(to_hex(unix_ms), 12, '0') || %(digits)s)::uuid
        FROM place, LATERAL (SELECT (extract(epoch FROM moment) * 1000)::bigint AS unix_ms) AS clock
        WHERE image.id = %(id)s AND image.state = 'pending'
        RETURNING image.id, image.ready_id, image.created_at
    ), placed AS (
        UPDATE images_tag AS tag SET ready_id = ready.ready_id FROM ready WHERE tag.image_id = ready.id
    )
    SELECT ready_id, created_at FROM ready
"""
_DIGITS_OF_TIME = 12


def insert_pending(image: Image) -> bool:
    """Insert the row of an image. Return False if there is a row with its id."""
    fields = _fields()
    values = [field.get_db_prep_save(getattr(image, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_insertion(), values)
        is_new = cursor.fetchone() is not None
    if is_new:
        image._state.adding = False  # noqa: SLF001
    return is_new


def make_ready(image: Image) -> bool:
    """Make a pending image ready: give the row and its tags their place. Return False if it is not pending.

    The fields of `image` follow the row."""
    parameters: dict[str, Any] = {
        "account_id": image.account_id,
        "id": image.pk,
        "digits": uuid7().hex[_DIGITS_OF_TIME:],
    }
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_READY, parameters)
        place = cursor.fetchone()
    if place is None:
        return False
    image.state = Image.State.READY
    image.ready_id, image.created_at = place
    return True


@cache
def _fields() -> "list[Field[Any, Any]]":
    return list(Image._meta.concrete_fields)  # noqa: SLF001


@cache
def _insertion() -> str:
    columns = ", ".join(str(field.column) for field in _fields())
    values = ", ".join(["%s"] * len(_fields()))
    return f"INSERT INTO images_image ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING RETURNING id"  # noqa: S608
