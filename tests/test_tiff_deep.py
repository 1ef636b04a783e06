"""TIFF of every usual depth, kind of number and layout, against values worked out here."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support import tiff_files as files
from tests.support.stored_files import Store, check_flips, stored
from tests.support.tiff_files import Page, tiff
from transforms.decoding.decode import probe, validate
from transforms.decoding.tiff import libtiff

__all__ = ["stored"]

HEIGHT, WIDTH = 37, 83
ACROSS = np.linspace(0, 1, WIDTH)[None, :].repeat(HEIGHT, axis=0)
DOWN = np.linspace(0, 1, HEIGHT)[:, None].repeat(WIDTH, axis=1)
SHARES = np.dstack([ACROSS, DOWN, 1 - ACROSS, 1 - DOWN])
WHITE_IS_ZERO = 0
ALPHA, MULTIPLIED = 2, 1


def encode(light: NDArray[Any]) -> NDArray[Any]:
    """IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0) ** (1 / 2.4) - 0.055)


def whole(shares: NDArray[Any], bits: int) -> NDArray[Any]:
    kept = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return np.round(shares * (2.0**bits - 1)).astype(f"u{kept // 8}")


def shown(content: bytes, folder: Path, mode: str) -> NDArray[Any]:
    (folder / "source").write_bytes(content)
    assert probe(folder / "source").has_alpha == mode.endswith("A")
    (frame,) = made.frames_of(content, folder)
    return made.pixels(frame.image, mode)


def difference(content: bytes, right: NDArray[Any], folder: Path) -> float:
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[right.shape[2]]
    found = shown(content, folder, mode).reshape(right.shape)
    return float(np.abs(found - np.round(255 * right)).max())


LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "strips": ({}, {}),
    "big-endian": ({}, {"order": ">"}),
    "planes": ({"is_planar": True}, {}),
    "tiles": ({"tile": (16, 32)}, {"is_big": True}),
    "planes of tiles": ({"is_planar": True, "tile": (32, 16)}, {"order": ">", "is_big": True}),
    "deflate": ({"compression": files.DEFLATE}, {"order": ">"}),
    "one strip": ({"rows_per_strip": 2**32 - 1}, {}),
    "deflated differences": ({"compression": files.DEFLATE, "predictor": 2}, {}),
}
KINDS: dict[str, tuple[NDArray[Any], dict[str, Any], NDArray[Any]]] = {
    "grey 16": (whole(SHARES[..., :1], 16), {}, SHARES[..., :1]),
    "grey 32": (whole(SHARES[..., :1], 32), {}, SHARES[..., :1]),
    "white is zero 16": (whole(SHARES[..., :1], 16), {"photometric": WHITE_IS_ZERO}, 1 - SHARES[..., :1]),
    "white is zero 32": (whole(SHARES[..., :1], 32), {"photometric": WHITE_IS_ZERO}, 1 - SHARES[..., :1]),
    "grey and alpha 8": (whole(SHARES[..., :2], 8), {"extras": (ALPHA,)}, SHARES[..., :2]),
    "grey and alpha 16": (whole(SHARES[..., :2], 16), {"extras": (ALPHA,)}, SHARES[..., :2]),
    "grey and untold alpha 16": (whole(SHARES[..., :2], 16), {}, SHARES[..., :2]),
    "grey and what is no alpha 16": (whole(SHARES[..., :2], 16), {"extras": (0,)}, SHARES[..., :1]),
    "RGB 8": (whole(SHARES[..., :3], 8), {"photometric": files.RGB}, SHARES[..., :3]),
    "RGB 16": (whole(SHARES[..., :3], 16), {"photometric": files.RGB}, SHARES[..., :3]),
    "RGB 32": (whole(SHARES[..., :3], 32), {"photometric": files.RGB}, SHARES[..., :3]),
    "RGBA 8": (whole(SHARES, 8), {"photometric": files.RGB, "extras": (ALPHA,)}, SHARES),
    "RGBA 16": (whole(SHARES, 16), {"photometric": files.RGB, "extras": (ALPHA,)}, SHARES),
    "RGB and what is no alpha": (
        whole(SHARES, 16),
        {"photometric": files.RGB, "extras": (0,)},
        SHARES[..., :3],
    ),
}


def combinations() -> list[Any]:
    """Every kind in every layout. Three quarters of them are slow only because they are many."""
    return [
        pytest.param(
            *layout, *kind, id=f"{name}, {layout_name}", marks=[pytest.mark.slow] * ((row + column) % 4 > 0)
        )
        for row, (layout_name, layout) in enumerate(LAYOUTS.items())
        for column, (name, kind) in enumerate(KINDS.items())
    ]


@pytest.mark.parametrize(("layout", "order", "samples", "kind", "right"), combinations())
def test_whole_numbers(
    layout: dict[str, Any],
    order: dict[str, Any],
    samples: NDArray[Any],
    kind: dict[str, Any],
    right: NDArray[Any],
    tmp_path: Path,
) -> None:
    assert difference(tiff(Page(samples=samples, **kind, **layout), **order), right, tmp_path) <= 1


@pytest.mark.parametrize(
    ("bits", "count"),
    [(1, 1), (2, 1), (4, 1), (4, 3), (6, 1), (7, 4), (9, 1), (10, 3), (12, 1), (12, 3), (14, 4), (15, 1)],
)
def test_packed_whole_numbers(bits: int, count: int, tmp_path: Path) -> None:
    kind: dict[str, Any] = {"photometric": files.RGB if count > 2 else files.BLACK_IS_ZERO}
    samples = whole(SHARES[..., :count], bits)
    right = samples / (2**bits - 1)
    for is_planar in {False, count > 1}:
        page = Page(samples=samples, bits=bits, extras=(ALPHA,) * (count == 4), is_planar=is_planar, **kind)
        assert difference(tiff(page, order=">" if is_planar else "<"), right, tmp_path) <= 0.5


@pytest.mark.parametrize("layout", ["strips", "planes of tiles"])
@pytest.mark.parametrize("form", ["f2", "f4", "f8"])
class TestFloats:
    """Floats of RGB are linear light, as libvips reads them; grey from 0 to 1 is as it is."""

    def test_rgb_is_linear_light(self, form: str, layout: str, tmp_path: Path) -> None:
        options, order = LAYOUTS[layout]
        page = Page(samples=SHARES[..., :3].astype(form), photometric=files.RGB, **options)
        assert difference(tiff(page, **order), encode(SHARES[..., :3]), tmp_path) <= 1

    def test_alpha_is_not(self, form: str, layout: str, tmp_path: Path) -> None:
        options, order = LAYOUTS[layout]
        page = Page(samples=SHARES.astype(form), photometric=files.RGB, extras=(ALPHA,), **options)
        right = np.dstack([encode(SHARES[..., :3]), SHARES[..., 3]])
        assert difference(tiff(page, **order), right, tmp_path) <= 1

    def test_colours_are_divided_by_alpha_while_they_are_light(
        self, form: str, layout: str, tmp_path: Path
    ) -> None:
        options, order = LAYOUTS[layout]
        alpha = 0.5 + SHARES[..., 3:] / 2
        samples = np.dstack([SHARES[..., :3] * alpha, alpha]).astype(form)
        page = Page(samples=samples, photometric=files.RGB, extras=(MULTIPLIED,), **options)
        right = np.dstack([encode(SHARES[..., :3]), alpha])
        assert difference(tiff(page, **order), right, tmp_path) <= 1

    @pytest.mark.parametrize("photometric", [WHITE_IS_ZERO, files.BLACK_IS_ZERO])
    def test_grey_is_as_it_is(self, photometric: int, form: str, layout: str, tmp_path: Path) -> None:
        options, order = LAYOUTS[layout]
        samples = SHARES[..., :2].astype(form)
        right = SHARES[..., :2].copy()
        if photometric == WHITE_IS_ZERO:
            right[..., 0] = 1 - right[..., 0]
        page = Page(samples=samples, photometric=photometric, extras=(ALPHA,), **options)
        assert difference(tiff(page, **order), right, tmp_path) <= 1


def test_light_beyond_white_and_what_is_no_number_has_an_end(tmp_path: Path) -> None:
    row = np.array([[7, -1, np.nan, np.inf, -np.inf, 1e30]], dtype="f4").T[None]
    page = Page(samples=row.repeat(3, axis=2), photometric=files.RGB)
    assert shown(tiff(page), tmp_path, "RGB")[0, :, 0].tolist() == [255, 0, 0, 255, 0, 255]


def test_floats_with_a_profile_are_the_profiles_values(tmp_path: Path) -> None:
    page = Page(samples=SHARES[..., :3].astype("f4"), photometric=files.RGB, tags={34675: b"profile"})
    assert difference(tiff(page), SHARES[..., :3], tmp_path) <= 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    ("form", "numbers", "right"),
    [
        ("i1", [-128, 0, 127], [0, 128, 255]),
        ("i1", [0, 64, 127], [0, 129, 255]),
        ("i2", [-100, 0, 100], [0, 128, 255]),
        ("i2", [0, 1000, 32767], [0, 8, 255]),
        ("i4", [0, 128, 255], [0, 128, 255]),
        ("i4", [0, 2**30, 2**31 - 1], [0, 128, 255]),
        ("i4", [2**30, 3 * 2**29, 2**31 - 1], [128, 191, 255]),
        ("u4", [2**31, 3 * 2**30, 2**32 - 1], [128, 191, 255]),
        ("u4", [2**32 - 1] * 3, [255, 255, 255]),
        ("u4", [0, 32768, 65535], [0, 128, 255]),
        ("u4", [0, 50_000, 100_000], [0, 128, 255]),
        ("f4", [0, 128, 255], [0, 128, 255]),
        ("f4", [-3, 0, 3], [0, 128, 255]),
    ],
)
def test_grey_numbers_of_unknown_white(
    form: str, numbers: list[int], right: list[int], order: files.Order, tmp_path: Path
) -> None:
    """The largest number of the kind, or 65,535, 255 or 1 is white; or the range of the numbers is that of grey."""
    samples = np.array(numbers, dtype=form)[None, :, None]
    assert shown(tiff(Page(samples=samples), order=order), tmp_path, "L")[0].tolist() == right


@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize("photometric", [files.CIELAB, files.ICCLAB])
@pytest.mark.parametrize("bits", [8, 16])
def test_lab_is_what_its_equations_say(photometric: int, bits: int, is_planar: bool, tmp_path: Path) -> None:
    greys = [(0, 0, 0), (100, 0, 0), (50, 0, 0), (3, 1, 1)]
    lab = np.vstack([greys, np.random.default_rng(1).uniform((0, -60, -60), (100, 60, 60), (200, 3))])
    unit = 2 ** (bits - 8)
    if photometric == files.CIELAB:
        white, offset = 2**bits - 1, 0
    else:
        white, offset = 255 * unit, 128
    numbers = np.round(np.column_stack([lab[:, 0] * white / 100, (lab[:, 1:] + offset) * unit])).astype(int)
    samples = (numbers % 2**bits).astype(f"u{bits // 8}")[None]
    found = shown(tiff(Page(samples=samples, photometric=photometric, is_planar=is_planar)), tmp_path, "RGB")[
        0
    ]
    exact = np.column_stack([numbers[:, 0] * 100 / white, numbers[:, 1:] / unit - offset])
    assert np.abs(found - 255 * encode(to_light(exact)).clip(0, 1)).max() <= 1


def to_light(lab: NDArray[Any]) -> NDArray[Any]:
    """Lab of D50 to linear sRGB, by Bradford's adaptation (CIE 15:2004; the matrices of ICC's sRGB profile)."""
    f_y = (lab[:, 0] + 16) / 116
    f = np.column_stack([f_y + lab[:, 1] / 500, f_y, f_y - lab[:, 2] / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9642, 1, 0.8249)
    srgb = np.array([(0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)]).T
    return xyz @ np.linalg.inv(srgb).T


@pytest.mark.parametrize("compression", [files.NONE, files.DEFLATE])
@pytest.mark.parametrize(
    ("grid", "is_planar"), [((1, 1), False), ((1, 1), True), ((2, 1), False), ((2, 2), False)]
)
def test_lightness_and_colour_differences(
    grid: tuple[int, int], is_planar: bool, compression: int, tmp_path: Path
) -> None:
    across, down = grid
    image = made.picture(64, 48)
    ycbcr = np.asarray(image.convert("YCbCr"))
    units = ycbcr.reshape(48 // down, down, 64 // across, across, 3).swapaxes(1, 2)
    lightness = units[..., 0].reshape(*units.shape[:2], -1)
    differences = units[..., 1:].mean(axis=(2, 3)).round()
    rows = np.concatenate([lightness, differences], axis=2).reshape(48 // down, -1, 1).astype("u1")
    tags = {256: (64,), 257: (48,), 258: (8,) * 3, 277: (3,), 278: (12,), 339: (1,) * 3, 530: grid}
    page = Page(
        samples=ycbcr if is_planar else rows,
        photometric=6,
        rows_per_strip=12 if is_planar else 12 // down,
        is_planar=is_planar,
        compression=compression,
        tags=tags,
    )
    assert np.abs(shown(tiff(page), tmp_path, "RGB") - made.pixels(image)).max() <= 8


@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
def test_inks(bits: int, is_planar: bool, tmp_path: Path) -> None:
    inks = np.zeros((1, 3, 5))
    inks[0, 1, 3] = 1
    inks[0, 2] = 1
    page = Page(samples=whole(inks, bits), photometric=files.CMYK, extras=(0,), is_planar=is_planar)
    found = shown(tiff(page), tmp_path, "RGB")[0]
    assert found[0].min() >= 254
    assert found[1:].max() < 60


@pytest.mark.parametrize("white", [65_535, 255], ids=["16-bit map", "8-bit map"])
@pytest.mark.parametrize("bits", [3, 4, 8, 16])
def test_palettes(bits: int, white: int, tmp_path: Path) -> None:
    colors = np.random.default_rng(1).integers(0, 256, (3, 2**bits))
    colors[:, 0] = 255
    indices = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1) % 2**bits
    color_map = tuple((colors * (white // 255)).ravel().tolist())
    page = Page(
        samples=indices.astype("u2" if bits > 8 else "u1"),
        bits=bits,
        photometric=files.PALETTE,
        tags={320: color_map},
    )
    assert np.abs(shown(tiff(page), tmp_path, "RGB") - colors.T[indices[..., 0]]).max() == 0


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "lzma", "tiff_adobe_deflate"])
def test_compressions(compression: str, tmp_path: Path) -> None:
    grey = Image.fromarray(whole(SHARES[..., 0], 16))
    file = io.BytesIO()
    grey.save(file, "TIFF", compression=compression)
    assert difference(file.getvalue(), SHARES[..., :1], tmp_path) <= 0.5


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("is_planar", [False, True])
def test_tiles_in_the_tags_of_strips(bits: int, is_planar: bool, tmp_path: Path) -> None:
    samples = whole(SHARES[..., :3], bits)
    page = Page(
        samples=samples, photometric=files.RGB, is_planar=is_planar, tile=(16, 32), has_tiles_as_strips=True
    )
    assert difference(tiff(page), SHARES[..., :3], tmp_path) <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_that_of_the_tag(orientation: int, tmp_path: Path) -> None:
    image = made.turned_back(orientation)
    samples = np.asarray(image).astype("u2") * 257
    page = Page(samples=samples, photometric=files.RGB, tags={274: (orientation,)})
    (tmp_path / "source").write_bytes(tiff(page))
    header = probe(tmp_path / "source")
    assert (header.width, header.height) == (made.WIDTH, made.HEIGHT)
    assert np.abs(shown(tiff(page), tmp_path, "RGB") - made.pixels(made.picture())).max() == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_an_orientation_in_xmp_alone_turns_nothing(bits: int, tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    page = Page(samples=whole(SHARES[..., :3], bits), photometric=files.RGB, tags={700: xmp})
    assert difference(tiff(page), SHARES[..., :3], tmp_path) <= 1


DEEP = Page(samples=whole(SHARES[..., :3], 16), photometric=files.RGB)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_cut_is_refused(layout: str, stored: Store) -> None:
    options, order = LAYOUTS[layout]
    noise = np.random.default_rng(1).integers(0, 65_536, (64, 64, 3)).astype("u2")
    page = Page(samples=noise, photometric=files.RGB, **options)
    content = tiff(page, **order)
    for lost in (100, 500, len(content) // 2):
        with pytest.raises(UnprocessableImage):
            validate(stored(content[:-lost]))


def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(stored: Store) -> None:
    page = replace(DEEP, samples=DEEP.samples[:4, :8])
    content = tiff(page)
    check_flips(content, range(0, len(content), 17), stored)


def test_without_the_library_a_deep_one_is_refused(stored: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libtiff, "_library", lambda: None)
    with pytest.raises(UnprocessableImage, match="8 bits per sample"):
        probe(stored(tiff(DEEP)))
    assert validate(stored(made.encoded("tiff"))).width == made.WIDTH
