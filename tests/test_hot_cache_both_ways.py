"""The hot cache answers as Django does, byte by byte: a generated matrix of requests is sent both ways."""

import random
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest

from accounts.models import Scope
from images.delivery.invalidation import changes
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.signed import signed
from tests.support.wsgi_calls import BothWays, call

PartT = TypeVar("PartT")
pytestmark = pytest.mark.django_db(transaction=True)
METHODS = ("GET", "HEAD", "OPTIONS", "POST")
QUERIES = {
    "": ("", "download=photo.png", "format=webp", "format=auto&w=5", "w=5", "utm_source=x", "v=1"),
    ".webp": ("", "w=5", "w=5&v=1", "h=4&download=a%20b.webp", "w=%35", "w=5&w=5", "w=0", "format=auto"),
    ".jpg": ("", "w=5&q=50", "transform={composite}"),
    ".JPG": ("w=5",),
    ".nope": ("",),
    ".json": ("",),
}
ETAG = "{etag}"
"""Stands for the ETag of the image that the request asks for."""
CONDITIONS: tuple[dict[str, str], ...] = (
    {},
    {"If_None_Match": ETAG},
    {"If_None_Match": f"W/{ETAG}"},
    {"If_None_Match": f'"other", {ETAG}'},
    {"If_None_Match": '"other"'},
    {"If_None_Match": "*"},
    {"If_None_Match": ""},
    {"If_Match": ETAG},
    {"If_Match": '"other"'},
    {"If_Match": "*", "If_None_Match": ETAG},
    {"If_Modified_Since": "Wed, 21 Oct 2065 07:28:00 GMT"},
    {"If_Unmodified_Since": "Wed, 21 Oct 2015 07:28:00 GMT"},
)
RANGES: tuple[dict[str, str], ...] = (
    {},
    {"Range": "bytes=0-9"},
    {"Range": "bytes=-5"},
    {"Range": "bytes=999999-"},
    {"Range": "bytes=0-1,3-4"},
    {"Range": "bytes=0-9", "If_Range": ETAG},
    {"Range": "bytes=0-9", "If_Range": '"other"'},
    {"If_Range": ETAG},
)
ACCEPTS: tuple[dict[str, str], ...] = (
    {},
    {"Accept": "*/*"},
    {"Accept": "image/webp"},
    {"Accept": "image/avif,image/webp,*/*;q=0.8"},
    {"Accept": "image/png;q=0.5"},
    {"Accept": "text/html"},
)
OTHERS: tuple[dict[str, str], ...] = (
    {},
    {"X_Request_ID": "client-7.4_x"},
    {"X_Request_ID": "no"},
    {"Cookie": "sessionid=x"},
    {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345"},
    {"Cookie": "csrftoken=x"},
    {"Cookie": "_ga=1; messages=y"},
    {"Origin": "https://shop.example"},
    {"Accept_Encoding": "gzip"},
    {"Expect": "100-continue"},
    {"Host": "evil.example"},
    {"Host": "localhost"},
    {"X_Forwarded_Proto": "https"},
)


class Requests:
    """Requests that are drawn at random, from a seed."""

    def __init__(self, api: Api, stranger: Api, *, seed: int) -> None:
        self._random = random.Random(seed)
        writer = Api(api.account, _key_for_writing(api))
        self._keys = {"own": api.key, "other": stranger.key, "of no scope to read": writer.key}
        self._api = api
        photograph = made.photograph(60, 40)
        self._paths = [
            api.stored(made.encoded("png", photograph), query=f"?visibility={visibility}")
            for visibility in ("private", "public")
        ]
        self._overlay = self._paths[1].rpartition("/")[2]

    def draw(self) -> tuple[str, str, dict[str, str]]:
        """Return a method, a target, and headers by their names in Python."""
        extension = self._choose([*QUERIES])
        query = self._choose(QUERIES[extension])
        query = query.replace("{composite}", f"composite:image={self._overlay},gravity=center")
        target = self._choose(self._paths) + extension + (f"?{query}" if query else "")
        headers: dict[str, str] = {}
        for parts in (CONDITIONS, RANGES, ACCEPTS, OTHERS):
            headers |= self._often_first(parts)
        credential = self._often_first(["own", "none", "signed", *self._keys, "wrong", "both"])
        if credential in ("signed", "both") and query != "w=5&w=5":
            target = signed(self._api, target, expires_in_s=self._often_first([60, -5, 3, 600_000]))
        if credential == "wrong":
            headers["Authorization"] = f"Bearer {self._keys['own'][:-1]}x"
        elif credential in self._keys or credential == "both":
            headers["Authorization"] = f"Bearer {self._keys.get(credential, self._keys['own'])}"
        return self._often_first(METHODS), target, headers

    def _often_first(self, parts: Sequence[PartT]) -> PartT:
        return parts[0] if self._random.random() < 0.6 else self._choose(parts)

    def _choose(self, parts: Sequence[PartT]) -> PartT:
        return self._random.choice(parts)


def _key_for_writing(api: Api) -> str:
    from accounts import services

    return str(services.create_api_key(api.account, name="writer", scopes=[Scope.WRITE])[1])


@pytest.fixture(autouse=True)
def hearing() -> Iterator[None]:
    changes.hear_until(time.monotonic() + 600)
    yield
    changes.lose()


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_byte_is_that_of_the_usual_way(
    api: Api, other_api: Api, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)  # both ways give the same max-age
    requests = Requests(api, other_api, seed=seed)
    ways = BothWays()
    hits = 0
    codes: set[int] = set()
    for _ in range(400 if seed == 1 else 6_000):
        method, target, headers = requests.draw()
        plain = {
            name: value for name, value in headers.items() if name in ("Authorization", "Accept", "Host")
        }
        first = call(ways.slow, "GET", target, **plain)
        etag = dict(first.headers).get("ETag", '"none"')
        headers = {name: value.replace(ETAG, etag) for name, value in headers.items()}
        call(ways.hot, "GET", target, **plain)
        expected = call(ways.slow, method, target, **headers)
        before = ways.slow_calls
        answer = call(ways.hot, method, target, **headers)
        hits += ways.slow_calls == before
        codes.add(answer.code)
        if answer.code >= 400:  # a problem has the id of its request
            assert (answer.status, answer.headers) == (expected.status, expected.headers), (
                method,
                target,
                headers,
            )
        else:
            assert answer.headers == expected.headers, (method, target, headers)
            assert answer == expected, (method, target, headers)
    assert codes >= {200, 206, 304, 400, 401, 403, 404, 405, 412, 416}
    assert hits > 60


def test_a_signed_url_gets_the_rest_of_its_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = api.stored(made.encoded("png"))
    ways = BothWays()
    long = signed(api, f"{path}.webp?v=1", expires_in_s=600_000)
    short = signed(api, f"{path}.webp", expires_in_s=60)
    for target in (long, short):
        call(ways.hot, "GET", target)
    later = time.time() + 3
    monkeypatch.setattr(time, "time", lambda: later)
    for target in (long, short):
        expected = call(ways.slow, "GET", target)
        before = ways.slow_calls
        assert call(ways.hot, "GET", target) == expected
        assert ways.slow_calls == before
        assert "max-age=" in expected["Cache-Control"]


def test_the_writers_key_reads_public_images(api: Api) -> None:
    path = api.stored(made.encoded("png"), query="?visibility=public")
    key = _key_for_writing(api)
    ways = BothWays()
    assert call(ways.hot, "GET", path, Authorization=f"Bearer {key}").code == 200
    assert ways.is_hit("GET", path, Authorization=f"Bearer {key}")
    assert not ways.is_hit("GET", path, Authorization=f"Bearer {make_api('third').key}")
