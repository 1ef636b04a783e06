"""The reference of errors has every error, and says of retries what the client does."""

import pytest

from docs.errors import PAGE, page
from progimage import client_errors, errors, image_errors
from progimage.error_reference import ENTRIES, ErrorEntry
from progimage.errors import ProgImageError
from progimage.root_error import rebuild
from progimage.wire.retries import Retries
from tests.support.error_tree import error_classes


def test_every_error_has_an_entry() -> None:
    modules = (errors.__name__, client_errors.__name__, image_errors.__name__)
    known = [error for error in error_classes(ProgImageError) if error.__module__ in modules]
    assert {entry.error for entry in ENTRIES} == {*known} - {ProgImageError}
    assert len({entry.code for entry in ENTRIES}) == len(ENTRIES)
    statuses = [entry.error.status for entry in ENTRIES if entry.error.status]
    assert statuses == sorted(statuses)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_an_entry_is_true(entry: ErrorEntry) -> None:
    """Of retries: those that the client makes by itself. Members and headers: those of the class."""
    state = {"message": "At least 7 bytes", "pointer": "/w", "retry_after_s": 1, "size": 7}
    error = rebuild(entry.error, "", state)
    is_retried = Retries(limit=1, random=lambda: 0.0).find_wait_s(error, 0) is not None
    assert entry.is_retryable is is_retried
    assert {"pointer", *entry.members} == set(error.members())
    assert set(entry.headers) == set(error.headers()) | ({"Allow"} if entry.error.status == 405 else set())
    assert entry.meaning.endswith(".")
    assert entry.advice.endswith(".")


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page(), "python -m docs.errors"
    lines = PAGE.read_text().splitlines()
    for entry in ENTRIES:
        assert lines.count(f"## {entry.code}") == 1
