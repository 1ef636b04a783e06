"""Byte ranges of originals and renditions."""

import pytest

from images.storage import ObjectStorage
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")


@pytest.fixture
def path(api: Api, storage: ObjectStorage) -> str:
    return api.stored(PNG)


@pytest.mark.parametrize("suffix", ["", ".jpg?w=16"], ids=["original", "rendition"])
class TestHttp:
    @pytest.mark.parametrize(
        ("asked", "start", "stop"),
        [("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=7-", 7, None), ("bytes=-4", -4, None),
         ("Bytes=3-9999999999999999999999", 3, None), ("bytes=-999999", 0, None)],
    )  # fmt: skip
    def test_range(self, api: Api, path: str, suffix: str, asked: str, start: int, stop: int | None) -> None:
        whole = body(api.get(path + suffix))
        answer = api.get(path + suffix, Range=asked)
        part = whole[start:stop]
        first = range(len(whole))[start]
        assert (answer.status_code, body(answer)) == (206, part)
        assert answer["Content-Range"] == f"bytes {first}-{first + len(part) - 1}/{len(whole)}"
        assert answer["Content-Length"] == str(len(part))

    @pytest.mark.parametrize(
        "asked",
        ["bytes=0-1,3-4", "bytes=" + "0-," * 1_000, "bytes=5-2", "bytes=x", "bytes=-", "lines=1-2"],
        ids=["several", "1,000", "backwards", "no number", "empty", "another unit"],
    )
    def test_other_ranges_are_answered_whole(self, api: Api, path: str, suffix: str, asked: str) -> None:
        """WEB-7: no amplification."""
        answer = api.get(path + suffix, Range=asked)
        assert answer.status_code == 200
        assert len(body(answer)) == int(answer["Content-Length"])

    @pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
    def test_range_outside(self, api: Api, path: str, suffix: str, asked: str) -> None:
        size = len(body(api.get(path + suffix)))
        answer = api.get(path + suffix, Range=asked)
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{size}")
        assert answer.json()["code"] == "range_not_satisfiable"

    def test_if_range(self, api: Api, path: str, suffix: str) -> None:
        etag = api.get(path + suffix)["ETag"]
        assert api.get(path + suffix, Range="bytes=0-3", **{"If-Range": etag}).status_code == 206
        assert api.get(path + suffix, Range="bytes=0-3", **{"If-Range": '"older"'}).status_code == 200
