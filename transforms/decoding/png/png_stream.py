"""Pillow's reader of PNG chunks, with bounds.

Texts and profiles are counted while they inflate, and dropped if they are too large. Pillow would refuse the
image.

It also keeps the chunks that describe colours, which Pillow reads in part."""

import zlib
from typing import Any

from PIL import ImageFile, PngImagePlugin

MAX_PROFILE_BYTES = 4_000_000
MAX_TEXT_BYTES = 1_000_000
"""For one text."""
MAX_INFLATED_TEXT_BYTES = 16_000_000
"""For all texts of a file. Those behind it are dropped without inflating them."""

_RESERVED = frozenset({
    "aspect", "bbox", "blend", "chromaticity", "default_image", "disposal", "dpi", "duration", "exif",
    "gamma", "icc_profile", "interlace", "loop", "srgb", "timestamp", "transparency", "xmp",
})  # fmt: skip
"""Names under which Pillow keeps facts of the image, beside its texts. A text of such a name is dropped."""


class BoundedStream(PngImagePlugin.PngStream):
    """The chunks of one file."""

    def __init__(self, fp: Any) -> None:
        super().__init__(fp)
        self.colors: dict[bytes, bytes] = {}
        """The first chunk of each kind that describes colours; of iCCP the inflated profile."""
        self._text_bytes_left = MAX_INFLATED_TEXT_BYTES

    def chunk_IHDR(self, pos: int, length: int) -> bytes:  # noqa: N802  Pillow calls methods by the chunk's name
        content = super().chunk_IHDR(pos, length)
        self.colors.setdefault(b"IHDR", content)
        return content

    def chunk_cICP(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"cICP", length)

    def chunk_sRGB(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"sRGB", length)

    def chunk_gAMA(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"gAMA", length)

    def chunk_cHRM(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"cHRM", length)

    def chunk_cLLI(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"cLLI", length)

    def chunk_mDCV(self, pos: int, length: int) -> bytes:  # noqa: N802
        return self._keep(b"mDCV", length)

    def chunk_iCCP(self, pos: int, length: int) -> bytes:  # noqa: N802
        content = self._read(length)
        if b"iCCP" in self.colors:
            return content
        _, _, stream = content.partition(b"\0")
        has_known_method = stream[:1] == b"\0"
        profile = inflate(stream[1:], MAX_PROFILE_BYTES)[0] if has_known_method else None
        self.colors[b"iCCP"] = profile or b""
        self.im_info["icc_profile"] = profile
        return content

    def chunk_tEXt(self, pos: int, length: int) -> bytes:  # noqa: N802
        content = self._read(length)
        key, _, text = content.partition(b"\0")
        counted = self._count_text(text)
        if counted is not None:
            self._store(key, counted.decode("latin-1"))
        return content

    def chunk_zTXt(self, pos: int, length: int) -> bytes:  # noqa: N802
        content = self._read(length)
        key, _, rest = content.partition(b"\0")
        text = self._inflate_text(rest[1:]) if rest[:1] == b"\0" else None
        if text is not None:
            self._store(key, text.decode("latin-1"))
        return content

    def chunk_iTXt(self, pos: int, length: int) -> bytes:  # noqa: N802
        content = self._read(length)
        key, _, rest = content.partition(b"\0")
        parts = rest[2:].split(b"\0", 2)
        if len(parts) < 3:
            return content
        language, translated_key, text = parts
        is_compressed, method = rest[0], rest[1]
        if is_compressed:
            inflated = self._inflate_text(text) if method == 0 else None
        else:
            inflated = self._count_text(text)
        if inflated is not None:
            self._store_international(key, language, translated_key, inflated)
        return content

    def _store_international(
        self,
        key: bytes,
        language: bytes,
        translated_key: bytes,
        text: bytes,
    ) -> None:
        if key == b"XML:com.adobe.xmp":
            self.im_info["xmp"] = text
        try:
            value = PngImagePlugin.iTXt(text.decode(), language.decode(), translated_key.decode())
        except UnicodeDecodeError:
            return
        self._store(key, value)

    def _store(self, key: bytes, value: str) -> None:
        name = key.decode("latin-1")
        if not name or name in _RESERVED:
            return
        self.im_info[name] = value
        self.im_text[name] = value

    def _keep(self, kind: bytes, length: int) -> bytes:
        content = self._read(length)
        self.colors.setdefault(kind, content)
        return content

    def _read(self, length: int) -> bytes:
        if self.fp is None:
            raise ValueError("Expected an open file")
        return ImageFile._safe_read(self.fp, length)  # noqa: SLF001

    def _max_text_bytes(self) -> int:
        return min(MAX_TEXT_BYTES, self._text_bytes_left)

    def _count_text(self, text: bytes) -> bytes | None:
        if len(text) > self._max_text_bytes():
            return None
        self._text_bytes_left -= len(text)
        return text

    def _inflate_text(self, stream: bytes) -> bytes | None:
        text, count = inflate(stream, self._max_text_bytes())
        self._text_bytes_left -= count
        return text


def inflate(stream: bytes, max_bytes: int) -> tuple[bytes | None, int]:
    """Return the inflated bytes, None if they are more than `max_bytes` or broken; and their number."""
    if max_bytes <= 0:
        # zlib takes a bound of 0 for none
        return None, 0
    decompressor = zlib.decompressobj()
    try:
        content = decompressor.decompress(stream, max_bytes + 1)
    except zlib.error:
        return None, 0
    return (content if len(content) <= max_bytes else None), len(content)


def install() -> None:
    """Make Pillow read PNG files by this stream."""
    PngImagePlugin.PngStream = BoundedStream  # type: ignore[misc]
