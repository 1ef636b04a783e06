"""GET /images: which images are found, in what order, page by page."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.api.serializers.selection import FilterSerializer
from images.models import Image
from images.search import bounded_pages
from images.search.selection import Selection
from tests.conftest import Api, make_api
from tests.support.listing import add, five, listed, names, read_all

__all__ = ["five"]


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
            images = bounded_pages.find_page(selection, start=selection.until, limit=100).images
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
        """A page that has looked at enough rows is cut short; its cursor goes on with the next row."""
        monkeypatch.setattr(bounded_pages, "_STEP", 4)
        monkeypatch.setattr(bounded_pages, "_MAX_ENTRIES", bounded_pages.MaxEntries(3, 3, 3))
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
