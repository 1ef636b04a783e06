"""Around every request: its id, and the host by which it may come."""

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client

from config.http.middleware import BodyHeaders
from tests.conftest import Api
from tests.support.images import encoded
from tests.support.problems import MISSING, check_problem


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


class TestBodyHeaders:
    @pytest.mark.parametrize("status", [204, 304])
    @pytest.mark.parametrize("has_body", [False, True], ids=["empty", "with a body by mistake"])
    def test_a_response_without_a_body_has_no_header_about_one(self, status: int, has_body: bool) -> None:
        """A cache that took them over would turn the image that it has into an empty page."""
        answer = HttpResponse(b"x" * has_body, status=status)
        for name in ("Content-Length", "Content-Encoding", "Content-Range", "Content-Disposition", "ETag"):
            answer[name] = "1"
        sent = BodyHeaders(lambda request: answer)(HttpRequest())
        assert list(sent.headers) == ["ETag"]

    def test_a_response_with_a_body_gets_its_length(self) -> None:
        sent = BodyHeaders(lambda request: HttpResponse(b"abc"))(HttpRequest())
        assert sent["Content-Length"] == "3"

    def test_a_stream_without_a_length_is_refused(self, db: None) -> None:
        with pytest.raises(TypeError, match="Content-Length"):
            BodyHeaders(lambda request: StreamingHttpResponse([b"abc"]))(HttpRequest())

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    @pytest.mark.parametrize("suffix", ["", ".webp"])
    def test_an_image_that_is_not_modified(self, api: Api, method: str, suffix: str) -> None:
        path = api.stored(encoded("png"))
        answer = api.request(method, path + suffix, headers={"If-None-Match": "*"})
        assert answer.status_code == 304
        assert answer["ETag"]
        assert [name for name in answer.headers if name in ("Content-Type", "Content-Length")] == []

    def test_a_refused_host(self, db: None) -> None:
        """Its response is made before Django's own middleware for lengths."""
        answer = Client(raise_request_exception=False).get("/images/x", headers={"Host": "evil.example"})
        assert answer["Content-Length"] == str(len(answer.content))
