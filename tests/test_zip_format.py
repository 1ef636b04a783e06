"""The zip format: lengths that are known before, and bytes that readers of files and of streams understand."""

import io
import shutil
import struct
import subprocess
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

from images.delivery import zip_format
from images.delivery.zip_format import ZipEntry, ZipWriter, length_of
from tests.conftest import skip_or_fail

MOMENT = datetime(2026, 1, 31, 12, 30, 58, tzinfo=UTC)
Files = dict[str, bytes]
FILES: Files = {
    "small.png": b"\x89PNG",
    "empty": b"",
    "Übergröße-図.jpg": bytes(range(256)) * 1_000,
    "one block": b"a" * 65_535,
    "one block and a byte": b"b" * 65_536,
    "two blocks": b"c" * 131_070,
    "manifest.json": b"[]",
}


def entries_of(files: Files) -> list[ZipEntry]:
    return [ZipEntry(name, len(content), MOMENT) for name, content in files.items()]


def write(files: Files, *, chunk_bytes: int = 10_000) -> bytes:
    writer = ZipWriter()
    written: list[bytes] = []
    for entry, content in zip(entries_of(files), files.values(), strict=True):
        chunks = [content[start : start + chunk_bytes] for start in range(0, len(content), chunk_bytes)]
        written += writer.add(entry, chunks)
    return b"".join([*written, *writer.finish()])


def read_stream(content: bytes) -> Files:
    """Read from the front as Java's ZipInputStream does: local headers alone, Deflate to its end, a descriptor."""
    files: Files = {}
    rest = content
    while rest.startswith(b"PK\3\4"):
        flags, method = struct.unpack_from("<2H", rest, 6)
        name_bytes, extra_bytes = struct.unpack_from("<2H", rest, 26)
        assert flags & 8
        assert method == 8, "only DEFLATED entries can have EXT descriptor"
        name = rest[30 : 30 + name_bytes].decode()
        inflater = zlib.decompressobj(-15)
        files[name] = inflater.decompress(rest[30 + name_bytes + extra_bytes :])
        assert inflater.eof
        signature, crc32 = struct.unpack_from("<4sL", inflater.unused_data)
        assert (signature, crc32) == (b"PK\7\x08", zlib.crc32(files[name]))
        rest = inflater.unused_data[24 if extra_bytes else 16 :]
    assert rest.startswith(b"PK\1\2")
    return files


def read_file(content: bytes) -> Files:
    with ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("chunk_bytes", [1_000, 65_535, 200_000])
def test_readers_of_files_and_of_streams_get_the_contents(chunk_bytes: int) -> None:
    content = write(FILES, chunk_bytes=chunk_bytes)
    assert read_file(content) == read_stream(content) == FILES
    assert len(content) == length_of(entries_of(FILES))


def test_unpacked_files_are_plain_and_0644() -> None:
    with ZipFile(io.BytesIO(write(FILES))) as archive:
        infos = archive.infolist()
    assert {(info.create_system, info.external_attr >> 16) for info in infos} == {(3, 0o100644)}
    assert {info.date_time for info in infos} == {(2026, 1, 31, 12, 30, 58)}


def test_zip64(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threshold is lowered, so that large values stand in the records of Zip64 without gigabytes."""
    monkeypatch.setattr(zip_format, "_ZIP64_FROM", 100_000)
    content = write(FILES)
    assert read_file(content) == read_stream(content) == FILES
    assert len(content) == length_of(entries_of(FILES))
    assert b"PK\6\6" in content


@pytest.mark.slow
def test_more_files_than_16_bits_count() -> None:
    files = {f"{number}": b"x" for number in range(65_540)}
    content = write(files)
    assert len(content) == length_of(entries_of(files))
    with ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == 65_540


def test_length_of_more_than_4_gb() -> None:
    """The offset of the second file needs Zip64, and so do the sizes of the first one."""
    large = ZipEntry("large", 5_000_000_000, MOMENT)
    blocks = -(-5_000_000_000 // 65_535)
    assert large.length == len(large.local_header()) + 5_000_000_000 + 5 * blocks + 24
    small = ZipEntry("small", 1, MOMENT)
    assert len(small.central_header(0, large.length)) == len(small.central_header(0, 0)) + 12


@pytest.mark.parametrize("chunks", [[b"abc"], [b"ab", b"cde"], []], ids=["short", "long", "nothing"])
def test_other_content_than_announced_is_an_error(chunks: Sequence[bytes]) -> None:
    with pytest.raises(ValueError, match="Expected 4 bytes"):
        list(ZipWriter().add(ZipEntry("a", 4, MOMENT), chunks))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["bsdtar", "-xf", "-"], id="bsdtar, from a pipe"),
        pytest.param(["unzip", "-q", "files.zip"], id="unzip, from a file"),
    ],
)
def test_other_programs_unpack_it(tmp_path: Path, command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        skip_or_fail(f"{command[0]} is not installed")
    content = write(FILES)
    (tmp_path / "files.zip").write_bytes(content)
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, input=content, cwd=tmp_path, check=True, env=environment)
    (tmp_path / "files.zip").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == FILES
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert command[0] != "unzip" or modes == {0o644}  # a pipe's reader sees no attributes
