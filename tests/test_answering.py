"""GETs of images past Django: the same answer, byte by byte, or none."""

import itertools
import re
import time
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from config.http import fast_answers
from images.fast_path import answering, rows
from images.fast_path.direct_pool import direct_pool
from images.fast_path.key_shapes import shapes
from images.models import Image, Rendition
from images.services import hit_counts, overviews, renditions
from images.upkeep.overview_making import make_waiting
from progimage.signing import sign_url
from tests.conftest import Api
from tests.support import images as made
from tests.support.both_ways import Reply, Ways, bearer, environ_of, path, public_path, refused, ways
from tests.support.overviews import COVER, image_of, stored, stored_with_overview

__all__ = ["path", "public_path", "ways"]

pytestmark = pytest.mark.django_db(transaction=True)

SMART = ".jpeg?transform=resize:width=40,height=40,fit=cover,gravity=smart"
QUERIES = (
    ".webp?w=50",
    ".webp?w=50&v=1",
    ".JPG?w=60&fit=cover&h=40",
    ".png?transform=crop:left=1,top=2,width=30,height=20/grayscale",
    ".webp?w=50&utm_source=letter&fbclid=1",
    ".webp?w=50&download=a%20b.webp",
    ".webp?w=50&download=%D1%84.webp",
    "?format=webp&w=50",
    ".webp?format=auto&w=50",
    "?format=auto",
    SMART,
    ".jpeg?hdr=keep&w=40",
    "",
    "?download=original.jpg",
    "?v=2",
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "image/avif,image/webp,*/*;q=0.8"},
    {"Accept": "image/webp"},
    {"Range": "bytes=0-9"},
    {"Range": "bytes=5-"},
    {"Range": "bytes=-7"},
    {"Range": "bytes=0-1,4-5"},
    {"Range": "bytes=99999999-"},
    {"Range": "bytes=0-9", "If-Range": '"another"'},
    {"If-None-Match": "*"},
    {"If-None-Match": '"another"'},
    {"If-Match": "*"},
    {"If-Match": '"another"'},
)
BY_DJANGO = ({"Range": "bytes=99999999-"}, {"If-Match": '"another"'})
"""Headers that lead to errors."""


@pytest.mark.parametrize("query", QUERIES)
def test_answers_are_the_same_both_ways(
    query: str, ways: Ways, path: str, public_path: str, api: Api
) -> None:
    for target in (f"{path}{query}", f"{public_path}{query}"):
        assert api.get(target, Accept="image/webp").status_code == 200
        assert api.get(target, Accept="image/avif").status_code == 200
        for method, headers in product(("GET", "HEAD"), HEADERS):
            reply, is_fast = ways.compared(target, method, **bearer(api), **headers)
            may_fail = headers in BY_DJANGO and "If-None-Match" not in headers
            assert is_fast or may_fail, (target, method, headers, reply.status)


@pytest.mark.parametrize("query", QUERIES)
def test_signed_and_public_answers_are_the_same_both_ways(
    query: str, ways: Ways, path: str, public_path: str, api: Api
) -> None:
    plain_query = query.replace("&utm_source=letter&fbclid=1", "")
    for target in (f"{path}{plain_query}", f"{public_path}{query}"):
        assert api.get(target).status_code == 200
    expires_at = int(time.time()) + 900
    url = sign_url(f"http://testserver{path}{plain_query}", api_key=api.key, expires_at=expires_at)
    for method in ("GET", "HEAD"):
        reply, is_fast = same_in_one_second(ways, url.removeprefix("http://testserver"), method)
        assert (reply.status, is_fast) == ("200 OK", True)
        assert reply.header("Access-Control-Allow-Origin") == "*"
        reply, is_fast = ways.compared(f"{public_path}{query}", method)
        assert (reply.status, is_fast) == ("200 OK", True)


def same_in_one_second(ways: Ways, target: str, method: str) -> tuple[Reply, bool]:
    """The max-age of a signed URL falls each second."""
    try:
        return ways.compared(target, method)
    except AssertionError:
        return ways.compared(target, method)


def test_successor_is_named(ways: Ways, path: str, api: Api) -> None:
    image_id = path.rpartition("/")[2]
    successor = api.stored(made.encoded("png"), query=f"?replaces={image_id}")
    reply, is_fast = ways.compared(f"{path}.webp?w=50", **bearer(api))
    assert is_fast
    assert successor in reply.header("Link")
    assert api.request("DELETE", successor).status_code == 204
    reply, is_fast = ways.compared(f"{path}.webp?w=50", **bearer(api))
    assert is_fast
    assert "Link" not in dict(reply.headers)


def test_focal_point_is_part_of_the_key(ways: Ways, path: str, api: Api) -> None:
    target = f"{path}.jpeg?transform=resize:width=40,height=40,fit=cover,gravity=smart"
    before = api.get(target)
    assert ways.compared(target, **bearer(api))[1]
    changed = api.request(
        "PATCH", path, data='{"focal_point": {"x": 0.1, "y": 0.2}}', content_type="application/json"
    )
    assert changed.status_code == 200, changed.content
    reply, is_fast = ways.compared(target, **bearer(api))
    assert is_fast
    assert Rendition.objects.filter(format="jpeg").count() == 2
    assert reply.header("Transform-Key") != before["Transform-Key"]


class TestOverviews:
    """Of large originals the key of now is the right one: with an overview, before it comes, after it went."""

    QUERIES = (
        f".jpg?{COVER}",
        f".jpg?{COVER}&v=1",
        f"?{COVER}&format=auto&v=1",
        ".jpg?transform=thumbnail:width=100&v=1",
        ".jpg?w=900&v=1",
        ".jpg?w=100&metadata=keep&v=1",
        "",
    )

    def compare(self, ways: Ways, target: str, api: Api) -> Reply:
        """Return the answer, which is the same both ways."""
        for headers in ({}, {"Accept": "image/webp"}, {"Range": "bytes=5-"}, {"If-None-Match": "*"}):
            for method in ("HEAD", "GET"):
                _, is_fast = ways.compared(target, method, **bearer(api), **headers)
                assert is_fast, (target, method, headers)
        return ways.compared(target, **bearer(api))[0]

    @pytest.mark.parametrize("focal", [None, 0.25], ids=["no focal point", "focal point"])
    def test_each_state(self, focal: float | None, ways: Ways, api: Api, settings: Any) -> None:
        path = stored(api)
        Image.objects.update(focal_x=focal, focal_y=focal)
        awaiting = [self.compare(ways, f"{path}{query}", api) for query in self.QUERIES]
        assert make_waiting() == 1
        ready = [self.compare(ways, f"{path}{query}", api) for query in self.QUERIES]
        overviews.remove_overview(image_of(path).pk)
        gone = [self.compare(ways, f"{path}{query}", api) for query in self.QUERIES]
        settings.OVERVIEWS = False
        off = [self.compare(ways, f"{path}{query}", api) for query in self.QUERIES]

        serving = slice(0, 4 if focal else 3)
        keys = [[reply.header("Transform-Key") for reply in replies[:-1]] for replies in (awaiting, ready)]
        assert {a != b for a, b in zip(*keys, strict=True)} == {True, False}
        assert all(a != b for a, b in zip(keys[0][serving], keys[1][serving], strict=True))
        caching = [[reply.header("Cache-Control") for reply in replies] for replies in (awaiting, ready)]
        assert not any("immutable" in value for value in caching[0][serving])
        assert all("immutable" in value for value in caching[1][1:])
        assert [reply.body for reply in gone] == [reply.body for reply in awaiting]
        assert all("immutable" in reply.header("Cache-Control") for reply in off[1:])

    def test_one_statement(self, ways: Ways, api: Api, statements: list[str]) -> None:
        path = stored_with_overview(api)
        for query in (f".jpg?{COVER}", ".jpg?w=900"):
            target = f"{path}{query}"
            assert api.get(target).status_code == 200
            statements.clear()
            shapes.clear()
            assert ways.fast(target, **bearer(api))[1]
            assert len(statements) == 1

    def test_full_decode_that_was_left_is_not_sent(self, ways: Ways, api: Api) -> None:
        """A render of before the overview may end after it."""
        path = stored_with_overview(api)
        target = f"{path}.jpg?{COVER}&v=1"
        right = self.compare(ways, target, api)
        row = Rendition.objects.select_related("image").get()
        Image.objects.update(overview_version=None)
        wrong = self.compare(ways, target, api)
        Image.objects.update(overview_version=row.image.overview_version)
        assert wrong.header("Transform-Key") != right.header("Transform-Key")
        assert ways.compared(target, **bearer(api)) == (right, True)
        row.delete()
        assert not ways.fast(target, **bearer(api))[1]


@pytest.mark.parametrize("state", [Rendition.State.RENDERING, Rendition.State.FAILED])
def test_rendition_that_is_not_ready_is_left_to_django(
    state: Rendition.State, ways: Ways, path: str, api: Api
) -> None:
    later = timezone.now() + timedelta(seconds=30)
    Rendition.objects.update(state=state, lease_until=later, failure_code="takes_too_long")
    ways_before = ways.django_calls
    if state == Rendition.State.FAILED:
        assert refused(ways, f"{path}.webp?w=50", **bearer(api)) == "422"
    else:
        assert answering.find_answer(environ_of(f"{path}.webp", "w=50", api)) is None
        ways_before -= 1
    assert ways.django_calls == ways_before + 1


@pytest.mark.parametrize("change", ["gone", "longer", "shorter", "empty"])
def test_file_that_is_not_as_its_row_says_is_left_to_django(
    change: str, ways: Ways, path: str, api: Api, tmp_path: Path
) -> None:
    row = Rendition.objects.get()
    file = tmp_path / row.storage_name
    content = file.read_bytes()
    changed = {"longer": content + b"x", "shorter": content[:-1], "empty": b""}
    if change == "gone":
        file.unlink()
    else:
        file.write_bytes(changed[change])
    assert answering.find_answer(environ_of(f"{path}.webp", "w=50", api)) is None


def test_deliveries_are_counted(ways: Ways, path: str, api: Api) -> None:
    hit_counts._counts.clear()
    row = Rendition.objects.get()
    for method in ("GET", "HEAD", "GET"):
        assert ways.fast(f"{path}.webp?w=50", method, **bearer(api))[1]
    assert hit_counts._counts == {row.pk: 2}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of the fast path."""
    sent: list[str] = []
    execute = psycopg.Connection.execute

    def counted(connection: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        if options.get("prepare"):
            sent.append(str(query))
        return execute(connection, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    return sent


@pytest.mark.parametrize(
    ("query", "counts"),
    [
        (".webp?w=50", [1, 1]),
        ("", [1, 1]),
        ("?format=auto&w=50", [2, 1]),
        (".jpeg?hdr=keep&w=40", [2, 1]),
        (SMART, [2, 1]),
    ],
)
def test_statements(
    query: str,
    counts: list[int],
    ways: Ways,
    path: str,
    api: Api,
    statements: list[str],
    django_assert_num_queries: Any,
) -> None:
    Image.objects.update(focal_x=0.1, focal_y=0.2)
    api.get(f"{path}{query}")
    for count in counts:
        statements.clear()
        with django_assert_num_queries(0):
            assert ways.fast(f"{path}{query}", **bearer(api))[1]
        assert len(statements) == count


def test_no_connection_is_held_while_the_file_is_read(
    ways: Ways, path: str, api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FAST_PATH_CONNECTIONS = 1  # a pool that grows counts connections that are on their way
    assert ways.fast(f"{path}.webp?w=50", **bearer(api))[1]
    pool: Any = direct_pool._pool
    idle: list[int] = []
    open_body = fast_answers._open_body

    def watched(answer: Any) -> Any:
        stats = pool.get_stats()
        idle.append(stats["pool_size"] - stats["pool_available"])
        return open_body(answer)

    monkeypatch.setattr(fast_answers, "_open_body", watched)
    assert ways.fast(f"{path}.webp?w=50", **bearer(api))[1]
    assert idle == [0]


@pytest.mark.parametrize(
    ("statement", "indexes"),
    [
        (rows._STATEMENT, {"images_image_pkey", "accounts_account_pkey", "rendition_once_per_image"}),
        (renditions._MARK_READY, {"images_image_pkey", "images_rendition_pkey"}),
    ],
    ids=["look-up", "end"],
)
def test_statements_that_are_planned_once_go_by_keys(statement: str, indexes: set[str]) -> None:
    """The plan may be older than the rows. An index of all ready images seems as good while there are none."""
    numbers = itertools.count(1)
    numbered = re.sub("%[bs]", lambda _: f"${next(numbers)}", statement)
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        try:
            cursor.execute(f"EXPLAIN (GENERIC_PLAN) {numbered}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        finally:
            cursor.execute("RESET enable_seqscan")
    used = set(re.findall(r"Index (?:Only )?Scan using (\w+)", plan))
    assert {index for index in used if not index.startswith("accounts_apikey")} == indexes
