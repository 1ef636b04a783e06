"""Profiles made of primaries and a curve: LittleCMS takes them, and their colours are right within a level."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.support import color_files as files
from transforms.color.conversion import is_srgb, to_srgb
from transforms.color.description import (
    ADOBE_RGB,
    BT709,
    BT2020,
    DCI_P3,
    DISPLAY_P3,
    LINEAR,
    PROPHOTO,
    SRGB,
    SRGB_CURVE,
    UNDESCRIBED,
    ColorDescription,
    Curve,
    HdrTransfer,
    Primaries,
)
from transforms.color.made_profile import make_profile
from transforms.color.matrices import D50, inverted, product, rgb_to_d50, rgb_to_xyz, times

NO_COLOURS = Primaries((0.3, 0.3), (0.3, 0.3), (0.3, 0.3))


def described(primaries: Primaries | None = None, transfer: Curve | None = None) -> ColorDescription:
    return ColorDescription(primaries=primaries, transfer=transfer)


@pytest.mark.parametrize("primaries", [BT709, DISPLAY_P3, BT2020, ADOBE_RGB, PROPHOTO, DCI_P3])
def test_littlecms_takes_it(primaries: Primaries) -> None:
    profile = make_profile(described(primaries, Curve(1.8)))
    assert len(profile) < 600
    assert len(profile) == int.from_bytes(profile[:4])
    parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    assert parsed.version == pytest.approx(4.3)
    assert parsed.profile_description == "made by code"
    columns = (parsed.red_colorant, parsed.green_colorant, parsed.blue_colorant)
    white = np.sum([column[0] for column in columns if column], axis=0)
    assert np.abs(white - D50).max() < 1e-3


@pytest.mark.parametrize(
    ("primaries", "to_bt709"),
    [
        (DISPLAY_P3, [(1.22494, -0.22494, 0), (-0.04206, 1.04206, 0), (-0.01964, -0.07864, 1.09828)]),
        (
            BT2020,
            [(1.660491, -0.587641, -0.07285), (-0.12455, 1.1329, -0.008349), (-0.018151, -0.100579, 1.11873)],
        ),
    ],
    ids=["Display P3", "BT.2020"],
)
@pytest.mark.parametrize("curve", [SRGB_CURVE, LINEAR, Curve(2.4)], ids=["sRGB", "linear", "gamma 2.4"])
def test_random_colours(primaries: Primaries, to_bt709: object, curve: Curve) -> None:
    colors = np.random.default_rng(5).integers(0, 256, (64, 64, 3))
    light = np.vectorize(curve.light)(colors / 255) @ np.array(to_bt709).T
    shown = to_srgb(Image.fromarray(colors.astype(np.uint8)), described(primaries, curve))
    assert np.abs(np.asarray(shown, float) - files.srgb_of_light(light)).max() <= 2


@pytest.mark.parametrize(
    "description",
    [
        UNDESCRIBED,
        SRGB,
        described(BT709),
        described(None, SRGB_CURVE),
        described(Primaries((0.6401, 0.33), (0.3, 0.6001), (0.15, 0.0599)), SRGB_CURVE),
        described(NO_COLOURS, LINEAR),
        described(Primaries((0.6, 0.3), (0.3, 0.6), (0.1, 0.1), (0.3, 0.0)), LINEAR),
        described(None, Curve(100_000.0)),
    ],
    ids=[
        "none",
        "sRGB",
        "its primaries",
        "its curve",
        "rounded",
        "no colours",
        "a white without light",
        "too steep",
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_nothing_is_converted(mode: str, description: ColorDescription) -> None:
    image = Image.new(mode, (4, 4), "#c86432")
    assert is_srgb(mode, description)
    assert to_srgb(image, description) is image


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize(
    "description",
    [described(BT2020, LINEAR), ColorDescription(primaries=BT2020, transfer=HdrTransfer.PQ)],
    ids=["linear", "PQ"],
)
def test_a_conversion_is_needed(mode: str, description: ColorDescription) -> None:
    assert not is_srgb(mode, description)
    image = Image.new(mode, (4, 4), 128 if mode == "L" else None)
    assert to_srgb(image, description).size == (4, 4)


def test_a_grey_image_does_not_mind_primaries() -> None:
    assert is_srgb("L", described(BT2020))
    assert to_srgb(Image.new("L", (4, 4), 100), described(BT2020, LINEAR)).mode == "L"


def test_a_curve_that_ends_beyond_white_has_no_profile() -> None:
    with pytest.raises(ValueError, match="ends at white"):
        make_profile(ColorDescription(transfer=HdrTransfer.PQ))
    with pytest.raises((ValueError, struct.error)):
        make_profile(described(NO_COLOURS))


def test_matrices() -> None:
    assert np.allclose(
        rgb_to_xyz(BT709),
        [(0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)],
        atol=2e-4,
    )
    assert np.allclose(times(rgb_to_d50(DISPLAY_P3), (1, 1, 1)), D50, atol=1e-6)
    assert np.allclose(product(inverted(rgb_to_xyz(BT2020)), rgb_to_xyz(BT2020)), np.eye(3))
