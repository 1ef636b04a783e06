"""Renditions through ImageKit: the four faults that were measured in its stock backend stay away."""

import hashlib
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from images import tasks
from images.models import Rendition
from images.renditions import rendering
from images.renditions.sources import OpenSource
from images.storage import renditions
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")


class TestFailures:
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

    @pytest.mark.parametrize(("minutes", "count"), [(59, 0), (61, 1)])
    def test_sweep_drops_failures_an_hour_after_their_time(self, api: Api, minutes: int, count: int) -> None:
        api.get(f"{api.stored(PNG)}.gif")
        ended_at = timezone.now() - timedelta(minutes=minutes)
        Rendition.objects.update(state="failed", failure_code="takes_too_long", lease_until=ended_at)
        assert tasks.sweep()["renders that ended halfway"] == count

    def test_lease_that_was_lost_is_another_renders(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, settings: Any
    ) -> None:
        """A request that rendered for too long sends its result. It leaves alone the row and the object of the
        request that took over."""
        settings.RENDER_TIMEOUT_S = 0.2
        path = api.stored(PNG)
        render = rendering.render

        def too_slow(source: OpenSource, recipe: Any, *rest: Any) -> rendering.RenderedFile:
            Rendition.objects.update(lease=uuid.uuid4(), lease_until=timezone.now() + timedelta(minutes=1))
            return render(source, recipe, *rest)

        monkeypatch.setattr(rendering, "render", too_slow)
        assert body(api.get(f"{path}.gif")).startswith(b"GIF")
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

    @pytest.mark.parametrize("is_purged", [False, True], ids=["taken over", "purged and claimed anew"])
    def test_object_of_another_request_stays(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, is_purged: bool
    ) -> None:
        """A request that has lost its lease sends its own result, and leaves alone the object that another request
        has stored meanwhile."""
        path = api.stored(PNG)
        whole = body(api.get(f"{path}.gif"))
        row = Rendition.objects.get()
        others_object = bytes(len(whole))
        renditions().delete(row.storage_name)
        lapsed = timezone.now() - timedelta(seconds=1)
        Rendition.objects.update(state=Rendition.State.RENDERING, lease=uuid.uuid4(), lease_until=lapsed)
        render = rendering.render

        def too_slow(source: OpenSource, recipe: Any, *rest: Any) -> rendering.RenderedFile:
            """Render while another request stores its result and makes the row ready. Do so once."""
            monkeypatch.setattr(rendering, "render", render)
            Rendition.objects.all().delete()
            if is_purged:
                row.pk = None  # from the sequence: an invented id would be that of the next test's row, too
            row.save(force_insert=True)
            sha256 = hashlib.sha256(others_object).hexdigest()
            renditions().put(row.storage_name, io.BytesIO(others_object), sha256=sha256)
            return render(source, recipe, *rest)

        monkeypatch.setattr(rendering, "render", too_slow)
        assert body(api.get(f"{path}.gif")) == whole
        assert body(api.get(f"{path}.gif")) == others_object
        with renditions().open_range(row.storage_name) as stored:
            assert stored.read() == others_object
