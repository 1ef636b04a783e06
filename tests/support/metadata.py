"""Metadata made by hand, byte for byte: forms that no library here would write, and values that a search finds again."""

import io
import struct
from typing import Any

from PIL import Image, PngImagePlugin

from tests.support import icc_profiles as profiles
from tests.support import images as made

ARTIST = "Jörg Müller".encode()
COPYRIGHT = "© 2026 Jörg Müller".encode()
SECRET = b"SECRET-7f3a"
"""Stands in every value below but the two above."""
CAMERA, SERIAL, OWNER, COMMENT = (SECRET + name for name in (b" camera", b" serial", b" owner", b" comment"))
MAKER_NOTE = b"\0\1" + SECRET + b" maker note " + bytes(range(40))
LATITUDE = struct.pack(">6I", 47, 1, 29, 1, 123_457, 10_000)
"""Big-endian: three rationals."""
XMP = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 PROPERTIES dc:source="SECRET-7f3a xmp"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
Values = dict[int, tuple[int, bytes]]
"""By tag: type, and content in big-endian order."""

IMAGE: Values = {
    0x010F: (ASCII, CAMERA + b"\0"),
    0x011A: (RATIONAL, struct.pack(">2I", 300, 1)),
    0x013B: (ASCII, ARTIST + b"\0"),
    0x0213: (SHORT, b"\0\1"),
    0x8298: (ASCII, COPYRIGHT + b"\0"),
}
EXIF: Values = {
    0x829A: (RATIONAL, struct.pack(">2I", 1, 250)),
    0x9000: (UNDEFINED, b"0232"),
    0x9101: (UNDEFINED, b"\1\2\3\0"),
    0x9214: (SHORT, struct.pack(">2H", 60, 40)),
    0x927C: (UNDEFINED, MAKER_NOTE),
    0x9286: (UNDEFINED, b"ASCII\0\0\0" + COMMENT),
    0xA001: (SHORT, b"\xff\xff"),
    0xA002: (LONG, struct.pack(">I", made.WIDTH)),
    0xA003: (LONG, struct.pack(">I", made.HEIGHT)),
    0xA005: (LONG, struct.pack(">I", 8)),
    0xA430: (ASCII, OWNER + b"\0"),
    0xA431: (ASCII, SERIAL + b"\0"),
}
GPS: Values = {0: (BYTE, b"\2\3\0\0"), 1: (ASCII, b"N\0"), 2: (RATIONAL, LATITUDE)}
_UNITS = {SHORT: 2, LONG: 4, RATIONAL: 4}
_ITEMS = {SHORT: 2, LONG: 4, RATIONAL: 8}


def thumbnail() -> bytes:
    """A JPEG of something else than the picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), "magenta").save(buffer, "JPEG", comment=SECRET + b" thumbnail")
    return buffer.getvalue()


def exif(
    order: str = ">", *, image: Values = IMAGE, details: Values = EXIF, place: Values = GPS, rest: bytes = b""
) -> bytes:
    """Return EXIF, or a whole TIFF if `image` says so: pixels in `rest`, which stands at byte 8.

    Then come the directory of the image, of the details, of the place, and of a thumbnail."""
    start = 8 + len(rest) + len(rest) % 2
    sizes = [len(_directory(values, order, 0, 0)) for values in (pointing(image, 0, 0), details, place)]
    at = [start, start + sizes[0], start + sizes[0] + sizes[1], start + sum(sizes)]
    small = thumbnail()
    second: Values = {0x0103: (SHORT, b"\0\6"), 0x0201: (LONG, struct.pack(">I", at[3] + 42))}
    second[0x0202] = (LONG, struct.pack(">I", len(small)))
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return b"".join(
        (
            head + rest.ljust(start - 8, b"\0"),
            _directory(pointing(image, at[1], at[2]), order, at[0], at[3]),
            _directory(details, order, at[1], 0),
            _directory(place, order, at[2], 0),
            _directory(second, order, at[3], 0),
            small,
        )
    )


def pointing(image: Values, details: int, place: int) -> Values:
    return image | {0x8769: (LONG, struct.pack(">I", details)), 0x8825: (LONG, struct.pack(">I", place))}


def _directory(values: Values, order: str, at: int, following: int) -> bytes:
    entries, tail = struct.pack(order + "H", len(values)), b""
    end = at + 2 + 12 * len(values) + 4
    for tag, (kind, big) in sorted(values.items()):
        content = big if order == ">" else _turned(big, _UNITS.get(kind, 1))
        count = len(content) // _ITEMS.get(kind, 1)
        if len(content) > 4:
            content, tail = (
                struct.pack(order + "I", end + len(tail)),
                tail + content + b"\0" * (len(content) % 2),
            )
        entries += struct.pack(order + "HHI", tag, kind, count) + content.ljust(4, b"\0")
    return entries + struct.pack(order + "I", following) + tail


def _turned(content: bytes, unit: int) -> bytes:
    return b"".join(content[at : at + unit][::-1] for at in range(0, len(content), unit))


def iptc(*records: tuple[int, bytes]) -> bytes:
    """Data sets of IIM's second record: number and text."""
    return b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text for number, text in records)


def photoshop(content: bytes) -> bytes:
    """JPEG's segment of Photoshop's resources, with one of IPTC."""
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(content)) + content
    return b"\xff\xed" + struct.pack(">H", 2 + 14 + len(resource)) + b"Photoshop 3.0\0" + resource


CAPTION = iptc((120, SECRET + b" caption"))


def tiff(
    order: str = ">",
    *,
    mode: str = "RGB",
    image: Values = IMAGE,
    orientation: int = 1,
    packet: bytes = b"",
    records: bytes = CAPTION,
) -> bytes:
    """The picture as a TIFF of one strip, `packet` its XMP and `records` its IPTC."""
    picture = made.turned_back(orientation).convert(mode)
    bands, pixels = len(picture.getbands()), picture.tobytes()
    layout: Values = {
        0x0100: _short(picture.width),
        0x0101: _short(picture.height),
        0x0102: (SHORT, struct.pack(">H", 8) * bands),
        0x0103: _short(1),
        0x0106: _short({"RGB": 2, "CMYK": 5}[mode]),
        0x0111: (LONG, struct.pack(">I", 8)),
        0x0112: _short(orientation),
        0x0115: _short(bands),
        0x0116: _short(picture.height),
        0x0117: (LONG, struct.pack(">I", len(pixels))),
        0x02BC: (BYTE, packet or xmp()),
        0x83BB: (UNDEFINED, records),
    }
    return exif(order, image=image | layout, rest=pixels)


def _short(number: int) -> tuple[int, bytes]:
    return SHORT, struct.pack(">H", number)


def xmp(properties: str = "") -> bytes:
    return XMP.replace(b"PROPERTIES", properties.encode())


def encoded(name: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """An image, the picture if none is given, with all of the above as far as the format holds it."""
    if name == "tiff":
        return tiff()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET)
    text.add_itxt("XML:com.adobe.xmp", options.get("xmp", xmp()))
    profile = profiles.SRGB_LIKE.replace(b"made by a test", SECRET + b"xxx")
    everything: dict[str, Any] = {
        "exif": b"Exif\0\0" + exif(),
        "comment": COMMENT,
        "icc_profile": profile,
        "xmp": xmp(),
        "dpi": (300, 300),
        "pnginfo": text,
        "extra": photoshop(CAPTION),
    }
    return made.encoded(name, image, **everything | options)
