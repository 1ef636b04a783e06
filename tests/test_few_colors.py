"""Few colours instead of true colour: exact if the image has few, else within 8 levels and a mean of 1."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.support import images as made
from transforms.encoding import few_colors
from transforms.encoding.few_colors import with_few_colors

WIDTH, HEIGHT = 600, 420


def diagram(colors: int, *, is_transparent: bool = False) -> Image.Image:
    """Return rectangles, lines and text in flat colours, in mode P; with a transparent ground if that is wanted."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (245, 247, 249))
    draw = ImageDraw.Draw(image)
    random = np.random.default_rng(3)
    palette = [tuple(color) for color in random.integers(0, 240, (colors - 2, 3)).tolist()]
    for index, color in enumerate(palette):
        left, top = random.integers(0, (WIDTH - 60, HEIGHT - 40)).tolist()
        draw.rectangle((left, top, left + 50, top + 30), fill=color, outline=(30, 30, 30))
        draw.text((10 + 150 * (index % 3), 6 * index), "The quick brown fox", fill=(30, 30, 30))
    indexed = image.quantize(colors, method=Image.Quantize.MAXCOVERAGE)
    if is_transparent:
        indexed.info["transparency"] = indexed.getpixel((WIDTH - 1, HEIGHT - 1))
    return indexed


def true_color(source: bytes, query: str, folder: Path) -> bytes:
    """Return the same result of the same pixels that come without a palette."""
    image = Image.open(io.BytesIO(source))
    whole = made.encoded("png", image.convert("RGBA" if image.has_transparency_data else "RGB"))
    return made.rendered(whole, query, folder)[1]


class TestResized:
    @pytest.mark.parametrize("is_transparent", [False, True], ids=["opaque", "transparent"])
    @pytest.mark.parametrize("colors", [3, 16, 64])
    @pytest.mark.parametrize(
        "query", ["w=500", "w=150", "transform=rotate:90/resize:width=200", "w=200&h=200&fit=cover"]
    )
    def test_few_colours_stay_few_and_near(
        self, query: str, colors: int, is_transparent: bool, tmp_path: Path
    ) -> None:
        source = made.encoded("png", diagram(colors, is_transparent=is_transparent))
        content = made.rendered(source, query, tmp_path)[1]
        exact = true_color(source, query, tmp_path)
        differences = np.abs(made.pixels(content, "RGBA") - made.pixels(exact, "RGBA"))
        assert differences.max() <= 8
        assert differences.mean() < 1
        assert len(content) <= (1 if colors == 3 else 0.75) * len(exact)

    def test_metadata_are_kept(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x8298] = "Ann Example"
        source = made.encoded("png", diagram(64), exif=exif)
        content = made.rendered(source, "w=500&metadata=copyright", tmp_path)[1]
        with Image.open(io.BytesIO(content)) as image:
            assert image.getexif()[0x8298] == "Ann Example"
        assert len(content) < len(true_color(source, "w=500", tmp_path))

    @pytest.mark.parametrize("format", ["gif", "bmp", "tiff"])
    def test_a_palette_of_another_format_is_one_too(self, format: str, tmp_path: Path) -> None:
        source = made.encoded(format, diagram(16))
        content = made.rendered(source, "format=png&w=300", tmp_path)[1]
        assert len(content) < 0.75 * len(true_color(source, "w=300", tmp_path))

    def test_a_photograph_stays_in_true_colour(self, tmp_path: Path) -> None:
        source = made.encoded("png", made.photograph(600, 400).quantize(256))
        content = made.rendered(source, "w=300", tmp_path)[1]
        assert made.furthest(content, true_color(source, "w=300", tmp_path)) == 0

    def test_true_colour_stays_exact(self, tmp_path: Path) -> None:
        source = made.encoded("png", diagram(16).convert("RGB"))
        assert Image.open(io.BytesIO(made.rendered(source, "w=300", tmp_path)[1])).mode == "RGB"

    def test_filters_are_exact(self, tmp_path: Path) -> None:
        """Only a resampling may be rounded. A tint of few colours has few colours."""
        source = made.encoded("png", diagram(64))
        for query in ("transform=resize:width=300/blur:3", "transform=sepia"):
            content = made.rendered(source, query, tmp_path)[1]
            assert made.furthest(content, true_color(source, query, tmp_path)) == 0


class TestExact:
    @pytest.mark.parametrize("format", ["png", "tiff", "bmp"])
    @pytest.mark.parametrize(
        "query", ["transform=rotate:90", "transform=crop:width=300,height=200,left=5,top=5", "transform=flip"]
    )
    def test_a_cut_or_turned_palette_is_a_palette(self, query: str, format: str, tmp_path: Path) -> None:
        source = made.encoded(format, diagram(64))
        content = made.rendered(source, query, tmp_path)[1]
        assert Image.open(io.BytesIO(content)).mode == "P"
        assert made.furthest(content, true_color(source, query, tmp_path)) == 0

    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    @pytest.mark.parametrize("count", [1, 2, 16, 17, 256])
    def test_each_number_of_colours(self, count: int, mode: str) -> None:
        random = np.random.default_rng(count)
        colors = random.integers(0, 256, (count, len(mode)), dtype=np.uint8)
        image = Image.fromarray(colors[random.integers(0, count, (40, 50))])
        result = with_few_colors(image, is_exact=True)
        assert result is not None
        assert made.furthest(made.encoded("png", result), image, "RGBA") == 0

    def test_more_colours_are_not_exact(self) -> None:
        red, green = np.meshgrid(np.arange(20), np.arange(13))
        ramp = np.stack([red, green, red], axis=-1).astype(np.uint8)
        assert with_few_colors(Image.fromarray(ramp), is_exact=True) is None

    @pytest.mark.parametrize(("levels", "bits"), [(2, 1), (4, 2)])
    def test_grey_of_few_levels_takes_few_bits(self, levels: int, bits: int, tmp_path: Path) -> None:
        """A scan of 4 bits that is turned has 4 bits again. A PNG's depth is its byte 24."""
        ramp = np.linspace(0, 240, levels).round().astype(np.uint8)
        image = Image.fromarray(ramp[np.random.default_rng(1).integers(0, levels, (50, 64))])
        content = made.rendered(made.encoded("png", image), "transform=rotate:90&format=png", tmp_path)[1]
        assert content[24] == bits
        assert made.furthest(content, image.transpose(Image.Transpose.ROTATE_270)) == 0


def test_too_many_pixels_or_colours_are_left_alone() -> None:
    assert with_few_colors(Image.new("RGB", (2_001, 2_000)), is_exact=False) is None
    assert with_few_colors(made.photograph(400, 300), is_exact=False) is None


class TestIndices:
    @pytest.mark.parametrize("mode", ["RGB", "RGBA"])
    @pytest.mark.parametrize("step", [1, 16], ids=["near", "far"])
    def test_colours_an_octree_joins_stay_apart(self, mode: str, step: int) -> None:
        """Of colours one level apart an octree makes one; those that are far apart it finds sooner."""
        levels = np.arange(16, dtype=np.uint8) * step
        red, green = np.meshgrid(levels, levels)
        bands = [red, green, np.full_like(red, 9), 255 - red // 3]
        image = Image.fromarray(np.dstack(bands[: len(mode)]).repeat(20, axis=0))
        reduced = with_few_colors(image, is_exact=True)
        assert reduced is not None
        assert reduced.mode == "P"
        assert reduced.convert(mode).tobytes() == image.tobytes()
        assert len(set(reduced.tobytes())) == 256

    def test_a_palette_is_in_the_same_order_either_way(self, monkeypatch: pytest.MonkeyPatch) -> None:
        image = diagram(64).convert("RGB")
        by_octree = with_few_colors(image, is_exact=True)
        monkeypatch.setattr(few_colors, "_indexed_exactly", lambda image, indices: None)
        by_loop = with_few_colors(image, is_exact=True)
        assert by_octree is not None
        assert by_loop is not None
        assert (by_octree.tobytes(), by_octree.getpalette()) == (by_loop.tobytes(), by_loop.getpalette())

    def test_an_exact_palette_is_found_without_a_loop_over_the_pixels(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("Expected no loop")

        monkeypatch.setattr(few_colors, "_look_up", refuse)
        assert with_few_colors(diagram(64).convert("RGB"), is_exact=True) is not None
