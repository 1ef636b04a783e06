"""The ETag of an image's JSON: the same for the same bytes, another after every change."""

from collections.abc import Callable
from typing import Any

import pytest

from images.models import Image
from images.services import deleting
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import QUERY, patch

PNG = made.encoded("png")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"tags": ["emu"]}, id="tags"),
        pytest.param({"tags": ["dog", "cat"]}, id="the order of tags"),
        pytest.param({"tags": []}, id="no tags"),
        pytest.param({"metadata": {"a": 2}}, id="metadata"),
        pytest.param({"visibility": "public"}, id="visibility"),
        pytest.param({"filename": "b.png"}, id="file name"),
        pytest.param({"focal_point": {"x": 0.1, "y": 1}}, id="focal point"),
    ],
)
def test_a_change_gives_another_etag(api: Api, changes: dict[str, Any]) -> None:
    path = api.stored(PNG, query=QUERY)
    before = api.get(f"{path}.json")
    changed = patch(api, path, changes)
    after = api.get(f"{path}.json")
    assert before["ETag"] != changed["ETag"] == after["ETag"]
    assert changed.content == after.content
    assert [before.status_code, after.status_code] == [200, 200]


def test_metadata_that_jsonb_spells_otherwise(api: Api) -> None:
    """The answer of PATCH has the ETag, and the bytes, of what is stored."""
    path = api.stored(PNG)
    changed = patch(api, path, '{"metadata": {"bb": 1e5, "a": 1.10}}')
    after = api.get(f"{path}.json")
    assert (changed["ETag"], changed.content) == (after["ETag"], after.content)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda api, image: deleting.delete(image.pk, account=api.account), id="it is deleted"),
        pytest.param(
            lambda api, image: Image.objects.filter(pk=image.pk).update(state="pending"), id="it is not ready"
        ),
    ],
)
def test_the_state_of_a_successor_changes_it(api: Api, change: Callable[[Api, Image], None]) -> None:
    path = api.stored(PNG)
    alone = api.get(f"{path}.json")["ETag"]
    image_id = path.rpartition("/")[2]
    successor = api.stored(made.encoded("jpeg"), query=f"?replaces={image_id}")
    replaced = api.get(f"{path}.json")["ETag"]
    change(api, Image.objects.get(pk=successor.rpartition("/")[2]))
    assert alone != replaced
    assert api.get(f"{path}.json")["ETag"] == alone


def test_304_until_it_changes(api: Api) -> None:
    path = api.stored(PNG)
    etag = api.get(f"{path}.json")["ETag"]
    again = api.get(f"{path}.json", **{"If-None-Match": etag})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert again["Cache-Control"] == "private, no-cache"
    patch(api, path, {"filename": "new"})
    assert api.get(f"{path}.json", **{"If-None-Match": etag}).status_code == 200
    assert api.get(f"{path}.json", **{"If-Match": etag}).status_code == 412
