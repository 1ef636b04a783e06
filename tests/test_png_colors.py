"""Colours of PNG: cICP goes before iCCP, that before sRGB, and that before gAMA with cHRM."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import color_files as files
from tests.support import icc_profiles as profiles
from tests.support.color_files import chrm, cicp, gama, iccp
from tests.support.stored_files import Store, stored
from transforms.color.description import ColorSpace
from transforms.decoding.decode import probe

__all__ = ["stored"]

BROKEN_PROFILE = b"\0" * 300


@pytest.mark.parametrize(
    ("chunks", "color"),
    [
        pytest.param([], files.ORANGE, id="nothing"),
        pytest.param([cicp(12, 13)], files.P3_ORANGE, id="Display P3"),
        pytest.param([cicp(9, 13)], files.BT2020_ORANGE, id="BT.2020"),
        pytest.param([cicp(1, 8)], files.LINEAR_ORANGE, id="linear"),
        pytest.param([cicp(1, 13)], files.ORANGE, id="sRGB"),
        pytest.param([cicp(9, 2)], files.ORANGE, id="no transfer function"),
        pytest.param([cicp(2, 8)], files.ORANGE, id="no primaries"),
        pytest.param([cicp(9, 13, matrix=1)], files.ORANGE, id="a matrix, which PNG does not have"),
        pytest.param([cicp(9, 13, is_full_range=0)], files.ORANGE, id="narrow range"),
        pytest.param([(b"cICP", b"\x09\x0d")], files.ORANGE, id="cICP of two bytes"),
        pytest.param([gama(1.0)], files.LINEAR_ORANGE, id="gAMA 1.0"),
        pytest.param([gama(0.45455)], files.ORANGE, id="gAMA 0.45455"),
        pytest.param(
            [gama(0.45455), chrm(files.SRGB_CHROMATICITIES)], files.ORANGE, id="gAMA and cHRM of sRGB"
        ),
        pytest.param(
            [gama(0.45455), chrm(files.ADOBE_CHROMATICITIES)], files.ADOBE_ORANGE, id="of Adobe RGB"
        ),
        pytest.param([chrm(files.ADOBE_CHROMATICITIES)], files.ORANGE, id="cHRM alone"),
        pytest.param([gama(1.0), files.SRGB], files.ORANGE, id="gAMA beside sRGB"),
        pytest.param([gama(0)], files.ORANGE, id="gAMA 0"),
        pytest.param([gama(0.00001)], files.ORANGE, id="gAMA near 0"),
        pytest.param([(b"gAMA", b"\0")], files.ORANGE, id="gAMA of one byte"),
        pytest.param([gama(0.5), (b"cHRM", bytes(32))], None, id="cHRM of zeros"),
        pytest.param([(b"sRGB", b"")], files.ORANGE, id="sRGB of no byte"),
        pytest.param([iccp(profiles.DISPLAY_P3), cicp(9, 13)], files.BT2020_ORANGE, id="cICP before iCCP"),
        pytest.param([cicp(12, 13), gama(1.0)], files.P3_ORANGE, id="cICP before gAMA"),
        pytest.param([iccp(BROKEN_PROFILE), gama(1.0)], files.LINEAR_ORANGE, id="gAMA if iCCP is broken"),
        pytest.param([cicp(2, 2), gama(1.0)], files.LINEAR_ORANGE, id="gAMA if cICP says nothing"),
        pytest.param([(b"tEXt", b"gamma\x001.0"), gama(1.0)], files.LINEAR_ORANGE, id="a text called gamma"),
    ],
)
def test_the_description_that_prevails(chunks: Any, color: Any, tmp_path: Path) -> None:
    pixels = files.shown(files.png(files.flat(), *chunks), tmp_path)
    if color is not None:
        assert np.abs(pixels - color).max() <= 1


def test_a_profile_goes_before_srgb(tmp_path: Path) -> None:
    alone = files.shown(files.png(files.flat(), iccp(profiles.DISPLAY_P3)), tmp_path)
    beside = files.shown(files.png(files.flat(), iccp(profiles.DISPLAY_P3), files.SRGB, gama(1.0)), tmp_path)
    assert (alone == beside).all()
    assert np.abs(alone - files.ORANGE).max() > 10


@pytest.mark.parametrize(
    ("transfer", "light"),
    [
        pytest.param(1, lambda value: value**2.4, id="1 BT.709"),
        pytest.param(4, lambda value: value**2.2, id="4 gamma 2.2"),
        pytest.param(5, lambda value: value**2.8, id="5 gamma 2.8"),
        pytest.param(6, lambda value: value**2.4, id="6 BT.601"),
        pytest.param(
            7,
            lambda value: np.where(value < 0.0912, value / 4, ((value + 0.1115) / 1.1115) ** (1 / 0.45)),
            id="7 SMPTE 240",
        ),
        pytest.param(8, lambda value: value, id="8 linear"),
        pytest.param(14, lambda value: value**2.4, id="14 BT.2020 of 10 bits"),
        pytest.param(15, lambda value: value**2.4, id="15 BT.2020 of 12 bits"),
        pytest.param(17, lambda value: 52.37 / 48 * value**2.6, id="17 SMPTE 428"),
    ],
)
@pytest.mark.parametrize("is_grey", [False, True], ids=["RGB", "grey"])
def test_every_transfer_function(transfer: int, light: Any, is_grey: bool, tmp_path: Path) -> None:
    ramp = np.arange(256)[None, :].repeat(2, axis=0)
    content = files.png(ramp if is_grey else np.dstack([ramp] * 3), cicp(1, transfer))
    expected = files.srgb_of_light(light(np.arange(256) / 255))
    assert np.abs(files.shown(content, tmp_path)[0] - expected[:, None]).max() <= 1.5


@pytest.mark.parametrize("exponent", [1.0, 0.5556, 0.7])
def test_a_grey_image_with_gamma(exponent: float, tmp_path: Path) -> None:
    ramp = np.arange(256)[None, :].repeat(2, axis=0)
    expected = files.srgb_of_light((np.arange(256) / 255) ** (1 / exponent))
    pixels = files.shown(files.png(ramp, gama(exponent)), tmp_path)
    assert np.abs(pixels[0] - expected[:, None]).max() <= 1.5


def test_alpha_stays(tmp_path: Path) -> None:
    pixels = files.shown(files.png(files.flat((*files.ORANGE, 77)), cicp(12, 13)), tmp_path, "RGBA")
    assert np.abs(pixels - (*files.P3_ORANGE, 77)).max() <= 1
    assert (pixels[..., 3] == 77).all()


def test_white_stays_white(tmp_path: Path) -> None:
    for primaries in (4, 8, 9, 10, 11, 12, 22):
        content = files.png(files.flat((255, 255, 255)), cicp(primaries, 13))
        assert (files.shown(content, tmp_path) == 255).all()


@pytest.mark.parametrize(
    ("chunks", "bits", "facts"),
    [
        ([], 8, ColorSpace(bit_depth=8)),
        ([cicp(9, 16)], 16, ColorSpace(transfer="pq", primaries="bt2020", bit_depth=16)),
        ([cicp(9, 18)], 8, ColorSpace(transfer="hlg", primaries="bt2020", bit_depth=8)),
        ([cicp(12, 1)], 8, ColorSpace(transfer="bt709", primaries="display-p3", bit_depth=8)),
        ([gama(0.55556)], 8, ColorSpace(transfer="gamma1.8", bit_depth=8)),
        (
            [gama(1), chrm(files.ADOBE_CHROMATICITIES)],
            8,
            ColorSpace(transfer="linear", primaries="adobe-rgb", bit_depth=8),
        ),
        ([files.SRGB], 8, ColorSpace(transfer="srgb", primaries="bt709", bit_depth=8)),
    ],
    ids=["none", "PQ", "HLG", "P3 and BT.709", "gAMA", "gAMA and cHRM", "sRGB"],
)
def test_facts(chunks: Any, bits: int, facts: ColorSpace, stored: Store) -> None:
    header = probe(stored(files.png(files.flat(), *chunks, bits=bits)))
    assert header.color_space == facts
    assert header.is_hdr == (facts.transfer in ("pq", "hlg"))
