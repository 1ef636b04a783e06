"""Errors as RFC 9457 has them, and the lines of the log."""

import json
import logging
from typing import Any

import pytest
from django.conf import settings

from progimage.error_reference import ENTRIES

MISSING = "/images/01890000-0000-7000-8000-000000000000"
_TITLES = {entry.code: entry.error.summary for entry in ENTRIES}
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The log's lines as they are written, parsed."""
    from structlog.stdlib import ProcessorFormatter

    formatter: dict[str, Any] = dict(settings.LOGGING["formatters"]["json"])
    formatter.pop("()")
    handler = logging.Handler()
    handler.setFormatter(ProcessorFormatter(**formatter))
    written: list[dict[str, Any]] = []
    handler.emit = lambda record: written.append(json.loads(handler.format(record)))  # type: ignore[method-assign]
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [*root.handlers, handler])
    return written


def check_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert set(problem) - {"pointer"} == MEMBERS
    assert (problem["status"], problem["code"], problem["type"]) == (
        status,
        code,
        f"{settings.PUBLIC_URL}/docs/errors#{code}",
    )
    assert problem["title"] == _TITLES[code]
    assert problem["request_id"] == answer["X-Request-ID"] != ""
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    return problem
