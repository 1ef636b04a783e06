"""The client's calls about stored images: pages, changes, deletion, archives."""

import hashlib
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from images import models
from images.renditions import rendering
from images.services.integrity import mark_missing
from images.storage import originals
from progimage import Archive, Client, Image, Output, RenditionProblem, Transform, errors
from progimage.operations import Resize
from tests.support import images as made
from tests.support.ahead import work
from tests.support.clients import (
    IMAGE,
    PNG,
    Script,
    answering,
    client,
    sample,
)
from tests.support.renders import failing

__all__ = ["client", "sample"]


def page(ids: list[str], following: str | None) -> Any:
    return answering(200, {"images": [IMAGE | {"id": image_id} for image_id in ids], "next": following})


def test_a_list_pages_by_itself_and_no_sooner() -> None:
    ids = [str(uuid4()) for _ in range(5)]
    script = Script(page(ids[:2], "c=1"), page(ids[2:4], "c&2"), page(ids[4:], None))
    images = script.client()[0].list(tag="x")
    assert next(images).id == UUID(ids[0])
    assert len(script.requests) == 1
    assert [str(image.id) for image in images] == ids[1:]
    assert [dict(request.url.params) for request in script.requests] == [
        {"tag": "x", "limit": "100"},
        {"tag": "x", "limit": "100", "cursor": "c=1"},
        {"tag": "x", "limit": "100", "cursor": "c&2"},
    ]


def test_update_changes_what_is_given_alone(client: Client) -> None:
    image = client.upload(PNG, tags=["a"], metadata={"shot": 7}, filename="x.png")
    changed = client.update(image.id, tags=["b", "c,d"], focal_point=(0.25, 1))
    assert (changed.tags, changed.focal_point) == (("b", "c,d"), (0.25, 1.0))
    assert (changed.metadata, changed.filename, changed.sha256) == ({"shot": 7}, "x.png", image.sha256)
    assert client.update(image.id, visibility="public").focal_point == (0.25, 1.0)
    assert client.update(image.id, focal_point=None).focal_point is None
    assert client.get(image.id).visibility == "public"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("w=5&format=webp", id="a query"),
        pytest.param("?width=5&fm=webp", id="long names, and a question mark"),
        pytest.param({"w": 5, "format": "webp"}, id="the parameters of download"),
        pytest.param(Transform((Resize(width=5),), Output(format="webp")), id="a transform"),
    ],
)
def test_renditions_are_made_ahead_of_their_download(client: Client, spec: Any) -> None:
    image = client.upload(PNG, eager=[spec])
    (waiting,) = client.renditions(image.id)
    assert (waiting.state, waiting.format, waiting.bytes) == ("waiting", "webp", None)
    work()
    again, another = client.make_renditions(image.id, [spec, "grayscale"])
    assert (again.id, again.state, another.state, another.problem) == (waiting.id, "ready", "waiting", None)
    assert client.download(image.id, format="webp", w=5)
    (kept, _) = client.renditions(image.id)
    assert (kept.id, kept.hits) == (waiting.id, 1)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("w=5&format=webp", id="a query"),
        pytest.param({"w": 5, "format": "webp"}, id="the parameters of download"),
        pytest.param(Transform((Resize(width=5),), Output(format="webp")), id="a transform"),
    ],
)
def test_one_rendition_needs_no_list(client: Client, spec: Any) -> None:
    image = client.upload(PNG, eager=spec)
    (asked,) = client.make_renditions(image.id, spec)
    assert [asked.id] == [waiting.id for waiting in client.renditions(image.id)]


def test_problems_of_renditions_are_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    image = client.upload(PNG, eager="grayscale")
    error = errors.ImageTooLarge("far too large", pointer="/operations/0")
    monkeypatch.setattr(rendering, "render", failing(error))
    work()
    (failed,) = client.renditions(image.id)
    problem = RenditionProblem(code="image_too_large", detail="far too large", pointer="/operations/0")
    assert (failed.state, failed.problem) == ("failed", problem)


def test_wrong_transforms_are_refused_before_a_request() -> None:
    calls, _ = Script().client()
    for spec in ("w=0&format=webp", {"w": 0}, "resize:width=0"):
        with pytest.raises(errors.ParameterError):
            calls.make_renditions(uuid4(), [spec])


def test_list_pages_through_what_fits(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("progimage.calls.json_calls.PAGE_SIZE", 2)
    images = [client.upload(made.encoded("png", made.picture(10 + i, 10)), tags=["x"]) for i in range(5)]
    client.upload(PNG, tags=["y"])
    assert [image.id for image in client.list(tag="x")] == [image.id for image in reversed(images)]
    wide = client.list(tag=["x"], min_width=12, format="png", created_before=images[4].created_at)
    assert {image.width for image in wide} == {12, 13}
    assert list(client.list(metadata={"shot": 8})) == []


def test_delete(client: Client, sample: Image) -> None:
    client.delete(sample.id)
    with pytest.raises(errors.NotFound):
        client.download(sample.id)
    other = client.upload(PNG)
    client.delete(other.id, purge=True)
    with pytest.raises(errors.NotFound):
        client.get(other.id)


def test_archive(client: Client, tmp_path: Path) -> None:
    images = [client.upload(made.encoded("png", made.picture(10 + i, 10)), tags=["x"]) for i in range(3)]
    target = tmp_path / "two.zip"
    assert client.archive([image.id for image in images[:2]], to=str(target)) == Archive(target, ())
    with zipfile.ZipFile(target) as archive:
        held = {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
        assert archive.testzip() is None
    assert {image.sha256 for image in images[:2]} <= held
    transform = Transform((Resize(width=5),))
    client.archive({"tag": "x", "max_width": 11}, to=target, format="webp", transform=transform)
    with zipfile.ZipFile(target) as archive:
        names = [name for name in archive.namelist() if name.endswith(".webp")]
        assert [made.pixels(archive.read(name)).shape[1] for name in names] == [5, 5]
    lost = models.Image.objects.get(pk=images[2].id)
    originals().delete(lost.storage_name)
    mark_missing(lost)
    (failure,) = client.archive({"tag": "x"}, to=target).failed
    assert (failure.id, failure.code) == (images[2].id, "object_missing")
    assert failure.detail
    assert list(tmp_path.iterdir()) == [target]
