"""The clean aperture of an AVIF is cut out, before the picture is turned."""

import io
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from progimage.errors import ImageTooLarge
from tests.support import images as made
from tests.support.avif_boxes import clap, with_property
from tests.support.stored_files import Store, stored
from transforms.decoding import colors
from transforms.decoding.avif import avif_crop
from transforms.decoding.avif.avif_colors import Picture, read_picture
from transforms.decoding.avif.avif_crop import find_crop
from transforms.decoding.decode import probe, validate
from transforms.geometry import Size
from transforms.limits import Limits

__all__ = ["stored"]

CODED = Size(64, 48)

CROPS = {
    "top left": ((48, 1, 32, 1, -8, 1, -8, 1), (0, 0, 48, 32)),
    "centre": ((32, 1, 24, 1, 0, 1, 0, 1), (16, 12, 48, 36)),
    "bottom right": ((8, 1, 6, 1, 28, 1, 21, 1), (56, 42, 64, 48)),
    "all": ((64, 1, 48, 1, 0, 1, 0, 1), (0, 0, 64, 48)),
    "an odd width, by a half": ((33, 1, 24, 1, 1, 2, 0, 1), (16, 12, 49, 36)),
    "edges between two px": ((33, 1, 24, 1, 0, 1, 0, 1), (15, 12, 48, 36)),
    "a width of half a px": ((65, 2, 24, 1, 0, 1, 0, 1), (15, 12, 48, 36)),
    "numbers that can be reduced": ((128, 4, 72, 3, 0, 9, 0, 7), (16, 12, 48, 36)),
    "one px": ((1, 1, 1, 1, -63, 2, -47, 2), (0, 0, 1, 1)),
}
INVALID = {
    "wider than the picture": (65, 1, 48, 1, 0, 1, 0, 1),
    "outside to the left": (32, 1, 24, 1, -17, 1, 0, 1),
    "outside below": (32, 1, 24, 1, 0, 1, 13, 1),
    "no width": (0, 1, 24, 1, 0, 1, 0, 1),
    "a width over nothing": (32, 0, 24, 1, 0, 1, 0, 1),
    "an offset over nothing": (32, 1, 24, 1, 0, 0, 0, 1),
    "huge": (2**32 - 1, 1, 2**32 - 1, 1, -(2**31), 1, 2**31 - 1, 1),
}


@pytest.mark.parametrize(("numbers", "edges"), CROPS.values(), ids=CROPS)
def test_the_edges_of_a_crop(numbers: tuple[int, ...], edges: tuple[int, ...]) -> None:
    assert find_crop(clap(*numbers)[8:], CODED) == edges


@pytest.mark.parametrize("numbers", INVALID.values(), ids=INVALID)
def test_an_invalid_crop_is_none(numbers: tuple[int, ...], stored: Store) -> None:
    assert find_crop(clap(*numbers)[8:], CODED) is None
    content = with_property(made.encoded("avif", made.picture(*CODED)), clap(*numbers))
    assert validate(stored(content)).stored == CODED


def test_a_box_that_is_too_short_is_none() -> None:
    assert find_crop(clap(*CROPS["centre"][0])[8:-1], CODED) is None
    assert find_crop(b"", CODED) is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize(("numbers", "edges"), CROPS.values(), ids=CROPS)
def test_the_picture_is_cut(
    numbers: tuple[int, ...],
    edges: tuple[int, int, int, int],
    mode: str,
    stored: Store,
    tmp_path: Path,
) -> None:
    image = made.translucent(*CODED) if mode == "RGBA" else made.picture(*CODED).convert(mode)
    content = with_property(made.encoded("avif", image), clap(*numbers))
    expected = image.crop(edges)
    path = stored(content)
    assert probe(path) == validate(path)
    assert probe(path).stored == expected.size
    result = made.rendered(content, "format=png", tmp_path)[1]
    assert Image.open(io.BytesIO(result)).size == expected.size
    white = Image.new("RGBA", expected.size, "white")
    shown = Image.alpha_composite(white, Image.open(io.BytesIO(result)).convert("RGBA"))
    assert made.psnr(shown, Image.alpha_composite(white, expected.convert("RGBA"))) > 28


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_cut_before_it_is_turned(orientation: int, stored: Store, tmp_path: Path) -> None:
    """The upright picture lacks 16 columns on the right of the stored one, wherever they have turned to."""
    stored_image = made.turned_back(orientation, made.picture(*CODED))
    width, height = stored_image.size
    content = with_property(
        made.encoded_oriented(orientation, "avif", made.picture(*CODED)),
        clap(width - 16, 1, height, 1, -8, 1, 0, 1),
    )
    back = {6: 8, 8: 6}.get(orientation, orientation)
    expected = made.turned_back(back, stored_image.crop((0, 0, width - 16, height)))
    header = validate(stored(content))
    assert header.stored == (width - 16, height)
    assert header.upright == expected.size
    result = made.rendered(content, "format=png", tmp_path)[1]
    assert Image.open(io.BytesIO(result)).size == expected.size
    assert made.furthest(result, expected) <= 20


def test_a_crop_and_a_resize_see_the_part_alone(tmp_path: Path) -> None:
    content = with_property(made.encoded("avif", made.picture(*CODED)), clap(32, 1, 24, 1, 0, 1, 0, 1))
    part = made.picture(*CODED).crop((16, 12, 48, 36))
    result = made.rendered(content, "w=16&format=png", tmp_path)[1]
    assert made.psnr(result, part.resize((16, 12), Image.Resampling.LANCZOS)) > 35


def test_the_coded_picture_is_limited(stored: Store) -> None:
    content = with_property(made.encoded("avif", made.picture(*CODED)), clap(8, 1, 6, 1, 0, 1, 0, 1))
    with pytest.raises(ImageTooLarge):
        probe(stored(content), Limits(max_pixels=1_000))


def test_the_properties_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the crop, the colours and the depth of a whole render."""
    reads: list[object] = []

    def count(file: IO[bytes]) -> Picture:
        reads.append(file)
        return read_picture(file)

    for module in (avif_crop, colors):
        monkeypatch.setattr(module, "read_picture", count)
    made.rendered(made.encoded("avif"), "format=png", tmp_path)
    opened = 2
    """Once for the header, to which the request is resolved, and once for the render."""
    assert len(reads) == opened
