"""Admission: a render that is refused has claimed no row, opened no original and downloaded nothing."""

import json
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.services import create_api_key
from images import worker_pool
from images.models import Rendition
from images.renditions import imagekit_backend, sources
from images.services import renditions as rows
from images.storage import ObjectStorage
from progimage.errors import Unavailable
from tests.conftest import Api, body, make_api
from tests.support import images as made
from tests.support.waiting import wait_until
from transforms.workers.costs import TaskCost
from transforms.workers.pool import RenderPool, configure, pool

PNG = made.encoded("png")
LOGO = made.encoded("png", made.checkerboard(8, 8))
ADDRESS = "https://example.org/a.png"

Send = Callable[[Api, str, str], Any]


@pytest.fixture(autouse=True)
def small_pool() -> Iterator[None]:
    """One child."""
    worker_pool.configure()
    configure(replace(pool().settings, workers=1, spare=0))
    yield
    worker_pool.configure()


@pytest.fixture
def effects(storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The effects of requests from now on: reads of the storage, claims of rows, downloads."""
    done: list[str] = []

    def watch(owner: Any, name: str) -> None:
        go_on = getattr(owner, name)

        def watched(*args: Any, **options: Any) -> Any:
            done.append(name)
            return go_on(*args, **options)

        monkeypatch.setattr(owner, name, watched)

    for name in ("open_range", "local_path", "put"):
        watch(type(storage), name)
    watch(rows, "claim")
    watch(sources, "download")
    return done


@contextmanager
def busy(api: Api) -> Iterator[None]:
    """While the context lasts a task of the account waits that will take all the time of a request."""
    dear = TaskCost("filter")
    for _ in range(5):
        pool()._costs.learn(dear, elapsed_s=60)
    with ThreadPoolExecutor(1) as threads, pool().turn("somebody"):
        end = threading.Event()

        def wait() -> None:
            with suppress(Unavailable), pool().turn(api.account.pk, cost=dear, timeout_s=60):
                end.wait(60)

        threads.submit(wait)
        wait_until(lambda: bool(pool()._queue._lines._lines))
        try:
            yield
        finally:
            end.set()
            pool()._queue.dismiss()


def post(path: str, document: dict[str, Any]) -> Send:
    def send(api: Api, image: str, logo: str) -> Any:
        text = json.dumps(document).replace("IMAGE", image).replace("LOGO", logo)
        return api.request("POST", path, data=text, content_type="application/json")

    return send


def composite(reference: str) -> dict[str, Any]:
    return {"operations": [{"op": "composite", "image": reference}], "output": {"format": "gif"}}


REQUESTS: dict[str, Send] = {
    "GET": lambda api, image, logo: api.get(f"/images/{image}.gif"),
    "GET of a part": lambda api, image, logo: api.get(f"/images/{image}.gif", Range="bytes=0-3"),
    "GET with another image": lambda api, image, logo: api.get(
        f"/images/{image}.gif?transform=composite:image={logo}"
    ),
    "POST on a stored image": post(
        "/transforms", {"id": "IMAGE", "transform": {"output": {"format": "gif"}}}
    ),
    "POST that is stored": post(
        "/transforms", {"id": "IMAGE", "store": True, "transform": {"output": {"format": "gif"}}}
    ),
    "POST with another stored image": post("/transforms", {"id": "IMAGE", "transform": composite("LOGO")}),
    "POST with an image at an address": post("/transforms", {"id": "IMAGE", "transform": composite(ADDRESS)}),
    "POST on an address": post("/transforms", {"url": ADDRESS, "transform": {"output": {"format": "gif"}}}),
    "upload from an address": post("/images", {"url": ADDRESS}),
}


@pytest.mark.parametrize("send", REQUESTS.values(), ids=REQUESTS)
def test_refusal_has_no_effect(api: Api, storage: ObjectStorage, send: Send, request: Any) -> None:
    image, logo = (api.stored(content).removeprefix("/images/") for content in (PNG, LOGO))
    effects: list[str] = request.getfixturevalue("effects")
    with busy(api):
        answers = [send(api, image, logo) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert all(1 <= int(answer["Retry-After"]) <= 30 for answer in answers)
    assert effects == []
    assert not Rendition.objects.exists()


def test_request_after_a_refusal_is_rendered(api: Api, effects: list[str]) -> None:
    path = api.stored(PNG)
    effects.clear()
    with busy(api):
        assert api.get(f"{path}.gif").status_code == 503
    assert api.get(f"{path}.gif").status_code == 200
    assert effects == ["claim", "local_path", "put"]
    with busy(api):
        assert api.get(f"{path}.gif").status_code == 200


def test_turn_ends_before_the_result_is_stored(
    api: Api, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.stored(PNG)
    put = type(storage).put

    def watched(*args: Any, **options: Any) -> Any:
        with pool().turn("somebody", timeout_s=0):
            return put(*args, **options)

    monkeypatch.setattr(type(storage), "put", watched)
    assert api.get(f"{path}.gif").status_code == 200


def test_render_by_another_process_is_waited_for_without_a_turn(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    lease_until = timezone.now() + timedelta(minutes=1)
    Rendition.objects.update(state=Rendition.State.RENDERING, lease=uuid.uuid4(), lease_until=lease_until)

    def other_process_ends(_: float) -> None:
        Rendition.objects.update(state=Rendition.State.READY, lease=None, lease_until=None)

    monkeypatch.setattr(imagekit_backend, "sleep_without_connection", other_process_ends)
    with busy(api):
        assert body(api.get(f"{path}.gif")) == whole


def test_refusal_counts_only_if_no_other_process_has_begun(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rendition that was made while its turn was waited for is found."""
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    row = Rendition.objects.get()
    Rendition.objects.all().delete()

    def refuse_late(*_: Any, **__: Any) -> Any:
        row.save(force_insert=True)
        raise Unavailable("Every renderer is busy, and none became free in time")

    monkeypatch.setattr(RenderPool, "turn", refuse_late)
    assert body(api.get(f"{path}.gif")) == whole


class TestStampede:
    """First requests for the same rendition at once. One of a process waits for a turn; the others for its row."""

    @pytest.fixture
    def turns(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """A list to which each turn adds its end: done or refused. The first is refused if the test says so."""
        ends: list[str] = []
        turn = RenderPool.turn

        @contextmanager
        def watched(*args: Any, **options: Any) -> Any:
            if ends == ["refuse the next"]:
                ends[:] = ["refused"]
                raise Unavailable("Every renderer is busy")
            with turn(*args, **options) as given:
                yield given
            ends.append("done")

        monkeypatch.setattr(RenderPool, "turn", watched)
        return ends

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize(
        ("requests", "is_first_refused", "ends"),
        [
            pytest.param(60, False, ["done"], id="one render and no refusal"),
            pytest.param(8, True, ["refused", "done"], id="after a refusal the next one tries"),
        ],
    )
    def test_ends_with_one_render(
        self,
        requests: int,
        is_first_refused: bool,
        ends: list[str],
        turns: list[str],
        settings: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        settings.RENDER_TIMEOUT_S = 60
        monkeypatch.setattr(connection.pool, "timeout", 60)  # type: ignore[attr-defined]
        api = make_api("alice")
        # at most four requests with a key are authenticated at once
        keys = [
            str(create_api_key(api.account, name=f"key {number}")[1]) for number in range(-(-requests // 4))
        ]
        path = api.stored(PNG)
        turns[:] = ["refuse the next"] if is_first_refused else []
        start = threading.Barrier(requests)

        def first_request(number: int) -> int:
            caller = Api(api.account, keys[number // 4])
            start.wait()
            try:
                return int(caller.get(f"{path}.webp?w=30").status_code)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(requests) as threads:
            answers = Counter(threads.map(first_request, range(requests)))
        assert turns == ends
        # On a busy machine the refused one may find the render of the next one, and is answered with it.
        refused = answers.pop(503, 0)
        assert refused <= is_first_refused
        assert answers == {200: requests - refused}
