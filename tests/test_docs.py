"""docs/operations.md agrees with the catalogue, and its pictures with the engine."""

import io

from PIL import Image

from docs.build import PAGE, PICTURES, page, pictures
from tests.support import images as made


def test_the_page_is_what_make_docs_writes() -> None:
    assert PAGE.read_text() == page(), "make docs"


def test_every_picture_is_what_the_engine_renders() -> None:
    expected = dict(pictures())
    for name, picture in expected.items():
        kept = Image.open(io.BytesIO((PICTURES / f"{name}.webp").read_bytes()))
        assert kept.size == picture.size, name
        assert made.psnr(kept.convert("RGB"), picture) > 22, name  # noise at WebP's quality 75 has the least
    assert {path.stem for path in PICTURES.glob("*.webp")} == set(expected)
