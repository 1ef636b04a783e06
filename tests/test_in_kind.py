"""One bit stays one bit, and grey stays grey, as another reader finds them in the bytes."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.support import images as made


def mode_of(content: bytes) -> str:
    return Image.open(io.BytesIO(content)).mode


def two_tones() -> Image.Image:
    return made.picture(200, 120).convert("1", dither=Image.Dither.NONE)


def grey() -> Image.Image:
    return made.photograph(200, 120).convert("L")


def grey_with_alpha() -> Image.Image:
    return made.translucent(200, 120).convert("LA")


UNCHANGED = ["", "transform=rotate:90", "transform=crop:width=70,height=50,left=5,top=5", "transform=flip"]


@pytest.mark.parametrize("format", ["png", "tiff", "bmp"])
@pytest.mark.parametrize("query", UNCHANGED)
def test_one_bit_stays_one_bit_if_no_pixel_is_mixed(query: str, format: str, tmp_path: Path) -> None:
    source = made.encoded(format, two_tones())
    content = made.rendered(source, query, tmp_path)[1]
    assert mode_of(content) == "1"
    rgb = made.rendered(made.encoded("png", two_tones().convert("RGB")), query + "&format=png", tmp_path)[1]
    assert made.furthest(content, rgb) == 0


@pytest.mark.parametrize("format", ["png", "tiff", "bmp"])
@pytest.mark.parametrize("source_format", ["png", "tiff", "bmp"])
def test_one_bit_that_is_resized_is_grey(source_format: str, format: str, tmp_path: Path) -> None:
    source = made.encoded(source_format, two_tones())
    content = made.rendered(source, f"w=77&format={format}", tmp_path)[1]
    rgb = made.rendered(made.encoded("png", two_tones().convert("RGB")), "w=77&format=png", tmp_path)[1]
    if format == "png":
        # fewer levels, as of a palette that is resized
        assert mode_of(content) in ("L", "P")
        assert np.abs(made.pixels(content) - made.pixels(rgb)).mean() < 1
        assert made.furthest(content, rgb) <= 8
    else:
        assert mode_of(content) == "L"
        assert made.furthest(content, rgb) == 0


def test_a_scan_of_text_that_is_resized_takes_few_bytes(tmp_path: Path) -> None:
    page = Image.new("1", (900, 600), 1)
    draw = ImageDraw.Draw(page)
    random = np.random.default_rng(7)
    for top in range(10, 590, 14):
        draw.text((10, top), "".join(map(chr, random.integers(33, 127, 140))), fill=0)
    content = made.rendered(made.encoded("png", page), "w=600&format=png", tmp_path)[1]
    rgb = made.rendered(made.encoded("png", page.convert("RGB")), "w=600&format=png", tmp_path)[1]
    assert len(content) < 0.7 * len(made.encoded("png", Image.open(io.BytesIO(rgb)).convert("L")))
    assert made.furthest(content, rgb) <= 8


def test_a_grey_photograph_is_exact(tmp_path: Path) -> None:
    source = made.encoded("png", grey())
    rgb = made.rendered(made.encoded("png", grey().convert("RGB")), "w=77&format=png", tmp_path)[1]
    assert made.furthest(made.rendered(source, "w=77&format=png", tmp_path)[1], rgb) == 0
    palette = made.encoded("gif", grey().quantize(256))
    exact = made.rendered(
        made.encoded("png", Image.open(io.BytesIO(palette)).convert("RGB")), "w=77&format=png", tmp_path
    )
    assert made.furthest(made.rendered(palette, "w=77&format=png", tmp_path)[1], exact[1]) == 0


@pytest.mark.parametrize("format", ["png", "tiff", "bmp", "jpeg"])
@pytest.mark.parametrize("query", [*UNCHANGED, "w=77", "transform=blur:2", "transform=brightness:20"])
def test_grey_stays_grey(query: str, format: str, tmp_path: Path) -> None:
    """Operations take RGB. Their results are grey if all channels are equal."""
    content = made.rendered(made.encoded("png", grey()), f"{query}&format={format}", tmp_path)[1]
    assert mode_of(content) == "L"
    rgb = made.rendered(made.encoded("png", grey().convert("RGB")), f"{query}&format={format}", tmp_path)[1]
    assert made.furthest(content, rgb) <= (4 if format == "jpeg" else 0)


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("query", [*UNCHANGED, "w=77"])
def test_grey_with_alpha_stays_so(query: str, format: str, tmp_path: Path) -> None:
    content = made.rendered(made.encoded("png", grey_with_alpha()), f"{query}&format={format}", tmp_path)[1]
    assert mode_of(content) == "LA"
    source = made.encoded("png", grey_with_alpha().convert("RGBA"))
    rgba = made.rendered(source, f"{query}&format={format}", tmp_path)[1]
    assert made.furthest(content, rgba, "RGBA") == 0


def test_a_palette_of_greys_is_grey(tmp_path: Path) -> None:
    source = made.encoded("gif", grey().quantize(200))
    assert mode_of(made.rendered(source, "format=png&w=77", tmp_path)[1]) == "L"


def test_grey_of_16_bits_is_grey(tmp_path: Path) -> None:
    deep = Image.fromarray(np.arange(4_800, dtype=np.uint16).reshape(60, 80) * 13)
    for format in ("png", "tiff"):
        assert mode_of(made.rendered(made.encoded("png", deep), f"format={format}&w=40", tmp_path)[1]) == "L"


def test_an_operation_may_bring_colours(tmp_path: Path) -> None:
    content = made.rendered(made.encoded("png", grey()), "transform=sepia&format=png", tmp_path)[1]
    assert mode_of(content) in ("RGB", "P")
    assert made.pixels(content)[..., 0].mean() > made.pixels(content)[..., 2].mean() + 5


def test_true_colour_without_colours_stays_true_colour(tmp_path: Path) -> None:
    content = made.rendered(made.encoded("png", grey().convert("RGB")), "w=77&format=png", tmp_path)[1]
    assert mode_of(content) == "RGB"


@pytest.mark.parametrize("kind", ["lines", "dots"])
def test_a_scan_takes_the_smaller_code(kind: str, tmp_path: Path) -> None:
    """Lines pack by the fax code, dots by LZW (compressions 4 and 5)."""
    lines = Image.new("1", (1_200, 800), 1)
    for left in range(37, 1_200, 83):
        lines.paste(0, (left, left % 300, left + 5, 800 - left % 290))
    image = lines if kind == "lines" else made.checkerboard(1_200, 800).convert("1")
    content = made.rendered(made.encoded("png", image), "format=tiff", tmp_path)[1]
    opened = Image.open(io.BytesIO(content))
    assert opened.tag_v2[259] == (4 if kind == "lines" else 5)  # type: ignore[attr-defined]
    assert made.furthest(content, image) == 0
