"""A WebP that is decoded at a fraction of its size, against one that is decoded whole."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from progimage.errors import UnprocessableImage
from tests.support import images as made
from transforms.decoding import scaled, webp_scaled
from transforms.geometry import Size

PHOTOGRAPH = made.photograph()  # 1001 x 667: no scale divides it


@pytest.fixture(
    params=[{"quality": 90, "lossless": False}, {"lossless": True}], ids=["lossy", "lossless"], scope="module"
)
def content(request: Any) -> bytes:
    return made.encoded("webp", PHOTOGRAPH, **request.param)


@pytest.mark.parametrize("width", [64, 100, 150, 200, 300])
def test_looks_like_a_whole_decode(width: int, content: bytes, tmp_path: Path) -> None:
    """A JPEG of the same noise that is decoded at the same scale has 41.8 dB at worst, against a plain resize.
    Its colours are as fine as its lightness; a lossy WebP keeps, and scales, half of that each way."""
    facts, scaled = made.rendered(content, f"w={width}&format=png", tmp_path)
    exact = (
        Image.open(BytesIO(content)).convert("RGB").resize((width, facts.height), Image.Resampling.LANCZOS)
    )
    assert made.psnr(scaled, exact) > 38.5


def test_is_decoded_whole_without_the_library(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, scaled = made.rendered(content, "w=100&format=png", tmp_path)
    monkeypatch.setattr(webp_scaled, "find_library", lambda _: None)
    _, whole = made.rendered(content, "w=100&format=png", tmp_path)
    assert scaled != whole
    assert made.psnr(scaled, whole) > 41


def test_is_decoded_small(content: bytes) -> None:
    small = webp_scaled.decode_scaled(content, Size(126, 84))
    assert small
    assert (small.mode, small.size) == ("RGB", (126, 84))


@pytest.mark.parametrize("whole", [
    pytest.param(made.encoded("webp", made.translucent(800, 600)), id="alpha"),
    pytest.param(made.encoded_animation("webp", [made.picture(800, 600), made.checkerboard(800, 600)]), id="frames"),
])  # fmt: skip
def test_what_libwebp_would_average_wrongly_is_decoded_whole(
    whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaled, "decode_scaled", lambda *_: pytest.fail("was scaled"))
    assert made.rendered(whole, "w=50&format=png", tmp_path)[0].width == 50


def test_one_that_breaks_off_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnprocessableImage):
        made.rendered(content[: len(content) // 2], "w=50&format=png", tmp_path)


def test_a_library_of_another_abi_is_not_used(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webp_scaled, "_ABI", 0x0309)
    assert webp_scaled.decode_scaled(content, Size(126, 84)) is None


def test_orientation_and_fractions_hold(tmp_path: Path) -> None:
    """A white square on black, cut at a fraction of a pixel, has the same position as in a PNG."""
    image = Image.new("RGB", (1001, 667))
    image.paste("white", (403, 200, 603, 467))
    query = "w=101&h=67&fit=fill&format=png"
    one, other = (made.rendered(made.encoded(name, image), query, tmp_path)[1] for name in ("webp", "png"))
    assert made.psnr(one, other) > 30
    assert abs(made.pixels(one).mean() - made.pixels(other).mean()) < 0.5
