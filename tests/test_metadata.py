"""What a result says beside its pixels: nothing by default, else who made it, else all that is still true."""

import io
import json
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import IFD

from progimage.operations import Output
from progimage.transform import Transform
from tests.conftest import skip_or_fail
from tests.support import images as made
from tests.support import metadata
from tests.support.metadata import ASCII, SECRET, SHORT
from transforms.engine import render_file
from transforms.formats.table import FORMATS, WRITABLE
from transforms.limits import Limits
from transforms.planning.resolve import resolve

SOURCES = ["jpeg", "png", "webp", "avif", "tiff"]
HOLDING = [name for name in WRITABLE if FORMATS[name].holds_metadata]
ARTIST, RIGHTS = 0x013B, 0x8298
ORIENTATION = 0x0112
CORPUS = os.environ.get("PROGIMAGE_CORPUS", "")


def tags(content: bytes) -> dict[int, Any]:
    """All values of EXIF that Pillow reads, texts as bytes."""
    exif = Image.open(io.BytesIO(content)).getexif()
    directories = (exif, *(exif.get_ifd(name) for name in (IFD.Exif, IFD.GPSInfo, IFD.IFD1)))
    values = {tag: value for directory in directories for tag, value in directory.items()}
    return {
        tag: value.encode("latin-1") if isinstance(value, str) else value for tag, value in values.items()
    }


def said(content: bytes) -> set[str]:
    """What Pillow finds in a file that is no more than metadata."""
    info = Image.open(io.BytesIO(content)).info
    known = {"exif", "xmp", "icc_profile", "photoshop", "comment", "Comment", "XML:com.adobe.xmp"}
    return {name for name in known & info.keys() if info[name] and "OpenJPEG" not in str(info[name])}


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
        # its values count from where the note stood, which no TIFF can give it
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

    @pytest.mark.parametrize("order", ["<", ">"])
    def test_a_maker_note_stays_where_it_stood(self, order: str, tmp_path: Path) -> None:
        """What it points to counts from the beginning of EXIF."""
        exif = metadata.exif(order)
        _, result = made.rendered(made.encoded("png", exif=exif), "format=jpeg&metadata=keep", tmp_path)
        stored = Image.open(io.BytesIO(result)).info["exif"].removeprefix(b"Exif\0\0")
        assert stored.index(metadata.MAKER_NOTE) == exif.index(metadata.MAKER_NOTE)

    @pytest.mark.parametrize("written", HOLDING)
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("source", ["jpeg", "tiff"])
    def test_the_picture_is_turned_once(
        self, source: str, orientation: int, written: str, tmp_path: Path
    ) -> None:
        """IMG-13: whatever EXIF and XMP said of the source's orientation, a viewer has nothing left to do."""
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


@pytest.mark.parametrize(
    ("properties", "left"),
    [
        pytest.param('tiff:Orientation="6"', "", id="orientation"),
        pytest.param("tiff:Orientation = '6' dc:x='1'", "dc:x='1'", id="single quotes"),
        pytest.param('t:ImageWidth="120" t:ImageLength="80"', "", id="size, by another prefix"),
        pytest.param('xmpGImg:image="/9j/4AAQ"', "", id="thumbnail"),
        pytest.param('exif:ColorSpace="65535" exif:FNumber="4"', 'exif:FNumber="4"', id="colour space"),
        pytest.param("><tiff:Orientation>6</tiff:Orientation><a", "><a", id="element"),
        pytest.param("><xmpGImg:image>/9j/\n4AAQ</xmpGImg:image><a", "><a", id="thumbnail's element"),
        pytest.param("><tiff:Orientation><b>6</b></tiff:Orientation><a", None, id="orientation in other words"),
        pytest.param("\0", None, id="no text"),
    ],
)  # fmt: skip
def test_xmp_loses_what_no_longer_holds(properties: str, left: str | None, tmp_path: Path) -> None:
    """Where an orientation is left, or it is not to be understood, all of it goes."""
    content = made.encoded("webp", xmp=metadata.xmp(properties))
    _, result = made.rendered(content, "format=webp&metadata=keep", tmp_path)
    found = Image.open(io.BytesIO(result)).info.get("xmp")
    assert (found and b" ".join(found.split())) == (
        None if left is None else b" ".join(metadata.xmp(left).split())
    )


LOOP = b"MM\0*" + struct.pack(">IHHHIIHHIII", 8, 2, 0x8769, 4, 1, 8, 0x8825, 4, 1, 8, 8)
CROWD = struct.pack(">HHII", 0x9286, 7, 900_000, 8)


@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"MM\0*", id="a beginning"),
        pytest.param(b"no EXIF at all, but some text", id="text"),
        pytest.param(b"II+\0\x08\0\0\0" + bytes(100), id="BigTIFF"),
        pytest.param(b"MM\0*\xff\xff\xff\xff" + bytes(100), id="a directory far away"),
        pytest.param(LOOP, id="directories that are each other's"),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHIII", 8, 1, 0x8769, 12, 1, 26, 0) + b"\xff" * 8,
            id="a pointer of 8 bytes",
        ),
        pytest.param(metadata.exif()[:200], id="cut off"),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHIIIH", 8, 1, 0x8769, 4, 1, 26, 0, 60_000) + CROWD * 60_000,
            id="60,000 values of 900 KB",
        ),
        pytest.param(
            b"MM\0*" + struct.pack(">IHHHII", 8, 1, ARTIST, 2, 2**32 - 1, 8) + bytes(50), id="4 GB of text"
        ),
        pytest.param(bytes(range(256)) * 200, id="noise"),
    ],
)
@pytest.mark.parametrize("level", ["copyright", "keep"])
def test_broken_metadata_fail_nothing(level: str, exif: bytes, tmp_path: Path) -> None:
    source = made.encoded("png", exif=b"Exif\0\0" + exif, xmp=metadata.xmp())
    start = time.monotonic()
    for written in ("png", "tiff"):
        _, result = made.rendered(source, f"format={written}&metadata={level}", tmp_path)
        assert made.furthest(result, made.picture()) == 0
    assert time.monotonic() - start < 4


def test_metadata_beyond_the_limits_are_left_out(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(metadata.encoded("webp"))
    transform = resolve(Transform((), Output(metadata="keep")), "webp")
    render_file(source, transform, target, Limits(max_metadata_bytes=len(metadata.xmp()) - 1))
    assert said(target.read_bytes()) == {"exif"}
    render_file(source, transform, target, Limits(max_metadata_bytes=80))
    assert said(target.read_bytes()) == set()


def test_what_no_segment_of_a_jpeg_can_hold_is_left_out(tmp_path: Path) -> None:
    """The maker note first: it is the largest, and the least understood."""
    large = metadata.EXIF | {0x927C: (7, metadata.MAKER_NOTE * 2_000)}
    packet = metadata.xmp('dc:x="' + "y" * 70_000 + '"')
    source = made.encoded("webp", exif=metadata.exif(details=large), xmp=packet)
    results = {
        name: made.rendered(source, f"format={name}&metadata=keep", tmp_path)[1] for name in ("jpeg", "webp")
    }
    assert {name: metadata.MAKER_NOTE in result for name, result in results.items()} == {
        "jpeg": False,
        "webp": True,
    }
    assert {name: b"yyyy" in result for name, result in results.items()} == {"jpeg": False, "webp": True}
    assert {tags(result)[0xA431] for result in results.values()} == {metadata.SERIAL}


class TestExifTool:
    """An independent reader finds what is to be found, and nothing wrong."""

    @staticmethod
    def read(files: dict[str, bytes], folder: Path) -> dict[str, dict[str, Any]]:
        if not shutil.which("exiftool"):
            skip_or_fail("exiftool is not installed")
        for name, content in files.items():
            (folder / name).write_bytes(content)
        command = [
            "exiftool",
            "-json",
            "-G1",
            "-a",
            "-u",
            "-n",
            "-validate",
            "-warning",
            "-error",
            "-all",
            *files,
        ]
        answer = subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout
        return {values["SourceFile"]: values for values in json.loads(answer)}

    def test_safe(self, tmp_path: Path) -> None:
        files = {
            f"{source}.{FORMATS[written].extensions[0]}": made.rendered(
                metadata.encoded(source), f"format={written}", tmp_path
            )[1]
            for source in ("jpeg", "tiff")
            for written in WRITABLE
        }
        for name, values in self.read(files, tmp_path).items():
            groups = {key.partition(":")[0] for key in values}
            assert not groups & {"ExifIFD", "GPS", "IFD1", "IPTC", "Photoshop", "InteropIFD"}, name
            assert not {group for group in groups if group.startswith(("XMP", "ICC"))}, name
            assert SECRET.decode() not in json.dumps(values), name

    def test_keep(self, tmp_path: Path) -> None:
        files = {
            f"{source}-{written}.{FORMATS[written].extensions[0]}": made.rendered(
                metadata.encoded(source), f"format={written}&metadata=keep", tmp_path
            )[1]
            for source in SOURCES
            for written in HOLDING
        }
        for name, values in self.read(files, tmp_path).items():
            found = {key: values.get(key) for key in ("IFD0:Artist", "IFD0:Copyright", "XMP-dc:Source")}
            assert found == {
                "IFD0:Artist": metadata.ARTIST.decode(),
                "IFD0:Copyright": metadata.COPYRIGHT.decode(),
                "XMP-dc:Source": "SECRET-7f3a xmp",
            }, name
            assert values["ExifIFD:SerialNumber"] == metadata.SERIAL.decode(), name
            assert values["GPS:GPSLatitude"] == pytest.approx(47 + 29 / 60 + 12.3457 / 3600), name
            wrong = [values[key] for key in ("ExifTool:Error", "ExifTool:Warning") if key in values]
            assert [text for text in wrong if not text.startswith(("[minor]", "Missing required"))] == [], (
                name
            )


def private(content: bytes) -> set[bytes]:
    """What the EXIF of a real file says of its owner, camera and place, long enough for a search."""
    values = tags(content)
    rights = [values.pop(tag, b"") for tag in (ARTIST, RIGHTS)]
    found = {value.strip(b"\0 ") for value in values.values() if isinstance(value, bytes)}
    exif = Image.open(io.BytesIO(content)).getexif()
    for angle in (value for value in exif.get_ifd(IFD.GPSInfo).values() if isinstance(value, tuple)):
        parts = [number for part in angle for number in (part.numerator, part.denominator)]
        found |= {struct.pack(f"{order}{len(parts)}I", *parts) for order in "<>"}
    small = values.get(0x0201)
    if isinstance(small, int):  # where the thumbnail starts, counted from the start of EXIF
        at = content.index(b"Exif\0\0") + 6 + small
        found.add(content[at + 200 : at + 240])
    return {value for value in found if len(value) > 8 and len(set(value)) > 4 and value not in rights}


@pytest.mark.skipif(not CORPUS, reason="PROGIMAGE_CORPUS names no corpus")
class TestCorpus:
    @staticmethod
    def results(
        folder: str, level: str, formats: Sequence[str], tmp_path: Path
    ) -> Iterator[tuple[Path, bytes]]:
        """Every file of a folder in every format, 48 px wide."""
        for path in sorted((Path(CORPUS) / folder).iterdir()):
            for written in formats:
                query = f"w=48&format={written}&metadata={level}"
                yield path, made.rendered(path.read_bytes(), query, tmp_path)[1]

    def test_safe_says_nothing(self, tmp_path: Path) -> None:
        """P-1."""
        searched = set()
        for path, result in self.results("metadata", "safe", WRITABLE, tmp_path):
            values = private(path.read_bytes())
            assert [value for value in values if value in result] == [], path
            assert said(result) == set(), path
            searched |= values
        assert len(searched) > 100

    def test_copyright_says_two_things(self, tmp_path: Path) -> None:
        for path, result in self.results("metadata", "copyright", ("jpeg", "webp"), tmp_path):
            assert tags(result).keys() <= {ARTIST, RIGHTS}, path
            assert [value for value in private(path.read_bytes()) if value in result] == [], path

    @pytest.mark.parametrize(
        ("folder", "formats"),
        [("metadata", ("jpeg", "webp", "tiff")), ("orientation", ("jpeg", "avif"))],
        ids=str,
    )
    def test_keep_is_upright_and_has_no_thumbnail(
        self, folder: str, formats: Sequence[str], tmp_path: Path
    ) -> None:
        """IMG-13, P-2."""
        safe, keep = (self.results(folder, level, formats, tmp_path) for level in ("safe", "keep"))
        for (path, plain), (_, result) in zip(safe, keep, strict=True):
            shown = ImageOps.exif_transpose(Image.open(io.BytesIO(result)))
            assert made.furthest(shown, plain) == 0, path
            assert not tags(result).keys() & {ORIENTATION, 0x0201, 0xA002, 0xA003}, path
