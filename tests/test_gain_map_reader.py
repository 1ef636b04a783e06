"""Gain maps of untrusted files: found, decoded, or refused by a sentence."""

import io
import random
from pathlib import Path

import pytest

from progimage.errors import ImageTooLarge, UnprocessableImage
from tests.support import gain_maps as maps
from tests.support import images as made
from tests.support.corpus import CORPUS
from transforms.decoding.decode import probe, validate
from transforms.decoding.jpeg.gain_map_reader import find_gain_map, has_gain_map, read_gain_map
from transforms.limits import DEFAULT_LIMITS, Limits

SMALL = maps.scene(64, 48)
CONTENT = maps.ultra_hdr(SMALL)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(CONTENT, True, id="all descriptions"),
        pytest.param(maps.ultra_hdr(SMALL, kinds="iso mpf"), True, id="ISO alone"),
        pytest.param(maps.ultra_hdr(SMALL, kinds="xmp container"), True, id="XMP alone"),
        pytest.param(maps.ultra_hdr(SMALL, kinds="apple mpf"), False, id="Apple's"),
        pytest.param(maps.ultra_hdr(SMALL, kinds="mpf"), False, id="two pictures"),
        pytest.param(maps.ultra_hdr(SMALL, kinds=""), False, id="a JPEG behind a JPEG"),
        pytest.param(made.encoded("jpeg"), False, id="one picture"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_whether_there_is_one(content: bytes, expected: bool) -> None:
    file = io.BytesIO(content)
    file.seek(3)
    assert has_gain_map(file) is expected
    assert file.tell() == 3


def test_such_an_image_is_hdr(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for content, expected in ((CONTENT, True), (made.encoded("jpeg"), False)):
        source.write_bytes(content)
        assert probe(source).is_hdr is expected
        assert validate(source).is_hdr is expected


def test_the_profile_of_a_map_with_primaries_of_its_own_stays(tmp_path: Path) -> None:
    profile = b"profile" * 20
    gain_map = made.encoded(
        "jpeg", extra=maps.segment(maps.ISO + maps.iso(maps.USUAL, flags=0)), icc_profile=profile
    )
    content = maps.joined(made.picture(), gain_map, "mpf")
    stored = find_gain_map(io.BytesIO(content))
    assert stored
    assert stored.profile == profile
    _, result = made.rendered(content, "hdr=keep&w=60", tmp_path)
    assert maps.split(result)[1].info["icc_profile"] == profile


def test_a_map_of_too_many_px_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(CONTENT)
    assert read_gain_map(source, DEFAULT_LIMITS)
    with pytest.raises(ImageTooLarge):
        read_gain_map(source, Limits(max_pixels=16 * 12 - 1))


def test_a_map_of_inks_is_refused(tmp_path: Path) -> None:
    inks = made.encoded(
        "jpeg", made.picture().convert("CMYK"), extra=maps.segment(maps.ISO + maps.iso(maps.USUAL))
    )
    source = tmp_path / "source"
    source.write_bytes(maps.joined(made.picture(), inks, "mpf"))
    with pytest.raises(UnprocessableImage, match="CMYK"):
        read_gain_map(source, DEFAULT_LIMITS)


def test_any_damage_is_refused_or_passed_over(tmp_path: Path) -> None:
    chance = random.Random(1)
    source = tmp_path / "source"
    outcomes: set[object] = set()
    head = CONTENT.index(b"\xff\xdb")
    start = maps.mpf_entry(CONTENT)[0]
    places = [*range(head), *range(start, start + 1_500)]
    for _ in range(200):
        damaged = bytearray(CONTENT)
        for place in chance.choices(places, k=4):
            damaged[place] = chance.randrange(256)
        source.write_bytes(damaged)
        try:
            outcomes.add(read_gain_map(source, DEFAULT_LIMITS) is not None)
        except (UnprocessableImage, ImageTooLarge) as error:
            outcomes.add(type(error))
    assert {True, False, UnprocessableImage} <= outcomes


@pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
def test_no_file_of_the_corpus_is_misread() -> None:
    for path in Path(CORPUS).rglob("*.jp*g"):
        with path.open("rb") as file:
            if has_gain_map(file):
                assert b"hdrgm" in path.read_bytes() or b"21496" in path.read_bytes()
