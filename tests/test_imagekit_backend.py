"""Renditions through ImageKit: the four faults that were measured in its stock backend stay away."""

import hashlib
import io
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from imagekit.cachefiles import ImageCacheFile
from imagekit.registry import generator_registry

from images import services, tasks
from images.models import Image, Rendition
from images.renditions import imagekit_backend, rendering
from images.renditions.imagekit_spec import SPEC_ID, RenditionSpec
from images.storage import S3ObjectStorage, originals, renditions
from progimage.errors import Unavailable, UnprocessableImage
from tests.conftest import Api, body, make_api, skip_or_fail, use_disk
from tests.support import images as made
from tests.support.servers import S3_MISSING_REASON

PNG = made.encoded("png")
Render = Callable[..., rendering.RenderedFile]


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list to which each render adds its image's id."""
    done: list[str] = []
    render = rendering.render

    def counted(image: Image, transform: Any) -> rendering.RenderedFile:
        done.append(str(image.id))
        return render(image, transform)

    monkeypatch.setattr(rendering, "render", counted)
    return done


def failing(error: Exception) -> Render:
    def fail(*_: Any) -> rendering.RenderedFile:
        raise error

    return fail


class TestFailures:
    def test_failed_render_is_remembered_briefly_and_then_tried_again(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
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

    @pytest.mark.parametrize("error", [Unavailable("busy"), RuntimeError("a bug")], ids=["busy", "bug"])
    def test_render_that_could_not_be_tried_leaves_nothing(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        path = api.stored(PNG)
        with monkeypatch.context() as patch:
            patch.setattr(rendering, "render", failing(error))
            assert api.get(f"{path}.gif").status_code in (500, 503)
        assert not Rendition.objects.exists()
        assert api.get(f"{path}.gif").status_code == 200

    def test_lease_of_a_killed_process_is_taken_over(self, api: Api) -> None:
        path = api.stored(PNG)
        first = body(api.get(f"{path}.gif"))
        Rendition.objects.update(
            state=Rendition.State.RENDERING,
            lease=uuid.uuid4(),
            lease_until=timezone.now() - timedelta(seconds=1),
        )
        assert body(api.get(f"{path}.gif")) == first
        assert Rendition.objects.get().state == Rendition.State.READY

    def test_living_lease_is_waited_for_and_then_refused(self, api: Api, settings: Any) -> None:
        path = api.stored(PNG)
        api.get(f"{path}.gif")
        alive = timezone.now() + timedelta(minutes=1)
        Rendition.objects.update(state=Rendition.State.RENDERING, lease=uuid.uuid4(), lease_until=alive)
        settings.RENDER_TIMEOUT_S = 0.2
        answer = api.get(f"{path}.gif")
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")

    def test_sweep_drops_what_lapsed_and_nothing_else(self, api: Api) -> None:
        path = api.stored(PNG)
        for extension in ("gif", "png"):
            api.get(f"{path}.{extension}")
        lapsed = Rendition.objects.get(format="gif")
        long_ago = timezone.now() - timedelta(hours=1)
        Rendition.objects.filter(pk=lapsed.pk).update(
            state="rendering", lease=uuid.uuid4(), lease_until=long_ago
        )
        assert tasks.sweep()["renders that ended halfway"] == 1
        assert list(Rendition.objects.values_list("format", flat=True)) == ["png"]
        with pytest.raises(FileNotFoundError):
            renditions().open_range(lapsed.storage_name)

    def test_image_deleted_while_it_renders_leaves_no_object(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
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
        self, api: Api, monkeypatch: pytest.MonkeyPatch, where: ModuleType, step: str
    ) -> None:
        path = api.stored(PNG)
        purged: list[int] = []
        go_on = getattr(where, step)

        def purging(*args: Any) -> Any:
            result = go_on(*args)
            if not purged:
                purged.extend(Rendition.objects.values_list("pk", flat=True))
                services.purge_renditions(Image.objects.get().pk, account=api.account)
            return result

        monkeypatch.setattr(where, step, purging)
        answers = [api.get(f"{path}.gif") for _ in range(2)]
        assert [(answer.status_code, body(answer)[:3]) for answer in answers] == [(200, b"GIF")] * 2
        assert Rendition.objects.get(state=Rendition.State.READY).pk not in purged

    def test_lease_that_was_lost_is_another_renders(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        """Who rendered for too long keeps away from the row and the object of who took over."""
        settings.RENDER_TIMEOUT_S = 0.2
        path = api.stored(PNG)
        render = rendering.render

        def too_slow(image: Image, transform: Any) -> rendering.RenderedFile:
            Rendition.objects.update(lease=uuid.uuid4(), lease_until=timezone.now() + timedelta(minutes=1))
            return render(image, transform)

        monkeypatch.setattr(rendering, "render", too_slow)
        assert api.get(f"{path}.gif").status_code == 503
        row = Rendition.objects.get()
        assert row.state == Rendition.State.RENDERING
        with renditions().open_range(row.storage_name) as stored:
            assert stored.read(3) == b"GIF"

    def test_object_of_a_killed_render_is_replaced(self, api: Api) -> None:
        path = api.stored(PNG)
        whole = body(api.get(f"{path}.gif"))
        name = Rendition.objects.get().storage_name
        Rendition.objects.all().delete()
        renditions().delete(name)
        renditions().put(name, io.BytesIO(b"half"), sha256=hashlib.sha256(b"half").hexdigest())
        assert body(api.get(f"{path}.gif")) == whole
        assert body(api.get(f"{path}.gif")) == whole

    def test_too_many_waiters_are_refused_at_once(self, api: Api, settings: Any) -> None:
        path = api.stored(PNG)
        settings.RENDITION_WAITERS = 0
        answer = api.get(f"{path}.gif")
        assert (answer.status_code, answer["Retry-After"]) == (503, "1")
        settings.RENDITION_WAITERS = 1
        assert api.get(f"{path}.gif").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["s3", "disk"])
def test_fifty_concurrent_first_requests_render_once_and_all_succeed(
    renders: list[str], settings: Any, tmp_path: Any, kind: str
) -> None:
    if kind == "s3" and S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    if kind == "disk":
        use_disk(settings, tmp_path)
    api = make_api("alice")
    path = api.stored(made.encoded("png"))
    start = threading.Barrier(50)

    def first_request(_: int) -> tuple[int, bytes]:
        caller = Api(api.account, api.key)
        start.wait()
        try:
            answer = caller.get(f"{path}.webp?w=30")
            return answer.status_code, body(answer)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as threads:
        answers = set(threads.map(first_request, range(50)))
    assert [status for status, _ in answers] == [200]
    assert len(renders) == 1


@pytest.fixture
def s3_requests() -> Iterator[Counter[str]]:
    """Counts what is sent to S3, by operation."""
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    sent: Counter[str] = Counter()
    stores = [originals(), renditions()]

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


class TestNames:
    def test_names_come_from_ids_and_the_cache_key_alone(self) -> None:
        """ImageKit's own names are pickles of class paths: they move when a class does."""

        class MovedSpec(RenditionSpec):
            """As if the class had got another name in another module."""

        row = Rendition(
            image=Image(id=uuid.UUID("01890000-0000-7000-8000-0000000000ab")),
            cache_key="c0ffee",
            format="jpeg",
        )
        expected = "renditions/ab/01890000-0000-7000-8000-0000000000ab/c0ffee.jpg"
        for spec in (RenditionSpec(source=row), MovedSpec(source=row)):
            assert ImageCacheFile(spec).name == expected
            assert spec.get_hash() == "c0ffee"

    def test_spec_is_registered(self) -> None:
        """An unregistered spec's strategy never fires."""
        assert isinstance(generator_registry.get(SPEC_ID, source=Rendition()), RenditionSpec)

    def test_imagekit_reads_what_delivery_wrote(self, api: Api) -> None:
        delivered = body(api.get(f"{api.stored(PNG)}.png?w=9"))
        file = ImageCacheFile(generator_registry.get(SPEC_ID, source=Rendition.objects.get()))
        assert file.read() == delivered
        assert bool(file)


def test_every_renditions_bytes_came_through_imagekit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[str] = []
    written: list[tuple[str, bool]] = []
    generate, put = ImageCacheFile._generate, type(renditions()).put

    def watched_generate(file: ImageCacheFile) -> None:
        inside.append(file.name)
        generate(file)
        inside.remove(file.name)

    def watched_put(store: Any, name: str, *args: Any, **kwargs: Any) -> None:
        written.append((name, name in inside))
        put(store, name, *args, **kwargs)

    monkeypatch.setattr(ImageCacheFile, "_generate", watched_generate)
    monkeypatch.setattr(type(renditions()), "put", watched_put)
    path = api.stored(PNG)
    for suffix in (".jpg", ".png", ".webp?w=5", ".gif?transform=resize:4", ".jpg"):
        body(api.get(path + suffix))
    made_by_imagekit = [name for name, was_inside in written if was_inside]
    assert made_by_imagekit == [row.storage_name for row in Rendition.objects.all()]
    assert [name for name, was_inside in written if not was_inside] == [Image.objects.get().storage_name]
