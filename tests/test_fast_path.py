"""GETs of images past Django: the same answer, byte by byte, or none."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts import services
from accounts.models import Account, ApiKey, Scope
from config.http import fast_answers
from config.http.fast_answers import FastAnswers
from config.slow_clients.exchanges import SLOTS
from images.fast_path import answering
from images.fast_path.direct_pool import direct_pool
from images.models import Image, Rendition
from images.services import hit_counts
from progimage.signing import sign_url
from tests.conftest import Api, make_api, use_disk
from tests.support import images as made
from tests.support.both_ways import Reply, Ways
from tests.support.signed import signed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ways(settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Ways]:
    use_disk(settings, tmp_path)
    yield Ways()
    direct_pool.close()
    assert [record for record in caplog.records if record.name == "progimage.error"] == []


@pytest.fixture
def path(ways: Ways, api: Api) -> str:
    """A private image with the rendition `.webp?w=50`."""
    path = api.stored(made.encoded("jpeg", made.photograph()))
    assert api.get(f"{path}.webp?w=50").status_code == 200
    return path


@pytest.fixture
def public_path(ways: Ways, api: Api) -> str:
    path = api.stored(made.encoded("png"), query="?visibility=public")
    assert api.get(f"{path}.webp?w=50").status_code == 200
    return path


def bearer(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.key}"}


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
    ".jpeg?transform=resize:width=40,height=40,fit=cover,gravity=smart",
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
            is_made_now = "auto" in query and "Accept" not in headers and not is_fast
            assert is_fast or may_fail or is_made_now, (target, method, headers, reply.status)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", QUERIES)
def test_signed_and_public_answers_are_the_same_both_ways(
    query: str, method: str, ways: Ways, path: str, public_path: str, api: Api
) -> None:
    plain_query = query.replace("&utm_source=letter&fbclid=1", "")
    for target in (f"{path}{plain_query}", f"{public_path}{query}"):
        assert api.get(target).status_code == 200
    expires_at = int(time.time()) + 900
    url = sign_url(f"http://testserver{path}{plain_query}", api_key=api.key, expires_at=expires_at)
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
    changed = api.request(
        "PATCH", path, data='{"focal_point": {"x": 0.1, "y": 0.2}}', content_type="application/json"
    )
    assert changed.status_code == 200, changed.content
    assert not ways.fast(target, **bearer(api))[1], "it is rendered now"
    reply, is_fast = ways.compared(target, **bearer(api))
    assert is_fast
    assert reply.header("Transform-Key") != before["Transform-Key"]


def test_new_request_ids_are_made(ways: Ways, path: str, api: Api) -> None:
    ids = {ways.fast(f"{path}.webp?w=50", **bearer(api))[0].header("X-Request-ID") for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", request_id) for request_id in ids)


UNSURE: dict[str, tuple[str, dict[str, str]]] = {
    "another path": ("GET /images", {}),
    "metadata": ("GET {path}.json", {}),
    "id in capitals": ("GET {PATH}.webp?w=50", {}),
    "slash at the end": ("GET {path}/", {}),
    "another method": ("DELETE {path}-", {}),
    "preflight": ("OPTIONS {path}.webp?w=50", {}),
    "unknown extension": ("GET {path}.docx", {}),
    "format that is only read": ("GET {path}.heic", {}),
    "unknown parameter": ("GET {path}.webp?w=50&x=1", {}),
    "parameter twice": ("GET {path}.webp?w=50&w=50", {}),
    "parameter out of range": ("GET {path}.webp?w=0", {}),
    "query that is not UTF-8": ("GET {path}.webp?w=50&download=%FF", {}),
    "too many parameters": ("GET {path}.webp?" + "&".join(f"a{i}=1" for i in range(120)), {}),
    "rendition that is not made": ("GET {path}.webp?w=51", {}),
    "another image in it": ("GET {path}.webp?transform=composite:image={id}", {}),
    "unknown image": ("GET /images/00000000-0000-7000-8000-000000000000.webp?w=50", {}),
    "unknown host": ("GET {path}.webp?w=50", {"Host": "elsewhere.example"}),
    "malformed host": ("GET {path}.webp?w=50", {"Host": "a b"}),
    "no bearer": ("GET {path}.webp?w=50", {"Authorization": "Basic YTpi"}),
    "no key": ("GET {path}.webp?w=50", {"Authorization": ""}),
    "unknown key": ("GET {path}.webp?w=50", {"Authorization": f"Bearer pi_{'a' * 12}.{'b' * 43}"}),
    "session": ("GET {path}.webp?w=50", {"Cookie": "a=b; sessionid=x"}),
    "malformed CSRF cookie": ("GET {path}.webp?w=50", {"Cookie": "csrftoken=x"}),
    "body": ("GET {path}.webp?w=50", {"Content-Length": "3"}),
    "type of a body": ("GET {path}.webp?w=50", {"Content-Type": "text/plain; charset=x"}),
    "chunked body": ("GET {path}.webp?w=50", {"Transfer-Encoding": "chunked"}),
    "part of a signature": ("GET {path}.webp?w=50&exp=1", {"Authorization": ""}),
    "signature and key": ("GET {path}.webp?w=50&exp=1&kid=pi_aaaaaaaaaaaa&sig=x", {}),
    "escaped name of a signature": ("GET {path}.webp?w=50&%65xp=1", {}),
}


@pytest.mark.parametrize("case", UNSURE)
def test_django_answers_if_the_fast_path_is_not_sure(case: str, ways: Ways, path: str, api: Api) -> None:
    line, headers = UNSURE[case]
    image_id = path.rpartition("/")[2]
    method, _, target = line.format(path=path, PATH=f"/images/{image_id.upper()}", id=image_id).partition(" ")
    before = ways.django_calls
    ways.fast(target, method, **bearer(api) | headers)
    assert ways.django_calls == before + 1


def test_other_cookies_change_nothing(ways: Ways, path: str, api: Api) -> None:
    assert ways.compared(f"{path}.webp?w=50", **bearer(api), Cookie="theme=dark")[1]


def refused(ways: Ways, target: str, **headers: str) -> str:
    """The status of a refusal, which Django gives."""
    reply, is_fast = ways.fast(target, **headers)
    assert not is_fast
    return reply.status[:3]


def test_rights_that_are_taken_away_are_gone_at_once(ways: Ways, path: str, api: Api) -> None:
    target = f"{path}.webp?w=50"
    url = signed(api, target)
    key = ApiKey.objects.get()
    assert ways.compared(target, **bearer(api))[1]
    Account.objects.update(is_active=False)
    assert refused(ways, target, **bearer(api)) == "401"
    assert refused(ways, url) == "403"
    Account.objects.update(is_active=True)
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(ways, target, **bearer(api)) == "401"
    ApiKey.objects.update(expires_at=None, scopes=[Scope.WRITE])
    assert refused(ways, target, **bearer(api)) == "403"
    ApiKey.objects.update(scopes=[Scope.READ])
    assert ways.compared(target, **bearer(api))[1]
    services.revoke(key)
    assert refused(ways, target, **bearer(api)) == "401"
    assert refused(ways, url) == "403"


def test_image_that_goes_is_gone_at_once(ways: Ways, path: str, public_path: str, api: Api) -> None:
    assert ways.compared(f"{public_path}.webp?w=50")[1]
    Image.objects.update(visibility="private")
    assert refused(ways, f"{public_path}.webp?w=50") == "401"
    assert api.request("DELETE", path).status_code == 204
    assert refused(ways, f"{path}.webp?w=50", **bearer(api)) == "404"


def test_private_images_are_for_their_account_alone(ways: Ways, path: str, public_path: str) -> None:
    stranger = make_api("bob")
    assert refused(ways, f"{path}.webp?w=50", **bearer(stranger)) == "404"
    assert refused(ways, signed(stranger, f"{path}.webp?w=50")) == "404"
    assert refused(ways, f"{path}.webp?w=50") == "401"
    ways.fast(f"{public_path}.webp?w=50", **bearer(stranger))
    assert ways.compared(f"{public_path}.webp?w=50", **bearer(stranger))[1]


def test_signature_counts(ways: Ways, path: str, api: Api) -> None:
    url = signed(api, f"{path}.webp?w=50")
    assert ways.fast(url)[1]
    assert refused(ways, url.replace("w=50", "w=49")) == "403"
    assert refused(ways, f"{url}&v=1") == "403"
    assert refused(ways, signed(api, f"{path}.webp?w=50", expires_in_s=-1)) == "403"
    assert refused(ways, url, **bearer(api)) == "403"


def test_use_of_a_key_is_recorded_each_minute(ways: Ways, path: str, api: Api) -> None:
    long_ago = timezone.now() - timedelta(minutes=5)
    ApiKey.objects.update(last_used_at=long_ago)
    assert not ways.fast(f"{path}.webp?w=50", **bearer(api))[1]
    last_used_at = ApiKey.objects.get().last_used_at
    assert last_used_at is not None
    assert last_used_at > long_ago
    assert ways.fast(f"{path}.webp?w=50", **bearer(api))[1]


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


def environ_of(path: str, query: str, api: Api) -> dict[str, str]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": f"Bearer {api.key}",
        "HTTP_HOST": "testserver",
        "wsgi.url_scheme": "http",
    }


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


def test_large_content_is_streamed_and_holds_a_slot(
    ways: Ways, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_answers, "BUFFERED_BYTES", 1_000)
    path = api.stored(made.encoded("png", made.photograph()))
    api.get(path)
    for headers in ({}, {"Range": "bytes=100-90000"}):
        assert ways.compared(path, **bearer(api), **headers)[1]
    held: list[int] = []

    def watched(content: Any, length: int) -> Iterator[bytes]:
        held.append(len(SLOTS))
        yield b""

    monkeypatch.setattr(fast_answers, "chunks", watched)
    ways.fast(path, **bearer(api))
    assert held == [1]
    assert len(SLOTS) == 0


def test_reader_of_large_content_without_a_slot_is_left_to_django(
    ways: Ways, api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast_answers, "BUFFERED_BYTES", 1_000)
    path = api.stored(made.encoded("png", made.photograph()))
    api.get(path)
    settings.SLOW_CLIENTS = 0
    layer = FastAnswers(lambda environ, start_response: [b"by Django"])
    assert layer(environ_of(path, "", api), lambda status, headers: None) == [b"by Django"]


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
    ("query", "count"),
    [(".webp?w=50", 1), ("", 1), ("?format=auto&w=50", 2), (".jpeg?hdr=keep&w=40", 2)],
)
def test_statements(
    query: str,
    count: int,
    ways: Ways,
    path: str,
    api: Api,
    statements: list[str],
    django_assert_num_queries: Any,
) -> None:
    api.get(f"{path}{query}")
    with django_assert_num_queries(0):
        assert ways.fast(f"{path}{query}", **bearer(api))[1]
    assert len(statements) == count


def test_no_connection_is_held_while_the_file_is_read(
    ways: Ways, path: str, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_zero_connections_switch_it_off(ways: Ways, path: str, api: Api, settings: Any) -> None:
    settings.FAST_PATH_CONNECTIONS = 0
    assert not ways.fast(f"{path}.webp?w=50", **bearer(api))[1]


def test_error_of_the_fast_path_is_logged_and_django_answers(
    path: str, ways: Ways, api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(environ: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(fast_answers, "find_answer", fail)
    reply, is_fast = ways.fast(f"{path}.webp?w=50", **bearer(api))
    assert (reply.status, is_fast) == ("200 OK", False)
    assert "the fast path has failed" in caplog.text
    caplog.clear()
