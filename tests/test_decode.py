"""Decoding: the images that are accepted, those that are refused, and no error outside the tree."""

import gzip
import io
import struct
import zipfile
from pathlib import Path
from time import process_time

import pytest

from progimage.errors import ProgImageError, UnprocessableImage, UnsupportedFormat
from tests.support import images as made
from tests.support.stored_files import Store, bmp, stored
from transforms.decoding.decode import probe, validate
from transforms.formats.table import ACCEPTED_MEDIA_TYPES, FORMATS

__all__ = ["stored"]


@pytest.mark.parametrize(
    "name", [b"loop", b"duration", b"icc_profile", b"exif", b"default_image", b"gamma", b"dpi"]
)
def test_a_text_in_a_png_is_nothing_else(name: bytes, stored: Store, tmp_path: Path) -> None:
    """Pillow keeps the texts of a PNG beside values of its own, under the names that the texts have."""
    content = made.png((b"tEXt", name + b"\0twice"))
    assert validate(stored(content)).frames == 1
    for written in ("gif", "png", "jpeg"):
        assert made.rendered(content, f"format={written}", tmp_path)[0].frames == 1


NOT_AN_IMAGE = {
    "empty": b"",
    "one byte": b"\xff",
    "text": b"Lorem ipsum dolor sit amet",
    "html": b"<!DOCTYPE html><html><body onload=alert(1)>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg, billion laughs": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">'
    + b'<!ENTITY b "&a;&a;">' * 50,
    "pdf": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "photoshop": b"8BPS\0\1" + bytes(20),
    "jpeg xl": b"\xff\x0a" + bytes(40),
    "cursor": b"\0\0\2\0\1\0" + bytes(16),
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "video": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "windows metafile": b"\xd7\xcd\xc6\x9a" + bytes(40),
    "gzip": gzip.compress(b"\x89PNG\r\n\x1a\n"),
}


@pytest.mark.parametrize("content", NOT_AN_IMAGE.values(), ids=NOT_AN_IMAGE)
def test_what_is_no_image_is_refused_by_its_first_bytes(content: bytes, stored: Store) -> None:
    path, start = stored(content), process_time()
    with pytest.raises(UnsupportedFormat) as refusal:
        probe(path)
    assert process_time() - start < 0.5
    assert all(media_type in refusal.value.message for media_type in ACCEPTED_MEDIA_TYPES)


def test_an_image_in_a_wrapper_is_refused(stored: Store) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("image.png", made.encoded("png"))
    for wrapped in (archive.getvalue(), gzip.compress(made.encoded("png"))):
        with pytest.raises(UnsupportedFormat):
            validate(stored(wrapped))


def _tiff_loop() -> bytes:
    """A directory without entries whose next directory is itself."""
    return b"II*\0" + struct.pack("<IHI", 8, 0, 8)


def _icon_outside() -> bytes:
    return b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, 1_000_000, 900_000_000)


_JPEG = made.encoded("jpeg", made.photograph(200, 150))
_PNG = made.encoded("png", made.photograph(200, 150))
DAMAGED = {
    "jpeg, half": _JPEG[: len(_JPEG) // 2],
    "jpeg, all but its end": _JPEG[:-200],
    "jpeg, header alone": _JPEG[:300],
    "jpeg, magic alone": b"\xff\xd8\xff\xe0",
    "png, half": _PNG[: len(_PNG) // 2],
    "png, all but its end": _PNG[:-200],
    "png, garbage after the header": _PNG[:60] + b"\x55" * 2_000,
    "png without pixels": made.png(width=1_000, height=1_000),
    "png of no width": made.png(width=0),
    "gif, half": made.encoded_animation("gif", [made.photograph(50, 50)] * 2)[:-800],
    "gif, header alone": b"GIF89a\x04\0\x04\0\0\0\0",
    "webp, half": (webp := made.encoded("webp"))[: len(webp) // 2],
    "avif, half": (avif := made.encoded("avif"))[: len(avif) // 2],
    "heic, half": (heic := made.encoded("heic"))[: len(heic) // 2],
    "jp2, half": (jp2 := made.encoded("jp2"))[: len(jp2) // 2],
    "tiff, half": (tiff := made.encoded("tiff"))[: len(tiff) // 2],
    "tiff, directories in a circle": _tiff_loop(),
    "tiff, directory outside": b"MM\0*\x7f\xff\xff\xff",
    "ico pointing outside": _icon_outside(),
    "bmp without pixels": bmp(1_000, 1_000),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_refused(content: bytes, stored: Store) -> None:
    path = stored(content)
    with pytest.raises(UnprocessableImage) as refusal:
        validate(path)
    assert type(refusal.value) is UnprocessableImage
    assert not any(secret in refusal.value.message for secret in (str(path), "PIL", "object at", "Error"))


@pytest.mark.parametrize("name", made.READABLE)
def test_any_cut_leaves_as_an_error_of_the_tree_or_not_at_all(name: str, stored: Store) -> None:
    whole = made.encoded(name)
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        path = stored(whole[:length])
        try:
            validate(path)
        except ProgImageError:
            continue


@pytest.mark.parametrize("name", made.READABLE)
def test_any_flipped_byte_leaves_as_an_error_of_the_tree_or_not_at_all(name: str, stored: Store) -> None:
    whole = made.encoded(name)
    for at in range(0, min(len(whole), 2_000), max(1, min(len(whole), 2_000) // 60)):
        path = stored(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            validate(path)
        except ProgImageError:
            continue


def test_an_image_sequence_without_a_picture_is_named(stored: Store) -> None:
    sequence = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"msf1", 0, b"msf1", b"hevc") + struct.pack(
        ">I4s", 8, b"moov"
    )
    with pytest.raises(UnprocessableImage, match="received a sequence alone"):
        probe(stored(sequence))
    with pytest.raises(UnprocessableImage, match="damaged"):
        probe(stored(sequence + struct.pack(">I4s", 8, b"meta")))


def test_a_missing_file_is_not_the_images_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "nothing")


def test_no_other_decoder_is_ever_registered() -> None:
    """Pillow knows forty more formats. No upload may reach their parsers."""
    import subprocess
    import sys

    code = "import transforms.decoding.decode; from PIL import Image; Image.preinit(); print(*sorted(Image.OPEN))"
    names = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(names) - {format.pillow for format in FORMATS.values()} <= {"PPM", "DIB", "MPO"}
