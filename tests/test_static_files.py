"""The files of the admin and of the API's page."""

from typing import Any

import pytest
from django.test import Client

from tests.support.problems import check_problem

PATH = "/static/admin/js/core.js"


@pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
def test_a_wrong_method(method: str) -> None:
    answer: Any = getattr(Client(raise_request_exception=False), method)(PATH)
    check_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_range_outside_of_the_file(method: str) -> None:
    client = Client(raise_request_exception=False)
    size = client.head(PATH)["Content-Length"]
    answer: Any = getattr(client, method)(PATH, headers={"Range": "bytes=9999999-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{size}"
    assert answer["Content-Type"] == "application/problem+json"


def test_a_range() -> None:
    answer: Any = Client().get(PATH, headers={"Range": "bytes=0-3"})
    assert (answer.status_code, len(b"".join(answer.streaming_content))) == (206, 4)
