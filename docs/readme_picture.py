"""The picture in README.md: one photograph, and the results of four URLs.

    python -m docs.readme_picture

Each result is rendered by the engine from the very query that stands below it."""

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qsl

from PIL import Image, ImageDraw, ImageFont

from progimage.text_form import parse_query
from transforms.decoding.decode import probe
from transforms.engine import render_file
from transforms.formats.table import BY_EXTENSION
from transforms.planning.resolve import resolve

PICTURES = Path(__file__).parent / "pictures"
PHOTOGRAPH = PICTURES / "chelsea.jpg"
PICTURE = PICTURES / "readme.jpg"
URLS = (
    ".jpg?w=150&h=150&fit=cover",
    ".webp?transform=thumbnail:150/mask:circle",
    ".avif?w=190&max_bytes=4000",
    ".png?transform=resize:150/rotate:20/grayscale",
)
"""The ends of four URLs, behind `/images/<uuid>`."""

_SIZE = (980, 450)
_BACKGROUND = "#ffffff"
_MARGIN_PX = 20
_ORIGINAL_BOTTOM_PX = 325
_RESULTS_LEFT_PX = 420
_RESULTS_BOTTOM_PX = 180
_COLUMN_WIDTH_PX = 270
_ROW_HEIGHT_PX = 220
_INK = "#1f2328"
_FAINT_INK = "#59636e"
_FONT_SIZE_PX = 12.5
_QUALITY = 90


def draw_picture() -> Image.Image:
    """Return the picture: the original on the left, the four results in two rows beside it."""
    canvas = Image.new("RGB", _SIZE, _BACKGROUND)
    original = PHOTOGRAPH.read_bytes()
    _paste(
        canvas,
        original,
        "the original: GET /images/<uuid>",
        left=_MARGIN_PX,
        bottom=_ORIGINAL_BOTTOM_PX,
    )
    for number, url in enumerate(URLS):
        row, column = divmod(number, 2)
        _paste(
            canvas,
            render_url(url),
            url,
            left=_RESULTS_LEFT_PX + column * _COLUMN_WIDTH_PX,
            bottom=_RESULTS_BOTTOM_PX + row * _ROW_HEIGHT_PX,
        )
    return canvas


def render_url(url: str) -> bytes:
    """Return the bytes of the photograph's rendition that `url`, the end of a URL, names."""
    extension, _, query = url.removeprefix(".").partition("?")
    format = BY_EXTENSION[extension]
    pairs = [*parse_qsl(query), ("format", format.name)]
    transform = resolve(parse_query(pairs), probe(PHOTOGRAPH).format)
    with TemporaryDirectory() as folder:
        target = Path(folder) / "result"
        render_file(PHOTOGRAPH, transform, target)
        return target.read_bytes()


def _paste(canvas: Image.Image, content: bytes, text: str, *, left: int, bottom: int) -> None:
    """Draw an encoded image that ends at `bottom`, and below it `text`, its size and its bytes."""
    image = Image.open(BytesIO(content)).convert("RGBA")
    top = bottom - image.height
    canvas.paste(image, (left, top), mask=image)

    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(_FONT_SIZE_PX)
    draw.text((left, bottom + 6), text, fill=_INK, font=font)
    kilobytes = len(content) / 1000
    facts = f"{image.width} x {image.height} px, {kilobytes:.1f} kB"
    draw.text((left, bottom + 23), facts, fill=_FAINT_INK, font=font)


def main() -> None:
    draw_picture().save(PICTURE, "JPEG", quality=_QUALITY, subsampling="4:4:4", optimize=True)


if __name__ == "__main__":
    main()
