"""PATCH /images/<uuid> changes the description of an image, and never its bytes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from accounts.models import Account
from images.models import Image
from images.services import changing
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.changes import QUERY, patch

PNG = made.encoded("png")


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
                lambda: changing.change(image.pk, account=api.account, changes={"filename": "new"}),
                lambda: changing.change(image.pk, account=api.account, changes={"metadata": {"a": 2}}),
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
        return lambda: changing.change(image.pk, account=account, changes=changes)


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
