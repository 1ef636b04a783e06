"""Profiles: which images they fit, how large they may be, and the steps that read them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support import images as made
from tests.support.stored_files import Store, stored
from transforms.color.description import ColorSpace
from transforms.decoding.decode import probe
from transforms.engine import load_still

__all__ = ["stored"]

LINEAR = profiles.rgb_profile(
    [(0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)], 1.0
)
RAMP = Image.frombytes("L", (256, 1), bytes(range(256))).resize((256, 16))
LIT = files.srgb_of_light(np.arange(256) / 255)
"""The ramp if its values are linear light."""
QUERY = "transform=grayscale/resize:width=50&format=png"


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "webp", "avif"])
def test_a_profile_for_rgb_on_a_grey_image(name: str, tmp_path: Path) -> None:
    """A grey is an equal red, green and blue."""
    content = made.encoded(name, RAMP, icc_profile=LINEAR)
    shown = files.shown(content, tmp_path)[8]
    values = files.shown(made.encoded(name, RAMP), tmp_path)[8]
    assert np.abs(shown - files.srgb_of_light(values / 255)).max() <= 1.5


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("profile", [LINEAR, profiles.grey_profile(1.0)], ids=["RGB", "grey"])
def test_dark_greys_are_exact(mode: str, profile: bytes, tmp_path: Path) -> None:
    content = made.encoded("png", RAMP.convert(mode), icc_profile=profile)
    assert np.abs(files.shown(content, tmp_path)[8] - LIT[:, None]).max() <= 1


def test_a_tinted_white_tints_a_grey_image(tmp_path: Path) -> None:
    """The profile's channels do not add up to white."""
    tinted = profiles.rgb_profile(
        [(0.40, 0.20, 0.01), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)], 2.2
    )
    shown = files.shown(made.encoded("png", RAMP, icc_profile=tinted), tmp_path)[8, 200]
    assert shown.max() - shown.min() > 3


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", profiles.grey_profile(1.0)),
        ("RGB", profiles.cmyk_profile((50, 0, 0))),
        ("L", profiles.cmyk_profile((50, 0, 0))),
        ("RGBA", profiles.grey_profile(1.0)),
    ],
    ids=["grey on RGB", "CMYK on RGB", "CMYK on grey", "grey on RGBA"],
)
def test_a_profile_that_does_not_fit_is_ignored(mode: str, profile: bytes, tmp_path: Path) -> None:
    image = made.picture().convert(mode)
    assert (
        made.furthest(
            made.rendered(made.encoded("png", image, icc_profile=profile), "format=png", tmp_path)[1], image
        )
        == 0
    )


def test_a_palette_has_the_colours_of_a_profile(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), files.ORANGE).quantize(4)
    content = made.encoded("png", image, icc_profile=LINEAR)
    assert np.abs(files.shown(content, tmp_path) - files.LINEAR_ORANGE).max() <= 1


@pytest.mark.parametrize("name", ["jpeg", "tiff"])
@pytest.mark.parametrize("padding", [0, 1_500_000, 3_500_000])
def test_the_profile_of_a_press(name: str, padding: int, tmp_path: Path) -> None:
    """It has up to 3 MB, which are many segments of a JPEG."""
    profile = profiles.cmyk_profile((53.6, 0, 0)) + bytes(padding)
    content = made.encoded(name, Image.new("CMYK", (16, 16), (0, 255, 255, 0)), icc_profile=profile)
    assert np.abs(files.shown(content, tmp_path) - 128).max() <= 3


def test_every_frame_of_an_apng_is_converted(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), color) for color in (files.ORANGE, (50, 100, 200), files.ORANGE)]
    content = made.encoded_animation("png", frames, icc_profile=LINEAR)
    shown = made.frames_of(made.rendered(content, "format=png", tmp_path)[1], tmp_path)
    for index in (0, 2):
        assert np.abs(made.pixels(shown[index].image) - files.LINEAR_ORANGE).max() <= 1


def test_a_scaled_decode_of_lightness_alone_is_not_for_described_colours(tmp_path: Path) -> None:
    """The weights of a grey filter are those of sRGB."""
    content = made.encoded(
        "jpeg", Image.new("RGB", (800, 800), files.ORANGE), icc_profile=LINEAR, subsampling=0
    )
    shown = made.pixels(made.rendered(content, QUERY, tmp_path)[1])
    plain = Image.new("RGB", (800, 800), files.LINEAR_ORANGE)
    expected = made.pixels(made.rendered(made.encoded("png", plain), QUERY, tmp_path)[1])
    assert np.abs(shown - expected).max() <= 3


def test_another_image_is_converted_too(stored: Store) -> None:
    image = load_still(stored(files.png(files.flat(), files.cicp(12, 13))))
    assert np.abs(made.pixels(image) - files.P3_ORANGE).max() <= 1


@pytest.mark.parametrize(
    "content",
    [files.png(files.flat(), files.cicp(12, 13)), files.png(files.flat(), files.gama(1.0))],
    ids=["cICP", "gAMA"],
)
def test_a_described_original_does_not_stand_for_its_result(content: bytes, tmp_path: Path) -> None:
    rendition = made.rendered(content, "", tmp_path)[1]
    assert np.abs(made.pixels(rendition) - files.ORANGE).max() > 10


@pytest.mark.parametrize(
    ("content", "depth"),
    [
        (made.encoded("png", Image.new("1", (4, 4))), 1),
        (made.encoded("png", made.picture().quantize(8)), 8),
        (made.encoded("tiff", Image.new("1", (4, 4))), 1),
        (made.encoded("tiff", Image.fromarray(np.zeros((4, 4), np.uint16))), 16),
        (made.encoded("tiff", Image.fromarray(np.zeros((4, 4), np.float32))), 32),
        (made.encoded("jpeg"), 8),
        (made.encoded("gif"), 8),
        (made.encoded("webp"), 8),
    ],
    ids=["PNG of 1 bit", "palette", "TIFF of 1 bit", "of 16", "of floats", "JPEG", "GIF", "WebP"],
)
def test_bit_depth(content: Any, depth: int, stored: Store) -> None:
    assert probe(stored(content)).color_space == ColorSpace(bit_depth=depth)


def test_facts_of_a_jpeg_with_srgb(stored: Store) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    header = probe(stored(made.encoded("jpeg", icc_profile=profile)))
    assert header.color_space.transfer == "srgb"
    assert header.color_space.profile_name == "sRGB built-in"
    assert not header.is_hdr
