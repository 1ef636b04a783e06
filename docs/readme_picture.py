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
from transforms.formats.table import format_by_extension
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
_TILE_WIDTH_PX = 270
_ROW_HEIGHT_PX = 200
_CAPTION_HEIGHT_PX = 40
_INK = "#1f2328"
_FAINT_INK = "#59636e"
_FONT_SIZE_PX = 12.5
_QUALITY = 90


def draw_picture() -> Image.Image:
    """Return the picture: the original on the left, the four results in two rows beside it."""
    canvas = Image.new("RGB", _SIZE, _BACKGROUND)
    original = Image.open(PHOTOGRAPH).convert("RGBA")
    original_top = (_SIZE[1] - original.height - _CAPTION_HEIGHT_PX) // 2
    _paste(canvas, original, _MARGIN_PX, original_top)
    original_bytes = PHOTOGRAPH.stat().st_size
    _write_caption(
        canvas,
        "the original: GET /images/<uuid>",
        _describe(original, original_bytes),
        (_MARGIN_PX, original_top + original.height),
    )

    first_left = original.width + 3 * _MARGIN_PX
    for number, url in enumerate(URLS):
        row, column = divmod(number, 2)
        left = first_left + column * _TILE_WIDTH_PX
        top = _MARGIN_PX + row * (_ROW_HEIGHT_PX + _MARGIN_PX)
        content = render_url(url)
        result = Image.open(BytesIO(content)).convert("RGBA")
        bottom = top + _ROW_HEIGHT_PX - _CAPTION_HEIGHT_PX
        _paste(canvas, result, left, bottom - result.height)
        _write_caption(canvas, url, _describe(result, len(content)), (left, bottom))
    return canvas


def render_url(url: str) -> bytes:
    """Return the bytes of the photograph's rendition that `url`, the end of a URL, names."""
    extension, _, query = url.removeprefix(".").partition("?")
    format = format_by_extension(extension)
    if format is None:
        raise ValueError(f"no format has the extension {extension}")
    pairs = [*parse_qsl(query), ("format", format.name)]
    transform = resolve(parse_query(pairs), probe(PHOTOGRAPH).format)
    with TemporaryDirectory() as folder:
        target = Path(folder) / "result"
        render_file(PHOTOGRAPH, transform, target)
        return target.read_bytes()


def _paste(canvas: Image.Image, image: Image.Image, left: int, top: int) -> None:
    canvas.paste(image, (left, top), mask=image)


def _write_caption(canvas: Image.Image, text: str, facts: str, place: tuple[int, int]) -> None:
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(_FONT_SIZE_PX)
    left, top = place
    draw.text((left, top + 6), text, fill=_INK, font=font)
    draw.text((left, top + 23), facts, fill=_FAINT_INK, font=font)


def _describe(image: Image.Image, size_bytes: int) -> str:
    return f"{image.width} x {image.height} px, {size_bytes / 1000:.1f} kB"


def main() -> None:
    draw_picture().save(PICTURE, "JPEG", quality=_QUALITY, subsampling="4:4:4", optimize=True)


if __name__ == "__main__":
    main()
