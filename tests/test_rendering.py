"""Renders that fail, and images that are deleted or purged while they render."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from images import worker_pool
from images.models import Image, Rendition
from images.renditions import imagekit_backend, rendering
from images.renditions.sources import OpenSource
from images.services import deleting
from images.storage import renditions
from progimage.errors import Unavailable, UnprocessableImage
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.child_tasks import nap, spin
from tests.support.renders import failing
from transforms.workers.pool import configure, pool
from transforms.workers.turn import Turn

PNG = made.encoded("png")


def test_failed_render_is_remembered_briefly_and_then_tried_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IMG-17: CPU is spent once; nothing stays `rendering`."""
    path = api.stored(PNG)
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", failing(UnprocessableImage("Too odd")))
        assert api.get(f"{path}.gif").status_code == 422
    answer = api.get(f"{path}.gif")
    assert (answer.status_code, answer.json()["detail"]) == (422, "Too odd")
    row = Rendition.objects.get()
    assert row.state == Rendition.State.FAILED
    Rendition.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert api.get(f"{path}.gif").status_code == 200


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        (".png?transform=grayscale/pad:top=16383", "/operations/1"),
        ("?format=png&w=9000&enlarge=true&h=8193&fit=fill", None),
        (".webp?max_bytes=100", "/max_bytes"),
        (".webp?transform=resize:width=9000,enlarge=true", "/operations/0"),
        (".jp2?transform=resize:width=5000,enlarge=true", "/format"),
    ],
)
def test_a_remembered_failure_is_the_same_to_the_letter(api: Api, query: str, pointer: str | None) -> None:
    path = api.stored(PNG)
    first, second = (api.get(path + query) for _ in range(2))
    assert Rendition.objects.get().state == Rendition.State.FAILED
    problems = [answer.json() | {"request_id": ""} for answer in (first, second)]
    assert problems[0] == problems[1]
    assert (problems[0]["status"], problems[0].get("pointer")) == (422, pointer)


class TestTimeLimits:
    """A render has so much CPU time, and twice as long by the clock."""

    @pytest.fixture
    def lasting(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
        """Let each render do another task instead, in its child."""

        @contextmanager
        def lasting(cpu_s: float, *task: Any) -> Iterator[list[Any]]:
            begun: list[Any] = []

            def render(turn: Turn, *_: Any, **__: Any) -> Any:
                begun.append(task)
                return turn.run(*task)

            with monkeypatch.context() as patch:
                configure(replace(pool().settings, timeout_s=cpu_s, wall_factor=2 if task[0] is nap else 20))
                patch.setattr(Turn, "render", render)
                yield begun
            worker_pool.configure()

        return lasting

    def test_beyond_its_cpu_time_it_is_the_images_fault_and_remembered(
        self, api: Api, lasting: Callable[..., Any]
    ) -> None:
        path = api.stored(PNG)
        with lasting(0.8, spin) as begun:
            answers = [api.get(f"{path}.gif") for _ in range(3)]
        assert len(begun) == 1
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (422, "takes_too_long")
        }
        row = Rendition.objects.get()
        assert row.state == Rendition.State.FAILED
        assert row.lease_until
        assert row.lease_until - timezone.now() < timedelta(minutes=1)
        Rendition.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert api.get(f"{path}.gif").status_code == 200

    def test_beyond_its_time_by_the_clock_it_is_the_machines_and_not_remembered(
        self, api: Api, lasting: Callable[..., Any]
    ) -> None:
        path = api.stored(PNG)
        with lasting(0.8, nap, 30) as begun:
            answers = [api.get(f"{path}.gif") for _ in range(2)]
        assert len(begun) == 2
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "unavailable")}
        assert {answer["Retry-After"] for answer in answers} == {"1"}
        assert not Rendition.objects.exists()
        assert api.get(f"{path}.gif").status_code == 200

    @pytest.mark.parametrize("task", [(spin,), (nap, 30)], ids=["CPU time", "time by the clock"])
    def test_neither_is_kept_under_an_idempotency_key(
        self, api: Api, lasting: Callable[..., Any], task: tuple[Any, ...]
    ) -> None:
        """A stored result of a stored image goes through its rendition, which may remember the failure."""
        image_id = api.stored(PNG).removeprefix("/images/")

        def derive() -> Any:
            return api.request(
                "POST",
                "/transforms",
                data=json.dumps({"id": image_id, "store": True, "transform": {"output": {"format": "gif"}}}),
                content_type="application/json",
                headers={"Idempotency-Key": "derive"},
            )

        with lasting(0.8, *task):
            assert derive().status_code in (422, 503)
        Rendition.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        answer = derive()
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)


@pytest.mark.parametrize("error", [Unavailable("busy"), RuntimeError("a bug")], ids=["busy", "bug"])
def test_render_that_could_not_be_tried_leaves_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    path = api.stored(PNG)
    with monkeypatch.context() as patch:
        patch.setattr(rendering, "render", failing(error))
        assert api.get(f"{path}.gif").status_code in (500, 503)
    assert not Rendition.objects.exists()
    assert api.get(f"{path}.gif").status_code == 200


def test_image_deleted_while_it_renders_leaves_no_object(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path, names = api.stored(PNG), []
    render = rendering.render

    def slow(source: OpenSource, recipe: Any, *rest: Any) -> rendering.RenderedFile:
        names.append(Rendition.objects.get().storage_name)
        Image.objects.update(state=Image.State.DELETED)
        Rendition.objects.all().delete()
        return render(source, recipe, *rest)

    monkeypatch.setattr(rendering, "render", slow)
    assert api.get(f"{path}.gif").status_code == 404
    with pytest.raises(FileNotFoundError):
        renditions().open_range(names[0])


def test_purge_of_every_render_leaves_the_request_its_own(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The content is right, whether it can be kept or not. To begin anew after each purge would have no end."""
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    store = imagekit_backend._store
    stored: list[str] = []

    def purging(*args: Any) -> bool:
        stored.append(args[0].name)
        is_stored = store(*args)
        deleting.purge_renditions(Image.objects.get().pk, account=api.account)
        return is_stored

    deleting.purge_renditions(Image.objects.get().pk, account=api.account)
    monkeypatch.setattr(imagekit_backend, "_store", purging)
    answer = api.get(f"{path}.gif")
    assert (answer.status_code, body(answer), len(stored)) == (200, whole, 1)
    assert not Rendition.objects.exists()
    with pytest.raises(FileNotFoundError):
        renditions().open_range(stored[0])


@pytest.mark.parametrize("times", [1, 2, 3], ids="taken {} times".format)
def test_name_that_another_thread_takes_again_and_again(
    api: Api, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """A thread whose row was purged may still store its object. The rendition is rendered once all the same."""
    path = api.stored(PNG)
    whole = body(api.get(f"{path}.gif"))
    deleting.purge_renditions(Image.objects.get().pk, account=api.account)
    put = type(renditions()).put
    taken: list[str] = []
    rendered: list[Any] = []
    render = rendering.render

    def put_after_another(store: Any, name: str, content: Any, *, sha256: str) -> None:
        if len(taken) < times:
            taken.append(name)
            other = b"of another thread"
            put(store, name, io.BytesIO(other), sha256=hashlib.sha256(other).hexdigest())
        put(store, name, content, sha256=sha256)

    def counted(*args: Any) -> Any:
        rendered.append(args)
        return render(*args)

    monkeypatch.setattr(rendering, "render", counted)
    monkeypatch.setattr(type(renditions()), "put", put_after_another)
    answers = [api.get(f"{path}.gif") for _ in range(2)]
    assert [(answer.status_code, body(answer)) for answer in answers] == [(200, whole)] * 2
    assert len(rendered) == (1 if times < 3 else 2)
    assert Rendition.objects.get().state == Rendition.State.READY


@pytest.mark.parametrize(
    ("where", "step"), [(rendering, "render"), (imagekit_backend, "_store")], ids=["rendered", "stored"]
)
def test_purge_before_a_render_ends_lets_it_begin_anew(
    api: Api, monkeypatch: pytest.MonkeyPatch, where: ModuleType, step: str
) -> None:
    path = api.stored(PNG)
    purged: list[int] = []
    go_on = getattr(where, step)

    def purging(*args: Any) -> Any:
        result = go_on(*args)
        if not purged:
            purged.extend(Rendition.objects.values_list("pk", flat=True))
            deleting.purge_renditions(Image.objects.get().pk, account=api.account)
        return result

    monkeypatch.setattr(where, step, purging)
    answers = [api.get(f"{path}.gif") for _ in range(2)]
    assert [(answer.status_code, body(answer)[:3]) for answer in answers] == [(200, b"GIF")] * 2
    assert Rendition.objects.get(state=Rendition.State.READY).pk not in purged
