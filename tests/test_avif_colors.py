"""Colours of AVIF and HEIC: an ICC profile, else the code points of an nclx box."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.color.description import BT709, ColorSpace
from transforms.decoding.avif.avif_colors import describe_avif, read_picture
from transforms.decoding.colors import read_color
from transforms.decoding.decode import opened, probe, validate
from transforms.formats.table import FORMATS
from transforms.limits import DEFAULT_LIMITS

__all__ = ["stored"]

ORANGE = Image.new("RGB", (64, 64), files.ORANGE)


@pytest.mark.parametrize(
    ("primaries", "transfer", "color"),
    [
        pytest.param(1, 13, files.ORANGE, id="sRGB"),
        pytest.param(2, 2, files.ORANGE, id="unspecified"),
        pytest.param(12, 13, files.P3_ORANGE, id="Display P3"),
        pytest.param(12, 2, files.P3_ORANGE, id="Display P3 alone"),
        pytest.param(9, 13, files.BT2020_ORANGE, id="BT.2020"),
        pytest.param(1, 8, files.LINEAR_ORANGE, id="linear"),
        pytest.param(2, 8, files.LINEAR_ORANGE, id="linear alone"),
        pytest.param(1, 1, files.ORANGE, id="BT.709 is sRGB's curve here"),
        pytest.param(12, 6, files.P3_ORANGE, id="and so is BT.601"),
        pytest.param(200, 300, files.ORANGE, id="unknown"),
    ],
)
def test_code_points(primaries: int, transfer: int, color: Any, tmp_path: Path) -> None:
    pixels = files.shown(files.avif(ORANGE, primaries, transfer), tmp_path)
    assert np.abs(pixels - color).max() <= 2


@pytest.mark.parametrize("transfer", [13, 16, 18])
def test_a_profile_goes_before_code_points(transfer: int, tmp_path: Path, stored: Store) -> None:
    content = files.avif(ORANGE, 9, transfer, icc_profile=profiles.DISPLAY_P3)
    alone = files.without_nclx(content)
    assert (files.shown(content, tmp_path) == files.shown(alone, tmp_path)).all()
    header = probe(stored(content))
    assert not header.is_hdr
    assert header.color_space == ColorSpace(
        transfer="gamma2.2",
        primaries="display-p3",
        bit_depth=8,
        profile_name="made by a test",
    )


def test_code_points_hold_if_the_profile_is_broken(tmp_path: Path) -> None:
    content = files.avif(ORANGE, 12, 13, icc_profile=b"\0" * 500)
    assert np.abs(files.shown(content, tmp_path) - files.P3_ORANGE).max() <= 2


def test_a_grey_avif(tmp_path: Path) -> None:
    grey = Image.new("L", (64, 64), 128)
    content = files.avif(grey, 9, 8, subsampling="4:0:0")
    assert np.abs(files.shown(content, tmp_path) - files.srgb_of_light(128 / 255)).max() <= 2


def test_alpha_stays(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 64), (*files.ORANGE, 77))
    pixels = files.shown(files.avif(image, 12, 13), tmp_path, "RGBA")
    assert np.abs(pixels - (*files.P3_ORANGE, 77)).max() <= 2


def test_every_frame_of_a_sequence_is_converted(tmp_path: Path) -> None:
    """The code points stand in the sample entry of the track."""
    frames = [Image.new("RGB", (64, 64), color) for color in (files.ORANGE, (50, 100, 200), files.ORANGE)]
    content = made.encoded_animation("avif", frames, quality=100, subsampling="4:4:4")
    described = content.replace(b"colrnclx\0\1\0\x0d", b"colrnclx\0\x0c\0\x0d")
    assert described != content
    shown = made.frames_of(made.rendered(described, "format=png", tmp_path)[1], tmp_path)
    for index in (0, 2):
        assert np.abs(made.pixels(shown[index].image) - files.P3_ORANGE).max() <= 2


def test_of_several_items_the_primary_one_counts(stored: Store) -> None:
    """The alpha plane is an item of its own, without colours."""
    image = Image.new("RGBA", (64, 64), (*files.ORANGE, 77))
    header = probe(stored(files.avif(image, 9, 16)))
    assert (header.is_hdr, header.color_space.primaries) == (True, "bt2020")


@pytest.mark.parametrize(
    ("primaries", "transfer", "facts"),
    [
        (12, 13, ColorSpace(transfer="srgb", primaries="display-p3", bit_depth=8)),
        (9, 16, ColorSpace(transfer="pq", primaries="bt2020", bit_depth=8)),
        (1, 1, ColorSpace(transfer="bt709", primaries="bt709", bit_depth=8)),
        (2, 2, ColorSpace(bit_depth=8)),
    ],
)
@pytest.mark.parametrize("name", ["avif", "heic"])
def test_facts(name: str, primaries: int, transfer: int, facts: ColorSpace, stored: Store) -> None:
    content = files.avif(ORANGE, primaries, transfer) if name == "avif" else files.heic(primaries, transfer)
    assert validate(stored(content)).color_space == facts


@pytest.mark.parametrize(
    ("primaries", "transfer", "color"),
    [(12, 13, files.P3_ORANGE), (9, 13, files.BT2020_ORANGE), (1, 8, files.LINEAR_ORANGE)],
    ids=["Display P3", "BT.2020", "linear"],
)
@pytest.mark.parametrize("frames", [1, 2])
def test_without_a_box_the_bitstream_tells(
    primaries: int, transfer: int, color: Any, frames: int, tmp_path: Path
) -> None:
    options = {"quality": 100, "subsampling": "4:4:4"}
    if frames == 1:
        content = made.encoded("avif", ORANGE, **options)
    else:
        images = [ORANGE, Image.new("RGB", (64, 64), "blue")]
        content = made.encoded_animation("avif", images, durations_ms=(100, 100), **options)
    told = files.without_nclx(files.with_bitstream_code_points(content, primaries, transfer))
    shown = made.frames_of(made.rendered(told, "format=png", tmp_path)[1], tmp_path)
    assert np.abs(made.pixels(shown[0].image) - color).max() <= 2


def test_a_box_goes_before_the_bitstream(tmp_path: Path) -> None:
    content = files.with_bitstream_code_points(files.avif(ORANGE, 12, 13), 1, 8)
    assert np.abs(files.shown(content, tmp_path) - files.P3_ORANGE).max() <= 2


def test_heic_takes_its_colours_from_code_points(tmp_path: Path) -> None:
    plain = files.shown(files.heic(1, 13), tmp_path)
    linear = files.shown(files.heic(1, 8), tmp_path)
    assert np.abs(linear - files.srgb_of_light(plain / 255)).max() <= 1.5


def _huge(content: bytes, kind: bytes) -> bytes:
    place = content.index(kind)
    return content[: place - 4] + struct.pack(">I", 2**31) + content[place:]


def _many_entries(content: bytes) -> bytes:
    """Let ipma claim 2^32 - 1 entries, the first of an item that is not there."""
    place = content.index(b"ipma") + 8
    return content[:place] + b"\xff\xff\xff\xff\x7f\x7f" + content[place + 6 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content.replace(b"ipma", b"free"), id="no associations"),
        pytest.param(lambda content: content.replace(b"ipco", b"free"), id="no properties"),
        pytest.param(lambda content: _huge(content, b"ipma"), id="ipma beyond its parent"),
        pytest.param(lambda content: _huge(content, b"iprp"), id="iprp beyond its parent"),
        pytest.param(lambda content: _huge(content, b"meta"), id="meta beyond the file"),
        pytest.param(_many_entries, id="a count beyond the box"),
    ],
)
def test_a_damaged_box_describes_nothing(damage: Any, tmp_path: Path) -> None:
    """The reader of boxes stands alone here: the decoder refuses such a file. The bitstream says BT.709."""
    path = tmp_path / "damaged"
    path.write_bytes(damage(files.avif(ORANGE, 12, 13)))
    with path.open("rb") as file:
        description = describe_avif(read_picture(file))
    assert description.primaries in (None, BT709)


@pytest.mark.parametrize(
    ("bits", "transfer", "is_cut"),
    [(8, 16, False), (10, 16, True), (10, 18, True), (10, 13, False)],
)
def test_deep_hdr_is_cut_by_the_decoder(bits: int, transfer: int, is_cut: bool, stored: Store) -> None:
    content = files.avif(ORANGE, 9, transfer)
    if bits == 10:
        content = _as_10_bits(content)
    with opened(stored(content), DEFAULT_LIMITS) as (image, header):
        assert header.color_space.bit_depth == bits
        assert read_color(image, FORMATS["avif"], DEFAULT_LIMITS).is_cut == is_cut


def _as_10_bits(content: bytes) -> bytes:
    """Return an AVIF that says so in its boxes, for those who read no pixels."""
    flags = content.index(b"av1C") + 6
    content = content[:flags] + bytes([content[flags] | 0x40]) + content[flags + 1 :]
    return content.replace(b"pixi\0\0\0\0\3\x08\x08\x08", b"pixi\0\0\0\0\3\x0a\x0a\x0a")
