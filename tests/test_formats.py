"""The table of formats: what everything else reads from it."""

from typing import get_args

import pytest
from PIL import Image

from progimage.operations import Output, OutputFormat
from transforms import decode  # noqa: F401  registers the decoders
from transforms.formats import ACCEPTED_MEDIA_TYPES, FORMATS, READABLE, WRITABLE, format_by_extension
from transforms.geometry import Size


@pytest.mark.parametrize(
    ("extension", "name"),
    [
        ("jpg", "jpeg"),
        ("jpeg", "jpeg"),
        ("JPG", "jpeg"),
        ("png", "png"),
        ("webp", "webp"),
        ("avif", "avif"),
        ("gif", "gif"),
        ("tiff", "tiff"),
        ("TIF", "tiff"),
        ("bmp", "bmp"),
        ("ico", "ico"),
        ("jp2", "jp2"),
        ("heic", "heic"),
        ("heif", "heic"),
    ],
)
def test_an_extension_names_a_format(extension: str, name: str) -> None:
    assert format_by_extension(extension) is FORMATS[name]


@pytest.mark.parametrize("extension", ["", "svg", ".png", "png ", "jpe", "pdf"])
def test_other_extensions_name_none(extension: str) -> None:
    assert format_by_extension(extension) is None


def test_the_vocabulary_names_what_can_be_written() -> None:
    assert {*WRITABLE, "auto"} == set(get_args(OutputFormat))
    assert set(READABLE) == set(WRITABLE) | {"heic"}


def test_media_types_are_one_each() -> None:
    assert len(set(ACCEPTED_MEDIA_TYPES)) == len(FORMATS)
    assert all(media_type.startswith("image/") for media_type in ACCEPTED_MEDIA_TYPES)


@pytest.mark.parametrize("name", READABLE)
def test_pillow_knows_the_format(name: str) -> None:
    assert FORMATS[name].pillow in Image.OPEN
    assert (FORMATS[name].pillow in Image.SAVE) is FORMATS[name].can_write
    assert FORMATS[name].written_as in ("", *WRITABLE)


@pytest.mark.parametrize(
    ("name", "option", "by_megapixels"),
    [
        pytest.param("webp", "method", {0.5: 4, 1: 4, 6: 1, 12: 1, 24: 0}, id="webp"),
        pytest.param("avif", "speed", {0.5: 8, 1: 8, 6: 9, 24: 9}, id="avif"),
        pytest.param("png", "compress_level", {0.5: 6, 2: 6, 6: 1, 24: 1}, id="png"),
    ],
)
def test_effort_falls_with_pixels(name: str, option: str, by_megapixels: dict[float, int]) -> None:
    output = Output(quality=80)
    efforts = {m: FORMATS[name].options(output, Size(int(m * 1000), 1000), 1)[option] for m in by_megapixels}
    assert efforts == by_megapixels


def test_frames_count_as_pixels() -> None:
    one, many = (FORMATS["webp"].options(Output(quality=80), Size(1000, 1000), n)["method"] for n in (1, 50))
    assert (one, many) == (4, 0)


def test_the_bytes_of_avif_do_not_depend_on_the_machine() -> None:
    assert FORMATS["avif"].options(Output(quality=60), Size(10, 10), 1)["max_threads"] == 1
