"""The log: one line for each request, with its id, without secrets."""

import json
from typing import Any

from tests.conftest import Api
from tests.support.problems import MISSING, lines

__all__ = ["lines"]


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
