"""Rows of models that are read by a statement in SQL.

The statements of every request are written in SQL: the ORM takes ten times as long to write one as Postgres
takes to run it. They return rows of the models all the same."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model

RowT = TypeVar("RowT", bound=Model)
FetchRow = Callable[[str, Sequence[Any]], tuple[Any, ...] | None]
"""Runs a statement and returns its first row, or None, as `fetch_one` does."""


class SqlRows(Generic[RowT]):
    """Reads rows of one model.

    `columns` is for the statement: all columns of the model, whose table has the alias `alias` there."""

    def __init__(self, model: type[RowT], *, alias: str) -> None:
        fields = model._meta.concrete_fields  # noqa: SLF001
        self.columns = ", ".join(f'{alias}."{field.column}"' for field in fields)
        self.width = len(fields)
        self._model = model
        self._names = [field.attname for field in fields]
        self._converters = [
            (index, field.from_db_value)
            for index, field in enumerate(fields)
            if hasattr(field, "from_db_value")
        ]

    def read(self, values: Sequence[Any]) -> RowT:
        """Return the row with these values of `columns`."""
        converted = list(values)
        for index, convert in self._converters:
            converted[index] = convert(converted[index], None, connection)
        return self._model.from_db(connection.alias, self._names, converted)

    def find(self, statement: str, parameters: Sequence[Any]) -> RowT | None:
        """Return the first row that a statement finds, or None."""
        values = fetch_one(statement, parameters)
        return None if values is None else self.read(values)


def fetch_one(statement: str, parameters: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return the first row of a statement's result, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
