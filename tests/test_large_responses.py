"""Readers of large responses hold slots; small responses and refusals hold none."""

import json
from pathlib import Path
from typing import IO, Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from config.http.large_responses import LargeResponses
from config.slow_clients.exchanges import SLOTS
from images.delivery import responses
from images.models import Image
from images.services.reading import open_original
from tests.conftest import Api, body, use_disk
from tests.support import images as made

LARGE = 300 * 1024


def streamed(size: int, *, has_length: bool = True) -> StreamingHttpResponse:
    headers = {"Content-Length": str(size)} if has_length else {}
    return StreamingHttpResponse(iter([bytes(size)]), headers=headers)


@pytest.mark.parametrize(
    ("response", "slots"),
    [
        pytest.param(HttpResponse(bytes(LARGE)), 0, id="in memory"),
        pytest.param(streamed(12_000), 0, id="small"),
        pytest.param(streamed(LARGE), 1, id="large"),
        pytest.param(streamed(10, has_length=False), 1, id="without a length"),
    ],
)
def test_slots(response: HttpResponseBase, slots: int) -> None:
    answer: Any = LargeResponses(lambda request: response)(HttpRequest())
    assert len(SLOTS) == slots
    if answer.streaming:
        assert b"".join(answer.streaming_content)
    for close in answer._resource_closers:
        close()
    assert len(SLOTS) == 0


def test_without_a_slot(settings: Any) -> None:
    settings.SLOW_CLIENTS = 1
    response: Any = streamed(LARGE)
    closed: list[bool] = []
    response._resource_closers.append(lambda: closed.append(True))
    with SLOTS.hold("clients", limit=1):
        answer: Any = LargeResponses(lambda request: response)(HttpRequest())
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "unavailable")
    assert answer["Connection"] == "close"
    assert answer["Retry-After"]
    assert closed == [True]


def test_a_large_original_by_the_whole_stack(
    api: Api, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal closes the file that it does not send."""
    use_disk(settings, tmp_path)
    path = api.stored(made.encoded("bmp", made.picture(400, 400)))
    settings.SLOW_CLIENTS = 1
    assert len(body(api.get(path))) > 256 * 1024
    opened: list[IO[bytes]] = []

    def note_original(image: Image) -> IO[bytes]:
        opened.append(open_original(image))
        return opened[-1]

    monkeypatch.setattr(responses, "open_original", note_original)
    with SLOTS.hold("clients", limit=1):
        assert api.get(path).status_code == 503
        assert [content.closed for content in opened] == [True]
        assert api.get(f"{path}.webp").status_code == 200
    assert api.get(path).status_code == 200
