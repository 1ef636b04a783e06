"""Renders that fail, and images that are deleted or purged while they render."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.utils import timezone

from images.models import Image, Rendition
from images.renditions import imagekit_backend, rendering
from images.services import deleting
from images.storage import renditions
from progimage.errors import Unavailable, UnprocessableImage
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")
Render = Callable[..., rendering.RenderedFile]


def failing(error: Exception) -> Render:
    def fail(*_: Any) -> rendering.RenderedFile:
        raise error

    return fail


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

    def slow(image: Image, transform: Any) -> rendering.RenderedFile:
        names.append(Rendition.objects.get().storage_name)
        Image.objects.update(state=Image.State.DELETED)
        Rendition.objects.all().delete()
        return render(image, transform)

    monkeypatch.setattr(rendering, "render", slow)
    assert api.get(f"{path}.gif").status_code == 404
    with pytest.raises(FileNotFoundError):
        renditions().open_range(names[0])


@pytest.mark.parametrize(
    ("where", "step"), [(rendering, "render"), (imagekit_backend, "_make")], ids=["rendered", "stored"]
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
