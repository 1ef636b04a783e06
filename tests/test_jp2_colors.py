"""Colours of JPEG 2000: the first colour box that is understood, by number, profile or code points."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.color.description import ColorSpace
from transforms.decoding.decode import probe

__all__ = ["stored"]

ORANGE = Image.new("RGB", (32, 32), files.ORANGE)
SRGB = b"\1\0\0" + struct.pack(">I", 16)
ROMM = b"\1\0\0" + struct.pack(">I", 21)
UNKNOWN_NUMBER = b"\1\0\0" + struct.pack(">I", 99)
LINEAR_PROFILE = profiles.rgb_profile(
    [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)], 1.0
)
RESTRICTED = b"\2\0\0" + LINEAR_PROFILE
ANY = b"\3\0\0" + LINEAR_PROFILE
CODE_POINTS = b"\5\0\0" + struct.pack(">HHHB", 12, 13, 0, 0x80)
VENDOR = b"\4\0\0" + b"x" * 40


@pytest.mark.parametrize(
    ("boxes", "color"),
    [
        pytest.param([SRGB], files.ORANGE, id="sRGB by number"),
        pytest.param([RESTRICTED], files.LINEAR_ORANGE, id="a restricted profile"),
        pytest.param([ANY], files.LINEAR_ORANGE, id="any profile"),
        pytest.param([CODE_POINTS], files.P3_ORANGE, id="code points"),
        pytest.param([SRGB, RESTRICTED], files.ORANGE, id="the first of two"),
        pytest.param([UNKNOWN_NUMBER, RESTRICTED], files.LINEAR_ORANGE, id="behind one that is unknown"),
        pytest.param([VENDOR, ANY], files.LINEAR_ORANGE, id="behind a vendor's"),
        pytest.param([b"\2\0\0" + bytes(200), SRGB], files.ORANGE, id="behind a broken profile"),
        pytest.param([b"\2\0\0" + bytes(4)], files.ORANGE, id="an empty profile"),
    ],
)
def test_the_box_that_prevails(boxes: list[bytes], color: Any, tmp_path: Path) -> None:
    pixels = files.shown(files.jp2(ORANGE, *boxes), tmp_path)
    assert np.abs(pixels - color).max() <= 2


def test_romm_is_wider_than_srgb(tmp_path: Path) -> None:
    """Its greys have gamma 1.8, and its white is white."""
    ramp = Image.frombytes("RGB", (256, 1), bytes(value for value in range(256) for _ in range(3)))
    pixels = files.shown(files.jp2(ramp.resize((256, 32)), ROMM), tmp_path)[16]
    levels = np.arange(256) / 255
    light = np.where(levels < 16 * 2**-9, levels / 16, levels**1.8)
    assert np.abs(pixels - files.srgb_of_light(light)[:, None]).max() <= 3


def test_a_grey_profile_on_a_grey_image(tmp_path: Path) -> None:
    grey = Image.new("L", (32, 32), 128)
    content = files.jp2(grey, b"\2\0\0" + profiles.grey_profile(1.0))
    assert np.abs(files.shown(content, tmp_path) - 188).max() <= 1


def test_a_profile_beyond_the_limit_is_ignored(tmp_path: Path) -> None:
    profile = LINEAR_PROFILE + bytes(4_000_000)
    assert np.abs(files.shown(files.jp2(ORANGE, b"\3\0\0" + profile), tmp_path) - files.ORANGE).max() <= 1


@pytest.mark.parametrize(("number", "space"), [(14, "CIELab"), (1, "YCbCr"), (20, "e-sRGB")])
def test_a_space_that_the_decoder_does_not_know_is_refused_by_name(
    number: int, space: str, stored: Store
) -> None:
    content = files.jp2(ORANGE, b"\1\0\0" + struct.pack(">I", number))
    with pytest.raises(UnprocessableImage, match=f"received one in {space}"):
        probe(stored(content))
    assert probe(stored(files.jp2(ORANGE, b"\1\0\0" + struct.pack(">I", number), ANY))).width == 32


@pytest.mark.parametrize("bits", [8, 16])
def test_facts(bits: int, stored: Store) -> None:
    image = ORANGE if bits == 8 else Image.fromarray(np.full((32, 32), 30_000, np.uint16))
    facts = probe(stored(files.jp2(image, RESTRICTED))).color_space
    assert facts == ColorSpace(
        transfer="linear",
        primaries="bt709",
        bit_depth=bits,
        profile_name="made by a test",
    )


def test_a_bare_codestream_describes_nothing_but_its_depth(stored: Store) -> None:
    content = made.encoded("jp2", no_jp2=True)
    assert content.startswith(b"\xff\x4f")
    assert probe(stored(content)).color_space == ColorSpace(bit_depth=8)
