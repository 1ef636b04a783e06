"""`replaces`: an upload may name the image that it succeeds. Nothing is lost, and no caller sees the successor early."""

from typing import Any

import pytest

from images.models import Image
from images.storage import originals
from progimage.errors import Unavailable
from tests.conftest import Api
from tests.support import images as made

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")


def upload(api: Api, replaced: str, content: bytes = JPEG) -> Any:
    return api.upload(content, query=f"?replaces={replaced}")


def successor_of(api: Api, path: str) -> tuple[str | None, str | None]:
    """Return the successor as the metadata and the header of the bytes name it."""
    return api.get(f"{path}.json").json()["replaced_by"], api.get(path).headers.get("Link")


@pytest.fixture
def old(api: Api) -> str:
    """The path of an image."""
    return api.stored(PNG)


def id_of(path: str) -> str:
    return path.removeprefix("/images/")


def test_old_image_names_its_successor_and_stays_what_it_was(api: Api, old: str) -> None:
    assert successor_of(api, old) == (None, None)
    new = upload(api, id_of(old)).json()
    link = f'<http://testserver/images/{new["id"]}>; rel="successor-version"'
    assert successor_of(api, old) == (new["id"], link)
    assert f"/images/{new['id']}" in api.get(f"{old}.webp")["Link"]
    assert api.get(old).body == PNG
    assert successor_of(api, f"/images/{new['id']}") == (None, None)


def test_chain(api: Api, old: str) -> None:
    second = upload(api, id_of(old)).json()["id"]
    third = upload(api, second, PNG).json()["id"]
    assert [successor_of(api, path)[0] for path in (old, f"/images/{second}")] == [second, third]


def test_image_has_one_successor(api: Api, old: str) -> None:
    upload(api, id_of(old))
    answer = upload(api, id_of(old))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert Image.objects.count() == 2


def test_a_missing_image_is_replaced_by_none(api: Api) -> None:
    answer = upload(api, "01890000-0000-7000-8000-000000000000")
    assert (answer.status_code, answer.json()["pointer"]) == (404, "/replaces")
    assert not Image.objects.exists()


@pytest.mark.parametrize("state", ["deleted", "purging", "purged"])
def test_successor_that_is_gone_is_in_nobodys_way(api: Api, old: str, state: str) -> None:
    Image.objects.filter(pk=upload(api, id_of(old)).json()["id"]).update(state=state)
    assert successor_of(api, old)[0] is None
    third = upload(api, id_of(old)).json()["id"]
    assert successor_of(api, old)[0] == third


def test_successor_that_is_on_its_way_stays_the_successor(api: Api, old: str) -> None:
    Image.objects.filter(pk=upload(api, id_of(old)).json()["id"]).update(state="pending")
    assert upload(api, id_of(old)).status_code == 409


def test_foreign_image_is_missing(other_api: Api, old: str) -> None:
    foreign, missing = (
        upload(other_api, id_of(old)),
        upload(other_api, "01890000-0000-7000-8000-000000000000"),
    )
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json() | {"request_id": 0} == missing.json() | {"request_id": 0}
    assert Image.objects.count() == 1


@pytest.mark.parametrize("state", ["pending", "deleted", "purged"])
def test_image_that_is_not_served_is_missing(api: Api, old: str, state: str) -> None:
    Image.objects.update(state=state)
    assert upload(api, id_of(old)).status_code == 404


def test_upload_that_is_refused_replaces_nothing(api: Api, old: str) -> None:
    assert upload(api, id_of(old), b"no image").status_code == 415
    assert upload(api, id_of(old)).status_code == 201


def test_successor_is_not_named_before_it_is_ready(
    api: Api, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("The storage does not answer")

    with monkeypatch.context() as failing:
        failing.setattr(type(originals()), "put", refuse)
        headers = {"Idempotency-Key": "x"}
        sent: dict[str, Any] = {"data": JPEG, "content_type": "image/jpeg", "headers": headers}
        assert api.request("POST", f"/images?replaces={id_of(old)}", **sent).status_code == 503
    assert Image.objects.filter(state="pending").count() == 1
    assert successor_of(api, old) == (None, None)
    done = api.request("POST", f"/images?replaces={id_of(old)}", **sent).json()
    assert successor_of(api, old)[0] == done["id"]
