"""Files of each format with metadata and payloads in all places that it has."""

import io
import zlib
from struct import pack
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from tests.support import images as made

SECRET = "a text that is no pixel "
XMP = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!-- {SECRET} --></x:xmpmeta>".encode()


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F] = SECRET * 4
    tags[0x8298] = "Ann Example"
    tags[0x0112] = orientation
    return tags


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET * 9)
    info.add_itxt("Note", SECRET * 9, zip=False)
    return info


def encoded(format: str, image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def few_colors() -> Image.Image:
    return made.picture().quantize(8)


def two_tones() -> Image.Image:
    return made.picture().convert("1", dither=Image.Dither.NONE)


def deep_grey() -> Image.Image:
    ramp = np.arange(6_400, dtype=np.uint16).reshape(80, 80) * 10
    return Image.fromarray(ramp)


def interlaced() -> bytes:
    """Return a black PNG of 13 x 11 px in seven passes."""
    rows = [(2, 2), (2, 2), (1, 4), (3, 3), (3, 7), (6, 6), (5, 13)]
    raw = b"".join(bytes((1 + columns) * count) for count, columns in rows)
    whole = bytearray(made.png((b"tEXt", SECRET.encode()), width=13, height=11))
    whole[28] = 1
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4)
    start = whole.index(b"IDAT") - 4
    chunk = b"IDAT" + zlib.compress(raw, 9)
    end = len(whole) - 12
    whole[start:end] = (len(chunk) - 4).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4)
    return bytes(whole)


def big_endian_tiff() -> bytes:
    """Return one bit in Deflate, one strip, with a description."""
    image = two_tones()
    strip_of_pixels = zlib.compress(image.tobytes())
    text = SECRET.encode() * 9
    entries = [
        (256, 3, 1, image.width << 16),
        (257, 3, 1, image.height << 16),
        (258, 3, 1, 1 << 16),
        (259, 3, 1, 8 << 16),
        (262, 3, 1, 1 << 16),
        (270, 2, len(text), 200),
        (273, 4, 1, 200 + len(text)),
        (277, 3, 1, 1 << 16),
        (278, 3, 1, image.height << 16),
        (279, 4, 1, len(strip_of_pixels)),
    ]
    directory = pack(">H", len(entries)) + b"".join(pack(">HHII", *entry) for entry in entries) + bytes(4)
    head = b"MM\0*\0\0\0\x08" + directory
    return head.ljust(200, b"\0") + text + strip_of_pixels


FRAMES: dict[str, Any] = {"save_all": True, "duration": [90, 40]}
POOR: dict[str, Any] = {"quality": 5, "method": 6}
WAVELETS: dict[str, Any] = {"irreversible": True, "quality_mode": "dB", "quality_layers": [25]}

CARRIERS = {
    "jpeg": lambda: encoded("JPEG", made.picture(), quality=20, optimize=True, exif=exif(), comment=SECRET, dpi=(300, 300)),
    "jpeg, grey": lambda: encoded("JPEG", made.picture().convert("L"), quality=20, optimize=True, exif=exif()),
    "jpeg, progressive": lambda: encoded("JPEG", made.picture(), quality=20, progressive=True, xmp=XMP * 2),
    "jpeg, RGB by Adobe's segment": lambda: encoded("JPEG", made.picture(), quality=20, optimize=True, keep_rgb=True, comment=SECRET),
    "jpeg, a motion photo": lambda: encoded("JPEG", made.picture(), quality=20, optimize=True) + SECRET.encode() * 40,
    "png, palette": lambda: encoded("PNG", few_colors(), pnginfo=texts(), dpi=(144, 144)),
    "png, one bit": lambda: encoded("PNG", two_tones(), pnginfo=texts(), exif=exif()),
    "png, transparent palette": lambda: encoded("PNG", few_colors(), transparency=3, pnginfo=texts()),
    "png, gamma of sRGB": lambda: made.png((b"gAMA", pack(">I", 45_455)), (b"tIME", bytes(7))),
    "png, cICP of sRGB": lambda: made.png((b"cICP", b"\1\15\0\1"), (b"tEXt", SECRET.encode())),
    "png, interlaced": interlaced,
    "apng": lambda: encoded("PNG", few_colors(), append_images=[few_colors().rotate(180)], pnginfo=texts(), **FRAMES),
    "webp": lambda: encoded("WEBP", made.picture(), exif=exif(), xmp=XMP, **POOR),
    "webp, lossless": lambda: encoded("WEBP", few_colors().convert("RGB"), lossless=True, method=6, exif=exif()),
    "webp, alpha": lambda: encoded("WEBP", made.translucent(), exif=exif(), **POOR),
    "webp, animated": lambda: encoded("WEBP", made.picture(), append_images=[made.photograph(120, 80)], exif=exif(), **FRAMES, **POOR),
    "gif": lambda: encoded("GIF", few_colors(), comment=SECRET.encode() * 20),
    "gif, animated": lambda: encoded("GIF", few_colors(), append_images=[few_colors().rotate(180)], loop=3, comment=SECRET.encode(), **FRAMES),
    "avif": lambda: encoded("AVIF", made.picture(), quality=20, speed=6, exif=exif(), xmp=XMP),
    "avif, alpha": lambda: encoded("AVIF", made.translucent(), quality=20, speed=6, exif=exif()),
    "avif, animated": lambda: encoded("AVIF", made.picture(), append_images=[made.photograph(120, 80)], quality=20, speed=9, exif=exif(), xmp=XMP, **FRAMES),
    "avif, animated alpha": lambda: encoded("AVIF", made.translucent(), append_images=[made.translucent().rotate(180)], quality=20, speed=9, exif=exif(), **FRAMES),
    "jp2": lambda: encoded("JPEG2000", made.picture(), comment=SECRET * 9, **WAVELETS),
    "jp2, grey": lambda: encoded("JPEG2000", made.picture().convert("L"), comment=SECRET * 9, **WAVELETS),
    "jp2, alpha": lambda: encoded("JPEG2000", made.translucent(), comment=SECRET * 9, **WAVELETS),
    "bmp, palette": lambda: encoded("BMP", few_colors()) + SECRET.encode(),
    "bmp, one bit": lambda: encoded("BMP", two_tones()) + SECRET.encode(),
    "ico": lambda: encoded("ICO", made.picture(64, 64), sizes=[(64, 64), (32, 32)]) + SECRET.encode(),
    "tiff, fax": lambda: encoded("TIFF", two_tones(), compression="group4", description=SECRET * 9),
    "tiff, packed bits": lambda: encoded("TIFF", two_tones(), compression="packbits", description=SECRET * 9),
    "tiff, palette": lambda: encoded("TIFF", few_colors(), compression="tiff_lzw", description=SECRET * 9),
    "tiff, grey": lambda: encoded("TIFF", made.photograph(120, 80).convert("L"), compression="tiff_adobe_deflate", description=SECRET),
    "tiff, grey with alpha": lambda: encoded("TIFF", made.translucent().convert("LA"), compression="tiff_lzw", description=SECRET),
    "tiff, JPEG": lambda: encoded("TIFF", made.photograph(120, 80), compression="jpeg", quality=40, description=SECRET),
    "tiff, 16 bits": lambda: encoded("TIFF", deep_grey(), compression="tiff_lzw", description=SECRET),
    "tiff, big-endian": big_endian_tiff,
}  # fmt: skip
SIZES = {
    "ico": (64, 64),
    "tiff, 16 bits": (80, 80),
    "png, gamma of sRGB": (4, 4),
    "png, cICP of sRGB": (4, 4),
}
SIZES |= {"png, interlaced": (13, 11)}
