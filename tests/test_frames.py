"""Frames as they are shown, whichever decoder draws them."""

import io
from pathlib import Path

import pytest
from PIL import Image

from progimage.errors import ProgImageError
from tests.support import images as made
from tests.support.animations import webp

NOTHING = (0, 0, 0, 0)


@pytest.mark.parametrize("count", [1, 2])
def test_an_area_that_no_frame_of_a_webp_covers_is_transparent(count: int, tmp_path: Path) -> None:
    """Also if no frame has alpha. The background's colour is not drawn, as in browsers."""
    parts = [((2, 2), Image.new("RGB", (4, 4), "lime")), ((4, 4), Image.new("RGB", (2, 2), "blue"))][:count]
    frames = made.frames_of(webp((8, 8), parts), tmp_path)
    assert len(frames) == count
    for frame in frames:
        assert (frame.image.getpixel((2, 2)), frame.image.getpixel((0, 0))) == ((0, 255, 0, 255), NOTHING)


def test_it_is_white_in_a_format_without_alpha(tmp_path: Path) -> None:
    parts = [((2, 2), Image.new("RGB", (4, 4), "lime"))] * 2
    _, result = made.rendered(webp((8, 8), parts), "format=bmp", tmp_path)
    assert Image.open(io.BytesIO(result)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("name", made.ANIMATED)
def test_any_flipped_byte_of_an_animation_is_an_error_of_the_tree_or_none(name: str, tmp_path: Path) -> None:
    images = [Image.new("RGBA", (16, 16), (255, shade, 0, 128)) for shade in (0, 100, 200)]
    whole = made.encoded_animation(name, images, loop=2)
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        content = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        try:
            made.rendered(content, "format=gif", tmp_path)
        except ProgImageError:
            continue


@pytest.mark.parametrize("name", made.ANIMATED)
def test_any_cut_of_an_animation_is_an_error_of_the_tree_or_none(name: str, tmp_path: Path) -> None:
    whole = made.encoded_animation(name)
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        try:
            made.rendered(whole[:length], "format=png", tmp_path)
        except ProgImageError:
            continue
