"""Renditions that nobody has asked for before: made past Django, with the answer that Django gives."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from images.fast_path.direct_pool import direct_pool
from images.models import Image, Rendition
from images.services import hit_counts
from images.storage import renditions
from images.upkeep.overview_making import make_waiting
from progimage.errors import Unavailable, UnprocessableImage
from tests.conftest import Api
from tests.support.both_ways import REQUEST_ID, Reply, Ways, bearer, path, public_path, ways
from tests.support.overviews import COVER, image_of, overview_of, stored, stored_with_overview
from tests.support.problems import lines
from transforms.workers.turn import Turn

__all__ = ["lines", "path", "public_path", "ways"]

pytestmark = pytest.mark.django_db(transaction=True)

QUERIES = (
    ".webp?w=51",
    ".png?w=30&v=1&download=a.png",
    ".jpg?transform=resize:width=40,height=40,fit=cover,gravity=smart",
    "?format=auto&w=31",
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "image/webp"},
    {"Range": "bytes=5-20"},
    {"Range": "bytes=99999999-"},
    {"If-None-Match": "*"},
    {"If-Match": '"another"'},
)


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets of all renders."""
    rendered: list[str] = []
    render = Turn.render

    def counted(turn: Turn, source: Any, transform: Any, target: Path, **options: Any) -> Any:
        rendered.append(target.name)
        return render(turn, source, transform, target, **options)

    monkeypatch.setattr(Turn, "render", counted)
    return rendered


def fails(monkeypatch: pytest.MonkeyPatch, error: Exception) -> list[str]:
    """Let every render fail, and return the names of those that were tried."""
    tried: list[str] = []

    def fail(turn: Turn, source: Any, transform: Any, target: Path, **options: Any) -> Any:
        tried.append(target.name)
        raise error

    monkeypatch.setattr(Turn, "render", fail)
    return tried


def forget() -> None:
    for row in Rendition.objects.all():
        renditions().delete(row.storage_name)
        row.delete()


def made_both_ways(ways: Ways, target: str, method: str = "GET", **headers: str) -> tuple[Reply, bool]:
    """Return the answer for which both ways have rendered, and whether the fast way needed no Django."""
    headers = {"X-Request-ID": REQUEST_ID, **headers}
    forget()
    reply, is_fast = ways.fast(target, method, **headers)
    row = Rendition.objects.get()
    forget()
    assert ways.slow(target, method, **headers) == reply
    assert Rendition.objects.get().cache_key == row.cache_key
    return reply, is_fast


@pytest.mark.parametrize("query", QUERIES)
def test_made_renditions_are_the_same_both_ways(
    query: str, ways: Ways, path: str, public_path: str, api: Api, tmp_path: Path
) -> None:
    for method, headers in product(("GET", "HEAD"), HEADERS):
        reply, is_fast = made_both_ways(ways, f"{path}{query}", method, **bearer(api), **headers)
        assert is_fast or reply.status[:3] in ("412", "416"), (method, headers, reply)
    assert made_both_ways(ways, f"{public_path}{query}")[1]
    assert list(tmp_path.rglob(".put-*")) == []


def test_row_is_that_of_django(ways: Ways, path: str, api: Api) -> None:
    facts = []
    for send in (ways.fast, ways.slow):
        forget()
        send(f"{path}.webp?w=51", **bearer(api))
        (row,) = Rendition.objects.values()
        facts.append({name: value for name, value in row.items() if name not in ("id", "created_at")})
    hit_counts.flush()
    assert facts[0] == facts[1]
    assert facts[0]["state"] == "ready"


def test_statements(ways: Ways, path: str, api: Api, django_assert_num_queries: Any) -> None:
    """The look-up, the claim and the end go by connections of the fast path."""
    with django_assert_num_queries(0):
        assert ways.fast(f"{path}.webp?w=51", **bearer(api))[1]


def test_django_writes_if_no_connection_is_left(
    ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_row = direct_pool.fetch_row

    def fetch(statement: str, parameters: Any) -> Any:
        if not statement.lstrip().startswith("SELECT"):
            raise Unavailable("The fast path has no connection")
        return fetch_row(statement, parameters)

    monkeypatch.setattr(direct_pool, "fetch_row", fetch)
    reply, is_fast = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert (reply.status, is_fast) == ("200 OK", True)
    assert Rendition.objects.filter(state=Rendition.State.READY).count() == 2


def test_one_of_many_renders(ways: Ways, path: str, api: Api, renders: list[str]) -> None:
    def ask(_: int) -> Reply:
        try:
            return ways.fast(f"{path}.webp?w=51", **bearer(api), **{"X-Request-ID": REQUEST_ID})[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        replies = set(threads.map(ask, range(8)))
    assert {reply.status for reply in replies} == {"200 OK"}
    assert len(replies) == len(renders) == 1


@pytest.mark.parametrize(
    ("error", "status", "rows"),
    [(UnprocessableImage("It is broken"), "422", 1), (Unavailable("Too many", retry_after_s=7), "503", 0)],
    ids=["of the image", "of the server"],
)
def test_failed_render_is_answered_by_django_and_tried_once(
    error: Exception, status: str, rows: int, ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget()
    tried = fails(monkeypatch, error)
    reply, is_fast = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert (reply.status[:3], is_fast, len(tried)) == (status, False, 1)
    assert Rendition.objects.filter(state=Rendition.State.FAILED).count() == rows
    if status == "503":
        assert reply.header("Retry-After") == "7"
    else:
        assert (
            ways.compared(f"{path}.webp?w=51", **bearer(api), **{"X-Request-ID": REQUEST_ID})[0].status[:3]
            == "422"
        )
        assert len(tried) == 1


def test_error_that_nobody_expects_is_raised_once(
    ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = fails(monkeypatch, KeyError("x"))
    reply, is_fast = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert (reply.status[:3], is_fast, len(tried)) == ("500", False, 1)
    assert "the fast path has failed" not in caplog.text
    caplog.clear()


def test_line_of_a_failure_has_the_time_and_the_id_of_the_whole_request(
    ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, Any]]
) -> None:
    def fail(turn: Turn, *arguments: Any, **options: Any) -> Any:
        time.sleep(0.3)
        logging.getLogger("progimage.test").warning("it takes long")
        raise Unavailable("Too many")

    monkeypatch.setattr(Turn, "render", fail)
    reply, _ = ways.fast(f"{path}.webp?w=51", **bearer(api))
    (within,) = [line for line in lines if line["message"] == "it takes long"]
    request = [line for line in lines if line["message"] == "request"][-1]
    assert request["duration_ms"] >= 300
    assert within["request_id"] == request["request_id"] == reply.header("X-Request-ID")


def test_request_that_may_not_wait_is_refused_once(
    ways: Ways, path: str, api: Api, settings: Any, renders: list[str]
) -> None:
    settings.RENDITION_WAITERS = 0
    reply, is_fast = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert (reply.status[:3], is_fast) == ("503", False)
    assert reply.header("Retry-After") == "1"
    assert renders == []


def test_original_that_is_lost_is_flagged(ways: Ways, path: str, api: Api, tmp_path: Path) -> None:
    image = image_of(path)
    (tmp_path / image.storage_name).unlink()
    reply, _ = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert reply.status[:3] == "502"
    assert image_of(path).missing_at is not None


class TestOverviews:
    def test_first_render_asks_for_the_overview(self, ways: Ways, api: Api) -> None:
        path = stored(api)
        overview_of(path).delete()
        reply, is_fast = ways.fast(f"{path}.jpg?{COVER}&v=1", **bearer(api))
        assert is_fast
        assert "immutable" not in reply.header("Cache-Control")
        assert make_waiting() == 1

    @pytest.mark.parametrize("focal", [None, 0.25])
    def test_made_from_overviews_both_ways(self, focal: float | None, ways: Ways, api: Api) -> None:
        path = stored_with_overview(api)
        Image.objects.update(focal_x=focal, focal_y=focal)
        reply, is_fast = made_both_ways(ways, f"{path}.jpg?{COVER}&v=1", **bearer(api))
        assert is_fast
        assert "immutable" in reply.header("Cache-Control")

    def test_original_answers_if_the_overview_is_lost(self, ways: Ways, api: Api) -> None:
        path = stored_with_overview(api)
        renditions().delete(overview_of(path).storage_name)
        reply, is_fast = ways.fast(f"{path}.jpg?{COVER}&v=1", **bearer(api))
        assert (reply.status, is_fast) == ("200 OK", True)
        assert "immutable" not in reply.header("Cache-Control")
        assert ways.slow(f"{path}.jpg?{COVER}&v=1", **bearer(api)).body == reply.body


@pytest.mark.parametrize("change", ["delete", "purge"])
def test_image_that_is_deleted_meanwhile_is_not_sent(
    change: str, ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    render: Callable[..., Any] = Turn.render

    def deleting(turn: Turn, *arguments: Any, **options: Any) -> Any:
        facts = render(turn, *arguments, **options)
        assert api.request("DELETE", f"{path}?purge={str(change == 'purge').lower()}").status_code == 204
        return facts

    monkeypatch.setattr(Turn, "render", deleting)
    reply, is_fast = ways.fast(f"{path}.webp?w=51", **bearer(api))
    assert (reply.status[:3], is_fast) == ("404", False)
