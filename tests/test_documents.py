"""Documents: made once in a process, sent with an ETag, and compressed for the clients that read gzip."""

import gzip
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.http import HttpResponse

from images.delivery.documents import Document, Once, accepts_gzip

THREADS = 16
DOCUMENT = Document(content=b'{"a": 1}' * 100, media_type="application/json", headers={"X-Name": "a"})


def get(**headers: str) -> HttpResponse:
    return DOCUMENT.respond(headers)


def test_a_value_is_made_once_for_all_threads() -> None:
    made: list[object] = []
    together = Barrier(THREADS)

    def make() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    once = Once(make)

    def get_together(_: int) -> object:
        together.wait()
        return once.get()

    with ThreadPoolExecutor(THREADS) as threads:
        values = list(threads.map(get_together, range(THREADS)))
    assert values == made * THREADS


def test_a_value_that_could_not_be_made_is_tried_again() -> None:
    results = iter([ValueError("not now"), "made"])

    def make() -> str:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return str(result)

    once = Once(make)
    with pytest.raises(ValueError, match="not now"):
        once.get()
    assert [once.get(), once.get()] == ["made", "made"]


def test_both_variants_say_the_same_under_etags_of_their_own() -> None:
    plain = get()
    packed = get(**{"Accept-Encoding": "br, gzip"})
    assert gzip.decompress(packed.content) == plain.content == DOCUMENT.content
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert plain["ETag"] != packed["ETag"]
    for response in (plain, packed):
        assert response["Content-Type"] == "application/json"
        assert response["Vary"] == "Accept-Encoding"
        assert response["Cache-Control"] == "public, no-cache"
        assert response["X-Name"] == "a"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_client_that_has_the_variant_gets_304(encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    etag = get(**headers)["ETag"]
    kept = get(**headers, **{"If-None-Match": f'"other", {etag}'})
    assert (kept.status_code, kept.content, kept["ETag"]) == (304, b"", etag)
    assert (kept["Vary"], kept["Cache-Control"]) == ("Accept-Encoding", "public, no-cache")
    assert get(**headers, **{"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("br;q=1.0, gzip ; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("identity", False),
        ("x-gzipped", False),
    ],
)
def test_gzip_is_for_those_who_accept_it(header: str, expected: bool) -> None:
    assert accepts_gzip(header) is expected
