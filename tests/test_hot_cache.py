"""The hot cache: what it keeps, what a change drops, and what each hit makes anew."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey
from config.http import hot_cache
from images.delivery.invalidation import KEPT_S, changes
from images.models import Image, Rendition
from images.services import deleting, hit_counts
from tests.conftest import Api
from tests.support import images as made
from tests.support.problems import lines
from tests.support.signed import signed
from tests.support.wsgi_calls import BothWays, call

__all__ = ["lines"]
pytestmark = pytest.mark.django_db(transaction=True)
PHOTOGRAPH = made.encoded("png", made.photograph(60, 40))


@pytest.fixture(autouse=True)
def hearing() -> Iterator[None]:
    """This process hears of its own changes, as if a listener had just said that there were no others."""
    changes.hear_until(time.monotonic() + 600)
    yield
    changes.lose()


@pytest.fixture
def ways() -> BothWays:
    return BothWays()


@pytest.fixture
def path(api: Api) -> str:
    return api.stored(PHOTOGRAPH)


def bearer(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key}"}


def image_id_of(path: str) -> UUID:
    return UUID(path.rpartition("/")[2])


def prime(ways: BothWays, target: str, **headers: str) -> None:
    assert call(ways.hot, "GET", target, **headers).code == 200
    assert ways.is_hit("GET", target, **headers)


class TestKept:
    @pytest.mark.parametrize("suffix", ["", ".webp?w=5", "?format=auto&w=5"])
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_second_request_is_a_hit(
        self, api: Api, ways: BothWays, path: str, suffix: str, method: str
    ) -> None:
        first = call(ways.hot, "GET", path + suffix, **bearer(api))
        before = ways.slow_calls
        second = call(ways.hot, method, path + suffix, **bearer(api))
        assert ways.slow_calls == before
        assert second.headers == first.headers
        assert second.body == (first.body if method == "GET" else b"")

    @pytest.mark.parametrize("name", ["X_Forwarded_Proto", "Accept", "query"])
    def test_long_parts_of_a_request_are_no_keys(
        self, api: Api, ways: BothWays, path: str, name: str
    ) -> None:
        """Small images under long keys would take much more memory than their bytes."""
        for length, is_kept in ((1_000, True), (60_000, False)):
            headers = bearer(api) if name == "query" else bearer(api) | {name: "x" * length}
            tracker = f"&utm_source={'x' * length}" if name == "query" else ""
            target = f"{path}?format=auto&w=5{tracker}"
            size_before = ways.hot.memory.size_bytes
            assert call(ways.hot, "GET", target, **headers).code == 200
            assert ways.is_hit("GET", target, **headers) == is_kept
            assert (ways.hot.memory.size_bytes - size_before > length) == is_kept

    def test_an_accept_has_an_answer_of_its_own(self, api: Api, ways: BothWays, path: str) -> None:
        target = f"{path}?format=auto&w=5"
        types = {}
        for accept in ("image/webp", "image/png"):
            prime(ways, target, Accept=accept, **bearer(api))
        for accept in ("image/webp", "image/png"):
            assert ways.is_hit("GET", target, Accept=accept, **bearer(api))
            types[accept] = call(ways.hot, "GET", target, Accept=accept, **bearer(api))["Content-Type"]
        assert types == {"image/webp": "image/webp", "image/png": "image/png"}

    def test_an_accept_is_no_matter_for_other_answers(self, api: Api, ways: BothWays, path: str) -> None:
        prime(ways, path, Accept="image/webp", **bearer(api))
        assert ways.is_hit("GET", path, Accept="text/html", **bearer(api))

    @pytest.mark.parametrize(
        "headers",
        [
            {"Range": "bytes=0-9"},
            {"If_Match": "*"},
            {"Expect": "100-continue"},
            {"Transfer_Encoding": "chunked"},
            {"Host": "localhost"},
            {"X_Forwarded_Proto": "https"},
        ],
        ids=lambda headers: next(iter(headers)),
    )
    def test_other_requests_go_the_usual_way(
        self, api: Api, ways: BothWays, path: str, headers: dict[str, str]
    ) -> None:
        prime(ways, path, **bearer(api))
        assert not ways.is_hit("GET", path, **bearer(api), **headers)

    def test_other_credentials_get_their_own_answer(
        self, api: Api, other_api: Api, ways: BothWays, path: str
    ) -> None:
        """AUTH-2, WEB-6."""
        prime(ways, path, **bearer(api))
        assert call(ways.hot, "GET", path).code == 401
        assert call(ways.hot, "GET", path, **bearer(other_api)).code == 404

    @pytest.mark.parametrize("suffix", [".json", "/renditions", ".nope", ".webp?w=0"])
    def test_nothing_but_images_is_kept(self, api: Api, ways: BothWays, path: str, suffix: str) -> None:
        for _ in range(2):
            assert not ways.is_hit("GET", path + suffix, **bearer(api))
        assert ways.hot.memory.size_bytes == 0

    def test_a_large_image_is_not_kept(self, api: Api, ways: BothWays) -> None:
        path = api.stored(made.encoded("bmp", made.photograph(400, 300)))
        for _ in range(2):
            assert not ways.is_hit("GET", path, **bearer(api))

    def test_a_body_that_was_not_sent_whole_is_not_kept(self, api: Api, ways: BothWays, path: str) -> None:
        class HungUp(BothWays):
            def slow(self, environ: Any, start_response: Any) -> Any:
                body = super().slow(environ, start_response)
                return [b"".join(body)[:-1]]

        short = HungUp()
        for _ in range(2):
            assert not short.is_hit("GET", path, **bearer(api))

    def test_a_list_is_kept_before_it_is_sent(self, api: Api, ways: BothWays, path: str) -> None:
        class AtOnce(BothWays):
            def slow(self, environ: Any, start_response: Any) -> Any:
                return list(super().slow(environ, start_response))

        at_once = AtOnce()
        assert not at_once.is_hit("GET", path, **bearer(api))
        assert at_once.is_hit("GET", path, **bearer(api))
        assert call(at_once.hot, "GET", path, **bearer(api)) == call(ways.slow, "GET", path, **bearer(api))

    @pytest.mark.parametrize(("expires_in_s", "is_kept"), [(60, True), (3, False)])
    def test_a_signature_that_is_about_to_end(
        self, api: Api, ways: BothWays, path: str, expires_in_s: int, is_kept: bool
    ) -> None:
        target = signed(api, f"{path}.webp", expires_in_s=expires_in_s)
        assert call(ways.hot, "GET", target).code == 200
        assert ways.is_hit("GET", target) == is_kept

    def test_a_key_that_ends(self, api: Api, ways: BothWays, path: str) -> None:
        ApiKey.objects.update(expires_at=timezone.now() + timedelta(seconds=2))
        prime(ways, path, **bearer(api))
        time.sleep(2)
        assert call(ways.hot, "GET", path, **bearer(api)).code == 401


class TestDropped:
    def test_nothing_is_used_for_more_than_five_seconds(
        self, api: Api, ways: BothWays, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prime(ways, path, **bearer(api))
        later_s = time.monotonic() + KEPT_S
        monkeypatch.setattr(time, "monotonic", lambda: later_s)
        assert not ways.is_hit("HEAD", path, **bearer(api))

    def test_a_rendition_that_shows_a_deleted_image(self, api: Api, ways: BothWays, path: str) -> None:
        overlay = image_id_of(api.stored(made.encoded("gif")))
        target = f"{path}.webp?transform=composite:image={overlay}"
        prime(ways, target, **bearer(api))
        deleting.delete(overlay, account=api.account)
        assert call(ways.hot, "GET", target, **bearer(api)).code == 404

    def test_an_image_that_gets_a_successor(self, api: Api, ways: BothWays, path: str) -> None:
        prime(ways, path, **bearer(api))
        successor = api.stored(made.encoded("gif"), query=f"?replaces={image_id_of(path)}")
        assert successor in call(ways.hot, "GET", path, **bearer(api))["Link"]
        assert ways.is_hit("GET", path, **bearer(api))
        deleting.delete(image_id_of(successor), account=api.account)
        assert "Link" not in dict(call(ways.hot, "GET", path, **bearer(api)).headers)

    def test_rights_that_are_taken_away(self, api: Api, ways: BothWays, path: str) -> None:
        key = ApiKey.objects.get()
        target = signed(api, f"{path}.webp")
        for take_away, code in (
            (lambda: Account.objects.update(is_active=False), 401),
            (lambda: services.revoke(key), 401),
        ):
            Account.objects.update(is_active=True)
            prime(ways, path, **bearer(api))
            prime(ways, target)
            take_away()
            assert call(ways.hot, "GET", path, **bearer(api)).code == code
            assert call(ways.hot, "GET", target).code == 403

    def test_a_public_image_that_becomes_private(self, api: Api, ways: BothWays) -> None:
        path = api.stored(PHOTOGRAPH, query="?visibility=public")
        prime(ways, path)
        Image.objects.update(visibility="private")
        assert call(ways.hot, "GET", path).code == 401

    def test_purged_renditions_are_made_again(self, api: Api, ways: BothWays, path: str) -> None:
        target = f"{path}.webp?w=5"
        prime(ways, target, **bearer(api))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM images_rendition")
        assert call(ways.hot, "GET", target, **bearer(api)).code == 200
        assert Rendition.objects.count() == 1

    def test_a_change_during_the_answer(
        self, api: Api, ways: BothWays, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The row was read before it, so the answer is sent, but not kept."""
        slow = ways.hot._application

        def answer_then_change(environ: Any, start_response: Any) -> Any:
            body = slow(environ, start_response)
            Image.objects.update(visibility="public")
            return body

        monkeypatch.setattr(ways.hot, "_application", answer_then_change)
        assert not ways.is_hit("GET", path, **bearer(api))
        Image.objects.update(visibility="private")
        assert not ways.is_hit("GET", path, **bearer(api))


class TestMadeAnew:
    def test_one_request_refreshes_an_answer(
        self, api: Api, ways: BothWays, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The others use the old one meanwhile, and then the new one."""
        prime(ways, path, **bearer(api))
        before = ways.slow_calls
        later_s = time.monotonic() + hot_cache._REFRESHED_AFTER_S
        monkeypatch.setattr(time, "monotonic", lambda: later_s)
        inside = threading.Event()
        others_are_done = threading.Event()
        slow = ways.hot._application

        def wait(environ: Any, start_response: Any) -> Any:
            inside.set()
            assert others_are_done.wait(10)
            return slow(environ, start_response)

        monkeypatch.setattr(ways.hot, "_application", wait)
        refreshing = threading.Thread(target=call, args=(ways.hot, "GET", path), kwargs=bearer(api))
        refreshing.start()
        assert inside.wait(10)
        assert {call(ways.hot, "GET", path, **bearer(api)).code for _ in range(3)} == {200}
        assert ways.slow_calls == before
        others_are_done.set()
        refreshing.join()
        assert ways.slow_calls == before + 1
        even_later_s = later_s + KEPT_S - 2
        monkeypatch.setattr(time, "monotonic", lambda: even_later_s)
        assert ways.is_hit("GET", path, **bearer(api))

    def test_hits_are_counted(self, api: Api, ways: BothWays, path: str) -> None:
        target = f"{path}.webp?w=5"
        for _ in range(3):
            call(ways.hot, "GET", target, **bearer(api))
        call(ways.hot, "HEAD", target, **bearer(api))
        etag = call(ways.slow, "HEAD", target, **bearer(api))["ETag"]
        assert call(ways.hot, "GET", target, If_None_Match=etag, **bearer(api)).code == 304
        assert ways.slow_calls == 2
        hit_counts.flush()
        assert Rendition.objects.get().hits == 3

    def test_ids_of_requests(self, api: Api, ways: BothWays, path: str) -> None:
        prime(ways, path, **bearer(api))
        first, second = (call(ways.hot, "GET", path, **bearer(api)).request_id for _ in range(2))
        assert len({first, second}) == 2
        assert len(first) == 32
        own = call(ways.hot, "GET", path, X_Request_ID="client-7.4_x", **bearer(api)).request_id
        assert own == "client-7.4_x"
        assert len(call(ways.hot, "GET", path, X_Request_ID='"}\n{', **bearer(api)).request_id) == 32
