"""Around every request: its id, and the host by which it may come."""

import pytest
from django.test import Client

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


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("suffix", ["", ".webp"])
def test_a_response_without_a_body_has_neither_its_type_nor_its_length(
    api: Api, method: str, suffix: str
) -> None:
    """A cache that took them over would turn the image that it has into an empty page."""
    path = api.stored(encoded("png"))
    answer = api.request(method, path + suffix, headers={"If-None-Match": "*"})
    assert answer.status_code == 304
    assert answer["ETag"]
    assert {"Content-Type", "Content-Length"} & set(answer.headers) == set()


def test_a_deletion_has_no_length(api: Api) -> None:
    answer = api.request("DELETE", api.stored(encoded("png")))
    assert (answer.status_code, "Content-Length" in answer.headers) == (204, False)
