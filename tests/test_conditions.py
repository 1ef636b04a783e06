"""Conditions by ETag: strong for If-Match, weak for If-None-Match."""

from contextlib import nullcontext

import pytest

from images.delivery.conditions import check_if_match, is_not_modified
from progimage.errors import PreconditionFailed

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("condition", "matches_strongly", "matches_weakly"),
    [
        ('"abc"', True, True),
        ("*", True, True),
        ('"x", "abc"', True, True),
        ('W/"abc"', False, True),
        ('"x"', False, False),
        ("abc", False, False),
        ("", False, False),
    ],
)
def test_conditions(condition: str, matches_strongly: bool, matches_weakly: bool) -> None:
    with nullcontext() if matches_strongly else pytest.raises(PreconditionFailed):
        check_if_match({"If-Match": condition}, ETAG)
    assert is_not_modified({"If-None-Match": condition}, ETAG) == matches_weakly


def test_no_condition() -> None:
    check_if_match({}, ETAG)
    assert not is_not_modified({}, ETAG)
