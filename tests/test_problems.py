"""RFC 9457 everywhere, a request id in answer and log, and nothing told that is not the caller's."""

import json
import logging
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from images import services
from tests.conftest import Api
from tests.support import images as made

MISSING = "/images/01890000-0000-7000-8000-000000000000"
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The log's lines as they are written, parsed."""
    from django.conf import settings
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
    assert (problem["status"], problem["code"], problem["type"]) == (status, code, "about:blank")
    assert problem["title"] == HTTPStatus(status).phrase
    assert problem["request_id"] == answer["X-Request-ID"] != ""
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("no-store", "nosniff")
    return problem


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/images/", 404, "not_found"),
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

    monkeypatch.setattr(services, "find_image", fail)
    answer = api.get(MISSING, Accept="text/html")
    problem = check_problem(answer, 500, "internal_error")
    assert "swordfish" not in answer.content.decode()
    logged = next(line for line in lines if line["message"] == "unexpected error")
    assert logged["request_id"] == problem["request_id"]
    assert "RuntimeError: the password is swordfish" in logged["exception"]


def test_database_that_is_away_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(services, "find_image", fail)
    answer = api.get(MISSING)
    check_problem(answer, 503, "unavailable")
    assert answer["Retry-After"] == "2"


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


def test_wrong_host_is_a_problem(db: None) -> None:
    """WEB-8."""
    answer = Client(raise_request_exception=False).get("/images/x", headers={"Host": "evil.example"})
    check_problem(answer, 400, "invalid_parameter")


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("client-7.4_x", True),
        ("short", False),
        ("x" * 65, False),
        ("a b c d e f", False),
        ("ünïcödé-id", False),
    ],
)
def test_request_id(api: Api, given: str, is_kept: bool) -> None:
    answer = api.get(MISSING, **{"X-Request-ID": given})
    assert (answer["X-Request-ID"] == given) == is_kept


def test_a_request_has_one_line_without_secrets(api: Api, lines: list[dict[str, Any]]) -> None:
    answer = api.get(f"{MISSING}?token=verysecret", **{"X-Request-ID": "request-1"})
    (line,) = (line for line in lines if line["message"] == "request")
    assert line["duration_ms"] >= 0
    assert line | {"duration_ms": 0, "timestamp": ""} == {
        "message": "request",
        "level": "info",
        "logger": "progimage.request",
        "timestamp": "",
        "request_id": "request-1",
        "method": "GET",
        "path": MISSING,
        "status": answer.status_code,
        "bytes": int(answer["Content-Length"]),
        "duration_ms": 0,
        "api_key": api.key.split(".")[0],
    }
    assert api.key.split(".")[1] not in json.dumps(lines)
    assert "verysecret" not in json.dumps(lines)
