"""A result is never larger than its original, and nothing but pixels is ever kept of an original."""

import zlib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support import gain_maps as maps
from tests.support import images as made
from tests.support.bmp_files import bmp
from tests.support.png_files import chunk
from transforms import stripping
from transforms.geometry import Size


def write(content: bytes, query: str, folder: Path) -> bytes:
    return made.rendered(content, query, folder)[1]


def stripped(content: bytes, format: str) -> bytes | None:
    """Return a picture without anything but its pixels; None if it must be written anew."""
    bare = stripping.strip(content, format, Size(made.WIDTH, made.HEIGHT))
    return bare if bare and stripping.is_bare(bare, format) else None


def optimized(name: str) -> bytes:
    """Return a file with fewer bytes than a new one of the usual options has."""
    small = made.picture().quantize(8)
    return {
        "jpeg": made.encoded("jpeg", quality=20, optimize=True),
        "grey jpeg": made.encoded("jpeg", made.picture().convert("L"), quality=20, optimize=True),
        "progressive jpeg": made.encoded("jpeg", made.photograph(300, 200), quality=20, progressive=True),
        "png": made.encoded("png", small),
        "png of one bit": made.encoded("png", made.checkerboard(64, 64).convert("1")),
        "webp": made.encoded("webp", lossless=False, quality=10, method=6),
        "webp with alpha": made.encoded("webp", made.translucent(), lossless=False, quality=10),
        "animated webp": made.encoded_animation(
            "webp", [made.photograph(80, 60), made.picture(80, 60)], durations_ms=[90, 90], lossless=False, quality=10
        ),
        "gif": made.encoded("gif", small),
        "animated gif": made.encoded_animation("gif", [small, small.rotate(180)], durations_ms=[90, 90]),
    }[name]  # fmt: skip


OPTIMIZED = (
    "jpeg", "grey jpeg", "progressive jpeg", "png", "png of one bit", "webp", "webp with alpha",
    "animated webp", "gif", "animated gif",
)  # fmt: skip
FORMAT_OF = {
    name: next(format for format in ("jpeg", "png", "webp", "gif") if format in name) for name in OPTIMIZED
}


class TestOriginals:
    @pytest.mark.parametrize("name", OPTIMIZED)
    def test_an_optimized_image_never_grows(self, name: str, tmp_path: Path) -> None:
        content = optimized(name)
        facts, result = made.rendered(content, "", tmp_path)
        assert len(result) <= len(content)
        assert facts.size_bytes == len(result)
        assert stripped(content, FORMAT_OF[name]) == content
        assert made.rendered(content, "q=100", tmp_path)[1] == content or FORMAT_OF[name] in ("png", "gif")

    @pytest.mark.parametrize(
        ("name", "query"),
        [
            pytest.param("jpeg", "q=95&progressive=1", id="progressive"),
            pytest.param("jpeg", "q=95&subsampling=4:4:4", id="subsampling"),
            pytest.param("jpeg", "q=95&format=webp", id="another format"),
            pytest.param("jpeg", "q=95&w=119", id="another size"),
            pytest.param("jpeg", "q=95&transform=grayscale", id="an operation"),
            pytest.param("webp", "lossless=1", id="lossless"),
            pytest.param("webp with alpha", "q=95&background=red", id="background"),
            pytest.param("animated webp", "q=95&background=red", id="background below frames"),
        ],
    )
    def test_what_asks_for_more_is_made_anew(self, name: str, query: str, tmp_path: Path) -> None:
        content = optimized(name)
        assert write(content, query, tmp_path) != content

    def test_a_quality_found_by_bytes_is_none_where_the_original_fits(self, tmp_path: Path) -> None:
        content = optimized("jpeg")
        assert write(content, f"max_bytes={len(content) * 2}", tmp_path) == content

    @pytest.mark.parametrize(
        "options", [{"icc_profile": b"x" * 200}, {"comment": "hi"}, {"exif": b"Exif\0\0MM"}], ids=str
    )
    def test_a_jpeg_with_something_to_strip_is_stripped(
        self, options: dict[str, Any], tmp_path: Path
    ) -> None:
        content = made.encoded("jpeg", quality=20, optimize=True, **options)
        bare = made.encoded("jpeg", quality=20, optimize=True)
        assert write(content, "q=95", tmp_path) == bare

    @pytest.mark.parametrize("mode", ["CMYK"])
    def test_a_jpeg_in_inks_is_none_in_srgb(self, mode: str) -> None:
        content = made.encoded("jpeg", made.picture().convert(mode), quality=20)
        at = content.index(b"\xff\xee")
        assert stripped(content[:at] + content[at + 16 :], "jpeg") is None


TEXT = b"just a text of nobody's"


def with_chunk(kind: bytes, content: bytes) -> bytes:
    whole = optimized("png")
    return whole[:33] + chunk(kind, content) + whole[33:]


def with_segment(marker: int, content: bytes) -> bytes:
    whole = optimized("jpeg")
    return whole[:2] + bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2) + content + whole[2:]


def with_riff(kind: bytes, content: bytes) -> bytes:
    whole = optimized("webp") + kind + len(content).to_bytes(4, "little") + content
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


def with_longer_stream(more: bytes, *, is_inside: bool) -> bytes:
    """Return a PNG with more bytes behind the last pixel, in its compressed stream or in its chunk."""
    raw = b"\0\0\0\0\0" * 4
    stream = zlib.compress(raw + more, 0) if is_inside else zlib.compress(raw) + more
    whole = made.png()
    at = whole.index(b"IDAT")
    end = whole.index(b"IEND") - 4
    chunk = b"IDAT" + stream
    return whole[: at - 4] + len(stream).to_bytes(4) + chunk + zlib.crc32(chunk).to_bytes(4) + whole[end:]


@pytest.mark.parametrize(
    ("format", "content"),
    [
        *(
            pytest.param(FORMAT_OF[name], optimized(name) + TEXT, id=f"behind the end of {name}")
            for name in OPTIMIZED
        ),
        *(
            pytest.param("jpeg", with_segment(marker, TEXT * 2), id=f"jpeg segment {marker:x}")
            for marker in (0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xEF)
        ),
        *(
            pytest.param("png", with_chunk(kind, TEXT), id=f"png chunk {kind.decode()}")
            for kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"gAMA", b"tIME", b"prVt", b"sRGB")
        ),
        *(
            pytest.param("webp", with_riff(kind, TEXT + b"."), id=f"webp chunk {kind.decode()}")
            for kind in (b"EXIF", b"XMP ", b"ICCP", b"JUNK", b"VP8 ")
        ),
        pytest.param("png", with_longer_stream(TEXT, is_inside=True), id="png in the stream"),
        pytest.param("png", with_longer_stream(TEXT, is_inside=False), id="png behind the stream"),
        pytest.param("gif", made.encoded("gif", made.picture().quantize(8), comment=TEXT), id="gif comment"),
        pytest.param("jpeg", optimized("jpeg")[:-2] + b"<?php x();" + b"\xff\xd9", id="jpeg in the last scan"),
    ],
)  # fmt: skip
def test_an_image_that_carries_more_than_pixels_is_not_kept(
    format: str, content: bytes, tmp_path: Path
) -> None:
    """WEB-2: no byte of it is in a result."""
    assert stripped(content, format) != content
    result = write(content, "format=" + format, tmp_path)
    assert TEXT not in result
    assert b"<?php" not in result


@pytest.mark.parametrize("place", ["chunk", "stream"])
def test_a_damaged_png_is_not_kept(place: str) -> None:
    """A checksum is wrong, of a chunk or of the compressed stream."""
    whole = bytearray(optimized("png"))
    if place == "chunk":
        whole[whole.index(b"PLTE") + 5] ^= 1
    else:
        start, end = whole.index(b"IDAT"), whole.index(b"IEND") - 8
        whole[end - 1] ^= 1
        whole[end : end + 4] = zlib.crc32(whole[start:end]).to_bytes(4)
    assert stripped(bytes(whole), "png") is None


class TestMaxBytes:
    """Nothing is better than the original, and nothing may be small enough but it."""

    def test_an_original_that_fits_is_the_best(self, tmp_path: Path) -> None:
        content = made.encoded("jpeg", made.photograph(300, 200), quality=60)
        assert write(content, f"max_bytes={len(content)}", tmp_path) == content
        assert len(write(content, f"max_bytes={len(content)}&q=30", tmp_path)) < len(content)

    def test_an_original_that_alone_fits_is_the_result(self, tmp_path: Path) -> None:
        content = made.encoded("png", made.picture().quantize(8).convert("RGB"), optimize=True)
        assert len(write(content, "format=png&w=119&h=80&fit=fill", tmp_path)) > len(content)
        assert write(content, f"max_bytes={len(content)}", tmp_path) == content


XMP_OF_RIGHTS = b"".join((
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">',
    b"<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>",
    b'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">Ann, 2026</rdf:li></rdf:Alt></dc:rights>',
    b"</rdf:Description></rdf:RDF></x:xmpmeta>",
))  # fmt: skip


@pytest.mark.parametrize("level", ["copyright", "keep"])
@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif", "tiff"])
def test_rights_that_xmp_alone_names_make_no_image_larger(format: str, level: str, tmp_path: Path) -> None:
    content = with_xmp(format, XMP_OF_RIGHTS)
    _, result = made.rendered(content, f"metadata={level}", tmp_path)
    assert len(result) <= len(content)
    assert b"Ann, 2026" in result


def with_xmp(format: str, packet: bytes) -> bytes:
    if format == "png":
        return with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)
    if format == "jpeg":
        return with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    if format == "tiff":
        return made.encoded("tiff", made.picture(), tiffinfo={700: packet}, compression="jpeg", quality=20)
    return made.encoded(format, made.picture(), xmp=packet, quality=20)


@pytest.mark.parametrize(
    ("header_bytes", "bits", "masks", "palette"),
    [
        pytest.param(12, 8, (), bytes(range(256)) * 3, id="shortest header, palette"),
        pytest.param(12, 1, (), b"\0\0\0\xff\xff\xff", id="shortest header, one bit"),
        pytest.param(12, 24, (), b"", id="shortest header"),
        pytest.param(40, 16, (0xF800, 0x7E0, 0x1F), b"", id="16 bits"),
        pytest.param(52, 16, (0xF800, 0x7E0, 0x1F), b"", id="16 bits, masks in the header"),
        pytest.param(124, 16, (0x7C00, 0x3E0, 0x1F, 0), b"", id="16 bits of a V5"),
    ],
)
def test_a_bitmap_never_grows(
    header_bytes: int, bits: int, masks: tuple[int, ...], palette: bytes, tmp_path: Path
) -> None:
    row_bytes = (64 * bits + 31) // 32 * 4
    content = bmp(
        Random(bits).randbytes(row_bytes * 48),
        (64, 48),
        bits,
        header_bytes=header_bytes,
        compression=3 if masks else 0,
        masks=masks,
        palette=palette,
        colors=0,
    )
    _, result = made.rendered(content, "", tmp_path)
    assert len(result) <= len(content)
    assert (
        made.rendered(result, "format=png", tmp_path)[1] == made.rendered(content, "format=png", tmp_path)[1]
    )


def test_an_original_without_hdr_stands_with_hdr_kept(tmp_path: Path) -> None:
    content = optimized("jpeg")
    assert write(content, "hdr=keep", tmp_path) == content == write(content, "", tmp_path)


def test_a_gain_map_that_is_kept_is_not_replaced_by_the_original(tmp_path: Path) -> None:
    content = maps.ultra_hdr(maps.scene(64, 48), quality=20)
    for query in ("hdr=keep", f"hdr=keep&max_bytes={len(content)}"):
        _, result = made.rendered(content, query, tmp_path)
        assert maps.ISO in result
