"""From an image and a transform to a rendition: rendered once, however many ask, and read from storage as seldom as possible."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from accounts.services import create_api_key
from images.models import Rendition
from images.renditions import getting, rendering
from images.renditions.sources import OpenSource
from images.services import hit_counts
from images.storage import ObjectStorage, S3ObjectStorage, originals, renditions
from tests.conftest import Api, body, make_api, skip_or_fail, use_disk
from tests.support import images as made
from tests.support.servers import S3_MISSING_REASON

PNG = made.encoded("png")


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list to which each render adds its image's id."""
    done: list[str] = []
    render = rendering.render

    def counted(source: OpenSource, recipe: Any, *rest: Any) -> rendering.RenderedFile:
        assert source.image
        done.append(str(source.image.id))
        return render(source, recipe, *rest)

    monkeypatch.setattr(rendering, "render", counted)
    return done


def test_too_many_waiters_are_refused_at_once(api: Api, settings: Any) -> None:
    path = api.stored(PNG)
    settings.RENDITION_WAITERS = 0
    answer = api.get(f"{path}.gif")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    settings.RENDITION_WAITERS = 1
    assert api.get(f"{path}.gif").status_code == 200


@pytest.fixture
def patience(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits last a minute instead of seconds.

    Requests that wait for a connection of the pool (2 s) or for another's render (10 s) are refused with 503. On
    a machine with other work, fifty requests at once take longer than that."""
    settings.RENDER_TIMEOUT_S = 60
    monkeypatch.setattr(connection.pool, "timeout", 60)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("kind", ["s3", "disk"])
def test_fifty_concurrent_first_requests_render_once_and_all_succeed(
    renders: list[str], settings: Any, tmp_path: Any, kind: str
) -> None:
    """A key is looked up for four requests at once; more of them wait for 2 s, then they are refused with 503.
    So each key of the account sends four requests at most, and no request waits for its key."""
    if kind == "s3" and S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    if kind == "disk":
        use_disk(settings, tmp_path)
    api = make_api("alice")
    keys = [str(create_api_key(api.account, name=f"key {number}")[1]) for number in range(13)]
    path = api.stored(made.encoded("png"))
    start = threading.Barrier(50)

    def first_request(number: int) -> tuple[int, bytes]:
        caller = Api(api.account, keys[number // 4])
        start.wait()
        try:
            answer = caller.get(f"{path}.webp?w=30")
            return answer.status_code, body(answer)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as threads:
        answers = set(threads.map(first_request, range(50)))
    assert [status for status, _ in answers] == [200], answers
    assert len(renders) == 1


class TestVanished:
    """A rendition's row or bytes go while a request is about to send them."""

    def test_bytes_of_a_ready_rendition(self, api: Api, storage: ObjectStorage, renders: list[str]) -> None:
        path = api.stored(PNG)
        whole = body(api.get(f"{path}.gif"))
        storage.delete(Rendition.objects.get().storage_name)
        answers = [body(api.get(f"{path}.gif", **headers)) for headers in ({}, {"Range": "bytes=3-9"})]
        assert answers == [whole, whole[3:10]]
        assert len(renders) == 2

    def test_bytes_of_every_rendition_that_another_request_makes(
        self, api: Api, storage: ObjectStorage, renders: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is rendered for this request alone then, and that is no hit of a row."""
        path = api.stored(PNG)
        whole = body(api.get(f"{path}.gif"))
        find_or_render = getting._find_or_render

        def of_another_request(prepared: Any) -> Any:
            row, content = find_or_render(prepared)
            if content is not None:
                content.close()
            storage.delete(row.storage_name)
            return row, None

        monkeypatch.setattr(getting, "_find_or_render", of_another_request)
        answer = api.get(f"{path}.gif")
        assert (answer.status_code, body(answer)) == (200, whole)
        assert answer["ETag"] == api.request("HEAD", f"{path}.gif")["ETag"]
        assert len(renders) == 3
        assert hit_counts._counts.get(None) is None  # type: ignore[call-overload]


@pytest.fixture
def s3_requests() -> Iterator[Counter[str]]:
    """Counts the requests to S3, by operation."""
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    sent: Counter[str] = Counter()
    stores = [originals(), renditions()]
    for store in stores:
        store.check()  # each looks at its marker, and not again for some seconds

    def count(request: Any, operation_name: str, **_: Any) -> None:
        sent[operation_name] += 1

    clients = [store.client for store in stores if isinstance(store, S3ObjectStorage)]
    for client in clients:
        client.meta.events.register("request-created.s3", count)
    yield sent
    for client in clients:
        client.meta.events.unregister("request-created.s3", count)


def test_requests_to_s3(api: Api, s3_requests: Counter[str]) -> None:
    """A miss fetches the original and puts the rendition; a warm hit gets it; 304 and HEAD ask nothing."""
    path = api.stored(PNG)
    assert s3_requests == {"PutObject": 1}
    s3_requests.clear()
    miss = api.get(f"{path}.webp")
    body(miss)
    assert s3_requests == {"GetObject": 1, "PutObject": 1}
    s3_requests.clear()
    body(api.get(f"{path}.webp"))
    assert s3_requests == {"GetObject": 1}
    s3_requests.clear()
    body(api.get(f"{path}.webp", Range="bytes=2-5"))
    assert s3_requests == {"GetObject": 1}
    s3_requests.clear()
    api.get(f"{path}.webp", **{"If-None-Match": miss["ETag"]})
    api.request("HEAD", f"{path}.webp")
    assert s3_requests == {}
