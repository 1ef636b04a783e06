from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from tests.support import images as made
from transforms.decoding.decode import validate


def exif(turn: int) -> Image.Exif:
    values = Image.Exif()
    values[ExifTags.Base.Orientation] = turn
    values[ExifTags.Base.Copyright] = "a photographer"
    return values


def raw_profile(content: bytes) -> str:
    """Return the text as ImageMagick 6 writes it."""
    digits = content.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return f"\nexif\n{len(content):8}\n" + "\n".join(lines) + "\n"


def png(name: str, text: str, is_deflated: bool = False, **options: Any) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text(name, text, zip=is_deflated)
    return made.encoded("png", pnginfo=info, **options)


def orientation(content: bytes, tmp_path: Path) -> int:
    source = tmp_path / "source"
    source.write_bytes(content)
    return validate(source).orientation


def result_of(content: bytes, tmp_path: Path) -> Image.Image:
    rendered = made.rendered(content, "w=30&metadata=keep&format=png", tmp_path)[1]
    return Image.open(BytesIO(rendered))


@pytest.mark.parametrize("is_deflated", [False, True], ids=["tEXt", "zTXt"])
@pytest.mark.parametrize("name", ["Raw profile type exif", "Raw profile type APP1"])
def test_exif_in_a_text_is_metadata_and_turns_nothing(name: str, is_deflated: bool, tmp_path: Path) -> None:
    """Browsers and libvips do not turn such a picture."""
    content = png(name, raw_profile(exif(6).tobytes()), is_deflated)
    assert orientation(content, tmp_path) == 1
    result = result_of(content, tmp_path)
    assert result.size == (30, 20)
    assert result.getexif().get(ExifTags.Base.Copyright) == "a photographer"
    assert ExifTags.Base.Orientation not in result.getexif()


def test_the_chunk_goes_before_a_text(tmp_path: Path) -> None:
    content = png("Raw profile type exif", raw_profile(exif(6).tobytes()), exif=exif(3).tobytes())
    assert orientation(content, tmp_path) == 3


@pytest.mark.parametrize("content", [b"II*\0", exif(6).tobytes()], ids=["broken", "whole"])
def test_a_text_of_the_name_exif_is_none(content: bytes, tmp_path: Path) -> None:
    assert orientation(png("exif", content.decode("latin-1")), tmp_path) == 1


@pytest.mark.parametrize("text", ["", "\nexif\n4\nzz", "\nexif\n4\n" + "0" * 7])
def test_a_broken_text_is_no_metadata(text: str, tmp_path: Path) -> None:
    assert not result_of(png("Raw profile type exif", text), tmp_path).getexif()
