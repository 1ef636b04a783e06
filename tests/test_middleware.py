"""Around every request: its id, and the host by which it may come."""

import pytest
from django.test import Client

from tests.conftest import Api
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
