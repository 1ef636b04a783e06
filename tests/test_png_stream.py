"""Chunks of PNG: texts and profiles are counted while they inflate, and dropped if they are too large."""

import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import PngImagePlugin

from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import opened, validate
from transforms.decoding.png.png_stream import MAX_INFLATED_TEXT_BYTES, MAX_TEXT_BYTES, BoundedStream, inflate
from transforms.limits import DEFAULT_LIMITS

__all__ = ["stored"]


def info_of(path: Path) -> dict[Any, Any]:
    with opened(path, DEFAULT_LIMITS) as (image, _):
        return dict(image.info)


def compressed(kind: bytes, size: int, key: bytes = b"a") -> files.Chunk:
    packed = zlib.compress(b"x" * size, 9)
    return kind, key + (b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0") + packed


def test_pillow_reads_by_this_stream() -> None:
    assert PngImagePlugin.PngStream is BoundedStream


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
@pytest.mark.parametrize("size", [MAX_TEXT_BYTES, MAX_TEXT_BYTES + 1, 50_000_000])
def test_a_compressed_text_beyond_the_limit_is_dropped(kind: bytes, size: int, stored: Store) -> None:
    content = files.png(files.flat(), compressed(kind, size))
    path = stored(content)
    assert validate(path).width == 16
    assert ("a" in info_of(path)) == (size <= MAX_TEXT_BYTES)


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_all_texts_together_are_bounded(kind: bytes, stored: Store) -> None:
    count = MAX_INFLATED_TEXT_BYTES // MAX_TEXT_BYTES
    chunks = [compressed(kind, MAX_TEXT_BYTES, b"key %d" % index) for index in range(count + 5)]
    names = [name for name in info_of(stored(files.png(files.flat(), *chunks))) if name.startswith("key")]
    assert len(names) == count


def test_many_bombs_are_not_inflated(stored: Store) -> None:
    """IMG-5: each is dropped after a megabyte, and those behind the sixteenth are not inflated at all."""
    _, bomb = compressed(b"zTXt", 2_000_000, b"key")
    chunks = [(b"zTXt", bomb)] * 5_000
    assert not [name for name in info_of(stored(files.png(files.flat(), *chunks))) if name.startswith("key")]


@pytest.mark.parametrize(
    "chunk",
    [
        pytest.param((b"zTXt", b""), id="empty"),
        pytest.param((b"zTXt", b"a\0\0not zlib"), id="not zlib"),
        pytest.param((b"zTXt", b"a\0\7" + zlib.compress(b"x")), id="an unknown method"),
        pytest.param((b"iTXt", b"a"), id="cut off"),
        pytest.param((b"iTXt", b"a\0\0\0\0\0\xff\xfe"), id="no UTF-8"),
        pytest.param((b"iTXt", b"a\0\1\0\0\0not zlib"), id="international, not zlib"),
        pytest.param((b"tEXt", b"\0text without a name"), id="no name"),
        pytest.param((b"iCCP", b"name"), id="a profile without bytes"),
        pytest.param((b"iCCP", b"name\0\7xyz"), id="a profile by an unknown method"),
        pytest.param((b"iCCP", b"name\0\0xyz"), id="a profile that is not zlib"),
        pytest.param((b"gAMA", b""), id="an empty gAMA"),
        pytest.param((b"cHRM", b"1"), id="a short cHRM"),
    ],
)
def test_a_broken_chunk_is_no_reason_to_refuse(chunk: files.Chunk, stored: Store) -> None:
    assert validate(stored(files.png(files.flat(), chunk))).width == 16


@pytest.mark.parametrize("name", ["transparency", "loop", "duration", "icc_profile", "xmp"])
def test_a_text_stands_for_no_fact_of_the_image(name: str, stored: Store) -> None:
    path = stored(files.png(files.flat(), (b"tEXt", name.encode() + b"\0five")))
    assert name not in info_of(path)
    assert not validate(path).has_alpha


def test_texts_are_read(stored: Store) -> None:
    xmp = b"<x:xmpmeta>\xc3\xa9</x:xmpmeta>"
    chunks = [
        (b"tEXt", b"Title\0plain"),
        (b"zTXt", b"Author\0\0" + zlib.compress(b"squeezed")),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp),
    ]
    info = info_of(stored(files.png(files.flat(), *chunks)))
    assert (info["Title"], info["Author"], info["xmp"]) == ("plain", "squeezed", xmp)


@pytest.mark.parametrize("padding", [1_100_000, 3_900_000, 4_100_000])
def test_a_profile_may_have_4_mb(padding: int, tmp_path: Path) -> None:
    """Those of presses have up to 3 MB; Pillow refuses an image with more than 1 MB."""
    profile = profiles.DISPLAY_P3 + bytes(padding)
    pixels = files.shown(files.png(files.flat(), files.iccp(profile)), tmp_path)
    assert (pixels == files.ORANGE).all() == (padding > 4_000_000)


def test_a_profile_that_unpacks_without_end_is_ignored(tmp_path: Path) -> None:
    pixels = files.shown(files.png(files.flat(), files.iccp(bytes(50_000_000))), tmp_path)
    assert (pixels == files.ORANGE).all()


def test_the_first_of_two_profiles_counts(tmp_path: Path) -> None:
    first = files.iccp(profiles.SRGB_LIKE)
    second = files.iccp(profiles.rgb_profile([(0.5, 0.5, 0), (0.4, 0.5, 0), (0, 0, 0.8)], 1.0))
    alone = files.shown(files.png(files.flat(), first), tmp_path)
    assert (files.shown(files.png(files.flat(), first, second), tmp_path) == alone).all()


def test_nothing_inflates_beyond_its_bound() -> None:
    packed = zlib.compress(bytes(10_000_000))
    assert inflate(packed, 1_000) == (None, 1_001)
    assert inflate(packed, 0) == (None, 0)
    assert inflate(zlib.compress(b"abc"), 3) == (b"abc", 3)


def test_an_icon_reads_its_png_by_this_stream(stored: Store) -> None:
    content = files.png(files.flat((1, 2, 3), 32), compressed(b"zTXt", 50_000_000))
    header = (
        b"\0\0\1\0\1\0\x20\x20\0\0\1\0\x20\0"
        + len(content).to_bytes(4, "little")
        + (22).to_bytes(4, "little")
    )
    assert validate(stored(header + content)).stored == (32, 32)
