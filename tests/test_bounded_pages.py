"""GET /images: which images are found, in what order, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from images.ids import uuid7
from images.models import Image, Tag
from images.search import bounded_pages
from images.search.selection import FilterSerializer, Selection
from tests.conftest import Api, make_api

START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def id_at(moment: datetime) -> UUID:
    """An id of version 7 as it was made at `moment`."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | uuid7().int & ((1 << 80) - 1))


def add(account: Account, *, minute: float = 0, tags: tuple[str, ...] = (), **facts: Any) -> Image:
    moment = START + timedelta(minutes=minute)
    plain = {"format": "png", "width": 40, "height": 30, "frames": 1, "size_bytes": 1_000, "sha256": "0" * 64}
    defaults = {"has_alpha": False, "orientation": 1, "state": "ready", "created_at": moment}
    image = Image.objects.create(id=id_at(moment), account=account, **plain | defaults | facts)
    Tag.objects.bulk_create(Tag(account=account, image=image, name=name) for name in tags)
    return image


def listed(api: Api, **query: Any) -> dict[str, Any]:
    answer = api.get(f"/images?{urlencode(query, doseq=True)}")
    assert answer.status_code == 200, answer.content
    page: dict[str, Any] = answer.json()
    return page


def names(page: dict[str, Any]) -> str:
    return "".join(image["filename"] for image in page["images"])


def read_all(api: Api, **query: Any) -> list[str]:
    """The ids of all pages, in their order."""
    ids: list[str] = []
    page = listed(api, **query)
    while page["next"]:
        ids += [image["id"] for image in page["images"]]
        page = listed(api, **query, cursor=page["next"])
    return ids + [image["id"] for image in page["images"]]


@pytest.fixture
def five(api: Api, other_api: Api) -> list[Image]:
    """a to e, the oldest first; what another owns and what is not ready is named x."""
    account = api.account
    facts: list[dict[str, Any]] = [
        {"filename": "a", "format": "jpeg", "width": 4_000, "height": 3_000, "tags": ("cat", "dog")},
        {"filename": "b", "size_bytes": 5_000, "metadata": {"shot": {"lens": 50, "iso": 100}}},
        {"filename": "c", "visibility": "public", "tags": ("cat",), "sha256": "ab" * 32},
        {"filename": "d", "width": 800, "height": 600, "orientation": 6, "metadata": {"list": [1, 2]}},
        {"filename": "e", "size_bytes": 5_001, "tags": ("dog", "cat", "emu")},
    ]
    images = [add(account, minute=minute, **fact) for minute, fact in enumerate(facts)]
    for state in ("pending", "deleted", "purging", "purged"):
        add(account, minute=9, filename="x", state=state, tags=("cat",))
    add(other_api.account, minute=9, filename="x", tags=("cat",), metadata={"list": [1, 2]})
    return images


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


def test_an_image_is_told_as_elsewhere(api: Api, five: list[Image]) -> None:
    Image.objects.filter(pk=five[0].pk).update(replaced_by=five[4])
    page = listed(api)
    assert page["images"] == [api.get(f"/images/{image.pk}.json").json() for image in reversed(five)]
    assert page["images"][0]["tags"] == ["dog", "cat", "emu"]
    assert page["images"][4]["replaced_by"] == str(five[4].pk)


def test_of_another_account_nothing_is_seen(api: Api, other_api: Api, five: list[Image]) -> None:
    assert names(listed(other_api)) == names(listed(other_api, tag="cat")) == "x"
    cursor = listed(api, limit=1)["next"]
    assert read_all(other_api, cursor=cursor) == []


def test_headers(api: Api, five: list[Image]) -> None:
    answer = api.get("/images?limit=2&tag=cat")
    assert answer["Cache-Control"] == "private, no-cache"
    link = f"http://testserver/images?limit=2&tag=cat&cursor={answer.json()['next']}"
    assert answer["Link"] == f'<{link}>; rel="next"'
    last = api.get(link.removeprefix("http://testserver"))
    assert (names(last.json()), last.json()["next"], last.get("Link")) == ("a", None, None)


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


def test_needs_a_key_that_may_read(anonymous: Api) -> None:
    assert anonymous.get("/images").status_code == 401
    assert make_api("writer", scopes=["write"]).get("/images").status_code == 403


@pytest.mark.parametrize("count", [1, 60])
def test_queries_are_as_many_whatever_the_pages_size(api: Api, count: int) -> None:
    for minute in range(count):
        add(api.account, minute=minute, tags=("a", "b"), metadata={"n": minute})
    for filters, queries in (({}, 3), ({"tag": ["a", "b"], "min_bytes": 1, "metadata": {}}, 4)):
        serializer = FilterSerializer(data=filters)
        assert serializer.is_valid()
        selection = Selection(api.account, serializer.validated_data)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            images = bounded_pages.page(selection, start=selection.until, limit=100).images
            assert [image.tag_names for image in images] == [["a", "b"]] * count
            assert [image.replaced_by for image in images] == [None] * count
        assert len(captured) <= queries


class TestPages:
    def test_are_complete_and_without_repeats_while_images_come_and_go(self, api: Api) -> None:
        kept = [add(api.account, minute=minute, tags=("a",)) for minute in range(12)]
        gone = [add(api.account, minute=minute + 0.5) for minute in range(12)]
        seen, cursor = [], ""
        for minute in range(100):
            page = listed(api, limit=3, **({"cursor": cursor} if cursor else {}))
            seen += [image["id"] for image in page["images"]]
            add(api.account, minute=100 + minute)
            if gone:
                gone.pop().delete()
                Image.objects.filter(pk=gone.pop(0).pk).update(state="deleted")
            cursor = page["next"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen, reverse=True)
        assert {str(image.pk) for image in kept} <= set(seen)

    def test_cursor_of_an_image_that_is_gone_goes_on(self, api: Api, five: list[Image]) -> None:
        cursor = listed(api, limit=2)["next"]
        Image.objects.filter(pk=five[3].pk).update(state="deleted")
        assert names(listed(api, cursor=cursor)) == "cba"

    def test_last_page_that_is_full_is_the_last(self, api: Api, five: list[Image]) -> None:
        assert listed(api, limit=5)["next"] is None

    def test_cursor_goes_with_other_filters(self, api: Api, five: list[Image]) -> None:
        cursor = listed(api, limit=2)["next"]
        assert names(listed(api, tag="cat", cursor=cursor)) == "ca"

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            pytest.param({"min_width": 500}, [30, 4, 2], id="a size"),
            pytest.param({"metadata": '{"kind":"rare"}'}, [30, 4, 2], id="metadata"),
            pytest.param({"tag": "common", "min_width": 500}, [30, 4, 2], id="a tag and a size"),
            pytest.param(
                {"tag": ["common", "even"], "visibility": "public"}, [30, 4, 2], id="two tags and more"
            ),
            pytest.param({"format": "png", "tag": "odd", "min_width": 500}, [], id="exclude each other"),
        ],
    )
    @pytest.mark.parametrize("few", [0, 1_000], ids=["never few", "few"])
    def test_short_pages_lead_to_the_same_images(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any], found: list[int], few: int
    ) -> None:
        """A page that has looked at enough is cut short; its cursor goes on where it has stopped looking."""
        monkeypatch.setattr(bounded_pages, "_STEP", 4)
        monkeypatch.setattr(bounded_pages, "_MOST", (3, 3, 3))
        monkeypatch.setattr(bounded_pages, "_FEW", few)
        rare = {"width": 600, "metadata": {"kind": "rare"}, "visibility": "public"}
        ids = []
        for minute in range(60):
            facts: dict[str, Any] = rare if minute in (2, 4, 30) else {}
            tags = ("common", "odd" if minute % 2 else "even")
            ids.append(str(add(api.account, minute=minute, tags=tags, **facts).pk))
        expected = [ids[minute] for minute in found]
        assert read_all(api, **query) == expected
        assert read_all(api, **query, limit=1) == expected


def test_ids_of_a_selection_are_found_over_many_steps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_pages, "_STEP", 2)
    monkeypatch.setattr(bounded_pages, "_MOST", (2, 2, 2))
    ids = [add(api.account, minute=minute, width=minute + 1).pk for minute in range(30)]
    selection = Selection(api.account, {"min_width": 3, "max_width": 20})
    assert bounded_pages.find_ids(selection, limit=100) == ids[2:20][::-1]
    assert bounded_pages.find_ids(selection, limit=5) == ids[15:20][::-1]
