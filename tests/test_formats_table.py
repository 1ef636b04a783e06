"""The table of formats, and the values that other modules read from it."""

from typing import get_args

import pytest
from PIL import Image

from progimage.operations import OutputFormat
from transforms.decoding import decode  # noqa: F401  registers the decoders
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, BY_EXTENSION, FORMATS, READABLE, WRITABLE


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
    assert BY_EXTENSION[extension.lower()] is FORMATS[name]


@pytest.mark.parametrize("extension", ["", "svg", ".png", "png ", "jpe", "pdf"])
def test_other_extensions_name_none(extension: str) -> None:
    assert extension not in BY_EXTENSION


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
