"""Rare kinds of JPEG: decoded, or refused by a sentence that names the kind."""

import base64
from pathlib import Path
from time import process_time

import pytest
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.jpegs import SAMPLINGS, Part, joined, parts, sampled
from tests.support.lossless_jpegs import lossless
from tests.support.stored_files import Store, stored
from transforms.decoding.decode import probe, validate

__all__ = ["stored"]


@pytest.mark.parametrize(
    "image", [made.photograph(90, 61), made.photograph(64, 64).convert("L")], ids=["RGB", "grey"]
)
def test_a_lossless_jpeg_keeps_every_pixel(image: Image.Image, stored: Store, tmp_path: Path) -> None:
    content = lossless(image)
    assert validate(stored(content)).stored == image.size
    assert made.furthest(made.rendered(content, "format=png", tmp_path)[1], image) == 0


@pytest.mark.parametrize("query", ["w=9", "w=20", "transform=blur:20", "transform=resize:9/grayscale"])
def test_a_lossless_jpeg_is_transformed_as_its_png(query: str, tmp_path: Path) -> None:
    image = made.photograph(96, 64)
    results = [
        made.rendered(content, f"{query}&format=png", tmp_path)[1]
        for content in (lossless(image), made.encoded("png", image))
    ]
    assert made.furthest(results[0], results[1]) == 0


@pytest.mark.parametrize("length", [0.5, 0.9, 0.99])
def test_a_lossless_jpeg_that_breaks_off_is_refused(length: float, stored: Store) -> None:
    content = lossless(made.photograph(90, 60))
    with pytest.raises(UnprocessableImage):
        validate(stored(content[: int(length * len(content))]))


def changed_frame(marker: int | None = None, **values: int) -> bytes:
    """Return a JPEG whose frame header has another marker, or other bytes at these places."""
    segments = parts(made.encoded("jpeg"))
    for index, part in enumerate(segments):
        if part.marker == 0xC0:
            content = bytearray(part.content)
            for name, value in values.items():
                content[int(name.removeprefix("at"))] = value
            segments[index] = Part(marker or part.marker, bytes(content))
    return joined(segments)


GREY = made.picture(16, 16).convert("L")
REFUSED = {
    "12 bits": (changed_frame(marker=0xC1, at0=12), "8 bits per sample but received one of 12"),
    "lossless of 16 bits": (lossless(GREY, bits=16), "8 bits per sample but received one of 16"),
    "lossless of 2 bits": (lossless(GREY, bits=2), "8 bits per sample but received one of 2"),
    "lossless, arithmetic": (lossless(GREY, marker=0xCB), "lossless JPEG with arithmetic coding"),
    "hierarchical": (changed_frame(marker=0xC5), "hierarchical JPEG"),
    "hierarchical, progressive": (changed_frame(marker=0xC6), "hierarchical JPEG"),
    "two components": (changed_frame(at5=2), "1, 3 or 4 components but received one of 2"),
    "height behind the pixels": (changed_frame(at1=0, at2=0), "height behind its pixels"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_kind_that_cannot_be_decoded_is_named(content: bytes, reason: str, stored: Store) -> None:
    for read in (probe, validate):
        with pytest.raises(UnprocessableImage, match=reason):
            read(stored(content))


_TABLES = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAYEBQYFBAYGBQYHBwYIChAKCgkJChQODwwQFxQYGBcUFhYaHSUfGhsjHBYWICwgIyYnKSop"
    "GR8tMC0oMCUoKSj/2wBDAQcHBwoIChMKChMoGhYaKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgo"
    "KCj/"
)
ARITHMETIC = {
    "sequential": "yQARCAAQABgDASIAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIRAxEAPwD/AM9tbHxrL+yY51hn2mhEUK3ookciQ584BbG"
    "etNYKC0kPWek3lIH7JPlQISGpvVj0eeR26UF7VOiA/9k=",
    "progressive": "ygARCAAQABgDASIAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAAAf8AnwK2KNhqlQMtnvg5OXT/zAAEEAX/2gAIAQEAA"
    "QUCGBRrV4yJjYD/zAAEEQX/2gAIAQMBAT8BFgGlsLxRGP/MAAQRBf/aAAgBAgEBPwE2rZIa3ID/zAAEEAX/2gAIAQEABj8CwP/MAAQQB"
    "f/aAAgBAQABPyGmMd3Q/9oADAMBAAIAAwAAABDKoP/MAAQRBf/aAAgBAwEBPxDVHEb/zAAEEQX/2gAIAQIBAT8QHyv/zAAEEAX/2gAIA"
    "QEAAT8QqklvbdsAyS3/2Q==",
}
"""made.picture(24, 16) with arithmetic coding, which nothing here writes."""


@pytest.mark.parametrize("coded", ARITHMETIC.values(), ids=ARITHMETIC)
def test_arithmetic_coding_is_read(coded: str, stored: Store, tmp_path: Path) -> None:
    content = base64.b64decode(_TABLES + coded)
    assert validate(stored(content)).stored == (24, 16)
    assert made.psnr(made.rendered(content, "format=png", tmp_path)[1], made.picture(24, 16)) > 35
    small = made.picture(24, 16).resize((6, 4), Image.Resampling.LANCZOS)
    assert made.psnr(made.rendered(content, "w=6&format=png", tmp_path)[1], small) > 30
    with pytest.raises(UnprocessableImage):
        validate(stored(content[:-2]))


def test_scans_of_one_component_each_are_read(tmp_path: Path) -> None:
    content = sampled(made.picture(), SAMPLINGS["4:2:0"])
    assert made.psnr(made.rendered(content, "format=png", tmp_path)[1], made.picture()) > 40


@pytest.mark.parametrize("junk", [b"\0" * 500, b"\xff" * 9, b"<?php ?>" * 20], ids=["zeros", "fill", "text"])
def test_bytes_behind_the_end_are_passed_over(junk: bytes, stored: Store, tmp_path: Path) -> None:
    content = made.encoded("jpeg") + junk
    assert validate(stored(content)).format == "jpeg"
    assert junk not in made.rendered(content, "format=jpeg", tmp_path)[1]


def test_fill_bytes_before_a_marker_are_passed_over(stored: Store) -> None:
    content = made.encoded("jpeg")
    filled = content[:2] + b"\xff" * 5 + content[2:-2] + b"\xff" * 3 + content[-2:]
    assert validate(stored(filled)).stored == (made.WIDTH, made.HEIGHT)


@pytest.mark.parametrize(
    "junk",
    [20_000 * b"\xff\xfe\0\2", 20_000 * b"\xff\xe1\0\2", 200_000 * b"\xff"],
    ids=["comments", "metadata", "fill bytes"],
)
@pytest.mark.parametrize("marker", [b"\xff\xdb", b"\xff\xda"], ids=["first", "before the scan"])
def test_more_segments_than_a_picture_has_are_refused_at_once(
    junk: bytes, marker: bytes, stored: Store
) -> None:
    content = made.encoded("jpeg")
    at = content.index(marker)
    start = process_time()
    with pytest.raises(UnprocessableImage):
        probe(stored(content[:at] + junk + content[at:]))
    assert process_time() - start < 1
