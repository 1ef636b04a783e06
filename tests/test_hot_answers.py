"""The line in the log of a response from memory is that of the usual way."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from config.observing import request_lines
from images.delivery.invalidation import changes
from tests.conftest import Api
from tests.support import images as made
from tests.support.problems import lines
from tests.support.wsgi_calls import BothWays, call

__all__ = ["lines"]


class Written:
    """The lines that hits have added."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    changes.hear_until(time.monotonic() + 600)
    written = Written()
    monkeypatch.setattr(request_lines, "stderr", written)
    yield written
    changes.lose()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("has_key", [True, False])
@pytest.mark.parametrize(
    ("method", "headers"),
    [("GET", {}), ("HEAD", {}), ("GET", {"If_None_Match": "*"}), ("HEAD", {"If_None_Match": "*"})],
)
def test_the_line_is_that_of_the_usual_way(
    api: Api,
    written: Written,
    lines: list[dict[str, Any]],
    has_key: bool,
    method: str,
    headers: dict[str, str],
) -> None:
    target = api.stored(made.encoded("png"), query="?visibility=public") + ".webp?w=5"
    credential = {"Authorization": f"Bearer {api.key}"} if has_key else {}
    ways = BothWays()
    call(ways.hot, "GET", target, **credential)
    call(ways.slow, method, target, X_Request_ID="request-1", **credential, **headers)
    expected = [line for line in lines if line["message"] == "request"][-1]
    assert written.lines == []
    call(ways.hot, method, target, X_Request_ID="request-1", **credential, **headers)
    (text,) = written.lines
    line = json.loads(text)
    assert text.endswith("}\n")
    assert list(line) == list(expected)
    varying = {"timestamp": "", "duration_ms": 0}
    assert line | varying == expected | varying
    assert 0 <= line["duration_ms"] < 1_000
    assert line["timestamp"][:11] == expected["timestamp"][:11]
    assert line["timestamp"].endswith("Z")


@pytest.mark.django_db(transaction=True)
def test_the_level_of_the_log_is_respected(
    api: Api, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = api.stored(made.encoded("png"))
    credential = {"Authorization": f"Bearer {api.key}"}
    ways = BothWays()
    call(ways.hot, "GET", target, **credential)
    logger = logging.getLogger("progimage.request")
    logger.setLevel(logging.WARNING)
    try:
        assert ways.is_hit("GET", target, **credential)
    finally:
        logger.setLevel(logging.NOTSET)
    assert written.lines == []
