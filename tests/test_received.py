"""Bytes that nobody has validated are rendered in the visit that reads their header."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from progimage.errors import ParameterError, ProgImageError, UnprocessableImage, UnsupportedFormat
from progimage.text_form import parse_query
from tests.support import images as made
from transforms.decoding.decode import probe
from transforms.received import render_received

Receive = Callable[..., Path]


def damaged() -> bytes:
    """Return a PNG whose pixels have a wrong checksum."""
    content = bytearray(made.encoded("png"))
    start = content.index(b"IDAT")
    length = int.from_bytes(content[start - 4 : start])
    content[start + 4 + length] ^= 1
    return bytes(content)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


@pytest.fixture
def received(tmp_path: Path) -> Receive:
    def receive(content: bytes) -> Path:
        path = tmp_path / "received"
        path.write_bytes(content)
        return path

    return receive


@pytest.mark.parametrize("query", ["w=60&format=webp", "w=60", ""])
def test_it_is_the_render_and_the_header(query: str, received: Receive, target: Path, tmp_path: Path) -> None:
    content = made.encoded_oriented(6)
    source = received(content)
    pairs = [tuple(pair.split("=")) for pair in query.split("&") if pair]
    header, facts = render_received(source, parse_query(pairs), target, max_megapixels=1)  # type: ignore[arg-type]
    assert header == probe(source)
    assert facts is not None
    assert facts == made.rendered(content, query, tmp_path / "..")[0]
    assert not target.exists()


def test_a_large_result_is_a_file_of_ours_alone(received: Receive, target: Path, tmp_path: Path) -> None:
    content = made.encoded("png", Image.effect_noise((400, 300), 80))
    transform = parse_query([("format", "bmp")])
    _, facts = render_received(received(content), transform, target, max_megapixels=1)
    assert facts is not None
    assert facts.content is None
    assert target.read_bytes() == made.rendered(content, "format=bmp", tmp_path)[1]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_of_more_pixels_than_allowed_the_header_is_all(received: Receive, target: Path) -> None:
    source = received(made.encoded_flat("png", 100, 100))
    transform = parse_query([("w", "10")])
    assert render_received(source, transform, target, max_megapixels=0.01)[1] is not None
    header, facts = render_received(source, transform, target, max_megapixels=0.009)
    assert (header, facts) == (probe(source), None)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "query", "error"),
    [
        pytest.param(b"no image", [], UnsupportedFormat, id="no image"),
        pytest.param(damaged(), [("format", "bmp")], UnprocessableImage, id="checksum"),
        pytest.param(
            made.encoded("png"), [("hdr", "keep"), ("format", "gif")], ParameterError, id="resolution"
        ),
    ],
)
def test_refuses_as_each_step_does(
    content: bytes, query: list[tuple[str, str]], error: type[ProgImageError], received: Receive, target: Path
) -> None:
    with pytest.raises(error):
        render_received(received(content), parse_query(query), target, max_megapixels=1)
    assert not target.exists()
