"""Renditions ahead of their first visitor: they wait in rows, workers make them, and visitors find them."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import PIL.Image
import pytest
from django.db.models.functions import Now

from images import tasks
from images.models import Image, Rendition
from images.renditions import rendering
from images.services import waiting_renditions, worker_messages
from images.storage import ObjectStorage, renditions
from progimage.errors import ImageTooLarge, ObjectMissing, Unavailable
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.ahead import WEBP, ask_ahead, told, work
from tests.support.deletion import delete, sweep
from tests.support.listing import ledger
from tests.support.renders import failing

PNG = made.encoded("png")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def path(api: Api) -> str:
    return api.stored(PNG)


def wait(minutes: float) -> None:
    """Let every rendition wait for so long."""
    Rendition.objects.filter(state="waiting").update(due_at=Now() - minutes * MINUTE)


def states(api: Api, path: str) -> list[str]:
    return [entry["state"] for entry in ledger(api, path)["renditions"]]


class TestAsked:
    def test_rows_wait_and_workers_make_them(self, api: Api, path: str, storage: ObjectStorage) -> None:
        path = api.stored(PNG)
        answer = ask_ahead(
            api, path, WEBP, {"operations": [{"op": "grayscale"}], "output": {"format": "png"}}
        )
        assert answer.status_code == 202
        assert answer["Location"] == f"http://testserver{path}/renditions"
        entries = answer.json()["renditions"]
        assert [entry["state"] for entry in entries] == ["waiting", "waiting"]
        assert [(entry["bytes"], entry["problem"]) for entry in entries] == [(None, None)] * 2
        assert ledger(api, path)["renditions"] == entries
        work()
        assert states(api, path) == ["ready", "ready"]
        first = ledger(api, path)["renditions"][0]
        assert (first["id"], first["width"], first["height"], first["hits"]) == (entries[0]["id"], 30, 20, 0)

    def test_the_first_visitor_finds_it(self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ask_ahead(api, path, WEBP)
        work()
        monkeypatch.setattr(rendering, "render", failing(AssertionError("rendered again")))
        answer = api.get(f"{path}.webp?w=30&h=20&fit=cover")
        assert answer.status_code == 200
        assert PIL.Image.open(BytesIO(body(answer))).size == (30, 20)
        assert Rendition.objects.count() == 1

    def test_a_visitor_takes_it_over(self, api: Api, path: str) -> None:
        (entry,) = ask_ahead(api, path, WEBP).json()["renditions"]
        assert api.get(f"{path}.webp?w=30&h=20&fit=cover").status_code == 200
        row = Rendition.objects.get()
        assert (row.pk, row.state, row.attempts) == (entry["id"], "ready", 0)
        work()
        assert Rendition.objects.get().attempts == 0

    def test_a_repetition_makes_nothing_twice(self, api: Api, path: str) -> None:
        first = ask_ahead(api, path, WEBP, "resize:width=7").json()
        assert ask_ahead(api, path, WEBP, "resize:width=7").json() == first
        work()
        again = ask_ahead(api, path, "w=7&format=png", WEBP).json()["renditions"]
        assert [(entry["id"], entry["state"]) for entry in again] == [
            (first["renditions"][1]["id"], "ready"),
            (first["renditions"][0]["id"], "ready"),
        ]
        assert told() == []
        assert Rendition.objects.count() == 2

    def test_two_spellings_are_one_rendition(self, api: Api, path: str) -> None:
        text = {
            "operations": [{"op": "resize", "width": 30, "height": 20, "fit": "cover"}],
            "output": {"format": "webp"},
        }
        first, second = ask_ahead(api, path, WEBP, text).json()["renditions"]
        assert first == second
        assert len(told()) == 1

    def test_one_that_a_visitor_waits_for_survives_the_visitor(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def ask_and_fail(*_: Any) -> Any:
            assert ask_ahead(api, path, WEBP).json()["renditions"][0]["state"] == "rendering"
            raise Unavailable("away")

        with monkeypatch.context() as failed:
            failed.setattr(rendering, "render", ask_and_fail)
            assert api.get(f"{path}.webp?w=30&h=20&fit=cover").status_code == 503
        assert states(api, path) == ["waiting"]
        wait(2)
        tasks.make_renditions([Rendition.objects.get().pk])
        assert states(api, path) == ["ready"]


class TestSentAgain:
    @pytest.fixture
    def sent(self, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
        messages: list[list[int]] = []
        monkeypatch.setattr(worker_messages, "send_renditions", lambda ids: messages.append(list(ids)))
        return messages

    def test_what_waits_for_a_minute(self, api: Api, path: str, sent: list[list[int]]) -> None:
        ask_ahead(api, path, WEBP)
        assert tasks.send_waiting() == 0
        wait(0.1)
        assert tasks.send_waiting() == 1
        assert sent == [told()]
        assert tasks.send_waiting() == 0

    def test_accounts_in_turns_and_oldest_first(
        self, api: Api, other_api: Api, path: str, sent: list[list[int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker_messages, "IDS_PER_MESSAGE", 2)
        monkeypatch.setattr(waiting_renditions, "_MAX_SENT", 6)
        widths = [f"w={width}&format=png" for width in range(1, 9)]
        own = [entry["id"] for entry in ask_ahead(api, path, *widths).json()["renditions"]]
        others = ask_ahead(other_api, other_api.stored(PNG), *widths[:4]).json()["renditions"]
        theirs = [entry["id"] for entry in others]
        wait(1)
        Rendition.objects.filter(pk=own[5]).update(due_at=Now() - 9 * MINUTE)
        assert tasks.send_waiting() == 6
        assert sent == [[own[5], own[0]], theirs[:2], [own[1]], theirs[2:3]]
        sent.clear()
        assert tasks.send_waiting() == 4
        assert sent == [own[2:4], theirs[3:], own[4:5]]

    def test_nothing_of_an_image_that_is_not_ready(self, api: Api, path: str, sent: list[list[int]]) -> None:
        ask_ahead(api, path, WEBP)
        wait(1)
        Image.objects.update(state="pending")
        assert tasks.send_waiting() == 0
        tasks.make_renditions(told())
        assert Rendition.objects.get().attempts == 0

    def test_the_rest_of_a_long_message(self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Sweeps and other messages have their turns in between."""
        monkeypatch.setattr(tasks, "_RENDER_BUDGET_S", 0)
        ask_ahead(api, path, *(f"w={width}&format=png" for width in (1, 2, 3)))
        ids = told()
        tasks.make_renditions(ids)
        assert states(api, path) == ["ready", "waiting", "waiting"]
        assert told() == ids[1:]


class TestFailures:
    def test_the_image_is_to_blame(self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is the failure that a visitor gets, too, and no worker tries it again."""
        ask_ahead(api, path, WEBP)
        error = ImageTooLarge("far too large", pointer="/operations/0/width")
        with monkeypatch.context() as failed:
            failed.setattr(rendering, "render", failing(error))
            work()
        (entry,) = ledger(api, path)["renditions"]
        assert entry["state"] == "failed"
        assert entry["problem"] == {
            "code": "image_too_large",
            "detail": "far too large",
            "pointer": "/operations/0/width",
        }
        assert api.get(f"{path}.webp?w=30&h=20&fit=cover").json()["code"] == "image_too_large"
        assert ask_ahead(api, path, WEBP).json()["renditions"][0]["state"] == "failed"
        assert told() == []
        Rendition.objects.update(lease_until=Now() - MINUTE)
        (entry,) = ask_ahead(api, path, WEBP).json()["renditions"]
        assert (entry["state"], entry["problem"]) == ("waiting", None)
        work()
        assert states(api, path) == ["ready"]

    def test_it_is_known_for_a_day(self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        ask_ahead(api, path, WEBP)
        monkeypatch.setattr(rendering, "render", failing(ImageTooLarge("no")))
        work()
        Rendition.objects.update(lease_until=Now() - timedelta(hours=23))
        assert sweep("renders that ended halfway") == 0
        Rendition.objects.update(lease_until=Now() - timedelta(hours=25))
        assert sweep("renders that ended halfway") == 1

    def test_an_outage_is_tried_again_later_and_later(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_ahead(api, path, WEBP)
        (rendition_id,) = told()
        monkeypatch.setattr(rendering, "render", failing(ObjectMissing("gone")))
        pauses = []
        for _ in range(waiting_renditions.MAX_ATTEMPTS):
            assert states(api, path) == ["waiting"]
            tasks.make_renditions([rendition_id])
            (due_in,) = Rendition.objects.values_list("due_at", flat=True)
            now = Image.objects.values_list(Now(), flat=True).get()
            pauses.append(round((due_in - now) / MINUTE))
        assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
        (entry,) = ledger(api, path)["renditions"]
        assert (entry["state"], entry["problem"]) == ("failed", {"code": "object_missing", "detail": "gone"})
        tasks.make_renditions([rendition_id])
        assert Rendition.objects.get().attempts == waiting_renditions.MAX_ATTEMPTS

    def test_the_reason_is_shown_while_it_waits(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_ahead(api, path, WEBP)
        with monkeypatch.context() as failed:
            failed.setattr(rendering, "render", failing(Unavailable("busy")))
            work()
        (entry,) = ledger(api, path)["renditions"]
        assert (entry["state"], entry["problem"]) == ("waiting", {"code": "unavailable", "detail": "busy"})
        tasks.make_renditions([entry["id"]])
        (entry,) = ledger(api, path)["renditions"]
        assert (entry["state"], entry["problem"]) == ("ready", None)

    def test_a_visitor_may_try_at_once_after_the_last_attempt(self, api: Api, path: str) -> None:
        ask_ahead(api, path, WEBP)
        Rendition.objects.update(attempts=waiting_renditions.MAX_ATTEMPTS)
        work()
        (entry,) = ledger(api, path)["renditions"]
        assert (entry["state"], entry["problem"]["code"]) == ("failed", "internal_error")
        assert api.get(f"{path}.webp?w=30&h=20&fit=cover").status_code == 200

    def test_an_unexpected_error_stops_no_other(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        ask_ahead(api, path, WEBP, "w=7&format=png")
        render = rendering.render

        def fail_once(source: Any, recipe: Any, *rest: Any) -> Any:
            if recipe.transform.output.format == "webp":
                raise KeyError("a bug")
            return render(source, recipe, *rest)

        monkeypatch.setattr(rendering, "render", fail_once)
        work()
        assert states(api, path) == ["waiting", "ready"]
        assert "could not be made ahead" in caplog.text

    def test_a_killed_worker_leaves_it_to_another(self, api: Api, path: str) -> None:
        ask_ahead(api, path, WEBP)
        Rendition.objects.update(state="rendering", lease="0" * 32, lease_until=Now() - 2 * MINUTE)
        assert sweep("renders that ended halfway") == 1
        assert states(api, path) == ["waiting"]
        work()
        assert states(api, path) == ["ready"]


class TestDeleted:
    def test_rows_go_with_the_image(self, api: Api, path: str) -> None:
        ask_ahead(api, path, WEBP)
        assert delete(api, path) == 204
        assert not Rendition.objects.exists()
        work()
        assert not Rendition.objects.exists()
        assert ask_ahead(api, path, WEBP).status_code == 404

    def test_rows_that_a_deletion_left_are_swept(self, api: Api, path: str) -> None:
        ask_ahead(api, path, WEBP)
        Image.objects.update(state="deleted", deleted_at=Now())
        work()
        assert Rendition.objects.get().state == "waiting"
        assert sweep("renditions of deleted images") == 1
        assert not Rendition.objects.exists()

    def test_deletion_during_the_render(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch, storage: ObjectStorage
    ) -> None:
        path = api.stored(PNG)
        ask_ahead(api, path, WEBP)
        (row,) = Rendition.objects.all()
        render = rendering.render

        def render_then_delete(*arguments: Any) -> Any:
            result = render(*arguments)
            assert delete(api, path) == 204
            return result

        monkeypatch.setattr(rendering, "render", render_then_delete)
        work()
        assert not Rendition.objects.exists()
        assert renditions().find_object(row.storage_name) is None

    def test_a_purge_takes_those_that_wait(self, api: Api, path: str) -> None:
        ask_ahead(api, path, WEBP)
        assert api.request("DELETE", f"{path}/renditions").status_code == 204
        assert ledger(api, path)["renditions"] == []
