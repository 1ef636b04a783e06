"""Metadata of results: none by default, author and rights if asked for, or all that still holds."""

import io
import re
import struct
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from progimage.operations import Output
from progimage.transform import Transform
from tests.support import images as made
from tests.support import metadata
from tests.support import xmp_packets as packets
from tests.support.metadata import ASCII, SECRET, SHORT
from tests.support.metadata_read import ARTIST, HOLDING, ORIENTATION, RIGHTS, SOURCES, said, tags
from transforms.engine import render_file
from transforms.formats.table import WRITABLE
from transforms.limits import Limits
from transforms.planning.resolve import resolve


class TestSafe:
    @pytest.mark.parametrize("source", [*SOURCES, "gif"])
    @pytest.mark.parametrize("query", ["", "&w=60&metadata=safe"], ids=["as it is", "resized"])
    def test_nothing_is_left(self, source: str, query: str, tmp_path: Path) -> None:
        """P-1: no place, camera, serial number, owner, thumbnail, maker note, text, comment, IPTC, XMP, profile."""
        content = metadata.encoded(source)
        assert SECRET in content
        for written in WRITABLE:
            _, result = made.rendered(content, f"format={written}{query}", tmp_path)
            planted = (SECRET, metadata.ARTIST, metadata.LATITUDE, metadata.MAKER_NOTE, metadata.thumbnail())
            assert [value for value in planted if value in result] == []
            assert said(result) == set()
            assert not tags(result).keys() & (
                metadata.IMAGE.keys() | metadata.EXIF.keys() | metadata.GPS.keys()
            )

    @pytest.mark.parametrize("written", [name for name in WRITABLE if name not in HOLDING])
    def test_a_format_that_holds_none_is_always_safe(self, written: str, tmp_path: Path) -> None:
        results = {
            made.rendered(metadata.encoded("jpeg"), f"format={written}&metadata={level}", tmp_path)[1]
            for level in ("safe", "copyright", "keep")
        }
        assert len(results) == 1


class TestCopyright:
    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize("source", SOURCES)
    def test_two_values_are_left(self, source: str, written: str, tmp_path: Path) -> None:
        query = f"format={written}&metadata=copyright"
        _, result = made.rendered(metadata.encoded(source), query, tmp_path)
        assert SECRET not in result
        assert metadata.LATITUDE not in result
        assert said(result) <= {"exif"}
        plain = tags(made.rendered(metadata.encoded(source), f"format={written}", tmp_path)[1])
        added = {tag: value for tag, value in tags(result).items() if tag not in plain}
        assert added == {ARTIST: metadata.ARTIST, RIGHTS: metadata.COPYRIGHT}

    @pytest.mark.parametrize(
        ("exif", "iptc", "expected"),
        [
            pytest.param({}, [(80, b"A"), (116, b"C")], {ARTIST: b"A", RIGHTS: b"C"}, id="from IPTC"),
            pytest.param(
                {ARTIST: b"E"}, [(80, b"A"), (116, b"C")], {ARTIST: b"E", RIGHTS: b"C"}, id="EXIF first"
            ),
            pytest.param({RIGHTS: b"   "}, [(116, b"C")], {RIGHTS: b"C"}, id="blanks say nothing"),
            pytest.param({}, [(80, b"A"), (120, b"x"), (80, b"B")], {ARTIST: b"A; B"}, id="two by-lines"),
            pytest.param(
                {}, [(116, b"\xa9 J\xf6rg")], {RIGHTS: "© Jörg".encode()}, id="Latin-1 becomes UTF-8"
            ),
            pytest.param({}, [(116, "© Jörg".encode())], {RIGHTS: "© Jörg".encode()}, id="UTF-8 stays"),
            pytest.param({}, [(5, b"title")], {}, id="nothing of either"),
        ],
    )
    @pytest.mark.parametrize("source", ["jpeg", "tiff"])
    def test_iptc_says_what_exif_does_not(
        self,
        source: str,
        exif: dict[int, bytes],
        iptc: list[tuple[int, bytes]],
        expected: dict[int, bytes],
        tmp_path: Path,
    ) -> None:
        image: metadata.Values = {tag: (ASCII, text + b"\0") for tag, text in exif.items()}
        block = metadata.iptc(*iptc)
        if source == "jpeg":
            stored = b"Exif\0\0" + metadata.exif(image=image)
            content = made.encoded("jpeg", exif=stored, extra=metadata.photoshop(block))
        else:
            content = metadata.tiff(image=image, records=block)
        _, result = made.rendered(content, "format=webp&metadata=copyright", tmp_path)
        assert tags(result) == expected

    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize("source", ["jpeg", "png", "webp", "avif", "tiff"])
    def test_xmp_says_what_neither_does(self, source: str, written: str, tmp_path: Path) -> None:
        packet = packets.packet(
            "xmpRights:WebStatement='https://example.org/licence' dc:source='SECRET-7f3a'",
            "<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator><dc:title>SECRET-7f3a</dc:title>",
        )
        if source == "tiff":
            content = metadata.tiff(image={}, packet=packet, records=b"")
        else:
            content = metadata.encoded(source, xmp=packet, exif=b"", extra=b"")
        _, result = made.rendered(content, f"format={written}&metadata=copyright", tmp_path)
        assert tags(result)[ARTIST] == b"Ann"
        assert SECRET not in result
        xmp = Image.open(io.BytesIO(result)).info["xmp"]
        assert b"<dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator>" in xmp
        assert b"<xmpRights:WebStatement>https://example.org/licence</xmpRights:WebStatement>" in xmp

    def test_a_jpeg_has_the_rights_of_a_packet_that_is_too_long_for_it(self, tmp_path: Path) -> None:
        packet = packets.packet(f"dc:creator='Ann' dc:source='{'s' * 70_000}'")
        content = made.encoded("webp", xmp=packet)
        for written, is_whole in (("webp", True), ("jpeg", False)):
            _, result = made.rendered(content, f"format={written}&metadata=keep", tmp_path)
            xmp = Image.open(io.BytesIO(result)).info["xmp"]
            assert b"Ann" in xmp
            assert (b"ssss" in xmp) is is_whole

    def test_exif_and_iptc_go_before_xmp(self, tmp_path: Path) -> None:
        stored: metadata.Values = {ARTIST: (ASCII, b"E\0")}
        packet = packets.packet("dc:creator='X' dc:rights='X'")
        content = made.encoded(
            "jpeg",
            exif=b"Exif\0\0" + metadata.exif(image=stored),
            extra=metadata.photoshop(metadata.iptc((116, b"I"))),
            xmp=packet,
        )
        _, result = made.rendered(content, "format=webp&metadata=copyright", tmp_path)
        assert tags(result) == {ARTIST: b"E", RIGHTS: b"I"}


class TestKeep:
    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(lambda: metadata.encoded("jpeg"), id="jpeg"),
            pytest.param(lambda: metadata.encoded("jpeg", made.picture().convert("CMYK")), id="cmyk jpeg"),
            pytest.param(lambda: metadata.encoded("png"), id="png"),
            pytest.param(lambda: metadata.encoded("png", Image.new("I;16", (9, 9))), id="16-bit png"),
            pytest.param(lambda: metadata.encoded("webp"), id="webp"),
            pytest.param(lambda: metadata.encoded("avif"), id="avif"),
            pytest.param(lambda: metadata.tiff(">"), id="big-endian tiff"),
            pytest.param(lambda: metadata.tiff("<", mode="CMYK"), id="little-endian cmyk tiff"),
            pytest.param(
                lambda: metadata.encoded("jpeg", exif=b"Exif\0\0" + metadata.exif("<")),
                id="little-endian jpeg",
            ),
        ],
    )
    def test_what_still_holds_is_kept(self, content: Any, written: str, tmp_path: Path) -> None:
        _, result = made.rendered(content(), f"format={written}&metadata=keep", tmp_path)
        kept = tags(result)
        expected = {
            0x010F: metadata.CAMERA,
            0x011A: 300,
            ARTIST: metadata.ARTIST,
            RIGHTS: metadata.COPYRIGHT,
            0x829A: 1 / 250,
            0x9286: b"ASCII\0\0\0" + metadata.COMMENT,
            0xA430: metadata.OWNER,
            0xA431: metadata.SERIAL,
            0: b"\2\3\0\0",
            1: b"N",
            2: (47, 29, 12.3457),
        }
        assert {tag: kept.get(tag) for tag in expected} == expected
        # its offsets count from the old position of the note, which no TIFF can give it
        assert (metadata.MAKER_NOTE in result) is (written != "tiff")
        assert Image.open(io.BytesIO(result)).info["xmp"] == metadata.xmp()

    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize("source", SOURCES)
    def test_what_was_true_of_the_source_alone_is_not(
        self, source: str, written: str, tmp_path: Path
    ) -> None:
        """P-2: the thumbnail shows the picture as it was before it was cropped."""
        query = f"w=40&h=40&fit=cover&format={written}&metadata=keep"
        _, result = made.rendered(metadata.encoded(source), query, tmp_path)
        assert metadata.thumbnail() not in result
        assert SECRET + b" thumbnail" not in result
        assert not tags(result).keys() & {0x0201, 0x0202, 0x9101, 0x9214, 0xA001, 0xA002, 0xA003, 0xA005}
        assert said(result) <= {"exif", "xmp", "XML:com.adobe.xmp"}

    @pytest.mark.parametrize("written", [name for name in HOLDING if name != "tiff"])
    @pytest.mark.parametrize(
        ("query", "is_kept"),
        [
            ("", True),
            ("w=40", True),
            ("transform=rotate:angle=90/invert", True),
            ("w=40&h=40&fit=cover", False),
            ("transform=thumbnail:width=40", False),
            ("transform=crop:left=1", False),
            ("transform=trim", False),
            ("transform=rotate:angle=5,expand=false", False),
        ],
    )
    def test_a_maker_note_goes_with_a_part_of_the_picture(
        self, query: str, is_kept: bool, written: str, tmp_path: Path
    ) -> None:
        """P-2: it holds previews and places in the picture."""
        _, result = made.rendered(
            metadata.encoded("jpeg"), f"{query}&format={written}&metadata=keep", tmp_path
        )
        assert (metadata.MAKER_NOTE in result) is is_kept
        assert tags(result)[0xA431] == metadata.SERIAL

    def test_xmp_of_other_parts_goes(self, tmp_path: Path) -> None:
        packet = packets.packet(
            'hdrgm:Version="1.0" GCamera:MotionPhoto="1" dc:source="x"', packets.CONTAINER
        )
        for written in HOLDING:
            content = made.encoded("jpeg", xmp=packet)
            _, result = made.rendered(content, f"format={written}&metadata=keep", tmp_path)
            assert b"dc:source" in result
            assert not re.search(b"hdrgm|Container|MotionPhoto", result)

    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("source", ["jpeg", "tiff"])
    def test_the_picture_is_turned_once(
        self, source: str, orientation: int, written: str, tmp_path: Path
    ) -> None:
        """IMG-13: no viewer turns the result again, whatever orientation EXIF and XMP of the source have."""
        packet = metadata.xmp(f'tiff:Orientation="{orientation}"')
        image = metadata.IMAGE | {ORIENTATION: (SHORT, struct.pack(">H", orientation))}
        options = {"exif": b"Exif\0\0" + metadata.exif(image=image), "xmp": packet}
        content = (
            metadata.tiff(orientation=orientation, packet=packet)
            if source == "tiff"
            else made.encoded(source, made.turned_back(orientation), **options)
        )
        _, result = made.rendered(content, f"format={written}&metadata=keep&q=95", tmp_path)
        shown = ImageOps.exif_transpose(Image.open(io.BytesIO(result)))
        assert made.furthest(shown, made.picture()) <= 28  # lossy twice
        assert ORIENTATION not in tags(result)
        assert tags(result)[0x010F] == metadata.CAMERA

    @pytest.mark.parametrize("written", made.ANIMATED)
    def test_an_animation_has_what_its_file_says(self, written: str, tmp_path: Path) -> None:
        exif = metadata.exif()
        content = made.encoded_animation("webp", exif=exif, xmp=metadata.xmp())
        _, result = made.rendered(content, f"format={written}&metadata=keep", tmp_path)
        assert (SECRET + b" serial" in result) is (written != "gif")
        assert len(made.frames_of(result, tmp_path)) == 3

    def test_a_tiff_of_many_strips_keeps_its_pixels(self, tmp_path: Path) -> None:
        source = metadata.encoded("png", made.photograph(400, 300))
        plain, result = (
            made.rendered(source, f"format=tiff&metadata={level}", tmp_path)[1] for level in ("safe", "keep")
        )
        assert made.furthest(result, plain) == 0
        assert len(tags(result)[0x0111]) > 3
        assert getattr(Image.open(io.BytesIO(result)), "n_frames", 0) == 1

    def test_a_png_may_say_it_behind_its_pixels(self, tmp_path: Path) -> None:
        content = made.encoded("png", exif=metadata.exif())
        start = content.index(b"eXIf") - 4
        end = start + 12 + int.from_bytes(content[start : start + 4])
        later = content[:start] + content[end:-12] + content[start:end] + content[-12:]
        _, result = made.rendered(later, "format=webp&metadata=copyright", tmp_path)
        assert tags(result) == {ARTIST: metadata.ARTIST, RIGHTS: metadata.COPYRIGHT}


def test_metadata_beyond_the_limits_are_left_out(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(metadata.encoded("webp"))
    transform = resolve(Transform((), Output(metadata="keep")), "webp")
    render_file(source, transform, target, Limits(max_metadata_bytes=len(metadata.xmp()) - 1))
    assert said(target.read_bytes()) == {"exif"}
    render_file(source, transform, target, Limits(max_metadata_bytes=80))
    assert said(target.read_bytes()) == set()
