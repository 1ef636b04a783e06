"""Rows that are read by SQL are those that the ORM reads, field by field."""

import uuid
from typing import Any

import pytest
from django.db import models

from accounts.models import Account, ApiKey
from accounts.models.sql_rows import SqlRows, fetch_one
from images.models import Image, Rendition
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")


def fields_of(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


@pytest.mark.parametrize("model", [Account, ApiKey, Image, Rendition])
def test_row_is_that_of_the_orm(api: Api, model: type[models.Model]) -> None:
    path = api.stored(PNG, query='?tags=a&metadata={"a":1e23,"b":[null,"%C3%A9"]}')
    body(api.get(f"{path}.gif?w=5"))
    expected = model._default_manager.get()
    rows = SqlRows(model, alias="it")
    row = rows.find(
        f"SELECT {rows.columns} FROM {model._meta.db_table} AS it WHERE it.id = %s", [expected.pk]
    )
    assert row is not None
    assert fields_of(row) == fields_of(expected)
    assert row == expected
    assert not row._state.adding


def test_no_row(db: None) -> None:
    rows = SqlRows(Image, alias="it")
    assert rows.find(f"SELECT {rows.columns} FROM images_image AS it WHERE id = %s", [uuid.uuid4()]) is None
    assert fetch_one("SELECT 1 WHERE false", []) is None
    assert fetch_one("SELECT %s::int, 'a'", [7]) == (7, "a")
