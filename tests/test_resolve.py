"""One meaning, one cache key."""

import pytest

from progimage.errors import ParameterError
from progimage.operations import Output, Resize
from progimage.text_form import parse_query, parse_text
from progimage.transform import Transform
from transforms.planning.resolve import RENDER_VERSION, cache_key, resolve

SHA256 = "ab" * 32
JPEG: dict[str, object] = {
    "format": "jpeg",
    "quality": 80,
    "subsampling": "4:2:0",
    "background": "#ffffffff",
}
AVIF: dict[str, object] = {"format": "avif", "quality": 60, "subsampling": "4:2:0"}
GIF: dict[str, object] = {"format": "gif", "colors": 256}


@pytest.mark.parametrize(
    ("given", "source", "expected"),
    [
        pytest.param({}, "png", {"format": "png"}, id="the source's format"),
        pytest.param({}, "jpeg", JPEG, id="jpeg"),
        pytest.param({}, "webp", {"format": "webp", "quality": 79}, id="webp"),
        pytest.param({}, "avif", AVIF, id="avif"),
        pytest.param({}, "jp2", {"format": "jp2", "quality": 80}, id="jp2"),
        pytest.param({}, "heic", JPEG, id="heic is written as jpeg"),
        pytest.param({"quality": 50}, "png", {"format": "png"}, id="png has no quality"),
        pytest.param({"lossless": True}, "png", {"format": "png"}, id="png is never lossy"),
        pytest.param(
            {"lossless": True, "quality": 50},
            "webp",
            {"format": "webp", "lossless": True},
            id="lossless has none",
        ),
        pytest.param({"lossless": True}, "avif", AVIF, id="avif cannot be lossless here"),
        pytest.param(
            {"progressive": True}, "webp", {"format": "webp", "quality": 79}, id="only jpeg progresses"
        ),
        pytest.param(
            {"progressive": True, "background": "red"},
            "jpeg",
            JPEG | {"progressive": True, "background": "#ff0000ff"},
            id="what jpeg has",
        ),
        pytest.param(
            {"background": "red"}, "png", {"format": "png", "background": "#ff0000ff"}, id="background"
        ),
        pytest.param({"metadata": "keep"}, "png", {"format": "png", "metadata": "keep"}, id="metadata"),
        pytest.param({"metadata": "copyright"}, "gif", GIF, id="gif holds no metadata here"),
        pytest.param({"subsampling": "4:4:4"}, "jpeg", JPEG | {"subsampling": "4:4:4"}, id="subsampling"),
        pytest.param({"subsampling": "4:4:4"}, "png", {"format": "png"}, id="png keeps all colours"),
        pytest.param({"colors": 16, "dither": False}, "gif", GIF | {"colors": 16, "dither": False}, id="gif"),
        pytest.param({"colors": 16}, "png", {"format": "png", "colors": 16}, id="a palette of png"),
        pytest.param({"dither": False}, "png", {"format": "png"}, id="nothing to dither"),
        pytest.param({"colors": 16, "dither": False}, "jpeg", JPEG, id="jpeg has no palette"),
        pytest.param({"effort": 10}, "png", {"format": "png", "effort": 10}, id="effort"),
        pytest.param({"effort": 10}, "jpeg", JPEG, id="jpeg has no effort"),
        pytest.param({"max_bytes": 9_000}, "png", {"format": "png", "max_bytes": 9_000}, id="bytes"),
        pytest.param(
            {"max_bytes": 9_000},
            "jpeg",
            JPEG | {"max_bytes": 9_000, "quality": 100},
            id="where bytes are few quality may be all",
        ),
        pytest.param(
            {"max_bytes": 9_000, "quality": 50},
            "avif",
            AVIF | {"max_bytes": 9_000, "quality": 50},
            id="bytes and the most quality",
        ),
        pytest.param(
            {"max_bytes": 9_000, "lossless": True},
            "webp",
            {"format": "webp", "max_bytes": 9_000, "lossless": True},
            id="bytes without loss",
        ),
    ],
)
def test_what_varies_by_format_is_written_out(
    given: dict[str, object], source: str, expected: dict[str, object]
) -> None:
    resolved = resolve(Transform((), Output.from_dict(given)), source)
    assert resolved.output == Output.from_dict(expected)
    assert resolve(resolved, source) == resolved


def test_a_format_that_is_yet_to_be_negotiated_is_refused() -> None:
    with pytest.raises(ParameterError, match="'auto'"):
        resolve(parse_query([("format", "auto")]), "png")


@pytest.mark.parametrize(
    "transform",
    [
        parse_query([("w", "300"), ("format", "webp")]),
        parse_query([("width", "300"), ("format", "webp"), ("q", "79")]),
        parse_query([("transform", "resize:300"), ("format", "webp"), ("lossless", "false")]),
        Transform(parse_text("resize:width=300,dpr=1,enlarge=0"), Output(format="webp", progressive=True)),
        Transform.from_json('{"operations":[{"op":"resize","width":300}],"output":{"format":"webp"}}'),
    ],
    ids=["short", "long", "text", "built", "json"],
)
def test_every_spelling_has_one_key(transform: Transform) -> None:
    expected = resolve(Transform((Resize(width=300),), Output(format="webp", quality=79)), "jpeg")
    assert cache_key(SHA256, resolve(transform, "jpeg")) == cache_key(SHA256, expected)


def test_a_key_is_64_hex_digits_that_stay_the_same_for_ever() -> None:
    """Another value here throws every stored rendition away: raise RENDER_VERSION only when pixels change."""
    key = cache_key(SHA256, resolve(parse_query([("w", "300")]), "png"))
    assert key == "a80f1b00217e30118a4b77dd8897b9296b862f0a1674894848e4e71e1f8658ce"


@pytest.mark.parametrize(
    ("query", "source", "sha256"),
    [
        pytest.param([("w", "301")], "jpeg", SHA256, id="another width"),
        pytest.param([("w", "300")], "png", SHA256, id="another format"),
        pytest.param([("w", "300")], "jpeg", "cd" * 32, id="another original"),
        pytest.param([("w", "300"), ("q", "81")], "jpeg", SHA256, id="another quality"),
        pytest.param([("w", "300"), ("metadata", "keep")], "jpeg", SHA256, id="other metadata"),
    ],
)
def test_another_meaning_has_another_key(query: list[tuple[str, str]], source: str, sha256: str) -> None:
    usual = cache_key(SHA256, resolve(parse_query([("w", "300")]), "jpeg"))
    assert cache_key(sha256, resolve(parse_query(query), source)) != usual


def test_a_render_version_changes_every_key(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved = resolve(parse_query([("w", "300")]), "jpeg")
    before = cache_key(SHA256, resolved)
    monkeypatch.setattr("transforms.planning.resolve.RENDER_VERSION", RENDER_VERSION + 1)
    assert cache_key(SHA256, resolved) != before
