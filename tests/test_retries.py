"""Errors that a client raises and requests that it retries, against a server that follows a script."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.http.problems import problem_response
from progimage import ProgImageError, errors
from progimage.wire.retries import Retries, next_attempt
from tests.support import images as made
from tests.support.clients import IMAGE, URL, Script, answering
from tests.support.error_tree import error_classes

PNG = made.encoded("png")
ID = IMAGE["id"]


def sent_by_server(error: ProgImageError) -> httpx.Response:
    answer = problem_response(error)
    return httpx.Response(answer.status_code, headers=dict(answer.items()), content=answer.content)


def raised_by(*answers: Any) -> ProgImageError:
    with pytest.raises(ProgImageError) as raised:
        Script(*answers).client(max_retries=0)[0].get(ID)
    return raised.value


class TestErrors:
    @pytest.mark.parametrize(
        "known",
        [known for known in error_classes(ProgImageError)[1:] if known.status],
        ids=lambda known: known.code,
    )
    def test_what_the_server_raises_the_client_catches(self, known: Any) -> None:
        own: dict[str, dict[str, Any]] = {
            "range_not_satisfiable": {"size": 3},
            "invalid_parameter": {"pointer": "/w"},
            "unavailable": {"retry_after_s": 7},
        }
        sent = known("Expected this but received that", **own.get(known.code, {}))
        caught = raised_by(lambda: sent_by_server(sent))
        assert type(caught) is known
        assert (caught.code, caught.status, caught.message) == (sent.code, sent.status, sent.message)
        assert caught.retry_after_s == sent.retry_after_s
        assert getattr(caught, "pointer", "") == getattr(sent, "pointer", "")

    @pytest.mark.parametrize(
        ("status", "code", "known"),
        [
            (404, "unheard_of", errors.NotFound),
            (403, "unheard_of", errors.PermissionDenied),
            (400, "unheard_of", errors.ParameterError),
            (418, "unheard_of", ProgImageError),
            (599, "unheard_of", ProgImageError),
        ],
    )
    def test_a_code_of_a_newer_server_is_caught_by_its_status(
        self, status: int, code: str, known: Any
    ) -> None:
        caught = raised_by(answering(status, {"code": code, "detail": "Because", "request_id": "r-1"}))
        assert type(caught) is known
        assert (caught.code, caught.status, caught.request_id) == (code, status, "r-1")
        assert str(caught) == "Because (request r-1)"

    @pytest.mark.parametrize(
        ("status", "known"),
        [
            (502, ProgImageError),
            (503, errors.Unavailable),
            (500, errors.InternalError),
            (301, ProgImageError),
        ],
    )
    @pytest.mark.parametrize(
        "content",
        [
            b"<html>Bad</html>",
            b"",
            b"[1]",
            b'"text"',
            b"\xff\xfe",
            b'{"code": [], "detail": {}}',
            b"[" * 9_999,
        ],
    )
    def test_an_answer_of_a_proxy(self, status: int, known: Any, content: bytes) -> None:
        caught = raised_by(answering(status, content, X_Request_ID="r-2", Content_Type="text/html"))
        assert type(caught) is known
        assert (caught.status, caught.request_id) == (status, "r-2")
        assert str(status) in caught.message

    @pytest.mark.parametrize(
        "content", [b"<html>Log in</html>", b"[]", b"{}", json.dumps(IMAGE | {"id": "x"}).encode()]
    )
    def test_a_success_that_is_not_the_apis(self, content: bytes) -> None:
        assert isinstance(raised_by(answering(200, content)), errors.ConnectionFailed)

    @pytest.mark.parametrize(
        "failure",
        [
            httpx.ConnectError("refused"),
            httpx.ReadTimeout("slow"),
            httpx.RemoteProtocolError("half an answer"),
            httpx.PoolTimeout(""),
        ],
        ids=lambda failure: type(failure).__name__,
    )
    def test_no_answer(self, failure: Any) -> None:
        caught = raised_by(failure)
        assert (type(caught), caught.code, caught.status) == (errors.ConnectionFailed, "connection_failed", 0)
        assert "testserver" in caught.message
        assert type(failure).__name__ in caught.message


class TestRetries:
    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(httpx.ConnectError("refused"), id="refused"),
            pytest.param(httpx.ReadTimeout("slow"), id="timeout"),
            pytest.param(answering(408), id="408"),
            pytest.param(answering(409, {"code": "in_progress"}), id="in_progress"),
            pytest.param(answering(429), id="429"),
            pytest.param(answering(502, b"<html>"), id="502 of a proxy"),
            pytest.param(answering(503), id="503"),
            pytest.param(answering(504), id="504"),
            *(
                pytest.param(answering(status, b"<html>"), id=f"{status} of Cloudflare")
                for status in range(520, 525)
            ),
        ],
    )
    def test_what_may_pass_is_sent_again(self, failure: Any) -> None:
        script = Script(failure, failure, answering(201, IMAGE))
        client, waited = script.client()
        client.upload(PNG, tags=["x"])
        assert len(waited) == 2
        sent = {
            (request.content, str(request.url), request.headers["Idempotency-Key"])
            for request in script.requests
        }
        assert len(script.requests) == 3
        assert sent == {
            (PNG, f"{URL}/images?tags=%5B%22x%22%5D", script.requests[0].headers["Idempotency-Key"])
        }
        with pytest.raises(ProgImageError):
            Script(failure).client(max_retries=0)[0].get(ID)

    @pytest.mark.parametrize(
        "failure",
        [
            pytest.param(answering(400), id="400"),
            pytest.param(answering(404), id="404"),
            pytest.param(answering(409, {"code": "conflict"}), id="conflict"),
            pytest.param(answering(500), id="500"),
            pytest.param(answering(525), id="525, which no retry mends"),
            pytest.param(answering(502, {"code": "object_missing"}), id="object_missing"),
            pytest.param(answering(503, Retry_After="61"), id="longer than a minute"),
        ],
    )
    def test_what_stays_is_raised_at_once(self, failure: Any) -> None:
        script = Script(failure)
        client, waited = script.client()
        with pytest.raises(ProgImageError):
            client.get(ID)
        assert (len(script.requests), waited) == (1, [])

    def test_there_is_an_end(self) -> None:
        script = Script(answering(503))
        with pytest.raises(errors.Unavailable):
            script.client(max_retries=3)[0].get(ID)
        assert len(script.requests) == 4

    def test_a_file_is_sent_again_from_where_it_stood(self, tmp_path: Path) -> None:
        path = tmp_path / "with-head"
        path.write_bytes(b"head" + PNG)
        script = Script(answering(503), answering(201, IMAGE))
        with path.open("rb") as file:
            file.seek(4)
            script.client()[0].upload(file)
        assert [request.content for request in script.requests] == [PNG, PNG]

    def test_each_call_has_its_own_key(self) -> None:
        script = Script(answering(201, IMAGE))
        client, _ = script.client()
        for _ in range(2):
            client.upload(PNG)
            client.upload_url("https://example.org/x.png")
        assert len({request.headers["Idempotency-Key"] for request in script.requests}) == 4

    @pytest.mark.parametrize(
        ("retry_after", "expected_s"),
        [
            ("7", 7),
            ("60", 60),
            ("0", 0),
            ("-5", 0),
            ("soon", 0),
            ("1e3", 0),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ],
    )
    def test_retry_after_is_obeyed(self, retry_after: str, expected_s: int) -> None:
        client, waited = Script(answering(503, Retry_After=retry_after), answering(200, IMAGE)).client()
        client._retries = Retries(2, random=lambda: 0.0)
        client.get(ID)
        assert waited == [expected_s]

    def test_retry_after_as_a_date(self) -> None:
        moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
        client, waited = Script(answering(429, Retry_After=moment), answering(200, IMAGE)).client()
        client.get(ID)
        assert 25 < waited[0] <= 30

    def test_waits_grow_to_a_bound(self) -> None:
        slowest, quickest = Retries(10, random=lambda: 1.0), Retries(10, random=lambda: 0.0)
        error = errors.ConnectionFailed("x")
        assert [slowest.find_wait_s(error, attempt) for attempt in range(6)] == [0.5, 1, 2, 4, 8, 8]
        assert quickest.find_wait_s(error, 5) == 0
        assert slowest.find_wait_s(error, 10) is None


def test_renditions_that_are_being_made_are_waited_for_without_a_limit() -> None:
    """Each request has made some of them. Other failures in between count as ever."""
    pending = errors.RenditionsPending("3 renditions are still to be made", retry_after_s=1)
    busy = errors.Unavailable("Too many archives are being sent")
    policy = Retries(1)
    attempt = 0
    for error in (pending, pending, busy, pending):
        assert policy.find_wait_s(error, attempt) is not None
        attempt = next_attempt(error, attempt)
    assert (attempt, policy.find_wait_s(busy, attempt)) == (1, None)
    assert Retries(0).find_wait_s(pending, 0) is None


def test_a_client_waits_for_an_archive(tmp_path: Path) -> None:
    def pending() -> httpx.Response:
        return sent_by_server(errors.RenditionsPending("3 renditions are still to be made", retry_after_s=1))

    client, _ = Script(*[pending] * 5, answering(404, {"code": "not_found"})).client(max_retries=1)
    with pytest.raises(errors.NotFound):
        client.archive([ID], to=tmp_path / "a.zip")
