"""Renditions ahead of their first visitor, of large originals: from the overview, under the key of requests."""

from typing import Any

import pytest
from django.utils import timezone

from images.models import Overview, Rendition
from images.renditions import rendering
from images.services import overviews
from images.upkeep import overview_making
from images.upkeep.overview_making import make_waiting
from tests.conftest import Api
from tests.support.ahead import ask_ahead, told, work
from tests.support.deletion import delete, refuse
from tests.support.listing import ledger
from tests.support.overviews import (
    COVER,
    IMMUTABLE,
    image_of,
    key_and_caching,
    large_jpeg,
    overview_of,
    stored,
)
from tests.support.renders import failing

EAGER = f"{COVER}&format=jpeg"
QUERY = "?eager=w%3D100%26h%3D100%26fit%3Dcover%26format%3Djpeg"


def visit(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """GET the rendition, which must be there."""
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", failing(AssertionError("rendered again")))
        assert key_and_caching(api, path)[1] == IMMUTABLE


@pytest.fixture
def path(api: Api) -> str:
    """A large image, of which a rendition was asked for as it was uploaded."""
    answer = api.upload(large_jpeg(), media_type="image/jpeg", query=QUERY)
    assert answer.status_code == 201, answer.content
    return f"/images/{answer.json()['id']}"


def test_an_upload(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = ledger(api, path)["renditions"]
    assert (entry["state"], overview_of(path).state) == ("waiting", Overview.State.WAITING)
    work()
    assert overview_of(path).state == Overview.State.READY
    (made,) = ledger(api, path)["renditions"]
    assert (made["id"], made["state"]) == (entry["id"], "ready")
    visit(api, path, monkeypatch)
    assert Rendition.objects.count() == 1
    assert make_waiting() == 0


def test_an_older_image(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(api)
    Overview.objects.all().delete()
    assert ask_ahead(api, path, EAGER).status_code == 202
    work()
    visit(api, path, monkeypatch)
    assert Rendition.objects.count() == 1


def test_an_image_that_gets_no_overview(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(api, large_jpeg(quality=5))
    ask_ahead(api, path, EAGER)
    work()
    assert overview_of(path).state == Overview.State.REFUSED
    visit(api, path, monkeypatch)
    assert Rendition.objects.count() == 1


def test_a_result_that_no_overview_serves_waits_for_none(api: Api) -> None:
    path = stored(api)
    ask_ahead(api, path, "w=900&format=jpeg")
    work()
    assert [entry["state"] for entry in ledger(api, path)["renditions"]] == ["ready"]
    assert overview_of(path).state == Overview.State.WAITING


def test_the_overview_comes_first(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told()
    assert make_waiting() == 1
    assert Rendition.objects.get().state == "waiting"
    work()
    visit(api, path, monkeypatch)


def test_another_worker_makes_the_overview(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert overviews.claim(overview_of(path)) is not None
    work()
    row = Rendition.objects.get()
    assert (row.state, row.attempts) == ("waiting", 0)
    Overview.objects.update(lease_until=timezone.now())
    assert told() == []
    assert make_waiting() == 1
    work()
    assert Rendition.objects.get().state == "ready"
    visit(api, path, monkeypatch)


def test_a_visitor_was_earlier(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its result from the original goes as the overview comes, and is made from that anew."""
    before, caching = key_and_caching(api, path)
    assert caching != IMMUTABLE
    work()
    assert make_waiting() == 1
    (row,) = Rendition.objects.all()
    assert (row.state, row.asked_by) == ("waiting", api.account)
    assert row.cache_key != before
    work()
    visit(api, path, monkeypatch)
    assert Rendition.objects.count() == 1


def test_a_visitor_of_the_overview_was_earlier(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert make_waiting() == 1
    key_and_caching(api, path)
    work()
    visit(api, path, monkeypatch)
    assert Rendition.objects.count() == 1


def test_storage_that_is_away(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(overview_making, "original_path", refuse)
        work()
    (entry,) = ledger(api, path)["renditions"]
    assert (entry["state"], entry["problem"]["code"]) == ("waiting", "unavailable")
    assert Rendition.objects.get().attempts == 1


def test_an_image_that_is_deleted_meanwhile(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = overview_making._store

    def store_then_delete(*arguments: Any) -> bool:
        is_stored = store(*arguments)
        assert delete(api, path) == 204
        return is_stored

    monkeypatch.setattr(overview_making, "_store", store_then_delete)
    work()
    assert not Rendition.objects.exists()
    assert not Overview.objects.exists()
    assert image_of(path).overview_version is None
