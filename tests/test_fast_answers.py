"""The layer before Django: which requests it takes, and how it sends large answers."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey
from config.http import fast_answers
from config.http.fast_answers import FastAnswers
from config.observing import request_lines
from config.observing.line_buffer import LineBuffer
from config.slow_clients.exchanges import SLOTS
from images.delivery.answer_facts import AnswerFacts
from tests.conftest import Api
from tests.support import images as made
from tests.support.both_ways import Ways, bearer, environ_of, path, ways
from tests.support.problems import lines

__all__ = ["lines", "path", "ways"]

pytestmark = pytest.mark.django_db(transaction=True)

UNSURE: dict[str, tuple[str, dict[str, str]]] = {
    "another path": ("GET /images", {}),
    "metadata": ("GET {path}.json", {}),
    "id in capitals": ("GET {PATH}.webp?w=50", {}),
    "slash at the end": ("GET {path}/", {}),
    "another method": ("DELETE {path}-", {}),
    "preflight": ("OPTIONS {path}.webp?w=50", {}),
    "unknown extension": ("GET {path}.docx", {}),
    "format that is only read": ("GET {path}.heic", {}),
    "unknown parameter": ("GET {path}.webp?w=50&x=1", {}),
    "parameter twice": ("GET {path}.webp?w=50&w=50", {}),
    "parameter out of range": ("GET {path}.webp?w=0", {}),
    "query that is not UTF-8": ("GET {path}.webp?w=50&download=%FF", {}),
    "too many parameters": ("GET {path}.webp?" + "&".join(f"a{i}=1" for i in range(120)), {}),
    "another image in it": ("GET {path}.webp?transform=composite:image={id}", {}),
    "unknown image": ("GET /images/00000000-0000-7000-8000-000000000000.webp?w=50", {}),
    "unknown host": ("GET {path}.webp?w=50", {"Host": "elsewhere.example"}),
    "long host": ("GET {path}.webp?w=50", {"Host": f"testserver:{'0' * 300}80"}),
    "malformed host": ("GET {path}.webp?w=50", {"Host": "a b"}),
    "no bearer": ("GET {path}.webp?w=50", {"Authorization": "Basic YTpi"}),
    "no key": ("GET {path}.webp?w=50", {"Authorization": ""}),
    "unknown key": ("GET {path}.webp?w=50", {"Authorization": f"Bearer pi_{'a' * 12}.{'b' * 43}"}),
    "session": ("GET {path}.webp?w=50", {"Cookie": "a=b; sessionid=x"}),
    "malformed CSRF cookie": ("GET {path}.webp?w=50", {"Cookie": "csrftoken=x"}),
    "body": ("GET {path}.webp?w=50", {"Content-Length": "3"}),
    "type of a body": ("GET {path}.webp?w=50", {"Content-Type": "text/plain; charset=x"}),
    "chunked body": ("GET {path}.webp?w=50", {"Transfer-Encoding": "chunked"}),
    "part of a signature": ("GET {path}.webp?w=50&exp=1", {"Authorization": ""}),
    "signature and key": ("GET {path}.webp?w=50&exp=1&kid=pi_aaaaaaaaaaaa&sig=x", {}),
    "escaped name of a signature": ("GET {path}.webp?w=50&%65xp=1", {}),
}


@pytest.mark.parametrize("case", UNSURE)
def test_django_answers_if_the_fast_path_is_not_sure(case: str, ways: Ways, path: str, api: Api) -> None:
    line, headers = UNSURE[case]
    image_id = path.rpartition("/")[2]
    method, _, target = line.format(path=path, PATH=f"/images/{image_id.upper()}", id=image_id).partition(" ")
    before = ways.django_calls
    ways.fast(target, method, **bearer(api) | headers)
    assert ways.django_calls == before + 1


def test_other_cookies_change_nothing(ways: Ways, path: str, api: Api) -> None:
    assert ways.compared(f"{path}.webp?w=50", **bearer(api), Cookie="theme=dark")[1]


def test_new_request_ids_are_made(ways: Ways, path: str, api: Api) -> None:
    ids = {ways.fast(f"{path}.webp?w=50", **bearer(api))[0].header("X-Request-ID") for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in ids)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("GET", 304)])
def test_line_in_the_log_is_that_of_django(
    method: str,
    status: int,
    ways: Ways,
    path: str,
    api: Api,
    lines: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buffer = LineBuffer()
    monkeypatch.setattr(request_lines, "stderr", buffer)
    headers = {"X-Request-ID": "request-1", **bearer(api)}
    if status == 304:
        headers["If-None-Match"] = "*"
    ways.slow(f"{path}.webp?w=50", method, **headers)
    expected = [line for line in lines if line["message"] == "request"][-1]
    assert ways.fast(f"{path}.webp?w=50", method, **headers)[1]
    (text,) = buffer._lines
    buffer._lines.clear()
    line = json.loads(text)
    assert list(line) == list(expected)
    varying = {"timestamp": "", "duration_ms": 0}
    assert line | varying == expected | varying
    assert line["status"] == status


def test_answer_can_be_kept_in_memory(ways: Ways, path: str, api: Api) -> None:
    """The facts for the hot cache are those of Django's way."""
    ApiKey.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    of_django = AnswerFacts()
    of_fast_path = AnswerFacts()
    ways.slow(f"{path}.webp?w=50", **bearer(api), facts=of_django)
    assert ways.fast(f"{path}.webp?w=50", **bearer(api), facts=of_fast_path)[1]
    assert of_django.subjects
    assert of_fast_path == of_django


def test_large_content_is_streamed_and_holds_a_slot(
    ways: Ways, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_answers, "BUFFERED_BYTES", 1_000)
    path = api.stored(made.encoded("png", made.photograph()))
    api.get(path)
    for headers in ({}, {"Range": "bytes=100-90000"}):
        assert ways.compared(path, **bearer(api), **headers)[1]
    held: list[int] = []

    def watched(content: Any, length: int) -> Iterator[bytes]:
        held.append(len(SLOTS))
        yield b""

    monkeypatch.setattr(fast_answers, "chunks", watched)
    ways.fast(path, **bearer(api))
    assert held == [1]
    assert len(SLOTS) == 0


def test_reader_of_large_content_without_a_slot_is_left_to_django(
    ways: Ways, api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_answers, "BUFFERED_BYTES", 1_000)
    path = api.stored(made.encoded("png", made.photograph()))
    api.get(path)
    settings.SLOW_CLIENTS = 0
    layer = FastAnswers(lambda environ, start_response: [b"by Django"])
    assert layer(environ_of(path, "", api), lambda status, headers: None) == [b"by Django"]


def test_zero_connections_switch_it_off(ways: Ways, path: str, api: Api, settings: Any) -> None:
    settings.FAST_PATH_CONNECTIONS = 0
    assert not ways.fast(f"{path}.webp?w=50", **bearer(api))[1]


def test_error_of_the_fast_path_is_logged_and_django_answers(
    path: str, ways: Ways, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(environ: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(fast_answers, "find_answer", fail)
    reply, is_fast = ways.fast(f"{path}.webp?w=50", **bearer(api))
    assert (reply.status, is_fast) == ("200 OK", False)
    assert "the fast path has failed" in caplog.text
    caplog.clear()


def test_https_is_expected_as_django_does(path: str, api: Api, settings: Any) -> None:
    settings.IS_HTTPS = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    fast_answers.headers_around.cache_clear()
    try:
        ways = Ways()
        target = f"{path}.webp?w=50"
        reply, is_fast = ways.compared(target, **bearer(api), **{"X-Forwarded-Proto": "https"})
        assert is_fast
        assert reply.header("Strict-Transport-Security") == "max-age=31536000"
        for headers in ({}, {"X-Forwarded-Proto": "http"}, {"X-Forwarded-Proto": "https,http"}):
            assert not ways.compared(target, **bearer(api), **headers)[1]
    finally:
        fast_answers.headers_around.cache_clear()
