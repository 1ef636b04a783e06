"""Images made by code, with values that a test can work out: a ramp, flat colours, animations, colour profiles."""

import base64
import io
import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from progimage.operations import Operation
from progimage.text_form import parse_query
from tests.support.png_files import png_of
from transforms.decoding.decode import opened, probe
from transforms.decoding.frames import Frame, read_frames
from transforms.engine import Rendered, render_file
from transforms.formats.table import FORMATS
from transforms.limits import DEFAULT_LIMITS
from transforms.planning.resolve import resolve
from transforms.render import render, settle

WIDTH, HEIGHT = 120, 80

_HEIC = (
    "AAAAHGZ0eXBoZWl4AAAAAG1pZjFoZWl4bWlhZgAAAVVtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA"
    "ACJpbG9jAAAAAERAAAEAAQAAAAABeQABAAAAAAAAAN4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRt"
    "AAAAAAABAAAA1WlwcnAAAAC2aXBjbwAAAHdodmNDAQQIAAAAnjgAAAAAHvAA/P/4+AAADwNgAAEAF0ABDAH//wQIAAADAJ44AAAD"
    "AAAeugJAYQABACpCAQEECAAAAwCeOAAAAwAAHpAHkCiy3UklNc3AQ0GBAAADABkAAAMAAQhiAAEACEQBwXKGDAIkAAAAE2NvbHJu"
    "Y2x4AAEADQAGgAAAABRpc3BlAAAAAAAAAHgAAABQAAAAEHBpeGkAAAAAAwgICAAAABdpcG1hAAAAAAAAAAEAAQSBAgMEAAAA5m1k"
    "YXQAAADaKAGvE4DlUz7j7/tGNWPJl9mm4ucUEUPTDrZlgs92EB/L6uY1bqbS7frCXmxVeAalrPlv24/2evsyhpHMWFBGUbt++OQB"
    "jwguLVtDlM9vxb+6UJMQbOu/FfnTzofpnSHk4H7dtT3i61IciVOCLaIw5yEWoAln8vQMau9a4orHVadACC6V/KqUkYFw8sviXnHI"
    "ATrtLlZdol9ayHbASgVu1eRqC/FQN4YpvrYII5KNRQ10zJ1yPkmU4wqazBRyaRVy9+JnqwvHEaUyGneyM8JdNmYnZnF8xQlTtSg="
)
"""picture() in HEVC at quality 50, 4:4:4. Nothing that may be distributed here writes HEIC."""


def picture(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Red grows from left to right, green from top to bottom, blue is 64: any turn or mirroring shows."""
    across = np.linspace(0, 255, width)[None, :].repeat(height, axis=0)
    down = np.linspace(0, 255, height)[:, None].repeat(width, axis=1)
    return Image.fromarray(np.dstack([across, down, np.full_like(across, 64)]).round().astype(np.uint8))


def translucent(width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """The picture with a left half that is transparent (and red below, which must never be seen)."""
    image = picture(width, height)
    image.paste("red", (0, 0, width // 2, height))
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, width // 2, height))
    image.putalpha(alpha)
    return image


def checkerboard(width: int, height: int, *, cell: int = 1) -> Image.Image:
    rows, columns = np.indices((height, width)) // cell
    return Image.fromarray(((rows + columns) % 2 * 255).astype(np.uint8)).convert("RGB")


def photograph(width: int = 1_001, height: int = 667) -> Image.Image:
    """Noise whose spectrum falls as 1/f, as that of natural images does (Field 1987), in sizes not divisible by 8."""
    return Image.fromarray(_natural_noise(width, height))


@lru_cache(maxsize=16)
def _natural_noise(width: int, height: int) -> NDArray[np.uint8]:
    """It takes a tenth of a second."""
    random = np.random.default_rng(1)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = 1
    phases = np.exp(2j * np.pi * random.random((3, *frequency.shape)))
    channels = np.fft.irfft2(phases / frequency**1.2, s=(height, width))
    channels = 128 + 45 * (channels - channels.mean()) / channels.std()
    pixels: NDArray[np.uint8] = np.moveaxis(channels, 0, -1).clip(0, 255).astype(np.uint8)
    return pixels


def encoded(name: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """Return an image, the picture if none is given, in the format of that name."""
    if name == "heic":
        return base64.b64decode(_HEIC)
    image = image or picture()
    defaults: dict[str, Any] = {
        "quality": 95,
        "sizes": [image.size],
        "quality_layers": None,
        "lossless": name == "webp",
    }
    buffer = io.BytesIO()
    image.save(buffer, FORMATS[name].pillow, **defaults | options)
    return buffer.getvalue()


READABLE = tuple(FORMATS)
ANIMATED = tuple(name for name, format in FORMATS.items() if format.is_animated)


def encoded_flat(name: str, width: int, height: int, color: str = "#336699") -> bytes:
    return encoded(name, Image.new("RGB", (width, height), color))


def turned_back(orientation: int, image: Image.Image | None = None) -> Image.Image:
    """Return an image, or the picture, so that applying the EXIF orientation makes it upright again."""
    image = image or picture()
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    return image.transpose(back[orientation]) if orientation in back else image


def encoded_oriented(
    orientation: int,
    name: str = "jpeg",
    image: Image.Image | None = None,
    **options: Any,
) -> bytes:
    """Return an image, or the picture, stored with an EXIF orientation, and upright with it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(name, turned_back(orientation, image), exif=exif, **options)


def encoded_animation(
    name: str,
    images: Sequence[Image.Image] = (),
    *,
    durations_ms: Sequence[int] = (100, 200, 300),
    **options: Any,
) -> bytes:
    """Return an animation; of three flat colours if no images are given."""
    images = images or [Image.new("RGB", (40, 30), color) for color in ("#ff0000", "#00ff00", "#0000ff")]
    animated: dict[str, Any] = {"save_all": True, "append_images": images[1:], "duration": list(durations_ms)}
    return encoded(name, images[0], **animated | options)


def png(*chunks: tuple[bytes, bytes], width: int = 4, height: int = 4) -> bytes:
    """Return a grey PNG of black pixels, with `chunks` (type, content) between its header and its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * ((width + 1) * height)) if width * height < 1_000_000 else b""
    parts = [(b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b"")]
    return png_of(parts)


def rendered(content: bytes, query: str, folder: Path) -> tuple[Rendered, bytes]:
    """Take bytes through the engine by a query such as "w=10&format=png"."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    transform = resolve(parse_query(pairs), probe(source).format)  # type: ignore[arg-type]
    return render_file(source, transform, target), target.read_bytes()


def done(operation: Operation, image: Image.Image, other: Image.Image | None = None) -> Image.Image:
    """Do one operation to one frame; `other` is the image that it names."""

    def load(_: str) -> Image.Image:
        assert other is not None
        return other

    return render(settle(operation, image, load), image)


def frames_of(content: bytes, folder: Path) -> list[Frame]:
    path = folder / "frames"
    path.write_bytes(content)
    with opened(path, DEFAULT_LIMITS) as (image, header):
        frames = list(read_frames(image, header, header.frames, DEFAULT_LIMITS))
        return [Frame(frame.image.convert("RGBA"), frame.duration_ms) for frame in frames]


def pixels(image: Image.Image | bytes, mode: str = "RGB") -> NDArray[np.float64]:
    opened_image = Image.open(io.BytesIO(image)) if isinstance(image, bytes) else image
    return np.asarray(opened_image.convert(mode), dtype=np.float64)


def furthest(one: Image.Image | bytes, other: Image.Image | bytes, mode: str = "RGB") -> float:
    """Return the largest difference of any channel of any pixel, 0-255."""
    return float(np.abs(pixels(one, mode) - pixels(other, mode)).max())


def psnr(one: Image.Image | bytes, other: Image.Image | bytes) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    error = float(((pixels(one) - pixels(other)) ** 2).mean())
    return 99.0 if error == 0 else 10 * np.log10(255**2 / error)
