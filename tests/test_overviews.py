"""The life of an overview, from the upload to the end of its image, and the requests that it answers."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.models import Image, Overview, Rendition
from images.services import overviews
from images.storage import ObjectStorage, originals
from images.upkeep.overview_making import make_waiting
from tests.conftest import Api
from tests.support import images as made
from tests.support.admin_pages import operator
from tests.support.deletion import delete, id_of, is_there, refuse, sweep
from tests.support.drift import empty, no_patience, reconcile, replace
from tests.support.listing import ledger
from tests.support.overviews import (
    COVER,
    IMMUTABLE,
    image_of,
    key_and_caching,
    large_jpeg,
    overview_of,
    plan,
    stored,
    stored_with_overview,
)
from tests.support.transform_requests import send_json

__all__ = ["operator"]


class TestAnswers:
    def test_the_full_decode_answers_until_there_is_an_overview(
        self, api: Api, storage: ObjectStorage
    ) -> None:
        path = stored(api)
        first = key_and_caching(api, path)
        assert first[1] == "private, max-age=3600", "a result that will be replaced is not immutable"
        assert make_waiting() == 1
        second = key_and_caching(api, path)
        assert second[1] == IMMUTABLE
        assert first[0] != second[0]
        (row,) = Rendition.objects.all()
        assert (row.cache_key, row.width, row.height) == (second[0], 100, 100)

    def test_renditions_that_an_overview_supersedes_go(self, api: Api, storage: ObjectStorage) -> None:
        path = stored(api)
        key_and_caching(api, path)
        superseded = Rendition.objects.get()
        large, _ = key_and_caching(api, path, "w=2000")
        make_waiting()
        (row,) = Rendition.objects.all()
        assert row.cache_key == large
        assert not is_there(superseded.storage_name)

    def test_what_an_overview_does_not_serve_is_immutable_at_once(self, api: Api) -> None:
        path = stored(api)
        assert key_and_caching(api, path, "w=2000")[1] == IMMUTABLE
        assert key_and_caching(api, path, f"{COVER}&metadata=copyright")[1] == IMMUTABLE

    def test_a_small_image_reads_and_writes_nothing_more(self, api: Api) -> None:
        path = api.stored(made.encoded("png"))
        assert image_of(path).overview_version == overviews.HAS_NONE
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert key_and_caching(api, path, "w=10")[1] == IMMUTABLE
        assert not [query for query in queries if "images_overview" in query["sql"]]
        assert not Overview.objects.exists()

    def test_a_ready_overview_is_known_without_a_statement(self, api: Api) -> None:
        path = stored_with_overview(api)
        with CaptureQueriesContext(connection) as queries:
            key_and_caching(api, path)
        assert not [query for query in queries if '"images_overview"' in query["sql"]]

    def test_the_original_is_not_read(self, api: Api) -> None:
        path = stored_with_overview(api)
        originals().delete(image_of(path).storage_name)
        assert key_and_caching(api, path)[1] == IMMUTABLE

    def test_a_post_gets_the_same_rendition(self, api: Api) -> None:
        path = stored_with_overview(api)
        key, _ = key_and_caching(api, path)
        transform = {"operations": [{"op": "resize", "width": 100, "height": 100, "fit": "cover"}]}
        document = {"id": str(id_of(path)), "transform": transform | {"output": {"format": "jpeg"}}}
        answer = send_json(api, "/transforms", document)
        assert (answer.status_code, answer["Transform-Key"]) == (200, key)

    def test_head_and_conditions_have_the_same_caching(self, api: Api) -> None:
        path = stored(api)
        url = f"{path}.jpg?{COVER}&v=1"
        assert api.request("HEAD", url)["Cache-Control"] == "private, max-age=3600"
        etag = api.get(url)["ETag"]
        answer = api.get(url, **{"If-None-Match": etag})
        assert (answer.status_code, answer["Cache-Control"]) == (304, "private, max-age=3600")

    def test_switched_off(self, api: Api, settings: Any) -> None:
        path = stored_with_overview(api)
        from_overview, _ = key_and_caching(api, path)
        settings.OVERVIEWS = False
        from_original, caching = key_and_caching(api, path)
        assert (from_original != from_overview, caching) == (True, IMMUTABLE)
        other = stored(api)
        assert not Overview.objects.filter(pk=id_of(other)).exists()
        assert key_and_caching(api, other)[1] == IMMUTABLE

    def test_plan_names_the_source(self, api: Api) -> None:
        path = stored(api)
        cover = {"operations": [{"op": "resize", "width": 100}], "output": {"format": "jpeg"}}
        before = plan(api, path, **cover)
        make_waiting()
        after = plan(api, path, **cover)
        large = plan(api, path, operations=[{"op": "resize", "width": 2_000}])
        sources = [it["source"]["decoded_from"] for it in (before, after, large)]
        assert sources == ["original", "overview", "original"]
        assert before["cache_key"] != after["cache_key"]
        assert after["cache_key"] == api.get(f"{path}.jpg?w=100")["Transform-Key"]
        assert (after["source"]["width"], after["source"]["height"]) == (2_600, 2_000)


class TestLostBytes:
    @pytest.mark.parametrize("content", [None, b"", large_jpeg()[:5_000]], ids=["gone", "empty", "cut off"])
    def test_the_full_decode_answers_and_a_worker_makes_it_again(
        self, api: Api, storage: ObjectStorage, content: bytes | None
    ) -> None:
        path = stored_with_overview(api)
        row = overview_of(path)
        storage.delete(row.storage_name)
        if content is not None:
            replace(storage, row.storage_name, content)
        from_original, caching = key_and_caching(api, path)
        assert caching == "private, max-age=3600"
        assert overview_of(path).state == Overview.State.WAITING
        assert make_waiting() == 1
        from_overview, caching = key_and_caching(api, path)
        assert (from_original != from_overview, caching) == (True, IMMUTABLE)

    def test_damaged_bytes_of_the_right_length(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        row = overview_of(path)
        assert row.size_bytes is not None
        replace(storage, row.storage_name, b"x" * row.size_bytes)
        assert key_and_caching(api, path)[1] == "private, max-age=3600"
        assert overview_of(path).state == Overview.State.WAITING

    def test_a_lost_rendition_of_a_lost_overview(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        from_overview, _ = key_and_caching(api, path)
        storage.delete(Rendition.objects.get().storage_name, overview_of(path).storage_name)
        from_original, caching = key_and_caching(api, path)
        assert (from_original != from_overview, caching) == (True, "private, max-age=3600")

    def test_another_image_that_cannot_be_decoded_is_no_loss(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        mask = api.stored(made.encoded("png"))
        replace(storage, image_of(mask).storage_name, b"x" * image_of(mask).size_bytes)
        transform = f"resize:width=100/mask:image={id_of(mask)}"
        answer = api.get(f"{path}.png?transform={transform}")
        assert answer.status_code in (415, 422)
        assert overview_of(path).state == Overview.State.READY


class TestEnd:
    def test_it_goes_with_the_image(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        name = overview_of(path).storage_name
        assert delete(api, path) == 204
        assert not is_there(name)
        assert not Overview.objects.exists()
        image = image_of(path)
        assert (image.overview_version, image.overview_bytes) == (None, None)

    def test_a_restored_image_gets_one_after_its_next_render(self, api: Api) -> None:
        from images.services import deleting

        path = stored_with_overview(api)
        delete(api, path)
        deleting.restore(id_of(path))
        assert key_and_caching(api, path)[1] == "private, max-age=3600"
        assert make_waiting() == 1

    def test_it_goes_with_a_purge(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        name = overview_of(path).storage_name
        assert delete(api, path, "?purge=true") == 204
        assert not is_there(name)
        assert not Overview.objects.exists()

    def test_it_goes_with_the_renditions(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        name = overview_of(path).storage_name
        assert delete(api, f"{path}/renditions") == 204
        assert not is_there(name)
        assert key_and_caching(api, path)[1] == "private, max-age=3600"

    def test_a_refusal_outlives_the_renditions(self, api: Api) -> None:
        path = stored(api, large_jpeg(quality=5))
        make_waiting()
        assert delete(api, f"{path}/renditions") == 204
        assert overview_of(path).state == Overview.State.REFUSED

    def test_the_sweep_ends_what_a_deletion_has_left(
        self, api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = stored_with_overview(api)
        name = overview_of(path).storage_name
        with monkeypatch.context() as patch:
            patch.setattr(type(storage), "_delete", refuse)
            assert delete(api, path) == 204
        assert is_there(name)
        assert sweep("overviews of deleted images") == 1
        assert not is_there(name)
        assert Image.objects.get().state == Image.State.DELETED


class TestReconcile:
    def test_nothing_is_wrong_with_a_ready_overview(self, api: Api, storage: ObjectStorage) -> None:
        stored_with_overview(api)
        assert reconcile() == (0, {})

    def test_bytes_that_are_gone(self, api: Api, storage: ObjectStorage) -> None:
        path = stored_with_overview(api)
        storage.delete(overview_of(path).storage_name)
        finding = "overviews without their bytes"
        assert reconcile() == (1, {finding: (1, 1)})
        assert reconcile("--fix") == (0, {finding: (1, 0)})
        assert image_of(path).overview_version is None
        assert reconcile() == (0, {})

    def test_bytes_without_a_row(self, api: Api, storage: ObjectStorage, settings: Any) -> None:
        empty(storage)
        path = stored_with_overview(api)
        name = overview_of(path).storage_name
        Overview.objects.all().delete()
        no_patience(settings)
        assert reconcile("--fix") == (1, {"objects that no row knows": (1, 1)})
        assert reconcile("--fix") == (0, {"objects that no row knows": (1, 0)})
        assert not is_there(name)


class TestLedger:
    def test_has_the_overview_in_every_state(self, api: Api) -> None:
        path = stored(api)
        states = [ledger(api, path)["overview"]]
        make_waiting()
        states.append(ledger(api, path)["overview"])
        row = overview_of(path)
        assert [(it["state"], it["width"], it["bytes"]) for it in states] == [
            ("waiting", None, None),
            ("ready", 998, row.size_bytes),
        ]

    def test_is_null_for_a_small_image(self, api: Api) -> None:
        assert ledger(api, api.stored(made.encoded("png")))["overview"] is None


def test_operators_see_them(operator: Client, api: Api) -> None:
    path = stored(api)
    other = stored(api)
    page = operator.get(f"/admin/images/overview/?q={path.rpartition('/')[2]}").content.decode()
    assert (path.rpartition("/")[2] in page, other.rpartition("/")[2] in page) == (True, False)
    assert operator.get(f"/admin/images/overview/{id_of(path)}/change/").status_code == 200
    assert operator.get("/admin/images/overview/add/").status_code == 403
