"""JPEG 2000 at every depth: black is 0, white is 255, and all between is nearest."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.jp2_files import Plane, box, jp2, with_definitions, with_header_boxes, with_palette
from tests.support.stored_files import Store, check_flips, stored
from transforms.decoding.decode import probe, validate
from transforms.decoding.jp2 import openjpeg

__all__ = ["stored"]

SIDE = 36
ACROSS = np.linspace(0, 1, SIDE)[None, :].repeat(SIDE, axis=0)
DOWN = ACROSS.T
SHARES = (ACROSS, DOWN, 1 - ACROSS, 1 - DOWN)
MODES = ("L", "LA", "RGB", "RGBA")


def samples(share: NDArray[Any], bits: int, *, is_signed: bool = False) -> NDArray[Any]:
    whole: NDArray[Any] = np.round(share * (2**bits - 1)).astype(np.int32)
    whole -= is_signed * 2 ** (bits - 1)
    return whole


def shown(content: bytes, folder: Path, mode: str = "RGBA") -> NDArray[Any]:
    (frame,) = made.frames_of(content, folder)
    return made.pixels(frame.image, mode)


@pytest.mark.parametrize("is_signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("bits", [1, 2, 4, 7, 8, 9, 10, 12, 14, 16])
def test_every_depth_reaches_black_and_white(bits: int, is_signed: bool, tmp_path: Path) -> None:
    """IMG-12."""
    for count, mode in enumerate(MODES, 1):
        planes = [
            Plane(samples(share, bits, is_signed=is_signed), bits, is_signed) for share in SHARES[:count]
        ]
        codec_name = "j2k" if is_signed and count > 2 else "jp2"
        content = jp2(planes, space="grey" if count < 3 else "srgb", codec_name=codec_name)
        bands = [np.round(samples(share, bits) * 255 / (2**bits - 1)) for share in SHARES[:count]]
        assert np.abs(shown(content, tmp_path, mode) - np.dstack(bands).squeeze()).max() == 0


def test_channels_may_have_different_depths(tmp_path: Path) -> None:
    planes = [Plane(samples(share, bits), bits) for share, bits in zip(SHARES, (5, 12, 8, 1), strict=True)]
    planes[3] = planes[3]._replace(alpha=1)
    found = shown(jp2(planes, space="srgb"), tmp_path)
    for band, (share, bits) in enumerate(zip(SHARES, (5, 12, 8, 1), strict=True)):
        assert np.abs(found[..., band] - np.round(samples(share, bits) * 255 / (2**bits - 1))).max() == 0


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("grid", [(2, 2), (2, 1)], ids=["4:2:0", "4:2:2"])
@pytest.mark.parametrize(("space", "codec_name"), [("sycc", "jp2"), (None, "j2k")])
def test_smaller_colour_channels_are_repeated(
    grid: tuple[int, int], bits: int, space: str | None, codec_name: str, tmp_path: Path
) -> None:
    """JFIF's equations, which sYCC shares (ISO/IEC 15444-1, annex I.5.3.3)."""
    across, down = grid
    lightness = samples(ACROSS, bits)
    blue, red = (samples(share, bits)[::down, ::across] for share in (DOWN, 1 - ACROSS))
    planes = [Plane(lightness, bits), Plane(blue, bits, grid=grid), Plane(red, bits, grid=grid)]
    found = shown(jp2(planes, space=space, codec_name=codec_name), tmp_path, "RGB")
    white = (2**bits - 1) / 255
    cb, cr = (
        band.repeat(down, axis=0).repeat(across, axis=1)[:SIDE, :SIDE] / white - 128 for band in (blue, red)
    )
    right = [
        lightness / white + 1.402 * cr,
        lightness / white - 0.344136 * cb - 0.714136 * cr,
        lightness / white + 1.772 * cb,
    ]
    assert np.abs(found - np.dstack(right).clip(0, 255)).max() <= 2.5  # 12 bits are rounded to 8 before


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_palette_of_any_depth_is_applied(bits: int, tmp_path: Path) -> None:
    white = 2**bits - 1
    colors = [(0, 0, 0), (white, 0, 0), (white, white, white), (0, white // 2, white)]
    indices = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 4
    content = with_palette(jp2([Plane(indices)], space="srgb"), colors, bits)
    right = np.round(np.array(colors) * 255 / white)[indices]
    assert np.abs(shown(content, tmp_path, "RGB") - right).max() == 0


def test_inks_are_inks(tmp_path: Path) -> None:
    planes = [Plane(samples(share, 12), 12) for share in SHARES]
    content = jp2(planes, space="cmyk")
    path = tmp_path / "inks"
    path.write_bytes(content)
    assert not probe(path).has_alpha
    none, all_black = (
        [Plane(np.full((SIDE, SIDE), value), 12) for value in inks] for inks in ((0,) * 4, (0, 0, 0, 4095))
    )
    assert (shown(jp2(none, space="cmyk"), tmp_path, "RGB") >= 254).all()
    assert (shown(jp2(all_black, space="cmyk"), tmp_path, "RGB") < 60).all()


def test_colours_that_are_multiplied_with_opacity_are_divided(tmp_path: Path) -> None:
    half = samples(np.full((SIDE, SIDE), 0.5), 12)
    planes = [Plane(half, 12), Plane(half // 2, 12), Plane(half * 0, 12), Plane(half, 12, alpha=1)]
    content = jp2(planes, space="srgb")
    place = content.index(b"cdef") + 6 + 3 * 6 + 2  # the type of the fourth channel
    assert content[place : place + 2] == b"\0\1"
    content = content[:place] + b"\0\2" + content[place + 2 :]
    assert np.abs(shown(content, tmp_path)[0, 0] - (255, 128, 0, 128)).max() <= 1


def test_the_header_says_alpha(stored: Store) -> None:
    for count, mode in enumerate(MODES, 1):
        header = probe(stored(jp2([Plane(samples(share, 12), 12) for share in SHARES[:count]])))
        assert header.has_alpha == mode.endswith("A")


def with_color_space(content: bytes, number: int) -> bytes:
    start = content.index(b"colr") + 7
    return content[:start] + number.to_bytes(4) + content[start + 4 :]


_RGB12 = [Plane(samples(share, 12), 12) for share in SHARES[:3]]
REFUSED = {
    "17 bits": (jp2([Plane(samples(ACROSS, 17), 17)]), "at most 16 bits per sample but received 17"),
    "CIELab": (with_color_space(jp2(_RGB12, space="srgb"), 14), "received one in CIELab"),
    "an unknown colour space": (with_color_space(jp2(_RGB12, space="srgb"), 99), "number 99"),
    "six channels": (jp2(_RGB12 * 2), "but received 6 channels"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_other_kinds_are_refused_by_name(content: bytes, reason: str, stored: Store) -> None:
    with pytest.raises(UnprocessableImage, match=reason):
        probe(stored(content))


@pytest.mark.parametrize("codec_name", ["jp2", "j2k"])
def test_a_cut_is_refused(codec_name: str, stored: Store) -> None:
    noise = np.random.default_rng(1).integers(0, 4096, (64, 64))
    whole = jp2([Plane(noise, 12)] * 3, codec_name=codec_name)
    for length in (60, 100, len(whole) // 2, len(whole) - 50):
        with pytest.raises(UnprocessableImage):
            validate(stored(whole[:length]))


def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(stored: Store) -> None:
    whole = jp2(_RGB12, space="srgb")
    check_flips(whole, range(0, 260, 3), stored)


def test_without_the_library_a_deep_one_is_refused(stored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openjpeg, "find_library", lambda _: None)
    with pytest.raises(UnprocessableImage, match="whose channels all have 8 bits"):
        probe(stored(jp2(_RGB12)))
    assert validate(stored(made.encoded("jp2"))).width == made.WIDTH


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("space", ["srgb", "sycc"])
def test_definitions_say_the_order_of_channels(space: str, bits: int, tmp_path: Path) -> None:
    """Stored as third, second and first colour; the box of definitions tells so."""
    planes = [Plane(samples(share, bits), bits) for share in SHARES[:3]]
    plain = shown(jp2(planes, space=space), tmp_path, "RGB")
    turned = with_definitions(jp2(planes[::-1], space=space), [(0, 0, 3), (1, 0, 2), (2, 0, 1)])
    assert np.abs(shown(turned, tmp_path, "RGB") - plain).max() == 0


@pytest.mark.parametrize("kind", [b"CMYK", b"Lab "])
def test_a_profile_says_inks_or_lab(kind: bytes, stored: Store) -> None:
    profile = bytes(16) + kind + bytes(108)
    content = jp2([Plane(samples(share, 8)) for share in SHARES[: 4 if kind == b"CMYK" else 3]], space="srgb")
    start = content.index(b"colr") - 4
    content = content[:start] + content[start + 15 :]  # the box of the enumerated space, within the header's
    size = int.from_bytes(content[content.index(b"jp2h") - 4 :][:4]) - 15
    place = content.index(b"jp2h") - 4
    content = content[:place] + size.to_bytes(4) + content[place + 4 :]
    path = stored(with_header_boxes(content, box(b"colr", b"\2\0\0" + profile)))
    if kind == b"CMYK":
        assert not probe(path).has_alpha
    else:
        with pytest.raises(UnprocessableImage, match="received one in CIELab"):
            probe(path)


@pytest.mark.parametrize(
    "query", ["w=20&h=10&gravity=smart&format=png", "transform=pixelate:size=4&format=png", "w=9&format=jp2"]
)
def test_goes_through_every_kind_of_step(query: str, tmp_path: Path) -> None:
    facts, content = made.rendered(jp2(_RGB12, space="srgb"), query, tmp_path)
    assert (facts.width, facts.height) == Image.open(io.BytesIO(content)).size


def test_a_file_that_lacks_a_tile_is_refused(stored: Store) -> None:
    """It may break off between two tiles. The library would fill up the others."""
    content = made.encoded("jp2", made.picture(90, 60), tile_size=(32, 32))
    starts = [match.start() for match in re.finditer(rb"\xff\x90\0\x0a", content)]
    assert len(starts) == 6
    assert validate(stored(content)).stored == (90, 60)
    for start in starts[1:]:
        with pytest.raises(UnprocessableImage):
            validate(stored(content[:start] + content[-2:]))
