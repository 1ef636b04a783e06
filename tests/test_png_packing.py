"""The packing of a PNG's rows: less time for photographs, and never many more bytes."""

import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from progimage.operations import Output
from progimage.text_form import parse_query
from tests.support import images as made
from transforms.engine import render_file
from transforms.formats import png_packing
from transforms.formats.png_packing import Packing, choose_packing
from transforms.formats.png_rows import RowFilter, pack_rows
from transforms.formats.save_options import ROW_FILTER, EncodeTask, as_png
from transforms.planning.resolve import resolve

PHOTOGRAPH = made.photograph(640, 480)


def pattern() -> Image.Image:
    return made.checkerboard(64, 64, cell=5).resize((640, 480))


def options(*images: Image.Image, effort: int | None = None) -> dict[str, object]:
    pixels = images[0].width * images[0].height * len(images)
    return as_png(EncodeTask(Output(format="png", effort=effort), images, pixels, 1))


def test_a_photograph_has_one_filter_for_all_rows() -> None:
    packing = choose_packing(PHOTOGRAPH, 6, is_smallest=False)
    assert packing == Packing(zlib.Z_RLE, RowFilter.AVERAGE)


def test_a_pattern_is_searched_for_matches() -> None:
    assert choose_packing(pattern(), 6, is_smallest=False) == Packing(zlib.Z_DEFAULT_STRATEGY)


def test_rows_that_are_unlike_are_filtered_along_the_row() -> None:
    """A scan whose rows do not fit together: nothing above a px resembles it."""
    torn = Image.new("RGB", PHOTOGRAPH.size)
    for row in range(480):
        # 217 has no factor in common with 480, so each row has its turn
        source = row * 217 % 480
        torn.paste(PHOTOGRAPH.crop((0, source, 640, source + 1)), (0, row))
    assert choose_packing(torn, 6, is_smallest=False) == Packing(zlib.Z_RLE, RowFilter.SUB)


@pytest.mark.parametrize("size", [(1, 1), (40_000, 1), (1, 40_000), (300, 200)])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA"])
def test_every_size_and_mode_has_a_packing(size: tuple[int, int], mode: str) -> None:
    packing = choose_packing(Image.new(mode, size), 6, is_smallest=False)
    assert packing.strategy in (zlib.Z_RLE, zlib.Z_DEFAULT_STRATEGY)
    assert mode != "1" or packing.row_filter is None


def test_an_effort_does_not_give_bytes_for_time() -> None:
    # Pillow's choice of a filter for each row takes 5 % fewer bytes
    soft = made.photograph(320, 240).resize((640, 480), Image.Resampling.BICUBIC)
    assert ROW_FILTER in options(soft)
    assert ROW_FILTER not in options(soft, effort=6)


def test_a_limit_does_not_give_bytes_for_time_and_a_low_effort_does() -> None:
    soft = made.photograph(320, 240).resize((640, 480), Image.Resampling.BICUBIC)
    limited = EncodeTask(Output(format="png", max_bytes=500_000), [soft], 640 * 480, 1)
    assert ROW_FILTER not in as_png(limited)
    assert ROW_FILTER in options(soft, effort=1)


def test_small_images_are_compared_by_their_rows_alone(tmp_path: Path) -> None:
    """A whole file has 57 bytes more than its rows."""
    noise = made.photograph(16, 16).filter(ImageFilter.GaussianBlur(1))
    pillows = BytesIO()
    noise.save(pillows, "PNG", compress_level=9, compress_type=zlib.Z_RLE)
    packing = choose_packing(noise, 9, is_smallest=True)
    if packing.row_filter is not None:
        rows = b"".join(pack_rows(noise, packing.row_filter, 9, packing.strategy))
        assert len(rows) + 57 <= len(pillows.getvalue())


@pytest.mark.parametrize("size", [(50_000, 2), (6_000, 7), (40_000, 8)])
def test_rows_of_low_images_are_sampled_once(size: tuple[int, int]) -> None:
    strips = png_packing._find_strips(Image.new("L", size))
    rows = [row for top, bottom in strips for row in range(top, bottom)]
    assert rows == list(range(size[1]))


def test_animations_and_palettes_are_written_by_pillow() -> None:
    assert ROW_FILTER not in options(PHOTOGRAPH, PHOTOGRAPH)
    assert ROW_FILTER not in options(PHOTOGRAPH.quantize(16))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_result_keeps_its_pixels_and_takes_few_more_bytes(mode: str, tmp_path: Path) -> None:
    source = PHOTOGRAPH.convert(mode)
    if mode == "RGBA":
        source.putalpha(made.photograph(640, 480).convert("L"))
    path = tmp_path / "source.png"
    source.save(path)
    asked = parse_query([("format", "png"), ("transform", "rotate:angle=180")])
    result = tmp_path / "result.png"
    render_file(path, resolve(asked, "png"), result)
    turned = source.transpose(Image.Transpose.ROTATE_180)
    with Image.open(result) as opened:
        assert (opened.mode, opened.tobytes()) == (mode, turned.tobytes())
    by_pillow = BytesIO()
    turned.save(by_pillow, "PNG", compress_type=zlib.Z_RLE)
    assert result.stat().st_size < 1.1 * by_pillow.getbuffer().nbytes


def test_the_metadata_are_those_of_any_other_result(tmp_path: Path) -> None:
    path = tmp_path / "source.jpg"
    PHOTOGRAPH.save(path, quality=90, dpi=(300, 300))
    densities = []
    for effort in ((), (("effort", "6"),)):
        asked = parse_query([("format", "png"), ("metadata", "keep"), *effort])
        result = tmp_path / "result.png"
        render_file(path, resolve(asked, "jpeg"), result)
        with Image.open(result) as opened:
            densities.append(opened.info["dpi"])
    assert densities[0] == densities[1] == pytest.approx((300, 300), abs=0.01)
