"""Headers: those that pages of other origins may read, and the length of one."""

from urllib.parse import quote

import pytest

from images.delivery.header_names import shorten_filename
from tests.conftest import Api
from tests.support import images as made
from tests.support.listing import add

PNG = made.encoded("png")
EXPOSED = {
    "ETag", "Content-Range", "Content-Disposition", "Image-Width", "Image-Height", "Image-Frames", "Repr-Digest",
    "Transform-Key", "Link", "Retry-After", "X-Request-ID",
}  # fmt: skip


@pytest.mark.parametrize(
    ("suffix", "headers", "status"),
    [
        pytest.param("", {}, 200, id="original"),
        pytest.param(".webp", {}, 200, id="rendition"),
        pytest.param("", {"Range": "bytes=0-9"}, 206, id="range"),
        pytest.param(".webp", {"If-None-Match": "*"}, 304, id="not modified"),
    ],
)
def test_a_page_may_read_the_headers_of_a_public_image(
    api: Api, anonymous: Api, suffix: str, headers: dict[str, str], status: int
) -> None:
    answer = anonymous.get(api.stored(PNG, query="?visibility=public") + suffix, **headers)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, "*")
    assert set(answer["Access-Control-Expose-Headers"].split(", ")) == EXPOSED


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("suffix", "headers", "status"),
    [
        pytest.param(".webp?w=0", {}, 400, id="wrong parameter"),
        pytest.param("?sig=x", {}, 403, id="wrong signature"),
        pytest.param(".xyz", {}, 415, id="unknown extension"),
        pytest.param("", {"If-Match": '"x"'}, 412, id="failed condition"),
        pytest.param("/", {}, 308, id="redirect"),
    ],
)
def test_a_page_may_read_why_it_got_no_image(
    api: Api, anonymous: Api, method: str, suffix: str, headers: dict[str, str], status: int
) -> None:
    path = api.stored(PNG, query="?visibility=public") + suffix
    answer = anonymous.request(method, path, headers=headers)
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (status, "*")
    assert {"Retry-After", "X-Request-ID"} <= set(answer["Access-Control-Expose-Headers"].split(", "))


def test_no_page_of_another_origin_may_read_answers_to_a_key(api: Api) -> None:
    path = api.stored(PNG)
    answers = [
        api.get(path),
        api.get(f"{path}.json"),
        api.get("/images"),
        api.request("DELETE", f"{path}?x=1"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 400]
    assert not any("Access-Control-Allow-Origin" in answer for answer in answers)


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_a_page_may_read_the_headers_of_an_upload(anonymous: Api, method: str) -> None:
    """Of errors, too: the PUT has no signature."""
    answer = anonymous.request(method, "/uploads/01890000-0000-7000-8000-000000000000")
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert set(answer["Access-Control-Expose-Headers"].split(", ")) == EXPOSED


@pytest.mark.parametrize(
    ("name", "shortened"),
    [
        ("short.png", "short.png"),
        ("a" * 255, "a" * 255),
        ("\u56fe" * 250 + ".png", "\u56fe" * 198 + ".png"),
        ("\U0001f600" * 255, "\U0001f600" * 150),
        ("x." + "\u56fe" * 253, "x." + "\u56fe" * 199),
        ("", ""),
    ],
    ids=["short", "ASCII", "keeps its extension", "no extension", "an extension that is none", "empty"],
)
def test_shortened_filename(name: str, shortened: str) -> None:
    assert shorten_filename(name) == shortened
    assert len(quote(shorten_filename(name))) <= 1_800


@pytest.mark.parametrize("character", ["a", '"', "\u00fc", "\u56fe", "\U0001f600"])
def test_a_long_name_of_a_download_stays_short_as_a_header(api: Api, character: str) -> None:
    name = character * 251 + ".png"
    answer = api.get(f"{api.stored(PNG)}?download={quote(name)}")
    assert answer.status_code == 200
    assert len(answer["Content-Disposition"]) < 2_000
    assert answer["Content-Disposition"].rstrip('"').endswith(".png")


def test_a_link_that_is_too_long_is_left_out(api: Api) -> None:
    """The body has the cursor all the same."""
    tags = [f"{number}" + "\u56fe" * 60 for number in range(4)]
    for minute in range(2):
        add(api.account, minute=minute, tags=tuple(tags))
    query = "&".join(f"tag={quote(tag)}" for tag in tags)
    short, long = (api.get(f"/images?limit=1&{each}") for each in (query.split("&")[0], query))
    assert 'rel="next"' in short["Link"]
    assert "Link" not in long
    assert long.json()["next"]
