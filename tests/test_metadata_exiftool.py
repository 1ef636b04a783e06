"""Metadata of results, as ExifTool reads them, of made images and of a corpus."""

import io
import json
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from PIL.ExifTags import IFD

from tests.conftest import skip_or_fail
from tests.support import gain_maps, metadata
from tests.support import images as made
from tests.support.corpus import CORPUS
from tests.support.metadata import SECRET
from tests.support.metadata_read import ARTIST, HOLDING, ORIENTATION, RIGHTS, SOURCES, said, tags
from transforms.formats.table import FORMATS, WRITABLE


@pytest.mark.slow
class TestExifTool:
    """An independent reader finds the expected values, and no error."""

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

    def test_gain_map(self, tmp_path: Path) -> None:
        """The container, MPF and the map that they name."""
        content = gain_maps.ultra_hdr(gain_maps.scene(160, 120))
        queries = ("w=80", "metadata=keep", "transform=crop:left=20/rotate:angle=90")
        files = {
            f"{index}.jpg": made.rendered(content, f"hdr=keep&{query}", tmp_path)[1]
            for index, query in enumerate(queries)
        }
        maps = {f"map-{name}": result[gain_maps.mpf_entry(result)[0] :] for name, result in files.items()}
        read = self.read(files | maps, tmp_path)
        for name, result in files.items():
            values = read[name]
            start, size = gain_maps.mpf_entry(result)
            assert values["MPF0:NumberOfImages"] == 2
            assert values["MPImage2:MPImageStart"] == start
            assert values["MPImage2:MPImageLength"] == size
            assert values["XMP-Container:DirectoryItemLength"] == size
            assert "ExifTool:Error" not in values
            assert read[f"map-{name}"]["XMP-hdrgm:GainMapMax"] == 3
            assert "ExifTool:Error" not in read[f"map-{name}"]


def private(content: bytes) -> set[bytes]:
    """Return values of a real file's EXIF about its owner, camera and place that are long enough to search for."""
    values = tags(content)
    rights = [values.pop(tag, b"") for tag in (ARTIST, RIGHTS)]
    found = {value.strip(b"\0 ") for value in values.values() if isinstance(value, bytes)}
    exif = Image.open(io.BytesIO(content)).getexif()
    for angle in (value for value in exif.get_ifd(IFD.GPSInfo).values() if isinstance(value, tuple)):
        parts = [number for part in angle for number in (part.numerator, part.denominator)]
        found |= {struct.pack(f"{order}{len(parts)}I", *parts) for order in "<>"}
    small = values.get(0x0201)
    if isinstance(small, int):  # the offset of the thumbnail, counted from the start of EXIF
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
