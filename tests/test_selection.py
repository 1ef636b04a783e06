"""Filters of GET /images: which images they select, and which queries are refused."""

from typing import Any

import pytest

from images.search import bounded_pages
from images.search.selection import Selection
from tests.conftest import Api
from tests.support.listing import add, five, listed, names

__all__ = ["five"]


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({}, "edcba", id="no filter"),
        pytest.param({"limit": 2}, "ed", id="limit"),
        pytest.param({"tag": "cat"}, "eca", id="tag"),
        pytest.param({"tag": ["cat", "dog"]}, "ea", id="all tags"),
        pytest.param({"tag": ["cat", "cat"]}, "eca", id="a tag twice"),
        pytest.param({"tag": "ca"}, "", id="part of a tag"),
        pytest.param({"format": "jpeg"}, "a", id="format"),
        pytest.param({"visibility": "public"}, "c", id="visibility"),
        pytest.param({"sha256": "ab" * 32}, "c", id="sha256"),
        pytest.param({"min_bytes": 5_000}, "eb", id="min_bytes includes its value"),
        pytest.param({"max_bytes": 5_000}, "dcba", id="max_bytes includes its value"),
        pytest.param({"min_bytes": 5_000, "max_bytes": 5_000}, "b", id="bytes exactly"),
        pytest.param({"min_bytes": 2, "max_bytes": 1}, "", id="nothing between"),
        pytest.param({"min_width": 2**62}, "", id="wider than any"),
        pytest.param({"min_width": 601}, "a", id="width as shown: d is turned"),
        pytest.param({"min_height": 800}, "da", id="height as shown: d is turned"),
        pytest.param({"max_width": 600, "min_height": 31}, "d", id="upright in both"),
        pytest.param({"created_after": "2026-01-31T12:03:00Z"}, "ed", id="created_after includes its moment"),
        pytest.param({"created_before": "2026-01-31T12:03:00Z"}, "cba", id="created_before does not"),
        pytest.param({"created_after": "2026-01-31T12:03:00.000001Z"}, "e", id="a microsecond later"),
        pytest.param({"created_after": "2026-01-31T14:03:00+02:00"}, "ed", id="an offset"),
        pytest.param({"created_after": "2026-01-31T14:03:00 02:00"}, "ed", id="a + that became a space"),
        pytest.param({"created_after": "2026-01-31 12:03"}, "ed", id="a space for the T"),
        pytest.param({"created_after": "2026-01-31T12:03:00"}, "ed", id="UTC without an offset"),
        pytest.param({"created_before": "1969-01-01"}, "", id="before the epoch"),
        pytest.param({"metadata": '{"shot":{"lens":50}}'}, "b", id="metadata contain"),
        pytest.param({"metadata": '{"list":[2]}'}, "d", id="a list contains"),
        pytest.param({"metadata": '{"shot":50}'}, "", id="metadata do not contain"),
        pytest.param({"metadata": "{}"}, "edcba", id="everything contains nothing"),
        pytest.param({"tag": "cat", "format": "png", "min_bytes": 5_001}, "e", id="several filters"),
        pytest.param({"tag": "emu", "visibility": "public"}, "", id="filters that exclude each other"),
    ],
)
@pytest.mark.parametrize("step", [1_000, 1], ids=["in one step", "in many steps"])
def test_filters(api: Api, query: dict[str, Any], found: str, step: int, monkeypatch: Any) -> None:
    """However few rows a step looks at, the pages together are the same."""
    monkeypatch.setattr(bounded_pages, "_STEP", step)
    monkeypatch.setattr(bounded_pages, "_FEW", step)
    page = listed(api, **query)
    assert names(page) == found
    if len(found) == 5:
        assert page["next"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?colour=red", "/colour"),
        ("?limit=0", "/limit"),
        ("?limit=1001", "/limit"),
        ("?limit=1.0", "/limit"),
        ("?limit=%D9%A1", "/limit"),
        ("?limit=", "/limit"),
        ("?limit=1&limit=1", "/limit"),
        ("?limit=" + "9" * 5_000, "/limit"),
        ("?cursor=", "/cursor"),
        ("?cursor=x", "/cursor"),
        ("?cursor=AAAAAAAAAAA", "/cursor"),
        ("?cursor=AAAAAAAAAAAAAAAAAAAAAB", "/cursor"),
        ("?cursor=AAAAAAAAAAAAAAAAAAAAAA%3D%3D", "/cursor"),
        ("?cursor=%00", "/cursor"),
        ("?format=svg", "/format"),
        ("?format=png&format=gif", "/format"),
        ("?visibility=secret", "/visibility"),
        ("?sha256=ab", "/sha256"),
        ("?sha256=" + "AB" * 32, "/sha256"),
        ("?min_bytes=-1", "/min_bytes"),
        ("?max_bytes=9223372036854775808", "/max_bytes"),
        ("?min_width=1e3", "/min_width"),
        ("?max_height=true", "/max_height"),
        ("?created_after=yesterday", "/created_after"),
        ("?created_before=2026-02-30T00:00:00Z", "/created_before"),
        ("?created_after=0001-01-01T00:00:00%2B14:00", "/created_after"),
        ("?metadata=[]", "/metadata"),
        ("?metadata={", "/metadata"),
        ('?metadata={"a":"\\u0000"}', "/metadata"),
        ("?tag=", "/tag"),
        ("?tag=a&tag=", "/tag"),
        ("?format=", "/format"),
        ("?metadata=", "/metadata"),
        ("?a=", "/a"),
        ("?tag=a%00b", "/tag/0"),
        ("?tag=" + "x" * 65, "/tag/0"),
        ("?" + "&".join(f"tag={number}" for number in range(11)), "/tag"),
    ],
)
def test_refused(api: Api, query: str, pointer: str) -> None:
    answer = api.get(f"/images{query}")
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("pointer")) == (
        400,
        "invalid_parameter",
        pointer,
    )
    assert problem["detail"].startswith("Expected ")


def test_ids_of_a_selection_are_found_over_many_steps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pages, "_STEP", 2)
    monkeypatch.setattr(bounded_pages, "_MAX_ENTRIES", bounded_pages.MaxEntries(2, 2, 2))
    ids = [add(api.account, minute=minute, width=minute + 1).pk for minute in range(30)]
    selection = Selection(api.account, {"min_width": 3, "max_width": 20})
    assert bounded_pages.find_ids(selection, limit=100) == ids[2:20][::-1]
    assert bounded_pages.find_ids(selection, limit=5) == ids[15:20][::-1]
