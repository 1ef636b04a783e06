"""PNGs with a wrong checksum: an ancillary chunk is dropped, and anything else refuses the file."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageFile

from progimage.errors import UnprocessableImage
from tests.support import images as made
from tests.support.icc_profiles import rgb_profile
from tests.support.stored_files import Store, stored
from transforms.containers.chunks import Chunk, as_chunk, read_content
from transforms.decoding.decode import probe, probe_received, validate
from transforms.decoding.png.broken_chunks import check_critical_chunks, without_broken_chunks

__all__ = ["stored"]

_SWAPPED = ((0.385, 0.717, 0.097), (0.436, 0.222, 0.014), (0.143, 0.061, 0.714))
"""sRGB's red and green, exchanged."""
ANCILLARY = {
    b"tEXt": b"Comment\0hello",
    b"zTXt": b"Comment\0\0" + zlib.compress(b"hello"),
    b"pHYs": struct.pack(">IIB", 3_000, 3_000, 1),
    b"tIME": bytes((7, 230, 1, 1, 0, 0, 0)),
    b"bKGD": b"\0\x10",
    b"gAMA": struct.pack(">I", 100_000),
    b"sRGB": b"\0",
    b"tRNS": b"\0\0",
    b"eXIf": b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0",
    b"prVt": b"unknown",
    b"abCd": b"",
}


def broken(content: bytes, kind: bytes, count: int = 1) -> bytes:
    """Return a PNG with wrong checksums of the first chunks of a kind."""
    spoiled = bytearray(content)
    position = 8
    while count and position < len(content):
        size = int.from_bytes(content[position : position + 4])
        if content[position + 4 : position + 8] == kind:
            spoiled[position + 8 + size] ^= 0xFF
            count -= 1
        position += size + 12
    assert not count
    return bytes(spoiled)


@pytest.mark.parametrize("kind", ANCILLARY)
def test_an_ancillary_chunk_is_dropped(kind: bytes, stored: Store, tmp_path: Path) -> None:
    content = broken(made.png((kind, ANCILLARY[kind])), kind)
    path = stored(content)
    assert validate(path) == probe(path)
    assert path.read_bytes() == content
    assert validate(path) == validate(stored(made.png()))
    results = [
        made.rendered(source, "format=webp&metadata=keep", tmp_path)[1] for source in (content, made.png())
    ]
    assert results[0] == results[1]


def test_one_behind_the_pixels_is_dropped(stored: Store) -> None:
    whole = made.png()
    content = whole[:-12] + made.png((b"tEXt", b"Comment\0hello"))[33 : 33 + 25] + whole[-12:]
    assert validate(stored(content)).format == "png"
    assert validate(stored(broken(content, b"tEXt"))).format == "png"


@pytest.mark.parametrize("image", [made.picture(), made.photograph(60, 40)], ids=["one line again", "noise"])
def test_a_changed_byte_of_the_pixels_is_seen(image: Image.Image, stored: Store) -> None:
    content = made.encoded("png", image)
    at = content.index(b"IDAT") + 4
    end = at + int.from_bytes(content[at - 8 : at - 4])
    for place in (*range(at, end, (end - at) // 20), end - 1, end, end + 3):
        spoiled = bytearray(content)
        spoiled[place] ^= 1
        with pytest.raises(UnprocessableImage):
            validate(stored(bytes(spoiled)))


def test_several_are_dropped_and_the_others_stay() -> None:
    content = made.png(*ANCILLARY.items(), (b"tEXt", b"Title\0kept"))
    spoiled = io.BytesIO(broken(broken(content, b"tEXt"), b"pHYs"))
    image = Image.open(without_broken_chunks(spoiled))
    assert isinstance(image.text, dict)  # type: ignore[attr-defined]
    assert image.info["Title"] == "kept"
    assert "Comment" in image.info  # zTXt
    assert "dpi" not in image.info


def test_colours_are_those_of_a_file_without_the_profile(tmp_path: Path) -> None:
    """As browsers show it: libpng passes over a profile whose checksum is wrong."""
    content = made.encoded("png", icc_profile=rgb_profile(_SWAPPED, 1.0))
    result = made.rendered(broken(content, b"iCCP"), "format=png", tmp_path)[1]
    assert made.furthest(result, made.picture()) == 0
    assert made.furthest(made.rendered(content, "format=png", tmp_path)[1], made.picture()) > 20


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT"])
def test_a_critical_chunk_refuses_the_file(kind: bytes, stored: Store) -> None:
    content = made.encoded("png", made.picture().quantize(16))
    path = stored(broken(content, kind))
    for read in (validate, probe_received):
        with pytest.raises(UnprocessableImage):
            read(path)


@pytest.mark.parametrize("kind", [b"acTL", b"fcTL", b"fdAT"])
def test_an_animation_loses_no_frame(kind: bytes, stored: Store) -> None:
    with pytest.raises(UnprocessableImage):
        validate(stored(broken(made.encoded_animation("png"), kind)))


BEHIND = {
    "a chunk of 4 GB": b"\xff\xff\xff\xffIDAT",
    "a chunk of 2 GB that could be dropped": b"\x7f\xff\xff\xfftEXt",
    "a wrong checksum": b"\0\0\0\1IDATx\0\0\0\0",
    "another PNG": made.png((b"tEXt", b"Comment\0hello")),
    "another, broken PNG": broken(made.png((b"tEXt", b"Comment\0hello")), b"IDAT"),
    "zeros": bytes(10_000),
}


@pytest.mark.parametrize("behind", BEHIND.values(), ids=BEHIND)
def test_bytes_behind_the_last_chunk_are_passed_over(behind: bytes, stored: Store) -> None:
    path = stored(made.png() + behind)
    assert validate(path) == validate(stored(made.png()))
    file = io.BytesIO(path.read_bytes())
    assert without_broken_chunks(file) is file


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt"])
def test_no_more_is_read_than_the_file_has(kind: bytes) -> None:
    """A buffered file allocates the bytes that it is asked for."""
    asked: list[int] = []

    class File(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            asked.append(size or 0)
            return super().read(size)

    content = made.png()[:-12] + b"\x7f\xff\xff\xff" + kind
    without_broken_chunks(File(content))
    check_critical_chunks(File(content))
    assert max(asked) <= len(content)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n", made.png()[:40], made.png()[:-3], b"\x89PNG\r\n\x1a\n" + b"\xff" * 90]
)
def test_a_file_that_breaks_off_stays_as_it_is(content: bytes) -> None:
    file = io.BytesIO(content)
    assert without_broken_chunks(file) is file
    assert file.tell() == 0


@pytest.mark.parametrize("lacking", [1, 4, 8, 11, 12])
def test_a_png_that_lacks_only_its_end_is_read(lacking: int, tmp_path: Path, stored: Store) -> None:
    whole = made.encoded("png")
    cut = whole[:-lacking]
    assert validate(stored(cut)) == validate(stored(whole))
    assert (
        made.furthest(
            made.rendered(cut, "w=20&format=png", tmp_path)[1],
            made.rendered(whole, "w=20&format=png", tmp_path)[1],
        )
        == 0
    )


@pytest.mark.parametrize("lacking", [25, 40, 200])  # beyond the checksums of the pixels
def test_a_png_that_lacks_a_part_of_its_pixels_is_refused(lacking: int, stored: Store) -> None:
    with pytest.raises(UnprocessableImage):
        validate(stored(made.encoded("png")[:-lacking]))


def test_a_sound_file_is_not_copied() -> None:
    file = io.BytesIO(made.png(*ANCILLARY.items()))
    assert without_broken_chunks(file) is file
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


class MeasuredFile(io.BytesIO):
    """A file that remembers the most bytes that were asked for at once."""

    most_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.most_bytes = max(self.most_bytes, size or 0)
        return super().read(size)


@pytest.mark.parametrize("kind", [b"tEXt", b"IDAT"])
def test_no_more_bytes_are_read_than_there_are(kind: bytes) -> None:
    """A chunk may declare 4 GB. Python takes that memory before it reads."""
    content = made.png()[:33] + b"\xff\xff\xff\xff" + kind + bytes(50)
    file = MeasuredFile(content)
    without_broken_chunks(file)
    check_critical_chunks(file)
    with pytest.raises(UnprocessableImage):
        read_content(file, Chunk(kind, 41, 2**32 - 1))
    assert file.most_bytes <= len(content)


@pytest.mark.parametrize("chunk", [(b"prVt", b""), (b"tEXt", b"a\0b"), (b"IDAT", b"")])
@pytest.mark.parametrize("place", [33, -12], ids=["before the pixels", "behind them"])
def test_more_chunks_than_a_picture_has_are_refused_at_once(
    chunk: tuple[bytes, bytes], place: int, stored: Store
) -> None:
    content = made.png()
    path = stored(content[:place] + 60_000 * as_chunk(*chunk) + content[place:])
    with pytest.raises(UnprocessableImage, match="50,000 chunks"):
        probe(path)


def test_chunks_behind_the_end_are_not_looked_at(stored: Store) -> None:
    path = stored(made.png() + 60_000 * as_chunk(b"prVt", b""))
    assert validate(path) == validate(stored(made.png()))
