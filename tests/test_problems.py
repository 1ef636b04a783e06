"""Every error is a problem of RFC 9457 with a request id, and tells nothing that is not the caller's."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from psycopg_pool import PoolTimeout, TooManyRequests

from images.services import finding
from tests.conftest import Api
from tests.support import images as made
from tests.support.problems import MISSING, check_problem, lines

__all__ = ["lines"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/nothing/", 404, "not_found"),
        ("DELETE", "/images/", 404, "not_found"),
        ("GET", "/images/not-a-uuid", 404, "not_found"),
        ("GET", "/images/01890000000070008000000000000000", 404, "not_found"),
        ("GET", MISSING, 404, "not_found"),
        ("DELETE", MISSING + ".png", 405, "method_not_allowed"),
        ("POST", MISSING + ".png", 405, "method_not_allowed"),
        ("PUT", "/images", 405, "method_not_allowed"),
        ("GET", MISSING + ".txt", 415, "unsupported_format"),
        ("GET", MISSING + ".png?w=x", 400, "invalid_parameter"),
        ("POST", "/images", 411, "length_required"),
    ],
)
def test_every_refusal_is_a_problem(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.request(method, path)
    check_problem(answer, status, code)
    assert status != 405 or "GET" in answer["Allow"] or "POST" in answer["Allow"]


def test_unexpected_failure_tells_nothing_and_is_logged(
    api: Api, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(finding, "get_visible_image", fail)
    answer = api.get(MISSING, Accept="text/html")
    problem = check_problem(answer, 500, "internal_error")
    assert "swordfish" not in answer.content.decode()
    logged = next(line for line in lines if line["message"] == "unexpected error")
    assert logged["request_id"] == problem["request_id"]
    assert "RuntimeError: the password is swordfish" in logged["exception"]


@pytest.mark.parametrize(
    "cause",
    [
        OperationalError("server closed the connection unexpectedly"),
        PoolTimeout("couldn't get a connection after 2.00 sec"),
        TooManyRequests("the pool 'pool-1' has already 64 requests waiting"),
    ],
    ids=lambda cause: type(cause).__name__,
)
def test_database_that_is_away_is_503(
    api: Api, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]], cause: Exception
) -> None:
    """One line says why: an outage logs as many as there are requests."""

    def fail(*_: Any, **__: Any) -> None:
        raise cause

    monkeypatch.setattr(finding, "get_visible_image", fail)
    answer = api.get(MISSING)
    check_problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "2"
    (logged,) = (line for line in lines if line["level"] == "error")
    assert logged["message"].startswith("database unavailable: ")
    assert logged["reason"] == str(cause)
    assert len(json.dumps(logged)) < 500


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("suffix", ["", ".png"], ids=["upload", "rendition"])
def test_full_temporary_folder_is_503(api: Api, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    """F-13: on a device that is always full."""
    path = api.stored(made.encoded("png"))

    def full(**_: Any) -> Any:
        return Path("/dev/full").open("r+b", buffering=0)

    monkeypatch.setattr("tempfile.NamedTemporaryFile", full)
    answer = api.get(path + suffix) if suffix else api.upload(made.encoded("png"))
    check_problem(answer, 503, "unavailable")
    monkeypatch.undo()
    assert api.get(path + ".png").status_code == 200
