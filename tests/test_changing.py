"""PATCH /images/<uuid> changes the description of an image, and never its bytes."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from images import services
from images.models import Image
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")
QUERY = "?tags=cat,dog&filename=a.png&metadata=%7B%22a%22%3A1%7D"


def patch(api: Api, path: str, changes: Any, **options: Any) -> Any:
    content = changes if isinstance(changes, bytes | str) else json.dumps(changes)
    return api.request("PATCH", path, data=content, **{"content_type": "application/json"} | options)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tags": ["emu", "cat"]}, id="tags are replaced, in their order"),
        pytest.param({"tags": []}, id="no tags"),
        pytest.param({"tags": ["a,b"]}, id="a tag with a comma"),
        pytest.param({"metadata": {"b": [1.5, None, {"c": "é"}]}}, id="metadata are replaced"),
        pytest.param({"metadata": {}}, id="no metadata"),
        pytest.param({"visibility": "public"}, id="visibility"),
        pytest.param({"filename": "ü.jpg"}, id="file name"),
        pytest.param({"filename": ""}, id="no file name"),
        pytest.param({"focal_point": {"x": 0, "y": 1}}, id="focal point at the edge"),
        pytest.param(
            {"focal_point": {"x": 0.25, "y": 0.75}, "tags": ["x"], "visibility": "public"}, id="several"
        ),
    ],
)
def test_only_what_is_given_changes(api: Api, changes: dict[str, Any]) -> None:
    path = api.stored(PNG, query=QUERY)
    before = api.get(f"{path}.json").json()
    answer = patch(api, path, changes)
    assert (answer.status_code, answer.json()) == (200, before | changes)
    assert answer["Cache-Control"] == "private, no-cache"
    assert api.get(f"{path}.json").json() == before | changes
    assert body(api.get(path)) == PNG


def test_focal_point_is_taken_away_by_null(api: Api) -> None:
    path = api.stored(PNG)
    assert patch(api, path, {"focal_point": {"x": 0.5, "y": 0}}).json()["focal_point"] == {"x": 0.5, "y": 0}
    assert patch(api, path, {"focal_point": None}).json()["focal_point"] is None


def test_a_tag_given_twice_is_one(api: Api) -> None:
    assert patch(api, api.stored(PNG), {"tags": ["a", "b", "a"]}).json()["tags"] == ["a", "b"]


def test_visibility_holds_at_once(api: Api, anonymous: Api) -> None:
    path = api.stored(PNG)
    for visibility, status in (("public", 200), ("private", 401)):
        assert patch(api, path, {"visibility": visibility}).status_code == 200
        assert anonymous.get(path).status_code == status


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param([], None, id="a list"),
        pytest.param("[1", None, id="no JSON"),
        pytest.param(" ", None, id="blank"),
        pytest.param('{"filename":"a","filename":"b"}', None, id="a name twice"),
        pytest.param('{"focal_point":{"x":NaN,"y":0}}', None, id="NaN"),
        pytest.param(b'{"filename":"\xff"}', None, id="no UTF-8"),
        pytest.param({"id": "018bd119-9a5c-7520-8866-a4147cacf13b"}, "/id", id="id"),
        pytest.param({"filename": "x", "width": 3}, "/width", id="a fact of the bytes"),
        pytest.param({"replaces": None}, "/replaces", id="what only an upload may say"),
        pytest.param({"filename": 5}, "/filename", id="a number for text"),
        pytest.param({"filename": None}, "/filename", id="null for text"),
        pytest.param({"filename": "a\0"}, "/filename", id="NUL"),
        pytest.param({"filename": "x" * 256}, "/filename", id="256 characters"),
        pytest.param({"visibility": "secret"}, "/visibility", id="visibility"),
        pytest.param({"visibility": ["public"]}, "/visibility", id="a list for a word"),
        pytest.param({"tags": "a,b"}, "/tags", id="text for tags"),
        pytest.param({"tags": [1]}, "/tags/0", id="a number for a tag"),
        pytest.param({"tags": [""]}, "/tags/0", id="an empty tag"),
        pytest.param({"tags": [str(n) for n in range(51)]}, "/tags", id="51 tags"),
        pytest.param({"metadata": "{}"}, "/metadata", id="text for metadata"),
        pytest.param({"metadata": {"a": "\0"}}, "/metadata", id="NUL in metadata"),
        pytest.param('{"metadata":{"a":1e999}}', "/metadata", id="infinity in metadata"),
        pytest.param({"metadata": {"a": "x" * 16_384}}, "/metadata", id="too much metadata"),
        pytest.param({"focal_point": [0, 0]}, "/focal_point", id="a list for a point"),
        pytest.param({"focal_point": {"x": 0.5}}, "/focal_point", id="half a point"),
        pytest.param({"focal_point": {"x": True, "y": 0}}, "/focal_point/x", id="truth for a number"),
        pytest.param({"focal_point": {"x": "0.5", "y": 0}}, "/focal_point/x", id="text for a number"),
        pytest.param({"focal_point": {"x": 0, "y": 1.01}}, "/focal_point/y", id="beyond the edge"),
        pytest.param('{"focal_point":{"x":0,"y":1e999}}', "/focal_point/y", id="infinity"),
        pytest.param({"focal_point": {"x": 0, "y": 0, "z": 0}}, "/focal_point/z", id="a third dimension"),
        pytest.param({"focal_point": {"x": None, "y": 0}}, "/focal_point/x", id="null for a number"),
    ],
)
def test_refused_as_a_whole(api: Api, changes: Any, pointer: str | None) -> None:
    path = api.stored(PNG, query=QUERY)
    before = api.get(f"{path}.json").json()
    problem = patch(api, path, changes).json()
    assert (problem["status"], problem["code"], problem.get("pointer")) == (400, "invalid_parameter", pointer)
    assert problem["detail"].startswith("Expected ")
    assert api.get(f"{path}.json").json() == before


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param({"content_type": "text/plain"}, 415, id="text"),
        pytest.param({"content_type": "multipart/form-data; boundary=x"}, 415, id="a form"),
        pytest.param({"content_type": "application/json; charset=utf-8"}, 200, id="a charset"),
        pytest.param({"headers": {"Content-Encoding": "gzip"}}, 415, id="compressed"),
        pytest.param({"CONTENT_LENGTH": ""}, 411, id="no length"),
        pytest.param({"data": '{"filename":"' + "x" * 1_000_000 + '"}'}, 413, id="1 MB"),
        pytest.param({"QUERY_STRING": "filename=y"}, 400, id="a query"),
    ],
)
def test_bodies(api: Api, options: dict[str, Any], status: int) -> None:
    changes = options.pop("data", {"filename": "x"})
    assert patch(api, api.stored(PNG), changes, **options).status_code == status


class TestWhoMay:
    def test_not_who_has_no_key(self, api: Api, anonymous: Api) -> None:
        path = api.stored(PNG, query="?visibility=public")
        assert patch(anonymous, path, {"visibility": "private"}).status_code == 401

    def test_not_another_account(self, api: Api, other_api: Api) -> None:
        path = api.stored(PNG, query="?visibility=public")
        foreign, missing = (patch(other_api, at, {"filename": "x"}) for at in (path, path[:-12] + "0" * 12))
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json()["detail"] == missing.json()["detail"]

    def test_not_a_key_that_only_reads(self, api: Api) -> None:
        from accounts.services import create_api_key

        reader = Api(api.account, str(create_api_key(api.account, name="reader", scopes=["read"])[1]))
        assert patch(reader, api.stored(PNG), {"filename": "x"}).status_code == 403

    def test_not_a_deleted_image(self, api: Api) -> None:
        path = api.stored(PNG)
        assert api.request("DELETE", path).status_code == 204
        assert patch(api, path, {"filename": "x"}).status_code == 404


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_changes_of_different_things_are_both_kept(self, api: Api) -> None:
        image = self._stored(api)
        for _ in range(5):
            _at_once(
                lambda: services.change(image.pk, account=api.account, changes={"filename": "new"}),
                lambda: services.change(image.pk, account=api.account, changes={"metadata": {"a": 2}}),
            )
            image.refresh_from_db()
            assert (image.filename, image.metadata) == ("new", {"a": 2})
            Image.objects.update(filename="old", metadata={})

    def test_changes_of_the_same_are_never_mixed(self, api: Api) -> None:
        """Tags and file name are those of one change: of whichever came last."""
        image = self._stored(api)
        for _ in range(5):
            _at_once(*(self._rename(api.account, image, name) for name in ("one", "two")))
            found = Image.objects.get()
            assert found.tag_names == [f"{found.filename}-{number}" for number in range(20)]

    def _stored(self, api: Api) -> Image:
        return Image.objects.get(pk=api.stored(PNG).rpartition("/")[2])

    def _rename(self, account: Account, image: Image, name: str) -> Callable[[], Image]:
        changes = {"filename": name, "tags": [f"{name}-{number}" for number in range(20)]}
        return lambda: services.change(image.pk, account=account, changes=changes)


def _at_once(*calls: Callable[[], object]) -> None:
    ready = Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        try:
            ready.wait(10)
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))
