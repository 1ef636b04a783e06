"""PQ and HLG in sRGB, against an arithmetic of its own and, if it is installed, against Chromium."""

import base64
import shutil
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import sync_playwright
from skimage.color import deltaE_ciede2000, rgb2lab

from tests.conftest import skip_or_fail
from tests.support import color_files as files
from tests.support.chromium import CHROMIUM_FLAGS
from tests.support.icc_profiles import with_code_points
from transforms.color.description import BT709, ColorDescription, HdrTransfer
from transforms.color.tone_mapping import ToneCurve, tone_map

PQ, HLG = 16, 18
TO_BT709 = np.array(
    [(1.660491, -0.587641, -0.072850), (-0.124550, 1.132900, -0.008349), (-0.018151, -0.100579, 1.118730)]
)
"""From linear BT.2020 (ITU-R BT.2087)."""
TO_BT2020_OF_P3 = np.array(
    [(0.753833, 0.198597, 0.047570), (0.045744, 0.941777, 0.012479), (-0.001210, 0.017602, 0.983609)]
)
"""From linear Display P3."""


def pq_light(values: Any) -> NDArray[np.float64]:
    """Return light relative to 203 nits (SMPTE ST 2084)."""
    root = np.asarray(values, float) ** (1 / 78.84375)
    nits = 10_000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    return np.asarray(nits / 203)


def hlg_light(values: Any, to_bt2020: Any) -> NDArray[np.float64]:
    """Return the light of a display of 1,000 nits relative to 203 nits, in BT.2020 (ITU-R BT.2100)."""
    values = np.asarray(values, float)
    curve = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(values <= 0.5, values**2 / 3, curve) @ to_bt2020.T
    luminance = scene @ (0.2627, 0.6780, 0.0593)
    return np.asarray(scene * luminance[..., None] ** 0.2 * 1_000 / 203)


def mapped(light: NDArray[np.float64], peak_nits: float = 1_000) -> NDArray[np.float64]:
    """Return sRGB values, 0-255, of light in BT.2020."""
    brightest = light.max(axis=-1)
    curve = ToneCurve(peak_nits / 203)
    gains = np.array([curve.gain(value) for value in brightest.ravel()])
    dimmed = light * gains.reshape(brightest.shape)[..., None]
    return files.srgb_of_light(dimmed @ TO_BT709.T)


def distances(one: Any, other: Any) -> NDArray[np.float64]:
    labs = [rgb2lab(np.asarray(image) / 255) for image in (one, other)]
    return np.asarray(deltaE_ciede2000(*labs))  # type: ignore[no-untyped-call]


def picture() -> NDArray[np.int64]:
    """Return smooth mixtures, as photographs have them, and a ramp of greys."""
    y, x = np.mgrid[0:48, 0:48] / 47
    colors = np.dstack([x * 0.75, y * 0.7, 0.3 + 0.3 * np.sin(x * 6)])
    colors[:4] = x[:4, :, None]
    return np.asarray((colors * 255).round(), np.int64)


class TestCurve:
    @pytest.mark.parametrize(
        ("light", "result"),
        [(0, 0), (0.5, 0.25), (1, 0.5), (1_000 / 203, 1), (10_000 / 203, 1)],
        ids=["black", "half of white", "the white of a page", "1,000 nits", "10,000 nits"],
    )
    def test_its_fixed_points(self, light: float, result: float) -> None:
        assert light * ToneCurve(1_000 / 203).gain(light) == pytest.approx(result)

    def test_it_grows_and_is_smooth(self) -> None:
        lights = np.linspace(0, 6, 2_000)
        curve = ToneCurve(1_000 / 203)
        steps = np.diff([light * curve.gain(light) for light in lights])
        assert (steps >= -1e-12).all()
        assert np.abs(np.diff(steps)).max() < 2e-4

    @pytest.mark.parametrize(
        ("peak_nits", "white"),
        [(203, 1), (400, 0.787), (1_000, 0.5), (4_000, 0.5)],
        ids=str,
    )
    def test_the_white_of_a_page_is_lighter_in_a_darker_picture(self, peak_nits: float, white: float) -> None:
        curve = ToneCurve(peak_nits / 203)
        assert curve.gain(1) == pytest.approx(white, abs=1e-3)
        assert curve.gain(peak_nits / 203) * peak_nits / 203 == pytest.approx(1)

    @pytest.mark.parametrize("bits", [8, 16])
    @pytest.mark.parametrize("is_grey", [False, True], ids=["RGB", "grey"])
    def test_the_white_of_a_page_is_187(self, bits: int, is_grey: bool, tmp_path: Path) -> None:
        code = round(0.5806888810416109 * (2**bits - 1))
        values = np.full((4, 4) if is_grey else (4, 4, 3), code)
        content = files.png(values, files.cicp(9, PQ), bits=bits)
        assert np.abs(files.shown(content, tmp_path) - 187).max() <= 1


@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["PQ", "HLG"])
@pytest.mark.parametrize("is_wide", [True, False], ids=["BT.2020", "Display P3"])
def test_colours(transfer: int, is_wide: bool, tmp_path: Path) -> None:
    values = picture()
    content = files.png(values, files.cicp(9 if is_wide else 12, transfer))
    matrix = np.eye(3) if is_wide else TO_BT2020_OF_P3
    light = pq_light(values / 255) @ matrix.T if transfer == PQ else hlg_light(values / 255, matrix)
    distance = distances(files.shown(content, tmp_path), mapped(light))
    assert distance.mean() < 0.3
    assert np.percentile(distance, 95) < 1


@pytest.mark.parametrize("transfer", [PQ, HLG], ids=["PQ", "HLG"])
def test_greys_are_exact_and_stay_in_order(transfer: int, tmp_path: Path) -> None:
    ramp = np.arange(256)[None, :].repeat(2, axis=0)
    shown = files.shown(files.png(ramp, files.cicp(9, transfer)), tmp_path)[0]
    values = np.dstack([ramp / 255] * 3)
    light = pq_light(values) if transfer == PQ else hlg_light(values, np.eye(3))
    assert np.abs(shown - mapped(light)[0]).max() <= 1
    assert (np.diff(shown[:, 0]) >= 0).all()


def test_alpha_stays(tmp_path: Path) -> None:
    pixels = files.shown(files.png(files.flat((148, 148, 148, 77)), files.cicp(9, PQ)), tmp_path, "RGBA")
    assert np.abs(pixels - (187, 187, 187, 77)).max() <= 1


def picture_light(nits: int) -> files.Chunk:
    return b"cLLI", struct.pack(">II", nits * 10_000, nits * 10_000)


def display_light(nits: int) -> files.Chunk:
    return b"mDCV", bytes(16) + struct.pack(">II", nits * 10_000, 1)


@pytest.mark.parametrize(
    ("chunks", "peak_nits"),
    [
        pytest.param([picture_light(400)], 400, id="a dark picture"),
        pytest.param([picture_light(4_000)], 4_000, id="a bright one"),
        pytest.param([display_light(4_000)], 4_000, id="a display"),
        pytest.param([display_light(4_000), picture_light(400)], 400, id="both"),
        pytest.param([picture_light(0), display_light(400)], 400, id="unknown light, and a display"),
        pytest.param([picture_light(0)], 1_000, id="unknown light"),
        pytest.param([(b"cLLI", b""), (b"mDCV", b"\1")], 1_000, id="cut off"),
        pytest.param([picture_light(100_000)], 10_000, id="beyond PQ"),
    ],
)
def test_the_peak_that_a_png_tells(chunks: Any, peak_nits: float, tmp_path: Path) -> None:
    ramp = np.arange(256)[None, :].repeat(2, axis=0)
    shown = files.shown(files.png(ramp, files.cicp(9, PQ), *chunks), tmp_path)[0]
    light = pq_light(np.dstack([np.arange(256)[None] / 255] * 3))
    assert np.abs(shown - mapped(light, peak_nits)[0]).max() <= 1


def test_a_picture_without_highlights_is_not_mapped(tmp_path: Path) -> None:
    values = picture()
    shown = files.shown(files.png(values, files.cicp(9, PQ), picture_light(150)), tmp_path)
    assert np.percentile(distances(shown, files.srgb_of_light(pq_light(values / 255) @ TO_BT709.T)), 95) < 1


def test_the_peak_that_an_avif_tells(tmp_path: Path) -> None:
    """A clli box stands in place of pixi, which has the same size."""
    image = Image.fromarray(picture().astype(np.uint8))
    plain = files.avif(image, 9, PQ)
    place = plain.index(b"pixi") - 4
    told = plain[:place] + struct.pack(">I4sHHI", 16, b"clli", 400, 400, 0) + plain[place + 16 :]
    values = files.shown(files.with_nclx(plain, 1, 13), tmp_path)
    distance = distances(files.shown(told, tmp_path), mapped(pq_light(values / 255), 400))
    assert distance.mean() < 0.5
    assert np.percentile(distance, 95) < 2


@pytest.mark.parametrize("name", ["avif", "heic"])
def test_avif_and_heic(name: str, tmp_path: Path) -> None:
    if name == "heic":
        plain, content = files.heic(1, 13), files.heic(9, PQ)
    else:
        image = Image.fromarray(picture().astype(np.uint8))
        plain, content = files.avif(image), files.avif(image, 9, PQ)
    values = files.shown(plain, tmp_path)
    distance = distances(files.shown(content, tmp_path), mapped(pq_light(values / 255)))
    assert distance.mean() < 0.5
    assert np.percentile(distance, 95) < 2


def test_a_profile_that_names_pq(tmp_path: Path) -> None:
    """ICC.1:2022 has a tag for code points. Its curves name no tone mapping, so that the tag prevails."""
    values = picture()
    by_profile = files.shown(files.png(values, files.iccp(with_code_points(9, PQ))), tmp_path)
    assert (by_profile == files.shown(files.png(values, files.cicp(9, PQ)), tmp_path)).all()


@pytest.fixture(scope="module")
def in_chromium() -> Iterator[Callable[[bytes, str], NDArray[np.float64]]]:
    """Return the pixels that Chromium draws of a file."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        page = browser.new_page()

        def draw(content: bytes, media_type: str) -> NDArray[np.float64]:
            url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
            width, height, data = page.evaluate(_DRAW, url)
            return np.array(data, float).reshape(height, width, 4)[..., :3]

        yield draw
        browser.close()


_DRAW = """async url => {
  const image = new Image()
  image.src = url
  await image.decode()
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight)
  const context = canvas.getContext("2d", {colorSpace: "srgb"})
  context.drawImage(image, 0, 0)
  return [canvas.width, canvas.height, Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data)]
}"""


@pytest.mark.slow
class TestAgainstChromium:
    @pytest.mark.parametrize(
        ("primaries", "transfer"),
        [(primaries, 13) for primaries in (1, 4, 5, 6, 8, 9, 10, 11, 12, 22)]
        + [(1, transfer) for transfer in (1, 4, 5, 6, 7, 8, 14, 15, 17)]
        + [(primaries, transfer) for primaries in (9, 11, 12) for transfer in (PQ, HLG)],
    )
    def test_code_points_of_png(
        self, primaries: int, transfer: int, in_chromium: Any, tmp_path: Path
    ) -> None:
        content = files.png(picture(), files.cicp(primaries, transfer))
        distance = distances(files.shown(content, tmp_path), in_chromium(content, "image/png"))
        assert distance.mean() < 0.3
        assert np.percentile(distance, 95) < 1

    @pytest.mark.parametrize(
        ("primaries", "transfer"),
        [(1, 1), (12, 6), (1, 4), (9, 8), (12, 2), (2, 8), (9, PQ), (9, HLG), (2, PQ), (12, PQ)],
    )
    def test_code_points_of_avif(
        self, primaries: int, transfer: int, in_chromium: Any, tmp_path: Path
    ) -> None:
        content = files.avif(Image.fromarray(picture().astype(np.uint8)), primaries, transfer)
        distance = distances(files.shown(content, tmp_path), in_chromium(content, "image/avif"))
        assert distance.mean() < 0.5
        assert np.percentile(distance, 95) < 1.5

    @pytest.mark.parametrize("nits", [150, 400, 4_000])
    def test_peaks(self, nits: int, in_chromium: Any, tmp_path: Path) -> None:
        content = files.png(picture(), files.cicp(9, PQ), picture_light(nits))
        distance = distances(files.shown(content, tmp_path), in_chromium(content, "image/png"))
        assert distance.mean() < 0.3
        assert np.percentile(distance, 95) < 1

    @pytest.mark.parametrize("exponent", [1.0, 0.55556, 0.45455, 0.43, 0.3])
    def test_gamma_of_png(self, exponent: float, in_chromium: Any, tmp_path: Path) -> None:
        content = files.png(picture(), files.gama(exponent))
        distance = distances(files.shown(content, tmp_path), in_chromium(content, "image/png"))
        assert distance.max() < 1.5


@pytest.mark.parametrize(("channel", "missing"), [(0, 0.65), (1, -0.15), (2, 0.9)])
def test_levels_that_the_decoder_has_cut_off_are_made_good(channel: int, missing: float) -> None:
    """Below the reference white the curve is a factor, and channels in BT.709 do not touch each other."""
    levels = np.arange(60, 140)
    ramp = Image.fromarray(np.tile(levels, (3, 1)).T[None].astype(np.uint8))
    whole = ColorDescription(primaries=BT709, transfer=HdrTransfer.PQ)
    exact = 255 * pq_light((levels + missing) / 255) / 2
    expected = files.srgb_of_light(exact / 255)
    shown = np.asarray(tone_map(ramp, replace(whole, is_cut=True)), float)[0, :, channel]
    plain = np.asarray(tone_map(ramp, whole), float)[0, :, channel]
    assert np.abs(shown - expected).max() <= 1.5
    assert np.sign(missing) * (shown - plain).mean() > 0
